"""A YAML file as its author wrote it: every scalar stays text, so `no`, `012` and `null` are names like any other.

Nothing is built but mappings, lists and text; aliases, which small files use to grow beyond all bounds, are refused, and so is
a key that stands twice. Windows paths in double quotes, which are no valid YAML, are read with their backslashes as slashes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hypviz.data.formats.text import read_text
from hypviz.data.raw import DropCounter
from hypviz.errors import DataError

MAX_YAML = 1 << 20
"""Bytes of a configuration; one of 20,000 class names has half of that."""
MAX_NODES = 100_000
"""Names, lists and mappings in a configuration; each costs about 1 kB while it is read."""
MAX_DEPTH = 40
"""Levels of nesting; a configuration of a data set has three."""
_QUOTED = re.compile(r'"[^"\n]*"')


def read_yaml(path: Path, dropped: DropCounter | None = None) -> dict[str, Any]:
    """The mapping in a YAML file, scalars as text; DataError naming the line when it is none."""
    import yaml

    text = read_text(path, dropped, limit=MAX_YAML)
    try:
        content = _load(text)
    except yaml.scanner.ScannerError as error:
        content = _with_slashes(text, path, error, dropped)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: not a YAML file ({_words(error)}).") from None
    if not isinstance(content, dict):
        raise DataError(f"{path}: expected a mapping with names and train, got {type(content).__name__}.")
    return content


def _with_slashes(text: str, path: Path, error: Exception, dropped: DropCounter | None) -> Any:
    """The content once the backslashes in double quotes are slashes; DataError when that was not what is wrong."""
    import yaml

    slashed = _QUOTED.sub(lambda match: match[0].replace("\\\\", "/").replace("\\", "/"), text)
    try:
        if slashed == text:
            raise ValueError
        content = _load(slashed)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise DataError(f"{path}: not a YAML file ({_words(error)}).") from None
    if dropped is not None:
        dropped.note(f"{path.name} has backslashes in double quotes, which YAML forbids; they were read as slashes ({_words(error)})")
    return content


def _words(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    line = f"line {mark.line + 1}: " if mark is not None else ""
    return line + " ".join(str(getattr(error, "problem", None) or error).split())[:120]


def _load(text: str) -> Any:
    import yaml

    class Loader(yaml.BaseLoader):  # type: ignore[misc]
        """Text, lists and mappings; refuses what a data set's configuration never needs."""

        depth = 0
        nodes = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.events.AliasEvent):
                event = self.peek_event()
                raise yaml.constructor.ConstructorError(None, None, "aliases are not read here", event.start_mark)
            self.depth += 1
            self.nodes += 1
            if self.nodes > MAX_NODES:
                raise yaml.constructor.ConstructorError(None, None, f"more than {MAX_NODES:,} entries", self.peek_event().start_mark)
            if self.depth > MAX_DEPTH:
                raise yaml.constructor.ConstructorError(None, None, f"more than {MAX_DEPTH} levels", self.peek_event().start_mark)
            node = super().compose_node(parent, index)
            self.depth -= 1
            return node

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            keys: set[str] = set()
            for key, _ in node.value:
                if key.value.__class__ is str and key.value in keys:
                    raise yaml.constructor.ConstructorError(None, None, f"the key {key.value!r} stands twice", key.start_mark)
                keys.add(str(key.value))
            return super().construct_mapping(node, deep)

    return yaml.load(text, Loader)

"""Gradio without what it does at its import for those who write components of it.

For each of its own components Gradio parses the source, and writes a file of type hints beside it where that is not as it should be: a
third of the time that its import takes, and a change of what is installed. Hints of components of other packages are written as ever.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

WRITES_HINTS = "gradio.component_meta"
FUNCTION = "create_or_modify_pyi"


class _Finder(MetaPathFinder):
    """Finds that one module once, and changes it as soon as it has run."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != WRITES_HINTS:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec and spec.loader:
            spec.loader.exec_module = _then_changed(spec.loader.exec_module)  # type: ignore[assignment, method-assign]
        return spec


def without_hints() -> None:
    """Let Gradio, when it is imported, leave the hints of its own components as they are. It must not be imported yet."""
    if WRITES_HINTS not in sys.modules and not any(isinstance(one, _Finder) for one in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def _then_changed(run: Callable[[ModuleType], None]) -> Callable[[ModuleType], None]:
    def changed(module: ModuleType) -> None:
        run(module)
        write = getattr(module, FUNCTION, None)
        if callable(write):
            setattr(module, FUNCTION, _of_others(write))

    return changed


def _of_others(write: Callable[..., Any]) -> Callable[..., None]:
    def written(component: type, *arguments: Any) -> None:
        if component.__module__.partition(".")[0] != "gradio":
            write(component, *arguments)

    return written

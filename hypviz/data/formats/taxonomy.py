"""Class trees as others write them: indented text, and four kinds of JSON. What a file is shows in its content.

    animal                      one name a line, each level two spaces or a tab deeper (or as much as the first indented line)
      dog
    {"name": "animal", "children": [{"name": "dog"}, "cat"]}        nested; a list of such for several on top
    {"animal": ["dog", "cat"]}                                      a parent with its children
    [["dog", "animal"], ["cat", "animal"]]                          child, parent
    [{"synset": "n02084071", "name": "dog", "hypernym": "n00015388"}, …]    records as of WordNet; or an object of them by their ids

Of a record with several hypernyms the first counts, which is noted; in every other form a name under two others is refused.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hypviz.data.formats.text import class_name, decode, read_raw
from hypviz.data.taxonomy import MAX_DEPTH, Taxonomy
from hypviz.errors import DataError

MAX_BYTES = 32 << 20
"""Bytes of a file; all nouns of WordNet as records are about 10 MB."""
FILE_NAMES = ("taxonomy.txt", "taxonomy.json")
"""What a class tree beside the pictures of a data set is called."""
FORMS = (
    'nested {"name", "children"}, {"parent": ["child", …]}, [["child", "parent"], …], '
    'or records with "hypernym" and "name", "synset" or "id"'
)
_IDS = ("synset", "id", "wnid")
_ABOVE = ("hypernym", "hypernyms")
Pair = tuple[str, str | None]


def read_taxonomy(path: Path, notes: list[str] | None = None) -> Taxonomy:
    """The class tree in a file; DataError when there is none to be read. notes: gets sentences on what was assumed."""
    return parse_taxonomy(decode(read_raw(path, limit=MAX_BYTES), path.name), path.name, notes)


def parse_taxonomy(text: str, source: str, notes: list[str] | None = None) -> Taxonomy:
    """The class tree in a text. source: the file's name, for errors. DataError that says in one sentence what is wrong and where."""
    if len(text) > MAX_BYTES:
        raise DataError(f"{source}: has {len(text):,} characters; at most {MAX_BYTES:,} are read of a class tree.")
    if text.lstrip()[:1] not in ("{", "["):
        return Taxonomy.from_pairs(_lines(text, source), source=source)
    try:
        content = json.loads(text, object_pairs_hook=lambda pairs: _object(pairs, source))
    except DataError:
        raise
    except (ValueError, RecursionError) as error:
        raise DataError(f"{source}: begins like JSON and is none ({error}).") from None
    return Taxonomy.from_pairs(_pairs(content, source, [] if notes is None else notes), source=source)


def _object(pairs: list[tuple[str, Any]], source: str) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise DataError(f"{source}: {twice!r:.60} is stated twice in one object, of which JSON keeps the last; join the two.")
    return content


def _lines(text: str, source: str) -> Iterator[Pair]:
    unit, path, seen = "", [""], dict[str, int]()
    for number, line in enumerate(text.splitlines(), start=1):
        name = _name(line)
        if not name:
            continue
        space = line[: len(line) - len(line.lstrip())]
        unit = unit or space
        level = len(space) // len(unit) if unit else 0
        if space != unit * level:
            raise DataError(
                f"{source}, line {number}: {name!r:.60} is indented by {_width(space)}; expected whole steps of {_width(unit)}, as in the "
                "first indented line."
            )
        if level > len(path) - 1:
            above = (
                f"{level - len(path) + 2} levels deeper than {path[-1]!r:.60} above it; expected one"
                if path[-1]
                else "indented below nothing"
            )
            raise DataError(f"{source}, line {number}: {name!r:.60} is {above}.")
        if name in seen:
            raise DataError(f"{source}, line {number}: {name!r:.60} is in line {seen[name]} already; a name has one place in a class tree.")
        seen[name] = number
        path[level + 1 :] = [name]
        yield name, path[level] or None


def _width(space: str) -> str:
    tabs, spaces = space.count("\t"), len(space) - space.count("\t")
    parts = [f"{count} {word}{'s' * (count != 1)}" for count, word in ((tabs, "tab"), (spaces, "space")) if count]
    return " and ".join(parts)


def _pairs(content: Any, source: str, notes: list[str]) -> Iterator[Pair]:
    if isinstance(content, dict) and isinstance(content.get("name"), (str, int)):
        return _nested([content], source)
    if (
        isinstance(content, dict)
        and content
        and all(isinstance(one, dict) for one in content.values())
        and _has_hypernyms(content.values())
    ):
        return _records([{"id": name, **one} for name, one in content.items()], source, notes)
    if isinstance(content, dict):
        return _by_parent(content, source)
    if all(isinstance(one, list) for one in content):
        return _child_parent(content, source)
    if all(isinstance(one, dict) for one in content) and _has_hypernyms(content):
        return _records(content, source, notes)
    return _nested(content, source)


def _has_hypernyms(records: Iterable[dict[str, Any]]) -> bool:
    return any(key in one for one in records for key in _ABOVE)


def _nested(nodes: list[Any], source: str) -> Iterator[Pair]:
    seen: set[str] = set()
    left: list[tuple[Any, str | None, int]] = [(node, None, 1) for node in reversed(nodes)]
    while left:
        node, parent, depth = left.pop()
        about = node if isinstance(node, dict) else {"name": node}
        name, children = _stated(about.get("name"), source), about.get("children") or []
        if not isinstance(children, list):
            raise DataError(f'{source}: "children" of {name!r:.60} must be a list, got {children!r:.40}.')
        if name in seen:
            raise DataError(f"{source}: {name!r:.60} occurs twice; a name has one place in a class tree.")
        if depth > MAX_DEPTH:
            raise DataError(f"{source}: {name!r:.60} is more than {MAX_DEPTH} levels deep, the most a class tree may have.")
        seen.add(name)
        yield name, parent
        left += [(child, name, depth + 1) for child in reversed(children)]


def _by_parent(content: dict[str, Any], source: str) -> Iterator[Pair]:
    for key, children in content.items():
        if not isinstance(children, list):
            raise DataError(f"{source}: {key!r:.60} has {children!r:.40} under it; expected a list of names. The forms are {FORMS}.")
        parent = _stated(key, source)
        yield parent, None
        for child in children:
            yield _stated(child, source), parent


def _child_parent(content: list[list[Any]], source: str) -> Iterator[Pair]:
    for number, pair in enumerate(content, start=1):
        if len(pair) != 2:
            raise DataError(f"{source}: pair {number} has {len(pair)} entries; expected [child, parent].")
        yield _stated(pair[0], source), None if pair[1] is None else _stated(pair[1], source)


def _records(content: list[dict[str, Any]], source: str, notes: list[str]) -> Iterator[Pair]:
    """Pairs of records; one without a name of its own is called by its id, and names that several share get their ids behind them."""
    entries: list[tuple[str, str, Any]] = []
    for number, record in enumerate(content, start=1):
        key = next((_name(record[one]) for one in _IDS if _name(record.get(one))), "")
        name = _name(record.get("name")) or key
        if not name:
            raise DataError(f'{source}: record {number} has no "name", "synset" or "id", or one that is no text.')
        entries.append((key or name, name, next((record[one] for one in _ABOVE if record.get(one)), None)))
    counts = Counter(name for _, name, _ in entries)
    called: dict[str, str] = {}
    for key, name, _ in entries:
        if key in called:
            raise DataError(f"{source}: two records are called {key!r:.60}; each needs an id of its own.")
        called[key] = name if counts[name] == 1 else f"{name} ({key})"
    by_name = {name: called[key] for key, name, _ in entries if counts[name] == 1}
    several = 0
    for key, _, above in entries:
        parents = [_stated(one, source) for one in (above if isinstance(above, list) else [above] if above is not None else [])]
        several += len(parents) > 1
        parent = parents[0] if parents else None
        yield called[key], parent if parent is None else called.get(parent) or by_name.get(parent, parent)
    shared = sum(count for count in counts.values() if count > 1)
    if several:
        notes.append(f"{source}: of several hypernyms the first counts ({several:,} records)")
    if shared:
        notes.append(f"{source}: behind names that several records share stand their ids ({shared:,} records)")


def _stated(value: Any, source: str) -> str:
    name = _name(value)
    if not name:
        raise DataError(f"{source}: expected a name, got {json.dumps(value)[:40]}; the forms of JSON are {FORMS}.")
    return name


def _name(value: Any) -> str:
    """A name in one spelling of its spaces; "" for what is none."""
    return re.sub(r"\s+", " ", class_name(value)) if isinstance(value, (str, int)) else ""

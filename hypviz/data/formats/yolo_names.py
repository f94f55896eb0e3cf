"""Files of class names of YOLO data sets: one name a line, or the `notes.json` of Label Studio."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from hypviz.data.formats.coco_boxes import key_of
from hypviz.data.formats.drafts import Source
from hypviz.data.formats.text import class_name, load_json, read_text
from hypviz.data.raw import DropCounter

_NUMBERED = re.compile(r"^\s*(\d+)\s*[:;,.)\t =]\s*(\S.*)$")


def read_names(source: Source, file: str) -> dict[int, str]:
    """The class names of a file, "" for an empty line; numbers before the names are taken off where they are those of the lines."""
    if file.lower().endswith(".json"):
        return _of_json(load_json(source.path(file), source.dropped))
    lines = read_text(source.path(file), source.dropped).splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    matches = [_NUMBERED.match(line) for line in lines]
    numbers = [int(each[1]) for each in matches if each]
    if len(lines) > 1 and len(numbers) == len(lines) and numbers == list(range(len(lines))):
        source.dropped.note(f"{file}: the numbers before the class names were taken off")
        lines = [each[2] for each in matches if each]
    return {number: class_name(line) for number, line in enumerate(lines)}


def _of_json(content: Any) -> dict[int, str]:
    """The names of `{"categories": [{"id", "name"}…]}`."""
    records = content.get("categories") if isinstance(content, dict) else None
    names = {}
    for record in records if isinstance(records, list) else ():
        key, name = (key_of(record.get("id")), class_name(record.get("name"))) if isinstance(record, dict) else (None, "")
        if key is not None and key.isdigit() and name:
            names[int(key)] = name
    return names


def without_gaps(names: dict[int, str], used: Iterable[int], file: str, dropped: DropCounter) -> dict[int, str]:
    """The names without those of empty lines, where classes that are used fall on such a line and all fit into what is left.

    >>> without_gaps({0: "", 1: "cat", 2: "", 3: "dog"}, [0, 1], "classes.txt", DropCounter())
    {0: 'cat', 1: 'dog'}
    """
    used = set(used)
    filled = [name for _, name in sorted(names.items()) if name]
    if not any(names.get(number) == "" for number in used) or max(used) >= len(filled):
        return names
    dropped.note(f"{file}: its empty lines are no classes")
    return dict(enumerate(filled))

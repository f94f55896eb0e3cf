"""What a reader makes of files before anyone looks for the pictures: its entries, and all that it counts and notes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hypviz.data.formats.drafts import Source
from hypviz.data.formats.entries import Entry, ReaderResult
from hypviz.data.formats.names import PictureNames
from hypviz.data.formats.tree import read_tree
from hypviz.data.formats.yolo import read_yolo_files
from hypviz.data.raw import DropCounter


@dataclass(frozen=True)
class Read:
    """entries: with their boxes loaded.  lost: (records, pictures, boxes, files) by reason.  said: the examples, by reason."""

    entries: list[Entry]
    files: set[str]
    lost: dict[str, tuple[int, int, int, int]]
    said: dict[str, list[str]]
    notes: list[str]


def write(root: Path, files: dict[str, Any]) -> None:
    """Write files: bytes, text, or what is written as JSON."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, str | bytes) else json.dumps(content)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())


def source(root: Path, pictures: Sequence[str] = (), box_format: str = "auto") -> Source:
    """A source of the files in a folder, with pictures that are names alone."""
    return Source(root, read_tree(root), root, PictureNames(pictures), DropCounter(), box_format)


def losses(dropped: DropCounter) -> dict[str, tuple[int, int, int, int]]:
    """(records, pictures, boxes, files) that were left out, by reason."""
    return {reason: (one.count, one.images, one.boxes, one.files) for reason, one in dropped.reasons.items()}


def examples(dropped: DropCounter) -> dict[str, list[str]]:
    """The examples of what was left out, by reason."""
    return {reason: one.examples for reason, one in dropped.reasons.items()}


def read(
    reader: Callable[[Source, list[str]], ReaderResult],
    root: Path,
    files: dict[str, Any],
    *,
    pictures: Sequence[str] = (),
    box_format: str = "auto",
) -> Read:
    """Write the files and read all of them."""
    write(root, files)
    place = source(root, pictures, box_format)
    result = reader(place, list(files))
    loaded = [replace(entry, boxes=entry.load()) for entry in result.entries]
    return Read(loaded, result.files, losses(place.dropped), examples(place.dropped), place.dropped.notes)


def read_labels(root: Path, files: dict[str, Any], *, pictures: list[str]) -> Read:
    """Write a YOLO set and read its labels; lists that name no picture stand among the examples as "unlisted"."""
    write(root, files)
    place = source(root, pictures)
    result = read_yolo_files(place, list(files))
    entries = [replace(one, boxes=one.load()) for one in result.entries]
    assert not result.listing
    said = {**examples(place.dropped), "unlisted": list(result.unlisted)}
    return Read(entries, result.files, losses(place.dropped), said, place.dropped.notes)

"""A set of one picture and one annotation file, for tests that work out by hand what is in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypviz.data.formats.detect import open_dataset
from hypviz.data.importer import ImportReport, import_items
from hypviz.data.items import Items
from tests.data.layouts import picture

SIZE = (200, 100)
Boxes = list[tuple[str, list[float]]]


def load(root: Path, name: str, content: Any, *, picture_name: str = "a.png") -> tuple[Items, ImportReport]:
    """The set of one picture and one annotation file: its text, or what is written as JSON."""
    for path, data in (
        (root / picture_name, picture(SIZE, 1)),
        (root / name, content if isinstance(content, str) else json.dumps(content)),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    items, report = import_items(open_dataset(root))
    assert report.files == 1
    return items, report


def found(items: Items) -> Boxes:
    """Class and corners of every box, in the order of the file."""
    return [(items.name(row), [round(value, 3) for value in items.xyxy[row].tolist()]) for row in (~items.is_scene).nonzero()[0]]


def said(report: ImportReport) -> dict[str, list[str]]:
    """The examples of what was left out, by reason."""
    return {reason: entry["examples"] for reason, entry in report.dropped.items()}

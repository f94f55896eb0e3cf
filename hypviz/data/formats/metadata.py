"""Hugging Face image folders (`metadata.jsonl` beside the pictures) and other lists of pictures in JSON or JSON lines.

https://huggingface.co/docs/datasets/image_dataset: a row a picture, its `file_name` relative to the file. Boxes are found as
`formats.loose` says; classes by name, or numbered where the file has numbers only. A `label` without boxes is the class of the
whole picture.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from hypviz.data.formats.drafts import Draft, DraftBox, Source, four_numbers, settle, stated_size
from hypviz.data.formats.entries import Entry, ReaderResult
from hypviz.data.formats.loose import NO_LABELS, boxes_of
from hypviz.data.formats.sniff_json import FILE_KEYS, boxish_keys
from hypviz.data.formats.table import is_nested, load_rows
from hypviz.data.formats.text import class_name
from hypviz.errors import DataError

_OUTLINES = frozenset({"polygon", "polygons", "segmentation", "points", "mask", "rle", "keypoints"})
_WHOLE_KEYS = ("label", "labels", "class", "class_name", "category")


def read_metadata(source: Source, files: list[str]) -> ReaderResult:
    """The pictures of such files. Raises DataError where a file's rows seem to hold boxes and none can be understood."""
    entries: list[Entry] = []
    read = set()
    for file, listed in source.contents(files, load_rows):
        rows = _by_picture(listed)
        drafts = [draft for number, row in rows if (draft := _draft(row, file, number, source)) is not None]
        drafts = _of_rows(drafts) if file.lower().endswith((".csv", ".tsv")) else drafts
        read.add(file)
        if not any(draft.boxes for draft in drafts) and drafts:
            keys = boxish_keys([row for _, row in rows[:50] if isinstance(row, dict)])
            if keys and not source.dropped.boxes:
                raise DataError(
                    f"{source.path(file)}: its rows have {', '.join(keys)}, but no boxes of four numbers that can be understood."
                )
        entries += settle(drafts, source, file, ("xywh", "xyxy"))
    return ReaderResult(entries, read)


def _of_rows(drafts: list[Draft]) -> list[Draft]:
    """A draft per picture where a table has a row per box."""
    by_picture: dict[tuple[str, str], Draft] = {}
    for draft in drafts:
        one = by_picture.setdefault((draft.names[0], draft.unit), draft)
        if one is not draft:
            one.boxes += draft.boxes
    return list(by_picture.values())


def _by_picture(rows: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
    """Rows as they are; of a single object whose keys are the names of pictures, one for each of them."""
    content = rows[0][1] if len(rows) == 1 else None
    if not isinstance(content, dict) or any(isinstance(content.get(key), str) for key in FILE_KEYS):
        return rows
    parts = [({**value} if isinstance(value, dict) else {"objects": value}) | {"file_name": key} for key, value in content.items()]
    return list(enumerate(parts, start=1))


def _draft(row: Any, file: str, number: int, source: Source) -> Draft | None:
    record = f"{PurePosixPath(file).name}: row {number}"
    if not isinstance(row, dict):
        source.dropped.image("unreadable record", record, boxes=0)
        return None
    boxes = list(boxes_of(row))
    name = next((row[key] for key in FILE_KEYS if isinstance(row.get(key), str) and row[key]), "")
    if not name:
        source.dropped.image("no picture in the record", record, boxes=len(boxes))
        return None
    draft = Draft((name,), file, record, size=stated_size(row.get("width"), row.get("height")), any_ending=True)
    for index, (box, value, form) in enumerate(boxes, start=1):
        _add(draft, box, value, form, f"{record}, box {index}", source)
    if any(value is NO_LABELS for _, value, _ in boxes):
        source.dropped.note(f"{file}: boxes without a key for their class ({', '.join(row)[:80]}) are of the class {NO_LABELS!r}")
    strange = [key for key, value in row.items() if key in _OUTLINES or is_nested(value)] if not boxes else []
    if strange:
        source.dropped.box("no box", f"{record}: {', '.join(strange)[:80]}")
    elif not boxes:
        whole = next((row[key] for key in _WHOLE_KEYS if key in row), None)
        label = _label(whole)
        if label:
            draft.unit, draft.size = "fractions", None
            draft.boxes.append(DraftBox((0.0, 0.0, 1.0, 1.0), label, record, "xyxy"))
    return draft


def _add(draft: Draft, box: Any, value: Any, form: str, record: str, source: Source) -> None:
    numbers = four_numbers(box)
    label = _label(value)
    if numbers is None:
        source.dropped.box("box is not four numbers", f"{record}: {box!r:.60}")
    elif not label:
        source.dropped.box("no class name", record)
    else:
        if not isinstance(value, str):
            source.dropped.note(f"{draft.file} has no class names: its classes are numbered")
        draft.boxes.append(DraftBox(numbers, label, record, form))


def _label(value: Any) -> str:
    name = class_name(value)
    return f"class {name}" if name and not isinstance(value, str) else name

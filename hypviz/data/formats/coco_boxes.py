"""The boxes of COCO annotations: `bbox`, else the extent of polygons, a run-length mask or keypoints; panoptic segments one by one.

Ids are compared as text, since files mix 4 and "4". What cannot be used is counted, never fatal.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from hypviz.data.formats.convention import Numbers
from hypviz.data.formats.drafts import Draft, DraftBox, extent, four_numbers, number
from hypviz.data.formats.loose import boxes_of
from hypviz.data.formats.masks import mask_extent
from hypviz.data.formats.table import parsed
from hypviz.data.formats.text import class_name
from hypviz.data.raw import DropCounter

Record = dict[str, Any]


def key_of(value: Any) -> str | None:
    """An id as text: 4, 4.0 and "4" are one; None for what is no id.

    >>> key_of(4), key_of(4.0), key_of(" 4"), key_of(True), key_of(1.5), key_of(None)
    ('4', '4', '4', None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    return str(value).strip() or None


class Categories:
    """Class names by id; without any, classes are numbered, which is noted where there is something to number."""

    def __init__(self, records: list[Any], file: str, dropped: DropCounter, *, numbered: bool = True) -> None:
        self._names: dict[str, str] = {}
        self._twice: dict[str, str] = {}
        for index, record in enumerate(records):
            record = record if isinstance(record, dict) else {}
            where = f"{file}: category {record.get('id', f'number {index}')!s:.40}"
            key, name = key_of(record.get("id")), class_name(record.get("name"))
            if key is None or not name:
                dropped.other("unusable category", f"{where} has no {'id' if key is None else 'name'}")
            elif self._names.setdefault(key, name) != name:
                self._twice[key] = f"{where} is listed twice, as {self._names[key]!r} and {name!r}"
                dropped.other("category listed twice", self._twice[key])
        self._by_name = {name: name for name in self._names.values()}
        if not records and numbered:
            dropped.note(f"{file} has no categories: its classes are numbered")
        self._numbered = not records

    def name(self, annotation: Record) -> str:
        """The class of an annotation; "" for none, or for one whose id means two classes."""
        key = key_of(annotation.get("category_id"))
        if key is None:
            return self._by_name.get(class_name(annotation.get("category_name", annotation.get("category"))), "")
        if key in self._twice:
            return ""
        if self._numbered:
            return f"class {key}"
        return self._names.get(key) or self._by_name.get(class_name(key), "")

    def why(self, annotation: Record) -> tuple[str, str]:
        """The reason for no class, and what to show."""
        key = key_of(annotation.get("category_id"))
        if key in self._twice:
            return "category listed twice", self._twice[key or ""]
        return "no such category", f"(category {annotation.get('category_id')!s:.40})"


def add_boxes(
    annotations: list[Any], drafts: Mapping[str, Draft], twice: Counter[str], categories: Categories, file: str, dropped: DropCounter
) -> None:
    """Put every annotation's box into the draft of its picture; `twice`: ids that mean two pictures."""
    other = _other_keys(drafts)
    for index, annotation in enumerate(annotations):
        if not isinstance(annotation, dict):
            dropped.box("unreadable record", f"{file}: annotation number {index} is no object")
            continue
        record = f"{file}: annotation {annotation.get('id', f'number {index}')!s:.60}"
        key = key_of(annotation.get("image_id"))
        key = key if key is None or key in drafts else other.get(_plain(key), key)
        for part, where in _parts(annotation, record):
            if key is None or key not in drafts:
                dropped.box("no such image", f"{where} (image {annotation.get('image_id')!s:.60})")
            elif twice[key]:
                dropped.box("image id listed twice", f"{where} (image {key})")
            else:
                _add(part, drafts[key], where, categories, dropped)


def _other_keys(drafts: Mapping[str, Draft]) -> dict[str, str]:
    """What else an id may be written as, of one picture alone: a number without its leading zeros, the name of the file."""
    named: dict[str, list[str]] = {}
    for key, draft in drafts.items():
        last = [re.split(r"[/\\]", name)[-1] for name in draft.names]
        for other in {_plain(key), *draft.names, *last, *(name.rpartition(".")[0] for name in last)} - {""}:
            named.setdefault(_plain(other), []).append(key)
    return {other: keys[0] for other, keys in named.items() if len(keys) == 1}


def _plain(key: str) -> str:
    return key.lstrip("0") or "0" if key.isdigit() else key


def _parts(annotation: Record, record: str) -> Iterator[tuple[Record, str]]:
    """The annotation itself, or the segments of a panoptic one."""
    segments = annotation.get("segments_info")
    if not isinstance(segments, list) or "bbox" in annotation:
        yield annotation, record
        return
    for index, segment in enumerate(segments):
        segment = segment if isinstance(segment, dict) else {}
        yield segment, f"{record}, segment {segment.get('id', index)!s:.40}"


def _add(part: Record, draft: Draft, where: str, categories: Categories, dropped: DropCounter) -> None:
    bbox = part.get("bbox")
    numbers, form = _numbers(part)
    label = categories.name(part)
    if part.get("iscrowd"):
        dropped.box("crowd", where)
    elif numbers is None and bbox is not None and bbox != []:
        dropped.box("box is not four numbers", f"{where}: {bbox!r:.60}")
    elif numbers is None:
        dropped.box("no box", where)
    elif not label:
        reason, shown = categories.why(part)
        dropped.box(reason, f"{where} {shown}")
    else:
        area = number(part.get("area")) if not form else None
        draft.boxes.append(DraftBox(numbers, label, where, form, area, _source(part), *_relation(part, draft.file)))


def _numbers(part: Record) -> tuple[Numbers | None, str]:
    """The box and its form: "" for a `bbox`, corners for the extent of an outline."""
    bbox = parsed(part["bbox"]) if isinstance(part.get("bbox"), str) else part.get("bbox")
    if isinstance(bbox, dict):
        return next(((four_numbers(box), form) for box, _, form in boxes_of({"bbox": bbox})), (None, ""))
    if isinstance(bbox, list) and len(bbox) == 8:
        return extent(bbox), "xyxy"  # four corners
    if bbox is not None and bbox != [] and not (bbox == [0, 0, 0, 0] and part.get("segmentation")):
        return four_numbers(bbox), ""
    segmentation = part.get("segmentation")
    around = mask_extent(segmentation)
    if around is None and isinstance(segmentation, list):
        around = _loose_extent(segmentation)
    if around is None and isinstance(part.get("keypoints"), list):
        points = part["keypoints"]
        around = extent([points[at : at + 2] for at in range(0, len(points) - 2, 3) if number(points[at + 2])])
    return around, "xyxy"


def _loose_extent(segmentation: list[Any]) -> Numbers | None:
    """The extent of an outline that is one flat list of numbers instead of a list of them, or a list of points."""
    if len(segmentation) >= 6:
        return extent(segmentation)
    points = [point for outline in segmentation if isinstance(outline, list) for point in outline if isinstance(point, list)]
    return extent(points) if points else None


def _source(part: Record) -> str:
    """Where a box is from: files that this project exported say so."""
    extension = part.get("hypviz")
    source = extension.get("source") if isinstance(extension, dict) else None
    return source if source in ("proposal", "drawn") else "annotation"


def _relation(part: Record, file: str) -> tuple[str, tuple[str, ...] | None]:
    """The name of the box and the boxes it lies in, where this project exported the file."""
    extension = part.get("hypviz")
    parents = extension.get("parents") if isinstance(extension, dict) else None
    if not isinstance(parents, list) or key_of(part.get("id")) is None:
        return "", None
    keys = [key for parent in parents if (key := key_of(parent)) is not None]
    return f"{file}#{key_of(part.get('id'))}", tuple(f"{file}#{key}" for key in keys)


def holds_boxes(annotations: list[Any]) -> bool:
    """Whether any annotation may have a box."""
    keys = ("bbox", "segmentation", "segments_info", "keypoints")
    return any(isinstance(each, dict) and any(each.get(key) for key in keys) for each in annotations)

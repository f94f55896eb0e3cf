"""Boxes in rows of JSON that follow no format to the letter: found by their shape, whatever their key is called.

A row names a picture; its boxes are four numbers under a key such as `bbox`, in the row itself, in a list of objects or in a dict of
lists, under `objects`, `targets`, `litter` or any other name. Labels stand beside them. This is how Hugging Face image folders
(`metadata.jsonl`), and lists of pictures that people write by themselves, look.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hypviz.data.formats.sniff_json import BOX_KEYS

LABEL_KEYS: tuple[str, ...] = (
    *("category", "categories", "label", "labels", "class", "classes", "class_name", "category_name", "name", "names"),
    *("category_id", "class_id", "label_id", "target", "targets", "tag", "tags"),
)
"""Keys of classes, the likeliest first."""
CORNER_KEYS = (
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("x1", "y1", "x2", "y2"),
    ("left", "top", "right", "bottom"),
)
SIZE_KEYS = (("x", "y", "width", "height"), ("x", "y", "w", "h"), ("left", "top", "width", "height"))


NO_LABELS = "object"
"""The class of boxes in files that have no classes."""


def boxes_of(row: Mapping[str, Any]) -> Iterator[tuple[Any, Any, str]]:
    """(four numbers or what stands for them, label or None, form or "") of every box in a row."""
    yield from _boxes(row, row)
    for value in row.values():
        if isinstance(value, Mapping):
            yield from _boxes(value, value)
        elif isinstance(value, list):
            for each in value:
                if isinstance(each, Mapping):
                    yield from _boxes(each, each)


def _boxes(part: Mapping[str, Any], labels: Mapping[str, Any]) -> Iterator[tuple[Any, Any, str]]:
    key = next((key for key in BOX_KEYS if key in part and isinstance(part[key], list | Mapping)), "")
    if key:
        found = part[key]
        if isinstance(found, Mapping):
            yield from _sides(found, _label(labels, 0, single=True))
            return
        single = bool(found) and not isinstance(found[0], list | Mapping)
        for index, box in enumerate([found] if single else found):
            label = _label(labels, index, single=single)
            if isinstance(box, Mapping):
                yield from _sides(box, label if (own := _label(box, 0, single=True)) == NO_LABELS else own)
            else:
                yield box, label, ""
        return
    yield from _sides(part, _label(labels, 0, single=True))


def _sides(part: Mapping[str, Any], label: Any) -> Iterator[tuple[Any, Any, str]]:
    for form, families in (("xyxy", CORNER_KEYS), ("xywh", SIZE_KEYS)):
        for family in families:
            if all(key in part for key in family):
                yield [part[key] for key in family], label, form
                return


def _label(part: Mapping[str, Any], index: int, *, single: bool) -> Any:
    """The label of the index-th box: the value itself when it is no list; `NO_LABELS` where no key may be labels."""
    key = next((key for key in LABEL_KEYS if key in part), "")
    if not key:
        return NO_LABELS
    value = part.get(key)
    if isinstance(value, list):
        return value[index] if index < len(value) else None
    return value

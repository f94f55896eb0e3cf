"""Boxes in rows of JSON that follow no format to the letter: found by their shape, whatever their key is called.

A row names a picture; its boxes are four numbers under a key such as `bbox`, in the row itself, in a list of objects or in a dict of
lists, under `objects`, `targets`, `litter` or any other name. Labels stand beside them. This is how Hugging Face image folders
(`metadata.jsonl`), and lists of pictures that people write by themselves, look.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hypviz.data.formats.sniff_json import BOX_KEYS, FILE_KEYS

LABEL_KEYS: tuple[str, ...] = (
    *("category", "categories", "label", "labels", "class", "classes", "class_name", "category_name", "name", "names"),
    *("category_id", "class_id", "label_id", "target", "targets", "tag", "tags", "cls", "class_names", "label_name", "species"),
)
"""Keys of classes, the likeliest first."""
CORNER_KEYS = (
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("x1", "y1", "x2", "y2"),
    ("left", "top", "right", "bottom"),
)
SIZE_KEYS = (("x", "y", "width", "height"), ("x", "y", "w", "h"), ("left", "top", "width", "height"))


_NO_CLASSES = frozenset(
    {
        *FILE_KEYS,
        "id",
        "ID",
        "uid",
        "uuid",
        "split",
        "source",
        "licence",
        "license",
        "url",
        "caption",
        "text",
        "description",
        "type",
        "format",
    }
)
"""Keys of text that is no class."""
NO_LABELS = "object"
"""The class of boxes in files that have no classes."""


def boxes_of(row: Mapping[str, Any]) -> Iterator[tuple[Any, Any, str]]:
    """(four numbers or what stands for them, label or None, form or "") of every box in a row, each once."""
    box_key = _box_key(row)
    yield from _boxes(row)
    for key, value in row.items():
        if key == box_key:
            continue
        if isinstance(value, Mapping):
            yield from _boxes(value)
        elif isinstance(value, list):
            for each in value:
                if isinstance(each, Mapping):
                    yield from _boxes(each)
                elif key not in LABEL_KEYS and _is_four(each):
                    yield each, NO_LABELS, ""


def _box_key(part: Mapping[str, Any]) -> str:
    """The key under which boxes stand, "" for none."""
    return next((key for key in BOX_KEYS if key in part and isinstance(part[key], list | Mapping)), "")


def _is_four(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(isinstance(each, int | float) for each in value)


def _boxes(part: Mapping[str, Any]) -> Iterator[tuple[Any, Any, str]]:
    key = _box_key(part)
    if not key:
        yield from _sides(part, _label(part, 0, single=True))
        return
    value = part[key]
    if isinstance(value, Mapping):
        yield from _sides(value, _label(part, 0, single=True))
        return
    single = bool(value) and not isinstance(value[0], list | Mapping)
    for index, box in enumerate([value] if single else value):
        label = _label(part, index, single=single)
        if isinstance(box, Mapping):
            yield from _inner(box, label)
        else:
            yield box, label, ""


def _inner(box: Mapping[str, Any], label: Any) -> Iterator[tuple[Any, Any, str]]:
    """The box in an object of a list of boxes, with its own class or that of the list."""
    box_label = _label(box, 0, single=True)
    label = label if box_label is NO_LABELS else box_label
    key = _box_key(box)
    if key and isinstance(box[key], Mapping):
        yield from _sides(box[key], label)
    elif key:
        yield box[key], label, ""
    else:
        yield from _sides(box, label)


def _sides(part: Mapping[str, Any], label: Any) -> Iterator[tuple[Any, Any, str]]:
    for form, families in (("xyxy", CORNER_KEYS), ("xywh", SIZE_KEYS)):
        for family in families:
            if all(key in part for key in family):
                yield [part[key] for key in family], label, form
                return


def _label(part: Mapping[str, Any], index: int, *, single: bool) -> Any:
    """The label of the index-th box: the value itself when it is no list; `NO_LABELS` where no key may be labels.

    Where no key is called like one, the only key of text is taken.
    """
    key = next((key for key in LABEL_KEYS if key in part), "")
    if not key:
        texts = [each for each, value in part.items() if _is_text(value) and each not in _NO_CLASSES]
        if len(texts) != 1:
            return NO_LABELS
        key = texts[0]
    value = part.get(key)
    if isinstance(value, list):
        return value[index] if index < len(value) else None
    return value


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value))

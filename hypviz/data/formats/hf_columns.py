"""Which columns of a Hugging Face data set hold the picture, its boxes and their classes: by what is in them, whatever they are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypviz.data.formats.hf_written import is_written_here
from hypviz.data.formats.loose import LABEL_KEYS
from hypviz.data.formats.sniff_json import BOX_KEYS, boxish_keys
from hypviz.data.formats.sniff_rows import box_columns
from hypviz.data.formats.table import is_nested, parsed
from hypviz.data.formats.text import class_name
from hypviz.errors import DataError

OBJECT_KEYS = ("objects", "annotations", "faces", "detections", "instances")
"""Columns of objects, the likeliest first; others are known by what is in them."""
WHOLE_KEYS = ("label", "labels", "class", "class_name", "category", "species", "breed")
"""Columns of the class of a whole picture where there are no boxes."""


@dataclass(frozen=True)
class Columns:
    """Where a row keeps what: keys into the row; `objects` "" when boxes and labels are columns of their own.

    written_here: whether there is what `hypviz.data.formats.hf_written` reads, too.
    """

    image: str
    objects: str
    boxes: str
    labels: str
    names: list[str] | None
    written_here: bool = False


def columns_of(features: Any, source: Path) -> Columns:
    """The columns of a data set's features; DataError when none holds pictures, or one looks like boxes and cannot be understood."""
    import datasets

    if not features:
        raise DataError(f"{source}: its files do not say what their columns are; expected a folder written by save_to_disk.")
    images = [name for name, feature in features.items() if isinstance(feature, datasets.Image)]
    if not images:
        raise DataError(f"{source}: no column holds pictures; it has {', '.join(features)}.")
    image = "image" if "image" in images else images[0]
    holders = [key for key in features if _box_key(_inside(features[key]))]
    named = [key for key in OBJECT_KEYS if key in holders] or holders
    if len(named) > 1 and named[0] not in OBJECT_KEYS:
        raise DataError(f"{source}: several columns hold boxes, {', '.join(named)}; keep one of them, or call it objects.")
    for objects in (*named[:1], ""):
        inside = _inside(features[objects]) if objects else features
        boxes = _box_key(inside)
        if boxes:
            labels = _label_key(inside, boxes, image)
            written_here = bool(objects) and is_written_here(features, inside)
            return Columns(image, objects, boxes, labels, _names(inside.get(labels)), written_here)
    _refuse_strange(features, source)
    labels = next((key for key in ("label", "labels", "fine_label") if isinstance(features.get(key), datasets.ClassLabel)), "")
    labels = labels or next((key for key, feature in features.items() if isinstance(feature, datasets.ClassLabel)), "")
    labels = labels or next((key for key in WHOLE_KEYS if key in features and _is_word(features[key])), "")
    return Columns(image, "", "", labels, _names(features.get(labels)))


def _box_key(fields: Mapping[str, Any]) -> str:
    return next((key for key in BOX_KEYS if key in fields), "")


def _label_key(fields: Mapping[str, Any], boxes: str, image: str) -> str:
    """The field that holds the classes of boxes: by its name, or else the only one that has class names or text."""
    import datasets

    known = next((key for key in LABEL_KEYS if key in fields), "")
    if known:
        return known
    inner = {key: _innermost(feature) for key, feature in fields.items() if key not in (boxes, image)}
    classes = [key for key, feature in inner.items() if isinstance(feature, datasets.ClassLabel)]
    return classes[0] if len(classes) == 1 else ""


def _innermost(feature: Any) -> Any:
    while feature is not None and hasattr(feature, "feature"):
        feature = feature.feature
    return feature


def _refuse_strange(features: Any, source: Path) -> None:
    """DataError where a column looks like boxes and is none that can be read."""
    strange = [
        key for key in features if key in OBJECT_KEYS or re.search(r"box|object|annotation|target|polygon|segment", key, re.IGNORECASE)
    ]
    nested = [key for key in features if _inside(features[key]) and key not in strange]
    sides = box_columns(list(features))[1]
    if sides:
        raise DataError(f"{source}: the columns {', '.join(sides)} look like boxes; put them into one column bbox, a list of boxes a row.")
    box_like = [key for key in (*strange, *nested) if not _is_plain(features[key])]
    if box_like:
        descriptions = ", ".join(f"{key} with {', '.join(_inside(features[key])) or 'a list'}" for key in box_like[:3])
        raise DataError(
            f"{source}: the column {descriptions} looks like boxes, but none of its fields is called {', '.join(BOX_KEYS[:4])}."
        )


def _is_word(feature: Any) -> bool:
    """Whether a column holds text or whole numbers, one a row."""
    return _is_plain(feature) and str(feature.dtype) in ("string", "large_string", "int64", "int32", "int16", "int8", "uint8", "uint16")


def check_text(row: Mapping[str, Any], source: Path) -> None:
    """DataError for a column of text that holds boxes as JSON."""
    for key, cell in row.items():
        if isinstance(cell, str) and is_nested(parsed(cell)) and boxish_keys([{key: parsed(cell)}]):
            raise DataError(f"{source}: the column {key} holds boxes as text ({cell[:40]!r}…); make it a list of boxes a row.")


def _is_plain(feature: Any) -> bool:
    return hasattr(feature, "dtype") and not hasattr(feature, "feature")


def _inside(feature: Any) -> Mapping[str, Any]:
    """The fields of a dict of lists, or of a list of dicts."""
    inner = getattr(feature, "feature", feature)
    return inner if isinstance(inner, Mapping) else {}


def _names(feature: Any) -> list[str] | None:
    """The class names behind numbers, where a ClassLabel has them."""
    names = getattr(_innermost(feature), "names", None)
    return [class_name(name) for name in names] if names else None

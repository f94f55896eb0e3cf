"""Columns of Hugging Face folders: which holds what, and which are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import pytest

from hypviz.data.formats.hf_columns import Columns, check_text, columns_of
from hypviz.errors import DataError

HERE = Path("set")


IMAGE, TEXT, NUMBER = datasets.Image(), datasets.Value("string"), datasets.Value("int64")


BOXES, CLASS = datasets.List(datasets.List(datasets.Value("float32"))), datasets.ClassLabel(names=["car", " bus "])


WRITTEN = {"bbox": BOXES, "category": TEXT, "id": TEXT, "parent": TEXT, "parents": TEXT, "source": TEXT}


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ({"image": IMAGE}, Columns("image", "", "", "", None)),
        ({"a": IMAGE, "image": IMAGE}, Columns("image", "", "", "", None)),
        ({"b": IMAGE, "a": IMAGE}, Columns("b", "", "", "", None)),
        ({"image": IMAGE, "objects": {"bbox": BOXES, "category": CLASS}}, Columns("image", "objects", "bbox", "category", ["car", "bus"])),
        (
            {"image": IMAGE, "objects": datasets.List({"box": BOXES, "category": datasets.List(CLASS)})},
            Columns("image", "objects", "box", "category", ["car", "bus"]),
        ),
        ({"image": IMAGE, "u": {"bbox": BOXES}, "faces": {"bbox": BOXES, "names": TEXT}}, Columns("image", "faces", "bbox", "names", None)),
        ({"image": IMAGE, "u": {"bbox": BOXES}}, Columns("image", "u", "bbox", "", None)),
        (
            {"image": IMAGE, "instances": {"bbox": BOXES}, "annotations": {"bboxes": BOXES}},
            Columns("image", "annotations", "bboxes", "", None),
        ),
        ({"image": IMAGE, "bbox": BOXES, "label": CLASS}, Columns("image", "", "bbox", "label", ["car", "bus"])),
        ({"image": IMAGE, "bbox": BOXES, "kind": datasets.List(CLASS)}, Columns("image", "", "bbox", "kind", ["car", "bus"])),
        ({"image": IMAGE, "bbox": BOXES, "kind": CLASS, "other": CLASS}, Columns("image", "", "bbox", "", None)),
        ({"image": IMAGE, "bbox": BOXES, "kind": TEXT}, Columns("image", "", "bbox", "", None)),
        (
            {"image": IMAGE, "objects": WRITTEN, "file_name": TEXT, "licence": TEXT},
            Columns("image", "objects", "bbox", "category", None, True),
        ),
        ({"image": IMAGE, "objects": WRITTEN, "file_name": TEXT}, Columns("image", "objects", "bbox", "category", None)),
        ({"image": IMAGE, **WRITTEN, "file_name": TEXT, "licence": TEXT}, Columns("image", "", "bbox", "category", None)),
        ({"image": IMAGE, "x": CLASS, "label": CLASS}, Columns("image", "", "", "label", ["car", "bus"])),
        ({"image": IMAGE, "x": CLASS, "labels": CLASS}, Columns("image", "", "", "labels", ["car", "bus"])),
        ({"image": IMAGE, "x": CLASS, "fine_label": CLASS}, Columns("image", "", "", "fine_label", ["car", "bus"])),
        ({"image": IMAGE, "label": TEXT, "x": CLASS}, Columns("image", "", "", "x", ["car", "bus"])),
        *(
            ({"image": IMAGE, key: TEXT}, Columns("image", "", "", key, None))
            for key in ("label", "labels", "class", "class_name", "category", "species", "breed")
        ),
        *(
            ({"image": IMAGE, "label": datasets.Value(kind)}, Columns("image", "", "", "label", None))
            for kind in ("string", "large_string", "int64", "int32", "int16", "int8", "uint8", "uint16")
        ),
        ({"image": IMAGE, "label": datasets.Value("float32")}, Columns("image", "", "", "", None)),
        ({"image": IMAGE, "label": datasets.List(TEXT)}, Columns("image", "", "", "", None)),
        ({"image": IMAGE, "target": TEXT, "object_count": NUMBER}, Columns("image", "", "", "", None)),
    ],
)
def test_columns_are_known_by_what_is_in_them(features: Any, expected: Columns) -> None:
    assert columns_of(datasets.Features(features), HERE) == expected


LISTED = datasets.List(NUMBER)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({}, r"^set: its files do not say what their columns are"),
        ({"a": TEXT, "b": TEXT}, r"^set: no column holds pictures; it has a, b\.$"),
        ({"image": IMAGE, "u": {"bbox": BOXES}, "v": {"bbox": BOXES}}, r"^set: several columns hold boxes, u, v; keep one"),
        (
            {"image": IMAGE, "xmin": NUMBER, "ymin": NUMBER, "xmax": NUMBER, "ymax": NUMBER},
            r"^set: the columns xmin, ymin, xmax, ymax look like boxes",
        ),
        ({"image": IMAGE, "faces": LISTED}, r"the column faces with a list looks like boxes, .* called bbox, bboxes, box, boxes\.$"),
        *(
            ({"image": IMAGE, f"My_{word}s": LISTED}, rf"the column My_{word}s with a list looks")
            for word in ("Box", "Object", "annotation", "target", "polygon", "segment")
        ),
        ({"image": IMAGE, "u": {"a": TEXT, "b": TEXT}}, r"the column u with a, b looks"),
        ({"image": IMAGE, "objects": {"a": TEXT}, "u": datasets.List({"b": TEXT})}, r"the column objects with a, u with b looks"),
        ({"image": IMAGE, **{f"u{n}": {"a": TEXT} for n in range(4)}}, r"the column u0 with a, u1 with a, u2 with a looks"),
    ],
)
def test_columns_that_look_like_boxes_and_are_none_are_refused(features: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        columns_of(datasets.Features(features), HERE)


def test_text_that_holds_boxes_is_refused_and_other_text_is_not() -> None:
    cell = '[{"bbox": [1, 2, 3, 4], "pad": "xxxxxxxxxxxxxxxxxxxxxxxx"}]'
    with pytest.raises(DataError) as caught:
        check_text({"a": 5, "b": "bbox", "c": cell}, HERE)
    assert str(caught.value).startswith(f"set: the column c holds boxes as text ({cell[:40]!r}…)")
    check_text({"a": '[{"u": 1}]', "b": "[1, 2]", "c": "words", "d": [{"bbox": 1}]}, HERE)
    with pytest.raises(DataError):
        check_text({"polygon": "[[1, 2], [3, 4]]"}, HERE)

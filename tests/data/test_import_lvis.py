"""LVIS v0.5 and v1: pictures that go by COCO's addresses; and masks where COCO has no box."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypviz.data.formats.coco import read_coco
from hypviz.data.formats.masks import mask_extent
from hypviz.data.importer import import_items
from hypviz.errors import DataError

MakePicture = Callable[..., Path]


@pytest.mark.parametrize("place", ["COCO_val2014_000000266409.jpg", "val2017/000000266409.jpg", "000000266409.jpg"])
def test_official_v05_finds_its_pictures_under_any_of_their_names(
    shared_data: Path, tmp_path: Path, make_picture: MakePicture, place: str
) -> None:
    path = shared_data / "formats/lvis/lvis_val_100.json"
    content = json.loads(path.read_bytes())
    image = content["images"][0]
    make_picture(tmp_path / place, (image["width"], image["height"]))
    items, report = import_items(read_coco(path, tmp_path))
    inside = [box for box in content["annotations"] if box["image_id"] == image["id"]]
    assert (report.images, report.boxes, report.images_read, report.boxes_read) == (1, len(inside), 100, 977)
    assert items.path(0).is_file()
    names = {category["id"]: category["name"] for category in content["categories"]}
    assert [items.name(row) for row in range(1, len(items))] == [names[box["category_id"]] for box in inside]


def v1(tmp_path: Path, **keys: Any) -> Path:
    image = {"id": 5, "coco_url": "http://images.cocodataset.org/train2017/000000000005.jpg", "width": 40, "height": 30}
    image |= {"neg_category_ids": [1], "not_exhaustive_category_ids": [2]}
    box = {"id": 1, "image_id": 5, "category_id": 2, "bbox": [1, 2, 3, 4], "segmentation": [[1, 2, 4, 2, 4, 6]]}
    names = [{"id": 1, "name": "acorn", "synset": "acorn.n.01"}, {"id": 2, "name": "aerosol_can"}]
    path = tmp_path / "lvis_v1_train.json"
    path.write_text(json.dumps({"images": [image | keys], "annotations": [box], "categories": names}))
    return path


def test_v1_has_no_file_names_and_negative_classes_make_no_box(tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "train2017/000000000005.jpg")
    items, report = import_items(read_coco(v1(tmp_path)))
    assert items.path(0) == tmp_path / "train2017/000000000005.jpg"
    assert (report.boxes, items.classes, report.dropped) == (1, ("aerosol_can",), {})


def test_a_picture_with_neither_name_nor_address_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"image 5: coco_url must be a string, got None"):
        read_coco(v1(tmp_path, coco_url=None))
    with pytest.raises(DataError, match=r"names 1 pictures, but 0 of the 1 .*train2017/000000000005\.jpg.*--images"):
        read_coco(v1(tmp_path))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.data())
def test_the_extent_of_a_mask_is_that_of_its_pixels(height: int, width: int, data: st.DataObject) -> None:
    from pycocotools import mask as masks

    pixels = data.draw(st.lists(st.tuples(st.integers(0, height - 1), st.integers(0, width - 1)), max_size=6))
    filled = np.zeros((height, width), np.uint8, order="F")
    for row, column in pixels:
        filled[row, column] = 1
    packed = masks.encode(filled)
    rows, columns = np.nonzero(filled)
    expected = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if len(rows) else None
    assert mask_extent({"size": [height, width], "counts": packed["counts"].decode()}) == expected


@pytest.mark.parametrize(
    "mask",
    [
        {},
        {"size": [3, 4], "counts": None},
        {"size": [3], "counts": [12]},
        {"size": [3, 4], "counts": [1, 2]},
        {"size": [3, 4], "counts": [5, -1, 8]},
        {"size": [3, 4], "counts": "é"},
        {"size": [3, 0], "counts": [0]},
        {"size": [3, 4], "counts": [12]},
    ],
)
def test_a_broken_or_empty_mask_has_no_extent(mask: dict[str, Any]) -> None:
    assert mask_extent(mask) is None

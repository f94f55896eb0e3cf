"""Thumbnails and pictures for the page: right crop, right shape, upright, JPEG; the cache helps and never hurts."""

from __future__ import annotations

import shutil
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hypviz.errors import DataError
from hypviz.explore.view import View
from hypviz.viz.pictures import SHOWN_SIZE, THUMB_SIZE, crop_bytes, shown_picture, thumbnail
from tests.conftest import MakePicture


def decoded(data: bytes) -> Image.Image:
    picture = Image.open(BytesIO(data))
    assert picture.format == "JPEG" and picture.mode == "RGB"
    picture.load()
    return picture


def quarters() -> Image.Image:
    """Four flat colours, 100 × 60."""
    picture = Image.new("RGB", (100, 60), (200, 0, 0))
    picture.paste((0, 200, 0), (50, 0, 100, 30))
    picture.paste((0, 0, 200), (0, 30, 50, 60))
    picture.paste((200, 200, 0), (50, 30, 100, 60))
    return picture


@pytest.mark.parametrize(
    ("box", "colour"),
    [((4, 4, 46, 26), (200, 0, 0)), ((54, 4, 96, 26), (0, 200, 0)), ((4.5, 34.5, 46, 56), (0, 0, 200))],
)
def test_a_crop_shows_its_box_and_nothing_else(box: tuple[float, float, float, float], colour: tuple[int, int, int]) -> None:
    pixels = np.asarray(decoded(crop_bytes(quarters(), box)), dtype=np.int64)
    assert np.abs(pixels - colour).max() <= 12


@pytest.mark.parametrize(
    ("box", "size"),
    [((0, 0, 100, 60), (192, 115)), ((0, 0, 10, 60), (32, 192)), ((10, 10, 12, 12), (192, 192)), ((0, 5, 100, 5.25), (192, 1))],
)
def test_a_crop_keeps_its_shape(box: tuple[float, float, float, float], size: tuple[int, int]) -> None:
    assert decoded(crop_bytes(quarters(), box)).size == size
    assert max(size) == THUMB_SIZE


def test_a_thumbnail_is_the_crop_of_its_item(tiny_view: View, tmp_path: Path) -> None:
    items = tiny_view.items
    row = int(np.argmax(np.where(items.is_scene, 0, (items.xyxy[:, 2:] - items.xyxy[:, :2]).prod(axis=1))))
    got = decoded(thumbnail(items, row, tmp_path)).convert("RGB")
    box = tuple(float(value) for value in items.xyxy[row])
    want = Image.open(items.path(row)).convert("RGB").resize(got.size, Image.Resampling.BICUBIC, box=box)
    assert np.abs(np.asarray(got, np.int64) - np.asarray(want, np.int64)).mean() < 6
    assert abs(got.size[0] / got.size[1] - (box[2] - box[0]) / (box[3] - box[1])) < 0.05


def test_a_thumbnail_is_made_once_and_then_read(tiny_view: View, tmp_path: Path) -> None:
    items = tiny_view.items
    made = thumbnail(items, 3, tmp_path / "thumbs")
    assert [path.name for path in (tmp_path / "thumbs").iterdir()] == [f"{items.item_id[3]}.jpg"]  # nothing half-written stays
    elsewhere = replace(items, root=tmp_path / "moved away")
    assert thumbnail(elsewhere, 3, tmp_path / "thumbs") == made
    with pytest.raises(DataError, match="there is no such file"):
        thumbnail(elsewhere, 4, tmp_path / "thumbs")


def test_a_cache_that_cannot_be_written_to_costs_nothing_but_time(tiny_view: View, tmp_path: Path) -> None:
    (tmp_path / "thumbs").write_text("a file where the folder should be")
    assert thumbnail(tiny_view.items, 3, tmp_path / "thumbs") == thumbnail(tiny_view.items, 3, None)


def test_a_thumbnail_that_cannot_be_put_in_place_leaves_nothing_behind(tiny_view: View, tmp_path: Path) -> None:
    (tmp_path / f"{tiny_view.items.item_id[3]}.jpg").mkdir()
    assert decoded(thumbnail(tiny_view.items, 3, tmp_path))
    assert len(list(tmp_path.iterdir())) == 1


def test_a_picture_that_shrank_since_its_import_is_told_in_one_sentence(tiny_view: View, tmp_path: Path) -> None:
    items = tiny_view.items
    row = len(items) - 1
    shutil.copytree(items.root, tmp_path / "images")
    moved = replace(items, root=tmp_path / "images")
    Image.new("RGB", (20, 15)).save(moved.path(row))
    with pytest.raises(DataError, match=r"20 × 15.*192 × 144.*import it again"):
        thumbnail(moved, row, None)


def test_a_shown_picture_is_upright_and_not_too_large(tmp_path: Path, make_picture: MakePicture) -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    path = make_picture(tmp_path / "a.jpg", (2000, 1000), exif=exif)
    assert decoded(shown_picture(path)).size == (SHOWN_SIZE // 2, SHOWN_SIZE)
    small = make_picture(tmp_path / "b.png", (31, 17))
    assert decoded(shown_picture(small)).size == (31, 17)

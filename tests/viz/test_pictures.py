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
from hypviz.viz.pictures import SHOWN_SIZE, THUMB_SIZE, card_bytes, crop_bytes, shown_picture, thumbnail
from hypviz.viz.surroundings import SMALL
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


def test_a_small_box_is_shown_in_its_surroundings_with_a_line_around_it_and_nothing_drawn_on_it() -> None:
    grey = Image.new("RGB", (400, 300), (120, 120, 120))
    grey.paste((0, 0, 200), (200, 150, 220, 162))
    card = decoded(card_bytes(grey, (200, 150, 220, 162)))
    assert card.size == (THUMB_SIZE, THUMB_SIZE), "a square cut"
    pixels = np.asarray(card, dtype=np.int64)
    blue = (np.abs(pixels - (0, 0, 200)).max(axis=2) < 40).nonzero()
    scale = THUMB_SIZE / (1.5 * 20 + 40)
    assert np.ptp(blue[1]) + 1 == pytest.approx(20 * scale, abs=3) and np.ptp(blue[0]) + 1 == pytest.approx(12 * scale, abs=3)
    assert np.mean(blue[1]) == pytest.approx(THUMB_SIZE / 2, abs=2) and np.mean(blue[0]) == pytest.approx(THUMB_SIZE / 2, abs=2)
    orange = ((pixels[..., 0] > 190) & (pixels[..., 2] < 110)).nonzero()
    for axis in (0, 1):  # around what is in the box, and close to it
        assert (
            blue[axis].min() - 6 <= orange[axis].min() < blue[axis].min() and blue[axis].max() < orange[axis].max() <= blue[axis].max() + 6
        )
    assert np.abs(pixels[:40] - 120).max() < 12, "the surroundings are as they are"


@pytest.mark.parametrize("corner", [(0, 0), (380, 288), (0, 288), (190, 0)])
def test_at_the_edge_of_a_picture_the_cut_moves_inwards_and_its_box_stays_in_sight(corner: tuple[int, int]) -> None:
    grey = Image.new("RGB", (400, 300), (120, 120, 120))
    x, y = corner
    grey.paste((0, 0, 200), (x, y, x + 20, y + 12))
    pixels = np.asarray(decoded(card_bytes(grey, (x, y, x + 20, y + 12))), dtype=np.int64)
    assert pixels.shape == (THUMB_SIZE, THUMB_SIZE, 3)
    blue = (np.abs(pixels - (0, 0, 200)).max(axis=2) < 60).mean()
    assert blue == pytest.approx(20 * 12 / 70**2, rel=0.2)


@pytest.mark.parametrize(
    "box", [(10.0, 10.0, 10 + SMALL, 200.0), (0.0, 0.0, 400.0, 30.0), (0.0, 0.0, 400.0, 300.0)], ids=["large", "all the width", "whole"]
)
def test_a_large_box_and_a_whole_picture_are_shown_as_they_are(box: tuple[float, float, float, float]) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (300 if box[3] > 30 else 32, 400, 3), dtype=np.uint8))
    assert card_bytes(noise, box) == crop_bytes(noise, box)


def test_a_tiny_whole_picture_is_not_taken_for_a_small_box() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (28, 28, 3), dtype=np.uint8))
    assert card_bytes(noise, (0, 0, 28, 28)) == crop_bytes(noise, (0, 0, 28, 28))


def test_a_crop_left_by_an_earlier_version_is_not_taken_for_a_card_with_surroundings(tiny_view: View, tmp_path: Path) -> None:
    items = tiny_view.items
    row = int(np.argmin(np.where(items.is_scene, np.inf, (items.xyxy[:, 2:] - items.xyxy[:, :2]).min(axis=1))))
    assert (items.xyxy[row, 2:] - items.xyxy[row, :2]).min() < SMALL
    (tmp_path / f"{items.item_id[row]}.jpg").write_bytes(b"a crop")
    made = decoded(thumbnail(items, row, tmp_path))
    assert (tmp_path / f"{items.item_id[row]}-around.jpg").is_file() and made.size[0] == made.size[1]


def test_a_thumbnail_is_made_once_and_then_read(tiny_view: View, tmp_path: Path) -> None:
    items = tiny_view.items
    made = thumbnail(items, 3, tmp_path / "thumbs")
    (left,) = (tmp_path / "thumbs").iterdir()  # nothing half-written stays
    assert left.name in (f"{items.item_id[3]}.jpg", f"{items.item_id[3]}-around.jpg")
    elsewhere = replace(items, root=tmp_path / "moved away")
    assert thumbnail(elsewhere, 3, tmp_path / "thumbs") == made
    with pytest.raises(DataError, match="there is no such file"):
        thumbnail(elsewhere, 4, tmp_path / "thumbs")


def test_a_cache_that_cannot_be_written_to_costs_nothing_but_time(tiny_view: View, tmp_path: Path) -> None:
    (tmp_path / "thumbs").write_text("a file where the folder should be")
    assert thumbnail(tiny_view.items, 3, tmp_path / "thumbs") == thumbnail(tiny_view.items, 3, None)


def test_a_thumbnail_that_cannot_be_put_in_place_leaves_nothing_behind(tiny_view: View, tmp_path: Path) -> None:
    thumbnail(tiny_view.items, 3, tmp_path)
    (made,) = tmp_path.iterdir()
    made.unlink()
    made.mkdir()
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

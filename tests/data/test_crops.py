"""Crops: equal to Pillow's own, each image decoded once, and a crop file that is whole or not there."""

from __future__ import annotations

import os
import shutil
import weakref
from collections import Counter, namedtuple
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hypviz.data import crops as crops_module
from hypviz.data import pictures
from hypviz.data.crops import build_crop_cache, crop_square, iter_crops
from hypviz.data.items import Items
from hypviz.data.square_crop import Box
from hypviz.errors import DataError, SettingsError, WorkspaceError
from tests.data.box_worlds import LabelledBox, make_items, read_coco

BICUBIC = Image.Resampling.BICUBIC


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    """A picture whose crops all differ: smooth in the large, noisy in the small."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels // 2 + np.asarray(Image.fromarray(pixels[:3, :3]).resize((width, height))) // 2)


# --- one crop


@pytest.mark.parametrize("box", [(0, 0, 90, 60), (10, 20, 42, 52), (3.25, 4.5, 80.75, 59.125), (10, 10, 11, 11), (89.2, 59.4, 90, 60)])
def test_a_squashed_crop_is_pillows_resize_of_the_box(box: Box) -> None:
    picture = noise(90, 60)
    assert np.array_equal(crop_square(picture, box, 32), np.asarray(picture.resize((32, 32), BICUBIC, box=box)))


def test_a_box_of_whole_pixels_at_its_own_size_is_the_pixels() -> None:
    picture = noise(90, 60)
    assert np.array_equal(crop_square(picture, (10, 20, 26, 36), 16), np.asarray(picture)[20:36, 10:26])


def test_a_large_reduction_is_antialiased_and_close_to_full_resampling() -> None:
    picture = noise(1600, 1200)
    crop = crop_square(picture, (0, 0, 1600, 1200), 16).astype(int)
    full = np.asarray(picture.resize((16, 16), BICUBIC)).astype(int)
    assert np.abs(crop - full).max() <= 3
    assert np.abs(crop - np.asarray(picture.resize((16, 16), Image.Resampling.NEAREST))).max() > 30


@pytest.mark.parametrize(
    "box",
    [(0, 0, 1, 1), (0, 0, 90, 1), (5, 0, 6, 60), (4.5, 4.5, 4.7, 4.6), (89.99, 59.99, 90, 60), (0, 0, 0.001, 60)],
)
@pytest.mark.parametrize("fit", ["squash", "pad", "centre"])
def test_thin_tiny_and_fractional_boxes_give_a_square(box: Box, fit: str) -> None:
    crop = crop_square(noise(90, 60), box, 24, fit=fit)
    assert crop.shape == (24, 24, 3) and crop.dtype == np.uint8


@pytest.mark.parametrize("fit", ["squash", "pad", "centre"])
def test_a_box_of_one_colour_gives_a_square_of_that_colour(fit: str) -> None:
    picture = Image.new("RGB", (90, 60), (250, 3, 90))
    picture.paste((0, 200, 0), (16, 6, 54, 26))  # a filter also sees the next two pixels around the box
    crop = crop_square(picture, (20, 10, 50, 22), 32, fit=fit)
    assert np.array_equal(np.unique(crop.reshape(-1, 3), axis=0), [[0, 200, 0]])


def test_padding_keeps_proportions_and_fills_with_the_mean_of_the_edge() -> None:
    picture = Image.new("RGB", (100, 100), (100, 40, 20))
    picture.paste((200, 40, 20), (50, 0, 100, 100))
    crop = crop_square(picture, (0, 40, 100, 60), 50, fit="pad")
    assert np.array_equal(crop[20:30], crop_at_size(picture, (0, 40, 100, 60), (50, 10)))
    assert np.array_equal(np.unique(np.delete(crop, np.s_[20:30], axis=0).reshape(-1, 3), axis=0), [[150, 40, 20]])
    upright = crop_square(picture.transpose(Image.Transpose.TRANSPOSE), (40, 0, 60, 100), 50, fit="pad")
    assert np.array_equal(upright, crop.transpose(1, 0, 2))


def crop_at_size(picture: Image.Image, box: Box, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(picture.resize(size, BICUBIC, box=box))


def test_the_centre_fit_is_the_middle_square_of_the_box() -> None:
    picture = noise(90, 60)
    for box, middle in (((10, 10, 70, 30), (30, 10, 50, 30)), ((10, 10, 21, 50), (10, 24.5, 21, 35.5))):
        crop = crop_square(picture, box, 16, fit="centre")
        assert np.array_equal(crop, crop_square(picture, middle, 16))


def test_what_hangs_over_the_edge_of_the_picture_is_cut_off() -> None:
    picture = noise(90, 60)
    assert np.array_equal(crop_square(picture, (-5, 10, 95, 70), 16), crop_square(picture, (0, 10, 90, 60), 16))


@pytest.mark.parametrize("box", [(95, 0, 99, 10), (10, 10, 10, 20), (20, 20, 10, 30), (-9, 0, 0, 5), (0, 0, np.nan, 5)])
def test_a_box_that_is_empty_or_outside_is_refused(box: Box) -> None:
    with pytest.raises(DataError, match=r"empty or outside the picture of 90 × 60"):
        crop_square(noise(90, 60), box, 16)


def test_an_unknown_fit_is_refused() -> None:
    with pytest.raises(SettingsError, match="fit must be one of squash, pad, centre; got 'crop'"):
        crop_square(noise(9, 9), (0, 0, 9, 9), 4, fit="crop")


# --- many crops


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file was decoded."""
    counter: Counter[str] = Counter()
    real = pictures.open_upright

    def counting(source: Path) -> Image.Image:
        counter[Path(source).name] += 1
        return real(source)

    monkeypatch.setattr(pictures, "open_upright", counting)
    return counter


@pytest.fixture
def items(tmp_path: Path) -> Items:
    """Five pictures on disk with 0, 1, 3, 8 and 20 boxes: rows 0, 1-2, 3-6, 7-15, 16-36."""
    rng = np.random.default_rng(0)
    boxes: list[list[LabelledBox]] = []
    for number, count in enumerate((0, 1, 3, 8, 20)):
        noise(60, 50, seed=number).save(tmp_path / f"{number}.png")
        corners = rng.uniform(0, 30, (count, 2))
        sizes = rng.uniform(1, 20, (count, 2))
        boxes.append([(0, *corner, *(corner + size)) for corner, size in zip(corners, sizes, strict=True)])
    return make_items(boxes, sizes=[(60, 50)] * 5, root=tmp_path)


def straight(items: Items, row: int, size: int = 8) -> np.ndarray:
    with Image.open(items.path(row)) as picture:
        box = tuple(items.xyxy[row].tolist())
        return np.asarray(picture.resize((size, size), BICUBIC, box=box, reducing_gap=3.0))


@pytest.mark.parametrize("workers", [0, 3])
@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_crops_come_out_grouped_by_image_and_each_image_is_decoded_once(
    items: Items, decoded: Counter[str], workers: int, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crops_module, "TASK_CROPS", 4)
    wanted = np.random.default_rng(1).permutation(len(items))
    seen: list[int] = []
    for rows, crops in iter_crops(items, wanted, size=8, batch=batch, workers=workers):
        assert crops.shape == (len(rows), 8, 8, 3) and crops.dtype == np.uint8
        assert all(np.array_equal(crop, straight(items, row)) for row, crop in zip(rows, crops, strict=True))
        seen += rows.tolist()
    assert seen == sorted(wanted.tolist(), key=lambda row: items.image[row])
    assert decoded == {f"{number}.png": 1 for number in range(5)}


def test_only_the_images_asked_for_are_opened_and_a_row_may_be_asked_twice(items: Items, decoded: Counter[str]) -> None:
    ((rows, crops),) = iter_crops(items, [20, 4, 20], size=8)
    assert rows.tolist() == [4, 20, 20]
    assert np.array_equal(crops[1], crops[2])
    assert decoded == {"2.png": 1, "4.png": 1}


def test_no_rows_give_no_batch(items: Items) -> None:
    assert list(iter_crops(items, [], size=8)) == []


def test_progress_counts_crops_up_to_the_whole(items: Items) -> None:
    calls: list[tuple[int, int]] = []
    for _ in iter_crops(items, range(20), size=8, batch=8, on_progress=lambda *call: calls.append(call)):
        pass
    assert calls == [(8, 20), (16, 20), (20, 20)]


@pytest.mark.parametrize("workers", [0, 2])
def test_the_fit_reaches_every_crop(items: Items, workers: int) -> None:
    ((_, crops),) = iter_crops(items, [17], size=8, fit="pad", workers=workers)
    with Image.open(items.path(17)) as picture:
        assert np.array_equal(crops[0], crop_square(picture, items.xyxy[17], 8, fit="pad"))


@pytest.mark.parametrize("workers", [0, 2])
def test_an_unreadable_picture_stops_with_its_name_and_the_reason(items: Items, workers: int) -> None:
    items.path(7).write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"3\.png: not a picture"):
        list(iter_crops(items, range(len(items)), size=8, workers=workers))
    items.path(7).unlink()
    with pytest.raises(DataError, match=r"3\.png: there is no such file"):
        list(iter_crops(items, range(len(items)), size=8, workers=workers))


def test_a_picture_that_shrank_since_the_import_is_named(items: Items) -> None:
    noise(2, 2).save(items.path(16))
    with pytest.raises(DataError, match=r"4\.png: The box .* outside the picture of 2 × 2"):
        list(iter_crops(items, range(len(items)), size=8))


@pytest.mark.parametrize("workers", [1, 3])
def test_few_pictures_are_decoded_ahead_of_a_slow_reader(items: Items, decoded: Counter[str], workers: int, tmp_path: Path) -> None:
    many = make_items([[]] * 40, sizes=[(60, 50)] * 40, root=tmp_path, names=["0.png"] * 40)
    reader = iter_crops(many, range(40), size=8, batch=1, workers=workers)
    for read in range(1, 10):
        next(reader)
        assert decoded["0.png"] <= read + 2 * workers
    reader.close()  # type: ignore[attr-defined]
    assert decoded["0.png"] <= 9 + 2 * workers


@pytest.mark.parametrize("workers", [0, 2])
def test_pictures_are_let_go_once_their_crops_are_made(workers: int, tmp_path: Path, items: Items, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[weakref.ref[Image.Image]] = []
    real = pictures.open_upright

    def tracked(source: Path) -> Image.Image:
        picture = real(source)
        opened.append(weakref.ref(picture))
        return picture

    def alive() -> int:
        return sum(picture() is not None for picture in opened)

    monkeypatch.setattr(pictures, "open_upright", tracked)
    many = make_items([[]] * 40, sizes=[(60, 50)] * 40, root=tmp_path, names=["0.png"] * 40)
    reader = iter_crops(many, range(40), size=8, batch=1, workers=workers)
    assert max(alive() for _ in reader) <= 2 * workers + 1
    assert len(opened) == 40 and alive() <= 1


@pytest.mark.parametrize(("name", "value"), [("size", 0), ("batch", 0), ("fit", "wide")])
def test_settings_out_of_range_are_refused_before_any_work(items: Items, name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be"):
        iter_crops(items, [0], **({"size": 8} | {name: value}))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["photos", "car_parts"])
def test_photographs_give_the_crops_that_pillow_gives(shared_data: Path, name: str) -> None:
    items, _ = read_coco(shared_data / name)
    rows = items.of_image(3).tolist() + items.of_image(100).tolist()
    for got, crops in iter_crops(items, rows, size=32):
        for row, crop in zip(got, crops, strict=True):
            with Image.open(items.path(row)) as picture:
                box = tuple(items.xyxy[row].tolist())
                wanted = picture.convert("RGB").resize((32, 32), BICUBIC, box=box, reducing_gap=3.0)
            assert np.array_equal(crop, np.asarray(wanted))


# --- the crop file


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def interrupt(batches: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next build fail after so many batches of 10."""
    real = iter_crops

    def failing(*args: object, **options: object) -> Iterator[object]:
        for number, out in enumerate(real(*args, **(options | {"batch": 10}))):  # type: ignore[arg-type]
            if number == batches:
                raise KeyboardInterrupt
            yield out

    monkeypatch.setattr(crops_module, "iter_crops", failing)


def build(items: Items, folder: Path, **options: object) -> np.ndarray:
    return build_crop_cache(items, folder, **({"size": 8} | options))  # type: ignore[arg-type]


def test_the_crop_file_holds_every_item_in_its_row(items: Items, tmp_path: Path) -> None:
    cache = build(items, tmp_path / "new" / "crops")
    assert isinstance(cache, np.memmap) and not cache.flags.writeable
    assert cache.shape == (len(items), 8, 8, 3) and cache.dtype == np.uint8
    assert all(np.array_equal(cache[row], straight(items, row)) for row in range(len(items)))
    assert files(tmp_path / "new" / "crops") == [f"crops-{items.data_hash}-8-squash.npy"]


def test_a_finished_crop_file_is_read_and_not_built_again(items: Items, tmp_path: Path, decoded: Counter[str]) -> None:
    first = build(items, tmp_path)
    decoded.clear()
    assert np.array_equal(build(items, tmp_path, workers=2), first)
    assert not decoded


def test_other_data_another_size_and_another_fit_have_their_own_files(items: Items, tmp_path: Path) -> None:
    folder = tmp_path / "crops"
    other = make_items([[(0, 1, 1, 9, 9)]], sizes=[(60, 50)], root=tmp_path)
    shapes = [
        build(*args, **options).shape
        for args, options in (
            ((items, folder), {}),
            ((items, folder), {"size": 4}),
            ((items, folder), {"fit": "pad"}),
            ((other, folder), {}),
        )
    ]
    assert shapes == [(37, 8, 8, 3), (37, 4, 4, 3), (37, 8, 8, 3), (2, 8, 8, 3)]
    assert len(files(folder)) == 4


def test_an_interrupted_build_leaves_no_file_under_the_final_name_and_goes_on_where_it_stopped(
    items: Items, tmp_path: Path, decoded: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "crops"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        interrupt(2, patch)
        build(items, folder)
    (part,) = folder.glob("crops-*")
    assert part.suffix == ".part"
    with part.open("ab") as file:
        file.write(b"half a row")
    decoded.clear()
    calls: list[tuple[int, int]] = []
    cache = build(items, folder, on_progress=lambda *call: calls.append(call))
    assert decoded == {"4.png": 1}  # 20 rows were done: images 0 to 3 and the start of image 4
    assert calls == [(37, 37)]
    assert all(np.array_equal(cache[row], straight(items, row)) for row in range(len(items)))
    assert len(files(folder)) == 1


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"something else altogether" * 100, b"7" * (128 + 37 * 192)])
def test_a_half_written_file_of_unknown_content_is_begun_anew(items: Items, tmp_path: Path, content: bytes) -> None:
    name = f"crops-{items.data_hash}-8-squash.npy"
    (tmp_path / f"{name}.part").write_bytes(content)
    (tmp_path / name).write_bytes(content)
    cache = build(items, tmp_path)
    assert all(np.array_equal(cache[row], straight(items, row)) for row in range(len(items)))


@pytest.mark.parametrize("state", [".npy", ".npy.part"])
def test_a_file_longer_than_the_whole_is_cut_to_the_whole(items: Items, tmp_path: Path, state: str) -> None:
    whole = build(items, tmp_path).copy()
    path = tmp_path / f"crops-{items.data_hash}-8-squash.npy"
    content = path.read_bytes()
    path.unlink()
    path.with_suffix(state).write_bytes(content + b"x" * 1000)
    assert np.array_equal(build(items, tmp_path), whole)
    assert path.read_bytes() == content


def test_a_disk_that_is_too_small_is_refused_before_anything_is_written(
    items: Items, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10_000, 9_000, 7_103))
    with pytest.raises(WorkspaceError, match=r"need 7,104 bytes in .*crops, where 7,103 are free"):
        build(items, tmp_path / "crops")
    assert files(tmp_path / "crops") == []


def test_a_disk_that_fills_up_on_the_way_is_one_clear_sentence(items: Items, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WorkspaceError, match=r"cannot be written to .*\.part: No space left on device"):
        build(items, tmp_path / "crops")


def test_an_unreadable_picture_leaves_a_build_that_can_go_on_once_it_is_repaired(items: Items, tmp_path: Path) -> None:
    good = items.path(16).read_bytes()
    items.path(16).write_bytes(good[:50])
    with pytest.raises(DataError, match=r"4\.png"):
        build(items, tmp_path / "crops")
    items.path(16).write_bytes(good)
    cache = build(items, tmp_path / "crops")
    assert np.array_equal(cache[36], straight(items, 36))

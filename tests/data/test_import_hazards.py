"""Every importer against everything that real folders hold: each case with one good picture beside it, which must survive."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hypviz.data.formats.detect import open_dataset
from hypviz.data.importer import ImportReport, import_items
from hypviz.data.items import Items
from hypviz.data.pictures import open_upright
from tests.conftest import random_picture
from tests.data.importers import WRITERS, Shot

ORIENTATION = 0x0112
PIXELS = ("coco", "lvis", "voc", "yolo", "openimages", "hf")
"""Formats whose boxes have corners of their own."""


def encoded(picture: Image.Image, format: str = "JPEG", **options: Any) -> bytes:
    stream = BytesIO()
    picture.save(stream, format, **options)
    return stream.getvalue()


def photo(seed: int, size: tuple[int, int] = (40, 30), mode: str = "RGB", format: str = "JPEG", **options: Any) -> bytes:
    return encoded(random_picture(size, seed).convert(mode), format, **options)


def sixteen_bits(seed: int) -> bytes:
    values = np.random.default_rng(seed).integers(0, 65536, (30, 40)).astype(np.uint16)
    return encoded(Image.fromarray(values), "PNG")


def turned(seed: int) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    return photo(seed, (30, 40), exif=exif)


GOOD = Shot("good.jpg", photo(0))
HARMLESS = {
    "unicode": Shot("Ünï çödé 日本 ☃.jpg", photo(1)),
    "spaces": Shot("a b  c.jpg", photo(1)),
    "number sign": Shot("a.mp4#t=12.jpg", photo(1)),
    "equals": Shot("t=1055.jpg", photo(1)),
    "dots": Shot("v1..2.jpg", photo(1)),
    "upper case": Shot("DSC_1.JPG", photo(1)),
    "png named jpg": Shot("png.jpg", photo(1, format="PNG")),
    "greyscale": Shot("grey.jpg", photo(1, mode="L")),
    "cmyk": Shot("cmyk.jpg", photo(1, mode="CMYK")),
    "alpha": Shot("alpha.png", photo(1, mode="RGBA", format="PNG")),
    "palette": Shot("palette.png", photo(1, mode="P", format="PNG")),
    "sixteen bits": Shot("deep.png", sixteen_bits(1)),
    "exif": Shot("phone.jpg", turned(1)),
}
"""Pictures that must come in whole. An OpenImages id has no dots, so those two names cannot occur there."""


def load(folder: Path, format: str, shots: list[Shot]) -> tuple[Items, ImportReport]:
    WRITERS[format](folder / "set", shots)
    chosen = {"lvis": "coco"}.get(format, format)
    return import_items(open_dataset(folder / "set", chosen, extract_to=folder / "pictures"))


def dropped(report: ImportReport) -> dict[str, tuple[int, int]]:
    return {reason: (entry["images"], entry["boxes"]) for reason, entry in report.dropped.items()}


def box_of(items: Items, image: int) -> list[float]:
    (row,) = items.of_image(image)[1:]
    return [round(value, 3) for value in items.xyxy[row].tolist()]


CASES = [
    (format, hazard) for format in WRITERS for hazard in HARMLESS if not (format == "openimages" and hazard in ("dots", "number sign"))
]


@pytest.mark.parametrize(("format", "hazard"), CASES)
def test_odd_names_and_odd_pixels_come_in_whole(tmp_path: Path, format: str, hazard: str) -> None:
    shot = HARMLESS[hazard]
    items, report = load(tmp_path, format, [GOOD, replace(shot, label="wheel")])
    assert (report.images, report.dropped, report.clipped) == (2, {}, 0)
    names = items.images.file_name.tolist()
    place = 1 if format == "hf" else next(n for n, name in enumerate(names) if Path(name).name == shot.name)
    row = int(items.offsets[place])
    assert (items.images.width[place], items.images.height[place]) == open_upright(items.path(row)).size == shot.size
    if format in PIXELS:
        assert box_of(items, place) == list(shot.box)
        assert items.name(row + 1) == "wheel"
    assert report.boxes == (0 if format == "folder" else 2)


REASONS = ("missing", "undecodable", "truncated", "not a picture", "empty file")
LOSSES = [
    (format, reason)
    for format in WRITERS
    for reason in REASONS
    if not (reason == "missing" and format in ("hf", "classes", "folder"))  # without a list of files none can be missing
    and not (reason == "empty file" and format == "hf")  # a row without bytes is no picture; see test_import_hf
]


@pytest.mark.parametrize(("format", "reason"), LOSSES)
def test_what_cannot_be_shown_goes_with_its_box_and_is_counted(shared_data: Path, tmp_path: Path, format: str, reason: str) -> None:
    data = {
        "missing": None,
        "undecodable": (shared_data / "formats/hard/test_3_bands_int32.tif").read_bytes(),
        "truncated": photo(1)[: len(photo(1)) // 2],
        "not a picture": b"hello",
        "empty file": b"",
    }[reason]
    shot = Shot("bad.tif" if reason == "undecodable" and format != "hf" else "bad.jpg", data)
    items, report = load(tmp_path, format, [GOOD, shot])
    assert report.images == 1
    found = dropped(report)
    if reason == "undecodable":  # no decoder here reads it, whatever it calls that
        assert set(found) <= {"undecodable", "not a picture", "truncated"}
    else:
        assert set(found) == {reason}
    assert sum(images for images, _ in found.values()) == 1
    assert sum(boxes for _, boxes in found.values()) == (0 if format == "folder" else 1)
    assert len(items) == (1 if format == "folder" else 2)


@pytest.mark.parametrize("format", PIXELS)
def test_a_box_partly_outside_is_cut_and_one_outside_is_dropped(tmp_path: Path, format: str) -> None:
    cut = Shot("cut.jpg", photo(1), box=(30, 20, 50, 40))
    gone = Shot("gone.jpg", photo(2), box=(44, 6, 60, 24))
    items, report = load(tmp_path, format, [GOOD, cut, gone])
    assert (report.images, report.boxes, report.clipped) == (3, 2, 1)
    assert dropped(report) == {"outside the picture": (0, 1)}
    corners = sorted(items.xyxy[~items.is_scene].tolist())
    assert np.allclose(corners, [[10, 6, 30, 24], [30, 20, 40, 30]], atol=1e-3)


@pytest.mark.parametrize("format", ["coco", "lvis", "voc"])
def test_a_stated_size_of_another_picture_costs_the_boxes_only(tmp_path: Path, format: str) -> None:
    """The formats in fractions and the ones without a size cannot state a wrong one."""
    items, report = load(tmp_path, format, [GOOD, Shot("other.jpg", photo(1), size=(40, 36))])
    assert (report.images, report.boxes, dropped(report)) == (2, 1, {"annotated size differs": (0, 1)})
    double = Shot("double.jpg", photo(1), size=(80, 60), box=(20, 12, 60, 48))
    items, report = load(tmp_path / "scaled", format, [GOOD, double])
    assert (report.scaled, report.dropped) == (1, {})
    assert np.allclose(items.xyxy[~items.is_scene], GOOD.box)


@pytest.mark.parametrize("format", ["coco", "lvis"])
def test_a_picture_listed_twice_is_read_once_with_all_its_boxes(tmp_path: Path, format: str) -> None:
    _, report = load(tmp_path, format, [GOOD, GOOD, replace(GOOD, box=(1, 1, 9, 9))])
    assert (report.images, report.images_read, report.boxes, report.boxes_read) == (1, 3, 2, 3)
    assert dropped(report) == {"picture listed twice": (2, 1)}


def test_a_picture_listed_twice_by_yolo_is_counted_and_read_once(tmp_path: Path) -> None:
    WRITERS["yolo"](tmp_path, [GOOD])
    (tmp_path / "train.txt").write_text("images/good.jpg\n./images/good.jpg\n")
    (tmp_path / "data.yaml").write_text("train: train.txt\nval: images\nnames: [car, wheel]\n")
    items, report = import_items(open_dataset(tmp_path))
    assert (len(items), report.images, report.boxes) == (2, 1, 1)
    assert report.dropped["picture listed twice"]["count"] == 2


def test_openimages_gathers_the_rows_of_an_image_wherever_they_are(tmp_path: Path) -> None:
    other = Shot("other.jpg", photo(1))
    items, report = load(tmp_path, "openimages", [GOOD, other, replace(GOOD, label="wheel")])
    assert (report.images, report.boxes) == (2, 3)
    assert sorted(items.name(row) for row in items.of_image(0)) == ["car", "scene", "wheel"]

"""Pascal VOC: the same pictures and boxes as other formats give, parts, odd names, and files that are no VOC."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hypviz.data.formats.coco import read_coco
from hypviz.data.formats.voc import read_voc
from hypviz.data.importer import ImportReport, import_items
from hypviz.data.items import Items
from hypviz.errors import DataError

MakePicture = Callable[..., Path]


def load(path: Path, images: Path | None = None) -> tuple[Items, ImportReport]:
    return import_items(read_voc(path, images))


def dropped(report: ImportReport) -> dict[str, int]:
    return {reason: entry["count"] for reason, entry in report.dropped.items()}


def box_xml(name: str = "car", box: str = "1 1 40 30", tag: str = "object", inner: str = "") -> str:
    keys = ("xmin", "ymin", "xmax", "ymax")
    corners = "".join(f"<{key}>{value}</{key}>" for key, value in zip(keys, box.split(), strict=True))
    return f"<{tag}><name>{name}</name><bndbox>{corners}</bndbox>{inner}</{tag}>"


def write_voc(folder: Path, body: str = "", *, stem: str = "a", filename: str = "a.jpg", size: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    text = f"<annotation><filename>{filename}</filename>{size}{body}</annotation>"
    (folder / f"{stem}.xml").write_text(text, encoding="utf-8")
    return folder


def test_voc_gives_the_images_and_boxes_that_coco_gives(shared_data: Path) -> None:
    """Only the pixel convention differs: this COCO export copied VOC's 1-based xmin, ymin as if they were 0-based."""
    voc, report = load(shared_data / "formats/multi100/voc")
    coco, _ = import_items(read_coco(shared_data / "formats/multi100/coco_b/instances_v2.json"))
    assert (report.images, report.boxes_read, report.boxes, dropped(report)) == (100, 273, 273, {})
    assert voc.classes == coco.classes

    def boxes(items: Items, shift: float) -> list[tuple[str, str, list[float]]]:
        rows = np.flatnonzero(~items.is_scene)
        corners = items.xyxy + np.array([shift, shift, 0, 0], dtype=np.float32)
        names = items.images.file_name[items.image]
        return sorted((str(names[row]), items.name(row), corners[row].tolist()) for row in rows)

    assert boxes(voc, shift=1) == boxes(coco, shift=0)
    assert report.clipped == 0


def test_parts_are_boxes_of_their_own_and_fractions_are_kept(shared_data: Path) -> None:
    items, report = load(shared_data / "formats/tiny/voc_dataset/voc_dataset1")
    assert [items.name(row) for row in range(len(items))] == ["scene", "cat", "person", "head"]
    assert items.xyxy[1:].tolist() == [[0, 1, 3, 4], [3, 4, 6, 7], [4.5, 5, 7.5, 8]]
    assert items.images.file_name.tolist() == ["2007_000001.jpg"]
    assert report.dropped["picture without annotation"]["examples"] == ["2007_000002.jpg"]


def test_names_with_number_signs_and_png_content_open(shared_data: Path) -> None:
    items, report = load(shared_data / "formats/hard")
    assert items.images.file_name.tolist() == ["dayride_type1_001.mp4#t=1055.jpg", "dayride_type1_001.mp4#t=1074.jpg"]
    assert (report.boxes, items.classes) == (3, ("license-plate",))
    assert items.xyxy[1].tolist() == pytest.approx([112.10027, 398.83607, 192.7622, 420.0], abs=1e-4)


def test_annotations_whose_pictures_are_absent_say_so(shared_data: Path) -> None:
    with pytest.raises(DataError, match=r"names 5 pictures, but 0 of the 5 looked for .*--images"):
        read_voc(shared_data / "formats/tiny/voc_dataset/voc_dataset2")


def test_cvat_xml_is_refused_by_name(shared_data: Path) -> None:
    with pytest.raises(DataError, match=r"none of the 1 \.xml files is a VOC annotation .*found <annotations>"):
        read_voc(shared_data / "formats/multi100/cvat")


def test_a_box_of_the_whole_picture_is_the_whole_picture(tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "a.jpg", (40, 30))
    items, report = load(write_voc(tmp_path, box_xml(box="1 1 40 30")))
    assert items.xyxy[1].tolist() == items.xyxy[0].tolist() == [0, 0, 40, 30]
    assert report.clipped == 0


def test_zero_based_files_lose_a_pixel_of_nothing(tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "a.jpg", (40, 30))
    items, report = load(write_voc(tmp_path, box_xml(box="0 0 40 30")))
    assert items.xyxy[1].tolist() == [0, 0, 40, 30]
    assert report.clipped == 1


@pytest.mark.parametrize(
    ("filename", "stem", "file"),
    [
        ("a.jpg", "b", "a.jpg"),
        ("a", "a", "a.jpg"),
        ("", "a", "a.JPG"),
        ("old.jpg", "a", "a.png"),
        ("C:\\photos\\a.jpg", "b", "a.jpg"),
        ("/photos/a.jpg", "b", "a.jpg"),
        ("a.jpg", "b", "a.png"),
        ("v1.2", "x", "v1.2.jpg"),
    ],
)
def test_the_picture_is_found_by_stated_name_or_stem(
    tmp_path: Path, make_picture: MakePicture, filename: str, stem: str, file: str
) -> None:
    make_picture(tmp_path / "JPEGImages" / file)
    write_voc(tmp_path / "Annotations", box_xml(), stem=stem, filename=filename)
    items, _ = load(tmp_path)
    assert items.images.file_name.tolist() == [file]


def test_the_stated_name_wins_over_the_stem(tmp_path: Path, make_picture: MakePicture) -> None:
    for name in ("a.jpg", "b.jpg"):
        make_picture(tmp_path / name)
    write_voc(tmp_path, box_xml(), stem="a", filename="b.jpg")
    items, report = load(tmp_path)
    assert items.images.file_name.tolist() == ["b.jpg"]
    assert report.dropped["picture without annotation"]["examples"] == ["a.jpg"]


def test_a_missing_picture_is_dropped_with_its_boxes(tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "a.jpg")
    write_voc(tmp_path, box_xml(), stem="a")
    write_voc(tmp_path, box_xml() + box_xml("bus"), stem="b", filename="b.jpg")
    items, report = load(tmp_path)
    assert (len(items), report.images_read, report.boxes_read) == (2, 2, 3)
    assert report.dropped["missing"] == {
        "count": 1,
        "images": 1,
        "boxes": 2,
        "examples": ["b.xml: b.jpg, there is no such file"],
    }


@pytest.mark.parametrize(
    ("text", "example"),
    [
        ("<annotation><object>", "b.xml: no element found"),
        ("", "b.xml: no element found"),
        ("<html/>", "b.xml: expected <annotation>, found <html>"),
        ('<!DOCTYPE a [<!ENTITY x "y">]><annotation>&x;</annotation>', "b.xml: has a DOCTYPE"),
    ],
)
def test_a_file_that_is_no_voc_is_counted_and_named(tmp_path: Path, make_picture: MakePicture, text: str, example: str) -> None:
    make_picture(tmp_path / "a.jpg")
    write_voc(tmp_path, box_xml(), stem="a")
    (tmp_path / "b.xml").write_text(text)
    _, report = load(tmp_path)
    assert (report.images_read, report.images, dropped(report)) == (2, 1, {"unreadable annotation": 1})
    assert report.dropped["unreadable annotation"]["examples"][0].startswith(example)


def test_entities_are_refused_in_utf_16_too(tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "a.jpg")
    bomb = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY x "y">]><annotation>&x;</annotation>'
    (tmp_path / "a.xml").write_bytes(bomb.encode("utf-16"))
    with pytest.raises(DataError, match="DOCTYPE"):
        import_items(read_voc(tmp_path))


def test_objects_without_a_usable_box_are_counted(tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "a.jpg")
    body = "<object><name>car</name></object>" + box_xml(name="") + box_xml(box="1 x 3 4") + box_xml(box="5 5 nan 9")
    items, report = load(write_voc(tmp_path, body + box_xml(box="10 10 5 20") + box_xml()))
    assert (len(items), report.boxes_read) == (2, 6)
    assert dropped(report) == {
        "no box": 1,
        "no class name": 1,
        "box is not four numbers": 1,
        "not finite": 1,
        "empty box": 1,
    }
    assert report.dropped["no box"]["examples"] == ["a.xml: object 1"]


@pytest.mark.parametrize(
    "size",
    [
        "",
        "<size/>",
        "<size><width>1e300</width><height>1e300</height></size>",
        "<size><width>x</width><height>30</height></size>",
        "<size><width>0</width><height>0</height></size>",
    ],
)
def test_a_missing_size_means_the_picture_s_own(tmp_path: Path, make_picture: MakePicture, size: str) -> None:
    make_picture(tmp_path / "a.jpg", (40, 30))
    items, _ = load(write_voc(tmp_path, box_xml(box="11 11 20 20"), size=size))
    assert items.xyxy[1].tolist() == [10, 10, 20, 20]


def test_two_files_for_one_picture_are_joined_and_counted(tmp_path: Path, make_picture: MakePicture) -> None:
    make_picture(tmp_path / "a.jpg")
    write_voc(tmp_path, box_xml(), stem="a")
    write_voc(tmp_path, box_xml() + box_xml("bus"), stem="b")
    items, report = load(tmp_path)
    assert (report.images, report.boxes, items.classes) == (1, 2, ("bus", "car"))
    assert report.dropped["picture listed twice"]["examples"] == ["a.jpg is listed twice, as a.xml and as b.xml"]
    assert (report.images_read, report.boxes_read) == (2, 3)


def test_a_folder_without_xml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no VOC annotations here; expected a folder of \.xml files"):
        read_voc(tmp_path)

"""Opening a folder in whatever format it is, and saying so when that cannot be told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hypviz.data.formats.detect import detect_format, open_dataset
from hypviz.data.formats.folder import read_folder
from hypviz.data.importer import import_items
from hypviz.errors import DataError

Make = Callable[..., Path]


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("photos", "coco"),
        ("car_parts/annotations.json", "coco"),
        ("formats/multi100/coco_a", "coco"),
        ("formats/multi100/coco_b", "coco"),
        ("formats/multi100/voc", "voc"),
        ("formats/multi100/images", "folder"),
        ("formats/hard", "voc"),
        ("formats/tiny/coco_dataset/coco_roboflow", "coco"),
        ("formats/tiny/voc_dataset/voc_dataset3", "voc"),
        ("formats/multi100/yolo", "yolo"),
        ("formats/tiny/yolo_dataset/strict", "yolo"),
        ("formats/tiny/yolo_dataset/labels", "yolo"),
        ("formats/tiny/yolo_dataset/annotations", "yolo"),
    ],
)
def test_formats_are_recognised(shared_data: Path, folder: str, expected: str) -> None:
    assert detect_format(shared_data / folder) == expected


@pytest.mark.parametrize(("folder", "boxes"), [("coco_a", 273), ("coco_b", 273), ("voc", 273), ("yolo", 273), ("images", 0)])
def test_one_hundred_pictures_come_from_every_format(shared_data: Path, folder: str, boxes: int) -> None:
    _, report = import_items(open_dataset(shared_data / "formats/multi100" / folder))
    assert (report.images, report.boxes) == (100, boxes)


def test_a_folder_of_pictures_has_scenes_only(make_picture: Make, tmp_path: Path) -> None:
    for name in ("b.jpg", "sub dir/Ä#1.PNG", "a.webp", ".hidden.jpg", ".cache/c.jpg", "__MACOSX/d.jpg"):
        make_picture(tmp_path / name)
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "movie.mp4").write_text("x")
    (tmp_path / "broken.jpg").write_text("x")
    items, report = import_items(open_dataset(tmp_path))
    assert items.images.file_name.tolist() == ["a.webp", "b.jpg", "sub dir/Ä#1.PNG"]
    assert items.is_scene.all()
    counts = {reason: (entry["count"], entry["examples"]) for reason, entry in report.dropped.items()}
    assert counts == {
        "not named like a picture": (2, ["movie.mp4", "notes.txt"]),
        "not a picture": (1, ["broken.jpg: broken.jpg, not a picture in a format known here"]),
    }
    assert report.images_read == 4


def test_a_folder_without_pictures_or_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(DataError, match="no picture here, among 1 files"):
        read_folder(tmp_path)
    with pytest.raises(DataError, match="there is no such folder"):
        read_folder(tmp_path / "gone")
    with pytest.raises(DataError, match="there is no such file or folder"):
        open_dataset(tmp_path / "gone")


def test_two_formats_in_one_folder_are_named(make_coco: Make, tmp_path: Path) -> None:
    make_coco([[1, 1, 5, 5]])
    (tmp_path / "a.xml").write_text("<annotation><filename>a.jpg</filename></annotation>")
    with pytest.raises(
        DataError, match=r"several formats, coco \(.*annotations\.json\) and voc \(.*\).*; keep one of them, or choose by --format"
    ):
        open_dataset(tmp_path)
    assert import_items(open_dataset(tmp_path, "coco"))[1].boxes == 1
    assert import_items(open_dataset(tmp_path, "voc"))[1].boxes == 0
    assert import_items(open_dataset(tmp_path, "folder"))[1].images == 1


def test_instances_win_over_captions_and_keypoints(make_coco: Make, tmp_path: Path) -> None:
    for name in ("captions_train.json", "instances_train.json", "person_keypoints_train.json"):
        make_coco([[1, 1, 5, 5]], file=f"annotations/{name}")
    assert import_items(open_dataset(tmp_path))[1].boxes_read == 1


def test_other_json_files_do_not_disturb(make_coco: Make, make_picture: Make, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"epochs": 3}')
    make_picture(tmp_path / "a.jpg")
    assert detect_format(tmp_path) == "folder"
    make_coco([[1, 1, 5, 5]])
    assert detect_format(tmp_path) == "coco"


def test_a_cut_annotation_file_is_an_error_not_a_folder_of_pictures(make_coco: Make, tmp_path: Path) -> None:
    path = make_coco([[1, 1, 5, 5]])
    path.write_text(path.read_text()[:60])
    with pytest.raises(DataError, match=r"annotations\.json: not a JSON file"):
        open_dataset(tmp_path)


def test_annotations_and_pictures_may_lie_apart(shared_data: Path, tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    shutil.copy(shared_data / "formats/multi100/coco_a/instances_default.json", tmp_path / "labels")
    for pictures in (shared_data / "formats/multi100/images", shared_data / "formats/multi100"):
        raw = open_dataset(pictures, annotations=tmp_path / "labels/instances_default.json")
        assert raw.root == shared_data / "formats/multi100/images"
    raw = open_dataset(tmp_path / "labels", images=shared_data / "formats/multi100/images")
    assert raw.count == 100


def test_train2017_beside_annotations_is_found(make_coco: Make, make_picture: Make, tmp_path: Path) -> None:
    path = make_coco(file="annotations/instances_train2017.json", draw=False)
    for folder in ("train2017", "val2017"):
        make_picture(tmp_path / folder / "a.jpg")
    assert open_dataset(tmp_path).root == tmp_path / "train2017"
    assert open_dataset(path).root == tmp_path / "train2017"


def test_unknown_formats_and_files_are_refused(tmp_path: Path, make_picture: Make) -> None:
    with pytest.raises(DataError, match=r"format must be one of auto, coco, voc, yolo, .*folder; got 'wider'"):
        open_dataset(tmp_path, "wider")
    with pytest.raises(DataError, match="not an annotation file that can be read here"):
        open_dataset(make_picture(tmp_path / "a.jpg"))
    with pytest.raises(DataError, match="no COCO annotation file here"):
        open_dataset(tmp_path, "coco")

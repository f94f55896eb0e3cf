"""Folders whose sub-folders are classes: recognised when they can be nothing else, and nested names kept apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hypviz.data.formats.detect import detect_format, open_dataset
from hypviz.data.formats.folder import read_class_folders
from hypviz.data.importer import import_items
from hypviz.errors import DataError

Make = Callable[..., Path]


def make_pictures(make_picture: Make, root: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        make_picture(root / name, seed=number)
    return root


def test_sub_folders_are_classes_of_the_whole_picture(make_picture: Make, tmp_path: Path) -> None:
    names = ("train/cat/1.jpg", "train/dog/1.jpg", "val/dog/2.PNG", "train/front/window/1.jpg", "train/back/window/ä #1.jpg")
    make_pictures(make_picture, tmp_path, *names)
    assert detect_format(tmp_path) == "classes"
    items, report = import_items(open_dataset(tmp_path))
    assert items.classes == ("back/window", "cat", "dog", "front/window")
    assert (report.images, report.boxes, report.clipped, report.dropped) == (5, 5, 0, {})
    assert items.xyxy[1].tolist() == items.xyxy[0].tolist() == [0, 0, 40, 30]
    assert [items.name(row) for row in items.of_image(1)] == ["scene", "cat"]


@pytest.mark.parametrize(
    "names",
    [
        ("a.jpg", "cat/1.jpg", "dog/1.jpg"),  # a picture on top
        ("cat/1.jpg", "cat/2.jpg"),  # one class only
        ("train/1.jpg", "val/2.jpg"),  # splits, not classes
        ("images/1.jpg", "other/1.jpg"),  # a folder of any pictures
    ],
)
def test_other_sub_folders_are_no_classes_unless_asked_for(make_picture: Make, tmp_path: Path, names: tuple[str, ...]) -> None:
    make_pictures(make_picture, tmp_path, *names)
    assert detect_format(tmp_path) == "folder"
    items, _ = import_items(open_dataset(tmp_path))
    assert items.is_scene.all()
    assert len(items) == len(names)


def test_a_person_may_choose_either_reading(make_picture: Make, tmp_path: Path) -> None:
    make_pictures(make_picture, tmp_path, "a.jpg", "cat/1.jpg")
    assert import_items(open_dataset(tmp_path, "classes"))[0].classes == ("cat",)
    assert import_items(open_dataset(tmp_path, "folder"))[1].boxes == 0
    with pytest.raises(DataError, match="none of 1 pictures lies in a sub-folder, whose name would be its class"):
        read_class_folders(make_pictures(make_picture, tmp_path / "flat", "a.jpg"))


def test_an_unpacked_archive_opens_by_its_only_folder(make_picture: Make, tmp_path: Path) -> None:
    make_pictures(make_picture, tmp_path / "set", "cat/1.jpg", "dog/1.jpg")
    (tmp_path / "__MACOSX").mkdir()
    assert detect_format(tmp_path) == "classes"
    assert import_items(open_dataset(tmp_path))[0].classes == ("cat", "dog")

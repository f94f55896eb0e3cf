"""YOLO's configurations, files of names and pairs of picture and label, to the last field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hypviz.data.formats.yolo_layout import YoloLayout, read_config
from hypviz.data.formats.yolo_names import read_names
from hypviz.data.formats.yolo_pairs import Pairs, pair
from hypviz.errors import DataError
from tests.data.reading import examples, source, write


def config(
    root: Path, text: str, *, name: str = "data.yaml", files: Any = (), pictures: Any = ("images/train/a.png",)
) -> tuple[Any, Any, Any]:
    """A configuration's layout, what was counted, what was noted."""
    write(root, {name: text, **dict(files)})
    place = source(root, pictures)
    return read_config(place, name), examples(place.dropped), place.dropped.notes


TRAIN = ["images/train/a.png"]


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("names: [car, ' bus ']\ntrain: images/train\n", YoloLayout(classes={0: "car", 1: "bus"}, pictures=TRAIN)),
        ("names: {1: car, 3: bus}\n", YoloLayout(classes={1: "car", 3: "bus"})),
        ("names: [car]\nval: ../Images/Train\n", YoloLayout(classes={0: "car"}, pictures=TRAIN)),
        ("names: [car]\nvalid: /home/x/set/images/train\n", YoloLayout(classes={0: "car"}, pictures=TRAIN)),
        ("names: [car]\ntest: [images/train, '', null, ~]\n", YoloLayout(classes={0: "car"}, pictures=TRAIN)),
        ("names: [car]\ntrain: null\nval: ''\n", YoloLayout(classes={0: "car"})),
        ("names: [car]\ntrain: images\n", YoloLayout(classes={0: "car"}, pictures=[*TRAIN, "images/val/b.png"])),
        ("names: [car]\ntrain: .\n", YoloLayout(classes={0: "car"}, pictures=[*TRAIN, "images/val/b.png", "top.png"])),
        ("names: [car]\npath: images\ntrain: train\n", YoloLayout(classes={0: "car"}, pictures=TRAIN)),
        ("names: [car]\npath: ../datasets/images\ntrain: train\n", YoloLayout(classes={0: "car"}, pictures=TRAIN)),
        ("names: [car]\npath: nowhere\ntrain: images/train\n", YoloLayout(classes={0: "car"}, pictures=TRAIN)),
        ("names: [car]\npath: images/val\ntrain: images/train\n", YoloLayout(classes={0: "car"}, pictures=TRAIN)),
        ("names: [car]\ntrain: C:/images/train\n", YoloLayout(classes={0: "car"}, pictures=TRAIN)),
        ("names: [car]\nkpt_shape: [17, 3]\n", YoloLayout(classes={0: "car"}, keypoints=51)),
        ("names: [car]\nkpt_shape: [17, x]\n", YoloLayout(classes={0: "car"})),
        ("names: [car]\nkpt_shape: [17]\n", YoloLayout(classes={0: "car"})),
        ("names: [car]\nkpt_shape: [[1], 3]\n", YoloLayout(classes={0: "car"})),
        ("names: lists/names.txt\n", YoloLayout(classes={0: "cat", 1: "dog"})),
        ("train: images/train\n", YoloLayout(pictures=TRAIN)),
        ("names: [car]\ntrain: lists/train.txt\n", YoloLayout(classes={0: "car"}, pictures=TRAIN, missing=["images/val/z.png", "u.png"])),
        ("names: [car]\ntrain: [lists/train.txt, images/val]\n",
         YoloLayout(classes={0: "car"}, pictures=[*TRAIN, "images/val/b.png"], missing=["images/val/z.png", "u.png"])),
    ],
)  # fmt: skip
def test_a_configuration_names_classes_and_the_pictures_of_its_splits(text: str, layout: YoloLayout, tmp_path: Path) -> None:
    layout.file = "data.yaml"
    files = {
        "lists/train.txt": "/data/set/images/train/a.png\n\n ../images/val/z.png \nelse/where/u.png\n",
        "lists/names.txt": "cat\ndog\n",
        "images/val/notes.md": "x",
    }
    pictures = ["top.png", "images/val/b.png", *TRAIN]
    assert config(tmp_path, text, files=files, pictures=pictures) == (layout, {}, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("names: 5\n", r"data\.yaml: names must be a list or a mapping of class names, got '5'\."),
        ("names: images\n", r"names must be a list or a mapping of class names, got 'images'\."),
        ("names: [[a]]\n", r"but one of them is a list\."),
        ("names: {a: car}\n", r"the keys of names must be whole numbers, got \['a'\]\."),
        ("names: [car]\ntrain: {a: b}\n", r"data\.yaml: train must be a path or a list of paths, got dict\."),
        ("names: [car]\nval: [[a]]\n", r"val must be a path or a list of paths, got list\."),
        ("- a\n", r"expected a mapping with names and train, got list\."),
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        config(tmp_path, text)


def test_splits_that_are_nowhere_are_counted_by_their_key(tmp_path: Path) -> None:
    layout, said, _ = config(
        tmp_path, "names: [car]\ntrain: nowhere\nval: [gone, images/train]\n", name="s/data.yaml", pictures=["s/images/train/a.png"]
    )
    absent = ["data.yaml: train: nowhere", "data.yaml: val: gone"]
    assert layout == YoloLayout("s/data.yaml", {0: "car"}, ["s/images/train/a.png"], absent=absent) and said == {"split not found": absent}


def test_paths_of_a_configuration_are_those_from_its_own_folder_first(tmp_path: Path) -> None:
    pictures = ["images/t/a.png", "s/images/t/b.png", "s/t/c.png"]
    for text, expected in (
        ("path: images\ntrain: t\n", ["s/images/t/b.png"]),
        ("path: .\ntrain: t\n", ["s/t/c.png"]),
        ("path: s\ntrain: images/t\n", ["s/images/t/b.png"]),
        ("path: nowhere\ntrain: t\n", ["s/t/c.png"]),
        ("path: [a]\ntrain: t\n", ["s/t/c.png"]),
        ("train: ../images/t\n", ["s/images/t/b.png"]),
    ):
        assert config(tmp_path, "names: [car]\n" + text, name="s/data.yaml", pictures=pictures)[0].pictures == expected, text
    files = {"data/a.names": "cow\n", "data/b.names": "cat\n"}
    assert config(tmp_path, "names = data/b.names\n", name="obj.data", files=files)[0].classes == {0: "cat"}
    assert config(tmp_path, "names = data\n", name="obj.data", files=files)[0].classes == {0: "cow"}


def test_a_line_of_a_list_that_names_no_file_is_missing_as_the_folder(tmp_path: Path) -> None:
    layout, _, _ = config(tmp_path, "names: [car]\ntrain: t.txt\n", files={"t.txt": "/\n..\nx.png\n"})
    assert layout.missing == [".", ".", "x.png"] and layout.pictures == []


def test_a_configuration_of_darknet_has_keys_and_values(tmp_path: Path) -> None:
    files = {"data/obj.names": "cat\ndog\n", "data/train.txt": "data/obj/a.png\ndata/obj/b.png\n", "data/other.txt": "x"}
    text = "classes = 2\ntrain = data/train.txt\nvalid=data/val.txt\n names = data/obj.names \nnothing\nx = a = b\n"
    got = config(tmp_path, text, name="obj.data", files=files, pictures=["data/obj/a.png"])
    missing = ["obj.data: valid = data/val.txt"]
    layout = YoloLayout("obj.data", {0: "cat", 1: "dog"}, ["data/obj/a.png"], ["data/obj/b.png"], missing)
    assert got == (layout, {"split not found": missing}, [])
    for names in ("", "names = gone.names\n"):
        assert config(tmp_path, f"{names}test = data/train.txt\n", name="obj.data", pictures=["data/obj/a.png"])[0] == YoloLayout(
            "obj.data", {0: "cat", 1: "dog"}, ["data/obj/a.png"], ["data/obj/b.png"]
        )
    (tmp_path / "data/obj.names").unlink()
    with pytest.raises(DataError, match=r"obj\.data: there is no file gone\.names with the class names"):
        config(tmp_path, "names = gone.names\n", name="obj.data")
    assert config(tmp_path, "", name="obj.data", files={"x/Classes.TXT": "cow"})[0].classes == {0: "cow"}


@pytest.mark.parametrize(
    ("text", "names", "noted"),
    [
        ("cat\n dog \n\n \n", {0: "cat", 1: "dog"}, False),
        ("cat\n\ndog\n", {0: "cat", 1: "", 2: "dog"}, False),
        ("0: cat\n1: dog\n", {0: "cat", 1: "dog"}, True),
        ("0 0.5\n1 0.5\n", {0: "0.5", 1: "0.5"}, True),
        *((f"0{sign}cat\n1{sign}dog\n", {0: "cat", 1: "dog"}, True) for sign in (":", ";", ",", ".", ")", "\t", " ", "=")),
        ("1: cat\n2: dog\n", {0: "1: cat", 1: "2: dog"}, False),
        ("0: cat\ndog\n", {0: "0: cat", 1: "dog"}, False),
        ("0: cat\n", {0: "0: cat"}, False),
        ("", {}, False),
    ],
)
def test_a_file_of_names_has_one_a_line_perhaps_with_its_number(text: str, names: Any, noted: bool, tmp_path: Path) -> None:
    write(tmp_path, {"x/names.txt": text})
    place = source(tmp_path)
    assert read_names(place, "x/names.txt") == names
    assert place.dropped.notes == (["x/names.txt: the numbers before the class names were taken off"] if noted else [])
    write(tmp_path, {"notes.JSON": {"categories": [{"id": 3, "name": "cat"}]}})
    assert read_names(place, "notes.JSON") == {3: "cat"}
    write(tmp_path, {"old.json": '{"categories": [{"id": 3, "name": "Löwe"}]}'.encode("cp1252"), "old.txt": "Löwe".encode("cp1252")})
    assert read_names(place, "old.json") == {3: "Löwe"} and read_names(place, "old.txt") == {0: "Löwe"}
    assert place.dropped.notes[-2:] == [f"old.{ending} is not UTF-8 and was read as Windows-1252" for ending in ("json", "txt")]


@pytest.mark.parametrize(
    ("pictures", "labels", "expected"),
    [
        (["images/a.png"], ["labels/a.txt"], Pairs({"images/a.png": "labels/a.txt"})),
        *((["Images/t/a.PNG"], [f"{folder}/T/a.txt"], Pairs({"Images/t/a.PNG": f"{folder}/T/a.txt"}))
          for folder in ("Labels", "label", "annotations", "labels_yolo", "yolo")),
        *(([f"{folder}/t/a.png"], ["labels/t/a.txt"], Pairs({f"{folder}/t/a.png": "labels/t/a.txt"}))
          for folder in ("images", "image", "imgs", "img", "JPEGImages")),
        (["t/a.png"], ["t/a.txt"], Pairs({"t/a.png": "t/a.txt"})),
        (["images/images/a.png"], ["images/labels/a.txt", "labels/images/a.txt"],
         Pairs({"images/images/a.png": "images/labels/a.txt"}, ["labels/images/a.txt"])),
        (["images/a.png"], ["labels/a.txt", "label/a.txt", "images/a.txt"],
         Pairs({"images/a.png": "labels/a.txt"}, ["label/a.txt", "images/a.txt"])),
        (["images/a.png", "images/a.jpg"], ["labels/a.txt"], Pairs(unclear=[("labels/a.txt", ["images/a.png", "images/a.jpg"])])),
        (["pics/a.png"], ["other/a.txt"], Pairs({"pics/a.png": "other/a.txt"})),
        (["pics/a.png"], ["other/b.txt"], Pairs(alone=["other/b.txt"])),
        (["p/a.png", "q/a.png"], ["o/a.txt"], Pairs(unclear=[("o/a.txt", ["p/a.png", "q/a.png"])])),
        (["p/a.png", "q/a.png"], ["o/q/a.txt"], Pairs({"q/a.png": "o/q/a.txt"})),
        (["o/p/a.png", "q/p/a.png"], ["o/x/a.txt"], Pairs({"o/p/a.png": "o/x/a.txt"})),
        (["o/p/a.png", "q/x/a.png"], ["o/x/a.txt"], Pairs({"q/x/a.png": "o/x/a.txt"})),
        (["p/a.png"], ["x/a.txt", "y/a.txt"], Pairs(unclear=[("x/a.txt", ["p/a.png"]), ("y/a.txt", ["p/a.png"])])),
        (["train/a.png"], ["lab/val/a.txt"], Pairs(alone=["lab/val/a.txt"])),
        (["train/a.png"], ["lab/train/a.txt"], Pairs({"train/a.png": "lab/train/a.txt"})),
        (["train/a.png"], ["lab/a.txt"], Pairs({"train/a.png": "lab/a.txt"})),
        (["p/a.png", "p/b.png"], ["p/a.txt", "p/c.txt"], Pairs({"p/a.png": "p/a.txt"}, ["p/c.txt"])),
        (["p/a.png", "q/c.png"], ["p/a.txt", "p/c.txt"], Pairs({"p/a.png": "p/a.txt"}, ["p/c.txt"])),  # p has pictures of its own
        (["images/t/a.png"], ["labels/a.txt"], Pairs({"images/t/a.png": "labels/a.txt"})),
        (["images/t/a.png"], ["labels/u/a.txt"], Pairs(alone=["labels/u/a.txt"])),
        (["images/a.png"], ["labels/u/a.txt"], Pairs({"images/a.png": "labels/u/a.txt"})),
        (["x/images/t/a.png"], ["y/labels/u/a.txt"], Pairs({"x/images/t/a.png": "y/labels/u/a.txt"})),
        (["images/t/a.png"], ["labels/t/b.txt", "o/a.txt"], Pairs(alone=["labels/t/b.txt", "o/a.txt"])),
    ],
)  # fmt: skip
def test_labels_belong_to_pictures_by_their_paths_and_then_by_name(pictures: Any, labels: Any, expected: Pairs) -> None:
    assert pair(pictures, labels, labels) == expected


def test_a_path_leads_to_any_text_and_a_name_to_labels_alone() -> None:
    assert pair(["images/a.png"], [], ["labels/a.txt"]) == Pairs({"images/a.png": "labels/a.txt"})
    assert pair(["p/a.png"], [], ["x/a.txt"]) == Pairs()

"""OpenImages' CSV files to the last field: boxes by picture, flags, odd rows, names, licences, the class hierarchy, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypviz.data.formats.openimages import find_files, read_openimages
from hypviz.data.formats.openimages_csv import (
    FLAGS,
    header_of,
    is_box_file,
    is_description_file,
    is_image_file,
    read_boxes,
    read_class_hierarchy,
    read_descriptions,
    read_licences,
)
from hypviz.data.raw import DropCounter, RawBox, RawImage
from hypviz.errors import DataError
from tests.data.reading import examples, losses, write

HEADER = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside\n"
PLAIN = "ImageID,LabelName,XMin,XMax,YMin,YMax\n"


def row(image: str, mid: str, *flags: int, sides: str = "0.25,0.5,0,1") -> str:
    return f"{image},xclick,{mid},1,{sides},{','.join(map(str, flags or (0,) * 5))}\n"


def boxes_file(root: Path, text: str, name: str = "train-boxes.csv") -> Path:
    write(root, {name: text})
    return root / name


def test_boxes_of_all_files_stand_by_picture_with_flags_and_splits(tmp_path: Path) -> None:
    one = boxes_file(
        tmp_path, HEADER + row("b", "/m/2", 1, 0, 0, 0, 1) + row("a", "/m/1", 0, 1, -1, 1, 0) + row("b", "/m/1", sides="0.5,0.75,0.125,1")
    )
    two = boxes_file(tmp_path, PLAIN + "c,/m/3,0,1,0,1\na,/m/2,0,0.5,0,0.5\n", "Validation.csv")
    dropped, heard = DropCounter(), list[tuple[Any, Any]]()
    table = read_boxes([one, two], dropped, on_progress=lambda *each: heard.append(each))
    assert table.image_ids.tolist() == ["b", "a", "c"] and table.split.tolist() == ["train", "train", "validation"]
    assert table.mids == ("/m/2", "/m/1", "/m/3") and table.image.tolist() == [0, 0, 1, 1, 2] and table.label.tolist() == [0, 1, 1, 0, 2]
    assert table.xyxy.tolist() == [[0.25, 0, 0.5, 1], [0.5, 0.125, 0.75, 1], [0.25, 0, 0.5, 1], [0, 0, 0.5, 0.5], [0, 0, 1, 1]]
    assert table.flags.tolist() == [0b10001, 0, 0b01010, 0, 0] and len(table) == 5
    assert [each.dtype for each in (table.image, table.label, table.xyxy, table.flags)] == [np.int32, np.int16, np.float32, np.uint8]
    assert dropped == DropCounter() and heard == [(3, None), (5, None)]
    assert [table.flagged([name]).tolist()[:3] for name in FLAGS] == [
        [True, False, False], [False, False, True], [False] * 3, [False, False, True], [True, False, False],
    ]  # fmt: skip
    assert table.flagged(["IsTruncated", "IsInside"], slice(0, 3)).tolist() == [True, False, True] and not table.flagged([]).any()


def test_odd_rows_are_counted_and_the_others_read(tmp_path: Path) -> None:
    sides = ["0.25,0.5,0,1", ' -1e-1 ,"+.5",2.,1E0', "x,0.5,0,1", ",0.5,0,1", "0.25,0.5,0,1x", "1,2,.,4", "0.1,0.2,0.3,nan"]
    short = "b,xclick,/m/1,1,0.25,0.5\n"
    long = f"{'z' * 70},x,/m/1,1,0,1,0,1,0,0,0,0,0,9\n"
    one = boxes_file(tmp_path, HEADER + "".join(row("a", "/m/1", sides=each) for each in sides) + short + long)
    two = boxes_file(tmp_path, PLAIN + "c,/m/1,0,1,0,1\n", "test.csv")
    dropped, heard = DropCounter(), list[tuple[Any, Any]]()
    table = read_boxes([two, one, two], dropped, on_progress=lambda *each: heard.append(each))
    assert table.image.tolist() == [0, 0, 1, 1] and table.image_ids.tolist() == ["c", "a"]
    assert np.allclose(table.xyxy, [[0, 0, 1, 1], [0, 0, 1, 1], [0.25, 0, 0.5, 1], [-0.1, 2, 0.5, 1]])
    assert losses(dropped) == {"row of another length": (2, 0, 2, 0), "box is not four numbers": (5, 0, 5, 0)}
    said = examples(dropped)
    assert said["row of another length"] == [
        "train-boxes.csv: 'b,xclick,/m/1,1,0.25,0.5' has 6 cells, not 13",
        f"train-boxes.csv: '{'z' * 60}' has 14 cells, not 13",
    ]
    assert said["box is not four numbers"] == [
        f"train-boxes.csv: a: {each}" for each in ("x, 0, 0.5, 1", ", 0, 0.5, 1", "0.25, 0, 0.5, 1x", "1, ., 2, 4", "0.1, 0.3, 0.2, nan")
    ]
    assert heard[0] == (1, None) and heard[-1] == (4, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER, r"train-boxes\.csv: there is no box; expected rows below the header"),
        (PLAIN + "a,car,0,1,0,1\n", r"in its first row LabelName is 'car' \(expected a MID such as /m/01g317\); convert"),
        (PLAIN + "a.jpg,/m/1,0,1,0,1\n", r"in its first row ImageID is 'a\.jpg' \(expected an id without an ending\); convert"),
        (PLAIN + 'a,/m/1,0,1,"0,5",1\n', r"in its first row YMin is '0,5' with a decimal comma \(expected a point\); convert"),
        (PLAIN + "a,/m/1,0,1,0,1\nb,car,0,1,0,1\n", r"LabelName is 'car' in some rows; expected MIDs"),
        ("ImageID,LabelName,XMin,XMax,YMin\na,/m/1,0,1,0\n", r"not the official OpenImages CSV: its header has no YMax\."),
        ("ImageID\na\n", r"its header has no XMin, YMin, XMax, YMax, LabelName\."),
        (PLAIN.strip() + ",IsGroupOf\na,/m/1,0,1,0,1,x\n", r"cannot be read as an OpenImages box file \(.*conversion error"),
    ],
)  # fmt: skip
def test_another_dialect_is_refused_with_its_file(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        read_boxes([boxes_file(tmp_path, text)], DropCounter())


def test_files_are_known_by_their_headers(tmp_path: Path) -> None:
    assert is_box_file(PLAIN.strip().split(",")) and is_box_file(HEADER.strip().split(",")) and not is_box_file(["ImageID", "LabelName"])
    assert is_description_file(["LabelName", "DisplayName", "x"]) and is_description_file(["/m/1", "Cat"])
    assert not any(map(is_description_file, (["/m/1"], ["/m/1", "Cat", "x"], ["m/1", "Cat"], ["DisplayName", "LabelName"], [])))
    assert (
        is_image_file(["Subset", "x", "ImageID"])
        and is_image_file(["ImageID", "Subset"])
        and not is_image_file(["ImageID"])
        and not is_image_file(["Subset"])
    )
    for text, header in (("a,b\nc,d\n", ["a", "b"]), ("", []), ("a,b,c,d,e\0\n", []), ('"a,b",c', ["a,b", "c"]), ("\ufeffa,b", ["a", "b"])):
        write(tmp_path, {"h.csv": text})
        assert header_of(tmp_path / "h.csv") == header
    assert header_of(tmp_path / "none.csv") == []
    write(tmp_path, {"h.csv": "a," * 32768 + "b"})
    assert len(header_of(tmp_path / "h.csv")) == 32769, "64 kB are looked at"
    write(tmp_path, {"h.csv": '"' + "x" * 140_000})
    assert header_of(tmp_path / "h.csv") == [] or len(header_of(tmp_path / "h.csv")[0]) == 65535


def test_names_that_two_classes_share_are_told_apart_and_licences_are_those_of_known_pictures(tmp_path: Path) -> None:
    write(tmp_path, {"a.csv": 'LabelName,DisplayName\n/m/1," Cat "\n/m/2,Dog\n/m/3,Cat\n/m/4,\nm/5,Cow\n/m/6\n', "b.csv": "/m/2,Hound,x\n"})
    names = {"/m/1": "Cat (/m/1)", "/m/2": "Hound", "/m/3": "Cat (/m/3)", "/m/4": "/m/4"}
    assert read_descriptions([tmp_path / "a.csv", tmp_path / "b.csv"]) == names and read_descriptions([]) == {}
    write(
        tmp_path, {"i.csv": "ImageID,License\na,CC\nb,\nc,BY\n", "j.csv": "ImageID,Subset\nd,train\n", "k.csv": "ImageID,License\na,ND\n"}
    )
    files = [tmp_path / name for name in ("i.csv", "j.csv")]
    assert read_licences(files, {"a", "b", "d"}) == {"a": "CC"} and read_licences([*files, tmp_path / "k.csv"], {"a", "c"}) == {
        "a": "ND",
        "c": "BY",
    }


def test_the_class_hierarchy_is_pairs_of_parent_and_child(tmp_path: Path) -> None:
    dog = {"LabelName": "dog", "Part": [{"LabelName": "tail"}], "Subcategory": [{"LabelName": "hound"}, {"LabelName": "hound"}]}
    tree = {"LabelName": "all", "Subcategory": [{"LabelName": "cat"}, dog, 5, {"x": 1}], "Part": [{"LabelName": "leg"}]}
    write(tmp_path, {"h.json": tree, "bad.json": "{", "list.json": [1], "other.json": {"a": 1}})
    assert read_class_hierarchy(tmp_path / "h.json") == [
        ("all", "cat", "is a"), ("all", "dog", "is a"), ("all", "leg", "part of"), ("dog", "hound", "is a"), ("dog", "tail", "part of"),
    ]  # fmt: skip
    for name, message in (
        ("bad", "not a JSON file"),
        ("list", "not a class hierarchy"),
        ("other", "not a class hierarchy"),
        ("none", "not a JSON file"),
    ):
        with pytest.raises(DataError, match=message):
            read_class_hierarchy(tmp_path / f"{name}.json")


def scene(root: Path) -> Path:
    write(
        root,
        {
            "x/train-boxes.csv": HEADER
            + row("a", "/m/1")
            + row("gone", "/m/2")
            + row("a", "/m/2", 0, 0, 1, 0, 0)
            + row("a", "/m/9", 0, 0, 0, 1, 0),
            "class-descriptions.csv": "/m/1,Cat\n/m/2,Dog\n",
            "deep/er/image_ids.csv": "ImageID,Subset,License\na,train,CC\n",
            "classifications.csv": "ImageID,Source,LabelName,Confidence\na,verification,/m/1,1\n",
            "readme.txt": PLAIN,
            "x/a.jpg": b"",
            "z/b.png": b"",
            "masks/c.png": b"",
            "Segmentations/segmentations/d.png": b"",
        },
    )
    return root


def test_pictures_of_the_boxes_come_first_and_those_without_after_them(tmp_path: Path) -> None:
    raw = read_openimages(str(scene(tmp_path / "set")))
    assert (raw.root, raw.count, raw.name, raw.files) == (tmp_path / "set", 3, "set", 3)
    cat, nine = RawBox((0.25, 0, 0.5, 1), "Cat", "a: box 1"), RawBox((0.25, 0, 0.5, 1), "/m/9", "a: box 3")
    images = [
        RawImage("x/a.jpg", (cat, nine), licence="CC", record="image a", normalised=True),
        RawImage("gone.jpg", (RawBox((0.25, 0, 0.5, 1), "Dog", "gone: box 1"),), record="image gone", normalised=True),
        RawImage("z/b.png", (), record="image b", normalised=True),
    ]
    assert list(raw.images) == images
    assert examples(raw.dropped) == {"group of objects": ["a: box 2: /m/2"]} and losses(raw.dropped) == {"group of objects": (1, 0, 1, 0)}


def test_boxes_and_pictures_are_left_out_as_a_person_says(tmp_path: Path) -> None:
    raw = read_openimages(scene(tmp_path / "set"), leave_out=("IsGroupOf", "IsDepiction"), only=frozenset({"a", "b"}))
    assert [(image.file_name, [box.label for box in image.boxes]) for image in raw.images] == [("x/a.jpg", ["Cat"]), ("z/b.png", [])]
    assert raw.count == 2 and examples(raw.dropped) == {"marked IsGroupOf or IsDepiction": ["a: box 2: /m/2", "a: box 3: /m/9"]}
    assert len(next(iter(read_openimages(tmp_path / "set", leave_out=()).images)).boxes) == 3


def test_a_box_file_is_read_with_what_lies_beside_it(tmp_path: Path) -> None:
    root = scene(tmp_path / "set")
    raw = read_openimages(root / "x/train-boxes.csv", str(root))
    assert (raw.root, raw.count, raw.name, raw.files) == (root, 3, "x", 1)
    assert next([box.label for box in image.boxes] for image in raw.images) == ["/m/1", "/m/9"]
    raw = read_openimages(root / "x/train-boxes.csv")
    assert raw.root == root / "x" and [image.file_name for image in raw.images] == ["a.jpg", "gone.jpg"]
    found = find_files(root)
    assert found.boxes == [root / "x/train-boxes.csv"] and found.descriptions == [root / "class-descriptions.csv"]
    assert found.images == [root / "deep/er/image_ids.csv"]
    write(root, {"b.csv": PLAIN, "a/c.csv": PLAIN, "B.CSV": PLAIN})
    assert find_files(root).boxes == [root / name for name in ("B.CSV", "b.csv", "a/c.csv", "x/train-boxes.csv")], "those on top first"


def test_a_set_without_its_pictures_or_boxes_is_refused(tmp_path: Path) -> None:
    root = scene(tmp_path / "set")
    (root / "x/a.jpg").unlink()
    with pytest.raises(DataError, match=r"set: names 2 pictures, but none of them was found below .*set; name the folder"):
        read_openimages(root)
    with pytest.raises(
        DataError, match=r"image_ids\.csv: not an OpenImages box file: expected the columns .*; found ImageID, Subset, License\."
    ):
        read_openimages(root / "deep/er/image_ids.csv")
    write(root, {"e.csv": ""})
    with pytest.raises(DataError, match=r"; found nothing\."):
        read_openimages(root / "e.csv")
    write(tmp_path, {"w.csv": f"{'a' * 200}\n"})
    with pytest.raises(DataError, match=rf"; found {'a' * 100}\."):
        read_openimages(tmp_path / "w.csv")
    write(tmp_path / "bare", {"image_ids.csv": "ImageID,Subset,License\nb,train,BY\n", "b.png": b""})
    assert list(read_openimages(tmp_path / "bare").images) == [RawImage("b.png", (), licence="BY", record="image b", normalised=True)]
    write(tmp_path / "empty", {"image_ids.csv": "ImageID,Subset\nb,train\n"})
    with pytest.raises(DataError, match="names 0 pictures"):
        read_openimages(tmp_path / "empty")

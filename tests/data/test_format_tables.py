"""Tables, rows and what lies beside them on one picture of 200 × 100 pixels: what each row gives, and what is said of those that give
none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hypviz.data.formats.detect import open_dataset
from hypviz.data.formats.sniff import sniff
from hypviz.data.importer import import_items
from hypviz.errors import DataError
from tests.data.layouts import WRITERS, Layout, Scene
from tests.data.one_picture import found, load, said

HEADER = "filename,xmin,ymin,xmax,ymax,class"


def test_rows_of_a_table_that_are_no_boxes_are_named_by_their_number(tmp_path: Path) -> None:
    rows = ("a.png,10,20,40,60,cat", "a.png,10,20,40,60", "a.png,10,20,40,60,nan", "a.png,x,20,40,60,cat", ",1,2,3,4,cat")
    text = "\n".join([HEADER, *rows, "a.png,,,,,cat", "a.png,1,2,3,4,cat,extra", ",,,,,", "a.png,1,2,3,4,dog"])
    items, report = load(tmp_path, "boxes.csv", text)
    assert found(items) == [("cat", [10, 20, 40, 60]), ("dog", [1, 2, 3, 4])]
    assert said(report) == {
        "no class name": ["boxes.csv: row 3", "boxes.csv: row 4"],
        "box is not four numbers": ["boxes.csv: row 5: x, 20, 40, 60"],
        "no picture in the record": ["boxes.csv: row 6"],
        "row of another length": ["boxes.csv: row 8 has 7 cells, not 6"],
    }


def test_a_table_without_boxes_has_the_classes_of_whole_pictures(tmp_path: Path) -> None:
    items, report = load(tmp_path, "labels.csv", "filename,label\na.png,cat\na.png,null\n")
    assert found(items) == [("cat", [0, 0, 200, 100])] and said(report) == {"no class name": ["labels.csv: row 3"]}
    (tmp_path / "labels.csv").write_text("filename,label,crop_box\na.png,cat,1 2 3 4\n")
    with pytest.raises(DataError, match=r"labels\.csv \(a table with the columns filename, label, crop_box\)"):
        open_dataset(tmp_path)


def test_rows_with_shapes_that_are_no_boxes_are_counted_not_taken_for_whole_pictures(tmp_path: Path) -> None:
    rows = [{"file_name": "a.png", "label": "cat", "shape": {"u": 1}}, {"file_name": "a.png", "bbox": [1, 2, 30, 40], "label": "dog"}]
    items, report = load(tmp_path, "metadata.jsonl", "\n".join(map(json.dumps, rows)))
    assert found(items) == [("dog", [1, 2, 31, 42])] and said(report)["no box"] == ["metadata.jsonl: row 1: shape"]


def test_a_picture_without_the_ending_of_one_is_found_or_named_in_the_refusal(tmp_path: Path) -> None:
    items, _ = load(tmp_path, "boxes.csv", f"{HEADER}\nsub/a.dat,10,20,40,60,cat\n", picture_name="sub/a.dat")
    assert found(items) == [("cat", [10, 20, 40, 60])]
    (tmp_path / "boxes.csv").write_text(f"{HEADER}\nelse/b.dat,10,20,40,60,cat\n")
    with pytest.raises(DataError, match=r"names 1 pictures, but 0 of the 1 looked for .*\(example: else/b\.dat\)"):
        open_dataset(tmp_path)


def test_a_file_that_is_no_picture_and_one_that_is_not_there_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "b.dat").write_text("no picture")
    rows = "\n".join(f"{name},10,20,40,60,cat" for name in ("a.png", "b.dat", "c.dat", "../a.png"))
    items, report = load(tmp_path, "boxes.csv", f"{HEADER}\n{rows}\n")
    assert found(items) == [("cat", [10, 20, 40, 60])]
    assert said(report) == {
        "picture listed twice": ["a.png is listed twice, as boxes.csv: row 2 and as boxes.csv: row 5"],
        "not a picture": ["boxes.csv: row 3: b.dat, not a picture in a format known here"],
        "missing": ["boxes.csv: row 4: c.dat, there is no such file"],
    }


def test_pictures_are_looked_for_where_a_person_says(tmp_path: Path) -> None:
    load(tmp_path / "pictures", "notes.csv", f"{HEADER}\na.png,1,2,3,4,dog\n")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/boxes.csv").write_text(f"{HEADER}\na.png,10,20,40,60,cat\n")
    items, report = import_items(open_dataset(tmp_path / "notes", images=tmp_path / "pictures"))
    assert found(items) == [("cat", [10, 20, 40, 60])] and report.files == 1


def test_two_formats_that_speak_of_one_picture_are_not_joined(tmp_path: Path) -> None:
    scenes = [Scene("a.png", (160, 120), (("cat", 10, 20, 40, 60),))]
    for layout in ("csv", "cvat"):
        WRITERS[layout](Layout(tmp_path, ("cat",)), scenes)
    with pytest.raises(DataError, match=r"a\.png") as caught:
        open_dataset(tmp_path)
    assert "csv" in str(caught.value).lower() and "cvat" in str(caught.value).lower()


def test_a_class_tree_beside_the_annotations_is_none_of_them(tmp_path: Path) -> None:
    tmp_path.joinpath("taxonomy.txt").write_text("animal\n  cat\n  dog\n")
    items, report = load(tmp_path, "boxes.csv", f"{HEADER}\na.png,10,20,40,60,cat\n")
    assert found(items) == [("cat", [10, 20, 40, 60])] and report.taxonomy is not None and said(report) == {}
    assert "cat" in report.taxonomy.names


def test_what_a_file_is_is_said_in_words(tmp_path: Path) -> None:
    for name, text, kind, words in (
        ("a.json", '[{"a": 1}, {"b": 2}]', "", ""),
        ("b.json", '[{"bbox": [1, 2, 3, 4], "b": 2}]', "unknown", "a list of objects with bbox"),
        ("c.csv", "u,xmin,ymin,xmax,ymax\n1,2,3,4,5\n", "unknown", "a table with the columns u, xmin, ymin, xmax, ymax"),
    ):
        (tmp_path / name).write_text(text)
        sign = sniff(tmp_path / name)
        assert (sign.kind, sign.description) == (kind, words)

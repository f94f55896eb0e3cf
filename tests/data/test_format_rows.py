"""What rows of words and columns of tables are: the kinds of text files, the columns that hold boxes, and tables that hold none."""

from __future__ import annotations

from pathlib import Path

import pytest

from hypviz.data.formats.sniff_rows import (
    box_columns,
    column_of,
    is_number,
    kitti_class,
    looks_headless,
    plain,
    sniff_csv,
    sniff_text,
    strange_columns,
)

NOTHING = ("", "")
YOLO = ("yolo", "YOLO label files")
KITTI = ("kitti", "KITTI label files")
DOTA = ("unknown", "rows of four corners and a class (DOTA)")
NAMED = ("unknown", "rows of a class name and a box")
NUMBERS = ("unknown", "rows of numbers")
COMMAS = ("unknown", "rows of numbers between commas")
CAR = "Car 0.00 0 -1.5 10 20 30 40 1.5 1.6 3.9 1 2 3 0\n"
ROW = "0 0.5 0.5 0.1 0.1\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ROW, YOLO),
        ("0 1 2 3\n", NOTHING),
        ("0.5 1 2 3 4\n", NUMBERS),
        ("-1 1 2 3 4\n", NUMBERS),
        ("1 2 3 4 5 6 7 8 9\n", YOLO),
        ("1 1 5 1 5 5 1 5 plane\n", DOTA),
        ("1 1 5 1 5 5 1 x plane\n", NOTHING),
        ("1 1 5 1 5 5 1 plane\n", NOTHING),
        ("ImageSource:GoogleEarth\n", DOTA),
        ("GSD:0.1\n", DOTA),
        ("cat 1 2 30 40\n", NAMED),
        ("cat 1 2 30 40 0.9\n", NAMED),
        ("cat 1 2 30\n", NOTHING),
        ("cat 1 2 30 40 0.9 7\n", NOTHING),
        ("cat 1 2 30 x\n", NOTHING),
        ("1 2 30 x\n", NOTHING),
        ("1,2,30,40,car\n", COMMAS),
        ("1, 2, 30, 40, 5,\n", COMMAS),
        ("1,2,30,40\n", NOTHING),
        ("1,2,30,40,\n", NOTHING),
        ("1,2,30,x,5\n", NOTHING),
        (CAR, KITTI),
        (CAR + "\n\nimages/a.jpg\n", KITTI),
        (CAR + ROW, NOTHING),
        (CAR + ROW + ROW, YOLO),
        (CAR * 2 + ROW, KITTI),
        (ROW + "a b\n", NOTHING),
        (ROW * 2 + "a b\n", YOLO),
        (ROW + "\0", NOTHING),
        ("a\n" * 25 + ROW * 25, NOTHING),
        ("a\n" * 24 + ROW * 26, YOLO),
        ("a\n" * 26 + ROW * 28, NOTHING),  # fifty lines are looked at
        (ROW * 26 + "a\n" * 40, YOLO),
        ("", NOTHING),
    ],
)
def test_a_text_is_what_most_of_its_first_rows_are(text: str, expected: tuple[str, str]) -> None:
    assert sniff_text(text) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("Car 0.0 0 -1.5 10 20 30 40 1 1 1 1 1 1 0", ["Car"]),
        ("Car 0.0 0 -1.5 10 20 30 40 1 1 1 1 1 1 0 0.9", ["Car"]),
        ("Car 0.0 0 -1.5 10 20 30 40 1 1 1 1 1 1 0 0.9 2", []),
        ("Car 0.0 0 -1.5 10 20 30 40 1 1 1 1 1 1", []),
        ("Car 0.0 0 -1.5 10 20 30 40 1 1 1 1 1 1 x", []),
        ("big red car 0.0 0 -1.5 10 20 30 40 1 1 1 1 1 1 0", ["big", "red", "car"]),
        ("3 0.0 0 -1.5 10 20 30 40 1 1 1 1 1 1 0", ["3"]),
        ("3 0.0 0 -1.5 10 20 30 40 1 1 1 1 1 1 0 0.9", ["3"]),
        ("3 0.0 0 -1.5 10 20 30 40 1 1 1 1 1 1 0 0.9 2", []),
        ("3 0.0 0 -1.5 10 20 30 40 1 1 1 1 1 1", []),
        ("3 0.0 0.5 -1.5 10 20 30 40 1 1 1 1 1 1 0", []),
        ("3 0.0 0 -1.5 10 20 10 20 1 1 1 1 1 1 0", ["3"]),
        ("3 0.0 0 -1.5 10 20 9 40 1 1 1 1 1 1 0", []),
        ("3 0.0 0 -1.5 10 20 30 19 1 1 1 1 1 1 0", []),
        ("3 0.0 0 -1.5 0 0 1 2 9 9 9 9 9 9 0", []),
        ("3 0.0 0 -1.5 0 0 1 2.5 1 1 1 1 1 1 0", ["3"]),
        ("3 0.0 0 -1.5 -9 0 1 2 1 1 1 1 1 1 0", ["3"]),
        ("a b c", []),
        ("", []),
    ],
)
def test_a_row_of_kitti_begins_with_its_class(row: str, expected: list[str]) -> None:
    assert kitti_class(row.split()) == expected


def test_columns_are_known_by_their_names_without_case_and_signs() -> None:
    assert [plain(each) for each in (" X_Min ", "Image ID", "a1", "é")] == ["xmin", "imageid", "a1", ""]
    assert [is_number(each) for each in ("1", "-1e3", "nan", "1,5", "x", "")] == [True, True, True, False, False, False]
    assert column_of(["File_Name", "filename", "image"], ("image", "filename")) == "image"
    assert column_of(["File_Name", "filename"], ("image", "filename")) == "File_Name", "the first of two"
    assert column_of(["a"], ("image",)) == ""


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("x_min y_min x_max y_max", ("xyxy", "x_min y_min x_max y_max")),
        ("x1 y1 x2 y2 w h", ("xyxy", "x1 y1 x2 y2")),
        ("x y width height", ("xywh", "x y width height")),
        ("cx cy w h", ("cxcywh", "cx cy w h")),
        ("xcenter ycenter w h", ("cxcywh", "xcenter ycenter w h")),
        ("xmin ymin width height", ("xywh", "xmin ymin width height")),
        ("roi.X1 roi.Y1 roi.X2 roi.Y2", ("xyxy", "roi.X1 roi.Y1 roi.X2 roi.Y2")),
        ("b_x1 b_y1 b_x2 b_y2 a_x1 a_y1 a_x2 a_y2", ("xyxy", "a_x1 a_y1 a_x2 a_y2")),
        ("a_x1 a_y1 a_x2 a_y2 x y w h", ("xywh", "x y w h")),
        ("a_x1 b_y1 a_x2 a_y2", ("", "")),
        ("id BBox", ("list", "BBox")),
        ("id boundingbox", ("list", "boundingbox")),
        ("id label", ("", "")),
    ],
)
def test_columns_give_a_box_by_what_they_are_called(header: str, expected: tuple[str, str]) -> None:
    assert box_columns(header.split()) == (expected[0], tuple(expected[1].split()))


def test_columns_that_look_like_coordinates_are_strange() -> None:
    assert strange_columns(["id", "crop_box", "Polygon"], [["1", "2", "3"]]) == ["crop_box", "Polygon"]
    assert strange_columns(["a", "b"], [["1 2 3 4", "x"], ["5 6 7 8 9", "1 2 3 4"]]) == ["a"]
    assert strange_columns(["a", "b"], [["1 2 3", "x"], ["5 6 7 8 9"]]) == []
    assert strange_columns(["a"], [["1 2 3 4"], [""], []]) == ["a"]
    rows = [["2", "0", "3", "7"], ["1", "1", "5", "8"]]
    assert strange_columns(list("abcd"), rows) == []  # the second is yes or no
    numbers = [["2", "9", "3", "7"], ["1", "1", "5", "8"]]
    assert strange_columns(list("abcd"), numbers) == list("abcd")
    assert strange_columns(list("abc"), numbers) == []
    assert strange_columns(["a", "b", "c", "user_id"], numbers) == strange_columns(["a", "b", "c", "Image Width"], numbers) == []
    assert strange_columns(list("abcde"), numbers) == list("abcd")
    assert strange_columns(list("abcd"), [["2", "9", "3", "x"], ["1", "1", "5", "8"]]) == []
    assert strange_columns(list("abcd"), []) == []


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("a.png,1,2,3,4,cat", True),
        ("a.jpeg,1,2,3,4,cat", True),
        ("a.webp2,1,2,3,4,cat", True),
        ("a.toolong,1,2,3,4,cat", False),
        ("a.x,1,2,3,4,cat", False),
        ("a,1,2,3,4,cat", False),
        ("a.png,1,2,3,4", False),
        ("a.png,1,2,3,4,cat,dog", False),
        ("a.png,x,2,3,4,cat", False),
        ("a.png,1,2,3,x,cat", False),
        ("a.png,1,2,3,4,5", False),
        ("", False),
    ],
)
def test_a_table_without_a_header_begins_with_a_picture_and_a_box(row: str, expected: bool) -> None:
    assert looks_headless(row.split(",")) is expected


def columns(*names: str) -> str:
    return f"a table with the columns {', '.join(names)[:100]}"


LONG = [f"{'x' * 30}{n}" for n in range(4)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("filename,xmin,ymin,xmax,ymax,class\n", ("csv", columns("filename", "xmin", "ymin", "xmax", "ymax", "class"))),
        ("name,x1,y1,x2,y2\n", ("csv", columns("name", "x1", "y1", "x2", "y2"))),
        ("name,label\n", ("", columns("name", "label"))),
        ("image,label\n", ("csv", columns("image", "label"))),
        ("image,label,crop_box\n", ("unknown", columns("image", "label", "crop_box"))),
        ("image,colour\n", ("", columns("image", "colour"))),
        ("label,colour\n", ("", columns("label", "colour"))),
        ("u,x1,y1,x2,y2\n", ("unknown", columns("u", "x1", "y1", "x2", "y2"))),
        ("u,Polygon\n", ("unknown", columns("u", "Polygon"))),
        ("image,label,a,b,c,d\nx,y,2,3,4,5\n", ("", columns("image", "label", "a", "b", "c", "d"))),
        (f"image,label,{','.join(LONG)}\n", ("csv", columns("image", "label", *LONG))),
        ("a.png,1,2,3,4,cat\n", ("csv", "a table of boxes without a header")),
        ("cat,1,2,3,4\n", ("unknown", "a table of numbers without a header")),
        ("cat,1,2,3\n", ("", columns("cat", "1", "2", "3"))),
        (",".join(map(str, range(12))) + "\n", ("unknown", "a table of numbers without a header")),
        (",".join(map(str, range(13))) + "\n", ("", columns(*map(str, range(13))))),
        ("ImageID,LabelName,XMin,XMax,YMin,YMax\n", ("openimages", "a table of OpenImages")),
        ("ImageID,Subset\n", ("openimages", "a table of OpenImages")),
        ("LabelName,DisplayName\n", ("openimages names", "class descriptions of OpenImages")),
        ("/m/01,Cat\n", ("openimages names", "class descriptions of OpenImages")),
        ('file_name,objects\na.jpg,"[{""bbox"": 1}]"\n', ("metadata", "a list of pictures with objects, bbox")),
        ('file_name,objects\na.jpg,"[{""u"": 1}]"\n', ("", columns("file_name", "objects"))),
        ("a,region_shape_attributes\n1,{}\n", ("via", "VIA's table")),
        ('data,annotations\n{},"[{}]"\n', ("labelstudio", "Label Studio JSON")),
        ("file_name,bbox\na.jpg,3\n", ("csv", columns("file_name", "bbox"))),
        ("a,region_shape_attributes\n" + "1,x\n" * 19 + "1,{}\n", ("via", "VIA's table")),
        ("a,region_shape_attributes\n" + "1,x\n" * 20 + "1,{}\n", ("unknown", columns("a", "region_shape_attributes"))),
        ("image,label\0\n", NOTHING),
        ("", ("", columns())),
    ],
)  # fmt: skip
def test_a_table_is_what_its_columns_and_first_rows_are(text: str, expected: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text)
    assert sniff_csv(tmp_path / "a.csv") == expected


def test_twenty_rows_and_the_header_decide_what_columns_hold(tmp_path: Path) -> None:
    def kind(before: int) -> str:
        (tmp_path / "a.csv").write_text("image,label,a,b,c,d\n" + "x,y,2,3,4,5\n" * before + "x,y,u,3,4,5\n" + "x,y,2,3,4,5\n" * 9)
        return sniff_csv(tmp_path / "a.csv")[0]

    assert (kind(18), kind(19)) == ("csv", "")

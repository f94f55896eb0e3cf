"""Tables of boxes and lists of pictures to the last field: columns by their names, rows by their numbers, sizes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from hypviz.data.formats.csv_boxes import read_csv_boxes
from hypviz.data.formats.entries import Entry
from hypviz.data.formats.loose import NO_LABELS, boxes_of
from hypviz.data.formats.metadata import read_metadata
from hypviz.data.raw import RawBox
from hypviz.errors import DataError
from tests.data.reading import Read, read

WHOLE = (0, 0, 1, 1)


def table(root: Path, text: str, **more: Any) -> Read:
    return read(read_csv_boxes, root, {"x/t.csv": text}, **more)


def entry(*boxes: RawBox, name: str = "p.png", row: int = 2, **more: Any) -> Entry:
    return Entry((name,), "x/t.csv", boxes, f"t.csv: row {row}", any_ending=True, **more)


def at(row: int, label: str = "car", xyxy: Any = (1, 2, 30, 40)) -> RawBox:
    return RawBox(xyxy, label, f"t.csv: row {row}")


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_rows_of_a_table_have_a_picture_a_class_a_box_and_a_size(sign: str, tmp_path: Path) -> None:
    rows = ["filename,xmin,ymin,xmax,ymax,class,width,height", " p.png ,1,2,30,40, car ,64,48", "q.png,1,2,30,40,bus,x,48",
            "p.png,1,2,30,40,bus,7,7", "r.png,, ,,,car,64,48", "", "p.png,1,2,30"]  # fmt: skip
    got = table(tmp_path, "\n".join(rows).replace(",", sign))
    assert got.entries == [
        entry(at(2), at(4, "bus"), size=(64, 48)),
        entry(at(3, "bus"), name="q.png", row=3),
        entry(name="r.png", row=5, size=(64, 48)),
    ]
    assert got.said == {"box is not four numbers": ["t.csv: row 7: 1, 2, 30, "]} and got.files == {"x/t.csv"}


@pytest.mark.parametrize(
    ("header", "row", "xyxy"),
    [
        ("image,label,cx,cy,w,h", "p.png,car,10,20,4,6", (8, 17, 12, 23)),
        ("image,label,x,y,w,h", "p.png,car,10,20,4,6", (10, 20, 14, 26)),
        ("image,label,bbox", 'p.png,car,"[10, 20, 4, 6]"', (10, 20, 14, 26)),
        ("image,label,bbox", 'p.png,car,"(10 20 4 6)"', (10, 20, 14, 26)),
        ("image,label,bbox", 'p.png,car,"{10,20,4 6} "', (10, 20, 14, 26)),
        ("image;label;x1;y1;x2;y2", "p.png;car;1,5;2;3;4,25", (1.5, 2, 3, 4.25)),
        ("image;label;bbox", "p.png;car;1,5,2,3", (1, 5, 3, 8)),
    ],
)
def test_a_box_stands_in_columns_or_in_a_cell(header: str, row: str, xyxy: Any, tmp_path: Path) -> None:
    assert table(tmp_path, f"{header}\n{row}\n").entries == [entry(at(2, xyxy=xyxy))]


def test_decimal_commas_are_numbers_where_another_sign_parts_the_cells(tmp_path: Path) -> None:
    got = table(tmp_path, 'image,label,x1,y1,x2,y2\np.png,car,"1,5",2,3,4\n')
    assert got.entries == [entry()] and got.said == {"box is not four numbers": ["t.csv: row 2: 1,5, 2, 3, 4"]}


def test_tables_may_lack_a_header_or_a_class_and_have_a_size_by_other_names(tmp_path: Path) -> None:
    assert table(tmp_path, "p.png,1,2,30,40,car\n").entries == [entry(at(1), row=1)]
    assert table(tmp_path, "image,x1,y1,x2,y2\np.png,1,2,30,40\n").entries == [entry(at(2, "object"))]
    for width, height in (("image_width", "image_height"), ("img_width", "img_height"), ("width", "img_height")):
        got = table(tmp_path, f"image,x1,y1,x2,y2,{width},{height}\np.png,1,2,30,40,64,48\n")
        assert got.entries == [entry(at(2, "object"), size=(64, 48))]
    got = table(tmp_path, "image,x,y,width,height\np.png,1,2,30,40\n")
    assert got.entries == [entry(at(2, "object", (1, 2, 31, 42)))], "sides of a box are no size of a picture"
    assert table(tmp_path, "name,x1,y1,x2,y2\np.png,1,2,30,40\n").entries == [entry(at(2, "object"))], "a name is one thing"
    assert table(tmp_path, "name,label,x1,y1,x2,y2\np.png,car,1,2,30,40\n").entries == [entry(at(2))]
    got = table(tmp_path, "# by hand\nimage,label\n\np.png,car\nq.png,nan\np.png,bus\n")
    assert got.entries == [
        entry(RawBox(WHOLE, "car", "t.csv: row 4"), RawBox(WHOLE, "bus", "t.csv: row 6"), row=4, normalised=True),
        entry(name="q.png", row=5, normalised=True),
    ]
    assert got.said == {"no class name": ["t.csv: row 5"]}


def test_rows_that_say_nothing_are_named_and_long_ones_are_cut(tmp_path: Path) -> None:
    long = "9" * 70 + "x"
    rows = [
        "image,label,x1,y1,x2,y2",
        ",car,1,2,3,4",
        f"p.png,car,{long},2,3,4",
        "p.png,car,1,2,3,4,5",
        "p.png,car,1,2,3,4,,",
        "p.png,,1,2,3,4",
    ]
    got = table(tmp_path, "\n".join(rows))
    assert got.entries == [entry(at(5, xyxy=(1, 2, 3, 4)), row=3)]
    assert got.said == {
        "no picture in the record": ["t.csv: row 2"],
        "box is not four numbers": [f"t.csv: row 3: {'9' * 60}"],
        "row of another length": ["t.csv: row 4 has 7 cells, not 6"],
        "no class name": ["t.csv: row 6"],
    }
    assert set(got.lost.values()) == {(1, 0, 1, 0)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,colour\np.png,red\n", r"expected columns for the picture, the class and the box .*; found image, colour\."),
        ("label,x1,y1,x2,y2\ncar,1,2,3,4\n", r"; found label, x1, y1, x2, y2\."),
        ("", r"; found nothing\."),
        (f"{'a' * 200}\n", rf"; found {'a' * 120}\."),
        ("image,label\0\n", r"not a table of boxes; it holds bytes that are no text"),
        ("image,label,crop_box\np.png,car,1\n", r"the columns crop_box look like boxes"),
        ("image,label,a,b\np.png,car,1 2 3 4,x\n", r"the columns a look like boxes"),
        ('image,label,x1,y1,x2,y2\np.png,"' + "x" * ((1 << 24) + 1) + '",1,2,3,4\n', r"not a table of boxes \(field larger"),
    ],
)  # fmt: skip
def test_a_table_that_is_none_is_refused_alone_and_counted_among_others(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        table(tmp_path, text)
    got = read(read_csv_boxes, tmp_path, {"x/t.csv": text, "u.csv": "image,x1,y1,x2,y2\np.png,1,2,30,40\n"})
    assert len(got.entries) == 1 and got.files == {"u.csv"} and got.lost == {"unreadable annotation file": (1, 0, 0, 1)}
    (said,) = got.said["unreadable annotation file"]
    assert said.startswith("x/t.csv: ") and re.search(message, said) and str(tmp_path) not in said


def test_nineteen_rows_are_looked_at_for_what_are_no_whole_pictures(tmp_path: Path) -> None:
    def rows(before: int) -> str:
        return "image,label,a\n" + "p.png,car,1 2 3 4\n" * before + "p.png,car,x\n" + "p.png,car,1 2 3 4\n"

    assert len(table(tmp_path, rows(18)).entries) == 1
    with pytest.raises(DataError, match="the columns a look like boxes"):
        table(tmp_path, rows(19))


def listed(root: Path, rows: list[Any], name: str = "x/m.jsonl") -> Read:
    return read(read_metadata, root, {name: "\n".join(map(json.dumps, rows))})


def of_row(number: int, *boxes: RawBox, name: str = "p.png", **more: Any) -> Entry:
    return Entry((name,), "x/m.jsonl", boxes, f"m.jsonl: row {number}", any_ending=True, **more)


def test_rows_of_a_list_name_a_picture_its_size_and_its_boxes(tmp_path: Path) -> None:
    box = {"bbox": [1, 2, 3, 4], "label": "car"}
    rows = [
        {"file_name": "p.png", "width": 64, "height": 48, "objects": [box, {**box, "bbox": [1, 2, "x", 4]}, {**box, "label": ""}]},
        {"image": "", "path": "q.png", "bbox": [[1, 2, 3, 4]], "category_id": [7]},
        {"image": 5, "objects": [box, box]},
        5,
        {"img": "r.png", "bbox": [1, 2, 3, 4]},
        {"file": "s.png"},
    ]
    got = listed(tmp_path, rows)
    first, second = RawBox((1, 2, 4, 6), "car", "m.jsonl: row 1, box 1"), RawBox((1, 2, 4, 6), "class 7", "m.jsonl: row 2, box 1")
    assert got.entries == [
        of_row(1, first, size=(64, 48)),
        of_row(2, second, name="q.png"),
        of_row(5, RawBox((1, 2, 4, 6), "object", "m.jsonl: row 5, box 1"), name="r.png"),
        of_row(6, name="s.png"),
    ]
    assert got.lost == {
        "box is not four numbers": (1, 0, 1, 0),
        "no class name": (1, 0, 1, 0),
        "no picture in the record": (1, 1, 2, 0),
        "unreadable record": (1, 1, 0, 0),
    }
    assert got.said == {
        "box is not four numbers": ["m.jsonl: row 1, box 2: [1, 2, 'x', 4]"],
        "no class name": ["m.jsonl: row 1, box 3"],
        "no picture in the record": ["m.jsonl: row 3"],
        "unreadable record": ["m.jsonl: row 4"],
    }
    assert got.notes == [
        "x/m.jsonl has no class names: its classes are numbered",
        "x/m.jsonl: boxes without a key for their class (img, bbox) are of the class 'object'",
    ]
    assert got.files == {"x/m.jsonl"}


@pytest.mark.parametrize("key", ["label", "labels", "class", "class_name", "category"])
def test_a_row_without_boxes_has_the_class_of_its_whole_picture(key: str, tmp_path: Path) -> None:
    rows = [{"file_name": "p.png", key: "cat", "width": 64, "height": 48}, {"file_name": "q.png", key: 3}, {"file_name": "r.png", key: ""}]
    assert listed(tmp_path, rows).entries == [
        of_row(1, RawBox(WHOLE, "cat", "m.jsonl: row 1"), normalised=True),
        of_row(2, RawBox(WHOLE, "class 3", "m.jsonl: row 2"), name="q.png", normalised=True),
        of_row(3, name="r.png"),
    ]


@pytest.mark.parametrize("key", ["polygon", "polygons", "segmentation", "points", "mask", "rle", "keypoints", "shape"])
def test_a_row_with_an_outline_alone_has_a_box_that_is_not_read(key: str, tmp_path: Path) -> None:
    rows = [
        {"file_name": "p.png", "label": "cat", key: {"u": 1}},
        {"file_name": "q.png", "bbox": [1, 2, 3, 4], "label": "cat", key: {"u": 1}},
    ]
    got = listed(tmp_path, rows)
    assert [len(one.load()) for one in got.entries] == [0, 1] and got.said == {"no box": [f"m.jsonl: row 1: {key}"]}


def test_rows_whose_boxes_nobody_can_read_are_refused(tmp_path: Path) -> None:
    plain = {"file_name": "p.png"}
    strange = {**plain, "detections": 5, "xmin": 1}
    with pytest.raises(DataError, match=r"x/m\.jsonl: its rows have detections, xmin, but no boxes of four numbers"):
        listed(tmp_path, [plain, *[5] * 30, *[plain] * 18, strange])
    assert len(listed(tmp_path, [plain, *[5] * 31, *[plain] * 18, strange]).entries) == 20, "the first fifty rows are looked at"
    assert len(listed(tmp_path, [strange, {"file_name": "q.png", "bbox": [1, 2, 3, 4]}]).entries) == 2
    got = listed(tmp_path, [strange, {"file_name": "q.png", "bbox": [1, 2, 3]}])
    assert got.lost == {"box is not four numbers": (1, 0, 1, 0)}, "a box that was counted is said already"


def test_an_object_of_pictures_by_their_names_is_a_row_each(tmp_path: Path) -> None:
    content = {"p.png": {"bbox": [1, 2, 3, 4], "label": "car"}, "q.png": [[5, 6, 7, 8]]}
    got = read(read_metadata, tmp_path, {"m.json": content})
    assert [(one.names, one.record, [(box.xyxy, box.label) for box in one.load()]) for one in got.entries] == [
        (("p.png",), "m.json: row 1", [((1, 2, 4, 6), "car")]),
        (("q.png",), "m.json: row 2", [((5, 6, 12, 14), "object")]),
    ]
    got = read(read_metadata, tmp_path, {"m.json": {"image": "p.png", "bbox": [1, 2, 3, 4], "label": "car"}})
    assert [one.names for one in got.entries] == [("p.png",)]


def test_a_table_has_a_row_a_box_and_a_picture_for_all_of_them(tmp_path: Path) -> None:
    rows = 'file_name,objects,label\np.png,"[{""bbox"": [1, 2, 3, 4]}]",a\nq.png,"[]",b\np.png,"[{""bbox"": [5, 6, 7, 8]}]",c\np.png,,d\n'
    for name in ("m.csv", "M.TSV"):
        got = read(read_metadata, tmp_path, {name: rows.replace(",", "\t", 0)})
        assert [(one.names[0], one.normalised, len(one.load())) for one in got.entries] == [
            ("p.png", False, 2), ("q.png", True, 1), ("p.png", True, 1),
        ]  # fmt: skip


def test_boxes_in_rows_are_where_their_shape_shows_them() -> None:
    four, three = [1, 2, 3, 4], [1, 2, 3]
    cases: list[tuple[Any, Any]] = [
        ({"bbox": 5, "box": four, "a": "x"}, [(four, "x", "")]),
        ({"u": {"bbox": four, "names": ["a", "b"]}}, [(four, "a", "")]),
        ({"bbox": [four, four], "names": ["a", "b"]}, [(four, "a", ""), (four, "b", "")]),
        ({"u": [four, three, [1, 2, 3, "4"], [*four, 5]]}, [(four, NO_LABELS, "")]),
        ({"u": [{"left": 1, "top": 2, "width": 3, "height": 4}]}, [(four, NO_LABELS, "xywh")]),
        ({"u": [{"x_min": 1, "y_min": 2, "x_max": 3, "y_max": 4, "tag": None}]}, [(four, None, "xyxy")]),
        ({"bbox": [{"u": 1, "label": "a"}]}, []),
        ({"bbox": [{"bbox": three}], "label": ["a"]}, [(three, "a", "")]),
        ({"bbox": four, "kind": ["a", "b"], "split": "x", "id": "7"}, [(four, "a", "")]),
        ({"bbox": four, "kind": ["a", 5]}, [(four, NO_LABELS, "")]),
        ({"bbox": four, "kind": []}, [(four, NO_LABELS, "")]),
        ({"bbox": {"u": 1}}, []),
    ]
    for row, expected in cases:
        assert list(boxes_of(row)) == expected, row

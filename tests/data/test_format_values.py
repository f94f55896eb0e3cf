"""The small readers of values that all formats share, each at the edges of what it takes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypviz.data.formats.coco_boxes import key_of
from hypviz.data.formats.convention import Reading, Sample, as_corners, check_format, judge
from hypviz.data.formats.drafts import angle, extent, four_numbers, number, stated_size
from hypviz.data.formats.encodings import legacy_encoding
from hypviz.data.formats.loose import NO_LABELS, boxes_of
from hypviz.data.formats.masks import as_float, is_number, mask_extent
from hypviz.data.formats.table import is_nested, load_rows, parsed, table_of
from hypviz.data.formats.text import cell_name, class_name, decode, encoding_of, read_head, read_raw
from hypviz.data.raw import MAX_SIDE, DropCounter
from hypviz.errors import DataError


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, 3.0), ("2.5", 2.5), (" -1e2 ", -100.0), (None, None), (True, None), ("x", None), ([1], None), (10**400, math.inf), ("", None)],
)
def test_a_number_is_a_number_or_text_that_is_one(value: Any, expected: float | None) -> None:
    assert number(value) == expected and is_number(value) is (isinstance(value, int | float) and not isinstance(value, bool))


def test_angles_sizes_and_fours_are_what_they_must_be() -> None:
    assert [angle(each) for each in (None, "", 90, "45.5", "x", math.inf, True)] == [0.0, 0.0, 90.0, 45.5, None, None, None]
    assert four_numbers([1, "2", 3.5, 4]) == four_numbers((1, 2, 3.5, 4)) == (1.0, 2.0, 3.5, 4.0)
    for wrong in ([1, 2, 3], [1, 2, 3, 4, 5], [1, 2, 3, None], [None, 2, 3, 4], [1, "x", 3, 4], [1, 2, [], 4], "1234", None):
        assert four_numbers(wrong) is None
    assert stated_size(640, "480") == (640, 480) and stated_size(1, MAX_SIDE - 1) == (1, MAX_SIDE - 1)
    for width, height in ((0, 5), (5, 0), (0.5, 5), (5, 0.5), (MAX_SIDE, 5), (5, MAX_SIDE), (None, 5), (5, None), ("x", 5)):
        assert stated_size(width, height) is None
    assert as_float(10**400) == math.inf and as_float(7) == 7.0


def test_an_extent_goes_around_points_and_flat_numbers() -> None:
    assert extent([[3, 9], [1, 4], [2, 7]]) == extent([3, 9, 1, 4, 2, 7]) == (1.0, 4.0, 3.0, 9.0)
    assert extent([[1, 2, 0.9], [3, 4, 0.1]]) == (1.0, 2.0, 3.0, 4.0)  # a third value is none of the place
    assert extent([[1, 2], [None, 5], [4, "x"], [3, 0]]) == (1.0, 0.0, 3.0, 2.0)
    assert extent([1, 2, 3, 4, 5]) == (1.0, 2.0, 3.0, 4.0)
    for nothing in ([], [[1, 2]], [1, 2], None, "1234", [[1], [2]], {"x": 1}):
        assert extent(nothing) is None


def test_masks_have_the_extent_of_their_outlines_or_runs() -> None:
    assert mask_extent([[1, 2, 5, 2, 5, 9], [0, 4, 3, 3]]) == (0.0, 2.0, 5.0, 9.0)
    assert mask_extent([[1, 2], ["x", 2, 3, 4], [7, 1, 8, 0]]) == (1.0, 0.0, 8.0, 2.0)
    assert mask_extent([]) is mask_extent(None) is mask_extent([["a"]]) is mask_extent([[1]]) is None
    runs = {"size": [4, 5], "counts": [5, 2, 2, 2, 9]}  # down the columns: rows 1 and 2 of columns 1 and 2
    assert mask_extent(runs) == (1.0, 1.0, 3.0, 3.0)
    assert mask_extent({"size": [2, 3], "counts": [0, 6]}) == (0.0, 0.0, 3.0, 2.0)
    wrong = ({"counts": [5, 2, 2, 2, 8]}, {"counts": [25, -5]}, {"size": [4]}, {"size": [4, 0]}, {"size": [-4, -5]}, {"size": [4.0, 5]})
    for change in (*wrong, {"counts": None}, {"counts": "é"}, {"counts": [20]}, {"counts": [2.5, 17.5]}, {"size": None}):
        assert mask_extent(runs | change) is None, change


def test_corners_come_from_every_form() -> None:
    assert as_corners((1, 2, 10, 20), "xyxy") == (1, 2, 10, 20) and as_corners((1, 2, 10, 20), "yxyx") == (2, 1, 20, 10)
    assert as_corners((1, 2, 10, 20), "xywh") == (1, 2, 11, 22) and as_corners((10, 20, 4, 8), "cxcywh") == (8, 16, 12, 24)
    assert Reading("xywh").corners((1, 2, 3, 4)) == (1, 2, 4, 6) and Reading("xywh").corners((1, 2, 3, 4), "xyxy") == (1, 2, 3, 4)
    assert Reading("xyxy", "per cent").corners((10, 20, 30, 40)) == (0.1, 0.2, 0.3, 0.4)
    assert [Reading("xyxy", unit).normalised for unit in ("pixels", "fractions", "per cent")] == [False, True, True]
    for known in ("auto", "xywh", "xyxy", "cxcywh", "yxyx"):
        check_format(known)
    with pytest.raises(DataError, match=r"The box format must be one of .*got 'yx'"):
        check_format("yx")


def boxes(count: int, size: tuple[int, int] = (640, 480), *, seed: int = 0) -> np.ndarray:
    """Corners inside a picture, whole numbers."""
    rng = np.random.default_rng(seed)
    low = rng.integers(0, np.array(size) // 2, (count, 2))
    return np.concatenate([low, low + rng.integers(20, np.array(size) // 2, (count, 2))], axis=1).astype(float)


def as_form(corners: np.ndarray, form: str) -> np.ndarray:
    x1, y1, x2, y2 = corners.T
    columns = {
        "xyxy": (x1, y1, x2, y2),
        "yxyx": (y1, x1, y2, x2),
        "xywh": (x1, y1, x2 - x1, y2 - y1),
        "cxcywh": ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1),
    }[form]
    return np.stack(columns, axis=1)


def read(
    numbers: np.ndarray, forms: tuple[str, ...], *, size: Any = (640, 480), areas: Any = None, box_format: str = "auto"
) -> tuple[Reading, list[str]]:
    dropped = DropCounter()
    areas = [None] * len(numbers) if areas is None else areas
    samples = [Sample(tuple(row), size, area) for row, area in zip(numbers.tolist(), areas, strict=True)]  # type: ignore[arg-type]
    return judge(samples, forms, "set.json", dropped, box_format=box_format), dropped.notes


def test_the_custom_is_read_where_it_fits_or_nothing_is_known() -> None:
    assert read(as_form(boxes(20), "xywh"), ("xywh", "xyxy")) == (Reading("xywh"), [])
    assert read(boxes(20), ("xywh", "xyxy"), size=None) == (Reading("xywh"), [])
    assert read(np.empty((0, 4)), ("xywh", "xyxy")) == (Reading("xywh"), [])
    assert read(np.full((3, 4), np.nan), ("xyxy",)) == (Reading("xyxy"), [])
    assert read(boxes(20), ("xyxy",)) == (Reading("xyxy"), [])


def test_a_persons_word_is_taken_as_it_is() -> None:
    for form in ("xywh", "xyxy", "cxcywh", "yxyx"):
        assert read(boxes(20), ("xywh", "xyxy"), box_format=form) == (Reading(form), [])


def test_another_form_that_alone_fits_is_noted() -> None:
    corners = boxes(30)
    corners[:, :2] = (
        corners[:, :2] // 2 + np.array([330, 250]) * (np.arange(30) % 4 > 0)[:, None]
    )  # most begin beyond the middle: as sizes they would leave
    corners[:, 2:] = np.minimum(corners[:, :2] + 60, [640, 480])
    found, (note,) = read(corners, ("xywh", "xyxy"))
    assert found == Reading("xyxy")
    assert (
        note.startswith("set.json: boxes were read as corners [x1, y1, x2, y2]: ")
        and "of 30 boxes leave their pictures as [x, y, width, height]" in note
    )


def test_stated_areas_decide_between_corners_and_sizes() -> None:
    corners = boxes(12)
    areas = ((corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])).tolist()
    found, notes = read(corners, ("xywh", "xyxy"), areas=areas)
    assert found == Reading("xyxy") and notes == [
        "set.json: boxes were read as corners [x1, y1, x2, y2], since the stated areas are those of such boxes"
    ]
    assert read(as_form(corners, "xywh"), ("xywh", "xyxy"), areas=areas) == (Reading("xywh"), [])
    few = [*areas[:2], *[None] * 10]
    assert read(as_form(corners, "xywh"), ("xywh", "xyxy"), areas=few) == (Reading("xywh"), [])


def test_fractions_and_per_cent_are_units_of_the_picture() -> None:
    corners = boxes(20)
    share = corners / np.array([640, 480, 640, 480])
    assert read(share, ("xyxy",)) == (Reading("xyxy", "fractions"), [])
    assert read(np.ones((9, 4)), ("xyxy",))[0].unit == "pixels"  # whole numbers are no fractions
    hundred = 100 * share
    hundred[0] = [0.5, 0.5, 99.5, 99.5]
    found, notes = read(hundred, ("xyxy",))
    assert found == Reading("xyxy", "per cent") and notes == ["set.json: boxes were read as per cent of their pictures"]
    assert read(hundred, ("xyxy",), box_format="xyxy")[0].unit == "pixels"
    assert read(hundred[:7], ("xyxy",))[0].unit == "pixels", "too few to say"
    assert read(np.round(hundred), ("xyxy",))[0].unit == "pixels", "whole numbers may be pixels of a corner"
    with pytest.raises(DataError, match=r"set\.json: none of 20 boxes passes 100, .* the numbers may be per cent"):
        read(hundred, ("xyxy",), size=(190, 190))
    assert read(hundred, ("xyxy",), size=(105, 105))[0].unit == "pixels"


def test_a_table_begins_at_its_header_with_the_delimiter_that_parts_it() -> None:
    for delimiter in ",;\t|":
        table = table_of(f"a{delimiter}b\n1{delimiter}[2]\n\n3\n")
        assert table.delimiter == delimiter and table.first == 1
        assert list(table.records()) == [{"a": "1", "b": [2]}, {"a": "3"}]
        assert list(table.records(1)) == [{"a": "1", "b": [2]}] and list(table.records(0)) == []
    assert table_of("# x\n\n \nSEP=|\na|b\n").first == 5 and table_of("a,b;c;d\n").delimiter == ";"
    assert list(table_of("a,,b\n1,2,3\n").records()) == [{"a": "1", "b": "3"}] and list(table_of("").records()) == []


def test_cells_hold_text_or_what_json_and_python_write() -> None:
    cases = {' {"a": [1, null]} ': {"a": [1, None]}, "[1, None, True]": [1, None, True], "{'a': (1, 2)}": {"a": (1, 2)}}
    for cell, content in (*cases.items(), ("[no", "[no"), (" 3 ", " 3 "), ("(1, 2)", "(1, 2)"), ("", ""), ("[" * 5000, "[" * 5000)):
        assert parsed(cell) == content
    assert [is_nested(each) for each in ([], [1], [[]], [1, {}], {}, "x", None)] == [False, False, True, True, True, False, False]


def test_rows_come_from_lists_lines_and_tables_with_their_place(tmp_path: Path) -> None:
    def rows(text: str) -> list[tuple[int, Any]]:
        (tmp_path / "a").write_text(text)
        return load_rows(tmp_path / "a", DropCounter())

    assert rows('[{"a": 1}, 2]') == [(1, {"a": 1}), (2, 2)] and rows(' {"a": 1}') == [(1, {"a": 1})]
    assert rows('{"a": 1}\n\n{"a": 2}\nx\n') == [(1, {"a": 1}), (3, {"a": 2}), (4, None)]
    assert rows("# by hand\na,b\n1,2\n3,4\n") == [(3, {"a": "1", "b": "2"}), (4, {"a": "3", "b": "4"})]
    with pytest.raises(DataError, match=r"a: not a JSON file"):
        rows("{no\n{}")
    with pytest.raises(DataError, match=r"a: not a table"):
        rows('a,b\n"' + "x" * ((1 << 24) + 1) + '",1\n')


BOX = [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"bbox": BOX, "label": "car"}, [(BOX, "car", "")]),
        ({"bbox": [BOX, BOX], "label": ["car", "bus"]}, [(BOX, "car", ""), (BOX, "bus", "")]),
        ({"bbox": [BOX, BOX], "label": ["car"]}, [(BOX, "car", ""), (BOX, None, "")]),
        ({"bbox": [BOX], "file_name": "a.jpg"}, [(BOX, NO_LABELS, "")]),
        ({"bbox": BOX, "file_name": "a.jpg", "kind": "car"}, [(BOX, "car", "")]),
        ({"bbox": BOX, "kind": "car", "colour": "red"}, [(BOX, NO_LABELS, "")]),
        ({"xmin": 1, "ymin": 2, "xmax": 3, "ymax": 4, "class": "car"}, [(BOX, "car", "xyxy")]),
        ({"x": 1, "y": 2, "width": 3, "height": 4, "class": "car"}, [(BOX, "car", "xywh")]),
        ({"x1": 1, "y1": 2, "x2": 3, "class": "car"}, []),
        ({"bbox": {"left": 1, "top": 2, "right": 3, "bottom": 4}, "name": "car"}, [(BOX, "car", "xyxy")]),
        ({"bbox": [{"x": 1, "y": 2, "w": 3, "h": 4, "label": "bus"}], "label": "car"}, [(BOX, "bus", "xywh")]),
        (
            {"bbox": [{"bbox": BOX}, {"bbox": {"x1": 1, "y1": 2, "x2": 3, "y2": 4}}], "label": "car"},
            [(BOX, "car", ""), (BOX, "car", "xyxy")],
        ),
        ({"file": "a.jpg", "objects": [{"bbox": BOX, "label": "car"}, {"x": 1}]}, [(BOX, "car", "")]),
        ({"objects": {"bbox": [BOX], "category": ["car"]}}, [(BOX, "car", "")]),
        ({"rectangles": [BOX, [1, 2, 3]]}, [(BOX, NO_LABELS, "")]),
        ({"labels": [BOX]}, []),
        ({"bbox": []}, []),
    ],
)
def test_boxes_stand_in_rows_in_many_ways(row: dict[str, Any], expected: list[Any]) -> None:
    assert list(boxes_of(row)) == expected


def test_names_of_classes_are_composed_text_without_edges() -> None:
    values = [" Ba\u0308r ", 12, 3.0, 2.5, True, None, math.nan, math.inf, 10**400, [], "  "]
    assert [class_name(each) for each in values] == ["Bär", "12", "3", "2.5", "", "", "", "", str(10**400), "", ""]
    assert [cell_name(each) for each in ("NaN", "null", "None", "<NA>", "n/a", "", " car ", "nano")] == [
        "",
        "",
        "",
        "",
        "",
        "",
        "car",
        "nano",
    ]


def test_ids_are_one_however_they_are_written() -> None:
    assert [key_of(each) for each in (4, 4.0, " 4", "4", "", " ", 1.5, True, None, [4])] == ["4", "4", "4", "4"] + [None] * 6


def test_text_is_known_by_its_marks_its_zeros_and_its_letters(tmp_path: Path) -> None:
    for encoding, name in (("utf-8", "utf-8"), ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be"), ("cp1252", "cp1252")):
        assert encoding_of("name: Löwe und Bär".encode(encoding)) == name
    for encoding, name in (("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-32", "utf-32")):
        assert encoding_of("Löwe".encode(encoding)) == name and decode("Löwe".encode(encoding), "a") == "Löwe"
    assert encoding_of(b"") == "utf-8" and encoding_of(b"a\0") == "utf-8" and encoding_of("кошка".encode("cp1251")) == ""
    assert [legacy_encoding(text.encode(code)) for text, code in (("ねこです", "cp932"), ("猫和狗", "gbk"), ("Größe", "cp1252"))] == [
        "cp932", "gbk", "cp1252",
    ]  # fmt: skip
    dropped = DropCounter()
    assert decode("猫和狗".encode("gbk"), "a.txt", dropped) == "猫和狗" and dropped.notes == [
        "a.txt is not UTF-8 and was read as GBK (Chinese)"
    ]
    with pytest.raises(DataError, match=r"a\.txt: not UTF-8, nor Windows-1252, GBK or Shift-JIS"):
        decode("кошка".encode("cp1251"), "a.txt")
    path = tmp_path / "a.txt"
    path.write_bytes("Löwe".encode() * 3)
    assert read_head(path, 5) == "Löwe" and read_head(path, 7) == "LöweL\ufffd"  # cut within a letter
    assert read_head(path) == "Löwe" * 3 and read_head(tmp_path / "none") == ""
    assert read_raw(path, limit=15) == "Löwe".encode() * 3
    with pytest.raises(DataError, match=r"a\.txt: the file has 15 bytes; at most 14 are read"):
        read_raw(path, limit=14)
    with pytest.raises(DataError, match="there is no such annotation file"):
        read_raw(tmp_path / "none")
    with pytest.raises(DataError, match=r"cannot be read \(Is a directory\)"):
        read_raw(tmp_path)

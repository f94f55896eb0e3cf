"""Names and texts as strangers' files have them: what a name in an annotation may have been, which picture it means, which names a folder
takes, and what bytes say; each at its edges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypviz.data.formats.coco_boxes import key_of
from hypviz.data.formats.detect import open_dataset
from hypviz.data.formats.drafts import Source
from hypviz.data.formats.encodings import legacy_encoding, looks_chinese, looks_japanese
from hypviz.data.formats.hf_written import LONGEST_PART, WrittenNames, is_written_here, relation_of
from hypviz.data.formats.masks import mask_extent
from hypviz.data.formats.names import Match, PictureNames, clean_name, spellings, split_of, splits_of
from hypviz.data.formats.openimages_csv import _check_dialect, _split_of, read_licences
from hypviz.data.formats.taxonomy import parse_taxonomy
from hypviz.data.formats.text import read_head
from hypviz.data.formats.tree import read_tree
from hypviz.data.formats.yolo_names import _of_json, without_gaps
from hypviz.data.importer import import_items
from hypviz.data.raw import DropCounter
from hypviz.errors import DataError
from tests.data.layouts import WRITERS, Layout, Scene


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a%20b.jpg", ["a%20b.jpg", "a b.jpg"]),
        ("a+b%2Bc.jpg", ["a+b%2Bc.jpg", "a+b+c.jpg", "a b+c.jpg"]),
        ("/data/local-files/?d=set/a%20b.jpg&x=1", ["/data/local-files/?d=set/a%20b.jpg&x=1", "set/a b.jpg"]),
        ("https://x.org/i/a.jpg?w=3#top", ["https:/x.org/i/a.jpg?w=3#top", "i/a.jpg"]),
        ("S3://bucket/i/a.jpg#top", ["S3:/bucket/i/a.jpg#top", "i/a.jpg"]),
        ("", []),
    ],
)
def test_a_name_is_spelled_as_before_it_was_part_of_an_address(name: str, expected: list[str]) -> None:
    assert spellings(name) == expected


def test_names_have_forward_slashes_and_name_their_splits() -> None:
    stated = (".\\train\\a.jpg", "a//b/../c.jpg", "file:///data/a.jpg", "file://localhost/data/a.jpg", " a.jpg ", "")
    assert [clean_name(name) for name in stated] == ["train/a.jpg", "a/c.jpg", "/data/a.jpg", "/data/a.jpg", "a.jpg", ""]
    assert splits_of("train/val2017/a.jpg") == {"train", "val"} and splits_of("images/test.jpg") == set()
    assert [split_of(path) for path in ("set/VAL_2017/a.jpg", "train/images/a.jpg", "trains/a.jpg", "train/test/a.jpg")] == [
        "val", "train", "", "test",
    ]  # fmt: skip


def test_a_name_that_several_pictures_fit_names_them_all_and_means_none() -> None:
    names = PictureNames(["x/A.jpg", "x/a.jpg", "y/b.jpg", "z/b.jpg", "c.JPG"], ["list.txt"])
    assert names.find(["x/a.JPG"]) == Match("", ("x/A.jpg", "x/a.jpg"))
    assert names.find(["b.jpg"]) == Match("", ("y/b.jpg", "z/b.jpg")) and names.find(["b.jpg"], folder="z") == Match("z/b.jpg")
    assert names.find(["nothing.jpg", "c.jpg"]) == names.find(["c.png"], any_ending=True) == Match("c.JPG")
    assert names.find(["c.png"]) == names.find(["d.jpg"], any_ending=True) == Match("")
    assert names.find(["b.png"], any_ending=True) == Match("", ("y/b.jpg", "z/b.jpg"))
    assert names.find(["list.txt"]) == Match("list.txt") and names.find(["x/list.txt"]) == Match("")


def test_a_folder_takes_each_name_once_and_none_that_leads_out_of_it() -> None:
    names = WrittenNames()
    assert names.take("a/b.png") == "a/b.png" and names.take("a/c.png") == "a/c.png"
    long = "x" * (LONGEST_PART - 4)
    odd = ["A/B.png", "../c.png", "/d.png", "./e.png", "a//f.png", "a", "a/b.png/c.png", "no picture", "", ".hidden.png", ".x/a.png"]
    for name in (*odd, "e\\f.png", "line\n.png", "tab\t.png", "del\x7f.png", f"x{long}.png"):
        assert names.take(name) == "", name
    assert names.take(f"{long}.png") == f"{long}.png"
    assert names.first("A/b.png", "n.png", "m.png") == "n.png" and names.first("n.png", "../x.png") == "../x.png"


def test_relations_of_our_own_sets_are_read_where_they_are_whole() -> None:
    objects = {
        "id": ["a", "b", "", 3, "e"],
        "parents": [[], ["a", 5], [], ["a"], None],
        "source": ["drawn", "x", "proposal", None, "drawn"],
    }
    none = [("proposal", "", None), ("annotation", "", None), ("drawn", "", None), ("annotation", "", None)]
    assert [relation_of(objects, place) for place in range(6)] == [("drawn", "a", ()), ("annotation", "b", ("a",)), *none]
    assert relation_of(None, 0) == relation_of({"id": "a", "parents": [], "source": 1}, 0) == ("annotation", "", None)
    whole = dict.fromkeys(("file_name", "licence"), 1), dict.fromkeys(("id", "parent", "parents", "source"), 1)
    assert is_written_here(*whole)
    for features, fields in (({"file_name": 1}, whole[1]), (whole[0], {"id": 1, "parent": 1, "parents": 1})):
        assert not is_written_here(features, fields)


def test_class_names_are_those_that_a_file_states_and_empty_lines_are_none_where_all_fit() -> None:
    records = [
        {"id": 1, "name": "cat"},
        {"id": "2", "name": " dog "},
        {"id": "x", "name": "y"},
        {"id": 3},
        {"name": "z"},
        7,
        {"id": -4, "name": "n"},
    ]
    assert _of_json({"categories": records}) == {1: "cat", 2: "dog"}
    assert [_of_json(nothing) for nothing in ([], [{"categories": records}], None, {"categories": 5}, {})] == [{}] * 5
    dropped, gaps = DropCounter(), {0: "", 1: "cat", 2: "", 3: "dog"}
    assert without_gaps(gaps, [1, 3], "a.txt", dropped) == gaps and without_gaps(gaps, [0, 2], "a.txt", dropped) == gaps
    assert dropped.notes == []
    assert without_gaps(gaps, [0, 1], "a.txt", dropped) == {0: "cat", 1: "dog"} and dropped.notes == [
        "a.txt: its empty lines are no classes"
    ]


def test_bytes_are_chinese_or_japanese_by_their_pairs() -> None:
    words = {"gbk": "红色的猫在桌子上", "cp932": "ねこといぬの写真", "cp1252": "Größe, élève", "cp1251": "кошка и собака"}
    data = {code: text.encode(code) for code, text in words.items()}
    assert [legacy_encoding(each) for each in data.values()] == ["gbk", "cp932", "cp1252", ""]
    assert looks_chinese(data["gbk"]) and not any(looks_chinese(data[code]) for code in ("cp932", "cp1252"))
    assert looks_japanese(data["cp932"]) and not any(looks_japanese(data[code]) for code in ("cp1252", "cp1251"))
    assert not looks_japanese(b"plain") and not looks_chinese(b"\xb0") and not looks_chinese(b"\xb0\xa0")


def test_a_head_is_text_whatever_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for data, text in (
        (b"\xef\xbb\xbfa", "a"),
        (b"\xef\xbb\xbf\xef\xbb\xbfa", "a"),
        ("ä".encode("utf-16"), "ä"),
        (b"a\x81\x8db\xff", "a\ufffd\ufffdb\xff"),
        (b"", ""),
    ):
        path.write_bytes(data)
        assert read_head(path) == text
    path.write_bytes("ä".encode() * 100)
    assert read_head(path, 101) == "ä" * 50 + "\ufffd"  # cut within a letter
    assert read_head(tmp_path / "nothing") == read_head(tmp_path) == ""


def test_a_mask_that_leaves_its_picture_has_no_extent() -> None:
    from pycocotools import mask as masks

    drawn = np.zeros((4, 9), np.uint8)
    drawn[1:3, 2:8] = 1
    counts = masks.encode(np.asfortranarray(drawn))["counts"].decode()
    assert mask_extent({"size": [4, 9], "counts": counts}) == (2.0, 1.0, 8.0, 3.0)
    assert mask_extent({"size": [4, 5], "counts": counts}) is None
    assert mask_extent([[1, 2, 5, 9], 7, None, "x"]) == (1.0, 2.0, 5.0, 9.0)
    assert [key_of(each) for each in (7, "7", 7.0, " 7 ")] == ["7"] * 4


def test_licences_and_splits_of_openimages_are_read_whatever_the_bytes(tmp_path: Path) -> None:
    assert [_split_of(Path(name)) for name in ("Train-boxes.csv", "validation.csv", "oidv6-TEST.csv", "boxes.csv")] == [
        "train", "validation", "test", "",
    ]  # fmt: skip
    path = tmp_path / "image_ids.csv"
    path.write_bytes(b'\xef\xbb\xbfImageID,License,Title\nab,https://x.org/by,"two\r\nlines \xff"\ncd,"CC\r\nBY",\n')
    assert read_licences([path], {"ab", "cd", "ef"}) == {"ab": "https://x.org/by", "cd": "CC\r\nBY"}


def test_the_dialect_of_openimages_is_judged_by_its_first_row_whatever_the_bytes(tmp_path: Path) -> None:
    path, header = tmp_path / "boxes.csv", b"ImageID,LabelName,XMin,XMax,YMin,YMax\n"
    for row, message in (
        (b"ab,/m/1,0.1,0.2,0.1,0.2\n\xff", ""),
        (b"", ""),
        (b'ab.jpg,car\xff,"0,1",0.2,0.1,0.2\n', r"XMin is '0,1' with a decimal comma .*LabelName is 'car\ufffd' .*ImageID is 'ab\.jpg'"),
    ):
        path.write_bytes(header + row)
        if not message:
            _check_dialect(path)
            continue
        with pytest.raises(DataError, match=message):
            _check_dialect(path)


def test_a_file_that_cannot_be_read_is_counted_with_its_reason_and_the_others_are_read(tmp_path: Path) -> None:
    dropped = DropCounter()
    source = Source(tmp_path, read_tree(tmp_path), tmp_path, PictureNames([]), dropped)
    for name, data in (("good.json", b'{"a": 1}'), ("old.json", '["Löwe"]'.encode("cp1252")), ("bad.json", b"{")):
        (tmp_path / name).write_bytes(data)
    files = ["good.json", "bad.json", "old.json", "gone.json"]
    assert list(source.contents(files)) == [("good.json", {"a": 1}), ("old.json", ["Löwe"])]
    entry = dropped.reasons["unreadable annotation file"]
    assert (entry.count, entry.files, entry.images) == (2, 2, 0)
    assert (
        entry.examples[0].startswith("bad.json: not a JSON file (") and entry.examples[1] == "gone.json: there is no such annotation file."
    )
    assert dropped.notes == ["old.json is not UTF-8 and was read as Windows-1252"]
    assert list(source.contents(["gone.json"], per_picture=True)) == []
    entry = dropped.reasons["unreadable annotation"]
    assert (entry.files, entry.images, entry.examples) == (0, 1, ["gone.json: there is no such annotation file."])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("animal\n   cat\n  dog\n", "trees.txt, line 3: 'dog' is indented by 2 spaces"),
        ('{"cat": []}', ""),
        ("{}", "trees.txt"),
        ('[["cat", ""]]', "trees.txt: expected a name"),
        ('[["", null]]', "trees.txt: expected a name"),
        ('{"": ["cat"]}', "trees.txt: expected a name"),
        ('{"animal": [[]]}', "trees.txt: expected a name"),
    ],
)
def test_a_class_tree_names_its_file_where_it_is_wrong(text: str, sentence: str) -> None:
    if not sentence:
        assert parse_taxonomy(text, "trees.txt").names == ("cat",)
        return
    with pytest.raises(DataError) as caught:
        parse_taxonomy(text, "trees.txt")
    assert str(caught.value).startswith(sentence)


# ---- what the numbers of a whole set say ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("boxes", "outside", "fits"), [(8, 4, True), (9, 5, False), (8, 5, False), (7, 7, True), (8, 0, True)])
def test_a_set_most_of_whose_boxes_leave_their_pictures_is_in_another_unit(tmp_path: Path, boxes: int, outside: int, fits: bool) -> None:
    """From eight boxes on; half of them are not most."""
    placed = [("cat", 150, 10, 171 + number, 30) if number < outside else ("cat", 10, 10, 30 + number, 30) for number in range(boxes)]
    layout = Layout(tmp_path, ("cat",))
    WRITERS["cvat"](layout, [Scene("a.png", (160, 120), tuple(placed))])
    if not fits:
        with pytest.raises(DataError, match=rf"{outside} of {boxes} boxes lie mostly outside their pictures"):
            import_items(open_dataset(tmp_path))
        return
    report: Any = import_items(open_dataset(tmp_path))[1]
    note = f"{outside} of {boxes} boxes lay mostly outside their pictures and were cut"
    assert report.boxes == boxes and (note in report.notes) is (outside > 0)

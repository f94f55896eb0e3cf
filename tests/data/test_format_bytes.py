"""Bytes as text, rows of tables and masks, at the edges of what each takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from hypviz.data.formats.encodings import legacy_encoding, looks_chinese, looks_japanese
from hypviz.data.formats.masks import mask_extent
from hypviz.data.formats.table import load_rows, parsed, table_of
from hypviz.data.formats.text import encoding_of, load_json, read_head, read_text
from hypviz.data.raw import DropCounter
from hypviz.errors import DataError
from tests.data.reading import write


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("ねこ".encode("cp932"), "cp932"),
        ("犬と".encode("cp932"), "cp932"),
        ("猫狗".encode("gbk"), "gbk"),
        (b"\xd7\xa1", "gbk"),
        (b"\xd8\xa1", "cp1252"),
        (b"\xb0\xa1a\xb0\xa1a\xf7\xa1", ""),
        (b"\xb0\xa1" * 7 + b"\xf7\xa1" * 3, "gbk"),
        (b"\xb0\xa1" * 6 + b"\xf7\xa1" * 4, ""),
        (b"\xb0\xa0", ""),
        (b"\xaf\xa1", ""),
        (b"\xf8\xa1", "cp1252"),
        (b"a\xe9b", "cp1252"),
        (b"\xe9\xe8\xea", "cp1252"),
        (b"\xe9\xe8\xea\xeb", ""),
        (b"\xe9\x93x", "cp1252"),
        (b"\xe9\xa6x", ""),
        (b"\x81x", ""),
        (b"plain", "cp1252"),
    ],
)
def test_an_encoding_is_told_by_how_bytes_stand_together(data: bytes, encoding: str) -> None:
    assert legacy_encoding(data) == encoding


def test_pairs_and_kana_are_what_tells() -> None:
    assert all(looks_chinese(each) for each in (b"\xb0\xa1", b"\xf7\xfe", b"a\xb0\xa1b")) and looks_chinese(b"plain")
    assert not any(looks_chinese(each) for each in (b"\xaf\xa1", b"\xf8\xa1", b"\xb0\xa0", b"\xb0", b"\xb0\xa1\xb0"))
    words = ("\u3040", "ゟ", "ァ", "ヿ")
    assert [looks_japanese(each.encode("cp932", "ignore")) for each in words] == [False, False, True, False]  # only one of them is in it
    assert (
        looks_japanese("あ　犬ｱ！".encode("cp932"))
        and not looks_japanese("犬".encode("cp932"))
        and not looks_japanese("あж".encode("cp932"))
    )
    assert not looks_japanese(b"\x82\xa0\x81") and looks_japanese("あ一龠".encode("cp932"))


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"\xef\xbb\xbfa", "utf-8-sig"),
        (b"\xff\xfe\0\0a\0\0\0", "utf-32"),
        (b"\0\0\xfe\xff\0\0\0a", "utf-32"),
        (b"\xff\xfea\0", "utf-16"),
        (b"\xfe\xff\0a", "utf-16"),
        (b"a\0b\0", "utf-16-le"),
        (b"\0a\0b", "utf-16-be"),
        (b"a\0b", "utf-8"),
        (b"a\0bcdefghi", "utf-8"),
        (b"a\0b\0c\0dddddddddddddd", "utf-16-le"),
        (b"a\0b\0c\0ddddddddddddddd", "utf-8"),
        (b"a\0" * 10 + b"\0b", "utf-16-le"),
        (b"a\0" * 9 + b"\0b", "utf-8"),
        (b"a\0" * 700 + b"b" * 9000, "utf-16-le"),
        (b"b" * 4096 + b"a\0" * 5000, "utf-8"),
        ("ä".encode(), "utf-8"),
        ("ä".encode("cp1252"), "cp1252"),
    ],
)
def test_an_encoding_is_told_by_marks_zeros_and_letters(data: bytes, encoding: str) -> None:
    assert encoding_of(data) == encoding


def test_text_is_read_with_a_note_under_limits_and_heads_that_are_cut(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": "ねこ".encode("cp932"), "b.txt": b"ab", "c.json": b"\xff\xfe[\0]\0", "d.json": "[1", "e.json": "[" * 100_000})
    dropped = DropCounter()
    assert read_text(tmp_path / "a.txt", dropped) == "ねこ" and dropped.notes == ["a.txt is not UTF-8 and was read as Shift-JIS (Japanese)"]
    assert read_text(tmp_path / "b.txt", limit=2) == "ab" and load_json(tmp_path / "c.json") == []
    with pytest.raises(DataError, match=r"b\.txt: the file has 2 bytes; at most 1 are read"):
        read_text(tmp_path / "b.txt", limit=1)
    for name in ("d", "e"):
        with pytest.raises(DataError, match=rf"{name}\.json: not a JSON file \("):
            load_json(tmp_path / f"{name}.json")
    write(tmp_path, {"f.json": '"ä"'.encode("cp1252")})
    assert load_json(tmp_path / "f.json", dropped) == "ä" and dropped.notes[1] == "f.json is not UTF-8 and was read as Windows-1252"
    write(tmp_path, {"g.txt": "é".encode("cp1252") + b" plain", "h.txt": "狗".encode("gbk") * 20, "i.txt": b"x" * 8191 + "ä".encode()})
    assert read_head(tmp_path / "g.txt", 4) == "é pl" and read_head(tmp_path / "h.txt", 9) == "狗" * 4 + "\ufffd"
    assert len(read_head(tmp_path / "i.txt")) == 8192 and read_head(tmp_path / "i.txt")[-1] == "\ufffd"
    write(tmp_path, {"j.txt": "𝄞".encode() * 3})
    assert read_head(tmp_path / "j.txt", 11) == "𝄞𝄞\ufffd"


@pytest.mark.parametrize(
    ("text", "rest", "delimiter", "first"),
    [
        ("a,b\n", "a,b\n", ",", 1),
        ("sep=;\r\na;b\r\n", "a;b\r\n", ";", 2),
        ("SEP=| \n#x\n \t\na|b", "a|b", "|", 4),
        ("#x", "#x", ",", 1),
        ("a;b,c;d\n", "a;b,c;d\n", ";", 1),
        ("a\tb;c\td;e", "a\tb;c\td;e", ";", 1),
        ("a,b;c", "a,b;c", ",", 1),
        ("a\tb;c\td", "a\tb;c\td", "\t", 1),
        ("a\n;;;\n", "a\n;;;\n", ",", 1),
        ("sep=;;\na", "sep=;;\na", ";", 1),
    ],
)
def test_a_table_begins_where_its_header_does(text: str, rest: str, delimiter: str, first: int) -> None:
    table = table_of(text)
    assert (table.text, table.delimiter, table.first) == (rest, delimiter, first)


def test_rows_of_a_table_have_the_cells_of_its_header(tmp_path: Path) -> None:
    table = table_of('a,b,,c\n1,"x\ny"\n , ,\n2,3,4,"[5]",6\n')
    assert list(table.rows()) == [["a", "b", "", "c"], ["1", "x\ny"], [" ", " ", ""], ["2", "3", "4", "[5]", "6"]]
    assert list(table.records()) == [{"a": "1", "b": "x\ny"}, {"a": "2", "b": "3", "c": [5]}] and list(table.records(2)) == [
        {"a": "1", "b": "x\ny"}
    ]
    assert list(table.records(1)) == [{"a": "1", "b": "x\ny"}] and list(table.records(3)) == list(table.records())
    write(
        tmp_path,
        {
            "t.csv": "#\na,b\n1,2\n\n3,4\n",
            "l.jsonl": '\n{"a": 1}\nx\n\n[2]\n',
            "j.json": "[]",
            "k.json": "{",
            "o.csv": "Löwe,b\n1,2".encode("cp1252"),
        },
    )
    assert load_rows(tmp_path / "t.csv", DropCounter()) == [(3, {"a": "1", "b": "2"}), (4, {"a": "3", "b": "4"})]
    assert (
        load_rows(tmp_path / "l.jsonl", DropCounter()) == [(2, {"a": 1}), (3, None), (5, [2])]
        and load_rows(tmp_path / "j.json", DropCounter()) == []
    )
    dropped = DropCounter()
    assert load_rows(tmp_path / "o.csv", dropped) == [(2, {"Löwe": "1", "b": "2"})] and dropped.notes == [
        "o.csv is not UTF-8 and was read as Windows-1252"
    ]
    with pytest.raises(DataError, match=r"k\.json: not a JSON file"):
        load_rows(tmp_path / "k.json", DropCounter())
    for cell, content in (
        ("{'a': 1}", {"a": 1}),
        ("[1,]", [1]),
        ("{[1]: 2}", "{[1]: 2}"),
        ("[a]", "[a]"),
        (" [x", " [x"),
        ("[1]]", "[1]]"),
    ):
        assert parsed(cell) == content


def test_runs_of_a_mask_are_those_of_its_size() -> None:
    for size, counts, extent in (
        ([2, 3], [0, 6], (0, 0, 3, 2)), ([2, 3], [5, 1], (2, 1, 3, 2)), ([1, 1], [0, 1], (0, 0, 1, 1)), ([2, 3], [6], None),
        ([2, 3], [0, 7], None), ([2, 3], [0, 5], None), ([2, 3], [], None), ([2, 3], [True, 5], (0, 0, 3, 2)), ([2.0, 3], [0, 6], None),
        ([2, 3, 1], [0, 6], None), ([2, 0], [0], None), ((2, 3), [0, 6], None), ([2, 3], {"a": 1}, None), ([2, 3], "\ud800", None),
    ):  # fmt: skip
        assert mask_extent({"size": size, "counts": counts}) == extent, (size, counts)
    assert mask_extent([[5, 6, 1]]) == (1, 6, 5, 6) and mask_extent([[], [3]]) is None and mask_extent("x") is None

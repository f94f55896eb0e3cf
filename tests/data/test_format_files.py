"""What the files beside pictures are: named, weighed before they are parsed, and asked whether they speak of the pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from hypviz.data.formats import limits
from hypviz.data.formats.mentions import Mentions
from hypviz.data.formats.places import data_name, parent_of
from hypviz.errors import DataError


def test_a_data_set_is_called_like_its_folder(tmp_path: Path) -> None:
    (tmp_path / "cars" / "Annotations").mkdir(parents=True)
    assert data_name(tmp_path / "cars") == data_name(tmp_path / "cars" / "Annotations") == "cars"
    assert data_name(tmp_path, [tmp_path / "cars" / "Annotations" / name for name in ("a.json", "b.json")]) == "cars"
    assert data_name(tmp_path, [tmp_path / "cars" / "a.json"]) == "cars"
    assert [parent_of(file) for file in ("a.json", "x/a.json", "x/y/a.json")] == ["", "x", "x/y"]


def test_the_memory_of_a_text_is_that_of_the_form_it_may_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits.parsing_memory(b'{"a":1}') == 64 + 60 + 2 * 30 + 4 * 7
    assert limits.parsing_memory(b"<a b='1'>") == 120 + 160 + 4 * 9 and limits.parsing_memory(b"\xef\xbb\xbf [,\n]") == 56 + 40 + 4 * 8
    assert limits.parsing_memory(b"a,b\n1;2\n") == 2 * 60 + 2 * 600 + 4 * 8
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.json").write_bytes(b"[,,]")  # 56 + 2·40 + 4·4
    for name in ("b.jpg", "c.parquet", "d.ARROW"):
        (tmp_path / name).write_bytes(b"," * 5000)
    monkeypatch.setattr(limits, "MAX_MEMORY", 152)
    limits.check_files(tmp_path)
    monkeypatch.setattr(limits, "MAX_MEMORY", 151)
    with pytest.raises(DataError, match="Reading the annotations of"):
        limits.check_files(tmp_path)
    monkeypatch.setattr(limits, "MAX_FILE", 4)
    monkeypatch.setattr(limits, "MAX_MEMORY", 1000)
    limits.check_files(tmp_path)
    monkeypatch.setattr(limits, "MAX_FILE", 3)
    with pytest.raises(DataError, match=r"a\.json: the file has 4 bytes; at most 3 are read"):
        limits.check_files(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("notes.txt", "cat01.jpg 10 20 30 40\ncat02.jpg 5 2 3 4\n", "unknown"),
        ("notes.txt", "cat01.jpg is asleep\ncat02.jpg plays\n", "named"),
        ("notes.txt", "nothing about them 10 20 30 40\n", ""),
        ("notes.txt", "cat01.jpg\ncat02.jpg\n", ""),
        ("notes.txt", "cat01.jpg 1 0 1 0\n", ""),
        ("cat01.txt", "1 2 3 4\n5 6 7 8\n", "unknown"),
        ("cat01.txt", "1 2 3\n5 6 7\n", ""),
        ("notes.exe", "cat01.jpg 10 20 30 40\n", ""),
        ("notes.txt", "cat01.jpg 10 20 30 40\0\n", ""),
        ("notes.csv", '"/home/x/images/cat01.jpg",10,20,30,40\n', "unknown"),
    ],
)
def test_files_speak_of_pictures_by_words_or_by_numbers(tmp_path: Path, name: str, text: str, kind: str) -> None:
    (tmp_path / name).write_text(text)
    found, seen = Mentions(["a/cat01.jpg", "cat02.jpg"]).kind_of(tmp_path / name)
    assert found == kind and bool(seen) is bool(kind)

"""What the files beside pictures are: named, weighed before they are parsed, and asked whether they speak of the pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from hypviz.data.formats import limits
from hypviz.data.formats.mentions import Mentions
from hypviz.data.formats.places import data_name, parent_of
from hypviz.errors import DataError
from tests.data.reading import write


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
    ("name", "text", "kind", "words"),
    [
        ("n.txt", "cat01.jpg 9 2 3 4", "unknown", "names pictures and has numbers for them: 'cat01.jpg 9 2 3 4'"),
        ("n.txt", "cat01.jpg 1 2 3 4", "", ""),
        ("n.txt", "\n cat01.jpg 5 2 3", "", ""),
        ("n.txt", "cat01.jpg -5 2.5 3e1 4\ncat02.jpg", "", ""),
        ("n.txt", "cat01.jpg 5 2 3 4\ncat02.jpg 5 6 7 8", "unknown", "names pictures and has numbers for them: 'cat01.jpg 5 2 3 4'"),
        ("n.txt", "cat01.jpg 2 3 4 5 x", "unknown", "names pictures and has numbers for them: 'cat01.jpg 2 3 4 5 x'"),
        ("n.txt", "cat01.jpg 0 1 0 1", "", ""),
        ("n.txt", "CAT01 sleeps", "named", "names pictures: 'CAT01 sleeps'"),
        ("n.txt", "cat01.jpg a b", "", ""),
        ("n.txt", "train/images/cat01.jpg", "", ""),
        ("n.txt", "cat01.jpg sleeps\ncat02.jpg", "", ""),
        ("n.txt", "cat01.jpg sleeps\ncat02.jpg runs", "named", "names pictures: 'cat01.jpg sleeps'"),
        ("n.txt", "cat01.jpg cat01 sleeps", "named", "names pictures: 'cat01.jpg cat01 sleeps'"),
        ("n.txt", "7 sleeps", "", ""),
        ("n.txt", "12345 sleeps", "named", "names pictures: '12345 sleeps'"),
        ("n.txt", "see my dog 1.png here", "named", "names pictures: 'see my dog 1.png here'"),
        ("n.csv", "x;c:\\data\\cat01.jpg;sleeps", "named", "names pictures: 'x;c:\\\\data\\\\cat01.jpg;sleeps'"),
        ("n.json", '{"a": "my dog 1.png", "text": "sleeps"}', "named", 'names pictures: \'{"a": "my dog 1.png", "text": "sleeps"}\''),
        ("n.txt", f"{'w' * 90} cat01.jpg", "named", f"names pictures: '{'w' * 80}'"),
        ("cat01.TXT", "1 2 3 4\n5 6 7 8\n\nx\n", "unknown", "rows of numbers, called like a picture"),
        ("cat01.txt", "1 2 3 4\nx\n", "", ""),
        ("cat01.bin", "1 2 3 4", "", ""),
        ("n.txt", "cat01.jpg 1 2 3 4\0", "", ""),
        ("none.txt", None, "", ""),
    ],
)
def test_files_speak_of_pictures_by_name(name: str, text: str | None, kind: str, words: str, tmp_path: Path) -> None:
    if text is not None:
        write(tmp_path, {name: text})
    pictures = ["a/cat01.jpg", "b/cat01.png", "cat02.jpg", "7.jpg", "12345.jpg", "my dog 1.png"]
    assert Mentions(pictures).kind_of(tmp_path / name) == (kind, words)

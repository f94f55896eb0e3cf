"""Unpacking a stranger's zip: what is taken comes out whole, what is hostile leaves nothing outside and says why."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from hypviz.errors import DataError
from hypviz.finetune import archive
from hypviz.finetune.archive import unpack
from tests.finetune.zips import pack


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    folder = tmp_path / "stage" / "inside"
    folder.mkdir(parents=True)
    return folder


def test_files_come_out_as_they_went_in_without_what_a_mac_adds(tmp_path: Path, inside: Path) -> None:
    files = {"set/deep/a.txt": b"1" * 70_000, "set/b.txt": b"2", "__MACOSX/set/._b.txt": b"x", "set/.DS_Store": b"x"}
    told: list[int] = []
    unpack(pack(tmp_path / "a.zip", files), inside, name="a.zip", on_progress=lambda done, total: told.append(done))
    assert (inside / "set" / "deep" / "a.txt").read_bytes() == b"1" * 70_000
    assert sorted(path.name for path in inside.rglob("*") if path.is_file()) == ["a.txt", "b.txt"]
    assert told == sorted(told) and told[-1] == 70_001


def special(name: str, kind: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (kind | 0o777) << 16
    return info


HOSTILE = {
    "climbing": ([("ok.txt", b"1"), ("../evil.txt", b"1")], "outside its own folder"),
    "climbing in the middle": ([("a/../../evil.txt", b"1")], "outside its own folder"),
    "climbing as Windows does": ([("a\\..\\..\\evil.txt", b"1")], "outside its own folder"),
    "absolute": ([("/tmp/evil.txt", b"1")], "outside its own folder"),
    "a drive": ([("C:\\evil.txt", b"1")], "outside its own folder"),
    "a link": ([(special("a.txt", stat.S_IFLNK), b"/etc/passwd")], "link or a special file"),
    "a pipe": ([(special("a.txt", stat.S_IFIFO), b"")], "link or a special file"),
    "twice": ([("A.txt", b"1"), ("a.TXT", b"2")], "holds a.TXT twice"),
    "nothing": ([], "is empty"),
    "a file where a folder should be": ([("a", b"1"), ("a/b", b"2")], "cannot be unpacked"),
    "a name too long": ([("x" * 300, b"1")], "cannot be unpacked"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_zip_is_refused_in_one_sentence(kind: str, tmp_path: Path, inside: Path) -> None:
    files, message = HOSTILE[kind]
    with pytest.raises(DataError, match=message) as caught:
        unpack(pack(tmp_path / "evil.zip", files), inside, name="evil.zip")
    assert "\n" not in str(caught.value) and str(caught.value).startswith("evil.zip")
    assert not list(tmp_path.rglob("evil.txt")) and not Path("/tmp/evil.txt").exists()


def test_twenty_thousand_tiny_files_are_refused_before_one_is_written(tmp_path: Path, inside: Path) -> None:
    made = pack(tmp_path / "a.zip", ((f"{number}.txt", b"1") for number in range(20_000)))
    with pytest.raises(DataError, match=r"holds 20,000 files, at most 12,000 are taken here; .*data import"):
        unpack(made, inside, name="a.zip")
    assert not list(inside.iterdir())


def test_a_limit_is_the_last_number_that_is_taken(tmp_path: Path, inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pack(tmp_path / "a.zip", {"a.txt": b"12", "b.txt": b"345", "__MACOSX/b.txt": b"x"})  # what a Mac adds does not count
    monkeypatch.setattr(archive, "MAX_FILES", 2)
    monkeypatch.setattr(archive, "MAX_UNPACKED", 5)
    unpack(made, inside, name="a.zip")
    assert sorted(path.read_bytes() for path in inside.iterdir()) == [b"12", b"345"]
    monkeypatch.setattr(archive, "MAX_UNPACKED", 4)
    with pytest.raises(DataError, match="would unpack to 5 bytes, at most 4 are taken"):
        unpack(made, tmp_path / "second", name="a.zip")
    monkeypatch.setattr(archive, "MAX_FILES", 1)
    with pytest.raises(DataError, match="holds 2 files, at most 1 are taken here"):
        unpack(made, tmp_path / "third", name="a.zip")
    assert not (tmp_path / "second").exists() and not (tmp_path / "third").exists()


def test_what_shrinks_as_much_as_is_allowed_is_taken(tmp_path: Path, inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pack(tmp_path / "a.zip", {"a.bin": bytes(10_000)})
    with zipfile.ZipFile(made) as source:
        (info,) = source.infolist()
    monkeypatch.setattr(archive, "RATIO_FROM", 10_000)
    monkeypatch.setattr(archive, "MAX_RATIO", -(-info.file_size // info.compress_size) - 1)
    with pytest.raises(DataError, match=f"a.bin would grow from {info.compress_size} to 10,000 bytes"):
        unpack(made, inside, name="a.zip")
    monkeypatch.setattr(archive, "MAX_RATIO", -(-info.file_size // info.compress_size))
    unpack(made, inside, name="a.zip")
    assert (inside / "a.bin").read_bytes() == bytes(10_000)
    monkeypatch.setattr(archive, "MAX_RATIO", 1)
    monkeypatch.setattr(archive, "RATIO_FROM", 10_001)  # what is small may shrink as it likes
    (tmp_path / "small").mkdir()
    unpack(made, tmp_path / "small", name="a.zip")


def test_bombs_are_refused_by_what_they_say_and_by_what_they_do(tmp_path: Path, inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = pack(tmp_path / "a.zip", {"a.bin": bytes(archive.RATIO_FROM)})
    with pytest.raises(DataError, match=r"packed as a zip bomb is: a.bin would grow from"):
        unpack(bomb, inside, name="a.zip")
    monkeypatch.setattr(archive, "MAX_UNPACKED", 1000)
    with pytest.raises(DataError, match="would unpack to 67,108,864 bytes, at most 1,000"):
        unpack(bomb, inside, name="a.zip")
    liar = pack(tmp_path / "b.zip", {"b.bin": bytes(5000)})
    content = bytearray(liar.read_bytes())
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):  # the unpacked size, in both of its places
        place = content.index(mark) + offset
        content[place : place + 4] = (10).to_bytes(4, "little")
    liar.write_bytes(content)
    with pytest.raises(DataError, match=r"b\.zip"):
        unpack(liar, inside, name="b.zip")
    assert sum(path.stat().st_size for path in inside.rglob("*") if path.is_file()) <= 5000


@pytest.mark.parametrize("cut", [0, 10, 60, -30])
def test_a_damaged_zip_is_told_so(cut: int, tmp_path: Path, inside: Path) -> None:
    whole = pack(tmp_path / "a.zip", {"a.bin": bytes(range(256)) * 40}).read_bytes()
    (tmp_path / "a.zip").write_bytes(whole[:cut])
    with pytest.raises(DataError, match=r"a\.zip is no zip archive, or a damaged one"):
        unpack(tmp_path / "a.zip", inside, name="a.zip")


def test_a_zip_with_spoilt_content_or_a_password_is_told_so(tmp_path: Path, inside: Path) -> None:
    content = bytearray(pack(tmp_path / "a.zip", {"a.bin": bytes(range(256)) * 40}).read_bytes())
    spoilt = content.copy()
    spoilt[60:80] = b"\xff" * 20
    (tmp_path / "a.zip").write_bytes(spoilt)
    with pytest.raises(DataError, match="damaged"):
        unpack(tmp_path / "a.zip", inside, name="a.zip")
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "b.zip").write_bytes(content)
    with pytest.raises(DataError, match=r"b\.zip is encrypted"):
        unpack(tmp_path / "b.zip", inside, name="b.zip")

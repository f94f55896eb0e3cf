"""From entries to a data set: which picture is meant, what becomes of copies, strays and doubles, and what is counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hypviz.data.formats.entries import Entry, ReaderResult, build, called_alike, match_of, strays
from hypviz.data.formats.names import Match, PictureNames
from hypviz.data.raw import DropCounter, RawBox, RawDataset, RawImage
from hypviz.errors import DataError
from tests.data.layouts import picture
from tests.data.reading import examples, losses, write

A, B, C = (RawBox((n, 0, n + 1, 1), "x", f"b{n}") for n in range(3))


def made(root: Path, entries: list[Entry], pictures: list[str], **more: Any) -> tuple[RawDataset, list[RawImage]]:
    raw = build(
        ReaderResult(entries, {"f", "g"}, **more), PictureNames(pictures), root, name="set", dropped=DropCounter(), source=root / "s.json"
    )
    return raw, list(raw.images)


def test_a_data_set_has_the_pictures_that_its_entries_mean(tmp_path: Path) -> None:
    entries = [
        Entry(("s/a.png",), "f", (A,), "r1", (9, 8), "CC"),
        Entry(("gone.png",), "f", (A, B), "r2", (7, 7), "BY", True),
        Entry(("s/b.png",), "f", lambda: (B,), "r3", normalised=True),
    ]
    raw, images = made(tmp_path, entries, ["s/a.png", "s/b.png", "s/c.png", "masks/a.png"])
    assert (raw.root, raw.count, raw.name, raw.files) == (tmp_path / ".", 3, "set", 2)
    assert images == [
        RawImage("s/a.png", (A,), (9, 8), "CC", "r1"),
        RawImage("gone.png", (A, B), (7, 7), "BY", "r2", True),
        RawImage("s/b.png", (B,), None, "", "r3", True),
    ]
    assert examples(raw.dropped) == {"mask of segments, no picture": ["masks/a.png"], "picture without annotation": ["s/c.png"]}
    assert losses(raw.dropped) == {"mask of segments, no picture": (1, 0, 0, 0), "picture without annotation": (1, 0, 0, 0)}


@pytest.mark.parametrize(
    ("stated", "pictures", "below", "names"),
    [
        (["a.png"], ["s/t/a.png"], "s/t", ["a.png"]),
        (["t/a.png"], ["s/t/a.png"], "s", ["t/a.png"]),
        (["T/A.png"], ["s/t/a.png"], "s", ["t/a.png"]),
        (["x/a.png"], ["s/t/a.png"], "s/t", ["a.png"]),
        (["a.png", "b.png"], ["s/t/a.png", "s/u/b.png"], "s", ["t/a.png", "u/b.png"]),
        (["a.png", "b.png"], ["s/a.png", "b.png"], ".", ["s/a.png", "b.png"]),
        (["s/t/a.png", "b.png"], ["s/t/a.png", "s/b.png"], ".", ["s/t/a.png", "s/b.png"]),
        (["a.png"], ["a.png"], ".", ["a.png"]),
    ],
)
def test_names_are_relative_to_the_folder_that_files_state_them_from(
    stated: list[str], pictures: list[str], below: str, names: list[str], tmp_path: Path
) -> None:
    raw, images = made(tmp_path, [Entry((name,), "f") for name in stated], pictures)
    assert raw.root == tmp_path / below and [image.file_name for image in images] == names
    raw, images = made(tmp_path, [Entry((name,), "f", exact=True) for name in pictures], pictures)
    assert raw.root == tmp_path and [image.file_name for image in images] == pictures
    raw, _ = made(tmp_path, [Entry((stated[0],), "f")], [pictures[0], "z/extra.png", f"{below}/other.png"])
    place = "" if raw.root == tmp_path else f"{raw.root.relative_to(tmp_path)}/"
    assert (
        examples(raw.dropped) == {"picture without annotation": sorted(["z/extra.png", f"{below}/other.png".removeprefix(place)])}
        or below == "."
    )


def test_names_without_their_endings_are_found_where_none_is_there_with_them(tmp_path: Path) -> None:
    raw, images = made(tmp_path, [Entry(("a.jpg",), "f"), Entry(("b",), "f")], ["a.png", "b.png"])
    assert [image.file_name for image in images] == ["a.png", "b.png"] and len(raw.dropped.notes) == 1
    raw, images = made(tmp_path, [Entry(("a.jpg",), "f"), Entry(("b.png",), "f")], ["a.png", "b.png"])
    assert [image.file_name for image in images] == ["a.jpg", "b.png"] and raw.dropped.notes == []
    raw, _ = made(tmp_path, [Entry(("a.jpg",), "f", (A,))], ["s/a.png", "t/a.png"])
    assert losses(raw.dropped)["ambiguous picture name"] == (1, 1, 1, 0) and len(raw.dropped.notes) == 1


def test_a_set_none_of_whose_pictures_is_there_is_refused(tmp_path: Path) -> None:
    entries = [Entry(("./s\\x.png",), "f"), Entry(("y.png",), "f")]
    words = rf"^{tmp_path}/s\.json names 2 pictures, but 0 of the 2 .* among the 1 pictures below {tmp_path} \(example: s/x\.png\)"
    with pytest.raises(DataError, match=words):
        made(tmp_path, entries, ["a.png"])
    with pytest.raises(DataError, match=rf"^{tmp_path} names 2 pictures"):
        build(ReaderResult(entries), PictureNames([]), tmp_path, name="set", dropped=DropCounter())
    raw, images = made(tmp_path, [], ["a.png"])
    assert images == [] and raw.count == 0 and examples(raw.dropped) == {"picture without annotation": ["a.png"]}
    raw, _ = made(tmp_path, [Entry(("a.png",), "f")], ["a.png", "b.png"], listing=False, unlisted=("b.png", "c.png"))
    assert examples(raw.dropped) == {"picture in no split of the configuration": ["b.png", "c.png"]}
    assert losses(raw.dropped) == {"picture in no split of the configuration": (2, 0, 0, 0)}


def test_a_name_of_several_pictures_is_counted_with_three_of_them(tmp_path: Path) -> None:
    pictures = [f"{folder}/a.png" for folder in "stuv"]
    raw, images = made(tmp_path, [Entry(("a.png",), "f", (A, B), "r1"), Entry(("s/a.png",), "f")], pictures)
    assert [image.file_name for image in images] == ["s/a.png"] and losses(raw.dropped)["ambiguous picture name"] == (1, 1, 2, 0)
    assert examples(raw.dropped)["ambiguous picture name"] == ["r1: a.png may be s/a.png or t/a.png or u/a.png"]


def test_entries_of_one_picture_are_joined_and_a_box_of_both_is_one(tmp_path: Path) -> None:
    again = RawBox(A.xyxy, A.label, "other record")
    other = RawBox(A.xyxy, "y", "b")

    def joined(first: dict[str, Any], second: dict[str, Any]) -> tuple[list[RawImage], Any, Any]:
        entries = [
            Entry(("a.png",), "f", (A, B), "r1", **first),
            Entry(("a.png",), "f", (again, C, other), "r2", **second),
            Entry(("b.png",), "f"),
        ]
        raw, images = made(tmp_path, entries, ["a.png", "b.png"])
        return images, losses(raw.dropped), examples(raw.dropped)

    sentence = "a.png is listed twice, as r1 and as r2"
    for first, second in (
        ({}, {}),
        ({"size": (9, 9)}, {}),
        ({}, {"size": (9, 9)}),
        ({"size": (9, 9)}, {"size": (9, 9)}),
        *[({"normalised": True},) * 2],
    ):
        images, lost, said = joined(first, second)
        assert images[0] == RawImage("a.png", (A, B, C, other), first.get("size"), record="r1", normalised="normalised" in first)
        assert lost == {"picture listed twice": (1, 1, 1, 0)} and said == {"picture listed twice": [sentence]}
    for first, second in (({"size": (9, 9)}, {"size": (9, 8)}), ({"normalised": True}, {}), ({}, {"normalised": True})):
        images, lost, said = joined(first, second)
        assert images[0].boxes == (A, B)
        assert lost == {"picture listed twice": (1, 1, 3, 0)} and said == {"picture listed twice": [f"{sentence}, of another size"]}


def test_a_missing_picture_whose_name_another_file_has_belongs_elsewhere(tmp_path: Path) -> None:
    write(tmp_path, {"train/a.png": picture((8, 8), 0), "train/b.png": picture((8, 8), 0)})
    entries = [
        Entry(("b.png",), "train/x.xml", (), "r0"),
        Entry(("a.png",), "val/a.xml", (A,), "r1"),
        Entry((".//a.png",), "val/a.xml", (A, B), "r2"),
    ]
    raw, images = made(tmp_path, entries, ["train/b.png", "train/a.png"])
    assert raw.root == tmp_path / "train" and [image.file_name for image in images] == ["b.png"]
    assert losses(raw.dropped)["missing"] == (2, 2, 3, 0)
    assert examples(raw.dropped)["missing"] == [f"{record}: a.png, the file of that name belongs elsewhere" for record in ("r1", "r2")]
    entries = [entries[0], *(Entry((name,), "f", (), "r") for name in ("../train/c.png", "a\0.png", "x" * 300, "."))]
    assert [image.file_name for image in made(tmp_path, entries, ["train/b.png"])[1]] == ["b.png", "../train/c.png", "a\0.png", "x" * 300]


def test_copies_of_a_file_get_the_pictures_they_are_called_like() -> None:
    pictures = PictureNames(["p/A.png", "p/b.png", "p/c.png"])

    def given(*entries: Entry) -> tuple[list[str], list[str]]:
        dropped = DropCounter()
        matches = [match_of(entry, pictures) for entry in entries]
        return [match.picture for match in called_alike(entries, matches, pictures, dropped)], dropped.notes

    def entry(stem: str, *names: str) -> Entry:
        return Entry((*(names or ("A.png",)), stem), f"x/{stem}.xml", any_ending=True)

    note = "{} annotation files name a picture that another file is called like; they were given to those they are called like"
    assert given(entry("a"), entry("b"), entry("c")) == (["p/A.png", "p/b.png", "p/c.png"], [note.format(2)])
    assert given(entry("b")) == (["p/A.png"], []) and given(entry("a"), entry("d")) == (["p/A.png", "p/A.png"], [])
    assert given(entry("a"), entry("b"), entry("b", "b.png")) == (["p/A.png", "p/A.png", "p/b.png"], [])
    assert given(Entry(("A.png",), "x/b.xml"), Entry(("A.png",), "x/c.xml")) == (["p/A.png"] * 2, [])
    assert given(entry("z", "gone.png"), entry("y", "gone.png")) == (["", ""], [])


def test_strays_are_those_far_from_where_most_of_their_folder_have_their_pictures() -> None:
    def strayed(*pairs: tuple[str, str, str], exact: bool = False) -> set[int]:
        entries = [Entry((name,), file, exact=exact) for file, name, _ in pairs]
        return strays(entries, [Match(picture) for _, _, picture in pairs])

    near = [("s/x/1.xml", "1.png", "s/x/1.png"), ("s/x/2.xml", "2.png", "s/x/2.png")]
    far = ("s/x/3.xml", "3.png", "t/y/3.png")
    assert strayed(*near, far) == {2} and strayed(near[0], far) == set() == strayed(*near, far, exact=True)
    assert strayed(*near, ("s/x/3.xml", "y/3.png", "t/y/3.png")) == set(), "a folder in its name speaks for it"
    assert strayed(*near, ("s/x/3.xml", "Y\\3.png", "t/y/3.png")) == set()
    assert strayed(*near, ("s/x/3.xml", "3.png", "")) == set() == strayed(*near, ("u/x/3.xml", "3.png", "t/y/3.png"))
    assert strayed(*near, ("S/x/3.xml", "3.png", "T/y/3.png")) == set(), "of a folder of its own"
    assert strayed(*near, ("s/x/3.xml", "3.png", "s/y/3.png")) == {2} == strayed(*near, ("s/x/3.xml", "3.png", "t/x/3.png"))
    mirrored = [(f"l/x/{n}.xml", f"{n}.png", f"i/x/{n}.png") for n in range(3)]
    assert (
        strayed(*mirrored, ("l/x/9.xml", "9.png", "i/y/9.png")) == {3} and strayed(*mirrored, ("l/x/9.xml", "9.png", "l/y/9.png")) == set()
    )
    assert (
        strayed(*mirrored, ("l/x/9.xml", "9.png", "l/x/9.png"), ("l/x/8.xml", "8.png", "l/x/8.png"), ("l/x/7.xml", "7.png", "l/x/7.png"))
        == set()
    )
    assert strayed(("1.xml", "1.png", "1.png"), ("2.xml", "2.png", "2.png"), ("3.xml", "3.png", "s/3.png")) == {2}


def test_a_stray_is_missing_and_says_where_the_other_picture_is(tmp_path: Path) -> None:
    entries = [Entry((f"{n}.png",), f"s/x/{n}.xml", (), f"r{n}") for n in range(2)] + [Entry(("9.png",), "s/x/9.xml", (A,), "r9")]
    raw, images = made(tmp_path, entries, ["s/x/0.png", "s/x/1.png", "t/9.png"])
    assert len(images) == raw.count == 2 and losses(raw.dropped)["missing"] == (1, 1, 1, 0)
    assert examples(raw.dropped)["missing"] == [
        "r9: 9.png, the only picture of that name is t/9.png, apart from those of the other annotations here"
    ]


def test_an_entry_means_a_picture_by_its_file_and_name() -> None:
    pictures = PictureNames(["s/a.png", "t/a.png", "t/b.png"])
    for entry, match in (
        (Entry(("a.png",), "t/x.xml"), Match("t/a.png")),
        (Entry(("a.png",), "x.xml"), Match("", ("s/a.png", "t/a.png"))),
        (Entry(("a.png",), "y/s.xml"), Match("s/a.png")),
        (Entry(("b",), "x.xml"), Match("")),
        (Entry(("b",), "x.xml", any_ending=True), Match("t/b.png")),
        (Entry(("nothing",), "x.xml", exact=True), Match("nothing")),
        (Entry(("a.png",), "t/x.xml", absent=True), Match("")),
        (Entry(("a.png",), "t/x.xml", absent=True, exact=True), Match("a.png")),
    ):
        assert match_of(entry, pictures) == match, entry

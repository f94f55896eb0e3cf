"""VOC's files to the last field: corners from one, parts, outlines, names of other machines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hypviz.data.formats.entries import Entry
from hypviz.data.formats.voc import read_voc, read_voc_files
from hypviz.data.raw import RawBox
from hypviz.errors import DataError
from tests.data.layouts import picture
from tests.data.reading import Read, read


def voc(root: Path, *objects: str, head: str = "<filename>p.png</filename>", name: str = "x/v.b.xml", **more: Any) -> Read:
    return read(read_voc_files, root, {name: f"<annotation>{head}{''.join(objects)}</annotation>"}, **more)


def thing(inner: str, name: str = "car") -> str:
    return f"<object><name>{name}</name>{inner}</object>"


def corners(*numbers: Any) -> str:
    return "<bndbox>" + "".join(f"<{k}>{v}</{k}>" for k, v in zip(("xmin", "ymin", "xmax", "ymax"), numbers, strict=False)) + "</bndbox>"


def test_voc_counts_pixels_from_one_and_names_objects_and_parts(tmp_path: Path) -> None:
    part = f"<part><name>head</name>{corners(3, 4, 5, 6)}</part><part><name>hand</name></part>"
    odd = [thing(""), thing(corners(1, 2, 3, 4), ""), thing(corners(1, 2, "x", 4)), thing("<bndbox/>")]
    got = voc(
        tmp_path,
        thing(corners(1, 2, 30, 40) + part),
        *odd,
        head="<filename>p.png</filename><size><width>64</width><height>48</height></size>",
    )
    boxes = (RawBox((0, 1, 30, 40), "car", "v.b.xml: object 1"), RawBox((2, 3, 5, 6), "head", "v.b.xml: object 1, part 1"))
    assert got.entries == [Entry(("p.png", "v.b"), "x/v.b.xml", boxes, "v.b.xml", (64, 48), any_ending=True)]
    assert got.said == {
        "no box": ["v.b.xml: object 1, part 2", "v.b.xml: object 2"],
        "no class name": ["v.b.xml: object 3"],
        "box is not four numbers": ["v.b.xml: object 4: ['1', '2', 'x', '4']", "v.b.xml: object 5: []"],
    }
    assert got.files == {"x/v.b.xml"} and got.notes == []


@pytest.mark.parametrize(
    ("stated", "names"),
    [
        ("", ("v.b.jpg", "v.b")),
        ("s\\p.png", ("s\\p.png".replace("\\", "/"), "v.b")),
        ("/data/p.png", ("p.png", "/data/p.png", "v.b")),
        ("../p.png", ("p.png", "../p.png", "v.b")),
        ("C:/s/p.png", ("p.png", "C:/s/p.png", "v.b")),
        ("s/a:p.png", ("s/a:p.png", "v.b")),
        ("s/a:b/p.png", ("s/a:b/p.png", "v.b")),
    ],
)
def test_voc_names_a_picture_without_the_folders_of_another_machine(stated: str, names: tuple[str, ...], tmp_path: Path) -> None:
    assert voc(tmp_path, head=f"<filename>{stated}</filename>").entries == [Entry(names, "x/v.b.xml", (), "v.b.xml", any_ending=True)]


def test_outlines_of_voc_become_their_extents(tmp_path: Path) -> None:
    def turned(angle: Any, w: Any = 20) -> str:
        return f"<robndbox><cx>50</cx><cy>40</cy><w>{w}</w><h>10</h><angle>{angle}</angle></robndbox>"

    def points(*pairs: tuple[Any, Any]) -> str:
        return "<polygon>" + "".join(f"<point><x>{x}</x><y>{y}</y></point>" for x, y in pairs) + "</polygon>"

    numbered = "<polygon><x1>11</x1><y1>21</y1><x2>31</x2><y2>5</y2></polygon>"
    half = "<polygon><x1>0.25</x1><y1>0.5</y1><x2>1</x2><y2>0.75</y2></polygon>"
    things = [
        turned(0),
        turned(""),
        turned(1.5707963267948966),
        turned("x"),
        turned(0, "x"),
        points((11, 21), (31, 5)),
        numbered,
        half,
        points((1, 2)),
        corners(5, 6, 7, 8) + turned(0),
    ]
    got = voc(tmp_path, *map(thing, things), thing(turned(0), ""))
    assert [(tuple(round(each, 6) for each in box.xyxy), box.record[-8:]) for box in got.entries[0].load()] == [
        ((40, 35, 60, 45), "object 1"),
        ((40, 35, 60, 45), "object 2"),
        ((45, 30, 55, 50), "object 3"),
        ((10, 4, 31, 21), "object 6"),
        ((10, 4, 31, 21), "object 7"),
        ((0.25, 0.5, 1, 0.75), "object 8"),
        ((4, 5, 7, 8), "bject 10"),
    ]
    assert got.said == {"no box": [f"v.b.xml: object {n}" for n in (4, 5, 9)], "no class name": ["v.b.xml: object 11"]}


def test_voc_of_this_project_says_where_boxes_are_from_and_lie(tmp_path: Path) -> None:
    def known(words: str, inner: str = "") -> str:
        return thing(corners(1, 2, 30, 40) + f"<hypviz {words}>{inner}</hypviz>")

    inner = "<parent> 3 </parent><parent/>"
    got = voc(
        tmp_path,
        known('number="7" source="drawn"', inner),
        known('number="8" source="proposal"'),
        known('number="9" source="x"'),
        known(""),
    )
    stated = [(box.source, box.name, box.parents) for box in got.entries[0].load()]
    assert stated == [("drawn", "#7", ("#3", "#")), ("proposal", "#8", ()), ("annotation", "#9", ()), ("annotation", "#None", ())]


def test_voc_files_that_are_none_are_counted_and_refused_where_there_is_no_other(tmp_path: Path) -> None:
    files = {"x/v.xml": "<annotation/>", "x/w.xml": "<other/>", "y.xml": "<a"}
    got = read(read_voc_files, tmp_path, files)
    assert [one.names for one in got.entries] == [("v.jpg", "v")] and got.files == {"x/v.xml"}
    assert got.lost == {"unreadable annotation": (2, 2, 0, 0)}
    assert got.said["unreadable annotation"][0] == "w.xml: expected <annotation>, found <other>"
    with pytest.raises(
        DataError, match=r"/x: none of the 2 \.xml files is a VOC annotation \(e\.g\. w\.xml: expected <annotation>, found <other>\)"
    ):
        read(read_voc_files, tmp_path, {"x/w.xml": "<other/>", "y.xml": "<a"})


def test_voc_is_read_from_a_folder_or_a_file_with_pictures_where_they_are(tmp_path: Path) -> None:
    for name in ("set/JPEGImages/p.png", "else/p.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(picture((64, 48), 0))
    (tmp_path / "set/Annotations").mkdir()
    (tmp_path / "set/Annotations/p.XML").write_text(f"<annotation>{thing(corners(1, 2, 30, 40))}</annotation>")
    (tmp_path / "set/Annotations/notes.txt").write_text("x")
    ways: list[tuple[Any, Any, str, str]] = [
        ("set", None, "set/JPEGImages", "set"),
        ("set/Annotations/p.XML", None, "set/JPEGImages", "p.XML"),
        ("set", "else", "else", "set"),
        ("set/Annotations/p.XML", "else", "else", "p.XML"),
    ]
    for place, images, root, name in ways:
        raw = read_voc(tmp_path / place, None if images is None else str(tmp_path / images))
        (image,) = raw.images
        assert (raw.root / image.file_name, raw.name, raw.count, raw.files) == (tmp_path / root / "p.png", name, 1, 1), place
        assert raw.dropped.to_json() == {}
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match=r"none: no VOC annotations here"):
        read_voc(tmp_path / "none")

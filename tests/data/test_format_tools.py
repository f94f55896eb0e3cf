"""What readers of annotation tools make of small files, to the last field: names, sizes, records, sources, who lies in whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hypviz.data.formats import supervisely
from hypviz.data.formats.createml import read_createml
from hypviz.data.formats.cvat import read_cvat
from hypviz.data.formats.entries import Entry
from hypviz.data.formats.fiftyone import read_fiftyone
from hypviz.data.formats.kitti import read_kitti
from hypviz.data.formats.labelme import read_labelme
from hypviz.data.formats.supervisely import read_supervisely
from hypviz.data.raw import RawBox
from tests.data.reading import read


def test_labelme_states_a_name_a_size_and_a_class_for_every_shape(tmp_path: Path) -> None:
    rect = {"label": " car ", "points": [[1, 2], [3, 4]], "shape_type": "rectangle"}
    got = read(
        read_labelme,
        tmp_path,
        {
            "x/a.b.json": {"shapes": [rect], "imagePath": "..\\p.jpg", "imageWidth": 40, "imageHeight": "30"},
            "c.json": {"shapes": [{**rect, "label": None}, {"shape_type": "line"}, {"points": [[None, 3], [4, None], [1, 2], [3, 0]],
                       "shape_type": "circle", "label": "x"}], "imagePath": "", "imageWidth": 0, "imageHeight": 3},
            "d.json": {"shapes": {}},
            "e.json": [1],
            "f.json": "{",
        },
    )  # fmt: skip
    assert got.entries == [
        Entry(
            ("..\\p.jpg", "a.b"), "x/a.b.json", (RawBox((1, 2, 3, 4), "car", "a.b.json: shape 1"),), "a.b.json", (40, 30), any_ending=True
        ),
        Entry(("c",), "c.json", (RawBox((-5, -2, 5, 8), "x", "c.json: shape 3"),), "c.json", any_ending=True),
    ]
    assert got.files == {"x/a.b.json", "c.json"} and got.notes == []
    assert got.lost == {"no class name": (1, 0, 1, 0), "no box": (1, 0, 1, 0), "unreadable annotation": (3, 3, 0, 0)}
    assert got.said["no class name"] == ["c.json: shape 1"] and got.said["no box"] == ["c.json: shape 2: line"]
    assert got.said["unreadable annotation"][:2] == [f"{name}: expected labelme's list of shapes" for name in ("d.json", "e.json")]
    assert got.said["unreadable annotation"][2].startswith("f.json: not a JSON file")


def test_supervisely_names_its_pictures_by_its_files(tmp_path: Path) -> None:
    exterior = {"classTitle": "car", "points": {"exterior": [[1, 2], [30, 40]]}}
    bitmap = {"classTitle": "car", "geometryType": "bitmap"}
    odd: list[Any] = [{"origin": [1], "data": "x"}, {"origin": 1, "data": "x"}, {"origin": [1, 2], "data": 3}, {"data": "x"}, 5,
                      {"origin": [1, 2], "data": "eJw="}, {"origin": [1, 2], "data": "eJwDAAAAAAE="}]  # fmt: skip
    got = read(
        read_supervisely,
        tmp_path,
        {
            "ann/a.png.json": {"objects": [exterior, {**exterior, "classTitle": 5}, *({**bitmap, "bitmap": each} for each in odd)],
                               "size": {"width": 64, "height": 48}},
            "b.json.json": {"objects": [exterior], "size": [64, 48]},
            "meta.json": {"classes": [{"title": "car"}]},
            "c.json": [1],
            "d.json": "{",
        },
    )  # fmt: skip
    box = (1, 2, 30, 40)
    assert got.entries == [
        Entry(("a.png",), "ann/a.png.json", (RawBox(box, "car", "a.png.json: object 1"), RawBox(box, "5", "a.png.json: object 2")),
              "a.png.json", (64, 48), any_ending=True),
        Entry(("b.json",), "b.json.json", (RawBox(box, "car", "b.json.json: object 1"),), "b.json.json", any_ending=True),
    ]  # fmt: skip
    assert got.files == {"ann/a.png.json", "b.json.json", "meta.json", "c.json"}
    assert got.lost == {"no box": (7, 0, 7, 0), "unreadable annotation": (1, 1, 0, 0)}
    assert got.said["no box"] == [f"a.png.json: object {number}: bitmap" for number in range(3, 8)]


def test_a_bitmap_that_unpacks_to_more_than_a_picture_has_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import base64
    import io
    import zlib

    from PIL import Image

    stream = io.BytesIO()
    Image.new("1", (30, 40)).save(stream, "PNG")
    bitmap = {"origin": ["1", 2.5], "data": base64.b64encode(zlib.compress(stream.getvalue())).decode()}
    files = {"a.json": {"objects": [{"classTitle": "x", "bitmap": bitmap}]}}
    assert read(read_supervisely, tmp_path, files).entries[0].load()[0].xyxy == (1, 2.5, 31, 42.5)
    monkeypatch.setattr(supervisely, "_MAX_BITMAP", 20)  # the header alone
    assert read(read_supervisely, tmp_path, files).lost == {"no box": (1, 0, 1, 0)}
    stream = io.BytesIO()
    Image.new("1", (30, 40)).save(stream, "GIF")
    bitmap["data"] = base64.b64encode(zlib.compress(stream.getvalue())).decode()
    monkeypatch.undo()
    assert read(read_supervisely, tmp_path, files).said == {"no box": ["a.json: object 1: no geometry"]}


def test_createml_lists_pictures_with_boxes_about_their_middles(tmp_path: Path) -> None:
    place = {"x": 50, "y": 40, "width": 20, "height": 10}
    listed = [{"label": "car", "coordinates": place}, {"label": "", "coordinates": place}, {"coordinates": {"x": 1}}, 5]
    got = read(
        read_createml,
        tmp_path,
        {
            "x/a.json": [{"image": "p.png", "annotations": listed}, {"image": "", "imagefilename": "q.png"}, 5, {"filename": 7}],
            "b.json": {"image": "p.png"},
            "c.json": "{",
        },
    )
    assert got.entries == [
        Entry(("p.png",), "x/a.json", (RawBox((40, 35, 60, 45), "car", "a.json: picture 0, box 1"),), "a.json: picture 0"),
        Entry(("q.png",), "x/a.json", (), "a.json: picture 1"),
    ]
    assert got.files == {"x/a.json", "b.json"}
    assert got.lost == {
        "no class name": (1, 0, 1, 0),
        "box is not four numbers": (2, 0, 2, 0),
        "no picture in the record": (2, 2, 0, 0),
        "unreadable annotation file": (1, 0, 0, 1),
    }
    assert got.said["no class name"] == ["a.json: picture 0, box 2"]
    assert got.said["no picture in the record"] == ["a.json: picture 2", "a.json: picture 3"]


def test_fiftyone_has_fractions_and_what_this_project_wrote(tmp_path: Path) -> None:
    box = {"label": "car", "bounding_box": [0.25, 0.5, 0.25, 0.25]}
    known = {"source": "drawn", "item_id": "7", "parents": ["3", 4]}
    listed = [{**box, "attributes": known}, {**box, **known, "source": "proposal"}, {**box, **known, "source": "else", "item_id": ""},
              {**box, **known, "item_id": 7}, {**box, **known, "parents": None}, {**box, "attributes": "x"},
              {**box, "label": True}, {**box, "label": -1}, {**box, "label": 2}, {**box, "label": 0}]  # fmt: skip
    content = {
        "classes": ["cat", "dog"],
        "info": {"hypviz": {"file_names": ["s/a.jpeg", 5, "", "/"]}},
        "labels": {"s/a": {"detections": listed}, "b": [box], "c": 5},
    }
    got = read(read_fiftyone, tmp_path, {"x/f.json": content, "g.json": {"labels": [1]}, "h.json": [1], "i.json": "{"})
    corners, name, parents = (0.25, 0.5, 0.5, 0.75), "x/f.json#7", ("x/f.json#3", "x/f.json#4")
    stated = [("car", "drawn", name, parents), ("car", "proposal", name, parents), *[("car", "annotation", "", None)] * 4]
    kinds = [("car", "annotation", "", None), ("car", "drawn", "", None), ("car", "drawn", "", None), ("car", "annotation", "", None)]
    labels = [*stated[:2], *kinds, ("-1", "annotation", "", None), ("2", "annotation", "", None), ("cat", "annotation", "", None)]
    places = [1, 2, 3, 4, 5, 6, 8, 9, 10]
    boxes = tuple(
        RawBox(corners, label, f"f.json: s/a, box {place}", kind, own, inside)
        for place, (label, kind, own, inside) in zip(places, labels, strict=True)
    )
    assert got.entries == [
        Entry(("s/a.jpeg", "s/a"), "x/f.json", boxes, "f.json: s/a", normalised=True, any_ending=True),
        Entry(("b",), "x/f.json", (RawBox(corners, "car", "f.json: b, box 1"),), "f.json: b", normalised=True, any_ending=True),
        Entry(("c",), "x/f.json", (), "f.json: c", normalised=True, any_ending=True),
    ]
    assert got.files == {"x/f.json", "g.json", "h.json"} and got.notes == []
    assert got.lost == {"no class name": (1, 0, 1, 0), "unreadable annotation file": (1, 0, 0, 1)}


def test_kitti_labels_have_a_class_and_corners_a_line(tmp_path: Path) -> None:
    rest = "0.00 0 -1.5 {} 1 1 1 1 1 1 0"
    lines = [
        f"Car {rest.format('10 20 40 60')}",
        "",
        f"dontcare {rest.format('1 2 3 4')}",
        "Van 1 2",
        f"3 {rest.format('5 6 70 80')}",
        f"Bus {rest.format('7 8 9 10')} 0.9 2",
    ]
    got = read(read_kitti, tmp_path, {"x/a.b.txt": "\n".join(lines), "c.txt": "Löwe".encode("cp1251", "replace") + b"\xff\xfe\xfa\xe9\xe8"})
    boxes = (
        RawBox((10, 20, 40, 60), "Car", "a.b.txt: line 1"),
        RawBox((5, 6, 70, 80), "3", "a.b.txt: line 5"),
        RawBox((7, 8, 9, 10), "Bus", "a.b.txt: line 6"),
    )
    assert got.entries[0] == Entry(("a.b",), "x/a.b.txt", boxes, "a.b.txt", any_ending=True)
    assert got.said["marked DontCare"] == ["a.b.txt: line 3"] and got.said["box is not four numbers"][0] == "a.b.txt: line 4: Van 1 2"
    assert "x/a.b.txt" in got.files


def test_cvat_states_sizes_sources_and_who_lies_in_whom(tmp_path: Path) -> None:
    def box(inner: str = "", **more: str) -> str:
        words = " ".join(f'{key}="{value}"' for key, value in more.items())
        return f'<box label="car" xtl="1" ytl="2" xbr="30" ybr="40" {words}>{inner}</box>'

    def own(number: str, inside: str) -> str:
        return f'<attribute name="number">{number}</attribute><attribute name="inside">{inside}</attribute>'

    text = f"""<annotations><image name="p.png" width="64" height="48">{box(own(" 4 ", "5 6"), source="auto")}{box(own("5", ""))}
      {box(own("x", "5"))}{box(own("6", "5 x"), source="auto")}{box(source="auto")}</image><image id="9"/>
      <group><image name="q.png"><box label=" " xtl="1" ytl="2" xbr="30" ybr="40"/></image></group></annotations>"""
    got = read(read_cvat, tmp_path, {"bad.xml": "<a", "x/c.xml": text})

    def made(shape: int, kind: str, name: str, inside: Any) -> RawBox:
        return RawBox((1, 2, 30, 40), "car", f"c.xml: image 0, box {shape}", kind, name, inside)

    stated = (made(1, "proposal", "x/c.xml#4", ("x/c.xml#5", "x/c.xml#6")), made(2, "annotation", "x/c.xml#5", ()),
              made(3, "annotation", "", None), made(4, "proposal", "", None), made(5, "annotation", "", None))  # fmt: skip
    assert got.entries == [
        Entry(("p.png",), "x/c.xml", stated, "c.xml: image 0", (64, 48), any_ending=True),
        Entry(("image 1",), "x/c.xml", (), "c.xml: image 9", any_ending=True),
        Entry(("q.png",), "x/c.xml", (), "c.xml: image 2", any_ending=True),
    ]
    assert got.files == {"x/c.xml"}
    assert got.lost == {"unreadable annotation file": (1, 0, 0, 1), "no class name": (1, 0, 1, 0)}
    assert got.said["unreadable annotation file"][0].startswith("bad.xml: ")


def test_frames_of_a_track_are_pictures_by_the_number_that_ends_their_names(tmp_path: Path) -> None:
    def track(number: str, *frames: str) -> str:
        shapes = "".join(f'<box frame="{frame}" xtl="1" ytl="2" xbr="30" ybr="40" outside="0"/>' for frame in frames)
        return f'<track id="{number}" label="car">{shapes}<note frame="1"/><box frame="1" outside="1"/></track>'

    text = f"<annotations>{track('1', '3', '4', '12')}{track('2', '3', '5', 'x')}</annotations>"
    pictures = ["clip_0003.png", "x5/a12.png", "one/f4.png", "two/f04.png", "5th.png"]
    got = read(read_cvat, tmp_path, {"x/c.xml": text}, pictures=pictures)
    by_name = {entry.names: [box.record for box in entry.load()] for entry in got.entries}
    assert by_name == {
        ("clip_0003.png",): ["c.xml: track 1, frame 3", "c.xml: track 2, frame 3"],
        ("frame_000004",): ["c.xml: track 1, frame 4"],  # two pictures have that number
        ("x5/a12.png",): ["c.xml: track 1, frame 12"],
        ("frame_000005",): ["c.xml: track 2, frame 5"],
    }
    assert got.entries[0] == Entry(
        ("clip_0003.png",),
        "x/c.xml",
        tuple(RawBox((1, 2, 30, 40), "car", f"c.xml: track {number}, frame 3") for number in (1, 2)),
        "c.xml: track 1, frame 3",
        any_ending=True,
    )
    assert got.lost == {}

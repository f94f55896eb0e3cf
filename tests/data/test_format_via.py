"""VIA's projects and tables to the last field; and what is said of the numbers of every tool's files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hypviz.data.formats.cvat import read_cvat
from hypviz.data.formats.entries import Entry
from hypviz.data.formats.kitti import read_kitti
from hypviz.data.formats.labelme import read_labelme
from hypviz.data.formats.supervisely import read_supervisely
from hypviz.data.formats.via import read_via
from hypviz.data.formats.via3 import of_via3
from hypviz.data.raw import RawBox
from tests.data.layouts import picture
from tests.data.reading import read


def test_via_has_pictures_by_any_key_and_tables_a_region_a_row(tmp_path: Path) -> None:
    shape = {"x": 1, "y": 2, "width": 3, "height": 4}
    project = {
        "_via_img_metadata": {"k": {"filename": "p.png", "regions": [{"shape_attributes": shape, "region_attributes": {"u": "cat"}}]}}
    }
    head = "filename,file_size,region_shape_attributes,region_attributes\n"
    quoted = '"{""x"": 1, ""y"": 2, ""width"": 3, ""height"": 4}"'
    table = f'{head}q.png,9,{quoted},"{{""u"": ""dog""}}"\nr.png,9,{{}},{{}}\nq.png,9,{quoted},{{}}\n'
    got = read(read_via, tmp_path, {"x/v.json": project, "t.csv": table, "w.json": [1], "y.json": "{", "z.json": {"k": 5}})
    assert got.entries == [
        Entry(("p.png",), "x/v.json", (RawBox((1, 2, 4, 6), "cat", "v.json: p.png, region 1"),), "v.json: p.png"),
        Entry(("q.png",), "t.csv", (RawBox((1, 2, 4, 6), "dog", "t.csv: q.png, region 1"),), "t.csv: q.png"),
        Entry(("r.png",), "t.csv", (), "t.csv: r.png"),
    ]
    assert got.files == {"x/v.json", "t.csv", "w.json", "z.json"}
    assert got.lost == {
        "no class name": (1, 0, 1, 0),
        "unreadable annotation file": (1, 0, 0, 1),
        "unusable record": (1, 1, 0, 0),
    }
    assert got.said["no class name"] == ["t.csv: q.png, region 2 ()"] and got.said["unusable record"] == ["z.json: k"]
    assert got.notes == [f"{name}: its regions have no attributes, so they are of the class 'object'" for name in ("w.json", "z.json")]


@pytest.mark.parametrize("name", ["class", "label", "type", "category", "name", "object", "object_name", "species"])
def test_of_several_attributes_of_via_the_one_that_is_called_so_is_the_class(tmp_path: Path, name: str) -> None:
    shape = {"cx": 10, "cy": 20, "r": 5}
    regions = [
        {"shape_attributes": shape, "region_attributes": {"a": "x", name: "cat"}},
        {"shape_attributes": shape, "region_attributes": {"a": "x"}},
        {"shape_attributes": shape, "region_attributes": {name: {"dog": 0, "cow": 1, "pig": 1}}},
    ]
    got = read(read_via, tmp_path, {"v.json": {"k": {"filename": "p.png", "regions": regions}}})
    assert [(box.label, box.xyxy) for box in got.entries[0].load()] == [("cat", (5, 15, 15, 25)), ("cow", (5, 15, 15, 25))]
    assert got.said == {"no class name": ["v.json: p.png, region 2 (a)"]} and got.notes == []


def test_attributes_of_via_of_which_none_is_called_a_class_give_none(tmp_path: Path) -> None:
    shape = {"cx": 10, "cy": 20, "rx": 5, "ry": 6}
    attributes = {f"{'colour' * 3}{n}": "x" for n in range(9)}
    odd = [
        {"cx": 10, "cy": 20},
        {"all_points_x": 1, "all_points_y": [2]},
        {"all_points_x": [1, 2]},
        {"all_points_x": [1, 2], "all_points_y": [3, 4, 5]},
    ]
    regions = [{"shape_attributes": each, "region_attributes": attributes} for each in (shape, *odd)]
    got = read(read_via, tmp_path, {"v.json": {"k": {"filename": "p.png", "regions": regions}}})
    words = ", ".join(attributes)
    assert got.entries[0].load() == ()
    assert got.said["no class name"] == [f"v.json: p.png, region {number} ({words[:60]})" for number in (1, 5)]
    assert got.said["no box"] == [f"v.json: p.png, region {number}" for number in (2, 3, 4)]
    assert got.notes == [f"v.json: its regions have the attributes {words[:100]}, of which none is called class or label"]


def test_projects_of_via_3_become_those_of_via_2() -> None:
    content = {
        "attribute": {"1": {"aname": "class", "options": {"0": "car"}}, "2": {"aname": ""}, "3": 5},
        "file": {"4": {"fname": "a.png"}, "5": 7},
        "view": {"1": {"fid_list": [4, 5]}, "2": {"fid_list": []}, "3": {"fid_list": ["5"]}, "6": 8},
        "metadata": {
            "a": {"vid": 1, "xy": [2, 10, 20, 30, 40], "av": {"1": 0, "2": "x", "3": "y", "9": "z"}},
            "b": {"vid": "1", "xy": [2, 10, 20, 30], "av": {"1": "7"}},
            "c": {"vid": "1", "xy": [3, 50, 40, 10], "av": 5},
            "d": {"vid": "1", "xy": [4, 50, 40, 20, 10, 0.5]},
            "e": {"vid": "1", "xy": [4, 50, 40, 20]},
            "f": {"vid": "1", "xy": [3, 50, 40]},
            "g": {"vid": "1", "xy": [3, 50, 40, 10, 5, 6]},
            "h": {"vid": "1", "xy": [6, 1, 2, 3, 4]},
            "i": {"vid": "1", "xy": [2, 10, 20, 30, 40], "z": [1]},
            "j": 5,
        },
    }
    shapes = [
        {"x": 10, "y": 20, "width": 30, "height": 40},
        {},
        {"cx": 50, "cy": 40, "r": 10},
        {"cx": 50, "cy": 40, "rx": 20, "ry": 10},
        {},
        {},
        {"all_points_x": [50, 10, 6], "all_points_y": [40, 5]},
        {"all_points_x": [1, 3], "all_points_y": [2, 4]},
        {},
    ]
    named = [{"class": "car", "2": "x", "3": "y", "9": "z"}, {"class": "7"}, *[{}] * 7]
    regions = [{"shape_attributes": shape, "region_attributes": words} for shape, words in zip(shapes, named, strict=True)]
    nameless = {"filename": None, "regions": []}
    assert of_via3(content) == {
        "1": {"filename": "a.png", "regions": regions},
        "2": nameless,
        "3": nameless,
        "6": nameless,
        "None": {"filename": None, "regions": [{"shape_attributes": {}, "region_attributes": {}}]},
    }
    assert of_via3({"file": {}, "metadata": {}}) == of_via3({"file": {}, "metadata": {}, "view": [1], "attribute": [2]}) == {}


CORNERS = [(0.5, 1.5, 95.5, 98.5), *((n + 0.5, n + 1.5, n + 20.5, n + 30.5) for n in range(1, 8))]


def labelme(boxes: list[Any]) -> Any:
    return {"shapes": [{"label": "x", "points": box} for box in boxes], "imageWidth": 640, "imageHeight": 480}


def supervisely_of(boxes: list[Any]) -> Any:
    objects = [{"classTitle": "x", "points": {"exterior": [box[:2], box[2:]]}} for box in boxes]
    return {"size": {"width": 640, "height": 480}, "objects": objects}


def cvat(boxes: list[Any]) -> str:
    shapes = "".join(f'<box label="x" xtl="{a}" ytl="{b}" xbr="{c}" ybr="{d}"/>' for a, b, c, d in boxes)
    return f'<annotations><image name="p.png" width="640" height="480">{shapes}</image></annotations>'


def kitti(boxes: list[Any]) -> str:
    return "\n".join(f"Car 0.0 0 -1.5 {' '.join(map(str, box))} 1 1 1 1 1 1 0" for box in boxes)


def via(boxes: list[Any]) -> Any:
    shapes = [{"x": a, "y": b, "width": c - a, "height": d - b} for a, b, c, d in boxes]
    return {"k": {"filename": "p.png", "regions": [{"shape_attributes": shape, "region_attributes": {"class": "x"}} for shape in shapes]}}


@pytest.mark.parametrize(
    ("reader", "content", "name", "where"),
    [
        (read_labelme, labelme, "p.json", "labelme JSON"),
        (read_supervisely, supervisely_of, "p.png.json", "Supervisely JSON"),
        (read_cvat, cvat, "p.xml", "p.xml, other"),
        (read_kitti, kitti, "p.txt", "KITTI label files"),
        (read_via, via, "p.json", "p.json, other"),
    ],
)
def test_what_the_numbers_of_a_tool_were_read_as_is_said_of_its_files(
    reader: Any, content: Any, name: str, where: str, tmp_path: Path
) -> None:
    (tmp_path / "p.png").write_bytes(picture((640, 480), 0))
    got = read(reader, tmp_path, {name: content(CORNERS), **({"other": "{"} if where.endswith("other") else {})}, pictures=["p.png"])
    assert got.notes == [f"{where}: boxes were read as per cent of their pictures"]
    assert got.entries[0].load()[0].xyxy == (0.005, 0.015, 0.955, 0.985) and got.entries[0].normalised

"""Shapes of annotation tools beside plain boxes, each worked out by hand on one picture of 200 × 100 pixels; and what is said of those
that have no extent or no class."""

from __future__ import annotations

import base64
import io
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.data.one_picture import found, load, said

# ---- CVAT -------------------------------------------------------------------------------------------------------------------------------


def test_shapes_of_cvat_become_their_extents(tmp_path: Path) -> None:
    text = """<annotations><image id="7" name="a.png" width="200" height="100">
      <box label="straight" xtl="60" ytl="40" xbr="100" ybr="60"/>
      <box label="turned" xtl="60" ytl="40" xbr="100" ybr="60" rotation="30"/>
      <box label="quarter" xtl="60" ytl="40" xbr="100" ybr="60" rotation="90"/>
      <ellipse label="ellipse" cx="50" cy="40" rx="20" ry="10"/>
      <ellipse label="turned ellipse" cx="50" cy="40" rx="20" ry="10" rotation="90"/>
      <mask label="mask" left="10" top="20" width="30" height="40" rle="1, 2"/>
      <polygon label="polygon" points="10,10;50,20;30,60"/>
      <polyline label="polyline" points="5,90;15,70"/>
      <points label="points" points="1,2;3,4;9,3"/>
      <skeleton label="skeleton"><points label="head" points="10,12"/><points label="foot" points="30,50"/></skeleton>
    </image></annotations>"""
    items, report = load(tmp_path, "annotations.xml", text)
    assert found(items) == [
        ("straight", [60, 40, 100, 60]),
        ("turned", [57.679, 31.34, 102.321, 68.66]),  # 20 cos 30° + 10 sin 30° and 20 sin 30° + 10 cos 30° about (80, 50)
        ("quarter", [70, 30, 90, 70]),
        ("ellipse", [30, 30, 70, 50]),
        ("turned ellipse", [40, 20, 60, 60]),
        ("mask", [10, 20, 40, 60]),
        ("polygon", [10, 10, 50, 60]),
        ("polyline", [5, 70, 15, 90]),
        ("points", [1, 2, 9, 4]),
        ("skeleton", [10, 12, 30, 50]),
    ]
    assert said(report) == {} and set(items.source.tolist()) == {"image", "annotation"}


def test_what_cvat_has_no_box_or_no_class_for_is_named_by_image_and_shape(tmp_path: Path) -> None:
    text = """<annotations><image id="7" name="a.png"><tag label="night"/><box xtl="60" ytl="40" xbr="100" ybr="60"/>
      <box label="car" xtl="x" ytl="40" xbr="100" ybr="60"/><box label="car" xtl="60" ytl="40" xbr="100" ybr="60" rotation="x"/>
      <ellipse label="car" cx="50" cy="40" rx="20"/><mask label="car" left="10" top="20" width="30"/><points label="car" points="1,2"/>
      <box label="car" xtl="300" ytl="40" xbr="310" ybr="60"/><box label="car" xtl="0" ytl="0" xbr="10" ybr="10"/><comment/>
      </image><image name="b.png"><tag label="day"/></image></annotations>"""
    items, report = load(tmp_path, "annotations.xml", text)
    assert found(items) == [("car", [0, 0, 10, 10])]
    assert said(report) == {
        "tag of a whole picture": ["annotations.xml: image 7: night", "annotations.xml: image 1: day"],
        "no class name": ["annotations.xml: image 7, box 2"],
        "box is not four numbers": [
            f"annotations.xml: image 7, {shape}" for shape in ("box 3", "box 4", "ellipse 5", "mask 6", "points 7")
        ],
        "outside the picture": ["annotations.xml: image 7, box 8: car [300.0, 40.0, 310.0, 60.0] in a.png"],
        "missing": ["annotations.xml: image 1: b.png, there is no such file"],
    }


def test_tracks_of_cvat_belong_to_the_picture_of_their_frame(tmp_path: Path) -> None:
    text = """<annotations><track id="4" label="car"><box frame="3" outside="0" xtl="1" ytl="2" xbr="30" ybr="40"/>
      <box frame="3" outside="1" xtl="5" ytl="5" xbr="9" ybr="9"/><box xtl="5" ytl="5" xbr="9" ybr="9"/></track>
      <track id="5"><box frame="3" outside="0" xtl="5" ytl="5" xbr="9" ybr="9"/></track>
      <track id="6" label="bus"><box frame="8" outside="0" xtl="5" ytl="5" xbr="9" ybr="9"/></track></annotations>"""
    items, report = load(tmp_path, "annotations.xml", text, picture_name="clip_0003.png")
    assert found(items) == [("car", [1, 2, 30, 40])]
    assert said(report) == {
        "no class name": ["annotations.xml: track 5, frame 3"],
        "missing": ["annotations.xml: track 6, frame 8: frame_000008, there is no such file"],
    }


# ---- VIA --------------------------------------------------------------------------------------------------------------------------------


def via(*regions: tuple[dict[str, Any], Any], as_dict: bool = False) -> dict[str, Any]:
    listed = [{"shape_attributes": shape, "region_attributes": attributes} for shape, attributes in regions]
    return {"a.png99": {"filename": "a.png", "size": 99, "regions": dict(enumerate(listed)) if as_dict else listed}}


SHAPES: list[tuple[dict[str, Any], list[float]]] = [
    ({"name": "rect", "x": 10, "y": 20, "width": 30, "height": 40}, [10, 20, 40, 60]),
    ({"name": "circle", "cx": 50, "cy": 40, "r": 10}, [40, 30, 60, 50]),
    ({"name": "ellipse", "cx": 50, "cy": 40, "rx": 20, "ry": 10, "theta": 0}, [30, 30, 70, 50]),
    ({"name": "polygon", "all_points_x": [10, 50, 30], "all_points_y": [10, 20, 60]}, [10, 10, 50, 60]),
    ({"name": "polyline", "all_points_x": [5, 15], "all_points_y": [90, 70]}, [5, 70, 15, 90]),
]


@pytest.mark.parametrize("as_dict", [False, True])
def test_shapes_of_via_become_their_extents(tmp_path: Path, as_dict: bool) -> None:
    items, report = load(tmp_path, "via.json", via(*((shape, {"class": shape["name"]}) for shape, _ in SHAPES), as_dict=as_dict))
    assert found(items) == [(shape["name"], corners) for shape, corners in SHAPES] and said(report) == {}


def test_shapes_of_via_3_become_their_extents(tmp_path: Path) -> None:
    shapes = [[2, 10, 20, 30, 40], [3, 50, 40, 10], [4, 50, 40, 20, 10], [4, 50, 40, 20, 10, 0.5], [7, 10, 10, 50, 20, 30, 60]]
    odd = [[1, 5, 6], [2, 10, 20, 30], [3, 50], [], "x"]
    regions: list[dict[str, Any]] = [{"vid": "1", "z": [], "xy": xy, "av": {"1": "0", "2": "red"}} for xy in [*shapes, *odd]]
    regions += [{"vid": "1", "z": [1.5], "xy": shapes[0], "av": {"1": "0"}}, {"vid": "9", "xy": shapes[0], "av": {}}]
    content = {
        "attribute": {"1": {"aname": "class", "options": {"0": "car", "1": "bus"}}, "2": {"aname": "colour", "options": {}}},
        "file": {"4": {"fid": "4", "fname": "a.png"}},
        "view": {"1": {"fid_list": ["4"]}},
        "metadata": {f"1_{number}": region for number, region in enumerate(regions)},
    }
    items, report = load(tmp_path, "project.json", content)
    corners = [[10, 20, 40, 60], [40, 30, 60, 50], [30, 30, 70, 50], [30, 30, 70, 50], [10, 10, 50, 60]]
    assert found(items) == [("car", each) for each in corners]
    assert said(report) == {
        "no box": [f"project.json: a.png, region {number}" for number in range(6, 11)],  # the first five of them
        "unusable record": ["project.json: 9"],
    }
    assert report.dropped["no box"]["boxes"] == 6 and report.dropped["unusable record"]["boxes"] == 1


def test_what_via_has_no_box_or_no_class_for_is_named_by_picture_and_region(tmp_path: Path) -> None:
    rect = SHAPES[0][0]
    odd: list[Any] = [{"name": "point", "cx": 5, "cy": 6}, {"name": "polygon", "all_points_x": [1], "all_points_y": None}, {}, None]
    content = via(*((shape, {"label": "car"}) for shape in odd), (rect, {"label": ""}), (rect, None), (rect, {"label": "car"}))
    content |= {"b": {"filename": None, "regions": [{}, {}]}, "c": {"filename": "a.png", "regions": 5}}
    items, report = load(tmp_path, "via.json", content)
    assert found(items) == [("car", [10, 20, 40, 60])]
    assert said(report)["no box"] == [f"via.json: a.png, region {number}" for number in (1, 2, 3, 4)]
    assert said(report)["no class name"] == ["via.json: a.png, region 5 (label)", "via.json: a.png, region 6 (no attributes)"]
    assert said(report)["unusable record"] == ["via.json: b"] and report.dropped["unusable record"]["boxes"] == 2


@pytest.mark.parametrize(
    ("attributes", "label", "note"),
    [
        ({"species": "cat", "colour": "red"}, "cat", ""),
        ({"what": "cat"}, "cat", ""),
        ({"type": {"dog": False, "cat": True}}, "cat", ""),
        ({}, "object", "its regions have no attributes, so they are of the class 'object'"),
    ],
)
def test_the_class_of_a_region_is_the_attribute_that_is_called_so_or_the_only_one(
    tmp_path: Path, attributes: dict[str, Any], label: str, note: str
) -> None:
    items, report = load(tmp_path, "via.json", via((SHAPES[0][0], attributes)))
    assert found(items) == [(label, [10, 20, 40, 60])]
    assert [one for one in report.notes if "attributes" in one] == ([f"via.json: {note}"] if note else [])


# ---- labelme, Supervisely, CreateML, FiftyOne ------------------------------------------------------------------------------------------


def test_shapes_of_labelme_become_their_extents_in_the_size_that_it_states(tmp_path: Path) -> None:
    """All is annotated at twice the size of the picture."""
    shapes: list[Any] = [
        {"label": "rectangle", "points": [[100, 40], [20, 80]], "shape_type": "rectangle"},
        {"label": "circle", "points": [[100, 100], [106, 108]], "shape_type": "circle"},
        {"label": "polygon", "points": [[20, 20], [100, 40], [60, 120]], "shape_type": "polygon"},
        {"label": "point", "points": [[20, 20]], "shape_type": "point"},
        {"label": "", "points": [[20, 20], [30, 30]], "shape_type": "line"},
        None,
    ]
    content = {"version": "5", "shapes": shapes, "imagePath": "a.png", "imageWidth": 400, "imageHeight": 200}
    items, report = load(tmp_path, "a.json", content)
    assert found(items) == [("rectangle", [10, 20, 50, 40]), ("circle", [45, 45, 55, 55]), ("polygon", [10, 10, 50, 60])]
    assert said(report) == {"no box": ["a.json: shape 4: point", "a.json: shape 6: no shape"], "no class name": ["a.json: shape 5"]}
    assert report.scaled == 1


def test_objects_of_supervisely_become_their_extents_in_the_size_that_it_states(tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.new("1", (30, 40)).save(stream, "PNG")
    data = base64.b64encode(zlib.compress(stream.getvalue())).decode()
    objects: list[Any] = [
        {"classTitle": "rectangle", "geometryType": "rectangle", "points": {"exterior": [[100, 40], [20, 80]], "interior": []}},
        {"classTitle": "bitmap", "geometryType": "bitmap", "bitmap": {"origin": [40, 60], "data": data}},
        {"classTitle": "broken", "geometryType": "bitmap", "bitmap": {"origin": [40, 60], "data": "e" + data}},
        {"classTitle": "nowhere", "geometryType": "bitmap", "bitmap": {"origin": [None, 60], "data": data}},
        {"classTitle": "point", "geometryType": "point", "points": {"exterior": [[1, 2]]}},
        {"points": {"exterior": [[1, 2], [3, 4]]}},
        None,
    ]
    root = tmp_path / "ds0"
    content = {"size": {"width": 400, "height": 200}, "tags": [], "objects": objects}
    items, report = load(root, "ann/a.png.json", content, picture_name="img/a.png")
    assert found(items) == [("rectangle", [10, 20, 50, 40]), ("bitmap", [20, 30, 35, 50])] and report.scaled == 1
    missing = [f"a.png.json: object {number}: {kind}" for number, kind in ((3, "bitmap"), (4, "bitmap"), (5, "point"), (7, "no geometry"))]
    assert said(report) == {"no box": missing, "no class name": ["a.png.json: object 6"]}


@pytest.mark.parametrize(("image", "boxes"), [("image", "annotations"), ("imagefilename", "annotation"), ("filename", "annotations")])
def test_boxes_of_createml_are_centre_and_size(tmp_path: Path, image: str, boxes: str) -> None:
    place = {"x": 50, "y": 40, "width": 20, "height": 10}
    listed: list[Any] = [{"label": "car", "coordinates": place}, {"label": "car", "coordinates": {**place, "x": None}}]
    listed += [{"label": "car", "coordinates": None}, {"coordinates": place}, None]
    other = {"image": "a.png", "annotations": [{"label": "bus", "coordinates": place | {"x": 100}}]}
    items, report = load(tmp_path, "set.json", [other, {image: "a.png", boxes: listed}, {image: None}, 7])
    assert found(items) == [("bus", [90, 35, 110, 45]), ("car", [40, 35, 60, 45])]
    assert said(report)["box is not four numbers"] == [f"set.json: picture 1, box {number}" for number in (2, 3, 5)]
    assert said(report)["no class name"] == ["set.json: picture 1, box 4"]
    assert said(report)["no picture in the record"] == ["set.json: picture 2", "set.json: picture 3"]


@pytest.mark.parametrize(("classes", "label"), [(["cat", "dog"], "dog"), (None, "1"), (["cat"], "1")])
def test_labels_of_fiftyone_may_be_places_in_its_list_of_classes(tmp_path: Path, classes: Any, label: str) -> None:
    box = {"bounding_box": [0.25, 0.5, 0.25, 0.25]}
    listed: list[Any] = [box | {"label": 1}, box | {"label": "bus"}, {"label": "bus", "bounding_box": [1, 2, 3]}, box, 5]
    content = {"classes": classes, "labels": {"a": {"detections": listed}}}
    items, report = load(tmp_path / "labels-of", "labels.json", content, picture_name="data/a.png")
    assert found(items) == [(label, [50, 50, 100, 75]), ("bus", [50, 50, 100, 75])]
    assert said(report) == {
        "box is not four numbers": ["labels.json: a, box 3", "labels.json: a, box 5"],
        "no class name": ["labels.json: a, box 4"],
    }


# ---- KITTI ------------------------------------------------------------------------------------------------------------------------------


def test_lines_of_kitti_are_named_by_file_and_line(tmp_path: Path) -> None:
    rest = "0.00 0 -1.5 {} 1 1 1 1 1 1 0"
    boxes = {"Car": "10 20 40 60", "Person sitting": "1 2 30 40", "DontCare": "5 5 9 9", "Van": "300 5 310 9"}
    lines = [f"{name} {rest.format(box)}" for name, box in boxes.items()]
    items, report = load(tmp_path, "training/label_2/a.txt", "\n\n".join(lines) + "\n", picture_name="training/image_2/a.png")
    assert found(items) == [("Car", [10, 20, 40, 60]), ("Person sitting", [1, 2, 30, 40])]
    assert said(report) == {
        "marked DontCare": ["a.txt: line 5"],
        "outside the picture": ["a.txt: line 7: Van [300.0, 5.0, 310.0, 9.0] in a.png"],
    }

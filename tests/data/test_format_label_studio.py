"""Regions of Label Studio, each worked out by hand on one picture of 200 × 100 pixels: their extents and classes, whose they are, and who
lies in whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.data.one_picture import SIZE, found, load, said


def region(kind: str, value: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": kind, "original_width": SIZE[0], "original_height": SIZE[1], "value": value, **more}


RECT = {"x": 50, "y": 20, "width": 20, "height": 30}
"""100, 20, 140, 50 in pixels."""


def task(*results: Any, **more: Any) -> list[dict[str, Any]]:
    return [{"id": 3, "data": {"image": "/data/upload/1/0a1b2c3d-a.png"}, "annotations": [{"result": list(results)}], **more}]


def test_shapes_of_label_studio_become_their_extents(tmp_path: Path) -> None:
    labels = {"rectanglelabels": ["straight"]}
    results = [
        region("rectanglelabels", RECT | labels),
        region("rectanglelabels", RECT | {"rotation": 90, "rectanglelabels": ["quarter"]}),  # clockwise about the top left corner
        region("rectanglelabels", RECT | {"rotation": 30, "rectanglelabels": ["turned"]}),
        region("ellipselabels", {"x": 50, "y": 50, "radiusX": 10, "radiusY": 20, "ellipselabels": ["ellipse"]}),
        region("polygonlabels", {"points": [[10, 10], [30, 20], [20, 60]], "polygonlabels": ["polygon"]}),
        region("vectorlabels", {"vertices": [[10, 10], [30, 20]], "vectorlabels": ["vector"]}),
    ]
    items, report = load(tmp_path, "project.json", task(*results))
    assert found(items) == [
        ("straight", [100, 20, 140, 50]),
        ("quarter", [70, 20, 100, 60]),
        ("turned", [85, 20, 134.641, 65.981]),  # 30 sin 30° to the left, 40 cos 30° to the right, 40 sin 30° + 30 cos 30° down
        ("ellipse", [80, 30, 120, 70]),
        ("polygon", [20, 10, 60, 60]),
        ("vector", [20, 10, 60, 20]),
    ]
    assert said(report) == {}


def test_shape_and_class_of_a_region_may_be_two_results(tmp_path: Path) -> None:
    def known(source: str) -> dict[str, Any]:
        return {"meta": {"hypviz": {"source": source}}}

    results: list[Any] = [
        region("rectangle", RECT, id="r1"),
        region("labels", RECT | {"labels": ["car"]}, id="r1"),
        region("rectangle", RECT | {"x": 10}, id="r2"),
        region("rectangle", RECT | {"x": 0}),
        region("brushlabels", {"format": "rle", "rle": [1], "brushlabels": ["car"]}, id="r3"),
        region("rectanglelabels", RECT | {"x": None, "rectanglelabels": ["car"]}, id="r4"),
        {"type": "choices", "value": {"choices": ["night"]}},
        "nothing",
        *(region("rectanglelabels", RECT | {"rectanglelabels": [source]}, **known(source)) for source in ("drawn", "proposal", "else")),
    ]
    items, report = load(tmp_path, "project.json", task(*results))
    assert found(items) == [(name, [100, 20, 140, 50]) for name in ("car", "drawn", "proposal", "else")]
    assert items.source.tolist() == ["image", "annotation", "drawn", "proposal", "annotation"]
    assert said(report) == {
        "no class name": ["project.json: task 3, result 3", "project.json: task 3, result 4"],
        "no box": ["project.json: task 3, result 5: brushlabels", "project.json: task 3, result 6: rectanglelabels"],
    }


def test_relations_of_label_studio_that_say_contains_are_who_lies_in_whom(tmp_path: Path) -> None:
    def box(name: str, **change: float) -> dict[str, Any]:
        return region("rectanglelabels", RECT | change | {"rectanglelabels": [name]}, id=name)

    def relation(start: str, end: str, **more: Any) -> dict[str, Any]:
        return {"type": "relation", "from_id": start, "to_id": end, "labels": ["contains"], **more}

    boxes = [box("car"), box("door", width=10), box("handle", width=5), box("wheel", height=10), box("bus", x=0)]
    relations = [relation("car", "door"), relation("handle", "door", direction="left"), relation("car", "wheel", direction="right")]
    beside = {"type": "relation", "from_id": "car", "to_id": "bus", "labels": ["next to"]}
    items, report = load(tmp_path, "project.json", task(*boxes, *relations, beside))
    row = {items.name(row): row for row in range(1, len(items))}
    stated = {row["door"]: [row["car"]], row["handle"]: [row["door"]], row["wheel"]: [row["car"]]}
    assert {child: list(parents) for child, parents in report.parents.items()} == stated
    assert "project.json: relations between boxes that are not called 'contains' were not read" in report.notes


def test_of_several_annotations_of_a_task_the_first_that_was_not_cancelled_counts(tmp_path: Path) -> None:
    def box(name: str, **more: Any) -> dict[str, Any]:
        return {"result": [region("rectanglelabels", RECT | {"rectanglelabels": [name]}), {"type": "choices", "value": {}}], **more}

    annotations = [box("cancelled", was_cancelled=True), box("first"), box("second"), box("third")]
    predictions = [box("predicted"), {"result": "x"}, None]
    items, report = load(tmp_path, "project.json", task(annotations=annotations, predictions=predictions))
    assert found(items) == [("first", [100, 20, 140, 50])]
    assert {reason: (entry["count"], entry["boxes"]) for reason, entry in report.dropped.items()} == {
        "cancelled annotation": (1, 1),
        "another person's annotation": (2, 2),
        "prediction, nobody's annotation": (1, 1),
    }
    assert {example for examples in said(report).values() for example in examples} == {"project.json: task 3"}


def test_json_min_of_label_studio_has_its_regions_beside_the_picture(tmp_path: Path) -> None:
    value = RECT | {"rotation": 0, "original_width": 200, "original_height": 100, "rectanglelabels": ["car"]}
    rows = [{"image": "/data/upload/1/0a1b2c3d-a.png", "id": 5, "label": [value, None], "annotator": 1}, {"id": 6, "label": [value, value]}]
    items, report = load(tmp_path, "min.json", rows)
    assert found(items) == [("car", [100, 20, 140, 50])]
    assert said(report) == {"no picture in the record": ["min.json: task 6"]}
    assert report.dropped["no picture in the record"]["boxes"] == 2

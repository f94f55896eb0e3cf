"""Label Studio's tasks to the last field: which value names the picture, whose results count, what a region is called and lies in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hypviz.data.formats.entries import Entry
from hypviz.data.formats.labelstudio import prediction_is_ours, read_labelstudio
from hypviz.data.raw import RawBox
from tests.data.reading import Read, read

RECT = {"x": 50, "y": 20, "width": 20, "height": 30}
CORNERS = (0.5, 0.2, 0.7, 0.5)
CAR = {"value": RECT | {"rectanglelabels": ["car"]}}


def load(root: Path, tasks: Any, name: str = "x/t.json") -> Read:
    return read(read_labelstudio, root, {name: tasks})


def task(*results: Any, **more: Any) -> dict[str, Any]:
    return {"data": {"image": "p.png"}, "annotations": [{"result": list(results)}], **more}


def ours(source: str, *parents: Any, **more: Any) -> dict[str, Any]:
    return {**CAR, "meta": {"hypviz": {"source": source, "parents": list(parents)}}, **more}


def entry(*boxes: RawBox, record: str = "t.json: task 0", names: tuple[str, ...] = ("p.png",), file: str = "x/t.json") -> Entry:
    return Entry(names, file, boxes, record, normalised=True)


def box(place: str, **more: Any) -> RawBox:
    return RawBox(CORNERS, "car", f"t.json: task 0, {place}", **more)


@pytest.mark.parametrize(
    ("data", "names"),
    [
        ({"image": "p.png"}, ("p.png",)),
        ({"image": "/data/upload/1/0a1b2c3d-p.png"}, ("data/upload/1/0a1b2c3d-p.png", "p.png")),
        ({"image": "u/0A1b2c3d-p.png"}, ("u/0A1b2c3d-p.png",)),
        ({"image": "u/0a1b2c3d-"}, None),
        ({"image": "https://x.org/i/p.png?w=3"}, ("https://x.org/i/p.png?w=3",)),
        ({"text": "p.txt", "photo": "q.png", "image": "none"}, ("q.png",)),
        ({"photo": "q.png", "image": "p.png"}, ("p.png",)),
        ({"image": 5, "photo": "?d=set/p"}, ("?d=set/p",)),
        ({"photo": "/data/x"}, ("data/x",)),
        ({"photo": "s3://b/x"}, ("s3://b/x",)),
        ({"photo": "gs://b/x"}, ("gs://b/x",)),
        ({"photo": "p", "other": 5}, None),
        ({}, None),
        ([], None),
    ],
)
def test_a_task_names_its_picture_by_the_value_that_is_one(data: Any, names: tuple[str, ...] | None, tmp_path: Path) -> None:
    got = load(tmp_path, [{"id": 8, "data": data, "annotations": [{"result": [CAR, 5, CAR]}]}])
    if names is None:
        assert got.entries == [] and got.lost == {"no picture in the record": (1, 1, 2, 0)}
        assert got.said == {"no picture in the record": ["t.json: task 8"]}
    else:
        boxes = (RawBox(CORNERS, "car", f"t.json: task 8, result {n}") for n in (1, 2))
        assert got.entries == [entry(*boxes, names=names, record="t.json: task 8")] and got.lost == {}


def test_the_name_that_this_project_wrote_comes_first(tmp_path: Path) -> None:
    for known, names in (
        ({"file_name": "s/p.jpeg"}, ("s/p.jpeg", "p.png")),
        ({"file_name": ""}, ("p.png",)),
        ({"file_name": 5}, ("p.png",)),
        (7, ("p.png",)),
    ):
        assert load(tmp_path, [task(meta={"hypviz": known})]).entries == [entry(names=names)]
    assert load(tmp_path, [task(meta=5)]).entries == [entry()]


def test_tasks_stand_in_lists_lines_tables_and_files_of_their_own(tmp_path: Path) -> None:
    one, other = task(CAR, id=4), {"data": {"image": "q.png"}, "completions": [7, {"result": [CAR]}]}
    files = {
        "a.json": [one, 5, other],
        "b.jsonl": f"{json.dumps(one)}\n\n{json.dumps(other)}\n",
        "c.json": {"result": [CAR], "task": {"data": {"image": "r.png"}, "id": 2}},
        "d.json": {"result": [CAR], "task": 5, "data": {"image": "s.png"}},
        "e.json": "{",
        "f.json": {"image": "t.png", "boxes": [CAR["value"], 5, CAR["value"]], "other": {"a": 1}},
    }
    got = read(read_labelstudio, tmp_path, files)
    made = [(each.names, each.file, each.record, [one.record for one in each.load()]) for each in got.entries]
    assert made == [
        (("p.png",), "a.json", "a.json: task 4", ["a.json: task 4, result 1"]),
        (("q.png",), "a.json", "a.json: task 2", ["a.json: task 2, result 1"]),
        (("p.png",), "b.jsonl", "b.jsonl: task 4", ["b.jsonl: task 4, result 1"]),
        (("q.png",), "b.jsonl", "b.jsonl: task 2", ["b.jsonl: task 2, result 1"]),
        (("r.png",), "c.json", "c.json: task 2", ["c.json: task 2, result 1"]),
        (("s.png",), "d.json", "d.json: task 0", []),
        (("t.png",), "f.json", "f.json: task 0", ["f.json: task 0, result 1", "f.json: task 0, result 2"]),
    ]
    assert got.files == set(files) - {"e.json"} and got.said["no picture in the record"] == ["a.json: task 1"]
    assert got.lost == {"no picture in the record": (1, 1, 0, 0), "unreadable annotation file": (1, 0, 0, 1)}


def test_results_that_count_are_those_of_the_first_annotation_that_was_not_cancelled(tmp_path: Path) -> None:
    def by(*results: Any, **more: Any) -> dict[str, Any]:
        return {"result": list(results), **more}

    choice = {"type": "choices", "value": {"choices": ["night"]}}
    annotations = [by(CAR, choice, CAR, was_cancelled=True), by(choice, was_cancelled=True), {"result": 5, "was_cancelled": True}, 7,
                   by(choice, CAR), by(CAR, CAR, 5), by(choice), {"result": {"x": 1}}]  # fmt: skip
    got = load(tmp_path, [task(annotations=annotations)])
    assert got.entries == [entry(box("result 2"))]
    assert got.lost == {"cancelled annotation": (1, 0, 2, 0), "another person's annotation": (1, 0, 2, 0)}
    assert {each for one in got.said.values() for each in one} == {"t.json: task 0"}
    assert load(tmp_path, [task(annotations=[{"result": {"x": 1}}])]).entries == [entry()]
    assert load(tmp_path, [task(annotations=5, completions=[by(CAR)])]).entries == [entry(box("result 1"))]


def test_predictions_are_proposals_where_this_project_wrote_all_of_them(tmp_path: Path) -> None:
    mine = {"result": [5, {"type": "relation", "from_id": "a", "to_id": "b", "labels": ["contains"]}, ours("proposal", id="a"),
                       ours("proposal", "z", id="b")]}  # fmt: skip
    half = {"result": [ours("proposal"), CAR]}
    got = load(tmp_path, [task(predictions=[mine, half, {"result": [5]}, {"result": 5}, 5])])
    record = "t.json: task 0"
    assert got.entries == [
        entry(
            box("proposal 1 #a", source="proposal", name=f"{record}#a", parents=()),
            box("proposal 2 #b", source="proposal", name=f"{record}#b", parents=(f"{record}#a", f"{record}#z")),
        )
    ]
    assert got.lost == {"prediction, nobody's annotation": (1, 0, 2, 0)} and got.said == {"prediction, nobody's annotation": [record]}
    assert load(tmp_path, [task(predictions=5)]).entries == [entry()]
    assert (
        prediction_is_ours([ours("proposal")]) and not prediction_is_ours([]) and not prediction_is_ours([ours("proposal"), ours("drawn")])
    )


def test_a_region_has_a_name_and_lies_in_others_where_that_is_said(tmp_path: Path) -> None:
    def relation(start: Any, end: Any, **more: Any) -> dict[str, Any]:
        return {"type": "relation", "from_id": start, "to_id": end, "labels": ["contains"], **more}

    relations = [
        relation("a", "b"),
        relation("b", "c", direction="left"),
        relation(4, "c", direction="right"),
        relation("c", "d", type="x"),
        {"type": "relation", "labels": None},
    ]
    regions = [{**CAR, "id": each} for each in ("a", "b", "c", 4)]
    got = load(
        tmp_path,
        [
            task(
                *relations,
                *regions,
                ours("drawn", "q", 7, id="e"),
                ours("x"),
                {**ours("drawn"), "id": "f"},
                {**CAR, "meta": {"hypviz": {"parents": 5}}, "id": "g"},
            )
        ],
    )
    r = "t.json: task 0"
    assert got.entries == [
        entry(
            box("result 6 #a", name=f"{r}#a"),
            box("result 7 #b", name=f"{r}#b", parents=(f"{r}#a", f"{r}#c")),
            box("result 8 #c", name=f"{r}#c", parents=(f"{r}#4",)),
            box("result 9 #4", name=f"{r}#4"),
            box("result 10 #e", source="drawn", name=f"{r}#e", parents=(f"{r}#q", f"{r}#7")),
            box("result 11"),
            box("result 12 #f", source="drawn", name=f"{r}#f", parents=()),
            box("result 13 #g", name=f"{r}#g", parents=()),
        )
    ]
    assert got.notes == ["x/t.json: relations between boxes that are not called 'contains' were not read"]


def test_a_class_stands_in_the_region_or_in_another_result_of_its_id(tmp_path: Path) -> None:
    results = [
        {"value": RECT, "id": "a", "type": "rectangle"},
        {"value": {"labels": ["car"]}, "id": "a"},
        {"value": RECT | {"labels": ["bus"]}, "id": "a"},
        {"value": {"labels": ["van"]}},
        {"value": RECT, "type": "rectangle"},
        {"value": RECT | {"labels": [], "ellipselabels": [" car "]}},
        {"value": RECT | {"labelsx": ["bus"], "xlabels": "bus", "brushlabels": ["car", "bus"]}},
        {"value": {"x": 1, "labels": ["car"]}, "type": "t"},
        {"value": {"rle": [1], "labels": ["car"]}},
        {"value": {"format": "rle", "labels": ["car"]}},
        {"value": {"points": [[1, 2]], "labels": ["car"]}},
        {"value": 5},
    ]
    got = load(tmp_path, [task(*results)])
    r = "t.json: task 0"
    assert got.entries == [entry(RawBox(CORNERS, "bus", f"{r}, result 1 #a", name=f"{r}#a"), box("result 6"), box("result 7"))]
    assert got.said == {
        "no class name": [f"{r}, result 5"],
        "no box": [f"{r}, result 8: t", *(f"{r}, result {number}: " for number in (9, 10, 11))],
    }


def test_regions_are_turned_about_their_corners_in_pixels(tmp_path: Path) -> None:
    def turned(rotation: Any, top: dict[str, Any] | None = None, **value: Any) -> dict[str, Any]:
        return {"value": RECT | {"rotation": rotation, "labels": ["car"], **value}, **(top or {})}

    size = {"original_width": 200, "original_height": 100}
    results = [
        turned(0),
        turned(None),
        turned("x"),
        turned(180, size),
        turned(90, size),  # 40 × 30 pixels at (100, 20) become 30 × 40 to its left
        turned(90, **size),
        turned(90, {"original_width": 0, "original_height": None}),  # without sizes a pixel is a pixel
        turned(-90, {**size, "original_width": "400"}),
        {"value": {"x": 50, "y": 20, "radiusX": 10, "radiusY": 5, "labels": ["car"]}},
        {"value": {"x": 50, "y": 20, "radiusX": 10, "labels": ["car"]}},
        {"value": {"points": [], "vertices": [[1, 2], [30, 40]], "labels": ["car"]}},
        {"value": {"points": [[1, 2], [3, 4]], "vertices": [[1, 2], [30, 40]], "labels": ["car"]}},
    ]
    got = load(tmp_path, [task(*results)])
    assert [tuple(round(each, 9) for each in one.xyxy) for one in got.entries[0].load()] == [
        CORNERS,
        CORNERS,
        (0.3, -0.1, 0.5, 0.2),
        (0.35, 0.2, 0.5, 0.6),
        (0.35, 0.2, 0.5, 0.6),
        (0.2, 0.2, 0.5, 0.4),
        (0.5, -0.6, 0.575, 0.2),
        (0.4, 0.15, 0.6, 0.25),
        (0.01, 0.02, 0.3, 0.4),
        (0.01, 0.02, 0.03, 0.04),
    ]
    assert got.said == {"no box": [f"t.json: task 0, result {number}: " for number in (3, 10)]}

"""COCO's files to the last field: what a record must have, how ids join, what becomes of every annotation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hypviz.data.formats.coco import read_coco_files
from hypviz.data.formats.coco_boxes import holds_boxes
from hypviz.data.formats.entries import Entry
from hypviz.data.raw import RawBox
from hypviz.errors import DataError
from tests.data.reading import Read, read

BBOX = [1, 2, 3, 4]


CORNERS = (1, 2, 4, 6)


IMAGE = {"id": 1, "file_name": "p.png"}


CAR = {"image_id": 1, "category_id": 1, "bbox": BBOX}


CARS = [{"id": 1, "name": "car"}]


def coco(root: Path, images: Any = (IMAGE,), annotations: Any = (CAR,), categories: Any = CARS, **more: Any) -> Read:
    content = {"images": images, "annotations": annotations, "categories": categories, **more}
    return read(read_coco_files, root, {"x/c.json": content})


def entry(*boxes: RawBox, image: Any = 1, names: tuple[str, ...] = ("p.png",), **more: Any) -> Entry:
    return Entry(names, "x/c.json", boxes, f"c.json: image {image}", **more)


def box(annotation: Any, label: str = "car", xyxy: Any = CORNERS, **more: Any) -> RawBox:
    return RawBox(xyxy, label, f"c.json: annotation {annotation}", **more)


def test_a_picture_has_names_a_size_and_a_licence(tmp_path: Path) -> None:
    url = "http://images.cocodataset.org/train2017/1.jpg"
    images = [
        {"id": 1, "file_name": "s/p.png", "width": 64, "height": "48", "license": 2},
        {"id": "2", "coco_url": url, "license": "by hand"},
        {"id": 3, "file_name": "q.png", "coco_url": url, "license": 3},
        {"id": 4, "file_name": "r.png", "coco_url": "", "license": 9, "width": 64},
        {"id": 5, "file_name": "s.png", "coco_url": "one.jpg", "license": 4},
        {"id": 6, "file_name": None, "coco_url": "t/u.jpg", "license": 5},
    ]
    licences = [
        {"id": 2, "name": "CC BY", "url": "x"},
        {"id": 3, "name": "", "url": "https://cc"},
        {"id": 4},
        7,
        {"name": "none"},
        {"id": "5", "name": 8},
    ]
    got = coco(tmp_path, images, [], licenses=licences)
    assert got.entries == [
        entry(names=("s/p.png",), size=(64, 48), licence="CC BY"),
        entry(image=2, names=("train2017/1.jpg", "1.jpg"), licence="by hand"),
        entry(image=3, names=("q.png", "train2017/1.jpg", "1.jpg"), licence="https://cc"),
        entry(image=4, names=("r.png",)),
        entry(image=5, names=("s.png", "one.jpg")),
        entry(image=6, names=("t/u.jpg", "u.jpg"), licence="8"),
    ]
    assert got.files == {"x/c.json"} and got.notes == [] and got.lost == {}
    assert coco(tmp_path, licenses=7).entries == coco(tmp_path, licenses={"id": 1}).entries == [entry(box("number 0"))]


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (7, "images[1] must be an object, got int"),
        ({"file_name": "q.png"}, "image number 1 has no id; expected an integer or a string"),
        ({"id": None, "file_name": "q.png"}, "image None: id must be an integer or a string, got None"),
        ({"id": 1.5, "file_name": "q.png"}, "image 1.5: id must be an integer or a string, got 1.5"),
        ({"id": "x" * 70}, f"image {'x' * 60} has no file_name; expected a string"),
        ({"id": 2, "file_name": ""}, "image 2: file_name must be a string, got ''"),
        ({"id": 2, "file_name": 5}, "image 2: file_name must be a string, got 5"),
        ({"id": 2, "coco_url": 5}, "image 2: coco_url must be a string, got 5"),
        ({"id": 2, "file_name": None}, "image 2: file_name must be a string, got None"),
        ({"id": 2, "file_name": ["x" * 70]}, f"image 2: file_name must be a string, got ['{'x' * 58}"),
    ],
)
def test_a_record_that_is_no_picture_is_counted_or_refused_alone(image: Any, words: str, tmp_path: Path) -> None:
    got = coco(tmp_path, [IMAGE, image])
    assert got.entries == [entry(box("number 0"))]
    assert got.lost == {"unusable record": (1, 1, 0, 0)} and got.said == {"unusable record": [f"c.json: {words}"]}
    with pytest.raises(DataError) as caught:
        coco(tmp_path, [image, {}] if isinstance(image, int) else [{}, image, {}])
    assert "; none of " in str(caught.value) and str(caught.value).startswith(f"{tmp_path}/x/c.json: image")


def test_a_picture_listed_twice_is_one_and_an_id_of_two_is_none(tmp_path: Path) -> None:
    images = [IMAGE, dict(IMAGE), {"id": 2, "file_name": "q.png"}, {"id": "2", "file_name": "r.png"}, {"id": 2.0, "file_name": "s.png"}]
    got = coco(tmp_path, images, [CAR, {**CAR, "image_id": 2, "id": 9}])
    assert [(one.names[0], len(one.load())) for one in got.entries] == [("p.png", 1), ("q.png", 0), ("r.png", 0), ("s.png", 0)]
    assert got.lost == {"picture listed twice": (1, 1, 0, 0), "image id listed twice": (3, 0, 1, 0)}
    assert got.said == {
        "picture listed twice": ["c.json: image 1 twice"],
        "image id listed twice": [
            "c.json: image 2: q.png and r.png",
            "c.json: image 2.0: q.png and s.png",
            "c.json: annotation 9 (image 2)",
        ],
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1], r"not a COCO file: expected the keys images, annotations, categories; found list\."),
        ({str(n): n for n in range(8)}, r"; found 0, 1, 2, 3, 4, 5\."),
        ({"images": []}, r"; found images\."),
        ({"annotations": [], "categories": []}, r"; found annotations, categories\."),
        ({"images": {}, "annotations": []}, r"images must be a list, got dict\."),
        ({"images": [], "annotations": 5}, r"annotations must be a list, got int\."),
        ({"images": [], "annotations": [], "categories": "x"}, r"categories must be a list, got str\."),
    ],
)
def test_what_is_no_coco_is_refused_alone_and_counted_among_others(content: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        read(read_coco_files, tmp_path, {"x/c.json": content})
    got = read(read_coco_files, tmp_path, {"x/c.json": content, "d.json": {"images": [IMAGE], "annotations": [CAR], "categories": CARS}})
    assert [one.names for one in got.entries] == [("p.png",)] and got.files == {"d.json"}
    assert got.lost == {"unreadable annotation file": (1, 0, 0, 1)} and got.said["unreadable annotation file"][0].startswith("x/c.json: ")
    assert str(tmp_path) not in got.said["unreadable annotation file"][0]


def test_categories_are_names_by_id_and_the_odd_ones_are_counted(tmp_path: Path) -> None:
    categories = [*CARS, {"id": 1, "name": "car"}, {"id": 2, "name": "cat"}, {"id": "2", "name": "dog"}, {"id": 3}, {"name": "cow"}, 7,
                  {"id": 4, "name": " pig "}]  # fmt: skip
    wrong = [{**CAR, "category_id": each, "id": f"w{each}"} for each in (2, 3, None, 9)]
    named = [
        {"image_id": 1, "bbox": BBOX, **how}
        for how in ({"category_name": "pig"}, {"category": "pig"}, {"category_id": "pig"}, {"category": "ox"}, {})
    ]
    got = coco(tmp_path, annotations=[CAR, {**CAR, "category_id": "4"}, *wrong, *named], categories=categories)
    assert got.entries == [entry(box("number 0"), box("number 1", "pig"), *(box(f"number {n}", "pig") for n in (6, 7, 8)))]
    assert got.said == {
        "category listed twice": ["c.json: category 2 is listed twice, as 'cat' and 'dog'"] * 2,
        "unusable category": [
            "c.json: category 3 has no name",
            "c.json: category number 5 has no id",
            "c.json: category number 6 has no id",
        ],
        "no such category": [
            f"c.json: annotation {one} (category {which})"
            for one, which in (("w3", 3), ("wNone", None), ("w9", 9), ("number 9", None), ("number 10", None))
        ],
    } | {
        "category listed twice": [
            "c.json: category 2 is listed twice, as 'cat' and 'dog'",
            "c.json: annotation w2 c.json: category 2 is listed twice, as 'cat' and 'dog'",
        ]
    }
    assert got.lost["unusable category"] == (3, 0, 0, 0) and got.lost["category listed twice"] == (2, 0, 1, 0)


def test_without_categories_classes_are_numbered_where_there_are_boxes(tmp_path: Path) -> None:
    got = coco(tmp_path, categories=[])
    assert got.entries == [entry(box("number 0", "class 1"))] and got.notes == ["c.json has no categories: its classes are numbered"]
    assert coco(tmp_path, annotations=[], categories=[]).notes == []
    got = read(read_coco_files, tmp_path, {"x/c.json": {"images": [IMAGE, {**IMAGE, "id": 2}], "categories": CARS}})
    assert got.notes == ["x/c.json has no annotations: its 2 pictures have no boxes"]


@pytest.mark.parametrize(
    ("stated", "used"),
    [(7, 7), (7, "7"), ("7", 7.0), ("007", 7), (7, "007"), ("000", "0"), (3, "s\\q.png"), (3, "q.png"), (3, "q")],
)
def test_ids_join_as_numbers_or_by_the_name_of_the_file(stated: Any, used: Any, tmp_path: Path) -> None:
    got = coco(tmp_path, [{"id": stated, "file_name": "s\\q.png"}, {"id": "other", "file_name": "o.png"}], [{**CAR, "image_id": used}])
    assert [len(one.load()) for one in got.entries] == [1, 0]


def test_annotations_that_belong_to_no_picture_are_counted(tmp_path: Path) -> None:
    images = [{"id": 1, "file_name": "s/p.png"}, {"id": 2, "file_name": "t/p.png"}]
    segments = {"image_id": 3, "segments_info": [{"id": 5, "bbox": BBOX, "category_id": 1}, 7]}
    annotations = [
        7,
        {**CAR, "image_id": "p.png"},
        {**CAR, "image_id": None, "id": 8},
        segments,
        {**segments, "image_id": 2},
        {**CAR, "segments_info": [1, 2]},
    ]
    got = coco(tmp_path, images, annotations)
    assert [one.load() for one in got.entries] == [(box("number 5"),), (box("number 4, segment 5"),)]
    assert got.said == {
        "unreadable record": ["c.json: annotation number 0 is no object"],
        "no such image": ["c.json: annotation number 1 (image p.png)", "c.json: annotation 8 (image None)",
                          "c.json: annotation number 3, segment 5 (image 3)", "c.json: annotation number 3, segment 1 (image 3)"],
        "no box": ["c.json: annotation number 4, segment 1"],
    }  # fmt: skip
    assert {one[1] for one in got.lost.values()} == {0} and sum(one[2] for one in got.lost.values()) == 6


@pytest.mark.parametrize(
    ("part", "xyxy"),
    [
        ({"bbox": "[1, 2, 3, 4]"}, CORNERS),
        ({"bbox": {"x": 1, "y": 2, "width": 3, "height": 4}}, CORNERS),
        ({"bbox": {"x1": 1, "y1": 2, "x2": 4, "y2": 6}}, CORNERS),
        ({"bbox": {"u": 1}}, "box is not four numbers"),
        ({"bbox": [1, 2, 4, 2, 4, 6, 1, 6]}, CORNERS),
        ({"bbox": [1, 2, 4, 2, 4, 6, 1]}, "box is not four numbers"),
        ({"bbox": [1, 2, 3]}, "box is not four numbers"),
        ({"bbox": 5}, "box is not four numbers"),
        ({"bbox": []}, "no box"),
        ({"bbox": None}, "no box"),
        ({}, "no box"),
        ({"bbox": [], "segmentation": [[1, 2, 4, 6]]}, CORNERS),
        ({"bbox": [0, 0, 0, 0], "segmentation": [[1, 2, 4, 6]]}, CORNERS),
        ({"bbox": [0, 0, 0, 0], "segmentation": []}, (0, 0, 0, 0)),
        ({"bbox": BBOX, "segmentation": [[9, 9, 20, 20]]}, CORNERS),
        ({"segmentation": [1, 2, 4, 2, 4, 6]}, CORNERS),
        ({"segmentation": [1, 2, 4, 6]}, "no box"),
        ({"segmentation": [[[1, 2], [4, 6]]]}, CORNERS),
        ({"segmentation": [[1, "x", 4, 6], [[1, 2], [4, 6]]]}, CORNERS),
        ({"segmentation": ["abc"]}, "no box"),
        ({"segmentation": {"size": [8, 8], "counts": [10, 4, 50]}}, (1, 2, 2, 6)),
        ({"keypoints": [1, 2, 1, 4, 6, 2, 9, 9, 0]}, CORNERS),
        ({"keypoints": [1, 2, 1, 4, 6, 2, 9, 9]}, CORNERS),
        ({"keypoints": [1, 2, 1]}, "no box"),
        ({"keypoints": 5}, "no box"),
        ({"bbox": BBOX, "iscrowd": 1}, "crowd"),
        ({"bbox": BBOX, "iscrowd": 0}, CORNERS),
    ],
)
def test_a_box_is_what_bounds_an_annotation(part: dict[str, Any], xyxy: Any, tmp_path: Path) -> None:
    got = coco(tmp_path, annotations=[{"image_id": 1, "category_id": 1, "id": 4, **part}])
    if isinstance(xyxy, tuple):
        assert got.entries == [entry(box(4, xyxy=xyxy))] and got.lost == {}
    else:
        shown = f": {part['bbox']!r:.60}" if xyxy == "box is not four numbers" else ""
        assert got.entries == [entry()] and got.said == {xyxy: [f"c.json: annotation 4{shown}"]} and got.lost == {xyxy: (1, 0, 1, 0)}


def test_boxes_of_this_project_say_where_they_are_from_and_lie(tmp_path: Path) -> None:
    known = [
        ({"source": "drawn", "parents": [2, "3", None]}, 4),
        ({"source": "proposal", "parents": []}, 5),
        ({"source": "x", "parents": 5}, 6),
        ({"parents": [1]}, None),
        (5, 7),
    ]
    got = coco(tmp_path, annotations=[{**CAR, "id": number, "hypviz": each} for each, number in known])
    assert [(one.source, one.name, one.parents) for one in got.entries[0].load()] == [
        ("drawn", "x/c.json#4", ("x/c.json#2", "x/c.json#3")),
        ("proposal", "x/c.json#5", ()),
        ("annotation", "", None),
        ("annotation", "", None),
        ("annotation", "", None),
    ]


def test_stated_areas_say_what_the_numbers_are_but_for_outlines(tmp_path: Path) -> None:
    boxes = [(n, n, n + 10, n + 20) for n in range(1, 9)]
    corners = [{**CAR, "bbox": each, "area": 200} for each in boxes]
    got = coco(tmp_path, annotations=corners)
    assert got.notes == ["x/c.json: boxes were read as corners [x1, y1, x2, y2], since the stated areas are those of such boxes"]
    assert got.entries[0].load()[0].xyxy == (1, 1, 11, 21)
    outlined = [{"image_id": 1, "category_id": 1, "segmentation": [[1, 2, 9, 9]], "area": 7} for _ in range(9)]
    assert coco(tmp_path, annotations=[CAR, *outlined]).entries[0].load()[0].xyxy == CORNERS
    assert [holds_boxes([{key: [1]}]) for key in ("bbox", "segmentation", "segments_info", "keypoints", "x")] == [True] * 4 + [False]
    assert not holds_boxes([5, {"bbox": []}]) and not holds_boxes([])

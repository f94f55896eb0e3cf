"""Annotations of COCO files one by one: which picture, which class, which box, and what is counted where there is none."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from hypviz.data.formats.coco_boxes import Categories, add_boxes, holds_boxes
from hypviz.data.formats.drafts import Draft, DraftBox
from hypviz.data.raw import DropCounter

BOX = [1, 2, 3, 4]


def coco(annotations: list[Any], categories: list[Any] | None = None) -> tuple[dict[str, list[DraftBox]], DropCounter]:
    dropped = DropCounter()
    drafts = {key: Draft((name,), "a.json", f"image {key}") for key, name in (("1", "a.jpg"), ("02", "x/b.jpg"), ("3", "c.jpg"))}
    listed = [{"id": 1, "name": "car"}, {"id": "2", "name": "bus"}] if categories is None else categories
    add_boxes(annotations, drafts, Counter({"3": 1}), Categories(listed, "a.json", dropped), "a.json", dropped)
    return {key: draft.boxes for key, draft in drafts.items()}, dropped


def test_annotations_find_their_pictures_by_any_writing_of_the_id() -> None:
    ids = (1, "1", 1.0, "001", "a.jpg", "a", 2, "b", "b.jpg", "x/b.jpg")
    drafts, dropped = coco([{"id": n, "image_id": each, "category_id": 1, "bbox": BOX} for n, each in enumerate(ids)])
    assert [len(drafts[key]) for key in ("1", "02", "3")] == [6, 4, 0] and not dropped.reasons


@pytest.mark.parametrize(
    ("annotation", "reason", "shown"),
    [
        (7, "unreadable record", "a.json: annotation number 0 is no object"),
        ({"id": 5, "image_id": 9}, "no such image", "a.json: annotation 5 (image 9)"),
        ({"image_id": 3, "bbox": BOX}, "image id listed twice", "a.json: annotation number 0 (image 3)"),
        ({"image_id": 1, "bbox": BOX, "category_id": 1, "iscrowd": 1}, "crowd", "a.json: annotation number 0"),
        ({"image_id": 1, "bbox": [1, 2], "category_id": 1}, "box is not four numbers", "a.json: annotation number 0: [1, 2]"),
        ({"image_id": 1, "category_id": 1}, "no box", "a.json: annotation number 0"),
        ({"image_id": 1, "bbox": [], "category_id": 1}, "no box", "a.json: annotation number 0"),
        ({"image_id": 1, "bbox": BOX, "category_id": 8}, "no such category", "a.json: annotation number 0 (category 8)"),
    ],
)
def test_an_annotation_that_cannot_be_used_is_counted_with_its_place(annotation: Any, reason: str, shown: str) -> None:
    drafts, dropped = coco([annotation])
    assert not any(drafts.values())
    assert dropped.reasons[reason].examples == [shown] and dropped.reasons[reason].count == 1


@pytest.mark.parametrize(
    ("part", "numbers", "form"),
    [
        ({"bbox": BOX}, (1, 2, 3, 4), ""),
        ({"bbox": "[1, 2, 3, 4]"}, (1, 2, 3, 4), ""),
        ({"bbox": {"x1": 1, "y1": 2, "x2": 3, "y2": 4}}, (1, 2, 3, 4), "xyxy"),
        ({"bbox": [1, 2, 5, 2, 5, 9, 1, 9]}, (1, 2, 5, 9), "xyxy"),
        ({"bbox": [0, 0, 0, 0], "segmentation": [[1, 2, 5, 9, 3, 3]]}, (1, 2, 5, 9), "xyxy"),
        ({"segmentation": [1, 2, 5, 9, 3, 3]}, (1, 2, 5, 9), "xyxy"),
        ({"segmentation": [[[1, 2], [5, 9]]]}, (1, 2, 5, 9), "xyxy"),
        ({"keypoints": [1, 2, 2, 99, 99, 0, 5, 9, 1]}, (1, 2, 5, 9), "xyxy"),
    ],
)
def test_a_box_is_its_bbox_or_goes_around_an_outline(part: dict[str, Any], numbers: tuple[float, ...], form: str) -> None:
    drafts, dropped = coco([{"image_id": 1, "category_id": 1, "area": 12} | part])
    (box,) = drafts["1"]
    assert (box.numbers, box.form, box.label, box.area) == (numbers, form, "car", None if form else 12.0) and not dropped.reasons


def test_segments_are_boxes_of_their_picture_and_a_bbox_goes_before() -> None:
    segments = [{"id": 8, "category_id": "2", "bbox": BOX}, 5]
    drafts, dropped = coco([{"id": 4, "image_id": 1, "segments_info": segments}])
    assert [(box.label, box.record) for box in drafts["1"]] == [("bus", "a.json: annotation 4, segment 8")]
    assert dropped.reasons["no box"].examples == ["a.json: annotation 4, segment 1"]
    drafts, _ = coco([{"image_id": 1, "category_id": 1, "bbox": BOX, "segments_info": segments}])
    assert len(drafts["1"]) == 1


def test_classes_are_known_by_id_or_name_and_numbered_without_a_list() -> None:
    for part, label in (
        ({"category_id": 2}, "bus"),
        ({"category_id": "car"}, "car"),
        ({"category_name": "bus"}, "bus"),
        ({"category": "car"}, "car"),
    ):
        assert coco([{"image_id": 1, "bbox": BOX} | part])[0]["1"][0].label == label
    drafts, dropped = coco([{"image_id": 1, "bbox": BOX, "category_id": 7}], [])
    assert drafts["1"][0].label == "class 7" and dropped.notes == ["a.json has no categories: its classes are numbered"]
    twice = [{"id": 1, "name": "car"}, {"id": 1, "name": "bus"}, {"id": 2, "name": ""}, {"name": "cat"}, 7]
    drafts, dropped = coco([{"image_id": 1, "bbox": BOX, "category_id": 1}], twice)
    assert not drafts["1"] and dropped.reasons["category listed twice"].boxes == 1
    shown = str([*dropped.notes, dropped.reasons])
    assert "category 1 is listed twice, as 'car' and 'bus'" in shown


def test_what_this_project_wrote_comes_back() -> None:
    extension = {"source": "drawn", "parents": [4, "5", None]}
    drafts, _ = coco([{"id": 6, "image_id": 1, "category_id": 1, "bbox": BOX, "hypviz": extension}])
    assert (drafts["1"][0].source, drafts["1"][0].name, drafts["1"][0].parents) == ("drawn", "a.json#6", ("a.json#4", "a.json#5"))
    drafts, _ = coco([{"id": 6, "image_id": 1, "category_id": 1, "bbox": BOX, "hypviz": {"source": "elsewhere"}}])
    assert (drafts["1"][0].source, drafts["1"][0].name, drafts["1"][0].parents) == ("annotation", "", None)
    assert holds_boxes([{"bbox": BOX}]) and holds_boxes([1, {"keypoints": [1]}]) and not holds_boxes([{"bbox": []}, {"id": 1}, 3])

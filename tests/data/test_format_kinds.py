"""What JSON, lines of JSON and files of every other ending are taken for, and what is said of them: a table of small contents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hypviz.data.formats import sniff_json as by_json
from hypviz.data.formats.sniff_json import boxish_keys, kind_of, kind_of_rows, sniff_json, sniff_json_lines

NOTHING = ("", "")
TASK = ("labelstudio", "a task of Label Studio")
VIA = ("via", "VIA JSON")
SUPERVISELY = ("supervisely", "Supervisely JSON")
BY_PICTURE = ("metadata", "boxes by the name of their picture")
REGION = {"filename": "a.jpg", "regions": []}


def keys(*names: str) -> tuple[str, str]:
    return "unknown", f"JSON with the keys {', '.join(names)}"


def objects(*names: str) -> tuple[str, str]:
    return "unknown", f"a list of objects with {', '.join(names)}"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"images": [], "annotations": 1}, ("coco", "COCO JSON")),
        ({"images": [], "categories": 1}, ("coco", "COCO JSON")),
        ({"images": [7, {"file_name": 1}]}, ("coco", "COCO JSON")),
        ({"images": [{"coco_url": 1}]}, ("coco", "COCO JSON")),
        ({"images": [{}] * 49 + [{"file_name": 1}]}, ("coco", "COCO JSON")),
        ({"images": [{}] * 50 + [{"file_name": 1}]}, NOTHING),
        ({"images": [{}]}, NOTHING),
        ({"images": {}, "annotations": []}, NOTHING),
        ({"shapes": []}, ("labelme", "labelme JSON")),
        ({"shapes": {}}, keys("shapes")),
        ({"_via_img_metadata": {}}, VIA),
        ({"_via_img_metadata": []}, NOTHING),
        ({"metadata": {}, "file": {}, "view": {}}, VIA),
        ({"metadata": [], "file": {}, "view": {}}, NOTHING),
        ({"metadata": {}, "file": [], "view": {}}, NOTHING),
        ({"metadata": {}, "file": {}, "view": []}, NOTHING),
        ({"a": 1, "b": 2, "c": 3, "d": 4, "e": REGION}, VIA),
        ({"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": REGION}, keys("regions")),
        (dict.fromkeys("abcde", REGION) | {"f": {"x": 1}}, VIA),
        (dict.fromkeys("abcd", REGION) | {"e": {"filename": 1}}, keys("regions")),
        ({"a": {"regions": 1}}, keys("regions")),
        ({"a": {"filename": 1}}, NOTHING),
        ({"objects": [], "size": {}}, SUPERVISELY),
        ({"objects": [1, {"classTitle": 1}], "size": 3}, SUPERVISELY),
        ({"objects": [{}], "size": 3}, NOTHING),
        ({"objects": {"classTitle": 1}, "size": {}}, NOTHING),
        ({"classes": [{"title": 1}]}, ("supervisely", "Supervisely's meta.json")),
        ({"classes": [{}]}, NOTHING),
        ({"classes": {"title": 1}}, NOTHING),
        ({"classes": [], "labels": {}}, ("fiftyone", "FiftyOne's labels JSON")),
        ({"classes": None, "labels": {}}, ("fiftyone", "FiftyOne's labels JSON")),
        ({"labels": {}}, NOTHING),
        ({"classes": {}, "labels": {}}, NOTHING),
        ({"classes": [], "labels": []}, NOTHING),
        ({"data": {}, "annotations": []}, TASK),
        ({"data": {}, "completions": []}, TASK),
        ({"data": {}, "predictions": []}, TASK),
        ({"data": {}, "annotations": {}}, NOTHING),
        ({"data": {}}, NOTHING),
        ({"data": [], "annotations": []}, NOTHING),
        ({"task": {"data": {}}, "result": []}, TASK),
        ({"task": {"data": []}, "result": []}, NOTHING),
        ({"task": [], "result": []}, NOTHING),
        ({"task": {"data": {}}, "result": {}}, NOTHING),
        ({"categories": [{"name": 1}]}, ("names", "a list of classes")),
        ({"categories": [{"name": 1}], "images": 3}, NOTHING),
        ({"categories": [{}]}, NOTHING),
        ({"categories": {"name": 1}}, NOTHING),
        ({"a.jpg": {"bbox": 1}}, BY_PICTURE),
        ({"x/a.jpg": {"rect": 1}}, BY_PICTURE),
        ({"x\\.a.jpg": {"bbox": 1}}, keys("bbox")),  # hidden, as files of programs are
        ({"x": {"bbox": 1}, "a.jpg": {"bbox": 1}}, keys("bbox")),
        ({f"{n}.jpg": {"bbox": 1} for n in range(20)} | {"x": 1}, BY_PICTURE),
        ({f"{n}.jpg": {"bbox": 1} for n in range(19)} | {"x": 1}, keys("bbox")),
        ({f"{n}.jpg": 1 for n in range(19)} | {"a.jpg": {"bbox": 1}}, BY_PICTURE),
        ({f"{n}.jpg": 1 for n in range(20)} | {"a.jpg": {"bbox": 1}}, keys("bbox")),
        ({"a.jpg": {"xmin": 1, "ymin": 1}}, BY_PICTURE),
        ({"a.jpg": {"x": 1, "y": 1}}, BY_PICTURE),
        ({"a.jpg": {"x1": 1, "y1": 1}}, BY_PICTURE),
        ({"a.jpg": {"xmin": 1, "y": 1, "x1": 1}}, keys("xmin")),
        ({"a.jpg": {"ymin": 1, "x": 1, "y1": 1}}, NOTHING),
        ({"a.jpg": {"u": {"v": {"bbox": 1}}}}, BY_PICTURE),
        ({"a.jpg": {"t": {"u": {"v": {"bbox": 1}}}}}, keys("bbox")),
        ({"a.jpg": [[1, 2, 3, 4], [1, 2, 3, 4, 5]]}, BY_PICTURE),
        ({"a.jpg": [[1, 2, 3]]}, NOTHING),
        ({"a.jpg": [[1, 2, 3, 4, 5, 6]]}, NOTHING),
        ({"a.jpg": [[1, 2, 3, 4], 5]}, NOTHING),
        ({"a.jpg": ["abcd"]}, NOTHING),
        ({"a.jpg": []}, NOTHING),
        ({"a.jpg": 5}, NOTHING),
        ({"features": 1, "bbox": 1}, NOTHING),
        ({"LabelName": 1, "bbox": 1}, NOTHING),
        ({"bbox": 1, "polygon": 1}, keys("bbox", "polygon")),
        ({}, NOTHING),
        ([{"data": 1, "annotations": 1}], ("labelstudio", "Label Studio JSON")),
        ([{"data": 1}, {"completions": 1}], ("labelstudio", "Label Studio JSON")),
        ([{"data": 1, "predictions": 1}], ("labelstudio", "Label Studio JSON")),
        ([{"data": 1}], NOTHING),
        ([{"annotations": 1}], NOTHING),
        ([{"k": [5, {"original_width": 1}]}], ("labelstudio", "Label Studio JSON-MIN")),
        ([{"k": {"original_width": 1}}], NOTHING),
        ([{"annotations": [{"coordinates": 1}]}], ("createml", "CreateML JSON")),
        ([{"annotation": [{"coordinates": 1}]}], objects("coordinates")),
        ([{"bbox": 1, "file_name": "x"}], ("metadata", "a list of pictures with bbox")),
        ([{"bbox": 1, "polygon": 1}, {"image": "a.jpg?x=1"}], ("metadata", "a list of pictures with bbox, polygon")),
        ([{"bbox": 1, "image": "x"}], objects("bbox")),
        ([{"bbox": 1, "image": "x\\.a.jpg"}], objects("bbox")),
        ([{"bbox": 1, "image": 5}], objects("bbox")),
        ([{"file_name": "x"}], NOTHING),
        ([1] * 49 + [{"bbox": 1, "rect": 2}], objects("bbox", "rect")),
        ([1] * 50 + [{"bbox": 1}], NOTHING),
        ([], NOTHING),
        (3, NOTHING),
    ],
)
def test_what_json_holds_is_known_by_its_keys(content: Any, expected: tuple[str, str], tmp_path: Path) -> None:
    assert kind_of(content) == expected
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert sniff_json(tmp_path / "a.json") == expected


def test_rows_of_a_table_are_vias_by_one_column() -> None:
    assert kind_of_rows([{"a": 1}, {"region_shape_attributes": 1}]) == ("via", "VIA's table")
    assert kind_of_rows([{"bbox": 1}]) == objects("bbox") and kind_of_rows([]) == NOTHING


def test_keys_that_look_like_boxes_are_looked_for_in_the_first_levels() -> None:
    assert boxish_keys({"a": {"b": {"c": {"d": {"bbox": 1}}}}}) == ["bbox"]
    assert boxish_keys({"a": {"b": {"c": {"d": {"e": {"bbox": 1}}}}}}) == []
    assert boxish_keys([[[[{"bbox": 1}]]]]) == ["bbox"] and boxish_keys([[[[[{"bbox": 1}]]]]]) == []
    assert boxish_keys(dict.fromkeys(map(str, range(199)), 0) | {"bbox": 1}) == ["bbox"]
    assert boxish_keys(dict.fromkeys(map(str, range(200)), 0) | {"bbox": 1}) == []
    assert boxish_keys([0] * 19 + [{"bbox": 1}]) == ["bbox"] and boxish_keys([0] * 20 + [{"bbox": 1}]) == []
    many = ("bbox", "box", "rect", "xmin", "polygon", "points", "shapes")
    assert boxish_keys(dict.fromkeys(many, 0)) == list(many[:6])
    assert boxish_keys({"labels": 1}) == [] and boxish_keys({"labels": 1, "objects": 1}) == ["labels", "objects"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"shapes": 1, "imagePath": 1', ("labelme", "labelme JSON")),
        ('{"shapes": 1, "shape_type": 1', ("labelme", "labelme JSON")),
        ('{"regions": 1, "filename": 1', ("via", "via JSON")),
        ('{"images": 1, "annotations": 1', ("coco", "coco JSON")),
        ('{"images": 1, "file_name": 1', ("coco", "coco JSON")),
        ('{"images": 1, "bbox": 1', keys("bbox")),
        ('{"annotations": 1, "bbox": 1, "rect"', keys("bbox", "rect")),
        ('{"shapes": 1', ("broken json", "a JSON file that cannot be parsed")),
        ("[" * 200_000, ("broken json", "a JSON file that cannot be parsed")),
        ("", ("broken json", "an empty JSON file")),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_json_that_cannot_be_parsed_is_known_by_the_keys_it_mentions(
    text: str, expected: tuple[str, str], encoding: str, tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_bytes(text.encode(encoding))
    assert sniff_json(tmp_path / "a.json") == expected


def test_large_json_is_not_parsed_and_what_is_no_file_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": {"bbox": 1}, "features": 2}')
    monkeypatch.setattr(by_json, "PARSED", path.stat().st_size)
    assert sniff_json(path) == NOTHING
    monkeypatch.setattr(by_json, "PARSED", path.stat().st_size - 1)
    assert sniff_json(path) == keys("bbox")
    path.write_text('{"a": {"points": 1}, "features": 2, "more": 3}')
    assert sniff_json(path) == NOTHING
    monkeypatch.undo()
    assert sniff_json(tmp_path) == sniff_json(tmp_path / "none.json") == ("unknown", "a JSON file that cannot be read")


LONG = {f"{'k' * 20}{n}": n for n in range(5)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('x\n3\n{"bbox": 1, "rect": 2}\n', ("unknown", "rows with bbox, rect")),
        ('{"a": 1}\n{"bbox": 1}\n', NOTHING),
        ('{"data": {}, "annotations": []}', ("labelstudio", "Label Studio's tasks, a line each")),
        ('{"file_name": "a", "b": 2}', ("metadata", "rows with file_name, b")),
        (json.dumps({"file_name": "a"} | LONG), ("metadata", f"rows with {', '.join(['file_name', *LONG])[:80]}")),
        ("x\n" * 49 + '{"bbox": 1}', ("unknown", "rows with bbox")),
        ("x\n" * 50 + '{"bbox": 1}', NOTHING),
        ("[" * 200_000 + '\n{"bbox": 1}', ("unknown", "rows with bbox")),
        ('{"bbox": "' + "x" * ((1 << 20) - 12) + '"}', ("unknown", "rows with bbox")),
        ('{"bbox": "' + "x" * ((1 << 20) - 11) + '"}', NOTHING),  # a byte more than is looked at
        ("", NOTHING),
    ],
)
def test_lines_of_json_are_what_the_first_object_says(text: str, expected: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(text)
    assert sniff_json_lines(tmp_path / "a.jsonl") == expected

"""Exports: the same facts in every format, COCO that is read back as it was, and nothing that is not selected."""

from __future__ import annotations

import base64
import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from hypviz.data.formats.coco import read_coco
from hypviz.data.importer import import_items
from hypviz.errors import SelectionError, SettingsError
from hypviz.explore.disks import FLAGS
from hypviz.explore.export import Export
from hypviz.explore.view import View

ROWS = [0, 3, 7, 60, 139]


def made(view: View, format: str) -> Export:
    return view.queries.export({"rows": ROWS}, format)


def expected(view: View, row: int) -> dict[str, Any]:
    items, parent = view.items, view.tree.parent[row]
    return {
        "item_id": str(items.item_id[row]),
        "image": str(items.images.file_name[items.image[row]]),
        "label": items.name(row),
        "depth": int(view.hierarchy.depth[row]),
        **dict(zip(("x1", "y1", "x2", "y2"), items.xyxy[row].tolist(), strict=True)),
        "radius": float(view.embedding.radii[row]),
        "parent_id": str(items.item_id[parent]) if parent >= 0 else "",
        "split": "not stated",
        "source": str(items.source[row]),
        "licence": "CC0-1.0",
        "tags": "",
        **{n: bool(view.disks.columns.flags[row] >> b & 1) for b, n in enumerate(FLAGS)},
    }


def test_csv_json_and_parquet_say_the_same_of_every_selected_item(tiny_view: View) -> None:
    wanted = [expected(tiny_view, row) for row in ROWS]
    content = json.loads(made(tiny_view, "json").data)
    assert content["items"] == wanted
    assert content["about"]["checkpoint"] == "tiny" and content["about"]["curv"] == pytest.approx(tiny_view.embedding.curv)
    table = pq.read_table(io.BytesIO(made(tiny_view, "parquet").data))
    assert table.to_pylist() == wanted
    assert json.loads(table.schema.metadata[b"hypviz"]) == content["about"]
    lines = list(csv.DictReader(io.StringIO(made(tiny_view, "csv").data.decode())))
    assert lines == [{name: str(value) for name, value in line.items()} for line in wanted]


def test_a_name_with_commas_and_quotes_survives_csv(tiny_view: View) -> None:
    name = 'a "b", c\nd'
    object.__setattr__(tiny_view.items, "classes", (name,) * len(tiny_view.items.classes))
    try:
        lines = list(csv.DictReader(io.StringIO(made(tiny_view, "csv").data.decode(), newline="")))
    finally:
        object.__setattr__(tiny_view.items, "classes", tuple(tiny_view.workspace.meta["classes"]))
    assert lines[1]["label"] == name


def test_coco_has_what_pycocotools_indexes_and_only_what_was_selected(tiny_view: View) -> None:
    content = json.loads(made(tiny_view, "coco").data)
    images, categories = ({entry["id"]: entry for entry in content[key]} for key in ("images", "categories"))
    boxes = {entry["id"]: entry for entry in content["annotations"]}
    assert len(boxes) == len(content["annotations"]) == 4 and set(boxes) == {row + 1 for row in ROWS[1:]}
    assert set(images) == {int(tiny_view.items.image[row]) + 1 for row in ROWS}
    for number, box in boxes.items():
        row = number - 1
        x1, y1, x2, y2 = tiny_view.items.xyxy[row].astype(float)
        assert images[box["image_id"]]["file_name"] == tiny_view.items.images.file_name[tiny_view.items.image[row]]
        assert categories[box["category_id"]]["name"] == tiny_view.items.name(row)
        assert box["bbox"] == pytest.approx([x1, y1, x2 - x1, y2 - y1]) and box["area"] == pytest.approx((x2 - x1) * (y2 - y1))
        assert box["iscrowd"] == 0 and isinstance(box["segmentation"], list)
        assert box["hypviz"]["item_id"] == tiny_view.items.item_id[row]
    assert [entry["name"] for entry in content["licenses"]] == ["CC0-1.0"]
    assert all(image["license"] == 1 for image in images.values())


def test_parents_are_named_when_they_are_exported_too(tiny_view: View) -> None:
    child = int(np.flatnonzero(tiny_view.hierarchy.depth == 2)[0])
    parent = int(tiny_view.tree.parent[child])
    both = json.loads(tiny_view.queries.export({"rows": [parent, child]}, "coco").data)["annotations"]
    assert {box["id"]: box["hypviz"]["parent"] for box in both} == {parent + 1: None, child + 1: parent + 1}
    alone = json.loads(tiny_view.queries.export({"rows": [child]}, "coco").data)["annotations"]
    assert alone[0]["hypviz"]["parent"] is None


def test_all_of_it_as_coco_is_read_back_as_the_same_items(tiny_view: View, tmp_path: Path) -> None:
    path = tmp_path / "all.json"
    path.write_bytes(tiny_view.queries.export({}, "coco").data)
    again, _ = import_items(read_coco(path, tiny_view.items.root))
    assert again.item_id.tolist() == tiny_view.items.item_id.tolist()
    np.testing.assert_allclose(again.xyxy, tiny_view.items.xyxy, atol=1e-3)
    assert [again.name(row) for row in range(141)] == [tiny_view.items.name(row) for row in range(141)]


def test_nothing_selected_and_formats_unknown_are_told(tiny_view: View) -> None:
    with pytest.raises(SelectionError, match="Nothing is selected"):
        tiny_view.queries.export({"rows": []}, "csv")
    with pytest.raises(SettingsError, match=r"format must be one of csv, json, parquet, coco, yolo, voc, .*, vectors, ids; got 'xls'"):
        tiny_view.queries.export({"rows": [1]}, "xls")


def test_fiftyone_gets_every_box_in_fractions_under_its_picture(tiny_view: View) -> None:
    """The schema that FiftyOne 1.22 reads: FiftyOneImageDetectionDataset, its pictures named by whole paths."""
    content = json.loads(made(tiny_view, "fiftyone").data)
    items, boxes = tiny_view.items, [row for row in ROWS if not tiny_view.items.is_scene[row]]
    assert content["classes"] == list(items.classes)
    assert set(content["labels"]) == {str(items.path(row).resolve()) for row in ROWS}
    assert all(Path(name).is_absolute() and Path(name).is_file() for name in content["labels"])
    found = {one["attributes"]["item_id"]: one for entry in content["labels"].values() for one in entry}
    assert set(found) == {str(items.item_id[row]) for row in boxes}
    for row in boxes:
        one, image = found[str(items.item_id[row])], int(items.image[row])
        assert set(one) == {"label", "bounding_box", "attributes"} and one["label"] == items.name(row)
        x, y, w, h = one["bounding_box"]
        width, height = int(items.images.width[image]), int(items.images.height[image])
        assert [x * width, y * height, (x + w) * width, (y + h) * height] == pytest.approx(items.xyxy[row].tolist(), abs=1e-3)
        assert one["attributes"]["radius"] == pytest.approx(float(tiny_view.embedding.radii[row]))
        assert one["attributes"]["source"] == "annotation"


def test_hyperview_gets_a_sample_with_its_crop_for_every_item(tiny_view: View) -> None:
    """The keys that HyperView 1.2's Dataset.load asks for, and thumbnails in the shape of their boxes."""
    content = json.loads(made(tiny_view, "hyperview").data)
    items = tiny_view.items
    assert isinstance(content["name"], str) and [sample["id"] for sample in content["samples"]] == items.item_id[ROWS].tolist()
    for sample, row in zip(content["samples"], ROWS, strict=True):
        assert {"id", "filepath", "label", "text", "modality", "media_type", "duration_s", "metadata", "thumbnail_base64"} == set(sample)
        assert (sample["label"], sample["modality"]) == (items.name(row), "image") and Path(sample["filepath"]).is_file()
        assert sample["metadata"]["xyxy"] == items.xyxy[row].tolist() and sample["metadata"]["depth"] == tiny_view.hierarchy.depth[row]
        x1, y1, x2, y2 = items.xyxy[row].tolist()
        width, height = Image.open(io.BytesIO(base64.b64decode(sample["thumbnail_base64"]))).size
        assert max(width, height) <= 128 and abs(width / height - (x2 - x1) / (y2 - y1)) < 0.5 * (x2 - x1) / (y2 - y1)

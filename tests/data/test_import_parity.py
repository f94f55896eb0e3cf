"""One hundred photographs with 273 boxes in every format: the same items, whichever way they came."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hypviz.data.formats.detect import open_dataset
from hypviz.data.importer import import_items
from hypviz.data.items import Items

Boxes = list[tuple[str, str, tuple[int, ...]]]


def boxes_of(items: Items, *, shift: float = 0.0) -> Boxes:
    """Every box as (picture, class, corners in eighths of a pixel, the precision of an item id), sorted."""
    corners = np.round((items.xyxy + np.array([shift, shift, 0, 0], np.float32)) * 8).astype(int)
    names = items.images.file_name[items.image]
    return sorted((Path(str(names[row])).name, items.name(row), tuple(corners[row])) for row in np.flatnonzero(~items.is_scene))


def official_openimages(source: Path, target: Path) -> Path:
    """The boxes of a COCO file as the official CSV files have them: fractions, MIDs, ids without an ending."""
    content = json.loads(source.read_bytes())
    images = {image["id"]: image for image in content["images"]}
    target.mkdir()
    with (target / "train-annotations-bbox.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ImageID", "Source", "LabelName", "Confidence", "XMin", "XMax", "YMin", "YMax", "IsGroupOf"])
        for box in content["annotations"]:
            image, (x, y, w, h) = images[box["image_id"]], box["bbox"]
            sides = x / image["width"], (x + w) / image["width"], y / image["height"], (y + h) / image["height"]
            writer.writerow([Path(image["file_name"]).stem, "xclick", f"/m/{box['category_id']}", 1, *(f"{s:.7f}" for s in sides), 0])
    lines = [f"/m/{category['id']},{category['name']}" for category in content["categories"]]
    (target / "class-descriptions-boxable.csv").write_text("\n".join(lines))
    return target


def lvis_dialect(source: Path, target: Path) -> Path:
    """The same as LVIS v1 writes it: no file names but addresses, and classes that are not in the picture."""
    content = json.loads(source.read_bytes())
    for image in content["images"]:
        image["coco_url"] = f"http://images.cocodataset.org/images/{image.pop('file_name')}"
        image |= {"neg_category_ids": [1, 2, 3], "not_exhaustive_category_ids": [1]}
    target.mkdir()
    (target / "lvis_v1_train.json").write_text(json.dumps(content))
    return target


def only_masks(source: Path, target: Path) -> Path:
    """The same boxes as run-length masks only, compressed by pycocotools and not."""
    from pycocotools import mask as masks

    content = json.loads(source.read_bytes())
    images = {image["id"]: image for image in content["images"]}
    for number, box in enumerate(content["annotations"]):
        image = images[box["image_id"]]
        x, y, w, h = (round(value) for value in box.pop("bbox"))
        filled = np.zeros((image["height"], image["width"]), np.uint8, order="F")
        filled[y : y + h, x : x + w] = 1
        packed = masks.encode(filled)
        flat = filled.ravel(order="F")
        ends = np.flatnonzero(np.diff(flat)) + 1
        runs = np.diff([0, *ends, flat.size]).tolist()
        plain = {"size": list(filled.shape), "counts": ([0, *runs] if flat[0] else runs)}
        box["segmentation"] = {"size": list(filled.shape), "counts": packed["counts"].decode()} if number % 2 else plain
    target.mkdir()
    (target / "instances.json").write_text(json.dumps(content))
    return target


@pytest.fixture(scope="module")
def reference(shared_data: Path) -> Boxes:
    """What COCO's second dialect gives."""
    items, report = import_items(open_dataset(shared_data / "formats/multi100/coco_b"))
    assert (report.images, report.boxes, report.dropped) == (100, 273, {})
    return boxes_of(items)


@pytest.mark.parametrize(("folder", "shift"), [("coco_a", 0), ("yolo", 0), ("voc", 1)])
def test_every_real_format_gives_the_same_boxes(shared_data: Path, reference: Boxes, folder: str, shift: float) -> None:
    """VOC alone counts pixels from 1; the COCO export copied its corners as if from 0 (see test_import_voc)."""
    items, report = import_items(open_dataset(shared_data / "formats/multi100" / folder))
    assert (report.images, report.boxes, report.clipped, report.dropped) == (100, 273, 0, {})
    assert boxes_of(items, shift=shift) == reference


@pytest.mark.parametrize("write", [official_openimages, lvis_dialect, only_masks])
def test_every_rewritten_format_gives_the_same_boxes(
    shared_data: Path, tmp_path: Path, reference: Boxes, write: Callable[[Path, Path], Path]
) -> None:
    folder = write(shared_data / "formats/multi100/coco_b/instances_v2.json", tmp_path / "set")
    items, report = import_items(open_dataset(folder, images=shared_data / "formats/multi100/images"))
    assert (report.images, report.boxes, report.clipped, report.dropped) == (100, 273, 0, {})
    assert boxes_of(items) == reference

"""Items made from plain numbers or from a COCO file, without the importer; for the tests of this folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hypviz.data.items import SCENE, Images, Items, item_ids

LabelledBox = tuple[int, float, float, float, float]
"""label, x1, y1, x2, y2"""


def make_items(
    boxes: Sequence[Sequence[LabelledBox]],
    *,
    sizes: Sequence[tuple[int, int]] | None = None,
    classes: int = 30,
    root: Path = Path(),
    names: Sequence[str] | None = None,
) -> Items:
    """One image per entry of `boxes`, of 100 × 100 pixels unless `sizes` (width, height) says else."""
    sizes = sizes or [(100, 100)] * len(boxes)
    names = names or [f"{number}.png" for number in range(len(boxes))]
    rows: list[tuple[str, int, Sequence[float], int, str]] = []
    for number, (image, (width, height)) in enumerate(zip(boxes, sizes, strict=True)):
        ids = item_ids(f"image {number}", [box[1:] for box in image])
        rows.append((ids[0], number, (0, 0, width, height), SCENE, "image"))
        rows += [(ids[k + 1], number, box[1:], box[0], "annotation") for k, box in enumerate(image)]
    item_id, image_rows, xyxy, labels, source = zip(*rows, strict=True)
    widths, heights = np.array(sizes, dtype=np.int32).T
    content = np.array([f"image {number}" for number in range(len(boxes))])
    return Items(
        item_id=np.array(item_id),
        image=np.array(image_rows, dtype=np.int32),
        xyxy=np.array(xyxy, dtype=np.float32),
        label=np.array(labels, dtype=np.int32),
        source=np.array(source),
        images=Images(np.array(names), widths, heights, content, np.full(len(boxes), "")),
        classes=tuple(f"class {number}" for number in range(classes)),
        root=root,
    )


def random_boxes(rng: np.random.Generator, count: int, *, size: int = 40, classes: int = 5) -> list[LabelledBox]:
    """Boxes on whole pixels that nest, tie and nearly coincide far more often than chance would have it."""
    boxes: list[LabelledBox] = []
    for _ in range(count):
        x1, y1, x2, y2 = 0, 0, size, size
        if boxes and rng.random() < 0.75:
            x1, y1, x2, y2 = (int(value) for value in boxes[rng.integers(len(boxes))][1:])
        if boxes and rng.random() < 0.25:  # nearly the same box again
            box = np.array([x1, y1, x2, y2]) + rng.integers(-1, 2, 4)
        else:  # some box that lies mostly inside
            box = np.concatenate([rng.integers((x1, y1), (x2, y2)), rng.integers((x1, y1), (x2, y2)) + 1])
            box += rng.integers(-2, 3)
        x1, x2 = sorted(np.clip(box[[0, 2]], 0, size).tolist())
        y1, y2 = sorted(np.clip(box[[1, 3]], 0, size).tolist())
        if x1 < x2 and y1 < y2:
            boxes.append((int(rng.integers(classes)), x1, y1, x2, y2))
    return boxes


def random_items(seed: int, images: int, most_boxes: int, *, classes: int = 5) -> Items:
    """Images of 40 × 40 pixels with 0 … most_boxes boxes each."""
    rng = np.random.default_rng(seed)
    boxes = [random_boxes(rng, int(rng.integers(most_boxes + 1)), classes=classes) for _ in range(images)]
    return make_items(boxes, sizes=[(40, 40)] * images, classes=classes)


def read_coco(folder: Path) -> tuple[Items, list[dict[str, Any]]]:
    """A shared COCO folder as items, and its annotations in the order of the box items."""
    data = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))
    label_of = {category["id"]: label for label, category in enumerate(data["categories"])}
    boxes: dict[int, list[LabelledBox]] = {image["id"]: [] for image in data["images"]}
    notes: dict[int, list[dict[str, Any]]] = {image["id"]: [] for image in data["images"]}
    size_of = {image["id"]: (image["width"], image["height"]) for image in data["images"]}
    for note in data["annotations"]:
        (x, y, w, h), (width, height) = note["bbox"], size_of[note["image_id"]]
        box = (label_of[note["category_id"]], x, y, min(x + w, width), min(y + h, height))
        boxes[note["image_id"]].append(box)
        notes[note["image_id"]].append(note)
    items = make_items(
        list(boxes.values()),
        sizes=list(size_of.values()),
        classes=len(label_of),
        root=folder / "images",
        names=[image["file_name"] for image in data["images"]],
    )
    return items, [note for of_image in notes.values() for note in of_image]

"""Made-up OpenImages CSV files of any size, in the official schema: for measuring and for tests, no truth in them.

Images hold few boxes mostly and hundreds sometimes, classes are as unequal as in the original, about half of the boxes
lie inside others, and every flag occurs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hypviz.data.formats.openimages_csv import FLAGS
from hypviz.errors import SettingsError
from hypviz.progress import OnProgress

FULL_BOXES, FULL_IMAGES = 14_610_229, 1_743_042
"""Boxes and images of OpenImages' training split."""
CLASSES = 600
BLOCK = 200_000
"""Images drawn at once."""
MOST = 120.0
"""Weight of the fullest images; the mean is near 3."""
_CLICKS = tuple(f"XClick{n}{axis}" for axis in "XY" for n in range(1, 5))


def write_world(folder: Path, boxes: int, *, seed: int = 0, on_progress: OnProgress | None = None) -> Path:
    """Write `train-annotations-bbox.csv` with about `boxes` boxes and the class descriptions; returns the box file.

    Raises SettingsError for fewer than 100 boxes.
    """
    import pyarrow as pa
    from pyarrow import csv

    if boxes < 100:
        raise SettingsError(f"A made-up OpenImages needs at least 100 boxes, got {boxes}.")
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["LabelName,DisplayName", *(f"/m/{number:05x},Class {number:03d}" for number in range(CLASSES))]
    (folder / "oidv7-class-descriptions-boxable.csv").write_text("\n".join(lines) + "\n")
    rng = np.random.default_rng(seed)
    images = max(1, round(boxes * FULL_IMAGES / FULL_BOXES))
    path = folder / "oidv6-train-annotations-bbox.csv"
    names = ["ImageID", "Source", "LabelName", "Confidence", "XMin", "XMax", "YMin", "YMax", *FLAGS, *_CLICKS]
    schema = pa.schema([(name, _type_of(pa, name)) for name in names])
    written = 0
    with csv.CSVWriter(path, schema, write_options=csv.WriteOptions(quoting_style="none")) as writer:
        for first in range(0, images, BLOCK):
            last = min(images, first + BLOCK)
            box_count = boxes - written if last == images else round((last - first) * boxes / images)
            columns = _draw(rng, first, last, box_count)
            writer.write_table(pa.table([pa.array(columns[name], schema.field(name).type) for name in names], schema=schema))
            written += box_count
            if on_progress is not None:
                on_progress(written, boxes)
    return path


def _type_of(pa: object, name: str) -> object:
    kinds = {"ImageID": "string", "Source": "string", "LabelName": "string", "Confidence": "int8"}
    return getattr(pa, kinds.get(name, "int8" if name in FLAGS else "float32"))()


def _draw(rng: np.random.Generator, first: int, last: int, count: int) -> dict[str, NDArray[np.generic]]:
    """The columns of `count` boxes of images first … last − 1, grouped by image."""
    images = last - first
    weight = np.minimum(rng.pareto(1.3, images) + 0.5, MOST)  # most have few, the fullest hundreds
    more = rng.choice(images, max(0, count - images), p=weight / weight.sum())
    image = np.sort(np.concatenate([np.arange(images), more])[:count])
    row, place = np.arange(count), np.arange(count) - np.searchsorted(image, image)
    back = 1 + rng.integers(0, 1 << 30, count) % np.maximum(place, 1)  # an earlier box of the same image
    parent = np.where((place > 0) & (rng.random(count) < 0.5), row - back, -1)
    xyxy = _boxes(rng, count)
    inner = np.flatnonzero(parent >= 0)
    outer = xyxy[parent[inner]]
    low, size = outer[:, :2], outer[:, 2:] - outer[:, :2]
    xyxy[inner] = np.concatenate([low + size * xyxy[inner, :2], low + size * xyxy[inner, 2:]], axis=1)
    xyxy = np.round(np.clip(xyxy, 0, 1), 6).astype(np.float32)
    flags = {name: (rng.random(count) < share).astype(np.int8) for name, share in zip(FLAGS, (0.66, 0.25, 0.05, 0.04, 0.001), strict=True)}
    labels = np.array([f"/m/{number:05x}" for number in range(CLASSES)])
    ids = np.char.mod("%016x", np.arange(first, last).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    return {
        "ImageID": ids[image],
        "Source": np.where(rng.random(count) < 0.9, "xclick", "activemil"),
        "LabelName": labels[np.minimum(rng.geometric(0.02, count), CLASSES) - 1],
        "Confidence": np.ones(count, np.int8),
        **dict(zip(("XMin", "YMin", "XMax", "YMax"), xyxy.T, strict=True)),
        **flags,
        **{name: xyxy[:, 0 if name.endswith("X") else 1] for name in _CLICKS},
    }


def _boxes(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """(count, 4) proper boxes in 0…1 of all sizes."""
    size = rng.beta(0.9, 1.6, (count, 2)) * 0.98 + 0.02
    low = rng.random((count, 2)) * (1 - size)
    return np.concatenate([low, low + size], axis=1)

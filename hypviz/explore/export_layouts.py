"""A selection in the layouts of two other tools: FiftyOne and HyperView. Pictures stay where they are, by whole path.

FiftyOne 1.22 reads the first as its type FiftyOneImageDetectionDataset (one file of labels; boxes in fractions, whatever
else is known of one under "attributes"):

    fo.Dataset.from_dir(labels_path="set.fiftyone.json", dataset_type=fo.types.FiftyOneImageDetectionDataset)

HyperView 1.2 reads the second by `hyperview.Dataset.load("set.hyperview.json")`. Its samples are pictures, so a box is a
sample whose thumbnail is its crop; everything else is under "metadata".
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hypviz.data.items import Items
from hypviz.data.pictures import PictureError, open_upright
from hypviz.data.writers import AnnotatedSet, annotated_set
from hypviz.explore.cards import Cards
from hypviz.storage.json_types import Json
from hypviz.viz.tree import Tree

Rows = NDArray[np.int64]
THUMB = (128, 128)
"""HyperView's own size of a thumbnail."""


def fiftyone(cards: Cards, tree: Tree, rows: Rows, *, about: Json, in_folder: bool = False) -> Json:
    """The selected boxes by picture; a picture that was selected itself is listed even without a box.

    in_folder: for a folder with the pictures in it: they are named without their endings, as FiftyOne has it there, and "info" lists
    their whole names; else they are named by whole path. DataError there for pictures that differ by their ending alone.
    """
    items = cards.items
    labels: dict[str, list[Json]] = {}
    annotated = annotated_set(items, cards.hierarchy, rows, name="")
    parents = _parents(annotated, items)
    stems = {picture.number - 1: stem for picture, stem in annotated.files("")} if in_folder else {}
    for row in rows.tolist():
        boxes = labels.setdefault(stems[int(items.image[row])] if in_folder else str(items.path(row).resolve()), [])
        if not items.is_scene[row]:
            attributes = {**known_of(cards, tree, row), "parents": parents[row]}
            boxes.append({"label": items.name(row), "bounding_box": _fractions(cards, row), "attributes": attributes})
    names = {"file_names": [picture.file_name for picture in annotated.pictures]} if in_folder else {}
    return {"classes": list(items.classes), "labels": labels, "info": {"hypviz": {**about, **names}}}


def _parents(annotated: AnnotatedSet, items: Items) -> dict[int, list[str]]:
    """The ids of the boxes that each box lies in directly, by its row."""
    boxes = (box for picture in annotated.pictures for box in picture.boxes)
    return {box.number - 1: [str(items.item_id[parent - 1]) for parent in box.parents or ()] for box in boxes}


def hyperview(cards: Cards, tree: Tree, rows: Rows, *, about: Json) -> Json:
    """A sample per item, with the crop of a box as its thumbnail; none where the picture cannot be read."""
    items = cards.items
    samples = [
        {
            "id": str(items.item_id[row]),
            "filepath": str(items.path(row).resolve()),
            "label": items.name(row),
            "text": None,
            "modality": "image",
            "media_type": None,
            "duration_s": None,
            "metadata": {"xyxy": [float(value) for value in items.xyxy[row]], **known_of(cards, tree, row)},
            "thumbnail_base64": thumb,
        }
        for row, thumb in _thumbs(cards, rows)
    ]
    return {"name": str(about.get("workspace") or "hypviz"), "samples": samples, "hypviz": about}


def known_of(cards: Cards, tree: Tree, row: int) -> Json:
    """What either tool has no word for: id, true distance to the root, level, closest parent, where the box is from."""
    parent = int(tree.parent[row])
    return {
        "item_id": str(cards.items.item_id[row]),
        "radius": float(cards.embedding.radii[row]),
        "depth": int(cards.hierarchy.depth[row]),
        "parent_id": str(cards.items.item_id[parent]) if parent >= 0 else "",
        "source": str(cards.items.source[row]),
        "licence": str(cards.items.images.licence[cards.items.image[row]]),
    }


def _fractions(cards: Cards, row: int) -> list[float]:
    """[left, top, width, height] in fractions of the picture."""
    images, image = cards.items.images, int(cards.items.image[row])
    width, height = float(images.width[image]), float(images.height[image])
    x1, y1, x2, y2 = (float(value) for value in cards.items.xyxy[row])
    return [x1 / width, y1 / height, (x2 - x1) / width, (y2 - y1) / height]


def _thumbs(cards: Cards, rows: Rows) -> Iterator[tuple[int, str | None]]:
    """Each row with its crop as base64 JPEG; neighbours in a picture decode it once."""
    items = cards.items
    image, picture = -1, None
    for row in rows.tolist():
        if int(items.image[row]) != image:
            image = int(items.image[row])
            try:
                picture = open_upright(items.path(row))
            except PictureError:
                picture = None
        yield row, None if picture is None else _thumb(picture, items.xyxy[row])


def _thumb(picture: Image.Image, xyxy: NDArray[np.float32]) -> str:
    x1, y1, x2, y2 = (float(value) for value in xyxy)
    crop = picture.crop((int(x1), int(y1), max(int(x1) + 1, round(x2)), max(int(y1) + 1, round(y2))))
    crop.thumbnail(THUMB, Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    crop.save(stream, "JPEG", quality=85)
    return base64.b64encode(stream.getvalue()).decode("ascii")

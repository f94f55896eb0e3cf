"""A selection of items as a file: CSV, JSON, Parquet, COCO annotations that pycocotools and this project read, or the layouts
of FiftyOne and HyperView (`hypviz.export_layouts`), or vectors as .npy with a .json beside it (`hypviz.vectors.write`).

CSV, JSON and Parquet hold one row per item. JSON and Parquet also say what the numbers are from (`about`); COCO and
FiftyOne say so under "info", HyperView under "hypviz". Nothing is rounded.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.cards import Cards
from hypviz.config import check_choice
from hypviz.export_layouts import fiftyone, hyperview
from hypviz.tables import parquet_bytes
from hypviz.vectors.write import vectors_zip
from hypviz.viz.tree import Tree

Json = dict[str, Any]
Rows = NDArray[np.int64]
FORMATS = {
    "csv": ("csv", "text/csv; charset=utf-8"),
    "json": ("json", "application/json"),
    "parquet": ("parquet", "application/vnd.apache.parquet"),
    "coco": ("coco.json", "application/json"),
    "fiftyone": ("fiftyone.json", "application/json"),
    "hyperview": ("hyperview.json", "application/json"),
    "vectors": ("vectors.zip", "application/zip"),
}
"""Ending and media type of each format."""


@dataclass(frozen=True)
class Export:
    """A file: its content, the ending of its name, its media type, and how many items it holds."""

    data: bytes
    ending: str
    media_type: str
    count: int


def write_export(cards: Cards, tree: Tree, rows: Rows, format: str, *, about: Json) -> Export:
    """Items `rows` in one of FORMATS; SettingsError for another.

    about: what data and checkpoint the numbers are from, JSON-ready.
    """
    check_choice("format", format, tuple(FORMATS))
    about = {"items": len(rows), **about}
    whole = {"coco": coco, "fiftyone": fiftyone, "hyperview": hyperview}.get(format)
    if format == "vectors":
        data = vectors_zip(cards.items, cards.hierarchy, cards.embedding, rows, about=about)
    elif whole is not None:
        data = _json(whole(cards, tree, rows, about=about))
    else:
        columns = export_columns(cards, tree, rows)
        data = {"csv": _as_csv, "json": _as_json, "parquet": _as_parquet}[format](columns, about)
    return Export(data, *FORMATS[format], len(rows))


def export_columns(cards: Cards, tree: Tree, rows: Rows) -> dict[str, NDArray[Any]]:
    """One row per item: id, picture, class, level, box in pixels of the upright picture, true distance to the root,
    id of the closest annotated parent ("" for none), split, source, licence, and a column per flag."""
    items, columns = cards.items, cards.columns
    image = items.image[rows]
    names = np.array([*items.classes, "scene"])
    parent = tree.parent[rows]
    boxes = {name: items.xyxy[rows, place] for place, name in enumerate(("x1", "y1", "x2", "y2"))}
    flags = {name: (np.asarray(columns.flags)[rows] >> bit & 1).astype(bool) for bit, name in enumerate(columns.flag_names)}
    return {
        "item_id": items.item_id[rows],
        "image": items.images.file_name[image],
        "label": names[items.label[rows]],  # a scene's −1 finds the last name
        "depth": np.asarray(cards.hierarchy.depth[rows], np.int64),
        **boxes,
        "radius": np.asarray(cards.embedding.radii[rows], np.float32),
        "parent_id": np.where(parent >= 0, items.item_id[parent], ""),
        "split": np.array(columns.split_names)[columns.split[rows]],
        "source": items.source[rows],
        "licence": items.images.licence[image],
        **flags,
    }


def coco(cards: Cards, tree: Tree, rows: Rows, *, about: Json) -> Json:
    """COCO annotations of the selected boxes, with the pictures of everything selected and all classes.

    Ids are rows of the data set plus one, so two exports of it agree. What COCO has no word for is under "hypviz":
    item id, distance to the root, level, where the box is from, and the annotation of the closest parent if that is exported too.
    """
    items, boxes = cards.items, rows[~cards.items.is_scene[rows]]
    images = np.unique(items.image[rows])
    licences = sorted({str(name) for name in items.images.licence[images] if str(name)})
    exported = set(boxes.tolist())
    return {
        "info": {"description": "A selection: its pictures may show more than the boxes listed here.", "hypviz": about},
        "licenses": [{"id": number, "name": name, "url": ""} for number, name in enumerate(licences, start=1)],
        "images": [_coco_image(cards, int(image), licences) for image in images],
        "categories": [{"id": row + 1, "name": name, "supercategory": ""} for row, name in enumerate(items.classes)],
        "annotations": [_coco_box(cards, tree, int(row), exported) for row in boxes],
    }


def _coco_image(cards: Cards, image: int, licences: list[str]) -> Json:
    images, scene = cards.items.images, int(cards.items.offsets[image])
    licence = str(images.licence[image])
    return {
        "id": image + 1,
        "file_name": str(images.file_name[image]),
        "width": int(images.width[image]),
        "height": int(images.height[image]),
        **({"license": licences.index(licence) + 1} if licence else {}),
        "hypviz": {"item_id": str(cards.items.item_id[scene]), "radius": float(cards.embedding.radii[scene])},
    }


def _coco_box(cards: Cards, tree: Tree, row: int, exported: set[int]) -> Json:
    x1, y1, x2, y2 = (float(value) for value in cards.items.xyxy[row])
    parent = int(tree.parent[row])
    return {
        "id": row + 1,
        "image_id": int(cards.items.image[row]) + 1,
        "category_id": int(cards.items.label[row]) + 1,
        "bbox": [x1, y1, x2 - x1, y2 - y1],
        "area": (x2 - x1) * (y2 - y1),
        "iscrowd": 0,
        "segmentation": [],
        "hypviz": {
            "item_id": str(cards.items.item_id[row]),
            "radius": float(cards.embedding.radii[row]),
            "depth": int(cards.hierarchy.depth[row]),
            "source": str(cards.items.source[row]),
            "parent": parent + 1 if parent in exported else None,
        },
    }


def _as_csv(columns: dict[str, NDArray[Any]], _about: Json) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
    return stream.getvalue().encode()


def _as_json(columns: dict[str, NDArray[Any]], about: Json) -> bytes:
    lists = [column.tolist() for column in columns.values()]
    return _json({"about": about, "items": [dict(zip(columns, values, strict=True)) for values in zip(*lists, strict=True)]})


def _as_parquet(columns: dict[str, NDArray[Any]], about: Json) -> bytes:
    return parquet_bytes(columns, json.dumps(about, ensure_ascii=False))


def _json(content: Json) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False).encode()

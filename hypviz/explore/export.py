"""A selection of items as a file: CSV, JSON, Parquet; annotations as COCO, YOLO, VOC, CVAT or Label Studio (`hypviz.data.writers`);
the layouts of FiftyOne and HyperView (`hypviz.explore.export_layouts`), vectors as .npy with a .json beside it (`hypviz.vectors.write`),
or the ids alone, one a line.

CSV, JSON and Parquet hold one row per item. JSON and Parquet also say what the numbers are from (`about`); COCO and
FiftyOne say so under "info", HyperView under "hypviz". Nothing is rounded.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.config import check_choice
from hypviz.data.items import NO_LABEL, VECTOR, Items
from hypviz.data.writers import AnnotatedSet, annotated_set, coco_document, cvat_xml, labelstudio_tasks, voc_files, yolo_files
from hypviz.errors import DataError
from hypviz.explore.cards import Cards
from hypviz.explore.export_layouts import fiftyone, hyperview
from hypviz.storage.json_types import Json
from hypviz.vectors.write import vectors_zip
from hypviz.viz.tree import Tree
from hypviz.workspace.tables import parquet_bytes

Rows = NDArray[np.int64]
FORMATS = {
    "csv": ("csv", "text/csv; charset=utf-8"),
    "json": ("json", "application/json"),
    "parquet": ("parquet", "application/vnd.apache.parquet"),
    "coco": ("coco.json", "application/json"),
    "yolo": ("yolo.zip", "application/zip"),
    "voc": ("voc.zip", "application/zip"),
    "cvat": ("cvat.xml", "application/xml"),
    "labelstudio": ("labelstudio.json", "application/json"),
    "fiftyone": ("fiftyone.json", "application/json"),
    "hyperview": ("hyperview.json", "application/json"),
    "vectors": ("vectors.zip", "application/zip"),
    "ids": ("ids.txt", "text/plain; charset=utf-8"),
}
"""Ending and media type of each format."""
PICTURES = {"coco": "images", "yolo": "images", "voc": "JPEGImages", "cvat": "images", "labelstudio": "images"}
"""The formats of annotations (`hypviz.data.writers`), and the folder beside the file in which their pictures are looked for."""

FOLDERS = {**PICTURES, "fiftyone": "data"}
"""The folder of the pictures in a data set of its own."""


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
    whole = {"fiftyone": fiftyone, "hyperview": hyperview}.get(format)
    if format in PICTURES:
        files = annotation_files(written_set(cards, tree, rows, about=about), format)
        data = next(iter(files.values())) if len(files) == 1 and format not in ("yolo", "voc") else _zipped(files)
    elif format == "ids":
        data = "".join(f"{name}\n" for name in cards.items.item_id[rows]).encode()
    elif format == "vectors":
        data = vectors_zip(cards.items, cards.hierarchy, cards.embedding, rows, about=about)
    elif whole is not None:
        data = _json(whole(cards, tree, rows, about=about))
    else:
        columns = export_columns(cards, tree, rows)
        data = {"csv": _as_csv, "json": _as_json, "parquet": _as_parquet}[format](columns, about)
    return Export(data, *FORMATS[format], len(rows))


def export_columns(cards: Cards, tree: Tree, rows: Rows) -> dict[str, NDArray[Any]]:
    """One row per item: id, picture, class, level, box in pixels of the upright picture, true distance to the root,
    id of the closest annotated parent ("" for none), split, source, licence, tags with "; " between them, and a column per flag."""
    items, columns = cards.items, cards.columns
    image = items.image[rows]
    names = np.array([*items.classes, NO_LABEL if (items.source == VECTOR).any() else "scene"])
    parent = tree.parent[rows]
    boxes = {name: items.xyxy[rows, place] for place, name in enumerate(("x1", "y1", "x2", "y2"))}
    flags = {name: (np.asarray(columns.flags)[rows] >> bit & 1).astype(bool) for bit, name in enumerate(columns.flag_names)}
    return {
        "item_id": items.item_id[rows],
        "image": items.images.file_name[image],
        "label": names[items.label[rows]],  # −1 finds the last name
        "depth": np.asarray(cards.hierarchy.depth[rows], np.int64),
        **boxes,
        "radius": np.asarray(cards.embedding.radii[rows], np.float32),
        "parent_id": np.where(parent >= 0, items.item_id[parent], ""),
        "split": np.array(columns.split_names)[columns.split[rows]],
        "source": items.source[rows],
        "licence": items.images.licence[image],
        "tags": np.array(["; ".join(names) for names in cards.tags(rows)], np.str_),
        **flags,
    }


def written_set(cards: Cards, tree: Tree, rows: Rows, *, about: Json) -> AnnotatedSet:
    """The selected boxes, with the pictures of everything selected and all classes, for the writers of annotations.

    Known besides: distance to the root, level, and the closest of the boxes around it if that is exported too.
    """
    items, exported = cards.items, np.zeros(len(cards.items), bool)
    exported[rows] = ~items.is_scene[rows]
    closest = np.where((tree.parent >= 0) & exported[tree.parent], tree.parent + 1, 0).astype(object)
    closest[closest == 0] = None
    known = {
        "radius": np.asarray(cards.embedding.radii, np.float64),
        "depth": np.asarray(cards.hierarchy.depth, np.int64),
        "parent": closest,
    }
    return annotated_set(items, cards.hierarchy, rows, name=str(about.get("data") or "hypviz"), known=known, about=about)


def annotation_files(annotated: AnnotatedSet, format: str) -> dict[str, bytes]:
    """The files of a format of PICTURES, by name: annotations alone, pictures belong into the folder PICTURES[format] beside them."""
    if format == "coco":
        words = "A selection: its pictures may show more than the boxes listed here."
        return {"annotations.json": _json(coco_document(annotated, description=words))}
    if format == "cvat":
        return {"annotations.xml": cvat_xml(annotated).encode()}
    if format == "labelstudio":
        return {"tasks.json": _json(labelstudio_tasks(annotated))}
    files = {"yolo": yolo_files, "voc": voc_files}[format](annotated)
    return {name: text.encode() for name, text in files.items()}


def write_with_pictures(path: Path, items: Items, rows: Rows, files: Mapping[str, bytes], format: str) -> int:
    """A zip of annotation files and the pictures they are about, as they are on disk; returns how many pictures.

    DataError when one of them cannot be read.
    """
    names = items.images.file_name[np.unique(items.image[rows])].tolist()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data, zipfile.ZIP_DEFLATED)
        for name in names:
            try:
                archive.write(items.root / name, f"{FOLDERS[format]}/{name}")  # pictures are compressed already
            except OSError as error:
                raise DataError(f"{items.root / name} cannot be read ({error.strerror}), so it cannot be packed.") from None
    return len(names)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


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


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False).encode()

"""Writes scenes as a data set (images and COCO annotations) and as a contact sheet."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from PIL import Image

from hypviz.data.writers import AnnotatedSet, Picture, WrittenBox, coco_document
from hypviz.progress import OnCount

from .canvas import DESIGN_WH
from .draw import OBJECT_CLASSES, DrawnScene, draw_scene
from .parts import PART_CLASSES

LICENCE, LICENCE_URL = "CC0-1.0", "https://creativecommons.org/publicdomain/zero/1.0/"
EXTENSIONS = {"jpeg": "jpg", "webp": "webp"}
Record = dict[str, Any]


def write_dataset(
    folder: Path,
    seeds: Iterable[int],
    *,
    size: tuple[int, int] = DESIGN_WH,
    quality: int = 88,
    image_format: str = "jpeg",
    workers: int | None = None,
    on_progress: OnCount | None = None,
) -> Path:
    """Draw the scenes of the seeds into `folder` and return the path of its annotations.json.

    Writes images/NNNNNN.jpg (or .webp), numbered by seed, and annotations.json in COCO format with
    two additions: `scene_type` of an image and `parent_id` of an annotation (null: the scene itself).
    Every file appears whole or not at all, annotations.json last. `workers` is the number of
    processes (None: one per core; 0 or 1: this process alone); the result does not depend on it.
    `on_progress` is called with (done, total) after each picture.
    """
    if image_format not in EXTENSIONS:
        raise ValueError(f"image_format must be one of {', '.join(EXTENSIONS)}, got {image_format!r}")
    unique_seeds = list(dict.fromkeys(int(seed) for seed in seeds))
    images = Path(folder) / "images"
    images.mkdir(parents=True, exist_ok=True)
    draw = partial(_write_scene, images, size=size, quality=quality, image_format=image_format)
    records = []
    for done, record in enumerate(_each(draw, unique_seeds, workers), start=1):
        records.append(record)
        if on_progress is not None:
            on_progress(done, len(unique_seeds))
    target = Path(folder) / "annotations.json"
    _replace(target, json.dumps(_coco(records), separators=(",", ":"), sort_keys=True).encode())
    return target


def _each(draw: Callable[[int], Record], seeds: list[int], workers: int | None) -> Iterator[Record]:
    number = min(os.cpu_count() or 1 if workers is None else workers, len(seeds))
    if number <= 1:
        yield from map(draw, seeds)
        return
    # spawn: a forked child would inherit whatever threads and locks the caller (torch, a server) holds
    with ProcessPoolExecutor(number, mp_context=get_context("spawn")) as pool:
        yield from pool.map(draw, seeds, chunksize=8)


def _write_scene(images: Path, seed: int, *, size: tuple[int, int], quality: int, image_format: str) -> Record:
    scene = draw_scene(seed, size=size)
    name = f"{seed:06d}.{EXTENSIONS[image_format]}"
    partial_path = images / f".{name}.{os.getpid()}.partial"
    how: Record = {"method": 6} if image_format == "webp" else {"optimize": True, "progressive": True}
    Image.fromarray(scene.pixels).save(partial_path, format=image_format, quality=quality, **how)
    partial_path.replace(images / name)
    return {"file_name": name, "size": size, "scene": _plain(scene)}


def _plain(scene: DrawnScene) -> Record:
    boxes = [{"xyxy": b.xyxy, "label": b.label, "parent": b.parent, "visible": b.visible} for b in scene.boxes]
    return {"seed": scene.seed, "scene_type": scene.scene_type, "boxes": boxes}


def _coco(records: list[Record]) -> Record:
    names = sorted({*OBJECT_CLASSES, *PART_CLASSES})
    pictures: list[Picture] = []
    written = 0
    for number, record in enumerate(records, start=1):
        scene, (width, height) = record["scene"], record["size"]
        boxes = tuple(_box(box, place, written + 1) for place, box in enumerate(scene["boxes"], start=written + 1))
        extra = {name: scene[name] for name in ("scene_type", "seed")}
        pictures.append(Picture(number, record["file_name"], width, height, boxes, LICENCE, extra=extra))
        written += len(boxes)
    dataset = AnnotatedSet("clipart world", {name: number for number, name in enumerate(names, start=1)}, pictures)
    kinds = {name: "object" if name in OBJECT_CLASSES else "part" for name in names}
    words = "hypviz clipart world: procedurally drawn scenes with exact boxes"
    document = coco_document(dataset, description=words, digits=2, supercategories=kinds, licence_urls={LICENCE: LICENCE_URL})
    for annotation in document["annotations"]:
        del annotation["segmentation"]  # empty for every box, and a tenth of the shipped file
    return document


def _box(box: Record, number: int, first: int) -> WrittenBox:
    """first: the number of the first box of the scene, which the places of parents count from."""
    parent = None if box["parent"] is None else first + box["parent"]
    return WrittenBox(number, box["label"], tuple(box["xyxy"]), extra={"parent_id": parent, "visible": box["visible"]})


def _replace(target: Path, content: bytes) -> None:
    beside = target.with_name(f".{target.name}.{os.getpid()}.partial")
    beside.write_bytes(content)
    beside.replace(target)


def contact_sheet(seeds: Iterable[int], *, columns: int, tile_wh: tuple[int, int]) -> Image.Image:
    """Scenes of the seeds side by side, row by row, without gaps."""
    if columns < 1:
        raise ValueError(f"columns must be at least 1, got {columns}")
    chosen = list(seeds)
    rows = max(1, -(-len(chosen) // columns))
    sheet = Image.new("RGB", (columns * tile_wh[0], rows * tile_wh[1]), "white")
    for i, seed in enumerate(chosen):
        tile = Image.fromarray(draw_scene(seed, size=tile_wh).pixels)
        sheet.paste(tile, (i % columns * tile_wh[0], i // columns * tile_wh[1]))
    return sheet

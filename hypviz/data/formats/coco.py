"""COCO JSON (https://cocodataset.org/#format-data) and its relatives: Roboflow's `_annotations.coco.json`, LVIS.

A box is `bbox` = [x, y, width, height] in pixels, 0-based, as floats; without one, the extent of the polygons in
`segmentation`. Crowd annotations are left out: they outline a group, not an object. Whatever is left out is counted;
a record that is not COCO at all raises, naming file and record.
"""

from __future__ import annotations

import json
import math
import mmap
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypviz.data.formats.locate import clean_name, data_name, image_folders_in, image_folders_near, locate_images
from hypviz.data.raw import MAX_SIDE, DropCounter, RawBox, RawDataset, RawImage, leaves_root, storable
from hypviz.errors import DataError

Id = int | str
Record = dict[str, Any]


def read_coco(annotations: Path | str | Sequence[Path | str], images: Path | str | None = None) -> RawDataset:
    """Read one annotation file, or several (splits) as one data set.

    `images` is the folder with the pictures; without it the usual places near each file are tried. Raises DataError
    for files that are not COCO, for ids or pictures listed twice, and when no picture is found.
    """
    paths = [Path(annotations)] if isinstance(annotations, str | Path) else [Path(path) for path in annotations]
    dropped = DropCounter()
    documents = [_read_document(path, dropped) for path in paths]
    roots = [_locate(document, None if images is None else Path(images)) for document in documents]
    root = roots[0] if len(roots) == 1 else Path(os.path.commonpath(roots))
    _check_listed_once(documents, roots)
    return RawDataset(
        root=root,
        images=_walk(documents, roots, root),
        count=sum(len(document.images) for document in documents),
        name=data_name(Path(os.path.commonpath([path.parent for path in paths]))),
        dropped=dropped,
    )


def looks_like_coco(path: Path) -> bool:
    """Whether a JSON file mentions `images` and `annotations` (or file names, should it be cut short), unparsed."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return data.find(b'"images"') >= 0 and max(data.find(b'"annotations"'), data.find(b'"file_name"')) >= 0
    except (OSError, ValueError):  # ValueError: an empty file cannot be mapped
        return False


@dataclass(frozen=True)
class _Document:
    path: Path
    images: list[Record]
    boxes: dict[Id, list[RawBox]]
    licences: dict[Id, str]


def _read_document(path: Path, dropped: DropCounter) -> _Document:
    content = _load(path)
    images = _records(content, "images", path)
    seen: set[Id] = set()
    for index, image in enumerate(images):
        where = f"{path}: image {image.get('id', f'number {index}')}"
        image_id = _field(image, "id", Id, "an integer or a string", where)
        _field(image, "file_name", str, "a string", where)
        if image_id in seen:
            raise DataError(f"{path}: image id {image_id} is listed twice; ids must be unique.")
        seen.add(image_id)
    categories = _categories(content, path)
    boxes = _boxes(_records(content, "annotations", path), seen, categories, path=path, dropped=dropped)
    return _Document(path, images, boxes, _licences(content))


def _load(path: Path) -> Record:
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such annotation file.") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not a JSON file ({error}).") from None
    if not isinstance(content, dict) or "images" not in content or "annotations" not in content:
        found = ", ".join(map(str, list(content)[:6])) if isinstance(content, dict) else type(content).__name__
        raise DataError(f"{path}: not a COCO file: expected the keys images, annotations, categories; found {found}.")
    return content


def _records(content: Record, key: str, path: Path) -> list[Record]:
    records = content.get(key, [])
    if not isinstance(records, list):
        raise DataError(f"{path}: {key} must be a list, got {type(records).__name__}.")
    for index, record in enumerate(records):
        if not isinstance(record, dict):
            raise DataError(f"{path}: {key}[{index}] must be an object, got {type(record).__name__}.")
    return records


def _field(record: Record, key: str, kind: Any, expected: str, where: str) -> Any:
    if key not in record:
        raise DataError(f"{where} has no {key}; expected {expected}.")
    value = record[key]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise DataError(f"{where}: {key} must be {expected}, got {value!r:.60}.")
    return value


def _categories(content: Record, path: Path) -> dict[Id, str]:
    names: dict[Id, str] = {}
    for index, category in enumerate(_records(content, "categories", path)):
        where = f"{path}: category {category.get('id', f'number {index}')}"
        category_id = _field(category, "id", Id, "an integer or a string", where)
        name = storable(_field(category, "name", str, "a string", where).strip())
        if not name:
            raise DataError(f"{where} has an empty name.")
        if names.setdefault(category_id, name) != name:
            raise DataError(f"{where} is listed twice, as {names[category_id]!r} and {name!r}.")
    return names


def _licences(content: Record) -> dict[Id, str]:
    table = content.get("licenses")
    entries = [entry for entry in table if isinstance(entry, dict)] if isinstance(table, list) else []
    return {entry["id"]: storable(str(entry.get("name") or entry.get("url") or "")) for entry in entries if isinstance(entry.get("id"), Id)}


def _boxes(
    annotations: list[Record], image_ids: set[Id], categories: dict[Id, str], *, path: Path, dropped: DropCounter
) -> dict[Id, list[RawBox]]:
    boxes: dict[Id, list[RawBox]] = defaultdict(list)
    for index, annotation in enumerate(annotations):
        record = f"{path.name}: annotation {annotation.get('id', f'number {index}')}"
        where = f"{path.parent / record}"
        image_id = _field(annotation, "image_id", Id, "an integer or a string", where)
        xyxy = _xyxy(annotation, where)
        category_id = annotation.get("category_id")
        if image_id not in image_ids:
            dropped.box("no such image", f"{record} (image {image_id})")
        elif annotation.get("iscrowd"):
            dropped.box("crowd", record)
        elif xyxy is None:
            dropped.box("no box", record)
        elif not isinstance(category_id, Id) or category_id not in categories:
            dropped.box("no such category", f"{record} (category {category_id})")
        else:
            boxes[image_id].append(RawBox(xyxy, categories[category_id], record))
    return boxes


def _xyxy(annotation: Record, where: str) -> tuple[float, float, float, float] | None:
    bbox = annotation.get("bbox")
    if bbox is None or bbox == []:
        return _polygon_extent(annotation.get("segmentation"))
    if not isinstance(bbox, list) or len(bbox) != 4 or not all(map(_is_number, bbox)):
        raise DataError(f"{where}: bbox must be four numbers [x, y, width, height], got {bbox!r:.60}.")
    x, y, width, height = map(_float, bbox)
    return x, y, x + width, y + height


def _polygon_extent(segmentation: Any) -> tuple[float, float, float, float] | None:
    """Extent of all polygons; None where there are none (run-length masks have no `bbox` to fall back on)."""
    polygons = segmentation if isinstance(segmentation, list) else []
    numbers = [polygon for polygon in polygons if isinstance(polygon, list) and all(map(_is_number, polygon))]
    xs = [_float(x) for polygon in numbers for x in polygon[0::2]]
    ys = [_float(y) for polygon in numbers for y in polygon[1::2]]
    return (min(xs), min(ys), max(xs), max(ys)) if xs and ys else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer of 400 digits is valid JSON; the importer drops what is not finite
        return math.inf


def _locate(document: _Document, images: Path | None) -> Path:
    names = [clean_name(image["file_name"], images) for image in document.images]
    split = document.path.stem.rpartition("_")[2] if "_" in document.path.stem else ""
    candidates = image_folders_near(document.path, split) if images is None else image_folders_in(images, split)
    return locate_images(names, candidates, source=document.path)


def _check_listed_once(documents: list[_Document], roots: list[Path]) -> None:
    seen: dict[Path, str] = {}
    for document, root in zip(documents, roots, strict=True):
        for image in document.images:
            record = f"{document.path.name} image {image['id']}"
            first = seen.setdefault(root / clean_name(image["file_name"], root), record)
            if first != record:
                raise DataError(
                    f"{document.path}: {image['file_name']} is listed twice, as {first} and as {record}; "
                    "merge the two records, or choose one file by --annotations."
                )


def _walk(documents: list[_Document], roots: list[Path], root: Path) -> Iterator[RawImage]:
    for document, own_root in zip(documents, roots, strict=True):
        prefix = own_root.relative_to(root).as_posix()
        for image in document.images:
            name = clean_name(image["file_name"], own_root)
            yield RawImage(
                file_name=name if prefix == "." or leaves_root(name) else f"{prefix}/{name}",
                boxes=tuple(document.boxes.get(image["id"], ())),
                size=_size(image, f"{document.path}: image {image['id']}"),
                licence=_licence(image, document.licences),
                record=f"{document.path.name}: image {image['id']}",
            )


def _size(image: Record, where: str) -> tuple[int, int] | None:
    width, height = image.get("width"), image.get("height")
    if width is None or height is None:
        return None
    if not _is_number(width) or not _is_number(height):
        raise DataError(f"{where}: width and height must be numbers, got {width!r:.30} and {height!r:.30}.")
    return (int(width), int(height)) if 1 <= width < MAX_SIDE and 1 <= height < MAX_SIDE else None


def _licence(image: Record, table: dict[Id, str]) -> str:
    value = image.get("license")
    if isinstance(value, Id) and value in table:
        return table[value]
    return storable(value) if isinstance(value, str) else ""

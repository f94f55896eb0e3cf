"""COCO JSON (https://cocodataset.org/#format-data) and its relatives: Roboflow's `_annotations.coco.json`, LVIS.

A box is `bbox` = [x, y, width, height] in pixels, 0-based, as floats; without one, the extent of the polygons or the
run-length mask in `segmentation`. Crowd annotations are left out: they outline a group, not an object. Whatever is left
out is counted; a record that is not COCO at all raises, naming file and record.

LVIS v1 has no `file_name` but a `coco_url`; v0.5 has names of COCO 2014 for files that COCO 2017 calls otherwise. So a
picture that has a `coco_url` is also looked for as that ends: "train2017/000000391895.jpg", "000000391895.jpg". LVIS's
lists of classes that are not in a picture, or not annotated to the last one, make no box.
"""

from __future__ import annotations

import json
import mmap
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hypviz.data.formats.locate import clean_name, data_name, image_folders_in, image_folders_near, locate_images
from hypviz.data.formats.masks import as_float, is_number, mask_extent
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
    documents = [_locate(_read_document(path, dropped), None if images is None else Path(images)) for path in paths]
    roots = [document.root for document in documents]
    root = roots[0] if len(roots) == 1 else Path(os.path.commonpath(roots))
    _check_listed_once(documents)
    return RawDataset(
        root=root,
        images=_walk(documents, root),
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
    """An annotation file; `names` are the pictures' files below `root`, once they are located."""

    path: Path
    images: list[Record]
    boxes: dict[Id, list[RawBox]]
    licences: dict[Id, str]
    root: Path = Path()
    names: Sequence[str] = ()


def _read_document(path: Path, dropped: DropCounter) -> _Document:
    content = _load(path)
    images = _records(content, "images", path)
    seen: set[Id] = set()
    for index, image in enumerate(images):
        where = f"{path}: image {image.get('id', f'number {index}')}"
        image_id = _field(image, "id", Id, "an integer or a string", where)
        _field(image, "coco_url" if image.get("file_name") is None and "coco_url" in image else "file_name", str, "a string", where)
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
            boxes[image_id].append(RawBox(xyxy, categories[category_id], record, _source(annotation)))
    return boxes


def _source(annotation: Record) -> str:
    """Where a box is from: files that this project exported say so."""
    said = annotation.get("hypviz")
    source = said.get("source") if isinstance(said, dict) else None
    return source if source in ("proposal", "drawn") else "annotation"


def _xyxy(annotation: Record, where: str) -> tuple[float, float, float, float] | None:
    bbox = annotation.get("bbox")
    if bbox is None or bbox == []:
        return mask_extent(annotation.get("segmentation"))
    if not isinstance(bbox, list) or len(bbox) != 4 or not all(map(is_number, bbox)):
        raise DataError(f"{where}: bbox must be four numbers [x, y, width, height], got {bbox!r:.60}.")
    x, y, width, height = map(as_float, bbox)
    return x, y, x + width, y + height


def _locate(document: _Document, images: Path | None) -> _Document:
    """The document with its pictures found, by the names it states or else by those in their `coco_url`."""
    split = document.path.stem.rpartition("_")[2] if "_" in document.path.stem else ""
    candidates = image_folders_near(document.path, split) if images is None else image_folders_in(images, split)
    stated = [_stated_name(image) for image in document.images]
    variants = [[clean_name(name, images) for name in stated], *_url_names(document.images, stated)]
    refusal: DataError | None = None
    for names in variants:
        try:
            root = locate_images(names, candidates, source=document.path)
        except DataError as error:
            refusal = refusal or error
        else:
            return replace(document, root=root, names=[clean_name(name, root) for name in names])
    raise refusal or DataError(f"{document.path}: its pictures were not found.")


def _stated_name(image: Record) -> str:
    return str(image["file_name"] if image.get("file_name") is not None else "/".join(image["coco_url"].split("/")[-2:]))


def _url_names(images: list[Record], stated: list[str]) -> list[list[str]]:
    """The names by the last two parts of each `coco_url`, and by its last; none where no picture has one."""
    urls = [image.get("coco_url") for image in images]
    if not any(isinstance(url, str) and url for url in urls):
        return []
    ends = [url.split("/")[-2:] if isinstance(url, str) and url else [name] for url, name in zip(urls, stated, strict=True)]
    return [[clean_name("/".join(end)) for end in ends], [clean_name(end[-1]) for end in ends]]


def _check_listed_once(documents: list[_Document]) -> None:
    seen: dict[Path, str] = {}
    for document in documents:
        for image, name in zip(document.images, document.names, strict=True):
            record = f"{document.path.name} image {image['id']}"
            first = seen.setdefault(document.root / name, record)
            if first != record:
                raise DataError(
                    f"{document.path}: {_stated_name(image)} is listed twice, as {first} and as {record}; "
                    "merge the two records, or choose one file by --annotations."
                )


def _walk(documents: list[_Document], root: Path) -> Iterator[RawImage]:
    for document in documents:
        prefix = document.root.relative_to(root).as_posix()
        for image, name in zip(document.images, document.names, strict=True):
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
    if not is_number(width) or not is_number(height):
        raise DataError(f"{where}: width and height must be numbers, got {width!r:.30} and {height!r:.30}.")
    return (int(width), int(height)) if 1 <= width < MAX_SIDE and 1 <= height < MAX_SIDE else None


def _licence(image: Record, table: dict[Id, str]) -> str:
    value = image.get("license")
    if isinstance(value, Id) and value in table:
        return table[value]
    return storable(value) if isinstance(value, str) else ""

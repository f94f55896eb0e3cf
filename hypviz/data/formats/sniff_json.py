"""What a JSON file is: parsed where it is small, by the keys that it mentions where it is large or cut short."""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypviz.data.formats.text import decode, read_head
from hypviz.data.pictures import is_picture_name
from hypviz.storage.json_types import Json

PARSED = 1 << 20
"""Bytes up to which a file is parsed to see what it is."""
FILE_KEYS = (
    "file_name",
    "filename",
    "image",
    "image_path",
    "img_path",
    "path",
    "image_name",
    "file",
    "img",
    "imagePath",
    "picture",
    "name",
)
"""Keys that name a picture, the likeliest first."""
BOX_KEYS = ("bbox", "bboxes", "box", "boxes", "bounding_box", "bounding_boxes", "boundingBox", "rect", "rects", "box2d")
_BOXISH = frozenset({*BOX_KEYS, "xmin", "x_min", "polygon", "polygons", "segmentation", "points", "shapes", "regions", "coordinates"}) | {
    "boundingPoly",
    "geometry",
    "keypoints",
    "detections",
    "annotations",
    "objects",
    "labels",
}
"""Keys that look as if they held boxes or labels."""
_LABELISH = frozenset({"annotations", "objects", "labels", "points", "detections", "geometry"})
"""Those of them that other files have as well: they count only beside a number of coordinates."""


def sniff_json(path: Path) -> tuple[str, str]:
    """The kind of a JSON file and what was seen."""
    try:
        if path.stat().st_size <= PARSED:
            return kind_of(json.loads(decode(path.read_bytes(), path.name)))
    except OSError:
        return "unknown", "a JSON file that cannot be read"
    except (ValueError, RecursionError):
        return _by_keys(path, broken=True)
    return _by_keys(path, broken=False)


def sniff_json_lines(path: Path) -> tuple[str, str]:
    """The kind of a file with one JSON object a line, by the first line that is one."""
    for line in read_head(path, 1 << 20).splitlines()[:50]:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            if _is_task(row):
                return "labelstudio", "Label Studio's tasks, a line each"
            if _names_picture(row):
                return "metadata", f"rows with {', '.join(row)[:80]}"
            keys = boxish_keys(row)
            return ("unknown", f"rows with {', '.join(keys)}") if keys else ("", "")
    return "", ""


def kind_of_rows(rows: list[Json]) -> tuple[str, str]:
    """The kind of the rows of a table whose cells hold JSON."""
    if _has(rows, "region_shape_attributes"):
        return "via", "VIA's table"
    return _kind_of_list(rows)


def kind_of(content: Any) -> tuple[str, str]:
    """The kind of a JSON file's content and what was seen."""
    if isinstance(content, dict):
        return _kind_of_object(content)
    if isinstance(content, list):
        return _kind_of_list([each for each in content[:50] if isinstance(each, dict)])
    return "", ""


def _kind_of_object(content: Json) -> tuple[str, str]:
    images = content.get("images")
    if isinstance(images, list) and ("annotations" in content or "categories" in content or _names_files(images)):
        return "coco", "COCO JSON"
    if isinstance(content.get("shapes"), list):
        return "labelme", "labelme JSON"
    if _is_via(content):
        return "via", "VIA JSON"
    if isinstance(content.get("objects"), list) and (isinstance(content.get("size"), dict) or _has(content["objects"], "classTitle")):
        return "supervisely", "Supervisely JSON"
    if isinstance(content.get("classes"), list) and _has(content["classes"], "title"):
        return "supervisely", "Supervisely's meta.json"
    if isinstance(content.get("classes", ""), list | None) and isinstance(content.get("labels"), dict):  # null: FiftyOne was told none
        return "fiftyone", "FiftyOne's labels JSON"
    if _is_task(content):
        return "labelstudio", "a task of Label Studio"
    if isinstance(content.get("categories"), list) and _has(content["categories"], "name") and "images" not in content:
        return "names", "a list of classes"
    if _is_by_picture(content):
        return "metadata", "boxes by the name of their picture"
    if "features" in content or "LabelName" in content:  # the description of a Hugging Face set; a tree of classes
        return "", ""
    keys = boxish_keys(content)
    return ("unknown", f"JSON with the keys {', '.join(keys)}") if keys else ("", "")


def _is_task(content: Json) -> bool:
    """Whether an object is a task of Label Studio, or an annotation with its task, as it writes them to a store."""
    data = content.get("data")
    if isinstance(data, dict) and any(isinstance(content.get(key), list) for key in ("annotations", "completions", "predictions")):
        return True
    task = content.get("task")
    return isinstance(content.get("result"), list) and isinstance(task, dict) and isinstance(task.get("data"), dict)


def _is_by_picture(content: Json) -> bool:
    """Whether the keys of an object are names of pictures and its values hold boxes."""
    first = list(content.items())[:20]
    named = all(is_picture_name(key.replace("\\", "/")) for key, _ in first)
    return bool(first) and named and any(_has_sides(value) for _, value in first)


def _has_sides(value: Any) -> bool:
    """Whether a value holds boxes under a key that says so, or lists of four numbers."""
    keys = set(_keys(value, 3))
    if keys & {*BOX_KEYS} or {"xmin", "ymin"} <= keys or {"x", "y"} <= keys or {"x1", "y1"} <= keys:
        return True
    return isinstance(value, list) and bool(value) and all(isinstance(each, list) and len(each) in (4, 5) for each in value)


def _is_via(content: Json) -> bool:
    if isinstance(content.get("_via_img_metadata"), dict):
        return True
    if isinstance(content.get("metadata"), dict) and isinstance(content.get("file"), dict) and isinstance(content.get("view"), dict):
        return True  # VIA 3
    values = [each for each in list(content.values())[:5] if isinstance(each, dict)]
    return bool(values) and all("filename" in each and "regions" in each for each in values)


def _kind_of_list(rows: list[Json]) -> tuple[str, str]:
    if not rows:
        return "", ""
    if _has(rows, "data") and any(_has(rows, key) for key in ("annotations", "completions", "predictions")):
        return "labelstudio", "Label Studio JSON"
    if any("original_width" in part for row in rows for value in row.values() if isinstance(value, list) for part in _objects(value)):
        return "labelstudio", "Label Studio JSON-MIN"
    if any("coordinates" in part for row in rows for part in _objects(row.get("annotations"))):
        return "createml", "CreateML JSON"
    keys = boxish_keys(rows)
    if keys and any(map(_names_picture, rows)):
        return "metadata", f"a list of pictures with {', '.join(keys)}"
    return ("unknown", f"a list of objects with {', '.join(keys)}") if keys else ("", "")


def _names_picture(row: Json) -> bool:
    """Whether a row names a picture; under a key that surely does, any text will do."""
    values = [(key, row[key]) for key in FILE_KEYS if isinstance(row.get(key), str)]
    return any(key == "file_name" or is_picture_name(value.partition("?")[0].replace("\\", "/")) for key, value in values)


def _objects(value: Any) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _has(rows: Any, key: str) -> bool:
    return any(key in row for row in _objects(rows))


def _names_files(images: list[Any]) -> bool:
    return any("file_name" in row or "coco_url" in row for row in _objects(images[:50]))


def boxish_keys(content: Any) -> list[str]:
    """Keys in the first levels of a JSON value that look as if they held boxes."""
    keys = dict.fromkeys(key for key in _keys(content, 5) if key in _BOXISH)
    return list(keys)[:6] if set(keys) - _LABELISH or len(keys) > 1 else []


def _keys(content: Any, depth: int) -> Iterator[str]:
    if depth and isinstance(content, dict):
        for key, value in list(content.items())[:200]:
            yield key
            yield from _keys(value, depth - 1)
    elif depth and isinstance(content, list):
        for value in content[:20]:
            yield from _keys(value, depth - 1)


_MENTIONED: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("labelme", ("shapes",), ("imagePath", "shape_type")),
    ("via", ("regions",), ("shape_attributes", "filename")),
    ("labelstudio", ("result",), ("rectanglelabels", "original_width", "polygonlabels")),
    ("supervisely", ("objects",), ("classTitle", "classId")),
    ("coco", ("images",), ("annotations", "file_name")),
    ("fiftyone", ("labels",), ("bounding_box",)),
    ("createml", ("coordinates",), ("annotations",)),
)
"""A format, the key it always has, and others of which it has one at least."""


def _by_keys(path: Path, *, broken: bool) -> tuple[str, str]:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for kind, needed, some in _MENTIONED:
                if all(_mentions(data, key) for key in needed) and any(_mentions(data, key) for key in some):
                    return kind, f"{kind} JSON"
            boxish = [key for key in BOX_KEYS if _mentions(data, key)]
    except (OSError, ValueError):  # ValueError: an empty file cannot be mapped
        return "broken json", "an empty JSON file"
    if boxish:
        return "unknown", f"JSON with the keys {', '.join(boxish)}"
    return ("broken json", "a JSON file that cannot be parsed") if broken else ("", "")


def _mentions(data: mmap.mmap, key: str) -> bool:
    text = f'"{key}"'
    return any(data.find(text.encode(encoding)) >= 0 for encoding in ("utf-8", "utf-16-le", "utf-16-be"))

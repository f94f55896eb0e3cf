"""VIA (VGG Image Annotator 1, 2 and 3, https://www.robots.ox.ac.uk/~vgg/software/via/): regions in pixels by picture, JSON or a table.

A region's class is the value of its attribute: of the one called class, label, type, category, name or object, or else of the only one.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from hypviz.data.formats.convention import Numbers
from hypviz.data.formats.drafts import Draft, DraftBox, Source, extent, four_numbers, number, settle
from hypviz.data.formats.entries import ReaderResult
from hypviz.data.formats.table import load_rows
from hypviz.data.formats.text import class_name
from hypviz.data.formats.via3 import of_via3
from hypviz.storage.json_types import Json

_CLASS = ("class", "label", "type", "category", "name", "object", "object_name", "species")


def read_via(source: Source, files: list[str]) -> ReaderResult:
    """The pictures of VIA's projects and annotation files; one that cannot be read is counted."""
    drafts: list[Draft] = []
    read = set()
    for file, rows in source.contents(files, load_rows):
        read.add(file)
        pictures = _pictures(rows)
        attribute = _attribute(pictures, file, source)
        for key, picture in pictures.items():
            if isinstance(picture, dict) and isinstance(picture.get("filename"), str):
                drafts.append(_picture(picture, file, attribute, source))
            else:
                source.dropped.image("unusable record", f"{file}: {key!s:.60}", boxes=len(_regions(picture)))
    return ReaderResult(settle(drafts, source, ", ".join(files)), read)


def _pictures(rows: list[tuple[int, Any]]) -> Json:
    """The pictures of a project by their keys, as VIA 2 has them."""
    content = rows[0][1] if rows else None
    if isinstance(content, dict) and "region_shape_attributes" in content:
        return _of_table([row for _, row in rows])
    if not isinstance(content, dict):
        return {}
    if isinstance(content.get("metadata"), dict) and isinstance(content.get("file"), dict):
        return of_via3(content)
    pictures = content.get("_via_img_metadata", content)
    return pictures if isinstance(pictures, dict) else {}


def _of_table(rows: list[Json]) -> Json:
    """Pictures of a table with a region a row; a row with an empty shape is a picture without regions."""
    pictures: Json = {}
    for row in rows:
        name = row.get("filename")
        one = pictures.setdefault(str(name), {"filename": name, "regions": []})
        if row.get("region_shape_attributes"):
            one["regions"].append({"shape_attributes": row["region_shape_attributes"], "region_attributes": row.get("region_attributes")})
    return pictures


def _attribute(pictures: Json, file: str, source: Source) -> str:
    """The attribute that is the class: one that is called so, or the only one of all regions; "" where no region has any."""
    names: dict[str, None] = {}
    for picture in pictures.values():
        for region in _regions(picture):
            attributes = region.get("region_attributes")
            names |= dict.fromkeys(attributes if isinstance(attributes, dict) else ())
    named = [name for name in _CLASS if name in names] or list(names)
    if not names:
        source.dropped.note(f"{file}: its regions have no attributes, so they are of the class 'object'")
    elif len(named) > 1 and not set(_CLASS) & set(names):
        source.dropped.note(f"{file}: its regions have the attributes {', '.join(names)[:100]}, of which none is called class or label")
        return "\0"
    return named[0] if named else ""


def _regions(picture: Any) -> list[Json]:
    regions = picture.get("regions") if isinstance(picture, dict) else None
    listed = regions.values() if isinstance(regions, dict) else regions if isinstance(regions, list) else ()
    return [region if isinstance(region, dict) else {} for region in listed]


def _picture(picture: Json, file: str, attribute: str, source: Source) -> Draft:
    where = f"{PurePosixPath(file).name}: {picture['filename']}"
    draft = Draft((picture["filename"],), file, where)
    for index, region in enumerate(_regions(picture), start=1):
        record = f"{where}, region {index}"
        numbers, label = _extent(region.get("shape_attributes")), _label(region.get("region_attributes"), attribute)
        if numbers is None:
            source.dropped.box("no box", record)
        elif not label:
            known = region.get("region_attributes")
            source.dropped.box("no class name", f"{record} ({', '.join(known)[:60] if isinstance(known, dict) else 'no attributes'})")
        else:
            draft.boxes.append(DraftBox(numbers, label, record, "xyxy"))
    return draft


def _label(attributes: Any, attribute: str) -> str:
    if not attribute:
        return "object"
    attributes = attributes if isinstance(attributes, dict) else {}
    named = [attributes[key] for key in (*_CLASS, attribute) if key in attributes]
    value = named[0] if named else None
    if isinstance(value, dict):  # boxes to tick: {"cat": true}
        value = next((key for key, ticked in value.items() if ticked), None)
    return class_name(value)


def _extent(shape: Any) -> Numbers | None:
    shape = shape if isinstance(shape, dict) else {}
    if "all_points_x" in shape:
        xs, ys = shape.get("all_points_x"), shape.get("all_points_y")
        return extent(list(zip(xs, ys, strict=False))) if isinstance(xs, list) and isinstance(ys, list) else None
    if "cx" in shape:
        rx = number(shape.get("rx", shape.get("r")))
        middle = four_numbers([shape.get("cx"), shape.get("cy"), rx, number(shape.get("ry", rx))])
        return None if middle is None else (middle[0] - middle[2], middle[1] - middle[3], middle[0] + middle[2], middle[1] + middle[3])
    part = four_numbers([shape.get(key) for key in ("x", "y", "width", "height")])
    return None if part is None else (part[0], part[1], part[0] + part[2], part[1] + part[3])

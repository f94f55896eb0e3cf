"""VIA JSON (VGG Image Annotator 1 and 2, https://www.robots.ox.ac.uk/~vgg/software/via/): regions in pixels by picture.

A region's class is the value of its attribute: of the only one, or else of the one called class, label, type, category, name or object.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from hypviz.data.formats.convention import Numbers
from hypviz.data.formats.drafts import Draft, DraftBox, Source, extent, four_numbers, number, settle
from hypviz.data.formats.entries import Found
from hypviz.data.formats.text import class_name

_CLASS = ("class", "label", "type", "category", "name", "object", "object_name", "species")


def read_via(source: Source, files: list[str]) -> Found:
    """The pictures of VIA's projects and annotation files; one that cannot be read is counted."""
    drafts: list[Draft] = []
    read = set()
    for file, content in source.contents(files):
        read.add(file)
        pictures = content.get("_via_img_metadata", content) if isinstance(content, dict) else {}
        for key, picture in pictures.items() if isinstance(pictures, dict) else ():
            if isinstance(picture, dict) and isinstance(picture.get("filename"), str):
                drafts.append(_picture(picture, file, source))
            else:
                source.dropped.image("unusable record", f"{file}: {key!s:.60}", boxes=0)
    return Found(settle(drafts, source, ", ".join(files)), read)


def _picture(picture: dict[str, Any], file: str, source: Source) -> Draft:
    where = f"{PurePosixPath(file).name}: {picture['filename']}"
    draft = Draft((picture["filename"],), file, where)
    regions = picture.get("regions")
    listed = regions.values() if isinstance(regions, dict) else regions if isinstance(regions, list) else ()
    for index, region in enumerate(listed, start=1):
        region = region if isinstance(region, dict) else {}
        record = f"{where}, region {index}"
        numbers, label = _extent(region.get("shape_attributes")), _label(region.get("region_attributes"))
        if numbers is None:
            source.dropped.box("no box", record)
        elif not label:
            source.dropped.box("no class name", record)
        else:
            draft.boxes.append(DraftBox(numbers, label, record, "xyxy"))
    return draft


def _label(attributes: Any) -> str:
    attributes = attributes if isinstance(attributes, dict) else {}
    named = [attributes[key] for key in _CLASS if key in attributes]
    value = named[0] if named else next(iter(attributes.values()), None) if len(attributes) == 1 else None
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

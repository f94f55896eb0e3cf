"""CVAT for images 1.1 (https://docs.cvat.ai): one XML file for many pictures, shapes in pixels.

Boxes (turned ones by their extent), polygons, polylines, point sets, ellipses, masks and skeletons become boxes; tags have none.
Tracks of "CVAT for video" belong to the picture whose name ends in the number of their frame.
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

from hypviz.data.formats.convention import Numbers
from hypviz.data.formats.drafts import Draft, DraftBox, Source, angle, extent, four_numbers, number, settle, stated_size
from hypviz.data.formats.entries import ReaderResult
from hypviz.data.formats.text import class_name
from hypviz.data.formats.xml_text import XmlError, read_xml

_SHAPES = ("box", "polygon", "polyline", "points", "ellipse", "mask", "cuboid", "skeleton")


def read_cvat(source: Source, files: list[str]) -> ReaderResult:
    """The pictures that CVAT files describe; a file that cannot be read is counted."""
    drafts: list[Draft] = []
    read = set()
    for file in files:
        try:
            root = read_xml(source.path(file))
        except XmlError as error:
            source.dropped.file("unreadable annotation file", f"{file}: {error}")
            continue
        read.add(file)
        drafts += [_image(element, file, index, source) for index, element in enumerate(root.iter("image"))]
        drafts += _tracks(root, file, source)
    return ReaderResult(settle(drafts, source, ", ".join(files)), read)


def _image(element: ET.Element, file: str, index: int, source: Source) -> Draft:
    where = f"{PurePosixPath(file).name}: image {element.get('id', index)}"
    size = stated_size(element.get("width"), element.get("height"))
    draft = Draft((element.get("name") or f"image {index}",), file, where, size=size, any_ending=True)
    for number_, shape in enumerate(element, start=1):
        if shape.tag == "tag":
            source.dropped.other("tag of a whole picture", f"{where}: {shape.get('label')}")
        elif shape.tag in _SHAPES:
            _add(draft, shape, shape.get("label"), f"{where}, {shape.tag} {number_}", source)
    return draft


def _add(draft: Draft, shape: ET.Element, label: str | None, record: str, source: Source) -> None:
    numbers, name = _extent(shape), class_name(label)
    if numbers is None:
        source.dropped.box("box is not four numbers", record)
    elif not name:
        source.dropped.box("no class name", record)
    else:
        draft.boxes.append(DraftBox(numbers, name, record, "xyxy", None, _source(shape), *_relation(shape, draft.file)))


def _source(shape: ET.Element) -> str:
    """Boxes that this project wrote as automatic ones are its proposals."""
    return "proposal" if shape.get("source") == "auto" and _attribute(shape, "number") else "annotation"


def _relation(shape: ET.Element, file: str) -> tuple[str, tuple[str, ...] | None]:
    """The name of the box and the boxes it lies in, by the attributes that this project writes."""
    number_, inside = _attribute(shape, "number"), _attribute(shape, "inside")
    if not number_.isdigit() or not all(word.isdigit() for word in inside.split()):
        return "", None
    return f"{file}#{number_}", tuple(f"{file}#{word}" for word in inside.split())


def _attribute(shape: ET.Element, name: str) -> str:
    return (shape.findtext(f"attribute[@name='{name}']") or "").strip()


def _extent(shape: ET.Element) -> Numbers | None:
    if shape.tag == "skeleton":
        return extent([value for point in shape.iter("points") for value in _points(point)])
    if shape.tag == "ellipse":
        middle = four_numbers([shape.get(key) for key in ("cx", "cy", "rx", "ry")])
        return None if middle is None else _turned(_around(*middle), shape)
    if shape.tag == "mask":
        part = four_numbers([shape.get(key) for key in ("left", "top", "width", "height")])
        return None if part is None else (part[0], part[1], part[0] + part[2], part[1] + part[3])
    if shape.tag == "box":
        corners = four_numbers([shape.get(key) for key in ("xtl", "ytl", "xbr", "ybr")])
        return None if corners is None else _turned(corners, shape)
    return extent(_points(shape))


def _points(shape: ET.Element) -> list[str]:
    return re.split(r"[;,]", shape.get("points", ""))


def _around(x: float, y: float, rx: float, ry: float) -> Numbers:
    return x - rx, y - ry, x + rx, y + ry


def _turned(corners: Numbers, shape: ET.Element) -> Numbers | None:
    """The extent of a box that is turned about its middle by `rotation` degrees."""
    degrees = angle(shape.get("rotation"))
    if degrees is None:
        return None
    if not degrees:
        return corners
    x1, y1, x2, y2 = corners
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    rx = abs((x2 - x1) / 2 * cos) + abs((y2 - y1) / 2 * sin)
    ry = abs((x2 - x1) / 2 * sin) + abs((y2 - y1) / 2 * cos)
    return _around((x1 + x2) / 2, (y1 + y2) / 2, rx, ry)


def _tracks(root: ET.Element, file: str, source: Source) -> Iterator[Draft]:
    """A draft per frame of the tracks."""
    frames: dict[int, Draft] = {}
    by_number: dict[int, list[str]] = defaultdict(list)
    for picture in sorted(source.pictures.pictures) if root.find("track") is not None else ():
        digits = re.search(r"(\d+)$", PurePosixPath(picture).stem)
        if digits:
            by_number[int(digits[1])].append(picture)
    for track in root.iter("track"):
        for shape in track:
            frame = number(shape.get("frame"))
            if shape.tag not in _SHAPES or frame is None or shape.get("outside") == "1":
                continue
            record = f"{PurePosixPath(file).name}: track {track.get('id')}, frame {int(frame)}"
            names = by_number.get(int(frame), [])
            name = names[0] if len(names) == 1 else f"frame_{int(frame):06d}"
            draft = frames.setdefault(int(frame), Draft((name,), file, record, any_ending=True))
            _add(draft, shape, track.get("label"), record, source)
    yield from frames.values()

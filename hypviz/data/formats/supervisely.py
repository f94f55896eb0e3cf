"""Supervisely (https://docs.supervisely.com): `DATASET/ann/NAME.json` beside `DATASET/img/NAME`, classes by their titles.

Rectangles, polygons and lines are lists of points in pixels; a bitmap is a small PNG at an origin, whose extent is that of the picture.
"""

from __future__ import annotations

import base64
import binascii
import io
import zlib
from pathlib import PurePosixPath
from typing import Any

from PIL import Image

from hypviz.data.formats.convention import Numbers
from hypviz.data.formats.drafts import Draft, DraftBox, Source, extent, number, settle, stated_size
from hypviz.data.formats.entries import ReaderResult
from hypviz.data.formats.text import class_name
from hypviz.storage.json_types import Json

_MAX_BITMAP = 16 << 20
"""Bytes of a packed bitmap that are unpacked."""


def read_supervisely(source: Source, files: list[str]) -> ReaderResult:
    """The pictures of a Supervisely project; a file that cannot be read is counted as one picture."""
    drafts: list[Draft] = []
    read = set()
    for file, content in source.contents(files, per_picture=True):
        if isinstance(content, dict) and isinstance(content.get("objects"), list):
            drafts.append(_picture(content, file, source))
        read.add(file)  # meta.json lists the classes, which the objects name themselves
    return ReaderResult(settle(drafts, source, "Supervisely JSON"), read)


def _picture(content: Json, file: str, source: Source) -> Draft:
    name = PurePosixPath(file).name
    size = content.get("size")
    size = size if isinstance(size, dict) else {}
    stem = name.removesuffix(".json")
    draft = Draft((stem,), file, name, size=stated_size(size.get("width"), size.get("height")), any_ending=True)
    for index, each in enumerate(content["objects"], start=1):
        each = each if isinstance(each, dict) else {}
        record = f"{name}: object {index}"
        numbers, label = _extent(each), class_name(each.get("classTitle"))
        if numbers is None:
            source.dropped.box("no box", f"{record}: {each.get('geometryType', 'no geometry')}")
        elif not label:
            source.dropped.box("no class name", record)
        else:
            draft.boxes.append(DraftBox(numbers, label, record, "xyxy"))
    return draft


def _extent(each: Json) -> Numbers | None:
    points = each.get("points")
    if isinstance(points, dict):
        return extent(points.get("exterior"))
    return _bitmap(each.get("bitmap"))


def _bitmap(bitmap: Any) -> Numbers | None:
    origin, data = (bitmap.get("origin"), bitmap.get("data")) if isinstance(bitmap, dict) else (None, None)
    if not isinstance(origin, list) or len(origin) != 2 or not isinstance(data, str):
        return None
    x, y = map(number, origin)
    try:
        packed = zlib.decompressobj().decompress(base64.b64decode(data), _MAX_BITMAP)
        with Image.open(io.BytesIO(packed), formats=("PNG",)) as image:
            width, height = image.size
    except (binascii.Error, zlib.error, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return None if x is None or y is None else (x, y, x + width, y + height)

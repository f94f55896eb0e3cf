"""labelme JSON (https://github.com/wkentaro/labelme): one file per picture, shapes of points in pixels.

Rectangles, polygons, circles (centre and a point of the edge), masks and lines become their extent; a single point has none.
"""

from __future__ import annotations

import math
from pathlib import PurePosixPath
from typing import Any

from hypviz.data.formats.convention import Numbers
from hypviz.data.formats.drafts import Draft, DraftBox, Source, extent, number, settle, stated_size
from hypviz.data.formats.entries import ReaderResult
from hypviz.data.formats.text import class_name
from hypviz.storage.json_types import Json


def read_labelme(source: Source, files: list[str]) -> ReaderResult:
    """The pictures that labelme files describe; a file that is no labelme JSON is counted as one picture."""
    drafts, read = [], set()
    for file, content in source.contents(files, per_picture=True):
        draft = _draft(source, file, content)
        if draft is not None:
            drafts.append(draft)
            read.add(file)
    return ReaderResult(settle(drafts, source, "labelme JSON"), read)


def _draft(source: Source, file: str, content: Any) -> Draft | None:
    name = PurePosixPath(file).name
    shapes = content.get("shapes") if isinstance(content, dict) else None
    if not isinstance(shapes, list):
        source.dropped.image("unreadable annotation", f"{name}: expected labelme's list of shapes", boxes=0)
        return None
    stated = content.get("imagePath")
    stem = PurePosixPath(name).stem
    names = (stated, stem) if isinstance(stated, str) and stated else (stem,)
    draft = Draft(names, file, name, size=stated_size(content.get("imageWidth"), content.get("imageHeight")), any_ending=True)
    for index, shape in enumerate(shapes, start=1):
        _add(draft, shape, f"{name}: shape {index}", source)
    return draft


def _add(draft: Draft, shape: Any, record: str, source: Source) -> None:
    shape = shape if isinstance(shape, dict) else {}
    label = class_name(shape.get("label"))
    numbers = _extent(shape)
    if numbers is None:
        source.dropped.box("no box", f"{record}: {shape.get('shape_type', 'no shape')}")
    elif not label:
        source.dropped.box("no class name", record)
    else:
        draft.boxes.append(DraftBox(numbers, label, record, "xyxy"))


def _extent(shape: Json) -> Numbers | None:
    points = shape.get("points")
    around = extent(points)
    if around is None or shape.get("shape_type") != "circle" or not isinstance(points, list):
        return around
    (x, y), (u, v) = ((number(point[0]) or 0.0, number(point[1]) or 0.0) for point in points[:2])
    radius = math.hypot(u - x, v - y)
    return x - radius, y - radius, x + radius, y + radius

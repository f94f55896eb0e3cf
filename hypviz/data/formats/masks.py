"""The extent of a COCO segmentation: polygons, or run-length masks, which pycocotools reads."""

from __future__ import annotations

import math
from typing import Any

from hypviz.storage.json_types import Json

Extent = tuple[float, float, float, float]


def mask_extent(segmentation: Any) -> Extent | None:
    """The smallest x1, y1, x2, y2 around all polygons, or around a run-length mask; None where there is nothing."""
    return _run_length_extent(segmentation) if isinstance(segmentation, dict) else _polygon_extent(segmentation)


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def as_float(value: float) -> float:
    """A JSON number as a float; an integer of 400 digits, which is valid JSON, as infinity."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _polygon_extent(segmentation: Any) -> Extent | None:
    polygons = segmentation if isinstance(segmentation, list) else []
    numbers = [polygon for polygon in polygons if isinstance(polygon, list) and all(map(is_number, polygon))]
    xs = [as_float(x) for polygon in numbers for x in polygon[0::2]]
    ys = [as_float(y) for polygon in numbers for y in polygon[1::2]]
    return (min(xs), min(ys), max(xs), max(ys)) if xs and ys else None


def _run_length_extent(mask: Json) -> Extent | None:
    """Of a mask {"size": [height, width], "counts": runs, as numbers or compressed to a string}."""
    from pycocotools import mask as masks

    counts, size = mask.get("counts"), mask.get("size")
    if not (isinstance(size, list) and len(size) == 2 and all(isinstance(side, int) and side > 0 for side in size)):
        return None
    height, width = size
    try:
        if isinstance(counts, list):
            if not all(isinstance(run, int) and run >= 0 for run in counts) or sum(counts) != height * width:
                return None
            packed = masks.frPyObjects({"counts": counts, "size": size}, height, width)
        elif isinstance(counts, str):
            packed = {"counts": counts.encode("ascii"), "size": size}
        else:
            return None
        x, y, w, h = (float(value) for value in masks.toBbox(packed))
    except (ValueError, TypeError, OverflowError, MemoryError):
        return None
    inside = min(x, y) >= 0 and x + w <= width and y + h <= height
    return (x, y, x + w, y + h) if inside and w > 0 and h > 0 else None

"""Items and pairs of items as the page shows them: cards with a thumbnail, and regions of a picture with boxes on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hypviz.data.pictures import open_upright
from hypviz.explore.query_points import checked_box, depth_name
from hypviz.explore.view import View
from hypviz.storage.json_types import Json
from hypviz.viz.pictures import crop_bytes

REGION_SIZE = 420
"""Longest side in pixels of a region's picture."""
MARGIN = 0.25
"""Surroundings on each side of a region, as a share of its longer side: a box makes sense where it stands."""
LEAST_SHARE = 0.3
"""A region shows at least this share of its picture's shorter side, so that a tiny box is not a few blurred pixels."""


def card(view: View, row: int) -> Json:
    """One item: what a thumbnail with its caption and its tooltip need; radius is the true distance to the root."""
    items = view.items
    return {
        "row": row,
        "label": items.name(row),
        "class": int(items.label[row]),
        "depth_name": depth_name(int(view.hierarchy.depth[row])),
        "radius": float(view.embedding.radii[row]),
        "file": str(items.images.file_name[items.image[row]]),
    }


def scene(view: View, rows: Sequence[int]) -> Json:
    """The region around items of one picture, with their boxes: {image, region: xyxy, boxes: [xyxy …], cards}.

    Of items of several pictures, as own vectors are, the first one's picture is shown; the others are cards alone.
    """
    items = view.items
    image = int(items.image[rows[0]])
    boxes = items.xyxy[[row for row in rows if int(items.image[row]) == image]].astype(np.float64)
    width, height = float(items.images.width[image]), float(items.images.height[image])
    region = _around(boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0), np.array([width, height]))
    return {"image": image, "region": region, "boxes": boxes.tolist(), "cards": [card(view, int(row)) for row in rows]}


def region_jpeg(view: View, image: int, box: Sequence[float]) -> bytes:
    """JPEG of a part x1, y1, x2, y2 of one of the pictures; SelectionError for a picture or box that is not there."""
    images = view.items.images
    place = view.placer.checked(image, len(images), "picture")
    xyxy = checked_box(box, int(images.width[place]), int(images.height[place]))
    return crop_bytes(open_upright(view.items.path(int(view.items.offsets[place]))), xyxy, REGION_SIZE)


def _around(low: np.ndarray, high: np.ndarray, size: np.ndarray) -> list[float]:
    """The box low…high with its surroundings, moved and cut to fit into a picture of `size`; whole pixels."""
    middle, extent = (low + high) / 2, high - low
    extent = np.minimum(np.maximum(extent + 2 * MARGIN * extent.max(), LEAST_SHARE * size.min()), size)
    start = np.clip(middle - extent / 2, 0, size - extent)
    return [*np.floor(start).tolist(), *np.minimum(np.ceil(start + extent), size).tolist()]

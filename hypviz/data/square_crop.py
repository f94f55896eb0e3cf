"""A box of a picture as a square of pixels, antialiased, straight from the picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from hypviz.config import check_choice
from hypviz.errors import DataError

FITS = ("squash", "pad", "centre")
"""How a box becomes a square; see `crop_square`."""

REDUCING_GAP = 3.0
"""Pillow first shrinks by whole pixels to 3 times the target; its manual: hard to tell from a full resampling."""

Box = tuple[float, float, float, float]


def crop_square(picture: Image.Image, xyxy: ArrayLike, size: int, *, fit: str = "squash") -> NDArray[np.uint8]:
    """Cut a box out of a picture and resize it to (size, size, 3) uint8.

    picture: RGB, upright.  xyxy: 4 numbers, pixels, may be fractions of a pixel; parts outside the picture are cut off.
    fit: "squash" stretches the whole box to the square; "pad" keeps its proportions and fills up with the mean colour
    of its edge; "centre" keeps its middle square, as CLIP does (shorter side to `size`, then a centre crop).
    As always in resampling a region, the filter sees a pixel or two of what is around the box.
    Raises DataError when the box lies outside the picture, SettingsError for an unknown fit.
    """
    check_choice("fit", fit, FITS)
    box = _inside(picture, xyxy)
    if fit == "pad":
        return _padded(picture, box, size)
    return _resized(picture, _middle_square(box) if fit == "centre" else box, (size, size))


def _inside(picture: Image.Image, xyxy: ArrayLike) -> Box:
    x1, y1, x2, y2 = (float(value) for value in np.asarray(xyxy, dtype=np.float64))
    box = max(x1, 0.0), max(y1, 0.0), min(x2, float(picture.width)), min(y2, float(picture.height))
    if not (box[0] < box[2] and box[1] < box[3]):
        raise DataError(f"The box {[x1, y1, x2, y2]} is empty or outside the picture of {picture.width} × {picture.height} pixels.")
    return box


def _middle_square(box: Box) -> Box:
    x1, y1, x2, y2 = box
    side = min(x2 - x1, y2 - y1)
    left, top = x1 + (x2 - x1 - side) / 2, y1 + (y2 - y1 - side) / 2
    return left, top, min(left + side, x2), min(top + side, y2)  # min: rounding must not leave the box


def _resized(picture: Image.Image, box: Box, size: tuple[int, int]) -> NDArray[np.uint8]:
    crop = picture.resize(size, Image.Resampling.BICUBIC, box=box, reducing_gap=REDUCING_GAP)
    return np.asarray(crop, dtype=np.uint8)


def _padded(picture: Image.Image, box: Box, size: int) -> NDArray[np.uint8]:
    width, height = box[2] - box[0], box[3] - box[1]
    scale = size / max(width, height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    crop = _resized(picture, box, inner)
    edge = np.concatenate([crop[0], crop[-1], crop[:, 0], crop[:, -1]])
    square = np.empty((size, size, 3), dtype=np.uint8)
    square[:] = np.rint(edge.mean(axis=0))
    left, top = (size - inner[0]) // 2, (size - inner[1]) // 2
    square[top : top + inner[1], left : left + inner[0]] = crop
    return square

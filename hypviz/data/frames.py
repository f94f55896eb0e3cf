"""Boxes from the frame they were annotated in to the upright picture: turned, scaled, clipped, or refused by name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hypviz.data.pictures import PictureInfo

ASPECT_TOLERANCE = 0.01
"""An annotated size of another scale is believed when its aspect ratio agrees within this share."""


WRITTEN_DIGITS = 2e-6
"""Fractions are written with six digits: a side that far outside 0…1 is on the edge of the picture."""
KEPT = ("", "clipped")
"""Verdicts of `clip` with which a box is kept."""


def to_upright(
    xyxy: NDArray[np.float64], annotated: tuple[int, int] | None, info: PictureInfo
) -> tuple[NDArray[np.float64], tuple[str, ...]] | None:
    """Boxes (n, 4) in pixels of the upright picture, and what was done to them: of "turned", "scaled".

    annotated: the (width, height) that the annotation states.

    - equal to the upright size, or not stated: boxes stay. This includes every orientation that keeps the size (a
      mirrored or upside-down picture, or a square one): annotation tools show pictures upright, so boxes are taken as
      upright.
    - equal to the stored, unturned size: boxes are turned with the picture.
    - else, of the aspect ratio of the upright (or the stored) size within 1 %: boxes are scaled (and turned).
    - else None: the boxes belong to another picture, or to a crop of it.
    """
    if annotated is None or annotated == info.size:
        return xyxy, ()
    if annotated == info.stored:
        return turn(xyxy, info.stored, info.orientation), ("turned",)
    if _same_aspect(annotated, info.size):
        return _scale(xyxy, annotated, info.size), ("scaled",)
    if _same_aspect(annotated, info.stored):
        return turn(_scale(xyxy, annotated, info.stored), info.stored, info.orientation), ("turned", "scaled")
    return None


def from_fractions(xyxy: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64]:
    """Boxes (n, 4) in fractions of the picture as pixels of `size` (width, height).

    A side that rounding alone put outside the picture is set on its edge.

    >>> from_fractions(np.array([[-0.000001, 0.5, 1.0000005, 1.5]]), (100, 50)).tolist()
    [[0.0, 25.0, 100.0, 75.0]]
    """
    edge = np.clip(xyxy, 0.0, 1.0)
    snapped = np.where(np.abs(xyxy - edge) <= WRITTEN_DIGITS, edge, xyxy)
    scaled: NDArray[np.float64] = snapped * np.array([*size, *size], dtype=np.float64)
    return scaled


def _same_aspect(a: tuple[int, int], b: tuple[int, int]) -> bool:
    ratio = (a[0] * b[1]) / (a[1] * b[0])
    return abs(ratio - 1) <= ASPECT_TOLERANCE


def _scale(xyxy: NDArray[np.float64], old: tuple[int, int], new: tuple[int, int]) -> NDArray[np.float64]:
    factors = new[0] / old[0], new[1] / old[1]
    scaled: NDArray[np.float64] = xyxy * np.array([*factors, *factors])
    return scaled


def turn(xyxy: NDArray[np.float64], stored: tuple[int, int], orientation: int) -> NDArray[np.float64]:
    """Boxes (n, 4) of the stored picture (width, height) in the upright one, for EXIF orientation 1…8.

    >>> turn(np.array([[0.0, 0.0, 10.0, 20.0]]), (100, 50), 6).tolist()  # 6: the stored top is the upright right side
    [[30.0, 0.0, 50.0, 10.0]]
    """
    width, height = stored
    x1, y1, x2, y2 = xyxy.T
    if orientation in (2, 3, 7, 8):
        x1, x2 = width - x2, width - x1
    if orientation in (3, 4, 6, 7):
        y1, y2 = height - y2, height - y1
    columns = (y1, x1, y2, x2) if orientation >= 5 else (x1, y1, x2, y2)
    return np.stack(columns, axis=1)


def clip(xyxy: NDArray[np.float64], size: tuple[int, int]) -> tuple[NDArray[np.float32], list[str]]:
    """Boxes (n, 4) cut to the picture of `size` (width, height), as float32, and a verdict for each.

    Verdicts: "" (kept as it is), "clipped" (kept, cut), or why it is to be dropped: "not finite", "empty box" (x2 <=
    x1 or y2 <= y1) or "outside the picture". A box that float32 rounding alone moves by is not called clipped.
    """
    limits = np.array([*size, *size], dtype=np.float64)
    inside = np.clip(np.nan_to_num(xyxy, posinf=0.0, neginf=0.0), 0.0, limits).astype(np.float32)
    finite = np.isfinite(xyxy).all(axis=1)
    proper = (xyxy[:, 2:] > xyxy[:, :2]).all(axis=1)
    overlaps = (inside[:, 2:] > inside[:, :2]).all(axis=1)
    touches = (xyxy[:, :2] < limits[2:]).all(axis=1) & (xyxy[:, 2:] > 0).all(axis=1)
    cut = ((xyxy < 0) | (xyxy > limits)).any(axis=1)
    verdicts = np.select(
        [~finite, ~proper, ~touches, ~overlaps, cut],
        ["not finite", "empty box", "outside the picture", "empty box", "clipped"],
        default="",
    )
    return inside, verdicts.tolist()


def as_array(boxes: Sequence[tuple[float, float, float, float]]) -> NDArray[np.float64]:
    """Boxes as (n, 4) float64, also for n = 0."""
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)

"""Which points lie in a region of the drawn disk: a polygon drawn on the screen, or a window of angle and radius.

Frames, as in assets/disk/math.js: the disk at home has points of modulus below 1; the view is what the Möbius
translation that brings `centre` to the middle makes of it. Zooming scales the view and plays no part here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import SelectionError
from hypviz.geometry.poincare import mobius_translation

MAX_CORNERS = 10_000
Floats = NDArray[np.float64]


def checked_polygon(points: Any) -> Floats:
    """(K, 2) corners from outside; SelectionError unless they are 3…10,000 pairs of finite numbers."""
    try:
        corners = np.asarray(points, np.float64)
    except (TypeError, ValueError, OverflowError):
        corners = np.empty(0)
    if corners.ndim != 2 or corners.shape[1:] != (2,) or not 3 <= len(corners) <= MAX_CORNERS or not np.isfinite(corners).all():
        raise SelectionError(f"A polygon needs 3 to {MAX_CORNERS:,} corners [x, y], all finite numbers.")
    return corners


def checked_centre(point: Any) -> complex:
    """The disk point in the middle of a view, from outside; SelectionError unless it lies inside the disk."""
    if isinstance(point, (list, tuple)) and len(point) == 2 and all(is_finite(value) for value in point):
        centre = complex(*point)
        if abs(centre) < 1:
            return centre
    raise SelectionError("A view needs a centre [x, y] inside the disk, x² + y² < 1.")


def in_polygon(angle: NDArray[np.floating], drawn: NDArray[np.floating], polygon: Floats, *, centre: complex = 0j) -> NDArray[np.bool_]:
    """(N,) True for points that a polygon holds, by the even-odd rule.

    angle, drawn: (N,) place at home, radians and drawn radius in [0, 1).  polygon: (K, 2) corners in the view that has
    `centre` in its middle.
    """
    home = np.asarray(drawn, np.float64) * np.exp(1j * np.asarray(angle, np.float64))
    view = np.asarray(mobius_translation(home, to_origin=centre))
    return points_in_polygon(view.real, view.imag, polygon)


def points_in_polygon(x: Floats, y: Floats, polygon: Floats) -> NDArray[np.bool_]:
    """Even-odd rule, one pass over the edges: each meets only the points between its ends in y, found by bisection.

    A point on an edge may count either way. x, y: (N,).  polygon: (K, 2), closed by its first corner.

    >>> points_in_polygon(np.array([0.5, 2.0]), np.array([0.5, 0.5]), np.array([[0, 0], [1, 0], [1, 1], [0, 1.0]])).tolist()
    [True, False]
    """
    near = np.flatnonzero((y >= polygon[:, 1].min()) & (y <= polygon[:, 1].max()) & (x <= polygon[:, 0].max()))
    near = near[np.argsort(y[near], kind="stable")]
    across, up = x[near], y[near]
    odd = np.zeros(len(near), np.bool_)
    ends = np.roll(polygon, -1, axis=0)
    low = np.searchsorted(up, np.minimum(polygon[:, 1], ends[:, 1]), side="left")
    high = np.searchsorted(up, np.maximum(polygon[:, 1], ends[:, 1]), side="left")
    for (x1, y1), (x2, y2), first, last in zip(polygon, ends, low, high, strict=True):
        if first < last:  # so y1 and y2 differ
            odd[first:last] ^= across[first:last] < x1 + (up[first:last] - y1) * ((x2 - x1) / (y2 - y1))
    inside = np.zeros(len(x), np.bool_)
    inside[near[odd]] = True
    return inside


def in_window(angle: NDArray[np.floating], radius: NDArray[np.floating], window: Any) -> NDArray[np.bool_]:
    """(N,) True for points in a window from outside, {"angle": [from, to], "radius": [from, to]}.

    Angles in radians, counter-clockwise from the first to the second, around 0 if need be; a whole turn or more holds
    everything. Radii are true distances to the root. SelectionError when it is no such window.
    """
    turn, reach = (_pair(window, name) for name in ("angle", "radius"))
    ahead = np.mod(np.asarray(angle, np.float64) - turn[0], 2 * np.pi)
    width = turn[1] - turn[0]
    around = ahead <= (width if width >= 2 * np.pi else np.mod(width, 2 * np.pi))
    return np.asarray(around & (radius >= reach[0]) & (radius <= reach[1]))


def _pair(window: Any, name: str) -> tuple[float, float]:
    pair = window.get(name) if isinstance(window, dict) else None
    if not (isinstance(pair, (list, tuple)) and len(pair) == 2 and all(map(is_finite, pair))):
        raise SelectionError('A window needs "angle": [from, to] in radians and "radius": [from, to], all finite numbers.')
    return float(pair[0]), float(pair[1])


def is_finite(value: Any) -> bool:
    """Whether something from outside is a finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)

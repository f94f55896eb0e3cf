"""Outlines as point arrays: rectangles, ovals, rounded and smooth polygons, strokes.

Every function returns an (N, 2) float array of x, y; y grows downwards, as in an image.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Points = Array | Sequence[tuple[float, float]]
TURN = 2 * np.pi


@lru_cache(maxsize=64)
def _unit_arc(start: float, end: float, steps: int) -> Array:
    angle = np.linspace(start * TURN, end * TURN, steps)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def oval(cx: float, cy: float, rx: float, ry: float | None = None, *, start: float = 0.0, end: float = 1.0) -> Array:
    """Ellipse, or the slice of it from `start` to `end` in turns (0 is right, 0.25 is down)."""
    ry = rx if ry is None else ry
    steps = int(np.clip(6 + 2.2 * max(abs(rx), abs(ry)) ** 0.75, 12, 72))
    whole = end - start >= 1.0
    arc = _unit_arc(start, end, steps)[:-1] if whole else _unit_arc(start, end, steps)
    return arc * (rx, ry) + (cx, cy)


def ring(cx: float, cy: float, outer: float, inner: float) -> Array:
    """Disk of radius `outer` with a hole of radius `inner`, as one outline with a seam."""
    rim = np.vstack([oval(cx, cy, outer), [(cx + outer, cy)]])
    hole = np.vstack([oval(cx, cy, inner), [(cx + inner, cy)]])
    return np.vstack([rim, hole[::-1]])


def rect(x0: float, y0: float, x1: float, y1: float, radius: float | tuple[float, float, float, float] = 0.0) -> Array:
    """Rectangle with one corner radius, or four (top left, top right, bottom right, bottom left)."""
    corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], dtype=float)
    radii = radius if isinstance(radius, tuple) else (radius,) * 4
    if max(radii) <= 0:
        return corners
    limit = max(min(x1 - x0, y1 - y0) / 2, 0.0)
    inward = ((1, 1), (-1, 1), (-1, -1), (1, -1))
    starts = (0.5, 0.75, 0.0, 0.25)
    pieces = []
    for corner, r, sign, start in zip(corners, radii, inward, starts, strict=True):
        r = min(r, limit)
        centre = corner + np.multiply(sign, r)
        pieces.append(_unit_arc(start, start + 0.25, 6) * r + centre if r > 0 else corner[None])
    return np.vstack(pieces)


def rounded(points: Points, radius: float) -> Array:
    """Polygon with its corners rounded by quadratic Bézier curves."""
    corners = np.asarray(points, dtype=float)
    before, after = np.roll(corners, 1, axis=0), np.roll(corners, -1, axis=0)
    t = np.linspace(0, 1, 6)[None, :, None]
    start = corners + _capped(before - corners, radius)
    end = corners + _capped(after - corners, radius)
    curve = (1 - t) ** 2 * start[:, None] + 2 * t * (1 - t) * corners[:, None] + t**2 * end[:, None]
    return np.asarray(curve.reshape(-1, 2))


def _capped(edge: Array, radius: float) -> Array:
    length = np.maximum(np.hypot(edge[:, 0], edge[:, 1]), 1e-9)[:, None]
    return edge / length * np.minimum(radius, length / 2)


def smooth(points: Points, steps: int = 7) -> Array:
    """Closed Catmull-Rom curve through the points."""
    p = np.asarray(points, dtype=float)
    return _catmull(np.roll(p, 1, axis=0), p, np.roll(p, -1, axis=0), np.roll(p, -2, axis=0), steps)


def curve(points: Points, steps: int = 7) -> Array:
    """Open Catmull-Rom curve through the points."""
    p = np.asarray(points, dtype=float)
    padded = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    body = _catmull(padded[:-3], padded[1:-2], padded[2:-1], padded[3:], steps)
    return np.vstack([body, p[-1:]])


def _catmull(a: Array, b: Array, c: Array, d: Array, steps: int) -> Array:
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    a, b, c, d = (x[:, None] for x in (a, b, c, d))
    out = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    return out.reshape(-1, 2)


def stroke(points: Points, width: float, end_width: float | None = None) -> Array:
    """Outline of a line drawn along the points, its width going from `width` to `end_width`."""
    p = np.asarray(points, dtype=float)
    along = np.gradient(p, axis=0)
    length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / length[:, None]
    half = np.linspace(width, width if end_width is None else end_width, len(p))[:, None] / 2
    return np.vstack([p + normal * half, (p - normal * half)[::-1]])


def grown(points: Array, by: float) -> Array:
    """Outline moved outwards by `by` along its vertex normals (mitres are cut at twice that)."""
    ahead = np.roll(points, -1, axis=0) - points
    keep = np.hypot(ahead[:, 0], ahead[:, 1]) > 1e-6
    p = points[keep]
    if len(p) < 3:
        return points
    ahead = np.roll(p, -1, axis=0) - p
    normal = np.stack([ahead[:, 1], -ahead[:, 0]], axis=1) / np.hypot(ahead[:, 0], ahead[:, 1])[:, None]
    area = np.sum(p[:, 0] * np.roll(p[:, 1], -1) - np.roll(p[:, 0], -1) * p[:, 1])
    both = normal + np.roll(normal, 1, axis=0)
    scale = by / np.maximum(np.sum(both * both, axis=1) / 2, 0.5)
    return np.asarray(p + np.sign(area) * both * scale[:, None])


def petals(cx: float, cy: float, count: int, radius: float, depth: float) -> Array:
    """Scalloped disk: `count` bumps of height `depth` round a disk of `radius`."""
    angle = np.linspace(0, TURN, count * 8, endpoint=False)
    r = radius + depth * np.abs(np.sin(angle * count / 2))
    return np.stack([cx + r * np.cos(angle), cy + r * np.sin(angle)], axis=1)


def leaf(x: float, y: float, length: float, width: float, turn: float) -> Array:
    """Pointed leaf that starts at x, y and grows along `turn` (turns; 0.75 is up)."""
    side = np.array([(0, 0), (0.25, 0.38), (0.55, 0.5), (0.82, 0.28), (1, 0), (0.82, -0.28), (0.55, -0.5), (0.25, -0.38)])
    out = smooth(side * (length, width), 4)
    cos, sin = np.cos(turn * TURN), np.sin(turn * TURN)
    return np.asarray(out @ np.array([(cos, sin), (-sin, cos)]) + (x, y))

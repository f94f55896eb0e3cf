"""What the browser needs to draw the Poincaré disk: the radius scale, its rings, the colours, one binary file.

The drawn radius is one strictly monotone function of the true distance to the root, the same for every point, so
depth can be read off the disk; rings carry true distances. Only the angle is a projection (`hypviz.viz.layout`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypviz.errors import DataError
from hypviz.search.embedding import Embedding

PAYLOAD_VERSION = 1
INNER, OUTER = 0.27, 0.93
"""Where the innermost and outermost points are drawn: the centre keeps room for the root, the rim for outliers."""
LINEAR = 0.6
"""Share of plain distance in the stretch; the rest follows the quantiles, so no ring of points turns into a line."""
QUANTILES = (0.005, 0.05, 0.25, 0.5, 0.75, 0.95, 0.995)

BRANCH_COLOURS = (
    ("#388dbf", "#6e93f5"),
    ("#e4a416", "#fbaa0e"),
    ("#007a48", "#47dfa1"),
    ("#f27973", "#cc8783"),
    ("#6d5fe9", "#9652d6"),
    ("#740994", "#e35dc2"),
    ("#948c0b", "#a39401"),
    ("#803103", "#d43552"),
    ("#e682ff", "#eda2fe"),
    ("#a66586", "#d8eb57"),
)
"""Named branches, (light, dark) theme. Found by search: the least difference between any two of them, seen with normal
sight and with red or green blindness, is as large as ten colours of this range of lightness allow."""
SCENE_COLOUR = ("#4a566c", "#d3dbea")
OTHER_COLOUR = ("#a3a9b4", "#6d7686")
DEPTH_COLOURS = (
    ("#3b1c6b", "#f6e37a"),
    ("#22688e", "#6fd08c"),
    ("#1f9e89", "#2fa5a0"),
    ("#7cc450", "#4b7fc4"),
    ("#d8b70a", "#8a6bd1"),
)
"""Depth 0, 1, 2, …: steps of viridis, so that lightness alone already orders them; the last one repeats."""
DEPTH_NAMES = ("scene", "object", "part", "part of a part", "detail")


class Ring(NamedTuple):
    """A circle of constant distance to the root: the true distance and the radius it is drawn at."""

    true: float
    drawn: float


@dataclass(frozen=True, eq=False)
class RadiusScale:
    """True distance to the root [0, ∞) → drawn radius [0, 1): strictly monotone, invertible.

    Linear between the rows of a dense table. Beyond its end, with d the last drawn radius and s the last slope:
    1 − (1 − d)·(1 + s(ρ − ρ_max)/(3(1 − d)))⁻³, which nears the rim fast, yet tells outliers apart in floating point.
    JavaScript reads the same table, so both sides agree to rounding.

    true, drawn: (K,) float64, both start at 0 and rise strictly.
    """

    true_table: NDArray[np.float64]
    drawn_table: NDArray[np.float64]

    def __post_init__(self) -> None:
        rising = all((np.diff(column) > 0).all() for column in (self.true_table, self.drawn_table))
        if len(self.true_table) < 2 or not rising or self.true_table[0] != 0 or self.drawn_table[0] != 0:
            raise DataError("A radius scale needs a table that starts at (0, 0) and rises strictly.")
        if not self.drawn_table[-1] < 1:
            raise DataError(f"Drawn radii must stay below 1, the table ends at {self.drawn_table[-1]:g}.")

    @classmethod
    def from_radii(cls, radii: ArrayLike) -> RadiusScale:
        """A smooth stretch (monotone PCHIP) through a few quantiles of the radii of a data set."""
        from scipy.interpolate import PchipInterpolator

        knots_true, knots_drawn = _knots(np.asarray(radii, dtype=np.float64))
        grid = np.unique(np.concatenate([np.linspace(*pair, 33) for pair in pairwise(knots_true)]))
        return cls(grid, np.asarray(PchipInterpolator(knots_true, knots_drawn)(grid), dtype=np.float64))

    @property
    def _tail(self) -> tuple[float, float, float]:
        """Where the table ends: true distance, room left to the rim, slope."""
        slope = (self.drawn_table[-1] - self.drawn_table[-2]) / (self.true_table[-1] - self.true_table[-2])
        return float(self.true_table[-1]), float(1 - self.drawn_table[-1]), float(slope)

    def drawn(self, radius: ArrayLike) -> NDArray[np.float64]:
        """The drawn radius of a true distance >= 0."""
        radius = np.asarray(radius, dtype=np.float64)
        end, room, slope = self._tail
        tail = 1 - room * (1 + slope * np.maximum(radius - end, 0) / (3 * room)) ** -3
        return np.where(radius <= end, np.interp(radius, self.true_table, self.drawn_table), tail)

    def true(self, drawn: ArrayLike) -> NDArray[np.float64]:
        """The true distance drawn at a radius in [0, 1): the inverse of `drawn`."""
        drawn = np.asarray(drawn, dtype=np.float64)
        end, room, slope = self._tail
        tail = end + 3 * room / slope * (np.cbrt(room / np.maximum(1 - drawn, 1e-15)) - 1)
        true: NDArray[np.float64] = np.where(drawn <= 1 - room, np.interp(drawn, self.drawn_table, self.true_table), tail)
        return true

    def rings(self, count: int = 5, *, gap: float = 0.075) -> list[Ring]:
        """About `count` circles at round true distances, at least `gap` apart as drawn, innermost first."""
        low, high = self.true([gap, 0.95])
        best: list[Ring] = []
        for exponent in range(int(np.floor(np.log10(high))) - 3, int(np.floor(np.log10(high))) + 1):
            for digit in (1.0, 2.0, 2.5, 5.0):
                rings = self._thinned(digit * 10.0**exponent, low, high, gap)
                if not best or abs(len(rings) - count) <= abs(len(best) - count):
                    best = rings
        return best

    def _thinned(self, step: float, low: float, high: float, gap: float) -> list[Ring]:
        if (high - low) / step > 400:
            return []
        values = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
        rings: list[Ring] = []
        for value in values[::-1]:
            drawn = float(self.drawn(value))
            if not rings or rings[-1].drawn - drawn >= gap:
                rings.append(Ring(float(round(value, 9)), drawn))
        return rings[::-1]

    def table(self) -> dict[str, list[float]]:
        """Dense (true, drawn) samples for JavaScript."""
        return {"true": self.true_table.tolist(), "drawn": self.drawn_table.tolist()}


def _knots(radii: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Strictly rising (true, drawn) knots, the origin first."""
    if radii.size == 0 or not np.isfinite(radii).all() or radii.min() < 0:
        raise DataError("A radius scale needs at least one radius, all finite and >= 0.")
    levels = np.quantile(radii, QUANTILES)
    low, high = levels[0], levels[-1]
    if high - low <= 1e-4 * high or high == 0:  # all at one distance: one ring is the truth
        return np.array([0.0, high or 1.0]), np.array([0.0, 0.75])
    share = (np.array(QUANTILES) - QUANTILES[0]) / (QUANTILES[-1] - QUANTILES[0])
    start = min(INNER, OUTER * low / high)
    drawn = start + (OUTER - start) * (LINEAR * (levels - low) / (high - low) + (1 - LINEAR) * share)
    true = np.concatenate([[0.0], levels])
    drawn = np.concatenate([[0.0], drawn])
    # Quantiles that coincide are one knot: the last of them, so that the outermost is always drawn at OUTER.
    keep = np.append(np.diff(true) > 1e-6 * high, True) & (true > 1e-6 * high)
    keep[0] = True  # the origin stands for every radius near 0
    return true[keep], drawn[keep]


def disk_payload(
    embedding: Embedding,
    angles: NDArray[np.float32],
    *,
    branch: NDArray[np.integer],
    branch_names: Sequence[str],
    depth: NDArray[np.integer],
    label: NDArray[np.integer],
    image: NDArray[np.integer],
    classes: Sequence[str] = (),
    image_names: Sequence[str] = (),
    depth_names: Sequence[str] = DEPTH_NAMES,
    scale: RadiusScale | None = None,
    distortion: float | None = None,
    method: str = "",
    title: str = "",
    total: int | None = None,
) -> bytes:
    """The disk as one binary file: uint32 LE header length, UTF-8 JSON header, raw little-endian arrays.

    The header ends on a multiple of 4 bytes and lists each array's name, type, offset (from the header's end) and
    length. `scale` keeps the radii comparable over two payloads (before and after training); `total` is the size of
    the data set when only some of its rows are sent. About 20 bytes per point.
    """
    scale = scale or RadiusScale.from_radii(embedding.radii)
    columns: dict[str, NDArray[Any]] = {
        "angle": np.asarray(angles, "<f4"),
        "radius": np.asarray(embedding.radii, "<f4"),
        "drawn": np.asarray(scale.drawn(embedding.radii), "<f4"),
        "label": np.asarray(label, "<i4"),
        "image": np.asarray(image, "<i4"),
        "branch": np.asarray(branch, "<u1"),
        "depth": np.asarray(depth, "<u1"),
    }
    for name, column in columns.items():
        if column.shape != (len(embedding),):
            raise DataError(f"disk_payload: {name} has shape {column.shape}, expected ({len(embedding)},).")
    header = {
        "version": PAYLOAD_VERSION,
        "title": title,
        "n": len(embedding),
        "total": len(embedding) if total is None else total,
        "curv": float(embedding.curv),
        "geometry": embedding.geometry,
        "scale": scale.table(),
        "rings": [ring._asdict() for ring in scale.rings()],
        "branches": _groups(branch, branch_names, _branch_colours(branch_names)),
        "depths": _groups(depth, _depth_names(depth, depth_names), DEPTH_COLOURS),
        "classes": list(classes),
        "images": list(image_names),
        "method": method,
        "distortion": distortion,
    }
    return pack(header, columns)


def pack(header: Mapping[str, Any], columns: Mapping[str, NDArray[Any]]) -> bytes:
    """Header and arrays as one file; see `disk_payload` for the format."""
    listed, offset, blobs = [], 0, []
    for name, column in columns.items():
        blob = np.ascontiguousarray(column).tobytes()
        listed.append({"name": name, "dtype": column.dtype.str.lstrip("<|"), "offset": offset, "length": len(column)})
        blobs.append(blob + b"\0" * (-len(blob) % 4))
        offset += len(blobs[-1])
    text = json.dumps({**header, "arrays": listed}, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    return len(text).to_bytes(4, "little") + text + b"".join(blobs)


def unpack(payload: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The inverse of `pack`: the header and its arrays by name."""
    length = int.from_bytes(payload[:4], "little")
    header = json.loads(payload[4 : 4 + length])
    arrays = {
        entry["name"]: np.frombuffer(payload, "<" + entry["dtype"], entry["length"], 4 + length + entry["offset"])
        for entry in header["arrays"]
    }
    return header, arrays


def _branch_colours(names: Sequence[str]) -> list[tuple[str, str]]:
    fixed = {"scene": SCENE_COLOUR, "other": OTHER_COLOUR}
    named = iter(BRANCH_COLOURS)
    return [fixed[name] if name in fixed else next(named, OTHER_COLOUR) for name in names]


def _depth_names(depth: NDArray[np.integer], names: Sequence[str]) -> list[str]:
    deepest = int(np.max(depth, initial=0))
    return [names[level] if level < len(names) else f"level {level}" for level in range(deepest + 1)]


def _groups(index: NDArray[np.integer], names: Sequence[str], colours: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    counts = np.bincount(np.asarray(index, np.int64), minlength=len(names))
    shown = [colours[min(row, len(colours) - 1)] for row in range(len(names))]
    return [
        {"name": name, "colour": light, "dark": dark, "count": int(count)}
        for name, (light, dark), count in zip(names, shown, counts, strict=True)
    ]

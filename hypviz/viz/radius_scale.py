"""True distance to the root → drawn radius: one strictly monotone stretch for all points, and its labelled rings."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypviz.errors import DataError

INNER, OUTER = 0.27, 0.93
"""Where the innermost and outermost points are drawn: the centre keeps room for the root, the rim for outliers."""
LINEAR = 0.6
"""Share of plain distance in the stretch; the rest follows the quantiles, so no ring of points turns into a line."""
QUANTILES = (0.005, 0.05, 0.25, 0.5, 0.75, 0.95, 0.995)


NARROW = 0.06
"""Below this spread of the radii (`spread`) the stretch makes much of little, and the page says so."""


def written(radius: float) -> str:
    """A distance to the root in words: three decimals, or two digits of a small one, which nothing but the root reads as 0.

    >>> written(0.0000587), written(0.25)
    ('0.000059', '0.250')
    """
    return f"{radius:.3f}" if radius >= 0.01 or radius == 0 else np.format_float_positional(float(f"{radius:.2g}"), trim="-")


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
    def from_radii(cls, radii: ArrayLike, *, linear: float = LINEAR) -> RadiusScale:
        """A smooth stretch (monotone PCHIP) through a few quantiles of the radii of a data set; linear: share of plain distance in it."""
        from scipy.interpolate import PchipInterpolator

        knots_true, knots_drawn = _knots(np.asarray(radii, dtype=np.float64), linear)
        grid = np.unique(np.concatenate([np.linspace(*pair, 33) for pair in pairwise(knots_true)]))
        return cls(grid, np.asarray(PchipInterpolator(knots_true, knots_drawn)(grid), dtype=np.float64))

    @classmethod
    def linear(cls, radii: ArrayLike) -> RadiusScale:
        """Drawn radius in proportion to the true one, up to the 99.5th percentile of the radii: nothing is stretched."""
        high = float(np.quantile(_checked(radii), QUANTILES[-1])) or 1.0
        return cls(np.array([0.0, high]), np.array([0.0, OUTER]))

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
        """About `count` circles at round true distances, at least `gap` apart as drawn, innermost first; none beyond the table, where
        next to nothing lies and a rim says 1.9 around points at 0.1."""
        low, high = self.true([gap, 0.95])
        high = min(high, self._tail[0])
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


def spread(radii: ArrayLike) -> float:
    """How much farther out the far items are than the near ones, as a share: 99.5th over 0.5th percentile, minus 1; inf above 0.

    >>> spread([1.0, 1.02, 1.03]) < NARROW
    True
    """
    low, high = np.quantile(_checked(radii), [QUANTILES[0], QUANTILES[-1]])
    if not high > 0:
        return 0.0
    return float(high / low - 1) if low > 0 else np.inf


def _checked(radii: ArrayLike) -> NDArray[np.float64]:
    """Radii as float64; DataError unless there is at least one and all are finite and >= 0."""
    checked = np.asarray(radii, dtype=np.float64)
    if checked.size == 0 or not np.isfinite(checked).all() or checked.min() < 0:
        raise DataError("A radius scale needs at least one radius, all finite and >= 0.")
    return checked


def _knots(radii: NDArray[np.float64], linear: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Strictly rising (true, drawn) knots, the origin first."""
    levels = np.quantile(_checked(radii), QUANTILES)
    low, high = levels[0], levels[-1]
    if high - low <= 1e-4 * high or high == 0:  # all at one distance: one ring is the truth
        return np.array([0.0, high or 1.0]), np.array([0.0, 0.75])
    share = (np.array(QUANTILES) - QUANTILES[0]) / (QUANTILES[-1] - QUANTILES[0])
    start = min(INNER, OUTER * low / high) if linear else INNER
    drawn = start + (OUTER - start) * (linear * (levels - low) / (high - low) + (1 - linear) * share)
    true = np.concatenate([[0.0], levels])
    drawn = np.concatenate([[0.0], drawn])
    # Quantiles that coincide are one knot: the last of them, so that the outermost is always drawn at OUTER.
    keep = np.append(np.diff(true) > 1e-6 * high, True) & (true > 1e-6 * high)
    keep[0] = True  # the origin stands for every radius near 0
    return true[keep], drawn[keep]

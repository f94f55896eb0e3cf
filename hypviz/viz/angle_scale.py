"""True angle from the selected direction → drawn angle: one strictly monotone stretch for points and outlines alike.

In many dimensions almost every direction is about a right angle away from any other, so true angles drawn as they are
would crowd into two thin bands. The stretch follows the quantiles of the angles at hand and fills the disk; ticks at
round true angles say what it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypviz.errors import DataError

POWER = 0.6
"""Exponent of the quantile: below 1, so that the few items near the selection get room."""
PLAIN = 0.08
"""Share of the plain angle in the stretch; the rest follows the quantiles. Keeps every slope above zero."""
NEAREST, FARTHEST = 0.02, 0.98
"""Where the nearest and the farthest item are drawn, as shares of a half turn."""
LEVELS = 24
SAMPLE = 20_000
"""Angles that the quantiles are taken of, evenly over the data."""


@dataclass(frozen=True, eq=False)
class AngleScale:
    """True angle in [0, π] → drawn angle in [0, π]: 0 at 0, π at π, strictly monotone, linear between the rows of a table.

    true_table, drawn_table: (K,) float64 radians, both rising strictly from 0 to π. JavaScript reads the same table.
    """

    true_table: NDArray[np.float64]
    drawn_table: NDArray[np.float64]

    def __post_init__(self) -> None:
        for column in (self.true_table, self.drawn_table):
            if len(column) < 2 or column[0] != 0 or abs(column[-1] - np.pi) > 1e-9 or not (np.diff(column) > 0).all():
                raise DataError("An angle scale needs a table that rises strictly from (0, 0) to (π, π).")

    @classmethod
    def from_angles(cls, theta: ArrayLike) -> AngleScale:
        """A smooth stretch (monotone PCHIP) through a few quantiles of the angles, in radians; the plain angle without any."""
        from scipy.interpolate import PchipInterpolator

        true, drawn = _knots(np.asarray(theta, np.float64))
        grid = np.unique(np.concatenate([np.linspace(*pair, 13) for pair in pairwise(true)]))
        return cls(grid, np.asarray(PchipInterpolator(true, drawn)(grid), np.float64))

    def drawn(self, theta: ArrayLike) -> NDArray[np.float64]:
        """The drawn angle of a true angle in [0, π], radians."""
        return np.asarray(np.interp(np.asarray(theta, np.float64), self.true_table, self.drawn_table))

    def true(self, drawn: ArrayLike) -> NDArray[np.float64]:
        """The true angle drawn at an angle in [0, π]: the inverse of `drawn`."""
        return np.asarray(np.interp(np.asarray(drawn, np.float64), self.drawn_table, self.true_table))

    def ticks(self, *, most: int = 7, gap: float = 0.17) -> list[float]:
        """Round true angles in degrees, at least `gap` radians apart as drawn, in (0, 180)."""
        best: list[float] = []
        for step in (30.0, 15.0, 10.0, 5.0, 2.0, 1.0, 0.5):
            values = np.arange(step, 180, step)
            spaced: list[float] = []
            for value, place in zip(values, self.drawn(np.radians(values)), strict=True):
                last = float(self.drawn(np.radians(spaced[-1]))) if spaced else 0.0
                if place - last >= gap and np.pi - place >= gap / 2:
                    spaced.append(float(value))
            if len(spaced) > len(best):
                best = spaced
            if len(best) >= most - 2:
                break
        return best[:most]

    def table(self) -> dict[str, list[float]]:
        """The table for JavaScript."""
        return {"true": self.true_table.tolist(), "drawn": self.drawn_table.tolist()}


def _knots(theta: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Strictly rising (true, drawn) knots from (0, 0) to (π, π)."""
    some = theta[:: max(1, len(theta) // SAMPLE)]
    some = some[(some > 0) & (some < np.pi)]
    if not len(some):
        return np.array([0.0, np.pi]), np.array([0.0, np.pi])
    share = np.linspace(0, 1, LEVELS + 1)
    true = np.quantile(some, share ** (1 / POWER))
    drawn = np.pi * (NEAREST + (FARTHEST - NEAREST) * share)
    keep = np.append(np.diff(true) > 1e-7, True)  # quantiles that coincide are one knot: the last of them
    keep &= (true > 1e-7) & (true < np.pi - 1e-7)
    true, drawn = np.concatenate([[0.0], true[keep], [np.pi]]), np.concatenate([[0.0], drawn[keep], [np.pi]])
    return true, PLAIN * true + (1 - PLAIN) * drawn

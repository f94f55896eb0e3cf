"""Thresholds of the cosine as tables by shell, with the margin that makes up for the rounding of a cosine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypviz.search.regions import Doubles, Region
from hypviz.search.scoring import COINCIDENT, Floats
from hypviz.search.shells import Shells

BEYOND = 1.01
"""More than a cosine can be by rounding."""
Mask = NDArray[np.bool_]


class Table:
    """Thresholds (b, m + 1) by shell, `near` and `far`, and as tables of float32 that are wider, never narrower, than these."""

    def __init__(self, near: Doubles, far: Doubles) -> None:
        self.near, self.far = near, far
        self._near = np.ascontiguousarray(near.T.astype(np.float32))
        self._far = np.ascontiguousarray(far.T.astype(np.float32)) if (far > -1).any() else None
        self.reached: Mask = np.any((near <= BEYOND) | (far >= -BEYOND), axis=0)
        """(m + 1,) shells in which anything can pass for any query."""

    def holds(self, cosine: Floats, of: NDArray[np.intp]) -> Mask:
        """(n, b) which cosines pass; whatever is not a number does, for the exact form to judge."""
        passed = np.less(cosine, self._near.take(of, axis=0))
        np.logical_not(passed, out=passed)
        if self._far is not None:
            passed |= cosine <= self._far.take(of, axis=0)
        return passed


def together(query_radii: Doubles, shells: Shells) -> Mask:
    """(b, m) shells with radii at which an item can coincide with a query (`scoring.COINCIDENT`). query_radii: (b,)."""
    wide = query_radii[:, None] * 2 * COINCIDENT
    return (shells.low <= query_radii[:, None] + wide) & (shells.high >= query_radii[:, None] - wide)


def table_of(region: Region, margin: float, *, odd: Mask, together: Mask) -> Table:
    """The table of a region (b, m).  margin: what a cosine can be off by; above 0 the table lets through whatever could be in the region,
    below 0 only what certainly is.  odd: (b,) queries that are no unit vectors.  together: as that function gives it."""
    near, far = region
    wide = margin > 0
    if wide:
        # Coinciding items have an angle that is none of the geometry's: they are always decided exactly.
        near = np.where(together, np.minimum(near, 1 - COINCIDENT), near)
    near, far = near - margin, far + margin
    near, far = (_with_odd(side, end, odd) for side, end in ((near, -np.inf if wide else np.inf), (far, -np.inf)))
    return Table(near, far)


def _with_odd(side: Doubles, end: float, odd: Mask) -> Doubles:
    """One shell more, for the odd rows; there, and for odd queries, `end` stands."""
    side = np.where(odd[:, None], end, side)
    return np.concatenate([side, np.full((len(side), 1), end)], axis=1)

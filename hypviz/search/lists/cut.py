"""Where the items of a centroid are cut into lists, and what is true of each list."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hypviz.search.lists.bounds import FARTHER, Spread
from hypviz.search.lists.plan import Plan
from hypviz.search.lists.store import Lists
from hypviz.search.scan import SAMPLE
from hypviz.search.scoring import Floats

SHARES = (1 / 32, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 7 / 8, 31 / 32)
"""Of the items of a centroid, by radius: where one list ends and the next begins. Thin ones at both ends, for the best of a list by angle
often are the innermost, or the outermost, of all."""
LEAST = 8
"""Items of a list, where a centroid has as many; the outermost one may have less."""


class Cut:
    """The lists that have been cut so far."""

    def __init__(self) -> None:
        self._facts: list[tuple[int, int, float, float, float, float]] = []

    def by_radius(self, centroid: int, radii: Floats, angles: Floats) -> Iterator[slice]:
        """Cut the items of a centroid, given by ascending radius: radii and angles (n,). Gives the items of one list after the other."""
        size = len(radii)
        cuts = [0]
        for end in [*(round(share * size) for share in SHARES), size]:
            if end - cuts[-1] >= LEAST or (end == size and end > cuts[-1]):
                cuts.append(end)
        for low, high in itertools.pairwise(cuts):
            part = slice(low, high)
            angle = float(angles[part].min()), float(angles[part].max())
            self._facts.append((centroid, high - low, *angle, float(radii[low]), float(radii[high - 1])))
            yield part

    def lists(self, plan: Plan, *, odd: NDArray[np.int64], error: float, drift: float, items: int) -> Lists:
        """All of them.  error, drift: of `Lists`.  items: how many there are, those in no list included."""
        centroid, sizes, inner, outer, low, high = (np.array(column) for column in zip(*self._facts, strict=True))
        spread = Spread(np.maximum(inner - FARTHER, 0.0), np.minimum(outer + FARTHER, math.pi))
        return Lists(
            plan.centroids,
            centroid.astype(np.int64),
            spread,
            low.astype(np.float32),
            high.astype(np.float32),
            sizes.astype(np.int64),
            odd,
            sample=np.arange(0, items, max(1, items // SAMPLE))[:SAMPLE],
            codes=plan.codes,
            error=error * (1 + FARTHER) + FARTHER**2,
            drift=drift + FARTHER,
            mark=plan.mark,
        )

"""The best items seen so far, over all or of each group, block by block: exact, and independent of how items are cut into blocks."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hypviz.search.scoring import Floats

Rows = NDArray[np.int64]
Doubles = NDArray[np.float64]


@dataclass(eq=False)
class Shortlist:
    """What a scan finds for one query.  rows, values: of the list so far, in no order.  total: how many items the list would hold
    without its limit.  members: rows inside the cone in ascending parts, where they were asked for.  proof: as of `answers.Ranked`.
    counted: whether `total` and members are complete.  read: codes of `search.lists` that were read for it."""

    limit: int
    rows: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    values: Doubles = field(default_factory=lambda: np.empty(0, np.float64))
    total: int = 0
    members: list[Rows] = field(default_factory=list)
    proof: str = "exact"
    counted: bool = True
    read: int = 0

    def add(self, rows: Rows, values: Doubles) -> None:
        """Keep the `limit` smallest values; ties by row."""
        rows, values = np.concatenate([self.rows, rows]), np.concatenate([self.values, values])
        if len(rows) > self.limit:
            close = np.flatnonzero(values <= np.partition(values, self.limit - 1)[self.limit - 1])
            close = close[np.lexsort((rows[close], values[close]))[: self.limit]]
            rows, values = rows[close], values[close]
        self.rows, self.values = rows, values

    @property
    def worst(self) -> float:
        """The value to beat; inf until the list is full."""
        return float(self.values.max()) if len(self.values) >= self.limit else np.inf

    def sorted(self) -> tuple[Rows, Doubles]:
        """(k,) rows and values, best first."""
        order = np.lexsort((self.rows, self.values))
        return self.rows[order], self.values[order]


class BestOfEach:
    """Keeps the item with the smallest value of each group among those offered; ties are broken by row.

    groups: (N,) ints >= 0, the group of every item.  omit: a row that never counts, or None.
    """

    def __init__(self, groups: NDArray[np.integer], omit: int | None) -> None:
        self.groups, self.omit = groups, omit
        self._rows: Rows = np.full(int(groups.max(initial=-1)) + 1, -1)
        self._values: Floats = np.full(len(self._rows), np.inf, np.float32)

    def add(self, start: int, values: Floats, offered: NDArray[np.bool_]) -> None:
        """Take in items of rows start, start + 1, …, those that are `offered`."""
        inside = np.flatnonzero(offered)
        if self.omit is not None:
            inside = inside[inside != self.omit - start]
        inside = inside[np.lexsort((inside, values[inside]))]
        groups, first = np.unique(self.groups[inside + start], return_index=True)
        best = inside[first]
        closer = values[best] < self._values[groups]
        self._rows[groups[closer]], self._values[groups[closer]] = best[closer] + start, values[best[closer]]

    def sorted(self, limit: int) -> tuple[Rows, Floats, int]:
        """(k,) rows and (k,) values of the best groups, best first, and how many groups there are in all."""
        groups = np.flatnonzero(self._rows >= 0)
        order = groups[np.lexsort((self._rows[groups], self._values[groups]))][:limit]
        return self._rows[order], self._values[order], len(groups)

"""The best items seen so far, over all or of each group, block by block: exact, and independent of how items are cut into blocks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypviz.search.scoring import Floats

Rows = NDArray[np.int64]


class Best:
    """Keeps the `limit` items with the smallest values among those offered; ties are broken by row.

    omit: a row that never counts, or None.  rows, values: those kept, in no order.  total: how many were offered.
    """

    def __init__(self, limit: int, omit: int | None) -> None:
        self.limit, self.omit = limit, omit
        self.rows: Rows = np.empty(0, np.int64)
        self.values: Floats = np.empty(0, np.float32)
        self.total = 0

    def add(self, start: int, values: Floats, offered: NDArray[np.bool_]) -> Rows:
        """Take in items of rows start, start + 1, …, those that are `offered`; gives their rows, ascending."""
        inside = np.flatnonzero(offered)
        if self.omit is not None:
            inside = inside[inside != self.omit - start]
        found = inside + start
        self.total += len(found)
        rows, kept = np.concatenate([self.rows, found]), np.concatenate([self.values, values[inside]])
        if len(rows) > self.limit:
            # Everything tied with the last place stays until the sort by row, so ties do not depend on the blocks.
            cut = np.partition(kept, self.limit - 1)[self.limit - 1]
            close = np.flatnonzero(kept <= cut)
            close = close[np.lexsort((rows[close], kept[close]))[: self.limit]]
            rows, kept = rows[close], kept[close]
        self.rows, self.values = rows, kept
        return found

    def sorted(self) -> tuple[Rows, Floats]:
        """(k,) rows and (k,) values, best first."""
        order = np.lexsort((self.rows, self.values))
        return self.rows[order], self.values[order]


class BestOfEach:
    """Keeps the item with the smallest value of each group among those offered; ties are broken by row.

    groups: (N,) ints >= 0, the group of every item.  omit: a row that never counts, or None.
    """

    def __init__(self, groups: NDArray[np.integer], omit: int | None) -> None:
        self.groups, self.omit = groups, omit
        self._rows: Rows = np.full(int(groups.max(initial=-1)) + 1, -1, np.int64)
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
        found = np.flatnonzero(self._rows >= 0)
        order = found[np.lexsort((self._rows[found], self._values[found]))][:limit]
        return self._rows[order], self._values[order], len(found)

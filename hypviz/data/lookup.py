"""One row to many rows, vectorised: sorted columns searched by key, and ranges laid end to end."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Rows = NDArray[np.signedinteger[Any]]
"""Row numbers, of whatever signed integer width they are stored in."""


def expand(start: Rows, count: Rows) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lay the ranges start[r] … start[r] + count[r] - 1 end to end.

    start, count: (R,).  Returns (range, position), each (sum(count),): which range an entry is from, and its value.

    >>> owner, position = expand(np.array([7, 0, 3]), np.array([2, 0, 3]))
    >>> owner.tolist(), position.tolist()
    ([0, 0, 2, 2, 2], [7, 8, 3, 4, 5])
    """
    count = np.asarray(count, dtype=np.int64)
    owner = np.repeat(np.arange(len(count)), count)
    shift = np.asarray(start, dtype=np.int64) - (np.cumsum(count) - count)
    return owner, np.arange(len(owner)) + shift[owner]


def blocks(cost: Rows, limit: int) -> list[tuple[int, int]]:
    """Cut 0 … len(cost) into consecutive ranges (first, last) of a summed cost of about `limit`, none of them empty.

    An entry dearer than `limit` adds to its block, so a block costs less than `limit` + its dearest entry.

    >>> blocks(np.array([1, 1, 1, 9, 1, 1]), 3)
    [(0, 3), (3, 4), (4, 6)]
    """
    number = (np.cumsum(cost) - 1) // limit
    cuts = np.flatnonzero(np.diff(number)) + 1
    edges = [0, *cuts.tolist(), len(cost)]
    return [(first, last) for first, last in pairwise(edges) if first < last]


@dataclass(frozen=True, eq=False)
class Lookup:
    """A one-to-many relation of rows.  key: (R,) ascending; value: (R,), what the key at that place leads to."""

    key: Rows
    value: Rows

    @classmethod
    def sort(cls, key: Rows, value: Rows) -> Lookup:
        """From columns in any order; values of one key keep their order."""
        order = np.argsort(key, kind="stable")
        return cls(key[order], value[order])

    def span(self, row: int) -> slice:
        """Where `row` stands in the columns."""
        first, last = np.searchsorted(self.key, np.array([row, row + 1], self.key.dtype))  # of another type all keys would be copied
        return slice(int(first), int(last))

    def of(self, rows: ArrayLike) -> tuple[NDArray[np.int64], Rows]:
        """All values of many rows at once: (index into `rows`, value), each (K,), in the order of `rows`."""
        keys = np.asarray(rows, dtype=self.key.dtype)
        first = np.searchsorted(self.key, keys, side="left")
        owner, position = expand(first, np.searchsorted(self.key, keys, side="right") - first)
        return owner, self.value[position]

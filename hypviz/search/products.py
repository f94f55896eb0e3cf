"""Cosines of queries and items as float32 products, block by block, and those of the last single query kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from hypviz.search.scoring import Floats

PRODUCT = 1 << 17
"""Multiplications of one small product: OpenBLAS leaves those to the calling thread."""
ALIGNMENT = 64
"""Blocks start at multiples of this, so a row meets the same BLAS kernel, and the same rounding, for any block size."""
Product = Callable[[int, int], Floats]
"""(start, stop) → (n, b) cosines of items [start, stop), not to be written to."""


def product(items: Floats, directions: Floats) -> Floats:
    """(n, b) cosines of items (n, D) with queries (b, D), all in the calling thread: as a stack of small products."""
    if len(directions) == 1:
        one: Floats = np.vecdot(items, directions[0])[:, None]
        return one
    height = 1 << (max(1, PRODUCT // directions.size).bit_length() - 1)
    turned = np.ascontiguousarray(directions.T)
    whole = len(items) // height * height
    out = np.empty((len(items), len(directions)), np.float32)
    np.matmul(items[:whole].reshape(-1, height, items.shape[1]), turned, out=out[:whole].reshape(-1, height, len(directions)))
    np.matmul(items[whole:], turned, out=out[whole:])
    return out


class Products:
    """The products of one embedding. Those of the last single query are kept, where there are at most `most` items: a click asks for its
    cone, its parents and its path. Safe to share between threads."""

    def __init__(self, directions: Floats, most: int) -> None:
        self._items, self._most = directions, most
        self._last: tuple[bytes, Floats] | None = None

    @contextmanager
    def of(self, directions: Floats, *, keep: bool) -> Iterator[Product | None]:
        """The cosines of one query, (1, D), where they are known; or, to `keep`, where they can be: they are kept when the block ends
        without an error, every item having been asked for. None for several queries, and where there are too many items."""
        key, last = directions.tobytes(), self._last
        if last is not None and last[0] == key:
            known = last[1]
            yield lambda start, stop: known[start:stop]
            return
        if not keep or len(directions) > 1 or len(self._items) > self._most:
            yield None
            return
        fresh = np.empty((len(self._items), 1), np.float32)

        def filled(start: int, stop: int) -> Floats:
            fresh[start:stop] = product(np.asarray(self._items[start:stop], np.float32), directions)
            return fresh[start:stop]

        yield filled
        self._last = key, fresh  # one assignment: threads see the old pair or the new one

    def blocks(self, directions: Floats, cells: int) -> Iterator[tuple[int, Floats]]:
        """(first row, (b, n) cosines, not to be written to) of all items, in blocks of about `cells` cosines."""
        width = max(cells // max(len(directions), 1) // ALIGNMENT * ALIGNMENT, ALIGNMENT)
        with self.of(directions, keep=True) as known:
            for start in range(0, len(self._items), width):
                stop = min(start + width, len(self._items))
                if known is not None:
                    yield start, known(start, stop).T
                else:
                    yield start, np.matmul(directions, np.asarray(self._items[start:stop], np.float32).T)

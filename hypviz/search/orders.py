"""An order in which a whole data set is looked through: what is there twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import SelectionError
from hypviz.search.embedding import Embedding
from hypviz.search.scoring import ranking_value

Rows = NDArray[np.int64]
Floats = NDArray[np.float32]
MAX_PAIRED = 20_000
"""Items among which near-duplicates are looked for: every one is held against every other, 400 million distances."""
CELLS = 1 << 22
"""Distances computed at a time."""


def near_duplicates(embedding: Embedding, rows: Rows) -> tuple[Rows, Floats]:
    """(k,) order of the rows that puts the closest pairs first, partners side by side, and (k,) each row's distance to its closest.

    Distances are geodesic. Raises SelectionError for more than MAX_PAIRED rows.
    """
    if len(rows) > MAX_PAIRED:
        raise SelectionError(f"Near-duplicates are looked for among at most {MAX_PAIRED:,} items, got {len(rows):,}; find fewer first.")
    directions, radii = np.asarray(embedding.directions[rows], np.float32), np.asarray(embedding.radii[rows], np.float32)
    closest, partner = np.full(len(rows), np.inf, np.float32), np.zeros(len(rows), np.int64)
    step = max(1, CELLS // max(len(rows), 1))
    for start in range(0, len(rows), step):
        stop = min(start + step, len(rows))
        cosine = directions[start:stop] @ directions.T
        distance = np.array(ranking_value(cosine, radii[start:stop, None], radii[None], space=embedding, task="nearest"), np.float32)
        distance[np.arange(stop - start), np.arange(start, stop)] = np.inf
        partner[start:stop] = distance.argmin(axis=1)
        closest[start:stop] = distance.min(axis=1)
    order: list[int] = []
    placed = np.zeros(len(rows), np.bool_)
    for row in np.argsort(closest, kind="stable").tolist():
        for one in (row, int(partner[row])):
            if not placed[one]:
                placed[one] = True
                order.append(one)
    return np.array(order, np.int64), closest

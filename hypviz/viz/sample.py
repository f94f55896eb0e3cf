"""Which points to draw when there are too many: a share of every branch and depth, the same rows every time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def stratified(stratum: NDArray[np.integer], budget: int, *, among: Rows | None = None, seed: int = 0) -> Rows:
    """At most `budget` rows, ascending, that stand for all: as many per stratum as its share, small strata lifted.

    stratum: (N,) any integers, equal for rows of one kind.  among: choose from these rows only, each once.  Each stratum gets up
    to an eighth of an even share for certain and its proportional part of the rest. Inside a stratum rows come in a
    fixed shuffled order, so the same question has the same answer.
    """
    rows = np.arange(len(stratum)) if among is None else np.asarray(among, np.int64)
    if len(rows) <= budget:
        return np.sort(rows)
    strata = np.asarray(stratum)[rows]
    kinds = np.unique(strata)
    kind = np.searchsorted(kinds, strata).astype(np.min_scalar_type(len(kinds)))  # few bytes: these are sorted in one pass
    counts = np.bincount(kind, minlength=len(kinds))
    take, shuffled = allocate(counts, budget), _shuffled(rows, len(stratum), seed)
    order = shuffled[np.argsort(kind[shuffled], kind="stable")]
    place = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(rows[order[place < take[kind[order]]]])


def _shuffled(rows: Rows, count: int, seed: int) -> Rows:
    """Places in `rows`, of 0 … count − 1, in the order that a shuffle of all `count` gives them."""
    order, place = np.empty(count, np.int64), np.full(count, -1)
    order[np.random.default_rng(seed).permutation(count)] = np.arange(count)
    place[rows] = np.arange(len(rows))
    shuffled: Rows = place[order]
    return shuffled[shuffled >= 0]


def allocate(counts: NDArray[np.integer], budget: int) -> NDArray[np.int64]:
    """How many of each stratum to take: at most its count, `budget` in all (or everything, when that is less).

    >>> allocate(np.array([900, 90, 10]), 100).tolist()
    [84, 12, 4]
    """
    if counts.sum() <= budget:
        return counts.astype(np.int64)
    sure = np.minimum(counts, budget // (8 * len(counts)))
    left, room = counts.astype(np.int64) - sure, budget - int(sure.sum())
    exact = room * left / left.sum()
    take = np.floor(exact).astype(np.int64)
    short = room - int(take.sum())
    most_cut = np.lexsort((np.arange(len(counts)), take - exact))
    take[most_cut[:short]] += 1
    total: NDArray[np.int64] = sure + take
    return total

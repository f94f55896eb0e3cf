"""Rank metrics per query, from scores and relevance: precision, recall, hit rate and average precision.

Conventions, for all of them:
- Higher scores come first; equal scores are ranked by position in the pool (lower first), so a result never depends on
  the order in which a sort happens to visit them. Scores are compared as float32.
- A score of −inf means "not in this query's pool" (the query itself): never ranked, never relevant.
- k larger than the pool means the whole pool, also in the denominator of precision.
- A query without a relevant item has no value: NaN. `mean_of` leaves it out and the caller counts it.
- Ranks decide, never the sign of a score (torchmetrics' retrieval counts scores <= 0 as misses).
- A ranking may stop at a depth: what lies deeper has no order, and a metric that asks for it raises.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypviz.errors import DataError

Values = NDArray[np.float64]
_POSITION = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, eq=False)
class Order:
    """Pools in ranked order. position: (b, d) int64 column of the pool at each of the first d ranks; items outside the
    query's pool come last.  pool: (b,) int64 how many items are inside it.  outside: (query, column) of those that are
    not, two arrays of one length."""

    position: NDArray[np.int64]
    pool: NDArray[np.int64]
    outside: tuple[NDArray[np.int64], NDArray[np.int64]]

    def hits(self, relevant: NDArray[np.bool_]) -> Hits:
        """The relevance (b, N), given per pool column, in ranked order."""
        relevant = np.asarray(relevant, bool)
        query, column = self.outside
        total = np.count_nonzero(relevant, axis=1) - np.bincount(query[relevant[query, column]], minlength=len(relevant))
        flags = np.take_along_axis(relevant, self.position, axis=1)
        flags &= np.arange(flags.shape[1]) < self.pool[:, None]
        cumulative = np.zeros((len(flags), flags.shape[1] + 1), np.int32)
        np.cumsum(flags, axis=1, dtype=np.int32, out=cumulative[:, 1:])
        return Hits(flags, cumulative, self.pool, total)


@dataclass(frozen=True, eq=False)
class Hits:
    """Relevance in ranked order. flags: (b, d) bool.  cumulative: (b, d + 1) int32 relevant items among the first k.
    pool: (b,) int64 size of each query's pool.  relevant: (b,) int64 relevant items in it, ranked or deeper."""

    flags: NDArray[np.bool_]
    cumulative: NDArray[np.int32]
    pool: NDArray[np.int64]
    relevant: NDArray[np.int64]


def rank(scores: ArrayLike, depth: int | None = None) -> Order:
    """Rank (b, N) scores, best first, ties by position; DataError when a score is NaN.

    depth: only the first `depth` ranks are put in order, which is quicker; None takes all.

    >>> rank([[0.5, 0.9, 0.5]]).position.tolist()
    [[1, 0, 2]]
    >>> rank([[0.5, 0.9, 0.5]], depth=2).position.tolist()
    [[1, 0]]
    """
    # Adding 0 turns −0 into 0, which has another bit pattern but is the same score.
    values = np.ascontiguousarray(scores, dtype=np.float32) + np.float32(0)
    if np.isnan(values).any():
        raise DataError("A score is NaN: the embedding holds directions that are not finite numbers.")
    whole = depth is None or depth >= values.shape[1]
    query, column = np.divmod(np.flatnonzero(values == -np.inf), max(values.shape[1], 1))
    pool = values.shape[1] - np.bincount(query, minlength=len(values))
    return Order(_sorted(values) if whole else _first(values, int(depth or 0)), pool, (query, column))


def _sorted(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """(b, N) columns in the order of falling values, ties by column."""
    # The bits of a float ascend with its value once negative ones are inverted; ~ puts the best score first.
    bits = values.view(np.uint32)
    negative = (values.view(np.int32) >> 31).view(np.uint32)
    # One unique integer per pair of score and position: a fast unstable sort gives a stable order.
    keys = (~(bits ^ (negative | np.uint32(0x80000000)))).astype(np.uint64)
    keys <<= np.uint64(32)
    keys |= np.arange(values.shape[1], dtype=np.uint64)
    keys.sort(axis=1)
    keys &= _POSITION
    return keys.view(np.int64)


def _first(values: NDArray[np.float32], depth: int) -> NDArray[np.int64]:
    """(b, depth) head of `_sorted`, depth < N: only what reaches the value of the last place is put in order."""
    width = values.shape[1]
    last = np.partition(values, width - depth, axis=1)[:, width - depth, None]
    query, column = np.divmod(np.flatnonzero(values >= last), width)
    order = np.lexsort((column, -values[query, column], query))
    start = np.searchsorted(query, np.arange(len(values)))
    head: NDArray[np.int64] = column[order[start[:, None] + np.arange(depth)]]
    return head


def rank_hits(scores: ArrayLike, relevant: ArrayLike) -> Hits:
    """Rank and look up the relevance in one call; both (b, N)."""
    return rank(scores).hits(np.asarray(relevant, bool))


def precision_at_k(hits: Hits, k: ArrayLike) -> Values:
    """Share of relevant items among the first k, (b,); k one number or one per query.

    >>> precision_at_k(rank_hits([[3, 2, 1]], [[True, False, True]]), 2).tolist()
    [0.5]
    """
    depth = _depth(hits, k)
    return _where_relevant(hits, _relevant_within(hits, depth) / np.maximum(depth, 1))


def recall_at_k(hits: Hits, k: ArrayLike) -> Values:
    """Share of the relevant items that are among the first k, (b,); k one number or one per query."""
    return _where_relevant(hits, _relevant_within(hits, _depth(hits, k)) / np.maximum(hits.relevant, 1))


def hit_rate_at_k(hits: Hits, k: ArrayLike) -> Values:
    """1.0 where at least one relevant item is among the first k, (b,)."""
    return _where_relevant(hits, (_relevant_within(hits, _depth(hits, k)) > 0).astype(float))


def average_precision(hits: Hits) -> Values:
    """Mean over the relevant items of the precision at their rank, (b,).

    >>> average_precision(rank_hits([[3, 2, 1]], [[True, False, True]])).round(4).tolist()
    [0.8333]
    """
    _ranked_to(hits, hits.pool)
    at_rank = hits.cumulative[:, 1:] / np.arange(1, hits.cumulative.shape[1])
    total = at_rank.sum(axis=1, where=hits.flags)
    return _where_relevant(hits, total / np.maximum(hits.relevant, 1))


def mean_of(values: ArrayLike) -> float:
    """Mean of the values that are not NaN; NaN when there is none."""
    array = np.asarray(values, float)
    defined = array[~np.isnan(array)]
    return float(defined.mean()) if len(defined) else float("nan")


def _depth(hits: Hits, k: ArrayLike) -> NDArray[np.int64]:
    """k per query, cut to the pool; DataError when it is below 1 for a query that has something to find."""
    depth = np.broadcast_to(np.asarray(k, np.int64), hits.pool.shape)
    if (depth[hits.relevant > 0] < 1).any():
        raise DataError(f"k must be at least 1, got {int(depth.min())}.")
    depth = np.minimum(depth, hits.pool)
    _ranked_to(hits, depth)
    return depth


def _ranked_to(hits: Hits, depth: NDArray[np.int64]) -> None:
    """DataError where a query with something to find is not ranked as deep as that."""
    if (depth[hits.relevant > 0] > hits.flags.shape[1]).any():
        raise DataError(f"The metric looks at {int(depth.max())} ranks, but only {hits.flags.shape[1]} were put in order: rank deeper.")


def _relevant_within(hits: Hits, depth: NDArray[np.int64]) -> NDArray[np.int32]:
    # Queries without a relevant item may ask for any depth: they have no value.
    return hits.cumulative[np.arange(len(depth)), np.clip(depth, 0, hits.flags.shape[1])]


def _where_relevant(hits: Hits, values: NDArray[np.floating]) -> Values:
    return np.where(hits.relevant > 0, values, np.nan)

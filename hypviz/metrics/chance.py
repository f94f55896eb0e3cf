"""What each metric is worth by luck: its expectation when the pool is ranked at random (docs/metrics.md).

n: size of a query's pool; R: how many of it are relevant; k: how many ranks are looked at, at most n. All are counts per
query, so pools of any sizes mix; as in `ranking`, a query without a relevant item has no value (NaN). The first k of a
random ranking are k items drawn without repetition, so counts among them are hypergeometric.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypviz.errors import DataError

Values = NDArray[np.float64]
Counts = NDArray[np.int64]
CELLS = 1 << 20
"""Probabilities held at once."""
WIDE = 10.0
"""Standard deviation from which on a count is taken as normal with its skewness; the error is below 0.1 % of the deviation."""


def chance_precision(pool: ArrayLike, relevant: ArrayLike) -> Values:
    """Expected precision at any depth, R / n.

    >>> chance_precision([4], [1]).tolist()
    [0.25]
    """
    n, r = _counts(pool, relevant)
    return _where_relevant(r, r / np.maximum(n, 1))


def chance_recall(pool: ArrayLike, relevant: ArrayLike, k: ArrayLike) -> Values:
    """Expected recall among the first k, k / n.

    >>> chance_recall([4], [1], 3).tolist()
    [0.75]
    """
    n, r, depth = _counts(pool, relevant, k)
    return _where_relevant(r, np.minimum(depth, n) / np.maximum(n, 1))


def chance_hit_rate(pool: ArrayLike, relevant: ArrayLike, k: ArrayLike) -> Values:
    """Probability that a relevant item is among the first k, 1 − C(n − R, k) / C(n, k).

    >>> chance_hit_rate([4], [2], 2).round(4).tolist()
    [0.8333]
    """
    n, r, depth = _counts(pool, relevant, k)
    return _where_relevant(r, chance_of_any(n, r, depth))


def chance_average_precision(pool: ArrayLike, relevant: ArrayLike) -> Values:
    """Expected average precision, (H + (R − 1) (n − H) / (n − 1)) / n with H = 1 + 1/2 + … + 1/n.

    The item at rank i is relevant with probability R / n, and each of the i − 1 before it then with (R − 1) / (n − 1).

    >>> chance_average_precision([2], [1]).tolist()
    [0.75]
    """
    n, r = _counts(pool, relevant)
    harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, max(int(n.max(initial=0)), 1) + 1))])[n]
    return _where_relevant(r, (harmonic + (r - 1) * (n - harmonic) / np.maximum(n - 1, 1)) / np.maximum(n, 1))


def chance_of_any(pool: ArrayLike, marked: ArrayLike, k: ArrayLike) -> Values:
    """Probability that one of the marked items is among the first k; 0 where none is marked. The arguments broadcast."""
    n, m, depth = _counts(pool, marked, k)
    depth = np.minimum(depth, n)
    rest = n - m
    table = _log_factorials(int(n.max(initial=0)))
    missed = np.exp(table[rest] - table[np.maximum(rest - depth, 0)] - table[n] + table[n - depth])
    return np.where(depth > rest, 1.0, 1.0 - missed) * (m > 0)


def chance_label_distances(reference: ArrayLike, pool: ArrayLike, k: ArrayLike) -> tuple[Values, Values]:
    """Expected optimal transport and total variation, (b,) each, of label histograms `reference` (b, C) and the first k.

    pool: (b, C) or (C,), how many of each class are in the pool.  k: one number or one per query. Both distances are sums
    over classes of |reference share − drawn share|, cumulated for OT, so the expectation is exact: each count drawn, and each
    cumulated one, is hypergeometric. NaN where a histogram or the pool is empty.
    """
    h = np.asarray(reference, float)
    counts = np.broadcast_to(np.asarray(pool, np.int64), h.shape)
    size, total = counts.sum(axis=1), h.sum(axis=1)
    depth = np.minimum(np.broadcast_to(np.asarray(k, np.int64), size.shape), size)
    empty = (total <= 0) | (depth < 1)
    share = h / np.where(empty, 1, total)[:, None]
    drawn = np.where(empty, 1, depth)[:, None]
    expectations = []
    for marked, target, scale in ((np.cumsum(counts, axis=1), np.cumsum(share, axis=1), 1.0), (counts, share, 0.5)):
        apart = mean_deviation(size[:, None], marked, depth[:, None], target * depth[:, None])
        expectations.append(np.where(empty, np.nan, scale * apart.sum(axis=1) / drawn[:, 0]))
    return expectations[0], expectations[1]


def mean_deviation(pool: ArrayLike, marked: ArrayLike, k: ArrayLike, target: ArrayLike) -> Values:
    """E|X − target| of the number X of marked items among k drawn from the pool; the arguments broadcast."""
    n, m, depth, aim = np.broadcast_arrays(*_counts(pool, marked, k), np.asarray(target, float))
    shape = n.shape
    cases, place = np.unique(np.stack([n.ravel(), m.ravel(), depth.ravel(), aim.ravel()]), axis=1, return_inverse=True)
    n, m, depth, aim = cases
    mean = depth * m / np.maximum(n, 1)
    variance = mean * (n - m) / np.maximum(n, 1) * (n - depth) / np.maximum(n - 1, 1)
    low, high = np.maximum(0, depth + m - n), np.minimum(depth, m)
    deviation = np.abs(mean - aim)  # exact where the target lies outside the support
    between = (aim > low) & (aim < high)
    wide = between & (variance >= WIDE**2)
    deviation[wide] = _normal_deviation(*(array[wide] for array in (n, m, depth, aim, mean, variance)))
    narrow = np.flatnonzero(between & ~wide)
    reach = np.ceil(10 * np.sqrt(variance[narrow])) + 10
    first, last = np.maximum(low[narrow], np.floor(mean[narrow] - reach)), np.minimum(high[narrow], np.ceil(mean[narrow] + reach))
    height = max(1, CELLS // max(int((last - first).max(initial=0)) + 1, 1))
    table = _log_factorials(int(n.max(initial=0)))
    for start in range(0, len(narrow), height):
        block = slice(start, start + height)
        rows = narrow[block]
        deviation[rows] = _summed_deviation(n[rows], m[rows], depth[rows], aim[rows], first[block], last[block], table)
    result: Values = deviation[place.ravel()].reshape(shape)
    return result


def _summed_deviation(n: Values, m: Values, k: Values, aim: Values, first: Values, last: Values, table: Values) -> Values:
    """E|X − aim|, summed over the counts from first to last."""
    count = first[:, None] + np.arange(int((last - first).max()) + 1)
    inside = count <= last[:, None]
    count = np.minimum(count, last[:, None])

    def choose(top: Values, bottom: Values) -> Values:
        chosen: Values = table[top.astype(np.int64)] - table[bottom.astype(np.int64)] - table[(top - bottom).astype(np.int64)]
        return chosen

    marked, size, depth = m[:, None], n[:, None], k[:, None]
    log_weight = choose(marked, count) + choose(size - marked, depth - count) - choose(size, depth)
    summed: Values = np.einsum("ij,ij->i", np.exp(log_weight) * inside, np.abs(count - aim[:, None]))
    return summed


def _normal_deviation(n: Values, m: Values, k: Values, aim: Values, mean: Values, variance: Values) -> Values:
    """E|X − aim| of a normal variable, with the first Edgeworth term for its skewness."""
    deviation = np.sqrt(variance)
    z = (aim - mean) / deviation
    skew = (n - 2 * m) * np.sqrt(n - 1) * (n - 2 * k) / (np.sqrt(k * m * (n - m) * (n - k)) * (n - 2))
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    erf = np.array([math.erf(value) for value in (z / math.sqrt(2)).tolist()])
    expected: Values = deviation * (2 * density + z * erf + skew / 3 * z * density)
    return expected


def _log_factorials(largest: int) -> Values:
    """(largest + 1,) log 0!, log 1!, …"""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, largest + 1)))])


def _counts(*arrays: ArrayLike) -> tuple[Counts, ...]:
    """The counts broadcast; DataError where more are relevant than there are, or k is below 1 with something to find."""
    counts = np.broadcast_arrays(*(np.asarray(array, np.int64) for array in arrays))
    if (counts[1] > counts[0]).any() or min(int(array.min(initial=0)) for array in counts[:2]) < 0:
        raise DataError("A pool cannot hold fewer items than are relevant in it, nor a negative number.")
    if len(counts) > 2 and (counts[2][counts[1] > 0] < 1).any():
        raise DataError(f"k must be at least 1, got {int(counts[2].min())}.")
    return tuple(np.array(array) for array in counts)


def _where_relevant(relevant: Counts, values: Values) -> Values:
    return np.where(relevant > 0, values, np.nan)

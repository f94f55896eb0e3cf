"""Distances between label distributions, order of radii, and bootstrap intervals.

scipy.stats takes a second to import, so the function that needs it loads it itself.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from hypviz.errors import DataError

Values = NDArray[np.float64]
DRAWS = 1 << 17
"""Groups drawn at once by the bootstrap."""


def optimal_transport(reference: ArrayLike, retrieved: ArrayLike) -> float:
    """1-D Wasserstein distance between two label histograms (C,), each normalised; in class steps, >= 0, 0 is best.

    As in Wang et al. (ICCV 2025); the axis is the class index, in alphabetical order of the names [R], so the value
    depends on that order: print `total_variation` beside it. NaN when either histogram is empty.

    >>> optimal_transport([1, 0, 0], [0, 0, 2])
    2.0
    """
    return float(label_distances(np.asarray(reference)[None], np.asarray(retrieved)[None])[0][0])


def total_variation(reference: ArrayLike, retrieved: ArrayLike) -> float:
    """Half the L1 distance of two normalised label histograms (C,), in [0, 1]: the order-free twin of OT.

    >>> total_variation([1, 1], [2, 0])
    0.5
    """
    return float(label_distances(np.asarray(reference)[None], np.asarray(retrieved)[None])[1][0])


def label_distances(reference: ArrayLike, retrieved: ArrayLike) -> tuple[Values, Values]:
    """(b,) `optimal_transport` and (b,) `total_variation` of histograms (b, C), row by row.

    Classes are unit steps apart, so the transport has a closed form: the area between the cumulative shares.
    """
    h, r = np.asarray(reference, float), np.asarray(retrieved, float)
    if h.shape != r.shape or h.ndim != 2:
        raise DataError(f"Label histograms must be of one length (C,), got {h.shape[1:]} and {r.shape[1:]}.")
    total = h.sum(axis=1), r.sum(axis=1)
    empty = np.minimum(*total) <= 0
    apart = h / np.where(empty, 1, total[0])[:, None] - r / np.where(empty, 1, total[1])[:, None]
    ot, tv = np.abs(np.cumsum(apart, axis=1)).sum(axis=1), np.abs(apart).sum(axis=1) / 2
    return np.where(empty, np.nan, ot), np.where(empty, np.nan, tv)


def radial_order(parent_radius: ArrayLike, child_radius: ArrayLike) -> float:
    """P(r_parent < r_child) over pairs, in [0, 1]; equal radii count as wrong, NaN without pairs."""
    parent, child = np.asarray(parent_radius), np.asarray(child_radius)
    if parent.shape != child.shape:
        raise DataError(f"{parent.shape} parent radii do not pair with {child.shape} child radii.")
    return float((parent < child).mean()) if parent.size else float("nan")


def mean_direction_norm(directions: ArrayLike) -> float:
    """Norm of the mean of unit directions (N, D), in [0, 1]: near 1 when all point one way, near 0 when they are spread;
    1/√N is the expectation (root of the mean square) of random ones. NaN without a direction.

    >>> mean_direction_norm([[1, 0], [0, 1]])
    0.7071067811865476
    """
    array = np.asarray(directions)
    return float(np.linalg.norm(array.mean(axis=0, dtype=np.float64))) if len(array) else float("nan")


def spearman(a: ArrayLike, b: ArrayLike) -> float:
    """Spearman's rank correlation in [−1, 1], ties by mean rank; NaN when either is constant or shorter than 2."""
    from scipy import stats

    first, second = np.asarray(a, float), np.asarray(b, float)
    if len(first) < 2:
        return float("nan")
    with warnings.catch_warnings():
        # Constant input has no correlation; NaN says so.
        warnings.simplefilter("ignore", stats.ConstantInputWarning)
        return float(stats.spearmanr(first, second).statistic)


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % bootstrap interval. count: values it is of; skipped: values that were NaN."""

    mean: float
    low: float
    high: float
    count: int
    skipped: int


def bootstrap_mean(values: ArrayLike, groups: ArrayLike, *, seed: int = 0, repeats: int = 1000) -> Estimate:
    """Mean of values (n,) and the 2.5 and 97.5 percentiles of the mean when whole groups (images) are drawn again.

    Values of one image are not independent, so images are resampled, not values. NaN values are left out and counted.
    The interval is NaN with fewer than two groups or `repeats` 0; the same seed gives the same interval.
    """
    array, group = np.asarray(values, float), np.asarray(groups)
    if array.shape != group.shape:
        raise DataError(f"{array.shape} values need as many groups, got {group.shape}.")
    defined = ~np.isnan(array)
    count, nan = int(defined.sum()), float("nan")
    if count == 0:
        return Estimate(nan, nan, nan, 0, len(array))
    _, member = np.unique(group[defined], return_inverse=True)
    mean = float(array[defined].mean())
    sums, sizes = np.bincount(member, weights=array[defined]).astype(np.float64), np.bincount(member)
    if len(sums) < 2 or repeats < 1:
        return Estimate(mean, nan, nan, count, len(array) - count)
    low, high = np.percentile(_resampled_means(sums, sizes, seed, repeats), [2.5, 97.5])
    return Estimate(mean, float(low), float(high), count, len(array) - count)


def interval_of_few(values: ArrayLike, groups: ArrayLike) -> tuple[float, float]:
    """95 % interval of the mean of values (n,) by Student's t over groups (images), for so few of them that resampling gives too narrow a
    one: a mean is a ratio of sums, and each group's share in its error the residual of that ratio (Cochran, Sampling Techniques, 6.3).

    NaN values are left out; NaN with fewer than two groups.
    """
    array, group = np.asarray(values, float), np.asarray(groups)
    if array.shape != group.shape:
        raise DataError(f"{array.shape} values need as many groups, got {group.shape}.")
    defined = ~np.isnan(array)
    _, member = np.unique(group[defined], return_inverse=True)
    sums, sizes = np.bincount(member, weights=array[defined]).astype(np.float64), np.bincount(member)
    count = len(sums)
    if count < 2:
        return float("nan"), float("nan")
    mean = sums.sum() / sizes.sum()
    error = float(np.sqrt((sums - mean * sizes).var(ddof=1) / count) / sizes.mean())
    half = float(stdtrit(count - 1, 0.975)) * error
    return float(mean - half), float(mean + half)


def _resampled_means(sums: Values, sizes: NDArray[np.int64], seed: int, repeats: int) -> Values:
    """(repeats,) means of n groups drawn with repetition, from the sum and the size (n,) of each."""
    rng, count = np.random.default_rng(seed), len(sums)
    at_once = max(1, DRAWS // count)
    means = [_means_of(rng.integers(count, size=(min(at_once, repeats - done), count)), sums, sizes) for done in range(0, repeats, at_once)]
    return np.concatenate(means)


def _means_of(drawn: NDArray[np.int64], sums: Values, sizes: NDArray[np.int64]) -> Values:
    """(b,) mean of the values of the groups (b, n) that were drawn."""
    repeats, count = drawn.shape
    place = drawn + count * np.arange(repeats)[:, None]
    times = np.bincount(place.ravel(), minlength=repeats * count).reshape(repeats, count).astype(float)
    means: Values = times @ sums / (times @ sizes.astype(float))
    return means

"""Distances between label distributions, order of radii, and bootstrap intervals.

scipy.stats takes a second to import, so the two functions that need it load it themselves.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hypviz.errors import DataError


def optimal_transport(wanted: ArrayLike, retrieved: ArrayLike) -> float:
    """1-D Wasserstein distance between two label histograms (C,), each normalised; in class steps, >= 0, 0 is best.

    As in Wang et al. (ICCV 2025); the axis is the class index, in alphabetical order of the names [R], so the value
    depends on that order: print `total_variation` beside it. NaN when either histogram is empty.

    >>> optimal_transport([1, 0, 0], [0, 0, 2])
    2.0
    """
    from scipy import stats

    h, r = _histograms(wanted, retrieved)
    if not (h.sum() > 0 and r.sum() > 0):
        return float("nan")
    axis = np.arange(len(h))
    return float(stats.wasserstein_distance(axis, axis, h, r))


def total_variation(wanted: ArrayLike, retrieved: ArrayLike) -> float:
    """Half the L1 distance of two normalised label histograms (C,), in [0, 1]: the order-free twin of OT.

    >>> total_variation([1, 1], [2, 0])
    0.5
    """
    h, r = _histograms(wanted, retrieved)
    if not (h.sum() > 0 and r.sum() > 0):
        return float("nan")
    return float(np.abs(h / h.sum() - r / r.sum()).sum() / 2)


def radial_order(parent_radius: ArrayLike, child_radius: ArrayLike) -> float:
    """P(r_parent < r_child) over pairs, in [0, 1]; equal radii count as wrong, NaN without pairs."""
    parent, child = np.asarray(parent_radius), np.asarray(child_radius)
    if parent.shape != child.shape:
        raise DataError(f"{parent.shape} parent radii do not pair with {child.shape} child radii.")
    return float((parent < child).mean()) if parent.size else float("nan")


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
    kept = ~np.isnan(array)
    count, nan = int(kept.sum()), float("nan")
    if count == 0:
        return Estimate(nan, nan, nan, 0, len(array))
    _, member = np.unique(group[kept], return_inverse=True)
    mean = float(array[kept].mean())
    sums, sizes = np.bincount(member, weights=array[kept]), np.bincount(member)
    if len(sums) < 2 or repeats < 1:
        return Estimate(mean, nan, nan, count, len(array) - count)
    rng = np.random.default_rng(seed)
    means = np.empty(repeats)
    for repeat in range(repeats):
        drawn = np.bincount(rng.integers(len(sums), size=len(sums)), minlength=len(sums))
        means[repeat] = drawn @ sums / (drawn @ sizes)
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(mean, float(low), float(high), count, len(array) - count)


def _histograms(wanted: ArrayLike, retrieved: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    h, r = np.asarray(wanted, float), np.asarray(retrieved, float)
    if h.shape != r.shape or h.ndim != 1:
        raise DataError(f"Label histograms must be of one length (C,), got {h.shape} and {r.shape}.")
    return h, r

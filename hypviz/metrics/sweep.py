"""Precision and recall over a sweep of the threshold on an angle (Wang et al. 2025, Fig. 4), in constant memory.

Decisions (query, candidate) stream into a histogram; the curve over all of them comes from its sums. "Positive" means
angle <= threshold, with the thresholds at the bin edges: the curve is exact at these, nothing is interpolated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypviz.errors import DataError, SettingsError

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Curve:
    """threshold, precision, recall: (n,) float64, thresholds ascending. precision is NaN where nothing is retrieved."""

    threshold: Values
    precision: Values
    recall: Values

    @property
    def f1(self) -> Values:
        """(n,) harmonic mean of precision and recall, 0 where either is 0 or missing."""
        precision = np.nan_to_num(self.precision)
        both = precision + self.recall
        return np.divide(2 * precision * self.recall, both, out=np.zeros_like(both), where=both > 0)

    def thin(self, points: int) -> Curve:
        """At most `points` of the thresholds, chosen evenly along the recall axis."""
        targets = np.linspace(0, self.recall[-1], points)
        keep = np.unique(np.minimum(np.searchsorted(self.recall, targets), len(self.recall) - 1))
        return Curve(self.threshold[keep], self.precision[keep], self.recall[keep])


class ThresholdSweep:
    """Histogram accumulator of decisions. Angles lie in [0, high]; resolution high / bins (0.04° at the defaults)."""

    def __init__(self, high: float = float(np.pi), *, bins: int = 4096) -> None:
        if not (high > 0 and bins >= 1):
            raise SettingsError(f"A sweep needs high > 0 and bins >= 1, got {high} and {bins}.")
        self._high, self._bins = float(high), int(bins)
        self._counts = np.zeros((2, self._bins), np.int64)

    def add(self, angle: ArrayLike, relevant: ArrayLike) -> None:
        """Count decisions; arrays of one shape. Non-finite angles (a query's own column) are left out."""
        values, flags = np.asarray(angle), np.asarray(relevant, bool)
        if values.shape != flags.shape:
            raise DataError(f"angle has shape {values.shape}, relevant {flags.shape}; they must agree.")
        self.count(self.columns(values), flags)

    def columns(self, angle: NDArray[np.floating]) -> NDArray[np.int32]:
        """The bin of each angle, to `count` the same angles under several readings of "relevant"."""
        # An angle at an edge belongs to the bin that ends there, because positive means angle <= threshold.
        # The bin of a non-finite value is the spare one after the last, of an angle beyond `high` the last.
        scaled = np.ceil(angle * (self._bins / self._high)) - 1
        return np.where(np.isfinite(scaled), np.clip(scaled, 0, self._bins - 1), self._bins).astype(np.int32)

    def count(self, columns: NDArray[np.int32], relevant: NDArray[np.bool_]) -> None:
        """Count decisions whose bins are known."""
        width = self._bins + 1
        places = (columns + relevant * np.int32(width)).ravel()
        self._counts += np.bincount(places, minlength=2 * width).reshape(2, width)[:, : self._bins]

    def curve(self) -> Curve:
        """Precision and recall of all decisions so far, at every threshold."""
        negative, positive = np.cumsum(self._counts, axis=1)
        retrieved = positive + negative
        precision: Values = np.divide(positive, retrieved, out=np.full(self._bins, np.nan), where=retrieved > 0)
        recall = (positive / max(int(positive[-1]), 1)).astype(np.float64)
        threshold = np.linspace(0.0, self._high, self._bins + 1)[1:]
        return Curve(threshold, precision, recall)

    def base_rate(self) -> float:
        """Share of the decisions that are relevant, the precision of a random ranking at any threshold; NaN without one."""
        negative, positive = self._counts.sum(axis=1)
        return float(positive / (positive + negative)) if positive + negative else float("nan")

    def auc(self) -> float:
        """Area under the ROC curve: the probability that a relevant decision has a smaller angle than another one, those
        of one bin counted half; 0.5 by chance, NaN where all or none are relevant."""
        negative, positive = self._counts.astype(float)
        pairs = positive.sum() * negative.sum()
        farther = negative.sum() - np.cumsum(negative)
        return float((positive * (farther + negative / 2)).sum() / pairs) if pairs else float("nan")

    def average_precision(self, *, balanced: bool = False) -> float:
        """Mean over the relevant decisions of the precision at their threshold, decisions of one bin together; its chance
        is the base rate. NaN when nothing was relevant.

        balanced: both kinds of decision weigh the same in the precision, so that their numbers do not matter and chance is
        one half; NaN when there is one kind alone.
        """
        negative, positive = self._counts.astype(float)
        if not positive.any() or (balanced and not negative.any()):
            return float("nan")
        if balanced:
            negative, positive = negative / negative.sum(), positive / positive.sum()
        true_positives = np.cumsum(positive)
        retrieved = true_positives + np.cumsum(negative)
        precision = np.divide(true_positives, retrieved, out=np.zeros_like(true_positives), where=retrieved > 0)
        return float((precision * positive).sum() / positive.sum())

    def best(self) -> tuple[float, float]:
        """(threshold, F1) of the largest F1, the smallest such threshold; (NaN, NaN) when nothing was relevant."""
        if not self._counts[1].any():
            return float("nan"), float("nan")
        curve = self.curve()
        place = int(np.argmax(curve.f1))
        return float(curve.threshold[place]), float(curve.f1[place])


def precision_recall_curve(angle: ArrayLike, relevant: ArrayLike, *, high: float = float(np.pi), bins: int = 4096) -> Curve:
    """The curve of decisions that fit in memory; `ThresholdSweep` for those that do not."""
    sweep = ThresholdSweep(high, bins=bins)
    sweep.add(angle, relevant)
    return sweep.curve()


def best_threshold(angle: ArrayLike, relevant: ArrayLike, *, high: float = float(np.pi), bins: int = 4096) -> tuple[float, float]:
    """(threshold, F1): the threshold on the angle with the largest F1 over all decisions.

    >>> threshold, f1 = best_threshold([0.1, 0.2, 2.0], [True, True, False])
    >>> round(threshold, 2), f1
    (0.2, 1.0)
    """
    sweep = ThresholdSweep(high, bins=bins)
    sweep.add(angle, relevant)
    return sweep.best()

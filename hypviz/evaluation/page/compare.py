"""Two evaluations of the same queries side by side: every number, their difference, and how sure it is.

Both sources ranked for the very same queries, so the difference is paired: per query first, then the mean, and its 95 %
interval from resampled images. That is sharper than asking whether the two intervals overlap; both are told.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz.evaluation import Evaluation, TaskResult
from hypviz.evaluation.units import lower_is_better
from hypviz.metrics import Estimate, bootstrap_mean


@dataclass(frozen=True)
class Difference:
    """One metric under both sources. change: second − first over the queries that both could answer.
    overlap: whether the two intervals share a value, None where an interval is missing.  better: 1 when the second
    is better and the interval of `change` excludes 0, −1 when it is worse, 0 when that is open.  chance: what a random
    ranking is worth to the same queries."""

    task: str
    reading: str
    score: str
    metric: str
    first: Estimate
    second: Estimate
    change: Estimate
    chance: float
    overlap: bool | None
    better: int
    lower_is_better: bool


def differences(first: Evaluation, second: Evaluation, image: NDArray[np.integer]) -> list[Difference]:
    """All metrics that both evaluations have, in the first one's order. image: (N,) image of each item."""
    others = {(r.task, r.reading, r.score): r for r in second.results}
    pairs = [(r, others.get((r.task, r.reading, r.score))) for r in first.results]
    return [
        _difference(one, two, metric, image, first.settings.bootstrap)
        for one, two in pairs
        if two is not None and np.array_equal(one.rows, two.rows)
        for metric in one.metrics
        if metric in two.metrics
    ]


def _difference(one: TaskResult, two: TaskResult, metric: str, image: NDArray[np.integer], repeats: int) -> Difference:
    a, b = one.metrics[metric], two.metrics[metric]
    change = bootstrap_mean(two.values[metric] - one.values[metric], image[one.rows], repeats=repeats)
    lower = lower_is_better(metric)
    known = all(map(math.isfinite, (a.low, a.high, b.low, b.high)))
    certain = math.isfinite(change.low) and (change.low > 0 or change.high < 0)
    sign = (1 if change.mean > 0 else -1) * (-1 if lower else 1)
    return Difference(
        one.task, one.reading, one.score, metric, a, b, change, one.chance_of(metric),
        overlap=a.low <= b.high and b.low <= a.high if known else None, better=sign if certain else 0, lower_is_better=lower,
    )  # fmt: skip

"""What a metric's number means: whether small is good, and whether it is a share or a count."""

from __future__ import annotations

import math

LOWER = ("OT", "TV", "TIE", "LCA", "hubs", "never", "mean direction")
"""Metrics of which a small value is a good one: distances of label distributions and of classes, hubs, collapse."""
NUMBERS = ("OT", "TIE", "LCA", "own boxes", "distinct classes")
"""Metrics that are no share: class steps, edges of the class tree, boxes and classes among the first."""


def lower_is_better(metric: str) -> bool:
    """Whether a small value of the metric is a good one."""
    return metric.split("@")[0] in LOWER


def direction_of(metric: str) -> str:
    """ "higher" or "lower", whichever is better, or "" where neither is: few classes can be all that there are."""
    return "" if metric.startswith("distinct classes") else "lower" if lower_is_better(metric) else "higher"


def is_share(metric: str) -> bool:
    """Whether the metric lies in [0, 1] and is printed in %."""
    return metric.split("@")[0] not in NUMBERS


def in_words(metric: str, value: float) -> str:
    """The value as tables print it: shares in % with one decimal, numbers with two, "–" for NaN."""
    if math.isnan(value):
        return "–"
    return f"{100 * value:.1f}" if is_share(metric) else f"{value:.2f}"

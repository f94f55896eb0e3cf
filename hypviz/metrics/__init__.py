"""The metrics of method.md §4 behind one door: ranks, threshold sweeps, label distributions, radii, intervals.

All of them are NumPy and SciPy, take what a stream of score blocks gives, and need no pool in memory.
"""

from hypviz.metrics.ranking import Hits, Order, average_precision, hit_rate_at_k, mean_of, precision_at_k, rank, rank_hits, recall_at_k
from hypviz.metrics.statistics import (
    Estimate,
    bootstrap_mean,
    interval_of_few,
    label_distances,
    mean_direction_norm,
    optimal_transport,
    radial_order,
    spearman,
    total_variation,
)
from hypviz.metrics.sweep import Curve, ThresholdSweep, best_threshold, precision_recall_curve

__all__ = [
    "Curve",
    "Estimate",
    "Hits",
    "Order",
    "ThresholdSweep",
    "average_precision",
    "best_threshold",
    "bootstrap_mean",
    "hit_rate_at_k",
    "interval_of_few",
    "label_distances",
    "mean_direction_norm",
    "mean_of",
    "optimal_transport",
    "precision_at_k",
    "precision_recall_curve",
    "radial_order",
    "rank",
    "rank_hits",
    "recall_at_k",
    "spearman",
    "total_variation",
]

"""The radii of an embedding: are parents nearer to the root than children, and how far out is each depth?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz import metrics
from hypviz.data.hierarchy import Hierarchy
from hypviz.data.items import Items
from hypviz.evaluation.settings import EvaluateSettings

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


@dataclass(frozen=True)
class Radii:
    """direct, ancestors: P(r_parent < r_child) over direct and over all `pairs`.  spearman: of depth and radius.
    by_depth: (depth, items, mean radius).  direct_interval, ancestors_interval: 95 % (low, high), images resampled.
    quantiles: (depth, the `QUANTILES` of its radii)."""

    direct: float
    ancestors: float
    pairs: int
    spearman: float
    by_depth: tuple[tuple[int, int, float], ...]
    direct_interval: tuple[float, float]
    ancestors_interval: tuple[float, float]
    quantiles: tuple[tuple[int, tuple[float, ...]], ...]


def measure_radii(items: Items, hierarchy: Hierarchy, radii: NDArray[np.float32], settings: EvaluateSettings) -> Radii:
    """Order of radii over pairs with intervals, Spearman(depth, radius) over items, and the radii at each depth."""
    edges, depth = hierarchy.edges, hierarchy.depth
    parent, child, image = radii[edges.parent], radii[edges.child], items.image[edges.parent]

    def interval(pairs: NDArray[np.bool_]) -> tuple[float, float]:
        right = (parent < child)[pairs].astype(float)
        estimate = metrics.bootstrap_mean(right, image[pairs], seed=settings.seed, repeats=settings.bootstrap)
        return estimate.low, estimate.high

    levels = [(int(level), radii[depth == level]) for level in np.unique(depth)]
    return Radii(
        direct=metrics.radial_order(parent[edges.direct], child[edges.direct]),
        ancestors=metrics.radial_order(parent, child),
        pairs=len(edges),
        spearman=metrics.spearman(depth, radii),
        by_depth=tuple((level, len(of), float(of.mean(dtype=np.float64))) for level, of in levels),
        direct_interval=interval(edges.direct),
        ancestors_interval=interval(np.ones(len(edges), bool)),
        quantiles=tuple((level, tuple(np.quantile(of, QUANTILES).tolist())) for level, of in levels),
    )

"""Radius by depth: the true distances to the root at every level of the hierarchy, and the items behind each number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import Hierarchy
from hypviz.errors import SelectionError

ORDERS = ("inner", "typical", "outer")
"""Which items stand for a level: nearest to the root, around the median, farthest from it."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Level:
    """One depth: how many items, and their true distances to the root: mean, extremes and `QUANTILES`."""

    depth: int
    count: int
    mean: float
    low: float
    high: float
    quantiles: tuple[float, ...]


def levels(hierarchy: Hierarchy, radii: NDArray[np.float32]) -> list[Level]:
    """All depths that have items, from the scenes down."""
    by_depth = []
    for depth in np.unique(hierarchy.depth):
        distances = radii[hierarchy.depth == depth].astype(np.float64)
        quantiles = tuple(float(value) for value in np.quantile(distances, QUANTILES))
        by_depth.append(
            Level(int(depth), len(distances), float(distances.mean()), float(distances.min()), float(distances.max()), quantiles)
        )
    return by_depth


def items_at(hierarchy: Hierarchy, radii: NDArray[np.float32], depth: int, order: str) -> NDArray[np.int64]:
    """Rows of the items at a depth, those that `order` asks for first; SelectionError when there are none."""
    rows = np.flatnonzero(hierarchy.depth == depth)
    if not len(rows) or order not in ORDERS:
        raise SelectionError(f"No items at depth {depth} in the order {order!r}; orders are {', '.join(ORDERS)}.")
    distances = radii[rows]
    key = {"inner": distances, "outer": -distances, "typical": np.abs(distances - np.median(distances))}[order]
    return rows[np.argsort(key, kind="stable")]


def ordered_pairs(hierarchy: Hierarchy, radii: NDArray[np.float32], *, direct: bool, right: bool) -> NDArray[np.int64]:
    """(n, 2) parent and child rows whose radii are in the `right` (r_parent < r_child) or the wrong order.

    direct: only pairs with nothing between. The smallest r_child − r_parent comes first: among wrong pairs the largest
    error, among right ones the closest call.
    """
    edges = hierarchy.edges
    gap = radii[edges.child] - radii[edges.parent]
    chosen = np.flatnonzero(((gap > 0) == right) & (edges.direct | (not direct)))
    chosen = chosen[np.argsort(gap[chosen], kind="stable")]
    return np.stack([edges.parent[chosen], edges.child[chosen]], axis=1).astype(np.int64)

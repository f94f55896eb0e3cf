"""Shells of radius, and how well a float32 product knows a cosine: what a search by thresholds asks of an embedding once.

**The rounding of the product.** Summed in any order, the float32 product of two vectors of D numbers is off by at most
γ|x||y| with γ = D·u / (1 − D·u), u = 2⁻²⁴ (Higham, Accuracy and Stability of Numerical Algorithms, 3.5). Where both norms lie
within δ of 1, the cosine differs from the exact product by at most 2δ + δ². So γ(1 + δ)² + 2δ + δ² is what a cosine can be off by:
8e-6 for 128 dimensions. Rows whose norm is farther off than `ODD` have a shell of their own and are always looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz.search.embedding import Embedding

COUNT = 256
"""Shells of as many items each, about. A cosine threshold then differs by little from one end of a shell to the other."""
SAMPLE = 1 << 16
"""Radii from which the limits are taken."""
ODD = 1e-3
"""|‖x‖ − 1| from which a row is no unit vector."""
BLOCK = 1 << 14


@dataclass(frozen=True, eq=False)
class Shells:
    """low, high: (m,) float64, the radii between which the items of a shell lie, both included.  of: (N,) the shell of every item; shell m
    holds the odd rows.  drift: δ of the module's derivation over all other rows."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    of: NDArray[np.intp]
    drift: float

    def rounding(self, dims: int, query_drift: float) -> float:
        """What the cosine of a query and a row that is not odd can be off by. query_drift: |‖q‖ − 1| of the query."""
        gamma = dims * 2.0**-24 / (1 - dims * 2.0**-24)
        size = (1 + self.drift) * (1 + query_drift)
        return gamma * size + size - 1


def shells_of(embedding: Embedding, limits: Sequence[float] = ()) -> Shells:
    """The shells of an embedding. limits: radii that no shell may hold on both sides, such as those between the levels of the cones."""
    radii = np.asarray(embedding.radii, np.float32)
    edges = edges_of(radii, limits)
    low, high = between(edges, float(radii.min()), float(radii.max()))
    of = np.searchsorted(edges, radii, side="right")
    drift = _drift(embedding, of, len(low))
    return Shells(low, high, of, drift)


def edges_of(radii: NDArray[np.float32], limits: Sequence[float] = (), *, count: int = COUNT) -> NDArray[np.float32]:
    """Ascending radii at which shells begin, but for the first: `count` shells of as many items each, about. limits: as `shells_of`."""
    some = radii[:: max(1, len(radii) // SAMPLE)]
    # Finer towards both ends: the best of a list by angle often are the innermost, or the outermost, of all.
    tail = 2.0 ** -np.arange(count.bit_length(), count.bit_length() + 8)
    cuts = np.quantile(some, np.concatenate([tail, np.linspace(0, 1, count + 1)[1:-1], 1 - tail])).astype(np.float32)
    # Items at the very root are a shell of their own, for angles jump there; the next one begins where there are items.
    innermost = np.min(radii, where=radii > 0, initial=np.inf)
    ends = np.array([np.nextafter(np.float32(0), np.float32(1)), innermost], np.float32)
    edges = np.unique(np.concatenate([cuts, np.asarray(limits, np.float32), ends]))
    sound: NDArray[np.float32] = edges[(edges > 0) & np.isfinite(edges)]
    return sound


def between(edges: NDArray[np.float32], smallest: float, largest: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(m,) low and high of the shells that begin at `edges`, ascending; smallest, largest: of all radii."""
    low = np.concatenate([[smallest], edges]).astype(np.float64)
    high = np.concatenate([np.nextafter(edges, np.float32(-1)), [largest]]).astype(np.float64)
    return low, np.maximum(low, high)


def _drift(embedding: Embedding, of: NDArray[np.intp], odd: int) -> float:
    """δ over the rows; those that are odd are moved to the shell `odd`, in place."""
    most = 0.0
    dims = embedding.directions.shape[1]
    for start in range(0, len(embedding), BLOCK):
        rows = np.asarray(embedding.directions[start : start + BLOCK], np.float32)
        off = np.abs(np.sqrt(np.vecdot(rows, rows)) - 1)
        usual = off <= ODD
        of[start : start + BLOCK][~usual] = odd
        most = max(most, float(off.max(where=usual, initial=0.0)))
    # The norm itself is known to γ/2 and the rounding of the root.
    return float(most + dims * 2.0**-24)

"""What a list that is not read can hold: angles from its centroid, and codes from their errors. All of it is proof, no estimate.

**Lists.** Angles between directions are a metric on the sphere. All items y of a list lie between the angles α and β from its centroid m,
so for a query u with the angle θ to m

    max(θ − β, α − θ, 0)  <=  θ(u, y)  <=  min(θ + β, 2π − θ − α, π).

α and β are measured in float64 when the list is made. θ comes from a float32 product that can be off by ε, so it lies between
arccos(cos θ + ε) and arccos(cos θ − ε), and the ends above are taken at the worse of the two. By `search.regions` a value of at most v
at a radius in the shells of the list needs cos θ(u, y) >= near or <= far. A list whose angles meet neither holds no such item.

**Codes.** A code stands for the direction x̃ = m + r̃, and x − x̃ is no longer than e for every item with a code (measured, in float64, when
it is coded; items beyond e have none and are always decided exactly). So q·x and q·x̃ differ by at most |q| e (Cauchy–Schwarz). FAISS
sums in float32: with γ of `search.shells` for D + 8 terms, and R the vector of the largest numbers that a residual's code can stand
for, it is off by at most γ |q| (|m| + |R|), the rounding of the decoding included. Norms within δ of 1 add what they add there.

So an item outside a shortlist is either in a list that was not read and cannot hold it, or has a code that is too far off: when both are
true for the value of the k-th answer, the k answers are the k best of all items, ties included.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz.search.regions import SLACK, Doubles
from hypviz.search.scoring import Floats
from hypviz.search.tables import BEYOND, Mask

FARTHER = 1e-6
"""Radians by which α and β are moved apart when they are stored: more than arccos is off by in float64, and float32 by."""


def gamma(terms: int) -> float:
    """What a float32 sum of so many products can be off by, relative to the norms (Higham, Accuracy and Stability, 3.5)."""
    return terms * 2.0**-24 / (1 - terms * 2.0**-24)


def code_margin(dims: int, *, error: float, reach: float, drift: float, query_drift: float) -> float:
    """What a cosine from a code can be off by.  error, reach: e and |R| of the module's derivation.  drift, query_drift: δ of items, of the
    query."""
    longest = 1 + query_drift
    return longest * error + gamma(dims + 8) * longest * (1 + FARTHER + reach) + (1 + drift) * longest - 1 + SLACK


@dataclass(frozen=True, eq=False)
class Spread:
    """inner, outer: (L,) float64, α and β of every list, radians."""

    inner: Doubles
    outer: Doubles

    def angles(self, cosine: Floats, margin: float) -> tuple[Doubles, Doubles]:
        """(L,) smallest and largest angle that an item of each list can have with a query.  cosine: (L,) of query and centroids, off by
        at most `margin`."""
        exact = cosine.astype(np.float64)
        low, high = (np.arccos(np.clip(end, -1.0, 1.0)) for end in (exact + margin, exact - margin))
        smallest = np.maximum(np.maximum(low - self.outer, self.inner - high), 0.0)
        return smallest, np.minimum(np.minimum(high + self.outer, 2 * math.pi - low - self.inner), math.pi)


def can_hold(smallest: Doubles, largest: Doubles, near: Doubles, far: Doubles) -> Mask:
    """(L,) whether an item with an angle from `smallest` to `largest` can have a cosine >= near or <= far; all (L,)."""
    reaches = (near <= BEYOND) & (smallest <= np.arccos(np.clip(near - SLACK, -1.0, 1.0)))
    return reaches | ((far >= -BEYOND) & (largest >= np.arccos(np.clip(far + SLACK, -1.0, 1.0))))


def depth(cosine: Floats, near: Doubles, far: Doubles) -> Doubles:
    """(L,) how far beyond the region a centroid lies, radians: the smaller the more its list holds of what is wanted, as a rule."""
    theta = np.arccos(np.clip(cosine.astype(np.float64), -1.0, 1.0))
    ahead = np.where(near <= BEYOND, theta - np.arccos(np.clip(near, -1.0, 1.0)), np.inf)
    behind = np.where(far >= -BEYOND, np.arccos(np.clip(far, -1.0, 1.0)) - theta, np.inf)
    return np.minimum(ahead, behind)


def over_spans(values: Doubles, first: NDArray[np.intp], last: NDArray[np.intp], *, largest: bool) -> Doubles:
    """(L,) largest or smallest of values[first … last], both included; values: (m,). Two overlapping stretches of a power of two each."""
    better = np.maximum if largest else np.minimum
    levels = [values]
    for level in range(int((last - first).max(initial=0) + 1).bit_length() - 1):
        step = 1 << level
        levels.append(np.concatenate([better(levels[-1][:-step], levels[-1][step:]), levels[-1][-step:]]))
    table = np.stack(levels)  # (level, start): of 2^level values
    level = np.frexp(last - first + 1)[1] - 1
    spans: Doubles = better(table[level, first], table[level, last + 1 - (1 << level)])
    return spans

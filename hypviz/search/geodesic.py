"""The nearest item at each point of a geodesic through the root, without a distance per item and point.

On the ray at the angle θ from an item, the distance d of the item to the point at radius r grows with a product of two
terms, one of the point and one of the item:

    hyperbolic  cosh d = cosh r cosh s − sinh r · sinh s cos θ      (law of cosines, s the item's radius, κ = −1)
    euclidean   d² − r² = s² − 2 r · s cos θ
    cosine      −cos θ, the same everywhere on the ray

The difference of two items is, over cosh r, linear in tanh r (or in r). So an item that is nearest at two points is nearest
at all points between them, and bisection finds every nearest item in a few passes instead of one for each point.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hypviz.search.embedding import Embedding
from hypviz.search.scoring import Floats

Doubles = NDArray[np.float64]
FARTHEST = 700.0
"""√c·r of what lies beyond, whose cosh is no float64."""


def along(radii: Doubles, space: Embedding) -> Doubles:
    """(S, 2) terms of the points at `radii` (S,) of one ray; float64, where the cancellation stays far below the cosines' rounding.

    Hyperbolic ones are over cosh r, which is the same for all items: cosh r · cosh s of two points far out is no number.
    """
    if space.geometry == "hyperbolic":
        return np.stack([np.ones_like(radii), -np.tanh(math.sqrt(space.curv) * radii)], axis=1)
    return np.stack([np.ones_like(radii), -2 * radii], axis=1)


def across(cosine: Floats, radii: Floats, space: Embedding) -> Doubles:
    """(2, n) terms of items at the angles θ from that ray: cosine (n,), radii (n,)."""
    s, turned = radii.astype(np.float64), np.clip(cosine, -1.0, 1.0).astype(np.float64)
    if space.geometry == "hyperbolic":
        s = np.minimum(s * math.sqrt(space.curv), FARTHEST)
        return np.stack([np.cosh(s), np.sinh(s) * turned])
    if space.geometry == "cosine":
        return np.stack([-turned, np.zeros_like(turned)])
    return np.stack([s * s, s * turned])


def nearest_on_way(way: Doubles, items: Doubles) -> tuple[NDArray[np.int64], Doubles]:
    """For each point of a way the nearest item, the first of equals: (S,) columns of `items` and (S,) values `way @ items`.

    way: (S, 2) of `along`, its radii in order, S >= 2.  items: (2, n) of `across`.
    """
    near = np.empty(len(way), np.int64)

    def look(point: int) -> None:
        near[point] = np.argmin(way[point, 0] * items[0] + way[point, 1] * items[1])

    spans = [(0, len(way) - 1)]
    for end in spans[0]:
        look(end)
    while spans:
        first, last = spans.pop()
        if near[first] == near[last]:
            near[first:last] = near[first]
        elif last - first > 1:
            middle = (first + last) // 2
            look(middle)
            spans += [(first, middle), (middle, last)]
    return near, way[:, 0] * items[0, near] + way[:, 1] * items[1, near]

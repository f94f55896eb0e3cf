"""The focus layout: everything as seen from one place, drawn so that its cone and all distances from it are exact.

Exterior angle and distance from x to y depend on their two radii and the angle θ between their directions, on nothing
else. So x stays where it is, and every other item is drawn at its own radius and at ±g(θ) from it, g one strictly
monotone scale (`viz.angle_scale`). The cone of x goes through the same scale (`viz.outline`): every member lies inside
its outline and every other item outside. Which side an item takes, left or right, tells nothing of geometry: it keeps
families together (`sides`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz.geometry.arrays import Array
from hypviz.search.embedding import Embedding
from hypviz.search.scoring import coincident, ranking_value
from hypviz.viz.angle_scale import AngleScale
from hypviz.viz.disk import PAYLOAD_VERSION, pack
from hypviz.viz.outline import Outline, bent, cone_outline
from hypviz.viz.radius_scale import RadiusScale
from hypviz.viz.tree import Tree

Floats = NDArray[np.float64]
ROUND = (1.0, 2.0, 2.5, 5.0)
RINGS = 3
"""Circles of equal distance from the selection, at most."""


@dataclass(frozen=True, eq=False)
class Focus:
    """What is drawn around one place.

    angle: (n,) float32 radians in [−π, π], relative to the place.  drawn: (n,) float32 drawn radii.  scale: θ → |angle|.
    outline: of its cone.  rings: round distances from the place to draw circles at.  min_radius: the cone holds nothing nearer to the root.
    """

    angle: NDArray[np.float32]
    drawn: NDArray[np.float32]
    scale: AngleScale
    outline: Outline
    rings: list[float]
    min_radius: float | None = None


def focus(
    space: Embedding,
    cosine: NDArray[np.floating],
    side: NDArray[np.integer],
    *,
    radius: float,
    omega: float,
    member: NDArray[np.bool_],
    radii: RadiusScale,
    rows: NDArray[np.integer] | None = None,
    apex_row: int | None = None,
    min_radius: float | None = None,
) -> Focus:
    """The layout around a place at `radius` with a cone of half-angle `omega` (radians).

    space: all N items.  cosine: (N,) of the angle between the place's direction and each item's, as exact as membership was
    decided by (`search.near.refined_cosines`).  side: (N,) +1 or −1.  member: (N,) bool, who is inside the cone.  rows: (n,)
    the items drawn, None for all.  apex_row: the place's own row, drawn at 0.  min_radius: the cone holds nothing nearer to the root, see
    `outline`.

    What search counts as one point with the place (`scoring.coincident`) is drawn on the place: what is left between the two is
    rounding, which a stretched scale would show as a distance.
    """
    theta = np.arccos(np.clip(np.asarray(cosine, np.float64), -1, 1))
    alike = coincident(np.asarray(cosine, np.float32), np.array(radius, np.float32), np.asarray(space.radii, np.float32))
    theta[alike] = 0  # else the stretch would follow what rounding makes of the place itself
    if apex_row is not None:
        theta[apex_row] = 0
    scale = AngleScale.from_angles(theta)
    chosen = np.arange(len(theta)) if rows is None else np.asarray(rows, np.int64)
    angle = (side[chosen] * scale.drawn(theta[chosen])).astype(np.float32)
    angle = np.where(np.abs(angle) > np.pi, np.sign(angle) * np.float32(3.1415925), angle)  # float32 rounds π up
    drawn = radii.drawn(space.radii[chosen]).astype(np.float32)
    on_place = np.isin(chosen, alike[0])
    angle[on_place], drawn[on_place] = 0, radii.drawn(radius)
    angle[chosen == (-1 if apex_row is None else apex_row)] = 0
    outline = cone_outline(space, radius, omega, scale, radii, min_radius=min_radius)
    others = chosen != (-1 if apex_row is None else apex_row)
    outline = bent(outline, angle[others].astype(np.float64), drawn[others].astype(np.float64), member[chosen][others])
    return Focus(angle, drawn, scale, outline, distance_rings(space, theta[chosen], radius, space.radii[chosen]), min_radius)


def focus_payload(layout: Focus) -> bytes:
    """The layout as one file (`viz.disk.pack`): the scale, ticks and rings in the header; angle (n,) float32 relative to the
    place, drawn (n,) float32 radii, outline_angle and outline_drawn (K,) float64, the first and last `edge` along the sides."""
    header = {
        "version": PAYLOAD_VERSION,
        "scale": layout.scale.table(),
        "ticks": layout.scale.ticks(),
        "rings": layout.rings,
        "edge": layout.outline.edge,
        "min_radius": layout.min_radius,
    }
    outline = {"outline_angle": layout.outline.angle, "outline_drawn": layout.outline.drawn}
    return pack(header, {**outline, "angle": layout.angle, "drawn": layout.drawn})


def sides(family: NDArray[np.floating], at: float) -> NDArray[np.int8]:
    """(N,) +1 for items whose family lies ahead of `at` on the circle by less than half a turn, −1 for the others.

    family: (N,) one fixed angle per family (`family_angles`), at: that of the selection; radians. A step to a place
    nearby changes the side of what lies between the two, and of what lies opposite, and of nothing else.
    """
    ahead = np.mod(np.asarray(family, np.float64) - at, 2 * np.pi)
    return np.where(ahead < np.pi, 1, -1).astype(np.int8)


def family_angles(placed: NDArray[np.floating], tree: Tree) -> NDArray[np.float32]:
    """(N,) one angle for all items of a class below the same top-level class: the circular mean of their angles.

    placed: (N,) angles of an overview. Items without a class keep their own.
    """
    angles = np.asarray(placed, np.float64)
    labelled = tree.label >= 0
    if not labelled.any():
        return angles.astype(np.float32)
    key = tree.top_class() * (int(tree.label.max()) + 2) + tree.label
    _, family = np.unique(key, return_inverse=True)
    total = np.zeros(family.max() + 1, np.complex128)
    np.add.at(total, family, np.exp(1j * angles))
    return np.where(labelled, np.mod(np.angle(total)[family], 2 * np.pi), angles).astype(np.float32)


def distance_rings(space: Embedding, theta: Floats, radius: float, radii: NDArray[np.floating]) -> list[float]:
    """Up to three round distances between the 2nd and the 90th percentile of those to the items, for circles about the place."""
    if space.geometry == "cosine" or len(theta) < 2:
        return []
    cosine = np.cos(theta).astype(np.float32)
    distances: Array = ranking_value(cosine, np.full(1, radius, np.float32), np.asarray(radii, np.float32), space=space, task="nearest")
    low, high = np.quantile(distances, [0.02, 0.9])
    if not high > 0:
        return []
    exponents = range(int(np.floor(np.log10(high))) - 2, int(np.floor(np.log10(high))) + 1)
    steps = sorted(digit * 10.0**exponent for exponent in exponents for digit in ROUND)
    for step in steps:
        values = np.arange(max(1, np.ceil(low / step)), np.floor(high / step) + 1) * step
        if len(values) <= RINGS:
            return [float(round(value, 9)) for value in values]
    return []

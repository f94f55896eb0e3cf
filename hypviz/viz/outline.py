"""The outline of a cone as drawn around its apex: a polygon that holds the members and nothing else.

Seen from the root, with θ the angle from the apex's direction, the cone {y : ext(x, y) ≤ ω} is everything beyond one
curve r = R(θ): the ray that leaves x at ω against the outward direction. Below 90° the ray only leads outwards; above,
it first comes nearer to the root, so an item nearer the root than x has an interval of angles inside the cone and
both ends of it lie on the curve. Points and curve go through the same angle scale (`viz.angle_scale`) and radius scale
(`viz.radius_scale`), both strictly monotone, so what is inside stays inside.

A polygon has straight sides, which keep within `STRAIGHT` of the curve. `bent` leads it around every item between a side
and the curve: the items stay where they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz.search.embedding import Embedding
from hypviz.viz.angle_scale import AngleScale
from hypviz.viz.radius_scale import RadiusScale
from hypviz.viz.region import points_in_polygon

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
STEPS = 48
STRAIGHT = 1e-4
"""How far a side may be from the true curve, in disk radii: three hundredths of a pixel."""
SAME = 1e-12
"""A drawn radius this near to a circle's is the circle's: the apex's own is so only to its rounding."""
ROUNDS = 8
"""How often the polygon is led around items, at most."""
PROBES = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
"""Where along a side its distance from the curve is measured."""
END = 0.9995
"""Drawn radius up to which the curve is followed at least; it always goes beyond the farthest item."""
AROUND = 1e-9
"""How far from an item the bent polygon passes, in disk radii."""
RIM_SIDES = 96
ARC_STEP = 0.02
"""Radians between corners where the circle `min_radius` closes the outline."""
NEAR = 2 * STRAIGHT
"""An item this near to the polygon, in disk radii, may be on its other side: a side is straight, and a drawn place is rounded to
float32."""


@dataclass(frozen=True, eq=False)
class Outline:
    """A closed polygon in the disk, relative to the apex's direction.

    angle: (K,) drawn angles in radians.  drawn: (K,) drawn radii.  edge: how many corners, from the first on and
    symmetrically from the last back, belong to the two sides of the cone; the corners between them run along the rim.
    """

    angle: Floats
    drawn: Floats
    edge: int

    @property
    def corners(self) -> Floats:
        """(K, 2) corners x, y with the apex on the positive x axis."""
        return np.stack([self.drawn * np.cos(self.angle), self.drawn * np.sin(self.angle)], axis=1)

    def holds(self, angle: NDArray[np.floating], drawn: NDArray[np.floating]) -> NDArray[np.bool_]:
        """(N,) whether points at drawn angles (radians, relative to the apex) and drawn radii lie inside."""
        rho, phi = np.asarray(drawn, np.float64), np.asarray(angle, np.float64)
        return points_in_polygon(rho * np.cos(phi), rho * np.sin(phi), self.corners)


def cone_outline(
    space: Embedding, radius: float, omega: float, angles: AngleScale, radii: RadiusScale, *, min_radius: float | None = None
) -> Outline:
    """The cone of a point at `radius` with half-angle `omega` (radians), through both scales.

    space: geometry, curvature, and the radii of all items.  min_radius: the cone holds nothing at this true radius or nearer to the root;
    the outline is closed by that circle.
    """
    theta, true = _border(space, radius, omega, angles, radii)
    phi, rho = angles.drawn(theta), radii.drawn(true)
    if min_radius is not None:
        phi, rho = _beyond(phi, rho, float(radii.drawn(min_radius)))
    last = phi[-1]
    # Sides of the rim touch the circle from outside, so that no item is cut off however far out it is.
    turn = np.linspace(last, -last, RIM_SIDES + 1)
    rim = np.full(RIM_SIDES + 1, 1 / np.cos(last / RIM_SIDES))
    left = len(phi)
    return Outline(np.concatenate([phi, turn, -phi[:0:-1]]), np.concatenate([rho, rim, rho[:0:-1]]), left)


def bent(outline: Outline, angle: NDArray[np.floating], drawn: NDArray[np.floating], member: Mask, *, near: float = NEAR) -> Outline:
    """The outline led around every point that it has on the wrong side by less than `near` disk radii.

    angle, drawn: (N,) points as drawn, relative to the apex.  member: (N,) whether each belongs inside.
    A point farther off is left on the wrong side: that would be a fault of the curve and is not covered up.
    """
    x, y = drawn * np.cos(angle), drawn * np.sin(angle)
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    corners, edge = outline.corners, np.ones(len(outline.angle), np.bool_)
    edge[outline.edge : len(edge) - outline.edge + 1] = False  # which corners are on the sides, not on the rim
    for _ in range(ROUNDS):
        wrong = np.flatnonzero(points_in_polygon(x, y, corners) != member)
        if not len(wrong):
            break
        corners, edge = _around(corners, edge, np.stack([x[wrong], y[wrong]], axis=1), member[wrong], near)
    rho, phi = np.hypot(corners[:, 0], corners[:, 1]), np.arctan2(corners[:, 1], corners[:, 0])
    return Outline(phi, rho, int(np.argmin(edge)) if not edge.all() else len(edge))


def _border(space: Embedding, radius: float, omega: float, angles: AngleScale, radii: RadiusScale) -> tuple[Floats, Floats]:
    """The curve from the apex to the rim: true angles from the apex's direction, rising, and true radii."""
    reach = max(float(radii.true(END)), 1.05 * max(radius, float(np.max(space.radii, initial=0.0))))
    if space.geometry == "cosine":
        return np.array([0.0, omega, omega]), np.array([0.0, 0.0, reach])  # a cap of directions
    way = _first_corners(radius, reach, radii)
    low, high = way[:-1], way[1:]
    while len(low):
        sides = low[:, None] + PROBES * (high - low)[:, None]
        _, true, x, y = _drawn_ray(space, radius, omega, sides, angles, radii)
        off = np.hypot(*(line - line[:, :1] - PROBES * (line[:, -1:] - line[:, :1]) for line in (x, y))).max(axis=1)
        middle = (low + high) / 2
        coarse = (off > STRAIGHT) & (true[:, [0, -1]].min(axis=1) < reach) & (low < middle) & (middle < high)
        low, middle, high = low[coarse], middle[coarse], high[coarse]
        way = np.concatenate([way, middle])
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
    theta, true, *_ = _drawn_ray(space, radius, omega, np.sort(way), angles, radii)
    end = max(int(np.argmax(true >= reach)) if (true >= reach).any() else len(true) - 1, 1)
    return theta[: end + 1], np.minimum(true[: end + 1], max(reach, radius))


def _first_corners(radius: float, reach: float, radii: RadiusScale) -> Floats:
    """Distances from the apex to begin with, rising from 0 until everything up to `reach` is behind.

    Their scale is that of the drawing: where the ray meets circles that are drawn evenly. Distances spread over all
    of `reach` would pass by most of the disk in one step when one item lies a thousand times farther out than the rest.
    """
    circles = np.minimum(np.append(radii.true(np.linspace(0, END, STEPS, endpoint=False)), reach), reach)
    every = np.unique(np.concatenate([np.abs(circles - radius), circles + radius, [0.0]]))
    return every[every <= radius + reach]


def _drawn_ray(
    space: Embedding, radius: float, omega: float, way: Floats, angles: AngleScale, radii: RadiusScale
) -> tuple[Floats, Floats, Floats, Floats]:
    """True angles and radii of the ray at distances `way` from the apex, and x, y as drawn."""
    theta, true = ray(space, radius, omega, way)
    theta = np.where(way == 0, 0.0, theta)  # at ω = π the ray leads through the root, where angles jump
    phi, rho = angles.drawn(theta), radii.drawn(true)
    return theta, true, rho * np.cos(phi), rho * np.sin(phi)


def ray(space: Embedding, radius: float, omega: float, way: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Points at distances `way` from x, on the ray that leaves x at `omega` against the outward direction.

    Returns their angles seen from the root, relative to x, in [0, π], and their true radii. Hyperbolic (or flat,
    in `euclidean` geometry) triangle with the root: law of cosines and sine rule.
    """
    distance = np.asarray(way, np.float64)
    if space.geometry != "hyperbolic":
        ahead, aside = radius + distance * np.cos(omega), distance * np.sin(omega)
        return np.arctan2(aside, ahead), np.hypot(ahead, aside)
    root = np.sqrt(space.curv)
    r, t = root * radius, root * distance
    # cos ω sinh t cosh r + cosh t sinh r without its cancellation at ω near π, and sin ω sinh t; both times exp(−r − t),
    # which keeps them finite however far out
    inner, outer = np.expm1(-2 * r), np.expm1(-2 * t)
    ahead = (outer - inner) / 2 - np.cos(omega / 2) ** 2 * outer * (2 + inner) / 2
    aside = -np.sin(omega) * outer / 2 * np.exp(-r)
    sinh = np.hypot(ahead, aside)
    with np.errstate(divide="ignore", over="ignore"):
        far = np.log(2 * sinh) + r + t  # where sinh is above 1e8, arcsinh is the logarithm of twice that
        return np.arctan2(aside, ahead), np.where(far > 20, far, np.arcsinh(sinh * np.exp(r + t))) / root


def _beyond(phi: Floats, rho: Floats, least: float) -> tuple[Floats, Floats]:
    """The curve of what also lies beyond a circle: where it runs inside, the circle takes its place, in fine steps."""
    rho = np.where(np.abs(rho - least) < SAME, least, rho)
    cross = np.flatnonzero((rho[:-1] < least) != (rho[1:] < least))
    share = (least - rho[cross]) / (rho[cross + 1] - rho[cross])
    phi = np.insert(phi, cross + 1, phi[cross] + share * (phi[cross + 1] - phi[cross]))
    rho = np.maximum(np.insert(rho, cross + 1, least), least)
    on_circle = (rho[:-1] == least) & (rho[1:] == least)
    steps = np.where(on_circle, np.ceil(np.abs(np.diff(phi)) / ARC_STEP), 1).astype(np.int64).clip(1)
    parts = [np.linspace(0, 1, count, endpoint=False) for count in steps]
    start = np.repeat(np.arange(len(steps)), steps)
    share = np.concatenate(parts)
    every = [np.append(column[start] + share * np.diff(column)[start], column[-1]) for column in (phi, rho)]
    return every[0], every[1]


def _around(corners: Floats, edge: Mask, points: Floats, member: Mask, near: float) -> tuple[Floats, Mask]:
    """The polygon with a corner beside each point, in the side nearest to it."""
    ends = np.roll(corners, -1, axis=0)
    along = ends - corners
    square = np.maximum((along**2).sum(axis=1), np.finfo(np.float64).tiny)
    gap = points[:, None, :] - corners
    share = np.clip((gap * along).sum(axis=2) / square, 0, 1)
    distance = np.hypot(*np.moveaxis(gap - share[:, :, None] * along, 2, 0))
    side = distance.argmin(axis=1)
    rows = np.arange(len(points))
    close = distance[rows, side] < near
    rows, side = rows[close], side[close]
    if not len(rows):
        return corners, edge
    # The polygon runs counter-clockwise or clockwise; its inward normal follows from its area.
    area = np.sum(corners[:, 0] * ends[:, 1] - ends[:, 0] * corners[:, 1])
    normal = np.stack([-along[side, 1], along[side, 0]], axis=1) * np.sign(area) / np.sqrt(square[side])[:, None]
    beside = points[rows] + normal * np.where(member[rows], -AROUND, AROUND)[:, None]
    order = np.lexsort((share[rows, side], side))
    return np.insert(corners, side[order] + 1, beside[order], axis=0), np.insert(edge, side[order] + 1, edge[side[order]])

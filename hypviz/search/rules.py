"""What a list holds and what it is ordered by, in two forms: exactly for few pairs, and as thresholds of the cosine for all.

The exact form is float64, from the directions themselves. The thresholds come from `search.regions`, one for each query and
shell of radii; whatever they let through is decided by the exact form, so they need only leave nothing out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz.geometry.entailment import (
    euclidean_exterior_angle_from_cosine,
    exterior_angle_from_cosine,
    refined_euclidean_exterior_angle,
    refined_exterior_angle,
)
from hypviz.geometry.lorentz import distance_from_cosine
from hypviz.search.answers import Query
from hypviz.search.embedding import Embedding
from hypviz.search.regions import (
    ALL,
    NONE,
    NOWHERE,
    Doubles,
    Region,
    distance_region,
    exterior_region,
    interior_region,
    narrowing,
    sum_region,
)
from hypviz.search.retrieval import Cones, Ranking
from hypviz.search.scoring import COINCIDENT, Floats
from hypviz.search.shells import Shells

Rows = NDArray[np.int64]
CLOSE = 1e-6
"""1 − cos θ below which angles come from the difference of the directions: a float64 cosine gives them to 1e-9 rad from here on."""
STEPS = 16
"""Bisections of the cosine for the one ranking without a closed form; a step more halves what is let through in vain."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """p queries and candidates, pair by pair. x, y: (p, D) float32 directions.  query_radius, radius: (p,) radii of query and candidate."""

    x: Floats
    y: Floats
    query_radius: Floats
    radius: Floats
    space: Embedding

    def cosine(self) -> Doubles:
        """(p,) float64, of the normalised directions; 0 where one has no length."""
        x, y = self.x.astype(np.float64), self.y.astype(np.float64)
        length = np.sqrt(np.vecdot(x, x) * np.vecdot(y, y))
        cosine: Doubles = np.clip(np.vecdot(x, y) / np.where(length == 0, 1.0, length), -1.0, 1.0)
        return cosine

    def angle(self, cosine: Doubles, task: str, apex: str) -> Doubles:
        """(p,) the angle of `scoring`'s table, smaller is better; `apex` "sum" adds both."""
        if self.space.geometry == "cosine":
            return np.arccos(cosine) * (2 if apex == "sum" else 1)
        if apex == "sum":
            return self.angle(cosine, task, "query") + self.angle(cosine, task, "candidate")
        at_query = apex == "query"
        angle = self._exterior(cosine, at_query)
        if at_query != (task == "children"):
            angle = math.pi - angle
        query_radius, radius = self.query_radius.astype(np.float64), self.radius.astype(np.float64)
        together = (cosine >= 1 - COINCIDENT) & (np.abs(query_radius - radius) <= COINCIDENT * np.maximum(query_radius, radius))
        return np.where(together, math.pi / 2, angle)

    def _exterior(self, cosine: Doubles, at_query: bool) -> Doubles:
        query_radius, radius = self.query_radius.astype(np.float64), self.radius.astype(np.float64)
        apex_radius, other_radius = (query_radius, radius) if at_query else (radius, query_radius)
        flat, curv = self.space.geometry == "euclidean", self.space.curv
        rough = (
            euclidean_exterior_angle_from_cosine(cosine, apex_radius, other_radius)
            if flat
            else exterior_angle_from_cosine(cosine, apex_radius, other_radius, curv=curv)
        )
        angle = np.array(rough, np.float64)
        close = np.flatnonzero(cosine >= 1 - CLOSE)
        if len(close):
            x, y = self.x[close], self.y[close]  # which is the apex, the radii say
            if flat:
                angle[close] = refined_euclidean_exterior_angle(x, apex_radius[close], y, other_radius[close])
            else:
                angle[close] = refined_exterior_angle(x, apex_radius[close], y, other_radius[close], curv=curv)
        return angle


def pairs_of(query: Query, space: Embedding, rows: Rows) -> Pairs:
    """One query with some items."""
    x = np.broadcast_to(np.asarray(query.direction, np.float32), (len(rows), len(query.direction)))
    query_radius = np.full(len(rows), query.radius, np.float32)
    return Pairs(x, np.asarray(space.directions[rows], np.float32), query_radius, np.asarray(space.radii[rows], np.float32), space)


@dataclass(frozen=True, eq=False)
class Order:
    """What is listed first: a ranking, for children or parents."""

    ranking: Ranking
    task: str

    def exactly(self, pairs: Pairs, cosine: Doubles) -> Doubles:
        """(p,) float64 values, smaller is better."""
        ranking = self.ranking
        if ranking.by == "cosine":
            return -cosine
        if ranking.by == "distance":
            return _distance(pairs, cosine)
        angle = pairs.angle(cosine, self.task, ranking.apex)
        return angle - ranking.weight * cosine if ranking.by == "angle + cosine" else angle

    def region(self, limit: Doubles, query_radius: Doubles, shells: Shells, space: Embedding) -> Region:
        """Where a value <= limit can be: (b, m) for limit and radii of the queries, (b,)."""
        v, q, by = limit[:, None], query_radius[:, None], self.ranking.by
        low, high = shells.low[None], shells.high[None]
        shape = len(limit), len(shells.low)
        if by == "cosine":
            return np.broadcast_to(np.clip(-v, ALL, NONE), shape), np.full(shape, NOWHERE)
        if by == "distance":
            return _cosine_at_most(v, shape) if space.geometry == "cosine" else distance_region(v, q, low, high, space)
        best = high if self.task == "children" else low
        if by == "angle + cosine":
            return self._bisected(v, q, best, space, shape)
        return angle_region(v, q, best, space, task=self.task, apex=self.ranking.apex)

    def _bisected(self, v: Doubles, q: Doubles, best: Doubles, space: Embedding, shape: tuple[int, int]) -> Region:
        """angle − λ cos θ <= v. With an angle replaced by one that never falls with θ and is never larger, the left side never falls
        with θ, and one bisection finds where it crosses v."""
        low, high = np.full(shape, -1.0), np.full(shape, 1.0)
        for _ in range(STEPS):
            middle = (low + high) / 2
            above = _rising(middle, q, best, space, task=self.task, apex=self.ranking.apex) - self.ranking.weight * middle > v
            low, high = np.where(above, middle, low), np.where(above, high, middle)
        return np.where(low == -1.0, ALL, low), np.full(shape, NOWHERE)


@dataclass(frozen=True, eq=False)
class Holding:
    """What a list may hold: the items in the query's cone (`task` "children"), or those that are its parents.

    apex: "query", or for parents "candidate", whose own cones then have to hold the query.  omega: one half-angle for all, or that of
    `cones`.  general: (N,) items that are more general whatever their radius, or None.
    """

    cones: Cones
    task: str
    apex: str = "query"
    omega: float | None = None
    general: NDArray[np.bool_] | None = None

    def exactly(self, pairs: Pairs, cosine: Doubles, rows: Rows) -> NDArray[np.bool_]:
        """(p,) whether the list holds the candidates `rows`."""
        angle = pairs.angle(cosine, self.task, self.apex)
        if self.apex == "candidate":
            general = None if self.general is None else self.general[rows]
            return self.cones.holds(angle, pairs.radius, pairs.query_radius, omega=self.omega, general=general)
        if self.task == "parents":
            return angle <= self._omega(pairs.query_radius)
        return self.cones.holds(angle, pairs.query_radius, pairs.radius, omega=self.omega)

    def region(self, query_radius: Doubles, shells: Shells, space: Embedding, *, surely: bool = False) -> Region:
        """Where an item of the list can be, (b, m); with `surely`, where there are only such items (but for the coinciding)."""
        q, low, high = query_radius[:, None], shells.low[None], shells.high[None]
        apex_radius = q if self.apex == "query" else low
        omega = self._omega(apex_radius).astype(np.float64)
        outermost = (self.task == "children") != surely
        near, far = angle_region(omega, q, high if outermost else low, space, task=self.task, apex=self.apex, holes=surely)
        beyond = self._beyond(q, low, high, surely)
        return np.where(beyond, near, NONE), np.where(beyond, far, NOWHERE)

    def _omega(self, apex_radius: NDArray[np.floating]) -> Floats:
        """Half-angles at apexes of these radii, in float32 as `Cones.holds` compares; everything broadcasts."""
        return self.cones.at(apex_radius) if self.omega is None else np.asarray(self.omega, np.float32)

    def _beyond(self, q: Doubles, low: Doubles, high: Doubles, surely: bool) -> NDArray[np.bool_]:
        """(b, m) where the child lies farther out than its parent, as far as that is asked."""
        if not self.cones.outward or (self.task == "parents" and self.apex == "query"):
            return np.ones((len(q), low.shape[1]), np.bool_)
        if self.task == "children":
            return (low if surely else high) > q
        return (q > (high if surely else low)) | (self.general is not None and not surely)


def angle_region(
    limit: Doubles, query_radius: Doubles, radius: Doubles, space: Embedding, *, task: str, apex: str, holes: bool = False
) -> Region:
    """Where the angle of `scoring`'s table is at most `limit`; everything broadcasts."""
    shape = np.broadcast_shapes(limit.shape, query_radius.shape, radius.shape)
    if space.geometry == "cosine":
        return _cosine_at_most(limit / 2 if apex == "sum" else limit, shape)
    limit, query_radius, radius = (np.broadcast_to(values, shape) for values in (limit, query_radius, radius))
    if apex == "sum":
        return sum_region(limit, query_radius, radius, space, task=task)
    at_query = apex == "query"
    apex_radius, other_radius = (query_radius, radius) if at_query else (radius, query_radius)
    return (exterior_region if at_query == (task == "children") else interior_region)(limit, apex_radius, other_radius, space, holes=holes)


def _cosine_at_most(angle: Doubles, shape: tuple[int, ...]) -> Region:
    near = np.where(angle >= math.pi, ALL, np.cos(np.clip(angle, 0.0, math.pi)))
    return np.broadcast_to(near, shape), np.full(shape, NOWHERE)


def _rising(cosine: Doubles, query_radius: Doubles, radius: Doubles, space: Embedding, *, task: str, apex: str) -> Doubles:
    """At most the angle at this cosine, and never falling with θ.

    The sum of both rises itself where the child lies farther out, and is at least π where it does not. An exterior angle rises where the
    other point lies farther out; where not, it falls to the tangent from the apex to the other's sphere, cos θ = tanh r_y / tanh r_x
    (Euclidean: r_y / r_x), and rises from there on. An inner angle is at least 0, which lets through more than the others do.
    """
    theta = np.arccos(cosine)
    if space.geometry == "cosine":
        return theta * (2 if apex == "sum" else 1)
    if apex == "sum":
        m = narrowing(query_radius, radius, space) * (1 if task == "children" else -1)
        with np.errstate(invalid="ignore", divide="ignore"):
            rising = math.pi - 2 * np.arctan(np.maximum(m, 0) / np.tan(theta / 2))
        return np.where(np.isnan(rising), 0.0, rising)
    if (apex == "query") != (task == "children"):
        return np.zeros_like(theta * query_radius * radius)
    apex_radius, other_radius = (query_radius, radius) if apex == "query" else (radius, query_radius)
    flat, scale = space.geometry == "euclidean", math.sqrt(space.curv)
    with np.errstate(invalid="ignore", divide="ignore"):
        tangent = other_radius / apex_radius if flat else np.tanh(scale * other_radius) / np.tanh(scale * apex_radius)
    turned = np.minimum(cosine, np.where(np.isnan(tangent), 1.0, tangent))
    angle = (
        euclidean_exterior_angle_from_cosine(turned, apex_radius, other_radius)
        if flat
        else exterior_angle_from_cosine(turned, apex_radius, other_radius, curv=space.curv)
    )
    return np.where((apex_radius == 0) & (other_radius == 0), 0.0, angle)


def _distance(pairs: Pairs, cosine: Doubles) -> Doubles:
    query_radius, radius, space = pairs.query_radius.astype(np.float64), pairs.radius.astype(np.float64), pairs.space
    if space.geometry == "cosine":
        return np.arccos(cosine)
    if space.geometry == "euclidean":
        flat: Doubles = np.sqrt((query_radius - radius) ** 2 + 2 * query_radius * radius * (1 - cosine))
        return flat
    curved: Doubles = distance_from_cosine(cosine, query_radius, radius, curv=space.curv)
    return curved

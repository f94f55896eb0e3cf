"""Which cosines a value can come from: what lets a search by angle leave nearly all items alone.

An angle at most v, seen between a query at one radius and an item at another, is a condition on the cosine c of their
directions alone. Every function here gives two numbers (near, far) per query and item, float64, such that

    value <= v   exactly where   c >= near  or  c <= far                                (and, see `holes`, a hole in it)

Without an item that fulfils it `near` is `NONE` and `far` `NOWHERE`; where all do, near is `ALL`.

**Derivation.** With the sighting of `geometry.entailment`, divided by sinh of the other point's radius o, seen from the apex
at radius a (both in units of the curvature) under the angle θ at the root,

    cot ext = (C cos θ − G) / sin θ,       C = cosh a,  G = sinh a / tanh o      (Euclidean: C = 1, G = a / o).

cot falls on (0, π), so ext <= v is C cos θ − t sin θ >= G with t = cot v. With A = √(C² + t²), φ = atan2(t, C), ψ = arccos(G/A)
the left side is A cos(θ + φ): no θ for G > A, otherwise −ψ − φ <= θ <= ψ − φ. The lower end lies above 0 only where v > π/2 and the
other point lies inwards: the hole around θ = 0. In the same way π − ext <= v is A cos(θ − φ) <= G: all θ for G >= A, otherwise
θ <= φ − ψ or θ >= φ + ψ.

The sum of the angles at both ends needs no search either. Napier's analogy for a triangle with the sides r, q that enclose θ and
the angles R, Q opposite to them, tan((R − Q)/2) = m cot(θ/2) with m = sinh((r − q)/2) / sinh((r + q)/2) (Euclidean: (r − q)/(r + q)), is
one on the very sum: ext(q, y) + π − ext(y, q) = π − (R − Q). So it is at most v where m cot(θ/2) >= cot(v/2).

**In radius.** For a fixed θ, G falls with o and C cos θ − G falls with a (its slope is cos θ sinh a − cosh a / tanh o < 0), and m
grows with r. So all values of a child fall, and all of a parent grow, with the item's radius: over a shell of radii the outermost
or the innermost one speaks for all of it. The distance alone has its best radius inside, cosh r = cosh q / cosh v.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hypviz.search.embedding import Embedding

Doubles = NDArray[np.float64]
Region = tuple[Doubles, Doubles]
ALL, NONE, NOWHERE = -2.0, 2.0, -2.0
FARTHEST = 0.9 * math.log(np.finfo(np.float64).max)
"""√c·r at which the geometry holds radii in float64."""
TINY = 1e-300
"""Guards the cotangent of an angle of 0."""
ROUNDING = 1e-7
"""Radians: what arccos can be off by near 1 in float64. Where it decides, the region is taken to be there; `SLACK` covers it."""
SLACK = 1e-6
"""What a `near` or `far` can be off by itself, with much room: of the rounding of arccos, of e^r at r = 600, of storing it in float32."""


def exterior_region(limit: Doubles, apex_radius: Doubles, other_radius: Doubles, space: Embedding, *, holes: bool = False) -> Region:
    """ext <= limit, of an apex at one radius and another point at another, in true units.  All broadcast.  holes: leave out what has a hole
    at θ = 0 altogether, so that the answer is a part of the truth, not more than it."""
    a, t, g = _terms(limit, apex_radius, other_radius, space)
    size, turn = np.hypot(a, t), np.arctan2(t, a)
    psi = np.arccos(np.minimum(g / size, 1.0))
    empty = (g > size * (1 + 1e-12)) | (psi < turn - ROUNDING)
    if holes:
        empty |= psi + turn < 0
    near = np.where(empty, NONE, np.cos(np.maximum(psi - turn, 0.0)))
    everywhere = (limit >= math.pi) | np.isnan(g)
    near = np.where(everywhere, ALL, near)
    return np.where(holes & np.isnan(g), NONE, near), np.full(near.shape, NOWHERE)


def interior_region(limit: Doubles, apex_radius: Doubles, other_radius: Doubles, space: Embedding, *, holes: bool = False) -> Region:
    """π − ext <= limit; as `exterior_region`. It has no hole, but a far side: points beyond the root."""
    a, t, g = _terms(limit, apex_radius, other_radius, space)
    size, turn = np.hypot(a, t), np.arctan2(t, a)
    psi = np.arccos(np.minimum(g / size, 1.0))
    near = np.where(turn >= psi - ROUNDING, np.cos(np.maximum(turn - psi, 0.0)), NONE)
    far = np.cos(np.clip(turn + psi, 0.0, math.pi))
    everywhere = (limit >= math.pi) | (g >= size) | np.isnan(g)
    unsure = holes & (np.isnan(g) | (np.abs(g - size) <= 1e-9 * size))
    return np.where(unsure, NONE, np.where(everywhere, ALL, near)), np.where(unsure, NOWHERE, far)


def sum_region(limit: Doubles, query_radius: Doubles, radius: Doubles, space: Embedding, *, task: str) -> Region:
    """The sum of the angles at query and candidate <= limit; radii of both, as `exterior_region`."""
    m = narrowing(query_radius, radius, space) * (1 if task == "children" else -1)
    half = np.clip(limit, TINY, 2 * math.pi) / 2
    inside = np.where(m > 0, np.cos(2 * np.arctan(np.maximum(m, 0) * np.tan(np.minimum(half, math.pi / 2)))), NONE)
    beyond = np.cos(2 * np.arctan2(np.maximum(-m, 0), np.maximum(-1 / np.tan(half), 0)))
    wide = limit >= math.pi
    near = np.where(wide, np.where(m >= 0, ALL, NONE), inside)
    far = np.where(wide & (m < 0), beyond, NOWHERE)
    everywhere = (limit >= 2 * math.pi) | np.isnan(m)
    return np.where(everywhere, ALL, near), far


def narrowing(query_radius: Doubles, radius: Doubles, space: Embedding) -> Doubles:
    """m of the module's derivation, in [−1, 1]; nan where both are at the root."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if space.geometry == "euclidean":
            ratio: Doubles = (radius - query_radius) / (radius + query_radius)
            return ratio
        q, r = _held(query_radius, space), _held(radius, space)
        # Times exp(−(r + q)/2), which keeps both sinh in range.
        return np.sign(r - q) * np.exp(-np.minimum(q, r)) * np.expm1(-np.abs(r - q)) / np.expm1(-(r + q))


def distance_region(limit: Doubles, query_radius: Doubles, low: Doubles, high: Doubles, space: Embedding) -> Region:
    """distance <= limit for some radius in [low, high]; `cosine` geometry is not asked here."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        if space.geometry == "euclidean":
            radius = np.clip(np.sqrt(np.maximum(query_radius * query_radius - limit * limit, 0.0)), low, high)
            near = (query_radius * query_radius + radius * radius - limit * limit) / (2 * query_radius * radius)
        else:
            q, d = _held(query_radius, space), np.minimum(math.sqrt(space.curv) * limit, FARTHEST)
            best = np.arccosh(np.maximum(np.cosh(q) / np.cosh(d), 1.0))
            r = np.clip(best, _held(low, space), _held(high, space))
            # The half-angle form: a difference of cosh would cancel for far points.
            versine = 2 * (np.sinh(d / 2) ** 2 - np.sinh((q - r) / 2) ** 2) / (np.sinh(q) * np.sinh(r))
            near = 1 - versine
    reached = np.where(near > 1 + 1e-9, NONE, np.minimum(near, 1.0))
    return np.where(np.isnan(near) | (near <= -1) | ~np.isfinite(limit), ALL, reached), np.full(near.shape, NOWHERE)


def _terms(limit: Doubles, apex_radius: Doubles, other_radius: Doubles, space: Embedding) -> tuple[Doubles, Doubles, Doubles]:
    """C, t and G of the derivation; G is nan where both points are at the root."""
    t = 1 / np.tan(np.clip(limit, TINY, math.pi))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        if space.geometry == "euclidean":
            return np.ones_like(apex_radius), t, apex_radius / other_radius
        a = _held(apex_radius, space)
        return np.cosh(a), t, np.sinh(a) / np.tanh(_held(other_radius, space))


def _held(radius: Doubles, space: Embedding) -> Doubles:
    return np.minimum(math.sqrt(space.curv) * radius, FARTHEST)

"""Angles between near neighbours, from their directions: what the cosine of a float32 product is too coarse for.

1 − cos θ is known to about 2e-7 from such a product, whatever θ, so θ itself is unknown below 6e-4 rad, and the exterior angle
of two points that are as near to each other can be off by degrees. It is the nearest that a ranking begins with. So where the
error of an angle can exceed `TOLERANCE` it is computed anew, in float64 from the difference of the directions; these are few
pairs, all of them within 2.6° of each other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypviz.geometry.entailment import refined_euclidean_exterior_angle, refined_exterior_angle
from hypviz.search.embedding import Embedding

Floats = NDArray[np.float32]
Ends = tuple[Floats, Floats]
"""The directions behind a block of cosines: of its queries, (b, D) or (D,) for one, and of its candidates, (n, D)."""
ROUNDING = 2 * float(np.finfo(np.float32).eps)
"""What a float32 cosine of unit vectors is off by at most, in practice."""
TOLERANCE = 1e-4
"""Radians: an angle that can be off by more is computed from the directions."""
NEAR = ROUNDING / TOLERANCE / 2
"""1 − cos θ from which on no angle can be off by `TOLERANCE`: the error is at most ROUNDING / θ²."""
PAIRS = 4096
"""Pairs whose directions are held in float64 at once."""
FARTHEST = 80.0
"""√c·r at which sinh and cosh are held: beyond they leave float32."""


def refine(angle: Floats, cosine: Floats, apex_radius: Floats, other_radius: Floats, ends: Ends, *, space: Embedding) -> Floats:
    """Replace exterior angles where the cosine is too coarse for them, in place; gives the same array.

    angle, cosine: (b, n), or (n,) for one query or for n pairs.  apex_radius, other_radius: these broadcast to
    both.  space gives geometry and curvature.
    """
    near = np.nonzero(cosine >= 1 - NEAR)
    if not len(near[0]):
        return angle
    versine = 1 - cosine[near]
    r_x, r_y = (np.broadcast_to(radius, cosine.shape)[near] for radius in (apex_radius, other_radius))
    coarse = _error(versine, r_x, r_y, space) > TOLERANCE
    where, r_x, r_y = tuple(axis[coarse] for axis in near), r_x[coarse], r_y[coarse]
    of_query, of_candidate = where[0], where[-1]
    for start in range(0, len(r_x), PAIRS):
        part = slice(start, start + PAIRS)
        query = ends[0] if ends[0].ndim == 1 else ends[0][of_query[part]]
        x, y = np.asarray(query, np.float32), np.asarray(ends[1][of_candidate[part]], np.float32)  # which is the apex, the radii say
        if space.geometry == "euclidean":
            exact = refined_euclidean_exterior_angle(x, r_x[part], y, r_y[part])
        else:
            exact = refined_exterior_angle(x, r_x[part], y, r_y[part], curv=space.curv)
        angle[tuple(axis[part] for axis in where)] = exact
    return angle


def refined_cosines(cosine: Floats, direction: Floats, space: Embedding) -> NDArray[np.float64]:
    """(N,) float64 cosines of one direction, (D,), with those of all items; where `cosine`, of a float32 product, is too coarse for an
    angle, computed anew in float64. With these every angle between directions is known to 1e-5 rad."""
    refined = np.asarray(cosine, np.float64)
    direction64 = np.asarray(direction, np.float64)
    near = np.flatnonzero(cosine >= 1 - NEAR)
    for start in range(0, len(near), PAIRS):
        rows = near[start : start + PAIRS]
        others = np.asarray(space.directions[rows], np.float64)
        refined[rows] = (
            others @ direction64 / np.maximum(np.linalg.norm(others, axis=1) * np.linalg.norm(direction64), np.finfo(np.float64).tiny)
        )
    return refined


def _error(versine: Floats, r_x: Floats, r_y: Floats, space: Embedding) -> Floats:
    """What an angle can be off by, radians: the rounding of 1 − cos θ, seen from the apex at the distance of the other point.

    With the sighting (across, along) of `geometry.entailment` it is the change of across, and of along, over its length.
    """
    sine = np.sqrt(2 * np.maximum(versine, ROUNDING))
    reach, steep, beyond = (r_y, np.ones_like(r_x), r_y - r_x) if space.geometry == "euclidean" else _hyperbolic(r_x, r_y, space.curv)
    length = np.maximum(np.hypot(sine * reach, beyond - versine * steep * reach), np.finfo(np.float32).tiny)
    error: Floats = ROUNDING * reach * (1 / sine + steep) / length
    return error


def _hyperbolic(r_x: Floats, r_y: Floats, curv: float) -> tuple[Floats, Floats, Floats]:
    """sinh r_y, cosh r_x and sinh(r_y − r_x) for radii in true units, the first and the last times exp(−r_y)."""
    x, y = (np.minimum(np.float32(curv**0.5) * radius, np.float32(FARTHEST)) for radius in (r_x, r_y))
    return -np.expm1(-2 * y) / 2, np.cosh(x), np.sinh(y - x) * np.exp(-y)

"""What retrieval ranks by: an angle (or a distance) per query and candidate, from one cosine and two radii.

Smaller is better, everywhere in `search`: an angle of 0 is a perfect child or parent. Scores are `BEST − angle`.

| task | apex "query" | apex "candidate" |
|---|---|---|
| "children": candidate y of query x | ext(x, y), β1 = π − ext(x, y) | π − ext(y, x), α2 = ext(y, x) |
| "parents": candidate x of query y | π − ext(y, x), α2 = ext(y, x) | ext(x, y), β1 = π − ext(x, y) |

β1 and α2 are the two angles of Wang et al. (ICCV 2025, arXiv 2411.17490); which of them scores a retrieval is a
setting [R]. "sum" adds both. In `cosine` geometry parents and children are alike: the angle is arccos of the cosine.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hypviz.config import check_choice
from hypviz.geometry.entailment import euclidean_exterior_angle_from_cosine, exterior_angle_from_cosine
from hypviz.geometry.lorentz import distance_from_cosine
from hypviz.search.embedding import Embedding
from hypviz.search.near import Ends, refine

Floats = NDArray[np.float32]
TASKS = ("children", "parents", "nearest")
APEXES = ("query", "candidate", "sum")
COINCIDENT = 64 * float(np.finfo(np.float32).eps)
"""Two items count as one point when 1 − cos θ and the relative difference of their radii are both below this: the
rounding of a float32 matrix product and of an encoder run twice, with some room. Their angle is noise [R]."""

CONTENTS_WEIGHT, CONTENTS_AT_ONCE = 5.0, 16
"""What a cosine is worth, in radians, beside a ranking for children [R], and contents looked at in one product."""


def worst(task: str, apex: str) -> float:
    """The largest angle a task can give, so that score = worst − angle is at least 0; 0 for distances."""
    return 0.0 if task == "nearest" else math.pi * (2 if apex == "sum" else 1)


def ranking_value(
    cosine: Floats, query_radius: Floats, radius: Floats, *, space: Embedding, task: str, apex: str = "query", ends: Ends | None = None
) -> Floats:
    """Angle in radians (geodesic distance for "nearest") per query and candidate; smaller is better.

    cosine, query_radius and radius broadcast. `space` gives geometry and curvature only. Coinciding items have no
    angle; they get π/2, neither parent nor child [R]. ends: the directions that the cosines (b, n) or (n,) came from, for
    angles of near neighbours that are exact to 1e-4 rad (`search.near`); without them a few are off by degrees.
    """
    check_choice("task", task, TASKS)
    check_choice("apex", apex, APEXES)
    if task == "nearest":
        return _distance(cosine, query_radius, radius, space)
    if space.geometry == "cosine":
        return np.arccos(np.clip(cosine, -1.0, 1.0)) * (2 if apex == "sum" else 1)
    if apex == "sum":
        both = [_angle(cosine, query_radius, radius, space, task, one, ends) for one in ("query", "candidate")]
        return both[0] + both[1]
    return _angle(cosine, query_radius, radius, space, task, apex, ends)


def _angle(cosine: Floats, query_radius: Floats, radius: Floats, space: Embedding, task: str, apex: str, ends: Ends | None) -> Floats:
    at_query = apex == "query"
    apex_radius, other_radius = (query_radius, radius) if at_query else (radius, query_radius)
    if space.geometry == "euclidean":
        angle = euclidean_exterior_angle_from_cosine(cosine, apex_radius, other_radius)
    else:
        angle = exterior_angle_from_cosine(cosine, apex_radius, other_radius, curv=space.curv)
    if ends is not None:
        angle = refine(angle, cosine, apex_radius, other_radius, ends, space=space)
    # The apex is the parent in two of the four cases; at a child the parent lies inwards, at the angle π.
    if at_query != (task == "children"):
        angle = np.float32(np.pi) - angle
    return _settle_coincident(angle, cosine, query_radius, radius)


def _settle_coincident(angle: Floats, cosine: Floats, query_radius: Floats, radius: Floats) -> Floats:
    """Replace the noise between items at one point by π/2, in place."""
    angle[coincident(cosine, query_radius, radius)] = np.pi / 2
    return angle


def coincident(cosine: Floats, query_radius: Floats, radius: Floats) -> tuple[NDArray[np.intp], ...]:
    """Where two items count as one point (see `COINCIDENT`), as an index into `cosine`; the radii broadcast to it."""
    near = np.nonzero(cosine >= 1 - COINCIDENT)
    if not len(near[0]):
        return near
    a, b = (np.broadcast_to(one, cosine.shape)[near] for one in (query_radius, radius))
    same = np.abs(a - b) <= COINCIDENT * np.maximum(a, b)
    return tuple(axis[same] for axis in near)


def unlike_contents(directions: Floats, contents: Floats) -> Floats:
    """(n,) CONTENTS_WEIGHT · (1 − the greatest cosine with one of the contents), 0 for all where there are none.

    directions: (n, D) of the items.  contents: (k, D), of what is known to lie in a query: the boxes of its picture, an object's parts.
    Their classes do not enter. Our reading [R]; docs/demo.md says what it gives.
    """
    greatest = np.full(len(directions), -1.0 if len(contents) else 1.0, np.float32)
    for start in range(0, len(contents), CONTENTS_AT_ONCE):
        np.maximum(greatest, (directions @ contents[start : start + CONTENTS_AT_ONCE].T).max(axis=1), out=greatest)
    return np.float32(CONTENTS_WEIGHT) * (1 - greatest)


def _distance(cosine: Floats, query_radius: Floats, radius: Floats, space: Embedding) -> Floats:
    """Geodesic distance of the geometry; for `cosine`, whose radii mean nothing, the angle between directions."""
    if space.geometry == "hyperbolic":
        distance: Floats = distance_from_cosine(cosine, query_radius, radius, curv=space.curv)
        return distance
    if space.geometry == "cosine":
        shape = np.broadcast_shapes(cosine.shape, query_radius.shape, radius.shape)
        return np.broadcast_to(np.arccos(np.clip(cosine, -1.0, 1.0)), shape)
    # A sum of non-negative terms: the law of cosines without its cancellation.
    along = query_radius - radius
    square: Floats = along * along + 2 * query_radius * radius * np.clip(1 - cosine, 0.0, 2.0)
    return np.sqrt(square)


def tiles(shape: tuple[int, int], cells: int) -> Iterator[tuple[slice, slice]]:
    """Cut a (b, N) block into tiles of at most `cells` elements, whole rows where they fit."""
    height, width = max(1, cells // shape[1]), min(cells, shape[1])
    for top in range(0, shape[0], height):
        for left in range(0, shape[1], width):
            yield slice(top, top + height), slice(left, left + width)

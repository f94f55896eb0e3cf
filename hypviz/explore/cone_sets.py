"""Cones of several items at once: members, half-angles of either kind, and what lies in all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hypviz.config import check_choice
from hypviz.errors import SettingsError
from hypviz.geometry.entailment import half_aperture
from hypviz.search.answers import Query, Ranked
from hypviz.search.index import Index
from hypviz.search.scoring import ranking_value

KINDS = ("angle", "aperture")
APERTURE_K = 0.1
"""Constant of the norm-dependent aperture (Desai et al., ICML 2023, after Ganea et al., ICML 2018)."""


def half_angle(index: Index, query: Query, *, kind: str, omega: float | None) -> float:
    """Half-angle in radians of the cone {y : ext(query, y) <= half-angle}, in all dimensions and as drawn.

    kind "angle": omega, the same for every item (Wang et al., ICCV 2025), or with None what the query's level is calibrated
    to.  "aperture": asin(2K/sinh r), K = 0.1, which shrinks with the distance r to the root; defined in hyperbolic geometry
    only, SettingsError otherwise.
    """
    check_choice("kind", kind, KINDS)
    if kind == "angle":
        return index.omega(query) if omega is None else omega
    if index.embedding.geometry != "hyperbolic":
        raise SettingsError(
            f"The aperture of a cone is defined in hyperbolic geometry only; this checkpoint is {index.embedding.geometry}."
        )
    return float(half_aperture(np.float64(query.radius), curv=index.embedding.curv, k=APERTURE_K))


def common(index: Index, queries: Sequence[Query], angles: Sequence[float], *, limit: int = 40) -> tuple[Ranked, NDArray[np.int64]]:
    """What lies inside the cones of all queries: the best by the sum of their angles, best first, and all rows.

    angles: half-angle of each cone, radians.  The queries' own rows are never among them. In the answer `angle` is the
    sum of ext(query, item) over the queries.
    """
    rows: NDArray[np.int64] = index.cone_members(queries[0], angles[0])
    for query, angle in zip(queries[1:], angles[1:], strict=True):
        rows = np.intersect1d(rows, index.cone_members(query, angle), assume_unique=True)
    rows = np.setdiff1d(rows, [query.row for query in queries if query.row is not None], assume_unique=True)
    space = index.embedding
    radii = np.asarray(space.radii[rows], np.float32)
    ends = np.stack([query.direction for query in queries]), np.asarray(space.directions[rows], np.float32)
    query_radii = np.array([[query.radius] for query in queries], np.float32)
    total = ranking_value(ends[0] @ ends[1].T, query_radii, radii, space=space, task="children", ends=ends).sum(axis=0)
    best = np.lexsort((rows, total))[:limit]
    return Ranked(rows[best], total[best].astype(np.float32), radii[best], len(rows), np.arange(len(best))), rows

"""Whole pools in the order in which a search lists them: for metrics, which ask for more than the best forty."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hypviz.config import check_choice
from hypviz.search.embedding import Embedding
from hypviz.search.near import Ends
from hypviz.search.retrieval import Retrieval
from hypviz.search.scoring import Floats, ranking_value

CELLS = 1 << 20
"""Query–candidate pairs held at once."""


def retrieval_scores(
    pool: Embedding, queries: Embedding, retrieval: Retrieval, *, task: str, whole: NDArray[np.bool_] | None = None
) -> Iterator[tuple[slice, Floats]]:
    """(slice of the queries, (b, P) scores) blocks, higher is better: what the cones hold first, each side by the ranking.

    task: "children" or "parents" of the queries.  whole: (P,) which of the pool are whole pictures, for queries that are boxes. A
    query that is in the pool is not left out.
    """
    check_choice("task", task, ("children", "parents"))
    rankings = [retrieval.ranking(task, radius) for radius in np.asarray(queries.radii).tolist()]
    height = max(1, CELLS // max(len(pool), 1))
    directions = np.asarray(pool.directions, np.float32)
    radius = np.asarray(pool.radii, np.float32)
    for start in range(0, len(queries), height):
        part = slice(start, min(start + height, len(queries)))
        ends = np.asarray(queries.directions[part], np.float32), directions
        cosine = ends[0] @ directions.T
        query_radius = np.asarray(queries.radii[part], np.float32)[:, None]
        value = np.empty_like(cosine)
        for ranking in dict.fromkeys(rankings[part]):
            rows = np.array([one == ranking for one in rankings[part]])
            value[rows] = ranking.values(cosine[rows], query_radius[rows], radius, space=pool, task=task, ends=(ends[0][rows], directions))
        inside = members(cosine, query_radius, radius, pool, retrieval, task=task, whole=whole, ends=ends)
        yield part, np.where(inside, -value, -value - _span(value)).astype(np.float32)


def members(
    cosine: Floats,
    query_radius: Floats,
    radius: Floats,
    space: Embedding,
    retrieval: Retrieval,
    *,
    task: str,
    whole: NDArray[np.bool_] | None = None,
    ends: Ends | None = None,
) -> NDArray[np.bool_]:
    """(b, P) whether candidates are children, or parents, of queries: cosine (b, P), radii (b, 1) and (P,); ends: as in
    `scoring.ranking_value`."""
    cones = retrieval.cones
    if task == "children":
        return cones.holds(ranking_value(cosine, query_radius, radius, space=space, task=task, ends=ends), query_radius, radius)
    at_query = retrieval.parents_at == "query"
    angle = ranking_value(cosine, query_radius, radius, space=space, task=task, apex=retrieval.parents_at, ends=ends)
    return angle <= np.float32(retrieval.parents_omega) if at_query else cones.holds(angle, radius, query_radius, general=whole)


def _span(values: Floats) -> float:
    """More than any two values differ by."""
    return float(values.max() - values.min()) + 1.0 if values.size else 1.0

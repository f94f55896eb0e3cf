"""Norm-ordered retrieval (Wang et al., ICCV 2025, Fig. 5): the best by each score, shown from general to specific."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz import metrics
from hypviz.config import check_range
from hypviz.data.hierarchy import Hierarchy, class_graph
from hypviz.data.items import Items
from hypviz.errors import SelectionError
from hypviz.evaluation.run import check_sizes
from hypviz.evaluation.settings import EvaluateSettings
from hypviz.evaluation.task import Floats, Score, leave_out_itself, scores_of
from hypviz.evaluation.task_data import Rows, TaskData
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index
from hypviz.search.scoring import worst


@dataclass(frozen=True, eq=False)
class Ordered:
    """The best items by one score, in order of ascending radius; columns of length k.

    rows: item rows.  rank: place by the score, from 1.  value: the angle in radians (distance for "distance"), smaller
    is better.  radius: of the embedding itself, whatever the score.  relevant: bool, whether the item's class lies under
    the query's, by the class graph for a box and by what it shows for a scene; a scene is under nothing.  chance: the share of all other
    items that are relevant.
    """

    rows: Rows
    rank: Rows
    value: Floats
    radius: Floats
    relevant: NDArray[np.bool_]
    chance: float


def norm_ordered(
    items: Items,
    hierarchy: Hierarchy,
    embedding: Embedding,
    query: int,
    *,
    settings: EvaluateSettings | None = None,
    graph: NDArray[np.bool_] | None = None,
    limit: int = 40,
) -> dict[str, Ordered]:
    """Children of item row `query` among all other items, by "angle", "cosine" and "distance": the best `limit` of each.

    The paper shows 40 [P]. Ties by row. A model in `cosine` geometry, whose radii mean nothing, has "cosine" alone. The
    apex is that of `settings`. SelectionError for a row that is not there.
    """
    check_range("limit", limit, 1, 1e9)
    settings = settings or EvaluateSettings()
    graph = class_graph(items, hierarchy) if graph is None else graph
    check_sizes(items, embedding, graph)
    if not 0 <= query < len(items):
        raise SelectionError(f"No item in row {query}: the data set has rows 0…{len(items) - 1}.")
    below = TaskData(items, hierarchy, graph).classes_below(np.array([query]))[0]
    return {
        score.name: _ordered(score, embedding.radii, query, items, below, limit)
        for score in scores_of(embedding, "children", apex=settings.apex, baselines=True)
    }


def _ordered(score: Score, radii: Floats, query: int, items: Items, below: NDArray[np.bool_], limit: int) -> Ordered:
    row, task = np.array([query]), "nearest" if score.nearest else "children"
    _, scores = next(Index(score.space).scores(score.space.take(row), apex=score.apex, task=task))
    leave_out_itself(scores, row, np.arange(len(items)))
    order = metrics.rank(scores, limit)
    best = order.position[0, : min(limit, int(order.pool[0]))]
    place = np.lexsort((best, radii[best]))
    rows = best[place]
    relevant = ~items.is_scene & below[items.label]
    chance = (int(relevant.sum()) - int(relevant[query])) / max(len(items) - 1, 1)
    return Ordered(rows, place + 1, worst(task, score.apex) - scores[0, rows], radii[rows], relevant[rows], chance)

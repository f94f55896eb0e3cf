"""ω: how wide a cone is, from annotated pairs. The paper sweeps it (Fig. 4); the tool needs one value per side [R]."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import Hierarchy, class_graph
from hypviz.data.items import Items
from hypviz.errors import DataError
from hypviz.evaluation.run import check_sizes
from hypviz.evaluation.task import choose_queries, leave_out_itself
from hypviz.evaluation.task_data import TaskData
from hypviz.metrics import ThresholdSweep
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index


def calibrate_omega(
    items: Items,
    hierarchy: Hierarchy,
    embedding: Embedding,
    *,
    graph: NDArray[np.bool_] | None = None,
    max_queries: int | None = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """(omega_children, omega_parents) in radians, in (0, π]: the thresholds with the largest F1 [R].

    Decisions are all pairs of a parent x (a scene, or a box that holds a box) and a box y: y is under x when its class
    lies under x's class in the class graph, or in the scene's hierarchy. omega_children bounds ext(x, y), apex at the
    parent; omega_parents bounds π − ext(y, x), apex at the child. Beyond `max_queries` parents a sample is drawn by
    `seed`; None takes all. DataError when no decision is positive.
    """
    graph = class_graph(items, hierarchy) if graph is None else graph
    check_sizes(items, embedding, graph)
    data = TaskData(items, hierarchy, graph)
    parents = choose_queries(np.union1d(data.scenes, data.objects), max_queries, seed)
    if not len(data.boxes):
        raise DataError("omega needs boxes to be calibrated on; the data set has none.")
    return (
        _best_threshold(data, embedding, parents, apex="query"),
        _best_threshold(data, embedding, parents, apex="candidate"),
    )


def _best_threshold(data: TaskData, embedding: Embedding, parents: NDArray[np.int64], *, apex: str) -> float:
    sweep = ThresholdSweep()
    index = Index(embedding.take(data.boxes))
    for part, scores in index.scores(embedding.take(parents), apex=apex, task="children"):
        rows = parents[part]
        leave_out_itself(scores, rows, data.boxes)
        sweep.add(math.pi - scores, data.class_below(rows, data.boxes))
    omega, _ = sweep.best()
    if math.isnan(omega):
        raise DataError("omega needs at least one scene with a box to be calibrated on; the data set has none.")
    return omega

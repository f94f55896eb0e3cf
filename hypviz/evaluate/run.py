"""The use case: run every task with every score, and gather the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import Hierarchy, class_graph
from hypviz.data.items import Items
from hypviz.errors import DataError
from hypviz.evaluate.report import Evaluation, Radii, TaskResult
from hypviz.evaluate.settings import EvaluateSettings
from hypviz.evaluate.tasks import Reading, Rows, Task, World, all_tasks
from hypviz.search import metrics
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index
from hypviz.search.scoring import worst

Progress = Callable[[float, str], None]
CURVE_POINTS = 101


@dataclass(frozen=True, eq=False)
class Score:
    """One way to rank: the space it is measured in, and "angle" by the task's direction or "nearest"."""

    name: str
    space: Embedding
    apex: str
    nearest: bool = False


def evaluate(
    items: Items,
    hierarchy: Hierarchy,
    embedding: Embedding,
    settings: EvaluateSettings | None = None,
    *,
    graph: NDArray[np.bool_] | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Evaluate the embedding of `items` (row for row) on all tasks of method.md §4.

    graph: (C, C) bool class graph, [a, b] for b under a; None takes that of `items`; pass the training one to judge by
    what training could know. progress(share done, what) is called before each step; an exception it raises stops the
    run. Deterministic per settings. DataError when sizes do not fit or a direction is not finite.
    """
    settings = settings or EvaluateSettings()
    graph = class_graph(items, hierarchy) if graph is None else graph
    check_sizes(items, embedding, graph)
    world = World(items, hierarchy, graph)
    tasks, scores = all_tasks(world, settings), _scores(embedding, settings)
    results, notes = [], []
    for number, task in enumerate(tasks):
        if not (len(task.queries) and len(task.pool)):
            notes.append(f"{task.name}: left out, the data has no such pair of boxes.")
            continue
        for place, score in enumerate(scores):
            if progress:
                progress((number + place / len(scores)) / len(tasks), f"{task.name} by {score.name}")
            results += run_task(task, score, items.image, settings)
    return Evaluation(
        settings, embedding.geometry, embedding.curv, len(items), len(items.images), tuple(results),
        measure_radii(items, hierarchy, embedding.radii), tuple(notes),
    )  # fmt: skip


def check_sizes(items: Items, embedding: Embedding, graph: NDArray[np.bool_]) -> None:
    """DataError unless the embedding has one row per item and the graph one row and column per class."""
    if len(embedding) != len(items):
        raise DataError(f"The embedding has {len(embedding)} rows for {len(items)} items: embed the data set again.")
    if graph.shape != (len(items.classes),) * 2:
        raise DataError(f"The class graph has shape {graph.shape}, expected one row per class ({len(items.classes)}).")


def _scores(embedding: Embedding, settings: EvaluateSettings) -> list[Score]:
    """The embedding's own score first, then the baselines from the same vectors."""
    cosine = Score("cosine", replace(embedding, geometry="cosine", curv=1.0), "query")
    if embedding.geometry == "cosine":
        return [cosine]
    angle = Score("angle", embedding, settings.apex)
    return [angle, cosine, Score("distance", embedding, "query", nearest=True)] if settings.baselines else [angle]


def choose_queries(rows: Rows, limit: int | None, seed: int) -> Rows:
    """All rows, or `limit` of them drawn by the seed, ascending."""
    if limit is None or limit >= len(rows):
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, size=limit, replace=False))


def run_task(task: Task, score: Score, image: NDArray[np.int32], settings: EvaluateSettings) -> list[TaskResult]:
    """One result per reading of the task; every query meets every item of the pool but itself."""
    queries = choose_queries(task.queries, settings.max_queries, settings.seed)
    tally = [_Tally(reading, score) for reading in task.readings]
    index, kind = Index(score.space.take(task.pool)), "nearest" if score.nearest else task.direction
    for part, scores in index.scores(score.space.take(queries), apex=score.apex, task=kind):
        rows = queries[part]
        leave_out_itself(scores, rows, task.pool)
        order = metrics.rank(scores)
        columns = tally[0].sweep.columns(worst(kind, score.apex) - scores)
        for one in tally:
            one.add(rows, order, columns)
    return [one.result(task, score, queries, image, settings) for one in tally]


def leave_out_itself(scores: NDArray[np.float32], rows: Rows, pool: Rows) -> None:
    """Set the score of each query's own column, where the pool has one, to −inf: not in its pool."""
    column = np.minimum(np.searchsorted(pool, rows), len(pool) - 1)
    own = pool[column] == rows
    scores[np.flatnonzero(own), column[own]] = -np.inf


class _Tally:
    """What one reading of a task gathers while the score blocks stream by."""

    def __init__(self, reading: Reading, score: Score) -> None:
        self.reading = reading
        # No two points are farther apart than over the origin.
        far = max(2 * float(score.space.radii.max()), 1e-6) if score.nearest else 0.0
        self.sweep = metrics.ThresholdSweep(far or worst("children", score.apex))
        self.values: dict[str, list[NDArray[np.float64]]] = {}

    def add(self, rows: Rows, order: metrics.Order, columns: NDArray[np.int32]) -> None:
        relevant = self.reading.relevant(rows)
        for name, values in self.reading.measure(rows, order, order.hits(relevant)).items():
            self.values.setdefault(name, []).append(values)
        if self.reading.curve:
            self.sweep.count(columns, relevant)

    def result(self, task: Task, score: Score, queries: Rows, image: NDArray[np.int32], settings: EvaluateSettings) -> TaskResult:
        values = {name: np.concatenate(parts) for name, parts in self.values.items()}
        estimates = {
            name: metrics.bootstrap_mean(array, image[queries], seed=settings.seed, repeats=settings.bootstrap)
            for name, array in values.items()
        }
        curve = self.sweep.curve().thin(CURVE_POINTS) if self.reading.curve else None
        return TaskResult(
            task.name, self.reading.name, score.name, len(queries), len(task.queries), len(task.pool), estimates,
            curve, self.sweep.best() if self.reading.curve else None, queries, values,
        )  # fmt: skip


def measure_radii(items: Items, hierarchy: Hierarchy, radii: NDArray[np.float32]) -> Radii:
    """Order of radii over pairs, Spearman(depth, radius) over items, and the mean radius at each depth."""
    edges, depth = hierarchy.edges, hierarchy.depth
    parent, child = radii[edges.parent], radii[edges.child]
    counts = np.bincount(depth)
    sums = np.bincount(depth, weights=radii)
    levels = [(level, int(counts[level]), float(sums[level] / counts[level])) for level in np.flatnonzero(counts)]
    return Radii(
        direct=metrics.radial_order(parent[edges.direct], child[edges.direct]),
        ancestors=metrics.radial_order(parent, child),
        pairs=len(edges),
        spearman=metrics.spearman(depth, radii),
        by_depth=tuple((int(level), count, mean) for level, count, mean in levels),
    )

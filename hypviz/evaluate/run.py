"""The use case: run every task with every score, and gather the report."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import Hierarchy, class_graph
from hypviz.data.items import Items
from hypviz.errors import DataError
from hypviz.evaluate.report import QUANTILES, Evaluation, Radii, TaskResult
from hypviz.evaluate.settings import EvaluateSettings
from hypviz.evaluate.task import Reading, Score, Task, choose_queries, scores_of
from hypviz.evaluate.tasks import all_tasks
from hypviz.evaluate.world import Rows, World
from hypviz.search import metrics
from hypviz.search.embedding import Embedding
from hypviz.search.scoring import worst

Progress = Callable[[float, str], None]
CURVE_POINTS = 101


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
    what training could know. progress(share done, what) is called before each block of queries; an exception it raises
    stops the run. Deterministic per settings. DataError when sizes do not fit or a direction is not finite.
    """
    settings = settings or EvaluateSettings()
    graph = class_graph(items, hierarchy) if graph is None else graph
    check_sizes(items, embedding, graph)
    tasks = all_tasks(World(items, hierarchy, graph), settings)
    empty = [task for task in tasks if not (len(task.queries) and len(task.pool))]
    notes = [f"{name}: left out, the data has no such pair of boxes." for name in dict.fromkeys(task.name for task in empty)]
    jobs = [
        (task, score)
        for task in tasks
        if task not in empty
        for score in scores_of(embedding, task.direction, apex=settings.apex, baselines=settings.baselines)
    ]
    costs = np.array([len(_queries(task, settings)) * len(task.pool) for task, _ in jobs], float)
    results: list[TaskResult] = []
    for (task, score), before, cost in zip(jobs, np.cumsum(costs) - costs, costs, strict=True):

        def on_block(share: float, what: str = f"{task.name} by {score.name}", start: float = before, size: float = cost) -> None:
            if progress:
                progress(float((start + share * size) / costs.sum()), what)

        results += run_task(task, score, items.image, settings, on_block=on_block)
    return Evaluation(
        settings, embedding.geometry, embedding.curv, len(items), len(items.images), tuple(results),
        measure_radii(items, hierarchy, embedding.radii, settings), tuple(notes),
    )  # fmt: skip


def check_sizes(items: Items, embedding: Embedding, graph: NDArray[np.bool_]) -> None:
    """DataError unless the embedding has one row per item and the graph one row and column per class."""
    if len(embedding) != len(items):
        raise DataError(f"The embedding has {len(embedding)} rows for {len(items)} items: embed the data set again.")
    if graph.shape != (len(items.classes),) * 2:
        raise DataError(f"The class graph has shape {graph.shape}, expected one row per class ({len(items.classes)}).")


def _queries(task: Task, settings: EvaluateSettings) -> Rows:
    return choose_queries(task.queries, settings.max_queries, settings.seed)


def run_task(
    task: Task,
    score: Score,
    image: NDArray[np.int32],
    settings: EvaluateSettings,
    *,
    on_block: Callable[[float], None] = lambda share: None,
) -> list[TaskResult]:
    """One result per reading of the task; every query meets every item of its pool.

    on_block hears the share of the ranking that is done, at the end before each interval too: an exception it raises stops
    the run there.
    """
    queries = _queries(task, settings)
    sweep = _empty_sweep(task, score)
    tally = [_Tally(reading, sweep()) for reading in task.readings]
    best = worst("nearest" if score.nearest else task.direction, score.apex)
    on_block(0.0)
    for part, scores in task.blocks(score, queries):
        order = metrics.rank(scores, task.depth)
        columns = tally[0].sweep.columns(best - scores) if any(reading.curve for reading in task.readings) else None
        for one in tally:
            one.add(queries[part], order, columns)
        on_block(part.stop / len(queries))
    return [one.result(task, score, queries, image, settings, on_block) for one in tally]


def _empty_sweep(task: Task, score: Score) -> Callable[[], metrics.ThresholdSweep]:
    """Makes sweeps as wide as the values of the score."""
    if not score.nearest:
        high = worst(task.direction, score.apex)
    elif score.space.geometry == "cosine":
        high = float(np.pi)
    else:  # no two points are farther apart than over the origin
        high = max(2 * float(score.space.radii.max()), 1e-6)
    return lambda: metrics.ThresholdSweep(high)


class _Tally:
    """What one reading of a task gathers while the score blocks stream by."""

    def __init__(self, reading: Reading, sweep: metrics.ThresholdSweep) -> None:
        self.reading, self.sweep = reading, sweep
        self.values: dict[str, list[NDArray[np.float64]]] = {}

    def add(self, rows: Rows, order: metrics.Order, columns: NDArray[np.int32] | None) -> None:
        relevant = self.reading.relevant(rows)
        for name, values in self.reading.measure(rows, order, order.hits(relevant)).items():
            self.values.setdefault(name, []).append(values)
        if self.reading.curve and columns is not None:
            self.sweep.count(columns, relevant)

    def result(
        self,
        task: Task,
        score: Score,
        queries: Rows,
        image: NDArray[np.int32],
        settings: EvaluateSettings,
        on_block: Callable[[float], None],
    ) -> TaskResult:
        values = {name: np.concatenate(parts) for name, parts in self.values.items()}
        estimates = {}
        for name, array in values.items():
            on_block(1.0)
            estimates[name] = metrics.bootstrap_mean(array, image[queries], seed=settings.seed, repeats=settings.bootstrap)
        curve = self.sweep.curve().thin(CURVE_POINTS) if self.reading.curve else None
        return TaskResult(
            task.name, self.reading.name, score.name, len(queries), len(task.queries), len(task.pool), estimates,
            curve, self.sweep.best() if self.reading.curve else None, queries, values,
        )  # fmt: skip


def measure_radii(items: Items, hierarchy: Hierarchy, radii: NDArray[np.float32], settings: EvaluateSettings) -> Radii:
    """Order of radii over pairs with intervals, Spearman(depth, radius) over items, and the radii at each depth."""
    edges, depth = hierarchy.edges, hierarchy.depth
    parent, child, image = radii[edges.parent], radii[edges.child], items.image[edges.parent]

    def interval(pairs: NDArray[np.bool_]) -> tuple[float, float]:
        right = (parent < child)[pairs].astype(float)
        estimate = metrics.bootstrap_mean(right, image[pairs], seed=settings.seed, repeats=settings.bootstrap)
        return estimate.low, estimate.high

    levels = [(int(level), radii[depth == level]) for level in np.unique(depth)]
    return Radii(
        direct=metrics.radial_order(parent[edges.direct], child[edges.direct]),
        ancestors=metrics.radial_order(parent, child),
        pairs=len(edges),
        spearman=metrics.spearman(depth, radii),
        by_depth=tuple((level, len(of), float(of.mean(dtype=np.float64))) for level, of in levels),
        direct_interval=interval(edges.direct),
        ancestors_interval=interval(np.ones(len(edges), bool)),
        quantiles=tuple((level, tuple(np.quantile(of, QUANTILES).tolist())) for level, of in levels),
    )

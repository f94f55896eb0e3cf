"""The queries behind a number: what was asked, what was found in order, and which of it was right.

A ranking shown here is the one the metric was computed from: the same blocks of scores, ranked by the same function.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz import metrics
from hypviz.config import check_choice, check_range
from hypviz.data.hierarchy import Hierarchy, class_graph
from hypviz.data.items import Items, whole_pictures
from hypviz.errors import SelectionError
from hypviz.evaluation.classes import query_classes
from hypviz.evaluation.report import TaskResult
from hypviz.evaluation.run import check_sizes
from hypviz.evaluation.settings import EvaluateSettings
from hypviz.evaluation.task import Ranking, Reading, Score, Task, all_rankings, scores_of
from hypviz.evaluation.task_data import Rows, TaskData
from hypviz.evaluation.tasks import all_tasks
from hypviz.evaluation.units import lower_is_better
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Retrieval

ORDERS = ("worst", "best", "typical")


@dataclass(frozen=True, eq=False)
class Example:
    """One query of a metric. query: its item row.  value: the metric of this query.  retrieved: (k,) int64 item rows in
    ranked order.  relevant: (k,) bool, which of these are right.  relevant_total: how many right ones its pool holds."""

    query: int
    value: float
    retrieved: Rows
    relevant: NDArray[np.bool_]
    relevant_total: int


def examples(
    items: Items,
    hierarchy: Hierarchy,
    embedding: Embedding,
    settings: EvaluateSettings,
    *,
    task: str,
    reading: str,
    score: str,
    metric: str,
    result: TaskResult,
    label: int | None = None,
    order: str = "worst",
    limit: int = 12,
    shown: int = 20,
    graph: NDArray[np.bool_] | None = None,
    retrieval: Retrieval | None = None,
    rankings: Mapping[str, Ranking] | None = None,
) -> list[Example]:
    """The `limit` "worst", "best" or most "typical" (nearest to the median) queries of a metric, in that order.

    settings, graph, retrieval, rankings: those of the evaluation that gave `result`, the task's result by that reading and score. label:
    queries of one class only; a scene is of every class it shows. shown: ranks per query. Queries with equal values are
    drawn by the seed, so that they come from all over the data. Queries without a value are never among them.
    SettingsError for an unknown order, SelectionError for an unknown task, reading, score or metric.
    """
    check_choice("order", order, ORDERS)
    check_range("limit", limit, 1, 1e9)
    check_range("shown", shown, 1, 1e9)
    graph = class_graph(items, hierarchy) if graph is None else graph
    check_sizes(items, embedding, graph)
    judged_task, meaning = _find(all_tasks(TaskData(items, hierarchy, graph), settings), task, reading)
    by_name = all_rankings(embedding, retrieval, rankings, whole_pictures(items))
    scores = scores_of(embedding, judged_task.direction, apex=settings.apex, baselines=settings.baselines, rankings=by_name)
    ranked_by = _choose_score(scores, score)
    if metric not in result.values:
        raise SelectionError(f"No metric {metric!r} for {task}; there is {', '.join(result.values)}.")
    places = _choose(items, result, metric, label=label, order=order, seed=settings.seed)[:limit]
    example_at = dict(_make(judged_task, meaning, ranked_by, metric, result.rows, places, shown))
    return [example_at[place] for place in places.tolist()]


def _find(tasks: list[Task], name: str, reading: str) -> tuple[Task, Reading]:
    known = {(task.name, one.name): (task, one) for task in tasks for one in task.readings}
    if (name, reading) not in known:
        raise SelectionError(f"No task {name} / {reading}; there is {', '.join(' / '.join(key) for key in known)}.")
    return known[name, reading]


def _choose_score(scores: list[Score], name: str) -> Score:
    for score in scores:
        if score.name == name:
            return score
    raise SelectionError(f"No score {name!r} here; there is {', '.join(score.name for score in scores)}.")


def _choose(items: Items, result: TaskResult, metric: str, *, label: int | None, order: str, seed: int) -> Rows:
    """Places in `result.rows` of the queries with a value, in the order asked for."""
    values = result.values[metric]
    chosen = ~np.isnan(values)
    if label is not None:
        if not 0 <= label < len(items.classes):
            raise SelectionError(f"No class {label}: the data set has {len(items.classes)} classes.")
        chosen &= query_classes(items, result.rows)[:, [label]].toarray()[:, 0]
    places = np.flatnonzero(chosen)
    if not len(places):
        return places
    badness = values[places] if lower_is_better(metric) else -values[places]
    key = {"worst": -badness, "best": badness, "typical": np.abs(badness - np.median(badness))}[order]
    tie = np.random.default_rng(seed).permutation(len(values))[places]
    return places[np.lexsort((tie, key))]


def _make(task: Task, reading: Reading, score: Score, metric: str, rows: Rows, places: Rows, shown: int) -> Iterator[tuple[int, Example]]:
    """(place, example) of the chosen places, from the blocks of scores that they were ranked in."""
    parts = [part for part in task.spans(rows) if ((places >= part.start) & (places < part.stop)).any()]
    depth = None if task.depth is None else max(task.depth, shown)
    for part, scores in task.blocks(score, rows, parts):
        inside = places[(places >= part.start) & (places < part.stop)]
        order = metrics.rank(scores[inside - part.start], depth)
        hits = order.hits(reading.relevant(rows[inside]))
        values = reading.values(rows[inside], order, hits)[metric]
        for i, place in enumerate(inside.tolist()):
            head = slice(0, min(shown, int(order.pool[i])))
            retrieved = task.pool[order.position[i, head]]
            yield place, Example(int(rows[place]), float(values[i]), retrieved, hits.flags[i, head], int(hits.relevant[i]))

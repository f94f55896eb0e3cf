"""The use case: run every task with every score, and gather the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz import metrics
from hypviz.data.class_tree import ClassTree
from hypviz.data.hierarchy import Hierarchy, class_graph
from hypviz.data.items import VECTOR, Items, whole_pictures
from hypviz.data.taxonomy import Taxonomy
from hypviz.errors import DataError
from hypviz.evaluation.class_tree import in_which_tree
from hypviz.evaluation.entailment import measure_entailment
from hypviz.evaluation.first import HubCount, Hubs
from hypviz.evaluation.measures import Named
from hypviz.evaluation.membership import MembershipQuality, below_by_class, by_instance, cone_blocks, membership_quality
from hypviz.evaluation.radii import measure_radii
from hypviz.evaluation.report import Evaluation, TaskResult
from hypviz.evaluation.settings import EvaluateSettings
from hypviz.evaluation.task import Ranking, Reading, Score, Task, all_rankings, choose_queries, scores_of
from hypviz.evaluation.task_data import Rows, TaskData
from hypviz.evaluation.tasks import all_tasks
from hypviz.progress import OnShare, OnStage
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Cones, Retrieval

CURVE_POINTS = 101


def evaluate(
    items: Items,
    hierarchy: Hierarchy,
    embedding: Embedding,
    settings: EvaluateSettings | None = None,
    *,
    graph: NDArray[np.bool_] | None = None,
    taxonomy: Taxonomy | None = None,
    retrieval: Retrieval | None = None,
    rankings: Mapping[str, Ranking] | None = None,
    on_stage: OnStage | None = None,
) -> Evaluation:
    """Evaluate the embedding of `items` (row for row) on all tasks of method.md §4, each figure beside its chance.

    graph: (C, C) bool class graph, [a, b] for b under a; None takes that of `items`; pass the training one to judge by
    what training could know. taxonomy: the class tree to measure in how wrong a wrong class is; None takes that graph.
    retrieval: what the checkpoint's answers mean: its cones are judged, and its ranking is the row "as listed"; None for neither.
    rankings: more ways to rank, by name, each a row beside the angle and the baselines. on_stage(share done, what) is called before
    each block of queries; an exception it raises stops the run.
    Deterministic per settings. DataError when sizes do not fit or a direction is not finite.
    """
    settings = settings or EvaluateSettings()
    graph = class_graph(items, hierarchy) if graph is None else graph
    check_sizes(items, embedding, graph)
    rankings = all_rankings(embedding, retrieval, rankings, whole_pictures(items))
    tree = None if taxonomy is None else ClassTree(taxonomy, items.classes)
    data = TaskData(items, hierarchy, graph, tree)
    tasks = all_tasks(data, settings)
    empty = [task for task in tasks if not (len(task.queries) and len(task.pool))]
    notes = [f"{name}: left out, the data has no such pair of boxes." for name in dict.fromkeys(task.name for task in empty)]
    notes += [] if tree is None else [in_which_tree(tree)]
    jobs = [(task, _queries(task, settings), _scores(embedding, task.direction, settings, rankings)) for task in tasks if task not in empty]
    apexes = choose_queries(np.arange(len(items)), settings.entailment_apexes, settings.seed)
    pairs, judged = float(len(apexes) * len(items)), retrieval is not None and len(items) > 1 and len(apexes) > 0
    bar = _Bar(on_stage, sum(len(queries) * len(task.pool) * (1.0 + len(scores)) for task, queries, scores in jobs) + (1 + judged) * pairs)
    results: list[TaskResult] = []
    for task, queries, scores in jobs:
        cost = float(len(queries) * len(task.pool))
        luck = measure_chance(task, queries, on_share=bar.step(cost, f"{task.name} by chance"))
        for score in scores:
            results += run_task(task, score, queries, luck, items.image, settings, on_share=bar.step(cost, f"{task.name} by {score.name}"))
    between = _scores(embedding, "children", settings, None) if len(apexes) else []
    entailment = measure_entailment(data, between, apexes, on_share=bar.step(pairs, "entailment"))
    cones = _judge_cones(data, embedding, retrieval.cones, apexes, bar.step(pairs, "cones")) if judged and retrieval else {}
    return Evaluation(
        settings, embedding.geometry, embedding.curv, len(items), len(items.images), tuple(results),
        measure_radii(items, hierarchy, embedding.radii, settings), metrics.mean_direction_norm(embedding.directions),
        entailment, cones, tuple(notes),
    )  # fmt: skip


def check_judgeable(items: Items, hierarchy: Hierarchy, name: str) -> None:
    """DataError when a data set has nothing to judge an embedding by: neither boxes nor edges."""
    if (~items.is_scene).any() or len(hierarchy.edges):
        return
    count = len(items.images)
    if (items.source == VECTOR).all():
        raise DataError(f"{name} has {count:,} own vectors and no edges, so there is nothing to judge them by; give edges, parent → child.")
    pictures = "1 picture and no boxes" if count == 1 else f"{count:,} pictures and no boxes"
    raise DataError(
        f"{name} has {pictures}, so there is nothing to judge by; draw boxes in the Annotate tab, import data that have some, "
        "or let some be proposed (in the Explore tab, or by data propose)."
    )


def check_sizes(items: Items, embedding: Embedding, graph: NDArray[np.bool_]) -> None:
    """DataError unless the embedding has one row per item and the graph one row and column per class."""
    if len(embedding) != len(items):
        raise DataError(f"The embedding has {len(embedding)} rows for {len(items)} items: embed the data set again.")
    if graph.shape != (len(items.classes),) * 2:
        raise DataError(f"The class graph has shape {graph.shape}, expected one row per class ({len(items.classes)}).")


class _Bar:
    """Shares of the whole work from shares of its steps, whose costs are in pairs of items."""

    def __init__(self, on_stage: OnStage | None, total: float) -> None:
        self._on_stage, self._total, self._done = on_stage, total or 1.0, 0.0

    def step(self, cost: float, stage: str) -> OnShare:
        """The next step: hears the share of it that is done."""
        start, self._done = self._done, self._done + cost

        def on_share(share: float) -> None:
            if self._on_stage:
                self._on_stage(float((start + share * cost) / self._total), stage)

        return on_share


def _queries(task: Task, settings: EvaluateSettings) -> Rows:
    return choose_queries(task.queries, settings.max_queries, settings.seed)


def _scores(embedding: Embedding, direction: str, settings: EvaluateSettings, rankings: Mapping[str, Ranking] | None) -> list[Score]:
    return scores_of(embedding, direction, apex=settings.apex, baselines=settings.baselines, rankings=rankings)


@dataclass(frozen=True, eq=False)
class Luck:
    """One reading of a task under random rankings. values: metric → (Q,), NaN where the metric has no value.  base_rate:
    share of all decisions (query, candidate) that are relevant."""

    values: Named
    base_rate: float


def measure_chance(task: Task, queries: Rows, *, on_share: OnShare = lambda share: None) -> list[Luck]:
    """What every reading of the task is worth by luck, query by query."""
    values: list[dict[str, list[NDArray[np.float64]]]] = [{} for _ in task.readings]
    relevant, decisions = np.zeros(len(task.readings)), 0
    for part in task.spans(queries):
        on_share(part.start / len(queries))
        inside = task.inside(queries[part])
        decisions += int(inside.sum())
        for number, reading in enumerate(task.readings):
            by_chance, candidates = reading.chance(queries[part], inside)
            relevant[number] += candidates.relevant.sum()
            for name, value in by_chance.items():
                values[number].setdefault(name, []).append(value)
    return [
        Luck({name: np.concatenate(parts) for name, parts in each.items()}, float(count / decisions) if decisions else float("nan"))
        for each, count in zip(values, relevant.tolist(), strict=True)
    ]


def run_task(
    task: Task,
    score: Score,
    queries: Rows,
    luck: list[Luck],
    image: NDArray[np.int32],
    settings: EvaluateSettings,
    *,
    on_share: OnShare = lambda share: None,
) -> list[TaskResult]:
    """One result per reading of the task; every query meets every item of its pool.

    on_share hears the share of the ranking that is done, at the end before each interval too: an exception it raises stops
    the run there.
    """
    best, largest = score.best(task.direction), score.largest(task.direction)
    tally = [_Tally(reading, chance, largest) for reading, chance in zip(task.readings, luck, strict=True)]
    swept = next((one.sweep for one in tally if one.sweep is not None), None)
    hubs = None if task.direction == "nearest" else HubCount(len(task.pool), settings.first_k)
    on_share(0.0)
    for part, scores in task.blocks(score, queries):
        order = metrics.rank(scores, task.depth)
        columns = swept.columns(best - scores) if swept is not None else None
        for one in tally:
            one.add(queries[part], order, columns)
        if hubs is not None:
            hubs.add(order)
        on_share(part.stop / len(queries))

    def estimate(values: NDArray[np.float64]) -> metrics.Estimate:
        on_share(1.0)
        return metrics.bootstrap_mean(values, image[queries], seed=settings.seed, repeats=settings.bootstrap)

    return [one.result(task, score, queries, hubs.result() if hubs is not None else None, estimate) for one in tally]


class _Tally:
    """What one reading of a task gathers while the score blocks stream by; largest: of what is swept, None for no curve."""

    def __init__(self, reading: Reading, luck: Luck, largest: float | None) -> None:
        self.reading, self.luck = reading, luck
        self.sweep = metrics.ThresholdSweep(largest) if reading.curve and largest is not None else None
        self.values: dict[str, list[NDArray[np.float64]]] = {}

    def add(self, rows: Rows, order: metrics.Order, columns: NDArray[np.int32] | None) -> None:
        relevant = self.reading.relevant(rows)
        for name, values in self.reading.values(rows, order, order.hits(relevant)).items():
            self.values.setdefault(name, []).append(values)
        if self.sweep is not None and columns is not None:
            self.sweep.count(columns, relevant)

    def result(
        self, task: Task, score: Score, queries: Rows, hubs: Hubs | None, estimate: Callable[[NDArray[np.float64]], metrics.Estimate]
    ) -> TaskResult:
        values = {name: np.concatenate(parts) for name, parts in self.values.items()}
        return TaskResult(
            task=task.name,
            reading=self.reading.name,
            score=score.name,
            queries=len(queries),
            queries_available=len(task.queries),
            pool=len(task.pool),
            metrics={name: estimate(array) for name, array in values.items()},
            curve=self.sweep.curve().thin(CURVE_POINTS) if self.sweep is not None else None,
            best=self.sweep.best() if self.sweep is not None else None,
            rows=queries,
            values=values,
            chance=self.luck.values,
            base_rate=self.luck.base_rate,
            hubs=hubs,
        )


def _judge_cones(data: TaskData, embedding: Embedding, cones: Cones, apexes: Rows, on_share: OnShare) -> dict[str, MembershipQuality]:
    """The cones of the apexes, judged by class and by instance."""
    relations = {"class": lambda rows: below_by_class(data, rows), "instance": by_instance(data.hierarchy)}
    qualities = {}
    for number, (name, relation) in enumerate(relations.items()):
        on_share(number / len(relations))
        qualities[name] = membership_quality(
            cone_blocks(embedding, cones.at(embedding.radii), rows=apexes, outward=cones.outward), relation
        )
    on_share(1.0)
    return qualities

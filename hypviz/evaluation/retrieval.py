"""What a checkpoint's answers mean, chosen on validation pictures: cones by level and a ranking for each direction [R].

The paper ranks by the angle and sweeps one threshold (its Fig. 4). On photographs one threshold holds either everything
or nothing, since a scene contains a large part of a set and a wheel nothing, and the angle alone ranks whatever lies near
the root, or far out, first. So each level of the radius has its own ω, and each direction the ranking that validation
found best among the angles, the cosine, the distance and mixtures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hypviz import metrics
from hypviz.data.hierarchy import Hierarchy, class_graph
from hypviz.data.items import Items, whole_pictures
from hypviz.errors import DataError
from hypviz.evaluation.first_look import judge_first_look, scene_cones
from hypviz.evaluation.membership import below_by_class
from hypviz.evaluation.run import check_sizes
from hypviz.evaluation.settings import EvaluateSettings
from hypviz.evaluation.task import LISTED, Score, Task, choose_queries, listed_ranking
from hypviz.evaluation.task_data import Rows, TaskData
from hypviz.evaluation.tasks import box_to_scene, object_to_parts, part_to_object, scene_to_contents
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import MAX_ANGLE, Cones, Ranking, Retrieval
from hypviz.search.scoring import Floats, ranking_value

RANKINGS = (
    Ranking("angle", "query"),
    Ranking("angle", "candidate"),
    Ranking("angle", "sum"),
    Ranking("cosine"),
    Ranking("distance"),
    *(Ranking("angle + cosine", apex, weight) for apex in ("query", "sum") for weight in (0.3, 1.0, 3.0, 10.0)),
)
"""What validation chooses from; of equals the first is taken, which is the paper's."""
MAX_QUERIES = 1000
"""Queries per task and apexes per level that are looked at, drawn by the seed."""
BINS = 2048
"""Steps of ω from 0 to π."""
FEWEST = 8
"""Apexes that a level of its own needs; fewer share that of the next one."""
ROUNDS = 50
"""Rounds for the levels to settle; each raises F1, and a dozen do in practice."""
LOOKS = 100
"""Scenes whose first cards are looked at, drawn by the seed."""
SEEN_FIRST = 12
"""Children a person sees without scrolling."""
Measured = Callable[[metrics.Hits], float]
MARGIN = 0.002
"""How much better than the first a ranking must be to be taken."""


def calibrate_retrieval(
    items: Items,
    hierarchy: Hierarchy,
    embedding: Embedding,
    *,
    graph: NDArray[np.bool_] | None = None,
    rankings: Sequence[Ranking] = RANKINGS,
    max_queries: int = MAX_QUERIES,
    seed: int = 0,
) -> Retrieval:
    """The cones whose members agree best with the annotations (F1 over all pairs of items), and the best rankings.

    An item y belongs under x when its class lies under x's class in the class graph, or in the scene x. graph: (C, C) bool,
    None for that of `items`. rankings: what is chosen from; of one there is no choice, and nothing is measured for it.
    DataError when no item belongs under any other.
    """
    graph = class_graph(items, hierarchy) if graph is None else graph
    check_sizes(items, embedding, graph)
    data = TaskData(items, hierarchy, graph)
    cones = calibrate_cones(data, embedding, max_queries=max_queries, seed=seed)
    start = Retrieval(rankings[0], rankings[0], cones, parents_at="candidate")
    if len(rankings) == 1:
        return start
    return choose_rankings([(data, embedding)], start, rankings=rankings, max_queries=max_queries, seed=seed)


def calibrate_cones(data: TaskData, embedding: Embedding, *, max_queries: int = MAX_QUERIES, seed: int = 0) -> Cones:
    """ω for each level of the radius, so that F1 of all decisions "y is inside the cone of x" is largest.

    With F the F1 reached, a cone is as wide as the number of right members less F/2 times the number of members still grows:
    that is where a harmonic mean over several thresholds is stationary. DataError when nothing belongs under anything.
    """
    outward = embedding.geometry != "cosine"
    limits = level_limits(data.hierarchy.depth, embedding.radii) if outward else ()
    right, inside, belonging = _counts(data, embedding, limits, max_queries, seed, outward)
    positives = _some(belonging)
    f1, chosen = 0.0, np.zeros(len(right), np.int64)
    for _ in range(ROUNDS):
        chosen = np.argmax(right - 0.5 * f1 * inside, axis=1)  # the narrowest of equals
        levels = np.arange(len(right))
        reached = 2 * right[levels, chosen].sum() / max(inside[levels, chosen].sum() + positives, 1)
        if reached <= f1:
            break
        f1 = reached
    return Cones(_omegas(chosen), limits, outward)


def break_even_cones(data: TaskData, embedding: Embedding, *, max_queries: int = MAX_QUERIES, seed: int = 0) -> Cones:
    """ω for each level of the radius, so that its cones hold as many items as belong inside them: precision equals recall.

    Where a model tells little apart, F1 hardly changes with ω and is best for cones that hold nearly everything; at the break-even
    point a cone is as large as what there is to find [R]. DataError when nothing belongs under anything.
    """
    outward = embedding.geometry != "cosine"
    limits = level_limits(data.hierarchy.depth, embedding.radii) if outward else ()
    _, inside, belonging = _counts(data, embedding, limits, max_queries, seed, outward)
    _some(belonging)
    return Cones(_omegas(np.maximum((inside <= belonging[:, None]).sum(axis=1) - 1, 0)), limits, outward)


def admitted_by_level(
    data: TaskData, embedding: Embedding, cones: Cones, *, max_queries: int = MAX_QUERIES, seed: int = 0
) -> NDArray[np.float64]:
    """(L,) members of the cones of each level per item that belongs inside them: 1 is right, 2 twice too many. NaN for a level of fewer
    than `FEWEST` apexes, or where nothing belongs inside."""
    _, inside, belonging = _counts(data, embedding, cones.limits, max_queries, seed, cones.outward)
    count = np.bincount(_level_of(embedding, cones.limits), minlength=len(cones.omegas))
    bins = np.clip(np.round(np.asarray(cones.omegas) * (BINS / np.pi)).astype(np.int64) - 1, 0, BINS - 1)
    known = (count >= FEWEST) & (belonging > 0)
    return np.where(known, inside[np.arange(len(inside)), bins] / np.maximum(belonging, 1), np.nan)


def _omegas(bins: NDArray[np.integer]) -> tuple[float, ...]:
    """Half-angles that end these bins."""
    return tuple(min(round(float((bin + 1) * np.pi / BINS), 4), MAX_ANGLE) for bin in bins)


def _some(belonging: NDArray[np.float64]) -> float:
    """How many items belong inside the cones of all levels; DataError when none does."""
    if not belonging.sum():
        raise DataError("omega needs at least one scene with a box to be calibrated on; the data set has none.")
    return float(belonging.sum())


def _level_of(embedding: Embedding, limits: tuple[float, ...]) -> NDArray[np.int64]:
    return np.searchsorted(np.asarray(limits, np.float32), embedding.radii, side="right")


def level_limits(depth: NDArray[np.integer], radii: NDArray[np.floating]) -> tuple[float, ...]:
    """Radii that part the levels of a hierarchy best: (L − 1,), ascending; a level that no radius parts off has none of its own.

    depth: (N,) 0 for scenes.  Each limit lies where the shares of shallower items inside and of deeper items outside it sum
    to most, half-way between two radii.
    """
    limits: list[float] = []
    order = np.argsort(radii, kind="stable")
    ordered, levels = np.asarray(radii, np.float64)[order], np.asarray(depth)[order]
    for level in range(1, int(levels.max(initial=0)) + 1):
        deep = levels >= level
        if min(deep.sum(), (~deep).sum()) < FEWEST:
            continue
        balance = np.cumsum(~deep)[:-1] / (~deep).sum() - np.cumsum(deep)[:-1] / deep.sum()
        place = int(np.argmax(balance))
        limit = float(np.float32((ordered[place] + ordered[place + 1]) / 2))
        enough = np.count_nonzero((ordered >= (limits[-1] if limits else 0.0)) & (ordered < limit)) >= FEWEST
        if balance[place] > 0 and limit > (limits[-1] if limits else 0.0) and enough:
            limits.append(limit)
    return tuple(limits)


def _counts(
    data: TaskData, embedding: Embedding, limits: tuple[float, ...], max_queries: int, seed: int, outward: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """right, inside (L, BINS): right members and members of all cones of a level at each ω; belonging (L,): what belongs inside them.

    Levels of which a sample is looked at count by their full number.
    """
    levels = _level_of(embedding, limits)
    right, inside, belonging = np.zeros((len(limits) + 1, BINS)), np.zeros((len(limits) + 1, BINS)), np.zeros(len(limits) + 1)
    for level in range(len(limits) + 1):
        apexes = np.flatnonzero(levels == level)
        rows = choose_queries(apexes, max_queries, seed)
        weight = len(apexes) / max(len(rows), 1)
        for chunk, angle, admissible in _angles(embedding, rows, outward):
            true = below_by_class(data, chunk)
            true[np.arange(len(chunk)), chunk] = False
            belonging[level] += weight * float(true.sum())
            bins = np.minimum((angle * (BINS / np.pi)).astype(np.int64), BINS - 1)
            right[level] += weight * np.bincount(bins[true & admissible], minlength=BINS)
            inside[level] += weight * np.bincount(bins[admissible], minlength=BINS)
    return np.cumsum(right, axis=1), np.cumsum(inside, axis=1), belonging


def _angles(embedding: Embedding, rows: Rows, outward: bool) -> Iterator[tuple[Rows, Floats, NDArray[np.bool_]]]:
    """(rows (b,), ext of all items (b, N), which of them a cone may hold at all) in blocks."""
    radius = np.asarray(embedding.radii, np.float32)
    height = max(1, (1 << 21) // max(len(embedding), 1))
    for start in range(0, len(rows), height):
        chunk = rows[start : start + height]
        ends = np.asarray(embedding.directions[chunk], np.float32), np.asarray(embedding.directions, np.float32)
        query_radius = radius[chunk][:, None]
        angle = ranking_value(ends[0] @ ends[1].T, query_radius, radius, space=embedding, task="children", ends=ends)
        admissible = radius > query_radius if outward else np.ones(angle.shape, bool)
        admissible[np.arange(len(chunk)), chunk] = False
        yield chunk, angle, admissible


def choose_rankings(
    sets: Sequence[tuple[TaskData, Embedding]],
    start: Retrieval,
    *,
    rankings: Sequence[Ranking] = RANKINGS,
    max_queries: int = MAX_QUERIES,
    seed: int = 0,
) -> Retrieval:
    """The cones of `start` with the best ranking for children and for parents, by the mean over one or more data sets.

    Children: object → parts mAP by instance. Contents, the children of whole pictures, which lie in the innermost shell of the cones: the
    mean of scene → contents mAP with the precision of a scene's first twelve, and of the first look (`judge_first_look`: its objects'
    classes among the first cards, and cards that fit). Where the cones have one shell, or one of the two has no queries, there is one
    ranking for both, by the mean of all these.
    Parents: the mean of part → object precision@5 by instance and box → scene precision@5. A task without queries
    does not count; without any it is the first. Each data set is searched by itself, as a person would.
    """
    settings = EvaluateSettings(bootstrap=0, baselines=False, max_queries=max_queries, seed=seed)

    def best(tasks_of: Callable[[TaskData], list[tuple[Task, str, Measured]]], *, cards: bool = False) -> Ranking:
        """Of all rankings, used both ways: each task asks for one of them only."""
        jobs = [(each, where) for where in sets for each in tasks_of(where[0]) if len(each[0].queries) and len(each[0].pool)]
        both = [replace(start, children=one, parents=one) for one in rankings]
        looks = [(*where, _first_cones(*where, start, seed)) for where in sets if cards and _has_objects(where[0])]

        def value(way: Retrieval) -> float:
            figures = [_value(*each, _listed(*where, way), settings) for each, where in jobs]
            return float(np.mean(figures + [_first_cards(*look, way, seed) for look in looks]))

        values = [value(way) for way in both] if jobs else [0.0]
        leader = int(np.argmax(values))
        return rankings[0] if values[leader] <= values[0] + MARGIN else rankings[leader]

    def parts(data: TaskData) -> list[tuple[Task, str, Measured]]:
        return [(object_to_parts(data, settings), "instance", _map)]

    def contents(data: TaskData) -> list[tuple[Task, str, Measured]]:
        return [(scene_to_contents(data, settings), "class", _map_and_first)]

    def above(data: TaskData) -> list[tuple[Task, str, Measured]]:
        return [(part_to_object(data, settings), "instance", _first_five), (box_to_scene(data, settings), "same class", _first_five)]

    def both_below(data: TaskData) -> list[tuple[Task, str, Measured]]:
        return parts(data) + contents(data)

    parents = best(above)
    apart = all(any(len(task.queries) and len(task.pool) for where in sets for task, *_ in tasks(where[0])) for tasks in (parts, contents))
    if not (apart and start.cones.limits):
        return replace(start, children=best(both_below, cards=True), parents=parents)
    children, of_pictures = best(parts), best(contents, cards=True)
    return replace(start, children=children, parents=parents, contents=None if of_pictures == children else of_pictures)


def _has_objects(data: TaskData) -> bool:
    """Whether some whole picture has a box that lies in nothing else, so that there is a first look."""
    return bool((~data.items.is_scene & (data.hierarchy.depth == 1)).any()) and bool(data.items.is_scene.any())


def _first_cones(data: TaskData, embedding: Embedding, retrieval: Retrieval, seed: int) -> list[Rows]:
    return scene_cones(data.items, data.hierarchy, embedding, retrieval, most=LOOKS, seed=seed)


def _first_cards(data: TaskData, embedding: Embedding, cones: list[Rows], retrieval: Retrieval, seed: int) -> float:
    """What a person sees first of scenes: the mean of their objects' share among the first cards and of the share of cards that fit."""
    look = judge_first_look(data.items, data.hierarchy, embedding, retrieval, graph=data.graph, most=LOOKS, draws=0, seed=seed, cones=cones)
    return (look.own_objects + look.fitting) / 2


def _listed(data: TaskData, embedding: Embedding, retrieval: Retrieval) -> Score:
    return Score(LISTED, embedding, ranking=listed_ranking(embedding, retrieval, whole_pictures(data.items)))


def _value(task: Task, reading: str, of: Measured, score: Score, settings: EvaluateSettings) -> float:
    """A figure of one reading of a task, by one way to rank, over a sample of its queries."""
    queries = choose_queries(task.queries, settings.max_queries, settings.seed)
    relevant = next(one for one in task.readings if one.name == reading).relevant
    values = []
    for part, scores in task.blocks(score, queries):
        hits = metrics.rank(scores, task.depth).hits(relevant(queries[part]))
        values.append((of(hits), part.stop - part.start))
    return float(np.average([value for value, _ in values], weights=[count for _, count in values]))


def _map(hits: metrics.Hits) -> float:
    return float(np.nan_to_num(metrics.average_precision(hits)).mean())


def _first_five(hits: metrics.Hits) -> float:
    return float(np.nan_to_num(metrics.precision_at_k(hits, 5)).mean())


def _map_and_first(hits: metrics.Hits) -> float:
    first = float(np.nan_to_num(metrics.precision_at_k(hits, SEEN_FIRST)).mean())
    return (_map(hits) + first) / 2

"""The retrieval tasks of method.md §4: queries, pool, what counts as correct, and what is reported.

A task can have several readings of "correct" over one ranking: by *class* (the class graph, or the classes of a scene)
and by *instance* (what this very object or scene holds).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hypviz.evaluate.recognition import nearest_neighbour, prototype
from hypviz.evaluate.settings import EvaluateSettings
from hypviz.evaluate.task import Measure, Reading, Task
from hypviz.evaluate.world import Rows, World, dense
from hypviz.search import metrics


def all_tasks(world: World, settings: EvaluateSettings) -> list[Task]:
    """The tasks in the order of the report; one may have no queries or no pool."""
    return [
        part_to_object(world, settings),
        object_to_parts(world, settings),
        scene_to_contents(world, settings),
        box_to_scene(world, settings),
        nearest_neighbour(world),
        prototype(world),
    ]


def part_to_object(world: World, settings: EvaluateSettings) -> Task:
    """A box inside another box → boxes with boxes inside. Correct by instance: the retrieved object holds a box of the
    query's class; by class: the query's class lies under the object's class."""
    pool = world.objects
    holders = world.holds[pool].T.tocsr()

    def instance(rows: Rows) -> NDArray[np.bool_]:
        return dense(holders[world.label[rows]])

    def by_class(rows: Rows) -> NDArray[np.bool_]:
        return world.graph.T[world.label[rows]][:, world.label[pool]]

    measure = _at_depths("precision", metrics.precision_at_k, settings.object_k)
    readings = (Reading("instance", instance, measure), Reading("class", by_class, measure))
    return Task("part → object", "parents", world.parts, pool, readings, max(settings.object_k))


def object_to_parts(world: World, settings: EvaluateSettings) -> Task:
    """A box with boxes inside → all boxes. Correct by class: the class lies under the query's class; by instance: the
    class occurs inside the query itself."""
    pool = world.boxes

    def by_class(rows: Rows) -> NDArray[np.bool_]:
        return world.class_below(rows, pool)

    def instance(rows: Rows) -> NDArray[np.bool_]:
        return dense(world.holds[rows])[:, world.label[pool]]

    measure = _whole_list(settings.recall_k)
    readings = (Reading("class", by_class, measure), Reading("instance", instance, measure))
    return Task("object → parts", "children", world.objects, pool, readings)


def scene_to_contents(world: World, settings: EvaluateSettings) -> Task:
    """A scene → all boxes. Correct: the box's class is in the scene's hierarchy, own or other images [P]. OT and TV
    compare the class histogram of the scene with that of the retrieved boxes."""
    pool = world.boxes
    depths = {f"{share:.0%}": max(1, round(share * len(pool))) for share in settings.shares}
    ranks, distributions = _whole_list(settings.recall_k, depths), _label_distances(world, pool, depths)

    def measure(rows: Rows, order: metrics.Order, hits: metrics.Hits) -> dict[str, NDArray[np.float64]]:
        return ranks(rows, order, hits) | distributions(rows, order, hits)

    def by_class(rows: Rows) -> NDArray[np.bool_]:
        return world.class_below(rows, pool)

    queries = world.scenes[np.diff(world.shown.indptr) > 0]
    return Task("scene → contents", "children", queries, pool, (Reading("class", by_class, measure),))


def box_to_scene(world: World, settings: EvaluateSettings) -> Task:
    """A box → all scenes. Correct by class: the scene holds a box of the query's class [P]; by image: its own scene."""
    pool, image = world.scenes, world.items.image
    showing = world.shown.T.tocsr()

    def by_class(rows: Rows) -> NDArray[np.bool_]:
        return dense(showing[world.label[rows]])

    def own(rows: Rows) -> NDArray[np.bool_]:
        same: NDArray[np.bool_] = image[rows][:, None] == image[pool]
        return same

    precision = _at_depths("precision", metrics.precision_at_k, settings.scene_k)
    hit_rate = _at_depths("hit rate", metrics.hit_rate_at_k, settings.scene_k)
    readings = (Reading("same class", by_class, precision), Reading("same image", own, hit_rate, curve=False))
    return Task("box → scene", "parents", world.boxes, pool, readings, max(settings.scene_k))


def _at_depths(name: str, metric: Callable[..., NDArray[np.float64]], depths: tuple[int, ...]) -> Measure:
    def measure(rows: Rows, order: metrics.Order, hits: metrics.Hits) -> dict[str, NDArray[np.float64]]:
        return {f"{name}@{k}": metric(hits, k) for k in depths}

    return measure


def _whole_list(depths: tuple[int, ...], named: dict[str, int] | None = None) -> Measure:
    """mAP, precision at k = |relevant| ("R"), and recall at every depth."""
    all_depths = {str(k): k for k in depths} | (named or {})

    def measure(rows: Rows, order: metrics.Order, hits: metrics.Hits) -> dict[str, NDArray[np.float64]]:
        found = {"mAP": metrics.average_precision(hits), "precision@R": metrics.precision_at_k(hits, hits.relevant)}
        return found | {f"recall@{name}": metrics.recall_at_k(hits, k) for name, k in all_depths.items()}

    return measure


def _label_distances(world: World, pool: Rows, depths: dict[str, int]) -> Measure:
    """OT and TV between the labels of the scene's boxes and those of the first k, classes in alphabetical order [R]."""
    count, offsets = len(world.items.classes), world.items.offsets
    alphabetical = np.argsort(np.argsort(np.array(world.items.classes, dtype=str), kind="stable"))
    label = alphabetical[world.label]

    def measure(rows: Rows, order: metrics.Order, hits: metrics.Hits) -> dict[str, NDArray[np.float64]]:
        image, found = world.items.image[rows], {}
        boxes = [slice(first, last) for first, last in zip(offsets[image] + 1, offsets[image + 1], strict=True)]
        wanted = np.stack([np.bincount(label[own], minlength=count) for own in boxes])
        cuts = {name: np.full(len(rows), k) for name, k in depths.items()} | {"R": hits.relevant}
        for name, cut in cuts.items():
            first = [label[pool[place[:k]]] for place, k in zip(order.position, np.minimum(cut, order.pool), strict=True)]
            retrieved = np.stack([np.bincount(labels, minlength=count) for labels in first])
            found[f"OT@{name}"], found[f"TV@{name}"] = metrics.label_distances(wanted, retrieved)
        return found

    return measure

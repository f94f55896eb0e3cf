"""The retrieval tasks of method.md §4: queries, pool, what counts as correct, and what is reported.

A task can have several readings of "correct" over one ranking: by *class* (the class graph, or the classes of a scene)
and by *instance* (what this very object or scene holds).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from hypviz.data.hierarchy import Hierarchy, scene_classes
from hypviz.data.items import Items
from hypviz.evaluate.settings import EvaluateSettings
from hypviz.search import metrics

Rows = NDArray[np.int64]
Relevance = Callable[[Rows], NDArray[np.bool_]]
Measure = Callable[[Rows, metrics.Order, metrics.Hits], dict[str, NDArray[np.float64]]]


@dataclass(frozen=True, eq=False)
class Reading:
    """One meaning of "correct". relevant: query rows (b,) → (b, P) bool over the pool.  measure: the metrics per
    query.  curve: whether precision and recall are swept over the threshold."""

    name: str
    relevant: Relevance
    measure: Measure
    curve: bool = True


@dataclass(frozen=True, eq=False)
class Task:
    """queries, pool: item rows, ascending.  direction: "children" or "parents" of the query are sought."""

    name: str
    direction: str
    queries: Rows
    pool: Rows
    readings: tuple[Reading, ...] = field(default=())


@dataclass(frozen=True, eq=False)
class World:
    """Items, hierarchy and class graph (C, C) with the lookups that all tasks share."""

    items: Items
    hierarchy: Hierarchy
    graph: NDArray[np.bool_]

    @cached_property
    def label(self) -> NDArray[np.int64]:
        """(N,) class of each item, wide enough to index with."""
        return self.items.label.astype(np.int64)

    @cached_property
    def scenes(self) -> Rows:
        """Rows of the whole images, one per image, in its order."""
        return np.flatnonzero(self.items.is_scene)

    @cached_property
    def boxes(self) -> Rows:
        """Rows of all boxes."""
        return np.flatnonzero(~self.items.is_scene)

    @cached_property
    def in_boxes(self) -> tuple[Rows, Rows]:
        """(parent, child) of all ancestor pairs between boxes."""
        edges = self.hierarchy.edges
        between = ~self.items.is_scene[edges.parent]
        return edges.parent[between].astype(np.int64), edges.child[between].astype(np.int64)

    @cached_property
    def objects(self) -> Rows:
        """Boxes with at least one box inside."""
        return np.unique(self.in_boxes[0])

    @cached_property
    def parts(self) -> Rows:
        """Boxes inside at least one other box."""
        return np.unique(self.in_boxes[1])

    @cached_property
    def holds(self) -> csr_array:
        """(N, C) True where a box has a descendant of that class."""
        parent, child = self.in_boxes
        shape = (len(self.items), len(self.items.classes))
        held = csr_array((np.ones(len(parent), bool), (parent, self.label[child])), shape=shape)
        held.sum_duplicates()
        return held

    @cached_property
    def shown(self) -> csr_array:
        """(M, C) True where an image has a box of that class."""
        return scene_classes(self.items)

    def scene_holds(self, rows: Rows) -> NDArray[np.bool_]:
        """(b, C) classes in the image of each row."""
        return dense(self.shown[self.items.image[rows]])

    def class_below(self, rows: Rows, pool: Rows) -> NDArray[np.bool_]:
        """(b, P) True where the class of pool item lies under what each row holds by class: the class graph for a box,
        the classes of its own hierarchy for a scene."""
        wanted = self.scene_holds(rows)
        box = ~self.items.is_scene[rows]
        wanted[box] = self.graph[self.label[rows[box]]]
        return wanted[:, self.label[pool]]


def all_tasks(world: World, settings: EvaluateSettings) -> list[Task]:
    """The tasks in the order of the report; one may have no queries or no pool."""
    return [
        part_to_object(world, settings),
        object_to_parts(world, settings),
        scene_to_contents(world, settings),
        box_to_scene(world, settings),
    ]


def part_to_object(world: World, settings: EvaluateSettings) -> Task:
    """A box inside another box → boxes with boxes inside. Correct by instance: the retrieved object holds a box of the
    query's class; by class: the query's class lies under the object's class."""
    pool = world.objects
    held = dense(world.holds[pool]).T

    def instance(rows: Rows) -> NDArray[np.bool_]:
        return held[world.label[rows]]

    def by_class(rows: Rows) -> NDArray[np.bool_]:
        return world.graph.T[world.label[rows]][:, world.label[pool]]

    measure = _at_depths("precision", metrics.precision_at_k, settings.object_k)
    readings = (Reading("instance", instance, measure), Reading("class", by_class, measure))
    return Task("part → object", "parents", world.parts, pool, readings)


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

    queries = world.scenes[dense(world.shown).any(axis=1)]
    return Task("scene → contents", "children", queries, pool, (Reading("class", by_class, measure),))


def box_to_scene(world: World, settings: EvaluateSettings) -> Task:
    """A box → all scenes. Correct by class: the scene holds a box of the query's class [P]; by image: its own scene."""
    pool, image = world.scenes, world.items.image
    shown = dense(world.shown).T

    def by_class(rows: Rows) -> NDArray[np.bool_]:
        return shown[world.label[rows]]

    def own(rows: Rows) -> NDArray[np.bool_]:
        same: NDArray[np.bool_] = image[rows][:, None] == image[pool]
        return same

    precision = _at_depths("precision", metrics.precision_at_k, settings.scene_k)
    hit_rate = _at_depths("hit rate", metrics.hit_rate_at_k, settings.scene_k)
    readings = (Reading("same class", by_class, precision), Reading("same image", own, hit_rate, curve=False))
    return Task("box → scene", "parents", world.boxes, pool, readings)


def dense(sparse: csr_array) -> NDArray[np.bool_]:
    """A boolean sparse array written out."""
    written: NDArray[np.bool_] = sparse.toarray()
    return written


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
    classes, offsets = world.items.classes, world.items.offsets
    alphabetical = np.argsort(np.argsort(np.array(classes, dtype=str), kind="stable"))
    pool_label = alphabetical[world.label[pool]]

    def measure(rows: Rows, order: metrics.Order, hits: metrics.Hits) -> dict[str, NDArray[np.float64]]:
        found: dict[str, NDArray[np.float64]] = {}
        cuts = {name: np.full(len(rows), k) for name, k in depths.items()} | {"R": hits.relevant}
        for name, cut in cuts.items():
            ot, tv = np.empty(len(rows)), np.empty(len(rows))
            for i, row in enumerate(rows):
                image = world.items.image[row]
                own = alphabetical[world.label[offsets[image] + 1 : offsets[image + 1]]]
                wanted = np.bincount(own, minlength=len(classes))
                first = order.position[i, : min(cut[i], order.pool[i])]
                retrieved = np.bincount(pool_label[first], minlength=len(classes))
                ot[i] = metrics.optimal_transport(wanted, retrieved)
                tv[i] = metrics.total_variation(wanted, retrieved)
            found |= {f"OT@{name}": ot, f"TV@{name}": tv}
        return found

    return measure

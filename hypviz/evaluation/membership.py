"""Do cones hold what they should? Membership of cones against the annotated hierarchy, beside "everything inside".

ω alone says little (method.md §6): with spread directions a good threshold lies beyond 90°, and a cone that holds the
whole set has a recall of 1. So membership is judged as decisions, item in cone or not, beside the F1 of admitting all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from hypviz.data.hierarchy import Hierarchy, class_graph
from hypviz.data.items import Items
from hypviz.errors import DataError
from hypviz.evaluation.task_data import Rows, TaskData, dense
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index
from hypviz.search.scoring import worst

Block = tuple[Rows, NDArray[np.bool_]]
"""Item rows (b,) of some apexes, and whether each of the N items is inside the cone of each: (b, N)."""
Relation = Callable[[Rows], NDArray[np.bool_]]
"""Item rows (b,) → (b, N), whether each of the N items belongs below each of them."""
CELLS = 1 << 21
"""Apex–item pairs per block of `cone_blocks`."""


@dataclass(frozen=True)
class MembershipQuality:
    """Decisions "item y is inside the cone of x", over all pairs of an apex and another item.

    precision, recall, f1: of these decisions, pooled; precision is NaN where every cone is empty, recall where nothing
    belongs below anything.  f1_everything: F1 where every cone holds everything.  f1_chance: F1 expected where as many
    pairs as here are inside, drawn at random.  median_share_inside, median_share_true: median over the cones of the share
    of the other items that is inside, and that belongs there.  cones: how many.
    """

    precision: float
    recall: float
    f1: float
    f1_everything: float
    f1_chance: float
    median_share_inside: float
    median_share_true: float
    cones: int

    @property
    def admitted(self) -> float:
        """Pairs inside per pair that belongs inside: recall / precision; 1 is right, 2 is twice what there is to find."""
        return self.recall / self.precision if self.precision > 0 else float("nan") if np.isnan(self.recall) else 0.0


def membership_quality(blocks: Iterable[Block], relation: Relation) -> MembershipQuality:
    """Judge cones against a relation, see `by_class` and `by_instance`; a streamed pass, memory of one block.

    An apex is no candidate of its own cone. DataError without a pair, or for a block whose shape is not that of the
    relation.
    """
    inside_of, true_of, hits = [np.zeros(0)], [np.zeros(0)], 0
    others = 0
    for rows, members in blocks:
        inside, true = np.array(members, bool), np.array(relation(rows), bool)
        if inside.shape != true.shape:
            raise DataError(f"Membership of {len(rows)} cones needs the shape {true.shape}, one column per item; got {inside.shape}.")
        apexes = np.arange(len(rows)), rows
        inside[apexes] = true[apexes] = False
        others = inside.shape[1] - 1
        inside_of.append(inside.sum(axis=1))
        true_of.append(true.sum(axis=1))
        hits += int(np.count_nonzero(inside & true))
    inside, true = np.concatenate(inside_of), np.concatenate(true_of)
    if not len(inside) or others < 1:
        raise DataError("Cones can be judged from two items on; there is none to judge.")
    return _quality(inside, true, hits, others)


def _quality(inside: NDArray[np.float64], true: NDArray[np.float64], hits: int, others: int) -> MembershipQuality:
    """inside, true: (cones,) items inside and items that belong there, of `others` candidates each."""
    admitted, relevant, pairs = float(inside.sum()), float(true.sum()), float(len(inside) * others)
    return MembershipQuality(
        precision=_ratio(hits, admitted),
        recall=_ratio(hits, relevant),
        f1=_ratio(2 * hits, admitted + relevant),
        f1_everything=_ratio(2 * relevant, pairs + relevant),
        f1_chance=_ratio(2 * admitted * relevant / pairs, admitted + relevant),
        median_share_inside=float(np.median(inside)) / others,
        median_share_true=float(np.median(true)) / others,
        cones=len(inside),
    )


def by_class(items: Items, hierarchy: Hierarchy, graph: NDArray[np.bool_] | None = None) -> Relation:
    """Boxes whose class lies under an item's: in the class graph for a box, among what it shows for a scene [R].

    Scenes are below nothing. graph: (C, C) bool, None for that of `items`.
    """
    data = TaskData(items, hierarchy, class_graph(items, hierarchy) if graph is None else graph)
    return lambda rows: below_by_class(data, rows)


def below_by_class(data: TaskData, rows: Rows) -> NDArray[np.bool_]:
    """(b, N) the items that lie below each row by class, see `by_class`."""
    below = np.zeros((len(rows), len(data.items)), np.bool_)
    below[:, data.boxes] = data.class_below(rows, data.boxes)
    return below


def by_instance(hierarchy: Hierarchy) -> Relation:
    """The descendants of an item in its own picture, and nothing else."""
    edges, count = hierarchy.edges, len(hierarchy.depth)
    closure = csr_array((np.ones(len(edges), bool), (edges.parent, edges.child)), shape=(count, count))
    return lambda rows: dense(closure[rows])


def cone_blocks(embedding: Embedding, omega: ArrayLike, *, rows: Rows | None = None, outward: bool = True) -> Iterator[Block]:
    """Who is inside the cone of each item: ext(x, y) <= ω_x, and with `outward` also r_y > r_x [R].

    omega: radians, one for all or (N,), the threshold of each item as apex. rows: the apexes, None for all items.
    """
    apexes = np.arange(len(embedding)) if rows is None else np.asarray(rows, np.int64)
    threshold = np.broadcast_to(np.asarray(omega, np.float32), (len(embedding),))
    index, height = Index(embedding), max(1, CELLS // max(len(embedding), 1))
    for start in range(0, len(apexes), height):
        part = apexes[start : start + height]
        for inner, scores in index.scores(embedding.take(part), apex="query", task="children"):
            apex = part[inner]
            inside = worst("children", "query") - scores <= threshold[apex, None]
            if outward:
                inside &= embedding.radii[None] > embedding.radii[apex, None]
            yield apex, inside


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")

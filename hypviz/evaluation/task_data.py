"""What all tasks share: items, their hierarchy and a class graph, with the lookups made from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from hypviz.data.class_tree import ClassTree
from hypviz.data.hierarchy import Hierarchy, scene_classes
from hypviz.data.items import Items

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TaskData:
    """Items, hierarchy and class graph (C, C) with the lookups that all tasks share. tree: the class tree that was brought, if any."""

    items: Items
    hierarchy: Hierarchy
    graph: NDArray[np.bool_]
    tree: ClassTree | None = None

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
        return self._by_class(parent, self.label[child])

    @cached_property
    def held(self) -> csr_array:
        """(N, C) True where an item has a box of that class: what it shows for a scene, all inside it for a box."""
        rows, label = self.holds.nonzero()
        image, shown = self.shown.nonzero()
        return self._by_class(np.concatenate([rows, self.scenes[image]]), np.concatenate([label, shown]))

    @cached_property
    def held_directly(self) -> csr_array:
        """(N, C) True where an item has a direct child of that class: for a scene its objects."""
        edges = self.hierarchy.edges
        return self._by_class(edges.parent[edges.direct], self.label[edges.child[edges.direct]])

    def own_boxes(self, rows: Rows) -> Rows:
        """(b,) how many boxes are inside each row: all of the picture for a scene."""
        inside = np.bincount(self.in_boxes[0], minlength=len(self.items))
        inside[self.scenes] = np.diff(self.items.offsets) - 1
        return inside[rows]

    def is_own(self, rows: Rows, boxes: Rows) -> NDArray[np.bool_]:
        """(n,) whether each of the boxes is inside the row beside it: in the picture of a scene, a descendant of a box."""
        keys = rows * len(self.items) + boxes
        inside: NDArray[np.bool_] = np.isin(keys, self._nested)
        return np.where(self.items.is_scene[rows], self.items.image[rows] == self.items.image[boxes], inside)

    @cached_property
    def _nested(self) -> NDArray[np.int64]:
        """Keys parent · N + child of all ancestor pairs between boxes."""
        parent, child = self.in_boxes
        return parent * len(self.items) + child

    def _by_class(self, rows: NDArray[np.integer], label: NDArray[np.integer]) -> csr_array:
        shape = (len(self.items), len(self.items.classes))
        marked = csr_array((np.ones(len(rows), bool), (rows, label)), shape=shape)
        marked.sum_duplicates()
        return marked

    @cached_property
    def shown(self) -> csr_array:
        """(M, C) True where an image has a box of that class."""
        return scene_classes(self.items)

    def scene_holds(self, rows: Rows) -> NDArray[np.bool_]:
        """(b, C) classes in the image of each row."""
        return dense(self.shown[self.items.image[rows]])

    def classes_below(self, rows: Rows) -> NDArray[np.bool_]:
        """(b, C) classes under each row by class: the class graph for a box, what it shows for a scene."""
        below = self.scene_holds(rows)
        box = ~self.items.is_scene[rows]
        below[box] = self.graph[self.label[rows[box]]]
        return below

    def class_below(self, rows: Rows, pool: Rows) -> NDArray[np.bool_]:
        """(b, P) True where the class of a box of the pool is one of `classes_below`."""
        return self.classes_below(rows)[:, self.label[pool]]


def dense(sparse: csr_array) -> NDArray[np.bool_]:
    """A boolean sparse array written out."""
    written: NDArray[np.bool_] = sparse.toarray()
    return written

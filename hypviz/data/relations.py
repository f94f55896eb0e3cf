"""What every parent of a batch is to every child of it: the masks that the loss reads (method.md §3, §5).

For B pairs there are B × B cells. None is visited by a Python loop: parents that repeat (scenes do) are handled once,
each relation is looked up in sorted columns and only its hits are written.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import Hierarchy, scene_classes
from hypviz.data.items import Items
from hypviz.data.lookup import Lookup, Rows

Mask = NDArray[np.bool_]


class Relations:
    """Relations between any parents and children of one data set.

    graph: (C, C) bool, [a, b] when class b was seen inside class a (`class_graph`).
    """

    def __init__(self, items: Items, hierarchy: Hierarchy, graph: Mask) -> None:
        self._items = items
        self._hierarchy = hierarchy
        self._graph = graph
        self._in_scene = scene_classes(items)

    def masks(self, parent: Rows, child: Rows) -> tuple[Mask, Mask, Mask]:
        """positive, related and never of B sampled pairs (parent_i, child_i), each (B, B) bool; see `between`."""
        parents, pair_of = np.unique(parent, return_inverse=True)
        positive, related, never = self.between(parents, child, sampled=(pair_of, child))
        return positive[pair_of], related[pair_of], never[pair_of]

    def between(self, parents: Rows, children: Rows, *, sampled: tuple[Rows, Rows]) -> tuple[Mask, Mask, Mask]:
        """positive, related and never of U distinct parents and B children, each (U, B) bool, disjoint.

        sampled: pairs drawn besides those of the hierarchy, as (index into parents, item row of the child).
        positive[i, j]: child_j is inside parent_i in its scene, or a sampled pair says parent_i → child_j.
        never[i, j]: child_j is parent_i itself, an ancestor of it, or a duplicate of it or of a true relation of it.
        related[i, j]: neither, but the class of child_j was seen under the class of parent_i, or in the scene parent_i.
        """
        columns = Lookup.sort(children, np.arange(len(children)))
        shape = (len(parents), len(children))
        positive = self._positive(parents, sampled, columns, shape)
        never = self._never(parents, sampled, columns, shape)
        never &= ~positive
        related = self._related(parents, children)
        related &= ~(positive | never)
        return positive, related, never

    def _positive(self, parents: Rows, sampled: tuple[Rows, Rows], columns: Lookup, shape: tuple[int, int]) -> Mask:
        """(U, B): descendants of each of the U parents among the children, and what was sampled for it."""
        mask = np.zeros(shape, dtype=bool)
        mark(mask, columns, *self._hierarchy.below.of(parents))
        mark(mask, columns, *sampled)  # a sampled child may stand in other columns too
        return mask

    def _never(self, parents: Rows, sampled: tuple[Rows, Rows], columns: Lookup, shape: tuple[int, int]) -> Mask:
        """(U, B): the parents themselves, their ancestors, and duplicates of those, of descendants and of samples."""
        mask = np.zeros(shape, dtype=bool)
        identity = np.arange(len(parents)), parents
        above = self._hierarchy.above.of(parents)
        below = self._hierarchy.below.of(parents)
        for owner, rows in (identity, above):
            mark(mask, columns, owner, rows)
        for owner, rows in (identity, above, below, sampled):
            twin_of, twins = self._hierarchy.twins.of(rows)
            mark(mask, columns, owner[twin_of], twins)
        return mask

    def _related(self, parents: Rows, child: Rows) -> Mask:
        """(U, B): whether the class of each child lies under each parent, by the class graph or in the scene."""
        items = self._items
        under = np.empty((len(parents), len(items.classes)), dtype=bool)
        scene = items.is_scene[parents]
        under[~scene] = self._graph[items.label[parents[~scene]]]
        under[scene] = self._in_scene[items.image[parents[scene]]].toarray()
        return np.take(under, items.label[child], axis=1)


def mark(mask: Mask, columns: Lookup, owner: Rows, rows: Rows) -> None:
    """Set mask[owner[k], j] for every column j that holds rows[k]."""
    hit, column = columns.of(rows)
    mask[owner[hit], column] = True

"""The hierarchy as the disk sees it: one parent per item, and the colour group each item belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, eq=False)
class Tree:
    """The hierarchy as columns of length N.

    parent: row of the closest containing item, −1 for none.  depth: 0 for a scene.  label: class, −1 for a scene.
    """

    parent: NDArray[np.int64]
    depth: NDArray[np.int64]
    label: NDArray[np.int64]

    @classmethod
    def from_edges(cls, parent: ArrayLike, child: ArrayLike, *, depth: ArrayLike, label: ArrayLike) -> Tree:
        """From parent → child rows (direct edges, or all of them); the deepest parent wins, then the lowest row."""
        depth, label = np.asarray(depth, np.int64), np.asarray(label, np.int64)
        parent, child = np.asarray(parent, np.int64), np.asarray(child, np.int64)
        closest = np.full(len(depth), -1, np.int64)
        order = np.lexsort((-parent, depth[parent])) if len(parent) else np.empty(0, np.int64)
        closest[child[order]] = parent[order]  # later writes win: deepest parent last
        return cls(closest, depth, label)

    def top(self) -> NDArray[np.int64]:
        """(N,) row of the depth-1 ancestor-or-self; −1 for scenes."""
        top = np.where(self.label < 0, -1, np.arange(len(self.depth)))
        for level in range(2, int(self.depth.max(initial=0)) + 1):
            rows = np.flatnonzero((self.depth == level) & (self.parent >= 0) & (self.label >= 0))
            above = top[self.parent[rows]]
            top[rows] = np.where(above >= 0, above, rows)
        return top

    def top_class(self) -> NDArray[np.int64]:
        """(N,) class of the depth-1 ancestor-or-self; −1 for scenes."""
        top = self.top()
        return np.where(top >= 0, self.label[top], -1)


def branches(tree: Tree, classes: Sequence[str], *, limit: int = 10) -> tuple[NDArray[np.uint8], list[str]]:
    """Colour groups: (N,) index and names. "scene" first, then the `limit` largest top-level classes, then "other"."""
    top = tree.top_class()
    top_classes, counts = np.unique(top[top >= 0], return_counts=True)
    named = top_classes[np.lexsort((top_classes, -counts))][: limit if len(top_classes) > limit else len(top_classes)]
    names = (["scene"] if (top < 0).any() else []) + [classes[row] for row in named]
    start = len(names) - len(named)
    index = np.full(len(top), len(names), np.uint8)
    for position, row in enumerate(named):
        index[top == row] = start + position
    index[top < 0] = 0
    return index, names + (["other"] if (index == len(names)).any() else [])

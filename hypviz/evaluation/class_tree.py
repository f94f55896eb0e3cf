"""How wrong is a wrong class: distances in the class graph, as HyCoCLIP reports them in WordNet (arXiv 2410.06912).

A class tree that was brought with the data stands for the tree of their paper; its metrics have `IN_TREE` behind their names, so that
nobody takes them for those of other data. Without one it is the graph of which class was seen inside which [R]. Either has a root above
all: the scene, or of a class tree the name that alone is on top; classes that the tree does not know hang at the root. A(c) is class c,
all names above it, and the root [R: their released code leaves c itself out].

- TIE, tree-induced error: edges on the shortest way from the predicted class to the true one, up or down.
- LCA: classes of A(predicted) that are not in A(true), in a tree the steps up to the lowest common ancestor; 0 when the
  predicted class is right or above the right one [R: their code adds 1].
- Jaccard |A(p) ∩ A(t)| / |A(p) ∪ A(t)|, hierarchical precision |A(p) ∩ A(t)| / |A(p)| and recall |A(p) ∩ A(t)| / |A(t)|.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from hypviz import metrics
from hypviz.data.class_tree import ClassTree
from hypviz.evaluation.measures import Candidates, Named
from hypviz.evaluation.task_data import Rows, TaskData

IN_TREE = "@class tree"
"""Behind the name of a metric that is measured in a class tree that was brought."""


@dataclass(frozen=True, eq=False)
class TreeErrors:
    """The metrics of the class that is retrieved first, as measures of a reading."""

    data: TaskData
    pool: Rows

    @cached_property
    def matrices(self) -> dict[str, NDArray[np.float64]]:
        """Each metric as (C, C), [predicted, true]."""
        if self.data.tree is None:
            return tree_errors(self.data.graph)
        return {f"{name}{IN_TREE}": matrix for name, matrix in errors_in(self.data.tree).items()}

    def values(self, rows: Rows, order: metrics.Order, hits: metrics.Hits) -> Named:
        """See `Measure.values`; no value where accuracy has none."""
        predicted, true = self.data.label[self.pool[order.position[:, 0]]], self.data.label[rows]
        return {name: np.where(hits.relevant > 0, matrix[predicted, true], np.nan) for name, matrix in self.matrices.items()}

    def chance(self, rows: Rows, candidates: Candidates) -> Named:
        """See `Measure.chance`: the first is any candidate."""
        counts = candidates.class_counts(self.data.label[self.pool], len(self.data.items.classes))
        share, true = counts / np.maximum(candidates.pool, 1)[:, None], self.data.label[rows]
        return {
            name: np.where(candidates.total > 0, np.einsum("bc,cb->b", share, matrix[:, true]), np.nan)
            for name, matrix in self.matrices.items()
        }


def in_which_tree(tree: ClassTree) -> str:
    """A sentence on what the metrics with `IN_TREE` are measured in."""
    outside = sum(not line for line in tree.lines)
    rest = f"; {outside:,} others hang at its root" if outside else ""
    return (
        f"TIE, LCA, Jaccard, P_H and R_H are measured in the class tree that was brought, in which {len(tree.classes) - outside:,} of "
        f"{len(tree.classes):,} classes are{rest}."
    )


def errors_in(tree: ClassTree) -> dict[str, NDArray[np.float64]]:
    """The metrics of every predicted and true class, (C, C) each, in a class tree that was brought."""
    nodes, classes = tree.nodes(), len(tree.classes)
    at = np.full(classes, -1, np.int64)
    for place, node in enumerate(nodes):
        if node["class"] >= 0:
            at[node["class"]] = place
    at[at < 0] = len(nodes) + np.arange(int((at < 0).sum()))
    graph = np.zeros((int(at.max(initial=len(nodes) - 1)) + 1,) * 2, np.bool_)
    graph[: len(nodes), : len(nodes)] = tree.above()
    return {name: matrix[np.ix_(at, at)] for name, matrix in tree_errors(graph).items()}


def tree_errors(graph: NDArray[np.bool_]) -> dict[str, NDArray[np.float64]]:
    """The metrics of every predicted and true class, (C, C) each, of a class graph (C, C) with [a, b] for b under a."""
    above = np.concatenate([graph.T | np.eye(len(graph), dtype=bool), np.ones((len(graph), 1), bool)], axis=1).astype(float)
    shared, size = above @ above.T, above.sum(axis=1)
    return {
        "TIE": steps_between(graph),
        "LCA": size[:, None] - shared,
        "Jaccard": shared / (size[:, None] + size - shared),
        "P_H": shared / size[:, None],
        "R_H": shared / size,
    }


def steps_between(graph: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(C, C) edges on the shortest way between two classes, over the edges that no longer way down replaces, and the root.

    Classes that lie under each other, directly or in a ring, count as one level: none of them replaces an edge of another.
    The root is joined to every class of a level with nothing above it.
    """
    from scipy.sparse.csgraph import connected_components, shortest_path

    count = len(graph)
    _, level = connected_components(csr_array(graph), connection="strong")
    strictly = graph & (level[:, None] != level)
    between = (strictly.astype(np.float32) @ strictly.astype(np.float32)) > 0
    lower = np.isin(level, level[strictly.any(axis=0)])
    joined = np.zeros((count + 1, count + 1), bool)
    joined[:count, :count] = graph & ~between & ~np.eye(count, dtype=bool)
    joined[count, :count] = ~lower
    steps: NDArray[np.float64] = shortest_path(csr_array(joined), directed=False, unweighted=True)
    return steps[:count, :count]

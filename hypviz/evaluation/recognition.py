"""Which class is this box? Nearest neighbour and class prototypes on ground-truth crops, leave one image out.

The paper's "zero-shot detection" on VOC and COCO has no public protocol; this is our reading of it [R]. A box never
meets anything of its own image: not the boxes there, and not their share in a prototype. The prototype of a class is
the mean of its boxes' tangent vectors at the origin (direction × radius), taken back to the space along the geodesic
from there [R]; for the cosine it is the mean direction. A class that no other image shows cannot be found: its boxes
have no value and are counted as left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from hypviz.data.lookup import expand
from hypviz.evaluation.class_tree import TreeErrors
from hypviz.evaluation.measures import Precision
from hypviz.evaluation.task import Floats, Reading, Score, Task
from hypviz.evaluation.task_data import Rows, TaskData
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index
from hypviz.search.scoring import ranking_value

NAME = "box → class"
Values = NDArray[np.float64]
QUERIES = 1024
"""Queries per block of prototypes."""
BOXES = 1 << 14
"""Boxes whose tangent vectors are held at once."""


def nearest_neighbour(data: TaskData) -> Task:
    """A box → the boxes of all other images, by distance. Correct: the first is of the query's class."""
    return _OtherImages(NAME, "nearest", data.boxes, data.boxes, (_same_class(data, data.boxes, "nearest neighbour"),), 1, data=data)


def prototype(data: TaskData) -> Task:
    """A box → the prototypes of all classes, by distance. Correct: the first is that of the query's class.

    The pool holds one box per class, its largest, which stands for the prototype where a picture is shown.
    """
    xyxy, label = data.items.xyxy[data.boxes].astype(float), data.label[data.boxes]
    area = (xyxy[:, 2] - xyxy[:, 0]) * (xyxy[:, 3] - xyxy[:, 1])
    order = np.lexsort((-area, label))
    pool = data.boxes[order[np.unique(label[order], return_index=True)[1]]]
    return _Prototypes(NAME, "nearest", data.boxes, pool, (_same_class(data, pool, "prototype"),), 1, data=data)


def _same_class(data: TaskData, pool: Rows, name: str) -> Reading:
    def relevant(rows: Rows) -> NDArray[np.bool_]:
        same: NDArray[np.bool_] = data.label[rows][:, None] == data.label[pool]
        return same

    measures = (Precision((1,), "accuracy"), TreeErrors(data, pool))
    return Reading(name, relevant, measures, curve=False)


@dataclass(frozen=True, eq=False)
class _OtherImages(Task):
    """A pool without the query's own image."""

    data: TaskData = field(kw_only=True)

    def leave_out(self, scores: Floats, rows: Rows) -> None:
        """Set the scores of all boxes of a query's own image to −inf."""
        items = self.data.items
        first, last = (np.searchsorted(self.pool, items.offsets[items.image[rows] + end]) for end in (0, 1))
        scores[expand(first, last - first)] = -np.inf


@dataclass(frozen=True, eq=False)
class _Prototypes(Task):
    """A pool of class prototypes, each without the share of the query's own image."""

    data: TaskData = field(kw_only=True)

    def spans(self, queries: Rows) -> list[slice]:
        """Blocks of `QUERIES`: the prototypes that leave an image out are made for one block at a time."""
        return [slice(start, min(start + QUERIES, len(queries))) for start in range(0, len(queries), QUERIES)]

    def blocks(self, score: Score, queries: Rows, parts: list[slice] | None = None) -> Iterator[tuple[slice, Floats]]:
        """(slice of the queries, (b, P) scores against the prototypes), −inf where no other image shows the class."""
        sums, counts = self._sums(score.space, self.data.boxes)
        index = Index(_from_tangents(score.space, sums / counts[:, None]))
        for part in self.spans(queries) if parts is None else parts:
            rows = queries[part]
            out = np.concatenate([scores for _, scores in index.scores(score.space.take(rows), task="nearest")])
            self._leave_out_shares(out, rows, score.space, sums, counts)
            yield part, out

    def leave_out(self, scores: Floats, rows: Rows) -> None:
        """Set the scores of the classes that no image but a query's own shows to −inf."""
        counts = np.bincount(self._column[self.data.label[self.data.boxes]], minlength=len(self.pool))
        query, pair, column, of_pair, _ = self._shares(rows)
        gone = (counts[column] == np.bincount(of_pair, minlength=len(column)))[pair]
        scores[query[gone], column[pair[gone]]] = -np.inf

    def _shares(self, rows: Rows) -> tuple[Rows, Rows, Rows, Rows, Rows]:
        """Which classes the images of the queries show: (query, pair) for every class in a query's image, where a pair is
        an image with a class, its pool column (K,), and the pair of each of the boxes of these images."""
        items = self.data.items
        images, place = np.unique(items.image[rows], return_inverse=True)
        owner, boxes = expand(items.offsets[images] + 1, np.diff(items.offsets)[images] - 1)
        pair_keys, of_pair = np.unique(owner * len(self.pool) + self._column[self.data.label[boxes]], return_inverse=True)
        image_of, column = np.divmod(pair_keys, len(self.pool))
        first, last = (np.searchsorted(image_of, place, side=side) for side in ("left", "right"))
        query, pair = expand(first, last - first)
        return query, pair, column, of_pair, boxes

    def _leave_out_shares(self, out: Floats, rows: Rows, space: Embedding, sums: Values, counts: Rows) -> None:
        """Score the classes of each query's own image against prototypes made without it."""
        query, pair, column, of_pair, boxes = self._shares(rows)
        share = _grouped_sum(of_pair, _tangents(space, boxes), len(column))
        left = counts[column] - np.bincount(of_pair, minlength=len(column))
        others = _from_tangents(space, (sums[column] - share) / np.maximum(left, 1)[:, None])
        cosine = np.einsum("kd,kd->k", np.asarray(space.directions[rows])[query], others.directions[pair])
        value = ranking_value(cosine, space.radii[rows[query]], others.radii[pair], space=space, task="nearest")
        out[query, column[pair]] = -value
        self.leave_out(out, rows)

    def _sums(self, space: Embedding, boxes: Rows) -> tuple[Values, Rows]:
        """(P, D) sums of the tangent vectors of each class, and how many they are of."""
        column = self._column[self.data.label[boxes]]
        sums = np.zeros((len(self.pool), space.directions.shape[1]))
        for start in range(0, len(boxes), BOXES):
            block = slice(start, start + BOXES)
            sums += _grouped_sum(column[block], _tangents(space, boxes[block]), len(self.pool))
        return sums, np.bincount(column, minlength=len(self.pool))

    @cached_property
    def _column(self) -> Rows:
        """(C,) the pool column of a class."""
        column = np.zeros(len(self.data.items.classes), np.int64)
        column[self.data.label[self.pool]] = np.arange(len(self.pool))
        return column


def _tangents(space: Embedding, rows: Rows) -> Values:
    """(n, D) tangent vectors at the origin; directions alone where radii mean nothing."""
    directions = np.asarray(space.directions[rows], np.float64)
    return directions if space.geometry == "cosine" else directions * space.radii[rows][:, None]


def _from_tangents(space: Embedding, vectors: Values) -> Embedding:
    """Points of the space by their tangent vectors at the origin; a vector of length 0 keeps the direction 0."""
    length = np.linalg.norm(vectors, axis=1)
    directions = vectors / np.maximum(length, np.finfo(np.float64).tiny)[:, None]
    return Embedding(directions.astype(np.float32), length.astype(np.float32), space.curv, space.geometry)


def _grouped_sum(group: Rows, vectors: Values, count: int) -> Values:
    """(count, D) sums of the vectors (n, D) of each group (n,)."""
    chosen = csr_array((np.ones(len(group)), (group, np.arange(len(group)))), shape=(count, len(group)))
    total: Values = chosen @ vectors
    return total

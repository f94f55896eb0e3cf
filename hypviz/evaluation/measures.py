"""The metrics of a reading, each beside what it is worth by luck.

A measure gives named values per query, and under the same names their expectation when the pool is ranked at random. Both
stand in one class, so no figure can be reported without its chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hypviz import metrics
from hypviz.evaluation.task_data import Rows, TaskData
from hypviz.metrics import chance

Values = NDArray[np.float64]
Named = dict[str, Values]


@dataclass(frozen=True, eq=False)
class Candidates:
    """What each query may retrieve. inside: (b, P) bool, the part of the pool that is its own.  relevant: (b, P) bool, what
    of that is right."""

    inside: NDArray[np.bool_]
    relevant: NDArray[np.bool_]

    @cached_property
    def pool(self) -> Rows:
        """(b,) how many candidates."""
        count: Rows = self.inside.sum(axis=1)
        return count

    @cached_property
    def total(self) -> Rows:
        """(b,) how many relevant ones."""
        count: Rows = self.relevant.sum(axis=1)
        return count

    def class_counts(self, label: Rows, classes: int) -> Rows:
        """(b, C) candidates of each class; label: (P,) the class of each item of the pool."""
        query, column = np.nonzero(~self.inside)  # few, so they are taken away instead of all others counted
        outside = np.bincount(query * classes + label[column], minlength=len(self.inside) * classes)
        whole: Rows = np.bincount(label, minlength=classes) - outside.reshape(-1, classes)
        return whole


class Measure(Protocol):
    """Metrics that are computed together. rows: (b,) item rows of the queries; all values are (b,), NaN where there is none."""

    def values(self, rows: Rows, order: metrics.Order, hits: metrics.Hits) -> Named:
        """Each metric of a ranking."""
        ...

    def chance(self, rows: Rows, candidates: Candidates) -> Named:
        """Each metric's expectation under a random ranking, NaN where the metric has no value."""
        ...


@dataclass(frozen=True)
class Precision:
    """Share of relevant ones among the first k."""

    depths: tuple[int, ...]
    name: str = "precision@{}"

    def values(self, rows: Rows, order: metrics.Order, hits: metrics.Hits) -> Named:
        """See `Measure.values`."""
        return {self.name.format(k): metrics.precision_at_k(hits, k) for k in self.depths}

    def chance(self, rows: Rows, candidates: Candidates) -> Named:
        """See `Measure.chance`."""
        value = chance.chance_precision(candidates.pool, candidates.total)
        return {self.name.format(k): value for k in self.depths}


@dataclass(frozen=True)
class HitRate:
    """Whether a relevant one is among the first k."""

    depths: tuple[int, ...]

    def values(self, rows: Rows, order: metrics.Order, hits: metrics.Hits) -> Named:
        """See `Measure.values`."""
        return {f"hit rate@{k}": metrics.hit_rate_at_k(hits, k) for k in self.depths}

    def chance(self, rows: Rows, candidates: Candidates) -> Named:
        """See `Measure.chance`."""
        return {f"hit rate@{k}": chance.chance_hit_rate(candidates.pool, candidates.total, k) for k in self.depths}


@dataclass(frozen=True)
class WholeList:
    """Average precision, precision at k = |relevant| ("R"), and recall at depths by name."""

    depths: dict[str, int]

    def values(self, rows: Rows, order: metrics.Order, hits: metrics.Hits) -> Named:
        """See `Measure.values`."""
        figures = {"mAP": metrics.average_precision(hits), "precision@R": metrics.precision_at_k(hits, hits.relevant)}
        return figures | {f"recall@{name}": metrics.recall_at_k(hits, k) for name, k in self.depths.items()}

    def chance(self, rows: Rows, candidates: Candidates) -> Named:
        """See `Measure.chance`."""
        pool, total = candidates.pool, candidates.total
        figures = {"mAP": chance.chance_average_precision(pool, total), "precision@R": chance.chance_precision(pool, total)}
        return figures | {f"recall@{name}": chance.chance_recall(pool, total, k) for name, k in self.depths.items()}


@dataclass(frozen=True, eq=False)
class LabelDistances:
    """OT and TV between the labels of the scene's boxes and those of the first k, classes in alphabetical order [R]."""

    data: TaskData
    pool: Rows
    depths: dict[str, int]

    @cached_property
    def _label(self) -> Rows:
        """(N,) alphabetical place of each item's class; meaningless for scenes."""
        place = np.argsort(np.argsort(np.array(self.data.items.classes, dtype=str), kind="stable"))
        return place[self.data.label]

    def values(self, rows: Rows, order: metrics.Order, hits: metrics.Hits) -> Named:
        """See `Measure.values`."""
        scene_counts, count = self._scene_counts(rows), len(self.data.items.classes)

        def distances(cut: Rows) -> tuple[Values, Values]:
            first = [self._label[self.pool[place[:k]]] for place, k in zip(order.position, np.minimum(cut, order.pool), strict=True)]
            return metrics.label_distances(scene_counts, np.stack([np.bincount(labels, minlength=count) for labels in first]))

        return self._at_depths(hits.relevant, distances)

    def chance(self, rows: Rows, candidates: Candidates) -> Named:
        """See `Measure.chance`."""
        scene_counts = self._scene_counts(rows)
        counts = candidates.class_counts(self._label[self.pool], len(self.data.items.classes))
        return self._at_depths(candidates.total, lambda cut: chance.chance_label_distances(scene_counts, counts, cut))

    def _scene_counts(self, rows: Rows) -> Rows:
        """(b, C) boxes of each class in the scene of each row."""
        offsets, image, count = self.data.items.offsets, self.data.items.image[rows], len(self.data.items.classes)
        spans = [slice(first, last) for first, last in zip(offsets[image] + 1, offsets[image + 1], strict=True)]
        return np.stack([np.bincount(self._label[span], minlength=count) for span in spans])

    def _at_depths(self, relevant: Rows, distances: Callable[[Rows], tuple[Values, Values]]) -> Named:
        figures = {}
        for name, cut in ({name: np.full(len(relevant), k) for name, k in self.depths.items()} | {"R": relevant}).items():
            figures[f"OT@{name}"], figures[f"TV@{name}"] = distances(cut)
        return figures

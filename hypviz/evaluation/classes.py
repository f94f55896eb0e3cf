"""A metric by class: which classes an embedding knows, and which it does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack

from hypviz.data.hierarchy import scene_classes
from hypviz.data.items import Items
from hypviz.evaluation.report import Evaluation, TaskResult, csv_text
from hypviz.evaluation.task_data import Rows

CLASS_COLUMNS = ("task", "reading", "score", "metric", "class", "count", "mean", "chance")


@dataclass(frozen=True)
class ClassRow:
    """name, label: the class, and its row in `items.classes`.  count: queries with a value.  mean: of these, NaN
    without any.  chance: the mean that random rankings would have."""

    name: str
    label: int
    count: int
    mean: float
    chance: float


def query_classes(items: Items, rows: Rows) -> csr_array:
    """(Q, C) bool, the classes of each query: its own for a box, those it shows for a scene."""
    scene = items.is_scene[rows]
    shape = (int((~scene).sum()), len(items.classes))
    boxes = csr_array((np.ones(shape[0], bool), (np.arange(shape[0]), items.label[rows[~scene]])), shape=shape)
    order = np.argsort(np.concatenate([np.flatnonzero(scene), np.flatnonzero(~scene)]))
    return csr_array(vstack([scene_classes(items)[items.image[rows[scene]]], boxes], format="csr")[order])


def per_class(items: Items, result: TaskResult, metric: str) -> list[ClassRow]:
    """The mean of a metric over the queries of each class, largest first, NaN last; ties by name.

    A scene counts for every class it shows. Classes without a query are not listed. KeyError for an unknown metric.
    """
    member = query_classes(items, result.rows).T.astype(float)
    values, chance = result.values[metric], result.chance[metric]
    valued = ~np.isnan(values)
    queries, count = member @ np.ones(len(values)), member @ valued.astype(float)
    mean, lucky = (member @ np.where(valued, each, 0.0) / np.where(count, count, np.nan) for each in (values, chance))
    rows = [
        ClassRow(items.classes[label], int(label), int(count[label]), float(mean[label]), float(lucky[label]))
        for label in np.flatnonzero(queries)
    ]
    return sorted(rows, key=lambda row: (row.count == 0, -row.mean if row.count else 0.0, row.name))


def per_class_csv(items: Items, evaluation: Evaluation) -> str:
    """Every metric of every task by class, in long form under `CLASS_COLUMNS`."""
    return csv_text(CLASS_COLUMNS, per_class_rows(items, evaluation))


def per_class_rows(items: Items, evaluation: Evaluation) -> list[tuple[object, ...]]:
    """The lines of `per_class_csv`, to be joined with those of other checkpoints."""
    return [
        (result.task, result.reading, result.score, metric, row.name, row.count, row.mean, row.chance)
        for result in evaluation.results
        for metric in result.metrics
        for row in per_class(items, result, metric)
    ]

"""Does the angle tell parent and child from all other pairs? AUC-ROC and average precision, after ARGENT (arXiv 2603.23311).

ARGENT scores pairs by their exterior angle and asks how well that separates entailment from its absence; which pairs their
protocol takes is not public. Ours [R]: each item x of the data as the apex, all other items y. Entailed: y is inside x in
its own picture. Not entailed: every other y, itself an ancestor of x or not, except those that could be called entailed:
boxes whose class lies under that of x (or among what the scene x shows), and duplicates of x.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz import metrics
from hypviz.evaluation.membership import below_by_class, by_instance
from hypviz.evaluation.task import CELLS, Score
from hypviz.evaluation.task_data import Rows, TaskData
from hypviz.progress import OnShare

BINS = 1 << 18
"""Bins of the values, so that a collapsed embedding, whose values are all alike, is judged as finely as another."""


@dataclass(frozen=True)
class Entailment:
    """One score over all pairs. auc: 0.5 by chance.  average_precision: `base_rate`, the share of entailed pairs, by chance.
    balanced_precision: the same with both kinds of pairs weighing alike, 0.5 by chance.  pairs: how many, `entailed` of
    them; apexes of apexes_available items were used."""

    score: str
    auc: float
    average_precision: float
    balanced_precision: float
    base_rate: float
    pairs: int
    entailed: int
    apexes: int
    apexes_available: int


def measure_entailment(
    data: TaskData, scores: Sequence[Score], apexes: Rows, *, on_share: OnShare = lambda share: None
) -> tuple[Entailment, ...]:
    """Every score that has a unit, from one pass over the pairs of each apex and every other item."""
    everything = np.arange(len(data.items))
    used = [score for score in scores if score.largest("children") is not None]
    scorers = [score.over("children", everything) for score in used]
    sweeps = [metrics.ThresholdSweep(float(score.largest("children") or 1.0), bins=BINS) for score in used]
    height, pairs, entailed = max(1, CELLS // max(len(everything), 1)), 0, 0
    for start in range(0, len(apexes), height):
        on_share(start / len(apexes))
        rows = apexes[start : start + height]
        below, left_out = _pairs(data, rows)
        pairs, entailed = pairs + int((~left_out).sum()), entailed + int(below.sum())
        for score, scorer, sweep in zip(used, scorers, sweeps, strict=True):
            for part, block in scorer(rows):
                value = score.best("children") - block
                value[left_out[part]] = np.nan
                sweep.add(value, below[part])
    on_share(1.0)
    return tuple(
        Entailment(
            score=score.name,
            auc=sweep.auc(),
            average_precision=sweep.average_precision(),
            balanced_precision=sweep.average_precision(balanced=True),
            base_rate=sweep.base_rate(),
            pairs=pairs,
            entailed=entailed,
            apexes=len(apexes),
            apexes_available=len(everything),
        )
        for score, sweep in zip(used, sweeps, strict=True)
    )


def _pairs(data: TaskData, rows: Rows) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(b, N) which items are inside each row, and which are neither that nor certainly not."""
    below = by_instance(data.hierarchy)(rows)
    left_out = below_by_class(data, rows) & ~below
    left_out[np.arange(len(rows)), rows] = True
    owner, twins = data.hierarchy.twins.of(rows)
    left_out[owner, twins] = True
    return below, left_out & ~below

"""How good a fine-tuning is: what early stopping watches, what the table shows, and whether it may be called a success."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import Hierarchy
from hypviz.data.items import Items
from hypviz.evaluation import LISTED, EvaluateSettings, Evaluation, calibrate_retrieval, evaluate
from hypviz.evaluation.retrieval import RANKINGS
from hypviz.explore.familiarity import Familiarity, Figure, figure_of
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Ranking, Retrieval
from hypviz.training.pipeline import chances, headlines

QUERIES = 500
"""Queries per task, and cones, while training; before and after all of them count."""
QUICK = EvaluateSettings(max_queries=QUERIES, bootstrap=0, baselines=False, entailment_apexes=QUERIES)
FULL = replace(QUICK, max_queries=None, entailment_apexes=None)
WHILE_TRAINING = (Ranking("angle + cosine", "sum", 3.0),)
"""What is ranked by while training, where the choice of one would take longer than an epoch."""
MAX_ADMITTED = 2.0
"""Members of the cones per item that belongs inside, beyond which a result is no success."""
MIN_ORDER = 0.8
"""P(r_parent < r_child) below which the radii say nothing of general and specific."""
MAX_GATHERED = 0.9
"""Norm of the mean direction above which all items lie in one corner of the sphere."""
SPREAD_ENOUGH = 0.5
"""Norm of the mean direction from which on directions count as fully spread."""


@dataclass(frozen=True)
class Judged:
    """metrics: those of `training.pipeline.headlines`.  chance: by the same names.  score: what early stopping watches, in 0…1.
    shortcomings: sentences that say why the result is no success; empty when it is one.  retrieval: the cones and rankings
    that were calibrated on the pictures judged."""

    metrics: dict[str, float]
    chance: dict[str, float]
    score: float
    shortcomings: tuple[str, ...]
    retrieval: Retrieval


def judge(items: Items, hierarchy: Hierarchy, embedding: Embedding, settings: EvaluateSettings) -> Judged:
    """Calibrate cones and rankings on these pictures, and judge what they answer."""
    rankings = RANKINGS if settings.max_queries is None else WHILE_TRAINING
    retrieval = calibrate_retrieval(items, hierarchy, embedding, rankings=rankings)
    judged = evaluate(items, hierarchy, embedding, settings, retrieval=retrieval)
    metrics = headlines(judged)
    return Judged(metrics, chances(judged), score(metrics), shortcomings(judged, items.image), retrieval)


def score(metrics: dict[str, float]) -> float:
    """The mean of what matters, each in 0…1, the larger the better; NaN without any.

    The headline metrics of retrieval, F1 of the cones, the order of the radii, and how far the directions are spread. The
    share inside is no goal of its own: F1 holds it.
    """
    parts = {name: value for name, value in metrics.items() if name not in ("mean direction", "median share inside")}
    if "mean direction" in metrics:
        parts["spread"] = 1 - max(0.0, metrics["mean direction"] - SPREAD_ENOUGH) / (1 - SPREAD_ENOUGH)
    return round(float(np.mean(list(parts.values()))), 5) if parts else math.nan


def shortcomings(judged: Evaluation, image: NDArray[np.integer]) -> tuple[str, ...]:
    """Why the result of a training is no success, a sentence each. image: (N,) which picture each item is of."""
    sentences = []
    cones = judged.cones.get("class")
    if cones is not None and cones.admitted > MAX_ADMITTED:
        sentences.append(f"The cones hold {cones.admitted:.1f} times as many items as belong inside: they tell little apart.")
    if cones is not None and cones.f1 <= cones.f1_everything:
        sentences.append(f"The cones agree with the boxes no better (F1 {cones.f1:.2f}) than cones that hold everything would.")
    if judged.radii.pairs and judged.radii.direct < MIN_ORDER:
        share = f"{judged.radii.direct:.0%}"
        sentences.append(f"Only {share} of the parents lie nearer the root than their children (chance 50%): the radius is no depth here.")
    if strange := _other_pictures(judged, image).sentence:
        sentences.append(strange)
    if judged.mean_direction > MAX_GATHERED:
        sentences.append(f"All directions lie in one corner (norm of their mean {judged.mean_direction:.2f}): angles mean little.")
    return tuple(sentences)


def _other_pictures(judged: Evaluation, image: NDArray[np.integer]) -> Familiarity:
    """What is listed from other pictures, beside chance: what a box's own picture gives is known without any training."""

    def figure(task: str, reading: str, metric: str) -> Figure | None:
        with contextlib.suppress(KeyError):
            return figure_of(judged.find(task, reading, LISTED), metric, image)
        return None

    return Familiarity(figure("scene → contents", "class", "other pictures@12"), figure("part → object", "instance", "other pictures@5"))

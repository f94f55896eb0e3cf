"""How wide the cones are for the pictures at hand: as the checkpoint's card says, or by the boxes of these pictures.

A card's ω was calibrated on the pictures that its model was validated with. On others the same angles may hold nearly everything, so
that a cone tells nothing. Where the boxes at hand show that, ω is set anew from them: then a cone is as large as what there is to
find, which is all that an angle of a model that tells little apart can promise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hypviz.data.hierarchy import Hierarchy, class_graph, subset_hierarchy
from hypviz.data.items import Items, only_pictures, subset_images
from hypviz.evaluation import admitted_by_level, break_even_cones
from hypviz.evaluation.task_data import TaskData
from hypviz.model.card import Card
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Retrieval
from hypviz.workspace.store import Workspace

IMAGES, APEXES = 120, 200
"""Pictures and cones per level of the sample: a fraction of a second."""
MAX_ADMITTED = 2.0
"""Members of the cones of a level per item that belongs inside, from which on a card's ω is not for these pictures."""
CHECKPOINT, BOXES = "checkpoint", "boxes"


@dataclass(frozen=True)
class Calibration:
    """retrieval: what answers mean here.  source: "checkpoint" when ω is that of the card, "boxes" when it was set by the boxes at hand.
    admitted: members of the card's cones on these pictures per item that belongs inside, at the level that has most; None where
    nothing could be compared."""

    retrieval: Retrieval
    source: str = CHECKPOINT
    admitted: float | None = None

    @property
    def sentence(self) -> str:
        """Where the width of the cones comes from."""
        if self.source == BOXES:
            return (
                f"Cones are as wide as the boxes of these pictures say: the checkpoint's own would hold {self.admitted:.1f} times as many "
                "items as belong inside."
            )
        return "Cones are as wide as the pictures say that the checkpoint was validated with."


def calibration(workspace: Workspace, embedding: Embedding, card: Card) -> Calibration:
    """The cones and rankings of a checkpoint on a workspace; the rankings are always the card's.

    Own vectors, cards without calibrated levels, and data in which nothing belongs under anything keep what the card says.
    """
    if workspace.vectors is not None or card.retrieval is None:
        return Calibration(card.answers)
    return calibrated(workspace.items, workspace.hierarchy, embedding, card.retrieval)


def calibrated(items: Items, hierarchy: Hierarchy, embedding: Embedding, retrieval: Retrieval, *, seed: int = 0) -> Calibration:
    """As `calibration`, of items with their embedding (row for row) and what a card says that answers mean."""
    plain = Calibration(retrieval)
    if only_pictures(items):
        return plain
    items, hierarchy, embedding = image_sample(items, hierarchy, embedding, most=IMAGES, seed=seed)
    data = TaskData(items, hierarchy, class_graph(items, hierarchy))
    admitted = admitted_by_level(data, embedding, retrieval.cones, max_queries=APEXES, seed=seed)
    known = admitted[np.isfinite(admitted)]
    if not len(known):
        return plain
    most = float(known.max())
    if most <= MAX_ADMITTED:
        return replace(plain, admitted=most)
    cones = break_even_cones(data, embedding, max_queries=APEXES, seed=seed)
    return Calibration(replace(retrieval, cones=cones), BOXES, most)


def image_sample(items: Items, hierarchy: Hierarchy, embedding: Embedding, *, most: int, seed: int) -> tuple[Items, Hierarchy, Embedding]:
    """Items, hierarchy and embedding of at most so many pictures, drawn by the seed; all when there are no more."""
    count = len(items.images)
    if count <= most:
        return items, hierarchy, embedding
    mask = np.zeros(count, np.bool_)
    mask[np.random.default_rng(seed).permutation(count)[:most]] = True
    return subset_images(items, mask), subset_hierarchy(hierarchy, items, mask), embedding.take(np.flatnonzero(mask[items.image]))

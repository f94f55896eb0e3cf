"""The recipe of the shipped checkpoint for photographs, in one place for the command that makes it and for what judges it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import Hierarchy
from hypviz.data.items import Items
from hypviz.finetune.initial_encoder import CONTEXT
from hypviz.inference.in_pictures import in_pictures, picture_rows
from hypviz.search.retrieval import Ranking
from hypviz.storage.json_types import Json

BACKBONE = "pretrained:efficientnet_lite0+classes"
RECIPE: Json = {
    "tune.epochs": 16,
    "tune.validation_share": 0.1,
    "tune.views": 1,
    "train.batch_pairs": 256,
    "train.patience": 0,
    "pairs.by_series": True,
    "loss.anchor": 0.5,
}
"""What differs from the defaults of a fine-tuning (docs/results.md says what each gave)."""
PICTURES: Json = {"boxes_from": 0.3, "context": CONTEXT, "contents": CONTEXT}
"""What the checkpoint's `EncoderSettings` say of boxes in pictures, set when the head has been trained: trained with the first, boxes lose
their own order."""
CONTENTS, CHILDREN, PARENTS = Ranking("cosine"), Ranking("angle + cosine", "sum", 3.0), Ranking("angle + cosine", "sum", 3.0)
"""What answers are ranked by: what whole pictures hold, what boxes hold, and what holds them. On pictures of a kind the head was trained
on, the angle is best; on others it throws away what the backbone knows. So these were chosen on COCO pictures left out of training, in two
halves (docs/results.md)."""


def place_boxes(path: Path, items: Items, hierarchy: Hierarchy, features: NDArray[np.float32]) -> Json:
    """Give a trained checkpoint `PICTURES`, calibrate its cones anew and write both with the figures into its card.

    path: its weights file; these stay as they are.  items, hierarchy: of its validation pictures.  features: (1, n, F), of these items.
    Returns {"metrics", "chance"} of the validation pictures, as the card has them.
    """
    from hypviz.evaluation import calibrate_retrieval, evaluate
    from hypviz.finetune.features import Features
    from hypviz.finetune.judging import FULL
    from hypviz.model.card import read_card, write_card
    from hypviz.model.checkpoint import load_checkpoint
    from hypviz.training.pipeline import chances, headlines

    encoder, _ = load_checkpoint(path)
    card = read_card(path)
    learned = Features(features, seed=0).embedding(encoder, np.arange(len(items)))
    settings = replace(card.encoder, **PICTURES)
    embedding = in_pictures(learned, picture_rows(items), settings)
    cones = calibrate_retrieval(items, hierarchy, embedding, rankings=(PARENTS,))
    retrieval = replace(cones, children=CHILDREN, contents=CONTENTS, parents=PARENTS)
    judged = evaluate(items, hierarchy, embedding, FULL, retrieval=retrieval)
    summary = {"metrics": headlines(judged), "chance": chances(judged)}
    first = retrieval.cones.omegas[0]
    metrics = card.metrics | {"validation": summary["metrics"], "chance": summary["chance"]}
    write_card(path, replace(
        card, encoder=settings, retrieval=retrieval, metrics=metrics,
        omega_children=first, omega_parents=first,
    ))  # fmt: skip
    return summary

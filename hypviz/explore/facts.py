"""What a data set and a checkpoint are, in numbers and words."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hypviz import __version__
from hypviz.model.card import Card, checkpoint_hash
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Retrieval
from hypviz.storage.json_types import Json
from hypviz.workspace.store import Workspace


def facts_of(workspace: Workspace, card: Card) -> Json:
    """How much there is of what, from where, under which licences, and what the checkpoint maps it to."""
    items = workspace.items
    scenes = int(items.is_scene.sum())
    licences = sorted({str(licence) for licence in np.unique(items.images.licence) if str(licence)})
    return {
        "data": workspace.name,
        "images": scenes,
        "own_vectors": workspace.vectors is not None,
        "boxes": len(items) - scenes,
        "classes": len(items.classes),
        "levels": int(workspace.hierarchy.depth.max(initial=0)) + 1,
        "data_licence": "; ".join(licences) or "not stated",
        "checkpoint": card.name,
        "backbone": card.encoder.backbone,
        "geometry": card.encoder.geometry,
        "dimension": card.encoder.embed_dim,
        "curv": card.curv,
        "checkpoint_licence": card.licence,
        "description": card.description,
    }


def about_export(workspace: Workspace, card: Card, checkpoint: Path, embedding: Embedding, answers: Retrieval) -> Json:
    """What goes into every export: which data, seen through which checkpoint, with which ω of the innermost level in radians."""
    return {
        "data": workspace.name,
        "checkpoint": card.name,
        "checkpoint_hash": checkpoint_hash(checkpoint),
        "geometry": embedding.geometry,
        "curv": float(embedding.curv),
        "omega": answers.cones.omegas[0],
        "written_by": f"hypviz {__version__}",
    }

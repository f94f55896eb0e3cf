"""Whose vectors are judged: a checkpoint, or its encoder with random weights as the floor to stand beside."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from hypviz.config import to_mapping
from hypviz.errors import SettingsError
from hypviz.evaluation.calibration import calibration
from hypviz.evaluation.page.options import UNTRAINED, EvaluationOptions
from hypviz.explore.library import Library
from hypviz.explore.view import View
from hypviz.inference.embed import embed_untrained, embed_workspace
from hypviz.model.card import Card, checkpoint_hash, read_card
from hypviz.progress import OnProgress
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Retrieval
from hypviz.workspace.store import Workspace


@dataclass(frozen=True, eq=False)
class Source:
    """name: as tables show it.  key: what its embedding is stored under.  path: the checkpoint, which for the untrained
    encoder gives the architecture only."""

    name: str
    key: str
    path: Path
    card: Card
    trained: bool = True

    def embedding(self, workspace: Workspace, *, device: str = "auto", on_progress: OnProgress | None = None) -> Embedding:
        """The workspace through this encoder, from its store or made and stored; `on_progress` may stop it by raising."""
        if self.trained:
            return embed_workspace(workspace, self.path, device=device, on_progress=on_progress)
        stored = workspace.embedding(self.key)
        if stored is not None:
            return stored
        embedding = embed_untrained(workspace.items, self.card.encoder, device=device, on_progress=on_progress)
        workspace.write_embedding(self.key, embedding, extra={"checkpoint": self.name})
        return embedding

    @property
    def answers(self) -> Retrieval | None:
        """What its answers mean by its card; None for an untrained encoder, which was calibrated to nothing."""
        return self.card.answers if self.trained else None

    def retrieval(self, workspace: Workspace, embedding: Embedding) -> Retrieval | None:
        """What its answers mean on a workspace, see `hypviz.evaluation.calibration`; None for an untrained encoder."""
        return calibration(workspace, embedding, self.card).retrieval if self.trained else None

    def stored(self, workspace: Workspace) -> bool:
        """Whether the embedding is there already."""
        return workspace.embedding(self.key) is not None


def sources_of(view: View, options: EvaluationOptions, library: Library) -> list[Source]:
    """The one or two sources of a review; SettingsError when both are the same, CheckpointError when one is not there."""
    first = Source(view.card.name, checkpoint_hash(view.checkpoint), view.checkpoint, view.card)
    if not options.other:
        return [first]
    if view.workspace.vectors is not None:
        raise SettingsError(f"{view.workspace.name} holds own vectors: there is no model behind them to compare with another.")
    if options.other == UNTRAINED:
        return [first, _untrained(first)]
    path = library.checkpoint(options.other)
    second = Source(_beside(first.name, options.other), checkpoint_hash(path), path, read_card(path))
    if second.key == first.key:
        raise SettingsError(f"{options.other} is the checkpoint that is open already; compare with another one.")
    return [first, second]


def _untrained(first: Source) -> Source:
    settings = json.dumps([to_mapping(first.card.encoder), "norms of the data"], sort_keys=True)
    key = f"untrained-{hashlib.sha256(settings.encode()).hexdigest()[:16]}"
    return Source(_beside(first.name, "untrained"), key, first.path, first.card, trained=False)


def _beside(first: str, name: str) -> str:
    """A name for the second column that the first one does not have."""
    return f"{name} (2)" if name == first else name

"""What a fine-tuning is asked to do. No torch here: the page reads jobs before anything is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hypviz.config import check_choice, check_range
from hypviz.errors import SettingsError

DEPTHS = {
    "head": (
        "Head only",
        "The backbone stays as it is; its features are computed once and a new linear layer is learned on them. The quickest: on a CPU "
        "most of its time goes into the features.",
    ),
    "lora": (
        "Adapters in the last blocks (LoRA)",
        "Beside the layers of the last blocks small adapters learn, and are merged in the end; the weights themselves stay, so less can be "
        "lost. Needs the package peft. Minutes.",
    ),
    "blocks": (
        "Last blocks",
        "The last blocks of the backbone learn too, carefully; the early ones, which see edges and textures, stay. Minutes.",
    ),
    "all": ("Whole encoder", "Everything learns. It fits a set best that differs much from what the model knows, and over-fits soonest."),
}
"""Name → title and how, for the page."""


@dataclass(frozen=True)
class FinetuneSettings:
    """What fine-tuning adds to a training."""

    epochs: int = 40
    """Rounds over the training images; early stopping may end sooner."""
    validation_share: float = 0.25
    """Share of the images that is only validated on, where the set's folders do not say."""
    split_seed: int = 0
    """Seeds the split: the same seed gives the same split of the same set."""
    views: int = 4
    """Augmented views of each crop whose features are kept, for the head only."""
    dropout: float = 0.0
    """Share of the features that are hidden at each step, for the head only (docs/finetune.md says what it gave)."""
    adapt_norms: bool = False
    """Whether the statistics of batch normalisation are first taken from the training pictures."""

    def __post_init__(self) -> None:
        check_range("epochs", self.epochs, 1, 10_000)
        check_range("validation_share", self.validation_share, 0.05, 0.5)
        check_range("split_seed", self.split_seed, 0, 2**32)
        check_range("views", self.views, 0, 64)
        check_range("dropout", self.dropout, 0.0, 0.9)


@dataclass(frozen=True)
class FinetuneRequest:
    """What a person asks for. workspace: a folder.  checkpoint: a name or file to start from; or instead `backbone`,
    that never had a hyperbolic head, with `weights` a file or "hub:TAG" ("" for "pretrained:NAME", which brings its own).
    settings: "part.name" → value, only what was changed."""

    workspace: str
    checkpoint: str = ""
    backbone: str = ""
    weights: str = ""
    depth: str = "head"
    settings: dict[str, Any] = field(default_factory=dict)
    title: str = ""

    def __post_init__(self) -> None:
        check_choice("depth", self.depth, tuple(DEPTHS))
        if bool(self.checkpoint) == bool(self.backbone):
            raise SettingsError("Give either a checkpoint to start from, or a backbone with its weights.")

    @property
    def start(self) -> str:
        """What it starts from, in words."""
        return self.checkpoint or self.backbone


DERIVED = ("train.steps", "train.validate_every", "train.save_every", "loss.geometry")
"""Settings of a training that follow from the others."""


def named_settings(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting a person may change, as "part.name" → value, of a plan's JSON."""
    parts = {"tune": plan["tune"], **{part: plan["recipe"][part] for part in ("train", "pairs", "loss")}}
    named = {f"{part}.{name}": value for part, one in parts.items() for name, value in one.items()}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in named.items() if name not in DERIVED}

"""The settings that a fine-tuning resolves to: defaults by depth and by the size of the set."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from hypviz.config import EncoderSettings, PairSettings, TrainSettings, from_mapping
from hypviz.data.items import Items
from hypviz.errors import SettingsError
from hypviz.finetune.request import DERIVED, FinetuneSettings, named_settings
from hypviz.finetune.split import Split
from hypviz.model.adapters import check_peft
from hypviz.training.losses import LossSettings
from hypviz.training.state import Recipe

MIN_EPOCH_STEPS = 5
"""An epoch is one pass over the training images, in small sets several: this many steps at least."""
MIN_EPOCHS = 8
"""Epochs by default at least, so that early stopping has some to choose from."""
MAX_EPOCHS = 20
"""Epochs by default at most: a validation of a head takes as long as its epoch, so that of a larger set is several passes."""
POLAR_LOSS = {"anchor": 0.1, "denominator": "sincere"}
"""What the loss of a polar head adds by default (docs/finetune.md says what each gave)."""
AFFORDABLE_CROPS = 2000
"""Crops of which a large backbone sees an augmented view too: looking at them is what a training costs there."""
HIDDEN = 0.1
"""Share of the features that a head alone does not see at a step where it sees no augmented views (docs/finetune.md says what it gave)."""
LAST_BLOCKS = 2
"""Blocks of the backbone that learn at the depths blocks and lora."""
LORA_RANK = 8
"""Of the adapters at the depth lora (docs/finetune.md says what it gave)."""
SMALL_BACKBONES = ("demo", "demo-small")
"""Backbones that are quick on a CPU and were trained from scratch; others are large and take the paper's small rate."""


@dataclass(frozen=True)
class Plan:
    """The resolved settings. epoch_steps: steps in an epoch; `recipe.train.steps` is their sum."""

    recipe: Recipe
    tune: FinetuneSettings
    epoch_steps: int

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; `from_json` is the inverse."""
        return {"recipe": asdict(self.recipe), "tune": asdict(self.tune), "epoch_steps": self.epoch_steps}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Plan:
        """The plan that was written."""
        return cls(Recipe.from_json(content["recipe"]), from_mapping(FinetuneSettings, content["tune"]), int(content["epoch_steps"]))

    @property
    def named(self) -> dict[str, Any]:
        """Every setting a person may change, as "part.name" → value."""
        return named_settings(self.to_json())


def make_plan(depth: str, encoder: EncoderSettings, items: Items, split: Split, changes: Mapping[str, Any]) -> Plan:
    """The plan for a set: defaults for the depth, the backbone and the number of images, with what was given on top.

    Raises SettingsError for a setting that is unknown, of another type or out of range.
    """
    images = int(split.train.sum())
    chosen = _by_part(changes)
    defaults = default_train(depth, encoder.backbone, images)
    train = _merged(TrainSettings, defaults, chosen["train"])
    if depth == "head" and train.backbone_lr_scale > 0:
        raise SettingsError("backbone_lr_scale must be 0 where only the head learns, its features are fixed; choose another depth.")
    _check_adapters(depth, train)
    polar = encoder.head == "polar"
    pairs = _merged(PairSettings, {"batches": "images", **({"cross_from": "ancestors"} if polar else {})}, chosen["pairs"])
    loss = _merged(LossSettings, {"geometry": encoder.geometry, **(POLAR_LOSS if polar else {})}, chosen["loss"])
    steps = default_steps(depth, images)
    epoch_steps = max(steps_per_epoch(items, split, train.batch_pairs), math.ceil(steps / MAX_EPOCHS))
    views = FinetuneSettings.views if encoder.backbone in SMALL_BACKBONES else int(len(items) <= AFFORDABLE_CROPS)
    settings = {
        "epochs": max(MIN_EPOCHS, math.ceil(steps / epoch_steps)),
        "views": views,
        "dropout": 0.0 if depth != "head" or chosen["tune"].get("views", views) else HIDDEN,
    }
    tune = _merged(FinetuneSettings, settings, chosen["tune"])
    train = replace(train, steps=tune.epochs * epoch_steps, validate_every=epoch_steps, save_every=epoch_steps)
    return Plan(Recipe(encoder, train, pairs, loss), tune, epoch_steps)


def default_train(depth: str, backbone: str, images: int) -> dict[str, Any]:
    """Settings of `TrainSettings` that differ from its own defaults; images: to learn from."""
    small = backbone in SMALL_BACKBONES
    batch = 256 if small or depth == "head" else 32
    common = {"batch_pairs": batch, "patience": 12 if depth == "head" else 6, "weight_decay": 0.05, "colour_jitter": 0.2}
    if depth == "head":
        return common | {"lr": 2e-3, "backbone_lr_scale": 0.0}
    if depth == "lora":
        return common | {"lr": 1e-3, "backbone_lr_scale": 0.3, "last_blocks": LAST_BLOCKS, "lora_rank": LORA_RANK}
    scale = {"blocks": 0.3, "all": 0.3}[depth] if small else 0.02
    return common | {"lr": 1e-3, "backbone_lr_scale": scale, "last_blocks": LAST_BLOCKS if depth == "blocks" else 0}


def _check_adapters(depth: str, train: TrainSettings) -> None:
    """SettingsError where the rank of the adapters does not go with the depth, or the package that makes them is missing."""
    if (depth == "lora") != (train.lora_rank > 0):
        expected = "at least 1 at the depth lora" if depth == "lora" else f"0 at the depth {depth}; adapters learn at the depth lora"
        raise SettingsError(f"lora_rank must be {expected}, got {train.lora_rank}.")
    if depth == "lora":
        check_peft()


def default_steps(depth: str, images: int) -> float:
    """Steps of a training by default; early stopping ends most runs sooner.

    Of a head 200 steps on 300 cars, and 230 on 400 mixed photographs, find as well on unseen pictures as twice as many, and parts better
    (docs/results.md) [M].
    """
    return {"head": 100, "lora": 120, "blocks": 120, "all": 120}[depth] * float(np.clip(math.sqrt(images / 75), 0.5, 3.0))


def steps_per_epoch(items: Items, split: Split, batch_pairs: int) -> int:
    """Steps that show every training image once at about 2 · `batch_pairs` crops a step, at least `MIN_EPOCH_STEPS`."""
    sizes = np.diff(items.offsets)[split.train]
    return max(MIN_EPOCH_STEPS, math.ceil(len(sizes) / max(2, round(2 * batch_pairs / float(sizes.mean())))))


def _by_part(changes: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    parts: dict[str, dict[str, Any]] = {"tune": {}, "train": {}, "pairs": {}, "loss": {}}
    for name, value in changes.items():
        part, _, key = name.partition(".")
        if part not in parts or not key or name in DERIVED:
            raise SettingsError(f"There is no setting {name!r} to choose in a fine-tuning.")
        parts[part][key] = value
    return parts


def _merged(cls: type[Any], defaults: Mapping[str, Any], changes: Mapping[str, Any]) -> Any:
    floats = {key for key, value in vars(cls).items() if isinstance(value, float)}
    whole = {key: float(value) if key in floats and type(value) is int else value for key, value in changes.items()}
    return from_mapping(cls, {**defaults, **whole})

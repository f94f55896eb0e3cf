"""The settings: every one is explained, defaults fit the set, and what is out of range is refused."""

from __future__ import annotations

import sys
from dataclasses import fields, replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from hypviz.config import EncoderSettings, PairSettings, TrainSettings
from hypviz.errors import SettingsError
from hypviz.finetune.defaults import HIDDEN, Plan, default_steps, make_plan, steps_per_epoch
from hypviz.finetune.explain import SETTINGS, Setting
from hypviz.finetune.request import DERIVED, FinetuneRequest, FinetuneSettings
from hypviz.finetune.split import Split, split_images
from hypviz.training.losses import LossSettings
from hypviz.workspace.store import Workspace
from tests.worlds import TinyWorld

ENCODER = EncoderSettings(embed_dim=16)
CLASSES: dict[str, Any] = {"tune": FinetuneSettings, "train": TrainSettings, "pairs": PairSettings, "loss": LossSettings}


@pytest.fixture(scope="module")
def workspace(tiny_world: TinyWorld) -> Workspace:
    return Workspace.open(tiny_world.workspace)


@pytest.fixture(scope="module")
def split(workspace: Workspace) -> Split:
    return split_images(workspace.items)


def test_every_setting_of_a_training_is_explained_once() -> None:
    wanted = {f"{part}.{field.name}" for part, cls in CLASSES.items() for field in fields(cls)} - set(DERIVED)
    named = [setting.name for setting in SETTINGS]
    assert sorted(named) == sorted(wanted)
    assert all(setting.explanation.endswith(".") and len(setting.explanation) > 30 and setting.title for setting in SETTINGS)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_the_ranges_that_are_told_are_those_that_hold(setting: Setting) -> None:
    part, _, name = setting.name.partition(".")
    cls = partial(PairSettings, batches="images") if part == "pairs" and name != "batches" else CLASSES[part]
    for choice in setting.choices or ():
        cls(**{name: choice})
    if setting.choices:
        with pytest.raises(ValueError):
            cls(**{name: "no such thing"})
    if setting.low is not None and setting.high is not None:
        whole = setting.type == "int"
        for good in (setting.low, setting.high):
            cls(**{name: int(good) if whole else good})
        for bad in (setting.low - 1, setting.high + 1 if setting.high < 1e8 else setting.high * 2):
            with pytest.raises(SettingsError):
                cls(**{name: int(bad) if whole else bad})
    else:
        assert setting.type in ("bool", "choice", "pair")


def test_a_plan_comes_back_from_json(workspace: Workspace, split: Split) -> None:
    plan = make_plan("blocks", ENCODER, workspace.items, split, {"train.lr": 1, "tune.epochs": 3})
    assert plan.recipe.train.lr == 1.0 and plan.recipe.train.steps == 3 * plan.epoch_steps == 3 * plan.recipe.train.validate_every
    assert Plan.from_json(plan.to_json()) == plan
    assert set(plan.named) == {setting.name for setting in SETTINGS}


def test_depths_differ_in_what_learns(workspace: Workspace, split: Split) -> None:
    head, blocks, whole = (make_plan(depth, ENCODER, workspace.items, split, {}).recipe.train for depth in ("head", "blocks", "all"))
    assert head.backbone_lr_scale == 0 < blocks.backbone_lr_scale and blocks.last_blocks > 0 == whole.last_blocks
    assert all(one.patience > 0 for one in (head, blocks, whole))
    large = make_plan("all", replace(ENCODER, backbone="open_clip:ViT-B-32"), workspace.items, split, {}).recipe.train
    assert large.lr * large.backbone_lr_scale == pytest.approx(2e-5)  # the paper's rate for a CLIP tower
    assert large.batch_pairs < whole.batch_pairs
    lora = make_plan("lora", ENCODER, workspace.items, split, {"train.lora_rank": 4}).recipe.train
    assert lora == replace(blocks, lora_rank=4) and blocks.lora_rank == whole.lora_rank == head.lora_rank == 0


def test_adapters_go_with_their_depth_and_their_package(workspace: Workspace, split: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = partial(make_plan, encoder=ENCODER, items=workspace.items, split=split)
    for depth in ("head", "blocks", "all"):
        with pytest.raises(SettingsError, match=rf"lora_rank must be 0 at the depth {depth}; adapters learn at the depth lora, got 4"):
            plan(depth, changes={"train.lora_rank": 4})
    with pytest.raises(SettingsError, match="lora_rank must be at least 1 at the depth lora, got 0"):
        plan("lora", changes={"train.lora_rank": 0})
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(SettingsError, match=r'need the package peft: pip install "hypviz\[lora\]", or choose another depth\.$'):
        plan("lora", changes={})
    assert plan("blocks", changes={}).recipe.train.lora_rank == 0


def test_an_epoch_shows_every_picture(workspace: Workspace, split: Split) -> None:
    for pairs in (2, 16, 4096):
        steps = steps_per_epoch(workspace.items, split, pairs)
        sizes = workspace.items.offsets[1:] - workspace.items.offsets[:-1]
        per_step = max(2, round(2 * pairs / sizes[split.train].mean()))
        assert steps * per_step >= split.train.sum()


class Pictures:
    """As many pictures as are said, of 13 boxes each, as far as a plan looks at them."""

    def __init__(self, count: int) -> None:
        self.offsets = np.arange(0, 14 * count + 1, 14)

    def __len__(self) -> int:
        return int(self.offsets[-1])


@pytest.mark.parametrize("count", [4, 45, 300, 5000])
def test_a_larger_set_has_no_more_epochs_but_longer_ones(count: int) -> None:
    """What a validation costs is paid twenty times at most, and eight times at least."""
    items: Any = Pictures(count)
    everything = Split(np.ones(count, np.bool_), np.zeros(count, np.bool_), "", False, ())
    plan, steps = make_plan("head", ENCODER, items, everything, {}), default_steps("head", count)
    assert steps == pytest.approx(100 * min(max((count / 75) ** 0.5, 0.5), 3.0))
    assert 8 <= plan.tune.epochs <= 20 and plan.tune.epochs * plan.epoch_steps >= steps
    assert plan.epoch_steps >= steps_per_epoch(items, everything, plan.recipe.train.batch_pairs)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"train.steps": 3}, "no setting 'train.steps'"),
        ({"lr": 3}, "no setting 'lr'"),
        ({"train.rate": 3}, "no setting 'rate'"),
        ({"train.lr": "fast"}, "lr must be of type float"),
        ({"train.lr": -1.0}, "lr must be between 0 and 10"),
        ({"train.backbone_lr_scale": 0.1}, "must be 0 where only the head learns"),
        ({"tune.epochs": 0}, "epochs must be between 1 and"),
        ({"loss.objective": "x"}, "objective must be one of"),
    ],
)
def test_a_setting_that_is_not_one_is_refused(given: dict[str, Any], message: str, workspace: Workspace, split: Split) -> None:
    with pytest.raises(SettingsError, match=message):
        make_plan("head", ENCODER, workspace.items, split, given)


def test_a_job_starts_from_one_thing() -> None:
    assert FinetuneRequest("ws", "demo").start == "demo" and FinetuneRequest("ws", backbone="timm:x", weights="f").start == "timm:x"
    for bad in ({}, {"checkpoint": "demo", "backbone": "timm:x"}):
        with pytest.raises(SettingsError, match="either a checkpoint"):
            FinetuneRequest("ws", **bad)
    with pytest.raises(SettingsError, match="depth must be one of head, lora, blocks, all"):
        FinetuneRequest("ws", "demo", depth="deep")


@pytest.mark.parametrize(
    ("depth", "backbone", "changes", "dropout"),
    [
        ("head", "demo", {}, 0.0),
        ("head", "demo", {"tune.views": 0}, HIDDEN),
        ("head", "demo", {"tune.views": 0, "tune.dropout": 0.5}, 0.5),
        ("blocks", "demo", {"tune.views": 0}, 0.0),
    ],
)
def test_a_head_that_sees_no_augmented_views_is_not_shown_all_features(
    workspace: Workspace, split: Split, depth: str, backbone: str, changes: dict[str, Any], dropout: float
) -> None:
    encoder = replace(ENCODER, backbone=backbone)
    assert make_plan(depth, encoder, workspace.items, split, changes).tune.dropout == dropout

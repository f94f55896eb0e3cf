"""`hypviz demo`, which takes an hour and writes over what is shipped, from a few scenes, a step a stage, and to another place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hypviz.cli import demo
from hypviz.explore.library import DEMO
from hypviz.model.card import read_card
from hypviz.model.checkpoint import load_checkpoint
from hypviz.paths import CHECKPOINTS
from hypviz.workspace.store import Workspace
from tests.commands import command_runner

SCENES = {"TRAIN_SCENES": 8, "VALIDATION_SCENES": 2, "TEST_SCENES": 2, "DEMO_SCENES": 6}


def test_the_demo_is_made_stage_by_stage_judged_and_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, count in SCENES.items():
        monkeypatch.setattr(demo, name, count)
    quick = {"steps": 1, "batch_pairs": 8, "validate_every": 1, "save_every": 1}
    monkeypatch.setattr(demo, "STAGES", {name: recipe | {"train": recipe["train"] | quick} for name, recipe in demo.STAGES.items()})
    monkeypatch.setattr("hypviz.paths.CHECKPOINTS", tmp_path)
    monkeypatch.setattr("hypviz.explore.library.DEMO", tmp_path / "shipped" / DEMO.name)
    before = (CHECKPOINTS / "demo.json").read_bytes()
    done = command_runner(monkeypatch, capfd)("demo")
    assert done.status == 0, done.err[-2000:]
    card = read_card(tmp_path / "demo.safetensors")
    shipped = read_card(CHECKPOINTS / "demo.safetensors").encoder
    assert replace(card.encoder, curv_init=shipped.curv_init) == shipped, "the recipe is that of what is shipped"
    assert len(card.training["stages"]) == len(demo.STAGES) and "untrained" in card.metrics and "2 unseen scenes" in card.metrics
    load_checkpoint(tmp_path / "demo.safetensors")
    assert len(Workspace.open(tmp_path / "shipped" / DEMO.name).items.images) == 6
    assert "items, " in done.out and "demo rebuilt in" in done.out
    assert (CHECKPOINTS / "demo.json").read_bytes() == before

"""Depths and starts, in this process: a backbone without a head, the last blocks, adapted norms, the command line."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hypviz.config import EncoderSettings
from hypviz.errors import DataError, SettingsError
from hypviz.evaluation import evaluate
from hypviz.finetune.features import affordable_views
from hypviz.finetune.folder import JobFolder
from hypviz.finetune.initial_encoder import start_licence, start_settings
from hypviz.finetune.request import DEPTHS, FinetuneRequest
from hypviz.finetune.run import FULL, FinetuneRun
from hypviz.geometry.entailment import pairwise_exterior_angle
from hypviz.inference.embed import embed_workspace
from hypviz.inference.in_pictures import in_pictures
from hypviz.model.adapters import adapted_layers
from hypviz.model.backbone import build_backbone
from hypviz.model.card import read_card
from hypviz.model.checkpoint import load_checkpoint
from hypviz.search.embedding import Embedding
from hypviz.training.pipeline import headlines
from hypviz.workspace.store import Workspace
from tests.finetune.conftest import Place
from tests.training.test_tracking import read_events


def tune(job: FinetuneRequest, path: Path) -> JobFolder:
    folder = JobFolder(path)
    folder.create(job)
    FinetuneRun(folder, lambda status: None, device="cpu").run()
    return folder


def test_a_backbone_without_a_head_is_usable_at_once_and_learns(place: Place, tmp_path: Path) -> None:
    weights = tmp_path / "tower.pt"
    torch.save(build_backbone("timm:test_vit", image_size=0).tower.state_dict(), weights)
    job = place.job(checkpoint="", backbone="timm:test_vit", weights=str(weights), settings={"tune.epochs": 2})
    folder = tune(job, tmp_path / "job")
    encoder, card = load_checkpoint(folder.path / "start")
    assert card.encoder.head == "polar" and card.encoder.embed_dim == 256
    assert folder.read("before")["metrics"] and folder.read("after")["metrics"]
    tuned, card = load_checkpoint(folder.path / "best")
    assert card.encoder == encoder.settings and "timm:test_vit" in card.description
    same = [name for name, value in tuned.backbone.state_dict().items() if torch.equal(value, encoder.backbone.state_dict()[name])]
    assert len(same) == len(encoder.backbone.state_dict())


def test_only_the_last_blocks_learn_and_the_numbers_of_a_result_are_those_of_its_weights(place: Place, tmp_path: Path) -> None:
    settings = {"tune.epochs": 1, "tune.adapt_norms": True, "train.patience": 0, "tune.validation_share": 0.5}
    folder = tune(place.job(depth="blocks", settings=settings), tmp_path / "job")
    given, start, best = (load_checkpoint(path)[0].state_dict() for path in (place.checkpoint, folder.path / "start", folder.path / "best"))
    adapted = {name.rpartition(".")[2] for name in given if not torch.equal(given[name], start[name])}
    assert {"running_mean", "running_var"} <= adapted <= {"running_mean", "running_var", "num_batches_tracked"}
    learned = {".".join(name.split(".")[:3]) for name in start if not torch.equal(start[name], best[name])}
    blocks = {name for name in learned if name.startswith("backbone.body")}
    assert blocks == {"backbone.body.8", "backbone.body.9"} and "head.weight" in learned
    workspace = Workspace.open(place.home / place.name)
    held = FinetuneRun(folder, lambda status: None, device="cpu")
    held.prepare()
    embedding = embed_workspace(workspace, folder.path / "best", device="cpu").take(held.held_rows)
    answers = read_card(folder.path / "best.safetensors").answers
    judged = headlines(evaluate(held.held_items, held.held, embedding, FULL, retrieval=answers))
    assert judged == pytest.approx(folder.read("after")["metrics"], abs=5e-3)
    assert folder.read("after")["best_epoch"] == 1  # without patience the last weights are the result


def test_a_training_that_gains_nothing_on_all_pictures_leaves_the_start(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An epoch is looked at by a part of the queries; by all of them the start may be better."""
    prepare = FinetuneRun.prepare

    def judged_perfect(run: FinetuneRun) -> None:
        prepare(run)
        run.folder.write("before", run.folder.read("before") | {"score": 1.0})

    monkeypatch.setattr(FinetuneRun, "prepare", judged_perfect)
    for patience, kept in ((5, True), (0, False)):  # without patience the last weights are what was asked for
        folder = tune(place.job(settings={"tune.epochs": 2, "train.patience": patience, "train.lr": 0.01}), tmp_path / f"job{patience}")
        start, best = (load_checkpoint(folder.path / name)[0].state_dict() for name in ("start", "best"))
        assert all(torch.equal(start[name], best[name]) for name in start) is kept
        if kept:
            assert folder.read("after")["best_epoch"] == 0
            assert [row["epoch"] for row in folder.history() if row["best"]] == [0]


@pytest.mark.parametrize("ended", [False, True])
def test_adapters_leave_a_checkpoint_like_any_other(ended: bool, place: Place, tmp_path: Path) -> None:
    """ended: by a person who keeps the best so far."""
    settings = {"tune.epochs": 2, "train.patience": 0, "tune.validation_share": 0.5, "train.lora_rank": 2}
    folder = JobFolder(tmp_path / "job")
    folder.create(place.job(depth="lora", settings=settings))
    run = FinetuneRun(folder, lambda status: end() if ended and status.get("step") else None, device="cpu")

    def end() -> None:
        run.finish.set()
        run.stop.set()

    run.run()
    before, after = (load_checkpoint(path)[0] for path in (place.checkpoint, folder.path / "best"))
    start, best = before.state_dict(), after.state_dict()
    learned = {name for name in start if name.startswith("backbone.") and not torch.equal(start[name], best[name])}
    assert learned == {f"backbone.{name}.weight" for name in adapted_layers(before.backbone, 2)}
    card = read_card(folder.path / "best.safetensors")
    assert card.training["recipe"]["train"]["lora_rank"] == 2 and card.description.endswith("(lora).")
    assert card.training.get("stopped", False) is ended


def test_a_set_that_changed_is_not_gone_on_with(place: Place, tmp_path: Path) -> None:
    folder = JobFolder(tmp_path / "job")
    folder.create(place.job())
    folder.write("plan", {"plan": {}, "split": {}, "data": "of another day"})
    with pytest.raises(DataError, match="has changed since this training began"):
        FinetuneRun(folder, lambda status: None, device="cpu").prepare()


@pytest.mark.parametrize(
    ("backbone", "weights", "message"),
    [
        ("timm:test_vit", "", "needs weights, a file or hub:TAG"),
        ("timm:test_vit", "nowhere.pt", "no weights file 'nowhere.pt'"),
    ],
)
def test_a_backbone_needs_weights_that_are_there(backbone: str, weights: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        start_settings(FinetuneRequest("ws", backbone=backbone, weights=weights))


def test_weights_of_a_package_or_a_hub_need_no_file() -> None:
    assert start_settings(FinetuneRequest("ws", backbone="pretrained:efficientnet_lite0")).backbone == "pretrained:efficientnet_lite0"
    assert start_settings(FinetuneRequest("ws", backbone="open_clip:ViT-B-32", weights="hub:openai")).published == "openai"
    assert start_licence(FinetuneRequest("ws", backbone="pretrained:efficientnet_lite0")) == "Apache-2.0"


def test_a_head_alone_begins_with_the_papers_temperature_and_deeper_trainings_with_a_safer_one() -> None:
    starts = {depth: start_settings(FinetuneRequest("ws", backbone="pretrained:efficientnet_lite0", depth=depth)) for depth in DEPTHS}
    assert {depth: start.temperature_init for depth, start in starts.items()} == {"head": 0.07, "lora": 0.2, "blocks": 0.2, "all": 0.2}
    assert {replace(start, temperature_init=0.2) for start in starts.values()} == {starts["all"]}


def test_a_bare_backbone_keeps_whole_pictures_below_all_boxes_and_every_angle_between_boxes() -> None:
    settings = start_settings(FinetuneRequest("ws", backbone="pretrained:efficientnet_lite0"))
    assert settings.boxes_from > 0
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(40, 8)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    picture = np.repeat([0, 20], 20)
    learned = Embedding(directions, np.exp(rng.uniform(-4, 1, 40)).astype(np.float32), 0.5)
    placed = in_pictures(learned, picture, replace(settings, context=0.0, contents=0.0))
    whole = picture == np.arange(40)
    assert placed.radii[whole].max() < settings.boxes_from < placed.radii[~whole].min()
    boxes = directions[~whole].astype(np.float64)
    before, after = (
        pairwise_exterior_angle(boxes, radius, boxes, radius, curv=0.5)[~np.eye(38, dtype=bool)]
        for radius in (np.asarray(each.radii, np.float64)[~whole] for each in (learned, placed))
    )
    assert np.abs(before - after).max() < 0.05, "radians, where the smallest radius is 0.02"


def test_views_are_fewer_where_they_would_not_fit() -> None:
    assert affordable_views(4, 1_000, 512) == 4
    assert affordable_views(4, 200_000, 512) == 1
    assert affordable_views(4, 10_000_000, 512) == 0


def test_the_command_line_is_the_same_training(
    place: Place, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    import hypviz.cli

    def command(*more: str) -> tuple[Any, str, str]:
        words = ["finetune", "--workspace", str(place.home / place.name), "--checkpoint", str(place.checkpoint), "--json", *more]
        monkeypatch.setattr(sys, "argv", ["hypviz", *words])
        with pytest.raises(SystemExit) as end:
            hypviz.cli.main()
        return (end.value.code, *capfd.readouterr())

    settings = json.dumps({"tune.epochs": 2, "train.batch_pairs": 16, "tune.views": 0})
    status, out, err = command(
        "--out", "from a terminal", "--settings", settings, "--licence", "MIT", "--device", "cpu", "--track", "tensorboard"
    )
    assert not status, err
    told = json.loads(out)
    assert {"loss", "reach", "score"} <= {name for name, _ in read_events(Path(told["run"]) / "tensorboard")}
    assert told["after"]["score"] > 0 and told["split"]["validation"] == 2
    encoder, card = load_checkpoint("from a terminal")
    assert (card.name, card.licence, card.encoder) == ("from a terminal", "MIT", EncoderSettings(embed_dim=16)) and encoder.curv > 0
    for bad, message in ((("--out", "from a terminal"), "already"), (("--out", "x", "--depth", "deep"), "depth must be one of"),
                         (("--out", "x", "--settings", "[1]"), "must be a JSON object")):  # fmt: skip
        status, out, err = command(*bad)
        assert status == 1 and message in err.splitlines()[-1] and err.splitlines()[-1].startswith("error: ")

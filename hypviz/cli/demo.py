"""`python -m hypviz demo`: rebuild what is shipped, from the seeds: scenes, checkpoint, figures and the demo workspace."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from hypviz.cli.output import Device
from hypviz.progress import Report, progress_bar
from hypviz.workspace.clipart_workspace import SIZE, clipart_workspace

if TYPE_CHECKING:
    from hypviz.training.pipeline import FitJob

TRAIN_SCENES, VALIDATION_SCENES, TEST_SCENES, DEMO_SCENES = 4000, 200, 600, 400
WHOLE_IMAGES = {"batches": "images"}
POLAR = "polar head"
"""The stage that replaces the linear head, whose directions all lay within 9°, by one that spreads them."""
VIEWS = 1
"""Augmented views of every crop beside the plain one, whose features that stage learns from."""
DIRECTION_HIDDEN = 512
POLAR_TEMPERATURE = 0.07
"""Start of τ there: 0.07 ranked better than 0.2 on features that know the classes already (docs/demo.md)."""
STAGES: dict[str, dict[str, dict[str, Any]]] = {
    "first": {
        "encoder": {"embed_dim": 64},
        "train": {
            "steps": 1200, "lr": 2e-3, "early_size": 40, "early_share": 0.75,
            "precision": "bfloat16", "validate_every": 600, "save_every": 250,
        },
        "pairs": WHOLE_IMAGES,
    },
    "second": {"train": {"steps": 500, "lr": 1e-3, "validate_every": 250, "save_every": 100}, "pairs": WHOLE_IMAGES},
    "third": {
        "train": {"steps": 2000, "lr": 2e-3, "precision": "bfloat16", "validate_every": 250, "save_every": 50},
        "pairs": WHOLE_IMAGES,
    },
    "fourth": {
        "train": {"steps": 500, "lr": 1e-3, "precision": "bfloat16", "validate_every": 125, "save_every": 50},
        "pairs": {**WHOLE_IMAGES, "cross_from": "ancestors"},
    },
    POLAR: {
        "train": {
            "steps": 800, "batch_pairs": 512, "lr": 2e-3, "backbone_lr_scale": 0.0, "direction_lr_scale": 1.0, "weight_decay": 0.0,
            "validate_every": 800, "save_every": 100,
        },
        "pairs": {**WHOLE_IMAGES, "cross_from": "ancestors", "class_balance": True, "next_level": 10.0, "scene_weight": 4.0},
        "loss": {"spread": 3.0},
    },
}  # fmt: skip
"""Each stage goes on from the one before it; the last learns a new, polar head on the backbone of the fourth. The first is from
scratch: crops of 40 pixels for three quarters of the steps, then 64. The others stay at 40 pixels: after the first one the
encoder ranked better at 40 than at 64 (docs/demo.md)."""
FINAL_SIZE = 40
DESCRIPTION = "Trained from scratch on the clipart world with the angle loss, cross-image pairs and class-graph masking."


def demo(
    build: Annotated[Path, typer.Option(help="Folder for the scenes and the training state.")] = Path("build/demo"),
    train: Annotated[bool, typer.Option(help="Train the checkpoint; otherwise only renew data and workspace.")] = True,
    device: Device = "auto",
) -> None:
    """Rebuild the demo: draw the scenes, train the checkpoint, judge it on unseen scenes, embed the shipped ones."""
    from hypviz.explore.library import DEMO
    from hypviz.paths import CHECKPOINTS

    start = time.perf_counter()
    checkpoint = CHECKPOINTS / "demo.safetensors"
    if train:
        _train(build, checkpoint, device)
        _judge(build, checkpoint, device)
    _ship(DEMO, device)
    typer.echo(f"demo rebuilt in {(time.perf_counter() - start) / 60:.1f} min")


def _train(build: Path, checkpoint: Path, device: str) -> None:
    from hypviz.model.card import read_card, write_card
    from hypviz.training.pipeline import FitJob, fit

    base = FitJob(
        workspace=clipart_workspace(build / "train", "train", TRAIN_SCENES),
        validation=clipart_workspace(build / "validation", "validation", VALIDATION_SCENES),
        out=build, licence="Apache-2.0", description=DESCRIPTION, device=device,
    )  # fmt: skip
    init: str | None = None
    for name, recipe in STAGES.items():
        job = replace(base, out=build / name, recipe=recipe, init=init)
        path = build / f"{name}.safetensors"
        if not path.with_suffix(".json").is_file():
            if name == POLAR:
                job = _polar_job(job, build)
            with progress_bar(f"Training, {name} stage") as report:
                fit(job, on_progress=partial(_tell, report))
            if init is None:
                _set_size(path, FINAL_SIZE)
        init = str(path)
    stages = [read_card(build / f"{name}.safetensors").training for name in STAGES]
    for suffix in (".safetensors", ".json"):
        shutil.copyfile(path.with_suffix(suffix), checkpoint.with_suffix(suffix))
    training = {"stages": stages, "seconds": sum(stage["seconds"] for stage in stages)}
    write_card(checkpoint, replace(read_card(checkpoint), name=checkpoint.stem, training=training))


def _polar_job(job: FitJob, build: Path) -> FitJob:
    """The job of the last stage: the former backbone, whose features are computed once, under a polar head that is not trained yet."""
    from hypviz.config import TrainSettings, from_mapping
    from hypviz.data.crops import build_crop_cache
    from hypviz.finetune.features import build_features
    from hypviz.finetune.initial_encoder import rarity_weights, spaced
    from hypviz.model.checkpoint import load_checkpoint, save_checkpoint
    from hypviz.model.encoder import backbone_hash, build_encoder
    from hypviz.model.fresh_head import fit_head, with_polar_head
    from hypviz.workspace.store import Workspace

    former, card = load_checkpoint(str(job.init))
    settings = replace(with_polar_head(card.encoder), temperature_init=POLAR_TEMPERATURE, direction_hidden=DIRECTION_HIDDEN)
    encoder = build_encoder(settings).eval()
    encoder.backbone.load_state_dict(former.backbone.state_dict())
    items = Workspace.open(job.workspace).items
    with progress_bar("Features of all crops") as report:
        crops = build_crop_cache(items, build / "crops", size=encoder.image_size, workers=2)
        augmented = from_mapping(TrainSettings, job.recipe["train"])
        path = build / f"features-{backbone_hash(encoder)}-{items.data_hash}.npy"
        features = build_features(encoder.to_bfloat16(), crops, path, augmented, views=VIEWS, on_share=partial(_tell_share, report))
    rows = spaced(np.arange(len(items)))
    fit_head(encoder, features.values[0, rows], rarity_weights(items.label[rows]))
    encoder.backbone.float().load_state_dict(former.backbone.state_dict())
    start = save_checkpoint(
        build / "polar start.safetensors", encoder, replace(card, encoder=settings, curv=encoder.curv.item(), retrieval=None)
    )
    return replace(job, init=str(start), look=features)


def _tell_share(report: Report, share: float) -> None:
    report(round(100 * share), 100, "features")


def _tell(report: Report, progress: Any) -> None:
    report(progress.step, progress.steps, f"loss {progress.loss:.2f}")


def _set_size(path: Path, size: int) -> None:
    """Let a checkpoint take crops of another size: its layers are convolutions and a pooling."""
    from hypviz.model.card import read_card, write_card

    card = read_card(path)
    write_card(path, replace(card, encoder=replace(card.encoder, image_size=size)))


def _judge(build: Path, checkpoint: Path, device: str) -> None:
    """Write the figures on unseen scenes, beside the untrained encoder's, into the card."""
    from hypviz.evaluation import EvaluateSettings
    from hypviz.model.card import read_card, write_card
    from hypviz.training.pipeline import headlines, judge

    test = clipart_workspace(build / "test", "test", TEST_SCENES)
    results = judge(test, [str(checkpoint)], EvaluateSettings(baselines=False), untrained=True, device=device)
    trained, untrained = (headlines(evaluation) for evaluation in results.values())
    card = read_card(checkpoint)
    seeds = {"train": TRAIN_SCENES, "validation": VALIDATION_SCENES, "test": TEST_SCENES, "size": list(SIZE)}
    figures = {**card.metrics, f"{TEST_SCENES} unseen scenes": trained, "untrained": untrained}
    card = replace(card, metrics=figures, training={**card.training, "clipart scenes": seeds})
    write_card(checkpoint, card)
    width = max(map(len, trained))
    for name in trained:
        typer.echo(f"{name:<{width}}  {trained[name]:.3f}  untrained {untrained.get(name, float('nan')):.3f}")


def _ship(workspace: Path, device: str) -> None:
    """Draw the shipped scenes anew and build their workspace, so that the page starts at once."""
    from hypviz.explore.view import View
    from hypviz.storage.keeping import renewing
    from hypviz.viz.layout import METHODS
    from hypviz.workspace.store import Workspace

    folder = workspace.parent
    if folder.is_dir():
        shutil.rmtree(folder)
    clipart_workspace(folder, "test", DEMO_SCENES, image_format="webp", quality=75)
    with renewing(workspace.resolve()):
        with progress_bar("Embedding the demo") as report:
            view = View(Workspace.open(workspace), "demo", device=device, on_progress=report)
        for name in METHODS:
            view.disks.angles(name)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    typer.echo(f"{folder}: {len(view.items)} items, {size / 1e6:.1f} MB")

"""`python -m hypviz demo`: rebuild what is shipped, from the seeds: scenes, checkpoint, figures and the demo workspace."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from hypviz.cli.output import Device
from hypviz.clipart_world import SIZE, clipart_workspace
from hypviz.progress import progress_bar

TRAIN_SCENES, VALIDATION_SCENES, TEST_SCENES, DEMO_SCENES = 4000, 200, 600, 400
RECIPE = {
    "encoder": {"embed_dim": 64},
    "train": {
        "steps": 1200, "lr": 2e-3, "early_size": 40, "early_share": 0.75,
        "precision": "bfloat16", "validate_every": 600, "save_every": 250,
    },
    "pairs": {"batches": "images"},
}  # fmt: skip
"""The first stage, from scratch: whole images per batch, crops of 40 pixels for three quarters of the steps, then 64."""
FINAL_SIZE = 40
SECOND_STAGE = {"train": {"steps": 500, "lr": 1e-3, "validate_every": 250, "save_every": 100}, "pairs": {"batches": "images"}}
"""The second stage goes on at 40 pixels: after the first one the encoder ranked better at 40 than at 64 (docs/demo.md)."""
DESCRIPTION = "Trained from scratch on the clipart world with the angle loss, cross-image pairs and class-graph masking."


def demo(
    build: Annotated[Path, typer.Option(help="Folder for the scenes and the training state.")] = Path("build/demo"),
    train: Annotated[bool, typer.Option(help="Train the checkpoint; otherwise only renew data and workspace.")] = True,
    device: Device = "auto",
) -> None:
    """Rebuild the demo: draw the scenes, train the checkpoint, judge it on unseen scenes, embed the shipped ones."""
    from hypviz.library import DEMO
    from hypviz.model.card import CHECKPOINTS

    start = time.perf_counter()
    checkpoint = CHECKPOINTS / "demo.safetensors"
    if train:
        _train(build, checkpoint, device)
        _judge(build, checkpoint, device)
    _ship(DEMO, device)
    typer.echo(f"demo rebuilt in {(time.perf_counter() - start) / 60:.1f} min")


def _train(build: Path, checkpoint: Path, device: str) -> None:
    from hypviz.fit import FitJob, fit
    from hypviz.model.card import read_card, write_card

    first = FitJob(
        workspace=clipart_workspace(build / "train", "train", TRAIN_SCENES),
        validation=clipart_workspace(build / "validation", "validation", VALIDATION_SCENES),
        out=build / "first", recipe=RECIPE, device=device,
    )  # fmt: skip
    if not (build / "first.json").is_file():
        with progress_bar("Training, first stage") as report:
            fit(first, on_progress=lambda p: report(p.step, p.steps, f"loss {p.loss:.2f}"))
        _set_size(build / "first.safetensors", FINAL_SIZE)
    start = str(build / "first.safetensors")
    second = replace(
        first, out=build / "demo", recipe=SECOND_STAGE, init=start, licence="Apache-2.0", description=DESCRIPTION
    )  # fmt: skip
    with progress_bar("Training, second stage") as report:
        path, card = fit(second, on_progress=lambda p: report(p.step, p.steps, f"loss {p.loss:.2f}"))
    stages = [read_card(weights).training for weights in (Path(start), path)]
    write_card(path, replace(card, training={"stages": stages, "seconds": sum(stage["seconds"] for stage in stages)}))
    for suffix in (".safetensors", ".json"):
        shutil.copyfile(path.with_suffix(suffix), checkpoint.with_suffix(suffix))


def _set_size(path: Path, size: int) -> None:
    """Let a checkpoint take crops of another size: its layers are convolutions and a pooling."""
    from hypviz.model.card import read_card, write_card

    card = read_card(path)
    write_card(path, replace(card, encoder=replace(card.encoder, image_size=size)))


def _judge(build: Path, checkpoint: Path, device: str) -> None:
    """Write the figures on unseen scenes, beside the untrained encoder's, into the card."""
    from hypviz.evaluate import EvaluateSettings
    from hypviz.fit import headlines, judge
    from hypviz.model.card import read_card, write_card

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
    from hypviz.session import View
    from hypviz.store import Workspace
    from hypviz.viz.layout import METHODS

    folder = workspace.parent
    if folder.is_dir():
        shutil.rmtree(folder)
    clipart_workspace(folder, "test", DEMO_SCENES, image_format="webp", quality=75)
    with progress_bar("Embedding the demo") as report:
        view = View(Workspace.open(workspace), "demo", device=device, on_progress=report)
    for name in METHODS:
        view.disks.angles(name)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    typer.echo(f"{folder}: {len(view.items)} items, {size / 1e6:.1f} MB")

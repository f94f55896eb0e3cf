"""What every process of a group does in the tests: `torchrun … -m tests.training.ranks_program NAME WORKSPACE OUT`.

A test goes through the same functions in one process, and compares.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hypviz.config import EncoderSettings, PairSettings, TrainSettings
from hypviz.data.image_batches import ImageSampler
from hypviz.data.pairs import PairSampler
from hypviz.errors import HypvizError
from hypviz.model.encoder import build_encoder
from hypviz.training.distributed import Ranks, joined_ranks
from hypviz.training.look import CropLook, Look, share_of
from hypviz.training.loop import Progress, train
from hypviz.training.losses import LossSettings
from hypviz.training.optimiser import build_optimiser
from hypviz.training.pipeline import FitJob, fit
from hypviz.training.state import Recipe
from hypviz.training.step import Stepper
from hypviz.workspace.store import Workspace

CONVOLUTIONS = EncoderSettings("timm:test_convnext", embed_dim=8, image_size=32, temperature_init=0.2)
"""A convolutional network that normalises every picture by itself."""
NORMALISED = EncoderSettings("timm:test_resnet", embed_dim=8, image_size=32)
"""One with batch normalisation."""
POLAR = EncoderSettings("timm:test_convnext", embed_dim=8, image_size=32, temperature_init=0.2, head="polar", radius_hidden=16)
STEPS: dict[str, Any] = {"steps": 5, "batch_pairs": 15, "lr": 2e-3, "warmup": 0.0, "validate_every": 4}
RECIPES = {
    "head": Recipe(
        POLAR, TrainSettings(backbone_lr_scale=0.0, **STEPS), PairSettings(batches="images"), LossSettings(anchor=0.1, spread=1.0, norm=0.1)
    ),
    "convolutions": Recipe(CONVOLUTIONS, TrainSettings(**STEPS)),
    "normalised": Recipe(NORMALISED, TrainSettings(**STEPS)),
    "broken": Recipe(CONVOLUTIONS, TrainSettings(**(STEPS | {"save_every": 2, "validate_every": 100}))),
}
KILLED_AT = 3
"""After this step one process of the run "broken" is killed; its last state is of step 2."""
COMPARED = (0, 1)
"""Steps whose gradients are compared; their batches have an odd and an even number of items, so that shares differ in size, and do not."""


def head_look(workspace: Workspace) -> Look:
    """Features of items that are the same numbers in every process, turned by one number of the step, drawn for the whole batch."""
    values = torch.from_numpy(np.random.default_rng(5).normal(size=(len(workspace.items), build_encoder(POLAR).head.in_features)))

    def look(encoder: Any, rows: Any, step: int) -> torch.Tensor:
        noise = np.random.default_rng(step).normal(size=(len(rows), 1))
        return (values[rows] + torch.from_numpy(noise)).float()

    return look


def gradients(name: str, workspace: Workspace, folder: Path, ranks: Ranks, step: int) -> dict[str, Any]:
    """Loss, number of items, vitals and gradients by name of a step from the start."""
    recipe = RECIPES[name]
    encoder = build_encoder(recipe.encoder, seed=0)
    optimiser = build_optimiser(encoder, recipe.train)
    if name == "head":
        look = share_of(head_look(workspace), ranks)
    else:
        look = CropLook(workspace.items, folder, recipe.train, size=encoder.image_size, shuffled=False, ranks=ranks)
    kind = ImageSampler if recipe.pairs.batches == "images" else PairSampler
    sampler = kind(workspace.items, workspace.hierarchy, recipe.pairs, seed=0)
    first = build_encoder(recipe.encoder, seed=1).head if recipe.loss.anchor else None
    loss, vitals, items = Stepper(encoder.train(), optimiser, sampler, recipe, look, ranks, first).gradients(step)
    slopes = {key: value.grad for key, value in encoder.named_parameters() if value.grad is not None}
    return {"loss": loss.total.item(), "items": items, "vitals": vitals.to_json() if vitals else {}, "gradients": slopes}


def curve(name: str, workspace: Workspace, folder: Path, ranks: Ranks) -> dict[str, Any]:
    """The loss of every step of a run, what its validation was asked, and its weights."""
    losses: list[float] = []
    asked: list[int] = []

    def validate(encoder: Any) -> dict[str, float]:
        asked.append(ranks.rank)
        return {"answer": 0.25}

    def on_progress(now: Progress) -> None:
        losses.append(now.loss)

    encoder, record = train(
        workspace.items, workspace.hierarchy, folder, RECIPES[name], device="cpu", ranks=ranks, validate=validate, on_progress=on_progress,
        look=head_look(workspace) if name == "head" else None,
    )  # fmt: skip
    return {"losses": losses, "asked": asked, "answers": [h["answer"] for h in record["history"]], "weights": encoder.state_dict()}


def words(ranks: Ranks) -> dict[str, Any]:
    """What ranks say to one another, and the sentences of what they refuse."""

    def refused(act: Any) -> str:
        try:
            act()
        except HypvizError as error:
            return str(error)
        raise AssertionError("nothing was refused")

    def fail() -> None:
        raise HypvizError("The leader cannot.")

    return {
        "any": [ranks.any(ranks.rank == 1), ranks.any(False)],
        "from leader": ranks.from_leader(lambda: f"of {ranks.rank}"),
        "refusals": [
            refused(lambda: ranks.from_leader(fail)),
            refused(lambda: ranks.check_same({"settings": "a", "data": str(ranks.rank)})),
            refused(lambda: ranks.share(1)),
        ],
    }


def compare(workspace: Workspace, out: Path, ranks: Ranks) -> None:
    """Everything that is compared with one process, in OUT/RANK.pt."""
    results: dict[str, Any] = words(ranks)
    for name in ("head", "convolutions"):
        results[name] = [gradients(name, workspace, out / "crops", ranks, step) for step in COMPARED]
    for name in ("head", "convolutions", "normalised"):
        results[f"{name} curve"] = curve(name, workspace, out / name / str(ranks.rank), ranks)
    torch.save(results, out / f"{ranks.rank}.pt")


def broken(workspace: Workspace, out: Path, ranks: Ranks) -> None:
    """A run of which the second process is killed once."""
    killed = out / "killed"

    def on_progress(now: Progress) -> None:
        if (ranks.rank, now.step) == (1, KILLED_AT) and not killed.exists():
            killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    fit(FitJob(workspace.folder, out / "broken", recipe=asdict(RECIPES["broken"]), device="cpu"), on_progress=on_progress, ranks=ranks)


if __name__ == "__main__":
    import logging

    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    with joined_ranks("cpu") as (joined, _):
        {"compare": compare, "broken": broken}[sys.argv[1]](Workspace.open(Path(sys.argv[2])), Path(sys.argv[3]), joined)

"""Encoders for the tests of the Ray engine, importable by Ray's workers: one that dies once, one that is slow."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from hypviz.inference import ray_engine
from hypviz.model import checkpoint as checkpoints
from hypviz.model.encoder import HyperbolicEncoder


class Mortal(HyperbolicEncoder):
    """Kills its process at its third look, once: `fuse` is the file whose making says that it has happened."""

    fuse: str
    looks = 0

    def forward(self, crops: Any) -> Any:
        self.looks += 1
        if self.looks == 3:
            try:
                os.close(os.open(self.fuse, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().forward(crops)


class Slow(HyperbolicEncoder):
    """Takes a second for every look."""

    def forward(self, crops: Any) -> Any:
        time.sleep(1.0)
        return super().forward(crops)


def mortal(encoder: HyperbolicEncoder, fuse: Path) -> HyperbolicEncoder:
    """The encoder, to be killed once while it works."""
    encoder.__class__ = Mortal
    encoder.fuse = str(fuse)  # type: ignore[assignment]
    return encoder


def run_slowly(workspace: str, checkpoint: str, out: str) -> None:
    """Embed a workspace with an encoder that takes its time, in parts of one picture: a run to be killed."""
    from hypviz.workspace.store import Workspace

    load = checkpoints.load_checkpoint

    def slow(name: Any) -> Any:
        encoder, card = load(name)
        encoder.__class__ = Slow
        return encoder, card

    checkpoints.load_checkpoint = slow  # type: ignore[assignment]
    settings = ray_engine.RaySettings(pictures_per_batch=1, pictures_per_part=1)
    ray_engine.embed_workspace_parts(Workspace.open(workspace), checkpoint, out, settings=settings)


if __name__ == "__main__":
    run_slowly(*sys.argv[1:])

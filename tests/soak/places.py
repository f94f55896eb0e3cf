"""A home folder to begin from, made once; and children in which everything runs, so that nothing of one is in memory of the next."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.kills import in_child

LIBRARIES = {"hypviz", "torch", "torchvision", "numpy", "scipy", "PIL", "pyarrow", "safetensors", "timm", "open_clip"}
QUICK = {"tune.epochs": 3, "train.batch_pairs": 16, "tune.views": 1}


@dataclass(frozen=True)
class Place:
    """home: where it happens.  world: pictures, annotations and a checkpoint that nothing changes.  template: how a home begins.
    acks: a line for everything a child was told is done, outside the home.  log: what children that fail say."""

    root: Path

    home = property(lambda self: self.root / "home")
    world = property(lambda self: self.root / "world")
    template = property(lambda self: self.root / "template")
    acks = property(lambda self: self.root / "acks")
    log = property(lambda self: self.root / "log.txt")

    @property
    def checkpoint(self) -> Path:
        return self.world / "checkpoints" / "tiny.safetensors"

    def begin(self) -> None:
        """A home as it was made."""
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self.template, self.home)
        self.acks.write_text("")

    def run(self, work: Callable[[], object]) -> None:
        """Run `work` in a child; AssertionError with what it said when it fails."""
        start = self.log.stat().st_size if self.log.exists() else 0
        _, status = os.waitpid(self.child(work), 0)
        if status:
            with self.log.open("rb") as file:
                file.seek(start)
                raise AssertionError(f"a child ended with {status}: {file.read().decode(errors='replace')[-3000:]}")

    def child(self, work: Callable[[], object]) -> int:
        """Start `work` in a child that has this home; returns its process id."""

        def settled() -> None:
            with self.log.open("ab") as log:
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
            os.environ["HYPVIZ_HOME"] = str(self.home)
            work()

        return in_child(settled)


def make_place() -> Place:
    """A fresh place in a temporary folder."""
    import torch

    torch.set_num_threads(1)  # a child of a process with a pool of threads would wait for threads that it has not
    place = Place(Path(tempfile.mkdtemp(prefix="hypviz-soak-")))
    place.run(lambda: _fill(place))
    return place


def note_modules(place: Place) -> None:
    """Write down what this child had to import."""
    with (place.root / "modules").open("a") as file:
        file.writelines(f"{name}\n" for name in sys.modules)


def load_all(place: Place) -> None:
    """Import what children had to, so that the next ones have it from the start."""
    for name in dict.fromkeys((place.root / "modules").read_text().split()):
        if name.partition(".")[0] in LIBRARIES and name not in sys.modules:
            with contextlib.suppress(ImportError):  # made by others while they are imported
                importlib.import_module(name)


def _fill(place: Place) -> None:
    from hypviz.finetune.folder import JobFolder
    from hypviz.finetune.request import FinetuneRequest
    from hypviz.workspace.store import Workspace
    from tests.worlds import make_tiny_world

    world = make_tiny_world(place.world)
    made = Workspace.open(world.workspace)
    mine = Workspace.create(place.template / "mine", made.items, made.hierarchy, name="mine")
    assert mine.items.data_hash == made.items.data_hash
    done = JobFolder(place.template / "trainings" / "done")
    done.create(FinetuneRequest("nowhere", str(world.checkpoint), title="cars"))
    done.write("state", {"state": "done", "created": "2026-01-01"})
    for file in (world.checkpoint, world.checkpoint.with_suffix(".json")):
        shutil.copyfile(file, done.path / f"best{file.suffix}")
    begun = JobFolder(place.template / "trainings" / "begun")
    begun.create(FinetuneRequest(str(place.home / "mine"), str(world.checkpoint), settings=QUICK, title="scenes"))
    begun.write("state", {"state": "stopped", "created": "2026-01-01"})

"""One home folder with one uploaded set for all tests of trainings: making them is what costs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hypviz.finetune.queue import TrainingQueue
from hypviz.finetune.request import FinetuneRequest
from hypviz.finetune.upload import staging, take_in
from tests.finetune.zips import coco_files, pack
from tests.worlds import TinyWorld

QUICK = {"tune.epochs": 3, "train.batch_pairs": 16, "tune.views": 1}
PATIENCE_S = 300.0
"""How long a test waits for what must come; never a measure of speed."""


@dataclass(frozen=True)
class Place:
    """home: the folder of own things.  name: the uploaded set in it.  checkpoint: to start from."""

    home: Path
    name: str
    checkpoint: Path

    def job(self, **keys: Any) -> FinetuneRequest:
        settings = QUICK | keys.pop("settings", {})
        given = {"checkpoint": str(self.checkpoint)} | keys
        return FinetuneRequest(str(self.home / self.name), settings=settings, title="cars", **given)


@pytest.fixture(scope="module")
def place(tiny_world: TinyWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("tune") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HYPVIZ_HOME", str(home))
        with staging() as stage:
            archive = pack(stage / "upload.zip", coco_files(tiny_world))
            name = take_in(archive, stage, name="cars.zip", on_stage=lambda share, what: None)
        yield Place(home, name, tiny_world.checkpoint)


def wait_for(what: Callable[[], Any], *, until: Callable[[Any], bool]) -> Any:
    """The first answer of `what` that is as wanted."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        answer = what()
        if until(answer):
            return answer
        time.sleep(0.05)
    raise AssertionError(f"waited in vain, the last answer was {json.dumps(answer, default=str)[:3000]}")


def finished(tuner: TrainingQueue, name: str) -> dict[str, Any]:
    """The job once it neither runs nor waits."""
    found: dict[str, Any] = wait_for(lambda: tuner.job(name), until=lambda job: job["state"] not in ("queued", "running"))
    return found

"""What a training run is (its recipe) and where it stands: the resumable state on disk, and its pace."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from hypviz.config import EncoderSettings, PairSettings, TrainSettings, from_mapping
from hypviz.errors import CheckpointError, SettingsError
from hypviz.model.adapters import has_adapters, without_adapters
from hypviz.model.encoder import HyperbolicEncoder
from hypviz.storage.files import write_file
from hypviz.storage.json_types import Json
from hypviz.training.distributed import ALONE, Ranks
from hypviz.training.losses import LossSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """All settings of one training, saved beside its weights."""

    encoder: EncoderSettings = field(default_factory=EncoderSettings)
    train: TrainSettings = field(default_factory=TrainSettings)
    pairs: PairSettings = field(default_factory=PairSettings)
    loss: LossSettings = field(default_factory=LossSettings)

    @classmethod
    def from_json(cls, content: Json) -> Recipe:
        """The inverse of `dataclasses.asdict`; an unknown key or part raises SettingsError."""
        kinds = {"encoder": EncoderSettings, "train": TrainSettings, "pairs": PairSettings, "loss": LossSettings}
        if unknown := sorted(set(content) - set(kinds)):
            raise SettingsError(f"A recipe has no part {', '.join(map(repr, unknown))}; it knows {', '.join(kinds)}.")
        return cls(**{name: from_mapping(kind, content.get(name, {})) for name, kind in kinds.items()})


class RunState:
    """The resumable state of a run: weights, optimiser, step and history, in one file written atomically.

    Every rank has it; the file is the leader's.
    """

    def __init__(self, path: Path, recipe: Recipe, *, init: str, data: str, ranks: Ranks = ALONE) -> None:
        self.path, self.ranks = path, ranks
        self.recipe, self.origin = recipe, {"init": init, "data": data}
        self.history: list[dict[str, float]] = []
        self.seconds = 0.0
        self.best: dict[str, Any] | None = None
        """Of the best validation so far: "score", "step" and the encoder's weights; None where no best is kept."""

    def begin(self, encoder: HyperbolicEncoder, optimiser: torch.optim.Optimizer, *, resume: bool) -> int:
        """The step to begin at: that of the state on disk, restored, with `resume` and in a group that was started again, else 0."""
        if self.ranks.from_leader(lambda: resume or bool(self.ranks.restarts)):
            return self.load(encoder, optimiser)
        if self.ranks.leads and self.ranks.restarts == 0:
            self.path.unlink(missing_ok=True)  # a group that is started again would take it for its own
        return 0

    def load(self, encoder: HyperbolicEncoder, optimiser: torch.optim.Optimizer) -> int:
        """Restore an interrupted run of the same settings and data; returns the step to go on from, 0 when new."""
        if not self.ranks.from_leader(self.path.is_file):
            return 0
        source = self.path if self.ranks.alone else BytesIO(self.ranks.from_leader(self.path.read_bytes))
        try:
            state = torch.load(source, map_location="cpu", weights_only=True)
            key = json.loads(state["key"])
            recipe, origin = key.pop("recipe"), key
        except Exception as error:  # torch raises many kinds for a damaged file
            raise CheckpointError(f"The state {self.path} of an earlier run is damaged; delete it to start anew.") from error
        if not self._is_same(recipe, origin):
            raise CheckpointError(
                f"The run in {self.path.parent} was started with other settings or data; "
                "use another --out folder, or --no-resume to start anew."
            )
        encoder.load_state_dict(state["encoder"])
        optimiser.load_state_dict(state["optimiser"])
        self.history, self.seconds = list(state["history"]), float(state["seconds"])
        self.best = state.get("best")
        log.info("Resuming at step %d.", state["step"])
        return int(state["step"])

    def _is_same(self, recipe: Json, origin: dict[str, str]) -> bool:
        """Whether a state's settings are this run's; a setting that is newer than the state has its default in it."""
        try:
            return origin == self.origin and Recipe.from_json(recipe) == self.recipe
        except SettingsError:
            return False

    def consider(self, encoder: HyperbolicEncoder, step: int, score: float) -> None:
        """Keep the weights when no earlier validation had as high a score."""
        if self.best is None or score > self.best["score"]:
            weights = {name: tensor.detach().cpu().clone() for name, tensor in encoder.state_dict().items()}
            self.best = {"score": score, "step": step, "encoder": weights}

    def is_stale(self, step: int, settings: TrainSettings) -> bool:
        """Whether `patience` validations have passed since the best one."""
        waited = step - (self.best["step"] if self.best else step)
        return 0 < settings.patience * settings.validate_every <= waited

    def save(self, encoder: HyperbolicEncoder, optimiser: torch.optim.Optimizer, step: int, seconds: float) -> None:
        """Write the state, at the leader; the old one stays until the new one is whole."""
        if not self.ranks.leads:
            return
        key = json.dumps({"recipe": asdict(self.recipe), **self.origin}, sort_keys=True)
        content = {"key": key, "step": step, "seconds": seconds, "history": self.history}
        content |= {"encoder": encoder.state_dict(), "optimiser": optimiser.state_dict(), "best": self.best}
        if self.best is None and has_adapters(encoder):
            content["merged"] = without_adapters(encoder).state_dict()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_file(self.path, lambda part: torch.save(content, part))


def best_weights(path: Path) -> dict[str, Any]:
    """The encoder's weights, without adapters, of the best validation in a state file, or where none is kept, of its last step.

    CheckpointError when there is no such file, or it is damaged.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        best = state.get("best")
        return dict(best["encoder"] if best else state.get("merged") or state["encoder"])
    except Exception as error:  # torch raises many kinds for a damaged file
        raise CheckpointError(f"There is no state of a training in {path} that can be read.") from error


class Pace:
    """Seconds spent, crops per second over the last steps, and seconds left."""

    def __init__(self, step: int, steps: int, seconds: float) -> None:
        self.first, self.step, self.steps, self.before = step, step, steps, seconds
        self.start = self.last = time.perf_counter()
        self.rate = 0.0

    def count(self, step: int, crops: int) -> None:
        """Note that `step` is done and took `crops` crops."""
        now = time.perf_counter()
        rate = crops / max(now - self.last, 1e-9)
        self.rate = rate if step == self.first + 1 else 0.95 * self.rate + 0.05 * rate
        self.step, self.last = step, now

    @property
    def seconds(self) -> float:
        """Seconds of training so far, those before a stop included."""
        return self.before + time.perf_counter() - self.start

    @property
    def left(self) -> float:
        """Seconds left at the mean rate of this run."""
        return (self.steps - self.step) * (time.perf_counter() - self.start) / max(self.step - self.first, 1)

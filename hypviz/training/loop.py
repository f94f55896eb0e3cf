"""Training: one loop, read top to bottom. Pairs → unique crops → encoder → angle loss → AdamW.

The same seed gives the same result on one machine: pairs and augmentation are functions of (seed, step), so a run that
was stopped and resumed takes the same steps as one that was not.
"""

from __future__ import annotations

import copy
import json
import logging
import math
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hypviz.config import TrainSettings
from hypviz.data.crops import build_crop_cache
from hypviz.data.hierarchy import Hierarchy
from hypviz.data.image_batches import ImageSampler
from hypviz.data.items import Items
from hypviz.data.pairs import PairBatch, PairSampler
from hypviz.errors import CheckpointError, HypvizError
from hypviz.model.card import Card, weights_path
from hypviz.model.checkpoint import load_checkpoint, save_checkpoint
from hypviz.model.device import hardware, pick_device
from hypviz.model.encoder import HyperbolicEncoder, build_encoder
from hypviz.model.similarity import Geometry
from hypviz.storage.json_types import Json
from hypviz.training.augment import augment
from hypviz.training.losses import LossOutput, LossSettings, pair_loss, regularised
from hypviz.training.optimiser import build_optimiser, learning_rate
from hypviz.training.state import Pace, Recipe, RunState
from hypviz.training.vitals import Vitals, Watch, vitals_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """What a listener hears after every step; `metrics` is empty but after a validation."""

    step: int
    steps: int
    loss: float
    crops_per_second: float
    seconds_left: float
    metrics: dict[str, float] = field(default_factory=dict)
    vitals: Vitals | None = None
    """Radii, angles and spread of the step's batch; None before the first step and in the cosine geometry."""


Validate = Callable[[HyperbolicEncoder], dict[str, float]]
"""Metrics of an encoder; with `patience` one of them must be "score", the larger the better."""
Look = Callable[[HyperbolicEncoder, NDArray[np.int64], int], Tensor]
"""look(encoder, item rows (U,), step) → features (U, F): what the head is given of items at a step."""


class Stopped(HypvizError):
    """Training was stopped; the state on disk lets it be resumed."""


def train(
    items: Items,
    hierarchy: Hierarchy,
    folder: Path,
    recipe: Recipe,
    *,
    init: str | Path | None = None,
    weights: str | None = None,
    image_mask: np.ndarray | None = None,
    validate: Validate | None = None,
    device: str = "auto",
    resume: bool = True,
    on_progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
    crop_folder: Path | None = None,
    look: Look | None = None,
) -> tuple[HyperbolicEncoder, Json]:
    """Train an encoder and return it, in eval mode, with a record of the run (history, seconds, hardware).

    `folder` holds the resumable state and, unless `crop_folder` names a shared one, the crop cache. `init` is a
    checkpoint to start from, `weights` the backbone's alone. `image_mask` (M,) bool restricts training to some images.
    `validate` is called every `validate_every` steps, with `patience` before the first one too. When `stop` is set, or on
    Ctrl-C, the step is finished, the state saved and Stopped raised. `look` replaces the crops and their augmentation,
    such as by features of a frozen backbone.
    """
    settings = recipe.train
    target = pick_device(device)
    encoder = _start(recipe, init, weights).to(target)
    optimiser = build_optimiser(encoder, settings)
    first_head = copy.deepcopy(encoder.head) if recipe.loss.anchor else None  # before a state is loaded, so that a resumed run has the same
    look = look or _Crops(items, crop_folder or folder / "crops", recipe, encoder)
    kind = ImageSampler if recipe.pairs.batches == "images" else PairSampler
    sampler = kind(items, hierarchy, recipe.pairs, seed=settings.seed, image_mask=image_mask)
    state = RunState(folder / "state.pt", recipe, init=str(init or ""), data=items.data_hash)
    step = state.load(encoder, optimiser) if resume else 0
    encoder.train()
    stop = stop or threading.Event()

    def measure(loss: float) -> dict[str, float]:
        metrics = _measured(encoder, loss, validate) | (vitals.to_json() if vitals else {})
        state.history.append({"step": step, "seconds": round(pace.seconds), **metrics})
        log.info("step %d: %s", step, json.dumps(state.history[-1]))
        if settings.patience:
            state.consider(encoder, step, _score(metrics))
        return metrics

    watch, vitals = Watch(), None
    pace = Pace(step, settings.steps, state.seconds)
    if settings.patience and not state.history:
        first = measure(math.nan)
        if on_progress:
            on_progress(Progress(step, settings.steps, math.nan, 0.0, math.nan, first))
        pace = Pace(step, settings.steps, pace.seconds)
    with _ctrl_c_sets(stop):
        while step < settings.steps and not state.is_stale(step, settings):
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * learning_rate(step, settings)
            batch = sampler.batch(step, settings.batch_pairs)
            rows, where = np.unique(np.concatenate([batch.parent, batch.child]), return_inverse=True)
            with _mixed_precision(target, settings):
                features = look(encoder, rows, step)  # (U, F): each item once
                points = encoder.project(features)  # (U, D), (U,)
            then = _directions(encoder, first_head, features) if first_head else None
            loss = batch_loss(encoder, points, torch.from_numpy(where).to(target), batch, recipe.loss, start=then)
            points[1].retain_grad()
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(loss.total)
            norm = torch.nn.utils.clip_grad_norm_(encoder.parameters(), settings.clip_norm)
            value = _finite(loss, norm)  # before the weights take harm, so that the state on disk stays good
            vitals = vitals_of(encoder, points, torch.from_numpy(where).to(target), batch)
            watch.see(vitals)
            optimiser.step()
            encoder.clamp_scalars()
            step += 1
            pace.count(step, len(rows))
            metrics: dict[str, float] = {}
            if step % settings.validate_every == 0 or step == settings.steps:
                metrics = measure(value)
            if on_progress:
                on_progress(Progress(step, settings.steps, value, pace.rate, pace.left, metrics, vitals))
            if stop.is_set() or step % settings.save_every == 0 or step == settings.steps:
                state.save(encoder, optimiser, step, pace.seconds)
            if stop.is_set():
                raise Stopped(f"Stopped at step {step} of {settings.steps}; run the same command again to resume.")
    if state.best is not None:
        encoder.load_state_dict(state.best["encoder"])
    record = {"recipe": asdict(recipe), "seconds": round(pace.seconds), "hardware": hardware(target), "history": state.history}
    record |= {"pairs": sampler.counts, "images": int(len(items.images) if image_mask is None else image_mask.sum())}
    return encoder.eval(), record | ({} if state.best is None else {"best_step": state.best["step"], "steps_done": step})


class _Crops:
    """How an encoder sees items in training: their crops, augmented anew at every step."""

    def __init__(self, items: Items, folder: Path, recipe: Recipe, encoder: HyperbolicEncoder) -> None:
        self.settings = recipe.train
        self.crops = build_crop_cache(items, folder, size=encoder.image_size)
        self.shown = _shuffled(items, recipe.train.seed) if recipe.pairs.shuffled else np.arange(len(items))

    def __call__(self, encoder: HyperbolicEncoder, rows: NDArray[np.int64], step: int) -> Tensor:
        pixels = torch.from_numpy(self.crops[self.shown[rows]]).to(encoder.mean.device).permute(0, 3, 1, 2).float() / 255.0
        features: Tensor = encoder.backbone(encoder.standardise(augment(pixels, self.settings, step=step)))
        return features


def _directions(encoder: HyperbolicEncoder, head: nn.Module, features: Tensor) -> Tensor:
    """Features (U, F) → directions (U, D) by a head that does not learn."""
    with torch.no_grad():
        return encoder.project(features.detach(), head=head)[0]


@contextmanager
def _ctrl_c_sets(stop: threading.Event) -> Iterator[None]:
    """Let Ctrl-C wait for the end of the step, as half a step cannot be resumed; a second one stops there and then."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread hears signals
        return

    def heard(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, heard)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _shuffled(items: Items, seed: int) -> NDArray[np.int64]:
    """(N,) whose picture each item shows in the shuffled control: scenes their own, boxes that of a random box."""
    shown, boxes = np.arange(len(items)), np.flatnonzero(~items.is_scene)
    shown[boxes] = np.random.default_rng([seed, 2]).permutation(boxes)
    return shown


def batch_loss(
    encoder: HyperbolicEncoder,
    points: tuple[Tensor, Tensor],
    where: Tensor,
    batch: PairBatch,
    settings: LossSettings,
    *,
    start: Tensor | None = None,
) -> LossOutput:
    """The loss of one batch: `where` (P + C,) maps its parents and children to rows of directions (U, D) and radii (U,).

    start: (U, D) directions to stay near, see `LossSettings.anchor`.
    """
    directions, radii = points
    parent, child = where[: len(batch.parent)], where[len(batch.parent) :]
    positive, related, never = (torch.from_numpy(m).to(radii.device) for m in (batch.positive, batch.related, batch.never))
    settings = replace(settings, geometry=cast(Geometry, encoder.settings.geometry))
    pairs, parents = (None if w is None else torch.from_numpy(w).to(radii.device) for w in (batch.pair_weight, batch.parent_weight))
    loss = pair_loss(
        (directions[parent], radii[parent]),
        (directions[child], radii[child]),
        positive=positive,
        related=related,
        never=never,
        curv=encoder.curv,
        scale=encoder.scale,
        settings=settings,
        pair_weight=pairs,
        parent_weight=parents,
    )
    return regularised(loss, (directions, radii), curv=encoder.curv, settings=settings, start=start)


def finish(encoder: HyperbolicEncoder, path: Path, *, record: Json, **card: Any) -> Path:
    """Write the trained encoder with its card; `card` fills the fields of `model.card.Card`."""
    if card.get("retrieval"):  # for readers that know of one threshold only
        card |= dict.fromkeys(("omega_children", "omega_parents"), card["retrieval"].cones.omegas[0])
    filled = Card(
        name=weights_path(path).stem,
        encoder=encoder.settings,
        curv=encoder.curv.item(),
        temperature=1.0 / encoder.scale.item(),
        training=record,
        **card,
    )
    return save_checkpoint(path, encoder, filled)


def _start(recipe: Recipe, init: str | Path | None, weights: str | None) -> HyperbolicEncoder:
    if init is None:
        return build_encoder(recipe.encoder, weights=weights, seed=recipe.train.seed)
    encoder, card = load_checkpoint(init)
    if card.encoder != recipe.encoder:
        raise CheckpointError(f"Checkpoint {init} was made with other encoder settings than this training asks for.")
    return encoder


def _mixed_precision(device: torch.device, settings: TrainSettings) -> torch.autocast:
    """bfloat16 on a GPU; on the CPU autocast is slower than float32, so it is used there only when asked for by name."""
    enabled = settings.precision == "bfloat16" or (settings.precision == "auto" and device.type == "cuda")
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled)


def _finite(loss: LossOutput, norm: Tensor) -> float:
    """The loss as a number; HypvizError when it or its gradient, of that norm, is none."""
    value, slope = torch.stack([loss.total.detach(), norm.detach()]).tolist()  # one wait for the device, not two
    if not np.isfinite([value, slope]).all():
        quantity = "loss" if not np.isfinite(value) else "gradient of the loss"
        raise HypvizError(f"The {quantity} is no longer a finite number; lower lr or clip_norm, and start again with --no-resume.")
    return float(value)


def _score(metrics: dict[str, float]) -> float:
    """What early stopping watches; HypvizError when the validation gives no such number."""
    score = metrics.get("score", math.nan)
    if not math.isfinite(score):
        raise HypvizError("Early stopping needs a validation score, but the validation pictures give none; set patience to 0.")
    return score


def _measured(encoder: HyperbolicEncoder, loss: float, validate: Validate | None) -> dict[str, float]:
    """Metrics of the current encoder."""
    metrics = {} if math.isnan(loss) else {"loss": round(loss, 4)}
    metrics |= {"curv": round(encoder.curv.item(), 4), "temperature": round(1 / encoder.scale.item(), 4)}
    if validate is not None:
        encoder.eval()
        metrics |= {name: round(float(number), 4) for name, number in validate(encoder).items()}
        encoder.train()
    return metrics

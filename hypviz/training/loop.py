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
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from hypviz.data.hierarchy import Hierarchy
from hypviz.data.image_batches import ImageSampler
from hypviz.data.items import Items, picture_marks
from hypviz.data.pairs import PairSampler
from hypviz.errors import CheckpointError, HypvizError
from hypviz.model.adapters import add_adapters, without_adapters
from hypviz.model.card import Card, find_checkpoint, read_card, weights_path
from hypviz.model.checkpoint import load_checkpoint, save_checkpoint
from hypviz.model.device import hardware, pick_device
from hypviz.model.encoder import HyperbolicEncoder, build_encoder
from hypviz.model.norms import synchronise_norms, training_norms
from hypviz.storage.json_types import Json
from hypviz.training.distributed import ALONE, Ranks
from hypviz.training.look import CropLook, Look, share_of
from hypviz.training.optimiser import build_optimiser
from hypviz.training.state import Pace, Recipe, RunState
from hypviz.training.step import Stepper
from hypviz.training.vitals import Vitals, Watch

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
    ranks: Ranks = ALONE,
) -> tuple[HyperbolicEncoder, Json]:
    """Train an encoder and return it, in eval mode, with a record of the run (history, seconds, hardware).

    `folder` holds the resumable state and, unless `crop_folder` names a shared one, the crop cache. `init` is a
    checkpoint to start from, `weights` the backbone's alone. `image_mask` (M,) bool restricts training to some images.
    `validate` is called every `validate_every` steps, with `patience` before the first one too. When `stop` is set, or on
    Ctrl-C, the step is finished, the state saved and Stopped raised. `look` replaces the crops and their augmentation,
    such as by features of a frozen backbone.

    ranks: the processes that train together, each calling this with the same arguments; every one returns the same. Only the leader
    validates and writes; `on_progress` is called at all of them.
    """
    settings = recipe.train
    target = pick_device(device)
    ranks.check_same({"settings": json.dumps(asdict(recipe), sort_keys=True), "data": items.data_hash})
    encoder = _start(recipe, init, weights)
    if settings.lora_rank:
        add_adapters(encoder.backbone, rank=settings.lora_rank, blocks=settings.last_blocks, seed=settings.seed)
    encoder = encoder.to(target)
    ranks.take_weights_of_leader(encoder)
    optimiser = build_optimiser(encoder, settings)
    first_head = copy.deepcopy(encoder.head) if recipe.loss.anchor else None  # before a state is loaded, so that a resumed run has the same
    if look is None:
        crop_folder, shuffled = crop_folder or folder / "crops", recipe.pairs.shuffled
        look = CropLook(items, crop_folder, settings, size=encoder.image_size, shuffled=shuffled, ranks=ranks)
    elif not ranks.alone:
        look = share_of(look, ranks)
    kind = ImageSampler if recipe.pairs.batches == "images" else PairSampler
    sampler = kind(items, hierarchy, recipe.pairs, seed=settings.seed, image_mask=image_mask)
    state = RunState(folder / "state.pt", recipe, init=str(init or ""), data=items.data_hash, ranks=ranks)
    step = state.begin(encoder, optimiser, resume=resume)
    _join_norms(encoder.train(), ranks)
    stepper = Stepper(encoder, optimiser, sampler, recipe, look, ranks, first_head)
    stop = stop or threading.Event()

    def measure(loss: float) -> dict[str, float]:
        plain = without_adapters(encoder)
        metrics = _measured(plain, loss, validate, ranks) | (vitals.to_json() if vitals else {})
        state.history.append({"step": step, "seconds": round(pace.seconds), **metrics})
        log.info("step %d: %s", step, json.dumps(state.history[-1]))
        if settings.patience:
            state.consider(plain, step, _score(metrics))
        return metrics

    watch, vitals = Watch(encoder.settings.geometry), None
    pace = Pace(step, settings.steps, state.seconds)
    if settings.patience and not state.history:
        first = measure(math.nan)
        if on_progress:
            on_progress(Progress(step, settings.steps, math.nan, 0.0, math.nan, first))
        pace = Pace(step, settings.steps, pace.seconds)
    with _ctrl_c_sets(stop):
        while step < settings.steps and not state.is_stale(step, settings):
            value, vitals, crops = stepper.take(step)
            watch.see(vitals)
            step += 1
            pace.count(step, crops)
            metrics: dict[str, float] = {}
            if step % settings.validate_every == 0 or step == settings.steps:
                metrics = measure(value)
            if on_progress:
                on_progress(Progress(step, settings.steps, value, pace.rate, pace.left, metrics, vitals))
            stops = ranks.any(stop.is_set())
            if stops or step % settings.save_every == 0 or step == settings.steps:
                ranks.average_statistics(encoder)
                state.save(encoder, optimiser, step, pace.seconds)
            if stops:
                raise Stopped(f"Stopped at step {step} of {settings.steps}; run the same command again to resume.")
    encoder = without_adapters(encoder)
    if state.best is not None:
        encoder.load_state_dict(state.best["encoder"])
    record = {"recipe": asdict(recipe), "seconds": round(pace.seconds), "hardware": hardware(target), "history": state.history}
    record |= {"pairs": sampler.counts, "images": int(len(items.images) if image_mask is None else image_mask.sum())}
    earlier = [] if init is None else read_card(find_checkpoint(init)).training.get("pictures") or []
    record["pictures"] = sorted({*picture_marks(items, image_mask), *earlier})
    record |= {} if ranks.alone else {"processes": ranks.size}
    return encoder.eval(), record | ({} if state.best is None else {"best_step": state.best["step"], "steps_done": step})


def _join_norms(encoder: HyperbolicEncoder, ranks: Ranks) -> None:
    """Let batch normalisation that is trained see the joint batch, on GPUs; on a CPU say what it does instead."""
    if ranks.alone or not training_norms(encoder):
        return
    if encoder.mean.is_cuda:
        synchronise_norms(encoder)
    elif ranks.leads:
        log.warning(
            "Batch normalisation: on CPUs each of the %d processes normalises by its own share of a batch, and running statistics are "
            "averaged; results differ from those of one process.", ranks.size,
        )  # fmt: skip


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


def _score(metrics: dict[str, float]) -> float:
    """What early stopping watches; HypvizError when the validation gives no such number."""
    score = metrics.get("score", math.nan)
    if not math.isfinite(score):
        raise HypvizError("Early stopping needs a validation score, but the validation pictures give none; set patience to 0.")
    return score


def _measured(encoder: HyperbolicEncoder, loss: float, validate: Validate | None, ranks: Ranks) -> dict[str, float]:
    """Metrics of the current encoder, by the leader's validation."""
    metrics = {} if math.isnan(loss) else {"loss": round(loss, 4)}
    metrics |= {"curv": round(encoder.curv.item(), 4), "temperature": round(1 / encoder.scale.item(), 4)}
    if validate is not None:
        ranks.average_statistics(encoder)
        encoder.eval()
        metrics |= ranks.from_leader(lambda: {name: round(float(number), 4) for name, number in validate(encoder).items()})
        encoder.train()
    return metrics

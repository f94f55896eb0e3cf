"""One fine-tuning from what was asked to a result, in whatever process calls it: the page's worker or the command line.

Split, start, features, before, train (the one loop of `training/loop.py`), after. Everything is written into the job's folder as it
comes, so a run that was stopped or killed goes on from its last epoch.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from hypviz.data.crops import build_crop_cache
from hypviz.data.hierarchy import subset_hierarchy
from hypviz.data.image_batches import ImageSampler
from hypviz.data.items import picture_marks, subset_images
from hypviz.errors import DataError
from hypviz.finetune.features import Features, affordable_views, build_features, make_room, plain_features
from hypviz.finetune.folder import JobFolder
from hypviz.finetune.frames import Frames, followed_images
from hypviz.finetune.initial_encoder import load_start, rarity_weights, spaced
from hypviz.finetune.judging import FULL, QUICK
from hypviz.finetune.judging import judge as judge_held
from hypviz.finetune.preview import resolve
from hypviz.finetune.warnings import over_fitting
from hypviz.inference.embed import encode, in_fastest_dtype
from hypviz.inference.in_pictures import in_pictures, picture_rows
from hypviz.model.card import Card, checkpoint_label
from hypviz.model.checkpoint import load_checkpoint, save_checkpoint
from hypviz.model.device import hardware, peak_memory_mib, pick_device
from hypviz.model.encoder import HyperbolicEncoder, backbone_hash
from hypviz.model.fresh_head import fit_head
from hypviz.search.embedding import Embedding
from hypviz.storage.files import write_file
from hypviz.storage.json_types import Json
from hypviz.training.loop import Progress, Stopped, train
from hypviz.training.loop import finish as write_result
from hypviz.training.state import best_weights
from hypviz.training.step import batch_loss
from hypviz.training.tracking import tracked
from hypviz.training.vitals import VITALS
from hypviz.workspace.store import Workspace

log = logging.getLogger(__name__)
PREPARING, JUDGING = 0.15, 0.97
"""Shares of the work before the first step and before the last judging, for the bar."""
TELL_EVERY_S = 0.5
CHUNK = 512
"""Crops read into memory at once."""
Tell = Callable[[Json], None]
"""tell(status): a few numbers on where it stands; may raise to stop."""


@dataclass(eq=False)
class FinetuneRun:
    """One run of one job. tell: hears where it stands.  stop: set to stop after the step; finish: set before, to keep the best."""

    folder: JobFolder
    tell: Tell
    device: str = "auto"
    caches: Path | None = None
    """Folder of crops and features, to be shared by jobs; None for the job's own."""
    stop: threading.Event = field(default_factory=threading.Event)
    finish: threading.Event = field(default_factory=threading.Event)
    track: str = "none"
    """Where its figures are written beside the folder: one of `training.tracking.TRACKERS`."""

    def __post_init__(self) -> None:
        self.job, self.caches = self.folder.job, self.caches or self.folder.path / "cache"
        self._status: Json = {"what": "starting", "share": 0.0}
        self._earlier, self._began = float(self.folder.read("status").get("seconds") or 0.0), time.monotonic()
        self._told, self._losses = 0.0, list[float]()

    def run(self) -> Path:
        """Train and write the result; returns its weights file. Raises train.Stopped when it was stopped."""
        self.prepare()
        try:
            with tracked(self.track, self.folder.path, name=self.title, settings=asdict(self.job)) as track:
                encoder, record = train(
                    self.items, self.hierarchy, self.folder.path, self.plan.recipe,
                    init=self.start, image_mask=self.split.train, validate=self.validate, device=self.device,
                    on_progress=lambda now: self.on_progress(now, track), stop=self.stop, crop_folder=self.cache, look=self.features,
                )  # fmt: skip
        except Stopped:
            if not self.finish.is_set():
                raise
            encoder, record = self._best_so_far()
        self.say("judging the best epoch", JUDGING, at_once=True)
        checkpoint = self.conclude(encoder, record)
        (self.folder.path / "state.pt").unlink(missing_ok=True)  # three times the weights, of no further use
        self.say("done", 1.0, at_once=True)
        return checkpoint

    def _best_so_far(self) -> tuple[HyperbolicEncoder, Json]:
        """The best weights of a training that a person ended, and what is to be told of it."""
        encoder = load_checkpoint(self.start)[0]
        encoder.load_state_dict(best_weights(self.folder.path / "state.pt"))
        record = {"recipe": asdict(self.plan.recipe), "seconds": round(self._spent()), "hardware": hardware(pick_device(self.device))}
        record |= {"history": self.folder.history(), "stopped": True, "pictures": picture_marks(self.items, self.split.train)}
        return encoder.to(pick_device(self.device)).eval(), record

    def prepare(self) -> None:
        """Open the set, split it, resolve the settings, write the start, compute features and the first metrics."""
        workspace = Workspace.open(self.job.workspace)
        self.items, self.hierarchy, self.title = workspace.items, workspace.hierarchy, workspace.name
        self.plan, self.split = resolve(self.folder, workspace)
        self.held_items = subset_images(self.items, self.split.validation)
        self.held = subset_hierarchy(self.hierarchy, self.items, self.split.validation)
        self.held_rows = np.flatnonzero(self.split.validation[self.items.image])
        self.start = self.folder.path / "start.safetensors"
        rows = np.flatnonzero(self.split.train[self.items.image])
        make_room(self.cache, "crops-*.npy")
        self.say("loading the model", 0.0)
        begun = self.start.with_suffix(".json").is_file()
        encoder, card = self._loaded(rows) if not begun else load_checkpoint(self.start)
        encoder = encoder.to(pick_device(self.device))
        self.say("cutting out the crops", 0.3 * PREPARING)
        self.crops = build_crop_cache(
            self.items, self.cache, size=encoder.image_size, workers=2,
            on_progress=lambda done, total: self.say(f"cutting out crops: {done:,} of {total:,}", PREPARING * (0.3 + 0.2 * done / total)),
        )  # fmt: skip
        self.features = self._features(encoder) if self.job.depth == "head" else None
        if not begun:
            if self.job.backbone:
                self._set_head(encoder, spaced(rows))
            save_checkpoint(self.start, encoder, card)
        self.frames = Frames(
            self.items, self.hierarchy, followed_images(self.items, self.split.train, self.split.validation), self.split.validation
        )
        self._before(encoder)

    def _loaded(self, rows: NDArray[np.int64]) -> tuple[HyperbolicEncoder, Card]:
        return load_start(
            self.job, self.items, rows, crops=self.cache, device=self.device, adapt=self.plan.tune.adapt_norms,
            on_share=lambda share: self.say("preparing the model", 0.3 * PREPARING * share),
        )  # fmt: skip

    def _set_head(self, encoder: HyperbolicEncoder, rows: NDArray[np.int64]) -> None:
        """Give a bare backbone its head, without training, from the features of items to learn from."""
        if self.features:
            features = self.features.values[0, rows]
        else:
            quick = in_fastest_dtype(encoder, self.crops, count=len(rows))
            features = plain_features(quick, self.crops[rows], on_share=lambda share: self.say("preparing the model", PREPARING * 0.5))
        fit_head(encoder, features, rarity_weights(self.items.label[rows]))

    @property
    def cache(self) -> Path:
        """Where crops and features are kept."""
        return self.caches or self.folder.path

    def _features(self, encoder: HyperbolicEncoder) -> Features:
        train_settings, views = self.plan.recipe.train, self.plan.tune.views
        views = affordable_views(views, len(self.items), encoder.head.in_features)
        how = f"{backbone_hash(encoder)}-{self.items.data_hash}-{views}-{int(train_settings.flip)}-{train_settings.colour_jitter:g}"
        count = len(self.items) * (1 + views)

        def share(done: float) -> None:
            self.say(f"computing features: {round(done * count):,} of {count:,}", PREPARING * (0.5 + 0.4 * done))

        path = self.cache / f"features-{how}-{train_settings.seed}.npy"
        quick = in_fastest_dtype(encoder, self.crops, count=count)
        return build_features(quick, self.crops, path, train_settings, views=views, dropout=self.plan.tune.dropout, on_share=share)

    def _before(self, encoder: HyperbolicEncoder) -> None:
        """Metrics and the disk before training; of a resumed run they are there already."""
        followed = self.embed(encoder, self.frames.rows)
        if not self.folder.frame(0).is_file():
            self.say("measuring the start", 0.95 * PREPARING)
            judged = judge_held(self.held_items, self.held, self.embed(encoder, self.held_rows), FULL)
            if not judged.metrics:
                raise DataError(f"{self.title}: the pictures to validate on hold no relation that can be measured; add boxes in boxes.")
            self.folder.write("before", {"metrics": judged.metrics, "chance": judged.chance, "score": judged.score})
            self.folder.frame(0).parent.mkdir(exist_ok=True)
            write_file(self.folder.frame(0), lambda part: part.write_bytes(self.frames.first(followed, title=self.title)))
        self.frames.resume(followed)
        self._validation = ImageSampler(
            self.held_items, self.held, self.plan.recipe.pairs, seed=self.plan.recipe.train.seed
        )  # its batches are the same at every validation

    def embed(self, encoder: HyperbolicEncoder, rows: NDArray[np.int64]) -> Embedding:
        """Some items through the encoder as it is, placed as its settings say; `_learned`: with the radii that the loss knows."""
        return in_pictures(self._learned(encoder, rows), picture_rows(self.items, rows), encoder.settings)

    def _learned(self, encoder: HyperbolicEncoder, rows: NDArray[np.int64]) -> Embedding:
        if self.features:
            return self.features.embedding(encoder, rows)
        quick = in_fastest_dtype(encoder, self.crops, count=len(rows))
        parts = [encode(quick, self.crops[rows[first : first + CHUNK]]) for first in range(0, len(rows), CHUNK)]
        directions, radii = (np.concatenate(each) for each in zip(*parts, strict=True))
        return Embedding(directions, radii, encoder.curv.item(), encoder.settings.geometry)

    def validate(self, encoder: HyperbolicEncoder) -> dict[str, float]:
        """The metrics of the validation pictures, their loss, and "score"; keeps the followed items for the frame."""
        both = np.union1d(self.held_rows, self.frames.rows)
        learned, held_rows = self._learned(encoder, both), np.searchsorted(both, self.held_rows)
        placed = in_pictures(learned, picture_rows(self.items, both), encoder.settings)
        self._followed, held = placed.take(np.searchsorted(both, self.frames.rows)), learned.take(held_rows)
        judged = judge_held(self.held_items, self.held, placed.take(held_rows), QUICK)
        return judged.metrics | {"score": judged.score, "validation loss": self._validation_loss(encoder, held)}

    @torch.no_grad()
    def _validation_loss(self, encoder: HyperbolicEncoder, held: Embedding) -> float:
        """The training loss on the validation pictures: the mean over one pass through them."""
        settings, device = self.plan.recipe.train, encoder.mean.device
        per_step = self._validation.images_per_step(settings.batch_pairs)
        directions, radii = (torch.from_numpy(np.asarray(each)).to(device) for each in (held.directions, held.radii))
        losses = []
        for step in range(max(1, int(self.split.validation.sum()) // per_step)):
            batch = self._validation.batch(step, settings.batch_pairs)
            rows, where = np.unique(np.concatenate([batch.parent, batch.child]), return_inverse=True)
            loss = batch_loss(encoder, (directions[rows], radii[rows]), torch.from_numpy(where).to(device), batch, self.plan.recipe.loss)
            losses.append(float(loss.total))
        return float(np.mean(losses))

    def on_progress(self, now: Progress, track: Callable[[Progress], None]) -> None:
        """After every step: the loss; after a validation: an epoch, its metrics and its frame. All of it to the tracker, too."""
        track(now)
        train_settings = self.plan.recipe.train
        epoch = math.ceil(now.step / self.plan.epoch_steps)
        if now.step:
            self._losses.append(now.loss)
            self.folder.tell_loss(now.step, now.loss)
            self._status["loss"] = now.loss if "loss" not in self._status else 0.9 * self._status["loss"] + 0.1 * now.loss
        if now.metrics:
            self._epoch_done(now, epoch)
        share = PREPARING + (JUDGING - PREPARING) * now.step / train_settings.steps
        self._status |= {"epoch": epoch, "step": now.step, "crops_per_second": round(now.crops_per_second, 1)}
        self._status["seconds_left"] = now.seconds_left
        self.say(f"epoch {epoch} of {self.plan.tune.epochs}", share, at_once=bool(now.metrics))

    def _epoch_done(self, now: Progress, epoch: int) -> None:
        metrics: Json = dict(now.metrics)
        row: Json = {"epoch": epoch, "step": now.step, "score": metrics.pop("score"), "validation_loss": metrics.pop("validation loss")}
        row["train_loss"] = float(np.mean(self._losses)) if self._losses else None
        self._losses.clear()
        for name in ("loss", "curv", "temperature", *VITALS):
            row[name] = metrics.pop(name, None)
        frame = self.frames.later(self._followed, epoch=epoch)
        if epoch:
            write_file(self.folder.frame(epoch), lambda part: part.write_bytes(frame))
        earlier = [each for each in self.folder.history() if each["step"] < now.step]
        rows = [*earlier, row | {"metrics": metrics, "seconds": round(self._spent(), 1)}]
        best = len(rows) - 1  # without patience the last weights are the result
        if self.plan.recipe.train.patience:
            best = max(range(len(rows)), key=lambda place: rows[place]["score"])  # the first of equals, as train keeps it
        for place, each in enumerate(rows):
            each["best"] = place == best
        self.folder.write("history", {"epochs": rows})

    def conclude(self, encoder: HyperbolicEncoder, record: Json) -> Path:
        """Judge the best weights on all validation pictures, and write them with their card; those of the start where these are better."""
        judged = judge_held(self.held_items, self.held, self.embed(encoder, self.held_rows), FULL)
        if self.plan.recipe.train.patience and judged.score < self.folder.read("before").get("score", -math.inf):
            encoder = load_checkpoint(self.start)[0].to(pick_device(self.device)).eval()  # the quick look at every epoch was mistaken
            judged = judge_held(self.held_items, self.held, self.embed(encoder, self.held_rows), FULL)
            self.folder.write("history", {"epochs": [row | {"best": place == 0} for place, row in enumerate(self.folder.history())]})
        history = self.folder.history()
        best = next((row["epoch"] for row in history if row["best"]), None)
        self.folder.write(
            "after",
            {
                "metrics": judged.metrics, "chance": judged.chance, "score": judged.score, "best_epoch": best,
                "shortcomings": judged.shortcomings,
            },
        )  # fmt: skip
        before = self.folder.read("before").get("metrics", {})
        record["fine_tuned"] = {
            "from": checkpoint_label(self.job.start), "depth": self.job.depth, "set": self.title, "split": self.split.to_json(),
            "best_epoch": best, "over_fitting": over_fitting(history), "tune": asdict(self.plan.tune),
            "note": "The best epoch was chosen on these validation pictures, so their metrics are slightly too good.",
        }  # fmt: skip
        return write_result(
            encoder, self.folder.path / "best.safetensors", record=record,
            metrics={"validation": judged.metrics, "chance": judged.chance, "before": before}, retrieval=judged.retrieval,
            description=f"Fine-tuned from {checkpoint_label(self.job.start)} on {self.title} ({self.job.depth}).",
        )  # fmt: skip

    def _spent(self) -> float:
        """Seconds of work, those of earlier runs of this job included."""
        return self._earlier + time.monotonic() - self._began

    def say(self, activity: str, share: float, *, at_once: bool = False) -> None:
        """Tell where it stands, about twice a second."""
        self._status |= {"what": activity, "share": max(share, float(self._status["share"]))}
        if at_once or time.monotonic() - self._told >= TELL_EVERY_S:
            self._told = time.monotonic()
            status = self._status | {"seconds": round(self._spent(), 1), "peak_memory_mib": peak_memory_mib()}
            self.folder.write("status", status | {"process": os.getpid()})
            self.tell(status)

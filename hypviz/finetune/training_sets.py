"""Sets to fine-tune on: the workspaces of a library, and those that come in as a zip."""

from __future__ import annotations

import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hypviz.access.trust import PICTURES, Trust
from hypviz.access.visitors import check_may_change, claim, visitor
from hypviz.errors import DataError, SelectionError, SettingsError, WorkspaceError, page_sentence
from hypviz.explore.library import Library
from hypviz.explore.set_labels import told_apart
from hypviz.finetune.request import FinetuneRequest
from hypviz.finetune.upload import check_set, take_in
from hypviz.finetune.warnings import licence_warnings
from hypviz.hub.address import is_hub_address
from hypviz.inference.embed import suited_checkpoint
from hypviz.jobs.progress import DONE
from hypviz.jobs.thread import Job, Jobs
from hypviz.model.card import checkpoint_label
from hypviz.model.offers import offered_licence
from hypviz.progress import OnStage
from hypviz.storage.home import home
from hypviz.storage.json_types import Json
from hypviz.workspace.meta import read_meta
from hypviz.workspace.store import Workspace

if TYPE_CHECKING:
    from hypviz.finetune.defaults import Plan
    from hypviz.finetune.split import Split

KEPT_INTAKES = 32
"""Finished intakes whose outcome is remembered."""


class TrainingSets:
    """What can be trained on; safe to share between threads and browsers."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._lock = threading.Lock()
        self._intakes: OrderedDict[str, tuple[Job, dict[str, str], Jobs]] = OrderedDict()

    def names(self) -> list[Json]:
        """The workspaces at hand, with a few numbers and what tells those of one title apart; one that is damaged is left out."""
        sets, facts = [], []
        for name in self.library.data_names():
            try:
                sets.append(self._brief(name))
            except WorkspaceError:
                continue
            facts.append(self.library.set_facts(name, sets[-1]["title"]))
        return [one | {"apart": apart} for one, apart in zip(sets, told_apart(facts, counted=True), strict=True)]

    def _brief(self, name: str) -> Json:
        folder = self.library.workspace_folder(name)
        meta = read_meta(folder)
        boxes = int(meta.get("items", 0)) - int(meta.get("images", 0))
        counts = {"images": int(meta.get("images", 0)), "boxes": boxes, "classes": len(meta["classes"])}
        return {"name": name, "title": str(meta["name"]), "uploaded": _pictures(folder).is_dir(), **counts}

    def describe(self, name: str) -> Json:
        """A set with its classes, what was left out at import, the shipped checkpoint that suits it, and whether it can be trained on."""
        workspace = self.open(name)
        items, depth = workspace.items, workspace.hierarchy.depth
        counts = np.bincount(items.label[~items.is_scene], minlength=len(items.classes))
        order = np.argsort(-counts, kind="stable")
        classes = [{"name": items.classes[row], "count": int(counts[row])} for row in order]
        return self._brief(name) | {
            "levels": int(depth.max(initial=0)) + 1,
            "classes": classes,
            "report": workspace.meta.get("import"),
            "suited": suited_checkpoint(items.classes),
            **_usable(workspace),
        }

    def plan(self, set_name: str, **start: Any) -> Json:
        """What a training on a set would be, before anything is changed: settings, split, warnings; start: as `job`."""
        job = self.job(set_name, **start)
        workspace = self.open(set_name)
        check_set(workspace.items, None, workspace.name)
        plan, split = _planned(job, workspace)
        from hypviz.finetune.initial_encoder import start_licence
        from hypviz.finetune.preview import warnings_of

        licence = start_licence(job)
        split_numbers = split.to_json()
        return {
            "settings": plan.named,
            "epochs": plan.tune.epochs,
            "steps_per_epoch": plan.epoch_steps,
            "steps": plan.recipe.train.steps,
            "split": split_numbers,
            "warnings": [*warnings_of(workspace.items, split_numbers), *licence_warnings(licence)],
            "licence": licence,
            "start": _start_words(job),
        }

    def open(self, name: str) -> Workspace:
        """The workspace of a set."""
        return Workspace.open(self.library.workspace_folder(name))

    def job(
        self,
        set_name: str = "",
        *,
        checkpoint: str = "",
        backbone: str = "",
        weights: str = "",
        depth: str = "head",
        settings: dict[str, Any] | None = None,
    ) -> FinetuneRequest:
        """The training that a page asks for (see `FinetuneRequest`), checked as far as that costs nothing; a HypvizError says what is
        wrong."""
        folder = self.library.workspace_folder(set_name)
        path = str(self.library.checkpoints.get(checkpoint, checkpoint))
        if checkpoint:
            usable = self.library.checkpoint(checkpoint)
            path = str(usable) if is_hub_address(checkpoint) else path
        _check_weights(weights, self.library.trust)
        title = str(read_meta(folder)["name"])
        job = FinetuneRequest(str(folder.resolve()), path, backbone, weights, depth or "head", settings or {}, title)
        _check_start(job)
        return job

    def checked_job(self, set_name: str = "", **choices: Any) -> FinetuneRequest:
        """As `job`, with the set and all settings checked too, so that it fails now and not when its turn comes."""
        job = self.job(set_name, **choices)
        workspace = Workspace.open(Path(job.workspace))
        check_set(workspace.items, None, workspace.name)
        _planned(job, workspace)
        return job

    # intakes

    def begin(self, archive: Path, stage: Path, *, name: str, done: Callable[[], object], to_draw: bool = False) -> str:
        """Take an uploaded archive in, in the background; returns the intake's id. done: called when all is over. to_draw: see
        `take_in`."""
        outcome: dict[str, str] = {}
        bringing, before = visitor.get(), set(self.library.data_names())

        def work(on_stage: OnStage) -> None:
            try:
                set_name = take_in(archive, stage, name=name, on_stage=on_stage, to_draw=to_draw)
                if set_name not in before:  # the same set was here already: it stays whose it is
                    claim(home() / set_name, bringing)
                outcome["set"] = set_name
            finally:
                done()

        jobs = Jobs()  # of its own: two people may bring sets at once
        job = jobs.start(f"Taking in {name}", name, work)
        with self._lock:
            self._intakes[job.id] = (job, outcome, jobs)
            while len(self._intakes) > KEPT_INTAKES:
                self._intakes.popitem(last=False)
        return job.id

    def intake(self, name: str) -> Json:
        """Where an intake stands, and the set's name when it is done."""
        job, outcome, _ = self._intake(name)
        return job.describe() | {"set": outcome.get("set") if job.state == DONE else None}

    def cancel(self, name: str) -> None:
        """Stop an intake; nothing of it stays."""
        self._intake(name)[2].cancel(name)

    def _intake(self, name: str) -> tuple[Job, dict[str, str], Jobs]:
        with self._lock:
            if name not in self._intakes:
                raise SelectionError("This upload is no longer known to the server; upload the set again.")
            return self._intakes[name]

    def remove(self, name: str) -> None:
        """Remove a set that was uploaded, with its pictures; SettingsError for any other workspace, ForbiddenError for somebody else's."""
        folder = self.library.workspace_folder(name)
        if not _pictures(folder).is_dir():
            raise SettingsError(f"{name} was not uploaded here, so it is not removed here.")
        check_may_change(folder, f"The set {name}")
        (folder / "meta.json").unlink()  # from here on it is no workspace
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(_pictures(folder), ignore_errors=True)


def _check_weights(weights: str, trust: Trust) -> None:
    """SettingsError for a file or a hub that those at the page may not name; nothing is looked up before."""
    if not weights:
        return
    if weights.startswith("hub:"):
        if not trust.hub:
            raise SettingsError(
                "This server fetches no weights from a hub: choose a packaged backbone (pretrained:…), or start hypviz with the option hub."
            )
        return
    try:
        trust.checked(weights, "weights file")
    except WorkspaceError as error:
        raise SettingsError(str(error)) from None


def _check_start(job: FinetuneRequest) -> None:
    """Raise unless there is such a checkpoint, or such a backbone with weights."""
    from hypviz.finetune.initial_encoder import start_settings  # these load torch, which a first look at the page does not wait for

    start_settings(job)


def _planned(job: FinetuneRequest, workspace: Workspace) -> tuple[Plan, Split]:
    from hypviz.finetune.initial_encoder import start_settings
    from hypviz.finetune.preview import plan_for

    return plan_for(workspace, job.depth, start_settings(job), job.settings)


def _pictures(folder: Path) -> Path:
    return folder.with_name(folder.name + PICTURES)


def _usable(workspace: Workspace) -> Json:
    if not workspace.meta.get("pictures", True):
        return {"usable": False, "why": f"{workspace.name} holds vectors only; training needs pictures."}
    try:
        check_set(workspace.items, None, workspace.name)
    except DataError as error:
        return {"usable": False, "why": page_sentence(error)}
    return {"usable": True, "why": ""}


def _start_words(job: FinetuneRequest) -> str:
    if job.backbone:
        licence = offered_licence(job.backbone, job.weights)
        weights = f" Its weights are licensed {licence}." if licence else ""
        return f"{job.backbone} gets a hyperbolic head without training: the mean embedding at the root, median radius 1.{weights}"
    return f"It goes on from {checkpoint_label(job.checkpoint)}, which stays as it is."

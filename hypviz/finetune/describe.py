"""A training as the page shows it, read from its folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hypviz.errors import WorkspaceError
from hypviz.explore.set_labels import SetFacts, told_apart
from hypviz.finetune.folder import JobFolder
from hypviz.finetune.keep import kept_as
from hypviz.finetune.request import DEPTHS, FinetuneRequest, named_settings
from hypviz.finetune.warnings import course_warnings, shortcoming_warnings
from hypviz.jobs.progress import DONE, RUNNING, JobProgress
from hypviz.model.card import checkpoint_label
from hypviz.storage.json_types import Json
from hypviz.workspace.meta import read_meta


def sets_apart(jobs: Sequence[FinetuneRequest]) -> list[str]:
    """For each training what tells its set from others of the same title that were trained on, "" where there is none."""
    sets = {job.workspace: job.title or Path(job.workspace).name for job in jobs}
    apart = dict(zip(sets, told_apart([_facts_of(Path(place), title) for place, title in sets.items()]), strict=True))
    return [apart[job.workspace] for job in jobs]


def _facts_of(place: Path, title: str) -> SetFacts:
    try:
        return SetFacts.of(title, read_meta(place), place)
    except WorkspaceError:  # removed since
        return SetFacts(title, gone=True)


def describe(folder: JobFolder, state: str, *, brief: bool, since: int = 0) -> Json:
    """Everything about one training; `brief` without its course and settings. state: as the server knows it."""
    job, server, status, kept_plan = folder.job, folder.read("state"), folder.read("status"), folder.read("plan")
    before, after, history = folder.read("before"), folder.read("after"), folder.history()
    plan = kept_plan.get("plan")
    epochs = plan["tune"]["epochs"] if plan else None
    best = next((row for row in history if row.get("best")), None)
    progress = JobProgress(
        folder.id,
        f"{DEPTHS[job.depth][0]} on {job.title or Path(job.workspace).name}, from {checkpoint_label(job.start)}",
        state,
        float(status.get("share") or 0.0),
        status.get("what", "starting") if state == RUNNING else "",
        server.get("error", ""),
        status.get("seconds", 0.0),
        status.get("seconds_left"),
    )
    description = progress.to_json() | {
        "set": Path(job.workspace).name,
        "set_title": job.title or Path(job.workspace).name,
        "checkpoint": job.start,
        "depth": job.depth,
        "created": server.get("created", ""),
        "epoch": history[-1]["epoch"] if history else 0,
        "epochs": epochs,
        "step": status.get("step", 0),
        "steps": plan["recipe"]["train"]["steps"] if plan else None,
        "loss": status.get("loss"),
        "peak_memory_mib": status.get("peak_memory_mib"),
        "warnings": [*kept_plan.get("warnings", []), *course_warnings(history), *shortcoming_warnings(after.get("shortcomings", []))],
        "split": kept_plan.get("split"),
        "before": before.get("metrics"),
        "after": after.get("metrics"),
        "chance": after.get("chance") or before.get("chance"),
        "success": not after.get("shortcomings"),
        "score_before": before.get("score"),
        "score_after": after.get("score"),
        "score_best": best["score"] if best else None,
        "best_epoch": best["epoch"] if best else None,
        "stopped_early": state == DONE and bool(history) and history[-1]["epoch"] < (epochs or 0),
        "disk_epochs": folder.frames(),
        "kept": kept_as(folder),
    }
    if brief:
        return description
    return description | {"history": history, "live": folder.live(since), "settings": named_settings(plan) if plan else dict(job.settings)}

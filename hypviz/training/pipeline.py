"""From a workspace to a finished checkpoint: split by image, train, calibrate ω, judge, write the card."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import Hierarchy, subset_hierarchy
from hypviz.data.items import Items, subset_images
from hypviz.errors import DataError
from hypviz.evaluation import LISTED, EvaluateSettings, Evaluation, TaskResult, calibrate_retrieval, check_judgeable, evaluate, graph_from
from hypviz.evaluation.calibration import calibration
from hypviz.inference.embed import checkpoint_for, embed_items, embed_untrained, embed_workspace
from hypviz.model.card import Card, checkpoint_label, find_checkpoint, read_card, weights_path
from hypviz.progress import OnProgress, OnStage
from hypviz.storage.json_types import Json
from hypviz.workspace.class_trees import read_taxonomy_of
from hypviz.workspace.store import Workspace

if TYPE_CHECKING:
    from hypviz.training.distributed import Ranks

HEADLINES = {
    "box → scene P@5": ("box → scene", "same class", "precision@5"),
    "part → object P@5": ("part → object", "instance", "precision@5"),
    "part → object P@5, by class": ("part → object", "class", "precision@5"),
    "object → parts mAP": ("object → parts", "class", "mAP"),
    "object → parts mAP, instance": ("object → parts", "instance", "mAP"),
    "scene → contents mAP": ("scene → contents", "class", "mAP"),
    "part → object P@5, other pictures": ("part → object", "instance", "other pictures@5"),
    "scene → contents P@12, other pictures": ("scene → contents", "class", "other pictures@12"),
}
"""The few figures of an evaluation that a card shows: name → (task, reading, metric)."""


@dataclass(frozen=True)
class FitJob:
    """What `fit` is asked to do. recipe: the parts of `training.loop.Recipe` as nested mappings."""

    workspace: Path
    out: Path
    validation: Path | None = None
    recipe: Json = field(default_factory=dict)
    init: str | None = None
    weights: str | None = None
    licence: str = "not stated"
    device: str = "auto"
    resume: bool = True
    description: str = ""
    track: str = "none"
    """Where the figures of every step are written: one of `training.tracking.TRACKERS`."""
    look: Any = None
    """A `training.look.Look`: what the head is given of items, such as features of a frozen backbone; None for crops,
    augmented anew at every step."""


def fit(
    job: FitJob,
    *,
    on_progress: Callable[[Any], None] | None = None,
    stop: threading.Event | None = None,
    ranks: Ranks | None = None,
) -> tuple[Path, Card]:
    """Train as the job says and write the checkpoint; `on_progress` hears `training.loop.Progress` after every step.

    ranks: the processes that train together, of which this is one (`training.distributed`); None for one alone. The leader tracks,
    judges and writes; path and card come to all of them. Raises train.Stopped when it was stopped: the same job resumes it.
    """
    from hypviz.training.distributed import ALONE
    from hypviz.training.loop import finish, train
    from hypviz.training.state import Recipe
    from hypviz.training.tracking import tracked

    ranks, recipe = ranks or ALONE, dict(job.recipe)
    if job.init is not None:  # an existing model keeps its own architecture
        from dataclasses import asdict

        recipe["encoder"] = asdict(read_card(find_checkpoint(job.init)).encoder)
    resolved = Recipe.from_json(recipe)
    items, hierarchy, mask, held_items, held = _split(job, resolved.train.seed)

    def validate(encoder: Any) -> dict[str, float]:
        quick = EvaluateSettings(max_queries=500, bootstrap=0, baselines=False, entailment_apexes=0)
        return headlines(evaluate(held_items, held, embed_items(held_items, encoder), quick))

    folder = job.out.parent / f"{weights_path(job.out).stem}.run"
    with tracked(job.track if ranks.leads else "none", folder, name=job.out.stem, settings=recipe) as track:

        def listen(now: Any) -> None:
            track(now)
            if on_progress:
                on_progress(now)

        encoder, record = train(
            items, hierarchy, folder, resolved, init=job.init, weights=job.weights, image_mask=mask, validate=validate,
            device=job.device, resume=job.resume, on_progress=listen, stop=stop, look=job.look, ranks=ranks,
        )  # fmt: skip
    if job.init is not None:
        record = record | {"from": checkpoint_label(job.init)}

    def conclude() -> tuple[Path, Card]:
        embedding = embed_items(held_items, encoder)
        retrieval = calibrate_retrieval(held_items, held, embedding)
        judged = evaluate(held_items, held, embedding, EvaluateSettings(baselines=False), retrieval=retrieval)
        path = finish(
            encoder, job.out, record=record, metrics={"validation": headlines(judged), "chance": chances(judged)}, licence=job.licence,
            description=job.description, retrieval=retrieval,
        )  # fmt: skip
        return path, read_card(path)

    return ranks.from_leader(conclude)


def _split(job: FitJob, seed: int) -> tuple[Items, Hierarchy, NDArray[np.bool_] | None, Items, Hierarchy]:
    """Training items with their image mask (None: all), and validation items: another workspace, or a tenth by image."""
    workspace = Workspace.open(job.workspace)
    if job.validation is not None:
        held = Workspace.open(job.validation)
        return workspace.items, workspace.hierarchy, None, held.items, held.hierarchy
    count = len(workspace.items.images)
    if count < 2:
        raise DataError(f"{job.workspace} has {count} picture; training needs at least two, one of them to validate on.")
    held_images = np.random.default_rng(seed).permutation(count)[: max(1, round(0.1 * count))]
    mask = np.ones(count, np.bool_)
    mask[held_images] = False
    held_items = subset_images(workspace.items, ~mask)
    return workspace.items, workspace.hierarchy, mask, held_items, subset_hierarchy(workspace.hierarchy, workspace.items, ~mask)


def headlines(evaluation: Evaluation) -> dict[str, float]:
    """The few figures a card shows, by the ranking that the answers are listed by where it was judged, else by the angle; those
    that the data cannot give are left out."""
    figures: dict[str, float] = {}
    for name, (task, reading, metric) in HEADLINES.items():
        with contextlib.suppress(KeyError):
            figures[name] = _shown(evaluation, task, reading).metrics[metric].mean
    figures["P(r_parent < r_child)"] = evaluation.radii.direct
    figures["mean direction"] = evaluation.mean_direction
    if evaluation.cones:
        cones = evaluation.cones["class"]
        figures["cones F1"], figures["median share inside"] = cones.f1, cones.median_share_inside
    return {name: round(value, 4) for name, value in figures.items() if np.isfinite(value)}


def chances(evaluation: Evaluation) -> dict[str, float]:
    """What the figures of `headlines` are worth by chance, under the same names; for cones, what holding everything is worth."""
    figures = {"P(r_parent < r_child)": 0.5}
    for name, (task, reading, metric) in HEADLINES.items():
        with contextlib.suppress(KeyError):
            figures[name] = _shown(evaluation, task, reading).chance_of(metric)
    if evaluation.cones:
        cones = evaluation.cones["class"]
        figures["cones F1"], figures["median share inside"] = cones.f1_everything, cones.median_share_true
    return {name: round(figures[name], 4) for name in headlines(evaluation) if name in figures and np.isfinite(figures[name])}


def _shown(evaluation: Evaluation, task: str, reading: str) -> TaskResult:
    """The task by the ranking of the answers, or by the angle where no retrieval was judged; KeyError where the data has none."""
    by = {result.score for result in evaluation.results if result.task == task}
    return evaluation.find(task, reading, LISTED if LISTED in by else "angle")


def judge(
    workspace: Path,
    checkpoints: list[str],
    settings: EvaluateSettings,
    *,
    untrained: bool = False,
    graph_of: Path | None = None,
    device: str = "auto",
    on_progress: OnProgress | None = None,
    on_stage: OnStage | None = None,
) -> dict[str, Evaluation]:
    """Evaluate checkpoints on one workspace, by name; with `untrained` the first one's encoder before training too.

    The ranking judged is that of each card, the cones too unless they are not for these pictures
    (`hypviz.evaluation.calibration`); an untrained encoder has neither.
    graph_of: a workspace whose class graph says what lies under what, such as the training set; else the one judged on.
    on_progress hears of items embedded, on_stage of the share of all evaluations that is done, and of what.
    """
    opened = Workspace.open(workspace)
    items, hierarchy = opened.items, opened.hierarchy
    check_judgeable(items, hierarchy, opened.name)
    source = opened if graph_of is None else Workspace.open(graph_of)
    graph, taxonomy = graph_from(items.classes, source.items, source.hierarchy), read_taxonomy_of(opened.folder)
    sources = [*dict.fromkeys(checkpoints), *(["untrained"] if untrained else [])]
    results: dict[str, Evaluation] = {}
    for number, name in enumerate(sources):

        def share(part: float, stage: str, done: int = number, of: str = name) -> None:
            if on_stage:
                on_stage((done + part) / len(sources), f"{of}: {stage}")

        retrieval = None
        if name in checkpoints:
            embedding = embed_workspace(opened, name, device=device, on_progress=on_progress)
            retrieval = calibration(opened, embedding, read_card(checkpoint_for(opened, name))).retrieval
        else:
            encoder = read_card(find_checkpoint(checkpoints[0])).encoder
            embedding = embed_untrained(items, encoder, device=device, on_progress=on_progress)
        results[name] = evaluate(items, hierarchy, embedding, settings, graph=graph, taxonomy=taxonomy, retrieval=retrieval, on_stage=share)
    return results

"""What a job comes to on its set: the plan, the split by image, and what should be known before it starts."""

from __future__ import annotations

from typing import Any

import numpy as np

from hypviz.config import EncoderSettings
from hypviz.data.items import Items
from hypviz.errors import DataError
from hypviz.finetune.defaults import Plan, make_plan
from hypviz.finetune.folder import JobFolder
from hypviz.finetune.initial_encoder import start_licence, start_settings
from hypviz.finetune.split import Split, split_images
from hypviz.finetune.warnings import licence_warnings, set_warnings
from hypviz.storage.json_types import Json
from hypviz.workspace.store import Workspace


def resolve(folder: JobFolder, workspace: Workspace) -> tuple[Plan, Split]:
    """The plan of a job and its split; written by the first run and kept by all later ones."""
    job, written = folder.job, folder.read("plan")
    if written.get("data") == workspace.items.data_hash:
        plan = Plan.from_json(written["plan"])
        return plan, split_images(workspace.items, share=plan.tune.validation_share, seed=plan.tune.split_seed)
    if written:
        raise DataError(f"{workspace.name} has changed since this training began; start a new one.")
    plan, split = plan_for(workspace, job.depth, start_settings(job), job.settings)
    numbers, items = split.to_json(), workspace.items
    warnings = [*warnings_of(items, numbers), *licence_warnings(start_licence(job))]
    folder.write("plan", {"plan": plan.to_json(), "split": numbers, "data": items.data_hash, "warnings": warnings})
    return plan, split


def plan_for(workspace: Workspace, depth: str, encoder: EncoderSettings, changes: dict[str, Any]) -> tuple[Plan, Split]:
    """The plan and the split of a set for what was given."""
    share = changes.get("tune.validation_share", 0.25)
    seed = changes.get("tune.split_seed", 0)
    if not isinstance(share, (int, float)) or not 0.05 <= share <= 0.5 or not isinstance(seed, int) or seed < 0:
        share, seed = 0.25, 0  # `make_plan` says what is wrong with them
    split = split_images(workspace.items, share=share, seed=seed)
    return make_plan(depth, encoder, workspace.items, split, changes), split


def warnings_of(items: Items, split: Json) -> list[Json]:
    """What should be known of a set and its split before training."""
    counts = np.bincount(items.label[~items.is_scene], minlength=len(items.classes)).tolist()
    with_boxes = int((np.diff(items.offsets) > 1).sum())
    return set_warnings(split, list(zip(items.classes, counts, strict=True)), images=with_boxes)

"""A workspace with proposals beside the one it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from hypviz.data.items import SCENE, Items
from hypviz.errors import SettingsError
from hypviz.inference.proposals_kept import KeptProposals
from hypviz.inference.propose import PROPOSED, ProposalSettings, propose
from hypviz.progress import OnProgress
from hypviz.storage.json_types import Json
from hypviz.workspace.importing import create_workspace
from hypviz.workspace.meta import may_renew
from hypviz.workspace.store import Workspace


def propose_workspace(
    source: Path,
    out: Path,
    checkpoint: str | Path,
    *,
    settings: ProposalSettings | None = None,
    everywhere: bool = False,
    overwrite: bool = False,
    name: str = "",
    device: str = "auto",
    on_progress: OnProgress | None = None,
) -> Json:
    """Write `out`, the workspace `source` with proposals; returns counts, JSON-ready. The tables of `source` stay as they are.

    name: of `out`, for people; "" for that of `source`. on_progress may raise to stop: what was found until then, or until the process
    was killed, is kept beside the embeddings of `source`, and the next call with the same settings goes on from there.
    """
    from hypviz.config import HierarchySettings, from_mapping
    from hypviz.data.hierarchy import build_hierarchy
    from hypviz.data.stated_parents import corrections_to, stated_parents
    from hypviz.model.card import checkpoint_hash, find_checkpoint
    from hypviz.model.checkpoint import load_checkpoint
    from hypviz.model.device import pick_device

    if out.resolve() == source.resolve():
        raise SettingsError(f"{out} is the workspace to propose for, which stays as it is; choose another --out.")
    may_renew(out.resolve(), overwrite)
    opened = Workspace.open(source)
    weights = find_checkpoint(checkpoint)
    encoder, card = load_checkpoint(weights)
    progress = KeptProposals(opened, checkpoint_hash(weights), settings or ProposalSettings(), everywhere=everywhere)
    items = propose(
        opened.items,
        encoder.to(pick_device(device)),
        card.answers.cones,
        settings=settings,
        everywhere=everywhere,
        by_image=progress,
        on_progress=on_progress,
    )
    how = from_mapping(HierarchySettings, opened.meta["hierarchy"]["settings"])
    report = _with_proposals(opened.meta.get("import"), opened.items, items)
    stated = stated_parents(opened.items, opened.hierarchy)
    corrections, _ = corrections_to(opened.items, build_hierarchy(opened.items, how), stated)
    create_workspace(out, items, name=name or opened.name, report=report, settings=how, overwrite=overwrite, corrections=corrections)
    progress.forget()
    count = int((items.source == PROPOSED).sum())
    boxes = len(items) - len(items.images)
    pictures = len(np.unique(items.image[items.source == PROPOSED]))
    scenes = int((items.label == SCENE).sum())
    return {"workspace": str(out), "proposals": count, "pictures": pictures, "scenes": scenes, "annotated": boxes - count}


def _with_proposals(report: Mapping[str, Any] | None, before: Items, items: Items) -> Json:
    """What the import said of the data, with the proposals counted as read and kept; read = kept + dropped stays true."""
    boxes = len(before) - len(before.images)
    counted: Json = {
        "name": "",
        "images": len(before.images),
        "boxes": boxes,
        "kept_images": len(before.images),
        "kept_boxes": boxes,
    }
    known = counted | {"clipped": 0, "turned": 0, "scaled": 0, "dropped": {}} | dict(report or {})
    new = len(items) - len(before)
    more = {name: known[name] + new for name in ("boxes", "kept_boxes")}
    return known | more | {"classes": len(items.classes), "proposals": int((items.source == PROPOSED).sum())}

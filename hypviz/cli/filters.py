"""Options that choose items, for every command that takes some of a workspace away: each says what passes, and all must hold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import numpy as np
import typer

if TYPE_CHECKING:
    from hypviz.explore.view import View

Text = Annotated[str, typer.Option(help="Words in a class name or a picture's name, or an item id.")]
Depth = Annotated[Optional[list[int]], typer.Option(help="Only these levels: 0 scenes, 1 objects, 2 parts…")]
Ids = Annotated[Optional[Path], typer.Option(help="Only the item ids in this file, one a line.")]
Violations = Annotated[bool, typer.Option("--violations", help="Only items that contradict their annotation.")]
Unlabelled = Annotated[bool, typer.Option("--unlabelled", help="Only items without a class.")]
Proposed = Annotated[
    Optional[bool], typer.Option("--proposed/--annotated", help="Only boxes that were proposed, or only all else; both by default.")
]
Cone = Annotated[Optional[str], typer.Option(help="Only items inside the cone of the item with this id.")]
Omega = Annotated[Optional[float], typer.Option(help="Half-angle of that cone in radians; the calibrated one by default.")]
Tag = Annotated[Optional[list[str]], typer.Option(help="Only items with this tag; with several, with any of them.")]


def filter_of(
    view: View,
    *,
    text: str,
    depth: list[int] | None,
    ids: Path | None,
    violations: bool,
    unlabelled: bool,
    proposed: bool | None,
    cone: str | None,
    omega: float | None,
    tag: list[str] | None,
) -> dict[str, Any]:
    """The filter (`explore.selection`) that the options stand for."""
    criteria: dict[str, Any] = {
        "text": text,
        "depths": depth or [],
        "violations": violations,
        "flags": ["unlabelled"] if unlabelled else [],
    }
    criteria["tags"] = tag or []
    if proposed is not None:
        criteria["rows"] = np.flatnonzero((view.items.source == "proposal") == proposed).tolist()
    if ids is not None:
        criteria["ids"] = ids.read_text(encoding="utf-8").split()
    if cone is not None:
        criteria["members"] = view.queries.cone({"row": view.row_of(cone)}, omega)["members"]
    return criteria

"""`python -m hypviz data propose`: boxes for pictures that have none."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from hypviz.cli.output import AsJson, Checkpoint, Device, WorkspaceFolder, show, suited
from hypviz.progress import progress_bar


def propose(
    workspace: WorkspaceFolder,
    out: Annotated[Path, typer.Option(help="Workspace folder to create: the old one with proposals; the old one stays.")],
    checkpoint: Checkpoint = "",
    scale: Annotated[Optional[list[float]], typer.Option(help="Sides of the windows as shares of the picture's: 0.6, 0.4, 0.25.")] = None,
    most: Annotated[int, typer.Option(min=1, help="Proposals kept per picture.")] = 6,
    overlap: Annotated[
        Optional[float],
        typer.Option(help="Windows with a larger intersection over union are one: 0.3 where objects were learned, else 0.4."),
    ] = None,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="For pictures that have boxes, too.")] = False,
    overwrite: Annotated[bool, typer.Option(help="Renew an existing workspace.")] = False,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Propose boxes for the pictures of a workspace that have none, by windows of many sizes and the model's own cones.

    Proposals have the class and the source "proposal": they are never counted or exported as annotations.
    """
    from hypviz.inference.propose import ProposalSettings
    from hypviz.inference.proposed_workspace import propose_workspace

    settings = ProposalSettings(tuple(scale or ProposalSettings.scales), most=most, overlap=overlap)
    checkpoint = suited(checkpoint, workspace)
    with progress_bar("Looking", quiet=as_json) as report:
        result = propose_workspace(
            workspace,
            out,
            suited(checkpoint, workspace),
            settings=settings,
            everywhere=everywhere,
            overwrite=overwrite,
            device=device,
            on_progress=report,
        )
    text = f"{result['proposals']:,} proposals in {result['pictures']:,} pictures, beside {result['annotated']:,} annotated boxes: {out}"
    show(result, text, as_json=as_json)

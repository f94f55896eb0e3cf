"""`python -m hypviz health`: what in a workspace, and in an embedding of it, deserves a second look."""

from __future__ import annotations

import json
from typing import Annotated, Optional

import typer

from hypviz.cli.output import AsJson, Device, WorkspaceFolder, fetched


def health(
    workspace: WorkspaceFolder,
    checkpoint: Annotated[
        Optional[str], typer.Option(help="Also check the embedding by this checkpoint, at its ω.", callback=fetched)
    ] = None,
    omega: Annotated[Optional[float], typer.Option(help="Cone threshold in radians; the calibrated one by default.")] = None,
    limit: Annotated[
        Optional[int], typer.Option(min=1, help="List this many findings of each kind.  [default: 10; all with --json]")
    ] = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Check a hierarchy: duplicates, cycles, orphans, and, with a checkpoint, children outside their parent's cone."""
    from hypviz.errors import SettingsError
    from hypviz.health import health_report
    from hypviz.workspace.store import Workspace

    if omega is not None and checkpoint is None:
        raise SettingsError("--omega is a threshold on angles between vectors: give --checkpoint too.")
    opened = Workspace.open(workspace)
    embedding, cones = None, None
    if checkpoint is not None:
        from hypviz.evaluation.calibration import calibration
        from hypviz.inference.embed import checkpoint_for, embed_workspace
        from hypviz.model.card import read_card
        from hypviz.progress import progress_bar
        from hypviz.search.retrieval import Cones

        with progress_bar("Embedding", quiet=as_json) as report:
            embedding = embed_workspace(opened, checkpoint, device=device, on_progress=report)
        if omega is None:
            cones = calibration(opened, embedding, read_card(checkpoint_for(opened, checkpoint))).retrieval.cones
        else:
            cones = Cones((omega,))
    findings = health_report(opened.items, opened.hierarchy, embedding, omega=cones)
    typer.echo(json.dumps(findings.to_json(limit=limit), ensure_ascii=False) if as_json else findings.to_markdown(limit=limit or 10))

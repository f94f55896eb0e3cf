"""`python -m hypviz bench first-look`: what the first twelve cards of a scene's children say, with chance beside."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from hypviz.cli.output import AsJson, Checkpoint, Device, WorkspaceFolder, show

NAMES = {
    "own_objects": "own object classes among the first 12 cards",
    "fitting": "cards of a class in the picture or under one of its objects",
}


def first_look(
    workspace: WorkspaceFolder,
    checkpoint: Checkpoint = "demo",
    omega: Annotated[Optional[float], typer.Option(help="Cone threshold in radians; the calibrated one by default.")] = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Judge what a person sees first of every scene's children; found in other pictures only."""
    from hypviz.evaluation.first_look import judge_first_look
    from hypviz.explore.view import View
    from hypviz.workspace.store import Workspace

    view = View(Workspace.open(workspace), checkpoint, device=device)
    judged = judge_first_look(view.items, view.hierarchy, view.embedding, view.answers, omega=omega).to_json()
    lines = [f"{words:<62}{judged[name]:6.2f}   chance {judged[f'{name}_chance']:.2f}" for name, words in NAMES.items()]
    lines.append(f"{'distinct classes among them, mean and least':<62}{judged['distinct']:6.2f}   {judged['fewest']}")
    show(judged, f"{judged['scenes']} scenes\n" + "\n".join(lines), as_json=as_json)

"""What commands share: option types and printing for people or for machines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, for machines.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")]
Track = Annotated[
    str,
    typer.Option(
        "--track", envvar="HYPVIZ_TRACK", help="Where the figures of every step are written: none, tensorboard, trackio or wandb."
    ),
]
WorkspaceFolder = Annotated[Path, typer.Option("--workspace", help="The workspace folder.")]
Checkpoint = Annotated[
    str,
    typer.Option(
        "--checkpoint",
        help="A checkpoint's name, its .safetensors file, or a MERU, HyCoCLIP or OpenCLIP file.  [default: the one that suits]",
    ),
]


def show(result: dict[str, Any], text: str, *, as_json: bool) -> None:
    """Print the result as one JSON object, or the text."""
    typer.echo(json.dumps(result, ensure_ascii=False) if as_json else text)


def suited(checkpoint: str, workspace: Path) -> str:
    """The checkpoint as given, or the name of the shipped one that suits the workspace's pictures."""
    from hypviz.inference.embed import suited_checkpoint
    from hypviz.workspace.store import Workspace

    return checkpoint or suited_checkpoint(Workspace.open(workspace).items.classes)


def say_licence(*checkpoints: str) -> None:
    """A line on standard error for each checkpoint that may not be used commercially; it is said where a model is picked."""
    from hypviz.model.card import find_checkpoint, read_card

    for checkpoint in checkpoints:
        card = read_card(find_checkpoint(checkpoint))
        if card.restricted:
            typer.echo(f"{card.name}: licence {card.licence}", err=True)

"""What commands share: option types and printing for people or for machines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from hypviz.hub.address import is_hub_address


def fetched(named: Any) -> Any:
    """The checkpoints that an option names, those of a hub fetched, with one progress bar, and named by their commits from here on."""
    if isinstance(named, (list, tuple)):
        return [fetched(one) for one in named]
    if not named or not is_hub_address(named):
        return named
    from hypviz.model.card import origin_of
    from hypviz.model.hub_checkpoint import fetch_checkpoint
    from hypviz.progress import progress_bar

    with progress_bar(f"Fetching {named}") as report:
        return origin_of(fetch_checkpoint(named, on_progress=report))


def fetched_data(named: str) -> str:
    """The data that an option names; those of a hub fetched, with one progress bar, and named by their commit from here on."""
    if not named or not is_hub_address(named):
        return named
    from hypviz.progress import progress_bar
    from hypviz.workspace.hub_data import fetch_data

    with progress_bar(f"Fetching {named}") as report:
        return str(fetch_data(named, on_progress=report).address)


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, for machines.")]
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
        callback=fetched,
        help="A checkpoint's name, its .safetensors file, a published model's file (docs/models.md), or hf://OWNER/MODEL[@REVISION].  "
        "[default: the one that suits]",
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
    """A line on standard error for each checkpoint whose licence has to be noted; it is said where a model is picked, too."""
    from hypviz.model.card import find_checkpoint, read_card

    for checkpoint in checkpoints:
        card = read_card(find_checkpoint(checkpoint))
        if card.licence_to_note:
            typer.echo(f"{card.name}: licence {card.licence}", err=True)

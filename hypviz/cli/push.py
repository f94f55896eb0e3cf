"""`python -m hypviz push`: a checkpoint, or the data of a workspace, as a repository of a Hugging Face hub."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from hypviz.cli.output import AsJson, fetched, show
from hypviz.errors import SettingsError

if TYPE_CHECKING:
    from hypviz.hub.address import HubAddress
    from hypviz.hub.upload import Files


def push(
    source: Annotated[
        str,
        typer.Argument(metavar="CHECKPOINT_OR_WORKSPACE", callback=fetched, help="A checkpoint, by name or file, or a workspace's folder."),
    ],
    name: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The repository; it is made where there is none.")],
    private: Annotated[bool, typer.Option("--private", help="Make a new repository a private one.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write the folder and list its files; nothing is sent anywhere.")] = False,
    out: Annotated[Optional[Path], typer.Option(help="Folder that --dry-run writes.  [default: OWNER--NAME, here]")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a checkpoint (weights, config.json, README.md), or a workspace's pictures and boxes (COCO, README.md), on to a hub.

    Files of the same name are replaced, README.md too; others in the repository stay. Log in by `hf auth login`, or set HF_TOKEN.
    """
    from hypviz.hub.address import DATASET, MODEL, SCHEME, parse_address
    from hypviz.storage.home import home
    from hypviz.workspace.store import is_workspace

    if out is not None and not dry_run:
        raise SettingsError("--out says where --dry-run writes its folder; add --dry-run, or leave out --out.")
    folder = next((each for each in (Path(source), home() / source) if is_workspace(each)), None)
    if folder is None:
        address = parse_address(f"{SCHEME}{name}", MODEL)
        with tempfile.TemporaryDirectory(prefix="hypviz-push-") as place:
            _deliver(
                address, _model_files(source, Path(place), address), private=private, out=_target(address, out, dry_run), as_json=as_json
            )
        return
    address = parse_address(f"{SCHEME}datasets/{name}", DATASET)
    _deliver(address, _data_files(folder, address), private=private, out=_target(address, out, dry_run), as_json=as_json)


def _model_files(checkpoint: str, place: Path, address: HubAddress) -> Files:
    from hypviz.hub.readme import NOT_STATED
    from hypviz.model.checkpoint import load_checkpoint
    from hypviz.model.repository import write_model

    encoder, card = load_checkpoint(checkpoint)
    if card.licence == NOT_STATED:
        typer.echo(f"{card.name}: its licence is not stated; say it in the card before others use it.", err=True)
    write_model(place, encoder.state_dict(), card, place=str(address))
    return {path.name: path for path in sorted(place.iterdir())}


def _data_files(folder: Path, address: HubAddress) -> Files:
    from hypviz.workspace.repository import data_repository
    from hypviz.workspace.store import Workspace

    workspace = Workspace.open(folder)
    files = data_repository(workspace, str(address))
    if unstated := workspace.meta.get("licences", {}).get("", 0):
        typer.echo(f"{workspace.name}: {unstated:,} pictures have no licence; whether you may publish them is yours to know.", err=True)
    return files


def _target(address: HubAddress, out: Path | None, dry_run: bool) -> Path | None:
    """Where a dry run writes its folder; None for none."""
    return (out or Path(address.repo.replace("/", "--"))) if dry_run else None


def _deliver(address: HubAddress, files: Files, *, private: bool, out: Path | None, as_json: bool) -> None:
    from hypviz.hub.upload import sizes_of, upload, write_repository
    from hypviz.progress import progress_bar

    sizes = sizes_of(files)
    result: dict[str, Any] = {"repository": str(address), "files": sizes, "bytes": sum(sizes.values())}
    total = f"{len(sizes):,} files, {result['bytes']:,} bytes"
    if out is not None:
        write_repository(out, files)
        lines = [f"{size:>14,}  {name}" for name, size in sizes.items()]
        show(result | {"folder": str(out)}, "\n".join([*lines, f"{out}: {total}; nothing was sent."]), as_json=as_json)
        return
    with progress_bar(f"Writing {address}", quiet=as_json) as report:
        commit = upload(address, files, private=private, on_progress=report)
    show(result | {"commit": commit}, f"{commit}: {total}", as_json=as_json)

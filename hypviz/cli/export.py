"""`python -m hypviz export`: items of a workspace, chosen by what they are, in any format of `hypviz.explore.export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from hypviz.cli import filters
from hypviz.cli.output import AsJson, Checkpoint, Device, WorkspaceFolder, show
from hypviz.errors import SettingsError

if TYPE_CHECKING:
    from hypviz.explore.view_queries import ViewQueries

app = typer.Typer(no_args_is_help=True)
ENDINGS = {
    ".coco.json": "coco",
    ".fiftyone.json": "fiftyone",
    ".hyperview.json": "hyperview",
    ".labelstudio.json": "labelstudio",
    ".cvat.xml": "cvat",
    **{f".{name}.zip": name for name in ("coco", "yolo", "voc", "cvat", "labelstudio", "vectors")},
    ".ids.txt": "ids",
    ".csv": "csv",
    ".parquet": "parquet",
    ".json": "json",
}
"""Formats by the ends of file names, the longest first."""


@app.callback()
def export() -> None:
    """Take items away as files."""


@app.command("selection")
def selection(
    workspace: WorkspaceFolder,
    out: Annotated[Path, typer.Option(help="The file to write; its ending chooses the format: .csv, .json, .parquet, .coco.json…")],
    checkpoint: Checkpoint = "",
    format: Annotated[
        Optional[str],
        typer.Option(
            help="csv, json, parquet, coco, yolo, voc, cvat, labelstudio, fiftyone, hyperview, vectors or ids, whatever the file is called."
        ),
    ] = None,
    text: filters.Text = "",
    depth: filters.Depth = None,
    ids: filters.Ids = None,
    violations: filters.Violations = False,
    unlabelled: filters.Unlabelled = False,
    proposed: filters.Proposed = None,
    cone: filters.Cone = None,
    omega: filters.Omega = None,
    tag: filters.Tag = None,
    pictures: Annotated[bool, typer.Option("--pictures", help="Pack the pictures too: a zip of annotations and pictures.")] = False,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Write the items that pass all of the given filters to a file. Embeds the workspace first when that was not done."""
    from hypviz.explore.view import View
    from hypviz.progress import progress_bar
    from hypviz.workspace.store import Workspace

    chosen = format or next((name for ending, name in ENDINGS.items() if out.name.lower().endswith(ending)), None)
    if chosen is None:
        raise SettingsError(f"{out} has no ending that names a format ({', '.join(ENDINGS)}); give --format.")
    with progress_bar("Embedding", quiet=as_json) as report:
        view = View(Workspace.open(workspace), checkpoint, device=device, on_progress=report)
    criteria = filters.filter_of(
        view, text=text, depth=depth, ids=ids, violations=violations, unlabelled=unlabelled, proposed=proposed,
        cone=cone, omega=omega, tag=tag,
    )  # fmt: skip
    count = _write(view.queries, criteria, chosen, out, pictures=pictures)
    size = out.stat().st_size
    result = {"file": str(out), "format": chosen, "items": count, "bytes": size}
    show(result, f"{out}: {count:,} items, {size:,} bytes", as_json=as_json)


def _write(queries: ViewQueries, criteria: dict[str, Any], format: str, out: Path, *, pictures: bool) -> int:
    """Write the file, whole or not at all; returns how many items are in it."""
    from hypviz.storage.files import write_file

    if pictures:
        if out.suffix.lower() != ".zip":
            raise SettingsError(f"--pictures packs annotations and pictures into a zip; {out} must end in .zip.")
        counts: list[int] = []
        write_file(out, lambda part: counts.append(queries.pack(criteria, format, part)))
        return counts[0]
    exported = queries.export(criteria, format)
    if out.suffix.lower() == ".zip" and exported.media_type != "application/zip":
        raise SettingsError(f"{format} is a single file ({exported.ending}), no zip; name it so, or pack the pictures too by --pictures.")
    write_file(out, lambda part: part.write_bytes(exported.data))
    return exported.count

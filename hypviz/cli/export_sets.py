"""`python -m hypviz export cvat | label-studio | fiftyone | datasets`: a whole workspace as a data set that another tool imports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from hypviz.cli.output import AsJson, Checkpoint, Device, show

if TYPE_CHECKING:
    from hypviz.data.writers import AnnotatedSet
    from hypviz.explore.export_sets import Exported
    from hypviz.workspace.store import Workspace

WorkspaceArgument = Annotated[Path, typer.Argument(metavar="WS", help="The workspace folder.")]
WITH_PICTURES = "a .zip or a new folder with the pictures"


def cvat(
    workspace: WorkspaceArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT", help=f"A .xml of annotations alone, {WITH_PICTURES}.")],
    labels: Annotated[Optional[Path], typer.Option(help="Also write the labels, for the Raw editor of a CVAT task, to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a workspace as CVAT for images 1.1; who is inside whom stands in the attributes `number` and `inside`."""
    from hypviz.data.writers.label_definitions import cvat_labels
    from hypviz.explore.export_sets import export_cvat
    from hypviz.workspace.store import Workspace

    opened = Workspace.open(workspace)
    exported = export_cvat(opened, out)
    _write_labels(opened, labels, cvat_labels)
    _show(out, exported, as_json=as_json)


def label_studio(
    workspace: WorkspaceArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT", help=f"A .json of tasks alone, {WITH_PICTURES}.")],
    url: Annotated[
        str,
        typer.Option(help="What stands before a picture's name: Label Studio's address of local files, or https://…/ of a server."),
    ] = "/data/local-files/?d=",
    labels: Annotated[Optional[Path], typer.Option(help="Also write the labelling configuration of the project to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a workspace as Label Studio's tasks, with relations from a box to those inside it."""
    from hypviz.data.writers.label_definitions import labelstudio_configuration
    from hypviz.explore.export_sets import export_labelstudio
    from hypviz.workspace.store import Workspace

    opened = Workspace.open(workspace)
    exported = export_labelstudio(opened, out, address=url)
    _write_labels(opened, labels, labelstudio_configuration)
    _show(out, exported, as_json=as_json)


def fiftyone(
    workspace: WorkspaceArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT", help=f"A .json of labels that names pictures by whole path, {WITH_PICTURES}.")],
    checkpoint: Checkpoint = "",
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Write a workspace as FiftyOneImageDetectionDataset; parents, level and distance to the root are fields of each detection.

    Embeds the workspace first when that was not done.
    """
    from hypviz.explore.export_sets import export_fiftyone
    from hypviz.explore.view import View
    from hypviz.progress import progress_bar
    from hypviz.workspace.store import Workspace

    with progress_bar("Embedding", quiet=as_json) as report:
        view = View(Workspace.open(workspace), checkpoint, device=device, on_progress=report)
    _show(out, export_fiftyone(view, out), as_json=as_json)


def datasets(
    workspace: WorkspaceArgument,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder, for datasets.load_dataset.")],
    as_json: AsJson = False,
) -> None:
    """Write a workspace as a Hugging Face `datasets` folder: Parquet files with the pictures inside and a README.md."""
    from hypviz.explore.export_sets import export_datasets
    from hypviz.progress import progress_bar
    from hypviz.workspace.store import Workspace

    opened = Workspace.open(workspace)
    with progress_bar("Packing pictures", quiet=as_json) as report:
        exported = export_datasets(opened, out, on_progress=report)
    _show(out, exported, as_json=as_json)


def _write_labels(workspace: Workspace, path: Path | None, text_of: Callable[[AnnotatedSet], str]) -> None:
    """Write what a tool has to know of the classes, where a person asks for it."""
    from hypviz.explore.export_sets import whole_set
    from hypviz.storage.files import write_file

    if path is not None:
        text = text_of(whole_set(workspace))
        write_file(path, lambda part: part.write_text(text, encoding="utf-8"))


def _show(out: Path, exported: Exported, *, as_json: bool) -> None:
    result = {"file": str(out), "pictures": exported.pictures, "boxes": exported.boxes, "relations": exported.relations}
    text = f"{out}: {exported.pictures:,} pictures, {exported.boxes:,} boxes, {exported.relations:,} relations"
    show(result, text, as_json=as_json)

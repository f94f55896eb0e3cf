"""`python -m hypviz data vectors` and `export vectors`: own vectors in, any embedding out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from hypviz.cli.output import AsJson, Checkpoint, Device, WorkspaceFolder, say_licence, show, suited
from hypviz.progress import progress_bar

MODELS = "lorentz (space components), lorentz-full (time first), poincare (ball of radius 1/√curv), poincare-unit, or tangent"


def data_vectors(
    file: Annotated[Path, typer.Argument(help="Vectors: .npy, .npz, .parquet, .safetensors or .pt.")],
    out: Annotated[Path, typer.Option(help="Workspace folder to create.")],
    model: Annotated[Optional[str], typer.Option(help=f"{MODELS}; full Lorentz vectors are recognised.")] = None,
    curv: Annotated[Optional[float], typer.Option(help="The curvature is −curv.  [default: what the file says, else 1]")] = None,
    labels: Annotated[Optional[Path], typer.Option(help="Text file, a label a line, in the order of the vectors.")] = None,
    edges: Annotated[
        Optional[Path], typer.Option(help="Parent and child a line, as row numbers or names (or .npy, .json, .parquet): the hierarchy.")
    ] = None,
    images: Annotated[Optional[Path], typer.Option(help="Text file, the path of a picture a line; an empty line for none.")] = None,
    images_root: Annotated[Optional[Path], typer.Option(help="Folder that these paths start from; the file's own by default.")] = None,
    project: Annotated[bool, typer.Option("--project", help="Move vectors that lie off the manifold on to it.")] = False,
    name: Annotated[str, typer.Option(help="The workspace's name; the file's by default.")] = "",
    overwrite: Annotated[bool, typer.Option(help="Renew an existing workspace.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a workspace of your own vectors: at once on the disk and searchable by entailment."""
    from hypviz.vectors.read import read_vectors
    from hypviz.vectors.workspace import make_vectors_workspace

    vectors = read_vectors(file).with_files(labels=labels, edges=edges, images=images)
    root = images_root or (vectors.images_root if images is None else None) or (images or file).resolve().parent
    workspace, summary = make_vectors_workspace(
        out,
        vectors,
        name=name or file.stem,
        model=model,
        curv=curv,
        project=project,
        images_root=root,
        overwrite=overwrite,
        where=file.name,
    )
    text = "\n".join([*summary.lines(), f"workspace {workspace.folder}"])
    show({**summary.to_json(), "workspace": str(workspace.folder)}, text, as_json=as_json)


def export_vectors(
    workspace: WorkspaceFolder,
    out: Annotated[Path, typer.Option(help="The .npy file to write; NAME.json beside it says model, curvature, ids and labels.")],
    checkpoint: Checkpoint = "",
    model: Annotated[str, typer.Option(help=f"{MODELS}.")] = "lorentz",
    text: Annotated[str, typer.Option(help="Only items with these words in the class's or the picture's name.")] = "",
    ids: Annotated[Optional[Path], typer.Option(help="Only the item ids in this file, one a line.")] = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Write vectors of a workspace, or of some of its items, with curvature and model said beside them."""
    from hypviz.explore.view import View
    from hypviz.vectors.write import write_vectors
    from hypviz.workspace.store import Workspace

    checkpoint = suited(checkpoint, workspace)
    say_licence(checkpoint)
    with progress_bar("Embedding", quiet=as_json) as report:
        view = View(Workspace.open(workspace), checkpoint, device=device, on_progress=report)
    criteria: dict[str, Any] = {"text": text}
    if ids is not None:
        criteria["ids"] = ids.read_text(encoding="utf-8").split()
    rows = view.queries.rows(criteria)
    about = write_vectors(out, view.items, view.hierarchy, view.embedding, rows, model=model, about=view.queries.about)
    shown = {name: about[name] for name in ("model", "curv", "geometry", "count", "dimension")} | {"file": str(out)}
    show(shown, f"{out}: {about['count']:,} vectors, {about['model']}, curvature −{about['curv']:g}", as_json=as_json)

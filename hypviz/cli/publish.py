"""`python -m hypviz publish`: a view as a folder for any static host, or as a Hugging Face Space."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import numpy as np
import typer

from hypviz.cli import filters
from hypviz.cli.output import AsJson, Checkpoint, Device, fetched_data, show
from hypviz.config import check_range

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hypviz.explore.view import View


def publish(
    out: Annotated[Path, typer.Argument(help="The folder to write; an earlier published page there is replaced.")],
    data: Annotated[
        str,
        typer.Option(callback=fetched_data, help="A workspace, a folder of pictures, a data set (COCO, VOC), or hf://datasets/OWNER/NAME."),
    ] = "demo",
    checkpoint: Checkpoint = "",
    title: Annotated[str, typer.Option(help="Title of the page; the data's name by default.")] = "",
    space: Annotated[bool, typer.Option("--space", help="Add the README.md that makes the folder a static Hugging Face Space.")] = False,
    text: filters.Text = "",
    depth: filters.Depth = None,
    ids: filters.Ids = None,
    violations: filters.Violations = False,
    unlabelled: filters.Unlabelled = False,
    proposed: filters.Proposed = None,
    cone: filters.Cone = None,
    omega: filters.Omega = None,
    tag: filters.Tag = None,
    sample: Annotated[Optional[int], typer.Option(help="At most so many of them: of every branch and level its share.")] = None,
    layout: Annotated[str, typer.Option(help="Layout of the overview.")] = "hierarchy",
    thumb_size: Annotated[int, typer.Option(help="Longest side of small pictures in pixels; 0 for none.")] = 112,
    picture_size: Annotated[int, typer.Option(help="Longest side of whole pictures in pixels; 0 for none.")] = 800,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Write a page that needs no server: any static host serves the folder, under any path, and it asks nobody else for anything."""
    from hypviz.explore.library import Library
    from hypviz.progress import progress_bar
    from hypviz.server.publish import PublishSettings, check_target
    from hypviz.server.publish import publish as write
    from hypviz.server.space import write_space

    settings = PublishSettings(title=title, layout=layout, thumb_size=thumb_size, picture_size=picture_size)
    check_target(out)
    library = Library(device=device)
    name = library.add_data(data)
    with progress_bar(f"Opening {name}", quiet=as_json) as report:
        chosen = library.add_checkpoint(checkpoint or library.suited(name, on_progress=report))
        view = library.open(name, chosen, on_progress=report)
    criteria = filters.filter_of(
        view, text=text, depth=depth, ids=ids, violations=violations, unlabelled=unlabelled, proposed=proposed,
        cone=cone, omega=omega, tag=tag,
    )  # fmt: skip
    rows = _sampled(view, np.flatnonzero(view.queries.selector.find(criteria)), sample)
    with progress_bar("Pictures", quiet=as_json) as report:
        summary = write(view, out, rows, settings, on_progress=report, also=write_space if space else None)
    words = f"{out}: {summary['items']:,} items, {summary['pictures']:,} pictures, {summary['files']:,} files, {summary['bytes']:,} bytes."
    show(summary, f"{words} To look at it: python -m http.server --directory {out}", as_json=as_json)


def _sampled(view: View, rows: NDArray[np.int64], sample: int | None) -> NDArray[np.int64]:
    """At most `sample` of the rows, by branch and level; all of them for None."""
    if sample is None:
        return rows
    check_range("sample", sample, 1, 10**9)
    return view.disks.sampled(rows, sample)

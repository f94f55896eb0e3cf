"""`python -m hypviz data …`: draw clipart scenes, import a data set into a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from hypviz.cli.openimages import openimages
from hypviz.cli.output import AsJson, fetched_data, show
from hypviz.cli.propose import propose
from hypviz.cli.taxonomy import taxonomy
from hypviz.errors import SettingsError
from hypviz.hub.address import is_hub_address
from hypviz.progress import progress_bar

app = typer.Typer(no_args_is_help=True)
app.command("openimages")(openimages)
app.command("propose")(propose)
app.command("taxonomy")(taxonomy)


@app.command("clipart")
def clipart(
    out: Annotated[Path, typer.Option(help="Folder to write images/ and annotations.json to.")],
    split: Annotated[str, typer.Option(help="train, validation or test: disjoint seeds.")] = "test",
    count: Annotated[int, typer.Option(min=1, help="How many scenes.")] = 400,
    start: Annotated[int, typer.Option(min=0, help="First seed, counted within the split.")] = 0,
    width: Annotated[int, typer.Option(min=160, max=2048)] = 384,
    height: Annotated[int, typer.Option(min=120, max=2048)] = 288,
    image_format: Annotated[str, typer.Option("--format", help="jpeg or webp.")] = "jpeg",
    quality: Annotated[int, typer.Option(min=1, max=100)] = 88,
    as_json: AsJson = False,
) -> None:
    """Draw scenes of the clipart world with exact boxes, as a COCO data set."""
    from hypviz.clipart import SPLIT_SEEDS, write_dataset

    if split not in SPLIT_SEEDS:
        raise SettingsError(f"--split must be one of {', '.join(SPLIT_SEEDS)}; got {split!r}.")
    if image_format not in ("jpeg", "webp"):
        raise SettingsError(f"--format must be jpeg or webp; got {image_format!r}.")
    seeds = SPLIT_SEEDS[split][start : start + count]
    if len(seeds) < count:
        raise SettingsError(f"The {split} split has {len(SPLIT_SEEDS[split])} seeds; {start} + {count} is beyond them.")
    with progress_bar("Drawing", quiet=as_json) as report:
        size = (width, height)
        path = write_dataset(out, seeds, size=size, quality=quality, image_format=image_format, on_progress=report)
    show({"annotations": str(path), "images": len(seeds)}, f"{len(seeds)} scenes in {path}", as_json=as_json)


@app.command("import")
def import_data(
    out: Annotated[Path, typer.Option(help="Workspace folder to create.")],
    format: Annotated[str, typer.Option(help="auto, or one of the formats named above.")] = "auto",
    source: Annotated[
        Optional[str], typer.Argument(help="The data set's folder, when it has a usual layout, or hf://datasets/OWNER/NAME[@REVISION].")
    ] = None,
    annotations: Annotated[Optional[Path], typer.Option(help="Annotation file, or folder of annotation files.")] = None,
    images: Annotated[Optional[Path], typer.Option(help="Folder with the pictures.")] = None,
    boxes: Annotated[str, typer.Option(help="auto, xywh, xyxy, cxcywh or yxyx: what the four numbers of a box are.")] = "auto",
    name: Annotated[str, typer.Option(help="The workspace's name; the folder's by default.")] = "",
    min_overlap: Annotated[float, typer.Option(help="Share of the smaller box inside the larger one.")] = 0.8,
    duplicate_iou: Annotated[float, typer.Option(help="Boxes with this IoU are one object.")] = 0.9,
    min_box_px: Annotated[float, typer.Option(help="Smaller boxes take no part in pairs.")] = 0.0,
    overwrite: Annotated[bool, typer.Option(help="Renew an existing workspace.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import a data set, or a folder of pictures, into a workspace; what its files are is told by their content.

    Formats: coco (LVIS, panoptic), voc, yolo, cvat, labelme, labelstudio, via, supervisely, kitti, csv (a table of boxes), metadata
    (metadata.jsonl), createml, fiftyone, openimages, hf (a `datasets` folder or Parquet), classes (sub-folders) and folder (no boxes).
    Pictures that lie inside files (hf) are written to OUT-pictures; all others stay where they are.
    """
    from hypviz.config import HierarchySettings
    from hypviz.data.formats.detect import open_dataset
    from hypviz.workspace.hub_data import with_origin
    from hypviz.workspace.import_report import report_lines, report_of
    from hypviz.workspace.importing import import_workspace
    from hypviz.workspace.meta import may_renew
    from hypviz.workspace.store import is_workspace

    if is_workspace(out) and not overwrite:
        raise SettingsError(f"{out} is already a workspace; choose another --out, or add --overwrite to renew it.")
    may_renew(out.resolve(), overwrite)
    settings = HierarchySettings(min_overlap, duplicate_iou, min_box_px)
    place = _folder_of(source) if source else annotations or images
    if place is None:
        raise SettingsError("Say what to import: a folder, --annotations FILE or --images DIR.")
    pictures = out.resolve().with_name(f"{out.resolve().name}-pictures")
    raw = open_dataset(place, format=format, annotations=annotations, images=images, extract_to=pictures, boxes=boxes)
    raw = with_origin(raw, place)
    with progress_bar("Reading pictures", quiet=as_json) as report:
        title = name or out.resolve().name
        workspace, summary = import_workspace(out, raw, name=title, settings=settings, overwrite=overwrite, on_progress=report)
    result = {**summary.to_json(), "items": len(workspace.items), "hierarchy": workspace.hierarchy.counts, "workspace": str(out)}
    lines = [summary.summary(), *report_lines(report_of(workspace))[1:], f"workspace {out}: {len(workspace.items)} items"]
    show(result, "\n".join(lines), as_json=as_json)


def _folder_of(source: str) -> Path:
    """The folder that is named, or where the files of an address on a hub are, once they are fetched."""
    if not is_hub_address(source):
        return Path(source)
    from hypviz.workspace.hub_data import fetch_data

    return fetch_data(fetched_data(source)).folder

"""`python -m hypviz data openimages`: HierOpenImages from the official CSV files, and the pictures it needs."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import numpy as np
import typer

from hypviz.cli.output import AsJson, show
from hypviz.errors import DataError, SettingsError
from hypviz.progress import progress_bar

if TYPE_CHECKING:
    from hypviz.openimages.hier_openimages import HierOpenImages


def openimages(
    source: Annotated[Path, typer.Argument(help="Folder with the official CSV files.")],
    out: Annotated[Path, typer.Option(help="Folder for the plan, the download list and the pictures.")],
    subset: Annotated[str, typer.Option(help="nested (images with a box inside another) or all.")] = "nested",
    split: Annotated[Optional[list[str]], typer.Option(help="Only these splits: train, validation, test.")] = None,
    leave_out: Annotated[
        Optional[list[str]], typer.Option(help="Flags of boxes to leave out; IsGroupOf by default, none for no flag.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="At most so many images, spread evenly; 0 for all.")] = 0,
    download: Annotated[bool, typer.Option("--download", help="Fetch the pictures that are missing, by s5cmd.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Check every picture against checksums.sha256.")] = False,
    import_: Annotated[bool, typer.Option("--import", help="Make OUT/workspace from the pictures that are there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build HierOpenImages: items, edges and pairs from the CSV files alone, then the list of pictures to fetch.

    SOURCE holds the box files (oidv6-train-annotations-bbox.csv, validation-…, test-…) and the class descriptions, as
    https://storage.googleapis.com/openimages/web/download_v7.html links them. OUT gets plan/ (a workspace without
    pictures), images.csv, classes.csv and download.txt; run again with --download, --verify and --import as you go.
    """
    from hypviz.openimages.download import client_command, plan_download, write_commands
    from hypviz.openimages.download import download as fetch
    from hypviz.openimages.hier_openimages import SPLITS, SubsetSettings, split_counts

    flags = ("IsGroupOf",) if leave_out is None else tuple(name for name in leave_out if name != "none")
    settings = SubsetSettings(subset, tuple(split or SPLITS), flags)
    data_set = _build(source, out, settings, limit, quiet=as_json)
    result: dict[str, Any] = {"images": split_counts(data_set), **_counts(data_set), "dropped": data_set.dropped.to_json()}
    _write_lists(data_set, out)
    plan = plan_download(data_set.items.images.file_name.tolist(), out / "images")
    commands = out / "download.txt"
    write_commands(plan, commands)
    result["download"] = {"missing": len(plan.missing), "bytes": plan.bytes, "free": plan.free, "command": client_command(commands)}
    lines = [f"{name}: {value:,}" for name, value in result.items() if isinstance(value, int)] + [plan.describe()]
    if download and plan.missing:
        fetch(plan, commands)
    if download or verify:
        result["checksums"] = _checksums(out, verify, quiet=as_json)
        lines.append(f"{result['checksums']['recorded']:,} checksums recorded in {out / 'checksums.sha256'}")
    if import_:
        result["workspace"] = _import(source, out, data_set, flags, quiet=as_json)
        lines.append(result["workspace"]["summary"])
    elif plan.missing and not download:
        lines.append(f"fetch them: {' '.join(client_command(commands))}")
    show(result, "\n".join(lines), as_json=as_json)


def _build(source: Path, out: Path, settings: Any, limit: int, *, quiet: bool) -> HierOpenImages:
    from hypviz.data.formats.openimages import find_files
    from hypviz.data.formats.openimages_csv import read_boxes, read_descriptions
    from hypviz.data.raw import DropCounter
    from hypviz.openimages.hier_openimages import build, take
    from hypviz.workspace.store import Workspace

    if not source.exists():
        raise DataError(f"{source}: there is no such folder; it must hold OpenImages' CSV files.")
    files = find_files(source)
    if not files.boxes:
        raise DataError(f"{source}: no OpenImages box file here (a .csv with ImageID, LabelName, XMin, XMax, YMin, YMax).")
    dropped = DropCounter()
    with progress_bar("Reading boxes", quiet=quiet) as report:
        table = read_boxes(files.boxes, dropped, on_progress=report)
    data_set = build(table, read_descriptions(files.descriptions), out / "images", settings=settings, dropped=dropped)
    data_set = take(data_set, limit) if limit else data_set
    Workspace.create(out / "plan", data_set.items, data_set.hierarchy, name="HierOpenImages", overwrite=True, pictures=False)
    return data_set


def _counts(data_set: HierOpenImages) -> dict[str, int]:
    from hypviz.config import PairSettings
    from hypviz.data.pairs import PairSampler

    items, edges = data_set.items, data_set.hierarchy.edges
    pairs = PairSampler(items, data_set.hierarchy, PairSettings(), seed=0).counts
    from_scene = int(items.is_scene[edges.parent].sum())
    return {
        "boxes": len(items) - len(items.images),
        "classes": len(items.classes),
        "edges": len(edges),
        "box_box": len(edges) - from_scene,
        "duplicates": len(data_set.hierarchy.duplicate),
        "deepest": int(np.max(data_set.hierarchy.depth)),
        "pairs_within": pairs["within_image"],
        "pairs_cross": pairs["cross_image"],
    }


def _write_lists(data_set: HierOpenImages, out: Path) -> None:
    from hypviz.openimages.hier_openimages import class_counts

    images = data_set.items.images
    with (out / "images.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("ImageID", "Subset"), *zip(images.content.tolist(), data_set.split.tolist(), strict=True)])
    with (out / "classes.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("DisplayName", "Boxes", "Images"), *class_counts(data_set.items)])


def _checksums(out: Path, verify: bool, *, quiet: bool) -> dict[str, Any]:
    from hypviz.openimages.download import record_checksums

    with progress_bar("Checksums", quiet=quiet) as report:
        recorded, mismatched = record_checksums(out / "images", out / "checksums.sha256", verify=verify, on_progress=report)
    if mismatched:
        raise DataError(
            f"{len(mismatched):,} pictures are not what was recorded in {out / 'checksums.sha256'} (example: {mismatched[0]}); delete them "
            "and run with --download again."
        )
    return {"recorded": recorded, "bad": 0}


def _import(source: Path, out: Path, data_set: HierOpenImages, flags: tuple[str, ...], *, quiet: bool) -> dict[str, Any]:
    from hypviz.data.formats.openimages import read_openimages
    from hypviz.workspace.importing import import_workspace

    if not (out / "images").is_dir():
        raise SettingsError(f"{out / 'images'} is not there yet; fetch the pictures by --download first.")
    only = frozenset(data_set.items.images.content.tolist())
    raw = read_openimages(source, out / "images", leave_out=flags, only=only)
    with progress_bar("Reading pictures", quiet=quiet) as report:
        workspace, summary = import_workspace(out / "workspace", raw, name="HierOpenImages", overwrite=True, on_progress=report)
    return {"folder": str(workspace.folder), "summary": summary.summary(), **summary.to_json()}

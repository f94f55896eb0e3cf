"""Workspaces of the clipart world: scenes of a split drawn from their seeds, imported, and kept for the next time."""

from __future__ import annotations

from pathlib import Path

from hypviz.progress import progress_bar

SIZE = (384, 288)


def clipart_workspace(folder: Path, split: str, count: int, *, image_format: str = "jpeg", quality: int = 88) -> Path:
    """The workspace of the first `count` scenes of a split, drawn and imported into `folder` unless that was done."""
    from hypviz.clipart import SPLIT_SEEDS, write_dataset
    from hypviz.data.formats.coco import read_coco
    from hypviz.workspace.importing import import_workspace
    from hypviz.workspace.store import is_workspace

    target = folder / "workspace"
    if is_workspace(target):
        return target
    with progress_bar(f"Drawing {split} scenes") as report:
        seeds = SPLIT_SEEDS[split][:count]
        path = write_dataset(folder, seeds, size=SIZE, image_format=image_format, quality=quality, on_progress=report)
    with progress_bar("Reading them back") as report:
        import_workspace(target, read_coco(path, folder / "images"), name="clipart world", on_progress=report)
    return target

"""From an uploaded zip to a workspace: unpacked, read in whatever format it is, checked, and only then kept.

All work is done in a hidden folder beside the workspaces; a set that is refused, cancelled or half uploaded leaves nothing.
An accepted one is a workspace named by its content, its pictures beside it, so the same set is never kept twice.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import numpy as np

from hypviz.access.trust import PICTURES, is_made_here
from hypviz.data.formats.detect import open_dataset
from hypviz.data.formats.limits import check_files
from hypviz.data.importer import ImportReport, import_items
from hypviz.data.items import Items
from hypviz.errors import DataError, HypvizError, page_sentence
from hypviz.finetune.archive import unpack
from hypviz.progress import OnStage
from hypviz.storage.home import home
from hypviz.storage.owners import signed_in
from hypviz.storage.sweep import STAGE
from hypviz.workspace.importing import create_workspace
from hypviz.workspace.meta import read_meta

MAX_UPLOAD = 4 << 30
"""Bytes an uploaded archive may have."""
MIN_IMAGES = 4
"""Fewer pictures cannot be split into some to learn from and some to validate on."""
MAX_TITLE = 180
"""Bytes of a set's name."""
UNPACKING = 0.2
"""Share of the work taken to be the unpacking."""


@contextmanager
def staging() -> Iterator[Path]:
    """A hidden folder for one intake, gone at the end of the block whatever happens; that of a killed process goes by `sweep`."""
    folder = home() / f"{STAGE}{signed_in()}-{uuid4().hex[:8]}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def take_in(archive: Path, stage: Path, *, name: str, on_stage: OnStage, to_draw: bool = False) -> str:
    """The name of the workspace made from `archive`, or of the one that holds the same set already.

    stage: the folder of `staging` to work in.  name: what the archive is called.  on_stage(share, what) may raise to stop.
    to_draw: pictures with too few boxes are welcome too, to draw some on. Raises DataError with one sentence when the set cannot be
    trained on; nothing is kept then.
    """

    def unpacking(done: int, total: int | None) -> None:
        on_stage(UNPACKING * done / (total or done or 1), "unpacking")

    def reading(done: int, total: int | None) -> None:
        on_stage(UNPACKING + (0.95 - UNPACKING) * done / (total or done or 1), f"reading pictures: {done:,}")

    inside = stage / "pictures"
    inside.mkdir()
    unpack(archive, inside, name=name, on_progress=unpacking)
    try:
        check_files(inside)
        raw = open_dataset(inside, extract_to=inside / "pictures")
        items, report = import_items(replace(raw, name=title_of(name)), on_progress=reading)
    except HypvizError as error:
        raise DataError(f"{name}: {_sentence(str(error), inside)}") from None
    if not to_draw:
        check_set(items, report, name)
    on_stage(0.95, "building the hierarchy")
    return _keep(items, report, inside, title_of(name))


def check_set(items: Items, report: ImportReport | None, name: str) -> None:
    """DataError unless the set has pictures, boxes and classes enough to learn a hierarchy from."""
    huge = {} if report is None else report.dropped.get("too large", {})
    if huge:
        raise DataError(f"{name}: {Path(huge['examples'][0]).name}; make it smaller or leave it out.")
    images, boxes = len(items.images), int((~items.is_scene).sum())
    if boxes == 0:
        dropped = "" if report is None or not report.boxes_read else f" ({report.boxes_read:,} were read, none could be used)"
        raise DataError(
            f"{name} has {images:,} pictures and no boxes{dropped}: expected boxes in COCO, VOC or YOLO form, or one sub-folder per class."
        )
    used = np.unique(items.label[~items.is_scene])
    if len(used) < 2:
        raise DataError(
            f"{name} has boxes of one class only ({items.classes[int(used[0])]!r}): there is nothing to tell apart; "
            "label at least two classes, such as an object and its parts."
        )
    with_boxes = int((np.diff(items.offsets) > 1).sum())
    if with_boxes < MIN_IMAGES:
        raise DataError(
            f"{name} has {with_boxes} pictures with boxes; at least {MIN_IMAGES} are needed, some to learn from and some to validate on."
        )


def title_of(name: str) -> str:
    """A set's name for people: that of its archive without the ending, without what folders cannot be called."""
    stem = name.rsplit("/", 1)[-1].rsplit("\\", 1)[-1].removesuffix(".zip").removesuffix(".ZIP")
    title = "".join(letter if letter.isalnum() or letter in " -_." else "-" for letter in stem).strip(" .-")
    return title[:60].encode()[:MAX_TITLE].decode("utf-8", "ignore") or "set"  # names on disks are limited in bytes, and endings follow


def _sentence(text: str, inside: Path) -> str:
    """A message as a sentence, without the hidden folder's place and without advice for a command line, which a page has not."""
    for folder in (inside.resolve(), inside, inside.parent.resolve(), inside.parent):
        text = text.replace(f"{folder}{os.sep}", "").replace(str(folder), "the archive")
    return page_sentence(text)


def _keep(items: Items, report: ImportReport, inside: Path, title: str) -> str:
    """Move the pictures beside the workspaces and write the workspace; on an error neither stays."""
    target = home() / f"{title}-{items.data_hash[:8]}"
    same = [folder for folder in home().glob(f"*-{items.data_hash[:8]}") if is_made_here(folder) and _holds(folder, items)]
    if same:
        return same[0].name
    pictures = target.with_name(target.name + PICTURES)
    if pictures.exists():  # of an intake that was killed between the two
        shutil.rmtree(pictures)
    root = pictures / items.root.resolve().relative_to(inside.resolve())
    inside.rename(pictures)
    try:
        create_workspace(target, replace(items, root=root), name=title, report=report)
    except BaseException:
        shutil.rmtree(pictures, ignore_errors=True)
        raise
    return target.name


def _holds(folder: Path, items: Items) -> bool:
    """Whether a workspace is of these very items: eight letters of the hash stand in names, all of them decide."""
    try:
        return bool(read_meta(folder)["data_hash"] == items.data_hash)
    except HypvizError:
        return False

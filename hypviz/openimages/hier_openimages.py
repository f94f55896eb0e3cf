"""HierOpenImages, the paper's data, from OpenImages' official CSV files alone: no picture is needed to build it.

The boxes of OpenImages are fractions, and shares of areas do not change with the frame they are measured in. So items,
edges and pairs follow from the box files in a nominal frame of NOMINAL × NOMINAL pixels, before half a terabyte of
pictures is fetched; importing the pictures afterwards gives the same hierarchy in true pixels.

Which images and classes the paper took is not published. Ours [R]: the images of the chosen splits in which at least one
box lies inside another, so that there is more than scene → object; every class that occurs in them; no boxes of groups.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hypviz.config import HierarchySettings, check_choice
from hypviz.data.formats.openimages import GROUPS
from hypviz.data.formats.openimages_csv import FLAGS, BoxTable
from hypviz.data.frames import WRITTEN_DIGITS
from hypviz.data.hierarchy import Hierarchy, build_hierarchy, subset_hierarchy
from hypviz.data.items import SCENE, Images, Items, ids_of_keys, subset_images
from hypviz.data.lookup import blocks
from hypviz.data.raw import DropCounter
from hypviz.errors import DataError, SettingsError

NOMINAL = 1024
"""Side of the frame in which items stand before their pictures are there."""
IDS_AT_ONCE = 400_000
"""Items whose ids are made in one go; more are made in two processes."""
SPLITS = ("train", "validation", "test")
SUBSETS = ("nested", "all")


@dataclass(frozen=True)
class SubsetSettings:
    """Which part of OpenImages becomes HierOpenImages [R]."""

    subset: str = "nested"
    """"nested": images in which a box lies inside another; "all": every image with a box."""
    splits: tuple[str, ...] = SPLITS
    """Official splits to take."""
    leave_out: tuple[str, ...] = GROUPS
    """Flags of boxes that are left out: a group is no object."""

    def __post_init__(self) -> None:
        check_choice("subset", self.subset, SUBSETS)
        for split in self.splits:
            check_choice("split", split, SPLITS)
        unknown = [name for name in self.leave_out if name not in FLAGS]
        if unknown or not self.splits:
            raise SettingsError(f"Flags to leave out must be among {', '.join(FLAGS)}, got {', '.join(unknown) or 'no split'}.")


@dataclass(frozen=True, eq=False)
class HierOpenImages:
    """items and hierarchy in the nominal frame.  split: (M,) str of each image.  dropped: counts by reason."""

    items: Items
    hierarchy: Hierarchy
    split: NDArray[np.str_]
    dropped: DropCounter


def build(
    table: BoxTable,
    names: Mapping[str, str],
    root: Path,
    *,
    settings: SubsetSettings | None = None,
    hierarchy: HierarchySettings | None = None,
    dropped: DropCounter | None = None,
) -> HierOpenImages:
    """HierOpenImages of a table of boxes.

    names: class name by MID; a MID without one keeps its own.  root: where the pictures will be (SPLIT/ID.jpg).
    dropped: where to go on counting. Raises DataError when the rule leaves no image.
    """
    settings, hierarchy, dropped = settings or SubsetSettings(), hierarchy or HierarchySettings(), dropped or DropCounter()
    usable, xyxy = _usable(table, settings, dropped)
    used = np.zeros(len(table.image_ids), dtype=bool)
    used[table.image[usable]] = True
    if not used.any():
        raise DataError(f"No image of {len(table.image_ids):,} has a box left after {dropped.boxes:,} were left out.")
    items = _items(table, usable, xyxy[usable], used, names, root)
    del usable, xyxy
    containment = build_hierarchy(items, hierarchy)
    split = table.split[used]
    if settings.subset == "nested":
        nested = np.zeros(len(items.images), dtype=bool)
        nested[items.image[containment.edges.parent[~items.is_scene[containment.edges.parent]]]] = True
        if not nested.any():
            raise DataError(f"No image of {len(nested):,} has a box inside another; choose the subset of all images.")
        flat = np.flatnonzero(~nested)
        boxes = len(items) - len(items.images)
        if len(flat):
            containment = subset_hierarchy(containment, items, nested)
            items = subset_images(items, nested)  # one after the other: each is about a gigabyte
            split = split[nested]
            dropped.many("no box inside another", f"{len(flat):,} images", images=len(flat), boxes=boxes - (len(items) - len(items.images)))
    return HierOpenImages(_finished(items), containment, split, dropped)


def _finished(items: Items) -> Items:
    """The items with their true ids, and only the classes that are left; ids are hashed last, for those that stay."""
    occurring = np.unique(items.label[~items.is_scene])
    number = np.full(len(items.classes) + 1, SCENE, np.int32)  # −1, a scene, finds the last
    number[occurring] = np.arange(len(occurring), dtype=np.int32)
    return replace(
        items,
        item_id=_ids(items.images.content, items.xyxy, items.offsets),
        label=number[items.label],
        classes=tuple(items.classes[row] for row in occurring),
    )


def take(dataset: HierOpenImages, limit: int) -> HierOpenImages:
    """At most `limit` images of it, spread evenly over their order."""
    count = len(dataset.items.images)
    if limit >= count:
        return dataset
    mask = np.zeros(count, dtype=bool)
    mask[np.arange(limit) * count // limit] = True
    items, hierarchy = subset_images(dataset.items, mask), subset_hierarchy(dataset.hierarchy, dataset.items, mask)
    boxes = len(dataset.items) - count - (len(items) - limit)
    dataset.dropped.many("beyond the limit", f"{count - limit:,} images", images=count - limit, boxes=boxes)
    return HierOpenImages(items, hierarchy, dataset.split[mask], dataset.dropped)


def _usable(table: BoxTable, settings: SubsetSettings, dropped: DropCounter) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Which boxes count, and all boxes cut to their pictures; the others are counted by reason."""
    xyxy = table.xyxy
    inside = np.clip(xyxy, 0.0, 1.0)
    reasons = {
        "not in these splits": ~np.isin(table.split, settings.splits)[table.image],
        f"marked {' or '.join(settings.leave_out)}": table.flagged(settings.leave_out),
        "empty box": ~((xyxy[:, 2:] > xyxy[:, :2]).all(axis=1) & np.isfinite(xyxy).all(axis=1)),
        "outside the picture": ~(inside[:, 2:] > inside[:, :2]).all(axis=1),
    }
    usable = np.ones(len(table), dtype=bool)
    for reason, excluded in reasons.items():
        new = np.flatnonzero(usable & excluded)
        if len(new):
            dropped.many(reason, f"{table.image_ids[table.image[new[0]]]}: {xyxy[new[0]].tolist()}", boxes=len(new))
        usable &= ~excluded
    cut = int((usable & (np.abs(inside - xyxy) > WRITTEN_DIGITS).any(axis=1)).sum())
    if cut:
        dropped.many("box partly outside, cut and kept", f"{cut:,} of them")
    return usable, inside


def _items(
    table: BoxTable, usable: NDArray[np.bool_], xyxy: NDArray[np.float32], used: NDArray[np.bool_], names: Mapping[str, str], root: Path
) -> Items:
    """Scenes and boxes in the nominal frame under their numbers, until `_finished`; an image's content is its id."""
    classes, label_of = _classes(table, usable, names)
    image = (np.cumsum(used) - 1)[table.image[usable]]
    per_image = np.bincount(image, minlength=int(used.sum()))
    starts = np.concatenate([[0], np.cumsum(per_image + 1)])
    count = int(starts[-1])
    is_box = np.ones(count, dtype=bool)
    is_box[starts[:-1]] = False
    boxes = np.empty((count, 4), np.float32)
    boxes[~is_box] = (0, 0, NOMINAL, NOMINAL)
    boxes[is_box] = xyxy * np.float32(NOMINAL)
    label = np.full(count, SCENE, np.int32)
    label[is_box] = label_of[table.label[usable]]
    ids = table.image_ids[used]
    side = np.full(len(ids), NOMINAL, np.int32)
    files = np.char.add(np.char.add(table.split[used], "/"), np.char.add(ids, ".jpg"))
    return Items(
        item_id=np.arange(count).astype(f"<U{len(str(count))}"),
        image=np.repeat(np.arange(len(ids), dtype=np.int32), per_image + 1),
        xyxy=boxes,
        label=label,
        source=np.where(is_box, "annotation", "image"),
        images=Images(files, side, side, ids, np.full(len(ids), "")),
        classes=classes,
        root=root,
    )


def _classes(table: BoxTable, usable: NDArray[np.bool_], names: Mapping[str, str]) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """The classes that occur, in alphabetical order, and the class of each MID."""
    occurring = np.unique(table.label[usable])
    named = {int(row): names.get(table.mids[row], table.mids[row]) for row in occurring}
    classes = tuple(sorted(set(named.values())))
    number = {name: row for row, name in enumerate(classes)}
    label_of = np.full(len(table.mids), SCENE, np.int32)
    for row, name in named.items():
        label_of[row] = number[name]
    return classes, label_of


def _ids(image_ids: NDArray[np.str_], boxes: NDArray[np.float32], starts: NDArray[np.int64]) -> NDArray[np.str_]:
    """(N,) item ids, a part of the images after the other; of many boxes in two processes, since hashing is all Python."""
    ids = np.empty(len(boxes), dtype="<U16")
    parts = blocks(np.diff(starts), IDS_AT_ONCE)
    jobs = ((image_ids[a:b], boxes[starts[a] : starts[b]], starts[a : b + 1] - starts[a]) for a, b in parts)
    workers = min(2, os.cpu_count() or 1) if len(parts) > 1 else 1
    if workers == 1:
        id_blocks: Iterable[NDArray[np.bytes_]] = map(_ids_of, jobs)
        _fill(ids, id_blocks)
    else:
        # A fresh interpreter, not a fork: this process has threads.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            _fill(ids, pool.map(_ids_of, jobs))
    return ids


def _fill(ids: NDArray[np.str_], parts: Iterable[NDArray[np.bytes_]]) -> None:
    place = 0
    for part in parts:
        ids[place : place + len(part)] = part.astype("<U16")
        place += len(part)


def _ids_of(job: tuple[NDArray[np.str_], NDArray[np.float32], NDArray[np.int64]]) -> NDArray[np.bytes_]:
    """The ids of some images as bytes, which travel between processes at a quarter of the size."""
    image_ids, boxes, starts = job
    eighths = np.rint(boxes.astype(np.float64) * 8).astype(np.int64).tolist()
    ids: list[str] = []
    for image_id, first, last in zip(image_ids.tolist(), starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        keys = [f"{x1},{y1},{x2},{y2}" for x1, y1, x2, y2 in eighths[first + 1 : last]]
        ids += ids_of_keys(image_id, keys)
    return np.array(ids, dtype="S16")


def class_counts(items: Items) -> list[tuple[str, int, int]]:
    """Every class with its boxes and its images, in the order of `items.classes`."""
    boxes = np.flatnonzero(~items.is_scene)
    count = np.bincount(items.label[boxes], minlength=len(items.classes))
    pairs = np.unique(items.label[boxes].astype(np.int64) * len(items.images) + items.image[boxes])
    images = np.bincount(pairs // len(items.images), minlength=len(items.classes))
    return list(zip(items.classes, count.tolist(), images.tolist(), strict=True))


def split_counts(dataset: HierOpenImages) -> dict[str, int]:
    """Images by split."""
    return dict(Counter(dataset.split.tolist()).most_common())

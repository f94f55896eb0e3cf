"""The honest split: whole images on one side or the other, rare classes on both, the same for the same set and seed.

Where the set's own folders say what is for training and what for validation, that holds. Else images are dealt out by
iterative stratification (Sechidis, Tsoumakas and Vlahavas, ECML PKDD 2011): the class with the fewest images left goes
first, and each of its images to the side that still lacks most of that class. Files with the same bytes stay together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import scene_classes
from hypviz.data.items import Items
from hypviz.data.splits import image_splits
from hypviz.errors import DataError

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Split:
    """train, validation: (M,) bool over the images, disjoint; images that no box lies on are in neither.
    how: in words.  stated: whether the set's own folders said so.  missing: classes that only one side has."""

    train: Mask
    validation: Mask
    how: str
    stated: bool
    missing: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Counts and words."""
        counts = {"train": int(self.train.sum()), "validation": int(self.validation.sum())}
        return counts | {"how": self.how, "stratified": not self.stated, "missing": list(self.missing)}


def split_images(items: Items, *, share: float = 0.25, seed: int = 0) -> Split:
    """Split the images that have boxes; share: of them for validation, in (0, 1).

    Raises DataError when fewer than two images have boxes.
    """
    usable = np.diff(items.offsets) > 1
    stated = _stated(items, usable)
    if stated is not None:
        train, held = stated
        how = f"as the set's own folders say: {train.sum():,} images to learn from, {held.sum():,} to validate on"
        return Split(train, held, how, True, _one_sided(items, train, held))
    groups, member = np.unique(items.images.content[usable], return_inverse=True)
    if len(groups) < 2:
        raise DataError("The set has fewer than two different pictures with boxes; it cannot be split into training and validation.")
    held_groups = _stratified(_classes_of(items, usable, member, len(groups)), share, seed)
    held = np.zeros(len(items.images), bool)
    held[usable] = held_groups[member]
    train = usable & ~held
    how = (
        f"by image: {train.sum():,} to learn from, {held.sum():,} to validate on; drawn with seed {seed}, "
        "so that rare classes are on both sides; copies of a picture stay together"
    )
    return Split(train, held, how, False, _one_sided(items, train, held))


def _stated(items: Items, usable: Mask) -> tuple[Mask, Mask] | None:
    """The split that the folders of the pictures name, when both sides have images with boxes."""
    row, names = image_splits(items.images.file_name.tolist())
    if not {"train", "validation"} <= set(names):
        return None
    train, held = (usable & (row == names.index(name)) for name in ("train", "validation"))
    return (train, held) if train.any() and held.any() else None


def _classes_of(items: Items, usable: Mask, member: NDArray[np.int64], groups: int) -> Mask:
    """(G, C) whether a group of equal pictures shows a class."""
    shown = scene_classes(items).toarray()[usable]
    shows = np.zeros((groups, shown.shape[1]), bool)
    np.logical_or.at(shows, member, shown)
    return shows


def _stratified(shows: Mask, share: float, seed: int) -> Mask:
    """(G,) bool, the groups held out: close to `share` of all, and of each class as near to it as can be."""
    rng = np.random.default_rng(seed)
    count = len(shows)
    held_count = int(np.clip(round(share * count), 1, count - 1))
    ratio = np.array([count - held_count, held_count]) / count
    lacking = np.outer(ratio, shows.sum(axis=0))  # (2, C) images of each class that each side still lacks
    room = np.array([count - held_count, held_count])
    side = np.full(count, -1)
    while (free := side < 0).any():
        left = shows[free].sum(axis=0)
        classes = np.flatnonzero(left)
        rarest = classes[left[classes].argmin()] if len(classes) else -1
        waiting = np.flatnonzero(free & shows[:, rarest]) if rarest >= 0 else np.flatnonzero(free)
        for left_over, group in zip(range(len(waiting) - 1, -1, -1), rng.permutation(waiting), strict=True):
            target = _side(lacking[:, rarest] if rarest >= 0 else room.astype(float), room)
            if rarest >= 0 and left_over == 0:  # the last chance of a side that has none of this class yet
                present = [bool((side[shows[:, rarest]] == one).any()) for one in (0, 1)]
                target = present.index(False) if sum(present) == 1 and room[present.index(False)] > 0 else target
            side[group] = target
            room[target] -= 1
            lacking[target, shows[group]] -= 1
    held: Mask = side == 1
    return held


def _side(lack: NDArray[np.float64], room: NDArray[np.int64]) -> int:
    """The side with the larger lack that has room; training when both lack the same."""
    if room[0] <= 0 or room[1] <= 0:
        return int(room[0] <= 0)
    if abs(lack[0] - lack[1]) < 1e-9:
        return int(room[1] > room[0])
    return int(lack[1] > lack[0])


def _one_sided(items: Items, train: Mask, held: Mask) -> tuple[str, ...]:
    shown = scene_classes(items).toarray()
    odd = shown[train].any(axis=0) != shown[held].any(axis=0)
    return tuple(items.classes[label] for label in np.flatnonzero(odd))

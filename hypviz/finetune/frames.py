"""The disk while it learns: one frame per epoch, angles held fixed, so what moves is the true distance to the root.

The angles are those of the default layout before training. A point's turn, the angle between its direction then and now
in all dimensions, travels along as a number: the plane cannot show it without moving what did not move.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import Hierarchy, subset_hierarchy
from hypviz.data.items import Items, subset_images
from hypviz.search.embedding import Embedding
from hypviz.viz import layout
from hypviz.viz.disk import Columns, disk_payload, pack
from hypviz.viz.radius_scale import RadiusScale
from hypviz.viz.tree import Tree, branches

MAX_POINTS = 3_000
"""Items followed through a training: what a browser moves smoothly, and what costs little to embed every epoch."""


def followed_images(items: Items, train: NDArray[np.bool_], held: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(M,) bool: all images while they have at most `MAX_POINTS` items, else as many, evenly from both sides of the split.

    Whole images only, evenly spaced through the set; each side gets half of the room, or what the other leaves.
    """
    sizes = np.diff(items.offsets)
    chosen = np.zeros(len(items.images), bool)
    room = MAX_POINTS
    for number, side in enumerate(sorted((held, train), key=lambda mask: int(sizes[mask].sum()))):
        images = np.flatnonzero(side)
        budget = room // (2 - number)
        total = int(sizes[images].sum())
        step = max(1.0, total / max(budget, 1))
        some = images[np.unique((np.arange(int(len(images) / step)) * step).astype(np.int64))] if len(images) else images
        while len(some) and sizes[some].sum() > budget:
            some = some[:-1]
        chosen[some] = True
        room -= int(sizes[some].sum())
    return chosen


@dataclass(eq=False)
class Frames:
    """Writes the frames of some images of a set. rows: (n,) the items followed, ascending."""

    items: Items
    hierarchy: Hierarchy
    images: NDArray[np.bool_]
    held: NDArray[np.bool_]
    """(M,) bool, images to validate on."""

    def __post_init__(self) -> None:
        self.rows = np.flatnonzero(self.images[self.items.image])
        self._of_held = self.held[self.items.image[self.rows]].astype(np.uint8)
        self._start: Embedding | None = None

    def first(self, before: Embedding, *, title: str) -> bytes:
        """The disk before training, in the format of `viz.disk`; `before`: the followed items, by the start."""
        few, relations = subset_images(self.items, self.images), subset_hierarchy(self.hierarchy, self.items, self.images)
        direct = relations.edges.direct
        tree = Tree.from_edges(relations.edges.parent[direct], relations.edges.child[direct], depth=relations.depth, label=few.label)
        angles = layout.angles(before, tree)
        index, names = branches(tree, few.classes)
        file_names = few.images.file_name.tolist()
        columns = Columns(
            branch=index, depth=relations.depth, label=few.label, image=few.image, split=self._of_held,
            flags=np.zeros(len(few), np.uint8), branch_names=names, classes=few.classes, image_names=file_names,
            split_names=("to learn from", "to validate on"),
        )  # fmt: skip
        self._begin(before)
        total = len(self.items)
        how = f"all {total:,} items" if len(self.rows) == total else f"{len(self.rows):,} of {total:,} items, whole pictures evenly spaced"
        return disk_payload(before, angles, columns, scale=self._scale, layout=layout.DEFAULT, title=title, how=how)

    def _begin(self, before: Embedding) -> None:
        self._start, self._scale = before, RadiusScale.from_radii(before.radii)

    def resume(self, before: Embedding) -> None:
        """Go on where `first` was written by an earlier run."""
        self._begin(before)

    def later(self, now: Embedding, *, epoch: int) -> bytes:
        """The same items after an epoch: columns "radius", "drawn" (on the scale of the first frame), "turn", "held"."""
        if self._start is None:
            raise ValueError("Frames.later needs Frames.first or Frames.resume before it.")
        cosine = np.clip((now.directions * self._start.directions).sum(axis=1, dtype=np.float64), -1, 1)
        columns = {
            "radius": np.asarray(now.radii, "<f4"),
            "drawn": np.asarray(self._scale.drawn(now.radii), "<f4"),
            "turn": np.asarray(np.arccos(cosine), "<f4"),
            "held": self._of_held,
        }
        return pack({"version": 1, "epoch": epoch, "n": len(self.rows), "curv": float(now.curv)}, columns)

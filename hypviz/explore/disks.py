"""The disks of one view: its layouts, kept in the workspace, and the points of each as a file for the browser.

Up to `MAX_POINTS` items are sent whole. Of more, a sample by branch and depth is sent, and the page asks for the rest
where it needs it: single rows, or a region that is zoomed into.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import Hierarchy
from hypviz.data.items import SCENE, Items
from hypviz.data.splits import image_splits
from hypviz.errors import SelectionError
from hypviz.explore.layouts import Layouts
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Cones
from hypviz.search.violations import inverted, outside_cone
from hypviz.viz import honesty, layout
from hypviz.viz.disk import Columns, disk_payload
from hypviz.viz.sample import stratified
from hypviz.viz.tree import branches
from hypviz.viz.typicality import FAR, class_distance
from hypviz.workspace.store import Workspace

Rows = NDArray[np.int64]
MAX_POINTS = 50_000
"""Points sent at once: 1.5 MB, and what plotly still pans smoothly."""
FLAGS = {
    "outside_cone": "outside the cone of an annotated parent",
    "inverted": "not farther from the root than an annotated parent",
    "unlabelled": "without a class: a picture without boxes, or a box whose class says nothing",
    "proposed": "proposed by a program, not annotated",
    "far_from_class": "far from its class: the direction is farther from the class's mean than that of nearly all others",
}
"""Bits of the column "flags", from the lowest on; the first two are violations of the annotated hierarchy."""
PARTS_DEPTH = 2
"""Depth of the parts of objects: from there on the annotation is a hierarchy to be read, not labels to be checked."""
NO_CLASS = {"", "-", "?", "none", "n/a", "na", "null", "unknown", "unlabelled", "unlabeled", "no label", "undefined"}


class Disks(Layouts):
    """Layouts and points of one embedded workspace; safe to share between threads.

    start: the row that is selected first, always among the points.
    """

    def __init__(self, workspace: Workspace, embedding: Embedding, *, checkpoint: str, omega: float | Cones, start: int = 0) -> None:
        super().__init__(workspace, embedding, checkpoint=checkpoint, omega=omega)
        self._items, self._hierarchy, self.start = workspace.items, workspace.hierarchy, start
        self._points: dict[str, bytes] = {}

    def relabelled(self, items: Items) -> Disks:
        """The same disks for the same items with other classes: points and layouts stay, names and colours are those of `items`."""
        other = copy(self)
        for name in ("columns", "class_distance", "_stratum"):
            vars(other).pop(name, None)
        other._items, other._points = items, {}
        return other

    @cached_property
    def columns(self) -> Columns:
        """What the points are coloured and filtered by."""
        items = self._items
        index, names = branches(replace(self.tree, label=items.label.astype(np.int64)), items.classes)
        file_names = items.images.file_name.tolist()
        splits, split_names = image_splits(file_names)
        return Columns(
            branch=index, depth=self._hierarchy.depth, label=items.label, image=items.image, split=splits[items.image],
            flags=self._flags(), branch_names=names, classes=items.classes, image_names=file_names,
            split_names=split_names, flag_names=FLAGS, far=self.class_distance,
        )  # fmt: skip

    @cached_property
    def class_distance(self) -> NDArray[np.float32]:
        """(N,) how far each item lies from its class, standardised (`viz.typicality`)."""
        return class_distance(self.embedding, self._items.label)

    @property
    def overview(self) -> str:
        """The layout to open with: by class where the annotation is a hierarchy of parts; by direction where it is plain
        labels, which are to be checked: UMAP once it has been made, else PCA, which takes no time."""
        if int(self._hierarchy.depth.max(initial=0)) >= PARTS_DEPTH:
            return layout.DEFAULT
        return "umap" if self._ready("umap") else "pca"

    def _flags(self) -> NDArray[np.uint8]:
        items, edges = self._items, self._hierarchy.edges
        parent, child = edges.parent[edges.direct], edges.child[edges.direct]
        wordless = np.array([name.strip().lower() in NO_CLASS for name in items.classes] + [False])  # −1 finds the last
        alone = np.diff(items.offsets) == 1
        bits = (
            outside_cone(self.embedding, parent, child, omega=self.omega),
            inverted(self.embedding, parent, child) & (self.embedding.geometry != "cosine"),
            wordless[items.label] | ((items.label == SCENE) & alone[items.image]),
            items.source == "proposal",
            self.class_distance >= FAR,
        )
        return np.asarray(sum(mask.astype(np.uint8) << bit for bit, mask in enumerate(bits)), np.uint8)

    def points(self, method: str = layout.DEFAULT, *, budget: int | None = None, focus: Sequence[int] = ()) -> bytes:
        """The points of a layout as one file (`viz.disk`), at most `budget` of them, else MAX_POINTS.

        focus: rows that must be among them with all their ancestors and descendants, beyond the budget if need be.
        """
        most = MAX_POINTS if budget is None else checked_budget(budget)
        families = [self.family(row) for row in focus]
        placed = self.angles(method)
        if budget is None and not focus:
            if method not in self._points:
                self._points[method] = self._payload(method, placed, self._chosen(most))
            return self._points[method]
        return self._payload(method, placed, self._chosen(most, families))

    def sent(self) -> Rows | None:
        """The rows that `points` sends, ascending; None for all."""
        return self._chosen(MAX_POINTS)

    def some(self, method: str, rows: Iterable[int]) -> bytes:
        """The points of certain rows, in the format of `points`."""
        requested = np.unique(np.fromiter(rows, np.int64))
        if len(requested) > MAX_POINTS:
            raise SelectionError(f"At most {MAX_POINTS:,} points can be asked for at once, got {len(requested):,}.")
        if len(requested) and not 0 <= requested[0] <= requested[-1] < len(self.embedding):
            raise SelectionError(f"Rows must be in 0…{len(self.embedding) - 1}, got {requested[0]}…{requested[-1]}.")
        return self._payload(method, self.angles(method), requested, how=f"{len(requested):,} rows that were asked for")

    def more(self, method: str, region: NDArray[np.bool_], *, budget: int | None = None) -> bytes:
        """Further points of a region (N,), those left out of `points` first of all: for zooming in.

        A sample by branch and depth of at most `budget`, in the format of `points`; its `how` says of how many.
        """
        most = MAX_POINTS if budget is None else checked_budget(budget)
        fresh = region.copy()
        if len(self.embedding) > MAX_POINTS:
            fresh[self._chosen(MAX_POINTS)] = False
        inside = np.flatnonzero(fresh)
        rows = stratified(self._stratum, most, among=inside)
        how = f"{len(rows):,} of {len(inside):,} further items in this region" + (
            ", by branch and depth" if len(rows) < len(inside) else ""
        )
        return self._payload(method, self.angles(method), rows, how=how)

    def distortion(self, rows: Rows | None = None, method: str = layout.DEFAULT) -> NDArray[np.float32]:
        """How much a layout misplaces each of some rows (None: all), in [0, 1]; see `honesty.point_distortion`."""
        return honesty.point_distortion(self.embedding, self.angles(method), rows)

    @cached_property
    def _stratum(self) -> NDArray[np.int64]:
        return self.columns.branch.astype(np.int64) << 32 | self._hierarchy.depth.astype(np.int64)

    def sampled(self, rows: Rows, budget: int) -> Rows:
        """At most `budget` of some rows, ascending: of every branch and depth its share, small groups lifted."""
        return stratified(self._stratum, budget, among=rows)

    def _chosen(self, budget: int, families: Sequence[Rows] = ()) -> Rows | None:
        """Rows to send, ascending; None for all."""
        if len(self.embedding) <= budget:
            return None
        rows = stratified(self._stratum, budget)
        return np.union1d(rows, np.concatenate([self.family(self.start), *families]))

    def family(self, row: int) -> Rows:
        """A row with its ancestors and descendants."""
        if not 0 <= row < len(self.embedding):
            raise SelectionError(f"No item {row} in this data set; it has {len(self.embedding)}, counted from 0.")
        related = (self._hierarchy.ancestors_of(row), self._hierarchy.descendants_of(row))
        return np.concatenate([[row], *related]).astype(np.int64)

    def _payload(self, method: str, placed: NDArray[np.float32], rows: Rows | None, *, how: str = "") -> bytes:
        total, (correlation, chance) = len(self.embedding), self.correlation(method)
        whole = f"all {total:,} items" if rows is None else (
            f"{len(rows):,} of {total:,} items: of every branch and depth its share, small groups lifted; the selection "
            "with its ancestors and descendants always"
        )  # fmt: skip
        return disk_payload(
            self.embedding, placed, self.columns, rows=rows, scale=self.scale, distortion=correlation, chance=chance,
            point_distortion=self.distortion(rows, method), layout=method,
            title=self.workspace.name, how=how or whole,
        )  # fmt: skip


def checked_budget(budget: int) -> int:
    """A number of points from outside, in 1…MAX_POINTS."""
    if isinstance(budget, bool) or not isinstance(budget, int) or not 1 <= budget <= MAX_POINTS:
        raise SelectionError(f"A budget is a number of points from 1 to {MAX_POINTS:,}, got {budget!r}.")
    return budget


def start_row(workspace: Workspace, embedding: Embedding) -> int:
    """Where a newcomer stands first: `first_scene`; among own vectors the one with the most descendants, or without edges the one
    nearest to the root."""
    edges = workspace.hierarchy.edges
    if workspace.vectors is not None:
        return int(np.bincount(edges.parent).argmax()) if len(edges) else int(np.argmin(embedding.radii))
    return first_scene(workspace.items, workspace.hierarchy)


def first_scene(items: Items, hierarchy: Hierarchy) -> int:
    """The row of the scene that shows most of a hierarchy at once.

    What a scene shows is the number of its object classes that hold something, times the number of different (holding, held) pairs
    of classes: a room full of things counts more than one box around a hundred others. Without boxes inside boxes it is the scene with
    the most classes.
    """
    edges, count = hierarchy.edges, len(items.images)
    held = edges.direct & (hierarchy.depth[edges.parent] >= 1)
    parent, child = edges.parent[held], edges.child[held]
    image, label, outermost = items.image[parent], items.label[parent], hierarchy.depth[parent] == 1
    shown = _distinct(count, image[outermost], label[outermost]) * _distinct(count, image, label, items.label[child])
    if not shown.any():
        shown = _distinct(count, items.image, items.label)
    return int(items.offsets[int(shown.argmax())])


def _distinct(count: int, image: NDArray[np.integer], *labels: NDArray[np.integer]) -> NDArray[np.integer]:
    """(count,) how many different rows of labels each image has."""
    key, kinds = image.astype(np.int64), 1
    for label in labels:  # one number for a row: rows of several columns take twenty times as long to sort
        span = int(label.max(initial=SCENE)) - SCENE + 1
        key, kinds = key * span + (label - SCENE), kinds * span
    return np.bincount(np.unique(key) // kinds, minlength=count)

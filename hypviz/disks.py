"""The disks of one view: its layouts, kept in the workspace, and the points of each as a file for the browser.

Up to `MAX_POINTS` items are sent whole. Of more, a sample by branch and depth is sent, and the page asks for the rest
where it needs it: single rows, or a region that is zoomed into.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.data.splits import image_splits
from hypviz.errors import SelectionError, WorkspaceError
from hypviz.search.embedding import Embedding
from hypviz.search.violations import inverted, outside_cone
from hypviz.store import Workspace
from hypviz.viz import honesty, layout
from hypviz.viz.disk import Columns, disk_payload
from hypviz.viz.placing import carry_over
from hypviz.viz.radius_scale import RadiusScale
from hypviz.viz.sample import stratified
from hypviz.viz.tree import Tree, branches

log = logging.getLogger(__name__)
Json = dict[str, Any]
Rows = NDArray[np.int64]
MAX_POINTS = 50_000
"""Points sent at once: 1.5 MB, and what plotly still pans smoothly."""
FLAGS = {
    "outside_cone": "outside the cone of an annotated parent",
    "inverted": "not farther from the root than an annotated parent",
    "unlabelled": "without a class: a picture without boxes, or a box whose class says nothing",
}
"""Bits of the column "flags", from the lowest on; the first two are violations of the annotated hierarchy."""
NO_CLASS = {"", "-", "?", "none", "n/a", "na", "null", "unknown", "unlabelled", "unlabeled", "no label", "undefined"}


class Disks:
    """Layouts and points of one embedded workspace; safe to share between threads.

    checkpoint: hash the workspace keeps the embedding under.  omega: half-angle of the calibrated cones, radians.
    start: the row that is selected first, always among the points.
    """

    def __init__(self, workspace: Workspace, embedding: Embedding, *, checkpoint: str, omega: float, start: int = 0) -> None:
        self.workspace, self.embedding, self.omega = workspace, embedding, omega
        self._items, self._hierarchy = workspace.items, workspace.hierarchy
        self._checkpoint, self._start = checkpoint, start
        self._locks = {name: threading.Lock() for name in layout.METHODS}
        self._angles: dict[str, NDArray[np.float32]] = {}
        self._points: dict[str, bytes] = {}
        self._honesty: dict[str, honesty.Honesty] = {}
        self._correlations: dict[str, float | None] = {}
        self._seconds: dict[str, float] = {}
        self._progress: dict[str, tuple[int, int | None]] = {}

    @cached_property
    def tree(self) -> Tree:
        """The hierarchy as the layout reads it."""
        edges = self._hierarchy.edges
        direct = edges.direct
        return Tree.from_edges(edges.parent[direct], edges.child[direct], depth=self._hierarchy.depth, label=self._items.label)

    @cached_property
    def scale(self) -> RadiusScale:
        """True distance → drawn radius, the same for every point, and for items that are added later."""
        stored = self.workspace.read_array(self._checkpoint, self._name("scale"))
        return RadiusScale.from_radii(self.embedding.radii) if stored is None else RadiusScale(*stored)

    @cached_property
    def columns(self) -> Columns:
        """What the points are coloured and filtered by."""
        items = self._items
        index, names = branches(self.tree, items.classes)
        file_names = items.images.file_name.tolist()
        splits, split_names = image_splits(file_names)
        return Columns(
            branch=index, depth=self._hierarchy.depth, label=items.label, image=items.image, split=splits[items.image],
            flags=self._flags(), branch_names=names, classes=items.classes, image_names=file_names,
            split_names=split_names, flag_names=FLAGS,
        )  # fmt: skip

    def _flags(self) -> NDArray[np.uint8]:
        items, edges = self._items, self._hierarchy.edges
        parent, child = edges.parent[edges.direct], edges.child[edges.direct]
        wordless = np.array([name.strip().lower() in NO_CLASS for name in items.classes] + [False])  # −1 finds the last
        alone = np.diff(items.offsets) == 1
        bits = (
            outside_cone(self.embedding, parent, child, omega=self.omega),
            inverted(self.embedding, parent, child) & (self.embedding.geometry != "cosine"),
            wordless[items.label] | (items.is_scene & alone[items.image]),
        )
        return np.asarray(sum(mask.astype(np.uint8) << bit for bit, mask in enumerate(bits)), np.uint8)

    # ---- layouts ---------------------------------------------------------------------------------------------------

    def angles(self, method: str = layout.DEFAULT) -> NDArray[np.float32]:
        """(N,) drawn angles of a layout, from the workspace when they are there, else made and kept."""
        with self._locks[layout.check_method(method)]:
            if method not in self._angles:
                stored = self.workspace.read_array(self._checkpoint, self._name(method))
                self._angles[method] = self._make(method) if stored is None else stored
            return self._angles[method]

    def layouts(self) -> list[Json]:
        """The layouts there are: name, title, how it is made, whether it is ready, and how long it took or may take.

        seconds: measured when it was made by this process, None otherwise.  estimate: of a layout not yet ready, for
        two CPU cores.  progress: [items placed, all] while it is being made, None otherwise.
        """
        return [
            {
                "name": name,
                "title": kind.title,
                "how": kind.how,
                "ready": self._ready(name),
                "seconds": self._seconds.get(name),
                "estimate": round(kind.seconds * max(len(self.embedding) / 10_000, 0.1), 1),
                "progress": self._progress.get(name),
            }
            for name, kind in layout.LAYOUTS.items()
        ]

    def honesty(self, method: str = layout.DEFAULT) -> honesty.Honesty:
        """The scores of a layout; seeded, so the same every time."""
        placed = self.angles(method)
        if method not in self._honesty:
            self._honesty[method] = honesty.measure(self.embedding, placed, omega=self.omega)
        return self._honesty[method]

    def angle_of(self, direction: NDArray[np.float32], row: int | None) -> dict[str, float]:
        """The drawn angle of an item (its row) or of a new direction in every layout that is ready."""
        ready = [name for name in layout.METHODS if name == layout.DEFAULT or self._ready(name)]
        if row is not None:
            return {name: float(self.angles(name)[row]) for name in ready}
        return {name: float(layout.place(self.angles(name), self.embedding, direction)) for name in ready}

    def _ready(self, method: str) -> bool:
        return method in self._angles or self.workspace.has_array(self._checkpoint, self._name(method))

    def _make(self, method: str) -> NDArray[np.float32]:
        begun = time.perf_counter()
        self._progress[method] = (0, len(self.embedding))
        try:
            made = self._carried(method)
            if made is None:
                made = layout.angles(self.embedding, self.tree, method=method, on_progress=self._reporter(method))
        finally:
            self._progress.pop(method)
        self._seconds[method] = round(time.perf_counter() - begun, 2)
        self._keep(method, made)
        return made

    def _reporter(self, method: str) -> Any:
        def report(done: int, total: int | None) -> None:
            self._progress[method] = (done, total)

        return report

    def _carried(self, method: str) -> NDArray[np.float32] | None:
        """The layout of an earlier state of the data, with what was added since placed in it."""
        for folder in self.workspace.former_embeddings(self._checkpoint):
            old = sorted(folder.glob(f"layout-{method}-*.npy"), key=lambda path: path.stat().st_mtime)
            try:
                angles, ids = np.load(old[-1]), np.load(folder / "layout-ids.npy")
                carried = carry_over(angles, ids, self._ids, self.embedding)
                if carried is not None:
                    self._take_scale(folder, old[-1].stem.removeprefix(f"layout-{method}-"))
                    return carried
            except (IndexError, OSError, ValueError):
                continue  # nothing to carry over from this one
        return None

    def _take_scale(self, folder: Any, stamp: str) -> None:
        path = folder / f"layout-scale-{stamp}.npy"
        if path.is_file():
            self.scale = RadiusScale(*np.load(path))

    @property
    def _ids(self) -> NDArray[np.bytes_]:
        return np.char.encode(self._items.item_id, "utf-8")

    def _keep(self, method: str, made: NDArray[np.float32]) -> None:
        """Layout, radius scale and the ids they are of; in a folder that cannot be written to they live in memory only."""
        scale = np.stack([self.scale.true_table, self.scale.drawn_table])
        kept: dict[str, NDArray[Any]] = {self._name(method): made, self._name("scale"): scale, "layout-ids": self._ids}
        try:
            for name, array in kept.items():
                self.workspace.write_array(self._checkpoint, name, array)
        except (OSError, WorkspaceError) as error:
            log.warning("The layout %s cannot be kept (%s); it will be made again next time.", method, error)

    def _name(self, method: str) -> str:
        return f"layout-{method}-{str(self.workspace.meta['stamp'])[:16]}"

    # ---- points ----------------------------------------------------------------------------------------------------

    def points(self, method: str = layout.DEFAULT, *, budget: int | None = None, focus: Sequence[int] = ()) -> bytes:
        """The points of a layout as one file (`viz.disk`), at most `budget` of them, else MAX_POINTS.

        focus: rows that must be among them with all their ancestors and descendants, beyond the budget if need be.
        """
        most = MAX_POINTS if budget is None else checked_budget(budget)
        placed = self.angles(method)
        if budget is None and not focus:
            if method not in self._points:
                self._points[method] = self._payload(method, placed, self._chosen(most, ()))
            return self._points[method]
        return self._payload(method, placed, self._chosen(most, focus))

    def sent(self) -> Rows | None:
        """The rows that `points` sends, ascending; None for all."""
        return self._chosen(MAX_POINTS, ())

    def some(self, method: str, rows: Iterable[int]) -> bytes:
        """The points of certain rows, in the format of `points`."""
        wanted = np.unique(np.fromiter(rows, np.int64))
        if len(wanted) > MAX_POINTS:
            raise SelectionError(f"At most {MAX_POINTS:,} points can be asked for at once, got {len(wanted):,}.")
        if len(wanted) and not 0 <= wanted[0] <= wanted[-1] < len(self.embedding):
            raise SelectionError(f"Rows must be in 0…{len(self.embedding) - 1}, got {wanted[0]}…{wanted[-1]}.")
        return self._payload(method, self.angles(method), wanted, how=f"{len(wanted):,} rows that were asked for")

    def more(self, method: str, region: NDArray[np.bool_], *, budget: int | None = None) -> bytes:
        """Further points of a region (N,), those left out of `points` first of all: for zooming in.

        A sample by branch and depth of at most `budget`, in the format of `points`; its `how` says of how many.
        """
        most = MAX_POINTS if budget is None else checked_budget(budget)
        fresh = region.copy()
        if len(self.embedding) > MAX_POINTS:
            fresh[self._chosen(MAX_POINTS, ())] = False
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

    def _chosen(self, budget: int, focus: Sequence[int]) -> Rows | None:
        """Rows to send, ascending; None for all."""
        if len(self.embedding) <= budget:
            return None
        rows = stratified(self._stratum, budget)
        return np.union1d(rows, np.concatenate([self.family(row) for row in (self._start, *focus)]))

    def family(self, row: int) -> Rows:
        """A row with its ancestors and descendants."""
        if not 0 <= row < len(self.embedding):
            raise SelectionError(f"No item {row} in this data set; it has {len(self.embedding)}, counted from 0.")
        related = (self._hierarchy.ancestors_of(row), self._hierarchy.descendants_of(row))
        return np.concatenate([[row], *related]).astype(np.int64)

    def _payload(self, method: str, placed: NDArray[np.float32], rows: Rows | None, *, how: str = "") -> bytes:
        total = len(self.embedding)
        whole = f"all {total:,} items" if rows is None else (
            f"{len(rows):,} of {total:,} items: of every branch and depth its share, small groups lifted; the selection "
            "with its ancestors and descendants always"
        )  # fmt: skip
        return disk_payload(
            self.embedding, placed, self.columns, rows=rows, scale=self.scale, distortion=self._correlation(method),
            point_distortion=self.distortion(rows, method), layout=method,
            title=self.workspace.name, how=how or whole,
        )  # fmt: skip

    def _correlation(self, method: str) -> float | None:
        if method not in self._correlations:
            plane = honesty.plane_of(self.embedding, self.angles(method))
            self._correlations[method] = honesty.rank_correlation(self.embedding, plane)[0]
        return self._correlations[method]


def checked_budget(budget: int) -> int:
    """A number of points from outside, in 1…MAX_POINTS."""
    if isinstance(budget, bool) or not isinstance(budget, int) or not 1 <= budget <= MAX_POINTS:
        raise SelectionError(f"A budget is a number of points from 1 to {MAX_POINTS:,}, got {budget!r}.")
    return budget

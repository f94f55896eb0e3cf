"""The layouts of one embedded workspace: made when they are asked for, kept in it, and carried over when its data grow."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.config import check_choice
from hypviz.data.items import only_pictures
from hypviz.errors import WorkspaceError
from hypviz.progress import OnProgress
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Cones
from hypviz.storage.json_types import Json
from hypviz.viz import honesty, layout
from hypviz.viz.focus import family_angles
from hypviz.viz.insertion import carry_over
from hypviz.viz.radius_scale import RadiusScale
from hypviz.viz.tree import Tree
from hypviz.workspace.store import Workspace

SCALES = ("stretched", "linear")
log = logging.getLogger(__name__)


class Layouts:
    """Angles of every layout and the one radius scale; safe to share between threads.

    checkpoint: hash the workspace keeps the embedding under.  omega: half-angle of the calibrated cones in radians, or by level.
    """

    def __init__(self, workspace: Workspace, embedding: Embedding, *, checkpoint: str, omega: float | Cones) -> None:
        self.workspace, self.embedding, self.omega = workspace, embedding, omega
        self._checkpoint = checkpoint
        self._locks = {name: threading.Lock() for name in layout.METHODS}
        self._angles: dict[str, NDArray[np.float32]] = {}
        self._honesty: dict[str, honesty.Honesty] = {}
        self._correlations: dict[str, tuple[float | None, float | None]] = {}
        self._seconds: dict[str, float] = {}
        self._progress: dict[str, tuple[int, int | None]] = {}

    @cached_property
    def tree(self) -> Tree:
        """The hierarchy as the layout reads it."""
        edges, items = self.workspace.hierarchy.edges, self.workspace.items
        direct = edges.direct
        return Tree.from_edges(edges.parent[direct], edges.child[direct], depth=self.workspace.hierarchy.depth, label=items.label)

    @cached_property
    def scale(self) -> RadiusScale:
        """True distance → drawn radius, the same for every point and layout; that of the former state if there is one."""
        stored = self.workspace.read_array(self._checkpoint, self._name("scale"))
        if stored is None and self._former is not None:
            stored = _newest(self._former, "scale")
        if stored is not None:
            return RadiusScale(*stored)
        return RadiusScale.from_radii(self.embedding.radii, **({"linear": 0.0} if self._flat else {}))

    @cached_property
    def _flat(self) -> bool:
        """Whole pictures alone: their radii mean little and may lie orders of magnitude apart, so neither scale nor angles follow them."""
        return only_pictures(self.workspace.items)

    @cached_property
    def _placed(self) -> Embedding:
        """What the angles are made of."""
        space = self.embedding
        return replace(space, radii=np.ones_like(space.radii)) if self._flat else space

    def radius_scale(self, name: str | None = None) -> RadiusScale:
        """The scale of the disk by name: None or "stretched" the one that follows the quantiles, "linear" the plain one."""
        check_choice("scale", name or "stretched", SCALES)
        return RadiusScale.linear(self.embedding.radii) if name == "linear" else self.scale

    @cached_property
    def families(self) -> NDArray[np.float32]:
        """(N,) one angle per family of items, which says on which side of a selection they are drawn (`viz.focus`)."""
        return family_angles(self.angles(), self.tree)

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
            self._honesty[method] = honesty.measure(self._placed, placed, omega=self.omega)
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
            angles = self._carried(method)
            if angles is None:
                angles = layout.angles(self._placed, self.tree, method=method, on_progress=self._reporter(method))
        finally:
            self._progress.pop(method)
        self._seconds[method] = round(time.perf_counter() - begun, 2)
        self._keep(method, angles)
        return angles

    def _reporter(self, method: str) -> OnProgress:
        def report(done: int, total: int | None) -> None:
            self._progress[method] = (done, total)

        return report

    def _carried(self, method: str) -> NDArray[np.float32] | None:
        """The layout of the former state of the data, with what was added since placed in it."""
        old = None if self._former is None else _newest(self._former, method)
        if self._former is None or old is None:
            return None
        return carry_over(old, np.load(self._former / "layout-ids.npy"), self._ids, self.embedding)

    @cached_property
    def _former(self) -> Path | None:
        """Where the newest earlier state of the data lies that shares at least half of the items."""
        for folder in self.workspace.former_embeddings(self._checkpoint):
            try:
                shared = np.isin(self._ids, np.load(folder / "layout-ids.npy"))
            except (OSError, ValueError):
                continue  # no layout was made there, or it is damaged
            if 2 * np.count_nonzero(shared) >= len(shared):
                return folder
        return None

    @property
    def _ids(self) -> NDArray[np.bytes_]:
        ids = np.ascontiguousarray(self.workspace.items.item_id)
        letters = ids.view(np.uint32).reshape(len(ids), -1)
        if letters.max() >= 128:
            return np.char.encode(ids, "utf-8")
        plain: NDArray[np.bytes_] = letters.astype(np.uint8).view(f"S{letters.shape[1]}")[:, 0]  # the same, and no loop over the items
        return plain

    def _keep(self, method: str, angles: NDArray[np.float32]) -> None:
        """Layout, radius scale and the ids they are of; in a folder that cannot be written to they live in memory only."""
        scale = np.stack([self.scale.true_table, self.scale.drawn_table])
        arrays: dict[str, NDArray[Any]] = {self._name(method): angles, self._name("scale"): scale, "layout-ids": self._ids}
        try:
            for name, array in arrays.items():
                self.workspace.write_array(self._checkpoint, name, array)
        except (OSError, WorkspaceError) as error:
            log.warning("The layout %s cannot be kept (%s); it will be made again next time.", method, error)

    def _name(self, method: str) -> str:
        return f"layout-{method}-{str(self.workspace.meta['stamp'])[:16]}"

    def correlation(self, method: str) -> tuple[float | None, float | None]:
        """Rank correlation of a layout's drawn distances with the true ones, for the caption, and its chance (`viz.honesty`)."""
        if method not in self._correlations:
            placed = self.angles(method)
            drawn, luck = (
                honesty.rank_correlation(self._placed, honesty.plane_of(self._placed, angles))[0]
                for angles in (placed, honesty.shuffled(placed))
            )
            self._correlations[method] = drawn, luck
        return self._correlations[method]


def _newest(folder: Path, name: str) -> NDArray[Any] | None:
    """The array `layout-NAME-STAMP.npy` of a folder that was written last, None without a readable one."""
    for path in sorted(folder.glob(f"layout-{name}-*.npy"), key=lambda path: path.stat().st_mtime, reverse=True):
        try:
            array: NDArray[Any] = np.load(path)
        except (OSError, ValueError):
            continue
        return array
    return None

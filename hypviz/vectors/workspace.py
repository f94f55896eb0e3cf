"""A workspace of own vectors: every vector an item, its picture if there is one, edges if they were given.

    WS/vectors.npy, WS/vectors.json    the vectors in the tangent space of the origin, and the card they are seen through

They stand where a checkpoint would: `Workspace.vectors` names them, and the stored embedding is theirs. There is no model, so
own pictures and words cannot be placed among them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.config import EncoderSettings
from hypviz.data.containment import longest_chain, transitive_closure
from hypviz.data.hierarchy import Edges, Hierarchy
from hypviz.data.items import SCENE, VECTOR, Images, Items, content_hash
from hypviz.data.pictures import PictureError, read_size
from hypviz.errors import DataError, WorkspaceError
from hypviz.metrics import ThresholdSweep
from hypviz.model.card import Card, checkpoint_hash, read_card, write_card
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index
from hypviz.storage.files import write_file
from hypviz.storage.json_types import Json
from hypviz.vectors.columns import as_texts
from hypviz.vectors.edges import EdgeCount, edge_pairs
from hypviz.vectors.models import AUTO, Placed, as_model, place_vectors
from hypviz.vectors.read import VectorTable
from hypviz.workspace.store import VECTORS, Workspace

NO_LABELS = "vector"
"""Class of everything when no labels are given."""
SIDE = 192
"""Width and height that a vector without a picture is given, in pixels: that of its drawn card."""
MAX_EDGES = 20_000_000
"""Ancestor → descendant pairs that are kept; a graph with more has too many paths to be a hierarchy."""
CALIBRATED_ON = 2000
"""Parents that ω is calibrated on, at most."""
OMEGA = 0.5
"""Cone threshold in radians where there are no edges to calibrate it on."""


@dataclass(frozen=True)
class Summary:
    """What became of a file of vectors. labelled: vectors with a label.  edges: those read, kept and left out.
    without: vectors whose picture is not used, counted by reason.  notes: what was read past, a sentence each."""

    name: str
    count: int
    dimension: int
    placed: Json
    omega: float
    calibrated: bool
    labelled: int = 0
    classes: int = 0
    edges: EdgeCount = field(default_factory=EdgeCount)
    without: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_json(self) -> Json:
        """JSON-ready. `edges` are those read: kept and dropped together."""
        return {
            "name": self.name, "vectors": self.count, "dimension": self.dimension, **self.placed, "omega": self.omega,
            "omega_calibrated": self.calibrated, "labels": self.labelled, "classes": self.classes,
            "edges": self.edges.read, "kept_edges": self.edges.accepted, "dropped_edges": self.edges.dropped,
            "pictures_not_used": self.without, "notes": list(self.notes),
        }  # fmt: skip

    def lines(self) -> list[str]:
        """The same for the terminal."""
        placed, dropped = self.placed, self.edges.dropped
        moved = f", {placed['moved']} rows moved on to it" if placed["moved"] else ""
        left = "".join(f"; left out: {entry['count']:,} {reason} (e.g. {entry['examples'][0]})" for reason, entry in dropped.items())
        return [
            f"{self.count:,} vectors in {self.dimension} dimensions, taken as {placed['model']} of curvature −{placed['curv']:g}; "
            f"at most {placed['off']:.2g} off the manifold (row {placed['worst_row']}){moved}",
            f"{self.labelled:,} labels, {self.classes:,} classes; {self.edges.read:,} edges read, {self.edges.accepted:,} kept{left}",
            *self.notes,
            f"ω {self.omega:.3f} ({'from the edges' if self.calibrated else 'not calibrated: no edges'})",
        ]


def make_vectors_workspace(
    folder: Path,
    table: VectorTable,
    *,
    name: str,
    model: str | None = None,
    curv: float | None = None,
    project: bool = False,
    images_root: Path | None = None,
    overwrite: bool = False,
    where: str = "vectors",
) -> tuple[Workspace, Summary]:
    """A workspace of the vectors, embedded. model, curv: as in `place_vectors`, in place of what was given with them.

    images_root: the folder that paths of pictures start from. Raises DataError for vectors off the manifold, columns of another
    length, edges in a circle; WorkspaceError as `Workspace.create`.
    """
    curv = table.curv if curv is None else curv
    placed = place_vectors(table.vectors, model=model or table.model or AUTO, curv=curv, project=project, where=where)
    items, without = vector_items(placed.embedding, table, images_root or Path.cwd())
    pairs, edges = edge_pairs(table.edge_table(where), len(items), ids=table.ids, labels=table.labels)
    hierarchy = hierarchy_of(len(items), pairs)
    omega, omega_parents, calibrated = _omega(placed.embedding, hierarchy)
    summary = Summary(
        name, len(items), placed.embedding.directions.shape[1], placed.to_json(), omega, calibrated,
        labelled=int((items.label != SCENE).sum()) if table.labels is not None else 0, classes=len(items.classes),
        edges=edges, without=without, notes=(*table.notes, *edges.notes),
    )  # fmt: skip
    pictures = bool((items.images.content != "").any())
    workspace = Workspace.create(
        folder, items, hierarchy, name=name, report=summary.to_json(), overwrite=overwrite, pictures=pictures, vectors=True
    )
    write_file(workspace.folder / VECTORS, lambda part: _save(part, placed.embedding))
    card = _card(name, placed, omega, omega_parents, calibrated)
    write_card(workspace.folder / VECTORS, card)
    workspace.write_embedding(checkpoint_hash(workspace.folder / VECTORS), placed.embedding, extra={"vectors": where})
    return workspace, summary


def own_embedding(workspace: Workspace) -> Embedding:
    """The vectors that a workspace was made of, read back from its own file; WorkspaceError when it has none."""
    if workspace.vectors is None:
        raise WorkspaceError(f"{workspace.folder} was not made of vectors.")
    return place_vectors(np.load(workspace.vectors), model="tangent", curv=read_card(workspace.vectors).curv).embedding


def vector_items(embedding: Embedding, table: VectorTable, root: Path) -> tuple[Items, dict[str, int]]:
    """An item per vector in their order, and how many of the pictures named are not used, by reason."""
    count = len(embedding)
    for column in ("labels", "images", "ids"):
        values = getattr(table, column)
        if values is not None and len(values) != count:
            raise DataError(f"{column} has {len(values):,} values for {count:,} vectors; give one per vector, in their order.")
    words = np.full(count, NO_LABELS) if table.labels is None else as_texts(table.labels.tolist())
    classes = np.unique(words[words != ""])
    label = np.where(words == "", SCENE, np.searchsorted(classes, words))
    images, without = _images(table.images, count, root)
    boxes = np.stack([np.zeros(count), np.zeros(count), images.width, images.height], axis=1).astype(np.float32)
    items = Items(
        item_id=_ids(embedding, table.ids), image=np.arange(count, dtype=np.int32), xyxy=boxes, label=label.astype(np.int32),
        source=np.full(count, VECTOR), images=images, classes=tuple(map(str, classes)), root=root.resolve(),
    )  # fmt: skip
    return items, without


def hierarchy_of(count: int, edges: NDArray[Any] | None) -> Hierarchy:
    """The hierarchy of given parent → child rows (E, 2): their closure, direct where no longer path replaces the edge.

    DataError for rows that are not there, an item above itself, or more than MAX_EDGES pairs.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    pairs = _pairs(count, edges)
    relation = csr_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    groups, member = connected_components(relation, directed=True, connection="strong")
    if groups < count or (pairs[:, 0] == pairs[:, 1]).any():
        itself = pairs[pairs[:, 0] == pairs[:, 1], 0]
        circle = itself[:1] if len(itself) else np.flatnonzero(member == np.argmax(np.bincount(member)))[:5]
        raise DataError(f"edges go in a circle through rows {', '.join(map(str, circle))}; a parent cannot lie under its child.")
    depth = longest_chain(pairs[:, 0], pairs[:, 1], count)
    if depth.astype(np.int64).sum() > MAX_EDGES:  # a chain of n edges alone has n ancestors
        raise DataError(f"edges make more than {MAX_EDGES:,} pairs of ancestor and descendant; give a flatter hierarchy.")
    closure, longer = transitive_closure(relation)
    key, beyond = (_keys(part, count) for part in (closure, longer))
    key.sort()
    parent, child = np.divmod(key, count)
    closed_edges = Edges(parent.astype(np.int32), child.astype(np.int32), ~np.isin(key, beyond))
    counts = {"images": count, "boxes": 0, "scene_box": 0, "box_box": len(closed_edges), "direct": int(closed_edges.direct.sum())}
    return Hierarchy(closed_edges, depth, np.empty((0, 2), np.int32), counts)


def _pairs(count: int, edges: NDArray[Any] | None) -> NDArray[np.int64]:
    array = np.empty((0, 2), np.int64) if edges is None else np.asarray(edges)
    if array.size == 0:
        return np.empty((0, 2), np.int64)
    if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iu":
        raise DataError(f"edges must be whole numbers of the shape (E, 2), a row parent → child each; got {array.dtype} {array.shape}.")
    if array.min() < 0 or array.max() >= count:
        row = int(np.flatnonzero(((array < 0) | (array >= count)).any(axis=1))[0])
        raise DataError(f"edge {row} is {array[row].tolist()}, but the vectors are rows 0…{count - 1}.")
    return np.unique(array.astype(np.int64), axis=0)


def _keys(relation: Any, count: int) -> NDArray[np.int64]:
    pairs = relation.tocoo()
    keys: NDArray[np.int64] = pairs.row.astype(np.int64) * count + pairs.col
    return keys


def _images(paths: NDArray[Any] | None, count: int, root: Path) -> tuple[Images, dict[str, int]]:
    names = [f"vector {row}" for row in range(count)]
    width, height = (np.full(count, SIDE, np.int32) for _ in range(2))
    content, without = [""] * count, {"none given": count}
    if paths is not None:
        without = {}
        for row, path in enumerate(as_texts(paths.tolist()).tolist()):
            try:
                if not path:
                    raise PictureError(names[row], "none given", "no path")
                width[row], height[row] = read_size(root / path)
                names[row], content[row] = path, content_hash(path.encode())
            except PictureError as error:
                without[error.reason] = without.get(error.reason, 0) + 1
    return Images(np.array(names), width, height, np.array(content, np.str_), np.full(count, "")), without


def _ids(embedding: Embedding, names: NDArray[Any] | None) -> NDArray[np.str_]:
    """The ids given, or a hash of the vector and which repetition of it this is."""
    if names is not None:
        ids = as_texts(names.tolist())
        if (ids == "").any():
            raise DataError(f"ids must name every vector; row {int(np.argmax(ids == ''))} has none.")
        repeated, counts = np.unique(ids, return_counts=True)
        if (counts > 1).any():
            raise DataError(f"ids must differ from each other; {str(repeated[counts > 1][0])!r} is there {counts.max()} times.")
        return ids
    both = np.concatenate([embedding.directions, embedding.radii[:, None]], axis=1).astype("<f4")
    repeats: dict[bytes, int] = {}
    hashes = []
    for row in both:
        data = row.tobytes()
        repeats[data] = repeats.get(data, -1) + 1
        hashes.append(hashlib.sha256(data + str(repeats[data]).encode()).hexdigest()[:16])
    return np.array(hashes, np.str_)


def _omega(embedding: Embedding, hierarchy: Hierarchy) -> tuple[float, float, bool]:
    """Both thresholds with the largest F1 over given ancestor → descendant pairs against all other pairs; else OMEGA."""
    parents = np.unique(hierarchy.edges.parent)
    if not len(parents):
        return OMEGA, OMEGA, False
    if len(parents) > CALIBRATED_ON:
        parents = np.random.default_rng(0).choice(parents, CALIBRATED_ON, replace=False)
    index, omegas = Index(embedding), []
    for apex in ("query", "candidate"):
        sweep = ThresholdSweep()
        for part, scores in index.scores(embedding.take(parents), apex=apex, task="children"):
            rows = parents[part]
            below = np.zeros(scores.shape, bool)
            owner, child = hierarchy.below.of(rows)
            below[owner, child] = True
            scores[np.arange(len(rows)), rows] = -np.inf
            sweep.add(np.pi - scores, below)
        omegas.append(sweep.best()[0])
    return omegas[0], omegas[1], True


def _card(name: str, placed: Placed, omega: float, omega_parents: float, calibrated: bool) -> Card:
    dim = placed.embedding.directions.shape[1]
    settings = EncoderSettings(backbone="vectors", embed_dim=dim, geometry="hyperbolic", curv_init=min(max(placed.curv, 0.01), 100.0))
    how = "ω calibrated on the given edges" if calibrated else "ω not calibrated: no edges were given"
    return Card(
        name=f"{name}: own vectors", encoder=settings, curv=placed.curv, omega_children=omega, omega_parents=omega_parents,
        description=f"Own vectors, given as {placed.model}; no model, so own pictures and words have no place among them. {how}.",
    )  # fmt: skip


def _save(path: Path, embedding: Embedding) -> None:
    """The vectors as they are seen: what the name of the stored embedding is made from."""
    with path.open("wb") as file:
        np.save(file, as_model(embedding, "tangent"), allow_pickle=False)

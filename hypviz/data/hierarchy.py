"""The hierarchy of every scene, from boxes alone: scene → object → part → … (method.md §1, the paper's §3).

Nothing but geometry is used: a larger box contains a smaller one when at least `min_overlap` of the smaller lies inside
it [P: 0.8]. Containment is not transitive by itself (80 % of 80 %), so *ancestor* means its transitive closure.

Three readings of our own [R]:
- Two boxes with IoU >= duplicate_iou are one object labelled twice: neither is ever the other's ancestor, not even by
  way of a third box. Each keeps the ancestors and descendants that its own coordinates give it.
- A box that covers its whole image stays a child of its scene: the paper's scene contains every box, and the class
  name is worth learning. Such pairs are nearly singular for the angle; `counts["scene_like"]` says how many.
- A box with a shorter side below `min_box_px` is in no pair at all. It remains an item, of depth 1: inside its scene.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from hypviz.config import HierarchySettings
from hypviz.data.containment import SHARE_SLACK, box_areas, find_pairs, longest_chain, transitive_closure
from hypviz.data.items import Items
from hypviz.data.lookup import Lookup, Rows, blocks

log = logging.getLogger(__name__)

BLOCK_COST = 1 << 21
"""Box pairs per block of images; the closure of a block is held in memory at once."""


@dataclass(frozen=True, eq=False)
class Edges:
    """All ancestor → descendant relations, sorted by (parent, child), columns of length E.

    parent, child: (E,) int32, item rows.  direct: (E,) bool, True on the transitive reduction, the edges that no
    longer path replaces.
    """

    parent: NDArray[np.int32]
    child: NDArray[np.int32]
    direct: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.parent)


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Who is inside whom.

    edges: every ancestor → descendant pair.  depth: (N,) int16, edges on the longest path from the scene: 0 for a
    scene, 1 for a box in nothing but the scene.  duplicate: (D, 2) int32, pairs of boxes with IoU >= duplicate_iou,
    the larger first, sorted; scenes are not among them.  counts: how many of what, for a log line or a page.
    """

    edges: Edges
    depth: NDArray[np.int16]
    duplicate: NDArray[np.int32]
    counts: dict[str, int]

    @cached_property
    def below(self) -> Lookup:
        """Row → all its descendants, ascending."""
        return Lookup(self.edges.parent, self.edges.child)

    @cached_property
    def _to_parent(self) -> NDArray[np.int64]:
        """(E,) the edges in the order of (child, parent)."""
        return np.argsort(self.edges.child, kind="stable")

    @cached_property
    def above(self) -> Lookup:
        """Row → all its ancestors, ascending."""
        return Lookup(self.edges.child[self._to_parent], self.edges.parent[self._to_parent])

    @cached_property
    def twins(self) -> Lookup:
        """Row → its duplicates."""
        both = np.concatenate([self.duplicate, self.duplicate[:, ::-1]])
        return Lookup.sort(both[:, 0], both[:, 1])

    def children_of(self, row: int, direct: bool = True) -> NDArray[np.int32]:
        """Rows inside `row`, ascending: its direct children, or with direct=False all descendants."""
        span = self.below.span(row)
        return self.edges.child[span][self.edges.direct[span] | (not direct)]

    def parents_of(self, row: int, direct: bool = True) -> NDArray[np.int32]:
        """Rows around `row`, ascending: its direct parents (there can be several), or all ancestors."""
        edges = self._to_parent[self.above.span(row)]
        return self.edges.parent[edges][self.edges.direct[edges] | (not direct)]

    def ancestors_of(self, row: int) -> NDArray[np.int32]:
        """Every row that `row` is inside of, its scene included, ascending."""
        return self.parents_of(row, direct=False)

    def descendants_of(self, row: int) -> NDArray[np.int32]:
        """Every row inside `row`, ascending."""
        return self.children_of(row, direct=False)

    def is_related(self, a: int, b: int) -> bool:
        """Whether one of the two rows is an ancestor of the other."""
        return bool(np.isin(b, self.descendants_of(a)) or np.isin(a, self.descendants_of(b)))


def build_hierarchy(items: Items, settings: HierarchySettings) -> Hierarchy:
    """The hierarchy of all scenes in `items`; pure geometry, deterministic, logged.

    Works on blocks of whole images, so memory beyond the result is flat in the number of boxes.
    """
    shorter = np.minimum(items.xyxy[:, 2] - items.xyxy[:, 0], items.xyxy[:, 3] - items.xyxy[:, 1])
    small = ~items.is_scene & (shorter < settings.min_box_px)
    boxes = np.flatnonzero(~items.is_scene & ~small)
    depth = np.where(items.is_scene, 0, 1).astype(np.int16)
    starts = np.searchsorted(boxes, items.offsets)
    per_image = np.diff(starts)
    parts: list[Edges] = []
    twins = [np.empty((0, 2), np.int32)]
    for first, last in blocks(per_image * (per_image + 1) // 2 + 1, BLOCK_COST):
        rows = boxes[starts[first] : starts[last]]
        edges, chain, same = _build_block(items, rows, settings)
        depth[rows] += chain
        parts.append(edges)
        twins.append(same)
    edges = Edges(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("parent", "child", "direct")))
    duplicate = np.concatenate(twins)
    counts = _count(items, edges, duplicate, boxes, settings) | {"small": int(small.sum())}
    log.info("hierarchy: %s", ", ".join(f"{name} {count:,}" for name, count in counts.items()))
    return Hierarchy(edges, depth, duplicate, counts)


def _build_block(items: Items, rows: Rows, settings: HierarchySettings) -> tuple[Edges, NDArray[np.int16], NDArray[np.int32]]:
    """Edges (item rows), longest chain above each of `rows` and duplicate pairs of a block of whole images."""
    count = len(rows)
    contains, same = find_pairs(items.xyxy[rows], items.image[rows], settings)
    relation = csr_array((np.ones(len(contains), bool), (contains[:, 0], contains[:, 1])), shape=(count, count))
    closure, longer = transitive_closure(relation)
    key = _keys(closure)
    direct = ~np.isin(key, _keys(longer), assume_unique=True)
    distinct = ~np.isin(key, same[:, 0] * count + same[:, 1], assume_unique=True)
    parent, child = np.divmod(key, max(count, 1))
    chain = longest_chain(parent[direct], child[direct], count)
    edges = _with_scenes(items, rows, Edges(rows[parent[distinct]], rows[child[distinct]], direct[distinct]), chain == 0)
    same = same[np.lexsort((same[:, 1], same[:, 0]))]
    return edges, chain, rows[same].astype(np.int32)


def _keys(relation: csr_array) -> NDArray[np.int64]:
    """(nnz,) parent * n + child of a boolean relation (n, n)."""
    pairs = relation.tocoo()
    keys: NDArray[np.int64] = pairs.row.astype(np.int64) * relation.shape[0] + pairs.col
    return keys


def _with_scenes(items: Items, rows: Rows, edges: Edges, on_top: NDArray[np.bool_]) -> Edges:
    """Add scene → box for every box (direct where the box is `on_top`, in no other box) and sort."""
    parent = np.concatenate([items.offsets[items.image[rows]], edges.parent])
    child = np.concatenate([rows, edges.child])
    direct = np.concatenate([on_top, edges.direct])
    order = np.lexsort((child, parent))
    return Edges(parent[order].astype(np.int32), child[order].astype(np.int32), direct[order])


def _count(items: Items, edges: Edges, duplicate: NDArray[np.int32], boxes: Rows, settings: HierarchySettings) -> dict[str, int]:
    """What the hierarchy holds, by kind."""
    frame = items.images.width.astype(np.float64) * items.images.height
    covered = box_areas(items.xyxy[boxes]) / frame[items.image[boxes]]
    from_scene = int(items.is_scene[edges.parent].sum())
    return {
        "images": len(items.images),
        "boxes": len(items) - len(items.images),
        "scene_box": from_scene,
        "box_box": len(edges) - from_scene,
        "direct": int(edges.direct.sum()),
        "duplicates": len(duplicate),
        "scene_like": int((covered >= settings.duplicate_iou - SHARE_SLACK).sum()),
    }


def class_graph(items: Items, hierarchy: Hierarchy, image_mask: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Which class was ever seen inside which (method.md §5, §6): (C, C) bool, [a, b] for a box of b inside one of a.

    What was seen, closed within a picture only: a handle in a door in a house puts handle under house where one picture
    shows all three. A chain over several pictures says nothing: on photographs (a person on a car, a car on a person's
    shirt) its closure puts a third of all classes under each other. The graph may hold cycles, and a class may be under
    itself (a person inside a person's box): that is what the boxes say. image_mask: (M,) bool, images whose boxes count;
    None for all.
    """
    edges = hierarchy.edges  # ancestors at any distance, so each picture is closed already
    used = ~items.is_scene[edges.parent]
    if image_mask is not None:
        used &= image_mask[items.image[edges.parent]] & image_mask[items.image[edges.child]]
    graph = np.zeros((len(items.classes), len(items.classes)), dtype=bool)
    graph[items.label[edges.parent[used]], items.label[edges.child[used]]] = True
    return graph


def scene_classes(items: Items) -> csr_array:
    """(M, C) bool, True where the image has a box of that class; boxes too small for pairs count as well."""
    boxes = np.flatnonzero(~items.is_scene)
    shape = (len(items.images), len(items.classes))
    present = csr_array((np.ones(len(boxes), dtype=bool), (items.image[boxes], items.label[boxes])), shape=shape)
    present.sum_duplicates()
    return present


def subset_hierarchy(hierarchy: Hierarchy, items: Items, image_mask: NDArray[np.bool_]) -> Hierarchy:
    """The hierarchy of some images only, corrections included; rows as `items.subset_images` numbers them.

    image_mask: (M,) bool. A pair that leaves the images goes.
    """
    keep = image_mask[items.image]
    row = np.cumsum(keep) - 1
    edges, twins = hierarchy.edges, hierarchy.duplicate
    within, same = keep[edges.parent] & keep[edges.child], keep[twins[:, 0]]
    subset = Edges(row[edges.parent[within]].astype(np.int32), row[edges.child[within]].astype(np.int32), edges.direct[within])
    counts = {"images": int(image_mask.sum()), "boxes": int((keep & ~items.is_scene).sum()), "direct": int(subset.direct.sum())}
    return Hierarchy(subset, hierarchy.depth[keep], row[twins[same]].astype(np.int32).reshape(-1, 2), counts)

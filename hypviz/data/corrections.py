"""Corrections to the hierarchy by hand: "A is more general than B", "B is not a child of A", for two items or two classes.

Boxes alone decide the hierarchy (`data.hierarchy`); a person knows better now and then. Corrections are applied in the order they
were made, each to what the earlier ones left. All of it is a reading of ours [R]:

- "above", items: the pair joins the hierarchy, with everything above A over everything below B. The two may be in different pictures.
- "above", classes: in every picture each box of class B goes below the box of class A that covers most of it.
- "not", items: B leaves A, with all that is in B, and stays in what A is in. It must be A's direct child: were it still inside A by way
  of a third box, the pairs for training would contradict each other.
- "not", classes: the same for every box of class B in a box of class A.

What contradicts itself (a circle, a pair that was taken out before) is left out and explained in one sentence. A correction of two
items outranks those of classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from hypviz.config import check_choice
from hypviz.data.closure import Pairs, closed, linked, minus, places, rows_between
from hypviz.data.containment import box_areas, longest_chain
from hypviz.data.hierarchy import Edges, Hierarchy
from hypviz.data.items import Items
from hypviz.data.lookup import Rows

KINDS = ("above", "not")
LEVELS = ("item", "class")


@dataclass(frozen=True)
class Correction:
    """kind: "above" (a is more general than b) or "not" (b is not a child of a).  level: "item" or "class".

    a, b: item ids, or names of classes. Raises SettingsError for another kind or level.
    """

    kind: str
    level: str
    a: str
    b: str

    def __post_init__(self) -> None:
        check_choice("kind", self.kind, KINDS)
        check_choice("level", self.level, LEVELS)


@dataclass(frozen=True)
class Outcome:
    """What a correction did.  added, removed: training pairs.  problem: why it is left out, "" when it is in force."""

    added: int = 0
    removed: int = 0
    problem: str = ""


class _ProblemError(Exception):
    """Raised inside this module with the sentence for a correction that cannot be."""


def correct(items: Items, base: Hierarchy, corrections: Sequence[Correction]) -> tuple[Hierarchy, list[Outcome]]:
    """`base`, the hierarchy of the boxes alone, with the corrections, and what became of each of them; deterministic."""
    graph = _Graph(items, base, _images_touched(items, corrections))
    outcomes = []
    for one in corrections:
        try:
            outcomes.append(graph.apply(one))
        except _ProblemError as problem:
            outcomes.append(Outcome(problem=str(problem)))
    return graph.hierarchy() if any(o.added or o.removed for o in outcomes) else base, outcomes


def _images_touched(items: Items, corrections: Sequence[Correction]) -> NDArray[np.bool_]:
    """(M,) images whose pairs a correction may change."""
    touched = np.zeros(len(items.images), bool)
    known = items.rows_by_id
    for one in corrections:
        if one.level == "item":
            touched[[items.image[known[end]] for end in (one.a, one.b) if end in known]] = True
        elif one.a in items.classes and one.b in items.classes:
            holds = [np.isin(np.arange(len(touched)), items.image[items.label == items.classes.index(end)]) for end in (one.a, one.b)]
            touched |= holds[0] & holds[1]
    return touched


class _Graph:
    """The pairs of some images while they are corrected, over n local rows.

    direct: csr (n, n) of direct pairs.  closure: of all pairs.  removed: pairs taken out, each with whether by an item's correction.
    """

    def __init__(self, items: Items, base: Hierarchy, images: NDArray[np.bool_]) -> None:
        self.items, self.base, self.images = items, base, images
        self.rows = np.flatnonzero(images[items.image])
        self.local = np.full(len(items), -1, np.int64)
        self.local[self.rows] = np.arange(len(self.rows))
        inside = images[items.image[base.edges.parent]] & images[items.image[base.edges.child]]
        pairs = self.local[np.stack([base.edges.parent[inside], base.edges.child[inside]], axis=1)]
        self.closure, self.direct = closed(self._matrix(pairs[base.edges.direct[inside]]))
        self.put: set[tuple[int, int]] = set()  # by an item's correction
        self.removed: dict[tuple[int, int], str] = {}
        self.joined: list[Pairs] = []

    def apply(self, one: Correction) -> Outcome:
        """Carry out one correction; the graph stays as it was when it cannot be."""
        before = self.closure
        (self._put_above if one.kind == "above" else self._take_out)(one)
        return Outcome(minus(self.closure, before).nnz, minus(before, self.closure).nnz)

    # ---- more general ------------------------------------------------------------------------------------------------

    def _put_above(self, one: Correction) -> None:
        pairs = self._item_pair(one) if one.level == "item" else self._class_pairs(one)
        if one.level == "class":
            pairs = pairs[np.array([self.removed.get((a, b)) != "item" for a, b in pairs.tolist()], bool)]
        new = pairs[~np.isin(self._keys(pairs), self._keys(places(self.closure)))]
        if not len(new):
            raise _ProblemError(self._nothing_to_add(one))
        for a, b in new.tolist():
            if linked(self.closure, b, a):
                raise _ProblemError(self._circle(a, b))
            if one.level == self.removed.get((a, b)):
                raise _ProblemError(f"{self._name(b)} was said not to be a child of {self._name(a)}; undo that first.")
        closure, direct = closed(self.direct + self._matrix(new))
        meant = set(map(tuple, new.tolist()))
        back = [pair for pair in self.removed if pair not in meant and linked(closure, *pair)]
        if back:
            a, b = back[0]
            raise _ProblemError(
                f"That would put {self._name(b)} inside {self._name(a)} again, which it was said not to be a child of; undo that first."
            )
        if closure.diagonal().any():
            raise _ProblemError(self._circle(*new[0].tolist()))
        self.closure, self.direct = closure, direct
        self.joined.append(new)
        for pair in map(tuple, new.tolist()):
            self.removed.pop(pair, None)
            if one.level == "item":
                self.put.add(pair)

    def _item_pair(self, one: Correction) -> Pairs:
        a, b = self._row(one.a), self._row(one.b)
        if a == b:
            raise _ProblemError("An item cannot be more general than itself; choose two different ones.")
        if self.items.is_scene[self.rows[b]]:
            raise _ProblemError(f"{self._name(b)} is a whole picture, and nothing is above a whole picture; choose one of its boxes as B.")
        return np.array([[a, b]], np.int64)

    def _class_pairs(self, one: Correction) -> Pairs:
        """Each box of class b with the box of class a in its picture that covers most of it."""
        label_a, label_b = self._labels(one)
        if label_a == label_b:
            raise _ProblemError(f"The class {one.a} cannot be more general than itself; choose two different classes.")
        label, image = self.items.label[self.rows], self.items.image[self.rows]
        xyxy = self.items.xyxy[self.rows].astype(np.float64)
        blocks = [np.empty((0, 2), np.int64)]
        above, below = np.flatnonzero(label == label_a), np.flatnonzero(label == label_b)
        for number in np.intersect1d(image[above], image[below]):
            a, b = above[image[above] == number], below[image[below] == number]
            share = _shared(xyxy[a], xyxy[b]) / box_areas(xyxy[b])
            best = share.argmax(axis=0)
            touching = share[best, np.arange(len(b))] > 0
            blocks.append(np.stack([a[best], b], axis=1)[touching])
        return np.concatenate(blocks)

    def _nothing_to_add(self, one: Correction) -> str:
        if one.level == "item":
            return f"{self._named(one.b)} is below {self._named(one.a)} already."
        return f"Nothing to add: no box of class {one.b} touches a box of class {one.a} in its picture without being below it already."

    def _circle(self, a: int, b: int) -> str:
        """That b is above a, and by way of what."""
        between = rows_between(self.closure, b, a)
        way = f" by way of {self._name(int(between[0]))}" if len(between) else ""
        return (
            f"{self._name(b)} is above {self._name(a)}{way} already, so the opposite would make a circle; "
            f"say first that {self._name(a)} is not a child of {self._name(b)}."
        )

    # ---- not a child -------------------------------------------------------------------------------------------------

    def _take_out(self, one: Correction) -> None:
        if one.level == "item":
            removal = self._matrix(np.array([[self._row(one.a), self._row(one.b)]], np.int64))
        else:
            label_a, label_b = self._labels(one)
            label = self.items.label[self.rows]
            all_pairs = places(self.closure)
            fits = (label[all_pairs[:, 0]] == label_a) & (label[all_pairs[:, 1]] == label_b)
            fits &= np.array([pair not in self.put for pair in map(tuple, all_pairs.tolist())], bool)
            removal = self._matrix(all_pairs[fits])
        pairs = places(self.closure.multiply(removal)).tolist()
        if not pairs:
            names = (
                (self._named(one.b), self._named(one.a)) if one.level == "item" else (f"No box of class {one.b}", f"one of class {one.a}")
            )
            raise _ProblemError(
                f"{names[0]} is {'not ' if one.level == 'item' else ''}a child of {names[1]}{' anyway' * (one.level == 'item')}."
            )
        if one.level == "item" and tuple(pairs[0]) in self.put:
            a, b = pairs[0]
            raise _ProblemError(f"{self._name(a)} was said to be more general than {self._name(b)}; undo that instead.")
        self.closure, self.direct = self._without(removal)
        self.removed |= dict.fromkeys(map(tuple, pairs), one.level)

    def _without(self, removal: csr_array) -> tuple[csr_array, csr_array]:
        """Closure and direct pairs without the pairs of `removal`: the deepest are cut first, what was cut moves up one level."""
        closure, direct = self.closure, self.direct
        while len(left := places(closure.multiply(removal))):
            cut = direct.multiply(removal).tocsr()
            if not cut.nnz:
                a, b = left[0].tolist()
                by = self._name(int(rows_between(closure, a, b)[0]))
                raise _ProblemError(
                    f"{self._name(b)} is inside {self._name(a)} by way of {by}; say first that {self._name(b)} is not a child of {by}, "
                    f"or that {by} is not a child of {self._name(a)}."
                )
            closure, direct = closed(minus(direct, cut) + direct @ cut)
        return closure, direct

    # ---- the result --------------------------------------------------------------------------------------------------

    def hierarchy(self) -> Hierarchy:
        """The whole hierarchy, these images corrected."""
        items, old = self.items, self.base.edges
        outside = ~(self.images[items.image[old.parent]] & self.images[items.image[old.child]])
        twin = self.base.duplicate
        joined = self.rows[np.concatenate([np.empty((0, 2), np.int64), *self.joined])]
        size = len(items)
        still = ~np.isin(twin[:, 0].astype(np.int64) * size + twin[:, 1], (joined @ [size, 1]).tolist() + (joined @ [1, size]).tolist())
        pairs = places(self.closure)
        direct = np.isin(self._keys(pairs), self._keys(places(self.direct)))
        pairs = self.rows[pairs]
        keys, same = pairs @ [size, 1], twin[still].astype(np.int64)
        distinct = ~np.isin(keys, np.concatenate([same @ [size, 1], same @ [1, size]]))
        parent = np.concatenate([old.parent[outside], pairs[distinct, 0]])
        child = np.concatenate([old.child[outside], pairs[distinct, 1]])
        flag = np.concatenate([old.direct[outside], direct[distinct]])
        order = np.lexsort((child, parent))
        edges = Edges(parent[order].astype(np.int32), child[order].astype(np.int32), flag[order])
        return replace(self.base, edges=edges, depth=self._depth(), duplicate=twin[still], counts=self._counts(edges, int(still.sum())))

    def _depth(self) -> NDArray[np.int16]:
        """Depths as `build_hierarchy` counts them: boxes in nothing but their scene, or in nothing at all, have depth 1."""
        boxes = ~self.items.is_scene[self.rows]
        parent, child = places(self.direct).T
        between = boxes[parent] & boxes[child]
        depth = self.base.depth.copy()
        depth[self.rows] = np.where(boxes, 1 + longest_chain(parent[between], child[between], len(self.rows)), 0)
        return depth

    def _counts(self, edges: Edges, twins: int) -> dict[str, int]:
        scenes = int(self.items.is_scene[edges.parent].sum())
        return self.base.counts | {
            "scene_box": scenes, "box_box": len(edges) - scenes, "direct": int(edges.direct.sum()), "duplicates": twins,
        }  # fmt: skip

    # ---- small things ------------------------------------------------------------------------------------------------

    def _matrix(self, pairs: Pairs) -> csr_array:
        size = len(self.rows)
        return csr_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(size, size))

    def _keys(self, pairs: Pairs) -> Rows:
        """(P,) one number per pair."""
        return pairs[:, 0] * len(self.rows) + pairs[:, 1]

    def _row(self, item_id: str) -> int:
        row = self.items.rows_by_id.get(item_id)
        if row is None:
            raise _ProblemError("One of the two items is no longer in this data set: its box was moved or deleted.")
        return int(self.local[row])

    def _labels(self, one: Correction) -> tuple[int, int]:
        for name in (one.a, one.b):
            if name not in self.items.classes:
                raise _ProblemError(f"There is no class {name!r} in this data set any more.")
        return self.items.classes.index(one.a), self.items.classes.index(one.b)

    def _name(self, local: int) -> str:
        row = int(self.rows[local])
        file = str(self.items.images.file_name[self.items.image[row]])
        return f"the picture {file}" if self.items.is_scene[row] else f"“{self.items.name(row)}” in {file}"

    def _named(self, item_id: str) -> str:
        return self._name(self._row(item_id))


def _shared(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """(len(a), len(b)) shared areas of boxes, square pixels."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    area: NDArray[np.float64] = np.prod(np.maximum(high - low, 0.0), axis=2)
    return area

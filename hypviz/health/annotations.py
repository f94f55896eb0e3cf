"""Checks of the annotations: boxes and class names alone say them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from hypviz.data.containment import box_areas
from hypviz.data.hierarchy import Hierarchy
from hypviz.data.items import Items
from hypviz.health.report import Check, Rows
from hypviz.health.settings import HealthSettings

Values = NDArray[np.float64]


def annotation_checks(items: Items, hierarchy: Hierarchy, settings: HealthSettings) -> list[Check]:
    """All checks that need no embedding, gravest first."""
    edges = hierarchy.edges
    between = ~items.is_scene[edges.parent]
    nested = np.stack([edges.parent[between], edges.child[between]], axis=1).astype(np.int64)
    return [
        item_cycles(hierarchy),
        duplicates(items, hierarchy, same_class=True),
        duplicates(items, hierarchy, same_class=False),
        class_cycles(items, nested),
        orphans(items, hierarchy, nested, settings),
        class_in_itself(items, nested),
        lonely(items, nested),
        tiny(items, settings),
        whole_image(items, settings),
        seen_once(items),
        empty_images(items),
    ]


def item_cycles(hierarchy: Hierarchy) -> Check:
    """Relations that do not lead down: none, unless the tables were written by something else."""
    edges, depth = hierarchy.edges, hierarchy.depth.astype(np.int64)
    rise = depth[edges.parent] - depth[edges.child]
    rows, values = _worst_first(np.stack([edges.parent, edges.child], axis=1), rise.astype(float), rise >= 0)
    return Check(
        "item_cycle", "Cycles among boxes",
        "A box and what is inside it, the other way round. Boxes are ordered by area, so the relation has no cycle by"
        " construction: a finding here means that the workspace's tables were changed by hand; import the data again.",
        "error", len(edges), "relations", rows, values, "levels up",
    )  # fmt: skip


def duplicates(items: Items, hierarchy: Hierarchy, *, same_class: bool) -> Check:
    """Pairs of boxes on the same place (the hierarchy's duplicate_iou), of one class or of two."""
    pairs = hierarchy.duplicate.astype(np.int64)
    iou = _iou(items, pairs)
    alike = items.label[pairs[:, 0]] == items.label[pairs[:, 1]]
    rows, values = _worst_first(pairs, iou, alike == same_class)
    boxes = len(items) - len(items.images)
    if same_class:
        return Check(
            "duplicate_same", "Labelled twice",
            "Two boxes of one class on the same place: one object, counted twice. Remove one of them.",
            "warning", boxes, "boxes", rows, values, "IoU",
        )  # fmt: skip
    names = [(items.name(a), items.name(b)) for a, b in rows.tolist()]
    return Check(
        "duplicate_other", "Two names for one place",
        "Two boxes of different classes on the same place: neither can be inside the other, so the hierarchy takes no pair"
        " between them. Choose a name, or draw the smaller one where its object is.",
        "warning", boxes, "boxes", rows, values, "IoU", _counted([" / ".join(sorted(pair)) for pair in names]),
    )  # fmt: skip


def class_cycles(items: Items, nested: Rows) -> Check:
    """Boxes inside a box against the order that prevails among classes lying under each other.

    Classes that lie under each other by the class graph form a group (a strong component). In each, classes are put in
    order by how much more often they hold others of the group than lie in them; pairs against that order close cycles.
    """
    parent, child = items.label[nested].astype(np.int64).T
    count, other = len(items.classes), parent != child
    edge, number = np.unique(parent[other] * count + child[other], return_counts=True)
    above, below = np.divmod(edge, count)
    _, group = connected_components(csr_array((np.ones(len(edge)), (above, below)), shape=(count, count)), connection="strong")
    inside = group[above] == group[below]
    holds = np.bincount(above[inside], number[inside], minlength=count) - np.bincount(below[inside], number[inside], minlength=count)
    place = np.empty(count, np.int64)
    place[np.lexsort((np.arange(count), -holds))] = np.arange(count)
    wrong = inside & (place[above] > place[below])
    pairs_of = {int(key): int(n) for key, n in zip(edge, number, strict=True)}
    against = np.isin(parent * count + child, edge[wrong])
    repeats = np.array([pairs_of[key] for key in (parent * count + child)[against].tolist()], float)
    rows, values = _worst_first(nested[against], -repeats)
    by_count = np.flatnonzero(wrong)[np.argsort(number[wrong], kind="stable")]
    details = tuple(
        f"{items.classes[below[e]]} inside {items.classes[above[e]]}: {number[e]:,} times; "
        f"the other way round: {pairs_of.get(int(below[e] * count + above[e]), 0):,} times"
        for e in by_count.tolist()
    )
    return Check(
        "class_cycle", "Classes under each other",
        "A is seen inside B and B inside A, directly or by way of others. Listed are the boxes against the prevailing order,"
        " the rarest combination first. Two classes seen both ways are never negatives of each other in training.",
        "warning", len(nested), "boxes in a box", rows, -values, "times seen", details,
    )  # fmt: skip


def orphans(items: Items, hierarchy: Hierarchy, nested: Rows, settings: HealthSettings) -> Check:
    """Boxes in nothing but their scene, of classes whose boxes usually lie inside another box."""
    count = len(items.classes)
    paired = np.unique(hierarchy.edges.child).astype(np.int64)  # boxes too small for pairs have no parents by decision
    paired = paired[~items.is_scene[paired]]  # own vectors are no boxes
    inside = np.zeros(len(items), bool)
    inside[nested[:, 1]] = True
    total, held = (np.bincount(items.label[rows], minlength=count) for rows in (paired, np.flatnonzero(inside)))
    share = held / np.maximum(total, 1)
    alone = paired[~inside[paired]]
    usual = share[items.label[alone]]
    rows, values = _worst_first(alone, usual, (usual >= settings.orphan_share) & (usual > 0))
    names = [items.name(row) for row in rows.tolist()]
    return Check(
        "orphan", "Parents that may be missing",
        f"Boxes in no other box, though at least {settings.orphan_share:.0%} of their class is: the box around them may have been"
        " forgotten, or drawn too small.",
        "warning", len(items) - len(items.images), "boxes", rows, values, "share of the class inside a box", _counted(names),
    )  # fmt: skip


def class_in_itself(items: Items, nested: Rows) -> Check:
    """Boxes inside a box of their own class."""
    alike = items.label[nested[:, 0]] == items.label[nested[:, 1]]
    area = box_areas(items.xyxy)
    rows, values = _worst_first(nested, area[nested[:, 1]] / area[nested[:, 0]], alike)
    return Check(
        "class_in_itself", "A class inside itself",
        "A box inside a box of its own class: right for a crowd or a stack, wrong for one thing drawn twice at two sizes.",
        "info", len(nested), "boxes in a box", rows, values, "share of the outer box",
        _counted([items.name(row) for row in rows[:, 0].tolist()]),
    )  # fmt: skip


def lonely(items: Items, nested: Rows) -> Check:
    """Boxes of classes that never hold a box and never lie in one."""
    count, boxes = len(items.classes), np.flatnonzero(~items.is_scene)
    social = np.zeros(count, bool)
    social[items.label[nested].ravel()] = True
    number = np.bincount(items.label[boxes], minlength=count)
    label = items.label[boxes]
    rows, values = _worst_first(boxes, number[label].astype(float), ~social[label])
    return Check(
        "lonely", "Classes without relatives",
        "No box of these classes holds another or lies in one: all that is learnt of them is which scenes they are in.",
        "info", len(boxes), "boxes", rows, values, "boxes of the class", _counted([items.name(row) for row in rows.tolist()]),
    )  # fmt: skip


def tiny(items: Items, settings: HealthSettings) -> Check:
    """Boxes with a short side."""
    boxes = np.flatnonzero(~items.is_scene)
    x1, y1, x2, y2 = items.xyxy[boxes].astype(float).T
    shorter = np.minimum(x2 - x1, y2 - y1)
    rows, values = _worst_first(boxes, -shorter, shorter < settings.tiny_px)
    return Check(
        "tiny", "Tiny boxes",
        f"A side below {settings.tiny_px:g} pixels: there is little to see in such a crop. `min_box_px` of the hierarchy keeps"
        " them out of training.",
        "info", len(boxes), "boxes", rows, -values, "shorter side in pixels",
    )  # fmt: skip


def whole_image(items: Items, settings: HealthSettings) -> Check:
    """Boxes nearly as large as their picture."""
    boxes = np.flatnonzero(~items.is_scene)
    image = items.image[boxes]
    share = box_areas(items.xyxy[boxes]) / (items.images.width[image].astype(float) * items.images.height[image])
    rows, values = _worst_first(boxes, share, share >= settings.whole_share)
    return Check(
        "whole_image", "Boxes as large as their picture",
        f"At least {settings.whole_share:.0%} of the picture: scene and box look the same, and the angle between them is nearly"
        " singular.",
        "info", len(boxes), "boxes", rows, values, "share of the picture",
    )  # fmt: skip


def seen_once(items: Items) -> Check:
    """The only box of a class."""
    boxes = np.flatnonzero(~items.is_scene)
    number = np.bincount(items.label[boxes], minlength=len(items.classes))
    rows = boxes[number[items.label[boxes]] == 1]
    return Check(
        "seen_once", "Classes seen once",
        "One box in all: nothing to compare it with, and a misspelt class name looks just like this.",
        "info", int((number > 0).sum()), "classes", rows, np.ones(len(rows)), "boxes of the class",
        tuple(sorted(items.name(row) for row in rows.tolist())),
    )  # fmt: skip


def empty_images(items: Items) -> Check:
    """Scenes without a box."""
    scenes = np.flatnonzero(items.is_scene)
    rows = scenes[np.diff(items.offsets) == 1]
    return Check(
        "empty_image", "Pictures without a box",
        "They can be found and walked to, but teach nothing.",
        "info", len(scenes), "pictures", rows, np.zeros(len(rows)), "boxes",
    )  # fmt: skip


def _worst_first(rows: Rows, values: Values, selected: NDArray[np.bool_] | None = None) -> tuple[Rows, Values]:
    """The selected rows and their values, largest value first, ties in the order given."""
    if selected is not None:
        rows, values = rows[selected], values[selected]
    order = np.argsort(-values, kind="stable")
    return rows[order].astype(np.int64), values[order]


def _counted(names: list[str]) -> tuple[str, ...]:
    """A line per distinct name with its number, most frequent first."""
    distinct, number = np.unique(np.array(names, dtype=str), return_counts=True)
    return tuple(f"{distinct[i]}: {number[i]:,}" for i in np.argsort(-number, kind="stable").tolist())


def _iou(items: Items, pairs: Rows) -> Values:
    """(P,) intersection over union of pairs of boxes."""
    a, b = (items.xyxy[pairs[:, side]].astype(float) for side in (0, 1))
    sides = np.maximum(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0.0)
    shared = sides[:, 0] * sides[:, 1]
    iou: Values = shared / (box_areas(a) + box_areas(b) - shared)
    return iou

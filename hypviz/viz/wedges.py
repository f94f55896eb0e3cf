"""The "hierarchy" layout: the circle is cut into one wedge per top-level class, similar classes side by side.

Inside a wedge every depth is spread over the whole width, sorted by class and by the wedge's main axis of variance, so
like items sit together. A scene has no class: it is drawn near the circular mean of the boxes it contains.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypviz.search.embedding import Embedding
from hypviz.viz.tree import Tree

TURN = 2 * np.pi
GAPS = 0.10
"""Share of the circle left empty between wedges, so that branches are told apart without colour too."""
EVEN = 0.7
"""Inside a wedge: share of even spacing; the rest is the position along the main axis, so dense groups look dense."""
SCENE_EVEN = 0.6
"""The same for scenes, whose mean angles would otherwise pile up on the largest wedges."""
TWO_OPT_LIMIT = 120
"""Above this many classes the spectral order is kept as it is: a 2-opt pass is quadratic."""


def wedge_angles(embedding: Embedding, tree: Tree) -> NDArray[np.float64]:
    """(N,) angles in radians, not reduced to [0, 2π); needs at least one labelled item."""
    group = tree.top_class()
    boxes = np.flatnonzero(group >= 0)
    classes, member, counts = np.unique(group[boxes], return_inverse=True, return_counts=True)
    directions = np.asarray(embedding.directions, np.float32)
    centroids = np.stack([directions[boxes[member == row]].mean(axis=0) for row in range(len(classes))])
    centroids = centroids / np.maximum(np.linalg.norm(centroids, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    order = circle_order(centroids @ centroids.T)
    starts, widths = _cut_circle(counts, order)
    angles = np.zeros(len(group))
    for row in range(len(classes)):
        rows = boxes[member == row]
        angles[rows] = starts[row] + widths[row] * _inside(directions[rows], tree.depth[rows], tree.label[rows])
    scenes = np.flatnonzero(group < 0)
    angles[scenes] = _scene_angles(directions, angles, tree, (centroids, starts + widths / 2))
    return angles


def circle_order(similar: NDArray[np.floating]) -> NDArray[np.int64]:
    """A closed tour that puts similar rows side by side: angle in the two leading eigenvectors, then 2-opt."""
    count = len(similar)
    if count <= 3:
        return np.arange(count)
    far = 1.0 - np.asarray(similar, np.float64)
    centred = -(far - far.mean(axis=0) - far.mean(axis=1, keepdims=True) + far.mean())
    _, vectors = np.linalg.eigh((centred + centred.T) / 2)
    flat = vectors[:, -2:] * np.sign(vectors[np.abs(vectors[:, -2:]).argmax(axis=0), [-2, -1]])
    tour = np.argsort(np.arctan2(flat[:, 0], flat[:, 1]), kind="stable")
    return _two_opt(tour, far) if count <= TWO_OPT_LIMIT else tour


def _two_opt(tour: NDArray[np.int64], far: NDArray[np.float64]) -> NDArray[np.int64]:
    count = len(tour)
    for _ in range(20):
        before = tour.copy()
        for first in range(count - 1):
            a, b = tour[first], tour[first + 1]
            ends = np.arange(first + 2, count)
            c, d = tour[ends], tour[(ends + 1) % count]
            gain = far[a, b] + far[c, d] - far[a, c] - far[b, d]
            if len(gain) and gain.max() > 1e-9:
                last = int(ends[gain.argmax()])
                tour[first + 1 : last + 1] = tour[first + 1 : last + 1][::-1]
        if np.array_equal(before, tour):
            break
    return tour


def _cut_circle(counts: NDArray[np.int64], order: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Start and width of each wedge: by count, but none below a quarter of an even share."""
    share = np.maximum(counts / counts.sum(), 0.25 / len(counts))
    gap = TURN * GAPS / len(counts) if len(counts) > 1 else 0.0
    widths = share / share.sum() * (TURN - gap * len(counts))
    starts = np.empty(len(counts))
    starts[order] = gap / 2 + np.concatenate([[0.0], np.cumsum(widths[order] + gap)[:-1]])
    return starts, widths


def _inside(directions: NDArray[np.float32], depth: NDArray[np.int64], label: NDArray[np.int64]) -> NDArray[np.float64]:
    """Position in [0, 1] across one wedge, each depth by itself."""
    along = _main_axis_projection(directions)
    position = np.full(len(along), 0.5)
    for level in np.unique(depth):
        rows = np.flatnonzero(depth == level)
        _, member = np.unique(label[rows], return_inverse=True)
        means = np.bincount(member, along[rows]) / np.bincount(member)
        order = np.lexsort((along[rows], member, means[member]))
        rank = np.empty(len(rows))
        rank[order] = (np.arange(len(rows)) + 0.5) / len(rows)
        # Classes share the width by count; inside its share an item leans towards its place on the axis.
        low, high = (np.full(len(means), limit) for limit in (1.0, 0.0))
        np.minimum.at(low, member, rank)
        np.maximum.at(high, member, rank)
        floor, ceiling = (np.full(len(means), limit) for limit in (np.inf, -np.inf))
        np.minimum.at(floor, member, along[rows])
        np.maximum.at(ceiling, member, along[rows])
        share = (along[rows] - floor[member]) / np.maximum(ceiling - floor, 1e-12)[member]
        valued = low[member] + share * (high - low)[member]
        position[rows] = EVEN * rank + (1 - EVEN) * valued
    return position


def _main_axis_projection(directions: NDArray[np.float32]) -> NDArray[np.float64]:
    centred = np.asarray(directions, np.float64) - directions.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    axis = vectors[:, -1]
    along: NDArray[np.float64] = centred @ (axis * np.sign(axis[np.abs(axis).argmax()]))
    return along


def _scene_angles(
    directions: NDArray[np.float32],
    angles: NDArray[np.float64],
    tree: Tree,
    wedges: tuple[NDArray[np.float32], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Circular mean of a scene's boxes; for a scene without boxes, of the wedges it resembles."""
    scenes = np.flatnonzero(tree.label < 0)
    if not len(scenes):
        return np.empty(0)
    boxes = np.flatnonzero((tree.label >= 0) & (tree.parent >= 0))
    boxes = boxes[tree.label[tree.parent[boxes]] < 0]
    pull = np.zeros(len(angles), np.complex128)
    np.add.at(pull, tree.parent[boxes], np.exp(1j * angles[boxes]))
    centroids, middles = wedges
    alone = scenes[np.abs(pull[scenes]) < 1e-9]
    similar = directions[alone] @ centroids.T
    weight = np.exp(8 * (similar - similar.max(axis=1, keepdims=True))) if len(alone) else similar
    pull[alone] = weight @ np.exp(1j * middles)
    return spread(np.angle(pull[scenes]), SCENE_EVEN)


def spread(theta: NDArray[np.float64], amount: float) -> NDArray[np.float64]:
    """Move angles towards even spacing around the circle (amount 1), keeping their circular order."""
    turned = np.mod(theta, TURN)
    order = np.argsort(turned, kind="stable")
    ranks = np.empty(len(theta))
    ranks[order] = np.arange(len(theta)) * TURN / max(len(theta), 1)
    shift = np.angle(np.exp(1j * (turned - ranks)).mean())  # the rotation of the even spacing closest to the data
    moved: NDArray[np.float64] = turned + amount * np.angle(np.exp(1j * (ranks + shift - turned)))
    return moved

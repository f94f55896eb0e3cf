"""Where on the disk: the angle of every point, its colour group, and how much the projection lies.

The radius of a point is never touched here: it is drawn from the true distance to the root (`hypviz.viz.disk`). An
angle on a plane cannot hold a direction in D dimensions, so it is a projection, and `distortion` says how good:

- "hierarchy": each top-level class is a wedge of the circle, similar classes side by side; inside, items are sorted
  by the wedge's main axis. It shows class first and direction second.
- "pca": the angle in the plane of largest variance of the tangent vectors. Linear, crowded, keeps nothing else.
- "umap": the angle of a 2-D UMAP of the directions about its centre. Neighbourhoods survive, gaps mean little.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypviz.errors import DataError
from hypviz.geometry.lorentz import distance_from_cosine
from hypviz.search.embedding import Embedding
from hypviz.viz.tree import Tree, branches
from hypviz.viz.wedges import TURN, spread, wedge_angles

__all__ = ["METHODS", "Tree", "angles", "branches", "distortion", "place"]

METHODS = ("hierarchy", "umap", "pca")
UMAP_LIMIT = 8000
"""UMAP is fitted on at most this many points (10,000 take a minute on two cores); the others are placed by it."""


def angles(embedding: Embedding, tree: Tree | None = None, *, method: str = "hierarchy", seed: int = 0) -> NDArray[np.float32]:
    """(N,) float32 angles in [0, 2π), the same for the same input; "hierarchy" falls back to "pca" without a tree."""
    if method not in METHODS:
        raise DataError(f"Layout method must be one of {', '.join(METHODS)}, got {method!r}.")
    if method == "umap":
        found = _umap_angles(embedding, seed)
    elif method == "hierarchy" and tree is not None and (tree.label >= 0).any():
        found = wedge_angles(embedding, tree)
    else:
        found = _pca_angles(embedding)
    turned = np.mod(found, TURN).astype(np.float32)
    return np.where(turned >= np.float32(TURN), np.float32(0), turned)  # float32 rounds 2π − tiny up


def place(angles: NDArray[np.floating], embedding: Embedding, query: ArrayLike, *, neighbours: int = 12) -> NDArray[np.float32]:
    """Angles for new directions ((D,) or (B, D)), the old points staying where they are.

    The circular mean of the angles of the nearest directions, weighted by similarity above the last of them.
    """
    queries = np.atleast_2d(np.asarray(query, np.float32))
    similar = queries @ np.asarray(embedding.directions).T
    nearest = np.argsort(-similar, axis=1, kind="stable")[:, : neighbours + 1]
    score = np.take_along_axis(similar, nearest, axis=1).astype(np.float64)
    weight = score - score[:, -1:] + 1e-6
    mean = (weight * np.exp(1j * np.asarray(angles, np.float64)[nearest])).sum(axis=1)
    placed: NDArray[np.float32] = np.mod(np.angle(mean), TURN).astype(np.float32)
    return placed.reshape(np.shape(query)[:-1])


def distortion(
    embedding: Embedding, angles: NDArray[np.floating], drawn: NDArray[np.floating], *, pairs: int = 20_000, seed: int = 0
) -> float:
    """Spearman correlation, over random pairs, of the true distance with the distance on the drawn disk; 1 is perfect."""
    from scipy.stats import spearmanr

    if len(embedding) < 3:
        return 1.0
    first, second = np.random.default_rng(seed).integers(0, len(embedding), (2, pairs))
    first, second = first[first != second], second[first != second]
    point = np.asarray(drawn, np.float64) * np.exp(1j * np.asarray(angles, np.float64))
    found = spearmanr(_true_distance(embedding, first, second), np.abs(point[first] - point[second])).statistic
    return float(np.nan_to_num(found))


def _true_distance(embedding: Embedding, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.float64]:
    """Distances of pairs in the embedding's own geometry."""
    one, other = (np.asarray(embedding.directions[rows], np.float64) for rows in (first, second))
    cosine: NDArray[np.float64] = np.einsum("nd,nd->n", one, other)
    if embedding.geometry == "cosine":
        return 1 - cosine
    a, b = (embedding.radii[rows].astype(np.float64) for rows in (first, second))
    if embedding.geometry == "euclidean":
        return np.asarray(np.sqrt((a - b) ** 2 + 2 * a * b * np.maximum(1 - cosine, 0)))
    return np.asarray(distance_from_cosine(cosine, a, b, curv=embedding.curv))


def _pca_angles(embedding: Embedding) -> NDArray[np.float64]:
    tangent = np.asarray(embedding.directions, np.float64) * embedding.radii[:, None]
    axes = _main_axes(tangent, 2)
    flat = (tangent - tangent.mean(axis=0)) @ axes.T
    return np.asarray(np.arctan2(flat[:, 1] if flat.shape[1] > 1 else 0.0, flat[:, 0]))


def _main_axes(rows: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """(count, D) leading principal axes; the largest component of each is positive, so the sign is settled."""
    centred = rows - rows.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, ::-1][:, :count].T
    strongest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    return axes * np.where(strongest < 0, -1.0, 1.0)


def _umap_angles(embedding: Embedding, seed: int) -> NDArray[np.float64]:
    """Needs umap-learn; seeded, hence single-threaded."""
    from umap import UMAP

    directions = np.asarray(embedding.directions, np.float32)
    rows = np.arange(len(directions))
    if len(rows) > UMAP_LIMIT:
        rows = np.sort(np.random.default_rng(seed).choice(len(rows), UMAP_LIMIT, replace=False))
    neighbours = min(15, len(rows) - 1)
    if neighbours < 3:
        return _pca_angles(embedding)
    flat = UMAP(n_neighbors=neighbours, metric="cosine", random_state=seed, n_jobs=1).fit_transform(directions[rows])
    flat = flat - (flat.max(axis=0) + flat.min(axis=0)) / 2
    found = spread(np.arctan2(flat[:, 1], flat[:, 0]).astype(np.float64), 0.5)
    if len(rows) == len(directions):
        return found
    fitted = embedding.take(rows)
    every = np.concatenate([place(found, fitted, part) for part in np.array_split(directions, len(directions) // 2000 + 1)])
    every[rows] = found
    return every.astype(np.float64)

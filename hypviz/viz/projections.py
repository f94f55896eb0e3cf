"""Angles by projection: tangent PCA, and UMAP onto the plane or onto the hyperboloid.

All three give an angle and nothing else; the radius of a point is always the true one (`hypviz.viz.radius_scale`).
UMAP (McInnes et al., 2018; umap-learn) is given the exact nearest neighbours instead of searching them, which is
faster for what fits on a disk and does not depend on the number of threads.
"""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.progress import OnProgress
from hypviz.search.embedding import Embedding
from hypviz.search.scoring import ranking_value
from hypviz.storage.keeping import temporary
from hypviz.viz.insertion import place
from hypviz.viz.wedges import spread

UMAP_LIMIT = 8000
"""UMAP is fitted on at most this many points; the others are placed among them."""
ANCHORS = 2000
"""When more than ten times UMAP_LIMIT are to be placed, they are placed among this many of the fitted ones."""
NEIGHBOURS = 15
EPOCHS = 200
BLOCK = 2000
UMAP_SPREAD = 0.5
"""How far UMAP's angles are moved towards even spacing: its clusters would else leave most of the circle empty."""


def pca_angles(embedding: Embedding) -> NDArray[np.float64]:
    """(N,) angle in the plane of largest variance of the tangent vectors at the root, about their mean."""
    tangent = np.asarray(embedding.directions, np.float64) * embedding.radii[:, None]
    flat = (tangent - tangent.mean(axis=0)) @ _main_axes(tangent, 2).T
    return np.asarray(np.arctan2(flat[:, 1] if flat.shape[1] > 1 else 0.0, flat[:, 0]))


def umap_angles(embedding: Embedding, *, hyperboloid: bool, seed: int, on_progress: OnProgress | None = None) -> NDArray[np.float64]:
    """(N,) angle of a 2-D UMAP about its middle; `on_progress` hears (points placed, N), an epoch as its share of the fitted.

    hyperboloid=False: neighbours by cosine of the directions, UMAP onto the plane. True: neighbours by the true
    distance of the embedding's geometry, UMAP onto the hyperboloid (output_metric="hyperboloid"), the angle taken
    about the hyperbolic mean of the result. Seeded, hence single-threaded. Needs umap-learn.
    """
    count = len(embedding)
    rows = np.arange(count)
    if count > UMAP_LIMIT:
        rows = np.sort(np.random.default_rng(seed).choice(count, UMAP_LIMIT, replace=False))
    if len(rows) <= 4:
        return pca_angles(embedding)
    fitted = embedding.take(rows)
    flat = _fit(fitted, _EpochStream(len(rows), count, on_progress), hyperboloid=hyperboloid, seed=seed)
    theta = spread(_hyperbolic_angles(flat) if hyperboloid else _plane_angles(flat), UMAP_SPREAD)
    if len(rows) == count:
        return theta
    every = np.empty(count)
    every[rows] = theta
    rest = np.setdiff1d(np.arange(count), rows, assume_unique=True)
    if len(rest) > 10 * UMAP_LIMIT:
        fitted, theta = fitted.take(np.arange(ANCHORS)), theta[:ANCHORS]
    for start in range(0, len(rest), BLOCK):
        part = rest[start : start + BLOCK]
        every[part] = place(theta, fitted, np.asarray(embedding.directions[part]))
        if on_progress:
            on_progress(len(rows) + start + len(part), count)
    return every


def nearest(embedding: Embedding, count: int, *, by_direction: bool) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Exact nearest neighbours of every item, itself first: rows and distances, (N, count) each.

    by_direction: 1 − cosine of the directions; else the distance of the embedding's geometry. Ties are broken by row.
    """
    directions, radii = np.asarray(embedding.directions, np.float32), np.asarray(embedding.radii, np.float32)
    rows = np.empty((len(directions), count), np.int64)
    values = np.empty((len(directions), count), np.float32)
    for start in range(0, len(directions), BLOCK):
        part = slice(start, start + BLOCK)
        cosine = directions[part] @ directions.T
        far = 1 - cosine if by_direction else ranking_value(cosine, radii[part, None], radii, space=embedding, task="nearest")
        far = np.maximum(far, np.finfo(np.float32).tiny)
        diagonal = np.arange(len(far))
        far[diagonal, diagonal + start] = 0  # rounding must not put another before the item itself
        best = np.argpartition(far, count - 1, axis=1)[:, :count]
        best.sort(axis=1)
        distances = np.take_along_axis(far, best, axis=1)
        order = np.argsort(distances, axis=1, kind="stable")
        rows[part], values[part] = np.take_along_axis(best, order, 1), np.take_along_axis(distances, order, 1)
    return rows, values


class _EpochStream(io.TextIOBase):
    """What UMAP writes its progress bar to: "epoch/epochs" becomes (points, N) of `on_progress`."""

    bar = "{n_fmt}/{total_fmt} "

    def __init__(self, fitted: int, count: int, on_progress: OnProgress | None) -> None:
        self.fitted, self.count, self.on_progress = fitted, count, on_progress

    def write(self, text: str) -> int:
        done, slash, total = text.strip().rpartition("/")
        if slash and self.on_progress:
            self.on_progress(self.fitted * int(done) // int(total), self.count)
        return len(text)


def _umap() -> Any:
    """The class UMAP. It keeps what it compiles beside its source or in the user's cache, and does not load where both cannot be
    written to; then a temporary folder takes it."""
    try:
        from umap import UMAP
    except RuntimeError:
        import numba

        numba.config.CACHE_DIR = str(temporary())  # type: ignore[attr-defined]
        from umap import UMAP
    return UMAP


def _fit(embedding: Embedding, epochs: _EpochStream, *, hyperboloid: bool, seed: int) -> NDArray[np.float64]:
    """(n, 2) coordinates of a seeded UMAP."""
    UMAP = _umap()
    count = min(NEIGHBOURS, len(embedding) - 1)
    known = nearest(embedding, count, by_direction=not hyperboloid)
    tangent = np.asarray(embedding.directions, np.float64) * embedding.radii[:, None]
    start = (tangent - tangent.mean(axis=0)) @ _main_axes(tangent, 2).T
    start = np.pad(start, ((0, 0), (0, 2 - start.shape[1])))
    start = 2 * start / max(np.abs(start).max(), np.finfo(float).tiny)
    start += np.random.default_rng(seed).normal(scale=1e-3, size=start.shape)  # UMAP cannot part coinciding points
    model = UMAP(
        n_neighbors=count, n_epochs=EPOCHS, init=start.astype(np.float32), random_state=seed, n_jobs=1,
        precomputed_knn=(*known, None), output_metric="hyperboloid" if hyperboloid else "euclidean",
        tqdm_kwds={"disable": False, "file": epochs, "bar_format": epochs.bar, "mininterval": 0, "miniters": 1},
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it cannot place new points later: `place` does
        return np.asarray(model.fit_transform(np.asarray(embedding.directions, np.float32)), np.float64)


def _plane_angles(flat: NDArray[np.float64]) -> NDArray[np.float64]:
    flat = flat - (flat.max(axis=0) + flat.min(axis=0)) / 2
    return np.asarray(np.arctan2(flat[:, 1], flat[:, 0]))


def _hyperbolic_angles(flat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Angle about the hyperbolic mean (the normalised Lorentz centroid) of points (x, y, √(1 + x² + y²))."""
    from hypviz.geometry.poincare import mobius_translation

    time = np.sqrt(1 + (flat**2).sum(axis=1))
    disk = (flat[:, 0] + 1j * flat[:, 1]) / (1 + time)
    space, above = flat.mean(axis=0), time.mean()
    unit = np.sqrt(above**2 - (space**2).sum())
    middle = complex(*(space / unit)) / (1 + above / unit)
    return np.asarray(np.angle(mobius_translation(disk, to_origin=middle)))


def _main_axes(rows: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """(count, D) leading principal axes; the largest component of each is positive, so the sign is settled."""
    centred = rows - rows.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, ::-1][:, :count].T
    strongest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    return axes * np.where(strongest < 0, -1.0, 1.0)

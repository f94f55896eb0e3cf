"""Angles fitted to the cones: exterior angles as drawn should be the true ones, for the pairs of the hierarchy first of all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz.progress import OnProgress
from hypviz.search.embedding import Embedding
from hypviz.search.scoring import ranking_value
from hypviz.viz.tree import Tree

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
STEPS = 400
RATE = 0.05
"""Radians a point moves at most per step, falling to zero over the steps."""
OTHERS = 3
"""Random pairs per pair of the hierarchy: they keep the circle from collapsing to one angle."""
BATCH = 20_000
"""Pairs of the hierarchy per step, at most."""
POOL = 16
"""Random pairs that are kept ready, in batches: their true angles take longer to find than a step does."""
PART = 20_000
MEMORY = (0.9, 0.99)
"""Of the mean and of the square of the gradient (Adam; Kingma and Ba, 2015)."""


@dataclass(frozen=True, eq=False)
class _Pairs:
    """x, y: (P,) rows.  true: (P,) ext(x, y) in all dimensions, radians."""

    x: Rows
    y: Rows
    true: Floats

    def take(self, rows: Rows) -> _Pairs:
        return _Pairs(self.x[rows], self.y[rows], self.true[rows])


def fitted_angles(
    embedding: Embedding, tree: Tree, start: NDArray[np.floating], *, seed: int = 0, on_progress: OnProgress | None = None
) -> Floats:
    """(N,) angles in radians, from `start` by gradient descent on the squared error of ext(x, y) over pairs.

    Pairs: every item with all that holds it by annotation, and three times as many random ones. Hyperbolic geometry; in
    the others, and without a pair, `start` itself. `on_progress` hears (share of the steps times N, N).
    """
    phi = np.array(start, np.float64)
    above, below = _ancestry(tree)
    if embedding.geometry != "hyperbolic" or not len(above):
        return phi
    rng = np.random.default_rng(seed)
    family = _measured(embedding, above, below)
    some = min(len(above), BATCH)
    others = _measured(embedding, *rng.integers(0, len(phi), (2, POOL * OTHERS * some)))
    mean, square = np.zeros(len(phi)), np.zeros(len(phi))
    for step in range(STEPS):
        chosen = np.arange(some) if some == len(above) else rng.integers(0, len(above), some)
        apart = rng.integers(0, len(others.x), OTHERS * some)
        pull = _gradient(embedding, phi, family.take(chosen)) + _gradient(embedding, phi, others.take(apart))
        mean += (1 - MEMORY[0]) * (pull - mean)
        square += (1 - MEMORY[1]) * (pull**2 - square)
        scaled = mean / (1 - MEMORY[0] ** (step + 1)) / (np.sqrt(square / (1 - MEMORY[1] ** (step + 1))) + 1e-9)
        phi -= RATE * (1 - step / STEPS) * scaled
        if on_progress and step % 20 == 0:
            on_progress(len(phi) * step // STEPS, len(phi))
    return phi


def _measured(space: Embedding, x: Rows, y: Rows) -> _Pairs:
    """Pairs with their true exterior angles, found in parts of bounded size."""
    parts = []
    for part in np.array_split(np.arange(len(x)), len(x) // PART + 1):
        one, other = space.directions[x[part]], space.directions[y[part]]
        cosine = np.einsum("nd,nd->n", one, other)
        parts.append(ranking_value(cosine, space.radii[x[part]], space.radii[y[part]], space=space, task="children"))
    return _Pairs(x, y, np.concatenate(parts).astype(np.float64))


def _ancestry(tree: Tree) -> tuple[Rows, Rows]:
    """Every item with each that holds it, as two columns of rows."""
    above, below = [], []
    rows = np.flatnonzero(tree.parent >= 0)
    up = tree.parent[rows]
    while len(rows):
        above.append(up)
        below.append(rows)
        known = tree.parent[up] >= 0
        rows, up = rows[known], tree.parent[up[known]]
    none = np.empty(0, np.int64)
    return np.concatenate([none, *above]), np.concatenate([none, *below])


def _gradient(space: Embedding, phi: Floats, pairs: _Pairs) -> Floats:
    """(N,) slope of the summed squared error of ext(x, y) as drawn, flattened where the angle jumps."""
    root = np.sqrt(space.curv)
    r_x, r_y = (root * space.radii[rows].astype(np.float64) for rows in (pairs.x, pairs.y))
    turn = phi[pairs.y] - phi[pairs.x]
    sine, cosine = np.sin(turn), np.cos(turn)
    across, along = np.abs(sine), cosine * np.cosh(r_x) - np.sinh(r_x) / np.tanh(np.maximum(r_y, 1e-9))
    size = np.maximum(across**2 + along**2, 1e-12)
    slope = np.sign(sine) * (along * cosine + sine**2 * np.cosh(r_x)) / size
    error = (np.arctan2(across, along) - pairs.true) * slope / np.sqrt(1 + slope**2)
    return np.asarray(np.bincount(pairs.y, error, len(phi)) - np.bincount(pairs.x, error, len(phi)))

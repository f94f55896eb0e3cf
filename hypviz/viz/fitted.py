"""Angles fitted to the cones: exterior angles as drawn should be the true ones, for the pairs of the hierarchy first of all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypviz.search.embedding import Embedding
from hypviz.search.scoring import ranking_value
from hypviz.viz.tree import Tree

Floats = NDArray[np.float64]
STEPS = 400
RATE = 0.05
"""Radians a point moves at most per step, falling to zero over the steps."""
OTHERS = 3
"""Random pairs per pair of the hierarchy: they keep the circle from collapsing to one angle."""
MEMORY = (0.9, 0.99)
"""Of the mean and of the square of the gradient (Adam; Kingma and Ba, 2015)."""


def fitted_angles(embedding: Embedding, tree: Tree, start: NDArray[np.floating], *, seed: int = 0) -> Floats:
    """(N,) angles in radians, from `start` by gradient descent on the squared error of ext(x, y) over pairs.

    Pairs: every item with its parent and grandparents, and three times as many random ones. Hyperbolic geometry; in the
    others, and without a pair, `start` itself.
    """
    above, below = _ancestry(tree)
    phi = np.array(start, np.float64)
    if embedding.geometry != "hyperbolic" or not len(above):
        return phi
    rng = np.random.default_rng(seed)
    mean, square = np.zeros(len(phi)), np.zeros(len(phi))
    for step in range(STEPS):
        x, y = rng.integers(0, len(phi), (2, OTHERS * len(above)))
        pull = _gradient(embedding, phi, np.concatenate([above, x]), np.concatenate([below, y]))
        mean += (1 - MEMORY[0]) * (pull - mean)
        square += (1 - MEMORY[1]) * (pull**2 - square)
        scaled = mean / (1 - MEMORY[0] ** (step + 1)) / (np.sqrt(square / (1 - MEMORY[1] ** (step + 1))) + 1e-9)
        phi -= RATE * (1 - step / STEPS) * scaled
    return phi


def _ancestry(tree: Tree) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    above, below = [], []
    rows = np.flatnonzero(tree.parent >= 0)
    up = tree.parent[rows]
    while len(rows):
        above.append(up)
        below.append(rows)
        known = tree.parent[up] >= 0
        rows, up = rows[known], tree.parent[up[known]]
    empty = np.empty(0, np.int64)
    return np.concatenate([empty, *above]), np.concatenate([empty, *below])


def _gradient(space: Embedding, phi: Floats, x: NDArray[np.int64], y: NDArray[np.int64]) -> Floats:
    """(N,) slope of the mean squared error of ext(x, y) as drawn."""
    root = np.sqrt(space.curv)
    r_x, r_y = root * space.radii[x].astype(np.float64), root * space.radii[y].astype(np.float64)
    cosine = np.einsum("nd,nd->n", space.directions[x], space.directions[y])
    true = ranking_value(cosine, space.radii[x], space.radii[y], space=space, task="children")
    turn = np.angle(np.exp(1j * (phi[y] - phi[x])))
    across, along = np.abs(np.sin(turn)), np.cos(turn) * np.cosh(r_x) - np.sinh(r_x) / np.tanh(np.maximum(r_y, 1e-9))
    size = np.maximum(across**2 + along**2, 1e-12)
    slope = np.sign(np.sin(turn)) * (along * np.cos(turn) + np.sin(turn) ** 2 * np.cosh(r_x)) / size
    error = (np.arctan2(across, along) - true) * slope / np.sqrt(1 + slope**2)
    pull = np.zeros(len(phi))
    np.add.at(pull, y, error)
    np.add.at(pull, x, -error)
    return pull

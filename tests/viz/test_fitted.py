"""The layout fitted to the cones."""

from __future__ import annotations

import numpy as np
import pytest

from hypviz.search.embedding import Embedding
from hypviz.viz import honesty
from hypviz.viz.fitted import _gradient, _measured, fitted_angles
from hypviz.viz.layout import angles
from hypviz.viz.tree import Tree
from tests.viz.worlds import make_world


def tight_tree() -> tuple[Embedding, Tree]:
    """Twenty roots, each with eight children straight behind it, nearly; siblings are near each other in 12 dimensions."""
    rng = np.random.default_rng(4)
    root = rng.normal(size=(20, 12))
    child = np.repeat(root, 8, axis=0) + 0.25 * rng.normal(size=(160, 12))
    direction = np.concatenate([root, child])
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    radii = np.concatenate([np.full(20, 0.8), 1.8 + 0.1 * rng.random(160)])
    parent = np.concatenate([np.full(20, -1), np.repeat(np.arange(20), 8)])
    depth = (parent >= 0).astype(int)
    label = np.concatenate([np.full(20, -1), np.arange(160) % 5])
    return Embedding(direction.astype(np.float32), radii.astype(np.float32)), Tree(parent, depth, label)


def test_it_keeps_more_of_the_cones_than_the_layout_it_starts_from() -> None:
    embedding, tree = tight_tree()
    rng = np.random.default_rng(0)
    start = rng.uniform(0, 2 * np.pi, len(embedding))
    fitted = fitted_angles(embedding, tree, start)
    scores = [honesty.measure(embedding, one, omega=0.6) for one in (start, fitted)]
    before, after = (score.cone_agreement or 0.0 for score in scores)
    assert after > before + 0.4
    assert (scores[1].cone_purity or 0) > (scores[0].cone_purity or 0) + 0.2


def test_the_slope_is_that_of_the_squared_error() -> None:
    embedding, _ = tight_tree()
    pairs = _measured(embedding, np.array([3]), np.array([70]))
    for turn in (0.4, -0.7, 1.9):
        phi = np.zeros(len(embedding))
        phi[70] = turn

        def drawn(at: float) -> float:
            plane = honesty.plane_of(embedding, np.where(np.arange(len(embedding)) == 70, at, 0.0))
            return float(_measured(plane, np.array([3]), np.array([70])).true[0])

        slope = (drawn(turn + 1e-3) - drawn(turn - 1e-3)) / 2e-3
        wanted = (drawn(turn) - pairs.true[0]) * slope / np.sqrt(1 + slope**2)
        found = _gradient(embedding, phi, pairs)
        assert found[70] == pytest.approx(wanted, abs=5e-3) and found[3] == pytest.approx(-found[70])


def test_it_is_the_same_every_time_and_leaves_alone_what_it_cannot_fit() -> None:
    world = make_world(12)
    first, again = (angles(world.embedding, world.tree, method="cones") for _ in range(2))
    np.testing.assert_array_equal(first, again)
    embedding, tree = tight_tree()
    start = np.linspace(0, 6, len(embedding))
    flat = Embedding(embedding.directions, embedding.radii, geometry="euclidean")
    np.testing.assert_array_equal(fitted_angles(flat, tree, start), start)
    alone = Tree(np.full(180, -1), tree.depth, tree.label)
    np.testing.assert_array_equal(fitted_angles(embedding, alone, start), start)


def test_it_tells_how_far_it_is() -> None:
    embedding, tree = tight_tree()
    heard: list[tuple[int, int | None]] = []
    fitted_angles(embedding, tree, np.zeros(180), on_progress=lambda done, total: heard.append((done, total)))
    assert heard[0] == (0, 180) and len(heard) > 5 and all(total == 180 for _, total in heard)

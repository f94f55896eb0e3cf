"""Angles: deterministic, faithful to classes, and honest about what they lose."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np
import pytest

from hypviz.errors import DataError
from hypviz.search.embedding import Embedding
from hypviz.viz.honesty import plane_of, rank_correlation
from hypviz.viz.insertion import carry_over
from hypviz.viz.layout import METHODS, Tree, angles, branches, place
from hypviz.viz.projections import nearest
from hypviz.viz.wedges import circle_order, spread
from tests.viz.worlds import World, make_world

TURN = 2 * np.pi


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(40)


@pytest.fixture(scope="module", params=METHODS)
def placed(request: pytest.FixtureRequest, world: World) -> np.ndarray:
    return angles(world.embedding, world.tree, method=request.param)


def gap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.abs(np.angle(np.exp(1j * (np.asarray(a, np.float64) - b))))


def test_angles_are_one_float32_turn(placed: np.ndarray, world: World) -> None:
    assert placed.shape == (len(world.embedding),) and placed.dtype == np.float32
    assert placed.min() >= 0 and placed.max() < TURN


@pytest.mark.parametrize("method", METHODS)
def test_the_same_input_gives_the_same_angles(method: str) -> None:
    world = make_world(15)
    first, second = (angles(world.embedding, world.tree, method=method, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_points_of_a_class_lie_together_and_all_around_the_disk(placed: np.ndarray, world: World) -> None:
    labels = world.tree.label
    concentration = [np.abs(np.exp(1j * placed[labels == label].astype(float)).mean()) for label in range(12)]
    assert np.mean(concentration) > 0.8
    assert np.histogram(placed, 8, (0, TURN))[0].min() > 0


def test_each_branch_is_a_wedge_of_its_own(world: World) -> None:
    placed = angles(world.embedding, world.tree).astype(np.float64)
    top = world.tree.top_class()
    order = np.argsort(placed[top >= 0])
    changes = np.count_nonzero(np.diff(top[top >= 0][order]))
    assert changes in (len(np.unique(top[top >= 0])) - 1, len(np.unique(top[top >= 0]))), "wedges must not interleave"


def test_wedges_grow_with_their_count_and_leave_gaps(world: World) -> None:
    placed = angles(world.embedding, world.tree).astype(np.float64)
    top = world.tree.top_class()
    widths, counts = zip(*((np.ptp(placed[top == c]), (top == c).sum()) for c in np.unique(top[top >= 0])), strict=True)
    assert np.corrcoef(widths, counts)[0, 1] > 0.98
    assert 0.8 * TURN < sum(widths) < 0.95 * TURN


def test_parts_are_drawn_near_the_object_that_holds_them(world: World) -> None:
    placed = angles(world.embedding, world.tree)
    parts = np.flatnonzero(world.tree.depth == 2)
    away = gap(placed[parts], placed[world.tree.parent[parts]])
    assert np.quantile(away, 0.95) < TURN / 8


def test_scenes_lean_towards_what_they_contain(world: World) -> None:
    placed = angles(world.embedding, world.tree)
    objects = np.flatnonzero(world.tree.depth == 1)
    shuffled = np.random.default_rng(0).permutation(world.tree.parent[objects])
    assert gap(placed[objects], placed[world.tree.parent[objects]]).mean() < 0.85 * gap(placed[objects], placed[shuffled]).mean()


def test_similar_classes_are_neighbours_on_the_circle() -> None:
    truth = np.random.default_rng(1).permutation(14)
    around = np.exp(1j * TURN * truth / 14)
    order = circle_order(np.real(around[:, None] * around.conj()[None]))
    steps = np.diff(truth[np.append(order, order[0])]) % 14
    assert set(steps) == {1} or set(steps) == {13}


@pytest.mark.parametrize("seed", range(6))
def test_the_tour_through_classes_is_nearly_the_shortest(seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(7, 6))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    far = 1 - points @ points.T

    def length(tour: Sequence[int]) -> float:
        return float(sum(far[a, b] for a, b in zip(tour, [*tour[1:], tour[0]], strict=True)))

    best = min(length((0, *rest)) for rest in permutations(range(1, 7)))
    found = circle_order(points @ points.T).tolist()
    assert sorted(found) == list(range(7)) and length(found) <= 1.06 * best


def test_a_hierarchy_without_edges_or_labels_still_gets_angles() -> None:
    world = make_world(8)
    count = len(world.embedding)
    flat = Tree.from_edges([], [], depth=np.zeros(count), label=np.full(count, -1))
    np.testing.assert_array_equal(angles(world.embedding, flat), angles(world.embedding, method="pca"))
    lonely = Tree.from_edges([], [], depth=(world.tree.label >= 0), label=world.tree.label)
    assert np.isfinite(angles(world.embedding, lonely)).all()


@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("method", METHODS)
def test_tiny_data_sets_get_angles(method: str, count: int) -> None:
    world = make_world(2)
    tree = Tree(np.where(world.tree.parent < count, world.tree.parent, -1)[:count], world.tree.depth[:count], world.tree.label[:count])
    assert np.isfinite(angles(world.embedding.take(np.arange(count)), tree, method=method)).all()


def test_the_deepest_parent_wins() -> None:
    tree = Tree.from_edges([0, 1, 0, 2, 0, 1], [1, 2, 2, 3, 3, 3], depth=[0, 1, 2, 3], label=[-1, 0, 1, 2])
    assert tree.parent.tolist() == [-1, 0, 1, 2]
    assert tree.top_class().tolist() == [-1, 0, 0, 0]


def test_a_query_is_placed_among_its_nearest_without_moving_them(world: World) -> None:
    placed = angles(world.embedding, world.tree)
    rows = np.flatnonzero(world.tree.depth == 1)[:30]
    nudged = world.embedding.directions[rows] + 0.02 * np.random.default_rng(0).normal(size=(30, 24)).astype(np.float32)
    found = place(placed, world.embedding, nudged / np.linalg.norm(nudged, axis=1, keepdims=True))
    assert np.median(gap(found, placed[rows])) < TURN / 20
    single = place(placed, world.embedding, nudged[0])
    assert single.shape == () and float(single) == pytest.approx(float(found[0]), abs=1e-3)


def test_the_mean_of_angles_goes_around_the_circle() -> None:
    directions = np.eye(3, dtype=np.float32)[[0, 0, 1]] + np.float32(0.01)
    embedding = Embedding(directions / np.linalg.norm(directions, axis=1, keepdims=True), np.ones(3, np.float32))
    found = place(np.array([0.1, TURN - 0.1, 3.0]), embedding, embedding.directions[0], neighbours=2)
    assert gap(found, np.zeros(())) < 1e-2


@pytest.mark.parametrize("method", METHODS)
def test_every_layout_beats_random_angles(method: str, world: World) -> None:
    def score(placed: np.ndarray) -> float:
        return rank_correlation(world.embedding, plane_of(world.embedding, placed))[0] or 0.0

    chance = score(np.random.default_rng(0).uniform(0, TURN, len(world.embedding)))
    assert score(angles(world.embedding, world.tree, method=method)) > chance + 0.15


@pytest.mark.parametrize("by_direction", [True, False])
def test_the_neighbours_that_umap_is_given_are_the_nearest(by_direction: bool, world: World) -> None:
    rows, far = nearest(world.embedding, 6, by_direction=by_direction)
    assert np.array_equal(rows[:, 0], np.arange(len(rows))) and (far[:, 0] == 0).all() and (np.diff(far, axis=1) >= 0).all()
    u, r = world.embedding.directions.astype(np.float64), world.embedding.radii.astype(np.float64)
    for row in range(0, len(rows), 40):
        if by_direction:
            slow = 1 - u @ u[row]
        else:  # the law of cosines of the hyperbolic plane
            slow = np.arccosh(np.maximum(np.cosh(r) * np.cosh(r[row]) - np.sinh(r) * np.sinh(r[row]) * (u @ u[row]), 1))
        slow[row] = -1
        np.testing.assert_allclose(far[row, 1:], np.sort(slow)[1:6], atol=2e-3)


def test_more_points_than_umap_is_fitted_on_are_placed_among_them(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[int, int | None]] = []
    monkeypatch.setattr("hypviz.viz.projections.UMAP_LIMIT", 300)
    placed = angles(world.embedding, world.tree, method="umap", on_progress=lambda done, total: heard.append((done, total)))
    assert heard[-1] == (len(placed), len(placed))
    fitting = [done for done, _ in heard if done <= 300]
    assert len(fitting) >= 200 and fitting == sorted(fitting) and fitting[-1] == 300  # every epoch is heard
    together = [np.abs(np.exp(1j * placed[world.tree.label == label].astype(float)).mean()) for label in range(12)]
    assert np.mean(together) > 0.8


def test_items_added_later_are_placed_without_moving_the_old(world: World) -> None:
    ids = np.array([f"{row:016x}" for row in range(len(world.embedding))]).astype("S")
    old = np.sort(np.random.default_rng(0).permutation(len(ids))[: int(0.8 * len(ids))])
    shuffled = np.random.default_rng(1).permutation(old)  # the old state may have had another order
    placed = angles(world.embedding, world.tree)
    found = carry_over(placed[shuffled], ids[shuffled], ids, world.embedding)
    assert found is not None
    np.testing.assert_array_equal(found[old], placed[old])
    new = np.setdiff1d(np.arange(len(ids)), old)
    assert np.median(gap(found[new], placed[new])) < TURN / 12
    assert carry_over(placed[old[:10]], ids[old[:10]], ids, world.embedding) is None, "too little is left of the old layout"


def test_branches_are_named_groups_the_largest_first_and_the_rest_together(world: World) -> None:
    index, names = branches(world.tree, world.classes, limit=4)
    assert names[0] == "scene" and names[-1] == "other" and len(names) == 6
    counts = np.bincount(index, minlength=6)
    assert counts[0] == (world.tree.depth == 0).sum()
    assert (np.diff(counts[1:5]) <= 0).all() and counts.sum() == len(index)
    top = world.tree.top_class()
    for position, name in enumerate(names[1:-1], start=1):
        assert (world.tree.label[(index == position) & (world.tree.depth == 1)] == world.classes.index(name)).all()
        np.testing.assert_array_equal(index == position, top == world.classes.index(name))


def test_spreading_keeps_the_order_and_evens_the_gaps() -> None:
    theta = np.array([0.1, 0.2, 0.15, 3.0, 0.12])
    even = spread(theta, 1.0)
    np.testing.assert_allclose(np.sort(np.mod(even - even.min(), TURN)), np.arange(5) * TURN / 5, atol=1e-9)
    np.testing.assert_allclose(spread(theta, 0.0), theta)


def test_an_unknown_method_is_refused(world: World) -> None:
    with pytest.raises(DataError, match="must be one of hierarchy, pca, cones, umap, hyperboloid, got 't-sne'"):
        angles(world.embedding, world.tree, method="t-sne")

"""Honesty scores: held to slow definitions written out by hand, and to layouts whose score is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import rankdata

from hypviz.search.embedding import Embedding
from hypviz.viz.honesty import cone_agreement, distances, measure, plane_of, point_distortion, rank_correlation, shuffled, trustworthiness
from hypviz.viz.layout import angles
from tests.viz.worlds import World, make_world

TURN = 2 * np.pi


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(12, radii=(0.5, 1.2, 2.2), noise=0.1, curv=0.5)


@pytest.fixture(scope="module")
def placed(world: World) -> np.ndarray:
    return angles(world.embedding, world.tree)


def flat(count: int = 300, *, geometry: str = "hyperbolic", seed: int = 0) -> tuple[Embedding, np.ndarray]:
    """Points that are in a plane to begin with, and their own angles: nothing is lost by drawing them so."""
    rng = np.random.default_rng(seed)
    theta = rng.uniform(0, TURN, count).astype(np.float32)
    directions = np.stack([np.cos(theta), np.sin(theta)], axis=1)
    return Embedding(directions, rng.uniform(0.2, 3, count).astype(np.float32), 0.7, geometry), theta


def slow_distance(embedding: Embedding, a: int, b: int) -> float:
    """By the law of cosines of each geometry, in float64."""
    u, v = (np.asarray(embedding.directions[row], np.float64) for row in (a, b))
    cosine = float(u @ v / np.linalg.norm(u) / np.linalg.norm(v))
    if embedding.geometry == "cosine":
        return math.acos(max(-1, min(1, cosine)))
    r, s = float(embedding.radii[a]), float(embedding.radii[b])
    if embedding.geometry == "euclidean":
        return math.sqrt(max(0, r * r + s * s - 2 * r * s * cosine))
    k = math.sqrt(embedding.curv)
    product = math.cosh(k * r) * math.cosh(k * s) - math.sinh(k * r) * math.sinh(k * s) * cosine
    return math.acosh(max(1, product)) / k


def slow_angle(embedding: Embedding, a: int, b: int) -> float:
    """ext(a, b): π minus the interior angle at a of the triangle origin–a–b, by the law of cosines."""
    k = math.sqrt(embedding.curv)
    r, s, d = k * float(embedding.radii[a]), k * float(embedding.radii[b]), k * slow_distance(embedding, a, b)
    inner = (math.cosh(r) * math.cosh(d) - math.cosh(s)) / (math.sinh(r) * math.sinh(d))
    return math.pi - math.acos(max(-1, min(1, inner)))


@pytest.mark.parametrize("geometry", ["hyperbolic", "euclidean", "cosine"])
def test_a_layout_that_loses_nothing_scores_one_everywhere(geometry: str) -> None:
    embedding, theta = flat(geometry=geometry)
    scores = measure(embedding, theta, omega=0.6)
    for name in ("trustworthiness", "rank_correlation", "cone_agreement", "cone_purity"):
        assert getattr(scores, name) == pytest.approx(1, abs=2e-3), name
    assert point_distortion(embedding, theta).max() < 2e-3
    assert (scores.points, scores.candidates) == (300, 300) and scores.pairs > 19_000 and 100 < scores.queries <= 200


def test_random_angles_score_as_chance_does() -> None:
    embedding, theta = flat(600)
    shell = Embedding(embedding.directions, np.ones(600, np.float32), 0.7)  # no radius to correlate with
    wild = np.random.default_rng(1).permutation(theta)
    scores = measure(shell, wild, omega=0.6)
    assert abs(scores.rank_correlation or 1) < 0.05
    assert scores.trustworthiness == pytest.approx(0.5, abs=0.06)
    assert np.median(point_distortion(shell, wild)) > 0.8
    assert abs(scores.chance.rank_correlation or 1) < 0.05 and scores.chance.trustworthiness == pytest.approx(0.5, abs=0.06)
    assert scores.chance.cone_purity == pytest.approx(scores.cone_purity, abs=0.1)


def test_chance_is_what_exchanged_angles_score_and_true_radii_alone_are_worth_much(world: World, placed: np.ndarray) -> None:
    scores = measure(world.embedding, placed, omega=1.8, seed=3)
    other = measure(world.embedding, shuffled(placed, 3), omega=1.8, seed=3)
    for name in ("trustworthiness", "rank_correlation", "cone_agreement", "cone_purity"):
        assert getattr(scores.chance, name) == getattr(other, name) < getattr(scores, name), name
    embedding, theta = flat(600)
    assert (measure(embedding, theta, omega=0.6).chance.rank_correlation or 0) > 0.3, "points near the rim are far apart anyhow"
    assert np.array_equal(np.sort(shuffled(theta)), np.sort(theta)) and (shuffled(theta) != theta).mean() > 0.95


def test_distances_are_those_of_the_geometry_in_all_dimensions_and_as_drawn(world: World, placed: np.ndarray) -> None:
    plane = plane_of(world.embedding, placed)
    np.testing.assert_array_equal(plane.radii, world.embedding.radii)
    assert plane.directions.shape == (len(world.embedding), 2) and plane.curv == world.embedding.curv
    for space in (world.embedding, plane):
        found = distances(space)
        for a, b in np.random.default_rng(0).integers(0, len(placed), (60, 2)):
            if a != b:
                assert found[a, b] == pytest.approx(slow_distance(space, a, b), abs=2e-3)


def test_rank_correlation_is_that_of_the_ranked_distances(world: World, placed: np.ndarray) -> None:
    plane = plane_of(world.embedding, placed)
    found, pairs = rank_correlation(world.embedding, plane, pairs=400, seed=5)
    first, second = np.random.default_rng(5).integers(0, len(placed), (2, 400))
    both = [[slow_distance(space, a, b) for a, b in zip(first, second, strict=True) if a != b] for space in (world.embedding, plane)]
    true, drawn = (rankdata(column) for column in both)
    assert pairs == len(true)
    assert found == pytest.approx(float(np.corrcoef(true, drawn)[0, 1]), abs=1e-3)


def test_trustworthiness_is_the_sum_of_its_definition(world: World, placed: np.ndarray) -> None:
    true, drawn = (distances(space).astype(np.float64) for space in (world.embedding, plane_of(world.embedding, placed)))
    count, k = len(true), 6
    excess = 0
    for i in range(count):
        others = [j for j in range(count) if j != i]
        by_truth = sorted(others, key=lambda j: true[i, j])
        near = sorted(others, key=lambda j: drawn[i, j])[:k]
        excess += sum(by_truth.index(j) + 1 - k for j in near if j not in by_truth[:k])
    slow = 1 - 2 / (count * k * (2 * count - 3 * k - 1)) * excess
    assert 0.5 < slow < 0.999, "this layout must lose something for the test to say anything"
    assert trustworthiness(true, drawn, k) == pytest.approx(slow, abs=1e-9)


def test_trustworthiness_agrees_with_scikit_learn_in_the_flat_plane() -> None:
    from sklearn.manifold import trustworthiness as reference

    rng = np.random.default_rng(0)
    points, drawn = rng.normal(size=(120, 8)), rng.normal(size=(120, 2))
    drawn += points[:, :2]
    far = [np.linalg.norm(p[:, None] - p[None], axis=-1) for p in (points, drawn)]
    assert trustworthiness(far[0], far[1], 7) == pytest.approx(reference(points, drawn, n_neighbors=7), abs=1e-12)


@pytest.mark.parametrize("omega", [1.8, 2.1])
def test_cone_agreement_counts_who_is_in_which_cone(world: World, placed: np.ndarray, omega: float) -> None:
    plane, count = plane_of(world.embedding, placed), len(placed)
    queries = np.arange(0, count, 9)
    agreement, purity = [], []
    for q in queries:
        true, drawn = ({b for b in range(count) if b != q and slow_angle(space, q, b) <= omega} for space in (world.embedding, plane))
        if true:
            agreement.append(len(true & drawn) / len(true))
            purity.append(len(true & drawn) / len(drawn) if drawn else 0)
    found = cone_agreement(world.embedding, plane, queries, omega=omega)
    assert found[2] == len(agreement) > 5
    assert found[0] == pytest.approx(np.mean(agreement), abs=0.01) and found[1] == pytest.approx(np.mean(purity), abs=0.01)
    assert 0.02 < np.mean(agreement) < 0.98


def test_a_points_distortion_is_one_minus_the_rank_correlation_of_its_distances(world: World, placed: np.ndarray) -> None:
    found = point_distortion(world.embedding, placed, seed=2)
    marks = np.sort(np.random.default_rng(2).permutation(len(placed))[:64])
    plane = plane_of(world.embedding, placed)
    for row in range(0, len(placed), 17):
        true, drawn = (rankdata([slow_distance(space, row, m) if m != row else -1 for m in marks]) for space in (world.embedding, plane))
        assert found[row] == pytest.approx(np.clip(1 - np.corrcoef(true, drawn)[0, 1], 0, 1), abs=0.01)
    assert found.min() >= 0 and found.max() <= 1 and np.ptp(found) > 0.05


def test_the_distortion_of_some_rows_is_that_of_all(world: World, placed: np.ndarray) -> None:
    rows = np.array([5, 3, 40])
    every = point_distortion(world.embedding, placed)
    # Ranks may turn where two distances differ by the last bit, which a product of another shape may round differently.
    np.testing.assert_allclose(point_distortion(world.embedding, placed, rows), every[rows], atol=1e-3)


def test_scores_are_the_same_every_time_and_none_where_data_are_too_few(world: World, placed: np.ndarray) -> None:
    assert measure(world.embedding, placed, omega=0.5) == measure(world.embedding, placed, omega=0.5)
    for count in (1, 2, 4):
        few = measure(world.embedding.take(np.arange(count)), placed[:count], omega=1e-4)
        assert few.trustworthiness is None and few.cone_agreement is None and few.queries == 0
        assert few.chance.trustworthiness is None and few.chance.cone_agreement is None
    assert (point_distortion(world.embedding.take(np.arange(2)), placed[:2]) == 0).all()

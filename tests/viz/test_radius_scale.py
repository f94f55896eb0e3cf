"""The radius scale: strictly monotone, invertible, with round rings; neither a ring nor a dot, and levels apart."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from hypviz.errors import DataError
from hypviz.search.embedding import Embedding
from hypviz.viz.layout import METHODS, angles
from hypviz.viz.radius_scale import NARROW, RadiusScale, spread, written
from tests.viz.worlds import lorentz_tree, make_world

RADII = {
    "levels close together": make_world(noise=0.02).embedding.radii,
    "a wide tree": make_world(radii=(0.5, 1.2, 2.2), noise=0.12, curv=0.1).embedding.radii,
    "very small": 1e-4 * make_world(noise=0.02).embedding.radii,
    "heavy tail": np.random.default_rng(0).lognormal(0, 1.5, 4000),
    "some at the root": np.concatenate([np.zeros(50), np.linspace(1, 2, 900)]),
    "most at one distance": np.concatenate([np.full(990, 1.0), np.linspace(1, 3, 10)]),
    "a hard ceiling": np.minimum(np.random.default_rng(0).normal(0.6, 0.2, 2000).clip(0.05), 0.8),
    "a hard floor": np.maximum(np.random.default_rng(0).normal(0.6, 0.2, 2000), 0.6),
    "all at one distance": np.full(100, 0.7),
    "all at the root": np.zeros(10),
    "one point": np.array([2.0]),
}


@pytest.fixture(params=RADII, ids=str)
def radii(request: pytest.FixtureRequest) -> np.ndarray:
    return np.asarray(RADII[request.param], np.float64)


def test_a_larger_distance_is_always_drawn_farther_out(radii: np.ndarray) -> None:
    scale = RadiusScale.from_radii(radii)
    far = max(radii.max(), 1e-3)
    drawn = scale.drawn(np.concatenate([np.linspace(0, far, 5000), far * np.geomspace(1.001, 100, 200)]))
    assert drawn[0] == 0 and drawn.max() < 1
    assert (np.diff(drawn) > 0).all()


def test_the_true_distance_can_be_read_back_from_the_drawn_radius(radii: np.ndarray) -> None:
    scale = RadiusScale.from_radii(radii)
    true = np.linspace(0, 2 * max(radii.max(), 1e-3), 3000)
    np.testing.assert_allclose(scale.true(scale.drawn(true)), true, rtol=1e-9, atol=1e-12)
    drawn = np.linspace(0, 0.999, 3000)
    np.testing.assert_allclose(scale.drawn(scale.true(drawn)), drawn, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["levels close together", "a wide tree", "very small"])
def test_points_fill_the_disk_with_neither_a_thin_ring_nor_a_dot(name: str) -> None:
    drawn = RadiusScale.from_radii(RADII[name]).drawn(RADII[name])
    low, high = np.quantile(drawn, [0.01, 0.99])
    assert 0.1 < low < 0.35, "the centre must hold the root mark, and not be a hole"
    assert 0.85 < high < 0.97
    assert np.diff(np.quantile(drawn, [0.05, 0.35, 0.65, 0.95])).min() > 0.08


def test_radii_orders_of_magnitude_apart_fill_the_disk_by_their_quantiles_alone() -> None:
    radii = np.geomspace(1e-7, 1, 500)
    middle, stretched = (np.median(RadiusScale.from_radii(radii, linear=share).drawn(radii)) for share in (0.0, 0.6))
    assert 0.5 < middle < 0.7 and stretched < 0.25, "half of the points within a quarter of the disk is what this is against"


@pytest.mark.parametrize(
    ("radius", "words"), [(0.0, "0.000"), (1.23456, "1.235"), (0.0123, "0.012"), (2.64e-6, "0.0000026"), (0.00123, "0.0012")]
)
def test_a_distance_in_words_is_zero_at_the_root_alone(radius: float, words: str) -> None:
    assert written(radius) == words


def test_levels_stay_apart_as_drawn() -> None:
    drawn = RadiusScale.from_radii(RADII["levels close together"]).drawn([0.31, 0.36, 0.41])
    assert np.diff(drawn).min() > 0.15


def test_the_stretch_has_no_kinks() -> None:
    scale = RadiusScale.from_radii(RADII["levels close together"])
    slope = np.diff(scale.drawn_table) / np.diff(scale.true_table)
    assert np.abs(np.diff(slope)).max() < 0.12 * slope.max()


def test_rings_are_round_true_distances_at_their_drawn_radius(radii: np.ndarray) -> None:
    scale = RadiusScale.from_radii(radii)
    rings = scale.rings()
    assert 3 <= len(rings) <= 7
    drawn = np.array([ring.drawn for ring in rings])
    np.testing.assert_allclose(drawn, scale.drawn([ring.true for ring in rings]), atol=1e-9)
    assert rings[-1].true <= scale.true_table[-1], "no ring where nothing lies"
    assert drawn[0] > 0.05 and drawn[-1] < 0.96 and np.diff(drawn).min() >= 0.075 - 1e-9
    for ring in rings:
        assert len(f"{ring.true:.3g}".strip("0.").replace(".", "").split("e")[0].lstrip("0")) <= 3
        assert ring.true == pytest.approx(float(f"{ring.true:.3g}"), rel=1e-9)


def test_a_linear_scale_draws_in_proportion_and_a_narrow_range_is_known() -> None:
    radii = 5 + 0.02 * np.random.default_rng(0).random(3000)
    linear = RadiusScale.linear(radii)
    np.testing.assert_allclose(linear.drawn([2.5, 5.0]) / linear.drawn(5.0), [0.5, 1.0])
    assert np.ptp(linear.drawn(radii)) < 0.01 < np.ptp(RadiusScale.from_radii(radii).drawn(radii)), "the stretch makes much of little"
    assert spread(radii) < NARROW < spread([1.0, 1.2, 1.3])
    assert RadiusScale.linear([0.0, 0.0]).drawn(0.0) == 0 and spread([0.0, 0.0]) == 0 and spread([0.0] * 9 + [1.0]) == np.inf


def test_a_scale_says_what_is_wrong_with_its_input() -> None:
    with pytest.raises(DataError, match="at least one radius"):
        RadiusScale.from_radii([])
    with pytest.raises(DataError, match="finite"):
        RadiusScale.from_radii([1.0, np.nan])
    with pytest.raises(DataError, match="rises strictly"):
        RadiusScale(np.array([0.0, 1.0, 1.0]), np.array([0.0, 0.5, 0.6]))
    with pytest.raises(DataError, match="below 1"):
        RadiusScale(np.array([0.0, 1.0]), np.array([0.0, 1.0]))


@pytest.fixture(scope="module")
def deep_tree() -> tuple[Embedding, np.ndarray]:
    return lorentz_tree(10_000, dim=512, curv=0.1, radii=(0.5, 1.2, 2.2))


def test_three_levels_of_a_tree_in_512_dimensions_are_visibly_apart(deep_tree: tuple[Embedding, np.ndarray]) -> None:
    embedding, level = deep_tree
    assert len(embedding) == 10_000 and embedding.directions.shape[1] == 512 and embedding.curv == 0.1
    drawn = RadiusScale.from_radii(embedding.radii).drawn(embedding.radii)
    assert spearmanr(drawn, embedding.radii.astype(np.float64)).statistic == 1.0
    inner, outer = np.array([np.quantile(drawn[level == depth], [0.01, 0.99]) for depth in range(3)]).T
    assert (inner[1:] - outer[:-1] > 0.05).all(), "an empty band between the levels"
    assert (outer - inner > 0.02).all(), "and no level is a line"
    assert outer[-1] > 0.85 and inner[0] < 0.35


def test_every_layout_draws_the_same_radii(deep_tree: tuple[Embedding, np.ndarray]) -> None:
    """A layout gives an angle and nothing else: whichever is chosen, the radius is a function of the true distance."""
    embedding = deep_tree[0].take(np.arange(0, 10_000, 20))
    drawn = RadiusScale.from_radii(embedding.radii).drawn(embedding.radii)
    for method in METHODS:
        point = drawn * np.exp(1j * angles(embedding, method=method).astype(np.float64))
        assert spearmanr(np.abs(point).round(9), embedding.radii.astype(np.float64)).statistic > 1 - 1e-9

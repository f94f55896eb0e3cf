"""Label distances, orders and the bootstrap at the edges of what they are given."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from scipy import stats

from hypviz import metrics
from hypviz.errors import DataError
from hypviz.metrics import interval_of_few, statistics


def test_an_empty_histogram_has_no_distance_and_raises_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ot, tv = metrics.label_distances([[0, 0], [1, 3], [1, 0]], [[1, 0], [0, 0], [0, 0.5]])
    assert np.isnan(ot).tolist() == np.isnan(tv).tolist() == [True, True, False]
    assert (ot[2], tv[2]) == (1.0, 1.0)


def test_counts_below_one_are_shares_too() -> None:
    assert metrics.optimal_transport([0.2, 0.2, 0.0], [0.0, 0.1, 0.1]) == pytest.approx(1.0)
    assert metrics.total_variation([0.2, 0.2, 0.0], [0.0, 0.1, 0.1]) == pytest.approx(0.5)


@pytest.mark.parametrize(("h", "r"), [([[1, 0]], [[1, 0], [0, 1]]), ([1, 0], [1, 0]), ([[[1]]], [[[1]]])])
def test_histograms_of_other_shapes_are_refused(h: list[object], r: list[object]) -> None:
    with pytest.raises(DataError, match=r"one length \(C,\)"):
        metrics.label_distances(h, r)


def test_the_mean_direction_of_many_narrow_numbers_keeps_its_digits() -> None:
    unit = np.array([0.6, 0.8], np.float32)
    expected = float(np.linalg.norm(unit.astype(np.float64)))
    assert metrics.mean_direction_norm(np.tile(unit, (200_000, 1))) == pytest.approx(expected, abs=1e-9)


def test_order_of_radii_needs_a_pair_for_each() -> None:
    assert metrics.radial_order([[0.1, 0.5]], [[0.2, 0.4]]) == 0.5
    with pytest.raises(DataError, match=r"\(1,\) parent radii do not pair with \(2,\)"):
        metrics.radial_order([1], [1, 2])


def test_two_values_have_a_rank_correlation_and_one_has_none() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert metrics.spearman([1, 2], [5, 4]) == pytest.approx(-1.0)
        assert math.isnan(metrics.spearman([3.0, 3.0], [1.0, 2.0])) and math.isnan(metrics.spearman([], []))


def test_without_a_seed_the_interval_is_that_of_seed_zero_and_a_thousand_draws() -> None:
    values, groups = np.random.default_rng(0).random(40), np.arange(40)
    assert metrics.bootstrap_mean(values, groups) == metrics.bootstrap_mean(values, groups, seed=0, repeats=1000)
    assert metrics.bootstrap_mean(values, groups) != metrics.bootstrap_mean(values, groups, seed=1, repeats=1000)
    assert metrics.bootstrap_mean(values, groups) != metrics.bootstrap_mean(values, groups, seed=0, repeats=1001)


@pytest.mark.parametrize(("groups", "repeats"), [([4, 4, 4], 50), ([1, 2, 3], 0)])
def test_without_two_groups_or_draws_there_is_a_mean_and_no_interval(groups: list[int], repeats: int) -> None:
    found = metrics.bootstrap_mean([1.0, math.nan, 2.0], groups, repeats=repeats)
    assert (found.mean, found.count, found.skipped) == (1.5, 2, 1)
    assert math.isnan(found.low) and math.isnan(found.high)


def test_one_draw_of_two_groups_is_an_interval_of_one_point() -> None:
    found = metrics.bootstrap_mean([1.0, 2.0], ["a", "b"], repeats=1)
    assert found.low == found.high and found.low in (1.0, 1.5, 2.0)


def test_nothing_defined_is_counted() -> None:
    found = metrics.bootstrap_mean([math.nan, math.nan], [1, 2])
    assert (found.count, found.skipped) == (0, 2)
    assert math.isnan(found.mean) and math.isnan(found.low) and math.isnan(found.high)


@pytest.mark.parametrize("at_once", [1, 2, 3, 7, 50])
def test_as_many_means_are_drawn_as_asked_for_however_many_fit_at_once(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    values, groups, repeats = np.random.default_rng(1).random(12), np.repeat(np.arange(4), [1, 2, 4, 5]), 7
    monkeypatch.setattr(statistics, "DRAWS", at_once * 4 + 3)
    rng, means = np.random.default_rng(5), []
    for begun in range(0, repeats, at_once):
        for drawn in rng.integers(4, size=(min(at_once, repeats - begun), 4)):
            taken = np.concatenate([values[groups == group] for group in drawn])
            means.append(taken.mean())
    found = metrics.bootstrap_mean(values, groups, seed=5, repeats=repeats)
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(means, [2.5, 97.5])))


def test_of_groups_of_one_size_the_interval_is_students_of_their_means() -> None:
    values, groups = np.array([0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.5, np.nan]), np.array([0, 0, 1, 1, 2, 2, 3, 3])
    low, high = interval_of_few(values[:6], groups[:6])
    expected = stats.t.interval(0.95, 2, loc=0.5, scale=stats.sem([0.5, 1.0, 0.0]))
    assert (low, high) == pytest.approx(expected)
    assert np.isfinite(interval_of_few(values, groups)).all(), "what has no value is left out"
    assert np.isnan(interval_of_few([0.2, 0.4], [1, 1])).all()


def test_an_interval_of_few_groups_of_many_sizes_holds_the_mean_about_as_often_as_it_says() -> None:
    rng, held = np.random.default_rng(0), 0
    for _ in range(400):
        size, share = rng.integers(1, 12, 8), rng.beta(2, 2, 8)
        hits = np.concatenate([rng.random(count) < one for count, one in zip(size, share, strict=True)]).astype(float)
        low, high = interval_of_few(hits, np.repeat(np.arange(8), size))
        held += low <= 0.5 <= high
    assert 0.89 < held / 400 < 0.98

"""Chance at the smallest pools, of counts of any type, and where nothing can be found."""

from __future__ import annotations

import itertools
import math
import warnings

import numpy as np
import pytest

from hypviz.errors import DataError
from hypviz.metrics import chance


@pytest.mark.parametrize("n", range(1, 7))
def test_the_mean_deviation_is_that_over_all_draws_of_a_small_pool(n: int) -> None:
    for m, k in itertools.product(range(n + 1), range(1, n + 1)):
        counts = [sum(each < m for each in drawn) for drawn in itertools.combinations(range(n), k)]
        for aim in (-1.0, 0.0, 0.5, 1.0, k / 2, float(k), n + 0.25):
            assert chance.mean_deviation(n, m, k, aim) == pytest.approx(np.mean([abs(count - aim) for count in counts]), abs=1e-12), (
                m,
                k,
                aim,
            )


def test_where_none_is_marked_none_is_drawn() -> None:
    n, k = np.meshgrid(np.arange(1, 60), np.arange(1, 60))
    assert (chance.chance_of_any(n, 0, k) == 0).all()
    assert (chance.chance_of_any(n, n, k) == 1).all()
    assert chance.chance_of_any(np.zeros((0,), int), 0, 1).shape == (0,)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float64])
def test_counts_of_any_type_are_counts(kind: type) -> None:
    pool, relevant, k = (np.array(each, kind) for each in ([200, 9], [120, 2], [150, 250]))
    whole = tuple(np.array(each) for each in ([200, 9], [120, 2], [150, 250]))
    np.testing.assert_array_equal(chance.chance_precision(pool, relevant), [0.6, 2 / 9])
    np.testing.assert_array_equal(chance.chance_recall(pool, relevant, k), [0.75, 1.0])
    np.testing.assert_array_equal(chance.chance_hit_rate(pool, relevant, k), chance.chance_hit_rate(*whole))
    np.testing.assert_array_equal(chance.chance_average_precision(pool, relevant), chance.chance_average_precision(*whole[:2]))


def test_one_item_alone_is_found_at_once() -> None:
    assert chance.chance_average_precision([1, 3], [1, 3]).tolist() == [1.0, 1.0]
    assert chance.chance_hit_rate([1], [1], 1).tolist() == chance.chance_recall([1], [1], 9).tolist() == [1.0]


def test_missing_histograms_have_no_distance_and_raise_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ot, tv = chance.chance_label_distances([[0, 0], [2, 0], [2, 0], [1, 1]], [[3, 2], [0, 0], [0, 0], [1, 0]], [2, 2, 0, 1])
    assert np.isnan(ot).tolist() == np.isnan(tv).tolist() == [True, True, True, False]
    assert (ot[3], tv[3]) == (0.5, 0.5)


@pytest.mark.parametrize(("pool", "relevant"), [([2], [3]), ([5, 2], [1, 3]), ([-1], [-1]), ([3], [-1]), ([3, 3], [1, -2])])
def test_counts_that_no_pool_has_are_refused(pool: list[int], relevant: list[int]) -> None:
    with pytest.raises(DataError, match="cannot hold fewer items than are relevant in it, nor a negative number"):
        chance.chance_precision(pool, relevant)


def test_a_depth_matters_only_where_there_is_something_to_find() -> None:
    assert math.isnan(chance.chance_recall([4], [0], 0)[0])
    with pytest.raises(DataError, match="k must be at least 1, got -2"):
        chance.chance_hit_rate([4, 4], [0, 1], [1, -2])


def test_a_wide_count_is_computed_as_exactly_as_it_says() -> None:
    n, m, k = 1_000_000, 300_000, 2_000  # deviation 20.4
    exact = np.arange(400, 801)
    weight = np.exp(
        [
            math.lgamma(m + 1) - math.lgamma(c + 1) - math.lgamma(m - c + 1)
            + math.lgamma(n - m + 1) - math.lgamma(k - c + 1) - math.lgamma(n - m - k + c + 1)
            - math.lgamma(n + 1) + math.lgamma(k + 1) + math.lgamma(n - k + 1)
            for c in exact
        ]
    )  # fmt: skip
    for aim in (560.0, 590.5, 600.0, 611.0, 650.0):
        assert chance.mean_deviation(n, m, k, aim) == pytest.approx(float(weight @ abs(exact - aim)), abs=1e-3 * 20.4)


def test_blocks_of_cases_are_put_together_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    n = rng.integers(20, 90, 40)
    m, k = n // 3, n // 2
    aim = k / 3 + rng.uniform(-1, 1, 40)
    together = chance.mean_deviation(n, m, k, aim)
    monkeypatch.setattr(chance, "CELLS", 64)
    np.testing.assert_allclose(chance.mean_deviation(n, m, k, aim), together, rtol=1e-13)
    np.testing.assert_allclose(
        chance.mean_deviation(n.reshape(8, 5), m.reshape(8, 5), k.reshape(8, 5), aim.reshape(8, 5)).ravel(), together
    )

"""Chance: by the law of total enumeration on small pools, by scipy's distributions on large ones, and by shuffling."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from hypviz import metrics
from hypviz.errors import DataError
from hypviz.metrics import chance

SMALL = [(n, r) for n in range(1, 7) for r in range(1, n + 1)]


def all_rankings(n: int, r: int) -> metrics.Hits:
    """The relevance of every possible ranking of n items of which r are relevant."""
    flags = np.array([[i in chosen for i in range(n)] for chosen in itertools.combinations(range(n), r)])
    return metrics.rank_hits(np.tile(-np.arange(n, dtype=float), (len(flags), 1)), flags)


@pytest.mark.parametrize(("n", "r"), SMALL)
def test_chance_is_the_mean_over_all_rankings(n: int, r: int) -> None:
    hits = all_rankings(n, r)
    assert chance.chance_average_precision([n], [r])[0] == pytest.approx(metrics.average_precision(hits).mean())
    for k in range(1, n + 2):
        assert chance.chance_precision([n], [r])[0] == pytest.approx(metrics.precision_at_k(hits, k).mean())
        assert chance.chance_recall([n], [r], k)[0] == pytest.approx(metrics.recall_at_k(hits, k).mean())
        assert chance.chance_hit_rate([n], [r], k)[0] == pytest.approx(metrics.hit_rate_at_k(hits, k).mean())


def test_shuffled_scores_reach_chance_in_a_large_pool() -> None:
    rng = np.random.default_rng(0)
    hits = metrics.rank_hits(rng.random((4000, 300)), np.tile(np.arange(300) < 13, (4000, 1)))
    for found, wanted in (
        (metrics.average_precision(hits), chance.chance_average_precision(300, 13)),
        (metrics.precision_at_k(hits, 12), chance.chance_precision(300, 13)),
        (metrics.hit_rate_at_k(hits, 12), chance.chance_hit_rate(300, 13, 12)),
        (metrics.recall_at_k(hits, 50), chance.chance_recall(300, 13, 50)),
    ):
        assert abs(found.mean() - wanted) < 4 * found.std() / math.sqrt(len(found))


def test_a_query_with_nothing_to_find_has_no_chance_value() -> None:
    for values in (
        chance.chance_precision([5, 5], [0, 1]),
        chance.chance_recall([5, 5], [0, 1], 2),
        chance.chance_hit_rate([5, 5], [0, 1], 2),
        chance.chance_average_precision([5, 5], [0, 1]),
    ):
        assert np.isnan(values).tolist() == [True, False]


def test_any_of_some_items_among_the_first() -> None:
    assert chance.chance_of_any(10, [0, 1, 10], 3).tolist() == pytest.approx([0.0, 0.3, 1.0])
    assert chance.chance_of_any(10, 8, 3) == 1.0  # too few others to fill three places
    n, m, k = 400_000, 37, 5_000
    assert chance.chance_of_any(n, m, k) == pytest.approx(1 - stats.hypergeom(n, m, k).pmf(0), rel=1e-6)


def slow_deviation(n: int, m: int, k: int, target: float) -> float:
    counts = np.arange(max(0, k + m - n), min(k, m) + 1)
    return float((stats.hypergeom(n, m, k).pmf(counts) * abs(counts - target)).sum())


@pytest.mark.parametrize("seed", range(4))
def test_the_mean_deviation_is_that_of_the_hypergeometric_distribution(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 300, 60)
    m, k = (np.array([rng.integers(0, each + 1) for each in n]) for _ in range(2))
    target = rng.uniform(-1, 1.2, 60) * k
    wanted = [slow_deviation(*case) for case in zip(n.tolist(), m.tolist(), k.tolist(), target.tolist(), strict=True)]
    np.testing.assert_allclose(chance.mean_deviation(n, m, k, target), wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("n", "m", "k"), [(5_000, 600, 2_000), (20_000, 500, 7_800), (4_000, 2_000, 1_500), (9_000, 8_500, 4_000)])
def test_wide_counts_are_normal_to_a_part_in_a_thousand(n: int, m: int, k: int) -> None:
    counts = np.arange(max(0, k + m - n), min(k, m) + 1)
    weight = stats.hypergeom(n, m, k).pmf(counts)
    mean = weight @ counts
    deviation = math.sqrt(weight @ (counts - mean) ** 2)
    assert deviation > chance.WIDE
    for z in (-3.0, -1.0, -0.2, 0.0, 0.5, 1.3, 2.5, 6.0):
        target = mean + z * deviation
        assert chance.mean_deviation(n, m, k, target) == pytest.approx(weight @ abs(counts - target), abs=1e-3 * deviation)


def test_label_distances_are_the_mean_over_all_draws() -> None:
    labels, wanted = [0, 0, 1, 2, 2, 2], np.array([1, 0, 3])
    for k in range(1, 7):
        draws = [np.bincount([labels[i] for i in chosen], minlength=3) for chosen in itertools.combinations(range(6), k)]
        distances = metrics.label_distances(np.tile(wanted, (len(draws), 1)), np.array(draws))
        found = chance.chance_label_distances(wanted[None], np.bincount(labels), k)
        assert [each[0] for each in found] == pytest.approx([each.mean() for each in distances])


def test_label_distances_of_many_queries_differ_in_pool_and_depth() -> None:
    rng = np.random.default_rng(3)
    wanted, pool, k = rng.integers(0, 3, (5, 8)), rng.integers(0, 40, (5, 8)), np.array([3, 9, 40, 1000, 7])
    wanted[:, 0] += 1
    together = chance.chance_label_distances(wanted, pool, k)
    for q in range(5):
        alone = chance.chance_label_distances(wanted[[q]], pool[q], k[q])
        assert [each[q] for each in together] == pytest.approx([each[0] for each in alone])
    whole = metrics.label_distances(wanted[[3]], pool[[3]])  # all of the pool is drawn
    assert [each[3] for each in together] == pytest.approx([each[0] for each in whole])


def test_label_distances_need_labels_and_a_pool() -> None:
    ot, tv = chance.chance_label_distances([[0, 0], [1, 0], [1, 0]], [[3, 2], [0, 0], [1, 1]], 2)
    assert np.isnan(ot).tolist() == np.isnan(tv).tolist() == [True, True, False]


def test_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(DataError, match="cannot hold fewer items"):
        chance.chance_precision([2], [3])
    with pytest.raises(DataError, match="k must be at least 1, got 0"):
        chance.chance_recall([2], [1], 0)

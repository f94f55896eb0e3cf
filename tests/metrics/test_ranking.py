"""Rankings of relevance in other types, of empty pools, and at the depths that they end at."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hypviz import metrics
from hypviz.errors import DataError

INF = math.inf


def test_relevance_may_come_as_zeros_and_ones() -> None:
    scores, relevant = [[0.3, 0.9, -INF, 0.5]], [[1, 0, 1, 1]]
    hits = metrics.rank(scores).hits(relevant)  # type: ignore[arg-type]
    assert hits.relevant.tolist() == [2] and hits.flags.tolist() == [[False, True, True, False]]
    assert metrics.average_precision(metrics.rank_hits(scores, relevant)) == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_a_query_with_nothing_to_find_may_ask_for_any_depth() -> None:
    hits = metrics.rank_hits([[2, 1], [2, 1]], [[False, False], [False, True]])
    for k in ([-10, 2], [0, 2], [99, 2]):
        assert metrics.recall_at_k(hits, k).tolist()[1:] == [1.0]
        for values in (metrics.precision_at_k(hits, k), metrics.recall_at_k(hits, k), metrics.hit_rate_at_k(hits, k)):
            assert np.isnan(values).tolist() == [True, False]


def test_an_order_has_its_own_columns_last_and_counts_its_pool() -> None:
    order = metrics.rank([[-INF, 2.0, -INF, 3.0], [1.0, -INF, 1.0, 0.5]])
    assert order.position.tolist() == [[3, 1, 0, 2], [0, 2, 3, 1]] and order.pool.tolist() == [2, 3]
    assert [each.tolist() for each in order.outside] == [[0, 0, 1], [0, 2, 1]]


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_ties_at_the_last_rank_are_cut_by_position(depth: int) -> None:
    assert metrics.rank([[1.0, 2.0, 1.0, 1.0]], depth).position.tolist() == [[1, 0, 2][:depth]]


def test_scores_are_compared_in_single_precision() -> None:
    assert metrics.rank([[1.0, 1.0 + 1e-12]]).position.tolist() == [[0, 1]]
    assert metrics.rank([[1.0, 1.0 + 1e-12]], 1).position.tolist() == [[0]]
    assert metrics.rank([[-1e30, 1e30, -1e-30, 1e-30]]).position.tolist() == [[1, 3, 2, 0]]


def test_a_pool_of_nothing_has_no_order_and_no_value() -> None:
    order = metrics.rank(np.zeros((2, 0)))
    assert order.position.shape == (2, 0) and order.pool.tolist() == [0, 0]
    assert np.isnan(metrics.average_precision(order.hits(np.zeros((2, 0), bool)))).all()
    alone = metrics.rank_hits([[-INF]], [[True]])
    assert alone.relevant.tolist() == [0] and math.isnan(metrics.precision_at_k(alone, 1)[0])


def test_a_depth_that_was_put_in_order_may_be_looked_at_whole() -> None:
    hits = metrics.rank([[4.0, 3.0, 2.0, 1.0]], 2).hits([[False, True, True, False]])  # type: ignore[arg-type]
    assert metrics.precision_at_k(hits, 2).tolist() == metrics.recall_at_k(hits, 2).tolist() == [0.5]
    assert hits.cumulative.tolist() == [[0, 0, 1]] and hits.relevant.tolist() == [2]
    with pytest.raises(DataError, match="looks at 3 ranks, but only 2 were put in order"):
        metrics.recall_at_k(hits, 3)


@pytest.mark.parametrize("k", [0, -3])
def test_a_depth_below_one_is_refused_with_the_number(k: int) -> None:
    with pytest.raises(DataError, match=f"k must be at least 1, got {k}"):
        metrics.hit_rate_at_k(metrics.rank_hits([[1.0, 2.0]], [[True, False]]), k)
    assert metrics.mean_of([1.0, math.nan, 3.0]) == 2.0 and math.isnan(metrics.mean_of([]))

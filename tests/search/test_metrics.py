"""Metrics: against plain Python loops and cases whose answer is known by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from hypviz import metrics
from hypviz.errors import DataError, SettingsError
from hypviz.metrics import statistics

NAN = float("nan")


def slow_ranking(scores: list[float], relevant: list[bool]) -> list[bool]:
    """Relevance in ranked order: higher scores first, ties by position, −inf not in the pool."""
    inside = [i for i in range(len(scores)) if scores[i] != -math.inf]
    return [relevant[i] for i in sorted(inside, key=lambda i: (-scores[i], i))]


def slow_precision(ranked: list[bool], k: int) -> float:
    return sum(ranked[:k]) / min(k, len(ranked)) if any(ranked) else NAN


def slow_recall(ranked: list[bool], k: int) -> float:
    return sum(ranked[:k]) / sum(ranked) if any(ranked) else NAN


def slow_hit(ranked: list[bool], k: int) -> float:
    return float(any(ranked[:k])) if any(ranked) else NAN


def slow_average_precision(ranked: list[bool]) -> float:
    places = [i for i, hit in enumerate(ranked) if hit]
    return sum(sum(ranked[: i + 1]) / (i + 1) for i in places) / len(places) if places else NAN


def random_case(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores of both signs with many ties, some queries without relevant items, one item left out per query."""
    rng = np.random.default_rng(seed)
    scores = np.round(rng.standard_normal((12, 40)), 1).astype(np.float32)
    scores[scores == 0] = rng.choice([0.0, -0.0], (scores == 0).sum())
    scores[np.arange(12), rng.integers(40, size=12)] = -np.inf
    relevant = rng.random((12, 40)) < rng.choice([0, 0.1, 0.6], (12, 1))
    return scores, relevant


@pytest.mark.parametrize("seed", range(5))
def test_rank_metrics_agree_with_plain_loops(seed: int) -> None:
    scores, relevant = random_case(seed)
    hits = metrics.rank_hits(scores, relevant)
    ranked = [slow_ranking(s, r) for s, r in zip(scores.tolist(), relevant.tolist(), strict=True)]
    for k in (1, 3, 10, 39, 40, 500):
        np.testing.assert_allclose(metrics.precision_at_k(hits, k), [slow_precision(r, k) for r in ranked])
        np.testing.assert_allclose(metrics.recall_at_k(hits, k), [slow_recall(r, k) for r in ranked])
        np.testing.assert_allclose(metrics.hit_rate_at_k(hits, k), [slow_hit(r, k) for r in ranked])
    np.testing.assert_allclose(metrics.average_precision(hits), [slow_average_precision(r) for r in ranked])
    assert hits.relevant.tolist() == [sum(r) for r in ranked]
    assert hits.pool.tolist() == [39] * 12


def test_a_depth_per_query_gives_precision_at_the_number_of_relevant_items() -> None:
    scores, relevant = random_case(7)
    hits = metrics.rank_hits(scores, relevant)
    ranked = [slow_ranking(s, r) for s, r in zip(scores.tolist(), relevant.tolist(), strict=True)]
    want = [slow_precision(r, sum(r)) for r in ranked]
    np.testing.assert_allclose(metrics.precision_at_k(hits, hits.relevant), want)
    np.testing.assert_allclose(metrics.recall_at_k(hits, hits.relevant), want)


@pytest.mark.parametrize("depth", [1, 3, 10, 39, 40, 60])
def test_a_ranking_to_a_depth_is_the_head_of_the_whole(depth: int) -> None:
    scores, relevant = random_case(8)
    whole, head = metrics.rank(scores), metrics.rank(scores, depth)
    np.testing.assert_array_equal(head.position, whole.position[:, :depth])
    np.testing.assert_array_equal(head.hits(relevant).relevant, whole.hits(relevant).relevant)
    for k in {1, min(depth, 39)}:
        np.testing.assert_array_equal(metrics.precision_at_k(head.hits(relevant), k), metrics.precision_at_k(whole.hits(relevant), k))
        np.testing.assert_array_equal(metrics.recall_at_k(head.hits(relevant), k), metrics.recall_at_k(whole.hits(relevant), k))


def test_a_metric_that_looks_deeper_than_the_ranking_raises() -> None:
    scores, relevant = random_case(8)
    hits = metrics.rank(scores, 5).hits(relevant)
    with pytest.raises(DataError, match="looks at 6 ranks, but only 5 were put in order"):
        metrics.precision_at_k(hits, 6)
    with pytest.raises(DataError, match="looks at 39 ranks, but only 5"):
        metrics.average_precision(hits)


def test_known_answers_of_one_ranking() -> None:
    hits = metrics.rank_hits([[0.9, 0.8, 0.7, 0.6, 0.5]], [[True, False, True, False, False]])
    assert metrics.precision_at_k(hits, 2)[0] == 0.5
    assert metrics.recall_at_k(hits, 2)[0] == 0.5
    assert metrics.hit_rate_at_k(hits, 1)[0] == 1.0
    assert metrics.average_precision(hits)[0] == pytest.approx((1 + 2 / 3) / 2)


def test_negative_scores_are_not_misses() -> None:
    assert metrics.average_precision(metrics.rank_hits([[-1.0, -2.0]], [[True, False]]))[0] == 1.0


def test_equal_scores_rank_by_position_and_zero_has_no_sign() -> None:
    assert metrics.rank([[0.0, 1.0, -0.0, 1.0]]).position.tolist() == [[1, 3, 0, 2]]
    constant = metrics.rank_hits(np.zeros((1, 4)), [[False, True, False, True]])
    assert metrics.average_precision(constant)[0] == pytest.approx((1 / 2 + 2 / 4) / 2)


def test_a_query_without_a_relevant_item_has_no_value_and_is_left_out_of_the_mean() -> None:
    hits = metrics.rank_hits([[2, 1], [2, 1]], [[False, False], [True, False]])
    for values in (
        metrics.precision_at_k(hits, 1),
        metrics.recall_at_k(hits, 1),
        metrics.hit_rate_at_k(hits, 1),
        metrics.average_precision(hits),
    ):
        assert math.isnan(values[0])
        assert values[1] == metrics.mean_of(values) == 1.0
    assert math.isnan(metrics.mean_of([NAN]))


def test_a_depth_beyond_the_pool_means_the_pool() -> None:
    hits = metrics.rank_hits([[3, 2, -np.inf]], [[True, False, True]])
    assert metrics.precision_at_k(hits, 10)[0] == 0.5
    assert metrics.recall_at_k(hits, 10)[0] == 1.0


def test_scores_that_are_not_numbers_and_depths_below_one_are_refused() -> None:
    with pytest.raises(DataError, match="A score is NaN"):
        metrics.rank([[1.0, NAN]])
    with pytest.raises(DataError, match="k must be at least 1, got 0"):
        metrics.precision_at_k(metrics.rank_hits([[1.0]], [[True]]), 0)


def test_optimal_transport_is_the_area_between_the_cumulative_shares() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        h, r = rng.integers(0, 9, (2, 7))
        h[0], r[2] = h[0] + 1, r[2] + 1
        area, above = 0.0, 0.0
        for p, q in zip(h / h.sum(), r / r.sum(), strict=True):
            above += p - q
            area += abs(above)
        assert metrics.optimal_transport(h, r) == pytest.approx(area)
        tv = sum(abs(p - q) for p, q in zip(h / h.sum(), r / r.sum(), strict=True)) / 2
        assert metrics.total_variation(h, r) == pytest.approx(tv)


def test_transport_is_that_of_scipy() -> None:
    h, r = np.random.default_rng(1).integers(0, 4, (2, 30, 9))
    h[3], r[5] = 0, 0
    ot, tv = metrics.label_distances(h, r)
    axis = np.arange(9)
    for row in range(30):
        if row in (3, 5):
            assert math.isnan(ot[row]) and math.isnan(tv[row])
        else:
            assert ot[row] == pytest.approx(stats.wasserstein_distance(axis, axis, h[row], r[row]))
            assert (ot[row], tv[row]) == (metrics.optimal_transport(h[row], r[row]), metrics.total_variation(h[row], r[row]))


def test_label_distances_know_equal_shares_disjoint_labels_and_nothing_retrieved() -> None:
    assert metrics.optimal_transport([1, 2, 0], [2, 4, 0]) == 0.0
    assert metrics.optimal_transport([1, 0, 0, 0], [0, 0, 0, 5]) == 3.0
    assert metrics.total_variation([1, 0, 0, 0], [0, 0, 0, 5]) == 1.0
    assert math.isnan(metrics.optimal_transport([1, 0], [0, 0]))
    assert math.isnan(metrics.total_variation([0, 0], [1, 0]))
    with pytest.raises(DataError, match=r"one length \(C,\)"):
        metrics.optimal_transport([1, 0], [1])


def test_only_transport_depends_on_the_order_of_the_classes() -> None:
    h, r, swap = np.array([4, 0, 1]), np.array([0, 4, 1]), [0, 2, 1]
    assert metrics.total_variation(h, r) == metrics.total_variation(h[swap], r[swap])
    assert metrics.optimal_transport(h, r) != metrics.optimal_transport(h[swap], r[swap])


def test_the_curve_is_exact_at_its_thresholds_and_streams() -> None:
    rng = np.random.default_rng(1)
    relevant = rng.random((30, 50)) < 0.3
    angle = np.where(relevant, rng.uniform(0, 2, (30, 50)), rng.uniform(0.5, np.pi, (30, 50))).astype(np.float32)
    curve = metrics.precision_recall_curve(angle, relevant, bins=64)
    sweep = metrics.ThresholdSweep(bins=64)
    for part in np.array_split(np.arange(30), 7):
        sweep.add(angle[part], relevant[part])
    for place, threshold in enumerate(curve.threshold.tolist()):
        taken = angle <= threshold
        retrieved, found = taken.sum(), (taken & relevant).sum()
        assert curve.recall[place] == pytest.approx(found / relevant.sum())
        assert (retrieved == 0 and math.isnan(curve.precision[place])) or curve.precision[place] == pytest.approx(found / retrieved)
    np.testing.assert_array_equal(sweep.curve().recall, curve.recall)
    np.testing.assert_array_equal(sweep.curve().precision, curve.precision)


def test_the_best_threshold_has_the_largest_f1_of_all() -> None:
    rng = np.random.default_rng(2)
    relevant = rng.random(400) < 0.4
    angle = np.where(relevant, rng.uniform(0, 2, 400), rng.uniform(0.8, np.pi, 400))
    threshold, f1 = metrics.best_threshold(angle, relevant)
    slow = []
    for cut in sorted(angle.tolist()):
        taken = angle <= cut
        slow.append(2 * (taken & relevant).sum() / (taken.sum() + relevant.sum()))
    assert f1 == pytest.approx(max(slow), abs=5e-3)
    taken = angle <= threshold
    assert f1 == pytest.approx(2 * (taken & relevant).sum() / (taken.sum() + relevant.sum()))


def test_an_angle_at_the_threshold_counts_as_inside() -> None:
    curve = metrics.precision_recall_curve([0.5, 1.0], [True, True], high=1.0, bins=2)
    assert curve.threshold.tolist() == [0.5, 1.0]
    assert curve.recall.tolist() == [0.5, 1.0]


def test_sweeps_leave_out_infinite_angles_and_report_nothing_found_as_nan() -> None:
    sweep = metrics.ThresholdSweep()
    sweep.add([0.1, np.inf, np.inf], [True, True, False])
    assert sweep.curve().recall[1000] == sweep.curve().recall[-1] == 1.0
    assert sweep.curve().precision[-1] == 1.0
    nothing = metrics.ThresholdSweep()
    nothing.add([0.1], [False])
    assert all(math.isnan(value) for value in nothing.best())
    with pytest.raises(DataError, match="they must agree"):
        sweep.add([0.1], [True, False])
    with pytest.raises(SettingsError, match="bins >= 1"):
        metrics.ThresholdSweep(bins=0)


def test_a_thinned_curve_keeps_its_points_and_its_ends() -> None:
    rng = np.random.default_rng(3)
    relevant = rng.random(2000) < 0.4
    curve = metrics.precision_recall_curve(rng.uniform(0, np.pi, 2000), relevant)
    thin = curve.thin(21)
    assert len(thin.threshold) <= 21
    assert thin.recall[-1] == 1.0
    assert np.diff(thin.recall).max() < 0.06
    places = np.searchsorted(curve.threshold, thin.threshold)
    np.testing.assert_array_equal(curve.precision[places], thin.precision)


def test_radial_order_counts_strictly_smaller_parents() -> None:
    assert metrics.radial_order([1, 1, 2, 3], [2, 1, 3, 1]) == 0.5
    assert math.isnan(metrics.radial_order([], []))
    with pytest.raises(DataError, match="do not pair"):
        metrics.radial_order([1, 2], [1])


def test_the_norm_of_the_mean_direction_tells_spread_from_one_way() -> None:
    assert metrics.mean_direction_norm(np.tile([[0.6, 0.8]], (5, 1))) == pytest.approx(1.0)
    assert metrics.mean_direction_norm([[1, 0], [-1, 0], [0, 1], [0, -1]]) == 0.0
    assert metrics.mean_direction_norm([[1, 0], [0, 1], [1, 0]]) == pytest.approx(math.sqrt(5) / 3)
    assert math.isnan(metrics.mean_direction_norm(np.zeros((0, 3))))


def test_spearman_is_the_correlation_of_mean_ranks() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.integers(0, 4, 60), rng.standard_normal(60)

    def ranks(values: list[float]) -> list[float]:
        return [sum(v < x for v in values) + (sum(v == x for v in values) + 1) / 2 for x in values]

    want = np.corrcoef(ranks(a.tolist()), ranks(b.tolist()))[0, 1]
    assert metrics.spearman(a, b) == pytest.approx(want)
    assert metrics.spearman([0, 1, 2], [1, 5, 9]) == pytest.approx(1)
    assert math.isnan(metrics.spearman([1, 1, 1], [1, 2, 3]))
    assert math.isnan(metrics.spearman([1], [1]))


def test_the_bootstrap_resamples_whole_groups() -> None:
    rng = np.random.default_rng(5)
    per_image = rng.normal(size=60)
    values, groups = np.repeat(per_image, 50), np.repeat(np.arange(60), 50)
    whole = metrics.bootstrap_mean(values, groups, seed=1, repeats=2000)
    assert whole.mean == pytest.approx(per_image.mean())
    # The spread of a mean of 60 images, not of 3,000 values.
    assert (whole.high - whole.low) / (2 * 1.96) == pytest.approx(per_image.std() / math.sqrt(60), rel=0.15)
    single = metrics.bootstrap_mean(values, np.arange(3000), seed=1, repeats=500)
    assert single.high - single.low < (whole.high - whole.low) / 4


def test_the_bootstrap_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(6)
    covered = 0
    for trial in range(200):
        found = metrics.bootstrap_mean(rng.normal(1.0, 1.0, 80), np.arange(80), seed=trial, repeats=200)
        covered += found.low <= 1.0 <= found.high
    assert 175 <= covered <= 200


def test_the_bootstrap_is_that_of_a_plain_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    values, groups = rng.random(50), rng.integers(0, 12, 50)
    names = sorted(set(groups.tolist()))
    draws = np.random.default_rng(9).integers(len(names), size=(300, len(names)))
    slow = []
    for drawn in draws:
        taken = [v for place in drawn for v, group in zip(values, groups, strict=True) if group == names[place]]
        slow.append(sum(taken) / len(taken))
    found = metrics.bootstrap_mean(values, groups, seed=9, repeats=300)
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(slow, [2.5, 97.5])))
    monkeypatch.setattr(statistics, "DRAWS", 24)  # two rounds at a time: those of many images do not fit at once
    few = metrics.bootstrap_mean(values, groups, seed=9, repeats=300)
    assert (few.mean, few.count) == (found.mean, found.count)
    assert (few.low, few.high) == pytest.approx((found.low, found.high), abs=0.05)


def test_the_bootstrap_weighs_images_by_their_values() -> None:
    # 30 images with nine zeros each and 30 with a single one: the mean is 0.1, not 0.5.
    values, groups = [0.0] * 270 + [1.0] * 30, [*np.repeat(np.arange(30), 9), *range(30, 60)]
    found = metrics.bootstrap_mean(values, groups)
    assert found.mean == pytest.approx(0.1)
    assert 0.05 < found.low < found.mean < found.high < 0.2


def test_the_bootstrap_is_repeatable_and_counts_what_it_leaves_out() -> None:
    values, groups = [1.0, NAN, 3.0, 5.0], [0, 0, 1, 2]
    first = metrics.bootstrap_mean(values, groups, seed=3, repeats=100)
    assert first == metrics.bootstrap_mean(values, groups, seed=3, repeats=100)
    assert (first.mean, first.count, first.skipped) == (3.0, 3, 1)
    assert first.low <= first.mean <= first.high
    nothing = metrics.bootstrap_mean([NAN], [0])
    assert math.isnan(nothing.mean)
    assert (nothing.count, nothing.skipped) == (0, 1)
    assert math.isnan(metrics.bootstrap_mean([1.0, 2.0], [0, 0]).low)
    with pytest.raises(DataError, match="need as many groups"):
        metrics.bootstrap_mean([1.0], [0, 1])

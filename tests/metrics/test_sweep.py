"""The threshold sweep against plain loops over its decisions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hypviz import metrics
from hypviz.errors import SettingsError
from hypviz.metrics.sweep import Curve, ThresholdSweep


def swept(angle: list[float], relevant: list[bool], *, high: float = 1.0, bins: int = 10) -> ThresholdSweep:
    sweep = ThresholdSweep(high, bins=bins)
    sweep.add(angle, relevant)
    return sweep


def random_decisions(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Angles at ten edges, so that no bin holds two different ones, and which are relevant."""
    rng = np.random.default_rng(seed)
    return rng.integers(1, 11, 60) / 10, rng.random(60) < 0.3


@pytest.mark.parametrize("seed", range(3))
def test_the_area_under_the_curve_is_the_share_of_pairs_in_order(seed: int) -> None:
    angle, relevant = random_decisions(seed)
    pairs = [(a, b) for a in angle[relevant] for b in angle[~relevant]]
    wins = [1.0 if a < b else 0.5 if a == b else 0.0 for a, b in pairs]
    assert swept(angle.tolist(), relevant.tolist()).auc() == pytest.approx(sum(wins) / len(pairs))


@pytest.mark.parametrize("seed", range(3))
def test_average_precision_is_the_mean_precision_at_the_relevant_ones(seed: int) -> None:
    angle, relevant = random_decisions(seed)
    sweep = swept(angle.tolist(), relevant.tolist())
    plain, even = [], []
    for threshold in angle[relevant]:
        hits, misses = (angle[relevant] <= threshold).sum(), (angle[~relevant] <= threshold).sum()
        plain.append(hits / (hits + misses))
        even.append((hits / relevant.sum()) / (hits / relevant.sum() + misses / (~relevant).sum()))
    assert sweep.average_precision() == pytest.approx(np.mean(plain))
    assert sweep.average_precision(balanced=True) == pytest.approx(np.mean(even))
    assert sweep.base_rate() == pytest.approx(relevant.mean())


def test_one_kind_of_decision_alone_has_the_values_that_can_be_named() -> None:
    right, wrong, none = swept([0.3, 0.5], [True, True]), swept([0.3, 0.5], [False, False]), swept([], [])
    assert right.average_precision() == 1.0 and right.base_rate() == 1.0 and wrong.base_rate() == 0.0
    for value in (
        *(
            right.average_precision(balanced=True),
            right.auc(),
            wrong.auc(),
            wrong.average_precision(),
            wrong.average_precision(balanced=True),
        ),
        *(none.auc(), none.average_precision(), none.base_rate(), *wrong.best(), *none.best()),
    ):
        assert math.isnan(value)
    assert right.best() == (0.5, 1.0)


def test_angles_fall_into_the_bin_that_ends_at_them_and_beyond_the_ends_into_the_last_ones() -> None:
    columns = ThresholdSweep(2.0, bins=4).columns(np.array([-1.0, 0.0, 1e-9, 0.5, 0.5000001, 1.5, 2.0, 7.0, np.inf, -np.inf, np.nan]))
    assert columns.tolist() == [0, 0, 0, 0, 1, 2, 3, 3, 4, 4, 4]
    assert columns.dtype == np.int32


def test_decisions_add_up_over_calls_and_readings() -> None:
    sweep = ThresholdSweep(1.0, bins=2)
    sweep.add([[0.2, 0.9], [np.inf, 0.4]], [[True, False], [True, True]])
    sweep.add([0.6], [1])
    curve = sweep.curve()
    assert curve.threshold.tolist() == [0.5, 1.0]
    assert curve.recall.tolist() == pytest.approx([2 / 3, 1.0])
    assert curve.precision.tolist() == pytest.approx([1.0, 3 / 4])
    assert sweep.best() == (1.0, pytest.approx(2 * 0.75 / 1.75))


def test_of_thresholds_that_are_as_good_the_smallest_is_the_best() -> None:
    assert swept([0.1, 0.1, 0.9], [True, True, False]).best() == (pytest.approx(0.1), 1.0)
    # 0.2 and 0.4 have one F1: 2·1·½/1½ and 2·½·1/1½
    assert swept([0.2, 0.4, 0.4, 0.4], [True, True, False, False]).best() == (pytest.approx(0.2), pytest.approx(2 / 3))


def test_a_sweep_goes_to_a_half_turn_in_4096_steps_unless_told() -> None:
    for curve in (ThresholdSweep().curve(), metrics.precision_recall_curve([1.0], [True])):
        assert len(curve.threshold) == 4096 and curve.threshold[-1] == math.pi
        assert curve.threshold[0] == pytest.approx(math.pi / 4096)
    edge, f1 = metrics.best_threshold([1.0, 3.0], [True, False])
    assert 1.0 <= edge < 1.0 + math.pi / 4096 and f1 == 1.0
    assert metrics.best_threshold([1.0, 3.0], [True, False], high=4.0, bins=2) == (2.0, 1.0)


@pytest.mark.parametrize(("high", "bins"), [(0.0, 8), (-1.0, 8), (1.0, 0), (math.nan, 8)])
def test_a_sweep_of_nothing_is_refused(high: float, bins: int) -> None:
    with pytest.raises(SettingsError, match=f"high > 0 and bins >= 1, got {high} and {bins}"):
        ThresholdSweep(high, bins=bins)
    assert len(ThresholdSweep(1e-3, bins=1).curve().threshold) == 1


def test_f1_is_zero_where_nothing_is_right_or_nothing_retrieved() -> None:
    curve = Curve(np.arange(4.0), np.array([math.nan, 0.0, 0.5, 1.0]), np.array([0.0, 0.0, 1.0, 0.25]))
    assert curve.f1.tolist() == pytest.approx([0.0, 0.0, 2 / 3, 0.4])


def test_a_thinned_curve_is_spread_along_the_recall() -> None:
    recall = np.array([0.0, 0.1, 0.2, 0.5, 0.5, 0.8, 1.0])
    thin = Curve(np.arange(7.0), recall / 2, recall).thin(3)  # 0, ½ and 1 of the recall
    assert thin.threshold.tolist() == [0.0, 3.0, 6.0] and thin.recall.tolist() == [0.0, 0.5, 1.0]
    assert thin.precision.tolist() == [0.0, 0.25, 0.5]
    short = Curve(np.arange(3.0), np.ones(3), np.array([0.1, 0.2, 0.3])).thin(2)  # a recall that never gets to 1
    assert short.recall.tolist() == [0.1, 0.3]

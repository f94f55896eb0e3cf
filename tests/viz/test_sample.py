"""The sample of a large data set: of every branch and depth its share, the same rows every time."""

from __future__ import annotations

import numpy as np
import pytest

from hypviz.viz.sample import allocate, stratified


@pytest.fixture(scope="module")
def stratum() -> np.ndarray:
    return np.random.default_rng(0).permutation(np.repeat(np.arange(6), [9000, 4000, 1500, 400, 60, 3]))


def test_a_sample_has_the_size_that_was_asked_for_and_every_kind_its_share(stratum: np.ndarray) -> None:
    rows = stratified(stratum, 1000)
    counts, taken = np.bincount(stratum), np.bincount(stratum[rows], minlength=6)
    assert len(rows) == len(np.unique(rows)) == 1000 and (np.diff(rows) > 0).all()
    assert taken[5] == 3, "three of three: small kinds are lifted"
    assert (taken[:4] >= 0.85 * counts[:4] / counts.sum() * 1000).all()
    assert taken[4] > 60 / counts.sum() * 1000


def test_a_sample_is_spread_over_the_data_and_the_same_every_time(stratum: np.ndarray) -> None:
    rows = stratified(stratum, 1500)
    np.testing.assert_array_equal(rows, stratified(stratum, 1500))
    assert not np.array_equal(rows, stratified(stratum, 1500, seed=1))
    assert np.histogram(rows, 10, (0, len(stratum)))[0].min() > 100


def test_only_the_given_rows_are_chosen_from(stratum: np.ndarray) -> None:
    among = np.arange(10, 5000, 3)
    rows = stratified(stratum, 300, among=among)
    assert len(rows) == 300 and np.isin(rows, among).all()
    np.testing.assert_array_equal(stratified(stratum, 5000, among=among), among)


@pytest.mark.parametrize("seed", range(20))
def test_an_allocation_adds_up_and_takes_no_more_than_there_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 10 ** rng.integers(1, 6), rng.integers(1, 40))
    budget = int(rng.integers(1, counts.sum() + 10))
    take = allocate(counts, budget)
    assert take.sum() == min(budget, counts.sum()) and (take <= counts).all() and (take >= 0).all()
    more = counts[:, None] > counts[None, :]
    assert (take[:, None] >= take[None, :] - 1)[more].all(), "a larger kind is not shown by fewer"

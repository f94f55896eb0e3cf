"""Shells of radii: where they begin, how many there are, and what two near shells of one radius can hold."""

from __future__ import annotations

import numpy as np
import pytest

from hypviz.search import shells
from hypviz.search.embedding import Embedding
from hypviz.search.scoring import COINCIDENT
from hypviz.search.shells import Shells, between, edges_of, shells_of
from hypviz.search.tables import table_of, together
from tests.search.worlds import cloud

TINY = float(np.nextafter(np.float32(0), np.float32(1)))


def test_shells_hold_as_many_items_each_but_for_thin_ones_at_both_ends() -> None:
    radii = np.random.default_rng(0).permutation(np.linspace(1, 2, 64_001, dtype=np.float32))
    edges = edges_of(radii, count=4)
    inner = [edge for edge in edges if edge > TINY]
    share = [float((radii < edge).mean()) for edge in inner]
    thin = [2.0**-power for power in range(10, 2, -1)]
    assert share == pytest.approx([0.0, *thin, 0.25, 0.5, 0.75, *(1 - one for one in reversed(thin))], abs=1e-4)
    assert edges[0] == TINY and edges[1] == 1.0 and edges.dtype == np.float32
    assert len(edges_of(radii)) == 255 + 2 * 8 + 2
    assert np.bincount(np.searchsorted(edges_of(radii), radii, side="right")).max() <= 64_001 // 256 + 2


def test_edges_are_taken_from_some_radii_where_there_are_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, quantile = [], np.quantile
    monkeypatch.setattr(shells, "SAMPLE", 100)
    monkeypatch.setattr(shells.np, "quantile", lambda values, at: (asked.append(values.tolist()), quantile(values, at))[1])
    for count, step in ((100, 1), (199, 1), (200, 2), (1050, 10)):
        edges_of(np.arange(1, count + 1, dtype=np.float32), count=4)
        assert asked.pop() == list(range(1, count + 1, step))


def test_limits_are_edges_and_what_is_no_radius_is_none() -> None:
    radii = np.float32([0, 0, 2, 2, 3])
    edges = edges_of(radii, (1.5, 2.5, np.inf, -1.0, 0.0), count=2)
    assert edges[0] == TINY and {1.5, 2.0, 2.5} <= set(edges.tolist()) and np.isfinite(edges).all() and (edges > 0).all()
    assert (np.diff(edges) > 0).all()
    assert edges_of(np.zeros(3, np.float32), count=2).tolist() == pytest.approx([TINY]), "nothing but the root"


def test_a_shell_ends_right_before_the_next_begins() -> None:
    low, high = between(np.float32([1, 2]), 0.5, 3.0)
    assert low.tolist() == [0.5, 1, 2] and high.tolist() == [
        np.nextafter(np.float32(1), np.float32(0)),
        np.nextafter(np.float32(2), np.float32(0)),
        3,
    ]
    assert low.dtype == high.dtype == np.float64
    low, high = between(np.float32([1, 2]), 1.5, 1.8)
    assert (low <= high).all() and low.tolist() == [1.5, 1, 2], "an empty one at an end is of one radius"


def test_directions_are_measured_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    e = cloud(100, 4)
    directions = e.directions.copy()
    directions[[3, 64, 99]] *= np.float32([[1.5], [0.5], [np.nan]])
    directions[70] *= np.float32(1.0005)
    odd = Embedding(directions, e.radii)
    whole = shells_of(odd)
    assert np.flatnonzero(whole.of == len(whole.low)).tolist() == [3, 64, 99]
    assert whole.drift == pytest.approx(5e-4 + 4 * 2.0**-24, abs=2e-7)
    monkeypatch.setattr(shells, "BLOCK", 32)
    parts = shells_of(odd)
    assert parts.of.tolist() == whole.of.tolist() and parts.drift == whole.drift
    exact = Embedding(np.eye(4, dtype=np.float32), np.ones(4, np.float32))
    assert shells_of(exact).drift == 4 * 2.0**-24, "what the norm itself can be off by"


def test_a_shell_that_just_reaches_the_radius_of_a_query_may_coincide_with_it() -> None:
    wide = 2 * COINCIDENT
    ends = Shells(np.array([1 + wide, 1 + 2 * wide, 0.0, 0.0]), np.array([2.0, 2.0, 1 - wide, 1 - 2 * wide]), np.zeros(0, np.intp), 0.0)
    assert together(np.array([1.0]), ends).tolist() == [[True, False, True, False]]


def test_a_table_has_one_shell_more_for_rows_that_are_no_unit_vectors() -> None:
    region = np.array([[0.5, 0.2], [0.1, 0.3]]), np.full((2, 2), -2.0)
    none, odd = np.zeros((2, 2), bool), np.array([False, True])
    wide, narrow = (table_of(region, margin, odd=odd, together=none) for margin in (0.01, -0.01))
    assert wide.near == pytest.approx(np.array([[0.49, 0.19, -np.inf], [-np.inf] * 3])) and wide.far.shape == (2, 3)
    assert narrow.near == pytest.approx(np.array([[0.51, 0.21, np.inf], [np.inf] * 3])) and (narrow.far[1] == -np.inf).all()
    assert wide.reached.tolist() == [True] * 3 and narrow.reached.tolist() == [True, True, False]

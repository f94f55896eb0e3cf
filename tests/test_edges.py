"""Which parent → child pairs the disk draws."""

from __future__ import annotations

import numpy as np
import pytest

from hypviz.data.hierarchy import Edges
from hypviz.errors import SelectionError
from hypviz.explore.edges import edges_to_draw

IMAGE = np.repeat(np.arange(50), 4)


def fans() -> Edges:
    """Fifty pictures of a scene with three boxes, and one relation a picture that a longer path replaces."""
    scene = 4 * np.arange(50)
    parent = np.concatenate([scene, scene, scene + 1, scene]).astype(np.int32)
    child = np.concatenate([scene + 1, scene + 2, scene + 3, scene + 3]).astype(np.int32)
    direct = np.repeat([True, True, True, False], 50)
    order = np.lexsort((child, parent))
    return Edges(parent[order], child[order], direct[order])


def test_all_direct_pairs_are_drawn_when_they_fit() -> None:
    found = edges_to_draw(fans(), IMAGE)
    assert (len(found["pairs"]), found["total"]) == (150, 150)
    assert [0, 3] not in found["pairs"] and [1, 3] in found["pairs"]
    assert found["how"] == "all 50 pictures"


def test_beyond_the_budget_whole_pictures_are_left_out_evenly() -> None:
    found = edges_to_draw(fans(), IMAGE, budget=31)
    pictures, counts = np.unique(IMAGE[np.array(found["pairs"])[:, 0]], return_counts=True)
    assert (counts == 3).all() and len(pictures) == 10 and found["total"] == 150
    fifths = np.bincount(pictures // 10, minlength=5)
    assert fifths.min() >= 1 and fifths.max() <= 3, "no part of the data stands for another"
    assert np.diff(pictures, prepend=-1, append=50).max() <= 10
    assert found["how"] == "whole pictures, 10 of 50, evenly over the data"


@pytest.mark.parametrize("fitting", [3, 5, 17])
def test_the_pictures_that_are_drawn_are_spread_over_the_data(fitting: int) -> None:
    rows = np.array(edges_to_draw(fans(), IMAGE, budget=3 * fitting)["pairs"])
    pictures = np.unique(IMAGE[rows[:, 0]])
    assert len(pictures) == fitting
    # the share of the pictures that comes before any place in the data is about that place
    before = np.searchsorted(pictures, np.arange(51)) / fitting
    assert np.abs(before - np.arange(51) / 50).max() < 1.5 / fitting


def test_a_budget_that_all_pairs_just_fill_leaves_nothing_out() -> None:
    assert edges_to_draw(fans(), IMAGE, budget=150)["how"] == "all 50 pictures"
    assert edges_to_draw(fans(), IMAGE, budget=149)["how"] == "whole pictures, 49 of 50, evenly over the data"
    assert edges_to_draw(fans(), IMAGE, budget=5000)["total"] == 150


def test_a_pair_with_an_end_that_is_not_drawn_is_left_out() -> None:
    found = edges_to_draw(fans(), IMAGE, among=np.array([0, 1, 3, 8]))
    assert found["pairs"] == [[0, 1], [1, 3]] and found["total"] == 150


@pytest.mark.parametrize("budget", [0, 5001])
def test_an_impossible_budget_is_one_sentence(budget: int) -> None:
    with pytest.raises(SelectionError, match=r"budget of edges is 1 to 5,000"):
        edges_to_draw(fans(), IMAGE, budget=budget)

"""The two linked histograms: every item is counted in one bin and one class, each under the rest of the filter."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from hypviz.errors import SelectionError
from hypviz.explore.bitsets import pack_rows
from hypviz.explore.histograms import BINS, radius_edges
from hypviz.explore.view import View


def test_each_item_is_counted_once_and_a_bin_is_what_its_filter_finds(tiny_view: View) -> None:
    found = tiny_view.queries.histograms({})
    edges, count = found["radius"]["edges"], len(tiny_view.items)
    assert sum(found["radius"]["all"]) == sum(one["all"] for one in found["classes"]) == found["total"] == count
    for place, (low, high) in enumerate(pairwise(edges)):
        ends = [low if place else None, high if place < len(edges) - 2 else None]
        inside = tiny_view.queries.selector.find({"radius": ends})
        assert np.count_nonzero(inside) == found["radius"]["all"][place] == found["radius"]["found"][place]
    for one in found["classes"]:
        assert np.count_nonzero(tiny_view.items.label == one["value"]) == one["all"]


def test_each_histogram_is_counted_under_the_other_parts_of_the_filter(tiny_view: View) -> None:
    middle = float(np.median(tiny_view.embedding.radii))
    label = int(tiny_view.items.label[3])
    found = tiny_view.queries.histograms({"radius": [middle, None], "classes": [label]})
    outer, own = tiny_view.embedding.radii >= np.float32(middle), tiny_view.items.label == label
    assert sum(found["radius"]["found"]) == np.count_nonzero(own)
    assert {one["value"]: one["found"] for one in found["classes"]}[label] == np.count_nonzero(outer & own) == found["total"]
    assert sum(one["found"] for one in found["classes"]) == np.count_nonzero(outer)
    some = tiny_view.queries.histograms({"members": pack_rows(np.array([2, 9, 11]), len(tiny_view.items))})
    assert sum(some["radius"]["found"]) == sum(one["found"] for one in some["classes"]) == 3


def test_one_far_item_does_not_squeeze_the_others_into_one_bin() -> None:
    radii = np.append(np.linspace(0.1, 0.3, 999), 400.0)
    edges = radius_edges(radii)
    assert len(edges) == BINS + 1 and edges[0] == 0.1 and edges[-1] == 400.0 and edges[-2] < 0.31
    assert radius_edges(np.full(5, 0.7))[0] == 0.7 and len(radius_edges(np.full(5, 0.7))) == 2
    assert radius_edges(np.append(np.full(999, 0.5), 0.9))[[0, -1]].tolist() == [0.5, 0.9]


@pytest.mark.parametrize("radius", [[1], 3, [0, "far"], [True, 1], [float("nan"), 1], None])
def test_a_range_that_is_none_is_refused(tiny_view: View, radius: object) -> None:
    if radius is None:
        assert tiny_view.queries.selector.find({"radius": None}).all(), "no range narrows nothing"
        return
    with pytest.raises(SelectionError, match="radius must be"):
        tiny_view.queries.selector.find({"radius": radius})

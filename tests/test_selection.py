"""Filters and facets: held to loops over the items, and refusing in one sentence what they do not know."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hypviz.errors import SelectionError
from hypviz.explore.bitsets import pack_mask, pack_rows, unpack_mask
from hypviz.explore.disks import FLAGS
from hypviz.explore.selection import Selector
from hypviz.explore.view import View


@pytest.fixture(scope="module")
def chooser(tiny_view: View) -> Selector:
    return tiny_view.queries.selector


def rows(mask: np.ndarray) -> list[int]:
    return np.flatnonzero(mask).tolist()


def test_every_filter_says_the_same_as_a_look_at_each_item(tiny_view: View, chooser: Selector) -> None:
    items, depth, count = tiny_view.items, tiny_view.hierarchy.depth, len(tiny_view.items)
    label = int(items.label[3])
    word = items.classes[label][:3].upper()
    expected: list[tuple[dict[str, Any], list[int]]] = [
        ({}, list(range(count))),
        ({"classes": [label, -1]}, [r for r in range(count) if items.label[r] in (label, -1)]),
        ({"depths": [1]}, [r for r in range(count) if depth[r] == 1]),
        ({"same_image": 40}, [r for r in range(count) if items.image[r] == items.image[40]]),
        ({"same_image": 0}, [r for r in range(count) if items.image[r] == 0]),
        ({"text": f" {word} "}, [r for r in range(count) if word.lower() in items.name(r).lower()]),
        ({"text": str(items.images.file_name[5])}, [r for r in range(count) if items.image[r] == 5]),
        ({"text": str(items.item_id[17])}, [17]),
        ({"ids": [str(items.item_id[9]), str(items.item_id[2])]}, [2, 9]),
        ({"rows": [8, 3]}, [3, 8]),
        ({"rows": []}, []),
        ({"members": pack_rows(np.array([1, 140]), count)}, [1, 140]),
        ({"depths": [2], "same_image": 40}, [r for r in range(count) if depth[r] == 2 and items.image[r] == items.image[40]]),
    ]
    for wanted, found in expected:
        assert rows(chooser.find(wanted)) == found, wanted


def test_violations_are_the_flagged_items(tiny_view: View, chooser: Selector) -> None:
    flags = tiny_view.disks.columns.flags
    assert rows(chooser.find({"violations": True})) == rows((flags & 3) > 0)
    assert rows(chooser.find({"flags": ["inverted"]})) == rows((flags & 2) > 0) != []
    assert rows(chooser.find({"violations": False, "text": "", "depths": [], "classes": None})) == list(range(141))


def test_a_facet_counts_what_choosing_more_of_it_would_bring(tiny_view: View, chooser: Selector) -> None:
    label, depth = tiny_view.items.label, tiny_view.hierarchy.depth
    name = int(label[depth == 2][0])
    facets = chooser.facets({"classes": [name], "depths": [2]})
    assert facets["total"] == int(((label == name) & (depth == 2)).sum())
    assert {f["value"]: f["count"] for f in facets["depths"]} == {d: int(c) for d, c in enumerate(np.bincount(depth[label == name])) if c}
    found, counts = np.unique(label[depth == 2], return_counts=True)
    assert {f["value"]: f["count"] for f in facets["classes"]} == dict(zip(found.tolist(), counts.tolist(), strict=True))
    order = [f["count"] for f in facets["classes"]]
    assert order == sorted(order, reverse=True)
    assert all(f["name"] == tiny_view.items.classes[f["value"]] for f in facets["classes"])
    both = (label == name) & (depth == 2)
    flags = tiny_view.disks.columns.flags
    assert [f["count"] for f in facets["flags"]] == [int((both & (flags >> bit & 1 > 0)).sum()) for bit, _ in enumerate(FLAGS)]
    assert facets["violations"] == int((both & (flags & 3 > 0)).sum())


def test_a_chosen_group_stays_in_sight_when_nothing_of_it_is_left(chooser: Selector) -> None:
    facets = chooser.facets({"depths": [0], "same_image": 0, "classes": [5]})
    assert {"value": 0, "name": "0", "count": 0} in facets["depths"] or facets["depths"]
    assert any(f["value"] == 5 and f["count"] == 0 for f in facets["classes"])


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"colour": 1}, "has no 'colour'; it knows classes, depths"),
        ({"classes": [10_000]}, "classes must be a list of whole numbers from -1"),
        ({"classes": 3}, "classes must be a list"),
        ({"depths": ["1"]}, "depths must be a list"),
        ({"depths": [True]}, "depths must be a list"),
        ({"flags": ["bad"]}, "flags must be among outside_cone, inverted, unlabelled"),
        ({"violations": "yes"}, "true or false"),
        ({"same_image": 141}, "No item 141"),
        ({"same_image": "3"}, "No item 3"),
        ({"text": 3}, "text must be at most 200 characters"),
        ({"text": "a" * 201}, "text must be at most 200 characters"),
        ({"rows": "12"}, "rows must be a list"),
        ({"rows": [-1]}, "No item -1"),
        ({"ids": ["zz"]}, "No item 'zz'"),
        ({"ids": [3]}, "ids must be a list of item ids"),
        ({"members": "AAAA"}, "needs 18 bytes in base64"),
        ({"members": "?"}, "needs 18 bytes in base64"),
    ],
    ids=str,
)
def test_what_is_no_filter_is_refused_in_one_sentence(chooser: Selector, wanted: dict[str, Any], message: str) -> None:
    with pytest.raises(SelectionError, match=message):
        chooser.find(wanted)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 1000])
def test_sets_of_rows_survive_the_journey(count: int) -> None:
    mask = np.random.default_rng(count).random(count) < 0.4
    np.testing.assert_array_equal(unpack_mask(pack_mask(mask), count), mask)
    with pytest.raises(SelectionError, match="base64"):
        unpack_mask(pack_mask(mask), count + 8)

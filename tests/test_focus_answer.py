"""What the page is told to draw around a place, over the views of real workspaces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hypviz.errors import SelectionError, SettingsError
from hypviz.explore.bitsets import pack_rows, unpack_mask
from hypviz.explore.view import View
from hypviz.search.index import Index
from hypviz.search.retrieval import Cones
from hypviz.viz.disk import unpack
from hypviz.viz.outline import Outline


def outline_of(payload: bytes) -> tuple[Outline, np.ndarray, np.ndarray]:
    header, arrays = unpack(payload)
    outline = Outline(arrays["outline_angle"], arrays["outline_drawn"], header["edge"])
    return outline, arrays["angle"], arrays["drawn"]


@pytest.mark.parametrize("scale", ["stretched", "linear"])
@pytest.mark.parametrize("omega", [None, 0.3, 1.4, 2.5])
def test_members_and_none_else_lie_inside_what_is_drawn(tiny_view: View, omega: float | None, scale: str) -> None:
    for row in range(0, len(tiny_view.items), 7):
        outline, angle, drawn = outline_of(tiny_view.queries.focus({"row": row}, omega, scale=scale))
        member = np.zeros(len(tiny_view.items), bool)
        member[tiny_view.index.cone_members(tiny_view.index.query(row), omega)] = True
        wrong = outline.holds(angle, drawn) != member
        wrong[row] = False
        assert not wrong.any() and angle[row] == 0
        np.testing.assert_allclose(drawn, tiny_view.disks.radius_scale(scale).drawn(tiny_view.embedding.radii), atol=1e-6)


def test_where_a_child_must_lie_farther_out_the_outline_ends_at_the_circle_of_its_place(tiny_view: View) -> None:
    kept = tiny_view.index
    cones = Cones(kept.retrieval.cones.omegas, kept.retrieval.cones.limits, outward=True)
    outward = Index(tiny_view.embedding, replace(kept.retrieval, cones=cones))
    tiny_view.placer.index = outward
    try:
        for row in range(3, len(tiny_view.items), 11):
            outline, angle, drawn = outline_of(tiny_view.queries.focus({"row": row}, 2.2))
            inside = outline.holds(angle, drawn)
            inside[row] = False
            assert np.flatnonzero(inside).tolist() == outward.cone_members(outward.query(row), 2.2).tolist()
    finally:
        tiny_view.placer.index = kept


def test_rows_are_answered_for_in_ascending_order(tiny_view: View) -> None:
    rows = np.array([2, 5, 11, 30])
    every = unpack(tiny_view.queries.focus({"row": 5}))[1]["angle"]
    some = unpack(tiny_view.queries.focus({"row": 5}, rows=pack_rows(rows, len(tiny_view.items))))[1]
    np.testing.assert_array_equal(some["angle"], every[rows])
    assert len(some["drawn"]) == 4


def test_a_lasso_around_a_selection_holds_what_is_drawn_in_it(tiny_view: View) -> None:
    payload = unpack(tiny_view.queries.focus({"row": 4}))[1]
    at = 1.1
    x, y = payload["drawn"] * np.cos(payload["angle"] + at), payload["drawn"] * np.sin(payload["angle"] + at)
    around = {"polygon": [[-1, 0], [1, 0], [1, 1], [-1, 1]], "focus": {"query": {"row": 4}, "at": at}}
    found = unpack_mask(tiny_view.queries.region(around)["members"], len(tiny_view.items))
    np.testing.assert_array_equal(found, (y > 0) & (np.abs(x) < 1))


@pytest.mark.parametrize("focus", [{"query": {"row": 4}}, {"at": 1.0}, [], {"query": {"row": 4}, "at": "north"}])
def test_a_region_around_nothing_is_refused(tiny_view: View, focus: object) -> None:
    with pytest.raises(SelectionError, match='needs a "query" and "at"'):
        tiny_view.queries.region({"polygon": [[0, 0], [1, 0], [1, 1]], "focus": focus})


def test_an_unknown_scale_is_refused(tiny_view: View) -> None:
    with pytest.raises(SettingsError, match="scale must be one of stretched, linear"):
        tiny_view.queries.focus({"row": 1}, scale="log")


def test_the_overview_is_by_class_where_parts_are_annotated(tiny_view: View) -> None:
    assert tiny_view.disks.overview == "hierarchy"


def test_items_can_be_listed_by_their_distance_from_their_class(tiny_view: View) -> None:
    listed = tiny_view.queries.listing({}, order="class_distance", down=True, limit=5)["items"]
    far = tiny_view.disks.class_distance
    assert [far[item["row"]] for item in listed] == sorted(far.tolist(), reverse=True)[:5]

"""What lists are made of, piece by piece: bounds, codes, the plan, where lists are cut, their file."""

from __future__ import annotations

import importlib.util
import io
import json
import logging
import math
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypviz.errors import DataError
from hypviz.search.embedding import Embedding
from hypviz.search.lists import bounds, build, cut, engine, plan, store
from hypviz.search.lists.build import build_lists
from hypviz.search.lists.cut import Cut
from hypviz.search.lists.store import ABOUT, ARRAYS, Lists, mark_of, open_lists
from hypviz.search.regions import NONE, NOWHERE
from tests.search.float64 import world

pytest.importorskip("faiss")


def points(count: int = 900, dims: int = 5, seed: int = 0) -> Embedding:
    return world(count, dims, seed, "spread", geometry="hyperbolic", narrow=1.0)


@pytest.fixture
def short_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "PER_CENTROID", 60)
    monkeypatch.setattr(cut, "LEAST", 4)


# --- bounds


def cosines(*angles: float) -> np.ndarray:
    return np.cos(np.array(angles))


def test_the_angles_of_a_list_are_those_of_a_ring_around_its_centroid_seen_from_aside() -> None:
    """Angle of the query to the centroid, those between which the items lie, and what follows on the sphere."""
    cases = [
        ((1.0, 0.2, 0.3), (0.7, 1.3)),
        ((0.1, 0.4, 0.5), (0.3, 0.6)),  # inside the ring
        ((0.3, 0.0, 0.5), (0.0, 0.8)),  # above the items
        ((3.0, 0.2, 0.5), (2.5, 2 * math.pi - 3.2)),  # the far side, past the pole
        ((3.1, 0.0, 0.5), (2.6, math.pi)),
    ]
    turn, inner, outer = np.array([case for case, _ in cases]).T
    found = bounds.Spread(inner, outer).angles(cosines(*turn), 0.0)
    np.testing.assert_allclose(np.stack(found, axis=1), [ends for _, ends in cases], atol=1e-12)
    wider = bounds.Spread(inner, outer).angles(cosines(*turn), 1e-3)
    assert (wider[0] <= found[0]).all() and (wider[1] >= found[1]).all()
    off = 1e-3 / math.sin(1.0)  # of the first case's angle, to first order
    assert wider[0][0] == pytest.approx(0.7 - off, abs=1e-6) and wider[1][0] == pytest.approx(1.3 + off, abs=1e-6)
    assert wider[0][1] == pytest.approx(0.4 - math.acos(math.cos(0.1) - 1e-3))
    assert wider[1][3] == pytest.approx(2 * math.pi - 0.2 - math.acos(math.cos(3.0) + 1e-3))


def test_a_list_can_hold_what_its_angles_meet_to_within_the_slack() -> None:
    def can(smallest: float, largest: float, near: float, far: float) -> bool:
        return bool(bounds.can_hold(*(np.array([each]) for each in (smallest, largest, near, far)))[0])

    assert can(0.499, 3.0, math.cos(0.5), NOWHERE) and not can(0.501, 3.0, math.cos(0.5), NOWHERE)
    assert can(0.1, 2.501, NONE, math.cos(2.5)) and not can(0.1, 2.499, NONE, math.cos(2.5))
    assert not can(0.0, math.pi, NONE, NOWHERE)
    assert can(1e-3, 1.0, 1.0, NOWHERE) and not can(2e-3, 1.0, 1.0, NOWHERE), "the slack is 1e-6 of the cosine"
    assert can(0.0, 1.0, 1.005, NOWHERE) and not can(0.0, 1.0, 1.02, NOWHERE), "up to 1.01 a rounded cosine may reach"
    assert can(1.0, math.pi, NONE, -1.005) and not can(1.0, math.pi, NONE, -1.02)
    assert can(1.0, math.pi - 1e-3, NONE, -1.0) and not can(1.0, math.pi - 2e-3, NONE, -1.0)


def test_a_centroid_is_as_deep_as_it_is_within_the_region() -> None:
    turn = cosines(1.0, 1.0, 1.0, 1.0, 0.2).astype(np.float32)
    near = np.array([math.cos(0.8), NONE, math.cos(0.8), NONE, math.cos(0.8)])
    far = np.array([NOWHERE, math.cos(1.5), math.cos(1.1), NOWHERE, NOWHERE])
    assert bounds.depth(turn, near, far) == pytest.approx([0.2, 0.5, 0.1, np.inf, -0.6], abs=1e-6)
    ends = bounds.depth(np.array([1.5, -1.5], np.float32), np.array([1.005, NONE]), np.array([NOWHERE, -1.005]))
    assert ends.tolist() == [0.0, 0.0], "a product that rounding took beyond 1 is at the end"


def test_the_margin_of_a_code_grows_by_each_error_as_the_triangle_says() -> None:
    def margin(dims: int = 12, error: float = 0.0, reach: float = 0.0, drift: float = 0.0, query_drift: float = 0.0) -> float:
        return bounds.code_margin(dims, error=error, reach=reach, drift=drift, query_drift=query_drift)

    unit, slack = 2.0**-24, 1e-6
    assert bounds.gamma(20) == pytest.approx(20 * unit, rel=1e-5) and bounds.gamma(20) > 20 * unit
    assert bounds.gamma(1 << 22) == pytest.approx(1 / 3)
    assert margin() == pytest.approx(20 * unit + slack, rel=1e-5)
    assert margin(reach=3.0) - margin() == pytest.approx(60 * unit, rel=1e-4)
    assert margin(error=0.25) - margin() == pytest.approx(0.25) and margin(error=0.25, query_drift=0.5) > 0.375 + 0.5
    assert margin(drift=0.5) - margin() == pytest.approx(0.5)
    assert margin(query_drift=0.5) - margin() == pytest.approx(0.5 + 10 * unit, rel=1e-6)
    assert margin(drift=0.5, query_drift=0.5) - margin() == pytest.approx(1.25 + 10 * unit, rel=1e-6)


def test_every_span_of_values_has_its_smallest_and_largest() -> None:
    values = np.random.default_rng(0).permutation(37).astype(float)
    for least in (0, 5, 36):
        first, last = (np.array(ends) for ends in zip(*[(i, j) for i in range(least, 37) for j in range(i, 37)], strict=True))
        for largest, best in ((True, max), (False, min)):
            found = bounds.over_spans(values, first, last, largest=largest)
            assert found.tolist() == [best(values[i : j + 1]) for i, j in zip(first, last, strict=True)]
    assert not len(bounds.over_spans(values, np.empty(0, int), np.empty(0, int), largest=True))


# --- what FAISS does


def test_lists_in_a_file_have_room_for_a_multiple_of_eight_items() -> None:
    capacities, places = engine.offsets(np.array([0, 1, 8, 9]), 5)
    assert capacities.tolist() == [0, 8, 8, 16] and places.tolist() == [0, 0, 8 * 13, 16 * 13, 32 * 13]
    for count, room in ((0, 0), (1, 8), (8, 8), (9, 16)):
        file, rows = io.BytesIO(), 1000 + np.arange(count)
        codes = np.random.default_rng(0).integers(0, 255, (count, 5)).astype(np.uint8)
        engine.write_list(file, codes[:, ::1], rows)
        content = file.getvalue()
        assert len(content) == room * 13 and content[: 5 * count] == codes.tobytes()
        assert np.frombuffer(content[5 * room :], "<i8")[:count].tolist() == rows.tolist()


def test_codes_are_the_nearest_of_256_steps_and_what_lies_beyond_is_put_on_the_ends() -> None:
    low, width = np.array([-1, 2], np.float32), np.array([3, 4], np.float32)
    codes = engine.Codes(low, width)
    assert codes.ends.tolist() == [-1, 2, 3, 4] and codes.ends.dtype == np.float32
    assert codes.reach == pytest.approx(math.hypot(4, 6)), "the farthest that a code can lie from the centroid"
    x = low + width * np.random.default_rng(0).random((500, 2)).astype(np.float32)
    made = codes.encode(x)
    assert made.dtype == np.uint8 and made.shape == x.shape
    assert (np.abs(codes.decode(made) - x) <= width / 255 * 0.501).all() and codes.decode(made).dtype == np.float32
    assert codes.encode(np.array([[-9, 2], [9, 99]], np.float32)).tolist() == [[0, 0], [255, 255]]
    assert codes.encode(x[:, ::-1][:, ::-1].astype(np.float64)).tolist() == made.tolist(), "however they lie in memory"


def test_centroids_are_of_unit_length_in_the_middle_of_clusters() -> None:
    rng = np.random.default_rng(3)
    centre = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    x = centre.repeat(50, axis=0) + 0.01 * rng.standard_normal((300, 6))
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    one = engine.centroids(rng.permutation(x), 1, 0, 300)
    mean = x.mean(axis=0) / np.linalg.norm(x.mean(axis=0))
    assert one.shape == (1, 6) and one.dtype == np.float32 and one[0] == pytest.approx(mean, abs=1e-5)
    few = engine.centroids(x, 3, 1, 200)
    assert few.shape == (3, 6) and np.linalg.norm(few, axis=1) == pytest.approx(np.ones(3), abs=1e-6)
    assert engine.centroids(x, 3, 1, 200).tolist() == few.tolist() != engine.centroids(x, 3, 2, 200).tolist()
    assert engine.centroids(x.astype(np.float64)[:, ::-1][:, ::-1], 3, 1, 200).tolist() == few.tolist()
    assert engine.centroids(np.concatenate([x[:1], -x[:1]]), 1, 0, 40).tolist() == np.eye(1, 6).tolist(), "where all cancels out"
    chosen = engine.closest(x, few)
    assert chosen.dtype == np.int64 and chosen.tolist() == (x.astype(float) @ few.T).argmax(axis=1).tolist()
    assert engine.closest(x.astype(np.float64), few).tolist() == chosen.tolist()


def test_products_above_a_number_are_those_of_the_codes(tmp_path: Path, short_lists: None) -> None:
    e = points()
    lists = build_lists(e, tmp_path / "lists")
    q = e.directions[3]
    which = np.arange(0, len(lists), 2)
    centre = (lists.centroids @ q)[lists.centroid]
    rows, value = engine.above(lists.index, q, which, centre[which], -np.inf)
    assert len(rows) == len(value) == lists.sizes[which].sum() and rows.dtype == np.int64 and value.dtype == np.float32
    assert value == pytest.approx(e.directions[rows] @ q, abs=1.01 * lists.error)
    again, same = engine.above(lists.index, q.astype(np.float64), which.copy(), centre[which].astype(np.float64), float(np.median(value)))
    assert sorted(again) == sorted(rows[value > np.median(value)]) and (same > np.median(value)).all()
    none = engine.above(lists.index, q, which, centre[which], 5.0)
    assert not len(none[0]) and not len(none[1])


# --- the plan


@pytest.mark.parametrize(("count", "per_centroid", "per_root", "expected"), [(900, 60, 4.0, 15), (900, 61, 4.0, 15), (900, 1, 0.5, 15)])
def test_there_is_a_centroid_for_so_many_items_and_no_more_than_their_root_allows(
    count: int, per_centroid: int, per_root: float, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "PER_CENTROID", per_centroid)
    monkeypatch.setattr(plan, "PER_ROOT", per_root)
    assert len(plan.make_plan(points(count), "mark", 0).centroids) == expected


def test_the_range_of_the_codes_holds_all_residuals_with_some_room_and_the_error_is_the_largest_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plan, "PER_CENTROID", 60)
    e = points()
    directions = e.directions.copy()
    directions[::10] *= 2  # no unit vectors: they are no part of it
    directions[5] = np.nan
    made = plan.make_plan(Embedding(directions, e.radii), "the mark", 0)
    x = np.delete(e.directions, [*range(0, 900, 10), 5], axis=0)
    residuals = x - made.centroids[(x @ made.centroids.T).argmax(axis=1)]
    low, high = residuals.min(axis=0), residuals.max(axis=0)
    assert made.codes.width == pytest.approx(1.05 * (high - low), rel=1e-5)
    assert made.codes.low - low == pytest.approx(high - made.codes.low - made.codes.width, abs=1e-6)
    error = np.linalg.norm(residuals - made.codes.decode(made.codes.encode(residuals)), axis=1)
    assert made.error == pytest.approx(1.05 * error.max(), rel=1e-5) and made.mark == "the mark"
    again, other = (plan.make_plan(Embedding(directions, e.radii), "the mark", seed) for seed in (0, 1))
    assert again.centroids.tolist() == made.centroids.tolist() != other.centroids.tolist()


def test_a_direction_in_which_nothing_differs_has_codes_all_the_same(tmp_path: Path) -> None:
    e = points(50)
    same = Embedding(np.tile(e.directions[:1], (50, 1)), e.radii)
    made = plan.make_plan(same, "mark", 0)
    assert len(made.centroids) == 1 and made.codes.width == pytest.approx(np.full(5, 1e-6)) and made.error < 1e-6
    assert plan.make_plan(Embedding(e.directions[:1], e.radii[:1]), "mark", 0).centroids == pytest.approx(e.directions[:1], abs=1e-6)


def test_a_draw_of_residuals_repeats_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "RESIDUALS", 100)
    monkeypatch.setattr(plan, "SAMPLED", 900)
    asked, closest = [], engine.closest
    monkeypatch.setattr(plan.engine, "closest", lambda x, among: (asked.append(x.copy()), closest(x, among))[1])
    plan.make_plan(points(), "mark", 0)
    assert [len(np.unique(x, axis=0)) for x in asked] == [100]


def test_a_plan_comes_back_as_it_was(tmp_path: Path) -> None:
    made = plan.make_plan(points(), "a mark", 3)
    made.write(tmp_path / "plan")
    again = plan.Plan.read(tmp_path / "plan")
    assert again.centroids.tolist() == made.centroids.tolist() and again.codes.ends.tolist() == made.codes.ends.tolist()
    assert (again.error, again.mark) == (made.error, "a mark") and type(again.error) is float and type(again.mark) is str


# --- where lists are cut


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (0, []),
        (1, [1]),
        (7, [7]),
        (64, [8, 8, 16, 16, 8, 8]),
        (32, [8, 8, 8, 8]),
        (256, [8, 24, 32, 64, 64, 32, 24, 8]),
        (40, [10, 10, 10, 9, 1]),
        (255, [8, 24, 32, 64, 63, 32, 24, 8]),
        (244, [8, 22, 31, 61, 61, 31, 22, 8]),
    ],
)
def test_the_items_of_a_centroid_are_cut_at_shares_of_them_and_no_list_is_short_but_a_last_one(count: int, sizes: list[int]) -> None:
    rng = np.random.default_rng(0)
    radii, angles = np.sort(rng.random(count)).astype(np.float32), rng.random(count).astype(np.float32)
    lists = Cut()
    parts = list(lists.by_radius(4, radii, angles))
    assert [part.stop - part.start for part in parts] == sizes
    assert [row for part in parts for row in range(count)[part]] == list(range(count))
    if not parts:
        return
    made = plan.make_plan(points(60), "mark", 0)
    found = lists.lists(made, odd=np.array([7]), error=0.25, drift=1e-4, items=count + 1)
    assert found.centroid.tolist() == [4] * len(parts) and found.sizes.tolist() == sizes
    assert [found.low.tolist(), found.high.tolist()] == [[radii[part][end] for part in parts] for end in (0, -1)]
    least, most = ([float(f(angles[part])) for part in parts] for f in (np.min, np.max))
    assert found.spread.inner == pytest.approx([max(0, one - 1e-6) for one in least], abs=1e-12)
    assert found.spread.outer == pytest.approx([one + 1e-6 for one in most], abs=1e-12)
    assert found.error == pytest.approx(0.25 * (1 + 1e-6), abs=2e-12) and found.drift == pytest.approx(1e-4 + 1e-6)
    assert found.odd.tolist() == [7] and found.items == count + 1 and found.mark == "mark" and found.centroids is made.centroids
    assert [each.dtype.name for each in (found.centroid, found.sizes, found.low, found.high)] == ["int64", "int64", "float32", "float32"]


def test_no_angle_of_a_list_leaves_the_circle() -> None:
    lists = Cut()
    assert len(list(lists.by_radius(0, np.ones(2, np.float32), np.array([0, math.pi], np.float32)))) == 1
    spread = lists.lists(plan.make_plan(points(60), "mark", 0), odd=np.empty(0, int), error=0, drift=0, items=2).spread
    assert spread.inner.tolist() == [0.0] and spread.outer.tolist() == [math.pi]


@pytest.mark.parametrize(
    ("items", "sample"), [(3, [0, 1, 2]), (20, [*range(0, 20, 2)]), (25, [*range(0, 20, 2)]), (30, [*range(0, 30, 3)])]
)
def test_the_sample_of_lists_is_spread_over_all_items(items: int, sample: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut, "SAMPLE", 10)
    lists = Cut()
    list(lists.by_radius(0, np.ones(items, np.float32), np.ones(items, np.float32)))
    found = lists.lists(plan.make_plan(points(60), "mark", 0), odd=np.empty(0, int), error=0, drift=0, items=items)
    assert found.sample.tolist() == sample


# --- made, kept and opened


def values(lists: Lists) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for field in fields(lists):
        each = getattr(lists, field.name)
        if field.name == "spread":
            each = np.stack([each.inner, each.outer])
        if field.name == "codes":
            each = each.ends
        if field.name != "index":
            parts[field.name] = each.tolist() if isinstance(each, np.ndarray) else each
    return parts


def test_what_is_true_of_all_items_is_measured(tmp_path: Path, short_lists: None) -> None:
    e = points()
    directions = e.directions * (1 + 2e-4 * np.sin(np.arange(900)))[:, None].astype(np.float32)
    directions[[5, 77]] *= 2
    lists = build_lists(Embedding(directions, e.radii), tmp_path / "lists", shard=250)
    kept = np.delete(np.arange(900), lists.odd)
    assert {5, 77} <= set(lists.odd.tolist()) and len(lists.odd) < 40 and (np.diff(lists.odd) > 0).all()
    x = directions[kept].astype(np.float64)
    assert lists.drift == pytest.approx(np.abs(np.linalg.norm(x, axis=1) - 1).max() + 1e-6, rel=1e-6)
    m = lists.centroids[(directions[kept] @ lists.centroids.T).argmax(axis=1)]
    coded = lists.codes.decode(lists.codes.encode(directions[kept] - m))
    assert lists.error == pytest.approx(np.linalg.norm(x - m - coded, axis=1).max() * (1 + 1e-6), rel=1e-6)


def test_an_item_whose_code_is_farther_off_than_planned_is_in_no_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    e, original = points(300), plan.make_plan
    monkeypatch.setattr(build, "make_plan", lambda *rest: replace(made := original(*rest), error=0.7 * made.error))
    lists = build_lists(e, tmp_path / "lists")
    m = lists.centroids[(e.directions @ lists.centroids.T).argmax(axis=1)].astype(np.float64)
    coded = lists.codes.decode(lists.codes.encode((e.directions - m).astype(np.float32)))
    error = np.linalg.norm(e.directions - m - coded, axis=1)
    allowed = 0.7 * original(e, "", 0).error
    assert lists.odd.tolist() == np.flatnonzero(error > allowed).tolist() and 0 < len(lists.odd) < 100
    assert lists.error <= allowed * (1 + 2e-6)


def test_blocks_and_shards_change_no_list_and_the_items_with_a_code_are_told(
    tmp_path: Path, short_lists: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    e, told = points(), []
    directions = e.directions.copy()
    directions[[0, 333, 899]] *= 3
    e = Embedding(directions, e.radii)
    one = values(build_lists(e, tmp_path / "one", on_progress=lambda done, total: told.append((done, total))))
    assert told == [(900, 900)] and one["mark"] == mark_of(e)
    monkeypatch.setattr(build, "BLOCK", 130)
    told.clear()
    two = values(build_lists(e, tmp_path / "deep" / "two", shard=400, on_progress=lambda done, total: told.append((done, total))))
    assert told == [(400, 900), (800, 900), (900, 900)] and two == one
    assert sorted(path.name for path in tmp_path.iterdir() if "building" in path.name) == []


def test_lists_are_opened_as_they_were_made_and_the_file_says_how_many_there_are(tmp_path: Path, short_lists: None) -> None:
    e = points()
    made = build_lists(e, tmp_path / "lists")
    opened = open_lists(tmp_path / "lists", e)
    assert opened is not None and values(opened) == values(made) and opened.index.ntotal == made.sizes.sum()
    about = json.loads((tmp_path / "lists" / ABOUT).read_text())
    assert about == {
        "schema": 1, "mark": made.mark, "error": made.error, "drift": made.drift, "lists": len(made), "items": 900
    }  # fmt: skip
    for name, wrong in (("schema", 2), ("mark", "another")):
        (tmp_path / "lists" / ABOUT).write_text(json.dumps(about | {name: wrong}))
        assert open_lists(tmp_path / "lists", e) is None
    for text in ("{}", "[]", "no json", json.dumps({"schema": 1})):
        (tmp_path / "lists" / ABOUT).write_text(text)
        with pytest.raises(DataError, match="are damaged"):
            open_lists(tmp_path / "lists", e)
    (tmp_path / "lists" / ABOUT).write_text(json.dumps(about))
    (tmp_path / "lists" / ARRAYS).unlink()
    with pytest.raises(DataError, match="are damaged"):
        open_lists(tmp_path / "lists", e)


def test_lists_of_more_items_or_other_dimensions_than_there_are_are_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    e = points(100)
    build_lists(e, tmp_path / "lists")
    monkeypatch.setattr(store, "mark_of", lambda embedding: json.loads((tmp_path / "lists" / ABOUT).read_text())["mark"])
    assert open_lists(tmp_path / "lists", e) is not None
    for other in (points(101), points(99), points(100, dims=6)):
        with pytest.raises(DataError, match="they hold 100 of"):
            open_lists(tmp_path / "lists", other)


def test_a_mark_tells_vectors_apart_by_any_of_the_rows_that_it_looks_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LOOKED", 4)
    e = points(10)
    mark = mark_of(e)
    assert len(mark) == 32 and set(mark) <= set("0123456789abcdef") and mark_of(points(10)) == mark
    seen = []
    for row in range(10):
        directions, radii = e.directions.copy(), e.radii.copy()
        directions[row], radii[row] = -directions[row], 2 * radii[row]
        changed = mark_of(Embedding(directions, e.radii)) != mark, mark_of(Embedding(e.directions, radii)) != mark
        assert changed[0] == changed[1]
        if changed[0]:
            seen.append(row)
    assert seen == [0, 3, 6, 9], "the first, the last and others between them"
    assert mark_of(points(1)) != mark_of(Embedding(np.tile(points(1).directions, (2, 1)), np.tile(points(1).radii, 2)))
    assert mark_of(Embedding(e.directions.reshape(25, 2), np.ones(25))) != mark_of(Embedding(e.directions.reshape(5, 10), np.ones(5)))


def test_as_many_odd_rows_as_a_block_or_a_twentieth_may_be_in_no_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    e = points(400)

    def odd(count: int) -> Embedding:
        directions = e.directions.copy()
        directions[:count] *= 2
        return Embedding(directions, e.radii)

    monkeypatch.setattr(build, "BLOCK", 16)
    monkeypatch.setattr(plan, "ROOM", 2.0)  # so that no other row is odd
    assert len(build_lists(odd(20), tmp_path / "some").odd) == 20
    with pytest.raises(DataError, match=r"^21 of 400 directions"):
        build_lists(odd(21), tmp_path / "more")
    monkeypatch.setattr(build, "BLOCK", 50)
    assert len(build_lists(odd(50), tmp_path / "block").odd) == 50
    with pytest.raises(DataError, match=r"^51 of 400 directions"):
        build_lists(odd(51), tmp_path / "most")


def test_vectors_that_change_while_lists_are_made_are_noticed(tmp_path: Path) -> None:
    e = points(300)

    def change(done: int, total: int) -> None:
        e.directions[0] *= -1

    with pytest.raises(DataError, match="changed while their lists were made"):
        build_lists(e, tmp_path / "lists", on_progress=change)


def test_a_run_over_other_vectors_begins_anew_with_its_own_seed(tmp_path: Path, short_lists: None) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_lists(points(seed=1), tmp_path / "lists", on_progress=stop)
    e = points()
    expected = values(build_lists(e, tmp_path / "reference", seed=4))
    assert values(build_lists(e, tmp_path / "lists", seed=4)) == expected
    assert values(build_lists(e, tmp_path / "other", seed=5)) != expected
    assert values(build_lists(e, tmp_path / "lists")) == expected, "what is there is taken as it is"


def test_folders_above_are_made_and_faiss_tells_nothing_of_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "one" / "in" / "another" / "lists"
    build_lists(points(100), folder)
    assert sorted(path.name for path in folder.iterdir()) == ["lists.codes", "lists.json", "lists.npz"]
    logger = logging.getLogger("faiss.loader")
    monkeypatch.setattr(logger, "level", logging.DEBUG)
    assert engine.has_faiss() and engine.faiss() is sys.modules["faiss"] and logger.level == logging.WARNING
    asked: list[str] = []
    monkeypatch.setattr(importlib.util, "find_spec", asked.append)
    assert not engine.has_faiss() and asked == ["faiss"]

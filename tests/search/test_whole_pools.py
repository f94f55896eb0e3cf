"""Searches that go over whole pools: scores, near-duplicates, words on the way, one of each group, in parts of bounded memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hypviz.errors import DataError, SettingsError
from hypviz.geometry import distance_from_cosine
from hypviz.search import near, ordering, orders, violations
from hypviz.search.answers import Query
from hypviz.search.best import BestOfEach
from hypviz.search.embedding import GEOMETRIES, Embedding
from hypviz.search.index import Index
from hypviz.search.ordering import members, retrieval_scores
from hypviz.search.orders import near_duplicates
from hypviz.search.products import ALIGNMENT, Products
from hypviz.search.retrieval import Cones, Ranking, Retrieval
from hypviz.search.traverse import ROOT, words_to_root
from tests.search import float64
from tests.search.worlds import cloud

TASKS = ("children", "parents")


# --- scores of a pool


def references(pool: Embedding, queries: Embedding, retrieval: Retrieval, whole: np.ndarray, task: str) -> tuple[np.ndarray, np.ndarray]:
    """(Q, P) values and membership in float64."""
    values, held = [], []
    for row in range(len(queries)):
        query = Query(queries.directions[row], float(queries.radii[row]))
        values.append(float64.value(pool, query, retrieval.ranking(task, query.radius), task))
        inside, holding = float64.held(pool, query, retrieval, whole)
        held.append(inside if task == "children" else holding)
    return np.array(values), np.array(held)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("parents_at", ["query", "candidate"])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_a_score_is_the_value_turned_round_and_what_no_cone_holds_comes_after_all_that_one_does(
    geometry: str, parents_at: str, task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, queries = cloud(90, 3, geometry=geometry), cloud(23, 3, seed=1, geometry=geometry)
    rankings = Ranking(apex="sum"), Ranking("angle + cosine", "candidate", 0.4), Ranking("distance")
    cones = Cones((1.9, 0.9), (1.5,), outward=True)
    retrieval = Retrieval(rankings[0], rankings[1], cones, parents_at, 0.5, contents=rankings[2])
    whole = np.random.default_rng(0).random(90) < 0.2
    values, held = references(pool, queries, retrieval, whole, task)
    monkeypatch.setattr(ordering, "CELLS", 900)
    spans, met = [], 0
    for part, scores in retrieval_scores(pool, queries, retrieval, task=task, whole=whole):
        spans.append((part.start, part.stop))
        inside, value = held[part], values[part]
        assert scores.dtype == np.float32 and not inside.all()
        met += int(inside.sum())
        np.testing.assert_allclose(scores[inside], -value[inside], atol=2e-4)
        behind = -value[~inside] - scores[~inside]
        assert behind == pytest.approx(np.full(len(behind), value.max() - value.min() + 1), abs=1e-3), (
            "by the same number, so in their order"
        )
    assert spans == [(0, 10), (10, 20), (20, 23)] and 50 < met < 2000


def test_a_pool_without_an_item_has_no_scores_and_queries_that_are_none_give_none() -> None:
    empty = Embedding(np.empty((0, 4), np.float32), np.empty(0, np.float32))
    ((part, scores),) = retrieval_scores(empty, cloud(3), Retrieval(), task="children")
    assert (part.start, part.stop) == (0, 3) and scores.shape == (3, 0)
    assert list(retrieval_scores(cloud(3), empty, Retrieval(), task="children")) == []
    with pytest.raises(SettingsError, match=r"^task must be"):
        next(retrieval_scores(cloud(3), cloud(3), Retrieval(), task="nearest"))


def test_whose_cones_hold_a_box_is_not_asked_of_the_radius_of_whole_pictures() -> None:
    pool = Embedding(np.tile(np.eye(1, 2, dtype=np.float32), (3, 1)), np.float32([0.5, 2.0, 2.0]), 1.0)
    cosine, query_radius = np.ones((1, 3), np.float32), np.full((1, 1), 1.0, np.float32)
    retrieval = Retrieval(cones=Cones((3.1415,), outward=True), parents_at="candidate")
    for whole, expected in ((None, [True, False, False]), (np.array([False, False, True]), [True, False, True])):
        found = members(cosine, query_radius, pool.radii, pool, retrieval, task="parents", whole=whole)
        assert found[0, 0] == expected[0] and found[0, 1] == expected[1]
    wide = Retrieval(cones=Cones((float(np.float32(math.pi)),), outward=True), parents_at="candidate")
    cosine[:] = 0.3
    found = members(cosine, query_radius, pool.radii, pool, wide, task="parents", whole=np.array([False, False, True]))
    assert found.tolist() == [[True, False, True]]
    below = members(cosine, query_radius, pool.radii, pool, wide, task="children", whole=np.array([False, False, True]))
    assert below.tolist() == [[False, True, True]]


@pytest.mark.parametrize(("cells", "queries", "width"), [(1, 1, 64), (200, 1, 192), (200, 3, 64), (1000, 2, 448), (1 << 20, 2, 500)])
def test_products_of_all_items_come_in_blocks_of_so_many_cosines(cells: int, queries: int, width: int) -> None:
    e, directions = cloud(500, 7), cloud(queries, 7, seed=1).directions
    kept = Products(e.directions, most=500)
    blocks = list(kept.blocks(directions, cells))
    assert [start for start, _ in blocks] == list(range(0, 500, width)) and (width % ALIGNMENT == 0 or width == 500)
    found = np.concatenate([cosine for _, cosine in blocks], axis=1)
    assert found.shape == (queries, 500) and found.dtype == np.float32
    np.testing.assert_allclose(found, directions.astype(float) @ e.directions.T, atol=1e-6)
    with kept.of(directions, keep=False) as known:
        assert (known is not None) == (queries == 1), "those of a single query are kept"


def test_whole_blocks_of_scores_are_as_high_as_the_memory_allows() -> None:
    e, queries = cloud(300, 8), cloud(50, 8, seed=1)
    for chunk, height in ((64 * 64, 3), (16_000, 13), (1199 * 4, 3), (1200 * 4, 4), (8 << 20, 50)):
        parts = [part for part, _ in Index(e, chunk_bytes=chunk).scores(queries)]
        assert [part.start for part in parts] == list(range(0, 50, height)) and parts[-1].stop == 50
    many = cloud(2000, 8)
    assert [part.stop - part.start for part, _ in Index(many, chunk_bytes=64 * 64).scores(queries)] == [1] * 50, "one query at least"


# --- near-duplicates


def in_order(distance: np.ndarray) -> list[int]:
    """Rows by the distance to their closest, each followed by its partner where that has not been placed."""
    placed: list[int] = []
    for row in sorted(range(len(distance)), key=lambda row: (distance[row].min(), row)):
        for one in (row, int(distance[row].argmin())):
            if one not in placed:
                placed.append(one)
    return placed


@pytest.mark.parametrize("geometry", ["hyperbolic", "euclidean"])
@pytest.mark.parametrize("cells", [1, 100, 1 << 22])
def test_partners_stand_side_by_side_by_the_distance_of_their_geometry(geometry: str, cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "CELLS", cells)
    e, rows = cloud(70, 3, geometry=geometry), np.arange(69, 9, -1)
    some = e.take(rows)
    distance = np.stack(
        [float64.value(some, Query(some.directions[row], float(some.radii[row])), Ranking("distance"), "children") for row in range(60)]
    )
    distance = np.minimum(distance, distance.T)  # which are alike but for their rounding
    np.fill_diagonal(distance, np.inf)
    order, closest = near_duplicates(e, rows)
    assert order.tolist() == in_order(distance) and closest == pytest.approx(distance.min(axis=1), abs=1e-4)
    assert order.dtype == np.int64 and closest.dtype == np.float32


def test_the_first_of_equal_pairs_comes_first_and_none_is_placed_twice() -> None:
    e = Embedding(np.tile(np.eye(1, 2, dtype=np.float32), (6, 1)), np.float32([1, 2, 3, 1, 2, 3]))
    order, closest = near_duplicates(e, np.arange(6))
    assert order.tolist() == [0, 3, 1, 4, 2, 5] and closest.tolist() == [0] * 6
    many = Embedding(np.tile(np.eye(1, 2, dtype=np.float32), (80, 1)), np.tile(np.arange(40, dtype=np.float32), 2))
    assert near_duplicates(many, np.arange(80))[0].tolist() == [row for one in range(40) for row in (one, one + 40)]
    none, nothing = near_duplicates(e, np.empty(0, np.int64))
    assert (none.dtype.name, nothing.dtype.name, len(none), len(nothing)) == ("int64", "float32", 0, 0)


def test_distances_between_all_of_as_many_as_allowed_are_looked_at_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes, original = [], orders.ranking_value
    monkeypatch.setattr(orders, "MAX_PAIRED", 40)
    monkeypatch.setattr(orders, "CELLS", 400)
    monkeypatch.setattr(
        orders, "ranking_value", lambda cosine, *rest, **more: (shapes.append(cosine.shape), original(cosine, *rest, **more))[1]
    )
    assert len(near_duplicates(cloud(50), np.arange(40))[0]) == 40
    assert shapes == [(10, 40)] * 4


# --- parts of bounded memory


def test_angles_of_near_pairs_are_computed_anew_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    for geometry, name in (("hyperbolic", "refined_exterior_angle"), ("euclidean", "refined_euclidean_exterior_angle")):
        directions = np.eye(1, 6) + 1e-5 * rng.standard_normal((25, 6))
        e = Embedding(directions.astype(np.float32), 1 + np.float32(1e-4) * np.arange(25, dtype=np.float32), 0.5, geometry)
        cosine = np.ones((1, 25), np.float32)
        ends = e.directions[:1], e.directions
        whole = near.refine(np.zeros((1, 25), np.float32), cosine, e.radii[:1, None], e.radii, ends, space=e)
        exact = float64.angles(e, Query(e.directions[0], 1.0))[0]
        assert whole[0, 1:] == pytest.approx(exact[1:], abs=1e-3)
        sizes, original = [], getattr(near, name)
        with monkeypatch.context() as patch:
            patch.setattr(near, "PAIRS", 10)
            patch.setattr(near, name, lambda x, *rest, _o=original, _s=sizes, **more: (_s.append(len(rest[1])), _o(x, *rest, **more))[1])
            parts = near.refine(np.zeros((1, 25), np.float32), cosine, e.radii[:1, None], e.radii, ends, space=e)
        assert sizes == [10, 10, 5] and parts.tolist() == whole.tolist()
        for shape in ((25,), (25, 1)):  # one query, or pairs
            other = near.refine(
                np.zeros(25, np.float32), np.ones(25, np.float32), np.full(25, 1, np.float32), e.radii,
                (ends[0][0] if shape == (25,) else np.tile(ends[0], (25, 1)), ends[1]), space=e,
            )  # fmt: skip
            assert other.tolist() == whole[0].tolist()


def test_cosines_of_near_items_are_computed_anew_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    class Noted(np.ndarray):
        def __getitem__(self, key: Any) -> Any:
            if isinstance(key, np.ndarray):
                sizes.append(len(key))
            return super().__getitem__(key)

    e = Embedding(np.tile(np.eye(1, 3, dtype=np.float32), (25, 1)).view(Noted), np.ones(25, np.float32))
    monkeypatch.setattr(near, "PAIRS", 10)
    rough = np.full(25, 1 - 1e-7, np.float32)
    found = near.refined_cosines(rough, 2 * np.eye(1, 3, dtype=np.float32)[0], e)
    assert found.tolist() == [1.0] * 25 and sizes == [10, 10, 5]
    without = Embedding(np.zeros((1, 3), np.float32), np.ones(1, np.float32))
    assert near.refined_cosines(rough[:1], np.eye(1, 3, dtype=np.float32)[0], without).tolist() == [0.0], "of no length there is no angle"


def test_edges_are_looked_at_a_block_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, original = [], violations.ranking_value
    monkeypatch.setattr(violations, "BLOCK", 10)
    monkeypatch.setattr(
        violations, "ranking_value", lambda cosine, *rest, **more: (sizes.append(len(cosine)), original(cosine, *rest, **more))[1]
    )
    e = cloud(30, 4)
    parent, child = np.arange(25), np.arange(5, 30)
    angles = violations.edge_angles(e, parent, child)
    exact = [float64.angles(e, Query(e.directions[one], float(e.radii[one])))[0][other] for one, other in zip(parent, child, strict=True)]
    assert sizes == [10, 10, 5] and angles == pytest.approx(np.array(exact), abs=2e-4) and angles.dtype == np.float32
    near_by = Embedding(e.directions + np.float32(1e-5) * e.directions[:1], np.float32(1.0001) * e.radii, e.curv)
    both = Embedding(np.concatenate([e.directions, near_by.directions]), np.concatenate([e.radii, near_by.radii]), e.curv)
    close = violations.edge_angles(both, np.arange(30), np.arange(30, 60))
    wanted = [float64.angles(near_by, Query(e.directions[row], float(e.radii[row])))[0][row] for row in range(30)]
    assert close == pytest.approx(np.array(wanted), abs=1e-3), "of near pairs too"
    marks = violations.outside_cone(e, parent, child, omega=1.0), violations.inverted(e, parent, child)
    assert [each.dtype for each in marks] == [np.bool_] * 2 and [each.shape for each in marks] == [(30,)] * 2


@pytest.mark.parametrize("geometry", ["hyperbolic", "euclidean"])
def test_what_an_angle_can_be_off_by_is_what_rounding_does_to_its_sides(geometry: str) -> None:
    """The rounding of 1 − cos θ moves both sides of the sighting triangle; by their derivatives, taken numerically in float64."""
    rng = np.random.default_rng(0)
    step, scale = 1e-9, math.sqrt(0.7) if geometry == "hyperbolic" else 1.0
    e = Embedding(np.eye(2, dtype=np.float32), np.ones(2, np.float32), 0.7, geometry)
    versine, own, other = 10 ** rng.uniform(-5.5, -3, 300), rng.uniform(0.2, 3, 300), rng.uniform(0.2, 3, 300)

    def sides(v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y, sine = scale * own, scale * other, np.sqrt(v * (2 - v))
        if geometry == "euclidean":
            return y * sine, y - x - v * y
        return np.sinh(y) * sine, np.sinh(y - x) - v * np.cosh(x) * np.sinh(y)

    across, along = sides(versine)
    moved = [np.abs(later - now) / step * near.ROUNDING for later, now in zip(sides(versine + step), (across, along), strict=True)]
    expected = (moved[0] + moved[1]) / np.hypot(across, along)
    found = near._error(*(each.astype(np.float32) for each in (versine, own, other)), e)  # type: ignore[arg-type]
    assert found == pytest.approx(expected, rel=2e-2)
    alike = near._error(*(np.float32([each]) for each in (0.0, 1.0, 1.0)), e)  # type: ignore[arg-type]
    assert np.isfinite(alike).all() and alike[0] > 0.1, "of two that are one nothing is known"


def test_only_angles_that_may_be_off_are_computed_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, original = [], near.refined_exterior_angle
    monkeypatch.setattr(near, "refined_exterior_angle", lambda x, *rest, **more: (sizes.append(len(x)), original(x, *rest, **more))[1])
    turn = np.geomspace(1e-5, 0.5, 400)
    e = Embedding(np.stack([np.cos(turn), np.sin(turn)], axis=1).astype(np.float32), np.full(400, 1.5, np.float32), 1.0)
    cosine = np.cos(turn).astype(np.float32)
    near.refine(np.zeros(400, np.float32), cosine, np.float32(1.0), e.radii, (np.float32([1, 0]), e.directions), space=e)  # type: ignore[arg-type]
    (count,) = sizes
    assert 0.2 < turn[count - 1] / math.acos(1 - near.NEAR) < 0.9 or turn[count - 1] < 0.03


# --- one of each group


@pytest.mark.parametrize("chunk_bytes", [64 * 64, 8 << 20])
def test_one_of_each_group_is_its_best_child_in_blocks_too(chunk_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    starts, add = [], BestOfEach.add
    monkeypatch.setattr(BestOfEach, "add", lambda self, start, *rest: (starts.append(start), add(self, start, *rest))[1])
    e = cloud(2600, 3)
    groups, whole = np.arange(2600) % 40, np.arange(2600) % 7 == 0
    retrieval = Retrieval(Ranking("distance"), cones=Cones((1.5,), outward=True))
    index = Index(e, retrieval, whole=whole, chunk_bytes=chunk_bytes)
    for row in (3, 2599):
        query = Query(e.directions[row], 0.4, row)
        distance, angle = (float64.value(e, query, Ranking(by), "children") for by in ("distance", "angle"))
        allowed = (angle <= 1.5) & (e.radii > np.float32(0.4)) & ~whole & (np.arange(2600) != row)
        best = {}
        for child in np.flatnonzero(allowed)[np.argsort(distance[allowed], kind="stable")].tolist():
            best.setdefault(int(groups[child]), child)
        for limit in (5, 100):
            found = index.one_of_each(query, None, groups, limit=limit)
            assert sorted(found.rows.tolist()) == sorted(list(best.values())[:limit]) and found.total == len(best) > 30
            assert (np.diff(found.radius) >= 0).all() and found.proof == "exact" and found.counted
            assert found.angle == pytest.approx(angle[found.rows], abs=1e-5)
            assert found.rows[np.argsort(found.rank)].tolist() == list(best.values())[:limit]
    assert starts == ([0, 1024, 2048] if chunk_bytes == 4096 else [0]) * 4


# --- words


def test_a_word_is_met_where_it_is_the_nearest_of_those_whose_cone_holds_the_place() -> None:
    """On one ray: each word from halfway to the next one outwards, as far as its cone, which holds the ray beyond it."""
    words = Embedding(np.tile(np.eye(1, 2, dtype=np.float32), (2, 1)), np.float32([1.0, 2.0]), 1.0)
    stops = words_to_root(words, Query(np.float32([1, 0]), 3.0), steps=31)
    assert [stop.row for stop in stops] == [1, 0, ROOT]
    assert [(stop.start, stop.stop) for stop in stops] == [pytest.approx(ends) for ends in ((3.0, 2.0), (1.9, 1.0), (0.9, 0.0))]
    assert words_to_root(words, Query(np.float32([1, 0]), 3.0)) == words_to_root(words, Query(np.float32([1, 0]), 3.0), steps=50, k=0.1)
    two = words_to_root(words, Query(np.float32([1, 0]), 3.0), steps=2.0)  # type: ignore[arg-type]
    assert [(stop.row, stop.start, stop.stop) for stop in two] == [(1, 3.0, 3.0), (ROOT, 0.0, 0.0)]


def test_wider_cones_hold_more_places() -> None:
    aside = Embedding(np.float32([[1, 0], [math.cos(0.1), math.sin(0.1)]]), np.float32([0.2, 1.0]), 1.0)
    query = Query(np.float32([1, 0]), 2.5)
    met = {k: [stop.row for stop in words_to_root(aside, query, k=k)] for k in (0.01, 0.1, 0.3)}
    assert met[0.01] == [0, ROOT] == met[0.1] and met[0.3] == [1, 0, ROOT]
    for k in (0.01, 0.1, 0.3):
        aperture = math.asin(min(1, 2 * k / math.sinh(1.0)))
        angle = float64.angles(Embedding(aside.directions[:1], np.float32([2.5]), 1.0), Query(aside.directions[1], 1.0))[0][0]
        assert (1 in met[k]) == (angle <= aperture)


def test_where_a_word_lies_at_the_root_or_as_near_the_root_is_meant() -> None:
    words = Embedding(np.float32([[1, 0], [0, 1]]), np.float32([0.0, 2.0]), 1.0)
    assert [stop.row for stop in words_to_root(words, Query(np.float32([1, 0]), 1.0))] == [ROOT]
    one = Embedding(np.float32([[1, 0]]), np.float32([1.0]), 1.0)
    stops = words_to_root(one, Query(np.float32([1, 0]), 2.0), steps=5)
    assert [(stop.row, stop.start, stop.stop) for stop in stops] == [(0, 2.0, 1.0), (ROOT, 0.5, 0.0)]
    near_it = words_to_root(one, Query(np.float32([math.cos(1e-3), math.sin(1e-3)]), 1.0), steps=2)
    assert near_it[0].row == 0, "a word at the very place, as far as single precision tells, entails it"
    apart = float(distance_from_cosine(np.array(math.cos(4e-3)), np.array(1.0), np.array(1.0), curv=1.0))
    assert apart > 4e-3
    beside = words_to_root(one, Query(np.float32([math.cos(4e-3), math.sin(4e-3)]), 1.0), steps=2)
    assert [stop.row for stop in beside] == [ROOT]


def test_words_in_another_space_are_refused_by_name() -> None:
    e = cloud(5)
    for query, count in ((Query(np.zeros(5, np.float32), 1.0), 4), (Query(np.zeros((1, 4), np.float32), 1.0), 4)):
        with pytest.raises(DataError, match=f"the words {count} dimensions"):
            words_to_root(e, query)

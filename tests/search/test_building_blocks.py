"""What a search is made of, piece by piece: lists, embeddings, scores, bands, and the checks at the door."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hypviz.errors import DataError, SettingsError
from hypviz.search import violations
from hypviz.search.answers import Query, Ranked, checked_limit, optional_omega, without
from hypviz.search.bands import BandGroup, Bands, ClassGroup, by_class, first_cards, radius_bands
from hypviz.search.best import BestOfEach, Shortlist
from hypviz.search.embedding import GEOMETRIES, Embedding
from hypviz.search.index import Index
from hypviz.search.near import NEAR, refined_cosines
from hypviz.search.ordering import retrieval_scores
from hypviz.search.retrieval import BY, Cones, Ranking, Retrieval
from hypviz.search.scoring import COINCIDENT, CONTENTS_AT_ONCE, CONTENTS_WEIGHT, coincident, ranking_value, tiles, unlike_contents, worst
from hypviz.search.traverse import words_to_root
from tests.search.worlds import cloud


@pytest.mark.parametrize("limit", [1, 3, 7, 40])
@pytest.mark.parametrize("block", [1, 4, 30])
def test_a_shortlist_is_the_head_of_all_however_it_came(limit: int, block: int) -> None:
    rng = np.random.default_rng(limit)
    values, rows = rng.integers(0, 6, 30).astype(float), rng.permutation(30)
    best = Shortlist(limit)
    for start in range(0, 30, block):
        assert best.worst == (np.inf if len(best.rows) < limit else best.values.max())
        best.add(rows[start : start + block], values[start : start + block])
    order = np.lexsort((rows, values))[:limit]
    found, value = best.sorted()
    assert found.tolist() == rows[order].tolist() and value.tolist() == values[order].tolist()


@pytest.mark.parametrize("omit", [None, 0, 4])
def test_the_best_of_each_group_is_the_first_of_the_smallest(omit: int | None) -> None:
    groups, values = np.array([2, 0, 2, 0, 0, 3, 2]), np.array([5, 1, 4, 1, 0, 9, 4], np.float32)
    best = BestOfEach(groups, omit)
    offered = np.array([True, True, True, True, True, False, True])
    best.add(0, values[:3], offered[:3])
    best.add(3, values[3:], offered[3:])
    rows, value, total = best.sorted(9)
    expected = ([1, 2], [1.0, 4.0]) if omit == 4 else ([4, 2], [0.0, 4.0])
    assert (rows.tolist(), value.tolist(), total) == (*expected, 2)
    assert best.sorted(1)[0].tolist() == expected[0][:1] and best.sorted(1)[2] == 2


def test_the_best_of_no_groups_is_nothing() -> None:
    best = BestOfEach(np.empty(0, np.int64), None)
    assert [len(each) for each in best.sorted(5)[:2]] == [0, 0] and best.sorted(5)[2] == 0


def test_an_answer_of_nothing_has_the_types_of_any() -> None:
    none = Ranked.none()
    assert [each.dtype.name for each in (none.rows, none.angle, none.radius, none.rank)] == ["int64", "float32", "float32", "int64"]
    assert none.total == 0 == len(none.rows) == len(none.angle) == len(none.radius) == len(none.rank)


def test_limits_and_angles_are_checked() -> None:
    assert checked_limit(1) == 1 and checked_limit(2.0) == 2  # type: ignore[arg-type]
    for limit in (0, 0.5, -3, math.nan):
        with pytest.raises(SettingsError, match=f"limit must be at least 1, got {limit}"):
            checked_limit(limit)  # type: ignore[arg-type]
    assert optional_omega(None) is None and optional_omega(0.5) == 0.5
    with pytest.raises(SettingsError, match="omega"):
        optional_omega(0.0)
    rows = np.array([3, 1, 3])
    assert without(rows, 3).tolist() == [1] and without(rows, None) is rows and without(rows, 0).tolist() == [3, 1, 3]


def test_an_embedding_that_is_none_is_refused() -> None:
    good = np.eye(2, dtype=np.float32)
    for directions, radii in ((good[0], np.ones(2)), (good, np.ones(3)), (good, np.ones((2, 1)))):
        with pytest.raises(DataError, match=r"directions \(N, D\) and radii \(N,\)"):
            Embedding(directions, radii)
    for curv in (0.0, -1.0, math.nan):
        with pytest.raises(DataError, match="curv must be positive"):
            Embedding(good, np.ones(2), curv)
    with pytest.raises(DataError, match="one of hyperbolic, euclidean, cosine, got 'flat'"):
        Embedding(good, np.ones(2), geometry="flat")
    for wrong in (-0.5, math.nan, math.inf):
        with pytest.raises(DataError, match=f"Radii must be finite and >= 0; row 1 is {wrong}"):
            Embedding(good, np.array([0.0, wrong]))
    assert len(Embedding(np.empty((0, 3), np.float32), np.empty(0, np.float32))) == 0


def test_some_rows_are_taken_with_all_that_is_theirs() -> None:
    e = Embedding(np.eye(4, dtype=np.float32), np.array([0.0, 1.0, 3.0, 0.5], np.float32), 2.0, "euclidean")
    some = e.take(np.array([2, 0]))
    assert (some.radii.tolist(), some.curv, some.geometry) == ([3.0, 0.0], 2.0, "euclidean")
    assert some.directions.tolist() == e.directions[[2, 0]].tolist()


def test_a_score_is_the_worst_less_the_angle() -> None:
    assert worst("children", "query") == worst("parents", "candidate") == math.pi
    assert worst("parents", "sum") == 2 * math.pi and worst("nearest", "sum") == 0.0


@pytest.mark.parametrize(("shape", "cells"), [((3, 10), 4), ((3, 10), 20), ((3, 10), 25), ((3, 10), 1000), ((1, 1), 1)])
def test_tiles_cover_a_block_once_and_are_no_larger_than_allowed(shape: tuple[int, int], cells: int) -> None:
    seen = np.zeros(shape, int)
    for rows, columns in tiles(shape, cells):
        assert seen[rows, columns].size <= cells
        seen[rows, columns] += 1
    assert (seen == 1).all()
    assert len(list(tiles((4, 10), 20))) == 2


def test_two_items_are_one_point_where_both_direction_and_radius_say_so() -> None:
    cosine = np.array([[1.0, 1 - COINCIDENT / 2, 1 - COINCIDENT * 4, 1.0]], np.float32)
    radius = np.array([2.0, 2 * (1 + COINCIDENT / 2), 2.0, 2 * (1 + 4 * COINCIDENT)], np.float32)
    found = coincident(cosine, np.array([[2.0]], np.float32), radius)
    assert [axis.tolist() for axis in found] == [[0, 0], [0, 1]]
    assert len(coincident(np.zeros((1, 4), np.float32), np.ones((1, 1), np.float32), radius)[0]) == 0


def test_near_cosines_are_those_of_float64_and_the_others_stay() -> None:
    e = cloud(50, 16)
    twin = e.directions[0] + np.float32(1e-4) * e.directions[1]
    space = Embedding(np.concatenate([e.directions, (3 * twin)[None]]).astype(np.float32), np.ones(51, np.float32))
    rough = space.directions @ e.directions[0]
    rough[50] = 1.0
    found = refined_cosines(rough, e.directions[0], space)
    wide = space.directions.astype(float)
    exact = wide @ wide[0] / np.linalg.norm(wide, axis=1) / np.linalg.norm(wide[0])
    near = rough >= 1 - NEAR
    assert near.sum() == 2 and found[near] == pytest.approx(exact[near], abs=1e-15)
    assert (found[~near] == rough[~near]).all() and found.dtype == np.float64


@pytest.mark.parametrize("task", ["children", "parents"])
def test_a_pool_in_pieces_is_scored_as_one(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from hypviz.search import ordering

    pool, queries = cloud(30), cloud(11, seed=1)
    retrieval = Retrieval(Ranking(apex="sum"), Ranking("angle + cosine", "candidate", 0.4), Cones((0.8,), outward=True), "candidate")
    (whole,) = (block for _, block in retrieval_scores(pool, queries, retrieval, task=task))
    monkeypatch.setattr(ordering, "CELLS", 95)
    parts = list(retrieval_scores(pool, queries, retrieval, task=task))
    assert [(part.start, part.stop) for part, _ in parts] == [(0, 3), (3, 6), (6, 9), (9, 11)]
    for part, block in parts:
        assert block.dtype == np.float32 and np.array_equal(np.argsort(-block), np.argsort(-whole[part]))


def test_first_cards_are_shared_out_from_general_to_specific() -> None:
    def group(band: int, count: int) -> BandGroup:
        return BandGroup(band, count, tuple(ClassGroup(band, row, 0.0, 1) for row in range(count)))

    def shared(*counts: int, count: int = 12) -> list[int]:
        cards = first_cards([group(band, size) for band, size in enumerate(counts)], count)
        return [sum(card.label == band for card in cards) for band in range(len(counts))]

    assert shared(20, 20, 20) == [6, 4, 2] and shared(20, 20) == [8, 4] and shared(20) == [12]
    assert shared(1, 20, 20) == [1, 9, 2] and shared(20, 1, 0) == [11, 1, 0] and shared(1, 1, 1) == [1, 1, 1]
    assert shared(9, 9, 9, count=7) == [4, 2, 1] and shared() == []


def test_classes_in_a_band_come_by_their_best_and_then_by_row() -> None:
    rows, score = np.array([7, 3, 5, 2, 9]), np.array([0.5, 0.5, 0.2, 0.9, 0.1])
    radius, label = np.array([0.5, 0.5, 0.5, 0.5, 2.0]), np.array([1, 0, 1, -1, 1])
    found = by_class(rows, score, radius, label, Bands((1.0,), ("a", "b")))
    assert found == (
        BandGroup(0, 4, (ClassGroup(1, 5, 0.2, 2), ClassGroup(0, 3, 0.5, 1), ClassGroup(-1, 2, 0.9, 1))),
        BandGroup(1, 1, (ClassGroup(1, 9, 0.1, 1),)),
    )


def test_a_level_is_rare_below_one_in_two_hundred() -> None:
    radii, names = np.repeat(np.array([1.0, 2.0]), [199, 1]), ("whole", "part")
    assert radius_bands(radii, np.repeat([0, 1], [199, 1]), names).limits == (1.5,)
    rare = radius_bands(np.repeat([1.0, 2.0], [200, 1]), np.repeat([0, 1], [200, 1]), names)
    assert rare == Bands((), ("at one distance from the root",), levels=False)
    with pytest.raises(DataError, match="one radius and one level per item"):
        radius_bands(np.ones(3), np.zeros(2, int), names)


def test_thirds_hold_a_third_each_and_say_so() -> None:
    found = radius_bands(np.arange(1.0, 10.0), np.zeros(9, int), ("whole",))
    assert found.limits == pytest.approx((1 + 8 / 3, 1 + 16 / 3)) and not found.levels
    assert found.names == ("nearest the root", "in the middle", "farthest from the root")


def test_what_contradicts_its_annotation_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    e = Embedding(np.array([[1, 0], [1, 0], [0, 1], [1, 0]], np.float32), np.array([1, 2, 2, 1], np.float32))
    parent, child = np.array([0, 0, 1]), np.array([1, 2, 3])
    angles = violations.edge_angles(e, parent, child)
    assert angles[0] == 0 and angles[2] == pytest.approx(math.pi) and math.pi / 2 < angles[1] < math.pi
    assert violations.outside_cone(e, parent, child, omega=0.5).tolist() == [False, False, True, True]
    assert violations.outside_cone(e, parent, child, omega=math.pi).tolist() == [False] * 4
    assert violations.inverted(e, parent, child).tolist() == [False, False, False, True]
    assert violations.inverted(e, np.array([0]), np.array([3])).tolist() == [False, False, False, True]  # as far is not farther
    monkeypatch.setattr(violations, "BLOCK", 2)
    assert violations.edge_angles(e, parent, child).tolist() == angles.tolist()


def test_the_nearest_are_ranked_by_the_distance_of_their_geometry() -> None:
    cosine, own, radius = np.array([[0.5, -1.2], [1.1, 0.0]], np.float32), np.float32(1.0), np.float32(2.0)
    turned = np.clip(cosine.astype(float), -1, 1)
    expected = {
        "cosine": np.arccos(turned),
        "euclidean": np.sqrt(1 + 4 - 4 * turned),
        "hyperbolic": np.arccosh(math.cosh(1) * math.cosh(2) - math.sinh(1) * math.sinh(2) * turned),
    }
    for geometry, values in expected.items():
        space = Embedding(np.eye(2, dtype=np.float32), np.ones(2, np.float32), geometry=geometry)
        for radii in ((own, radius), (np.full((2, 1), own), np.full(2, radius))):
            found = ranking_value(cosine, *radii, space=space, task="nearest")  # type: ignore[arg-type]
            np.testing.assert_allclose(found, values, atol=2e-6)


def test_an_index_holds_radii_in_single_precision_whatever_it_was_given() -> None:
    e = cloud(20)
    index = Index(Embedding(e.directions, e.radii.astype(np.float64), e.curv))
    assert index.children(index.query(3), math.pi).radius.dtype == np.float32
    (best,) = index.best([index.query(3)], Ranking(by="distance"), limit=3)
    assert best.radius.dtype == best.angle.dtype == np.float32


def test_what_is_closest_is_an_angle_whatever_the_lists_are_ranked_by() -> None:
    e = cloud(30)
    paper, own = Index(e), Index(e, Retrieval(children=Ranking("cosine"), parents=Ranking("cosine")))
    for row in range(5):
        assert own.around(own.query(row)).closest == paper.around(paper.query(row)).closest >= 0  # type: ignore[operator]


def _value(e: Embedding, **how: Any) -> np.ndarray:
    return ranking_value(e.directions @ e.directions.T, e.radii[:, None], e.radii, space=e, **how)


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_values_have_the_shape_that_cosines_and_radii_have_together(geometry: str, by: str) -> None:
    e, ranking = cloud(6, geometry=geometry), Ranking(by, "sum", 0.5)
    full = e.directions[:2] @ e.directions.T
    row = ranking.values(full[:1], e.radii[:1, None], e.radii, space=e, task="children")
    assert row.shape == (1, 6)
    shapes = [
        ranking.values(full[0, :1], e.radii[:1], e.radii[:1], space=e, task="children").shape,
        ranking.values(np.broadcast_to(full[0], (3, 6)), e.radii[:3, None], e.radii, space=e, task="parents").shape,
    ]
    assert shapes == [(1,), (3, 6)]
    if by in ("cosine", "distance"):
        assert ranking.values(full[0], e.radii[:3, None], e.radii, space=e, task="parents").shape == (3, 6)
        assert ranking.values(full[0, :1], e.radii[:1], e.radii, space=e, task="parents").shape == (6,)


def test_a_cosine_that_rounding_took_beyond_its_ends_is_at_them() -> None:
    e, beyond = cloud(2, geometry="cosine"), np.float32([[1.1, -1.1]])
    for task, apex, times in (("children", "query", 1), ("parents", "candidate", 1), ("children", "sum", 2)):
        found = ranking_value(beyond, e.radii[:1, None], e.radii, space=e, task=task, apex=apex)
        assert found == pytest.approx(np.array([[0, times * math.pi]]), abs=1e-6)


def test_a_radius_is_in_the_shell_that_its_single_precision_is_in() -> None:
    cones = Cones((1.0, 2.0), (0.1,))
    assert cones.level(0.1) == 1 and cones.level(np.float64(0.1)) == 1 and cones.at(0.1) == 2.0, "float32 rounds both up"
    assert cones.level(np.nextafter(np.float32(0.1), np.float32(0))) == 0
    found = cones.level([[0.0, 0.1], [0.2, 9.0]])
    assert found.tolist() == [[0, 1], [1, 1]] and cones.at(found).dtype == np.float32
    assert Cones((0.1,)).holds(np.float32([0.1]), 1.0, 1.0).all() and Cones((0.4,)).holds(np.float32([0.1]), 1.0, 1.0, omega=0.1).all()


def test_a_wrong_argument_is_named() -> None:
    e = cloud(5)
    index, query = Index(e), Query(e.directions[0], 1.0)
    with pytest.raises(SettingsError, match=r"^task must be"):
        index.best([query], task="siblings")
    for name, wrong in (("task", {"task": "siblings"}), ("apex", {"task": "children", "apex": "root"})):
        for ask in (lambda wrong=wrong: index.scores(e, **wrong), lambda wrong=wrong: _value(e, **wrong)):
            with pytest.raises(SettingsError, match=f"^{name} must be"):
                ask()
    for name, wrong in (("by", {"by": "dot"}), ("apex", {"apex": "root"}), ("weight", {"weight": -0.1}), ("weight", {"weight": 1.1e6})):
        with pytest.raises(SettingsError, match=f"^{name} must be"):
            Ranking(**wrong)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=r"^parents_at must be"):
        Retrieval(parents_at="sum")
    assert Ranking(weight=1e6).weight == 1e6
    for steps in (1, 1_000_001):
        for walk in (lambda steps=steps: words_to_root(e, query, steps=steps), lambda steps=steps: index.path_to_root(query, steps=steps)):
            with pytest.raises(SettingsError, match=r"^steps must be"):
                walk()


@pytest.mark.parametrize("count", [1, CONTENTS_AT_ONCE, 2 * CONTENTS_AT_ONCE + 3])
def test_an_item_counts_as_unlike_what_is_nearest_to_it_of_all_contents(count: int) -> None:
    space = cloud(50 + count, seed=count)
    inside, items = space.directions[:count], space.directions[count:]
    exact = [min(CONTENTS_WEIGHT * (1 - float(np.dot(a.astype(float), b.astype(float)))) for b in inside) for a in items]
    np.testing.assert_allclose(unlike_contents(items, inside), exact, atol=1e-5)
    assert unlike_contents(inside, inside) == pytest.approx(0, abs=1e-5), "each is like itself"
    assert not unlike_contents(items, inside[:0]).any(), "nothing inside, nothing to add"


def test_contents_put_what_is_like_them_first_and_change_no_member() -> None:
    space = cloud(60)
    index, rows, inside = Index(space), np.arange(60), np.array([7, 30, 31])
    query = index.query(int(space.radii.argmin()))
    plain, with_contents = index.values_of(query, rows), index.values_of(query, rows, inside)
    assert np.array_equal(with_contents, plain + unlike_contents(space.directions[rows], space.directions[inside]))
    around, beside = index.around(query, 3.0), index.around(query, 3.0, contents=inside)
    assert np.array_equal(around.members, beside.members) and np.array_equal(around.children.rows, beside.children.rows)
    assert np.array_equal(beside.scores, index.values_of(query, around.members, inside)) and not np.array_equal(
        around.scores, beside.scores
    )

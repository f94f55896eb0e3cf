"""What a search does where nothing is said about it: how many it lists, how many steps it takes, how much memory a block has."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from hypviz.errors import DataError, SettingsError
from hypviz.search.answers import Query
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index
from hypviz.search.retrieval import Cones, Ranking, Retrieval
from tests.search import float64
from tests.search.worlds import cloud

WIDE = float(np.float32(math.pi))


def test_lists_hold_forty_and_rankings_a_hundred() -> None:
    e = cloud(250, 3)
    index = Index(e)
    query = index.query(3)
    around = index.around(query, WIDE, WIDE)
    found = [
        index.children(query, WIDE), index.parents(query, WIDE), index.nearest(query), index.one_of_each(query, WIDE, np.arange(250)),
        *index.children_of([query], WIDE), *index.parents_of([query], WIDE), around.children, around.parents,
    ]  # fmt: skip
    assert [len(each.rows) for each in found] == [40] * 8 and [each.total for each in found] == [249] * 8
    assert [len(each.rows) for each in index.best([query])] == [100] and len(around.members) == len(around.scores) == 249
    default, children = index.best([query]), index.best([query], Ranking(), task="children")
    assert default[0].rows.tolist() == children[0].rows.tolist() != index.best([query], task="parents")[0].rows.tolist()
    assert index.path_to_root(query).tolist() == index.path_to_root(query, steps=50).tolist()


def test_a_way_has_fifty_places() -> None:
    radii = np.linspace(0, 4.9, 50, dtype=np.float32)
    index = Index(Embedding(np.tile(np.eye(1, 2, dtype=np.float32), (50, 1)), radii))
    assert index.path_to_root(index.query(49)).tolist() == list(range(49, -1, -1))
    aside = Query(np.float32([1, 0]), 4.9)
    assert index.path_to_root(aside, steps=2).tolist() == [49, 0] and index.path_to_root(aside, steps=8.0).tolist() == [*range(49, -1, -7)]  # type: ignore[arg-type]


def test_scores_are_of_the_angle_at_the_query_for_children_in_blocks_of_eight_megabytes() -> None:
    e, queries = cloud(2100, 2), cloud(1000, 2, seed=1)
    parts = list(Index(e).scores(queries))
    assert [(part.start, part.stop) for part, _ in parts] == [(0, 998), (998, 1000)]
    angle = float64.value(e, Query(queries.directions[999], float(queries.radii[999])), Ranking(), "children")
    assert parts[1][1][1] == pytest.approx(math.pi - angle, abs=1e-3)
    assert parts[0][1].flags.writeable


def test_cosines_are_those_of_every_item_and_the_ones_that_answers_come_from() -> None:
    e = cloud(700, 5)
    for chunk in (64 * 64, 8 << 20):
        index = Index(e, chunk_bytes=chunk)
        found = index.cosines(index.query(5))
        assert found.shape == (700,) and found == pytest.approx(e.directions.astype(float) @ e.directions[5], abs=1e-6)
    assert len(index) == 700 and index.proof == "exact"


def test_all_around_a_query_is_by_the_cones_that_are_named_or_by_those_of_the_checkpoint() -> None:
    e = cloud(200, 3)
    cones = Cones((1.9, 1.1, 0.6), (1.0, 2.5), outward=True)
    retrieval = Retrieval(Ranking("distance"), Ranking("cosine"), cones, "candidate", 0.3)
    index = Index(e, retrieval)
    for row in (0, 7, 90):
        query = index.query(row)
        angle, at_item, _ = float64.angles(e, query)
        distance = float64.value(e, query, retrieval.children, "children")
        others = np.arange(200) != row
        for omega, above in ((None, None), (0.8, 1.7), (WIDE, None), (None, 0.4)):
            found = index.around(query, omega, above, limit=6)
            own = cones.at(query.radius) if omega is None else omega
            theirs = cones.at(e.radii) if above is None else above
            inside, holding = (angle <= own) & (e.radii > e.radii[row]) & others, (at_item <= theirs) & (e.radii < e.radii[row]) & others
            assert found.members.tolist() == np.flatnonzero(inside).tolist()
            assert found.scores == pytest.approx(distance[found.members], abs=1e-4) and found.scores.dtype == np.float32
            assert found.children.total == inside.sum() and len(found.children.rows) == min(6, inside.sum())
            assert found.parents.total == holding.sum() and len(found.parents.rows) == min(6, holding.sum())
            assert set(found.children.rows) == set(np.flatnonzero(inside)[np.argsort(distance[inside])][:6].tolist())
            below = angle[(e.radii > e.radii[row]) & others]
            assert found.closest == (pytest.approx(below.min(), abs=1e-6) if len(below) else None)
            assert type(found.closest) in (float, type(None))
        assert index.omega(query) == float(cones.at(query.radius)) and type(index.omega(query)) is float
    for wrong in ({"omega": 0.0}, {"omega_parents": 4.0}):
        with pytest.raises(SettingsError, match="omega must be an angle"):
            index.around(index.query(0), **wrong)
    with pytest.raises(SettingsError, match="limit must be at least 1"):
        index.around(index.query(0), limit=0)


def test_angles_beside_a_list_are_those_that_cones_are_decided_by() -> None:
    e = cloud(200, 3)
    for parents_at in ("query", "candidate"):
        retrieval = Retrieval(Ranking("cosine"), Ranking("distance"), parents_at=parents_at)
        index = Index(e, retrieval)
        query = index.query(50)
        at_query, at_item, _ = float64.angles(e, query)
        below, above = index.children(query, WIDE, limit=9), index.parents(query, WIDE, limit=9)
        assert below.angle == pytest.approx(at_query[below.rows], abs=1e-5)
        expected = math.pi - at_query if parents_at == "query" else at_item
        assert above.angle == pytest.approx(expected[above.rows], abs=1e-5)
        for found, value in ((below, Ranking("cosine")), (above, Ranking("distance"))):
            by = float64.value(e, query, value, "children")
            assert np.argsort(by[found.rows]).tolist() == np.argsort(found.rank).tolist() and sorted(found.rank) == list(range(9))
            assert found.radius.tolist() == e.radii[found.rows].tolist() and (found.proof, found.counted) == ("exact", True)


def test_equal_radii_stay_in_the_order_of_the_ranking() -> None:
    turn = np.linspace(0.9, 0.1, 30)
    e = Embedding(np.stack([np.cos(turn), np.sin(turn)], axis=1).astype(np.float32), np.full(30, 2, np.float32))
    found = Index(e).children(Query(np.float32([1, 0]), 1.0), WIDE, limit=20)
    assert found.rows.tolist() == list(range(29, 9, -1)) and found.rank.tolist() == list(range(20))


def test_whole_pictures_are_no_children_and_have_no_parents_but_may_lie_in_cones() -> None:
    e = cloud(60, 3)
    whole = np.arange(60) % 3 == 0
    index = Index(e, whole=whole)
    queries = [index.query(3), index.query(4), Query(e.directions[3], float(e.radii[3]))]
    below, above = index.children_of(queries, WIDE, limit=60), index.parents_of(queries, WIDE, limit=60)
    assert [found.total for found in below] == [40, 39, 40] and not any(whole[found.rows].any() for found in below)
    assert [found.total for found in above] == [0, 59, 60] and len(above[0].rows) == 0
    assert [len(rows) for rows in index.cones(queries, WIDE)] == [59, 59, 60]


def test_many_queries_are_answered_in_their_order_whatever_each_is_ranked_by(monkeypatch: pytest.MonkeyPatch) -> None:
    from hypviz.search import index as module

    e = cloud(150, 3)
    retrieval = Retrieval(Ranking("distance"), cones=Cones((2.0, 2.0), (2.0,)), contents=Ranking("cosine"))
    index = Index(e, retrieval)
    queries = [index.query(row) for row in range(100)]
    batches, cells, original = [], [], module.scan
    monkeypatch.setattr(
        module,
        "scan",
        lambda space, shells, some, *rest, **more: (
            batches.append(len(some)),
            cells.append(more["cells"]),
            original(space, shells, some, *rest, **more),
        )[2],
    )
    together = index.children_of(queries, limit=4)
    inner = sum(query.radius < 2 for query in queries)
    assert sorted(batches) == sorted([inner, *([100 - inner] if 100 - inner <= 64 else [64, 36 - inner])]) and 20 < inner < 64
    batches.clear()
    members = index.cones(queries)
    assert batches == [64, 36] and set(cells) == {(8 << 20) // 64}, "64 bytes for each pair, of eight megabytes"
    for query, found, held in zip(queries, together, members, strict=True):
        assert found.rows.tolist() == index.children(query, limit=4).rows.tolist()
        assert held.tolist() == index.cone_members(query).tolist()


@pytest.mark.parametrize("radius", [0.1, 0.3])
def test_what_lies_as_far_out_in_single_precision_lies_no_farther(radius: float) -> None:
    e = Embedding(np.eye(2, dtype=np.float32), np.full(2, radius, np.float32))
    index = Index(e, Retrieval(cones=Cones((WIDE,), outward=True), parents_at="candidate"))
    query = Query(np.float32([0.6, 0.8]), radius)
    assert index.children(query).total == index.parents(query).total == len(index.cone_members(query)) == 0
    beyond = Query(query.direction, float(np.nextafter(np.float32(radius), np.float32(9))))
    assert index.children(beyond).total == 0 and index.parents(beyond).total == 2


def test_an_index_is_made_of_something_and_has_room_for_a_block() -> None:
    e = cloud(5)
    assert len(Index(e, chunk_bytes=64 * 64)) == 5
    for wrong in (64 * 64 - 1, 2**41):
        with pytest.raises(SettingsError, match=r"^chunk_bytes must be"):
            Index(e, chunk_bytes=wrong)
    index = Index(e)
    query = index.query(np.int64(4))  # type: ignore[arg-type]
    assert (type(query.row), type(query.radius), query.direction.dtype) == (int, float, np.float32)
    query.direction[:] = 0
    assert e.directions[4].any(), "a query is a copy"
    for radius in (math.nan, math.inf, -0.1):
        with pytest.raises(DataError, match="finite"):
            index.nearest(Query(e.directions[0], radius))
    assert len(index.nearest(Query(e.directions[0], 0.0)).rows) == 5


def test_lists_are_made_by_the_first_seed_unless_another_is_named(tmp_path: Path) -> None:
    pytest.importorskip("faiss")
    from hypviz.search.lists.build import build_lists

    e = cloud(900, 5)
    made = [build_lists(e, tmp_path / f"{number}", **how).centroids.tolist() for number, how in enumerate(({}, {"seed": 0}, {"seed": 1}))]
    assert made[0] == made[1] != made[2]

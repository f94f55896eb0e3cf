"""An index over lists where it is not one: values of rows, what it falls back to, and what it hands on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from hypviz.errors import SettingsError
from hypviz.search import approximate
from hypviz.search.answers import Query
from hypviz.search.approximate import BUDGET, ApproximateIndex
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index
from hypviz.search.lists import plan
from hypviz.search.lists.build import build_lists
from hypviz.search.lists.store import Lists
from hypviz.search.retrieval import Cones, Ranking, Retrieval
from tests.search import float64
from tests.search.worlds import cloud

pytest.importorskip("faiss")
RETRIEVAL = Retrieval(
    Ranking("angle + cosine", "sum", 0.5), Ranking(), Cones((1.2, 0.6), (1.0,), True), "candidate", contents=Ranking("distance")
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Embedding, Lists]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "PER_CENTROID", 60)
        e = cloud(700, 5)
        return e, build_lists(e, tmp_path_factory.mktemp("lists") / "lists")


def test_values_of_rows_are_those_of_their_rankings_a_few_at_a_time(made: tuple[Embedding, Lists]) -> None:
    e, lists = made
    rows = np.arange(699, -1, -3)
    for index in (ApproximateIndex(e, lists, RETRIEVAL, chunk_bytes=64 * 64), Index(e, RETRIEVAL, chunk_bytes=64 * 64)):
        for radius, by in ((0.5, RETRIEVAL.contents), (2.0, RETRIEVAL.children)):
            query = Query(e.directions[4], radius)
            found = index.values_of(query, rows)
            assert found.dtype == np.float32 and found == pytest.approx(float64.value(e, query, by, "children")[rows], abs=3e-4)  # type: ignore[arg-type]
            inside = np.arange(20)
            least = 1 - (e.directions[rows].astype(float) @ e.directions[inside].T.astype(float)).max(axis=1)
            assert index.values_of(query, rows, inside) == pytest.approx(found + 5 * least, abs=1e-4), "with contents too"  # type: ignore[arg-type]
        near = Query(e.directions[8], float(e.radii[8]) * 1.01)
        assert near.radius > 1 and index.values_of(near, np.array([8]))[0] == pytest.approx(2 * math.pi - 0.5, abs=3e-4)
        close = Query(e.directions[8] + np.float32(1e-5) * e.directions[9], float(e.radii[8]) * 0.9999)
        exact = float64.value(e, close, RETRIEVAL.children, "children")[8]
        assert index.values_of(close, np.array([8, 9]))[0] == pytest.approx(exact, abs=1e-3), "of near ones too"
        nothing = index.values_of(query, np.empty(0, np.int64))
        assert nothing.dtype == np.float32 and not len(nothing)


def test_what_no_threshold_can_tell_apart_is_scanned(made: tuple[Embedding, Lists], monkeypatch: pytest.MonkeyPatch) -> None:
    e, lists = made
    exact, index, probe = Index(e, RETRIEVAL), ApproximateIndex(e, lists, RETRIEVAL), approximate.probe
    queries = [index.query(row) for row in (3, 4, 5)]
    monkeypatch.setattr(approximate, "probe", lambda ground, query, *rest: None if query.row == 4 else probe(ground, query, *rest))
    answers = index.best(queries, Ranking("distance"), limit=7)
    assert [found.proof for found in answers] == ["certified", "exact", "certified"]
    for found, expected in zip(answers, exact.best(queries, Ranking("distance"), limit=7), strict=True):
        assert found.rows.tolist() == expected.rows.tolist()
    members = index.cones(queries, 1.4)
    assert [rows.tolist() for rows in members] == [rows.tolist() for rows in exact.cones(queries, 1.4)] and len(members[1])


@pytest.mark.parametrize(("size", "scanned"), [(1.0, False), (1 + 8e-4, False), (1 - 8e-4, False), (1.002, True), (0.5, True)])
def test_queries_that_are_no_unit_vectors_are_scanned(
    made: tuple[Embedding, Lists], size: float, scanned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    e, lists = made
    asked: list[Any] = []
    index, probe = ApproximateIndex(e, lists), approximate.probe
    monkeypatch.setattr(approximate, "probe", lambda *each: (asked.append(each), probe(*each))[1])
    query = Query(np.float32(size) * e.directions[9], 1.5)
    found = index.nearest(query, limit=5)
    assert found.rows.tolist() == Index(e).nearest(query, limit=5).rows.tolist() and (found.proof == "exact") == scanned == (not asked)


def test_an_index_by_direction_has_the_same_lists_and_budget(made: tuple[Embedding, Lists], monkeypatch: pytest.MonkeyPatch) -> None:
    e, lists = made
    asked: list[int] = []
    probe = approximate.probe
    monkeypatch.setattr(
        approximate, "probe", lambda ground, query, task, budget: (asked.append(budget), probe(ground, query, task, budget))[1]
    )
    for budget, expected in ((123, 123), (None, BUDGET)):
        by_direction = ApproximateIndex(e, lists, RETRIEVAL, budget=budget).by_direction()
        space = by_direction.embedding
        assert space.geometry == "cosine" and space.curv == e.curv and space.directions is e.directions and space.radii is e.radii
        found = by_direction.nearest(by_direction.query(8), limit=4)
        assert asked.pop() == expected and by_direction.proof == "certified"
        if budget is None:
            cosine = e.directions.astype(float) @ e.directions[8]
            assert found.rows.tolist() == [row for row in np.argsort(-cosine).tolist() if row != 8][:4]
    for wrong in (0, -5):
        with pytest.raises(SettingsError, match=r"^budget must be"):
            ApproximateIndex(e, lists, budget=wrong)
    with pytest.raises(SettingsError, match=r"^chunk_bytes must be"):
        ApproximateIndex(e, lists, chunk_bytes=64 * 64 - 1)
    assert ApproximateIndex(e, lists, budget=1, chunk_bytes=64 * 64)


def test_the_limits_of_the_cones_lie_between_shells(made: tuple[Embedding, Lists]) -> None:
    e, lists = made
    ground = ApproximateIndex(e, lists, RETRIEVAL)._ground
    assert not ((ground.shells.low < 1.0) & (ground.shells.high >= 1.0)).any()


@pytest.mark.parametrize("steps", [2, 3, 4, 17, 50])
def test_the_way_to_the_root_is_the_nearest_item_at_each_step(made: tuple[Embedding, Lists], steps: int) -> None:
    e, lists = made
    index = ApproximateIndex(e, lists)
    for query in (index.query(5), Query(e.directions[6], 3.9), Query(e.directions[7], 0.0)):
        met = []
        for radius in np.linspace(query.radius, 0, steps):
            distance = float64.value(e, Query(query.direction, float(radius)), Ranking("distance"), "children")
            met.append(int(distance.argmin()))
        if query.row is not None:
            met[0] = query.row
        for walk in (index, Index(e)):
            found = walk.path_to_root(query, steps=steps)
            assert found.tolist() == list(dict.fromkeys(met)) and found.dtype == np.int64


def test_few_searches_find_the_way(made: tuple[Embedding, Lists], monkeypatch: pytest.MonkeyPatch) -> None:
    e, lists = made
    index, asked = ApproximateIndex(e, lists), []
    best = ApproximateIndex.best
    monkeypatch.setattr(
        ApproximateIndex, "best", lambda self, queries, *rest, **more: (asked.append(queries[0]), best(self, queries, *rest, **more))[1]
    )
    path = index.path_to_root(index.query(5), steps=1000)
    assert len(asked) <= 2 + 2 * len(path) * math.ceil(math.log2(1000)) < 500
    assert len({query.radius for query in asked}) == len(asked), "no place twice"
    assert [query.radius for query in asked[:2]] == [e.radii[5], 0.0] and all(query.row is None for query in asked)

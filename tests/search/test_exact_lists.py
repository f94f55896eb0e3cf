"""Lists found by thresholds are those of a float64 ranking of everything, whatever the data, the order, the cone and the threads."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypviz.search import scan
from hypviz.search.answers import Query
from hypviz.search.embedding import GEOMETRIES, Embedding
from hypviz.search.index import Index
from hypviz.search.regions import ALL, NONE
from hypviz.search.retrieval import Cones, Ranking, Retrieval
from hypviz.search.rules import angle_region
from hypviz.search.scoring import APEXES
from tests.search.float64 import RADII, RANKINGS, angles, apart, check, held, queries_of, value, world


@pytest.fixture(autouse=True)
def small_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample, and several threads, for small worlds too."""
    monkeypatch.setattr(scan, "SAMPLE", 64)
    monkeypatch.setattr(scan, "ALONE", 1 << 10)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")


@pytest.mark.parametrize("radii", RADII)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_every_order_is_that_of_float64(geometry: str, radii: str) -> None:
    e = world(3000, 16, 1, radii, geometry=geometry, narrow=1.0 if radii == "ascending" else 0.0)
    index = Index(e, chunk_bytes=1 << 18)
    queries = queries_of(index, 2, 4)
    for ranking in RANKINGS:
        for task in ("children", "parents"):
            for query, found in zip(queries, index.best(queries, ranking, task=task, limit=12), strict=True):
                exact, mask = value(e, query, ranking, task), apart(e, query)
                if query.row is None and not mask.all():
                    continue
                check(e, query, found.rows, exact, mask, 12)
                assert (np.diff(exact[found.rows]) >= -1e-6).all(), "best first"
                np.testing.assert_allclose(found.angle, exact[found.rows], atol=1e-5)
                assert found.total == len(e) - (query.row is not None)


@pytest.mark.parametrize("parents_at", ["query", "candidate"])
@pytest.mark.parametrize("outward", [False, True])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_what_cones_hold_is_what_float64_says(geometry: str, outward: bool, parents_at: str) -> None:
    e = world(2000, 8, 3, "steps, some at the root" if outward else "decades", geometry=geometry)
    whole = np.random.default_rng(0).random(len(e)) < 0.1
    cones = Cones((0.6, 1.4, 2.2), (0.5, 1.5), outward)
    retrieval = Retrieval(Ranking(apex="sum"), Ranking(), cones, parents_at, 0.8)
    index = Index(e, retrieval, whole=whole)
    queries = [query for query in queries_of(index, 5, 12) if apart(e, query).sum() == len(e) - (query.row is not None)]
    assert len(queries) > 3
    lists = zip(queries, index.children_of(queries, limit=9), index.parents_of(queries, limit=9), index.cones(queries), strict=True)
    for query, below, above, members in lists:
        inside, holding = held(e, query, retrieval, whole)
        assert members.tolist() == np.flatnonzero(inside).tolist()
        check(e, query, below.rows, value(e, query, retrieval.children, "children"), inside & ~whole, 9)
        assert below.total == (inside & ~whole).sum() and (np.diff(below.radius) >= 0).all()
        check(e, query, above.rows, value(e, query, retrieval.parents, "parents"), holding, 9)
        assert above.total == holding.sum()


@pytest.mark.parametrize("task", ["children", "parents"])
@pytest.mark.parametrize("apex", APEXES)
@pytest.mark.parametrize("geometry", ["hyperbolic", "euclidean"])
@settings(max_examples=60, deadline=None)
@given(limit=st.floats(1e-3, 6.2), own=st.floats(0, 8), radius=st.floats(1e-4, 8), turn=st.floats(1e-3, math.pi))
def test_the_closed_form_is_the_angle(geometry: str, apex: str, task: str, limit: float, own: float, radius: float, turn: float) -> None:
    query = Query(np.array([1, 0], np.float32), own)
    direction = np.array([[math.cos(turn), math.sin(turn)]], np.float32)
    e = Embedding(direction, np.array([radius], np.float32), 0.7, geometry)
    exact, cosine = float(value(e, query, Ranking(apex=apex), task)[0]), float(angles(e, query)[2][0])
    terms = np.array([[limit]]), np.array([[float(np.float32(own))]]), e.radii[None].astype(np.float64)
    near, far = (float(side[0, 0]) for side in angle_region(*terms, e, task=task, apex=apex))
    if exact <= limit - 1e-9:
        assert cosine >= near - 1e-6 or cosine <= far + 1e-6
    elif exact > limit + 1e-3 and near not in (ALL, NONE) and limit <= math.pi / 2:
        assert cosine < near + 1e-6 and (cosine > far - 1e-6)


def test_equal_items_are_listed_by_row_and_an_item_at_the_query_counts_as_a_right_angle() -> None:
    e = world(60, 4, 0, "spread", geometry="hyperbolic")
    again = Embedding(np.tile(e.directions, (30, 1)), np.tile(e.radii, 30), e.curv)
    index = Index(again)
    (found,) = index.best([index.query(7)], limit=1799)
    assert found.total == len(found.rows) == 1799
    order = np.lexsort((found.rows, found.angle))
    assert found.rows.tolist() == found.rows[order].tolist()
    assert found.angle[np.isin(found.rows, np.arange(7, 1800, 60))] == pytest.approx(np.full(29, np.pi / 2))


@pytest.mark.parametrize("limit", [1, 5, 1000])
def test_one_item_empty_cones_and_more_asked_for_than_there_is(limit: int) -> None:
    one = Index(Embedding(np.array([[0, 1]], np.float32), np.ones(1, np.float32)))
    assert not len(one.best([one.query(0)], limit=limit)[0].rows) and one.children(one.query(0), limit=limit).total == 0
    assert one.best([Query(np.array([1, 0], np.float32), 1.0)], limit=limit)[0].rows.tolist() == [0]
    e = world(40, 64, 0, "spread", geometry="hyperbolic")
    index = Index(e)
    assert len(index.best([index.query(3)], limit=limit)[0].rows) == min(limit, 39)
    narrow = index.children_of([index.query(row) for row in range(40)], 1e-4, limit=limit)
    assert all(found.total == 0 and not len(found.rows) for found in narrow)


def test_rows_that_are_no_unit_vectors_are_found_all_the_same() -> None:
    e = world(2000, 8, 4, "spread", geometry="hyperbolic")
    directions = e.directions.copy()
    directions[::7] *= np.float32(3.5)
    directions[::11] *= np.float32(0.01)
    odd = Index(Embedding(directions, e.radii, e.curv))
    for query in (Index(e).query(5), Query(4 * e.directions[5], float(e.radii[5]), 5)):
        for ranking in (Ranking(), Ranking(apex="candidate")):
            (expected,) = Index(e).best([Index(e).query(5)], ranking, limit=20)
            assert odd.best([query], ranking, limit=20)[0].rows.tolist() == expected.rows.tolist()
    directions[3] = np.nan
    assert 3 not in Index(Embedding(directions, e.radii, e.curv)).best([query], limit=1999)[0].rows


@pytest.mark.parametrize("geometry", ["hyperbolic", "euclidean"])
def test_radii_at_the_ends_of_float32_break_nothing(geometry: str) -> None:
    e = world(600, 8, 6, "spread", geometry=geometry)
    radii = e.radii.copy()
    radii[:6] = [0, 1e-45, 1e-30, 80, 1e4, 3e38]
    index = Index(Embedding(e.directions, radii, e.curv, geometry))
    queries = [index.query(row) for row in (*range(6), 300)]
    for ranking in RANKINGS:
        for task in ("children", "parents"):
            for found in index.best(queries, ranking, task=task, limit=599):
                assert len(found.rows) == 599 and np.isfinite(found.angle[:500]).all()


def test_a_mapped_file_and_every_number_of_threads_give_the_same_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    e = world(20_000, 16, 8, "spread", geometry="hyperbolic")
    np.save(tmp_path / "directions.npy", e.directions)
    mapped = Index(Embedding(np.load(tmp_path / "directions.npy", mmap_mode="r"), e.radii, e.curv))
    index = Index(e)
    queries = [index.query(row) for row in range(0, 20_000, 1000)]
    expected = [found.rows.tolist() for found in index.best(queries, limit=50)]
    for threads in ("1", "2", "7"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        assert [found.rows.tolist() for found in mapped.best(queries, limit=50)] == expected
        assert mapped.best(queries[:1], limit=50)[0].rows.tolist() == expected[0]


def test_only_a_small_part_is_decided_in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    e = world(40_000, 32, 9, "spread", geometry="hyperbolic")
    index, looked = Index(e), []
    decide = scan.Scan._judge
    monkeypatch.setattr(scan.Scan, "_judge", lambda self, place, number: (looked.append(len(place)), decide(self, place, number))[1])
    for ranking in RANKINGS:
        for task in ("children", "parents"):
            if ranking.by == "angle + cosine" and (ranking.apex, task) in (("candidate", "children"), ("query", "parents")):
                continue  # an inner angle with the cosine has no sharp bound
            looked.clear()
            index.best([index.query(17)], ranking, task=task, limit=10)
            assert 10 <= sum(looked) < 0.1 * len(e), f"{ranking} {task}"

"""What is called certified is the float64 ranking of all items, whatever the data, the order and the budget."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hypviz.search import scan
from hypviz.search.answers import Query
from hypviz.search.approximate import ApproximateIndex, has_sharp_bound
from hypviz.search.embedding import GEOMETRIES, Embedding
from hypviz.search.index import Index
from hypviz.search.lists import cut, plan, probe
from hypviz.search.lists.build import build_lists
from hypviz.search.lists.store import Lists
from hypviz.search.retrieval import BY, Cones, Ranking, Retrieval
from hypviz.search.rules import Order
from hypviz.search.scoring import APEXES
from tests.search.float64 import RADII, RANKINGS, apart, check, held, queries_of, value

pytest.importorskip("faiss")


def clustered(rng: np.random.Generator, count: int, dims: int) -> np.ndarray:
    centres = rng.standard_normal((12, dims))
    return centres[rng.integers(0, 12, count)] + 0.15 * rng.standard_normal((count, dims))


def repeated(rng: np.random.Generator, count: int, dims: int) -> np.ndarray:
    return rng.standard_normal((40, dims))[rng.integers(0, 40, count)]


def crowded(rng: np.random.Generator, count: int, dims: int) -> np.ndarray:
    """All around one direction but for a few, which lie opposite to it."""
    x = np.eye(1, dims) + 0.02 * rng.standard_normal((count, dims))
    x[:20] *= -1
    return x


DIRECTIONS = {
    "clusters": clustered,
    "duplicates": repeated,
    "one crowd": crowded,
    "all around": lambda rng, n, d: rng.standard_normal((n, d)),
}
FAR = {"large and tiny": lambda rng, n: np.where(rng.random(n) < 0.1, 1e-7, rng.uniform(2, 40, n))}


def items(kind: str, radii: str, *, count: int = 3000, dims: int = 8, geometry: str = "hyperbolic", curv: float = 0.7) -> Embedding:
    rng = np.random.default_rng(7)
    directions = DIRECTIONS[kind](rng, count, dims)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    lengths = (RADII | FAR)[radii](rng, count)
    return Embedding(directions.astype(np.float32), lengths.astype(np.float32), curv, geometry)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many short lists, read a few at a time, in worlds that would otherwise be read at once."""
    monkeypatch.setattr(plan, "PER_CENTROID", 40)
    monkeypatch.setattr(cut, "SAMPLE", 64)
    monkeypatch.setattr(scan, "SAMPLE", 64)
    monkeypatch.setattr(probe, "FIRST", 32)
    monkeypatch.setattr(probe, "CHUNK", 512)
    monkeypatch.setattr(probe, "FEW", 4)


def certain(e: Embedding, query: Query) -> bool:
    """Whether no item but itself coincides with a query, whose angle then is a convention."""
    return int(apart(e, query).sum()) == len(e) - (query.row is not None)


@pytest.mark.parametrize(
    ("kind", "radii", "curv"),
    [
        ("clusters", "spread", 0.7),
        ("clusters", "decades", 1.0),
        ("clusters", "large and tiny", 5.0),
        ("duplicates", "steps, some at the root", 0.7),
        ("duplicates", "nearly alike", 5.0),
        ("one crowd", "spread", 5.0),
        ("one crowd", "large and tiny", 0.1),
        ("all around", "decades", 0.7),
    ],
)
def test_a_certified_list_is_that_of_float64_and_a_whole_budget_certifies_every_list(
    kind: str, radii: str, curv: float, tmp_path: Path
) -> None:
    e = items(kind, radii, count=1500, curv=curv)
    lists = build_lists(e, tmp_path / "lists", shard=1000)
    exact, listed, short = Index(e), ApproximateIndex(e, lists), ApproximateIndex(e, lists, budget=150)
    queries, answers = queries_of(exact, 2, 1), []
    for ranking, task in itertools.product(RANKINGS, ("children", "parents")):
        sharp = has_sharp_bound(Order(ranking, task))
        # Where values underflow, no threshold tells them apart, and all items are scanned.
        proofs = {"exact"} if not sharp else {"certified", "exact"} if radii == "large and tiny" else {"certified"}
        expected = exact.best(queries, ranking, task=task, limit=12)
        for index in (listed, short):
            for query, found, reference in zip(queries, index.best(queries, ranking, task=task, limit=12), expected, strict=True):
                answers.append(found.proof)
                assert found.proof in proofs or (index is short and sharp)
                assert len(np.unique(found.rows)) == len(found.rows) and query.row not in found.rows
                if found.proof != "approximate":
                    # Rows of one value may differ.
                    np.testing.assert_allclose(found.angle, reference.angle, rtol=1e-6, atol=1e-6)
                    if certain(e, query) and e.radii.max() < 12:  # beyond, the reference's own formulas leave float64
                        check(e, query, found.rows, value(e, query, ranking, task), apart(e, query), 12)
    assert {"certified", "approximate"} <= set(answers)


def test_only_an_inner_angle_with_the_cosine_has_no_sharp_bound() -> None:
    """The inner angle is the one at the item that lies farther in than the one that is looked for: α of a parent, β of a child."""
    without = {("angle + cosine", "candidate", "children"), ("angle + cosine", "query", "parents")}
    for by, apex, task in itertools.product(BY, APEXES, ("children", "parents")):
        assert has_sharp_bound(Order(Ranking(by, apex), task)) is ((by, apex, task) not in without)


def test_by_direction_the_same_lists_certify_the_nearest(tmp_path: Path) -> None:
    e = items("clusters", "spread")
    exact, listed = Index(e).by_direction(), ApproximateIndex(e, build_lists(e, tmp_path / "lists"), budget=400).by_direction()
    assert listed.embedding.geometry == exact.embedding.geometry == "cosine"
    for row in range(0, len(e), 500):
        expected, found = (index.nearest(index.query(row), limit=10) for index in (exact, listed))
        assert found.proof in ("certified", "approximate") and expected.proof == "exact"
        if found.proof == "certified":
            np.testing.assert_allclose(found.angle, expected.angle, atol=1e-6)
    assert listed._budget == 400 and {listed.nearest(listed.query(row), limit=1).proof for row in range(50)} >= {"certified"}


@pytest.mark.parametrize("parents_at", ["query", "candidate"])
@pytest.mark.parametrize("outward", [False, True])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_certified_cones_hold_what_float64_says(geometry: str, outward: bool, parents_at: str, tmp_path: Path) -> None:
    e = items("clusters", "spread", count=1500, geometry=geometry)
    whole = np.random.default_rng(0).random(len(e)) < 0.1
    cones = Cones((0.6, 1.4, 2.2), (0.5, 1.5), outward)
    retrieval = Retrieval(Ranking(apex="sum"), Ranking(), cones, parents_at, 0.8)
    lists = build_lists(e, tmp_path / "lists")
    index, short = ApproximateIndex(e, lists, retrieval, whole=whole), ApproximateIndex(e, lists, retrieval, whole=whole, budget=100)
    exact, approximate = Index(e, retrieval, whole=whole), 0
    queries = [query for query in queries_of(index, 5, 4) if certain(e, query)]
    assert len(queries) > 3
    for query in queries:
        inside, holding = held(e, query, retrieval, whole)
        for task, belonging in (("children", inside & ~whole), ("parents", holding)):
            found, part = getattr(index, task)(query, limit=9), getattr(short, task)(query, limit=9)
            assert found.proof == "certified" and found.counted and found.total == belonging.sum()
            check(e, query, found.rows, value(e, query, getattr(retrieval, task), task), belonging, 9)
            assert belonging[part.rows].all() and part.total <= belonging.sum()
            assert part.proof == "approximate" or part.rows.tolist() == found.rows.tolist()
            assert not part.counted or part.total == found.total
            approximate += part.proof == "approximate" or not part.counted
        members = np.flatnonzero(inside).tolist()
        assert short.cone_members(query).tolist() == members, "members are all there, whatever the budget"
        here, there = exact.around(query), index.around(query)
        assert there.members.tolist() == members and here.children.rows.tolist() == there.children.rows.tolist()
        np.testing.assert_allclose(here.scores, there.scores, atol=2e-4)
    assert approximate


def test_only_some_lists_are_read_where_items_lie_in_clusters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    e, read = items("clusters", "spread", count=6000, dims=16), []
    index = ApproximateIndex(e, build_lists(e, tmp_path / "lists"))
    original = probe.ListScan.read
    monkeypatch.setattr(
        probe.ListScan, "read", lambda self, budget, *, better: (original(self, budget, better=better), read.append(self.read_codes))[0]
    )
    for ranking in RANKINGS:
        for task in ("children", "parents"):
            if has_sharp_bound(Order(ranking, task)):
                read.clear()
                index.best([index.query(17)], ranking, task=task, limit=10)
                assert 10 <= read[0] < 0.5 * len(e), f"{ranking} {task}"


def test_rows_that_are_no_unit_vectors_are_found_and_queries_that_are_none_are_scanned(tmp_path: Path) -> None:
    e = items("clusters", "spread", count=2000)
    directions = e.directions.copy()
    directions[::7] *= np.float32(3.5)
    directions[3] = np.nan
    odd = Embedding(directions, e.radii, e.curv)
    lists = build_lists(odd, tmp_path / "lists")
    assert np.isin([0, 3, 7], lists.odd).all()
    exact, index = Index(odd), ApproximateIndex(odd, lists)
    for query in (exact.query(5), exact.query(7), replace(exact.query(5), direction=4 * directions[5])):
        for found, expected in ((index.nearest(query), exact.nearest(query)), (index.children(query), exact.children(query))):
            assert found.rows.tolist() == expected.rows.tolist() and found.total == expected.total and found.proof != "approximate"


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_the_way_to_the_root_is_that_of_a_scan(geometry: str, tmp_path: Path) -> None:
    e = items("clusters", "spread", geometry=geometry)
    lists, exact = build_lists(e, tmp_path / "lists"), Index(e)
    index, short, longest = ApproximateIndex(e, lists), ApproximateIndex(e, lists, budget=1), 0
    for query in queries_of(exact, 3, 4):
        expected = exact.path_to_root(query).tolist()
        longest = max(longest, len(expected))
        assert index.path_to_root(query).tolist() == expected and short.path_to_root(query).tolist() == expected
    assert longest > 1 or geometry == "cosine"


@pytest.mark.parametrize("count", [1, 2, 9, 300])
def test_few_items_and_more_asked_for_than_there_are(count: int, tmp_path: Path) -> None:
    e = items("all around", "spread", count=count)
    exact, index = Index(e), ApproximateIndex(e, build_lists(e, tmp_path / "lists"))
    query = exact.query(count // 2)
    for limit in (1, 40, 1000):
        assert index.nearest(query, limit=limit).rows.tolist() == exact.nearest(query, limit=limit).rows.tolist()
        assert index.children(query, 3.0, limit=limit).total == exact.children(query, 3.0, limit=limit).total
        assert index.parents(query, 3.0, limit=limit).rows.tolist() == exact.parents(query, 3.0, limit=limit).rows.tolist()


def test_bounds_that_promise_too_much_give_wrong_lists(tmp_path: Path) -> None:
    """Or nothing here would notice a bound that is none."""
    e = items("all around", "spread")
    lists = build_lists(e, tmp_path / "lists")
    wrong: list[Lists] = [
        replace(lists, spread=replace(lists.spread, outer=lists.spread.outer * 0.3)),
        replace(lists, error=-0.3),
    ]
    exact = Index(e)
    queries = [exact.query(row) for row in range(0, 3000, 100)]
    expected = [found.rows.tolist() for found in exact.best(queries, Ranking(by="distance"), limit=40)]
    for each in wrong:
        found = ApproximateIndex(e, each).best(queries, Ranking(by="distance"), limit=40)
        assert [one.rows.tolist() for one in found] != expected and all(one.proof == "certified" for one in found)

"""Vectors in another precision, and as a query brings them, are searched as what they are in single precision."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypviz.search.answers import Query
from hypviz.search.approximate import ApproximateIndex
from hypviz.search.embedding import GEOMETRIES, Embedding
from hypviz.search.index import Index
from hypviz.search.lists.build import build_lists
from hypviz.search.ordering import retrieval_scores
from hypviz.search.orders import near_duplicates
from hypviz.search.retrieval import Cones, Ranking, Retrieval
from hypviz.search.rules import pairs_of
from hypviz.search.violations import edge_angles, inverted, outside_cone
from tests.search.float64 import RANKINGS

COUNT = 400
PRECISIONS = [np.float16, np.float64]


def wide(geometry: str = "hyperbolic", count: int = COUNT) -> Embedding:
    """Float64 vectors, many of them so near to one another that single precision tells them apart in another order, or not at all."""
    rng = np.random.default_rng(11)
    centre = rng.standard_normal((count // 8, 6)).repeat(8, axis=0)
    directions = centre + np.geomspace(1e-8, 1, 8)[np.arange(count) % 8, None] * rng.standard_normal((count, 6))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    radii = rng.uniform(0.3, 2.5, count // 8).repeat(8) * (1 + 1e-8 * rng.integers(-9, 9, count) * rng.integers(0, 2, count))
    return Embedding(directions, radii, 0.7, geometry)  # type: ignore[arg-type]


def in_precision(e: Embedding, kind: Any) -> tuple[Embedding, Embedding]:
    """The same vectors as stored in that precision, and what they are in float32."""
    stored = Embedding(e.directions.astype(kind), e.radii.astype(kind), e.curv, e.geometry)
    single = Embedding(stored.directions.astype(np.float32), stored.radii.astype(np.float32), e.curv, e.geometry)
    return stored, single


def queries_of(e: Embedding, single: bool) -> list[Query]:
    """Items, and uploads at the direction of others."""
    directions = e.directions.astype(np.float32) if single else e.directions
    asked = [Query(directions[row], float(e.radii[row].astype(np.float32)), row) for row in (3, 80)]
    return [*asked, *(Query(directions[row], 0.1 * row) for row in (5, 17))]


def flat(answer: Any) -> list[Any]:
    """What an answer holds, to be compared as it is."""
    if isinstance(answer, np.ndarray):
        return [answer.dtype.name, answer.shape, answer.tobytes()]
    if isinstance(answer, list | tuple):
        return [flat(each) for each in answer]
    return [flat(each) for each in vars(answer).values()] if hasattr(answer, "__dataclass_fields__") else [answer]


RETRIEVAL = Retrieval(Ranking(apex="sum"), Ranking("angle + cosine", "query", 0.5), Cones((1.4, 0.9), (1.0,), outward=True), "candidate")
SEARCHES: dict[str, Callable[[Index, list[Query], Embedding], Any]] = {
    "children": lambda index, queries, e: index.children_of(queries, limit=30),
    "parents": lambda index, queries, e: index.parents_of(queries, limit=30),
    "members": lambda index, queries, e: index.cones(queries, 1.1),
    "around": lambda index, queries, e: [index.around(query, limit=20) for query in queries],
    "way": lambda index, queries, e: [index.path_to_root(query, steps=30) for query in queries],
    "of each": lambda index, queries, e: [index.one_of_each(query, None, np.arange(COUNT) % 7) for query in queries],
    "cosines": lambda index, queries, e: [index.cosines(query) for query in queries],
    "values": lambda index, queries, e: [index.values_of(query, np.arange(0, COUNT, 3)) for query in queries],
    "own": lambda index, queries, e: [index.query(7), index.nearest(index.query(7))],
    "scores": lambda index, queries, e: [block for _, block in index.scores(e, apex="sum")],
    "best": lambda index, queries, e: [
        index.best(queries, ranking, task=task, limit=25) for ranking in RANKINGS for task in ("children", "parents")
    ],
}


@pytest.mark.parametrize("kind", PRECISIONS)
@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_an_index_answers_as_over_the_same_vectors_in_float32(geometry: str, search: str, kind: Any) -> None:
    stored, single = in_precision(wide(geometry), kind)
    ask = SEARCHES[search]
    found = ask(Index(stored, RETRIEVAL), queries_of(stored, single=False), stored)
    assert flat(found) == flat(ask(Index(single, RETRIEVAL), queries_of(stored, single=True), single))


@pytest.mark.parametrize("kind", PRECISIONS)
@pytest.mark.parametrize("search", ["children", "parents", "values", "own"])
def test_so_do_lists(search: str, kind: Any, tmp_path: Path) -> None:
    pytest.importorskip("faiss")
    stored, single = in_precision(wide(), kind)
    ask, answers = SEARCHES[search], []
    for e, is_single in ((stored, False), (single, True)):
        lists = build_lists(e, tmp_path / f"{is_single}")
        answers.append([flat(ask(ApproximateIndex(e, lists, RETRIEVAL), queries_of(stored, is_single), e)), lists.mark])
    assert answers[0] == answers[1]


@pytest.mark.parametrize("kind", PRECISIONS)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_so_do_orders_scores_of_pools_and_what_contradicts_its_annotation(geometry: str, kind: Any) -> None:
    def answers(e: Embedding) -> list[Any]:
        parent, child, some = np.arange(0, COUNT - 1), np.arange(1, COUNT), np.arange(0, COUNT, 2)
        pools = [[block for _, block in retrieval_scores(e, e.take(some), RETRIEVAL, task=task)] for task in ("children", "parents")]
        marks = [edge_angles(e, parent, child), outside_cone(e, parent, child, omega=RETRIEVAL.cones), inverted(e, parent, child)]
        return flat([near_duplicates(e, some), pools, marks])

    stored, single = in_precision(wide(geometry), kind)
    assert answers(stored) == answers(single)


def test_a_pair_has_the_radius_of_its_query_in_single_precision() -> None:
    stored, single = in_precision(wide(), np.float64)
    pairs = pairs_of(Query(stored.directions[0], 0.1), stored, np.arange(5))
    assert [each.dtype.name for each in (pairs.x, pairs.y, pairs.query_radius, pairs.radius)] == ["float32"] * 4
    assert pairs.query_radius.tolist() == [np.float32(0.1)] * 5 and pairs.y.tolist() == single.directions[:5].tolist()
    assert pairs.x.shape == pairs.y.shape == (5, 6) and pairs.radius.tolist() == single.radii[:5].tolist()

"""What answers mean: cones by level, the two rankings, and an index that follows them, against float64 brute force."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from hypviz.errors import SettingsError
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index
from hypviz.search.ordering import retrieval_scores
from hypviz.search.retrieval import MAX_ANGLE, Cones, Ranking, Retrieval, as_cones

LEVELS = Cones((2.2, 1.3, 0.7), (0.9, 1.8), outward=True)


@pytest.fixture(scope="module")
def e() -> Embedding:
    rng = np.random.default_rng(3)
    directions = rng.standard_normal((150, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return Embedding(directions.astype(np.float32), rng.uniform(0.3, 2.7, 150).astype(np.float32), 0.7)


def angles(e: Embedding) -> np.ndarray:
    """(N, N) ext(x, y) in float64, by MERU's arccos form; the diagonal means nothing."""
    root, r = math.sqrt(e.curv), e.radii.astype(np.float64)
    x = (np.sinh(root * r) / root)[:, None] * e.directions.astype(np.float64)
    time, norm = np.cosh(root * r) / root, np.sinh(root * r) / root
    inner = np.minimum(e.curv * (x @ x.T - np.outer(time, time)), -1 - 1e-12)
    return np.arccos(np.clip((time[None, :] + time[:, None] * inner) / (norm[:, None] * np.sqrt(inner**2 - 1)), -1, 1))


def omega_of(radius: float) -> float:
    return LEVELS.omegas[sum(radius >= limit for limit in LEVELS.limits)]


def inside(e: Embedding) -> np.ndarray:
    """(N, N) whether y is a child of x: ext(x, y) <= ω(r_x) and r_y > r_x."""
    ext = angles(e)
    held = [[ext[x, y] <= omega_of(float(e.radii[x])) and e.radii[y] > e.radii[x] for y in range(len(e))] for x in range(len(e))]
    return np.array(held)


def value(e: Embedding, ranking: Ranking, task: str) -> np.ndarray:
    """(N queries, N candidates) what to rank by, smaller is better, from the definitions of the paper's angles."""
    ext, cosine = angles(e), e.directions.astype(np.float64) @ e.directions.T.astype(np.float64)
    if ranking.by == "cosine":
        return -cosine
    at_query, at_candidate = (ext, np.pi - ext.T) if task == "children" else (np.pi - ext, ext.T)
    angle = {"query": at_query, "candidate": at_candidate, "sum": at_query + at_candidate}[ranking.apex]
    return angle - (ranking.weight * cosine if ranking.by == "angle + cosine" else 0)


# --- rankings


@pytest.mark.parametrize("task", ["children", "parents"])
@pytest.mark.parametrize(
    "ranking",
    [
        Ranking(),
        Ranking("angle", "candidate"),
        Ranking("cosine"),
        Ranking("angle + cosine", "query", 0.5),
        Ranking("angle + cosine", "sum", 3.0),
    ],
    ids=["query", "candidate", "cosine", "query and cosine", "sum and cosine"],
)
def test_a_ranking_is_what_its_words_say(e: Embedding, ranking: Ranking, task: str) -> None:
    cosine = e.directions @ e.directions.T
    found = ranking.values(cosine, e.radii[:, None], e.radii, space=e, task=task)
    off = ~np.eye(len(e), dtype=bool)
    np.testing.assert_allclose(found[off], value(e, ranking, task)[off], atol=3e-3)


def test_a_ranking_is_described_by_what_it_is_of() -> None:
    said = [Ranking(by, apex, 2.5).describe() for by in ("angle", "angle + cosine") for apex in ("query", "candidate", "sum")]
    where = ["angle at the query", "angle at the candidate", "angle at both ends"]
    assert said == [*where, *(f"{at}, with 2.5 × cosine" for at in where)]
    assert [Ranking(by, "sum", 2.5).describe() for by in ("cosine", "distance")] == ["cosine", "distance"]


def test_a_weight_counts_for_the_angle_with_the_cosine_alone(e: Embedding) -> None:
    index = Index(e)
    queries = [index.query(row) for row in range(0, len(e), 40)]
    for by, task in itertools.product(("angle", "cosine", "distance"), ("children", "parents")):
        for one, other in zip(
            index.best(queries, Ranking(by, weight=3.0), task=task), index.best(queries, Ranking(by), task=task), strict=True
        ):
            assert one.rows.tolist() == other.rows.tolist() and one.angle.tolist() == other.angle.tolist()


def test_a_ranking_by_distance_is_the_same_both_ways(e: Embedding) -> None:
    cosine = e.directions @ e.directions.T
    one, other = (Ranking("distance").values(cosine, e.radii[:, None], e.radii, space=e, task=task) for task in ("children", "parents"))
    np.testing.assert_array_equal(one, other)
    same_way = Ranking("distance").values(np.ones(1, np.float32), np.float32([0.5]), np.float32([2.0]), space=e, task="children")
    np.testing.assert_allclose(same_way, 1.5, rtol=1e-4)  # along one direction the distance is the difference of the radii


@pytest.mark.parametrize("wrong", [{"by": "dot"}, {"apex": "root"}, {"weight": -1.0}, {"weight": math.nan}])
def test_a_ranking_of_something_unknown_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=f"{next(iter(wrong))} must be"):
        Ranking(**wrong)


@pytest.mark.parametrize(("contents", "children"), [(Ranking("cosine"), Ranking("angle", "sum")), (Ranking(), Ranking("distance"))])
def test_what_whole_pictures_hold_may_be_ranked_by_a_measure_of_its_own(e: Embedding, contents: Ranking, children: Ranking) -> None:
    """Queries of the innermost shell are answered as by an index with that ranking alone, also in one batch with all others."""
    mixed, inner, outer = (
        Index(e, Retrieval(one, cones=LEVELS, parents_at="candidate", contents=other))
        for one, other in ((children, contents), (contents, None), (children, None))
    )
    queries = [mixed.query(row) for row in range(len(e))]
    innermost = [query.radius < LEVELS.limits[0] for query in queries]
    assert 20 < sum(innermost) < 130
    by_both = [inner.children_of(queries, limit=5), outer.children_of(queries, limit=5)]
    assert any(set(one.rows) != set(other.rows) for one, other in zip(*by_both, strict=True)), "two rankings that agree say nothing"
    scores = dict(
        zip(
            ("mixed", "inner", "outer"),
            ([*retrieval_scores(e, e, each.retrieval, task="children")] for each in (mixed, inner, outer)),
            strict=True,
        )
    )
    orders = {name: np.argsort(-np.concatenate([block for _, block in blocks]), axis=1, kind="stable") for name, blocks in scores.items()}
    for row, (query, is_inner, answer) in enumerate(zip(queries, innermost, mixed.children_of(queries, limit=5), strict=True)):
        alone = (inner if is_inner else outer).children(query, limit=5)
        assert answer.rows.tolist() == alone.rows.tolist() == mixed.children(query, limit=5).rows.tolist()
        rows = mixed.cone_members(query)
        assert np.array_equal(mixed.values_of(query, rows), (inner if is_inner else outer).values_of(query, rows))
        assert orders["mixed"][row].tolist() == orders["inner" if is_inner else "outer"][row].tolist()
    assert [one.rows.tolist() for one in mixed.parents_of(queries)] == [one.rows.tolist() for one in outer.parents_of(queries)]


def test_of_one_shell_all_children_are_ranked_alike(e: Embedding) -> None:
    one = Retrieval(Ranking(), cones=Cones((2.0,), outward=True), contents=Ranking("cosine"))
    assert one.ranking("children", 0.1) == one.ranking("children", 2.0) == Ranking()
    assert Retrieval.from_json(json.loads(json.dumps(asdict(one)))) == one


def test_each_direction_is_ranked_by_its_own_and_no_other_has_a_ranking() -> None:
    one, other, third = Ranking("cosine"), Ranking("distance"), Ranking(apex="sum")
    mixed = Retrieval(one, other, LEVELS, contents=third)
    for radius, of_children in ((0.0, third), (0.89, third), (0.9, one), (5.0, one)):
        assert mixed.ranking("children", radius) is of_children and mixed.ranking("parents", radius) is other
    assert Retrieval(one, other, LEVELS).ranking("children", 0.1) is one
    assert Retrieval(one, other, contents=third).ranking("children", 0.1) is one, "of one shell none is the innermost"
    for unknown in ("", "siblings", "CHILDREN"):
        with pytest.raises(KeyError):
            mixed.ranking(unknown, 1.0)


# --- cones


def test_a_radius_on_a_limit_belongs_to_the_outer_shell() -> None:
    assert LEVELS.at([0.0, 0.89, 0.9, 1.79, 1.8, 9.0]).tolist() == pytest.approx([2.2, 2.2, 1.3, 1.3, 0.7, 0.7])
    assert LEVELS.at(np.ones((2, 3))).shape == (2, 3)
    assert LEVELS.widest == 2.2


def test_an_outward_cone_holds_only_what_lies_farther_out() -> None:
    angle, radius = np.float32([0.1, 0.1, 0.1, 1.4]), np.float32([0.5, 1.0, 1.5, 1.5])
    assert LEVELS.holds(angle, 1.0, radius).tolist() == [False, False, True, False]
    free = Cones(LEVELS.omegas, LEVELS.limits)
    assert free.holds(angle, 1.0, radius).tolist() == [True, True, True, False]
    assert LEVELS.holds(angle, 1.0, radius, omega=1.5).tolist() == [False, False, True, True]


@pytest.mark.parametrize(
    ("omegas", "limits", "message"),
    [
        ((0.5,), (1.0,), "need one limit less than levels"),
        ((), (), "need one limit less"),
        ((0.5, 0.4), (0.0,), "radii above 0 in ascending order"),
        ((0.5, 0.4, 0.3), (2.0, 1.0), "radii above 0 in ascending order"),
        ((0.5, 0.4), (math.inf,), "radii above 0 in ascending order"),
        ((0.5, 0.4), (math.nan,), "radii above 0 in ascending order"),
        ((0.0,), (), "omega must be an angle"),
        ((3.2,), (), "omega must be an angle"),
        ((True,), (), "omega must be an angle"),
    ],
)
def test_cones_that_are_none_are_refused(omegas: tuple[float, ...], limits: tuple[float, ...], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Cones(omegas, limits)


def test_a_number_is_a_cone_of_one_level() -> None:
    assert as_cones(0.5) == Cones((0.5,))
    assert as_cones(LEVELS) is LEVELS
    assert Cones((MAX_ANGLE,)).holds(np.float32([np.pi]), 1.0, 1.0).all()


# --- the whole


def test_a_retrieval_comes_back_from_json() -> None:
    retrieval = Retrieval(Ranking("angle + cosine", "sum", 3.0), Ranking("cosine"), LEVELS, "candidate", 0.4)
    assert Retrieval.from_json(json.loads(json.dumps(asdict(retrieval)))) == retrieval
    assert Retrieval.from_json({}) == Retrieval()
    assert Retrieval.single(0.7, 0.3) == Retrieval(cones=Cones((0.7,)), parents_omega=0.3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"siblings": {}}, "no setting 'siblings'"),
        ({"children": {"rank": "cosine"}}, "Ranking has no setting 'rank'"),
        ({"children": 3}, "Ranking must be an object"),
        ({"cones": {"omegas": [0.5, 0.4]}}, "need one limit less"),
        ({"cones": {"omegas": ["wide"]}}, "omega must be an angle"),
        ({"parents_at": "sum"}, "parents_at must be one of"),
        ({"parents_omega": 4.0}, "omega must be an angle"),
    ],
)
def test_a_retrieval_with_something_wrong_is_refused(content: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Retrieval.from_json(content)


# --- an index that answers by it


RETRIEVALS = [
    Retrieval(Ranking(), Ranking("angle", "candidate"), LEVELS, "candidate"),
    Retrieval(Ranking("angle + cosine", "sum", 3.0), Ranking("angle + cosine", "query", 1.0), LEVELS, "candidate"),
    Retrieval(Ranking("cosine"), Ranking("cosine"), LEVELS, "candidate"),
]


@pytest.mark.parametrize("chunk_bytes", [64 * 64, 8 << 20])
@pytest.mark.parametrize("retrieval", RETRIEVALS, ids=["angle", "angle + cosine", "cosine"])
def test_children_and_parents_are_those_of_the_definition_best_first(e: Embedding, retrieval: Retrieval, chunk_bytes: int) -> None:
    index, held = Index(e, retrieval, chunk_bytes=chunk_bytes), inside(e)
    sizes = set()
    for row in range(0, 150, 7):
        for task, mask in (("children", held[row]), ("parents", held[:, row])):
            rows = np.flatnonzero(mask & (np.arange(150) != row))
            ranked = rows[np.argsort(value(e, getattr(retrieval, task), task)[row, rows], kind="stable")]
            found = getattr(index, task)(index.query(row), limit=6)
            assert found.total == len(rows)
            assert found.rows[np.argsort(found.rank)].tolist() == ranked[:6].tolist()
            assert (np.diff(found.radius) >= 0).all()
            sizes.add(len(rows) > 6)
        assert index.cone_members(index.query(row)).tolist() == np.flatnonzero(held[row]).tolist()
    assert sizes == {True, False}  # or the limit is never met, or always


def test_what_is_a_child_has_the_query_among_its_parents(e: Embedding) -> None:
    index = Index(e, RETRIEVALS[1])
    below = {(x, int(y)) for x in range(0, 150) for y in index.children(index.query(x), limit=150).rows}
    above = {(int(x), y) for y in range(0, 150) for x in index.parents(index.query(y), limit=150).rows}
    assert below == above and 500 < len(below) < 10000


def test_an_omega_of_ones_own_replaces_that_of_every_level_but_not_outward(e: Embedding) -> None:
    index, ext = Index(e, RETRIEVALS[0]), angles(e)
    for row in (0, 70, 140):
        farther = (ext[row] <= 1.0) & (e.radii > e.radii[row])
        assert index.cone_members(index.query(row), 1.0).tolist() == np.flatnonzero(farther).tolist()
        assert index.omega(index.query(row)) == pytest.approx(omega_of(float(e.radii[row])))


@pytest.mark.parametrize("task", ["children", "parents"])
@pytest.mark.parametrize("retrieval", RETRIEVALS, ids=["angle", "angle + cosine", "cosine"])
def test_a_whole_pool_is_ordered_by_membership_then_by_the_ranking(e: Embedding, retrieval: Retrieval, task: str) -> None:
    rows = np.arange(0, 150, 11)
    held = inside(e) if task == "children" else inside(e).T
    wanted, seen = value(e, getattr(retrieval, task), task), np.zeros(len(rows), bool)
    for part, scores in retrieval_scores(e, e.take(rows), retrieval, task=task):
        for number, row in enumerate(rows[part]):
            order = [y for y in np.argsort(-scores[number], kind="stable").tolist() if y != row]
            members = int(held[row].sum())
            assert set(order[:members]) == set(np.flatnonzero(held[row]).tolist())
            for side in (order[:members], order[members:]):
                assert (np.diff(wanted[row, side]) > -5e-3).all()
            seen[part.start + number] = True
    assert seen.all()


def test_with_parents_at_the_query_the_cone_opens_towards_the_root(e: Embedding) -> None:
    retrieval, rows, found = Retrieval(cones=LEVELS, parents_omega=0.8), np.arange(0, 150, 11), []
    ((_, scores),) = retrieval_scores(e, e.take(rows), retrieval, task="parents")
    for number, row in enumerate(rows):
        held = set(np.flatnonzero(np.pi - angles(e)[row] <= 0.8).tolist()) - {int(row)}
        order = [y for y in np.argsort(-scores[number], kind="stable").tolist() if y != row]
        assert set(order[: len(held)]) == held
        assert Index(e, retrieval).parents(Index(e).query(int(row)), limit=150).total == len(held)
        found.append(len(held))
    assert 20 < sum(found) < 1900  # of 14 × 149

"""Regions of the cosine leave nothing out and hold little in vain: of a radius, of a shell of radii, of lists and of what is certain."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from hypviz.search.answers import Query
from hypviz.search.embedding import GEOMETRIES, Embedding
from hypviz.search.regions import (
    ALL,
    NONE,
    NOWHERE,
    distance_region,
    exterior_region,
    interior_region,
    narrowing,
    sum_region,
)
from hypviz.search.retrieval import Cones, Ranking
from hypviz.search.rules import Holding, Order, Pairs, _rising, angle_region
from hypviz.search.scoring import APEXES
from hypviz.search.shells import Shells
from tests.search.float64 import RANKINGS, angles, value

TURN = np.linspace(0, math.pi, 401)
TASKS = ("children", "parents")


def space(geometry: str = "hyperbolic", curv: float = 0.6) -> Embedding:
    return Embedding(np.eye(2, dtype=np.float32), np.ones(2, np.float32), curv, geometry)


def around(radii: np.ndarray, geometry: str, curv: float = 0.6) -> Embedding:
    """Items all the way around the root, at each of the radii: len(radii) × len(TURN)."""
    directions = np.stack([np.cos(TURN), np.sin(TURN)], axis=1)
    return Embedding(
        np.tile(directions, (len(radii), 1)).astype(np.float32), np.repeat(radii, len(TURN)).astype(np.float32), curv, geometry
    )


def query(radius: float) -> Query:
    return Query(np.array([1, 0], np.float32), float(np.float32(radius)))


def column(*numbers: float) -> np.ndarray:
    return np.array(numbers)[:, None]


# --- at one radius


@pytest.mark.parametrize("geometry", ["hyperbolic", "euclidean"])
@pytest.mark.parametrize("limit", [0.0, 0.3, 1.0, math.pi / 2, 2.0, 3.0])
def test_seen_from_the_root_an_angle_is_that_between_the_directions(geometry: str, limit: float) -> None:
    limits, root, other = (np.array([each]) for each in (limit, 0.0, 2.0))
    with np.errstate(all="raise", under="ignore"):
        assert exterior_region(limits, root, other, space(geometry))[0] == pytest.approx(np.cos(limits), abs=1e-12)
        near, far = interior_region(limits, root, other, space(geometry))
    assert (near == NONE or limit == 0) and far == pytest.approx(np.cos(math.pi - limits), abs=1e-12)


@pytest.mark.parametrize("geometry", ["hyperbolic", "euclidean"])
@pytest.mark.parametrize("limit", [1e-3, 1.0, 3.0])
def test_the_root_itself_lies_behind_everything_and_has_no_angle_to_itself(geometry: str, limit: float) -> None:
    limits, root, other = (np.array([each]) for each in (limit, 0.0, 2.0))
    with np.errstate(all="raise", under="ignore"):
        for holes in (False, True):
            assert [float(side[0]) for side in exterior_region(limits, other, root, space(geometry), holes=holes)] == [NONE, NOWHERE]
        assert float(interior_region(limits, other, root, space(geometry))[0][0]) == ALL
        for region in (exterior_region, interior_region):
            assert float(region(limits, root, root, space(geometry))[0][0]) == ALL, "it is always looked at"
            certain = region(limits, root, root, space(geometry), holes=True)
            assert [float(side[0]) for side in certain] == [NONE, NOWHERE], "and never taken for granted"
        for task in TASKS:
            assert float(sum_region(limits, root, root, space(geometry), task=task)[0][0]) == ALL


@pytest.mark.parametrize("geometry", ["hyperbolic", "euclidean"])
def test_what_is_certain_is_a_part_of_the_truth_and_all_of_it_where_there_is_no_hole(geometry: str) -> None:
    rng, holed, whole = np.random.default_rng(2), 0, 0
    for _ in range(150):
        own, other, limit = rng.uniform(0.05, 4), rng.uniform(0.05, 4), rng.uniform(0.05, 3.1)
        e = around(np.array([other]), geometry)
        at_query, _, cosine = angles(e, query(own))
        for region, angle in ((exterior_region, at_query), (interior_region, math.pi - at_query)):
            possible = [float(side[0]) for side in region(*(np.array([x]) for x in (limit, own, other)), space(geometry))]
            assert (possible == [NONE, NOWHERE]) == bool(angle.min() > limit) or abs(angle.min() - limit) < 1e-2, (
                "nothing is let through in vain"
            )
            near, far = (float(side[0]) for side in region(*(np.array([x]) for x in (limit, own, other)), space(geometry), holes=True))
            sure = (cosine >= near + 1e-5) | (cosine <= far - 1e-5)
            assert (angle[sure] <= limit + 1e-4).all()
            inside = angle <= limit - 1e-3
            if inside[0] or region is interior_region or not inside.any():  # no hole around the direction of the query
                possible = (cosine >= near - 1e-5) | (cosine <= far + 1e-5)
                assert possible[inside].all()
                whole += 1
            else:
                assert near == NONE and far == NOWHERE
                holed += 1
    assert holed > 5 and whole > 100


def test_a_narrowing_of_points_far_out_is_a_number() -> None:
    with np.errstate(all="raise", under="ignore"):
        far = narrowing(np.array([600.0, 1.0, 650.0, 1e-200]), np.array([1.0, 600.0, 651.0, 1e-200]), space(curv=1.0))
        flat = narrowing(np.array([0.0, 3.0]), np.array([0.0, 1.0]), space("euclidean"))
    assert far == pytest.approx([-math.exp(-1), math.exp(-1), 0.0, 0.0], abs=1e-15) and math.isnan(flat[0]) and flat[1] == -0.5


@pytest.mark.parametrize("geometry", ["hyperbolic", "euclidean"])
def test_a_distance_from_the_root_is_a_radius_whatever_the_cosine(geometry: str) -> None:
    limit, low, high = np.array([1.0, 1.0, 1.0, 1.0]), np.array([0.0, 0.5, 1.0, 1.1]), np.array([0.2, 2.0, 1.0, 3.0])
    with np.errstate(all="raise", under="ignore"):
        near, far = distance_region(limit, np.zeros(4), low, high, space(geometry, 1.0))
    assert (near <= -1).tolist() == [True, True, True, False] and near[3] == NONE and far.tolist() == [NOWHERE] * 4
    to_root, _ = distance_region(np.array([1.0, 1.0]), np.array([0.9, 1.1]), np.zeros(2), np.zeros(2), space(geometry, 1.0))
    assert to_root[0] <= -1 and to_root[1] == NONE
    around_it, _ = distance_region(np.array([5.0]), np.ones(1), np.ones(1), 2 * np.ones(1), space(geometry, 1.0))
    assert around_it[0] <= -1, "a ball that holds the root and more"


def test_a_distance_is_in_true_units() -> None:
    for curv in (0.25, 4.0):
        e = around(np.array([1.5]), "hyperbolic", curv)
        distance, cosine = value(e, query(1.0), Ranking("distance"), "children"), np.cos(TURN)
        for limit in (0.6, 1.0, 2.0):
            (near,), _ = distance_region(*(np.array([each]) for each in (limit, 1.0, 1.5, 1.5)), space(curv=curv))
            assert ((cosine >= near) == (distance <= limit))[np.abs(distance - limit) > 1e-3].all()


# --- in a shell of radii


def shells(rng: np.random.Generator) -> Shells:
    """Eight neighbouring shells, a thin one and the very root among them."""
    edges = np.sort(rng.uniform(0.1, 4, 7)).astype(np.float32)
    low = np.concatenate([[0.0], edges])
    high = np.concatenate([[0.0], np.nextafter(edges[1:], np.float32(0)), [4.5]])
    high[3] = low[3]
    return Shells(low, high, np.zeros(0, np.intp), 0.0)


def items_of(of: Shells, geometry: str, rng: np.random.Generator) -> tuple[Embedding, np.ndarray]:
    """Items all around at the ends of the shells and somewhere inside, and the shell of each."""
    radii = np.stack([of.low, of.high, rng.uniform(of.low, of.high)], axis=1).astype(np.float32).clip(of.low[:, None], of.high[:, None])
    return around(radii.ravel(), geometry), np.repeat(np.arange(len(of.low)), 3 * len(TURN))


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("ranking", RANKINGS, ids=[f"{one.by} {one.apex}" for one in RANKINGS])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_whatever_beats_a_value_is_in_the_region_of_its_shell_and_something_there_reaches_it(
    geometry: str, ranking: Ranking, task: str
) -> None:
    rng = np.random.default_rng(5)
    of, order = shells(rng), Order(ranking, task)
    e, shell = items_of(of, geometry, rng)
    sharp, met = not (ranking.by == "angle + cosine" and (ranking.apex == "query") != (task == "children") and ranking.apex != "sum"), 0
    for own in (0.0, 0.7, 2.5):
        values, cosine = value(e, query(own), ranking, task), angles(e, query(own))[2]
        limits = np.quantile(values[np.isfinite(values)], (0.02, 0.2, 0.6, 0.95))
        near, far = order.region(limits, np.full(4, float(np.float32(own))), of, space(geometry))
        assert near.shape == far.shape == (4, len(of.low))
        for limit, low, high in zip(limits, near[:, shell], far[:, shell], strict=True):
            possible = (cosine >= low - 1e-5) | (cosine <= high + 1e-5)
            assert possible[values <= limit - 1e-5].all(), own
            # what is let through in vain: where no radius of the shell has a value as low at this cosine
            inside = (cosine >= low + 1e-4) | (cosine <= high - 1e-4)
            least = np.full((len(of.low), len(TURN)), np.inf)
            np.minimum.at(least, (shell, np.tile(np.arange(len(TURN)), 3 * len(of.low))), values)
            best = least[shell, np.tile(np.arange(len(TURN)), 3 * len(of.low))]
            hole = ranking.by != "distance" and "angle" in ranking.by and limit > math.pi / 2
            if sharp and not hole and own > 0 and ranking.by not in ("distance", "angle + cosine"):
                away = (shell > 0) & inside
                assert (best[away] <= limit + 2e-3).all()
                met += int(away.sum())
    assert met or not sharp or ranking.by in ("distance", "angle + cosine")


@pytest.mark.parametrize("general", [False, True])
@pytest.mark.parametrize("outward", [False, True])
@pytest.mark.parametrize(("task", "apex"), [("children", "query"), ("parents", "query"), ("parents", "candidate")])
@pytest.mark.parametrize("omega", [None, 0.4, 2.5])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_a_list_holds_items_in_its_region_alone_and_all_of_those_in_its_certain_one(
    geometry: str, omega: float | None, task: str, apex: str, outward: bool, general: bool
) -> None:
    rng = np.random.default_rng(7)
    of = shells(rng)
    e, shell = items_of(of, geometry, rng)
    limits = tuple(of.low[[3, 6]])
    cones = Cones((1.9, 1.0, 0.3), limits, outward)
    above = rng.random(len(e)) < 0.1 if general else None
    holding = Holding(cones, task, apex, omega, above)
    certain = 0
    for own in (0.0, float(np.float32(0.8)), float(of.low[5]), 4.4):
        asked = query(own)
        at_query, at_item, cosine = angles(e, asked)
        if task == "parents" and geometry != "cosine":
            at_query = math.pi - at_query
        angle = at_query if apex == "query" else at_item
        wide = cones.at(own if apex == "query" else e.radii) if omega is None else omega
        farther = e.radii > asked.radius if task == "children" else (asked.radius > e.radii) | (general and above)  # type: ignore[operator]
        free = not outward or (task, apex) == ("parents", "query")
        held, clear = (angle <= wide) & (farther | free), np.abs(angle - wide) > 1e-4
        near, far = (side[0][shell] for side in holding.region(np.array([asked.radius]), of, space(geometry)))
        possible = (cosine >= near - 1e-5) | (cosine <= far + 1e-5)
        at_root = (asked.radius == 0) & (e.radii == 0)
        assert possible[held & clear & ~at_root].all()
        near, far = (side[0][shell] for side in holding.region(np.array([asked.radius]), of, space(geometry), surely=True))
        sure = ((cosine >= near + 1e-5) | (cosine <= far - 1e-5)) & ~((cosine > 1 - 1e-5) & (np.abs(e.radii - own) < 1e-4))
        assert held[sure & clear].all()
        certain += int((sure & clear).sum())
    assert certain > 0


# --- one that never falls


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("apex", APEXES)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_an_angle_is_replaced_by_one_that_never_falls_and_is_never_larger(geometry: str, apex: str, task: str) -> None:
    rng, alike = np.random.default_rng(1), 0
    cosine = np.cos(TURN)
    for own, other in [*rng.uniform(0.05, 4, (25, 2)), (0.0, 1.0), (1.0, 0.0)]:
        own, other = float(np.float32(own)), float(np.float32(other))
        e = around(np.array([other]), geometry)
        exact = value(e, query(own), Ranking(apex=apex), task)
        rising = _rising(cosine, np.array(own), np.array(other), space(geometry), task=task, apex=apex)
        rising = np.broadcast_to(rising, cosine.shape)
        assert np.isfinite(rising).all() and (np.diff(rising) >= -1e-9).all() and (rising <= exact + 1e-6).all()
        child_beyond = (other > own) == (task == "children")
        if geometry == "cosine" or (apex == "sum" and child_beyond):
            assert rising == pytest.approx(exact, abs=1e-6)
            alike += 1
        elif (apex == "query") == (task == "children") and apex != "sum" and own > 0 and other > 0:
            behind = exact >= exact.min() + 1e-9
            start = int(exact.argmin())
            assert rising[start:] == pytest.approx(exact[start:], abs=1e-4) and rising[0] >= exact.min() - 1e-4 and behind.any()
            alike += 1
    inner = apex != "sum" and (apex == "query") != (task == "children") and geometry != "cosine"
    assert alike or inner
    if geometry != "cosine":
        with np.errstate(all="raise", under="ignore"):
            both = _rising(np.array([0.5, 1.0]), np.zeros(2), np.zeros(2), space(geometry), task=task, apex=apex)
        assert both.tolist() == [0.0, 0.0]


# --- exactly


def test_the_cosine_of_a_pair_is_that_of_its_directions_whatever_their_lengths() -> None:
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal((20, 5)).astype(np.float32) for _ in range(2))
    y[3], x[4], y[5], y[6] = 0, 0, 1e-3 * x[5], -7 * x[6]
    found = Pairs(x, y, np.ones(20, np.float32), np.ones(20, np.float32), space()).cosine()
    wide = x.astype(float), y.astype(float)
    lengths = np.prod([np.linalg.norm(each, axis=1) for each in wide], axis=0)
    expected = np.divide((wide[0] * wide[1]).sum(axis=1), lengths, out=np.zeros(20), where=lengths > 0)
    assert found.dtype == np.float64 and found == pytest.approx(expected, abs=1e-15) and found[[3, 4]].tolist() == [0.0, 0.0]
    assert found.max() <= 1 and found.min() >= -1


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("apex", APEXES)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_angles_of_pairs_are_exact_next_to_one_another_too(geometry: str, apex: str, task: str) -> None:
    """From 1e-7 to 3 radians apart, at radii that differ by as little, in units of each curvature."""
    for curv in (0.3, 2.0):
        turn = np.geomspace(1e-7, 3, 60)
        directions = np.stack([np.cos(turn), np.sin(turn)], axis=1).astype(np.float32)
        for own, step in itertools.product((0.5, 2.0), (-0.3, -1e-3, 2e-4, 0.4)):
            e = Embedding(directions, np.full(60, own + step, np.float32), curv, geometry)
            asked = query(own)
            x = np.broadcast_to(asked.direction, directions.shape)
            pairs = Pairs(x, directions, np.full(60, asked.radius, np.float32), e.radii, e)
            found = pairs.angle(pairs.cosine(), task, apex)
            assert found == pytest.approx(value(e, asked, Ranking(apex=apex), task), abs=2e-8 if geometry != "cosine" else 1e-7)


def test_items_at_one_point_are_at_a_right_angle_within_what_a_float_tells() -> None:
    eps = float(np.finfo(np.float32).eps)
    for geometry in ("hyperbolic", "euclidean"):
        for versine, step, together in ((0, 0, True), (60 * eps, 60 * eps, True), (68 * eps, 0, False), (0, 68 * eps, False)):
            turn = math.acos(1 - versine)
            y = np.array([[math.cos(turn), math.sin(turn)]], np.float32)
            for own, other in ((2.0, 2 * (1 + step)), (2 * (1 + step), 2.0)):
                pairs = Pairs(np.array([[1, 0]], np.float32), y, np.float32([own]), np.float32([other]), space(geometry))
                for task, apex in itertools.product(TASKS, ("query", "candidate")):
                    angle = float(pairs.angle(pairs.cosine(), task, apex)[0])
                    assert (angle == math.pi / 2) == together, (geometry, versine, step)
                both = float(pairs.angle(pairs.cosine(), "children", "sum")[0])
                assert both == math.pi or not together


@pytest.mark.parametrize("apex", APEXES)
def test_in_cosine_geometry_an_angle_is_a_cosine(apex: str) -> None:
    limit = np.array([[0.0], [0.4], [3.0], [math.pi], [4.0]])
    near, far = angle_region(limit, np.ones((5, 1)), np.ones((1, 3)), space("cosine"), task="children", apex=apex)
    half = limit / 2 if apex == "sum" else limit
    expected = np.where(half >= math.pi, ALL, np.cos(half))
    assert near == pytest.approx(np.broadcast_to(expected, (5, 3))) and far.tolist() == [[NOWHERE] * 3] * 5


# --- limits that are met everywhere, or exactly


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("ranking", RANKINGS, ids=[f"{one.by} {one.apex}" for one in RANKINGS])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_where_there_is_nothing_to_beat_everything_passes(geometry: str, ranking: Ranking, task: str) -> None:
    of = shells(np.random.default_rng(1))
    near, far = Order(ranking, task).region(np.full(3, np.inf), np.array([0.0, 0.7, 300.0]), of, space(geometry))
    assert near.shape == far.shape == (3, 8) and (near == ALL).all()


def test_two_angles_of_points_as_far_out_sum_to_two_right_ones() -> None:
    for geometry in ("hyperbolic", "euclidean"):
        one, limits = np.ones(3), np.array([math.pi, math.pi - 1e-9, 2 * math.pi])
        for task in TASKS:
            near, far = sum_region(limits, one, one, space(geometry), task=task)
            assert near.tolist() == [ALL, NONE, ALL] and far.tolist() == [NOWHERE] * 3
    away = np.array([2.0])
    near, far = sum_region(np.array([2.0]), away, away / 2, space(), task="children")
    assert [float(near[0]), float(far[0])] == [NONE, NOWHERE], "nothing nearer the root has a sum below π"
    near, far = sum_region(np.array([4.0]), away, away / 2, space(), task="children")
    assert float(near[0]) == NONE and -1 < float(far[0]) < 1, "above it, what lies on the far side"


def test_nothing_is_certain_where_rounding_would_decide() -> None:
    at, right = np.array([2.0]), np.array([math.pi / 2])
    near, far = interior_region(right, at, at, space("euclidean"), holes=True)
    assert [float(near[0]), float(far[0])] == [NONE, NOWHERE]
    assert float(interior_region(right, at, at, space("euclidean"))[0][0]) == ALL
    near, _ = interior_region(right, at, at * 0.9, space("euclidean"), holes=True)
    assert float(near[0]) == ALL, "of what lies inwards it is certain"

"""How a search leaves nearly all items alone: products, shells of radius, tables of thresholds, and the regions they come from."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hypviz.search import products, shells
from hypviz.search.embedding import Embedding
from hypviz.search.regions import ALL, NONE, distance_region, exterior_region, interior_region, narrowing, sum_region
from hypviz.search.scoring import COINCIDENT, ranking_value
from hypviz.search.tables import Table, table_of, together
from tests.search.worlds import cloud


@pytest.mark.parametrize("queries", [1, 2, 5, 64])
@pytest.mark.parametrize("count", [1, 7, 4096, 5000])
def test_a_product_in_pieces_is_the_product(count: int, queries: int) -> None:
    items, directions = cloud(count, 6).directions, cloud(queries, 6, seed=1).directions
    found = products.product(items, directions)
    assert found.shape == (count, queries) and found.dtype == np.float32
    np.testing.assert_allclose(found, items.astype(float) @ directions.T.astype(float), atol=1e-6)


def test_the_last_single_query_is_known_and_only_a_whole_one() -> None:
    e = cloud(50)
    kept = products.Products(e.directions, most=50)
    one, two = e.directions[:1], e.directions[1:2]
    with kept.of(one, keep=False) as known:
        assert known is None
    with kept.of(e.directions[:2], keep=True) as known:
        assert known is None
    with kept.of(one, keep=True) as known:
        first = [known(start, start + 10).copy() for start in range(0, 50, 10)]
    with kept.of(one, keep=False) as known:
        assert known is not None and np.array_equal(known(0, 50), np.concatenate(first)) and np.array_equal(known(20, 25), first[2][:5])
    with pytest.raises(RuntimeError), kept.of(two, keep=True):
        raise RuntimeError
    with kept.of(two, keep=False) as known:
        assert known is None, "what ended in an error is not remembered"
    with products.Products(e.directions, most=49).of(one, keep=True) as known:
        assert known is None


def test_every_item_lies_between_the_radii_of_its_shell() -> None:
    e = cloud(3000)
    radii = e.radii.copy()
    radii[:3] = [0.0, 0.0, 1e-9]
    e = Embedding(e.directions, radii, e.curv)
    found = shells.shells_of(e, (1.0, 2.5))
    assert (found.low[found.of] <= radii).all() and (radii <= found.high[found.of]).all()
    assert (found.of[:2] == found.of[0]).all() and found.of[2] != found.of[0], "the very root is a shell of its own"
    for limit in (1.0, 2.5):
        assert not ((found.low < limit) & (found.high >= limit)).any(), "no shell lies on both sides of a limit"
    assert 200 < len(found.low) < 400 and np.bincount(found.of).max() < 60
    assert 0 < found.drift < 2e-6
    assert (found.low[1:2] == np.nextafter(np.float32(0), np.float32(1))).all() and np.float32(1e-9) in found.low, (
        "it begins where there are items"
    )
    assert shells.shells_of(Embedding(np.eye(3, dtype=np.float32), np.ones(3, np.float32))).drift == 3 * 2.0**-24


def test_rows_that_are_no_unit_vectors_have_a_shell_of_their_own() -> None:
    e = cloud(40)
    directions = e.directions.copy()
    directions[[0, 9, 39]] *= np.array([[2.0], [1.0009], [0.998]], np.float32)
    found = shells.shells_of(Embedding(directions, e.radii, e.curv))
    assert np.flatnonzero(found.of == len(found.low)).tolist() == [0, 39]
    assert found.drift == pytest.approx(9e-4, rel=2e-2)
    # the bound of the module's text, for this drift and that of a query
    gamma = 128 * 2.0**-24 / (1 - 128 * 2.0**-24)
    assert found.rounding(128, 1e-5) == pytest.approx(gamma * (1 + found.drift) * (1 + 1e-5) + (1 + found.drift) * (1 + 1e-5) - 1)


def test_a_table_lets_through_what_is_beyond_its_thresholds() -> None:
    near, far = np.array([[0.5, 2.0, 0.5]]), np.array([[-2.0, -0.8, -0.8]])
    table = Table(near, far)
    of, cosine = np.array([0, 0, 1, 1, 2, 2, 0]), np.array([[0.49], [0.5], [0.9], [-0.81], [-0.79], [0.6], [np.nan]], np.float32)
    assert table.holds(cosine, of)[:, 0].tolist() == [False, True, False, True, False, True, True]
    assert table.reached.tolist() == [True, True, True]
    assert Table(np.array([[2.0, 1.0]]), np.array([[-2.0, -2.0]])).reached.tolist() == [False, True]


def test_tables_are_wider_by_the_margin_or_narrower() -> None:
    region = np.array([[0.5, NONE]]), np.array([[-0.5, -2.0]])
    of, none = np.array([0, 1, 2]), np.zeros((1, 2), bool)
    plain, odd = np.array([False]), np.array([True])

    def passes(cosine: float, margin: float, **changes: np.ndarray) -> list[bool]:
        arguments = {"odd": plain, "together": none} | changes
        return table_of(region, margin, **arguments).holds(np.full((3, 1), cosine, np.float32), of)[:, 0].tolist()  # type: ignore[arg-type]

    assert passes(0.45, 0.1) == [True, False, True] and passes(0.55, -0.1) == [False, False, False]
    assert passes(-0.45, 0.1) == [True, False, True] and passes(-0.55, -0.1) == [False, False, False]
    assert passes(0.65, -0.1) == [True, False, False] and passes(0.0, 0.1, odd=odd) == [True, True, True]
    # an item that may coincide with the query has an angle of its own: it is always looked at
    assert passes(1.0, 1e-5, together=np.array([[True, True]])) == [True, True, True]


def test_shells_with_the_radius_of_the_query_may_coincide_with_it() -> None:
    of = shells.Shells(np.array([0.0, 1.0, 2.0]), np.array([0.9, 1.5, 3.0]), np.zeros(1, np.intp), 0.0)
    assert together(np.array([1.2, 1.0, 1.7]), of).tolist() == [[False, True, False], [False, True, False], [False, False, False]]
    edge = 1.5 * (1 + COINCIDENT)
    assert together(np.array([edge]), of).tolist() == [[False, True, False]]


@pytest.mark.parametrize("geometry", ["hyperbolic", "euclidean"])
@pytest.mark.parametrize("region", ["exterior", "interior", "sum children", "sum parents", "distance"])
def test_a_region_holds_just_the_cosines_whose_value_is_within_the_limit(region: str, geometry: str) -> None:
    rng = np.random.default_rng(3)
    space = Embedding(np.eye(2, dtype=np.float32), np.ones(2, np.float32), 0.6, geometry)
    turn = np.linspace(1e-3, math.pi - 1e-3, 1500)
    cosine = np.cos(turn)
    for _ in range(40):
        own, other = rng.uniform(0.1, 5, 2)
        limit = float(rng.uniform(0.05, {"distance": 9.0}.get(region, 6.0 if "sum" in region else 3.1)))
        at = np.full((1, 1), own), np.full((1, 1), other)
        limits = np.full((1, 1), limit)

        def value(task: str, apex: str = "query", radii: tuple[float, float] = (own, other)) -> np.ndarray:
            both = (np.full(len(turn), radius) for radius in radii)
            return np.asarray(ranking_value(cosine, *both, space=space, task=task, apex=apex), float)  # type: ignore[arg-type]

        if region == "exterior":
            sides, values = exterior_region(limits, *at, space), value("children")
        elif region == "interior":
            sides, values = interior_region(limits, *at, space), value("parents")
        elif region == "distance":
            sides, values = distance_region(limits, at[0], at[1], at[1], space), value("nearest")
        else:
            task = region.split()[1]
            sides, values = sum_region(limits, *at, space, task=task), value(task, "sum")
        near, far = (float(side[0, 0]) for side in sides)
        held, inside = (cosine >= near) | (cosine <= far), values <= limit
        clear = (abs(values - limit) > 1e-3) & (abs(cosine - near) > 1e-5) & (abs(cosine - far) > 1e-5)
        assert (held | ~inside)[clear].all(), "nothing that is within the limit is left out"
        if not (region == "exterior" and limit > math.pi / 2):  # beyond, there may be a hole around the query
            assert (held == inside)[clear].all()


def test_limits_that_all_or_none_are_within() -> None:
    e = Embedding(np.eye(2, dtype=np.float32), np.ones(2, np.float32))
    one = np.ones((1, 1))
    assert exterior_region(one * math.pi, one, one, e)[0][0, 0] == ALL and interior_region(one * math.pi, one, one, e)[0][0, 0] == ALL
    assert sum_region(one * 2 * math.pi, one, one, e, task="children")[0][0, 0] == ALL
    assert exterior_region(one * 0.1, 2 * one, one, e)[0][0, 0] == NONE  # nothing nearer the root lies in a narrow cone
    assert distance_region(one * np.inf, one, one, one, e)[0][0, 0] == ALL
    assert distance_region(one * 0.5, one, 3 * one, 4 * one, e)[0][0, 0] == NONE
    inside = distance_region(one, 2 * one, 0.5 * one, 3 * one, e)[0][0, 0]
    assert inside == pytest.approx(math.sqrt(1 - (math.sinh(1) / math.sinh(2)) ** 2))  # the tangent from the root to the circle


def test_the_narrowing_is_its_quotient() -> None:
    for geometry, size in (("hyperbolic", math.sinh), ("euclidean", float)):
        e = Embedding(np.eye(2, dtype=np.float32), np.ones(2, np.float32), 4.0, geometry)
        root = 2.0 if geometry == "hyperbolic" else 1.0
        for q, r in ((0.5, 2.0), (2.0, 0.5), (1.0, 1.0), (0.0, 1.0)):
            expected = size(root * (r - q) / 2) / size(root * (r + q) / 2)
            assert float(narrowing(np.array(q), np.array(r), e)) == pytest.approx(expected, abs=1e-12)
        assert math.isnan(float(narrowing(np.array(0.0), np.array(0.0), e)))


@pytest.mark.parametrize("geometry", ["hyperbolic", "euclidean"])
def test_a_span_of_radii_is_within_a_distance_where_one_of_them_is(geometry: str) -> None:
    rng = np.random.default_rng(4)
    space = Embedding(np.eye(2, dtype=np.float32), np.ones(2, np.float32), 1.3, geometry)
    cosine = np.cos(np.linspace(1e-3, math.pi - 1e-3, 400))
    for _ in range(60):
        own, low, limit = rng.uniform(0.1, 4), rng.uniform(0.1, 4), rng.uniform(0.1, 6)
        high = low + rng.uniform(0, 2)
        (near,), _ = distance_region(*(np.full(1, each) for each in (limit, own, low, high)), space)
        radii = np.linspace(low, high, 600)[:, None]
        distance = ranking_value(cosine[None], np.full((1, 1), own), radii, space=space, task="nearest").min(axis=0)  # type: ignore[arg-type]
        clear = abs(distance - limit) > 1e-3
        assert ((cosine >= near) == (distance <= limit))[clear].all(), (own, low, high, limit)

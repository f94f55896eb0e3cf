"""Exact search: against textbook geometry in plain Python, and the laws every answer obeys."""

from __future__ import annotations

import math
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from hypviz.errors import DataError, SelectionError, SettingsError
from hypviz.search.answers import Query
from hypviz.search.best import BestOfEach
from hypviz.search.embedding import Embedding
from hypviz.search.geodesic import across, along, nearest_on_way
from hypviz.search.index import Index
from hypviz.search.retrieval import Cones, Retrieval

GEOMETRIES = ("hyperbolic", "euclidean", "cosine")


def random_embedding(count: int, dim: int, *, seed: int = 0, curv: float = 0.7, geometry: str = "hyperbolic"):
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((count, dim)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return Embedding(directions, rng.uniform(0.3, 3.0, count).astype(np.float32), curv, geometry)


def space(e: Embedding, row: int) -> tuple[list[float], float]:
    """Lorentz space components and time of one item, in Python floats."""
    r = float(e.radii[row])
    scale = math.sinh(math.sqrt(e.curv) * r) / math.sqrt(e.curv)
    x = [scale * float(u) for u in e.directions[row]]
    return x, math.sqrt(1 / e.curv + sum(v * v for v in x))


def textbook_angle(e: Embedding, a: int, b: int) -> float:
    """ext(a, b): the arccos form of MERU, the angle of b − a, or the arccos of the cosine."""
    if e.geometry == "cosine":
        return math.acos(max(-1.0, min(1.0, sum(float(p) * float(q) for p, q in zip(*e.directions[[a, b]], strict=True)))))
    if e.geometry == "euclidean":
        x, y = ([float(e.radii[i]) * float(u) for u in e.directions[i]] for i in (a, b))
        step = [q - p for p, q in zip(x, y, strict=True)]
        return math.acos(sum(p * s for p, s in zip(x, step, strict=True)) / math.hypot(*x) / math.hypot(*step))
    (x, xt), (y, yt) = space(e, a), space(e, b)
    inner = e.curv * (sum(p * q for p, q in zip(x, y, strict=True)) - xt * yt)
    return math.acos(max(-1.0, min(1.0, (yt + xt * inner) / (math.hypot(*x) * math.sqrt(inner * inner - 1)))))


def textbook_distance(e: Embedding, a: int, b: int) -> float:
    (x, xt), (y, yt) = space(e, a), space(e, b)
    return math.acosh(-e.curv * (sum(p * q for p, q in zip(x, y, strict=True)) - xt * yt)) / math.sqrt(e.curv)


def expected(e: Embedding, query: int, omega: float, limit: int, task: str) -> tuple[list[int], int]:
    """Rows by ascending radius of the best `limit` inside the cone, and how many are inside."""
    inside = []
    for row in range(len(e)):
        if row != query:
            angle = textbook_angle(e, query, row)
            angle = math.pi - angle if task == "parents" and e.geometry != "cosine" else angle
            if angle <= omega:
                inside.append((angle, row))
    best = [row for _, row in sorted(inside)[:limit]]
    return sorted(best, key=lambda row: float(e.radii[row])), len(inside)


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("task", ["children", "parents"])
def test_cones_agree_with_the_textbook_angle(geometry: str, dim: int, task: str) -> None:
    e = random_embedding(300, dim, geometry=geometry)
    index = Index(e)
    for query in (0, 17, 299):
        for omega, limit in ((0.4, 40), (1.2, 7), (math.pi, 1000)):
            found = getattr(index, task)(index.query(query), omega, limit=limit)
            rows, total = expected(e, query, omega, limit, task)
            assert found.rows.tolist() == rows
            assert found.total == total


def test_reported_angles_and_radii_belong_to_the_rows() -> None:
    e = random_embedding(200, 3)
    found = Index(e).children(Index(e).query(3), 2.0, limit=25)
    np.testing.assert_allclose(found.angle, [textbook_angle(e, 3, row) for row in found.rows], atol=1e-4)
    np.testing.assert_array_equal(found.radius, e.radii[found.rows])
    assert (found.rows.dtype, found.angle.dtype, found.radius.dtype) == (np.int64, np.float32, np.float32)


def test_children_are_shown_from_general_to_specific_and_never_hold_the_query() -> None:
    index = Index(random_embedding(500, 4))
    for row in range(0, 500, 50):
        for found in (index.children(index.query(row), 2.5), index.parents(index.query(row), 2.5)):
            assert (np.diff(found.radius) >= 0).all()
            assert row not in found.rows
            assert len(found.rows) == min(40, found.total)


def test_a_child_straight_outward_sees_its_parent_and_the_other_way_round() -> None:
    e = Embedding(np.array([[1, 0], [1, 0], [0, 1]], np.float32), np.array([1, 2, 2], np.float32))
    index = Index(e)
    assert index.children(index.query(0), 0.1).rows.tolist() == [1]
    assert index.parents(index.query(1), 0.1).rows.tolist() == [0]
    assert index.children(index.query(1), 0.1).rows.tolist() == []
    assert index.parents(index.query(0), 0.1).rows.tolist() == []


def test_nearest_is_the_geodesic_neighbourhood_nearest_first() -> None:
    e = random_embedding(200, 3)
    found = Index(e).nearest(Index(e).query(5), limit=10)
    slow = sorted((textbook_distance(e, 5, row), row) for row in range(200) if row != 5)[:10]
    assert found.rows.tolist() == [row for _, row in slow]
    np.testing.assert_allclose(found.angle, [d for d, _ in slow], atol=1e-4)
    assert found.total == 199


def test_nearest_in_euclidean_geometry_is_the_plain_distance() -> None:
    e = random_embedding(100, 3, geometry="euclidean")
    points = e.directions.astype(float) * e.radii[:, None]
    found = Index(e).nearest(Index(e).query(0), limit=99)
    np.testing.assert_allclose(found.angle, np.linalg.norm(points[found.rows] - points[0], axis=1), atol=1e-5)
    assert (np.diff(found.angle) >= 0).all()


def test_cone_members_are_all_rows_inside_and_the_same_for_many_queries_at_once() -> None:
    e = random_embedding(400, 3)
    index = Index(e, chunk_bytes=64 * 64 * 8)  # room for 8 queries at a time
    queries = [index.query(row) for row in range(30)]
    together = index.cones(queries, 1.1)
    for row, rows in enumerate(together):
        assert rows.tolist() == [y for y in range(400) if y != row and textbook_angle(e, row, y) <= 1.1]
        np.testing.assert_array_equal(rows, index.cone_members(queries[row], 1.1))


def test_a_query_is_single_precision_whatever_the_directions_are() -> None:
    e = random_embedding(20, 4)
    for kind in (np.float64, np.float16):
        query = Index(Embedding(e.directions.astype(kind), e.radii)).query(3)
        assert query.direction.dtype == np.float32 and query.row == 3 and query.radius == e.radii[3]
        np.testing.assert_array_equal(query.direction, e.directions.astype(kind)[3].astype(np.float32))


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_results_do_not_depend_on_the_chunk_size(geometry: str) -> None:
    e = random_embedding(1013, 16, geometry=geometry)
    small, large = Index(e, chunk_bytes=64 * 64), Index(e)
    for row in (0, 500, 1012):
        query = large.query(row)
        for name in ("children", "parents"):
            a, b = (getattr(index, name)(query, 2.0, limit=30) for index in (small, large))
            np.testing.assert_array_equal(a.rows, b.rows)
            # Products of other shapes may sum in another order; a cosine known to eps gives angles known to √eps.
            np.testing.assert_allclose(a.angle, b.angle, atol=1e-3)
            assert a.total == b.total
        np.testing.assert_array_equal(small.cone_members(query, 2.0), large.cone_members(query, 2.0))
        np.testing.assert_array_equal(small.nearest(query, limit=30).rows, large.nearest(query, limit=30).rows)
        np.testing.assert_array_equal(small.path_to_root(query), large.path_to_root(query))


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("chunk_bytes", [64 * 64, 8 << 20])
def test_what_lies_around_is_what_the_single_searches_find(geometry: str, chunk_bytes: int) -> None:
    e = random_embedding(700, 3, geometry=geometry)
    directions, radii = e.directions.copy(), e.radii.copy()
    directions[699], radii[699] = directions[0], radii[0]  # a copy has no angle
    index = Index(Embedding(directions, radii, e.curv, e.geometry), chunk_bytes=chunk_bytes)
    for row in (0, 350, 699):
        query = index.query(row)
        found = index.around(query, 1.2, 0.9, limit=25)
        for one, other in ((found.children, index.children(query, 1.2, limit=25)), (found.parents, index.parents(query, 0.9, limit=25))):
            np.testing.assert_array_equal(one.rows, other.rows)
            np.testing.assert_allclose(one.angle, other.angle, atol=1e-3)
            np.testing.assert_array_equal(one.radius, other.radius)
            assert one.total == other.total
        np.testing.assert_array_equal(found.members, index.cone_members(query, 1.2))
        everything = index.children(query, math.pi, limit=699)
        assert found.closest == everything.angle.min()


def test_what_is_closest_is_something_that_a_wider_cone_would_hold() -> None:
    e = random_embedding(300, 3)
    index = Index(e, Retrieval(cones=Cones(outward=True)))
    order = np.argsort(e.radii)
    for row in (order[0], order[150], order[-3]):
        query = index.query(int(row))
        closest = index.around(query, 1e-3).closest
        assert closest is not None and index.around(query, closest + 1e-4).members.size, "to widen to it leads to something"
        assert not index.around(query, max(closest - 1e-3, 1e-4)).members.size
    assert index.around(index.query(int(order[-1])), 1e-3).closest is None, "nothing lies farther out than the last"


def test_nothing_is_closest_to_an_item_that_is_alone() -> None:
    index = Index(Embedding(np.array([[0, 1]], np.float32), np.array([1], np.float32)))
    found = index.around(index.query(0), 1.0, 1.0)
    assert found.closest is None
    assert not len(found.children.rows) and not len(found.parents.rows) and not len(found.members)


@pytest.mark.parametrize("chunk_bytes", [64 * 64, 8 << 20])
def test_ties_are_broken_by_row(chunk_bytes: int) -> None:
    count = 700
    e = Embedding(np.tile(np.array([[0, 1]], np.float32), (count, 1)), np.full(count, 2, np.float32))
    index = Index(e, chunk_bytes=chunk_bytes)
    query = Query(np.array([0, 1], np.float32), 1.0)
    assert index.children(query, 0.5, limit=5).rows.tolist() == [0, 1, 2, 3, 4]
    assert index.children(query, 0.5, limit=5).total == count
    assert index.nearest(query, limit=3).rows.tolist() == [0, 1, 2]


def test_a_copy_of_the_query_is_neither_its_child_nor_its_parent() -> None:
    e = random_embedding(50, 128)
    directions, radii = e.directions.copy(), e.radii.copy()
    directions[49], radii[49] = directions[0], radii[0]
    index = Index(Embedding(directions, radii, e.curv))
    assert 49 not in index.children(index.query(0), 1.5).rows
    assert 49 not in index.parents(index.query(0), 1.5).rows
    both = [search(index.query(0), math.pi, limit=50) for search in (index.children, index.parents)]
    assert all(found.angle[found.rows == 49] == np.float32(np.pi / 2) for found in both)
    assert index.nearest(index.query(0), limit=1).rows.tolist() == [49]


def test_what_is_kept_of_the_last_query_changes_no_answer() -> None:
    e = random_embedding(400, 6, seed=3)
    kept = Index(e)
    for row in (5, 5, 9, 5, 30):
        for answer in (
            lambda index, at: index.children(at, 1.4).rows,
            lambda index, at: index.cone_members(at, 1.4),
            lambda index, at: index.path_to_root(at),
            lambda index, at: index.nearest(at).rows,
        ):
            assert answer(kept, kept.query(row)).tolist() == answer(Index(e), kept.query(row)).tolist()
    inner = Query(e.directions[5], 0.1)  # the direction of an item, nearer to the root
    assert (
        kept.cone_members(inner, 1.0).tolist()
        == Index(e).cone_members(inner, 1.0).tolist()
        != kept.cone_members(kept.query(5), 1.0).tolist()
    )


def test_an_upload_is_compared_with_every_item() -> None:
    e = random_embedding(60, 4)
    found = Index(e).nearest(Query(e.directions[7].copy(), float(e.radii[7])), limit=60)
    assert found.rows[0] == 7
    assert found.total == 60


@pytest.mark.parametrize("geometry", ["hyperbolic", "euclidean"])
def test_the_path_to_the_root_is_the_nearest_item_at_each_step(geometry: str) -> None:
    e = random_embedding(400, 2, geometry=geometry)
    index = Index(e)
    for row in range(0, 400, 40):
        path = index.path_to_root(index.query(row), steps=20)
        slow = [row]
        for step in range(1, 20):
            radius = np.float32(float(e.radii[row]) * (1 - step / 19))
            point = Query(e.directions[row].copy(), float(radius))
            slow.append(int(index.nearest(point, limit=1).rows[0]))
        assert path.tolist() == list(dict.fromkeys(slow))
        assert path[0] == row
        assert path[-1] == np.argmin(e.radii)


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("seed", range(5))
def test_bisection_finds_the_nearest_item_of_every_point_of_the_way(geometry: str, seed: int) -> None:
    e = random_embedding(300, 2, geometry=geometry, seed=seed)
    cosine = e.directions @ e.directions[seed]
    way = along(np.linspace(float(e.radii.max()), 0.0, 400), e)
    items = across(cosine, e.radii, e)
    column, value = nearest_on_way(way, items)
    every = way @ items
    np.testing.assert_allclose(value, every.min(axis=1), rtol=1e-12)
    np.testing.assert_array_equal(column, every.argmin(axis=1))


def test_the_path_through_a_chain_visits_it_in_order_of_falling_radius() -> None:
    radii = np.array([0.0, 0.5, 1, 1.5, 2, 2.5], np.float32)
    index = Index(Embedding(np.tile(np.array([[0.6, 0.8]], np.float32), (6, 1)), radii))
    assert index.path_to_root(index.query(5)).tolist() == [5, 4, 3, 2, 1, 0]
    assert index.path_to_root(index.query(0)).tolist() == [0]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("farthest", [400.0, 640.0, 3e4])
def test_the_path_from_far_beyond_what_a_float_can_tell_ends_at_the_root(farthest: float) -> None:
    """A trained model may put a few items there; cosh of twice such a radius is no number, or no float64."""
    radii = np.array([0.0, 1.0, 380.0, farthest, farthest], np.float32)
    directions = np.array([[1, 0], [0.6, 0.8], [0.6, 0.8], [0.6, 0.8], [-1, 0]], np.float32)
    index = Index(Embedding(directions, radii))
    path = index.path_to_root(index.query(3)).tolist()
    assert path[0] == 3 and path[-1] == 0 and 4 not in path


def test_the_path_starts_at_the_item_even_when_it_has_a_copy_in_an_earlier_row() -> None:
    radii = np.array([2, 1, 2], np.float32)
    index = Index(Embedding(np.tile(np.array([[0.6, 0.8]], np.float32), (3, 1)), radii))
    assert index.path_to_root(index.query(2))[0] == 2


def test_in_cosine_geometry_the_path_is_the_item() -> None:
    e = random_embedding(50, 4, geometry="cosine")
    index = Index(e)
    assert index.path_to_root(index.query(9)).tolist() == [9]
    assert index.path_to_root(Query(e.directions[9].copy(), 1.0)).tolist() == [9]


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("task", ["children", "parents"])
@pytest.mark.parametrize("apex", ["query", "candidate", "sum"])
def test_scores_are_the_angles_of_the_paper(geometry: str, task: str, apex: str) -> None:
    e = random_embedding(40, 3, geometry=geometry)
    chosen = np.array([3, 8, 21])
    scores = np.concatenate([block for _, block in Index(e).scores(e.take(chosen), apex=apex, task=task)])
    for i, q in enumerate(chosen):
        for c in set(range(40)) - {q}:
            at_query, at_candidate = textbook_angle(e, q, c), textbook_angle(e, c, q)
            if geometry == "cosine":
                one = two = math.pi - at_query
            elif task == "children":
                one, two = math.pi - at_query, at_candidate  # β1 at the parent, α2 at the child
            else:
                one, two = at_query, math.pi - at_candidate  # α2 at the child, β1 at the parent
            want = {"query": one, "candidate": two, "sum": one + two}[apex]
            assert scores[i, c] == pytest.approx(want, abs=2e-3)


def test_scores_of_nearest_are_minus_the_distance() -> None:
    e = random_embedding(40, 3)
    ((_, block),) = Index(e).scores(e.take(np.array([2])), task="nearest")
    assert block[0, 9] == pytest.approx(-textbook_distance(e, 2, 9), abs=1e-4)


def test_score_blocks_cover_the_queries_once_and_agree_for_any_block_size() -> None:
    e = random_embedding(300, 8)
    queries = e.take(np.arange(50))
    whole = list(Index(e).scores(queries))
    cut = list(Index(e, chunk_bytes=64 * 64).scores(queries))
    assert len(whole) == 1
    assert len(cut) > 10
    assert [row for part, _ in cut for row in range(part.start, part.stop)] == list(range(50))
    np.testing.assert_allclose(np.concatenate([block for _, block in cut]), whole[0][1], atol=2e-3)


@pytest.mark.parametrize("work", ["children", "cones", "path", "scores"])
def test_extra_memory_stays_flat(work: str) -> None:
    e = random_embedding(60_000, 16)
    index = Index(e, chunk_bytes=1 << 20)
    query, few = index.query(0), e.take(np.arange(40))
    tracemalloc.start()
    try:
        if work == "children":
            index.children(query, math.pi)
        elif work == "cones":
            index.cones([index.query(row) for row in range(40)], 0.01)
        elif work == "path":
            index.path_to_root(query)
        else:
            for _ in index.scores(few):
                pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # 40 × 60,000 float32 would be 9.6 MB for each of a dozen temporaries.
    assert peak < 4 << 20


def test_a_memory_mapped_embedding_gives_the_same_answers(tmp_path) -> None:
    e = random_embedding(500, 8)
    np.save(tmp_path / "directions.npy", e.directions)
    mapped = Embedding(np.load(tmp_path / "directions.npy", mmap_mode="r"), e.radii, e.curv)
    index = Index(mapped)
    found = index.children(index.query(4), 2.0)
    np.testing.assert_array_equal(found.rows, Index(e).children(Index(e).query(4), 2.0).rows)
    assert isinstance(mapped.directions, np.memmap)
    assert type(index.query(4).direction) is np.ndarray


@pytest.mark.parametrize("omega", [float("nan"), 0.0, -1.0, 3.2, float("inf")])
def test_omega_must_be_an_angle(omega: float) -> None:
    index = Index(random_embedding(5, 2))
    for search in (index.children, index.parents, index.cone_members):
        with pytest.raises(SettingsError, match="omega must be an angle in radians above 0 and at most π"):
            search(index.query(0), omega)


def test_a_cone_of_pi_holds_everything_even_as_float32() -> None:
    index = Index(random_embedding(30, 3))
    assert index.children(index.query(0), float(np.float32(np.pi))).total == 29


def test_wrong_queries_are_refused_in_one_sentence() -> None:
    e = random_embedding(5, 2)
    index = Index(e)
    with pytest.raises(SelectionError, match="No item in row 5: the index holds rows 0…4"):
        index.query(5)
    with pytest.raises(SelectionError, match="No item in row -1"):
        index.query(-1)
    with pytest.raises(DataError, match=r"direction of shape \(2,\), got \(3,\)"):
        index.nearest(Query(np.ones(3, np.float32), 1.0), limit=1)
    with pytest.raises(DataError, match="finite direction"):
        index.nearest(Query(np.array([np.nan, 1], np.float32), 1.0), limit=1)
    with pytest.raises(DataError, match="finite radius"):
        index.path_to_root(Query(np.array([0, 1], np.float32), -1.0))
    with pytest.raises(SettingsError, match="limit must be at least 1"):
        index.children(index.query(0), 1.0, limit=0)
    with pytest.raises(SettingsError, match="steps must be between 2"):
        index.path_to_root(index.query(0), steps=1)
    with pytest.raises(SettingsError, match="apex must be one of"):
        index.scores(e, apex="both")
    with pytest.raises(SettingsError, match="task must be one of"):
        index.scores(e, task="siblings")
    with pytest.raises(DataError, match="embed both with the same model"):
        index.scores(random_embedding(5, 2, geometry="euclidean"))
    with pytest.raises(SelectionError, match="at least one item"):
        index.cones([], 1.0)
    with pytest.raises(DataError, match="at least one item to search in"):
        Index(Embedding(np.empty((0, 2), np.float32), np.empty(0, np.float32)))


def test_the_page_can_search_without_torch() -> None:
    code = "import sys, hypviz.search.index, hypviz.metrics, hypviz.evaluation; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("chunk_bytes", [64 * 64, 8 << 20])
@pytest.mark.parametrize("limit", [3, 40])
def test_one_of_each_is_the_closest_of_every_group_in_the_cone(chunk_bytes: int, limit: int) -> None:
    groups = np.arange(900) % 12
    index = Index(random_embedding(900, 3, seed=4), chunk_bytes=chunk_bytes)
    for row in (0, 450, 899):
        query = index.query(row)
        everything = index.children(query, 3.0, limit=900)
        best: dict[int, tuple[float, int]] = {}
        for angle, child in sorted(zip(everything.angle.tolist(), everything.rows.tolist(), strict=True)):
            best.setdefault(int(groups[child]), (angle, child))
        assert len(best) > 6
        expected = sorted(best.values())[:limit]
        found = index.one_of_each(query, 3.0, groups, limit=limit)
        assert sorted(found.rows.tolist()) == sorted(child for _, child in expected)
        assert (np.diff(found.radius) >= 0).all()
        assert found.total == len(best)
        angles = {child: angle for angle, child in expected}
        np.testing.assert_allclose(found.angle, [angles[row] for row in found.rows.tolist()], atol=2e-6)


def test_one_of_each_of_an_empty_cone_is_nothing() -> None:
    e = random_embedding(30, 64)
    found = Index(e).one_of_each(Index(e).query(0), 1e-3, np.zeros(30, np.int64))
    assert not len(found.rows) and found.total == 0


def test_of_equals_in_one_group_the_earlier_row_is_kept() -> None:
    best = BestOfEach(np.array([0, 1, 0, 1, 0]), omit=None)
    for start, values in ((0, [0.5, 0.9]), (2, [0.5, 0.4]), (4, [0.2])):
        best.add(start, np.array(values, np.float32), np.ones(len(values), bool))
    rows, values, groups = best.sorted(5)
    assert rows.tolist() == [4, 3] and values.tolist() == pytest.approx([0.2, 0.4]) and groups == 2
    tied = BestOfEach(np.array([0, 0, 0]), omit=None)
    for start in range(3):
        tied.add(start, np.array([0.5], np.float32), np.ones(1, bool))
    assert tied.sorted(5)[0].tolist() == [0]

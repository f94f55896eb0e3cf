"""Lists in a file: what is proven of them is true of every item, and they are made whole or not at all."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypviz.errors import DataError, SettingsError
from hypviz.search.answers import Query
from hypviz.search.embedding import Embedding
from hypviz.search.lists import build, cut, engine, plan
from hypviz.search.lists.bounds import Spread, can_hold, code_margin, over_spans
from hypviz.search.lists.build import build_lists
from hypviz.search.lists.store import ARRAYS, CODES, Lists, open_lists
from hypviz.search.regions import NONE, NOWHERE, exterior_region
from hypviz.search.retrieval import Ranking
from tests.search.float64 import value, world

pytest.importorskip("faiss")


@pytest.fixture(autouse=True)
def short_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "PER_CENTROID", 60)
    monkeypatch.setattr(cut, "LEAST", 4)


def points(count: int = 1500, seed: int = 0) -> Embedding:
    return world(count, 12, seed, "spread", geometry="hyperbolic", narrow=1.0)


def contents(lists: Lists) -> list[np.ndarray]:
    """The rows of every list, as FAISS sees them."""
    library = engine.faiss()
    inverted = lists.index.invlists
    return [library.rev_swig_ptr(inverted.get_ids(number), inverted.list_size(number)).copy() for number in range(lists.index.nlist)]


@pytest.mark.parametrize(("sampled", "residuals", "drawn"), [(4, 10, 100), (4, 300, 300), (70, 10, 1500), (4, 5000, 1500)])
def test_lists_are_made_from_so_many_items_for_each_centroid_and_no_fewer_than_the_codes_take(
    sampled: int, residuals: int, drawn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """25 centroids of 60 items each; a draw may repeat an item, one of all of them does not."""
    seen = []
    centroids = engine.centroids
    monkeypatch.setattr(plan.engine, "centroids", lambda x, *rest: seen.append((len(x), rest[0])) or centroids(x, *rest))
    monkeypatch.setattr(plan, "SAMPLED", sampled)
    monkeypatch.setattr(plan, "RESIDUALS", residuals)
    made = plan.make_plan(points(), "mark", 0)
    ((count, wanted),) = seen
    assert wanted == len(made.centroids) == 25
    assert 0.85 * drawn < count <= drawn and (drawn < 1500 or count == 1500)


def test_every_item_is_in_one_list_whose_angles_and_radii_hold_it(tmp_path: Path) -> None:
    e = points()
    lists = build_lists(e, tmp_path / "lists", shard=400)
    rows = contents(lists)
    assert np.sort(np.concatenate([*rows, lists.odd])).tolist() == list(range(len(e)))
    assert [len(one) for one in rows] == lists.sizes.tolist() and lists.items == len(e) and len(lists) > 60
    x = e.directions.astype(np.float64)
    for number, some in enumerate(rows):
        m = lists.centroids[lists.centroid[number]].astype(np.float64)
        angle = 2 * np.arcsin(np.linalg.norm(x[some] / np.linalg.norm(x[some], axis=1, keepdims=True) - m / np.linalg.norm(m), axis=1) / 2)
        assert (angle >= lists.spread.inner[number]).all() and (angle <= lists.spread.outer[number]).all()
        assert e.radii[some].min() == lists.low[number] and e.radii[some].max() == lists.high[number]


def test_a_code_gives_every_cosine_to_within_its_margin_along_its_own_error_too(tmp_path: Path) -> None:
    e = points()
    lists = build_lists(e, tmp_path / "lists")
    everything = np.arange(len(lists))
    probes = [e.directions[7], -e.directions[8]]
    for row in range(0, 1500, 100):  # the worst a query can do to one item: to lie along the error of its code
        centre = (lists.centroids @ e.directions[row])[lists.centroid]
        found, near = engine.above(lists.index, e.directions[row], everything, centre, -np.inf)
        assert len(found) == lists.sizes.sum() and near[found == row] == pytest.approx(1, abs=0.01)
        m = lists.centroids[engine.closest(e.directions[row][None], lists.centroids)[0]]
        error = e.directions[row] - m - lists.codes.decode(lists.codes.encode((e.directions[row] - m)[None]))[0]
        probes.append((error / np.linalg.norm(error)).astype(np.float32))
    off = 0.0
    for q in probes:
        drift = abs(float(np.linalg.norm(q.astype(np.float64))) - 1)
        found, near = engine.above(lists.index, q, everything, (lists.centroids @ q)[lists.centroid], -np.inf)
        exact = e.directions[found].astype(np.float64) @ (q.astype(np.float64) / np.linalg.norm(q.astype(np.float64)))
        exact /= np.linalg.norm(e.directions[found].astype(np.float64), axis=1)
        margin = code_margin(12, error=lists.error, reach=lists.codes.reach, drift=lists.drift, query_drift=drift)
        off = max(off, float(np.abs(exact - near).max()) / margin)
    assert 0.5 < off <= 1, "and it is not much wider than it has to be"


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 10**6), turn=st.floats(0, math.pi), spread=st.floats(0, 1.5), off=st.sampled_from([0, 1e-5]), dims=st.integers(2, 5)
)
def test_no_item_of_a_list_lies_outside_the_angles_that_it_is_said_to_have(
    seed: int, turn: float, spread: float, off: float, dims: int
) -> None:
    rng = np.random.default_rng(seed)
    m, other = np.linalg.qr(rng.standard_normal((dims, 2)))[0].T
    query = math.cos(turn) * m + math.sin(turn) * other
    x = m + spread * rng.standard_normal((20, dims))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    from_centre, from_query = (np.arccos(np.clip(x @ y, -1, 1)) for y in (m, query))
    list_of = Spread(from_centre.min(keepdims=True) - 1e-7, from_centre.max(keepdims=True) + 1e-7)
    smallest, largest = list_of.angles(np.array([query @ m + rng.uniform(-off, off)], np.float32), off + 1e-6)
    assert smallest[0] <= from_query.min() + 1e-7 and from_query.max() - 1e-7 <= largest[0]
    for near in (-0.5, 0.2, 0.9):
        held = bool((x @ query >= near).any()), bool((x @ query <= -near).any())
        assert not held[0] or can_hold(smallest, largest, np.array([near]), np.array([NOWHERE]))[0]
        assert not held[1] or can_hold(smallest, largest, np.array([NONE]), np.array([-near]))[0]
    assert not can_hold(smallest, largest, np.array([NONE]), np.array([NOWHERE]))[0]


def test_spans_of_shells_have_their_smallest_and_largest_value() -> None:
    values, first = np.array([3.0, 1.0, 2.0, 5.0]), np.array([0, 1, 3, 2])
    last = np.array([2, 1, 3, 3])
    assert over_spans(values, first, last, largest=False).tolist() == [1, 1, 5, 2]
    assert over_spans(values, first, last, largest=True).tolist() == [3, 1, 5, 5]


@settings(max_examples=100, deadline=None)
@given(
    own=st.floats(0.05, 6), radius=st.floats(1e-3, 30), turn=st.floats(0.01, math.pi), limit=st.floats(0.01, 3.1), curv=st.floats(0.1, 5)
)
def test_beyond_a_cosine_no_angle_and_no_distance_is_smaller_than_their_bounds(
    own: float, radius: float, turn: float, limit: float, curv: float
) -> None:
    """For cos θ <= t: ext >= atan2(√(1 − t²)/cosh r, t − tanh r), and for t >= 0 distance >= asinh(sinh r √(1 − t²)), r = √c r_x."""
    r, t = math.sqrt(curv) * float(np.float32(own)), math.cos(turn)
    query, direction = Query(np.array([1, 0], np.float32), own), np.array([[t, math.sin(turn)]], np.float32)
    e = Embedding(direction, np.array([min(radius, 15 / math.sqrt(curv))], np.float32), curv)
    bound = math.atan2(math.sin(turn) / math.cosh(r), t - math.tanh(r))
    assert value(e, query, Ranking(), "children")[0] >= bound - 1e-6
    if t >= 0:
        distance = math.asinh(math.sinh(r) * math.sin(turn)) / math.sqrt(curv)
        assert value(e, query, Ranking(by="distance"), "children")[0] >= distance - 1e-6
    near, _ = exterior_region(np.array([limit]), np.array([own]), np.array([600 / math.sqrt(curv)]), e)
    if t < near[0] - 1e-5:  # the region of an item at infinity is that same bound, the other way round
        assert bound > limit - 1e-4


def test_a_run_that_was_stopped_goes_on_and_ends_with_the_same_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    e, coded = points(), []
    original = build._coded
    monkeypatch.setattr(build, "_coded", lambda *arguments: (coded.append(arguments[2]), original(*arguments))[1])
    reference = build_lists(e, tmp_path / "reference", shard=400)
    assert coded == [0, 400, 800, 1200] and not (tmp_path / "reference.building").exists()
    coded.clear()

    def stop(done: int, total: int) -> None:
        assert total == len(e)
        if done == 800:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_lists(e, tmp_path / "lists", shard=400, on_progress=stop)
    assert open_lists(tmp_path / "lists", e) is None
    again = build_lists(e, tmp_path / "lists", shard=400)
    assert coded == [0, 400, 800, 1200], "no shard twice"
    assert [rows.tolist() for rows in contents(again)] == [rows.tolist() for rows in contents(reference)]
    assert (tmp_path / "lists" / CODES).read_bytes() == (tmp_path / "reference" / CODES).read_bytes()
    build_lists(e, tmp_path / "lists", shard=400)
    assert len(coded) == 4, "what is there is taken as it is"
    build_lists(e, tmp_path / "lists", shard=400, overwrite=True)
    assert len(coded) == 8


def test_lists_of_other_vectors_are_not_taken_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    e, folder = points(), tmp_path / "lists"
    build_lists(e, folder)
    assert open_lists(folder, e) is not None
    assert open_lists(folder, points(seed=1)) is None and open_lists(tmp_path / "nothing", e) is None
    codes = (folder / CODES).read_bytes()
    (folder / CODES).write_bytes(codes[:-8])
    with pytest.raises(DataError, match=r"are damaged \(lists.codes has .* bytes, .* belong"):
        open_lists(folder, e)
    (folder / CODES).write_bytes(codes)
    (folder / ARRAYS).write_bytes(b"no archive")
    with pytest.raises(DataError, match="make them anew by `index --overwrite`"):
        open_lists(folder, e)


def test_vectors_that_lists_would_not_help_with_are_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    e = points(200)
    with pytest.raises(DataError, match="No direction is a unit vector"):
        build_lists(Embedding(2 * e.directions, e.radii), tmp_path / "lists")
    monkeypatch.setattr(build, "BLOCK", 16)
    some = e.directions.copy()
    some[::3] *= 2
    with pytest.raises(DataError, match="67 of 200 directions are no unit vectors"):
        build_lists(Embedding(some, e.radii), tmp_path / "lists")
    assert not (tmp_path / "lists").exists()


def test_without_faiss_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modules: dict[str, Any] = {"faiss": None}
    monkeypatch.setitem(sys.modules, "faiss", modules["faiss"])
    with pytest.raises(SettingsError, match="pip install faiss-cpu"):
        build_lists(points(50), tmp_path / "lists")


def test_a_mapped_file_gives_the_same_lists_and_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    e = points()
    np.save(tmp_path / "directions.npy", e.directions)
    mapped = Embedding(np.load(tmp_path / "directions.npy", mmap_mode="r"), e.radii, e.curv)
    build_lists(e, tmp_path / "one")
    build_lists(mapped, tmp_path / "two")
    assert (tmp_path / "one" / CODES).read_bytes() == (tmp_path / "two" / CODES).read_bytes()
    assert capfd.readouterr().out == "", "standard output is for answers"

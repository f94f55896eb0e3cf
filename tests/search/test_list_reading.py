"""How lists are read for a query: which, in what order, how many at a time, and what is decided first."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from hypviz.search.answers import Query
from hypviz.search.embedding import Embedding
from hypviz.search.lists import cut, plan, probe
from hypviz.search.lists.build import build_lists
from hypviz.search.lists.probe import Ground, ListScan, ground_of
from hypviz.search.regions import NONE, NOWHERE
from hypviz.search.retrieval import Cones, Ranking
from hypviz.search.rules import Holding, Order
from hypviz.search.scan import Task
from hypviz.search.tables import Table
from tests.search.float64 import value, world

pytest.importorskip("faiss")
NEAREST = Order(Ranking("distance"), "children")
CONE = Holding(Cones((1.6,)), "children")
COUNT, ODD = 1200, (4, 6, 801)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """Lists of 1,200 items of which three are no unit vectors, with a limit between two shells of radii."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "PER_CENTROID", 60)
        patch.setattr(cut, "LEAST", 4)
        patch.setattr(cut, "SAMPLE", 64)
        e = world(COUNT, 6, 3, "spread", geometry="hyperbolic", narrow=0.2)
        directions = e.directions.copy()
        directions[list(ODD)] *= 2
        e = Embedding(directions, e.radii, e.curv)
        made = build_lists(e, tmp_path_factory.mktemp("lists") / "lists")
    return ground_of(e, made, (1.25, 2.0))


@pytest.fixture(autouse=True)
def short_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "FIRST", 32)
    monkeypatch.setattr(probe, "FEW", 4)


def rows_of(ground: Ground) -> list[np.ndarray]:
    """The rows of every list."""
    inverted = ground.lists.index.invlists
    library = probe.engine.faiss()
    return [library.rev_swig_ptr(inverted.get_ids(n), inverted.list_size(n)).copy() for n in range(len(ground.lists))]


def query(ground: Ground, row: int = 10, size: float = 1.0) -> Query:
    e = ground.embedding
    return Query(np.float32(size) * e.directions[row], float(e.radii[row]), row)


def test_the_shells_of_a_list_are_those_of_its_items(ground: Ground) -> None:
    e, radii = ground.embedding, ground.embedding.radii
    of = ground.shell_of(np.arange(COUNT))
    assert (ground.shells.low[of] <= radii).all() and (radii <= ground.shells.high[of]).all()
    assert ground.shells.low[0] == radii.min() and ground.shells.high[-1] == radii.max() and len(ground.shells.of) == 0
    for limit in (1.25, 2.0):
        assert not ((ground.shells.low < limit) & (ground.shells.high >= limit)).any()
    for number, rows in enumerate(rows_of(ground)):
        assert (of[rows].min(), of[rows].max()) == (ground.first[number], ground.last[number])
    outside = len(ground.shells.low)
    for (some, shells, rows), expected in ((ground.sample, ground.lists.sample), (ground.odd, ground.lists.odd)):
        assert rows.tolist() == expected.tolist() and some.radii.tolist() == radii[rows].tolist()
        assert some.directions.tolist() == e.directions[rows].tolist() and shells.drift == ground.shells.drift == ground.lists.drift
        assert shells.of.tolist() == np.where(np.isin(rows, ground.lists.odd), outside, of[rows]).tolist()
        assert shells.low.tolist() == ground.shells.low.tolist() and shells.high.tolist() == ground.shells.high.tolist()
    assert set(ODD) <= set(ground.lists.odd.tolist()) and len(ground.lists.sample) == 64


@pytest.mark.parametrize("size", [1.0, 1 + 9e-4, 1 - 9e-4])
def test_the_angles_of_every_list_hold_those_of_its_items(ground: Ground, size: float) -> None:
    scan = ListScan(ground, query(ground, 700, size), Task(NEAREST, None, 3))
    smallest, largest = scan._angles
    unit = ground.embedding.directions.astype(float)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    angle = np.arccos(np.clip(unit @ unit[700], -1, 1))
    width = 0.0
    for number, rows in enumerate(rows_of(ground)):
        assert smallest[number] <= angle[rows].min() + 1e-9 and angle[rows].max() <= largest[number] + 1e-9
        width = max(width, largest[number] - smallest[number])
    spread = ground.lists.spread
    assert width < 2 * spread.outer.max() + 0.1 and (largest > smallest).all()
    assert scan._cosine == pytest.approx((ground.lists.centroids @ scan.queries[0].direction)[ground.lists.centroid])
    plain = ListScan(ground, query(ground, 700), Task(NEAREST, None, 3))
    turn = np.arccos(plain._cosine)
    nearest = np.maximum(np.maximum(turn - spread.outer, spread.inner - turn), 0)
    assert np.abs(plain._angles[0] - nearest).max() < 0.01 and scan._margin >= ground.lists.error + abs(size - 1)


@pytest.mark.parametrize(("limit", "known"), [(1, True), (16, True), (17, False)])
def test_the_value_to_beat_comes_from_a_sample_of_four_times_as_many(ground: Ground, limit: int, known: bool) -> None:
    asked = query(ground)
    scan = ListScan(ground, asked, Task(NEAREST, None, limit))
    sample = ground.lists.sample[ground.lists.sample != 10]
    exact = value(ground.embedding, asked, Ranking("distance"), "children")
    assert np.isfinite(scan.best[0]) == known
    odd = np.sort(exact[ground.lists.odd])[:limit]
    if known:
        of_odd = odd[limit - 1] if len(odd) == limit else np.inf
        assert scan.best[0] == pytest.approx(min(np.sort(exact[sample])[limit - 1], of_odd), abs=1e-6)
    (shortlist,) = scan.shortlists
    assert set(shortlist.rows) <= set(ground.lists.odd.tolist()) and len(shortlist.rows) == min(limit, len(ground.lists.odd))
    members = ListScan(ground, asked, Task(None, CONE, members=True))
    assert np.isinf(members.best[0]) and members.read_codes == 0


def test_a_sample_is_asked_what_the_list_is_asked(ground: Ground) -> None:
    skip = np.zeros(COUNT, bool)
    skip[ground.lists.sample[::2]] = True
    asked, wide = query(ground), Holding(Cones((2.0,)), "children")
    exact, angle = (value(ground.embedding, asked, Ranking(by), "children") for by in ("distance", "angle"))
    scan = ListScan(ground, asked, Task(NEAREST, wide, 5, skip))
    allowed = np.array([row for row in [*ground.lists.sample, *ground.lists.odd] if not skip[row] and row != 10 and angle[row] <= 2.0])
    sampled = np.array([row for row in allowed if row in ground.lists.sample])
    assert scan.best[0] == pytest.approx(np.sort(exact[sampled])[4], abs=1e-6) and len(sampled) > 5
    assert scan.shortlists[0].total == sum(row in ground.lists.odd for row in allowed), "the sample itself is not counted"


def test_the_lists_that_lie_deepest_are_read_first_for_so_many_codes(ground: Ground) -> None:
    scan = ListScan(ground, query(ground), Task(NEAREST, None, 3))
    sizes, which = ground.lists.sizes, np.arange(5, 105)
    behind = np.random.default_rng(0).permutation(100).astype(float)
    order = which[np.argsort(behind)]
    for amount, room in ((40, 10**6), (300, 10**6), (300, 100), (1, 10**6), (10**6, 60)):
        scan._next_amount = amount
        chosen = scan._first_of(which, behind, room)
        assert chosen.tolist() == order[: len(chosen)].tolist() and len(chosen) >= 1
        most = min(amount, room)
        assert sizes[chosen].sum() <= most or len(chosen) == 1
        assert len(chosen) == 100 or sizes[order[: len(chosen) + 1]].sum() > most
    total = int(sizes[which].sum())
    for amount, room, everything in ((-(-total // 2), total, True), (total // 2 - 1, total, False), (total, total - 1, False)):
        scan._next_amount = amount
        assert (len(scan._first_of(which, behind, room)) == 100) == everything, "all where they are hardly more"


@pytest.mark.parametrize("limit", [1, 7])
def test_twice_as_many_codes_are_read_each_time_until_no_list_can_hold_more(
    ground: Ground, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, original = [], ListScan._first_of

    def noted(self: ListScan, which: Any, behind: Any, room: int) -> Any:
        chosen = original(self, which, behind, room)
        read.append((self._next_amount, int(self._lists.sizes[chosen].sum()), room))
        return chosen

    monkeypatch.setattr(ListScan, "_first_of", noted)
    scan = ListScan(ground, query(ground), Task(NEAREST, None, limit))
    assert scan.read(10**9, better=True) and scan.read_codes == sum(size for _, size, _ in read)
    first = max(32, 8 * limit)
    assert [amount for amount, _, _ in read] == [first * 2**time for time in range(len(read))] and len(read) > 1
    assert [room for _, _, room in read] == [10**9 - sum(size for _, size, _ in read[:time]) for time in range(len(read))]
    assert scan.read(0, better=True), "nothing is left, so no budget is needed"
    short = ListScan(ground, query(ground), Task(NEAREST, None, limit))
    assert not short.read(40, better=True) and 0 < short.read_codes < 40 + int(ground.lists.sizes.max())
    none = ListScan(ground, query(ground), Task(NEAREST, None, limit))
    assert not none.read(0, better=True) and none.read_codes == 0
    one = ListScan(ground, query(ground), Task(NEAREST, None, limit))
    assert not one.read(1, better=True) and one.read_codes > 0, "a list at least, where there is any room"


def test_each_list_is_read_once(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    groups, original = [], ListScan._codes_of
    monkeypatch.setattr(ListScan, "_codes_of", lambda self, which, *ends: (groups.append(which), original(self, which, *ends))[1])
    scan = ListScan(ground, query(ground), Task(NEAREST, CONE, 3))
    assert scan.read(10**9, better=True) and scan.read(10**9, better=False)
    read = np.concatenate(groups)
    assert len(np.unique(read)) == len(read) < len(ground.lists) and scan.read_codes == ground.lists.sizes[read].sum()


def test_lists_of_alike_thresholds_are_read_together_and_not_too_many_at_once(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    task = Task(Order(Ranking(), "children"), Holding(Cones((0.9, 0.5, 0.3), (1.25, 2.0), True), "children"), 3)
    scan = ListScan(ground, query(ground), task)
    which = np.arange(3, len(ground.lists))
    near, far = scan._over_lists(scan._inside)  # type: ignore[arg-type]
    assert len(np.unique(near[which])) > 10
    whole = list(scan._groups(which))
    for groups, most in ((whole, 10**9), (None, 64)):
        if groups is None:
            monkeypatch.setattr(probe, "CHUNK", most)
            groups = list(scan._groups(which))
        assert sorted(np.concatenate([group for group, _, _ in groups])) == which.tolist()
        for group, least, highest in groups:
            assert (least, highest) == (near[group].min(), far[group].max())
            assert ground.lists.sizes[group].sum() < most + 2 * ground.lists.sizes.max()
        assert all(one[1] <= other[1] for one, other in itertools.pairwise(groups))
    assert 2 <= len(whole) <= probe.GROUPS + 1 < len(groups)


@pytest.mark.parametrize(("near", "far"), [(0.5, NOWHERE), (NONE, -0.2), (0.6, -0.4), (-2.0, NOWHERE), (0.1, 0.3)])
def test_codes_are_given_where_their_cosines_meet_either_threshold(ground: Ground, near: float, far: float) -> None:
    scan = ListScan(ground, query(ground), Task(NEAREST, None, 3))
    which = np.arange(0, len(ground.lists), 2)
    rows, cosine = scan._codes_of(which, -2.0, NOWHERE)
    assert len(rows) == ground.lists.sizes[which].sum() and cosine.min() < -0.4 and cosine.max() > 0.6
    found, again = scan._codes_of(which, near, far)
    wanted = (cosine >= near) | (cosine <= far) if near > far else np.ones(len(rows), bool)
    assert sorted(found) == sorted(rows[wanted]) and wanted.any()
    known = dict(zip(rows.tolist(), cosine.tolist(), strict=True))
    assert again == pytest.approx([known[row] for row in found.tolist()], abs=1e-6)
    at = float(np.sort(cosine)[len(cosine) // 2])
    assert len(scan._codes_of(which, at, NOWHERE)[0]) == (cosine >= np.float32(at)).sum(), "a threshold itself is met"


def test_of_many_hopeful_items_the_best_by_their_codes_are_decided_first(ground: Ground) -> None:
    asked, skip = query(ground), np.zeros(COUNT, bool)
    skip[::5] = True
    for limit, holding in ((3, None), (3, Holding(Cones((2.2,)), "children"))):
        scan = ListScan(ground, asked, Task(Order(Ranking(), "children"), holding, limit, skip))
        rows, cosine = scan._codes_of(np.arange(len(ground.lists)), -2.0, NOWHERE)
        everything = Table(np.full((1, len(ground.shells.low) + 1), -2.0), np.full((1, len(ground.shells.low) + 1), NOWHERE))
        of = ground.shell_of(rows)
        first = scan._promising(rows, cosine, of, everything)
        assert first is not None and len(np.unique(first)) == limit
        angle = value(ground.embedding, asked, Ranking(), "children")
        allowed = [row for row in rows if not skip[row] and row != 10 and (holding is None or angle[row] < 2.1)]
        assert set(rows[first]) <= set(allowed)
        assert angle[rows[first]].max() <= np.sort(angle[allowed])[limit] + 0.3, "by their codes, so not quite"
        few = np.flatnonzero(~skip[rows] & (rows != 10) & (angle[rows] < 1.9))
        for count, decided in ((2 * limit + 4, False), (2 * limit + 5, True)):
            some = few[:count]
            assert (scan._promising(rows[some], cosine[some], of[some], everything) is not None) == decided
        assert scan._promising(rows, cosine, of, None) is None
    unordered = ListScan(ground, asked, Task(None, CONE, members=True))
    assert unordered._promising(rows, cosine, of, everything) is None


def test_a_query_is_no_answer_to_itself_wherever_its_row_comes(ground: Ground) -> None:
    scan = ListScan(ground, query(ground, 10), Task(NEAREST, None, 3))
    place = np.array([30, 10, 7, 10])
    one, other = np.ones((4, 1), bool), np.ones((4, 1), bool)
    scan._leave_out(place, one, None, other)
    assert one[:, 0].tolist() == other[:, 0].tolist() == [True, False, True, False]


@pytest.mark.parametrize("budget", [1, 60, 200, 10**6])
def test_an_answer_says_what_it_is_worth_and_what_it_read(ground: Ground, budget: int) -> None:
    asked, most = query(ground), int(ground.lists.sizes.max())
    exact, angle = (value(ground.embedding, asked, Ranking(by), "children") for by in ("distance", "angle"))
    others = np.arange(COUNT) != 10
    best = probe.probe(ground, asked, Task(NEAREST, None, 5), budget)
    assert best is not None and 0 < best.read < budget + most and best.counted and best.members == []
    rows = best.sorted()[0]
    if best.proof == "certified":
        assert exact[rows] == pytest.approx(np.sort(exact[others])[:5], abs=1e-6)
    assert best.proof == ("certified" if budget > 900 else "approximate") or budget in (60, 200)
    inside = (angle <= 1.6) & others
    listed = probe.probe(ground, asked, Task(NEAREST, CONE, 5), budget)
    assert listed is not None and listed.total <= inside.sum() and (listed.total == inside.sum()) >= listed.counted >= (budget > 900)
    assert listed.read < 2 * (budget + most)
    members = probe.probe(ground, asked, Task(None, CONE, members=True), budget)
    assert members is not None and members.counted and members.proof == "exact"
    assert np.sort(np.concatenate(members.members)).tolist() == np.flatnonzero(inside).tolist()
    assert not math.isinf(best.worst)

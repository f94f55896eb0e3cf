"""How a scan goes through the items: in which blocks, from which sample, by how many threads, and what it reads at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest

from hypviz.search import scan
from hypviz.search.answers import Query
from hypviz.search.embedding import Embedding
from hypviz.search.products import product
from hypviz.search.regions import SLACK
from hypviz.search.retrieval import Cones, Ranking
from hypviz.search.rules import Holding, Order
from hypviz.search.scan import Scan, Task
from hypviz.search.shells import shells_of
from tests.search.worlds import cloud

NEAREST = Order(Ranking("distance"), "children")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def blocks(count: int, queries: int = 1, cells: int = 1 << 17, task: Task | None = None) -> list[tuple[int, int]]:
    """[start, stop) of the blocks in which a scan looks at `count` items."""
    e, seen = cloud(count, 2), []
    asked = [Query(e.directions[row], float(e.radii[row]), row) for row in range(queries)]
    directions = e.directions[:queries]

    def cosines(start: int, stop: int) -> Any:
        seen.append((start, stop))
        return product(e.directions[start:stop], directions)

    found = scan.scan(e, shells_of(e), asked, task or Task(NEAREST, None, 3), cells=cells, cosines=cosines)
    assert [len(one.rows) for one in found] == [0 if task else min(3, count - 1)] * queries
    return seen


def test_blocks_grow_from_a_small_first_one_to_what_the_memory_allows() -> None:
    assert blocks(10) == [(0, 10)] and blocks(512) == [(0, 512)] and blocks(513) == [(0, 512), (512, 513)]
    assert blocks(20_000) == [(0, 512), (512, 2048), (2048, 8192), (8192, 20_000)]
    assert blocks(10_000, cells=4096) == [(0, 512), (512, 2048), (2048, 6144), (6144, 10_000)]
    assert blocks(5000, queries=2, cells=4096) == [(0, 512), (512, 2048), (2048, 4096), (4096, 5000)]
    assert blocks(150, cells=1) == [(0, 64), (64, 128), (128, 150)], "and never to fewer than 64 items"


def test_after_a_sample_there_is_something_to_beat_and_the_first_block_is_larger() -> None:
    found = blocks(100_000, cells=1 << 30)
    assert found == [(0, 4096), (4096, 16_384), (16_384, 65_536), (65_536, 100_000)]
    assert blocks(90_000, cells=1 << 30, task=Task(None, Holding(Cones(), "children"), members=True))[0] == (0, 512)


def test_no_block_is_wider_than_the_widest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "WIDEST", 1000)
    assert max(stop - start for start, stop in blocks(5000)) == 1000


def sampled(monkeypatch: pytest.MonkeyPatch, count: int, limit: int) -> list[tuple[np.ndarray | None, int]]:
    """(rows, width) of every scan that begins for one search among `count` items."""
    e, begun = cloud(count, 3), []
    original = Scan.work
    monkeypatch.setattr(Scan, "work", lambda self, *rest: (begun.append((self.rows, self._width)), original(self, *rest))[1])
    scan.scan(e, shells_of(e), [Query(e.directions[0], 1.0)], Task(NEAREST, None, limit))
    return begun


@pytest.mark.parametrize(("count", "limit", "is_sampled"), [(1024, 1, False), (1025, 1, True), (2000, 16, True), (2000, 17, False)])
def test_a_sample_spread_over_all_items_is_looked_at_first_where_there_are_many_more(
    count: int, limit: int, is_sampled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "SAMPLE", 64)
    *first, (all_rows, _) = sampled(monkeypatch, count, limit)
    assert all_rows is None and len(first) == is_sampled
    for rows, _ in first:
        assert rows is not None and len(rows) == 64 and rows[0] == 0 and set(np.diff(rows)) == {count // 64}


def test_a_sample_is_for_lists_and_not_for_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "SAMPLE", 64)
    e, begun = cloud(3000, 3), []
    original = Scan.work
    monkeypatch.setattr(Scan, "work", lambda self, *rest: (begun.append(self.rows), original(self, *rest))[1])
    scan.scan(e, shells_of(e), [Query(e.directions[0], 1.0)], Task(None, Holding(Cones(), "children"), members=True))
    assert begun == [None]


class _Pool:
    """A pool of threads that notes how many it was made for and what it was given, and runs it at once."""

    made: ClassVar[list[tuple[int, int]]] = []

    def __init__(self, threads: int) -> None:
        self.threads, self.given = threads, 0

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *error: object) -> None:
        self.made.append((self.threads, self.given))

    def submit(self, work: Callable[[], None]) -> Any:
        self.given += 1
        work()
        return self

    def result(self) -> None: ...


@pytest.mark.parametrize(
    ("count", "queries", "threads", "others"),
    [
        (3999, 1, 9, 2),
        (4000, 1, 9, 3),
        (1999, 1, 9, 0),
        (2000, 1, 9, 1),
        (2000, 3, 9, 5),
        (50_000, 1, 3, 2),
        (50_000, 1, 1, 0),
        (10, 1, 9, 0),
    ],
)
def test_a_thread_is_added_for_so_many_cosines_and_none_beyond_what_is_stated(
    count: int, queries: int, threads: int, others: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", str(threads))
    monkeypatch.setattr(scan, "ALONE", 1000)
    monkeypatch.setattr(scan, "ThreadPoolExecutor", _Pool)
    monkeypatch.setattr(_Pool, "made", [])
    e = cloud(count, 2)
    scan.scan(e, shells_of(e), [Query(e.directions[row], 1.0) for row in range(queries)], Task(NEAREST, None, 3))
    assert _Pool.made == ([(others, others)] if others else [])


def test_one_thread_alone_finds_something_to_beat_before_others_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setattr(scan, "ALONE", 1000)
    e, seen, original = cloud(12_000, 2), [], Scan.work

    def work(self: Scan, until: int | None = None) -> None:
        seen.append((self._next, until))
        original(self, until)

    monkeypatch.setattr(Scan, "work", work)
    scan.scan(e, shells_of(e), [Query(e.directions[0], 1.0)], Task(NEAREST, None, 3))
    assert seen[0] == (0, 8192) and seen[1][0] >= 8192 and [until for _, until in seen[1:]] == [None, None]


def test_there_are_as_many_threads_as_stated_or_as_this_process_has_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    for stated in ("1", "2", "17"):
        monkeypatch.setenv("OMP_NUM_THREADS", stated)
        assert scan.workers() == int(stated)
    for stated in ("", "0", "-2", "2.5", "4,2", "many", None):
        monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 2, 3, 7, 8} if process == 0 else set(), raising=False)
        monkeypatch.setattr(os, "cpu_count", lambda: 32)
        monkeypatch.setenv("OMP_NUM_THREADS", stated) if stated is not None else monkeypatch.delenv("OMP_NUM_THREADS")
        assert scan.workers() == 5
        monkeypatch.delattr(os, "sched_getaffinity")
        assert scan.workers() == 32
        monkeypatch.setattr(os, "cpu_count", lambda: None)
        assert scan.workers() == 1


def looked(e: Embedding, query: Query, task: Task, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows the products of one search read, product by product."""
    sizes: list[int] = []
    monkeypatch.setattr(scan, "product", lambda items, directions: (sizes.append(len(items)), product(items, directions))[1])
    scan.scan(e, shells_of(e), [query], task)
    return sizes


def test_items_at_radii_where_nothing_can_be_listed_are_not_read_and_the_others_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    e = cloud(30_000, 3)
    near = Query(e.directions[5], float(e.radii[5]), 5)
    sizes = looked(e, near, Task(NEAREST, None, 1), monkeypatch)
    assert sum(sizes) < 0.25 * len(e) and sizes[:2] == [512, 1536], "the first blocks hold too few to gather from"
    assert max(sizes[2:]) == scan.GATHERED
    cone = Task(None, Holding(Cones((0.3,), outward=True), "children"), members=True)
    outermost = Query(e.directions[5], float(np.quantile(e.radii, 0.9)))
    sizes = looked(e, outermost, cone, monkeypatch)
    assert 0.1 * len(e) < sum(sizes) < 0.15 * len(e) and max(sizes) <= scan.GATHERED
    assert sum(looked(e, Query(e.directions[5], 0.1), cone, monkeypatch)) == len(e), "where nearly all are wanted they are read as they lie"


def test_a_value_to_beat_is_looked_up_anew_when_four_times_as_many_items_were_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    e, starts, original = cloud(30_000, 2), [], Scan._better

    def better(self: Scan) -> Any:
        starts.append(0 if self._next == min(512, len(e)) else self._next)
        return original(self)

    monkeypatch.setattr(Scan, "_better", better)
    scan.scan(e, shells_of(e), [Query(e.directions[0], 1.0)], Task(NEAREST, None, 3), cells=2048)
    assert starts == [0, 2048, 4096, 10_240], "at 0, 512, 2048 and 8192: the ends of the blocks that begin there"


def test_pairs_wait_until_there_are_many_and_are_decided_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    e, waited, parts = cloud(6000, 4), [], []
    decide, judge = Scan._decide, Scan._judge
    monkeypatch.setattr(scan, "PENDING", 700)
    monkeypatch.setattr(
        Scan, "_decide", lambda self, waiting: (waited.append(sum(len(place) for place, _ in waiting)), decide(self, waiting))[1]
    )
    monkeypatch.setattr(Scan, "_judge", lambda self, place, number: (parts.append(len(place)), judge(self, place, number))[1])
    everything = Task(Order(Ranking(), "children"), Holding(Cones((3.1,)), "children"), 6000)
    (found,) = scan.scan(e, shells_of(e), [Query(e.directions[0], 0.3)], everything, cells=256)
    assert found.total == len(found.rows) > 5000
    assert max(waited) <= 700 + 256 and sum(parts) == sum(waited) >= len(found.rows)


def test_many_pairs_are_decided_so_many_numbers_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    e, parts, judge = cloud(3000, 512), [], Scan._judge
    monkeypatch.setattr(Scan, "_judge", lambda self, place, number: (parts.append(len(place)), judge(self, place, number))[1])
    queries = [Query(e.directions[row], float(e.radii[row]), row) for row in range(3)]
    found = scan.scan(e, shells_of(e), queries, Task(NEAREST, None, 2999))
    assert max(parts) == (1 << 19) // 512 and all(
        sorted(one.rows.tolist()) == [r for r in range(3000) if r != q] for q, one in enumerate(found)
    )


def test_a_scan_knows_how_far_off_its_cosines_can_be_and_which_queries_are_no_unit_vectors() -> None:
    e = cloud(50, 6)
    drifts = (1.0, 1 + 5e-4, 1 - 8e-4, 1.01)
    queries = [Query(np.float32(size) * e.directions[0], 1.0) for size in drifts]
    shells = shells_of(e)
    whole = Scan(e, shells, queries, Task(NEAREST, None), np.full(4, np.inf), width=64)
    assert whole._odd.tolist() == [False, False, False, True]
    assert whole._margin == pytest.approx(shells.rounding(6, 8e-4) + SLACK, rel=3e-4), "of the others, the one that is farthest off"
    assert Scan(e, shells, queries[3:], Task(NEAREST, None), np.full(1, np.inf), width=64)._margin == shells.rounding(6, 0.0) + SLACK
    assert Scan(e, shells, queries, Task(NEAREST, None), np.full(4, np.inf), width=64, margin=0.25)._margin == 0.25

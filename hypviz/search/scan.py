"""One pass over the items for several queries: exact lists, and the members of cones, from thresholds of the cosine.

A float32 product of directions gives a cosine for every query and item, in blocks that stay in a core's cache. A table with one
threshold for each query and shell of radii (`search.rules`) says which of them can be in a list at all: those that can beat the
`limit`-th best value so far. They are few, a few hundred of a million, and are decided in float64. That nothing is left out is proven,
in `search.regions` for the thresholds and in `search.shells` for the rounding of the cosines.

The value to beat comes from a sample of the items first, and falls block by block; stretches of the items are scanned side by
side, each by products small enough for the BLAS to stay in its own thread.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz.search.answers import Query
from hypviz.search.best import Found
from hypviz.search.embedding import Embedding
from hypviz.search.products import Product, product
from hypviz.search.regions import SLACK, Doubles, Region
from hypviz.search.rules import Holding, Order, Pairs, Rows
from hypviz.search.scoring import COINCIDENT
from hypviz.search.shells import ODD, Shells
from hypviz.search.tables import Mask, Table, table_of

FIRST = 512
"""Items of the first block: all of them are decided in float64."""
SAMPLE = 1 << 12
"""Items that give the first value to beat, where there are many more."""
MAX_QUERIES = 64
"""Queries of one pass: more would make the products too small."""
PENDING = 1 << 14
"""Pairs that wait at most to be decided."""
_EMPTY = np.empty(0, np.int64)
ALONE = 1 << 16
"""Cosines below which a second thread costs more than it saves."""


@dataclass(frozen=True, eq=False)
class Task:
    """What a scan is asked.  order: None where only members are wanted.  holding: None where every item may be listed.  limit: of the
    list.  skip: (N,) items that are not listed, or None; they may be members all the same.  members: whether their rows are kept."""

    order: Order | None
    holding: Holding | None
    limit: int = 1
    skip: Mask | None = None
    members: bool = False


def scan(
    embedding: Embedding,
    shells: Shells,
    queries: Sequence[Query],
    task: Task,
    *,
    cells: int = 1 << 17,
    cosines: Product | None = None,
) -> list[Found]:
    """Answer `task` for at most `MAX_QUERIES` queries.  cells: cosines held at once by a thread.  cosines: those of items
    [start, stop) with the queries, (n, b) float32, where they are known already."""
    count, width = len(embedding), max(cells // len(queries), 64)
    best = np.full(len(queries), np.inf)
    if task.order is not None and count > 4 * SAMPLE:
        # The limit-th best of some items is beaten by every item of the list over all.
        some = np.arange(0, count, count // SAMPLE)[:SAMPLE]
        sample = _Stretch(embedding.take(some), _part(shells, some), queries, task, best, rows=some, members=False)
        sample.run(0, len(some), width)
        best = np.minimum(best, [one.worst for one in sample.found])
    threads = min(workers(), max(1, count * len(queries) // ALONE))
    ends = [count * i // threads // 64 * 64 for i in range(threads)] + [count]
    stretches = [_Stretch(embedding, shells, queries, task, best, cosines=cosines, members=task.members) for _ in range(threads)]
    if threads == 1:
        stretches[0].run(0, count, width)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda one, start, stop: one.run(start, stop, width), stretches, ends[:-1], ends[1:]))
    return [_merged([one.found[i] for one in stretches]) for i in range(len(queries))]


def workers() -> int:
    """Threads of a scan: OMP_NUM_THREADS, as for the products, otherwise the cores that this process may use."""
    stated = os.environ.get("OMP_NUM_THREADS", "")
    if stated.isdecimal() and int(stated) > 0:
        return int(stated)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _merged(parts: list[Found]) -> Found:
    whole = Found(parts[0].limit, total=sum(one.total for one in parts))
    for one in parts:
        whole.add(one.rows, one.values)
        whole.members += one.members
    return whole


def _part(shells: Shells, rows: Rows) -> Shells:
    return Shells(shells.low, shells.high, shells.of[rows], shells.drift)


class _Stretch:
    """The scan of one thread. best: (b,) the value to beat of each query, shared by all threads: a stale one is only larger."""

    _lock = threading.Lock()

    def __init__(
        self,
        embedding: Embedding,
        shells: Shells,
        queries: Sequence[Query],
        task: Task,
        best: Doubles,
        *,
        rows: Rows | None = None,
        cosines: Product | None = None,
        members: bool = False,
    ) -> None:
        """rows: what the items are called, where they are a sample."""
        self.embedding, self.shells, self.queries, self.task, self.best, self.rows = embedding, shells, queries, task, best, rows
        self.found = [Found(task.limit) for _ in queries]
        self._directions = np.stack([np.asarray(query.direction, np.float32) for query in queries])
        self._own = np.array([query.radius for query in queries], np.float32)
        self._radii = np.asarray(embedding.radii, np.float32)
        self._cosines = cosines or (lambda start, stop: product(embedding.directions[start:stop], self._directions))
        self._keep = members
        self._waiting: list[tuple[Rows, NDArray[np.intp]]] = []
        self._pending = 0
        own = np.abs(np.linalg.norm(self._directions.astype(np.float64), axis=1) - 1)
        self._odd = own > ODD
        rounding = shells.rounding(self._directions.shape[1], float(own.max(where=~self._odd, initial=0.0)))
        self._margin = rounding + SLACK
        self._inside = self._surely = None
        if task.holding is not None:
            q = self._own.astype(np.float64)
            self._inside = self._table(task.holding.region(q, shells, embedding), self._margin)
            self._surely = self._table(task.holding.region(q, shells, embedding, surely=True), -self._margin)

    def run(self, start: int, stop: int, width: int) -> None:
        """Look at the items [start, stop), at most `width` at a time."""
        at, size, asked, better = start, min(FIRST, width), 0, None
        while at < stop:
            end = min(at + size, stop)
            if at - start >= 2 * asked:
                self._decide()
                asked, better = at - start, self._better()
            self._look(at, end, better)
            at, size = end, min(2 * size, width)
        self._decide()

    def _better(self) -> Table | None:
        """What can beat the values so far."""
        if self.task.order is None:
            return None
        own, best = self._own.astype(np.float64), self.best.copy()
        return self._table(self.task.order.region(best, own, self.shells, self.embedding), self._margin, best)

    def _table(self, region: Region, margin: float, limit: Doubles | None = None) -> Table:
        return table_of(region, margin, odd=self._odd, limit=limit)

    def _look(self, start: int, stop: int, better: Table | None) -> None:
        cosine, of = self._cosines(start, stop), self.shells.of[start:stop]
        surely: Mask | None = None
        if self._inside is None or self._surely is None:
            asked = better.holds(cosine, of) if better is not None else np.zeros(cosine.shape, np.bool_)
        else:
            asked, surely = self._inside.holds(cosine, of), self._surely.holds(cosine, of)
            surely &= cosine < np.float32(1 - COINCIDENT - self._margin)
            asked &= ~surely if better is None else better.holds(cosine, of) | ~surely
        self._leave_out(start, stop, asked, surely)
        if surely is not None:
            self._count(start, stop, surely & ~asked)
        place, number = np.divmod(np.flatnonzero(asked), len(self.queries))
        self._waiting.append((place + start, number))
        self._pending += len(place)
        if self._pending > PENDING:
            self._decide()

    def _leave_out(self, start: int, stop: int, *masks: Mask | None) -> None:
        """A query is no answer to itself."""
        for number, query in enumerate(self.queries):
            if query.row is None:
                continue
            at = query.row - start if self.rows is None else int(np.searchsorted(self.rows[start:stop], query.row))
            same = 0 <= at < stop - start and (self.rows is None or self.rows[start + at] == query.row)
            for mask in masks:
                if same and mask is not None:
                    mask[at, number] = False

    def _decide(self) -> None:
        """Membership and value of the pairs that wait, exactly: few at a time would cost more in calls than in numbers."""
        place, number = (np.concatenate(part) for part in zip(*self._waiting, strict=True)) if self._waiting else (_EMPTY, _EMPTY)
        self._waiting, self._pending = [], 0
        step = max(64, (1 << 19) // self._directions.shape[1])
        for low in range(0, len(place), step):
            part = slice(low, low + step)
            order = np.argsort(number[part], kind="stable")
            self._judge(place[part][order], number[part][order])

    def _judge(self, place: Rows, number: NDArray[np.intp]) -> None:
        values, held = self._exactly(place, number)
        names = self._names(place)
        groups = np.searchsorted(number, np.arange(len(self.queries) + 1))
        listed = held if self.task.skip is None else held & ~self.task.skip[names]
        offered = listed & ~np.isnan(values)
        for found, low, high in zip(self.found, groups[:-1], groups[1:], strict=True):
            own = slice(low, high)
            found.total += int(np.count_nonzero(listed[own]))
            if self._keep:
                found.members.append(names[own][held[own]])
            if self.task.order is not None and low < high:
                found.add(names[own][offered[own]], values[own][offered[own]])
        with self._lock:
            np.minimum(self.best, [found.worst for found in self.found], out=self.best)

    def _exactly(self, places: Rows, number: NDArray[np.intp]) -> tuple[Doubles, Mask]:
        y = np.asarray(self.embedding.directions[places], np.float32)
        pairs = Pairs(self._directions[number], y, self._own[number], self._radii[places], self.embedding)
        cosine = pairs.cosine()
        values = np.zeros(len(places)) if self.task.order is None else self.task.order.exactly(pairs, cosine)
        holding = self.task.holding
        held = np.ones(len(places), np.bool_) if holding is None else holding.exactly(pairs, cosine, self._names(places))
        return values, held

    def _names(self, places: Rows) -> Rows:
        return places if self.rows is None else self.rows[places]

    def _count(self, start: int, stop: int, inside: Mask) -> None:
        """Note the members of a block that need no decision, and how many of them may be listed."""
        listed = inside
        if self.task.skip is not None:
            skip = self.task.skip[start:stop] if self.rows is None else self.task.skip[self.rows[start:stop]]
            listed = inside & ~skip[:, None]
        for one, (found, count) in enumerate(zip(self.found, np.count_nonzero(listed, axis=0).tolist(), strict=True)):
            found.total += count
            if self._keep:
                found.members.append(np.flatnonzero(inside[:, one]) + start)

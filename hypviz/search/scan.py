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
from typing import cast

import numpy as np
from numpy.typing import NDArray

from hypviz.search.answers import Query
from hypviz.search.best import Shortlist
from hypviz.search.embedding import Embedding
from hypviz.search.products import Product, product
from hypviz.search.regions import SLACK, Doubles, Region
from hypviz.search.rules import Holding, Order, Pairs, Rows
from hypviz.search.scoring import COINCIDENT, Floats
from hypviz.search.shells import ODD, Shells
from hypviz.search.tables import Mask, Table, table_of, together

FIRST = 512
"""Items of the first block: all of them are decided in float64."""
GROWTH = 4
"""How many times the items seen grow from one value to beat to the next: each is a round of small arrays for some pairs less."""
SAMPLE = 1 << 11
"""Items that give the first value to beat, where there are many more."""
MAX_QUERIES = 64
"""Queries of one pass: more would make the products too small."""
PENDING = 1 << 14
"""Pairs that wait at most to be decided."""
WORTH = 0.7
"""Share of a block's items below which only those are read."""
GATHERED = 512
"""Items read at once, so that they stay in a core's cache."""
WIDEST = 1 << 16
"""Items of a block at most: the threads take blocks in turn, so that none waits long for another."""
ALONE = 1 << 16
"""Cosines below which a second thread costs more than it saves."""


@dataclass(frozen=True, eq=False)
class Task:
    """What a scan is asked.  order: None where only members are wanted.  holding: None where every item may be listed.  limit: of the
    list.  skip: (N,) items that are not listed, or None; they may be members all the same.  members: whether their rows are kept.
    A scan needs an order, what is held, or both."""

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
) -> list[Shortlist]:
    """Answer `task` for at most `MAX_QUERIES` queries.  cells: cosines held at once by a thread.  cosines: those of items
    [start, stop) with the queries, (n, b) float32, where they are known already."""
    count, width = len(embedding), max(min(cells // len(queries), WIDEST), 64)
    best = np.full(len(queries), np.inf)
    if task.order is not None and count > 16 * SAMPLE and 4 * task.limit <= SAMPLE:
        # The limit-th best of some items is beaten by every item of the list over all.
        some = np.arange(0, count, count // SAMPLE)[:SAMPLE]
        sample = Scan(embedding.take(some), _part(shells, some), queries, task, best, width=width, rows=some)
        sample.work()
    whole = Scan(embedding, shells, queries, task, best, width=width, cosines=cosines)
    others = min(workers(), max(1, count * len(queries) // ALONE)) - 1
    if not others:
        whole.work()
        return whole.shortlists
    whole.work(until=GROWTH**2 * FIRST)  # one first, so that nobody begins without a value to beat
    with ThreadPoolExecutor(others) as pool:
        running = [pool.submit(whole.work) for _ in range(others)]
        whole.work()
        for one in running:
            one.result()
    return whole.shortlists


def workers() -> int:
    """Threads of a scan: OMP_NUM_THREADS, as for the products, otherwise the cores that this process may use."""
    stated = os.environ.get("OMP_NUM_THREADS", "")
    if stated.isdecimal() and int(stated) > 0:
        return int(stated)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _part(shells: Shells, rows: Rows) -> Shells:
    return Shells(shells.low, shells.high, shells.of[rows], shells.drift)


class Scan:
    """What the threads of a scan share.  shortlists: one a query.  best: (b,) the value to beat of each; a stale one is only larger."""

    def __init__(
        self,
        embedding: Embedding,
        shells: Shells,
        queries: Sequence[Query],
        task: Task,
        best: Doubles,
        *,
        width: int,
        rows: Rows | None = None,
        cosines: Product | None = None,
        margin: float | None = None,
    ) -> None:
        """width: items looked at at once.  rows: what the items are called, where they are a sample.  margin: what a cosine can be off
        by; None for that of the float32 product."""
        self.embedding, self.shells, self.queries, self.task, self.best, self.rows = embedding, shells, queries, task, best, rows
        self.shortlists = [Shortlist(task.limit) for _ in queries]
        self._lock, self._next, self._width, self._cosines = threading.Lock(), 0, width, cosines
        self._directions = np.stack([np.asarray(query.direction, np.float32) for query in queries])
        self._query_radii = np.array([query.radius for query in queries], np.float32)
        self._radii = np.asarray(embedding.radii, np.float32)
        # With something to beat from the start few pass, and a larger first block costs nothing.
        self._first = FIRST if np.isinf(best).any() else 8 * FIRST
        drift = np.abs(np.linalg.norm(self._directions.astype(np.float64), axis=1) - 1)
        self._odd = drift > ODD
        rounding = shells.rounding(self._directions.shape[1], float(drift.max(where=~self._odd, initial=0.0)))
        self._margin = rounding + SLACK if margin is None else margin
        self._inside = self._surely = None
        query_radii = self._query_radii.astype(np.float64)
        self._together = together(query_radii, shells)
        if task.holding is not None:
            self._inside = self._table(task.holding.region(query_radii, shells, embedding), self._margin)
            self._surely = self._table(task.holding.region(query_radii, shells, embedding, surely=True), -self._margin)

    def work(self, until: int | None = None) -> None:
        """Look at blocks of items until there are none left, or those before `until`: what every thread does."""
        waiting: list[tuple[Rows, NDArray[np.intp]]] = []
        table_start, better = -1, None
        while (block := self._next_block(until)) is not None:
            if block[0] >= GROWTH * table_start:
                self._decide(waiting)
                table_start, better = block[0], self._better()
            waiting.append(self._look(*block, better))
            if sum(len(place) for place, _ in waiting) > PENDING:
                self._decide(waiting)
        self._decide(waiting)

    def _next_block(self, until: int | None) -> tuple[int, int] | None:
        """The next block, [start, stop): small first ones, from which the value to beat comes."""
        with self._lock:
            start = self._next
            if start >= (len(self.embedding) if until is None else until):
                return None
            size = min(max(self._first, (GROWTH - 1) * start), self._width)
            self._next = min(start + size, len(self.embedding))
            return (start, self._next) if start < self._next else None

    def _better(self) -> Table | None:
        """What can beat the values so far."""
        if self.task.order is None:
            return None
        query_radii, best = self._query_radii.astype(np.float64), self.best.copy()
        return self._table(self.task.order.region(best, query_radii, self.shells, self.embedding), self._margin)

    def _table(self, region: Region, margin: float) -> Table:
        return table_of(region, margin, odd=self._odd, together=self._together)

    def _look(self, start: int, stop: int, better: Table | None) -> tuple[Rows, NDArray[np.intp]]:
        """(p,) places and queries of the pairs of a block that have to be decided; members without a doubt are counted."""
        place, cosine = self._block_cosines(start, stop, better)
        return self._sift(place, cosine, self.shells.of[place], better)

    def _sift(self, place: Rows, cosine: Floats, of: NDArray[np.intp], better: Table | None) -> tuple[Rows, NDArray[np.intp]]:
        """As `_look`, from the cosines of items in ascending order and their shells."""
        surely: Mask | None = None
        undecided = cast(Table, self._inside or better).holds(cosine, of)
        if self._surely is not None:
            surely = self._surely.holds(cosine, of)
            surely &= cosine < np.float32(1 - COINCIDENT - self._margin)
            undecided &= ~surely if better is None else better.holds(cosine, of) | ~surely
        self._leave_out(place, undecided, surely)
        if surely is not None:
            self._count(place, surely & ~undecided)
        at, number = np.divmod(np.flatnonzero(undecided), len(self.queries))
        return place[at], number

    def _block_cosines(self, start: int, stop: int, better: Table | None) -> tuple[Rows, Floats]:
        """(n,) places of the items [start, stop) in whose shells anything can pass, and their (n, b) cosines: memory that is not
        read is the time that is saved."""
        place = np.arange(start, stop)
        if self._cosines is not None:
            return place, self._cosines(start, stop)
        items = np.asarray(self.embedding.directions[start:stop], np.float32)
        table = cast(Table, self._inside or better)  # whether an item is held has to be known of all, for they are counted
        reached = table.reached.take(self.shells.of[start:stop])
        if np.count_nonzero(reached) > WORTH * len(place):
            return place, product(items, self._directions)
        passing = np.flatnonzero(reached)
        cosine = np.empty((len(passing), len(self.queries)), np.float32)
        for low in range(0, len(passing), GATHERED):
            some = passing[low : low + GATHERED]
            cosine[low : low + len(some)] = product(items.take(some, axis=0), self._directions)
        return place[passing], cosine

    def _leave_out(self, place: Rows, *masks: Mask | None) -> None:
        """A query is no answer to itself."""
        for number, query in enumerate(self.queries):
            if query.row is None:
                continue
            query_place = query.row if self.rows is None else int(np.searchsorted(self.rows, query.row))
            at = int(np.searchsorted(place, query_place))
            if at < len(place) and place[at] == query_place and self._names(place[at : at + 1])[0] == query.row:
                for mask in masks:
                    if mask is not None:
                        mask[at, number] = False

    def _decide(self, waiting: list[tuple[Rows, NDArray[np.intp]]]) -> None:
        """Membership and value of the pairs that wait, exactly: few at a time would cost more in calls than in numbers."""
        if not waiting:
            return
        place, number = (np.concatenate(part) for part in zip(*waiting, strict=True))
        waiting.clear()
        step = max(64, (1 << 19) // self._directions.shape[1])
        for low in range(0, len(place), step):
            part = slice(low, low + step)
            order = np.argsort(number[part])
            self._judge(place[part][order], number[part][order])

    def _judge(self, place: Rows, number: NDArray[np.intp]) -> None:
        values, held = self._exactly(place, number)
        names = self._names(place)
        groups = np.searchsorted(number, np.arange(len(self.queries) + 1))
        listed = held if self.task.skip is None else held & ~self.task.skip[names]
        offered = listed & ~np.isnan(values)
        with self._lock:
            for shortlist, low, high in zip(self.shortlists, groups[:-1].tolist(), groups[1:].tolist(), strict=True):
                group = slice(low, high)
                shortlist.total += int(np.count_nonzero(listed[group]))
                if self.task.members:
                    shortlist.members.append(names[group][held[group]])
                if self.task.order is not None and low < high:
                    shortlist.add(names[group][offered[group]], values[group][offered[group]])
            np.minimum(self.best, [shortlist.worst for shortlist in self.shortlists], out=self.best)

    def _exactly(self, places: Rows, number: NDArray[np.intp]) -> tuple[Doubles, Mask]:
        y = np.asarray(self.embedding.directions[places], np.float32)
        pairs = Pairs(self._directions[number], y, self._query_radii[number], self._radii[places], self.embedding)
        cosine = pairs.cosine()
        values = np.zeros(len(places)) if self.task.order is None else self.task.order.exactly(pairs, cosine)
        holding = self.task.holding
        held = np.ones(len(places), np.bool_) if holding is None else holding.exactly(pairs, cosine, self._names(places))
        return values, held

    def _names(self, places: Rows) -> Rows:
        return places if self.rows is None else self.rows[places]

    def _count(self, place: Rows, inside: Mask) -> None:
        """Note the members of a block that need no decision, and how many of them may be listed."""
        names = self._names(place)
        listed = inside if self.task.skip is None else inside & ~self.task.skip[names][:, None]
        counts = np.count_nonzero(listed, axis=0).tolist()
        members = [names[inside[:, one]] for one in range(len(counts))] if self.task.members else []
        with self._lock:
            for shortlist, count in zip(self.shortlists, counts, strict=True):
                shortlist.total += count
            for shortlist, rows in zip(self.shortlists, members, strict=False):
                shortlist.members.append(rows)

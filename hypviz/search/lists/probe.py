"""One query answered from lists: those that can hold something better are read, twice as many each time, until none is left.

What is left then cannot be in the answer (`lists.bounds`), and the answer is certified: by the same float64 values as a scan of all
items. Where reading would go beyond a budget the answer is the best of what was read, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from hypviz.search.answers import Query
from hypviz.search.best import Shortlist
from hypviz.search.embedding import Embedding
from hypviz.search.lists import engine
from hypviz.search.lists.bounds import FARTHER, can_hold, code_margin, depth, gamma, over_spans
from hypviz.search.lists.store import Lists
from hypviz.search.regions import SLACK, Doubles
from hypviz.search.rules import Order
from hypviz.search.scan import Scan, Task
from hypviz.search.scoring import Floats
from hypviz.search.shells import Shells, between, edges_of
from hypviz.search.tables import BEYOND, Mask, Table

FIRST = 1 << 13
"""Codes read at first."""
GROWTH = 2
"""How many times as many are read the next time."""
CHUNK = 1 << 20
"""Codes read at once: what is found in them is held in memory."""
GROUPS = 8
"""Lists are read in so many groups of alike thresholds at most."""
FEW = 64
"""Items beyond the limit that are decided without a look for better ones first."""
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Ground:
    """What all queries share.  edges: where the shells begin.  shells: of all items, their `of` of no item.  first, last: (L,) shells
    between which the radii of a list lie.  sample, odd: scans' embeddings, shells and rows of a few items."""

    embedding: Embedding
    lists: Lists
    edges: Floats
    shells: Shells
    first: NDArray[np.intp]
    last: NDArray[np.intp]
    sample: tuple[Embedding, Shells, Rows]
    odd: tuple[Embedding, Shells, Rows]

    def shell_of(self, rows: Rows) -> NDArray[np.intp]:
        """(n,) the shell of each item."""
        return np.searchsorted(self.edges, np.asarray(self.embedding.radii[rows], np.float32), side="right")


def ground_of(embedding: Embedding, lists: Lists, limits: Sequence[float]) -> Ground:
    """What queries share. limits: radii that no shell may hold on both sides, such as those between the levels of the cones."""
    radii = np.asarray(embedding.radii, np.float32)
    edges = edges_of(radii, limits)
    low, high = between(edges, float(radii.min()), float(radii.max()))

    def part(rows: Rows) -> tuple[Embedding, Shells, Rows]:
        of = np.searchsorted(edges, radii[rows], side="right")
        of[np.isin(rows, lists.odd)] = len(low)
        return embedding.take(rows), Shells(low, high, of, lists.drift), rows

    first, last = (np.searchsorted(edges, ends, side="right") for ends in (lists.low, lists.high))
    whole = Shells(low, high, np.empty(0, np.intp), lists.drift)
    return Ground(embedding, lists, edges, whole, first, last, part(lists.sample), part(lists.odd))


def probe(ground: Ground, query: Query, task: Task, budget: int) -> Shortlist | None:
    """Answer `task` for a query of unit length.  budget: codes that are read at most, but where `task.members` are asked for, which are
    all there whatever it takes. The answer says whether it is certified, and whether its total is. None where values are so small that no
    threshold tells them apart: the sample has items that the lists then have not."""
    scan = ListScan(ground, query, task)
    answer = scan.shortlists[0]
    if task.order is not None:
        answer.proof = "certified" if scan.read(budget, better=True) else "approximate"
    if task.holding is not None:
        answer.counted = scan.read(len(ground.embedding) if task.members else budget, better=False)
    answer.read = scan.read_codes
    lost = answer.proof == "certified" and len(answer.rows) < task.limit and bool(np.isfinite(scan.best[0]))
    return None if lost else answer


class ListScan(Scan):
    """A scan of lists in place of blocks.  read_codes: how many have been read."""

    def __init__(self, ground: Ground, query: Query, task: Task) -> None:
        lists, direction = ground.lists, np.asarray(query.direction, np.float32)
        dims, off = len(direction), abs(float(np.linalg.norm(direction.astype(np.float64))) - 1)
        margin = code_margin(dims, error=lists.error, reach=lists.codes.reach, drift=lists.drift, query_drift=off)
        super().__init__(ground.embedding, ground.shells, [query], task, np.full(1, np.inf), width=FIRST, margin=margin)
        self._ground, self._lists, self._query = ground, lists, direction
        self._cosine: Floats = np.matmul(lists.centroids, direction)[lists.centroid]
        self._angles = lists.spread.angles(self._cosine, gamma(dims) * (1 + off) + off + 2 * FARTHER)
        self._left: Mask = np.ones(len(lists), np.bool_)
        self._next_amount = max(FIRST, 8 * task.limit)
        self.read_codes = 0
        self._begin()

    def _begin(self) -> None:
        """Decide the items without a code, and get a first value to beat from the sample."""
        embedding, shells, rows = self._ground.odd
        if len(rows):
            odd = Scan(embedding, shells, self.queries, self.task, self.best, width=FIRST, rows=rows)
            odd.work()
            self.shortlists = odd.shortlists
        embedding, shells, rows = self._ground.sample
        if self.task.order is not None and 4 * self.task.limit <= len(rows):
            task = Task(self.task.order, self.task.holding, self.task.limit, self.task.skip)
            Scan(embedding, shells, self.queries, task, self.best, width=FIRST, rows=rows).work()

    def read(self, budget: int, *, better: bool) -> bool:
        """Read lists until none is left that can hold what is asked for: what can beat the values so far if `better`, otherwise whatever
        the answer may hold. False when they are more than the budget."""
        while True:
            near, far = self._over_lists(self._wanted(SLACK, better=better))
            possible = self._left & can_hold(*self._angles, near, far)
            if better and self.task.holding is not None:
                possible &= self._holding_lists
            which = np.flatnonzero(possible)
            if not len(which):
                return True
            room = budget - self.read_codes
            if room <= 0:
                return False
            which = self._first_of(which, depth(self._cosine[which], near[which], far[which]), room)
            for group, least, most in self._groups(which):
                self._take_in(*self._codes_of(group, least, most))
            self._left[which] = False
            self.read_codes += int(self._lists.sizes[which].sum())
            self._next_amount *= GROWTH

    @cached_property
    def _holding_lists(self) -> Mask:
        """(L,) whether a list can hold anything that the answer may hold."""
        return can_hold(*self._angles, *self._over_lists(self._wanted(SLACK, better=False)))

    def _wanted(self, margin: float, *, better: bool) -> Table:
        """Where what can beat the values so far can be, or what the answer may hold."""
        query_radii, holding, order = self._query_radii.astype(np.float64), self.task.holding, self.task.order
        if holding is not None and not better:
            return self._table(holding.region(query_radii, self.shells, self.embedding), margin)
        best = self.best.copy()
        return self._table(cast(Order, order).region(best, query_radii, self.shells, self.embedding), margin)

    def _over_lists(self, table: Table) -> tuple[Doubles, Doubles]:
        """(L,) the lowest `near` and the highest `far` of the shells of each list."""
        spans = self._ground.first, self._ground.last
        return over_spans(table.near[0, :-1], *spans, largest=False), over_spans(table.far[0, :-1], *spans, largest=True)

    def _first_of(self, which: Rows, behind: Doubles, room: int) -> Rows:
        """The lists that lie deepest in the region, for the codes that are to be read next, or one list; all where they are hardly more."""
        sizes, amount = self._lists.sizes[which], min(self._next_amount, room)
        if sizes.sum() <= min(GROWTH * amount, room):
            return which
        order = np.argsort(behind)
        return which[order[: max(1, int(np.searchsorted(np.cumsum(sizes[order]), amount, side="right")))]]

    def _groups(self, which: Rows) -> Iterator[tuple[Rows, float, float]]:
        """(lists, near, far) of alike thresholds for codes, few enough that what is found fits in memory."""
        near, far = self._over_lists(self._inside or self._wanted(self._margin, better=True))
        order = which[np.argsort(near[which])]
        read = np.cumsum(self._lists.sizes[order])
        size = min(max(int(read[-1]) // GROUPS, FIRST), CHUNK)
        for group in np.split(order, np.flatnonzero(np.diff(read // size)) + 1):
            yield group, float(near[group].min()), float(far[group].max())

    def _codes_of(self, which: Rows, near: float, far: float) -> tuple[Rows, Floats]:
        """(n,) rows in some lists, and their cosines by their codes, where these are at least `near` or at most `far`."""
        index, cosine = self._lists.index, self._cosine[which]
        if near <= -BEYOND or near <= far:
            return engine.above(index, self._query, which, cosine, -np.inf)
        rows, values = engine.above(index, self._query, which, cosine, np.nextafter(np.float32(near), np.float32(-2)))
        if far < -BEYOND:
            return rows, values
        beyond, negative = engine.above(index, -self._query, which, -cosine, np.nextafter(np.float32(-far), np.float32(-2)))
        return np.concatenate([rows, beyond]), np.concatenate([values, -negative])

    def _take_in(self, rows: Rows, cosine: Floats) -> None:
        """Decide about items, (n,) rows with the cosines of their codes."""
        of, better = self._ground.shell_of(rows), self._better()
        first = self._promising(rows, cosine, of, better)
        if first is not None:
            self._decide([(rows[first], np.zeros(len(first), np.intp))])
            rest = np.ones(len(rows), np.bool_)
            rest[first] = False
            rows, cosine, of, better = rows[rest], cosine[rest], of[rest], self._better()
        self._decide([self._sift(rows, cosine[:, None], of, better)])

    def _promising(self, rows: Rows, cosine: Floats, of: NDArray[np.intp], better: Table | None) -> NDArray[np.intp] | None:
        """Which items to decide first, so that few others can beat them; None where there are few anyway."""
        if better is None or self.task.order is None:
            return None
        hopeful = better.holds(cosine[:, None], of)[:, 0] & (rows != self.queries[0].row)
        if self.task.skip is not None:
            hopeful &= ~self.task.skip[rows]
        if self._surely is not None:
            hopeful &= self._surely.holds(cosine[:, None], of)[:, 0]
        which = np.flatnonzero(hopeful)
        if len(which) <= 2 * self.task.limit + FEW:
            return None
        radii = self._radii[rows[which]]
        value = self.task.order.ranking.values(
            np.clip(cosine[which], -1, 1), self._query_radii, radii, space=self.embedding, task=self.task.order.task
        )
        return which[np.argpartition(value, self.task.limit)[: self.task.limit]]

    def _leave_out(self, place: Rows, *masks: Mask | None) -> None:
        """A query is no answer to itself; the rows come in no order here."""
        for mask in masks:
            if mask is not None:
                mask[place == self.queries[0].row] = False

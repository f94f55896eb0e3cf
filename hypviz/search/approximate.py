"""Search by way of lists, certified or said to be approximate: an `Index` for more items than a scan of all of them is quick for.

Every list says whether it is proven to be the exact one (`search.lists`, with the proof in `search.lists.bounds`): that of `Index`, up to
the order of equal values. What lists do not help with is scanned exactly, as there: an inner angle with λ times the cosine, which has no
sharp bound, and queries that are no unit vectors. So are scores and cosines of all items.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from hypviz.config import check_range
from hypviz.search.answers import Query, Rows
from hypviz.search.best import Shortlist
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index
from hypviz.search.lists.probe import Ground, ground_of, probe
from hypviz.search.lists.store import Lists
from hypviz.search.retrieval import Ranking, Retrieval
from hypviz.search.rules import Order
from hypviz.search.scan import Task
from hypviz.search.scoring import Floats
from hypviz.search.shells import ODD

BUDGET = 1 << 24
"""Codes read for one list at most. Up to as many items every list is certified."""
WORTHWHILE = 1_000_000
"""Items above which lists are used where there are any: below, a scan of all of them takes some tens of milliseconds."""


class ApproximateIndex(Index):
    """As `Index`, over lists that were made of the same embedding. Safe to share between threads."""

    def __init__(
        self,
        embedding: Embedding,
        lists: Lists,
        retrieval: Retrieval | None = None,
        *,
        whole: NDArray[np.bool_] | None = None,
        chunk_bytes: int = 8 << 20,
        budget: int | None = None,
    ) -> None:
        """budget: codes read for one list at most, None for `BUDGET`; a list that would need more is approximate."""
        super().__init__(embedding, retrieval, whole=whole, chunk_bytes=chunk_bytes)
        self._budget = BUDGET if budget is None else int(budget)
        check_range("budget", self._budget, 1, 2**62)
        self._ground: Ground = ground_of(embedding, lists, self.retrieval.cones.limits)

    @property
    def proof(self) -> str:
        """As `Index.proof`."""
        return "certified"

    def by_direction(self) -> ApproximateIndex:
        """As `Index.by_direction`, by way of the same lists."""
        space = self.embedding
        return ApproximateIndex(Embedding(space.directions, space.radii, space.curv, "cosine"), self._ground.lists, budget=self._budget)

    def path_to_root(self, query: Query, *, steps: int = 50) -> Rows:
        """As `Index.path_to_root`, from searches for the nearest item at points of the way: one that is nearest at two of them is
        nearest at all between (`search.geodesic`). All items are scanned where one of the searches is not certified."""
        check_range("steps", steps, 2, 1e6)
        if self.embedding.geometry == "cosine":
            return super().path_to_root(query, steps=steps)
        radii, near = np.linspace(query.radius, 0.0, int(steps)), np.full(int(steps), -1)
        spans = [(0, len(radii) - 1)]
        while spans:
            first, last = spans.pop()
            for point in (first, last):
                if near[point] < 0:
                    (nearest,) = self.best([Query(query.direction, float(radii[point]))], Ranking(by="distance"), limit=1)
                    if nearest.proof == "approximate" or not len(nearest.rows):
                        return super().path_to_root(query, steps=steps)
                    near[point] = nearest.rows[0]
            if near[first] == near[last]:
                near[first:last] = near[first]
            elif last - first > 1:
                spans += [((first + last) // 2, last), (first, (first + last) // 2)]
        if query.row is not None:
            near[0] = query.row
        return near[np.sort(np.unique(near, return_index=True)[1])]

    def _cosines_for(self, query: Query) -> Callable[[Rows, Floats], Floats]:
        """From the directions of the rows alone: nothing is known of the others."""
        direction = self._directions([query])[0]
        return lambda rows, directions: np.asarray(directions @ direction, np.float32)

    def _scanned(self, queries: Sequence[Query], task: Task, *, keep: bool = False) -> list[Shortlist]:
        if task.order is not None and not has_sharp_bound(task.order):
            return super()._scanned(queries, task, keep=keep)
        directions = self._directions(queries)
        if np.any(np.abs(np.linalg.norm(directions.astype(np.float64), axis=1) - 1) > ODD):
            return super()._scanned(queries, task, keep=keep)
        answers = [probe(self._ground, query, task, self._budget) for query in queries]
        return [answer or super(ApproximateIndex, self)._scanned([query], task)[0] for query, answer in zip(queries, answers, strict=True)]


def has_sharp_bound(order: Order) -> bool:
    """Whether a value says which cosines it can come from: all do but an inner angle with λ times the cosine."""
    inner = (order.ranking.apex == "query") != (order.task == "children") and order.ranking.apex != "sum"
    return not (order.ranking.by == "angle + cosine" and inner)

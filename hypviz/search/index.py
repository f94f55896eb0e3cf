"""Exact search over an embedding: children, parents, cones, neighbours and the path to the root. NumPy only.

Lists and cones come from one float32 product of unit directions: thresholds of the cosine, one for each query and shell of radii, leave
a few hundred items of a million, which are decided in float64 (`search.scan`, with the proof in `search.regions`). The extra memory
is bounded by `chunk_bytes` for each thread, and some 16 bytes an item, whatever the size of the (possibly memory-mapped) embedding. Ties
are broken by row. No approximation: hyperbolic ranking breaks graph indexes, and a scan is fast enough up to some million items; for more
there are lists whose answers are proven (`search.approximate`).

Retrieval has one meaning in the page, the command line and the metrics (`search.retrieval`): the children of x are the
items inside its cone, the best `limit` of them by the checkpoint's ranking, shown by ascending radius (general →
specific; Wang et al. 2025, Fig. 5); its parents are the items whose cones hold x.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hypviz.config import check_choice, check_range
from hypviz.errors import DataError, SelectionError
from hypviz.search.answers import Around, Query, Ranked, Rows, checked_limit, optional_omega
from hypviz.search.best import BestOfEach, Shortlist
from hypviz.search.embedding import Embedding
from hypviz.search.geodesic import across, along, nearest_on_way
from hypviz.search.products import ALIGNMENT, Products
from hypviz.search.retrieval import Ranking, Retrieval
from hypviz.search.rules import Holding, Order, pairs_of
from hypviz.search.scan import MAX_QUERIES, Task, scan
from hypviz.search.score_blocks import score_blocks
from hypviz.search.scoring import APEXES, TASKS, Floats, unlike_contents
from hypviz.search.shells import Shells, shells_of

BYTES_PER_CELL = 64
"""Working memory per query–candidate pair: the ranking formulas hold about 16 float32 values at a time."""


class Index:
    """Exact search in one embedding; it keeps a reference to it and copies nothing. Safe to share between threads."""

    def __init__(
        self,
        embedding: Embedding,
        retrieval: Retrieval | None = None,
        *,
        whole: NDArray[np.bool_] | None = None,
        chunk_bytes: int = 8 << 20,
    ) -> None:
        """whole: (N,) items that are never listed as children and have no parents, such as pictures; they may lie in cones all the same."""
        check_range("chunk_bytes", chunk_bytes, BYTES_PER_CELL * ALIGNMENT, 2**40)
        if not len(embedding):
            raise DataError("An index needs at least one item to search in.")
        self.embedding, self.retrieval = embedding, retrieval or Retrieval()
        self._radii = np.asarray(embedding.radii, dtype=np.float32)
        self._whole = whole
        self._cells = int(chunk_bytes) // BYTES_PER_CELL
        self._out_cells = int(chunk_bytes) // 4
        self._shells: Shells | None = None
        self._products = Products(embedding.directions, self._out_cells)

    def __len__(self) -> int:
        return len(self.embedding)

    @property
    def proof(self) -> str:
        """Of all members of a cone: "exact" from a scan of all items, or "certified"."""
        return "exact"

    def by_direction(self) -> Index:
        """An index of the same items by the cosine of their directions alone."""
        space = self.embedding
        return Index(Embedding(space.directions, space.radii, space.curv, "cosine"))

    def query(self, row: int) -> Query:
        """The query of item `row`; SelectionError when there is no such row."""
        if not 0 <= row < len(self):
            raise SelectionError(f"No item in row {row}: the index holds rows 0…{len(self) - 1}.")
        return Query(np.array(self.embedding.directions[row], np.float32), float(self._radii[row]), int(row))

    def omega(self, query: Query) -> float:
        """The calibrated half-angle of the query's cone, radians."""
        return float(self.retrieval.cones.at(query.radius))

    def children(self, query: Query, omega: float | None = None, *, limit: int = 40) -> Ranked:
        """Items inside the query's cone, the best `limit` by the ranking for children, in order of ascending radius.

        omega in radians, in (0, π], None for the calibrated one; SettingsError otherwise, or when limit < 1. The query's own
        row is left out; an item at the very point of the query has no angle and counts as π/2 (see `scoring`).
        """
        return self.children_of([query], omega, limit=limit)[0]

    def parents(self, query: Query, omega: float | None = None, *, limit: int = 40) -> Ranked:
        """Items whose cones hold the query, the best `limit` by the ranking for parents, otherwise as `children`.

        omega: the half-angle of all their cones. Where the retrieval has `parents_at` "query" the apex is the query: items y with
        π − ext(query, y) <= omega.
        """
        return self.parents_of([query], omega, limit=limit)[0]

    def children_of(self, queries: Sequence[Query], omega: float | None = None, *, limit: int = 40) -> list[Ranked]:
        """`children` of several queries at once, from one pass over the items."""
        task = Task(None, self._holding("children", omega), checked_limit(limit), skip=self._whole)
        return [self._ordered(query, answer, "children") for query, answer in self._listed(queries, task, "children")]

    def parents_of(self, queries: Sequence[Query], omega: float | None = None, *, limit: int = 40) -> list[Ranked]:
        """`parents` of several queries at once, from one pass over the items."""
        lists = self._listed(queries, Task(None, self._holding("parents", omega), checked_limit(limit)), "parents")
        none = [self._whole is not None and query.row is not None and bool(self._whole[query.row]) for query in queries]
        return [Ranked.none() if top else self._ordered(query, answer, "parents") for top, (query, answer) in zip(none, lists, strict=True)]

    def best(self, queries: Sequence[Query], ranking: Ranking | None = None, *, task: str = "children", limit: int = 100) -> list[Ranked]:
        """The best `limit` of all items by a ranking, inside a cone or not, best first; `angle` is what they are ranked by.

        ranking: None for the retrieval's own.  task: "children" or "parents".  The order is that of float64, ties by row; what
        is ranked by an angle or a distance that is not a number is in no list.
        """
        check_choice("task", task, ("children", "parents"))
        lists = self._listed(queries, Task(None, None, checked_limit(limit)), task, ranking)
        answers = []
        for query, shortlist in lists:
            which, value = shortlist.sorted()
            total, rank = len(self) - (query.row is not None), np.arange(len(which))
            answers.append(Ranked(which, value.astype(np.float32), self._radii[which], total, rank, shortlist.proof))
        return answers

    def one_of_each(self, query: Query, omega: float | None, groups: NDArray[np.integer], *, limit: int = 40) -> Ranked:
        """Of each group the best child by the ranking; the best `limit` of these, in order of ascending radius. groups: (N,) ints
        >= 0.  total: the number of groups with an item in the cone."""
        best, most = BestOfEach(groups, query.row), checked_limit(limit)
        members = self.cone_members(query, omega)
        if self._whole is not None:
            members = members[~self._whole[members]]
        for start in range(0, len(self), self._out_cells):
            some = members[slice(*np.searchsorted(members, (start, start + self._out_cells)))]
            offered = np.zeros(min(self._out_cells, len(self) - start), np.bool_)
            values = np.zeros(len(offered), np.float32)
            offered[some - start], values[some - start] = True, self.values_of(query, some)
            best.add(start, values, offered)
        rows, _, total = best.sorted(most)
        return replace(self._in_order(query, rows, total, "children"), proof=self.proof)

    def cone_members(self, query: Query, omega: float | None = None) -> Rows:
        """All rows inside the cone of the query, ascending, without the query itself."""
        return self.cones([query], omega)[0]

    def cones(self, queries: Sequence[Query], omega: float | None = None) -> list[Rows]:
        """`cone_members` of several queries at once, from one pass over the items."""
        return self._members(queries, omega)

    def around(
        self, query: Query, omega: float | None = None, omega_parents: float | None = None, *, limit: int = 40, contents: Rows | None = None
    ) -> Around:
        """Children, parents and all members of the cone, from the same cosines; arguments as `children`, `parents` and `values_of`."""
        most, omega, omega_parents = checked_limit(limit), optional_omega(omega), optional_omega(omega_parents)
        members = self._members([query], omega, keep=True)[0]
        possible = Task(None, self._holding("children", math.pi), 1)  # a wider cone may hold these, and no others
        closest = self._listed([query], possible, "children", Ranking())[0][1].sorted()[1]
        return Around(
            self.children(query, omega, limit=most),
            self.parents(query, omega_parents, limit=most),
            members,
            self.values_of(query, members, contents),
            float(closest[0]) if len(closest) else None,
        )

    def cosines(self, query: Query) -> Floats:
        """(N,) cosines of the query's direction with every item's: the very ones that all answers about it come from."""
        return np.concatenate([block[0] for _, block in self._products.blocks(self._directions([query]), self._cells)])

    def nearest(self, query: Query, *, limit: int = 40) -> Ranked:
        """The `limit` items at the smallest geodesic distance, nearest first; `total` is all items but the query."""
        return self.best([query], Ranking(by="distance"), limit=limit)[0]

    def path_to_root(self, query: Query, *, steps: int = 50) -> Rows:
        """The items met on the way from the query to the root (method of MERU; Wang et al. 2025, traversal).

        The nearest item at each of `steps` equally spaced points of the geodesic to the origin, repetitions dropped;
        it starts at the item itself when the query is one. In `cosine` geometry, where radii mean nothing, no point
        of the way differs from the next, and the path is one item long.
        """
        check_range("steps", steps, 2, 1e6)
        if self.embedding.geometry == "cosine" and query.row is not None:
            return np.array([query.row], np.int64)
        way = along(np.linspace(query.radius, 0.0, int(steps)), self.embedding)
        best, rows = np.full(len(way), np.inf), np.zeros(len(way), np.int64)
        for start, cosine in self._products.blocks(self._directions([query]), self._cells):
            column, nearest = nearest_on_way(way, across(cosine[0], self._radii[start : start + cosine.shape[1]], self.embedding))
            closer = nearest < best
            best[closer], rows[closer] = nearest[closer], column[closer] + start
        if query.row is not None:
            rows[0] = query.row
        return rows[np.sort(np.unique(rows, return_index=True)[1])]

    def scores(self, queries: Embedding, *, apex: str = "query", task: str = "children") -> Iterator[tuple[slice, Floats]]:
        """Scores of every item for every query, higher is better: (slice of the queries, (b, N) float32) blocks.

        `task` "children" or "parents" with `apex` "query", "candidate" or "sum" as in `scoring`: β1 or α2 in [0, π],
        their sum in [0, 2π]; "nearest" gives −distance. The block is the caller's to change. A query that is an item
        of the index is not left out here.
        """
        check_choice("task", task, TASKS)
        check_choice("apex", apex, APEXES)
        if queries.geometry != self.embedding.geometry or queries.directions.shape[1] != self._dim:
            raise DataError(
                f"Queries are {queries.geometry} in {queries.directions.shape[1]} dimensions, the index is "
                f"{self.embedding.geometry} in {self._dim}: embed both with the same model."
            )
        return score_blocks(self.embedding, self._products, queries, apex=apex, task=task, cells=self._cells, most=self._out_cells)

    @property
    def _dim(self) -> int:
        return int(self.embedding.directions.shape[1])

    def _holding(self, task: str, omega: float | None) -> Holding:
        """What the lists of children, or parents, may hold."""
        omega, retrieval = optional_omega(omega), self.retrieval
        if task == "children":
            return Holding(retrieval.cones, task, omega=omega)
        if retrieval.parents_at == "query":
            return Holding(retrieval.cones, task, omega=retrieval.parents_omega if omega is None else omega)
        return Holding(retrieval.cones, task, "candidate", omega=omega, general=self._whole)

    def _listed(
        self, queries: Sequence[Query], task: Task, direction: str, ranking: Ranking | None = None
    ) -> list[tuple[Query, Shortlist]]:
        """Each query with its list, one pass over the items for each ranking that they have. task: without an order.  direction: "children"
        or "parents".  ranking: None for the retrieval's own."""
        self._directions(queries)  # refuses what is no query before anything is scanned
        places: dict[Ranking, list[int]] = {}
        for place, query in enumerate(queries):
            places.setdefault(ranking or self.retrieval.ranking(direction, query.radius), []).append(place)
        shortlists = {
            place: shortlist
            for one, some in places.items()
            for place, shortlist in zip(
                some, self._scanned([queries[place] for place in some], replace(task, order=Order(one, direction))), strict=True
            )
        }
        return [(query, shortlists[place]) for place, query in enumerate(queries)]

    def _members(self, queries: Sequence[Query], omega: float | None, *, keep: bool = False) -> list[Rows]:
        task = Task(None, self._holding("children", omega), members=True)
        return [
            np.sort(np.concatenate([np.empty(0, np.int64), *shortlist.members])) for shortlist in self._scanned(queries, task, keep=keep)
        ]

    def _scanned(self, queries: Sequence[Query], task: Task, *, keep: bool = False) -> list[Shortlist]:
        """keep: the cosines of a single query, for what else will be asked about it."""
        directions = self._directions(queries)
        if self._shells is None:
            self._shells = shells_of(self.embedding, self.retrieval.cones.limits)
        shortlists: list[Shortlist] = []
        for start in range(0, len(queries), MAX_QUERIES):
            some = slice(start, start + MAX_QUERIES)
            with self._products.of(directions[some], keep=keep) as known:
                shortlists += scan(self.embedding, self._shells, queries[some], task, cells=self._cells, cosines=known)
        return shortlists

    def values_of(self, query: Query, rows: Rows, contents: Rows | None = None) -> Floats:
        """(n,) float32, what the ranking for children gives these items; the smaller the better. contents: (k,) rows that are known to lie
        in the query, such as the boxes of its picture: what is like one of them comes earlier (`scoring.unlike_contents`)."""
        cosines, ranking, directions = self._cosines_for(query), self.retrieval.ranking("children", query.radius), self.embedding.directions
        radius, out = np.array(query.radius, np.float32), np.empty(len(rows), np.float32)
        inside = np.asarray(directions[[] if contents is None else contents], np.float32)
        for start in range(0, len(rows), self._cells):
            some = rows[start : start + self._cells]
            ends = query.direction, np.asarray(directions[some], np.float32)
            angle = ranking.values(cosines(some, ends[1]), radius, self._radii[some], space=self.embedding, task="children", ends=ends)
            out[start : start + len(some)] = angle + unlike_contents(ends[1], inside)
        return out

    def _cosines_for(self, query: Query) -> Callable[[Rows, Floats], Floats]:
        """What gives the cosines with rows (n,), from these and their directions (n, D)."""
        cosine = self.cosines(query)
        return lambda rows, _: cosine[rows]

    def _ordered(self, query: Query, shortlist: Shortlist, task: str) -> Ranked:
        answer = self._in_order(query, shortlist.sorted()[0], shortlist.total, task)
        return replace(answer, proof=shortlist.proof, counted=shortlist.counted)

    def _in_order(self, query: Query, rows: Rows, total: int, task: str) -> Ranked:
        """What was found, given best first, by ascending radius; equal radii stay in their order."""
        chosen = rows[order := np.argsort(self._radii[rows], kind="stable")]
        pairs = pairs_of(query, self.embedding, chosen)
        angle = pairs.angle(pairs.cosine(), task, self.retrieval.parents_at if task == "parents" else "query").astype(np.float32)
        return Ranked(chosen, angle, self._radii[chosen], total, order)

    def _directions(self, queries: Sequence[Query]) -> Floats:
        """(b, D) directions of the queries; DataError when one does not fit the index."""
        if not queries:
            raise SelectionError("Select at least one item to search from.")
        for query in queries:
            if query.direction.shape != (self._dim,):
                raise DataError(f"A query needs a direction of shape ({self._dim},), got {query.direction.shape}.")
            if not (np.isfinite(query.direction).all() and math.isfinite(query.radius) and query.radius >= 0):
                raise DataError("A query needs a finite direction and a finite radius >= 0.")
        return np.stack([np.asarray(query.direction, np.float32) for query in queries])

"""Exact search over an embedding: children, parents, cones, neighbours and the path to the root. NumPy only.

Every answer comes from one matrix product of unit directions and a few elementwise passes, in blocks over the items,
so the extra memory is bounded by `chunk_bytes` whatever the size of the (possibly memory-mapped) embedding. Ties are
broken by row. No approximation: hyperbolic ranking breaks graph indexes, and exact search is fast enough.

Retrieval has one meaning in the page, the command line and the metrics (`search.retrieval`): the children of x are the
items inside its cone, the best `limit` of them by the checkpoint's ranking, shown by ascending radius (general →
specific; Wang et al. 2025, Fig. 5); its parents are the items whose cones hold x.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hypviz.config import check_choice, check_range
from hypviz.errors import DataError, SelectionError
from hypviz.search.answers import Around, Query, Ranked, Rows, checked_limit, optional_omega, without
from hypviz.search.best import Best, BestOfEach
from hypviz.search.embedding import Embedding
from hypviz.search.geodesic import across, along, nearest_on_way
from hypviz.search.near import Ends
from hypviz.search.retrieval import Ranking, Retrieval
from hypviz.search.scoring import APEXES, TASKS, Floats, ranking_value, tiles, worst

BYTES_PER_CELL = 64
"""Working memory per query–candidate pair: the ranking formulas hold about 16 float32 values at a time."""
ALIGNMENT = 64
"""Blocks start at multiples of this, so a row meets the same BLAS kernel, and the same rounding, for any block size."""


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
        self._last: tuple[bytes, Floats | None] = b"", None

    def __len__(self) -> int:
        return len(self.embedding)

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
        return self.around(query, omega, limit=limit).children

    def parents(self, query: Query, omega: float | None = None, *, limit: int = 40) -> Ranked:
        """Items whose cones hold the query, the best `limit` by the ranking for parents, otherwise as `children`.

        omega: the half-angle of all their cones. Where the retrieval has `parents_at` "query" the apex is the query: items y with
        π − ext(query, y) <= omega.
        """
        best = Best(checked_limit(limit), query.row)
        for start, cosine in self._cosines(self._directions([query])):
            best.add(start, *self._upwards(query, start, cosine[0], optional_omega(omega)))
        return self._ordered(query, best.sorted()[0], best.total, "parents")

    def one_of_each(self, query: Query, omega: float | None, groups: NDArray[np.integer], *, limit: int = 40) -> Ranked:
        """Of each group the best child by the ranking; the best `limit` of these, in order of ascending radius. groups: (N,) ints
        >= 0.  total: the number of groups with an item in the cone."""
        best, most = BestOfEach(groups, query.row), checked_limit(limit)
        for start, cosine in self._cosines(self._directions([query])):
            angle, inside = self._inside(query, start, cosine[0], optional_omega(omega))
            best.add(start, self._values(query, start, cosine[0], angle), self._listed(start, inside))
        rows, _, total = best.sorted(most)
        return self._ordered(query, rows, total, "children")

    def cone_members(self, query: Query, omega: float | None = None) -> Rows:
        """All rows inside the cone of the query, ascending, without the query itself."""
        return self.cones([query], omega)[0]

    def cones(self, queries: Sequence[Query], omega: float | None = None) -> list[Rows]:
        """`cone_members` of several queries at once, from one pass over the items."""
        omega, most = optional_omega(omega), self._cells // ALIGNMENT
        if len(queries) > most:
            groups = [self.cones(queries[i : i + most], omega) for i in range(0, len(queries), most)]
            return [rows for group in groups for rows in group]
        parts: list[list[Rows]] = [[] for _ in queries]
        own = np.array([query.radius for query in queries], np.float32)[:, None]
        for start, angle in self._blocks(queries, "children"):
            radius = self._radii[start : start + angle.shape[1]]
            which, column = np.nonzero(self.retrieval.cones.holds(angle, own, radius, omega=omega))
            ends = np.searchsorted(which, np.arange(len(queries) + 1))
            for number, (low, high) in enumerate(pairwise(ends)):
                parts[number].append(column[low:high] + start)
        return [without(np.concatenate(rows), query.row) for rows, query in zip(parts, queries, strict=True)]

    def around(self, query: Query, omega: float | None = None, omega_parents: float | None = None, *, limit: int = 40) -> Around:
        """Children, parents and all members of the cone, from one pass over the items; arguments as `children` and `parents`."""
        most, omega, omega_parents = checked_limit(limit), optional_omega(omega), optional_omega(omega_parents)
        children, parents, closest = Best(most, query.row), Best(most, query.row), Best(1, query.row)
        members, scores = [], []
        for start, cosine in self._cosines(self._directions([query])):
            angle, inside = self._inside(query, start, cosine[0], omega)
            values = self._values(query, start, cosine[0], angle)
            children.add(start, values, self._listed(start, inside))
            members.append(without(np.flatnonzero(inside) + start, query.row))
            scores.append(values[members[-1] - start])
            parents.add(start, *self._upwards(query, start, cosine[0], omega_parents, angle=angle))
            closest.add(start, angle, np.ones(len(angle), bool))
        smallest = float(closest.values[0]) if len(closest.values) else None
        below = self._ordered(query, children.sorted()[0], children.total, "children")
        above = self._ordered(query, parents.sorted()[0], parents.total, "parents")
        return Around(below, above, np.concatenate(members), np.concatenate(scores), smallest)

    def cosines(self, query: Query) -> Floats:
        """(N,) cosines of the query's direction with every item's: the very ones that all answers about it come from."""
        return np.concatenate([block[0] for _, block in self._cosines(self._directions([query]))])

    def nearest(self, query: Query, *, limit: int = 40) -> Ranked:
        """The `limit` items at the smallest geodesic distance, nearest first; `total` is all items but the query."""
        best = Best(checked_limit(limit), query.row)
        for start, value in self._blocks([query], "nearest"):
            best.add(start, value[0], np.ones(value.shape[1], bool))
        rows, value = best.sorted()
        return Ranked(rows, value, self._radii[rows], best.total, np.arange(len(rows)))

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
        for start, cosine in self._cosines(self._directions([query])):
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
        return self._score_blocks(queries, apex, task)

    @property
    def _dim(self) -> int:
        return int(self.embedding.directions.shape[1])

    def _score_blocks(self, queries: Embedding, apex: str, task: str) -> Iterator[tuple[slice, Floats]]:
        height = max(1, self._out_cells // len(self))
        for start in range(0, len(queries), height):
            part = slice(start, min(start + height, len(queries)))
            directions = np.asarray(queries.directions[part], np.float32)
            radii = np.asarray(queries.radii[part], np.float32)[:, None]
            out = np.empty((len(directions), len(self)), np.float32)
            for column, cosine in self._cosines(directions):
                out[:, column : column + cosine.shape[1]] = cosine
            for rows, columns in tiles(out.shape, self._cells):
                ends = directions[rows], self.embedding.directions[columns]
                own, radius = radii[rows], self._radii[columns]
                value = ranking_value(out[rows, columns], own, radius, space=self.embedding, task=task, apex=apex, ends=ends)
                out[rows, columns] = worst(task, apex) - value
            yield part, out

    def _inside(self, query: Query, start: int, cosine: Floats, omega: float | None) -> tuple[Floats, NDArray[np.bool_]]:
        """ext(query, ·) of the items from `start` on, and which of them the query's cone holds; both (n,)."""
        own, radius, ends = self._sides(query, start, len(cosine))
        angle = ranking_value(cosine, own, radius, space=self.embedding, task="children", ends=ends)
        return angle, self.retrieval.cones.holds(angle, own, radius, omega=omega)

    def _listed(self, start: int, inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Of the items from `start` on, (n,), those inside that may be listed as children."""
        return inside if self._whole is None else inside & ~self._whole[start : start + len(inside)]

    def _values(self, query: Query, start: int, cosine: Floats, angle: Floats, task: str = "children") -> Floats:
        """(n,) what children are ranked by; `angle` is ext(query, ·), which often is just that."""
        ranking = self.retrieval.children
        if ranking == Ranking():
            return angle
        own, radius, ends = self._sides(query, start, len(cosine))
        return ranking.values(cosine, own, radius, space=self.embedding, task="children", ends=ends)

    def _sides(self, query: Query, start: int, count: int) -> tuple[Floats, Floats, Ends]:
        """Radius of the query, (), radii of `count` items from `start` on, and the directions of both."""
        part = slice(start, start + count)
        return np.array(query.radius, np.float32), self._radii[part], (query.direction, self.embedding.directions[part])

    def _upwards(
        self, query: Query, start: int, cosine: Floats, omega: float | None, *, angle: Floats | None = None
    ) -> tuple[Floats, NDArray[np.bool_]]:
        """What parents are ranked by, and which items are parents of the query; both (n,). angle: ext(query, ·) where known."""
        retrieval, space = self.retrieval, self.embedding
        own, radius, ends = self._sides(query, start, len(cosine))
        if retrieval.parents_at == "query":
            if angle is None:
                angle = ranking_value(cosine, own, radius, space=space, task="children", ends=ends)
            at_query = angle if space.geometry == "cosine" else np.float32(np.pi) - angle
            inside = at_query <= (retrieval.parents_omega if omega is None else omega)
        else:
            at_candidate = ranking_value(cosine, own, radius, space=space, task="parents", apex="candidate", ends=ends)
            general = None if self._whole is None else self._whole[start : start + len(cosine)]
            inside = retrieval.cones.holds(at_candidate, radius, own, omega=omega, general=general)
        if self._whole is not None and query.row is not None and self._whole[query.row]:
            inside = np.zeros_like(inside)
        if retrieval.parents_at == "query" and retrieval.parents == Ranking():
            return at_query, inside
        return retrieval.parents.values(cosine, own, radius, space=space, task="parents", ends=ends), inside

    def _ordered(self, query: Query, rows: Rows, total: int, task: str) -> Ranked:
        """What was found, given best first, by ascending radius; equal radii stay in their order."""
        chosen = rows[order := np.argsort(self._radii[rows], kind="stable")]
        ends = query.direction, np.asarray(self.embedding.directions[chosen], np.float32)
        apex = self.retrieval.parents_at if task == "parents" else "query"
        own, radius = np.array(query.radius, np.float32), self._radii[chosen]
        angle = ranking_value(ends[1] @ ends[0], own, radius, space=self.embedding, task=task, apex=apex, ends=ends)
        return Ranked(chosen, angle, radius, total, order)

    def _blocks(self, queries: Sequence[Query], task: str) -> Iterator[tuple[int, Floats]]:
        """(first row, (b, n) values) over all items, block by block."""
        directions = self._directions(queries)
        radii = np.array([query.radius for query in queries], np.float32)[:, None]
        for start, cosine in self._cosines(directions):
            part = slice(start, start + cosine.shape[1])
            ends = directions, self.embedding.directions[part]
            yield start, ranking_value(cosine, radii, self._radii[part], space=self.embedding, task=task, ends=ends)

    def _cosines(self, directions: Floats) -> Iterator[tuple[int, Floats]]:
        """(first row, (b, n) cosines, not to be written to) in blocks whose working memory stays below `chunk_bytes`.

        Those of the last single query are kept, when they fit too: a click asks for its cone, its parents and its path.
        """
        width = max(self._cells // max(len(directions), 1) // ALIGNMENT * ALIGNMENT, ALIGNMENT)
        asked = directions.tobytes() if len(directions) == 1 and len(self) <= self._out_cells else b""
        known, cosines = self._last
        if not asked or asked != known:
            cosines = np.empty((1, len(self)), np.float32) if asked else None
            for start in range(0, len(self), width):
                block = np.matmul(directions, np.asarray(self.embedding.directions[start : start + width], np.float32).T)
                if cosines is not None:
                    cosines[:, start : start + width] = block
                yield start, block
            if cosines is not None:
                cosines.flags.writeable = False
                self._last = asked, cosines  # one assignment: threads see the old pair or the new one
        elif cosines is not None:
            for start in range(0, len(self), width):
                yield start, cosines[:, start : start + width]

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

"""Exact search over an embedding: children, parents, cones, neighbours and the path to the root. NumPy only.

Every answer comes from one matrix product of unit directions and a few elementwise passes, in blocks over the items,
so the extra memory is bounded by `chunk_bytes` whatever the size of the (possibly memory-mapped) embedding. Ties are
broken by row. No approximation: hyperbolic ranking breaks graph indexes, and exact search is fast enough.

Retrieval has one meaning in the page, the command line and the metrics (docs, "Decisions"): the children of x are the
items inside its cone ext(x, ·) <= omega, the best `limit` of them by angle, shown by ascending radius (general →
specific; Wang et al. 2025, Fig. 5); parents likewise by α2, with the apex at the child.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hypviz.config import check_choice, check_range
from hypviz.errors import DataError, SelectionError, SettingsError
from hypviz.search.best import Best, BestOfEach
from hypviz.search.embedding import Embedding
from hypviz.search.geodesic import across, along, nearest_on_way
from hypviz.search.scoring import APEXES, TASKS, Floats, ranking_value, worst

Rows = NDArray[np.int64]
BYTES_PER_CELL = 64
"""Working memory per query–candidate pair: the ranking formulas hold about 16 float32 values at a time."""
ALIGNMENT = 64
"""Blocks start at multiples of this, so a row meets the same BLAS kernel, and the same rounding, for any block size."""


@dataclass(frozen=True, eq=False)
class Ranked:
    """The answer to a search.

    rows: (k,) int64.  angle: (k,) float32 in radians, smaller is better; the distance for `nearest`.
    radius: (k,) float32.  total: how many items were inside the cone before the cut to `limit`.
    """

    rows: Rows
    angle: Floats
    radius: Floats
    total: int

    @classmethod
    def none(cls) -> Ranked:
        """An answer without an item."""
        return cls(np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.float32), 0)


@dataclass(frozen=True, eq=False)
class Around:
    """All that lies around a query.

    children, parents: as `Index.children` and `Index.parents` give them.  members: (m,) rows inside the cone, ascending.
    closest: the smallest ext(query, item) in radians, inside or not; None when there is no other item.
    """

    children: Ranked
    parents: Ranked
    members: Rows
    closest: float | None


@dataclass(frozen=True, eq=False)
class Query:
    """What is searched for: direction (D,) float32 of unit length, radius >= 0, and `row` when it is an item of the
    index, which is then left out of its own results (None for an upload)."""

    direction: Floats
    radius: float
    row: int | None = None


class Index:
    """Exact search in one embedding; it keeps a reference to it and copies nothing. Safe to share between threads."""

    def __init__(self, embedding: Embedding, *, chunk_bytes: int = 8 << 20) -> None:
        check_range("chunk_bytes", chunk_bytes, BYTES_PER_CELL * ALIGNMENT, 2**40)
        if not len(embedding):
            raise DataError("An index needs at least one item to search in.")
        self.embedding = embedding
        self._radii = np.asarray(embedding.radii, dtype=np.float32)
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

    def children(self, query: Query, omega: float, *, limit: int = 40) -> Ranked:
        """Items y with ext(query, y) <= omega, the best `limit` by angle, in order of ascending radius.

        omega in radians, in (0, π]; SettingsError otherwise, or when limit < 1. The query's own row is left out; an
        item at the very point of the query has no angle and counts as π/2 (see `scoring`).
        """
        return self._cone(query, omega, limit, "children")

    def parents(self, query: Query, omega: float, *, limit: int = 40) -> Ranked:
        """Items y with π − ext(query, y) <= omega (α2, apex at the query), otherwise as `children`."""
        return self._cone(query, omega, limit, "parents")

    def one_of_each(self, query: Query, omega: float, groups: NDArray[np.integer], *, limit: int = 40) -> Ranked:
        """Of each group the one item y with the smallest ext(query, y) <= omega; the best `limit` of these by angle, in order of
        ascending radius. groups: (N,) ints >= 0.  total: the number of groups with an item in the cone."""
        best = BestOfEach(_checked_omega(omega), groups, query.row)
        for start, angle in self._blocks([query], "children"):
            best.add(start, angle[0])
        return self._by_radius(*best.sorted(_checked_limit(limit)))

    def cone_members(self, query: Query, omega: float) -> Rows:
        """All rows inside the cone of the query, ascending, without the query itself."""
        return self.cones([query], omega)[0]

    def cones(self, queries: Sequence[Query], omega: float) -> list[Rows]:
        """`cone_members` of several queries at once, from one pass over the items."""
        omega, most = _checked_omega(omega), self._cells // ALIGNMENT
        if len(queries) > most:
            groups = [self.cones(queries[i : i + most], omega) for i in range(0, len(queries), most)]
            return [rows for group in groups for rows in group]
        found: list[list[Rows]] = [[] for _ in queries]
        for start, angle in self._blocks(queries, "children"):
            which, column = np.nonzero(angle <= omega)
            ends = np.searchsorted(which, np.arange(len(queries) + 1))
            for number, (low, high) in enumerate(pairwise(ends)):
                found[number].append(column[low:high] + start)
        return [_without(np.concatenate(parts), query.row) for parts, query in zip(found, queries, strict=True)]

    def around(self, query: Query, omega: float, omega_parents: float, *, limit: int = 40) -> Around:
        """Children within omega, parents within omega_parents and all members of the cone, from one pass over the items:
        both angles at the query are ext(query, ·) and its supplement (in `cosine` geometry they are one)."""
        most = _checked_limit(limit)
        children, parents = (Best(_checked_omega(angle), most, query.row) for angle in (omega, omega_parents))
        closest, members = Best(math.inf, 1, query.row), []
        for start, angle in self._blocks([query], "children"):
            members.append(children.add(start, angle[0]))
            parents.add(start, angle[0] if self.embedding.geometry == "cosine" else np.float32(np.pi) - angle[0])
            closest.add(start, angle[0])
        smallest = float(closest.values[0]) if len(closest.values) else None
        below, above = (self._by_radius(*best.sorted(), best.total) for best in (children, parents))
        return Around(below, above, np.concatenate(members), smallest)

    def nearest(self, query: Query, *, limit: int = 40) -> Ranked:
        """The `limit` items at the smallest geodesic distance, nearest first; `total` is all items but the query."""
        best = self._best(query, "nearest", math.inf, limit)
        rows, value = best.sorted()
        return Ranked(rows, value, self._radii[rows], best.total)

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
        for start, cosine in self._cosines(self._checked([query])):
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
            for rows, columns in _tiles(out.shape, self._cells):
                value = ranking_value(out[rows, columns], radii[rows], self._radii[columns], space=self.embedding, task=task, apex=apex)
                out[rows, columns] = worst(task, apex) - value
            yield part, out

    def _cone(self, query: Query, omega: float, limit: int, task: str) -> Ranked:
        best = self._best(query, task, _checked_omega(omega), limit)
        return self._by_radius(*best.sorted(), best.total)

    def _by_radius(self, rows: Rows, angle: Floats, total: int) -> Ranked:
        """What was found, best first, by ascending radius; equal radii stay in their order."""
        order = np.argsort(self._radii[rows], kind="stable")
        return Ranked(rows[order], angle[order], self._radii[rows[order]], total)

    def _best(self, query: Query, task: str, bound: float, limit: int) -> Best:
        best = Best(bound, _checked_limit(limit), query.row)
        for start, value in self._blocks([query], task):
            best.add(start, value[0])
        return best

    def _blocks(self, queries: Sequence[Query], task: str) -> Iterator[tuple[int, Floats]]:
        """(first row, (b, n) values) over all items, block by block."""
        directions = self._checked(queries)
        radii = np.array([query.radius for query in queries], np.float32)[:, None]
        for start, cosine in self._cosines(directions):
            radius = self._radii[start : start + cosine.shape[1]]
            yield start, ranking_value(cosine, radii, radius, space=self.embedding, task=task)

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

    def _checked(self, queries: Sequence[Query]) -> Floats:
        """(b, D) directions of the queries; DataError when one does not fit the index."""
        if not queries:
            raise SelectionError("Select at least one item to search from.")
        for query in queries:
            if query.direction.shape != (self._dim,):
                raise DataError(f"A query needs a direction of shape ({self._dim},), got {query.direction.shape}.")
            if not (np.isfinite(query.direction).all() and math.isfinite(query.radius) and query.radius >= 0):
                raise DataError("A query needs a finite direction and a finite radius >= 0.")
        return np.stack([np.asarray(query.direction, np.float32) for query in queries])


def _checked_omega(omega: float) -> float:
    """omega as given; SettingsError when it is no angle in (0, π]."""
    # float32 rounds π up; a stored π must stay valid.
    if not isinstance(omega, (int, float, np.number)) or not 0 < omega <= float(np.float32(np.pi)):
        raise SettingsError(f"omega must be an angle in radians above 0 and at most π, got {omega!r}.")
    return float(omega)


def _checked_limit(limit: int) -> int:
    if not limit >= 1:
        raise SettingsError(f"limit must be at least 1, got {limit}.")
    return int(limit)


def _without(rows: Rows, row: int | None) -> Rows:
    return rows if row is None else rows[rows != row]


def _tiles(shape: tuple[int, int], cells: int) -> Iterator[tuple[slice, slice]]:
    """Cut a (b, N) block into tiles of at most `cells` elements, whole rows where they fit."""
    height, width = max(1, cells // shape[1]), min(cells, shape[1])
    for top in range(0, shape[0], height):
        for left in range(0, shape[1], width):
            yield slice(top, top + height), slice(left, left + width)

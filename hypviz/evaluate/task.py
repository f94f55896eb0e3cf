"""What a retrieval task is, and how its scores stream by: a block of queries against the whole pool at a time.

Working memory is one copy of the pool's directions and a few blocks of `CELLS` scores, whatever the number of queries;
per query only the values of its metrics are kept. A pool of a million is ranked two queries at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hypviz.evaluate.world import Rows
from hypviz.search import metrics
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index

Floats = NDArray[np.float32]
Relevance = Callable[[Rows], NDArray[np.bool_]]
Measure = Callable[[Rows, metrics.Order, metrics.Hits], dict[str, NDArray[np.float64]]]
CELLS = 1 << 21
"""Query–candidate pairs per block."""


@dataclass(frozen=True, eq=False)
class Score:
    """One way to rank: the space it is measured in, and "angle" by the task's direction or "nearest"."""

    name: str
    space: Embedding
    apex: str
    nearest: bool = False


@dataclass(frozen=True, eq=False)
class Reading:
    """One meaning of "correct". relevant: query rows (b,) → (b, P) bool over the pool.  measure: the metrics per
    query.  curve: whether precision and recall are swept over the threshold."""

    name: str
    relevant: Relevance
    measure: Measure
    curve: bool = True


@dataclass(frozen=True, eq=False)
class Task:
    """queries, pool: item rows, ascending.  direction: "children" or "parents" of the query are sought, or the
    "nearest" by distance.  depth: how many ranks its metrics look at, None for all."""

    name: str
    direction: str
    queries: Rows
    pool: Rows
    readings: tuple[Reading, ...]
    depth: int | None = None

    def blocks(self, score: Score, queries: Rows, parts: list[slice] | None = None) -> Iterator[tuple[slice, Floats]]:
        """(slice of the queries, (b, P) scores), −inf for a candidate outside the query's own pool.

        parts: some of the slices of `spans(queries)`; None for all. The same slice gives the same scores to the bit.
        """
        index = Index(score.space.take(self.pool))
        kind = "nearest" if score.nearest else self.direction
        for part in self.spans(queries) if parts is None else parts:
            out = np.empty((part.stop - part.start, len(self.pool)), np.float32)
            for inner, scores in index.scores(score.space.take(queries[part]), apex=score.apex, task=kind):
                out[inner] = scores
            self.leave_out(out, queries[part])
            yield part, out

    def spans(self, queries: Rows) -> list[slice]:
        """The queries cut into blocks of about `CELLS` scores."""
        height = max(1, CELLS // max(len(self.pool), 1))
        return [slice(start, min(start + height, len(queries))) for start in range(0, len(queries), height)]

    def leave_out(self, scores: Floats, rows: Rows) -> None:
        """Set the scores of candidates outside a query's own pool to −inf: the query itself."""
        leave_out_itself(scores, rows, self.pool)


def leave_out_itself(scores: Floats, rows: Rows, pool: Rows) -> None:
    """Set the score of each query's own column, where the pool has one, to −inf: not in its pool."""
    column = np.minimum(np.searchsorted(pool, rows), len(pool) - 1)
    own = pool[column] == rows
    scores[np.flatnonzero(own), column[own]] = -np.inf


def scores_of(embedding: Embedding, direction: str, *, apex: str, baselines: bool) -> list[Score]:
    """The embedding's own score for a task of that direction first, then the baselines from the same vectors."""
    nearest = direction == "nearest"
    cosine = Score("cosine", replace(embedding, geometry="cosine", curv=1.0), "query", nearest)
    if embedding.geometry == "cosine":
        return [cosine]
    distance = Score("distance", embedding, "query", nearest=True)
    if nearest:
        return [distance, cosine] if baselines else [distance]
    angle = Score("angle", embedding, apex)
    return [angle, cosine, distance] if baselines else [angle]


def choose_queries(rows: Rows, limit: int | None, seed: int) -> Rows:
    """All rows, or `limit` of them drawn by the seed, ascending."""
    if limit is None or limit >= len(rows):
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, size=limit, replace=False))

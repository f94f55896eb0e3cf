"""What a retrieval task is, and how its scores stream by: a block of queries against the whole pool at a time.

Working memory is one copy of the pool's directions and a few blocks of `CELLS` scores, whatever the number of queries;
per query only the values of its metrics are kept. A pool of a million is ranked two queries at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hypviz import metrics
from hypviz.evaluation.measures import Candidates, Measure, Named
from hypviz.evaluation.task_data import Rows
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index
from hypviz.search.ordering import retrieval_scores
from hypviz.search.retrieval import Retrieval
from hypviz.search.scoring import worst

Floats = NDArray[np.float32]
Relevance = Callable[[Rows], NDArray[np.bool_]]
Scorer = Callable[[Rows], Iterator[tuple[slice, Floats]]]
"""Query rows (Q,) → blocks of (slice of the queries, (b, P) scores of every item of a pool, higher is better)."""
Ranking = Callable[[str, Rows], Scorer]
"""("children" or "parents", pool rows (P,)) → the scorer of that pool: any way to rank, to be a row of the report."""
LISTED = "as listed"
"""The row of the ranking that page, commands and API list by."""
CELLS = 1 << 21
"""Query–candidate pairs per block."""


@dataclass(frozen=True, eq=False)
class Score:
    """One way to rank. space: what it is measured in.  "angle" by the task's direction with its apex, or "nearest" by
    distance; a `ranking` of its own replaces both."""

    name: str
    space: Embedding
    apex: str = "query"
    nearest: bool = False
    ranking: Ranking | None = None

    def over(self, direction: str, pool: Rows) -> Scorer:
        """Scores the items of a pool for queries."""
        if self.ranking is not None:
            return self.ranking(direction, pool)
        index, kind = Index(self.space.take(pool)), "nearest" if self.nearest else direction
        return lambda queries: index.scores(self.space.take(queries), apex=self.apex, task=kind)

    def best(self, direction: str) -> float:
        """The score of an angle or distance of 0: that value is best − score. 0 for a ranking of its own."""
        return 0.0 if self.ranking is not None else worst("nearest" if self.nearest else direction, self.apex)

    def largest(self, direction: str) -> float | None:
        """The largest angle or distance there can be; None for a ranking of its own, whose values have no unit."""
        if self.ranking is not None:
            return None
        if not self.nearest:
            return self.best(direction)
        # No two points are farther apart than over the origin.
        return math.pi if self.space.geometry == "cosine" else max(2 * float(self.space.radii.max()), 1e-6)


@dataclass(frozen=True, eq=False)
class Reading:
    """One meaning of "correct". relevant: query rows (b,) → (b, P) bool over the pool.  measures: the metrics per query.
    curve: whether precision and recall are swept over the threshold."""

    name: str
    relevant: Relevance
    measures: tuple[Measure, ...]
    curve: bool = True

    def values(self, rows: Rows, order: metrics.Order, hits: metrics.Hits) -> Named:
        """All metrics of a block of rankings."""
        return {name: value for one in self.measures for name, value in one.values(rows, order, hits).items()}

    def chance(self, rows: Rows, inside: NDArray[np.bool_]) -> tuple[Named, Candidates]:
        """All metrics of a block of queries under a random ranking of their pools, inside (b, P), and what these hold."""
        candidates = Candidates(inside, self.relevant(rows) & inside)
        return {name: value for one in self.measures for name, value in one.chance(rows, candidates).items()}, candidates


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
        scorer = score.over(self.direction, self.pool)
        for part in self.spans(queries) if parts is None else parts:
            out = np.empty((part.stop - part.start, len(self.pool)), np.float32)
            for inner, scores in scorer(queries[part]):
                out[inner] = scores
            self.leave_out(out, queries[part])
            yield part, out

    def spans(self, queries: Rows) -> list[slice]:
        """The queries cut into blocks of about `CELLS` scores."""
        height = max(1, CELLS // max(len(self.pool), 1))
        return [slice(start, min(start + height, len(queries))) for start in range(0, len(queries), height)]

    def inside(self, rows: Rows) -> NDArray[np.bool_]:
        """(b, P) which of the pool each query may retrieve."""
        scores = np.zeros((len(rows), len(self.pool)), np.float32)
        self.leave_out(scores, rows)
        inside: NDArray[np.bool_] = scores == 0
        return inside

    def leave_out(self, scores: Floats, rows: Rows) -> None:
        """Set the scores of candidates outside a query's own pool to −inf: the query itself."""
        leave_out_itself(scores, rows, self.pool)


def leave_out_itself(scores: Floats, rows: Rows, pool: Rows) -> None:
    """Set the score of each query's own column, where the pool has one, to −inf: not in its pool."""
    column = np.minimum(np.searchsorted(pool, rows), len(pool) - 1)
    in_pool = pool[column] == rows
    scores[np.flatnonzero(in_pool), column[in_pool]] = -np.inf


def scores_of(
    embedding: Embedding, direction: str, *, apex: str, baselines: bool, rankings: Mapping[str, Ranking] | None = None
) -> list[Score]:
    """The embedding's own score for a task of that direction first, then the baselines from the same vectors, then the
    rankings by name, which "nearest" has none of."""
    nearest = direction == "nearest"
    cosine = Score("cosine", replace(embedding, geometry="cosine", curv=1.0), "query", nearest)
    distance = Score("distance", embedding, "query", nearest=True)
    geometric = [distance] if nearest else [Score("angle", embedding, apex), distance]
    compared = [geometric[0], cosine, *geometric[1:]] if baselines else geometric[:1]
    scores = [cosine] if embedding.geometry == "cosine" else compared
    named = {} if nearest or rankings is None else rankings
    return [*scores, *(Score(name, embedding, ranking=ranking) for name, ranking in named.items())]


def listed_ranking(embedding: Embedding, retrieval: Retrieval, whole: NDArray[np.bool_] | None = None) -> Ranking:
    """The order in which a search lists its answers: what the cones hold first, by the checkpoint's ranking.

    whole: (N,) which items are whole pictures, see `Cones.holds`; queries for parents are boxes.
    """

    def over(direction: str, pool: Rows) -> Scorer:
        candidates = embedding.take(pool)
        general = None if whole is None else whole[pool]
        return lambda queries: retrieval_scores(candidates, embedding.take(queries), retrieval, task=direction, whole=general)

    return over


def all_rankings(
    embedding: Embedding, retrieval: Retrieval | None, rankings: Mapping[str, Ranking] | None, whole: NDArray[np.bool_]
) -> dict[str, Ranking]:
    """The rankings given by name, and with a retrieval the one that its answers are listed by, last. whole: see `listed_ranking`."""
    return dict(rankings or {}) | ({LISTED: listed_ranking(embedding, retrieval, whole)} if retrieval else {})


def choose_queries(rows: Rows, limit: int | None, seed: int) -> Rows:
    """All rows, or `limit` of them drawn by the seed, ascending."""
    if limit is None or limit >= len(rows):
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, size=limit, replace=False))

"""How much a layout lies: drawn places against true ones, as a score of the whole and as a number per point.

A layout keeps every radius and projects the direction onto an angle, so a drawn point is a point of the hyperbolic
plane (or of the flat plane, in `euclidean` geometry): angle as drawn, radius as it is. Everything here compares
distances and cones in that plane with those in all dimensions. How the radius is stretched for the screen plays no part.

Beside each score stands its chance: what the same points score with their angles exchanged at random. As the radii are true in any layout,
that is far from nothing: two points near the rim are far apart wherever they are drawn.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Cones, as_cones
from hypviz.search.scoring import ranking_value
from hypviz.storage.json_types import Json

PAIRS = 20_000
NEIGHBOURHOOD = 15
POINTS = 1500
"""Points among which trustworthiness is taken: it needs all their distances."""
QUERIES = 200
CANDIDATES = 20_000
"""Items that cone agreement looks for members among."""
LANDMARKS = 64
BLOCK_CELLS = 1 << 19
SHUFFLE = 1
"""Sets the seed of the exchanged angles apart from that of the samples."""


@dataclass(frozen=True)
class Chance:
    """What the scores of the same name in `Honesty` are with the angles of all points exchanged at random, once, by a seed.

    On the demo what three seeds give lies within 0.07 of each other.
    """

    trustworthiness: float | None
    rank_correlation: float | None
    cone_agreement: float | None
    cone_purity: float | None


@dataclass(frozen=True)
class Honesty:
    """Scores of one layout, each best at 1; None where the data are too few to say.

    trustworthiness: in [0, 1], over `points` items (Venna and Kaski, 2001): whether drawn neighbours are true ones.
    rank_correlation: Spearman in [−1, 1] of true and drawn distances over `pairs` pairs.
    cone_agreement: of the items in a true cone, the share inside the drawn one; mean over `queries` items with a
    member.  cone_purity: of the items in a drawn cone, the share inside the true one.  candidates: items looked at
    for members.  chance: what the first four would be by luck.
    """

    trustworthiness: float | None
    rank_correlation: float | None
    cone_agreement: float | None
    cone_purity: float | None
    points: int
    pairs: int
    queries: int
    candidates: int
    chance: Chance

    def to_json(self) -> Json:
        """JSON-ready; "chance" holds four numbers of the same names."""
        return asdict(self)


def measure(embedding: Embedding, angles: NDArray[np.floating], *, omega: float | Cones, seed: int = 0) -> Honesty:
    """All scores from seeded samples, with their chance. angles: (N,) radians.  omega: half-angle of the cones in radians, or the cones by
    level."""
    rng = np.random.default_rng(seed)
    some = np.sort(rng.permutation(len(embedding))[:POINTS])
    pool = np.sort(rng.permutation(len(embedding))[:CANDIDATES])
    queries = rng.permutation(len(pool))[:QUERIES]
    true = distances(embedding.take(some))

    def scores(placed: NDArray[np.floating]) -> tuple[Chance, int, int]:
        plane = plane_of(embedding, placed)
        correlation, pairs = rank_correlation(embedding, plane, seed=seed)
        agreement, purity, counted = cone_agreement(embedding.take(pool), plane.take(pool), queries, omega=omega)
        return Chance(trustworthiness(true, distances(plane.take(some))), correlation, agreement, purity), pairs, counted

    (drawn, pairs, counted), (chance, _, _) = scores(angles), scores(shuffled(angles, seed))
    return Honesty(**asdict(drawn), points=len(some), pairs=pairs, queries=counted, candidates=len(pool), chance=chance)


def shuffled(angles: NDArray[np.floating], seed: int = 0) -> NDArray[np.floating]:
    """(N,) the same angles, each at another point: a layout that knows nothing of the directions."""
    return np.random.default_rng([seed, SHUFFLE]).permutation(angles)


def plane_of(embedding: Embedding, angles: NDArray[np.floating]) -> Embedding:
    """The drawn points as an embedding in two dimensions: same radii, same curvature."""
    turned = np.asarray(angles, np.float64)
    return Embedding(
        np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32), embedding.radii, embedding.curv, embedding.geometry
    )


def rank_correlation(embedding: Embedding, plane: Embedding, *, pairs: int = PAIRS, seed: int = 0) -> tuple[float | None, int]:
    """Spearman correlation of true and drawn distances over random pairs, and how many pairs; None without a spread."""
    from scipy.stats import spearmanr

    if len(embedding) < 3:
        return None, 0
    first, second = np.random.default_rng(seed).integers(0, len(embedding), (2, pairs))
    first, second = first[first != second], second[first != second]
    both = [_paired_distance(space, first, second) for space in (embedding, plane)]
    if min(np.ptp(column) for column in both) == 0:
        return None, len(first)
    return float(spearmanr(*both).statistic), len(first)


def distances(embedding: Embedding) -> NDArray[np.float32]:
    """(N, N) distances of the embedding's geometry."""
    directions = np.asarray(embedding.directions, np.float32)
    return ranking_value(directions @ directions.T, embedding.radii[:, None], embedding.radii, space=embedding, task="nearest")


def trustworthiness(true: NDArray[np.floating], drawn: NDArray[np.floating], neighbours: int = NEIGHBOURHOOD) -> float | None:
    """Venna and Kaski's trustworthiness of drawn against true distances, both (n, n): 1 − 2/(nk(2n − 3k − 1)) Σ (r − k).

    The sum runs over the k drawn neighbours of each point that are not among its k true ones; r is their true rank.
    None for fewer than 3k + 2 points, where it is not defined.
    """
    count = len(true)
    if count < 3 * neighbours + 2:
        return None
    np.fill_diagonal(true := true.copy(), -1.0)  # a point comes before all others, whatever rounding says
    np.fill_diagonal(drawn := drawn.copy(), -1.0)
    rank = np.empty(true.shape, np.int32)
    np.put_along_axis(rank, np.argsort(true, axis=1, kind="stable"), np.arange(count, dtype=np.int32)[None], axis=1)
    near = np.argsort(drawn, axis=1, kind="stable")[:, 1 : neighbours + 1]
    excess = np.maximum(np.take_along_axis(rank, near, axis=1) - neighbours, 0).sum()
    return float(1 - 2 * excess / (count * neighbours * (2 * count - 3 * neighbours - 1)))


def cone_agreement(
    embedding: Embedding, plane: Embedding, queries: NDArray[np.integer], *, omega: float | Cones
) -> tuple[float | None, float | None, int]:
    """Mean share of true cone members that lie in the drawn cone, of drawn ones in the true cone, and queries counted.

    queries: rows whose cones are compared; those with no true member do not count, and
    one with no drawn member has purity 0.
    """
    agreement: list[float] = []
    purity: list[float] = []
    height = max(1, BLOCK_CELLS // len(embedding))
    for start in range(0, len(queries), height):
        part = np.asarray(queries[start : start + height])
        true, drawn = (_cones(space, part, omega) for space in (embedding, plane))
        both = np.count_nonzero(true & drawn, axis=1)
        members, shown = np.count_nonzero(true, axis=1), np.count_nonzero(drawn, axis=1)
        some = members > 0
        agreement.extend(both[some] / members[some])
        purity.extend(both[some] / np.maximum(shown[some], 1))
    if not agreement:
        return None, None, 0
    return float(np.mean(agreement)), float(np.mean(purity)), len(agreement)


def point_distortion(
    embedding: Embedding, angles: NDArray[np.floating], rows: NDArray[np.integer] | None = None, *, seed: int = 0
) -> NDArray[np.float32]:
    """(n,) in [0, 1] for `rows` (None: all): 1 − Spearman of a point's true and drawn distances to fixed landmarks.

    0 where the layout keeps the order of all distances, 1 where it keeps nothing of it (or reverses it). The
    landmarks are up to 64 items drawn by `seed`; 0 for everything when there are fewer than three.
    """
    chosen = np.arange(len(embedding)) if rows is None else np.asarray(rows, np.int64)
    marks = np.sort(np.random.default_rng(seed).permutation(len(embedding))[:LANDMARKS])
    if len(marks) < 3:
        return np.zeros(len(chosen), np.float32)
    plane = plane_of(embedding, angles)
    distortion = np.empty(len(chosen), np.float32)
    height = max(1, BLOCK_CELLS // len(marks))
    for start in range(0, len(chosen), height):
        part = chosen[start : start + height]
        ranks = [_ranks(_between(space, part, marks)) for space in (embedding, plane)]
        distortion[start : start + len(part)] = 1 - _correlation(*ranks)
    return np.clip(distortion, 0, 1)


def _cones(space: Embedding, queries: NDArray[np.integer], omega: float | Cones) -> NDArray[np.bool_]:
    """(b, N) membership in the cones of the queries, their own place left out."""
    directions = np.asarray(space.directions, np.float32)
    angle = ranking_value(directions[queries] @ directions.T, space.radii[queries, None], space.radii, space=space, task="children")
    inside = as_cones(omega).holds(angle, space.radii[queries, None], space.radii)
    inside[np.arange(len(queries)), queries] = False
    return inside


def _between(space: Embedding, rows: NDArray[np.integer], marks: NDArray[np.integer]) -> NDArray[np.float32]:
    cosine = np.asarray(space.directions[rows], np.float32) @ np.asarray(space.directions[marks], np.float32).T
    return ranking_value(cosine, space.radii[rows, None], space.radii[marks], space=space, task="nearest")


def _paired_distance(space: Embedding, first: NDArray[np.integer], second: NDArray[np.integer]) -> NDArray[np.float32]:
    one, other = (np.asarray(space.directions[rows], np.float32) for rows in (first, second))
    cosine: NDArray[np.float32] = np.einsum("nd,nd->n", one, other)
    return ranking_value(cosine, space.radii[first], space.radii[second], space=space, task="nearest")


def _ranks(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Rank of each value within its row, centred on 0; ties in order of the column."""
    count = values.shape[1]
    ranks = np.empty(values.shape, np.float32)
    order = np.argsort(values, axis=1, kind="stable")
    np.put_along_axis(ranks, order, (np.arange(count, dtype=np.float32) - (count - 1) / 2)[None], axis=1)
    return ranks


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Correlation of centred ranks, row by row."""
    size = float((a[0] ** 2).sum()) if len(a) else 1.0
    result: NDArray[np.float32] = np.einsum("nk,nk->n", a, b) / size
    return result

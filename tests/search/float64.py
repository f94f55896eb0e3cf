"""Rankings of everything in float64, by formulas that the searches do not use."""

from __future__ import annotations

import math

import numpy as np

from hypviz.search.answers import Query
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index
from hypviz.search.retrieval import Ranking, Retrieval
from hypviz.search.scoring import APEXES

RANKINGS = [Ranking(apex=apex) for apex in APEXES] + [Ranking("angle + cosine", apex, 2.0) for apex in APEXES]
RANKINGS += [Ranking("cosine"), Ranking("distance")]
RADII = {
    "spread": lambda rng, n: rng.uniform(0.3, 3, n),
    "decades": lambda rng, n: 10 ** rng.uniform(-6, 1, n),
    "steps, some at the root": lambda rng, n: np.round(rng.uniform(0, 3, n)),
    "ascending": lambda rng, n: np.sort(rng.exponential(1, n)),
    "nearly alike": lambda rng, n: 1 + 1e-3 * rng.standard_normal(n),
}


def world(count: int, dims: int, seed: int, radii: str, *, geometry: str, narrow: float = 0.0) -> Embedding:
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((count, dims)) + narrow * rng.standard_normal(dims)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return Embedding(directions.astype(np.float32), RADII[radii](rng, count).astype(np.float32), 0.7, geometry)


def angles(e: Embedding, query: Query) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ext(query, items), ext(items, query) and cosines in float64, from the half-angle between the directions."""
    u, w = e.directions.astype(np.float64), query.direction.astype(np.float64)
    u, w = u / np.linalg.norm(u, axis=1, keepdims=True), w / np.linalg.norm(w)
    half = np.arcsin(np.minimum(np.linalg.norm(u - w, axis=1) / 2, 1))
    sine, versine = np.sin(2 * half), 2 * np.sin(half) ** 2

    def ext(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        if e.geometry == "euclidean":
            return np.arctan2(b * sine, b - a - versine * b)
        return np.arctan2(np.sinh(b) * sine, np.sinh(b - a) - versine * np.cosh(a) * np.sinh(b))

    if e.geometry == "cosine":
        return 2 * half, 2 * half, 1 - versine
    scale = math.sqrt(e.curv) if e.geometry == "hyperbolic" else 1.0
    own, radius = np.full(len(e), scale * float(np.float32(query.radius))), scale * e.radii.astype(np.float64)
    return ext(own, radius), ext(radius, own), 1 - versine


def value(e: Embedding, query: Query, ranking: Ranking, task: str) -> np.ndarray:
    at_query, at_item, cosine = angles(e, query)
    q, r = float(np.float32(query.radius)), e.radii.astype(np.float64)
    if ranking.by == "cosine":
        return -cosine
    if ranking.by == "distance":
        if e.geometry == "cosine":
            return np.arccos(np.clip(cosine, -1, 1))
        if e.geometry == "euclidean":
            return np.sqrt((q - r) ** 2 + 2 * q * r * (1 - cosine))
        k = math.sqrt(e.curv)
        return 2 / k * np.arcsinh(np.sqrt(np.sinh(k * (q - r) / 2) ** 2 + np.sinh(k * q) * np.sinh(k * r) * (1 - cosine) / 2))
    if e.geometry != "cosine":
        at_query, at_item = (at_query, np.pi - at_item) if task == "children" else (np.pi - at_query, at_item)
    angle = {"query": at_query, "candidate": at_item, "sum": at_query + at_item}[ranking.apex]
    return angle - ranking.weight * cosine if ranking.by == "angle + cosine" else angle


def apart(e: Embedding, query: Query) -> np.ndarray:
    """Which items do not coincide with the query, whose angle is a convention, and are not it."""
    at_one = np.abs(e.radii - query.radius) <= 2e-5 * np.maximum(e.radii, query.radius)
    return ~((angles(e, query)[2] >= 1 - 2e-5) & at_one)


def queries_of(index: Index, seed: int, count: int) -> list[Query]:
    rng = np.random.default_rng(seed)
    rows = [index.query(int(row)) for row in rng.integers(0, len(index), count)]
    direction = rng.standard_normal(index.embedding.directions.shape[1]).astype(np.float32)
    return [*rows, Query(direction / np.float32(np.linalg.norm(direction)), 0.9), Query(rows[0].direction, 0.0)]


def check(e: Embedding, query: Query, rows: np.ndarray, exact: np.ndarray, allowed: np.ndarray, limit: int) -> None:
    expected = np.sort(exact[allowed])[:limit]
    assert allowed[rows].all() and len(np.unique(rows)) == len(rows) == len(expected)
    np.testing.assert_allclose(np.sort(exact[rows]), expected, atol=1e-6, rtol=0)


def held(e: Embedding, query: Query, retrieval: Retrieval, whole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N,) what lies in the query's cone, whole pictures too, and (N,) what its parents are."""
    cones, own = retrieval.cones, np.float32(query.radius)
    at_query, at_item, _ = angles(e, query)
    others = np.arange(len(e)) != (-1 if query.row is None else query.row)
    inside = (at_query <= cones.at(own)) & ((e.radii > own) | (not cones.outward)) & others
    if retrieval.parents_at == "candidate":
        holding = (at_item <= cones.at(e.radii)) & ((own > e.radii) | whole | (not cones.outward)) & others
    else:
        holding = ((at_query if e.geometry == "cosine" else np.pi - at_query) <= retrieval.parents_omega) & others
    if query.row is not None and whole[query.row]:
        holding[:] = False
    return inside, holding

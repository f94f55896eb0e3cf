"""Words on the way to the root: MERU's traversal (Desai et al., ICML 2023, §5.3) over a pool of embedded texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hypviz.config import check_range
from hypviz.errors import DataError, SettingsError
from hypviz.geometry import cosine_matrix, distance_from_cosine, exterior_angle_from_cosine, half_aperture
from hypviz.search.answers import Query
from hypviz.search.embedding import Embedding

ROOT = -1
"""The row that stands for the root itself, which is always in the pool and entails everything."""

COINCIDENT = 2e-3
"""Distance below which two float32 points are one: their cosine resolves angles to 4e-4."""


@dataclass(frozen=True)
class Stop:
    """A text met on the way.  row: in the pool, or ROOT.  start, stop: the radii between which it is the nearest, outermost first."""

    row: int
    start: float
    stop: float


def words_to_root(pool: Embedding, query: Query, *, steps: int = 50, k: float = 0.1) -> list[Stop]:
    """The texts met from a query to the root, outermost first, each once.

    pool: (N, D) hyperbolic, the texts. At each of `steps` equally spaced points of the geodesic from the query to the origin, ends
    included, the nearest text counts among those whose cone of half-aperture asin(2k / sinh r) holds the point; the root is one
    of them always. DataError for another geometry or dimension, SettingsError for fewer than 2 steps.
    """
    check_range("steps", steps, 2, 1e6)
    if pool.geometry != "hyperbolic":
        raise SettingsError(f"A {pool.geometry} model has no root to walk to; the way through words needs a hyperbolic one.")
    if query.direction.shape != (pool.directions.shape[1],):
        dims = pool.directions.shape[1]
        raise DataError(f"The query has the shape {query.direction.shape}, the words {dims} dimensions; embed both with the same model.")
    way = np.linspace(query.radius, 0.0, int(steps))
    cosine = cosine_matrix(np.asarray(pool.directions, np.float64), np.asarray(query.direction, np.float64)[None])  # (N, 1)
    word = np.asarray(pool.radii, np.float64)[:, None]
    apart = np.asarray(distance_from_cosine(cosine, word, way[None], curv=pool.curv))  # (N, steps)
    outside = exterior_angle_from_cosine(cosine, word, way[None], curv=pool.curv) > half_aperture(word, curv=pool.curv, k=k)
    outside &= apart > COINCIDENT  # a text at the very point has no angle there; it entails itself
    outside |= word == 0  # where a text lies at the root, the root is meant
    apart = np.concatenate([np.where(outside, np.inf, apart), way[None]])  # the root last: its distance is the radius itself
    nearest = np.argmin(apart, axis=0)
    return _stops(np.where(nearest == len(pool), ROOT, nearest), way)


def _stops(rows: np.ndarray, way: np.ndarray) -> list[Stop]:
    """Each text once, with the span of the way over which it was met."""
    stops: dict[int, Stop] = {}
    for row, radius in zip(rows.tolist(), way.tolist(), strict=True):
        stops[row] = Stop(row, stops[row].start if row in stops else radius, radius)
    return list(stops.values())

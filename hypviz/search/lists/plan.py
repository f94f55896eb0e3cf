"""What lists there will be, decided from a sample: centroids of directions, and the range of the residuals' codes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import DataError
from hypviz.search.embedding import Embedding
from hypviz.search.lists import engine
from hypviz.search.lists.engine import Codes
from hypviz.search.scoring import Floats
from hypviz.search.shells import ODD

PER_CENTROID = 256
"""Items for each centroid, where there are few: less, and finding lists costs more than reading them."""
PER_ROOT = 4.0
"""Centroids over √N, at most: a query meets each, and making the lists costs N times as many products."""
SAMPLED = 40
"""Items for each centroid in the sample that they are made from."""
RESIDUALS = 1 << 16
"""Residuals from which the range of the codes is taken."""
ROOM = 1.05
"""How much wider the range of the codes, and the largest error of one, is than in the sample."""
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Plan:
    """centroids: (K, D) float32, of unit length.  codes: of residuals.  error: above which an item gets no code.  mark: names the
    embedding."""

    centroids: Floats
    codes: Codes
    error: float
    mark: str

    def write(self, path: Path) -> None:
        """Keep it for a run that goes on."""
        with path.open("wb") as file:
            np.savez(file, centroids=self.centroids, ends=self.codes.ends, error=self.error, mark=self.mark)

    @classmethod
    def read(cls, path: Path) -> Plan:
        """A plan that was written."""
        with np.load(path) as plan:
            return cls(plan["centroids"], Codes(*np.split(plan["ends"], 2)), float(plan["error"]), str(plan["mark"]))


def make_plan(embedding: Embedding, mark: str, seed: int) -> Plan:
    """Look at a sample; DataError where there is no direction of unit length in it."""
    rng, items = np.random.default_rng(seed), len(embedding)
    count = max(1, math.ceil(min(items / PER_CENTROID, PER_ROOT * math.sqrt(items))))
    size = min(items, max(SAMPLED * count, RESIDUALS))
    rows = np.arange(items) if size == items else np.unique(rng.integers(0, items, size))
    x = np.asarray(embedding.directions[rows], np.float32)
    x = x[np.abs(np.linalg.norm(x, axis=1) - 1) <= ODD]  # false where it is no number
    if not len(x):
        raise DataError("No direction is a unit vector: there is nothing to make lists of.")
    centroids = engine.centroids(x, min(count, len(x)), seed, SAMPLED)
    some = x if len(x) <= RESIDUALS else x[rng.choice(len(x), RESIDUALS, replace=False)]
    residuals = some - centroids[engine.closest(some, centroids)]
    low, high = residuals.min(axis=0), residuals.max(axis=0)
    width = np.maximum(ROOM * (high - low), np.float32(1e-6)).astype(np.float32)
    codes = Codes((low + high - width) / 2, width)
    error = np.linalg.norm(residuals.astype(np.float64) - codes.decode(codes.encode(residuals)), axis=1)
    return Plan(centroids, codes, ROOM * float(error.max()), mark)

"""Points for the tests of searching."""

from __future__ import annotations

import numpy as np

from hypviz.search.embedding import Embedding


def cloud(count: int, dim: int = 4, *, seed: int = 0, curv: float = 0.7, geometry: str = "hyperbolic") -> Embedding:
    """`count` points in random directions at radii between 0.2 and 4, the same for the same seed."""
    rng = np.random.default_rng(seed)
    directions = rng.standard_normal((count, dim))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return Embedding(directions.astype(np.float32), rng.uniform(0.2, 4, count).astype(np.float32), curv, geometry)

"""An embedding: a unit direction and a radius per item. Angle, distance, cone and disk all follow from these two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import DataError

GEOMETRIES = ("hyperbolic", "euclidean", "cosine")


@dataclass(frozen=True, eq=False)
class Embedding:
    """N embedded items.

    directions: (N, D) float32, unit tangent vectors at the origin (may be memory-mapped).
    radii: (N,) float32, >= 0: ‖v‖, the geodesic distance to the origin in true units; the norm in `euclidean`.
    curv: > 0, the space has curvature −curv (1.0 and unused in the other geometries).
    geometry: "hyperbolic", "euclidean" (the `euc` baseline) or "cosine".
    """

    directions: NDArray[np.float32]
    radii: NDArray[np.float32]
    curv: float = 1.0
    geometry: str = "hyperbolic"

    def __post_init__(self) -> None:
        if self.directions.ndim != 2 or self.radii.shape != self.directions.shape[:1]:
            raise DataError(f"An embedding needs directions (N, D) and radii (N,), got {self.directions.shape} and {self.radii.shape}.")
        if not self.curv > 0:
            raise DataError(f"curv must be positive (curvature is −curv), got {self.curv}.")
        if self.geometry not in GEOMETRIES:
            raise DataError(f"geometry must be one of {', '.join(GEOMETRIES)}, got {self.geometry!r}.")
        if not np.isfinite(self.radii).all() or self.radii.min(initial=0.0) < 0:
            row = int(np.flatnonzero(~np.isfinite(self.radii) | (self.radii < 0))[0])
            raise DataError(f"Radii must be finite and >= 0; row {row} is {self.radii[row]}.")

    def __len__(self) -> int:
        return len(self.radii)

    def take(self, rows: NDArray[np.integer]) -> Embedding:
        """The embedding of some rows only."""
        return Embedding(np.asarray(self.directions[rows]), self.radii[rows], self.curv, self.geometry)

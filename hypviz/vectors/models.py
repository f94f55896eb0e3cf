"""Models of hyperbolic space that vectors come in, to and from unit directions and radii. Curvature −curv, curv > 0.

    lorentz        (N, D) space components x_s of the hyperboloid −x_t² + ‖x_s‖² = −1/curv
    lorentz-full   (N, 1 + D) time first, x_t > 0
    poincare       (N, D) in the ball of radius 1/√curv, as geoopt and most libraries have it
    poincare-unit  (N, D) in the ball of radius 1, whatever the curvature
    tangent        (N, D) at the origin, before the exponential map: the norm is the distance to the origin

Computed in float64; what is kept is float32, as every embedding here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypviz.config import check_choice
from hypviz.errors import DataError, SettingsError
from hypviz.geometry import from_polar, manifold_error, time_component, to_poincare, to_polar
from hypviz.search.embedding import Embedding
from hypviz.storage.json_types import Json

MODELS = ("lorentz", "lorentz-full", "poincare", "poincare-unit", "tangent")
AUTO = "auto"
TOLERANCE = {np.dtype(np.float64): 1e-6}
"""Largest relative error of x_t that counts as rounding; FLOAT32_TOLERANCE for all shorter types."""
FLOAT32_TOLERANCE = 1e-3
"""Float32 vectors that went through a few operations keep 3 digits of x_t and more."""
EDGE = 1e-5
"""How far inside the ball a point on or beyond its edge is put, as a share of its radius, when that is asked for."""
NAMED = 5
"""Rows named in a sentence about what is wrong."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Placed:
    """embedding: the vectors as directions and radii.  model, curv: what they were taken for.  off: the largest distance
    from the manifold, relative, and `worst` the row it is in.  moved: rows that were moved on to it."""

    embedding: Embedding
    model: str
    curv: float
    off: float
    worst: int
    moved: int

    def to_json(self) -> Json:
        """JSON-ready, without the vectors."""
        return {"model": self.model, "curv": self.curv, "off": self.off, "worst_row": self.worst, "moved": self.moved}


def place_vectors(
    vectors: ArrayLike, *, model: str = AUTO, curv: float | None = None, project: bool = False, where: str = "vectors"
) -> Placed:
    """Vectors (N, D) of a model, checked, as an embedding.

    model: one of MODELS; "auto" recognises full Lorentz vectors, whatever their curvature, and asks for all others.
    curv: None takes that of full Lorentz vectors from themselves, and 1 for the rest. project: move what lies off the
    manifold on to it, instead of refusing it. where: what to call them in a sentence.
    Raises DataError for what is no matrix of finite numbers or lies off the manifold, with how far and where.
    """
    check_choice("model", model, (AUTO, *MODELS))
    if curv is not None and not (isinstance(curv, (int, float, np.number)) and 0 < curv < math.inf):
        raise SettingsError(f"curv must be a positive number (the curvature is -curv), got {curv!r}.")
    matrix, tolerance = _checked(vectors, where)
    if model == AUTO:
        model = _recognised(matrix, curv, tolerance, where)
    if curv is None:
        curv = _own_curv(matrix, where) if model == "lorentz-full" else 1.0
    curv = float(curv)
    space, off, moved = _space(matrix, model, curv, tolerance=tolerance, project=project, where=where)
    if model == "tangent":
        radius = np.linalg.norm(space, axis=1)
        direction = np.divide(space, radius[:, None], out=np.zeros_like(space), where=radius[:, None] > 0)
    else:
        direction, radius = to_polar(space, curv=curv)
    direction[radius == 0] = np.eye(1, direction.shape[1])  # the origin has no direction; any will do
    embedding = Embedding(direction.astype(np.float32), radius.astype(np.float32), curv, "hyperbolic")
    worst = int(np.argmax(off))
    return Placed(embedding, model, curv, float(off[worst]), worst, moved)


def as_model(embedding: Embedding, model: str) -> NDArray[np.float32]:
    """Directions and radii as vectors of a model, float32; the inverse of `place_vectors`.

    SettingsError for a radius beyond what float32 of that model holds: the ball is full at about 16/√curv, the hyperboloid at 88.
    """
    check_choice("model", model, MODELS)
    if embedding.geometry != "hyperbolic":
        raise SettingsError(f"Vectors of a {embedding.geometry} model have no place in hyperbolic space; write them as they are.")
    direction, radius, curv = np.asarray(embedding.directions, np.float64), np.asarray(embedding.radii, np.float64), float(embedding.curv)
    if model == "tangent":
        return (direction * radius[:, None]).astype(np.float32)
    most = (16.0 if model.startswith("poincare") else 88.0) / math.sqrt(curv)
    if radius.max(initial=0.0) > most:
        row = int(np.argmax(radius))
        raise SettingsError(
            f"Row {row} lies {radius[row]:.3g} from the origin; {model} in float32 ends at {most:.3g}. Write tangent vectors."
        )
    space = from_polar(direction, radius, curv=curv)
    if model == "lorentz":
        return np.asarray(space, np.float32)
    if model == "lorentz-full":
        return np.concatenate([time_component(space, curv=curv)[:, None], space], axis=1).astype(np.float32)
    ball = to_poincare(space, curv=curv)
    return np.asarray(ball if model == "poincare-unit" else ball / math.sqrt(curv), np.float32)


def _checked(vectors: ArrayLike, where: str) -> tuple[Floats, float]:
    """As a float64 matrix (N, D), with the tolerance that its own type deserves."""
    array = np.asarray(vectors)
    if array.dtype.kind not in "fiu":
        raise DataError(f"{where} must hold numbers, got {array.dtype}.")
    if array.ndim != 2 or array.shape[0] < 1 or array.shape[1] < 2:
        raise DataError(f"{where} must be a matrix of at least 1 row and 2 columns (N, D), got the shape {array.shape}.")
    matrix = array.astype(np.float64)
    invalid = np.flatnonzero(~np.isfinite(matrix).all(axis=1))
    if len(invalid):
        raise DataError(
            f"{where}: {len(invalid):,} of {len(matrix):,} rows hold a number that is not finite ({_rows(invalid)}); leave them out."
        )
    return matrix, TOLERANCE.get(array.dtype, FLOAT32_TOLERANCE)


def _recognised(matrix: Floats, curv: float | None, tolerance: float, where: str) -> str:
    time, space = matrix[:, 0], matrix[:, 1:]
    square = time**2 - np.sum(space**2, axis=1)
    if matrix.shape[1] > 2 and (time > 0).all() and np.median(square) > 0:
        guess = 1 / float(np.median(square)) if curv is None else float(curv)
        if (manifold_error(matrix, curv=guess) <= tolerance).mean() > 0.5:
            return "lorentz-full"
    norm = np.linalg.norm(matrix, axis=1)
    ball = "inside a unit ball" if norm.max() < 1 else "not inside a unit ball"
    raise SettingsError(
        f"{where} ({len(matrix):,} × {matrix.shape[1]}, norms {norm.min():.3g} to {norm.max():.3g}, {ball}) could be of several models: "
        f"say which, one of {', '.join(MODELS)}, and the curvature, by --model and --curv, or in a file of the same name that ends in "
        '.json beside it: {"model": "poincare", "curv": 1}.'
    )


def _own_curv(matrix: Floats, where: str) -> float:
    """curv of full Lorentz vectors: the median of 1/(x_t² − ‖x_s‖²), over those near the origin, where it is exact."""
    near = np.argsort(np.abs(matrix[:, 0]))[: max(1, len(matrix) // 2)]
    square = float(np.median(matrix[near, 0] ** 2 - np.sum(matrix[near, 1:] ** 2, axis=1)))
    if square <= 0:
        raise DataError(f"{where}: x_t² − ‖x_s‖² is {square:.3g}, expected 1/curv > 0; time must be the first column of lorentz-full.")
    return 1 / square


def _space(matrix: Floats, model: str, curv: float, *, tolerance: float, project: bool, where: str) -> tuple[Floats, Floats, int]:
    """Space components (tangent vectors as they are), how far each row was off, and how many rows were moved."""
    none = np.zeros(len(matrix))
    if model in ("lorentz", "tangent"):  # any vector is one
        return matrix, none, 0
    if model == "lorentz-full":
        off = np.where(matrix[:, 0] > 0, manifold_error(matrix, curv=curv), np.inf)
        invalid = np.flatnonzero(off > tolerance)
        if len(invalid) and not project:
            raise DataError(_off_sheet(matrix, off, invalid, curv, tolerance, where))
        return np.ascontiguousarray(matrix[:, 1:]), np.where(np.isfinite(off), off, 0), len(invalid)
    ball = matrix * math.sqrt(curv) if model == "poincare" else matrix
    norm = np.linalg.norm(ball, axis=1)
    invalid = np.flatnonzero(norm >= 1)
    if len(invalid) and not project:
        raise DataError(_off_ball(norm, invalid, model, curv, where))
    inside = ball * np.where(norm >= 1, (1 - EDGE) / np.where(norm > 0, norm, 1), 1)[:, None]
    return _from_ball(inside, curv), np.maximum(norm - 1, 0), len(invalid)


def _from_ball(ball: Floats, curv: float) -> Floats:
    square = np.sum(ball**2, axis=1, keepdims=True)
    space: Floats = 2 * ball / (math.sqrt(curv) * (1 - square))
    return space


def _off_sheet(matrix: Floats, off: Floats, invalid: NDArray[np.int64], curv: float, tolerance: float, where: str) -> str:
    worst = int(invalid[np.argmax(off[invalid])])
    expected_time = math.sqrt(1 / curv + float(np.sum(matrix[worst, 1:] ** 2)))
    return (
        f"{where}: {len(invalid):,} of {len(matrix):,} rows are off the hyperboloid of curvature −{curv:g} ({_rows(invalid)}); the worst "
        f"is row {worst}, x_t {matrix[worst, 0]:.6g} where √(1/curv + ‖x_s‖²) is {expected_time:.6g} ({off[worst]:.2g} off, "
        f"{tolerance:g} allowed). Check the curvature and that time is the first column, or have them moved on to it."
    )


def _off_ball(norm: Floats, invalid: NDArray[np.int64], model: str, curv: float, where: str) -> str:
    radius = 1 / math.sqrt(curv) if model == "poincare" else 1.0
    worst = int(np.argmax(norm))
    return (
        f"{where}: {len(invalid):,} of {len(norm):,} rows are not inside the Poincaré ball of radius {radius:.6g} ({_rows(invalid)}); "
        f"the worst is row {worst}, norm {norm[worst] * radius:.6g} ({norm[worst] - 1:.2g} beyond the edge). Check the model and the "
        "curvature, or have them moved inside."
    )


def _rows(rows: NDArray[np.int64]) -> str:
    shown = ", ".join(map(str, rows[:NAMED]))
    return f"row {shown}" if len(rows) == 1 else f"rows {shown}{'…' if len(rows) > NAMED else ''}"

"""What the geometry needs of an array library, so that one code serves NumPy and torch.

The functions of this package take NumPy arrays or torch tensors (never both in one call) and give back the same kind.
half and bfloat16 are raised to float32 on entry; float32 and float64 stay as they are. torch is not imported here: a
caller that has a tensor has imported it already.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from array_api_compat import array_namespace, is_torch_array

Array = Any
"""A NumPy array or a torch tensor; the two share no base class."""


def working(*values: Array | float) -> tuple[Any, list[Array]]:
    """The common namespace of `values`, and the values as arrays of at least float32.

    A Python number takes the dtype and device of the first array among the values.
    """
    numbers = [isinstance(value, (bool, int, float)) and not hasattr(value, "dtype") for value in values]
    xp = array_namespace(*(value for value, number in zip(values, numbers, strict=True) if not number))
    raised = [None if number else raise_precision(xp, value) for value, number in zip(values, numbers, strict=True)]
    like = next(array for array in raised if array is not None)
    return xp, [full_like_number(xp, value, like) if array is None else array for value, array in zip(values, raised, strict=True)]


def full_like_number(xp: Any, number: Array | float, like: Array) -> Array:
    """The Python number as a 0-d array with the dtype and device of `like`."""
    return xp.asarray(number, dtype=like.dtype, device=like.device)


def is_low_precision(xp: Any, values: Array) -> bool:
    """True for the 16-bit float types."""
    return bool(xp.isdtype(values.dtype, "real floating")) and xp.finfo(values.dtype).bits < 32


def raise_precision(xp: Any, values: Array) -> Array:
    """16-bit floats as float32; integers as the library's default float; the rest as it is."""
    if not xp.isdtype(values.dtype, "real floating"):
        return xp.astype(values, xp.__array_namespace_info__().default_dtypes()["real floating"])
    return xp.astype(values, xp.float32) if is_low_precision(xp, values) else values


def unit(xp: Any, direction: Array) -> Array:
    """The directions (..., D) in working precision.

    Rounding a unit vector to 16 bits moves its norm by up to 0.4 %, so those are normalised again; the others are
    trusted.
    """
    if not is_low_precision(xp, direction):
        return raise_precision(xp, direction)
    raised = raise_precision(xp, direction)
    return raised / safe_norm(xp, raised).clip(xp.finfo(raised.dtype).tiny)[..., None]


def sqrt_curv(curv: Array | float) -> Array | float:
    """√curv: a float for a number, a tensor (with its gradient) for a tensor.

    Raises ValueError for a number that is not positive. The value of a tensor is not read: that would stall a GPU.
    """
    if is_torch_array(curv):
        xp = array_namespace(curv)
        return xp.sqrt(raise_precision(xp, curv))
    value = float(curv)
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"curv must be a positive number (the curvature is -curv), got {value}")
    return math.sqrt(value)


def stop_gradient(values: Array) -> Array:
    """The same numbers as constants; NumPy arrays always are."""
    return values.detach() if is_torch_array(values) else values


def scale_gradient(values: Array, weight: Array) -> Array:
    """`values` unchanged, their gradient multiplied by `weight`, which is taken as a constant."""
    if not is_torch_array(values) or not values.requires_grad:
        return values
    held = values.detach()
    return held + weight.detach() * (values - held)


def safe_sqrt(xp: Any, values: Array, floor: float) -> Array:
    """√values where they exceed `floor`, below it the straight line from 0 to √floor.

    Guards the infinite slope of the root at 0: the slope never exceeds 1/√floor.
    """
    below = values <= floor
    line = xp.where(below, values, xp.zeros_like(values)) / math.sqrt(floor)  # a large value would overflow where it is not used
    return xp.where(below, line, xp.sqrt(xp.where(below, xp.ones_like(values), values)))


def safe_norm(xp: Any, vectors: Array) -> Array:
    """Euclidean norm over the last axis, (..., D) → (...); no overflow of squares, gradient 0 at the zero vector."""
    largest = stop_gradient(xp.max(xp.abs(vectors), axis=-1, keepdims=True))
    # Guards 0/0: the zero vector is divided by 1.
    size = xp.where(largest > 0, largest, xp.ones_like(largest))
    square = xp.sum((vectors / size) ** 2, axis=-1)
    # A non-zero vector has a square in [1, D] here, so any floor below 1 only concerns the zero vector.
    return size[..., 0] * safe_sqrt(xp, square, xp.finfo(square.dtype).eps)


def pairwise_dot(xp: Any, rows: Array, columns: Array) -> Array:
    """rows (B, D) · columns (N, D) → (B, N), in the full precision of the operands.

    That is, also inside `torch.autocast` and after `torch.set_float32_matmul_precision("high")`: 1 − cos θ has no
    digits to spare, and one lost to bfloat16 or TF32 moves small angles by several degrees.
    """
    if not is_torch_array(rows):
        return xp.matmul(rows, xp.matrix_transpose(columns))
    torch = sys.modules["torch"]
    with torch.autocast(rows.device.type, enabled=False), _full_precision(torch, rows.device.type):
        return torch.matmul(rows, columns.mT)


@contextmanager
def _full_precision(torch: Any, device: str) -> Iterator[None]:
    """Products of float32 matrices without TF32 or bfloat16 inside; the setting of the process is put back after."""
    backend = {"cuda": torch.backends.cuda.matmul, "cpu": torch.backends.mkldnn.matmul}.get(device)
    before = getattr(backend, "fp32_precision", "ieee")
    if backend is None or before == "ieee":
        yield
        return
    backend.fp32_precision = "ieee"
    try:
        yield
    finally:
        backend.fp32_precision = before

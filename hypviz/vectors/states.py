"""Checkpoints that hold vectors: which entry they are, what they are called, and the entries of a file in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

STATES = ("model", "state_dict", "model_state_dict", "net", "weights")
"""Entries under which training programs keep their parameters."""


def checkpoint_parts(entries: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of a dict of tensors; parameters one level down join them where the vectors are not above.

    A checkpoint of poincare-embeddings (Nickel and Kiela) has them under `embeddings` or in the table `lt.weight`, in the order of
    the names under `objects`; its manifold stands in `conf`, and without one points inside the unit ball are its Poincaré ball.
    """
    parts = {name: value for name, value in entries.items() if not (name in STATES and isinstance(value, Mapping))}
    states = [value for name, value in entries.items() if name in STATES and isinstance(value, Mapping)]
    tables = {name: array for state in states for name, array in state.items() if np.ndim(array) == 2}
    if not any(np.ndim(value) == 2 for value in parts.values()):
        parts = {**tables, **parts}
    if "objects" in entries and "lt.weight" in tables and "model" not in parts:
        manifold = _manifold(entries.get("conf"), tables["lt.weight"])
        return {"curv": 1.0, **parts, "model": manifold} if manifold else parts
    return parts


def _manifold(conf: Any, table: Any) -> str | None:
    manifold = conf.get("manifold") if isinstance(conf, Mapping) else None
    if manifold is not None:
        return {"poincare": "poincare", "lorentz": "lorentz-full"}.get(str(manifold))
    inside = bool((np.linalg.norm(np.asarray(table, np.float64), axis=1) < 1).all())
    return "poincare" if inside else None


def in_words(entries: Mapping[str, Any], most: int) -> str:
    """The first entries of a file with their shapes, and how many more there are.

    >>> in_words({"a": np.zeros((2, 3)), "b": [1, 2], "c": "x"}, 2)
    'a (2 × 3), b (2 values) and 1 more'
    """
    shown = [f"{name[:40]}{_extent(value)}" for name, value in list(entries.items())[:most]]
    return ", ".join(shown) + (f" and {len(entries) - most} more" if len(entries) > most else "")


def _extent(value: Any) -> str:
    if isinstance(value, Mapping):
        return f" ({len(value)} entries)"
    if isinstance(value, (list, tuple)):
        return f" ({len(value)} values)"
    shape = np.shape(value)
    return f" ({' × '.join(map(str, shape))})" if shape else ""

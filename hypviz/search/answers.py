"""What a search is asked and what it answers, see `search.index`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import SettingsError
from hypviz.search.retrieval import checked_omega
from hypviz.search.scoring import Floats

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Ranked:
    """The answer to a search.

    rows: (k,) int64.  angle: (k,) float32 in radians, the exterior angle that decides about cones (at the query for children,
    at the candidate for parents), or the distance for `nearest`.  radius: (k,) float32.  total: how many items were inside
    the cone before the cut to `limit`.  rank: (k,) int64, 0 for the best by the checkpoint's ranking.  proof: "exact" from a scan of all
    items, "certified" where others are proven to be no better, "approximate" where better ones may be missing.  counted: whether `total`
    is exact; False where it is at least so many.
    """

    rows: Rows
    angle: Floats
    radius: Floats
    total: int
    rank: Rows
    proof: str = "exact"
    counted: bool = True

    @classmethod
    def none(cls) -> Ranked:
        """An answer without an item."""
        return cls(np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.float32), 0, np.empty(0, np.int64))


@dataclass(frozen=True, eq=False)
class Around:
    """All that lies around a query.

    children, parents: as `Index.children` and `Index.parents` give them.  members: (m,) rows inside the cone, ascending.
    scores: (m,) float32, what orders the members, smaller is better, see `Index.values_of`.
    closest: the smallest ext(query, item) in radians of the items that a cone of the query may hold, inside or not; None when there is
    none: none but the query itself, or none farther out where a child has to be.
    """

    children: Ranked
    parents: Ranked
    members: Rows
    scores: Floats
    closest: float | None


@dataclass(frozen=True, eq=False)
class Query:
    """What is searched for: direction (D,) float32 of unit length, radius >= 0, and `row` when it is an item of the
    index, which is then left out of its own results (None for an upload)."""

    direction: Floats
    radius: float
    row: int | None = None


def checked_limit(limit: int) -> int:
    """limit as given; SettingsError when it is below 1."""
    if not limit >= 1:
        raise SettingsError(f"limit must be at least 1, got {limit}.")
    return int(limit)


def optional_omega(omega: float | None) -> float | None:
    """omega as given, None for the calibrated one; SettingsError when it is no angle in (0, π]."""
    return None if omega is None else checked_omega(omega)


def without(rows: Rows, row: int | None) -> Rows:
    """The rows less one of them, where there is one to leave out."""
    return rows if row is None else rows[rows != row]

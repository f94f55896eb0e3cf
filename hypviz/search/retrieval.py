"""What a checkpoint's answers mean: how wide its cones are, and what their members are ranked by.

One meaning everywhere (page, commands, API, metrics):

- **y is a child of x, and x a parent of y**, when ext(x, y) <= ω(r_x) and, where `Cones.outward` says so, r_y > r_x. ω may
  differ from level to level: shells of the radius, each with its own half-angle, because a scene holds much of a data set
  and a wheel nothing.
- What the data say is not asked of the radius: a whole picture is never listed as a child, and as a parent of a box it need not
  lie farther in.
- **Children and parents are ranked** by what validation found best for each of the two directions: an angle (apex at the
  query, at the candidate, or both summed), the cosine or the distance, or the angle with λ times the cosine. An angle alone
  is a poor ranking on photographs: it favours what lies near the root, or far from it, whatever it shows [R]. What whole pictures hold
  may have a ranking of its own: their contents are found by likeness, the parts of an object by the angle [R].

Both are our readings: the paper ranks by the angle and sweeps one threshold.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypviz.config import check_choice, check_range, from_mapping
from hypviz.errors import SettingsError
from hypviz.search.embedding import Embedding
from hypviz.search.near import Ends
from hypviz.search.scoring import APEXES, Floats, ranking_value

BY = ("angle", "cosine", "distance", "angle + cosine")
MAX_ANGLE = float(np.float32(np.pi))
"""π as float32 rounds it, which is up: a stored π must stay valid."""


@dataclass(frozen=True)
class Ranking:
    """What one direction of retrieval is ranked by."""

    by: str = "angle"
    """"angle": of the exterior angle, as in the paper; "cosine" of the directions; geodesic "distance"; or "angle + cosine":
    the angle less `weight` times the cosine."""
    apex: str = "query"
    """Where the angle is measured: at the "query", at the "candidate", or the "sum" of both."""
    weight: float = 0.0
    """λ >= 0, radians: how much a cosine of 1 counts, for "angle + cosine" alone."""

    def __post_init__(self) -> None:
        check_choice("by", self.by, BY)
        check_choice("apex", self.apex, APEXES)
        check_range("weight", self.weight, 0.0, 1e6)

    def values(
        self, cosine: Floats, query_radius: Floats, radius: Floats, *, space: Embedding, task: str, ends: Ends | None = None
    ) -> Floats:
        """What to rank by, smaller is better; cosine and radii broadcast.  task: "children" or "parents" of the query.  ends: as in
        `scoring.ranking_value`."""
        if self.by == "cosine":
            shape = np.broadcast_shapes(cosine.shape, np.shape(query_radius), np.shape(radius))
            return np.broadcast_to(-cosine, shape)
        if self.by == "distance":
            return ranking_value(cosine, query_radius, radius, space=space, task="nearest")
        angle = ranking_value(cosine, query_radius, radius, space=space, task=task, apex=self.apex, ends=ends)
        return angle - np.float32(self.weight) * cosine if self.by == "angle + cosine" else angle

    def describe(self) -> str:
        """In words, for a card or a caption.

        >>> Ranking("angle + cosine", "sum", 3.0).describe()
        'angle at both ends, with 3 × cosine'
        """
        at = {"query": "angle at the query", "candidate": "angle at the candidate", "sum": "angle at both ends"}[self.apex]
        return {"cosine": "cosine", "distance": "distance", "angle": at}.get(self.by, f"{at}, with {self.weight:g} × cosine")


@dataclass(frozen=True)
class Cones:
    """How wide the cones are: the half-angle of every shell of the radius.

    limits: (L − 1,) radii between the shells, ascending, in true units; a radius on a limit belongs to the outer shell.
    omegas: (L,) half-angles in radians, in (0, π].  outward: a child lies farther out than its parent.
    SettingsError for numbers that are none of this.
    """

    omegas: tuple[float, ...] = (0.5,)
    limits: tuple[float, ...] = ()
    outward: bool = False

    def __post_init__(self) -> None:
        if len(self.omegas) != len(self.limits) + 1:
            raise SettingsError(f"Cones of {len(self.omegas)} levels need one limit less than levels, got {len(self.limits)} limits.")
        for omega in self.omegas:
            checked_omega(omega)
        if not all(low < high for low, high in zip((0.0, *self.limits), (*self.limits, math.inf), strict=True)):
            raise SettingsError(f"limits must be radii above 0 in ascending order, got {self.limits}.")

    def level(self, radius: ArrayLike) -> NDArray[np.int64]:
        """The shells of these radii, 0 … L − 1, of their shape."""
        return np.searchsorted(np.asarray(self.limits, np.float32), np.asarray(radius, np.float32), side="right")

    def at(self, radius: ArrayLike) -> NDArray[np.float32]:
        """ω of apexes with these radii, of their shape."""
        omegas = np.asarray(self.omegas, np.float32)
        return omegas[self.level(radius)]

    def holds(
        self,
        angle: NDArray[np.floating],
        apex_radius: ArrayLike,
        radius: ArrayLike,
        *,
        omega: ArrayLike | None = None,
        general: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.bool_]:
        """Whether items lie in the cones: ext(apex, item) <= ω and, if `outward`, farther out; everything broadcasts.

        omega: half-angle to use instead of the calibrated one.  general: apexes that are known to be more general, such as whole
        pictures above boxes, of which `outward` is not asked.
        """
        inside: NDArray[np.bool_] = angle <= (self.at(apex_radius) if omega is None else np.asarray(omega, np.float32))
        if not self.outward:
            return inside
        farther = np.asarray(radius) > np.asarray(apex_radius)
        return inside & (farther if general is None else farther | general)

    @property
    def widest(self) -> float:
        """The largest half-angle."""
        return max(self.omegas)


@dataclass(frozen=True)
class Retrieval:
    """The cones and the rankings of a checkpoint; the defaults are the paper's angle with one threshold for each direction."""

    children: Ranking = field(default_factory=Ranking)
    parents: Ranking = field(default_factory=Ranking)
    cones: Cones = field(default_factory=Cones)
    parents_at: str = "query"
    """"candidate": parents are the items whose cones hold the query. "query", for models without calibrated levels (own vectors,
    published models, older checkpoints): the items with π − ext(query, item) <= parents_omega."""
    parents_omega: float = 0.5
    """In radians, for parents_at "query"."""
    contents: Ranking | None = None
    """What the children of queries in the innermost of several shells of `cones` are ranked by, which is where whole pictures lie; None:
    by `children`, as all others."""

    def __post_init__(self) -> None:
        check_choice("parents_at", self.parents_at, ("query", "candidate"))
        checked_omega(self.parents_omega)

    def ranking(self, task: str, radius: float) -> Ranking:
        """What the "children" or "parents" of a query at this radius are ranked by."""
        innermost = bool(self.cones.limits) and not self.cones.level(radius)
        children = self.contents if self.contents is not None and innermost else self.children
        return {"children": children, "parents": self.parents}[task]

    @classmethod
    def single(cls, omega: float, parents_omega: float) -> Retrieval:
        """One threshold for each direction, ranked by the angle at the query."""
        return cls(cones=Cones((omega,)), parents_omega=parents_omega)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Retrieval:
        """The inverse of `dataclasses.asdict`; SettingsError for an unknown key or a value out of range."""
        kinds: dict[str, type[Any]] = {"children": Ranking, "parents": Ranking, "contents": Ranking, "cones": Cones}
        parts = {name: from_mapping(kind, content[name]) for name, kind in kinds.items() if content.get(name) is not None}
        return from_mapping(cls, {**content, **parts})


def as_cones(omega: float | Cones) -> Cones:
    """Cones of one half-angle, or as they are."""
    return omega if isinstance(omega, Cones) else Cones((checked_omega(omega),))


def checked_omega(omega: float) -> float:
    """omega as given; SettingsError when it is no angle in (0, π]."""
    if isinstance(omega, bool) or not isinstance(omega, (int, float, np.number)) or not 0 < omega <= MAX_ANGLE:
        raise SettingsError(f"omega must be an angle in radians above 0 and at most π, got {omega!r}.")
    return float(omega)

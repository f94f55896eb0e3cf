"""How a training is doing where the loss does not tell: radii, angles and the spread of directions, step by step.

The hyperbolic exterior angle goes to π for every pair as radii grow, so a bad start lowers its loss by moving outwards; from
√c·r of about 3 on the angle has hardly a gradient left, and the run stays there with its radii in the wrong order.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from functools import partial

import numpy as np
import torch
from torch import Tensor

from hypviz.data.pairs import PairBatch
from hypviz.errors import CollapseError
from hypviz.geometry import euclidean_exterior_angle_from_cosine, exterior_angle_from_cosine
from hypviz.model.encoder import HyperbolicEncoder
from hypviz.model.similarity import Points

FAR_OUT = 4.0
"""Median √c·r beyond which a run counts as gone: |∂ext/∂ log r| is 0.83 at 1, 0.02 at 3 [M]."""
PATIENCE = 25
"""Steps in a row after which it is stopped: a few steps of a healthy start may pass the bound."""


@dataclass(frozen=True)
class Vitals:
    """Of one batch. reach: median √c·r.  spread: norm of the mean direction, 0 … 1.  ext_down, ext_up: mean of ext(parent, child)
    and ext(child, parent) over the true pairs, radians; good are 0 and π.  radial_gradient: ∂loss/∂ log of a common factor on
    all radii; below 0 the loss pays for moving outwards."""

    reach: float
    spread: float
    ext_down: float
    ext_up: float
    radial_gradient: float

    def to_json(self) -> dict[str, float]:
        """JSON-ready, rounded."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


VITALS = tuple(field.name for field in fields(Vitals))
"""Their names, as in a training's history."""


def measure_vitals(points: Points, angles: tuple[Tensor, Tensor], *, curv: Tensor) -> Vitals:
    """points: directions (U, D) and radii (U,) of a batch after the backward pass, radii with their gradient kept.  angles: (P,)
    ext(parent, child) and (P,) ext(child, parent) of its true pairs."""
    with torch.no_grad():
        directions, radii = points
        slope = radii.grad
        values = torch.stack([
            (curv.sqrt() * radii).median(), directions.float().mean(dim=0).norm(), angles[0].mean(), angles[1].mean(),
            torch.zeros((), device=radii.device) if slope is None else (slope * radii).sum(),
        ])  # fmt: skip
    return Vitals(*values.tolist())


def vitals_of(encoder: HyperbolicEncoder, points: tuple[Tensor, Tensor], where: Tensor, batch: PairBatch) -> Vitals | None:
    """The vitals of a step after its backward pass; None in the cosine geometry, whose radii mean nothing."""
    if encoder.settings.geometry == "cosine":
        return None
    above, below = (torch.from_numpy(rows).to(where.device) for rows in np.nonzero(batch.positive))
    parent, child = where[: len(batch.parent)][above], where[len(batch.parent) :][below]
    with torch.no_grad():
        directions, radii = (each.detach().float() for each in points)
        cosine = (directions[parent] * directions[child]).sum(dim=-1)
        angle = partial(exterior_angle_from_cosine, cosine, curv=encoder.curv)
        if encoder.settings.geometry == "euclidean":
            angle = partial(euclidean_exterior_angle_from_cosine, cosine)
        angles = angle(radii[parent], radii[child]), angle(radii[child], radii[parent])
    return measure_vitals(points, angles, curv=encoder.curv if encoder.settings.geometry == "hyperbolic" else torch.ones(()))


class Watch:
    """Counts the steps in a row that a run has been gone; only the hyperbolic angle loses its gradient far out."""

    def __init__(self, geometry: str) -> None:
        self.hyperbolic, self.gone = geometry == "hyperbolic", 0

    def see(self, vitals: Vitals | None) -> None:
        """Take in a step, None for one without vitals; CollapseError with advice when the run has collapsed."""
        self.gone = self.gone + 1 if self.hyperbolic and vitals and vitals.reach > FAR_OUT else 0
        if vitals and self.gone >= PATIENCE:
            raise CollapseError(
                f"This training has collapsed: its radii ran outwards (median √c·r {vitals.reach:.1f}; from about 3 on the angle has no "
                "gradient). Start anew with a polar head, with temperature_init 0.2, or with loss.norm 0.1; --no-resume drops this run."
            )

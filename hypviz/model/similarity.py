"""What the losses contrast: angles or distances of all parents with all children, and the excess over a cone's aperture."""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
from torch import Tensor

from hypviz.geometry import (
    cosine_matrix,
    distance_from_cosine,
    euclidean_exterior_angle_from_cosine,
    exterior_angle_from_cosine,
    half_aperture,
)
from hypviz.model.pair_angles import angles_both_ways

Geometry = Literal["hyperbolic", "euclidean", "cosine"]
By = Literal["angle", "distance"]
Points = tuple[Tensor, Tensor]
"""Unit directions (M, D) and radii (M,): true radii, or norms in the Euclidean twin; unused by the cosine."""


def similarities(parents: Points, children: Points, *, curv: Tensor | float, geometry: Geometry, by: By = "angle") -> tuple[Tensor, Tensor]:
    """Similarities before the temperature, larger for better pairs: parents to children (P, C), children to parents (C, P).

    By "angle": β1 = π − ext(parent, child) and α2 = ext(child, parent), radians in [0, π] (Wang et al., 2025). By
    "distance": minus the geodesic (or Euclidean) distance, the same both ways (Ge et al., 2023). In the geometry "cosine"
    both are the cosine, in [−1, 1]. At least float32. One matrix product serves both. ValueError for an unknown name.
    """
    for name, value, known in (("geometry", geometry, get_args(Geometry)), ("by", by, get_args(By))):
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, got {value!r}")
    cosine = cosine_matrix(parents[0], children[0])
    if geometry == "cosine":
        return cosine, cosine.T
    radius_p, radius_c = parents[1][:, None], children[1][None, :]
    if by == "distance":
        near = -_distance(cosine, radius_p, radius_c, curv=curv, geometry=geometry)
        return near, near.T
    if geometry == "euclidean":
        down = euclidean_exterior_angle_from_cosine(cosine, radius_p, radius_c)
        up = euclidean_exterior_angle_from_cosine(cosine, radius_c, radius_p)
    else:
        inner, outer = angles_both_ways(cosine, parents[1], children[1], curv=curv)
        return inner, outer.T
    return math.pi - down, up.T


def aperture_excess(parents: Points, children: Points, positive: Tensor, *, curv: Tensor | float) -> Tensor:
    """Mean over the positive pairs of max(0, ext(parent, child) − half-aperture(parent)), a scalar in [0, π].

    The entailment loss of MERU (Desai et al., 2023, eq. 5) with its aperture constant K = 0.1; `positive` (P, C) bool.
    """
    parent, child = positive.nonzero(as_tuple=True)
    cosine = cosine_matrix(parents[0], children[0])[parent, child]
    outside = exterior_angle_from_cosine(cosine, parents[1][parent], children[1][child], curv=curv)
    excess: Tensor = (outside - half_aperture(parents[1][parent], curv=curv)).clamp_min(0.0)
    return excess.mean()


def _distance(cosine: Tensor, radius_x: Tensor, radius_y: Tensor, *, curv: Tensor | float, geometry: Geometry) -> Tensor:
    if geometry == "hyperbolic":
        geodesic: Tensor = distance_from_cosine(cosine, radius_x, radius_y, curv=curv)
        return geodesic
    squared = (radius_x - radius_y) ** 2 + 2 * radius_x * radius_y * (1 - cosine)
    # The root has no slope at 0, where a point is its own candidate: there the distance is 0 with gradient 0.
    apart = squared > torch.finfo(squared.dtype).eps
    return torch.where(apart, torch.where(apart, squared, 1.0).sqrt(), 0.0)

"""Hyperbolic geometry: the Lorentz model, exterior angles (entailment cones), and the Poincaré disk of the page.

Curvature is −curv with curv > 0. NumPy arrays and torch tensors both work; importing this package loads no torch.
"""

from hypviz.geometry.entailment import (
    cosine_matrix,
    euclidean_exterior_angle_from_cosine,
    exterior_angle,
    exterior_angle_from_cosine,
    half_aperture,
    pairwise_euclidean_exterior_angle,
    pairwise_exterior_angle,
    refined_euclidean_exterior_angle,
    refined_exterior_angle,
    textbook_exterior_angle,
)
from hypviz.geometry.lorentz import (
    distance,
    distance_from_cosine,
    exp_map0,
    from_poincare,
    from_polar,
    geodesic_to_origin,
    inner,
    log_map0,
    manifold_error,
    pairwise_distance,
    pairwise_inner,
    time_component,
    to_poincare,
    to_polar,
)

__all__ = [
    "cosine_matrix",
    "distance",
    "distance_from_cosine",
    "euclidean_exterior_angle_from_cosine",
    "exp_map0",
    "exterior_angle",
    "exterior_angle_from_cosine",
    "from_poincare",
    "from_polar",
    "geodesic_to_origin",
    "half_aperture",
    "inner",
    "log_map0",
    "manifold_error",
    "pairwise_distance",
    "pairwise_euclidean_exterior_angle",
    "pairwise_exterior_angle",
    "pairwise_inner",
    "refined_euclidean_exterior_angle",
    "refined_exterior_angle",
    "textbook_exterior_angle",
    "time_component",
    "to_poincare",
    "to_polar",
]

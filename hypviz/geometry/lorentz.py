"""The Lorentz model of hyperbolic space, as pure functions on NumPy arrays or torch tensors.

Convention: the curvature is −curv, curv > 0. A point of the hyperboloid is x = (x_t, x_s) with x_t > 0 and
⟨x, x⟩ = x_s·x_s − x_t² = −1/curv; only its space components x_s (..., D) are stored. `radius` is the geodesic distance
to the origin in true units, `direction` the unit tangent vector (..., D) at the origin; r = √curv·radius. Notation and
formulas follow Desai et al. (MERU, ICML 2023, §3); distances take half-angle forms, which do not cancel.

Radii reach r = 80 in float32 (637 in float64); beyond, sinh leaves the dtype.
"""

from __future__ import annotations

import math
from typing import Any

from hypviz.geometry.arrays import Array, pairwise_dot, safe_norm, safe_sqrt, sqrt_curv, unit, working


def time_component(x_space: Array, *, curv: Array | float) -> Array:
    """x_t = √(1/curv + ‖x_s‖²), (..., D) → (...); at least 1/√curv.

    >>> import numpy as np
    >>> float(time_component(np.array([3.0, 0.0]), curv=0.0625))
    5.0
    """
    xp, (x,) = working(x_space)
    norm = safe_norm(xp, x)
    # hypot guards the square of a large norm against overflow.
    return xp.hypot(norm, xp.ones_like(norm) / sqrt_curv(curv))


def inner(x_space: Array, y_space: Array, *, curv: Array | float) -> Array:
    """Lorentzian inner product x_s·y_s − x_t y_t, pair by pair: (..., D), (..., D) → (...); at most −1/curv.

    As −(cosh(r_x − r_y) + sinh r_x sinh r_y (1 − cos θ))/curv, whose terms do not cancel; their difference of two products
    overflows in float32 from r_x + r_y = 88 on and has no digits left long before. What leaves the dtype is held inside it.
    """
    xp, (x, y) = working(x_space, y_space)
    (direction_x, radius_x), (direction_y, radius_y) = to_polar(x, curv=curv), to_polar(y, curv=curv)
    return _inner(xp, safe_norm(xp, direction_x - direction_y), radius_x, radius_y, curv)


def pairwise_inner(x_space: Array, y_space: Array, *, curv: Array | float) -> Array:
    """Lorentzian inner product of all pairs: (B, D), (N, D) → (B, N); as `inner`, from one matrix product of cosines."""
    xp, (x, y) = working(x_space, y_space)
    (direction_x, radius_x), (direction_y, radius_y) = to_polar(x, curv=curv), to_polar(y, curv=curv)
    versine = (1 - pairwise_dot(xp, direction_x, direction_y)).clip(0.0, 2.0)
    apart = safe_sqrt(xp, 2 * versine, xp.finfo(versine.dtype).eps ** 2)
    return _inner(xp, apart, radius_x[:, None], radius_y[None, :], curv)


def exp_map0(tangent: Array, *, curv: Array | float) -> Array:
    """Exponential map at the origin: tangent vector (..., D) → space components (..., D); its norm is the radius.

    >>> import numpy as np
    >>> exp_map0(np.array([0.0, 1.0]), curv=1.0).round(4)
    array([0.    , 1.1752])
    """
    xp, (tangent,) = working(tangent)
    root = sqrt_curv(curv)
    r = _representable(xp, root * safe_norm(xp, tangent))
    return tangent * _ratio(xp, xp.sinh, r, 1 / 6)[..., None]


def log_map0(x_space: Array, *, curv: Array | float) -> Array:
    """Logarithmic map at the origin, the inverse of `exp_map0`: space components (..., D) → tangent vector (..., D)."""
    xp, (x,) = working(x_space)
    sinh_r = sqrt_curv(curv) * safe_norm(xp, x)
    return x * _ratio(xp, lambda values: _asinh(xp, values), sinh_r, -1 / 6)[..., None]


def distance(x_space: Array, y_space: Array, *, curv: Array | float) -> Array:
    """Geodesic distance in true units, pair by pair: (..., D), (..., D) → (...); at least 0, gradient 0 where x = y.

    >>> import numpy as np
    >>> points = exp_map0(np.array([[1.0, 0.0], [-2.0, 0.0]]), curv=0.5)
    >>> float(distance(points[0], points[1], curv=0.5).round(6))
    3.0
    """
    xp, (x, y) = working(x_space, y_space)
    (direction_x, radius_x), (direction_y, radius_y) = to_polar(x, curv=curv), to_polar(y, curv=curv)
    versine = xp.sum((direction_x - direction_y) ** 2, axis=-1) / 2
    return _distance(xp, versine, radius_x, radius_y, curv)


def pairwise_distance(x_space: Array, y_space: Array, *, curv: Array | float) -> Array:
    """Geodesic distance of all pairs, in true units: (B, D), (N, D) → (B, N).

    From one matrix product of cosines, so two points at the same radius are told apart from √eps·sinh r on; `distance`
    resolves closer pairs.
    """
    xp, (x, y) = working(x_space, y_space)
    (direction_x, radius_x), (direction_y, radius_y) = to_polar(x, curv=curv), to_polar(y, curv=curv)
    cosine = pairwise_dot(xp, direction_x, direction_y)
    return distance_from_cosine(cosine, radius_x[:, None], radius_y[None, :], curv=curv)


def distance_from_cosine(cosine: Array, radius_x: Array, radius_y: Array, *, curv: Array | float) -> Array:
    """Geodesic distance in true units from the cosine between the directions and the two radii; the three broadcast.

    The half-angle form of the hyperbolic law of cosines, a sum of non-negative terms that does not cancel:
    sinh²(d/2) = sinh²((r_x − r_y)/2) + sinh r_x sinh r_y (1 − cos θ)/2, d in units of the curvature.

    >>> import numpy as np
    >>> distance_from_cosine(np.array([1.0, -1.0]), 1.0, 3.0, curv=1.0).round(6)
    array([2., 4.])
    """
    xp, (cosine, radius_x, radius_y) = working(cosine, radius_x, radius_y)
    # Guards a cosine that rounding carried out of [−1, 1].
    return _distance(xp, (1 - cosine).clip(0.0, 2.0), radius_x, radius_y, curv)


def to_polar(x_space: Array, *, curv: Array | float) -> tuple[Array, Array]:
    """Space components (..., D) → unit direction (..., D) and radius (...) in true units.

    The origin has no direction; it is given the first axis, so that a direction is always a unit vector.
    """
    xp, (x,) = working(x_space)
    norm = safe_norm(xp, x)
    root = sqrt_curv(curv)
    at_origin = (norm == 0)[..., None]
    first_axis = xp.zeros_like(x) + xp.asarray(xp.arange(x.shape[-1], device=x.device) == 0, dtype=x.dtype)
    direction = xp.where(at_origin, first_axis, x / xp.where(at_origin, xp.ones_like(x), norm[..., None]))
    return direction, _asinh(xp, root * norm) / root


def from_polar(direction: Array, radius: Array, *, curv: Array | float) -> Array:
    """Unit direction (..., D) and radius (...) in true units → space components sinh(r)/√curv · direction (..., D)."""
    xp, (radius,) = working(radius)
    root = sqrt_curv(curv)
    return unit(xp, direction) * (xp.sinh(_representable(xp, root * radius)) / root)[..., None]


def to_poincare(x_space: Array, *, curv: Array | float) -> Array:
    """Space components → the Poincaré ball of radius 1, √curv x_s/(1 + √curv x_t); the norm there is tanh(r/2)."""
    _, (x,) = working(x_space)
    root = sqrt_curv(curv)
    return root * x / (1 + root * time_component(x, curv=curv))[..., None]


def from_poincare(point: Array, *, curv: Array | float) -> Array:
    """Points (..., D) of the Poincaré ball of radius 1 → space components 2p / (√curv (1 − ‖p‖²)).

    Near the boundary the ball crowds: one rounding step of p is a distance of eps·exp(r), so float32 carries r up to
    about 16. Points on or beyond the boundary are taken at the last step inside it.
    """
    xp, (point,) = working(point)
    norm = safe_norm(xp, point)
    # (1 − ‖p‖)(1 + ‖p‖) keeps the digits of 1 − ‖p‖; the floor guards the boundary itself.
    room = ((1 - norm) * (1 + norm)).clip(xp.finfo(point.dtype).eps)
    return (2 / sqrt_curv(curv)) * point / room[..., None]


def geodesic_to_origin(direction: Array, radius: Array, steps: int) -> tuple[Array, Array]:
    """The path from a point to the origin in equal steps: directions (..., steps, D) and radii (..., steps).

    Geodesics through the origin are straight: the direction stays, the radius falls from `radius` to exactly 0,
    at any curv.

    >>> import numpy as np
    >>> geodesic_to_origin(np.array([0.6, 0.8]), np.array(2.0), 5)[1]
    array([2. , 1.5, 1. , 0.5, 0. ])
    """
    if steps < 2:
        raise ValueError(f"steps must be at least 2 (both ends of the path), got {steps}")
    xp, (direction, radius) = working(direction, radius)
    share = xp.linspace(1.0, 0.0, steps, dtype=radius.dtype, device=radius.device)
    radii = radius[..., None] * share
    return xp.broadcast_to(direction[..., None, :], (*radii.shape, direction.shape[-1])), radii


def manifold_error(full_vectors: Array, *, curv: Array | float) -> Array:
    """How far vectors (..., 1 + D), time first, are from the hyperboloid: |x_t/√(1/curv + ‖x_s‖²) − 1|, (...).

    Relative, so a few eps for a good point at any radius.
    """
    xp, (full,) = working(full_vectors)
    return xp.abs(full[..., 0] / time_component(full[..., 1:], curv=curv) - 1)


def _representable(xp: Any, r: Array) -> Array:
    """r, held where sinh r leaves the dtype."""
    return r.clip(None, 0.9 * math.log(xp.finfo(r.dtype).max))


def _ratio(xp: Any, function: Any, values: Array, cubic: float) -> Array:
    """function(t)/t for an odd function with the series t + cubic·t³ + …; 1 at t = 0."""
    # Guards 0/0. The next term of the series, of order t⁴, is below eps here.
    small = values < xp.finfo(values.dtype).eps ** 0.25
    safe = xp.where(small, xp.ones_like(values), values)
    return xp.where(small, 1 + cubic * values * values, function(safe) / safe)


def _asinh(xp: Any, values: Array) -> Array:
    """asinh of values ≥ 0 whose square may leave the dtype, with its gradient."""
    # Beyond, asinh(t) = log 2t to rounding, while the slope 1/√(t² + 1) of the library would overflow to 0.
    large = xp.finfo(values.dtype).max ** 0.25
    logarithm = xp.log(values.clip(large)) + math.log(2)
    return xp.where(values > large, logarithm, xp.asinh(values.clip(None, large)))


def _distance(xp: Any, versine: Array, radius_x: Array, radius_y: Array, curv: Array | float) -> Array:
    """The half-angle form with versine = 1 − cos θ."""
    root = sqrt_curv(curv)
    r_x, r_y = _representable(xp, root * radius_x), _representable(xp, root * radius_y)
    floor = xp.finfo(versine.dtype).eps ** 2
    # Roots of the factors guard their product against overflow; `safe_sqrt` their slope at θ = 0 and at the origin.
    spread = safe_sqrt(xp, xp.sinh(r_x), floor) * safe_sqrt(xp, xp.sinh(r_y), floor)
    across = safe_sqrt(xp, versine / 2, floor) * spread
    along = xp.sinh((r_x - r_y) / 2)
    return 2 * _asinh(xp, _hypot(xp, across, along)) / root


def _inner(xp: Any, apart: Array, radius_x: Array, radius_y: Array, curv: Array | float) -> Array:
    """The inner product from the distance of the directions, √(2 (1 − cos θ)), and the two radii."""
    root = sqrt_curv(curv)
    r_x, r_y = _representable(xp, root * radius_x), _representable(xp, root * radius_y)
    along = xp.cosh(r_x - r_y) / (root * root)
    across_x, across_y = apart * xp.sinh(r_x) / root, apart * xp.sinh(r_y) / root
    # Guards the product against overflow: half of what the dtype holds is its most.
    held = xp.minimum(across_y, (xp.finfo(apart.dtype).max / 2) / across_x.clip(1.0))
    return -(across_x * held / 2 + along)


def _hypot(xp: Any, a: Array, b: Array) -> Array:
    """√(a² + b²) without overflow, with gradient 0 at a = b = 0."""
    together = (a == 0) & (b == 0)
    # Guards 0/0 in the gradient of hypot.
    return xp.where(together, xp.zeros_like(a + b), xp.hypot(xp.where(together, xp.ones_like(a + b), a), b))

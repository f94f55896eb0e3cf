"""The exterior angle: how far a point y lies outside the cone that opens away from the origin at x.

Convention, everywhere in hypviz: the curvature is −curv, curv > 0. A point is a unit `direction` (..., D) and a
`radius` (...), its geodesic distance to the origin in true units; r = √curv·radius is the same distance in units of the
curvature. ext(x, y) in [0, π] is the exterior angle at the apex x of the geodesic triangle origin–x–y: 0 when y lies
straight behind x, π when y lies on the way from x to the origin. A parent x contains y when ext(x, y) is small.

Derivation. Let θ be the angle between the directions, v = 1 − cos θ (its versine), and d the distance from x to y, in
units of the curvature. Seen from x, y lies at distance d in the direction that makes the angle ext with the outward
radial one. Hyperbolic trigonometry (sine rule, and the five-part rule) gives both coordinates of that sighting:

    across = sinh d · sin ext = sin θ sinh r_y
    along  = sinh d · cos ext = cos θ sinh r_y cosh r_x − cosh r_y sinh r_x = sinh(r_y − r_x) − v cosh r_x sinh r_y

and ext = atan2(across, along). The last form of `along` has none of the cancellation of the one before it; divided by
sinh r_y the pair is (sin θ, sinh(r_y − r_x)/sinh r_y − v cosh r_x). Here both are multiplied by exp(−r_y), which keeps
them representable in float32 up to r = 80, and keeps them finite when r_y is 0.

The angle is that of the hyperbolic entailment cones of Ganea et al. (ICML 2018, eq. 28) and, in the Lorentz model, of
MERU (Desai et al., ICML 2023, eq. 6), whose arccos form `textbook_exterior_angle` keeps for comparison. As the loss and
the score of retrieval: Wang et al., ICCV 2025 (arXiv 2411.17490).
"""

from __future__ import annotations

import math
from typing import Any

from array_api_compat import is_torch_array

from hypviz.geometry.arrays import Array, pairwise_dot, safe_norm, safe_sqrt, scale_gradient, sqrt_curv, stop_gradient, unit, working
from hypviz.geometry.lorentz import inner, time_component


def exterior_angle(direction_x: Array, radius_x: Array, direction_y: Array, radius_y: Array, *, curv: Array | float) -> Array:
    """ext(x, y) with the apex at x, pair by pair; in radians, in [0, π].

    `direction_x`, `direction_y` (..., D) are unit vectors, `radius_x`, `radius_y` (...) true distances to the origin,
    at least 0; leading dimensions broadcast. The angle between the directions is taken from their difference and sum,
    so it is exact to rounding for near-parallel directions too. ext(x, x) is 0, with gradient 0.

    >>> import numpy as np
    >>> outward = np.array([0.6, 0.8])
    >>> float(exterior_angle(outward, 1.0, outward, 2.0, curv=1.0).round(6))  # y straight behind x
    0.0
    >>> float(exterior_angle(outward, 2.0, outward, 1.0, curv=1.0).round(6))  # y on the way to the origin
    3.141593
    """
    versine, sine = _versine_and_sine(direction_x, direction_y)
    return _hyperbolic(versine, sine, radius_x, radius_y, curv)


def refined_exterior_angle(direction_x: Array, radius_x: Array, direction_y: Array, radius_y: Array, *, curv: Array | float) -> Array:
    """ext(x, y) as `exterior_angle`, computed in float64 whatever the operands: to order a shortlist that cosines found.

    `exterior_angle_from_cosine` in float32 does not resolve directions closer than 3e-4 rad, which turns angles by as much as a
    few degrees between near neighbours; it finds who is near, this says in which order. Directions (..., K, D) need not be of
    unit length to the last bit: they are normalised in float64. The result is float64; on a device that has none (Apple MPS)
    it is as `exterior_angle` gives it.

    >>> import numpy as np
    >>> query, found = np.array([1.0, 0.0], np.float32), np.array([[1.0, 1e-4], [1.0, 2e-4]], np.float32)
    >>> refined_exterior_angle(query, 1.0, found, np.array([1.001, 1.001], np.float32), curv=1.0).round(4)
    array([0.1171, 0.2311])
    """
    xp, raised = working(direction_x, radius_x, direction_y, radius_y)
    if not (is_torch_array(raised[0]) and raised[0].device.type == "mps"):
        raised = [xp.astype(values, xp.float64) for values in raised]
    x, r_x, y, r_y = raised
    return exterior_angle(x / safe_norm(xp, x)[..., None], r_x, y / safe_norm(xp, y)[..., None], r_y, curv=curv)


def refined_euclidean_exterior_angle(direction_x: Array, norm_x: Array, direction_y: Array, norm_y: Array) -> Array:
    """The Euclidean ext(x, y) pair by pair, in float64 from the difference of the directions: see `refined_exterior_angle`."""
    xp, raised = working(direction_x, norm_x, direction_y, norm_y)
    if not (is_torch_array(raised[0]) and raised[0].device.type == "mps"):
        raised = [xp.astype(values, xp.float64) for values in raised]
    x, n_x, y, n_y = raised
    versine, sine = _versine_and_sine(x / safe_norm(xp, x)[..., None], y / safe_norm(xp, y)[..., None])
    return _euclidean(versine, sine, n_x, n_y)


def exterior_angle_from_cosine(cosine: Array, radius_x: Array, radius_y: Array, *, curv: Array | float) -> Array:
    """ext(x, y) from the cosine of the angle between the directions; the three broadcast. In radians, in [0, π].

    For a search, where the cosines come from one matrix product. A cosine resolves angles down to √eps only (3e-4 rad
    in float32), so nearer directions than that count as known to that precision; compute it in full float32, not TF32.

    >>> import numpy as np
    >>> exterior_angle_from_cosine(np.array([1.0, 0.0]), 1.0, 2.0, curv=1.0).round(4)
    array([0.    , 2.4546])
    """
    versine, sine = _versine_and_sine_of_cosine(cosine)
    return _hyperbolic(versine, sine, radius_x, radius_y, curv)


def pairwise_exterior_angle(direction_x: Array, radius_x: Array, direction_y: Array, radius_y: Array, *, curv: Array | float) -> Array:
    """ext of every apex x with every y: (B, D), (B,), (N, D), (N,) → (B, N), from one matrix product."""
    cosine = cosine_matrix(direction_x, direction_y)
    return exterior_angle_from_cosine(cosine, radius_x[:, None], radius_y[None, :], curv=curv)


def euclidean_exterior_angle_from_cosine(cosine: Array, norm_x: Array, norm_y: Array) -> Array:
    """The Euclidean ext(x, y): the angle between x and y − x, the limit curv → 0. In radians, in [0, π].

    `cosine` of the angle between x and y, `norm_x` and `norm_y` their Euclidean norms; the three broadcast. This is the
    `euc` baseline of Wang et al. (ICCV 2025), on vectors that are not normalised.

    >>> import numpy as np
    >>> float(euclidean_exterior_angle_from_cosine(np.array(0.0), 1.0, 1.0).round(4))  # 135 degrees
    2.3562
    """
    versine, sine = _versine_and_sine_of_cosine(cosine)
    return _euclidean(versine, sine, norm_x, norm_y)


def pairwise_euclidean_exterior_angle(direction_x: Array, norm_x: Array, direction_y: Array, norm_y: Array) -> Array:
    """Euclidean ext of every apex x with every y: (B, D), (B,), (N, D), (N,) → (B, N)."""
    cosine = cosine_matrix(direction_x, direction_y)
    return euclidean_exterior_angle_from_cosine(cosine, norm_x[:, None], norm_y[None, :])


def cosine_matrix(direction_x: Array, direction_y: Array) -> Array:
    """Cosines of all pairs of unit vectors, (B, D), (N, D) → (B, N), at least float32 even under autocast."""
    xp, _ = working(direction_x, direction_y)
    return pairwise_dot(xp, unit(xp, direction_x), unit(xp, direction_y))


def textbook_exterior_angle(x_space: Array, y_space: Array, *, curv: Array | float) -> Array:
    """ext(x, y) by the published arccos formula, from Lorentz space components (..., D); for reference and comparisons.

    MERU (Desai et al., 2023), eq. 6. It cancels: in float32 it is off by 1e-4 and more from r = 8 on, and its
    gradient is infinite at angles 0 and π. Undefined (nan) where x is the origin or x = y.
    """
    xp, (x, y) = working(x_space, y_space)
    root = sqrt_curv(curv)
    product = root * root * inner(x, y, curv=curv)
    above = time_component(y, curv=curv) + time_component(x, curv=curv) * product
    below = xp.sqrt(xp.sum(x * x, axis=-1)) * xp.sqrt(product * product - 1)
    # Guards a quotient that rounding carried out of the domain of acos.
    return xp.acos((above / below).clip(-1.0, 1.0))


def half_aperture(radius: Array, *, curv: Array | float, k: float = 0.1) -> Array:
    """Half-aperture of the cone of Ganea et al. at the given radius, asin(2k / sinh r); in radians, in (0, π/2].

    `radius` (...) in true units, `k` > 0 the constant of MERU (Desai et al., 2023, eq. 4). Wide open (π/2, gradient 0)
    within sinh r ≤ 2k. The cones of hypviz itself have no such aperture: theirs is a threshold on `exterior_angle`.

    >>> import numpy as np
    >>> half_aperture(np.array([0.1, 1.0, 3.0]), curv=1.0).round(4)
    array([1.5708, 0.171 , 0.02  ])
    """
    if not k > 0:
        raise ValueError(f"k must be positive, got {k}")
    xp, (radius,) = working(radius)
    sinh = xp.sinh(_scaled(xp, radius, sqrt_curv(curv)))
    # Guards the infinite slope of asin at 1, and the division by 0 at the origin.
    open_wide = sinh <= 2 * k
    angle = xp.asin(2 * k / xp.where(open_wide, xp.full_like(sinh, 4 * k), sinh))
    return xp.where(open_wide, xp.full_like(angle, math.pi / 2), angle)


def _resolution(xp: Any, dtype: Any) -> float:
    """√(eps/2), 2.4e-4 in float32: the largest angle whose cosine rounds to 1.

    Taken as the distance, in units of the curvature, below which two points are not told apart.
    """
    return math.sqrt(xp.finfo(dtype).eps / 2)


def _scaled(xp: Any, radius: Array, root: Array | float) -> Array:
    """r = √curv·radius, held (at 80 in float32) before sinh and cosh leave the dtype."""
    return (root * radius).clip(None, 0.9 * math.log(xp.finfo(radius.dtype).max))


def _versine_and_sine(direction_x: Array, direction_y: Array) -> tuple[Array, Array]:
    """1 − cos θ and sin θ of the directions (..., D), from ‖u_x − u_y‖² = 2(1 − cos θ), ‖u_x + u_y‖² = 2(1 + cos θ)."""
    xp, _ = working(direction_x, direction_y)
    x, y = unit(xp, direction_x), unit(xp, direction_y)
    versine = xp.sum((x - y) ** 2, axis=-1) / 2
    coversine = xp.sum((x + y) ** 2, axis=-1) / 2
    # Guards the slope of the root at θ = 0 and π. Differences of floats are exact, so sin θ is good down to eps.
    return versine, safe_sqrt(xp, versine * coversine, xp.finfo(versine.dtype).eps ** 2)


def _versine_and_sine_of_cosine(cosine: Array) -> tuple[Array, Array]:
    """1 − cos θ and sin θ from cos θ; a cosine that rounding carried out of [−1, 1] counts as ±1."""
    xp, (cosine,) = working(cosine)
    versine = (1 - cosine).clip(0.0, 2.0)
    # Guards the slope of the root at θ = 0 and π. A cosine is known to eps, so sin² θ is not known below it.
    return versine, safe_sqrt(xp, versine * (2 - versine), xp.finfo(versine.dtype).eps)


def _hyperbolic(versine: Array, sine: Array, radius_x: Array, radius_y: Array, curv: Array | float) -> Array:
    """The angle of the sighting (across, along) of the derivation above, times exp(−r_y)."""
    xp, (versine, sine, radius_x, radius_y) = working(versine, sine, radius_x, radius_y)
    root = sqrt_curv(curv)
    r_x, r_y = _scaled(xp, radius_x, root), _scaled(xp, radius_y, root)
    shrink = xp.exp(-r_y)
    sinh_y = -xp.expm1(-2 * r_y) / 2
    along = xp.sinh(r_y - r_x) * shrink - versine * (xp.cosh(r_x) * sinh_y)
    return _sighting_angle(xp, sine * sinh_y, along, _resolution(xp, versine.dtype) * shrink)


def _euclidean(versine: Array, sine: Array, norm_x: Array, norm_y: Array) -> Array:
    """The angle of y − x = (‖y‖ sin θ, ‖y‖ cos θ − ‖x‖) in the frame of x."""
    xp, (versine, sine, norm_x, norm_y) = working(versine, sine, norm_x, norm_y)
    along = norm_y - norm_x - versine * norm_y
    return _sighting_angle(xp, sine * norm_y, along, xp.full_like(norm_y, _resolution(xp, versine.dtype)))


def _sighting_angle(xp: Any, across: Array, along: Array, resolution: Array) -> Array:
    """atan2(across, along) with a gradient that is finite everywhere and fades out where the two points coincide.

    The length of the sighting is the distance between the points (its sinh), and the slope of the angle grows like one
    over it: without bound where x = y, and so where both are at the origin, nowhere else. Below `resolution` the angle
    is noise, so its gradient is weighted by 1/(1 + (resolution/length)²). The value is not touched.
    """
    size = stop_gradient(xp.maximum(across, xp.abs(along)))
    # An angle does not change with the scale: dividing by a constant guards the squares inside the gradient of atan2
    # against overflow and underflow. Where x = y, 1 guards 0/0; the angle is then atan2(0, 0) = 0, and its gradient 0.
    size = xp.where(size == 0, xp.ones_like(size), size)
    angle = xp.atan2(across / size, along / size)
    return scale_gradient(angle, 1 / (1 + (resolution / size) ** 2))

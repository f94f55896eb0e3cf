"""The Poincaré disk that the page draws: points of the open unit disk, in NumPy.

A point is a complex number, or its two coordinates on the last axis (..., 2); every function takes either and answers
in the same form as its first argument. The metric of the disk has curvature −1; a space of curvature −curv is drawn
with r = √curv·radius, so its disk radius is tanh(r/2), and its distances are those of the disk over √curv.

`cone_boundary` alone lives in native polar coordinates (angle, true radius), the frame in which the disk of the page is
laid out before any radial scale is applied.

Formulas: Anderson, *Hyperbolic Geometry* (2nd ed., 2005), chapters 2 to 4.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[Any]
"""Complex (...), or real (..., 2)."""


def mobius_add(z: ArrayLike, w: ArrayLike) -> Points:
    """Möbius sum z ⊕ w = (z + w)/(1 + z̄ w): the translation that takes 0 to z, applied to w. Broadcasts.

    >>> complex(mobius_add(0.5, 0.5))
    (0.8+0j)
    """
    first, second = _complex(z), _complex(w)
    return _like(z, (first + second) / (1 + np.conj(first) * second))


def mobius_translation(z: ArrayLike, *, to_origin: ArrayLike) -> Points:
    """The translation of the disk that takes the point `to_origin` to 0, applied to z. Keeps all hyperbolic distances.

    >>> complex(mobius_translation(0.8, to_origin=0.5)).real.__round__(12)
    0.5
    """
    return _like(z, _complex(mobius_add(-_complex(to_origin), _complex(z))))


def disk_distance(z: ArrayLike, w: ArrayLike) -> NDArray[np.float64]:
    """Hyperbolic distance of curvature −1 between points of the disk; divide by √curv for true units.

    In the form 2 asinh(|z − w|/√((1 − |z|²)(1 − |w|²))), which keeps its digits for near points.

    >>> round(float(disk_distance(0.0, np.tanh(1.0))), 12)
    2.0
    """
    first, second = _complex(z), _complex(w)
    distance: NDArray[np.float64] = 2 * np.arcsinh(np.abs(first - second) / np.sqrt(_room(first) * _room(second)))
    return distance


def geodesic_points(z: ArrayLike, w: ArrayLike, steps: int) -> Points:
    """Points of the geodesic segment from z to w, equally spaced in hyperbolic distance: (..., steps), or
    (..., steps, 2).

    >>> geodesic_points(-0.5, 0.5, 3).real.round(12) + 0.0
    array([-0.5,  0. ,  0.5])
    """
    _check_steps(steps)
    start, end = _complex(z)[..., None], _complex(w)[..., None]
    relative = _complex(mobius_add(-start, end))
    # Guards atanh(1) for an end on the boundary: the last step inside it.
    reach = np.arctanh(np.minimum(np.abs(relative), 1 - np.finfo(float).eps))
    # exp(i angle) is a heading even where z = w; a quotient would be 0/0 there, and overflow for the smallest numbers.
    heading = np.exp(1j * np.angle(relative))
    return _like(z, _complex(mobius_add(start, heading * np.tanh(reach * np.linspace(0, 1, steps)))))


def geodesic_ray(apex: ArrayLike, direction_angle: ArrayLike, steps: int) -> Points:
    """Points of the geodesic ray from `apex` to the ideal boundary: (..., steps), or (..., steps, 2).

    The ray leaves the apex at `direction_angle` (radians, counter-clockwise) against the outward radial direction,
    which at the origin is that of the positive real axis. Points are equally spaced along the drawn arc; the last one
    lies on the unit circle.

    >>> geodesic_ray(0.0, np.pi / 2, 3).round(12) + 0.0
    array([0.+0.j , 0.+0.5j, 0.+1.j ])
    """
    _check_steps(steps)
    start = _complex(apex)[..., None]
    # A translation does not turn the directions at the point that comes from 0: its derivative there is 1 − |apex|².
    heading = np.angle(start) + np.asarray(direction_angle, dtype=float)[..., None]
    ideal = _complex(mobius_add(start, np.exp(1j * heading)))
    chord = ideal - start
    # A geodesic is a circular arc: the tangent at its start is turned against the chord by half the angle of the arc.
    half_turn = np.angle(np.exp(1j * heading) / chord)
    share = np.linspace(0, 1, steps)
    # sin(share·half_turn)/sin(half_turn), whose limit on a straight ray is `share`.
    length = np.abs(chord) * share * np.sinc(share * half_turn / np.pi) / np.sinc(half_turn / np.pi)
    return _like(apex, start + length * np.exp(1j * (heading - share * half_turn)))


def cone_boundary(
    apex_radius: float,
    apex_angle: float,
    omega: float,
    *,
    curv: float,
    steps: int,
    reach: float | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The two edges of the cone {y : ext(apex, y) ≤ omega} in the hyperbolic plane of curvature −curv.

    Both are geodesic rays from the apex, that turn off the outward radial direction by `omega` (in [0, π]) to the left
    (counter-clockwise) and to the right. Each is (steps, 2): angle φ, continuous along the ray, and true radius ρ,
    equally spaced in distance up to `reach` (true units) from the apex; by default far enough to leave any picture
    that shows the apex. At the origin, where no direction is outward, `apex_angle` is.

    Raises ValueError for omega outside [0, π], a negative radius or a curv that is not positive.

    >>> left, right = cone_boundary(1.0, 0.0, np.pi / 2, curv=1.0, steps=3, reach=2.0)
    >>> left.round(4)
    array([[0.    , 1.    ],
           [0.575 , 1.5134],
           [0.687 , 2.4444]])
    """
    _check_steps(steps)
    if not (0 <= omega <= np.pi and apex_radius >= 0 and curv > 0):
        raise ValueError(f"a cone needs omega in [0, π], apex_radius >= 0 and curv > 0, got {omega}, {apex_radius} and {curv}")
    root = np.sqrt(curv)
    r = root * apex_radius
    t = np.linspace(0, 2 * r + 10 if reach is None else root * reach, steps)
    # A point of the hyperboloid at distance t from the origin and angle omega, boosted outward by r. Along the axis
    # it is cos ω sinh t cosh r + cosh t sinh r, written without its cancellation at ω near π.
    ahead = np.sinh(r - t) + 2 * np.cos(omega / 2) ** 2 * np.sinh(t) * np.cosh(r)
    aside = np.sin(omega) * np.sinh(t)
    rho = np.arcsinh(np.hypot(ahead, aside)) / root
    # Guards atan2(0, 0): an apex at the origin is left in the direction omega.
    phi = np.where(np.hypot(ahead, aside) > 0, np.arctan2(aside, ahead), omega)
    return np.stack([apex_angle + phi, rho], axis=-1), np.stack([apex_angle - phi, rho], axis=-1)


def _complex(points: ArrayLike) -> NDArray[np.complex128]:
    """Complex numbers, or real (..., 2) coordinates, or a real number, as complex numbers."""
    values = np.asarray(points)
    if np.iscomplexobj(values) or values.ndim == 0:
        return values.astype(np.complex128)
    if values.shape[-1] != 2:
        raise ValueError(f"points must be complex or real (..., 2), got real {values.shape}")
    return np.asarray(values[..., 0] + 1j * values[..., 1], dtype=np.complex128)


def _like(template: ArrayLike, result: NDArray[np.complex128]) -> Points:
    """The result in the form of `template`: complex, or (..., 2)."""
    values = np.asarray(template)
    if np.iscomplexobj(values) or values.ndim == 0:
        return result
    return np.stack([result.real, result.imag], axis=-1)


def _room(z: NDArray[np.complex128]) -> NDArray[np.float64]:
    """1 − |z|², floored at one rounding step: guards the division for points on the boundary."""
    size = np.abs(z)
    return np.asarray(np.maximum((1 - size) * (1 + size), np.finfo(float).eps), dtype=np.float64)


def _check_steps(steps: int) -> None:
    if steps < 2:
        raise ValueError(f"steps must be at least 2 (both ends), got {steps}")

"""An independent reference for the exterior angle, in decimal arithmetic with 200 digits."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext

import pytest

Angle = Callable[[Sequence[float], float, Sequence[float], float, float], float]


def _point(direction: list[Decimal], r: Decimal) -> tuple[list[Decimal], list[Decimal]]:
    """The point at r along the direction on the unit hyperboloid (time first), and the outward unit vector there."""
    cosh, sinh = (r.exp() + (-r).exp()) / 2, (r.exp() - (-r).exp()) / 2
    return [cosh, *(sinh * u for u in direction)], [sinh, *(cosh * u for u in direction)]


def _lorentz(a: list[Decimal], b: list[Decimal]) -> Decimal:
    return sum((p * q for p, q in zip(a[1:], b[1:], strict=True)), -a[0] * b[0])


def _unit(vector: Sequence[float]) -> list[Decimal]:
    exact = [Decimal(float(value)) for value in vector]
    norm = sum(value * value for value in exact).sqrt()
    return [value / norm for value in exact]


def angle_by_log_map(direction_x: Sequence[float], radius_x: float, direction_y: Sequence[float], radius_y: float, curv: float) -> float:
    """The angle at x between the logarithmic map of y and the outward radial direction."""
    with localcontext() as context:
        context.prec = 200
        root = Decimal(float(curv)).sqrt()
        x, outward = _point(_unit(direction_x), root * Decimal(float(radius_x)))
        y, _ = _point(_unit(direction_y), root * Decimal(float(radius_y)))
        product = _lorentz(x, y)
        towards_y = [b + product * a for a, b in zip(x, y, strict=True)]
        along = _lorentz(towards_y, outward)
        across = max(_lorentz(towards_y, towards_y) - along * along, Decimal(0)).sqrt()
        return math.atan2(float(across), float(along))


@pytest.fixture(scope="session")
def exact_angle() -> Angle:
    return angle_by_log_map

"""The angles of all pairs both ways, with slopes written by hand: `geometry.exterior_angle_from_cosine` in fewer passes over memory.

The loss needs π − ext(x, y) and ext(y, x) of every parent x with every child y. Left to autograd, each takes sinh of N × N differences and
keeps some ten N × N arrays for the way back. Here what depends on one point is computed once a point, what is left of a pair are sums and
products in blocks that stay in a core's cache, and a sum over a row or column of pairs is a product of a matrix and a vector.

Let a, b be the radii in units of the curvature, v = 1 − cos θ, A = exp(−2a), B = exp(−2b), and d the distance. The sighting of y from x of
`geometry.entailment`, (sinh d · sin ext, sinh d · cos ext), times f = 2 exp(−a − b), which turns no angle and leaves no number above 2, is

    across(x, y) = f sin θ sinh b                           = sin θ (1 − B) exp(−a)
    along(x, y)  = f (sinh(b − a) − v cosh a sinh b)        = (A − B) − v (1 + A)(1 − B)/2

A − B would cancel near the origin: there a point is held as 1 and −(1 − A), which expm1 gives. What is lost is then less than the rounding
of the cosine loses.

The slopes of a triangle's angle, when y moves outwards, x does, and θ opens (each move across the line from x to y, over its length):

    ∂ext(x, y)/∂b = −sin ext(y, x) / sinh d                 = −f across(y, x) / n        n = across² + along² = (f sinh d)²
    ∂ext(x, y)/∂a = sin ext(x, y) cosh d / sinh d           = across(x, y) ((A + B) + v (1 − A)(1 − B)/2) / n
    ∂ext(x, y)/∂θ = −sinh b cos ext(y, x) / sinh d          = −(1 − B) exp(−a) along(y, x) / n

Nothing cancels in them, n is the same from both ends, and in n + (f √(eps/2))² for n they fade out where the points coincide.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from hypviz.geometry.arrays import sqrt_curv

BLOCK = 1 << 16
"""Pairs of a block on a CPU: eight arrays of so many float32 numbers are about what the second cache of a core holds."""
LEAST = 1e-35
"""Least n: what is smaller are points far out in the same direction, of whose angle no digit is known."""


def angles_both_ways(cosine: Tensor, radius_x: Tensor, radius_y: Tensor, *, curv: Tensor | float) -> tuple[Tensor, Tensor]:
    """π − ext(x, y) and ext(y, x) of all pairs, both (P, C): cosines (P, C), true radii (P,), (C,) → radians in [0, π], at least float32.

    As `geometry.exterior_angle_from_cosine` gives them, gradients too, which can be taken once only. Radii count as
    √curv·radius = 43 from there on in float32: neither angle nor slope of pairs that can be told apart changes by a rounding step.
    """
    root = sqrt_curv(curv)
    x, y = (root * radius.to(torch.promote_types(radius.dtype, torch.float32)) for radius in (radius_x, radius_y))
    dtype = torch.promote_types(cosine.dtype, torch.promote_types(x.dtype, y.dtype))
    farthest = 0.49 * math.log(torch.finfo(dtype).max)  # exp(−2r) is a normal number up to there
    angles: tuple[Tensor, Tensor] = _Angles.apply(cosine.to(dtype), x.to(dtype).clamp_max(farthest), y.to(dtype).clamp_max(farthest))
    return angles


class _Powers(NamedTuple):
    """Of radii r: exp(−r), exp(−2r), 1 − exp(−2r), (1 + exp(−2r))/2, and exp(−2r) as a sum of two, 1 or 0 and the rest of it."""

    first: Tensor
    second: Tensor
    rest: Tensor
    half: Tensor
    whole: Tensor
    part: Tensor


def _powers(radius: Tensor) -> _Powers:
    second, rest = (-2 * radius).exp(), -(-2 * radius).expm1()
    near = second > 0.5
    return _Powers((-radius).exp(), second, rest, (1 + second) / 2, near.to(radius.dtype), torch.where(near, -rest, second))


class _Angles(torch.autograd.Function):
    """(P, C) cosines, (P,) and (C,) radii in units of the curvature → the angles at the rows and those at the columns."""

    @staticmethod
    def forward(ctx: Any, cosine: Tensor, radius_x: Tensor, radius_y: Tensor) -> tuple[Tensor, Tensor]:
        """Both angles of all pairs."""
        ctx.save_for_backward(cosine, radius_x, radius_y)
        at_x, at_y = torch.empty_like(cosine), torch.empty_like(cosine)
        for rows, x, y, (versine, sine, apart, across, along) in _blocks(cosine, radius_x, radius_y, scratch=5):
            _versine_and_sine(cosine[rows], versine, sine, square=across, root=along)
            _apart(x, y, apart, spare=across)
            torch.atan2(_across(sine, x, y, across), _along(versine, apart, x, y, along).neg_(), out=at_x[rows])
            torch.atan2(_across(sine, y, x, across), _along(versine, _turned(apart), y, x, along), out=at_y[rows])
        return at_x, at_y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, at_x: Tensor, at_y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The slopes of the cosines and radii from those of both angles."""
        cosine, radius_x, radius_y = ctx.saved_tensors
        of_cosine = torch.empty_like(cosine)
        sums_x, sums_y = (torch.zeros(4, len(radius), dtype=cosine.dtype, device=cosine.device) for radius in (radius_x, radius_y))
        factors_x, factors_y = _factors(radius_x), _factors(radius_y)
        for rows, x, y, scratch in _blocks(cosine, radius_x, radius_y, scratch=8):
            turn_x, turn_y, versine, spare = _slopes(cosine[rows], x, y, at_x[rows], at_y[rows], scratch, of_cosine[rows])
            _add_sums(sums_x[:, rows], turn_x, torch.mul(turn_x, versine, out=spare), turn_y, factors_y, sign=-1)
            _add_sums(sums_y, turn_y.T, versine.mul_(turn_y).T, turn_x.T, factors_x[:, rows], sign=1)
        return of_cosine, _radial(sums_x, radius_x), _radial(sums_y, radius_y)


def _blocks(
    cosine: Tensor, radius_x: Tensor, radius_y: Tensor, *, scratch: int
) -> Iterator[tuple[slice, _Powers, _Powers, Sequence[Tensor]]]:
    """Blocks of rows, all of them at once on a GPU: which rows, powers of their radii as columns and of the others' as rows, and `scratch`
    arrays like the block, the same ones for every block: what was written last is still in the cache."""
    x, y = torch.stack(_powers(radius_x), dim=1)[..., None], _powers(radius_y[None, :])
    arrays: Tensor | None = None
    for rows in row_blocks(cosine):
        arrays = cosine.new_empty(scratch, *cosine[rows].shape) if arrays is None else arrays  # the first block is the largest
        yield rows, _Powers(*x[rows].unbind(1)), y, arrays[:, : rows.stop - rows.start].unbind(0)


def row_blocks(matrix: Tensor) -> Iterator[slice]:
    """Rows of a matrix to be worked on at a time: what a core's cache holds, and all of them on a GPU."""
    count, columns = matrix.shape
    step = max(1, BLOCK // max(1, columns)) if matrix.device.type == "cpu" else max(1, count)
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


def _versine_and_sine(cosine: Tensor, versine: Tensor, sine: Tensor, *, square: Tensor, root: Tensor) -> None:
    """Fill in v and sin θ of cosines, as `geometry.entailment` has them: below eps sin² θ is not known, and its root a straight line.

    square: becomes sin² θ.  root: 1/sin θ, at most 1/√eps.
    """
    torch.clamp(cosine, -1, 1, out=square)
    torch.neg(square, out=versine).add_(1)
    square.add_(1).mul_(versine)
    torch.clamp(square, min=torch.finfo(cosine.dtype).eps, out=root).rsqrt_()
    torch.mul(square, root, out=sine)


def _apart(x: _Powers, y: _Powers, apart: Tensor, *, spare: Tensor) -> Tensor:
    """A − B: the large parts first, which leaves the small ones their digits."""
    torch.sub(x.part, y.part, out=apart)
    return apart.add_(torch.sub(x.whole, y.whole, out=spare))


def _turned(apart: Tensor) -> Tensor:
    """B − A in place of A − B; 0 from 0 and not −0, of which atan2 makes π."""
    return torch.sub(torch.zeros_like(apart[:1]), apart, out=apart)


def _across(sine: Tensor, apex: _Powers, other: _Powers, out: Tensor) -> Tensor:
    return torch.mul(sine, other.rest, out=out).mul_(apex.first)


def _along(versine: Tensor, apart: Tensor, apex: _Powers, other: _Powers, out: Tensor) -> Tensor:
    """apart: A − B where A is the apex's."""
    torch.mul(versine, apex.half, out=out)
    return torch.addcmul(apart, out, other.rest, value=-1, out=out)


def _slopes(
    cosine: Tensor, x: _Powers, y: _Powers, at_x: Tensor, at_y: Tensor, scratch: Sequence[Tensor], of_cosine: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Fill in the slopes of a block's cosines; (slope of π − ext at x) sin θ / n, (slope of ext at y) sin θ / n, v, and a spare array."""
    versine, sine, apart, spare, root, along_x, along_y, size = scratch
    eps = torch.finfo(cosine.dtype).eps
    _versine_and_sine(cosine, versine, sine, square=spare, root=root)
    root *= spare.le_(eps).add_(1)  # d sin θ/dv over 1 − v: a line where sin² θ is at most eps
    _along(versine, _apart(x, y, apart, spare=spare), x, y, along_x)
    _along(versine, _turned(apart), y, x, along_y)
    _across(sine, x, y, spare)
    torch.addcmul(torch.full_like(x.first[:1], LEAST), spare, spare, out=size).addcmul_(along_x, along_x)
    size.addcmul_(x.second, y.second * (2 * eps))
    at_x, at_y = torch.div(at_x, size, out=spare), torch.div(at_y, size, out=size)
    torch.mul(along_y, at_x, out=of_cosine).mul_(-y.rest).mul_(x.first)
    of_cosine.addcmul_(along_x.mul_(at_y).mul_(x.rest), y.first).mul_(root)
    # A cosine that rounding carried out of −1…1 was held there, and has no slope.
    torch.ops.aten.hardtanh_backward(of_cosine, cosine, -1 - eps, 1 + eps, grad_input=of_cosine)
    return at_x.mul_(sine), at_y.mul_(sine), versine, apart


def _factors(radius: Tensor) -> Tensor:
    """(4, n) what the points put into the sums of others, see `_add_sums`."""
    powers = _powers(radius)
    return torch.stack([powers.rest, powers.rest * powers.second, powers.rest.square(), powers.rest * powers.first])


def _add_sums(sums: Tensor, powers: Tensor, own_versine: Tensor, others: Tensor, factors: Tensor, *, sign: int) -> None:
    """Add to (4, n) the sums over the other points: three of what turns the angle at a point, one of what it turns at them.

    sign: that of the first three; the fourth has the other.
    """
    for total, matrix, vector, factor in zip(sums, (powers, powers, own_versine, others), factors, (sign, sign, sign, -sign), strict=True):
        total.addmv_(matrix, vector, alpha=factor)


def _radial(sums: Tensor, radius: Tensor) -> Tensor:
    """(n,) slopes of radii from the sums: what does not depend on the other points."""
    powers = _powers(radius)
    turned = powers.second * sums[0] + sums[1] + powers.rest / 2 * sums[2]
    return powers.first * turned - 2 * powers.second * sums[3]

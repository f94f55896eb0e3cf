"""Exterior angles of all pairs both ways, with slopes written by hand: `geometry.exterior_angle_from_cosine` in fewer passes over memory.

The loss needs ext(x, y) and ext(y, x) of every parent x with every child y. Left to autograd, each takes sinh of N × N differences and
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
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from hypviz.geometry.arrays import sqrt_curv

BLOCK = 1 << 16
"""Pairs of a block on a CPU: eight arrays of so many float32 numbers are about what the second cache of a core holds."""
LEAST = 1e-35
"""Least n: what is smaller are points far out in the same direction, of whose angle no digit is known."""


def both_exterior_angles(cosine: Tensor, radius_x: Tensor, radius_y: Tensor, *, curv: Tensor | float) -> tuple[Tensor, Tensor]:
    """ext(x, y) and ext(y, x) of all pairs, both (P, C): cosines (P, C), true radii (P,) and (C,) → radians in [0, π], at least float32.

    As `geometry.exterior_angle_from_cosine` gives them, gradients too, which can be taken once only. Radii count as
    √curv·radius = 43 from there on in float32: neither angle nor slope of pairs that can be told apart changes by a rounding step.
    """
    root = sqrt_curv(curv)
    x, y = (root * radius.to(torch.promote_types(radius.dtype, torch.float32)) for radius in (radius_x, radius_y))
    dtype = torch.promote_types(cosine.dtype, torch.promote_types(x.dtype, y.dtype))
    farthest = 0.49 * math.log(torch.finfo(dtype).max)  # exp(−2r) is a normal number up to there
    angles: tuple[Tensor, Tensor] = _BothAngles.apply(cosine.to(dtype), x.to(dtype).clamp_max(farthest), y.to(dtype).clamp_max(farthest))
    return angles


class _Powers(NamedTuple):
    """Of radii r: exp(−r), exp(−2r), 1 − exp(−2r), (1 + exp(−2r))/2, and exp(−2r) as a sum of two, 1 or 0 and the rest of it."""

    first: Tensor
    second: Tensor
    rest: Tensor
    half: Tensor
    whole: Tensor
    part: Tensor

    def each(self, change: Callable[[Tensor], Tensor]) -> _Powers:
        """The same change of all."""
        return _Powers(*map(change, self))


def _powers(radius: Tensor) -> _Powers:
    second, rest = (-2 * radius).exp(), -(-2 * radius).expm1()
    near = second > 0.5
    return _Powers((-radius).exp(), second, rest, (1 + second) / 2, near.to(radius.dtype), torch.where(near, -rest, second))


class _BothAngles(torch.autograd.Function):
    """(P, C) cosines, (P,) and (C,) radii in units of the curvature → the angles at the rows and those at the columns."""

    @staticmethod
    def forward(ctx: Any, cosine: Tensor, radius_x: Tensor, radius_y: Tensor) -> tuple[Tensor, Tensor]:
        """Both angles of all pairs."""
        ctx.save_for_backward(cosine, radius_x, radius_y)
        at_x, at_y = torch.empty_like(cosine), torch.empty_like(cosine)
        for rows, x, y, (versine, sine, apart, across, along) in _blocks(cosine, radius_x, radius_y, scratch=5):
            _versine_and_sine(cosine[rows], versine, sine, spare=across, root=along)
            _apart(x, y, apart, spare=across)
            torch.atan2(_across(sine, x, y, across), _along(versine, apart, x, y, along), out=at_x[rows])
            torch.atan2(_across(sine, y, x, across), _along(versine, apart.neg_(), y, x, along), out=at_y[rows])
        return at_x, at_y

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, at_x: Tensor, at_y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The slopes of the cosines and radii from those of both angles."""
        cosine, radius_x, radius_y = ctx.saved_tensors
        of_cosine = torch.empty_like(cosine)
        sums_x, sums_y = [], torch.zeros_like(_powers(radius_y).first.expand(4, -1))
        for rows, x, y, scratch in _blocks(cosine, radius_x, radius_y, scratch=8):
            own_x, own_y, versine, spare = _slopes(cosine[rows], x, y, at_x[rows], at_y[rows], scratch, of_cosine[rows])
            sums_x.append(_sums(own_x, own_y, torch.mul(own_x, versine, out=spare), y.each(torch.flatten)))
            sums_y += _sums(own_y.T, own_x.T, versine.mul_(own_y).T, x.each(torch.flatten))
        return of_cosine, _radial(torch.cat(sums_x, dim=1), radius_x), _radial(sums_y, radius_y)


def _blocks(
    cosine: Tensor, radius_x: Tensor, radius_y: Tensor, *, scratch: int
) -> Iterator[tuple[slice, _Powers, _Powers, Sequence[Tensor]]]:
    """Blocks of rows, all of them at once on a GPU: which rows, of these radii as a column and of the others as a row, and `scratch` arrays
    like the block, which are the same ones for every block: what was written last is still in the cache."""
    count, columns = cosine.shape
    step = min(count, max(1, BLOCK // max(1, columns))) if cosine.device.type == "cpu" else count
    x, y = _powers(radius_x[:, None]), _powers(radius_y[None, :])
    arrays = cosine.new_empty(scratch, step, columns)
    for start in range(0, count, max(1, step)):
        rows = slice(start, min(start + step, count))
        yield rows, _Powers(*(one[rows] for one in x)), y, arrays[:, : rows.stop - start].unbind(0)


def _versine_and_sine(cosine: Tensor, versine: Tensor, sine: Tensor, *, spare: Tensor, root: Tensor) -> None:
    """v and sin θ of cosines, as `geometry.entailment` has them: below eps sin² θ is not known, and its root a straight line.

    spare: becomes sin² θ.  root: 1/sin θ, at most 1/√eps.
    """
    torch.sub(torch.ones_like(cosine[:1]), cosine, out=versine).clamp_(0, 2)
    torch.sub(torch.full_like(cosine[:1], 2), versine, out=spare).mul_(versine)
    torch.clamp(spare, min=torch.finfo(cosine.dtype).eps, out=root).rsqrt_()
    torch.mul(spare, root, out=sine)


def _apart(x: _Powers, y: _Powers, apart: Tensor, *, spare: Tensor) -> Tensor:
    """A − B: the large parts first, which leaves the small ones their digits."""
    torch.sub(x.part, y.part, out=apart)
    return apart.add_(torch.sub(x.whole, y.whole, out=spare))


def _across(sine: Tensor, apex: _Powers, other: _Powers, out: Tensor) -> Tensor:
    return torch.mul(sine, other.rest, out=out).mul_(apex.first)


def _along(versine: Tensor, apart: Tensor, apex: _Powers, other: _Powers, out: Tensor) -> Tensor:
    """apart: A − B where A is the apex's."""
    torch.mul(versine, apex.half, out=out)
    return torch.addcmul(apart, out, other.rest, value=-1, out=out)


def _slopes(
    cosine: Tensor, x: _Powers, y: _Powers, at_x: Tensor, at_y: Tensor, scratch: Sequence[Tensor], of_cosine: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Fill in the slopes of a block's cosines; (slope of the angle at x) sin θ / n, the same at y, v, and an array to spare."""
    versine, sine, apart, spare, root, along_x, along_y, size = scratch
    eps = torch.finfo(cosine.dtype).eps
    _versine_and_sine(cosine, versine, sine, spare=spare, root=root)
    root *= spare.le_(eps).add_(1)  # d sin θ/dv over 1 − v: a line where sin² θ is at most eps
    _along(versine, _apart(x, y, apart, spare=spare), x, y, along_x)
    _along(versine, apart.neg_(), y, x, along_y)
    _across(sine, x, y, spare)
    torch.mul(spare, spare, out=size).addcmul_(along_x, along_x)
    torch.mul(x.first, y.first * (2 * math.sqrt(eps / 2)), out=spare)
    size.addcmul_(spare, spare).clamp_min_(LEAST)
    at_x, at_y = torch.div(at_x, size, out=spare), torch.div(at_y, size, out=size)
    torch.mul(along_y, at_x, out=of_cosine).mul_(y.rest).mul_(x.first)
    of_cosine.addcmul_(along_x.mul_(at_y).mul_(x.rest), y.first).mul_(root)
    of_cosine *= torch.abs(cosine, out=root).le_(1)  # a cosine that rounding carried out of −1…1 was held there
    return at_x.mul_(sine), at_y.mul_(sine), versine, apart


def _sums(own: Tensor, others: Tensor, versine: Tensor, other: _Powers) -> Tensor:
    """(4, n) sums over the other points of what turns the angle at a point itself, and of what it turns at them."""
    return torch.stack([
        torch.mv(own, other.rest), torch.mv(own, other.rest * other.second), torch.mv(versine, other.rest.square()),
        torch.mv(others, other.rest * other.first),
    ])  # fmt: skip


def _radial(sums: Tensor, radius: Tensor) -> Tensor:
    """(n,) slopes of radii from the sums: what does not depend on the other points."""
    own = _powers(radius)
    turned = own.second * sums[0] + sums[1] + own.rest / 2 * sums[2]
    return own.first * turned - 2 * own.second * sums[3]

"""The angles of all pairs with slopes by hand: against the geometry's own formulas, left to autograd, in float64."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from hypviz.geometry import exterior_angle_from_cosine
from hypviz.model import pair_angles
from hypviz.model.pair_angles import angles_both_ways, row_blocks
from hypviz.training.log_shares import mean_log_share

RANGES = [(1e-4, 1e-3), (1e-3, 0.1), (0.1, 1.0), (1.0, 3.0), (3.0, 10.0), (10.0, 40.0), (1e-4, 40.0)]


def by_the_geometry(cosine: Tensor, radius_x: Tensor, radius_y: Tensor, curv: Tensor | float) -> tuple[Tensor, Tensor]:
    x, y = radius_x[:, None], radius_y[None, :]
    return math.pi - exterior_angle_from_cosine(cosine, x, y, curv=curv), exterior_angle_from_cosine(cosine, y, x, curv=curv)


def by_hand(cosine: Tensor, radius_x: Tensor, radius_y: Tensor, curv: Tensor | float) -> tuple[Tensor, Tensor]:
    return angles_both_ways(cosine, radius_x, radius_y, curv=curv)


def pairs(seed: int, low: float, high: float, *, curv: float, count: int = 24) -> list[Tensor]:
    """Cosines over all angles and √c·r over low…high, in numbers that float32 holds."""
    draw = torch.Generator().manual_seed(seed)
    cosine = torch.cos(0.05 + 3.04 * torch.rand(count, count + 6, generator=draw))
    radii = [torch.exp(math.log(low) + math.log(high / low) * torch.rand(n, generator=draw)) / curv**0.5 for n in cosine.shape]
    return [cosine, *radii, torch.tensor(curv)]


def with_slopes(angles: Callable[..., tuple[Tensor, Tensor]], given: list[Tensor], dtype: torch.dtype) -> list[Tensor]:
    """Both angles, and the slopes of a sum of them, weighted as by chance, by everything given; in float64."""
    leaves = [each.clone().to(dtype).requires_grad_() for each in given]
    found = angles(*leaves)
    weights = [torch.randn(each.shape, generator=torch.Generator().manual_seed(7)).to(dtype) for each in found]
    sum((each * weight).sum() for each, weight in zip(found, weights, strict=True)).backward()  # type: ignore[union-attr]
    return [each.detach().double() for each in (*found, *(leaf.grad for leaf in leaves if leaf.grad is not None))]


@pytest.mark.parametrize(("low", "high"), RANGES)
@pytest.mark.parametrize("curv", [0.1, 1.0, 10.0])
def test_angles_and_slopes_are_those_of_the_geometry(low: float, high: float, curv: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """To where its slopes fade at a distance of √(eps/2): 1e-8 in float64, a ten-thousandth of the smallest radius."""
    monkeypatch.setattr(pair_angles, "BLOCK", 200)  # several blocks, the last of them smaller
    given = pairs(1, low, high, curv=curv)
    for found, exact in zip(*(with_slopes(angles, given, torch.float64) for angles in (by_hand, by_the_geometry)), strict=True):
        assert (found - exact).abs().max() < 1e-6 * exact.abs().max()


@pytest.mark.parametrize(("low", "high"), RANGES)
def test_float32_is_as_near_to_float64_as_the_geometry_in_float32(low: float, high: float) -> None:
    """Angles to 4e-6 as tests of the geometry ask; slopes to 3e-3, or to what float32 can know near the origin, where they fade out."""
    given = pairs(2, low, high, curv=1.0)
    exact, by_autograd, found = (
        with_slopes(angles, given, dtype)
        for angles, dtype in ((by_the_geometry, torch.float64), (by_the_geometry, torch.float32), (by_hand, torch.float32))
    )
    for place, (wanted, other, mine) in enumerate(zip(exact, by_autograd, found, strict=True)):
        assert mine.isfinite().all()
        if place < 2:
            assert (mine - wanted).abs().max() < 4e-6
        elif place < 5:  # the curvature's is a sum of parts that cancel
            known = 2 * (other - wanted).abs().max()
            assert (mine - wanted).abs().max() < max(3e-3 * wanted.abs().max(), known)


@pytest.mark.parametrize("curv", [0.3, 1.0, 4.0])
def test_slopes_pass_gradcheck(curv: float) -> None:
    cosine, x, y, learned = (each.double().requires_grad_() for each in pairs(3, 0.1, 3.0, curv=curv, count=4))
    assert torch.autograd.gradcheck(by_hand, (cosine, x, y, learned))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_slopes_are_finite_at_every_singular_place(dtype: torch.dtype) -> None:
    radii = [0.0, 1e-30, 1e-8, 1e-4, 1.0, 1.0 + 1e-7, 15.0, 40.0, 79.0, 1e4]
    eps = torch.finfo(dtype).eps
    for cosine in (1 + eps, 1.0, 1 - eps / 2, 1 - 4 * eps, 0.5, -1 + eps, -1.0, -1 - eps):
        leaves = [torch.full((10, 10), cosine, dtype=dtype), *torch.tensor([radii, radii], dtype=dtype), torch.tensor(3.0, dtype=dtype)]
        leaves = [each.clone().requires_grad_() for each in leaves]
        found = by_hand(*leaves)
        assert all(((each >= 0) & (each <= math.pi + 1e-6)).all() for each in found)
        (100 * (found[0].sum() - found[1].sum())).backward()
        for leaf in leaves:
            assert leaf.grad is not None and leaf.grad.isfinite().all()
        if abs(cosine) > 1:
            assert (leaves[0].grad == 0).all()  # held at 1


def test_a_point_is_within_its_own_cone_and_straight_lines_keep_their_order() -> None:
    radii = torch.tensor([1e-4, 0.3, 0.34, 0.36, 2.0, 39.0, 40.0])
    inner, outer = by_hand(torch.ones(7, 7), radii, radii, 1.0)
    behind = torch.arange(7)[:, None] <= torch.arange(7)[None, :]
    assert torch.equal(inner == math.pi, behind) and torch.equal(inner == 0, ~behind)
    assert torch.equal(outer == 0, behind.T) and torch.equal(outer > 3.14, ~behind.T)


def test_a_direction_that_is_not_asked_for_costs_no_slope() -> None:
    given = pairs(4, 0.1, 2.0, curv=1.0)
    for place in (0, 1):
        slopes = []
        for angles in (by_hand, by_the_geometry):
            leaves = [each.double().requires_grad_() for each in given]
            angles(*leaves)[place].sum().backward()
            slopes.append([leaf.grad for leaf in leaves])
        for found, exact in zip(*slopes, strict=True):
            torch.testing.assert_close(found, exact, rtol=1e-6, atol=1e-8)


def test_blocks_are_all_rows_once_and_one_block_on_a_gpu() -> None:
    matrix = torch.empty(1000, 700)
    rows = [row for block in row_blocks(matrix) for row in range(block.start, block.stop)]
    assert rows == list(range(1000)) and len(list(row_blocks(matrix))) > 1
    assert list(row_blocks(matrix.to("meta"))) == [slice(0, 1000)]
    assert list(row_blocks(torch.empty(0, 5))) == [] and len(list(row_blocks(torch.empty(2, 10**7)))) == 2


def shares_by_autograd(similarity: Tensor, scale: Tensor, absent: Tensor, weight: Tensor) -> Tensor:
    share = (scale * similarity).masked_fill(absent, torch.finfo(similarity.dtype).min).log_softmax(dim=1)
    total = weight.to(similarity.dtype).sum(dim=1)
    return torch.where(total > 0, -(share * weight).sum(dim=1) / torch.where(total > 0, total, 1), 0)


@pytest.mark.parametrize(("transposed", "weighted"), list(itertools.product((False, True), (False, True))))
def test_shares_and_their_slopes_are_those_of_log_softmax(transposed: bool, weighted: bool) -> None:
    draw = torch.Generator().manual_seed(5)
    similarity, chance = (torch.rand(2, 9, 14, generator=draw, dtype=torch.float64) * 3).unbind()
    positive, absent = chance < 0.5, chance > 2
    positive[3], absent[4] = False, ~positive[4]  # an anchor without positives, and one without negatives
    weight: Any = torch.where(positive, 0.5 + torch.rand(9, 14, generator=draw, dtype=torch.float64), 0) if weighted else positive
    found = []
    for shares in (mean_log_share, shares_by_autograd):
        values, scale = similarity.clone().requires_grad_(), torch.tensor(7.0, dtype=torch.float64, requires_grad=True)
        losses = shares(values.T.contiguous().T if transposed else values, scale, absent, weight)
        (losses * torch.arange(1.0, 10.0)).sum().backward()
        assert values.grad is not None and (values.grad[absent] == 0).all() and (values.grad[3] == 0).all() and losses[3] == 0
        found.append((losses.detach(), values.grad, scale.grad))
    torch.testing.assert_close(*found)

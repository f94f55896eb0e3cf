"""What is added to the angle loss: directions spread out, radii kept in reach, and what a backbone knew held fast."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from hypviz.training.losses import LossOutput, LossSettings, regularised

CURV = torch.tensor(0.7)


def directions(seed: int, count: int = 12, dim: int = 5) -> Tensor:
    return functional.normalize(torch.randn(count, dim, generator=torch.Generator().manual_seed(seed)), dim=1)


def added(points: tuple[Tensor, Tensor], *, start: Tensor | None = None, **weights: float) -> float:
    """What the terms add to a loss of 2."""
    zero = torch.zeros(())
    out = regularised(LossOutput(torch.tensor(2.0), zero, zero), points, curv=CURV, settings=LossSettings(**weights), start=start)  # type: ignore[arg-type]
    return out.total.item() - 2


def test_without_weights_nothing_is_added() -> None:
    assert added((directions(0), torch.ones(12)), start=directions(1)) == 0


def test_spread_counts_the_mean_direction() -> None:
    one = directions(0)
    assert added((one[:1].expand(6, -1), torch.ones(6)), spread=3.0) == pytest.approx(3, rel=1e-5)
    assert added((torch.cat([one, -one]), torch.ones(24)), spread=3.0) == pytest.approx(0, abs=1e-5)


def test_norm_counts_the_squared_radius_in_units_of_the_curvature() -> None:
    assert added((directions(0, 2), torch.tensor([1.0, 3.0])), norm=2.0) == pytest.approx(2 * 0.7 * 5, rel=1e-5)


def test_the_anchor_counts_how_cosines_changed_and_no_turn_of_the_whole() -> None:
    before, after = directions(0), directions(1)
    radii = torch.ones(12)
    change = (after @ after.T - before @ before.T).square().mean().item()
    assert added((after, radii), start=before, anchor=0.5) == pytest.approx(50 * change, rel=1e-4)
    turn, _ = torch.linalg.qr(torch.randn(5, 5, generator=torch.Generator().manual_seed(3)))
    assert added((before @ turn, radii), start=before, anchor=0.5) == pytest.approx(0, abs=1e-4)
    assert added((after, radii), start=None, anchor=0.5) == 0


def test_following_the_anchor_leads_back_to_the_start() -> None:
    before = directions(0)
    free = directions(1).clone().requires_grad_()
    zero, first, optimiser = torch.zeros(()), None, torch.optim.Adam([free], lr=0.05)
    for _ in range(200):
        now = functional.normalize(free, dim=1), torch.ones(12)
        loss = regularised(LossOutput(zero, zero, zero), now, curv=CURV, settings=LossSettings(anchor=1.0), start=before).total
        first = loss.item() if first is None else first
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.05 * first


@pytest.mark.parametrize("name", ["spread", "anchor", "norm"])
@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
def test_a_weight_that_is_none_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a finite number of at least 0"):
        LossSettings(**{name: value})  # type: ignore[arg-type]

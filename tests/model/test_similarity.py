"""What the baselines contrast: distances against the geometry's own, and the excess over the aperture against a loop."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor

from hypviz.geometry import distance, exterior_angle, from_polar, half_aperture
from hypviz.model.similarity import Points, aperture_excess, similarities
from hypviz.training.losses import HINGE_WEIGHT, LossSettings, pair_loss


def points(seed: int, count: int, dim: int = 5) -> Points:
    generator = torch.Generator().manual_seed(seed)
    direction = torch.nn.functional.normalize(torch.randn(count, dim, generator=generator, dtype=torch.float64), dim=-1)
    return direction, 0.2 + 2 * torch.rand(count, generator=generator, dtype=torch.float64)


def test_hyperbolic_distances_are_those_of_the_lorentz_model() -> None:
    parents, children = points(0, 4), points(1, 6)
    forth, back = similarities(parents, children, curv=0.6, geometry="hyperbolic", by="distance")
    assert forth.shape == (4, 6) and torch.equal(back, forth.T)
    x, y = from_polar(*parents, curv=0.6), from_polar(*children, curv=0.6)
    for i, j in itertools.product(range(4), range(6)):
        assert -forth[i, j].item() == pytest.approx(float(distance(x[i], y[j], curv=0.6)), abs=1e-9)


def test_euclidean_distances_are_those_of_the_vectors_and_have_a_gradient_of_0_at_0() -> None:
    parents = points(2, 4)
    children = (torch.cat([parents[0][:1], points(3, 5)[0]]), torch.cat([parents[1][:1], points(3, 5)[1]]))
    radius = parents[1].clone().requires_grad_()
    forth, _ = similarities((parents[0], radius), children, curv=1.0, geometry="euclidean", by="distance")
    x, y = parents[0] * parents[1][:, None], children[0] * children[1][:, None]
    torch.testing.assert_close(-forth.detach(), torch.cdist(x, y), atol=1e-7, rtol=0)
    forth[0, 0].backward()
    assert radius.grad is not None and radius.grad.isfinite().all()
    # 0 but for rounding: ‖x − y‖ at x = y comes from a matrix product, whose last bits are the processor's
    assert abs(float(radius.grad[0])) < 1e-6


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="by must be one of angle, distance"):
        similarities(points(0, 2), points(1, 2), curv=1.0, geometry="hyperbolic", by="time")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="geometry must be one of hyperbolic, euclidean, cosine"):
        similarities(points(0, 2), points(1, 2), curv=1.0, geometry="flat")  # type: ignore[arg-type]


def test_the_excess_over_the_aperture_is_its_definition() -> None:
    parents, children = points(4, 5), points(5, 7)
    positive = torch.rand(5, 7, generator=torch.Generator().manual_seed(6)) < 0.4
    found = aperture_excess(parents, children, positive, curv=1.4)
    wanted = []
    for i, j in positive.nonzero().tolist():
        outside = exterior_angle(parents[0][i], parents[1][i], children[0][j], children[1][j], curv=1.4)
        wanted.append(max(0.0, float(outside - half_aperture(parents[1][i], curv=1.4))))
    assert found.item() == pytest.approx(sum(wanted) / len(wanted), abs=1e-9)
    assert 0 < found < math.pi


def test_a_child_straight_behind_its_parent_costs_nothing() -> None:
    direction = torch.tensor([[1.0, 0.0]])
    inside = aperture_excess(
        (direction, torch.tensor([1.0])), (direction, torch.tensor([2.0])), torch.ones(1, 1, dtype=torch.bool), curv=1.0
    )
    assert inside == 0


@pytest.mark.parametrize("direction", ["both", "parent_to_child"])
def test_the_hinge_is_the_distance_contrast_and_the_excess(direction: str) -> None:
    parents, children = points(7, 5), points(8, 5)
    eye, none = torch.eye(5, dtype=torch.bool), torch.zeros(5, 5, dtype=torch.bool)

    def loss(objective: str) -> Tensor:
        settings = LossSettings(objective=objective, direction=direction)  # type: ignore[arg-type]
        return pair_loss(parents, children, positive=eye, related=none, never=none, curv=0.9, scale=3.0, settings=settings).total

    excess = aperture_excess(parents, children, eye, curv=0.9)
    torch.testing.assert_close(loss("hinge"), loss("distance") + HINGE_WEIGHT * excess)


@pytest.mark.parametrize("geometry", ["euclidean", "cosine"])
def test_the_hinge_is_hyperbolic_only(geometry: str) -> None:
    with pytest.raises(ValueError, match="hinge"):
        LossSettings(objective="hinge", geometry=geometry)  # type: ignore[arg-type]

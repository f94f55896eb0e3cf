"""Gradients: right where the geometry is smooth, finite where it is not."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from hypviz import geometry as g

DTYPES = [torch.float32, torch.bfloat16]


def unit_rows(seed: int, count: int, dim: int = 5) -> Tensor:
    rows = torch.randn(count, dim, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(rows, dim=1)


def hard_pairs(dtype: torch.dtype) -> list[Tensor]:
    """Directions and radii at and next to every singular place: θ near 0 and π, equal points, origin, far out."""
    x = unit_rows(0, 1)[0]
    aside = torch.nn.functional.normalize(unit_rows(1, 1)[0] - (unit_rows(1, 1)[0] @ x) * x, dim=0)
    turns = [0.0, 1e-20, 1e-8, 1e-4, 1.0, math.pi - 1e-8, math.pi]
    radii = [0.0, 1e-30, 1e-8, 1e-3, 1.0, 1.0 + 1e-7, 15.0]
    rows = [(x, r_x, math.cos(turn) * x + math.sin(turn) * aside, r_y) for turn, r_x, r_y in itertools.product(turns, radii, radii)]
    directions_x, radius_x, directions_y, radius_y = zip(*rows, strict=True)
    return [
        torch.stack(directions_x).to(dtype),
        torch.tensor(radius_x, dtype=dtype),
        torch.stack(directions_y).to(dtype),
        torch.tensor(radius_y, dtype=dtype),
    ]


def assert_finite_gradients(output: Tensor, leaves: list[Tensor]) -> None:
    assert output.isfinite().all()
    output.sum().backward()
    for index, leaf in enumerate(leaves):
        assert leaf.grad is not None and leaf.grad.isfinite().all(), f"input {index}"


@pytest.mark.parametrize("curv", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("dtype", DTYPES)
def test_angle_gradients_are_finite_everywhere(dtype: torch.dtype, curv: float) -> None:
    leaves = [values.requires_grad_() for values in hard_pairs(dtype)]
    learned = torch.tensor(curv, requires_grad=True)
    assert_finite_gradients(g.exterior_angle(*leaves, curv=learned), [*leaves, learned])


@pytest.mark.parametrize("curv", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("dtype", DTYPES)
def test_gradients_from_cosines_are_finite_everywhere(dtype: torch.dtype, curv: float) -> None:
    x, rx, y, ry = hard_pairs(dtype)
    leaves = [(x * y).sum(dim=1).requires_grad_(), rx.requires_grad_(), ry.requires_grad_()]
    learned = torch.tensor(curv, requires_grad=True)
    assert_finite_gradients(g.exterior_angle_from_cosine(*leaves, curv=learned), [*leaves, learned])
    assert_finite_gradients(g.euclidean_exterior_angle_from_cosine(*leaves), leaves)
    assert_finite_gradients(g.distance_from_cosine(*leaves, curv=learned), [*leaves, learned])


@pytest.mark.parametrize("dtype", DTYPES)
def test_pairwise_gradients_are_finite_for_equal_points(dtype: torch.dtype) -> None:
    x, rx, _, _ = hard_pairs(dtype)
    leaves = [x[:60].clone().requires_grad_(), rx[:60].clone().requires_grad_()]
    assert_finite_gradients(g.pairwise_exterior_angle(*leaves, *leaves, curv=1.0), leaves)
    assert_finite_gradients(g.pairwise_euclidean_exterior_angle(*leaves, *leaves), leaves)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["exp_map0", "log_map0", "time_component", "to_poincare", "from_poincare"])
def test_lorentz_gradients_are_finite_from_the_origin_outward(name: str, dtype: torch.dtype) -> None:
    sizes = torch.tensor([0.0, 1e-38, 1e-20, 1e-8, 1e-4, 1e-2, 1e-1, 0.9])
    leaf = (sizes[:, None] * unit_rows(2, len(sizes))).to(dtype).requires_grad_()
    assert_finite_gradients(getattr(g, name)(leaf, curv=1.5), [leaf])


@pytest.mark.parametrize("dtype", DTYPES)
def test_distance_gradients_are_finite_for_equal_and_far_points(dtype: torch.dtype) -> None:
    x, rx, y, ry = (values.requires_grad_() for values in hard_pairs(dtype))
    learned = torch.tensor(10.0, requires_grad=True)
    first, second = g.from_polar(x, rx, curv=learned), g.from_polar(y, ry, curv=learned)
    assert_finite_gradients(g.distance(first, second, curv=learned), [x, rx, y, ry, learned])


def test_distance_gradient_has_length_one_far_out() -> None:
    """In units of the curvature; the library's asinh loses it where the square of its argument overflows."""
    radius = torch.tensor([10.0, 50.0, 60.0], requires_grad=True)
    g.distance_from_cosine(torch.tensor(-1.0), radius, torch.tensor(50.0), curv=1.0).sum().backward()
    torch.testing.assert_close(radius.grad, torch.ones(3))


@pytest.mark.parametrize("curv", [0.1, 1.0, 5.0])
def test_angles_pass_gradcheck(curv: float) -> None:
    x, y = unit_rows(3, 6).requires_grad_(), unit_rows(4, 6).requires_grad_()
    rx, ry = (torch.rand(2, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(5)) * 2 + 0.1).unbind()
    learned = torch.tensor(curv, dtype=torch.float64, requires_grad=True)
    inputs = (x, rx.requires_grad_(), y, ry.requires_grad_(), learned)
    assert torch.autograd.gradcheck(lambda a, b, c, d, e: g.exterior_angle(a, b, c, d, curv=e), inputs)
    assert torch.autograd.gradcheck(lambda a, b, c, d, e: g.pairwise_exterior_angle(a, b, c, d, curv=e), inputs)
    assert torch.autograd.gradcheck(g.pairwise_euclidean_exterior_angle, inputs[:4])
    assert torch.autograd.gradcheck(lambda b, e: g.half_aperture(b, curv=e), (inputs[1], learned))


def test_maps_and_distances_pass_gradcheck() -> None:
    x, y = (unit_rows(6, 4) * 1.3).requires_grad_(), (unit_rows(7, 4) * 0.6).requires_grad_()
    learned = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    for name in ("exp_map0", "log_map0", "time_component", "to_poincare"):
        function = getattr(g, name)
        assert torch.autograd.gradcheck(lambda a, e, f=function: f(a, curv=e), (x, learned)), name
    for name in ("inner", "pairwise_inner", "distance", "pairwise_distance"):
        function = getattr(g, name)
        assert torch.autograd.gradcheck(lambda a, b, e, f=function: f(a, b, curv=e), (x, y, learned)), name
    assert torch.autograd.gradcheck(lambda a, e: g.from_poincare(a, curv=e), (y, learned))
    assert torch.autograd.gradcheck(lambda a, e: g.to_polar(a, curv=e), (x, learned))


@pytest.mark.parametrize("curv", [0.1, 1.0, 10.0])
def test_float32_gradients_are_those_of_float64(curv: float) -> None:
    """Relative to the largest component; at the smallest r here, 3e-3, the fading near coincidence costs 2e-3."""
    rng = np.random.default_rng(8)
    radii = torch.tensor(10 ** rng.uniform(-2, 0.5, size=(2, 40)))
    gradients = []
    for dtype in (torch.float64, torch.float32):
        leaves = [unit_rows(9, 40), radii[0], unit_rows(10, 40), radii[1]]
        leaves = [values.float().to(dtype).requires_grad_() for values in leaves]
        g.pairwise_exterior_angle(*leaves, curv=curv).sum().backward()
        gradients.append([leaf.grad.double() for leaf in leaves])
    for exact, rounded in zip(*gradients, strict=True):
        assert (exact - rounded).abs().max() < 3e-3 * exact.abs().max()


def test_gradient_fades_out_where_the_points_coincide() -> None:
    gap = torch.tensor([1e-7, 1e-5, 1e-4, 1e-3, 1e-2], dtype=torch.float64)
    radius = torch.ones_like(gap, dtype=torch.float32)
    x, y = torch.tensor([1.0, 0.0]), torch.stack([torch.cos(gap), torch.sin(gap)], dim=1).float().requires_grad_()
    g.exterior_angle(x, radius, y, radius + gap.float(), curv=1.0).sum().backward()
    size = y.grad.norm(dim=1)
    assert size.max() < 2 / math.sqrt(torch.finfo(torch.float32).eps)
    assert size[0] < size[1] < size[2] > size[3] > size[4]


@pytest.mark.parametrize("curv", [0.1, 1.0, 10.0])
def test_slope_against_the_radii_is_bounded_everywhere(curv: float) -> None:
    """One over the distance, until it fades at √(eps/2): at most 1/(2√(eps/2)), where x = y and at the origin too."""
    x, rx, y, ry = (values.requires_grad_() for values in hard_pairs(torch.float32))
    g.exterior_angle(x, rx, y, ry, curv=curv).sum().backward()
    bound = math.sqrt(curv) * (1 + 1 / (2 * math.sqrt(torch.finfo(torch.float32).eps / 2)))
    assert rx.grad.abs().max() < bound and ry.grad.abs().max() < bound


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_aperture_gradient_is_finite_where_the_cone_opens_wide(dtype: torch.dtype) -> None:
    edge = torch.asinh(torch.tensor(0.2, dtype=dtype))
    radius = torch.stack([torch.zeros_like(edge), *(edge * (1 + k * torch.finfo(dtype).eps) for k in range(-4, 5))])
    radius.requires_grad_()
    assert_finite_gradients(g.half_aperture(radius, curv=1.0), [radius])

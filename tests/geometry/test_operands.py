"""Operands of every kind: their device, their dtype, their shape, and the ends of their ranges."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from array_api_compat import array_namespace

from hypviz import geometry as g
from hypviz.geometry import arrays, poincare

TORCH = array_namespace(torch.zeros(1))
ONE = {
    "time_component": lambda x: g.time_component(x, curv=2.0),
    "exp_map0": lambda x: g.exp_map0(x, curv=2.0),
    "log_map0": lambda x: g.log_map0(x, curv=2.0),
    "to_polar": lambda x: g.to_polar(x, curv=2.0)[0],
    "to_poincare": lambda x: g.to_poincare(x, curv=2.0),
    "from_poincare": lambda x: g.from_poincare(x / 8, curv=2.0),
    "inner": lambda x: g.inner(x, x, curv=2.0),
    "pairwise_inner": lambda x: g.pairwise_inner(x, x, curv=2.0),
    "distance": lambda x: g.distance(x, x, curv=2.0),
    "pairwise_distance": lambda x: g.pairwise_distance(x, x[:2] + 1, curv=2.0),
    "textbook_exterior_angle": lambda x: g.textbook_exterior_angle(x, 2 * x + 1, curv=2.0),
    "manifold_error": lambda x: g.manifold_error(x, curv=2.0),
    "from_polar": lambda x: g.from_polar(x, x[..., 0], curv=2.0),
    "from_polar at one radius": lambda x: g.from_polar(x, x[0, 0], curv=2.0),
    "geodesic_to_origin": lambda x: g.geodesic_to_origin(x, x[..., 0], 4)[1],
    "exterior_angle": lambda x: g.exterior_angle(x, 1.0, x, x[..., 0], curv=2.0),
    "refined_exterior_angle": lambda x: g.refined_exterior_angle(x, 1.0, x, x[..., 0], curv=2.0),
    "refined_euclidean_exterior_angle": lambda x: g.refined_euclidean_exterior_angle(x, 1.0, x, x[..., 0]),
    "exterior_angle_from_cosine": lambda x: g.exterior_angle_from_cosine(x, 1.0, 2, curv=2.0),
    "euclidean_exterior_angle_from_cosine": lambda x: g.euclidean_exterior_angle_from_cosine(x, 1.0, 2),
    "distance_from_cosine": lambda x: g.distance_from_cosine(x, 1.0, True, curv=2.0),
    "half_aperture": lambda x: g.half_aperture(x, curv=2.0),
}


@pytest.mark.parametrize("name", sorted(set(ONE) - {"pairwise_inner", "pairwise_distance"}))
def test_everything_stays_on_the_device_of_its_operands(name: str) -> None:
    """The device "meta" holds no numbers and refuses any of another device, so that one made elsewhere is an error on the CPU too."""
    found = ONE[name](torch.ones(3, 4, device="meta"))
    assert found.device.type == "meta"


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.int64])
def test_answers_have_the_precision_of_their_operands_but_at_least_single(name: str, dtype: torch.dtype) -> None:
    expected = torch.float64 if name.startswith("refined") or dtype == torch.float64 else torch.float32
    assert ONE[name](torch.ones(3, 4, dtype=dtype)).dtype == expected


@pytest.mark.parametrize("name", ONE)
def test_numpy_answers_are_those_of_torch(name: str) -> None:
    x = np.random.default_rng(0).uniform(0.1, 0.5, (3, 4)).astype(np.float32)
    found = ONE[name](x)
    assert isinstance(found, np.ndarray) and found.dtype == (np.float64 if name.startswith("refined") else np.float32)
    # four rounding steps of the largest number, in the worst of the quotients
    np.testing.assert_allclose(found, ONE[name](torch.tensor(x)).numpy(), rtol=2e-5, atol=2e-6)


def test_a_low_precision_direction_is_of_unit_length_again_and_others_are_trusted() -> None:
    rough = torch.tensor([[0.6, 0.8, 0.0], [0.0, 0.0, 0.0]]).to(torch.bfloat16)
    assert arrays.unit(TORCH, rough).norm(dim=1).tolist() == pytest.approx([1.0, 0.0], abs=1e-7)
    long = torch.tensor([[3.0, 4.0]])
    assert arrays.unit(TORCH, long).tolist() == [[3.0, 4.0]]


def test_the_norm_neither_overflows_nor_vanishes() -> None:
    for size in (1e-30, 1.0, 1e30):
        vectors = (size * np.array([[3.0, 4.0], [0.0, -1.0], [0.0, 0.0]])).astype(np.float32)
        np.testing.assert_allclose(arrays.safe_norm(np, vectors), size * np.array([5.0, 1.0, 0.0]), rtol=1e-6)
    zero = torch.zeros(2, 3, requires_grad=True)
    arrays.safe_norm(TORCH, zero).sum().backward()
    assert zero.grad is not None and (zero.grad == 0).all()


def test_a_root_is_a_line_below_its_floor() -> None:
    values = torch.tensor([0.0, 0.005, 0.01, 0.04, 1e38], requires_grad=True)
    roots = arrays.safe_sqrt(TORCH, values, 0.01)
    assert roots.tolist() == pytest.approx([0.0, 0.05, 0.1, 0.2, 1e19])
    roots.sum().backward()
    assert values.grad is not None and values.grad[:4].tolist() == pytest.approx([10.0, 10.0, 10.0, 2.5])


def test_a_weighted_gradient_leaves_the_value() -> None:
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    found = arrays.scale_gradient(x * x, torch.tensor([0.5, 0.0]))
    assert found.tolist() == [4.0, 9.0]
    found.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [2.0, 0.0]
    plain = np.array([1.0])
    assert arrays.scale_gradient(plain, np.array([0.0])) is plain and arrays.stop_gradient(plain) is plain
    assert not arrays.stop_gradient(x).requires_grad


@pytest.mark.parametrize("curv", [0, -1.0, math.nan, math.inf])
def test_a_curvature_that_is_none_is_refused(curv: float) -> None:
    with pytest.raises(ValueError, match=r"curv must be a positive number \(the curvature is -curv\)"):
        g.time_component(np.ones(2), curv=curv)
    assert arrays.sqrt_curv(4) == 2.0
    root = arrays.sqrt_curv(torch.tensor(9.0, dtype=torch.float16))
    assert isinstance(root, torch.Tensor) and root.dtype == torch.float32 and root.item() == 3.0


@pytest.mark.parametrize("shape", [(), (2,), (2, 3)])
def test_a_path_has_the_shape_of_its_points_and_steps(shape: tuple[int, ...]) -> None:
    direction, radius = np.zeros((*shape, 5)) + np.array([0, 1.0, 0, 0, 0]), np.full(shape, 3.0)
    directions, radii = g.geodesic_to_origin(direction, radius, 4)
    assert directions.shape == (*shape, 4, 5) and (directions == direction[..., None, :]).all()
    assert radii.shape == (*shape, 4) and (radii == [3.0, 2.0, 1.0, 0.0]).all()


def test_a_cosine_beyond_its_range_is_no_farther_than_opposite() -> None:
    for cosine, expected in ((1 + 1e-3, 0.0), (-1 - 1e-3, 6.0)):
        assert float(g.distance_from_cosine(np.array(cosine), 3.0, 3.0, curv=1.0)) == pytest.approx(expected, abs=1e-12)
        assert float(g.exterior_angle_from_cosine(np.array(cosine), 1.0, 3.0, curv=1.0)) == pytest.approx(expected / 6 * math.pi, abs=1e-12)


def test_the_aperture_is_wide_open_near_the_origin_and_its_formula_beyond() -> None:
    edge = math.asinh(0.2)
    radius = torch.tensor([0.0, edge / 2, edge * 1.0001, 1.0, 3.0], dtype=torch.float64, requires_grad=True)
    found = g.half_aperture(radius, curv=1.0)
    assert found[:2].tolist() == [math.pi / 2] * 2
    assert found[2:].tolist() == pytest.approx([math.asin(0.2 / math.sinh(r)) for r in radius[2:].tolist()], rel=1e-12)
    found.sum().backward()
    assert radius.grad is not None and radius.grad.isfinite().all() and (radius.grad[:2] == 0).all()
    assert float(g.half_aperture(np.array(1.0), curv=4.0, k=0.3)) == pytest.approx(math.asin(0.6 / math.sinh(2.0)))


@pytest.mark.parametrize("r", [1e-4, 1e-2, 0.5, 5.0, 30.0, 79.0])
@pytest.mark.parametrize("curv", [0.25, 4.0])
def test_maps_are_their_formulas_at_every_radius(r: float, curv: float) -> None:
    root = math.sqrt(curv)
    tangent = np.array([0.0, r / root])
    x = g.exp_map0(tangent, curv=curv)
    assert x.tolist() == pytest.approx([0.0, math.sinh(r) / root], rel=1e-13)
    assert g.log_map0(x, curv=curv).tolist() == pytest.approx(tangent.tolist(), rel=1e-13)
    assert float(g.time_component(x, curv=curv)) == pytest.approx(math.cosh(r) / root, rel=1e-13)
    assert float(g.to_polar(x, curv=curv)[1]) == pytest.approx(r / root, rel=1e-13)
    if r < 16:
        ball = g.to_poincare(x, curv=curv)
        assert float(ball[1]) == pytest.approx(math.tanh(r / 2), rel=1e-13)
        assert g.from_poincare(ball, curv=curv).tolist() == pytest.approx(x.tolist(), rel=1e-8)


def test_the_edge_of_the_ball_is_its_last_step() -> None:
    eps = np.finfo(float).eps
    assert float(g.from_poincare(np.array([1.0, 0.0]), curv=1.0)[0]) == pytest.approx(2 / eps)
    assert float(g.from_poincare(np.array([2.0, 0.0]), curv=4.0)[0]) == pytest.approx(2 / eps)


@pytest.mark.parametrize(
    "arguments",
    [
        {"omega": -0.1}, {"omega": 3.2}, {"apex_radius": -1.0}, {"curv": 0.0}, {"curv": -1.0}, {"omega": math.nan},
    ],
)  # fmt: skip
def test_a_cone_that_is_none_is_refused(arguments: dict[str, Any]) -> None:
    whole = {"apex_radius": 1.0, "apex_angle": 0.0, "omega": 1.0, "curv": 1.0, "steps": 3}
    with pytest.raises(ValueError, match=r"omega in \[0, π\], apex_radius >= 0 and curv > 0"):
        poincare.cone_boundary(**(whole | arguments))
    for allowed in ({"omega": 0.0}, {"omega": math.pi}, {"apex_radius": 0.0}, {"steps": 2}):
        left, right = poincare.cone_boundary(**(whole | allowed))
        assert np.isfinite(left).all() and np.isfinite(right).all()


def test_two_points_are_a_segment_and_one_is_none() -> None:
    assert poincare.geodesic_points(0.0, 0.5, 2).real.tolist() == pytest.approx([0.0, 0.5])
    assert abs(poincare.geodesic_ray(0.3, 1.0, 2)[1]) == pytest.approx(1.0)
    for few in (lambda: poincare.geodesic_points(0.0, 0.5, 1), lambda: poincare.geodesic_ray(0.3, 1.0, 1)):
        with pytest.raises(ValueError, match="steps must be at least 2"):
            few()


def test_points_on_the_circle_are_one_step_inside_it() -> None:
    far = float(poincare.disk_distance(0.0, 1.0))
    assert far == pytest.approx(2 * math.asinh(1 / math.sqrt(np.finfo(float).eps)))
    assert float(poincare.disk_distance(1.0, -1.0)) == pytest.approx(2 * math.asinh(2 / np.finfo(float).eps))


def test_a_ring_of_three_coordinates_is_no_disk() -> None:
    with pytest.raises(ValueError, match=r"complex or real \(\.\.\., 2\), got real \(4, 3\)"):
        poincare.mobius_add(np.zeros((4, 3)), 0.0)

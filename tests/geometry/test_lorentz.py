"""The Lorentz model: round trips, isometries, metric laws and limits."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hypviz import geometry as g

CURVS = [0.1, 1.0, 10.0]


def tangents(seed: int, count: int, low: float = 0.01, high: float = 4.0, dim: int = 4) -> np.ndarray:
    """Tangent vectors of norms from `low` to `high`."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(count, dim))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True) * rng.uniform(low, high, size=(count, 1))


def full(x_space: np.ndarray, curv: float) -> np.ndarray:
    return np.concatenate([g.time_component(x_space, curv=curv)[:, None], x_space], axis=1)


def random_isometry(seed: int, dim: int = 4) -> np.ndarray:
    """A boost by a random vector after a random rotation, as a matrix on (time, space)."""
    rng = np.random.default_rng(seed)
    rotation = np.eye(1 + dim)
    rotation[1:, 1:] = np.linalg.qr(rng.normal(size=(dim, dim)))[0]
    axis, rapidity = rng.normal(size=dim), rng.uniform(0.2, 1.5)
    axis /= np.linalg.norm(axis)
    boost = np.eye(1 + dim)
    boost[0, 0] = np.cosh(rapidity)
    boost[0, 1:] = boost[1:, 0] = np.sinh(rapidity) * axis
    boost[1:, 1:] += (np.cosh(rapidity) - 1) * np.outer(axis, axis)
    return boost @ rotation


def test_importing_the_geometry_loads_no_torch() -> None:
    code = "import sys, hypviz.geometry; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("curv", CURVS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-13), (np.float32, 2e-6)])
def test_maps_and_their_inverses_return_the_point(dtype: type, tolerance: float, curv: float) -> None:
    tangent = tangents(0, 50, high=4 / np.sqrt(curv)).astype(dtype)
    x = g.exp_map0(tangent, curv=curv)
    np.testing.assert_allclose(g.log_map0(x, curv=curv), tangent, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(g.from_polar(*g.to_polar(x, curv=curv), curv=curv), x, rtol=4 * tolerance)
    ball = g.to_poincare(x, curv=curv)
    np.testing.assert_allclose(g.from_poincare(ball, curv=curv), x, rtol=40 * tolerance, atol=tolerance)


@pytest.mark.parametrize("curv", CURVS)
def test_points_lie_on_the_hyperboloid_at_their_radius(curv: float) -> None:
    tangent = tangents(1, 50)
    x = g.exp_map0(tangent, curv=curv)
    radius = np.linalg.norm(tangent, axis=1)
    assert g.manifold_error(full(x, curv), curv=curv).max() < 1e-14
    late = full(x, curv) * np.array([1.01, 1, 1, 1, 1])
    np.testing.assert_allclose(g.manifold_error(late, curv=curv), 0.01, rtol=1e-9)
    np.testing.assert_allclose(g.inner(x, x, curv=curv) * curv, -1, atol=1e-15 * np.exp(2 * np.sqrt(curv) * 4))
    np.testing.assert_allclose(g.to_polar(x, curv=curv)[1], radius, rtol=1e-13)
    np.testing.assert_allclose(g.distance(x, np.zeros_like(x), curv=curv), radius, rtol=1e-13)
    np.testing.assert_allclose(np.linalg.norm(g.to_poincare(x, curv=curv), axis=1), np.tanh(np.sqrt(curv) * radius / 2), rtol=1e-13)


@pytest.mark.parametrize("curv", CURVS)
def test_distance_is_the_arccosh_of_the_inner_product(curv: float) -> None:
    x, y = (g.exp_map0(tangents(seed, 60, low=0.5, high=2.0), curv=curv) for seed in (2, 3))
    expected = np.arccosh(-curv * g.inner(x, y, curv=curv)) / np.sqrt(curv)
    np.testing.assert_allclose(g.distance(x, y, curv=curv), expected, rtol=1e-7)
    np.testing.assert_allclose(np.diagonal(g.pairwise_distance(x, y, curv=curv)), expected, rtol=1e-7)
    np.testing.assert_allclose(np.diagonal(g.pairwise_inner(x, y, curv=curv)), g.inner(x, y, curv=curv), rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("curv", CURVS)
def test_isometries_keep_inner_product_and_distance(curv: float, seed: int) -> None:
    isometry = random_isometry(seed)
    x, y = (g.exp_map0(tangents(10 + seed + k, 30, high=2 / np.sqrt(curv)), curv=curv) for k in (0, 100))
    moved_x, moved_y = full(x, curv) @ isometry.T, full(y, curv) @ isometry.T
    assert g.manifold_error(moved_x, curv=curv).max() < 1e-12
    u, w = moved_x[:, 1:], moved_y[:, 1:]
    np.testing.assert_allclose(g.inner(u, w, curv=curv), g.inner(x, y, curv=curv), rtol=1e-9)
    np.testing.assert_allclose(g.distance(u, w, curv=curv), g.distance(x, y, curv=curv), rtol=1e-9)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), curv=st.floats(0.1, 10.0))
def test_distance_is_a_metric(seed: int, curv: float) -> None:
    x, y, z = g.exp_map0(tangents(seed, 3, high=6.0), curv=curv)
    xy, yz, xz = g.distance(x, y, curv=curv), g.distance(y, z, curv=curv), g.distance(x, z, curv=curv)
    assert xz <= xy + yz + 1e-9
    assert xy == g.distance(y, x, curv=curv) > 0
    assert g.distance(x, x, curv=curv) == 0


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_small_distances_keep_their_digits_far_out(dtype: torch.dtype) -> None:
    """Two points at r = 8, a hundredth apart sideways, where the arccosh form has nothing left in float32."""
    eps = torch.finfo(dtype).eps
    radius, theta = torch.tensor(8.0, dtype=dtype), torch.tensor(0.01 / np.sinh(8.0), dtype=dtype)
    directions = torch.stack([torch.stack([torch.ones_like(theta), theta]), torch.tensor([1.0, 0.0], dtype=dtype)])
    x, y = g.from_polar(directions, radius.expand(2), curv=1.0)
    assert float(g.distance(x, y, curv=1.0)) == pytest.approx(0.01, rel=max(100 * eps, 1e-4))


def test_distance_from_cosine_reaches_far_points_in_float32() -> None:
    cosine = torch.tensor([-1.0, 1.0, 1.0])
    radius_x, radius_y = torch.tensor([60.0, 60.0, 60.0]), torch.tensor([60.0, 60.0, 20.0])
    distance = g.distance_from_cosine(cosine, radius_x, radius_y, curv=1.0)
    torch.testing.assert_close(distance, torch.tensor([120.0, 0.0, 40.0]))


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_the_inner_product_of_far_points_is_finite_and_exact_in_float32(library: str) -> None:
    """r_x + r_y from 88 on, where x_s·y_s and x_t y_t are both infinite; the reference is cosh of the distance in float64."""
    radius_x, radius_y = np.array([60.0, 60, 60, 20, 44.5, 70]), np.array([60.0, 59, 60, 75, 44.5, 70])
    theta = np.array([0.0, 0.0, 1e-25, 1e-20, 1e-3, 0.5])
    x = np.stack([np.sinh(radius_x), np.zeros(6)], axis=1)
    y = np.sinh(radius_y)[:, None] * np.stack([np.cos(theta), np.sin(theta)], axis=1)
    expected = -(np.cosh(radius_x - radius_y) + 2 * np.sin(theta / 2) ** 2 * np.sinh(radius_x) * np.sinh(radius_y))
    low = [values.astype(np.float32) if library == "numpy" else torch.tensor(values, dtype=torch.float32) for values in (x, y)]
    found = np.asarray(g.inner(*low, curv=1.0), np.float64)
    np.testing.assert_allclose(found[:5], expected[:5], rtol=2e-4)  # the points themselves are rounded to float32
    most = np.finfo(np.float32).max
    assert expected[5] < -most and -most < found[5] < -most / 8  # beyond the dtype: held inside it
    every = np.asarray(g.pairwise_inner(*low, curv=1.0))
    assert every.shape == (6, 6) and np.isfinite(every).all() and (every <= -1).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_maps_are_exact_where_their_quotients_are_taken_from_the_series(dtype: type) -> None:
    norms = np.geomspace(1e-9, 0.1, 200).astype(dtype)
    x = g.exp_map0(np.stack([norms, np.zeros_like(norms)], axis=1), curv=1.0)
    np.testing.assert_allclose(x[:, 0], np.sinh(norms), rtol=2 * np.finfo(dtype).eps)
    np.testing.assert_allclose(g.log_map0(x, curv=1.0)[:, 0], norms, rtol=4 * np.finfo(dtype).eps)


def test_points_beyond_the_reach_of_the_dtype_are_held_inside_it() -> None:
    far, direction = torch.tensor([200.0, 0.0]), torch.tensor([1.0, 0.0])
    for x in (g.exp_map0(far, curv=1.0), g.from_polar(direction, torch.tensor(200.0), curv=1.0)):
        assert x.isfinite().all()
        assert 79 < float(g.to_polar(x, curv=1.0)[1]) < 81
    assert g.distance_from_cosine(torch.tensor(0.0), far[0], far[0], curv=1.0).isfinite()


def test_cosine_outside_its_range_counts_as_parallel() -> None:
    distances = g.distance_from_cosine(np.array([1 + 1e-6, -1 - 1e-6]), 3.0, 3.0, curv=1.0)
    np.testing.assert_allclose(distances, [0, 6], atol=1e-12)


def test_flat_limit_is_the_euclidean_distance() -> None:
    v, w = tangents(20, 40), tangents(21, 40)
    for curv in (1e-4, 1e-6):
        distance = g.distance(g.exp_map0(v, curv=curv), g.exp_map0(w, curv=curv), curv=curv)
        np.testing.assert_allclose(distance, np.linalg.norm(v - w, axis=1), rtol=10 * curv)


def test_origin_is_a_point_like_any_other() -> None:
    origin = np.zeros((1, 3))
    for mapped in (g.exp_map0(origin, curv=2.0), g.log_map0(origin, curv=2.0), g.to_poincare(origin, curv=2.0)):
        np.testing.assert_array_equal(mapped, origin)
    direction, radius = g.to_polar(origin, curv=2.0)
    np.testing.assert_array_equal(direction, [[1.0, 0.0, 0.0]])
    assert radius == 0


def test_points_beyond_the_ball_are_taken_at_its_boundary() -> None:
    assert np.isfinite(g.from_poincare(np.array([[1.0, 0.0], [3.0, 0.0]]), curv=1.0)).all()


@pytest.mark.parametrize("low", [torch.float16, torch.bfloat16])
def test_low_precision_is_raised_to_float32(low: torch.dtype) -> None:
    tangent = torch.tensor(tangents(22, 8)).to(low)
    x = g.exp_map0(tangent, curv=1.0)
    assert x.dtype == torch.float32
    torch.testing.assert_close(x, g.exp_map0(tangent.float(), curv=1.0))
    assert g.distance(x.to(low), x.to(low), curv=torch.tensor(1.0, dtype=low)).dtype == torch.float32


@pytest.mark.parametrize("name", ["exp_map0", "log_map0", "time_component", "to_poincare", "to_polar"])
def test_numpy_and_torch_give_the_same(name: str) -> None:
    values = tangents(23, 20, high=0.9)
    from_numpy, from_torch = getattr(g, name)(values, curv=0.5), getattr(g, name)(torch.tensor(values), curv=0.5)
    for a, b in (
        zip(np.atleast_1d(from_numpy), from_torch, strict=True) if name != "to_polar" else zip(from_numpy, from_torch, strict=False)
    ):
        np.testing.assert_allclose(b.numpy(), a, rtol=1e-13)


def test_path_to_the_origin_is_straight_and_even() -> None:
    direction, radius = g.to_polar(g.exp_map0(tangents(24, 3), curv=2.0), curv=2.0)
    directions, radii = g.geodesic_to_origin(direction, radius, 6)
    assert directions.shape == (3, 6, 4) and radii.shape == (3, 6)
    points = g.from_polar(directions, radii, curv=2.0)
    steps = g.distance(points[:, 1:], points[:, :-1], curv=2.0)
    np.testing.assert_allclose(steps, np.broadcast_to(radius[:, None] / 5, steps.shape), rtol=1e-9)
    np.testing.assert_array_equal(radii[:, -1], 0)


def test_a_path_needs_two_ends() -> None:
    with pytest.raises(ValueError, match="steps must be at least 2"):
        g.geodesic_to_origin(np.array([1.0, 0.0]), np.array(1.0), 1)


def test_integers_are_taken_as_floats() -> None:
    assert g.time_component(np.array([3, 0]), curv=0.0625) == pytest.approx(5.0)

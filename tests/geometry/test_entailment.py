"""The exterior angle: values against references, laws, precision. Gradients are in test_gradients.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hypviz.geometry import (
    cosine_matrix,
    euclidean_exterior_angle_from_cosine,
    exterior_angle,
    exterior_angle_from_cosine,
    from_polar,
    half_aperture,
    pairwise_euclidean_exterior_angle,
    pairwise_exterior_angle,
    refined_euclidean_exterior_angle,
    refined_exterior_angle,
    textbook_exterior_angle,
)

Angle = Callable[..., float]
radii = st.floats(1e-3, 15.0)
curvs = st.floats(0.1, 10.0)


def on_circle(theta: float) -> np.ndarray:
    return np.array([np.cos(theta), np.sin(theta)])


def random_points(seed: int, count: int, *, near_parallel: bool, dim: int = 4) -> tuple[np.ndarray, ...]:
    """Directions and radii from 1e-3 to 15; if asked, angles spread over the decades down to 1e-5 from 0 and π."""
    rng = np.random.default_rng(seed)
    x, other = rng.normal(size=(2, count, dim))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    other -= np.sum(other * x, axis=1, keepdims=True) * x if near_parallel else 0
    other /= np.linalg.norm(other, axis=1, keepdims=True)
    theta = 10 ** rng.uniform(-5, 0, size=(count, 1))
    sign = rng.choice([-1.0, 1.0], size=(count, 1))
    y = sign * np.cos(theta) * x + np.sin(theta) * other if near_parallel else other
    return (x, *(10 ** rng.uniform(-3, np.log10(15), size=(2, count))), y)


def exact_of(exact_angle: Angle, points: Sequence[np.ndarray], curv: float) -> np.ndarray:
    return np.array([exact_angle(*row, curv) for row in zip(*points, strict=True)])


# Reached over the cases below: 3e-15, 1.5e-6 and 2.7e-6. bfloat16 only rounds the inputs, and the reference takes the
# rounded ones.
TOLERANCE = {torch.float64: 2e-14, torch.float32: 4e-6, torch.bfloat16: 4e-6}


@pytest.mark.parametrize("near_parallel", [False, True])
@pytest.mark.parametrize("curv", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("dtype", list(TOLERANCE))
def test_angle_is_that_of_the_log_map_against_the_outward_direction(
    exact_angle: Angle, dtype: torch.dtype, curv: float, near_parallel: bool
) -> None:
    x, rx, ry, y = random_points(1, 60, near_parallel=near_parallel)
    points = [torch.tensor(values).to(dtype) for values in (x, rx, y, ry)]
    expected = exact_of(exact_angle, [values.double().numpy() for values in points], curv)
    actual = exterior_angle(*points, curv=curv)
    assert actual.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    np.testing.assert_allclose(actual.double().numpy(), expected, rtol=0, atol=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", list(TOLERANCE))
def test_pairwise_angle_is_exact_up_to_the_rounding_of_the_cosine(dtype: torch.dtype) -> None:
    x, rx, ry, y = random_points(2, 16, near_parallel=True)
    points = [torch.tensor(values).to(dtype) for values in (x, rx, y, ry)]
    actual = pairwise_exterior_angle(*points, curv=1.0).double().numpy()
    x, rx, y, ry = (values.double().numpy() for values in points)
    x, y = (values / np.linalg.norm(values, axis=1, keepdims=True) for values in (x, y))
    step = 4 * torch.finfo(torch.float64 if dtype == torch.float64 else torch.float32).eps
    shifted = [exterior_angle_from_cosine((x @ y.T + shift).clip(-1, 1), rx[:, None], ry[None, :], curv=1.0) for shift in (-step, step)]
    assert (actual >= np.minimum(*shifted) - TOLERANCE[dtype]).all()
    assert (actual <= np.maximum(*shifted) + TOLERANCE[dtype]).all()


@pytest.mark.parametrize("curv", [0.1, 1.0, 10.0])
def test_pairwise_angle_of_random_directions_keeps_the_float32_tolerance(exact_angle: Angle, curv: float) -> None:
    x, rx, ry, y = (values.astype(np.float32) for values in random_points(3, 60, near_parallel=False))
    expected = exact_of(exact_angle, (x, rx, y, ry), curv)
    np.testing.assert_allclose(np.diagonal(pairwise_exterior_angle(x, rx, y, ry, curv=curv)), expected, atol=4e-6, rtol=0)


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("curv", [0.1, 1.0, 10.0])
def test_a_refined_shortlist_is_exact_for_the_float32_points_it_is_given(exact_angle: Angle, curv: float, library: str) -> None:
    """Candidates within a degree of the query, where the cosine of float32 is off by more than 1e-3 rad."""
    rng = np.random.default_rng(6)
    query = rng.normal(size=8)
    near = query + 10.0 ** rng.uniform(-4, -2, (40, 1)) * rng.normal(size=(40, 8))
    query, near = ((values / np.linalg.norm(values, axis=-1, keepdims=True)).astype(np.float32) for values in (query, near))
    radius = (1 + 1e-3 * rng.normal(size=40)).astype(np.float32)
    expected = np.array([exact_angle(query, 1.0, near[k], radius[k], curv) for k in range(40)])
    rough = exterior_angle_from_cosine(near @ query, np.float32(1.0), radius, curv=curv)
    assert np.abs(rough - expected).max() > 1e-3
    given = [torch.from_numpy(values) if library == "torch" else values for values in (query, near, radius)]
    for apex_at_query in (True, False):
        points = (given[0], 1.0, given[1], given[2]) if apex_at_query else (given[1], given[2], given[0], 1.0)
        found = np.asarray(refined_exterior_angle(*points, curv=curv))
        if not apex_at_query:
            expected = np.array([exact_angle(near[k], radius[k], query, 1.0, curv) for k in range(40)])
        assert found.dtype == np.float64 and found.shape == (40,)
        np.testing.assert_allclose(found, expected, atol=1e-10, rtol=0)


def test_a_refined_shortlist_takes_many_queries_and_its_euclidean_twin_is_exact() -> None:
    rng = np.random.default_rng(7)
    x, y = (rng.normal(size=shape).astype(np.float32) for shape in ((5, 1, 3), (5, 6, 3)))
    norm_x, norm_y = rng.uniform(0.5, 2, (5, 1)), rng.uniform(0.5, 2, (5, 6))
    assert refined_exterior_angle(x, norm_x, y, norm_y, curv=1.0).shape == (5, 6)
    unit_x, unit_y = (values.astype(float) / np.linalg.norm(values.astype(float), axis=-1, keepdims=True) for values in (x, y))
    ahead = norm_y[..., None] * unit_y - norm_x[..., None] * unit_x
    expected = np.arccos((unit_x * ahead).sum(-1) / np.linalg.norm(ahead, axis=-1))
    np.testing.assert_allclose(refined_euclidean_exterior_angle(x, norm_x, y, norm_y), expected, atol=1e-7)


@pytest.mark.parametrize("curv", [0.1, 1.0])
def test_textbook_form_agrees_in_float64(curv: float) -> None:
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(2, 200, 5))
    x, y = (values / np.linalg.norm(values, axis=1, keepdims=True) for values in (x, y))
    rx, ry = rng.uniform(0.2, 4.0, size=(2, 200))
    expected = textbook_exterior_angle(from_polar(x, rx, curv=curv), from_polar(y, ry, curv=curv), curv=curv)
    np.testing.assert_allclose(exterior_angle(x, rx, y, ry, curv=curv), expected, atol=1e-9, rtol=0)


def test_float32_beats_the_textbook_form_far_from_the_origin() -> None:
    x, _, _, y = random_points(5, 300, near_parallel=False)
    rx, ry = np.random.default_rng(5).uniform(8, 11, size=(2, 300))
    exact = exterior_angle(x, rx, y, ry, curv=1.0)
    low = [values.astype(np.float32) for values in (x, rx, y, ry)]
    textbook = textbook_exterior_angle(from_polar(*low[:2], curv=1.0), from_polar(*low[2:], curv=1.0), curv=1.0)
    assert np.abs(exterior_angle(*low, curv=1.0) - exact).max() < 3e-6
    assert np.nanmax(np.abs(textbook - exact)) > 1e-4


@settings(max_examples=60, deadline=None)
@given(rx=radii, ry=radii, curv=curvs)
def test_collinear_points_are_at_zero_and_pi(rx: float, ry: float, curv: float) -> None:
    u = on_circle(0.7)
    near, far = sorted((rx, ry))
    if far - near > 1e-9 * far:
        assert exterior_angle(u, near, u, far, curv=curv) == pytest.approx(0, abs=1e-7)
        assert exterior_angle(u, far, u, near, curv=curv) == pytest.approx(np.pi, abs=1e-7)
    assert exterior_angle(u, rx, -u, ry, curv=curv) == pytest.approx(np.pi, abs=1e-7)


@settings(max_examples=60, deadline=None)
@given(theta=st.floats(1e-4, np.pi), rx=radii, ry=radii, curv=curvs)
def test_angles_of_the_triangle_leave_a_hyperbolic_defect(theta: float, rx: float, ry: float, curv: float) -> None:
    """Interior angles π − ext at both ends plus θ at the origin sum to at most π."""
    x, y = on_circle(0.0), on_circle(theta)
    forth, back = exterior_angle(x, rx, y, ry, curv=curv), exterior_angle(y, ry, x, rx, curv=curv)
    assert 0 <= forth <= np.pi
    assert forth + back >= np.pi + theta - 1e-7


@settings(max_examples=40, deadline=None)
@given(theta=st.floats(1e-3, 3.1), rx=radii, ry=radii, scale=st.floats(0.3, 3.0))
def test_angle_depends_on_r_alone(theta: float, rx: float, ry: float, scale: float) -> None:
    x, y = on_circle(0.0), on_circle(theta)
    rescaled = exterior_angle(x, rx * scale, y, ry * scale, curv=1 / scale**2)
    assert rescaled == pytest.approx(float(exterior_angle(x, rx, y, ry, curv=1.0)), abs=1e-9)


def test_rotation_about_the_origin_keeps_the_angle() -> None:
    x, rx, ry, y = random_points(6, 100, near_parallel=False)
    rotation = np.linalg.qr(np.random.default_rng(6).normal(size=(4, 4)))[0]
    turned = exterior_angle(x @ rotation, rx, y @ rotation, ry, curv=0.5)
    np.testing.assert_allclose(turned, exterior_angle(x, rx, y, ry, curv=0.5), atol=1e-12)


def test_flat_limit_is_the_euclidean_angle() -> None:
    x, _, _, y = random_points(7, 100, near_parallel=False)
    nx, ny = np.random.default_rng(7).uniform(0.5, 3.0, size=(2, 100))
    cosine = np.sum(x * y, axis=1)
    flat = euclidean_exterior_angle_from_cosine(cosine, nx, ny)
    points_x, points_y = nx[:, None] * x, ny[:, None] * y
    step = points_y - points_x
    plain = np.arccos(np.sum(points_x * step, axis=1) / nx / np.linalg.norm(step, axis=1))
    np.testing.assert_allclose(flat, plain, atol=1e-9)
    for curv in (1e-4, 1e-6):
        np.testing.assert_allclose(exterior_angle(x, nx, y, ny, curv=curv), flat, atol=2 * curv)


def test_euclidean_angle_does_not_depend_on_the_common_scale() -> None:
    rng = np.random.default_rng(8)
    cosine, nx, ny = rng.uniform(-1, 1, 50), *rng.uniform(0.1, 5, size=(2, 50))
    expected = euclidean_exterior_angle_from_cosine(cosine, nx, ny)
    np.testing.assert_allclose(euclidean_exterior_angle_from_cosine(cosine, 100 * nx, 100 * ny), expected, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numpy_and_torch_give_the_same(dtype: type) -> None:
    arrays = [values.astype(dtype) for values in random_points(9, 20, near_parallel=False)]
    x, rx, ry, y = arrays
    tx, trx, try_, ty = (torch.from_numpy(values) for values in arrays)
    tolerance = 8 * np.finfo(dtype).eps
    pairs = [
        (exterior_angle(x, rx, y, ry, curv=2.0), exterior_angle(tx, trx, ty, try_, curv=2.0)),
        (pairwise_exterior_angle(x, rx, y, ry, curv=2.0), pairwise_exterior_angle(tx, trx, ty, try_, curv=2.0)),
        (pairwise_euclidean_exterior_angle(x, rx, y, ry), pairwise_euclidean_exterior_angle(tx, trx, ty, try_)),
        (half_aperture(rx, curv=2.0), half_aperture(trx, curv=2.0)),
    ]
    for from_numpy, from_torch in pairs:
        assert isinstance(from_numpy, np.ndarray) and isinstance(from_torch, torch.Tensor)
        assert from_numpy.dtype == dtype and from_torch.numpy().dtype == dtype
        np.testing.assert_allclose(from_torch.numpy(), from_numpy, rtol=0, atol=tolerance * 10)


def test_leading_dimensions_broadcast() -> None:
    rng = np.random.default_rng(10)
    x, y = rng.normal(size=(3, 1, 6)), rng.normal(size=(4, 6))
    x, y = (values / np.linalg.norm(values, axis=-1, keepdims=True) for values in (x, y))
    rx, ry = rng.uniform(0.5, 2, size=(3, 1)), rng.uniform(0.5, 2, size=4)
    grid = exterior_angle(x, rx, y, ry, curv=1.0)
    assert grid.shape == (3, 4)
    np.testing.assert_allclose(grid, pairwise_exterior_angle(x[:, 0], rx[:, 0], y, ry, curv=1.0), atol=1e-12)


def test_pairwise_euclidean_angle_is_the_elementwise_one() -> None:
    x, rx, ry, y = random_points(11, 12, near_parallel=False)
    expected = euclidean_exterior_angle_from_cosine(x @ y.T, rx[:, None], ry[None, :])
    np.testing.assert_allclose(pairwise_euclidean_exterior_angle(x, rx, y, ry), expected, atol=1e-12)


@pytest.mark.parametrize("r", [30.0, 47.0, 60.0, 200.0])
def test_float32_stays_finite_far_out(r: float) -> None:
    cosine = torch.linspace(-1.0, 1.0, 21)
    for rx, ry in ((r, r), (r, 0.5), (0.5, r), (r, 0.0), (0.0, r)):
        angle = exterior_angle_from_cosine(cosine, torch.tensor(rx), torch.tensor(ry), curv=1.0)
        assert angle.isfinite().all() and (angle >= 0).all() and (angle <= np.pi + 1e-6).all()


def test_cosine_outside_its_range_counts_as_parallel() -> None:
    angles = exterior_angle_from_cosine(np.array([1 + 1e-6, -1 - 1e-6]), 1.0, 2.0, curv=1.0)
    np.testing.assert_allclose(angles, [0, np.pi], atol=1e-12)


def test_point_at_the_origin_is_outside_every_cone_and_sees_directions_as_they_are() -> None:
    theta = np.linspace(0.1, 3.0, 7)
    np.testing.assert_allclose(exterior_angle_from_cosine(np.cos(theta), 1.0, 0.0, curv=1.0), np.pi, atol=1e-6)
    np.testing.assert_allclose(exterior_angle_from_cosine(np.cos(theta), 0.0, 1.0, curv=1.0), theta, atol=1e-6)


def test_half_aperture_is_wide_open_near_the_origin_and_closes_outward() -> None:
    radius = np.linspace(0, 6, 200)
    aperture = half_aperture(radius, curv=2.0)
    assert (np.diff(aperture) <= 0).all()
    np.testing.assert_array_equal(aperture[np.sinh(np.sqrt(2) * radius) <= 0.2], np.pi / 2)
    space_norm = np.sinh(np.sqrt(2) * 1.5) / np.sqrt(2)
    assert half_aperture(np.array(1.5), curv=2.0) == pytest.approx(np.arcsin(0.2 / (np.sqrt(2) * space_norm)))


def test_cosines_keep_their_digits_under_autocast_and_reduced_matmul_precision() -> None:
    x, y = torch.nn.functional.normalize(torch.randn(2, 64, 128, generator=torch.Generator().manual_seed(0)), dim=-1)
    expected = (x.double() @ y.double().T).float()
    torch.set_float32_matmul_precision("medium")
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            cosine = cosine_matrix(x, y)
        assert torch.backends.mkldnn.matmul.fp32_precision == "bf16"  # what "medium" means on a CPU, put back
    finally:
        torch.set_float32_matmul_precision("highest")
    torch.testing.assert_close(cosine, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("curv", [0.0, -1.0, float("nan"), float("inf")])
def test_curvature_must_be_positive(curv: float) -> None:
    with pytest.raises(ValueError, match="curv must be a positive number"):
        exterior_angle_from_cosine(np.array(0.5), 1.0, 1.0, curv=curv)


def test_aperture_constant_must_be_positive() -> None:
    with pytest.raises(ValueError, match="k must be positive, got 0"):
        half_aperture(np.array(1.0), curv=1.0, k=0)


def test_numpy_and_torch_do_not_mix() -> None:
    with pytest.raises(TypeError, match="namespaces"):
        exterior_angle_from_cosine(np.array(0.5), torch.tensor(1.0), torch.tensor(1.0), curv=1.0)

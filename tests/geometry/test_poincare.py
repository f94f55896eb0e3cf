"""The Poincaré disk of the page: group laws, geodesics, and cones that agree with the exterior angle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hypviz import geometry as g
from hypviz.geometry import poincare as disk

sizes = st.floats(0, 0.999)
phases = st.floats(-np.pi, np.pi)
points = st.builds(lambda size, phase: size * np.exp(1j * phase), sizes, phases)


def interior_angle(apex: complex, near: complex, heading: complex) -> float:
    """The angle at `apex` between the geodesic to `near` and `heading`, a tangent vector: in the frame of the apex."""
    return float(np.angle((near - apex) / (1 - np.conj(apex) * near) / heading))


def is_on_geodesic(path: np.ndarray) -> bool:
    """Distances along a geodesic add up."""
    total = disk.disk_distance(path[0], path[-1])
    return bool(np.isclose(disk.disk_distance(path[:-1], path[1:]).sum(), total, rtol=1e-9))


@settings(max_examples=100, deadline=None)
@given(z=points, w=points)
def test_mobius_addition_is_a_gyrogroup(z: complex, w: complex) -> None:
    assert disk.mobius_add(z, 0) == z and disk.mobius_add(0, w) == w
    assert abs(disk.mobius_add(-z, disk.mobius_add(z, w)) - w) < 1e-9
    assert abs(disk.mobius_add(z, w)) < 1 + 1e-12


@settings(max_examples=100, deadline=None)
@given(z=points, w=points, a=points)
def test_translations_take_their_point_to_the_origin_and_keep_distances(z: complex, w: complex, a: complex) -> None:
    assert abs(disk.mobius_translation(a, to_origin=a)) < 1e-12
    moved = [disk.mobius_translation(point, to_origin=a) for point in (z, w)]
    assert disk.disk_distance(*moved) == pytest.approx(float(disk.disk_distance(z, w)), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("curv", [0.1, 1.0, 5.0])
def test_disk_distance_is_that_of_the_lorentz_model(curv: float) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 40, 2)) / np.sqrt(curv)
    in_disk = disk.disk_distance(g.to_poincare(x, curv=curv), g.to_poincare(y, curv=curv)) / np.sqrt(curv)
    np.testing.assert_allclose(in_disk, g.distance(x, y, curv=curv), rtol=1e-9)


def test_complex_numbers_and_coordinates_are_the_same_points() -> None:
    rng = np.random.default_rng(1)
    pairs = rng.uniform(-0.6, 0.6, size=(2, 7, 2))
    z, w = pairs[..., 0] + 1j * pairs[..., 1]

    def as_pairs(values: np.ndarray) -> np.ndarray:
        return np.stack([values.real, values.imag], axis=-1)

    np.testing.assert_allclose(disk.mobius_add(*pairs), as_pairs(disk.mobius_add(z, w)))
    np.testing.assert_allclose(disk.disk_distance(*pairs), disk.disk_distance(z, w))
    np.testing.assert_allclose(disk.mobius_translation(pairs[0], to_origin=pairs[1]), as_pairs(disk.mobius_translation(z, to_origin=w)))
    assert disk.geodesic_points(*pairs, 5).shape == (7, 5, 2)
    assert disk.geodesic_points(z, w, 5).shape == (7, 5)
    np.testing.assert_allclose(disk.geodesic_ray(pairs[0], 1.0, 5), as_pairs(disk.geodesic_ray(z, 1.0, 5)))


@settings(max_examples=60, deadline=None)
@given(z=points, w=points)
def test_segment_joins_its_ends_evenly_along_a_geodesic(z: complex, w: complex) -> None:
    path = disk.geodesic_points(z, w, 9)
    assert abs(path[0] - z) < 1e-12 and abs(path[-1] - w) < 1e-9
    steps = disk.disk_distance(path[:-1], path[1:])
    np.testing.assert_allclose(steps, disk.disk_distance(z, w) / 8, rtol=1e-4, atol=1e-7)


@settings(max_examples=60, deadline=None)
@given(apex=points, turn=phases)
def test_ray_leaves_at_its_angle_and_ends_on_the_unit_circle(apex: complex, turn: float) -> None:
    path = disk.geodesic_ray(apex, turn, 33)
    assert path[0] == apex
    assert abs(path[-1]) == pytest.approx(1, abs=1e-9)
    assert (np.abs(path) <= 1 + 1e-9).all()
    heading = np.exp(1j * (np.angle(apex) + turn))
    for point in path[1:]:  # seen from the apex, every point of the ray lies in the same direction
        assert interior_angle(apex, point, heading) == pytest.approx(0, abs=1e-6)
    gaps = np.abs(np.diff(path))
    np.testing.assert_allclose(gaps, gaps.mean(), rtol=1e-6)


def test_segment_to_the_boundary_ends_there() -> None:
    for start in (0.0, 0.2):
        path = disk.geodesic_points(start, np.array(1j), 5)
        assert path[0] == pytest.approx(start) and path[-1] == pytest.approx(1j)
        assert is_on_geodesic(path[:-1])


def test_ray_is_a_geodesic() -> None:
    assert is_on_geodesic(disk.geodesic_ray(0.5 + 0.3j, 2.0, 20)[:-1])
    assert not is_on_geodesic(np.array([0.5, 0.5j, -0.5]))


@settings(max_examples=80, deadline=None)
@given(
    radius=st.floats(0.05, 6),
    phase=phases,
    omega=st.floats(0.05, np.pi - 0.05),
    curv=st.floats(0.2, 4),
)
def test_every_point_of_the_cone_boundary_has_the_exterior_angle_omega(radius: float, phase: float, omega: float, curv: float) -> None:
    apex = np.array([np.cos(phase), np.sin(phase)])
    left, right = disk.cone_boundary(radius, phase, omega, curv=curv, steps=12, reach=5.0)
    for ray, side in ((left, 1), (right, -1)):
        directions = np.stack([np.cos(ray[:, 0]), np.sin(ray[:, 0])], axis=1)[1:]
        angles = g.exterior_angle(apex, radius, directions, ray[1:, 1], curv=curv)
        np.testing.assert_allclose(angles, omega, atol=1e-7)
        assert (side * (ray[1:, 0] - phase) > 0).all()
    assert left[0] == pytest.approx([phase, radius]) and right[0] == pytest.approx([phase, radius])


@pytest.mark.parametrize("omega", [0.3, np.pi / 2, 2.5])
def test_cone_boundary_is_the_disk_ray_in_polar_coordinates(omega: float) -> None:
    curv, radius, phase = 0.5, 1.2, 0.8
    left, right = disk.cone_boundary(radius, phase, omega, curv=curv, steps=15, reach=4.0)
    apex = np.tanh(np.sqrt(curv) * radius / 2) * np.exp(1j * phase)
    for ray, turn in ((left, omega), (right, -omega)):
        drawn = np.tanh(np.sqrt(curv) * ray[:, 1] / 2) * np.exp(1j * ray[:, 0])
        heading = np.exp(1j * (phase + turn))
        assert all(abs(interior_angle(apex, point, heading)) < 1e-9 for point in drawn[1:])
        np.testing.assert_allclose(disk.disk_distance(apex, drawn[-1]) / np.sqrt(curv), 4.0, rtol=1e-9)


@pytest.mark.parametrize("radius", [0.0, 1e-12])
def test_cone_at_the_origin_is_a_sector(radius: float) -> None:
    left, right = disk.cone_boundary(radius, 0.5, 1.0, curv=2.0, steps=6, reach=3.0)
    np.testing.assert_allclose(left[1:, 0], 1.5, atol=1e-9)
    np.testing.assert_allclose(right[1:, 0], -0.5, atol=1e-9)
    np.testing.assert_allclose(left[:, 1], np.linspace(0, 3, 6), atol=1e-9)
    assert left[0, 0] == pytest.approx(1.5 if radius == 0 else 0.5)  # at the origin itself, the heading


def test_narrowest_and_widest_cones_follow_the_radius() -> None:
    (out, _), (back, _) = (disk.cone_boundary(2.0, 0.3, omega, curv=1.0, steps=5, reach=4.0) for omega in (0.0, np.pi))
    np.testing.assert_allclose(out, np.stack([np.full(5, 0.3), [2, 3, 4, 5, 6]], axis=1))
    np.testing.assert_allclose(back[:, 1], [2, 1, 0, 1, 2], atol=1e-12)
    np.testing.assert_allclose(back[3:, 0], 0.3 + np.pi)


def test_default_reach_leaves_the_picture() -> None:
    for omega in (0.2, 3.1):
        for ray in disk.cone_boundary(3.0, 0.0, omega, curv=1.0, steps=10):
            assert ray[-1, 1] > 6.0


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="omega in"):
        disk.cone_boundary(1.0, 0.0, 4.0, curv=1.0, steps=5)
    with pytest.raises(ValueError, match="apex_radius >= 0"):
        disk.cone_boundary(-1.0, 0.0, 1.0, curv=1.0, steps=5)
    with pytest.raises(ValueError, match="steps must be at least 2"):
        disk.geodesic_ray(0.0, 0.0, 1)
    with pytest.raises(ValueError, match=r"real \(\.\.\., 2\), got real \(3,\)"):
        disk.disk_distance(np.zeros(3), 0.0)

"""Regions of the disk: exact against a point-by-point reference, after any translation, around the circle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hypviz.errors import SelectionError
from hypviz.viz.region import checked_centre, checked_polygon, in_polygon, in_window, points_in_polygon


def crossings(x: float, y: float, polygon: np.ndarray) -> bool:
    """Even-odd rule for one point: edges that a ray to the right crosses."""
    odd = False
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            odd = not odd
    return odd


@pytest.mark.parametrize("corners", [3, 4, 7, 60, 900])
def test_a_polygon_holds_the_points_that_a_ray_says(corners: int) -> None:
    rng = np.random.default_rng(corners)
    polygon = rng.uniform(-1, 1, (corners, 2))  # crosses itself many times
    x, y = rng.uniform(-1.2, 1.2, (2, 800))
    inside = points_in_polygon(x, y, polygon)
    assert inside.tolist() == [crossings(a, b, polygon) for a, b in zip(x, y, strict=True)]
    assert 0 < inside.sum() < len(x)


def test_horizontal_edges_and_points_level_with_corners_are_counted_once() -> None:
    square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    diamond = np.array([[0.0, -1], [1, 0], [0, 1], [-1, 0]])
    assert points_in_polygon(np.array([0.5, -0.5, 1.5]), np.array([0.5, 0.5, 0.5]), square).tolist() == [True, False, False]
    assert points_in_polygon(np.array([0.0, -2, 2]), np.zeros(3), diamond).tolist() == [True, False, False]


def test_a_lasso_is_drawn_in_the_view_that_was_moved() -> None:
    rng = np.random.default_rng(0)
    angle, drawn, centre = rng.uniform(0, 2 * np.pi, 500), rng.uniform(0, 0.97, 500), 0.4 - 0.3j
    polygon = np.array([[-0.5, -0.2], [0.4, -0.5], [0.3, 0.6]])
    home = drawn * np.exp(1j * angle)
    view = (home - centre) / (1 - centre.conjugate() * home)
    expected = [crossings(z.real, z.imag, polygon) for z in view]
    assert in_polygon(angle, drawn, polygon, centre=centre).tolist() == expected
    assert in_polygon(angle, drawn, polygon).tolist() != expected, "the centre must matter here"


def test_a_window_goes_around_the_circle() -> None:
    angle, radius = np.array([0.1, 3.0, 6.2, 6.2]), np.array([1.0, 1.0, 1.0, 2.0])
    assert in_window(angle, radius, {"angle": [6.0, 6.5], "radius": [0.5, 1.5]}).tolist() == [True, False, True, False]
    assert in_window(angle, radius, {"angle": [-0.3, 0.2], "radius": [0.5, 1.5]}).tolist() == [True, False, True, False]
    assert in_window(angle, radius, {"angle": [0, 7], "radius": [0, 9]}).all()


@pytest.mark.parametrize(
    "given", [None, [], [[0, 0], [1, 1]], [[0, 0, 0]] * 4, [[0, "a"]] * 3, [[0, float("nan")]] * 3, "abc", [[0, 0]] * 10_001, {}]
)
def test_what_is_no_polygon_is_refused(given: Any) -> None:
    with pytest.raises(SelectionError, match="3 to 10,000 corners"):
        checked_polygon(given)


@pytest.mark.parametrize("given", [None, [1, 0], [0.8, 0.8], [0], ["0", "0"], [float("nan"), 0], [True, False]])
def test_a_centre_outside_the_disk_is_refused(given: Any) -> None:
    with pytest.raises(SelectionError, match="inside the disk"):
        checked_centre(given)
    assert checked_centre([0.5, -0.25]) == 0.5 - 0.25j


@pytest.mark.parametrize("given", [None, {}, {"angle": [0, 1]}, {"angle": [0, 1], "radius": [0]}, {"angle": "01", "radius": [0, 1]}])
def test_what_is_no_window_is_refused(given: Any) -> None:
    with pytest.raises(SelectionError, match="A window needs"):
        in_window(np.zeros(2), np.zeros(2), given)

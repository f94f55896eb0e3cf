"""Vectors of every model of hyperbolic space: one point is one point, and what lies off the manifold is named."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hypviz.errors import DataError, SettingsError
from hypviz.geometry import distance, from_polar
from hypviz.search.embedding import Embedding
from hypviz.vectors.models import MODELS, as_model, place_vectors

CURVS = (0.2, 1.0, 3.7)


def cloud(curv: float, count: int = 200, dim: int = 5, reach: float = 4.0) -> Embedding:
    rng = np.random.default_rng(0)
    direction = rng.standard_normal((count, dim))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    radius = rng.uniform(0.01, reach, count) / np.sqrt(curv)
    return Embedding(direction.astype(np.float32), radius.astype(np.float32), curv)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("curv", CURVS)
def test_a_point_is_the_same_point_in_every_model(model: str, curv: float) -> None:
    points = cloud(curv)
    found = place_vectors(as_model(points, model), model=model, curv=curv)
    np.testing.assert_allclose(found.embedding.radii, points.radii, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.embedding.directions, points.directions, atol=2e-4)
    assert found.model == model and found.curv == curv and found.off < 1e-4 and found.moved == 0


@pytest.mark.parametrize("curv", CURVS)
def test_the_models_agree_with_formulas_that_are_not_ours(curv: float) -> None:
    """Distances of the Poincaré ball of radius 1/√c (Ganea et al., 2018, eq. 1) against those of the hyperboloid."""
    points = cloud(curv, reach=2.0)
    ball = as_model(points, "poincare").astype(np.float64)
    x, y = ball[:100], ball[100:]
    gap = np.sum((x - y) ** 2, axis=1) / ((1 - curv * np.sum(x**2, axis=1)) * (1 - curv * np.sum(y**2, axis=1)))
    by_ball = np.arccosh(1 + 2 * curv * gap) / np.sqrt(curv)
    space = from_polar(points.directions.astype(np.float64), points.radii.astype(np.float64), curv=curv)
    np.testing.assert_allclose(by_ball, distance(space[:100], space[100:], curv=curv), rtol=1e-4)
    full = as_model(points, "lorentz-full").astype(np.float64)
    np.testing.assert_allclose(full[:, 0] ** 2 - np.sum(full[:, 1:] ** 2, axis=1), 1 / curv, rtol=2e-2 if curv > 1 else 1e-2)
    np.testing.assert_allclose(np.linalg.norm(as_model(points, "tangent"), axis=1), points.radii, rtol=1e-5)


@pytest.mark.parametrize("curv", CURVS)
def test_full_lorentz_vectors_are_recognised_with_their_curvature(curv: float) -> None:
    found = place_vectors(as_model(cloud(curv, reach=2.0), "lorentz-full"))
    assert found.model == "lorentz-full" and found.curv == pytest.approx(curv, rel=1e-3)


def test_vectors_of_an_unsaid_model_are_asked_about() -> None:
    with pytest.raises(
        SettingsError, match=r"norms .* inside a unit ball\) could be of several models: say which, one of lorentz, lorentz-full"
    ):
        place_vectors(as_model(cloud(1.0), "poincare"))


def test_the_origin_is_a_point_and_has_some_direction() -> None:
    for model in ("lorentz", "poincare", "tangent"):
        found = place_vectors(np.zeros((3, 4)), model=model).embedding
        assert (found.radii == 0).all() and np.allclose(np.linalg.norm(found.directions, axis=1), 1)


def test_what_lies_off_the_hyperboloid_is_named_with_how_far_and_where() -> None:
    full = as_model(cloud(1.0, reach=2.0), "lorentz-full")
    full[17, 0] *= 1.25
    with pytest.raises(
        DataError, match=r"mine: 1 of 200 rows are off the hyperboloid of curvature −1 \(row 17\); the worst is row 17, .*0\.25 off"
    ):
        place_vectors(full, model="lorentz-full", curv=1.0, where="mine")
    moved = place_vectors(full, model="lorentz-full", curv=1.0, project=True)
    assert moved.moved == 1 and moved.worst == 17 and moved.off == pytest.approx(0.25, rel=1e-3)
    with pytest.raises(DataError, match="200 of 200 rows are off"):
        place_vectors(full, model="lorentz-full", curv=0.3)


def test_the_figures_of_the_worst_row_are_its_own() -> None:
    sheet = np.array([[math.sqrt(0.25 + 9), 3.0, 0.0], [2 * math.sqrt(0.25 + 4), 0.0, 2.0], [1.5 * math.sqrt(0.25 + 1), 1.0, 0.0]])
    at, due = 2 * math.sqrt(4.25), math.sqrt(4.25)  # row 1 is twice as high as the sheet of curvature −4 above it
    figures = (
        rf"2 of 3 rows .*\(rows 1, 2\); the worst is row 1, x_t {at:.6g} where √\(1/curv \+ ‖x_s‖²\) is {due:.6g} \(1 off, 1e-06 allowed\)"
    )
    with pytest.raises(DataError, match=figures):
        place_vectors(sheet, model="lorentz-full", curv=4.0)
    ball = np.array([[0.3, 0.0], [0.0, -0.75], [0.6, 0.0]])  # in a ball of radius 1/2
    with pytest.raises(DataError, match=r"radius 0\.5 \(rows 1, 2\); the worst is row 1, norm 0\.75 \(0\.5 beyond the edge\)"):
        place_vectors(ball, model="poincare", curv=4.0)


def test_what_lies_outside_the_ball_is_named_and_can_be_moved_inside() -> None:
    ball = as_model(cloud(4.0), "poincare")  # a ball of radius 1/2
    ball[[3, 9]] *= (0.6 / np.linalg.norm(ball[[3, 9]], axis=1))[:, None]
    with pytest.raises(DataError, match=r"2 of 200 rows are not inside the Poincaré ball of radius 0\.5 \(rows 3, 9\); .*norm 0\.6 "):
        place_vectors(ball, model="poincare", curv=4.0)
    moved = place_vectors(ball, model="poincare", curv=4.0, project=True)
    assert moved.moved == 2 and np.isfinite(moved.embedding.radii).all()


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.array([["a", "b"]]), "must hold numbers"),
        (np.zeros(4), r"a matrix of at least 1 row and 2 columns \(N, D\), got the shape \(4,\)"),
        (np.zeros((0, 3)), "at least 1 row"),
        (np.array([[0.0, 1.0], [np.nan, 0.0]]), r"1 of 2 rows hold a number that is not finite \(row 1\)"),
    ],
)
def test_what_is_no_matrix_of_finite_numbers_is_refused(vectors: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        place_vectors(vectors, model="lorentz")


@pytest.mark.parametrize("curv", [0, -1.0, float("nan"), float("inf")])
def test_a_curvature_that_is_none_is_refused(curv: float) -> None:
    with pytest.raises(SettingsError, match="curv must be a positive number"):
        place_vectors(np.zeros((2, 2)), model="lorentz", curv=curv)


def test_a_point_beyond_what_float32_of_a_model_holds_is_not_written() -> None:
    far = Embedding(np.eye(1, 3, dtype=np.float32), np.array([20.0], np.float32), 1.0)
    with pytest.raises(SettingsError, match="Row 0 lies 20 from the origin; poincare in float32 ends at 16"):
        as_model(far, "poincare")
    assert np.isfinite(as_model(far, "lorentz")).all()

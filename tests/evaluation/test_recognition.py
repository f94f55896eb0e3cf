"""Which class is this box: against plain loops, and cases whose answer is known by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hypviz.data.items import SCENE, Items
from hypviz.evaluation import EvaluateSettings, evaluate
from hypviz.search.embedding import Embedding
from tests.evaluation.worlds import hierarchy_of, make_items, random_world, tree_world

FAST = EvaluateSettings(bootstrap=0)
Vector = list[float]


def distance(a: Vector, b: Vector, *, curv: float, geometry: str) -> float:
    """Between two points given by their tangent vectors at the origin, through Lorentz coordinates."""
    if geometry == "cosine":
        return -sum(p * q for p, q in zip(a, b, strict=True)) / math.hypot(*a) / math.hypot(*b)
    if geometry == "euclidean":
        return math.dist(a, b)
    root, points = math.sqrt(curv), []
    for v in (a, b):
        stretch = math.sinh(root * math.hypot(*v)) / (root * math.hypot(*v))
        space = [stretch * x for x in v]
        points.append((space, math.sqrt(1 / curv + sum(x * x for x in space))))
    (x, xt), (y, yt) = points
    return math.acosh(max(1.0, curv * (xt * yt - sum(p * q for p, q in zip(x, y, strict=True))))) / root


def slow_accuracies(items: Items, e: Embedding, geometry: str) -> tuple[list[float], list[float]]:
    """(nearest neighbour, prototype) per box, NaN where no other image has its class."""
    scale = np.ones(len(items)) if geometry == "cosine" else e.radii.astype(float)
    points = (e.directions.astype(float) * scale[:, None]).tolist()
    boxes = [row for row in range(len(items)) if items.label[row] != SCENE]
    nearest, prototype = [], []
    for q in boxes:
        others = [row for row in boxes if items.image[row] != items.image[q]]
        if not any(items.label[row] == items.label[q] for row in others):
            nearest.append(math.nan)
            prototype.append(math.nan)
            continue
        found = min(others, key=lambda row: distance(points[q], points[row], curv=e.curv, geometry=geometry))
        nearest.append(float(items.label[found] == items.label[q]))
        means = {}
        for label in {int(items.label[row]) for row in others}:
            members = [points[row] for row in others if items.label[row] == label]
            means[label] = [sum(column) / len(members) for column in zip(*members, strict=True)]
        found = min(means, key=lambda label: distance(points[q], means[label], curv=e.curv, geometry=geometry))
        prototype.append(float(found == items.label[q]))
    return nearest, prototype


@pytest.mark.parametrize("geometry", ["hyperbolic", "euclidean", "cosine"])
def test_both_readings_agree_with_plain_loops(geometry: str) -> None:
    items, embedding = random_world(pictures=25, classes=4, seed=3)
    # Classes get directions of their own, so that there is something to recognise, but not everything.
    shift = np.random.default_rng(5).standard_normal((5, 5))[items.label]
    directions = embedding.directions + 0.8 * shift
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    embedding = Embedding(directions.astype(np.float32), embedding.radii, 0.8, geometry)
    found = evaluate(items, hierarchy_of(items), embedding, FAST)
    scores = {"distance": geometry, "cosine": "cosine"} if geometry != "cosine" else {"cosine": "cosine"}
    for score, space in scores.items():
        for reading, slow in zip(("nearest neighbour", "prototype"), slow_accuracies(items, embedding, space), strict=True):
            result = found.find("box → class", reading, score)
            np.testing.assert_array_equal(result.values["accuracy"], slow)
            assert 0.3 < result.metrics["accuracy"].mean < 0.95


def test_vectors_that_know_the_class_recognise_everything() -> None:
    items, embedding = tree_world()
    found = evaluate(items, hierarchy_of(items), embedding, FAST)
    for reading in ("nearest neighbour", "prototype"):
        for score in ("distance", "cosine"):
            assert found.find("box → class", reading, score).metrics["accuracy"].mean == 1.0


def test_a_box_never_meets_its_own_image() -> None:
    # The twin in the own image would be right; the only other image's nearest box is of another class.
    a, b, c = (0, 0, 10, 10), (20, 0, 30, 10), (40, 0, 50, 10)
    items = make_items([[(a, 0), (b, 0)], [(a, 1), (c, 0)]], ("cat", "dog"))
    angles = np.array([0.0, 0.0, 0.01, 0.0, 0.02, 3.0])
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    found = evaluate(items, hierarchy_of(items), Embedding(directions, np.ones(6, np.float32)), FAST)
    for reading in ("nearest neighbour", "prototype"):
        result = found.find("box → class", reading, "distance")
        assert result.rows.tolist() == [1, 2, 4, 5]
        # The dog is alone in its class: without value. The far cat finds the nearest cats, which are all there is.
        np.testing.assert_array_equal(result.values["accuracy"], [0.0, 0.0, math.nan, 1.0])
        assert result.metrics["accuracy"].skipped == 1


def test_equal_distances_go_to_the_first_row() -> None:
    box = (0, 0, 10, 10)
    items = make_items([[(box, 0)], [(box, 1)], [(box, 0)], [(box, 1)]], ("cat", "dog"))
    same = Embedding(np.tile(np.array([[1, 0]], np.float32), (8, 1)), np.ones(8, np.float32))
    result = evaluate(items, hierarchy_of(items), same, FAST).find("box → class", "nearest neighbour", "cosine")
    # Every box but the first finds the first image's cat; the first finds the dog of the second.
    assert result.values["accuracy"].tolist() == [0.0, 0.0, 1.0, 0.0]

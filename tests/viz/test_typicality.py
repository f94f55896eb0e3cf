"""How far an item lies from its class."""

from __future__ import annotations

import numpy as np
import pytest

from hypviz.search.embedding import Embedding
from hypviz.viz import typicality
from hypviz.viz.typicality import FAR, as_bytes, class_distance


def clusters(seed: int = 0) -> tuple[Embedding, np.ndarray]:
    rng = np.random.default_rng(seed)
    centres = np.eye(4, 12)
    label = rng.integers(0, 4, 400)
    direction = centres[label] + 0.1 * rng.normal(size=(400, 12))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return Embedding(direction.astype(np.float32), np.ones(400, np.float32)), label


def test_a_wrong_label_is_far_from_its_class_and_right_ones_are_not() -> None:
    embedding, label = clusters()
    wrong = np.arange(0, 400, 80)
    given = label.copy()
    given[wrong] = (label[wrong] + 1) % 4
    found = class_distance(embedding, given)
    assert (found[wrong] >= FAR).all()
    assert np.mean(np.delete(found, wrong) >= FAR) < 0.02


def test_it_is_the_standardised_angle_to_the_mean_of_the_others() -> None:
    embedding, label = clusters(1)
    found = class_distance(embedding, label)
    rows = np.flatnonzero(label == 2)
    own = embedding.directions[rows].astype(np.float64)
    angle = []
    for place in range(len(rows)):
        mean = np.delete(own, place, axis=0).mean(axis=0)
        angle.append(np.arccos(own[place] @ mean / np.linalg.norm(mean)))
    np.testing.assert_allclose(found[rows], (angle - np.mean(angle)) / np.std(angle), atol=1e-4)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    embedding, label = clusters(2)
    label = np.where(np.arange(400) % 7 == 0, -1, label)
    whole = class_distance(embedding, label)
    monkeypatch.setattr(typicality, "BLOCK", 37)
    np.testing.assert_allclose(class_distance(embedding, label), whole, atol=1e-6)
    assert np.count_nonzero(whole) > 300 and not whole[::7].any()


def test_what_cannot_be_compared_is_at_0() -> None:
    embedding, label = clusters()
    label = np.where(np.arange(400) < 3, 9, -1)
    assert not class_distance(embedding, label).any(), "three of a class, and items without one"
    same = Embedding(np.tile(np.float32([1, 0]), (6, 1)), np.ones(6, np.float32))
    assert not class_distance(same, np.zeros(6, int)).any(), "all equally far"


def test_as_a_byte_it_keeps_sixteenths_around_128() -> None:
    assert as_bytes(np.array([0.0, 1.0, -0.5, 40.0, -40.0])).tolist() == [128, 144, 120, 255, 0]

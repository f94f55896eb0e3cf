"""The way to the root in words, against MERU's own steps written out with the textbook formulas."""

from __future__ import annotations

import numpy as np
import pytest

from hypviz.errors import DataError, SettingsError
from hypviz.geometry import from_polar, half_aperture, pairwise_inner, textbook_exterior_angle
from hypviz.search.answers import Query
from hypviz.search.embedding import Embedding
from hypviz.search.traverse import ROOT, words_to_root

CURV = 0.7


def pool(count: int = 300, dim: int = 3, seed: int = 0) -> Embedding:
    """Few dimensions and short radii, so that some cones are wide and the way meets several words."""
    rng = np.random.default_rng(seed)
    direction = rng.standard_normal((count, dim))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return Embedding(direction.astype(np.float32), rng.uniform(0.05, 2.5, count).astype(np.float32), CURV)


def meru_traversal(words: Embedding, query: Query, steps: int) -> list[int]:
    """Interpolate in the tangent space, take the largest Lorentz product among the texts that entail the point; the root entails all."""
    space = from_polar(words.directions.astype(float), words.radii.astype(float), curv=CURV)
    texts = np.concatenate([space, np.zeros((1, space.shape[1]))])
    found: list[int] = []
    for radius in np.linspace(query.radius, 0, steps):
        point = from_polar(query.direction.astype(float)[None], np.array([radius]), curv=CURV)
        score = pairwise_inner(point, texts, curv=CURV)[0]
        with np.errstate(all="ignore"):
            angle = textbook_exterior_angle(space, np.broadcast_to(point, space.shape), curv=CURV)
        entails = angle <= half_aperture(words.radii.astype(float), curv=CURV)
        score[:-1][~entails] = -1e12
        best = int(np.argmax(score))
        row = ROOT if best == len(space) else best
        if row not in found:
            found.append(row)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_the_words_met_are_those_of_merus_traversal(seed: int) -> None:
    words = pool(seed=seed)
    query = Query(pool(1, seed=seed + 50).directions[0], 2.6)
    stops = words_to_root(words, query)
    expected = meru_traversal(words, query, 50)
    assert [stop.row for stop in stops] == expected and len(expected) > 2 and expected[-1] == ROOT
    assert stops[0].start == pytest.approx(2.6) and stops[-1].stop == 0.0
    assert all(stop.start >= stop.stop for stop in stops)


def test_a_word_that_does_not_entail_the_place_is_passed_over() -> None:
    ahead = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    words = Embedding(ahead, np.array([1.0, 0.2], np.float32), CURV)
    stops = words_to_root(words, Query(np.array([1, 0], np.float32), 3.0))
    assert stops[0].row == 0  # straight behind it
    sideways = words_to_root(words, Query(np.array([-1, 0], np.float32), 3.0))
    assert 0 not in [stop.row for stop in sideways]


def test_a_word_at_the_very_place_is_met_first() -> None:
    words = pool()
    for row in range(0, 300, 60):
        assert words_to_root(words, Query(words.directions[row], float(words.radii[row])))[0].row == row


def test_what_has_no_way_is_refused() -> None:
    words = pool(4)
    query = Query(words.directions[0], 1.0)
    with pytest.raises(SettingsError, match="A cosine model has no root to walk to"):
        words_to_root(Embedding(words.directions, words.radii, 1.0, "cosine"), query)
    with pytest.raises(DataError, match="the words 3 dimensions"):
        words_to_root(words, Query(np.zeros(5, np.float32), 1.0))
    with pytest.raises(SettingsError, match="steps"):
        words_to_root(words, query, steps=1)

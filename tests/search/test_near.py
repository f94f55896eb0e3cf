"""Near neighbours are ranked by their true angles: every list begins as a float64 reference says, in float32 storage."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from hypviz.geometry.entailment import exterior_angle_from_cosine
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index
from hypviz.search.near import TOLERANCE
from hypviz.search.ordering import members, retrieval_scores
from hypviz.search.retrieval import Cones, Ranking, Retrieval
from hypviz.search.scoring import ranking_value

CLUSTERS, EACH, DIM, CURV = 25, 12, 128, 0.4


@pytest.fixture(scope="module", params=["hyperbolic", "euclidean"])
def e(request: pytest.FixtureRequest) -> Embedding:
    """Groups of near-duplicates, 1e-5 … 1e-2 rad apart, at nearly the same radius: parts and objects of one picture."""
    rng = np.random.default_rng(5)
    centre = np.repeat(rng.standard_normal((CLUSTERS, DIM)), EACH, axis=0)
    apart = 10 ** rng.uniform(-5, -2, (CLUSTERS * EACH, 1))
    directions = centre / np.linalg.norm(centre, axis=1, keepdims=True) + apart * rng.standard_normal(centre.shape) / DIM**0.5
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    steps = 10 ** np.linspace(-4, -1, EACH)  # no two alike: items at one point have no angle
    radii = 1 + np.concatenate([rng.permutation(steps) for _ in range(CLUSTERS)]) * rng.choice([-1, 1], len(centre))
    return Embedding(directions.astype(np.float32), radii.astype(np.float32), CURV if request.param == "hyperbolic" else 1.0, request.param)


def reference(e: Embedding) -> np.ndarray:
    """(N, N) ext(x, y) in float64 from the half-angle between the directions; the diagonal means nothing."""
    u = e.directions.astype(np.float64)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    half = np.arcsin(np.minimum(np.linalg.norm(u[:, None] - u[None], axis=2) / 2, 1))
    r = e.radii.astype(np.float64)
    if e.geometry == "euclidean":
        across, along = r[None] * np.sin(2 * half), r[None] - r[:, None] - 2 * np.sin(half) ** 2 * r[None]
        return np.arctan2(across, along)
    r = math.sqrt(e.curv) * r
    across = np.sinh(r)[None] * np.sin(2 * half)
    along = np.sinh(r[None] - r[:, None]) - 2 * np.sin(half) ** 2 * np.outer(np.cosh(r), np.sinh(r))
    return np.arctan2(across, along)


def angle_of(e: Embedding, ranking: Ranking, task: str) -> np.ndarray:
    """(N queries, N candidates) what to rank by in float64; a query itself is last."""
    ext = reference(e)
    at_query, at_candidate = (ext, np.pi - ext.T) if task == "children" else (np.pi - ext, ext.T)
    value = {"query": at_query, "candidate": at_candidate, "sum": at_query + at_candidate}[ranking.apex]
    np.fill_diagonal(value, np.inf)
    return value


def test_the_float32_cosine_alone_is_wrong_by_degrees_here(e: Embedding) -> None:
    if e.geometry == "euclidean":
        return
    rough = exterior_angle_from_cosine(e.directions @ e.directions.T, e.radii[:, None], e.radii[None], curv=e.curv)
    off = np.abs(rough - reference(e))[~np.eye(len(e), dtype=bool)]
    assert off.max() > 0.1, "the cases below would test nothing"


@pytest.mark.parametrize("apex", ["query", "candidate", "sum"])
@pytest.mark.parametrize("task", ["children", "parents"])
def test_angles_between_near_neighbours_are_exact(e: Embedding, task: str, apex: str) -> None:
    value = ranking_value(
        e.directions @ e.directions.T, e.radii[:, None], e.radii[None], space=e, task=task, apex=apex, ends=(e.directions, e.directions)
    )
    np.fill_diagonal(value, np.inf)
    np.testing.assert_allclose(value, angle_of(e, Ranking(apex=apex), task), atol=3 * TOLERANCE, rtol=0)


@pytest.mark.parametrize("apex", ["query", "sum"])
@pytest.mark.parametrize("task", ["children", "parents"])
def test_what_evaluation_and_page_list_first_agrees_with_float64(e: Embedding, task: str, apex: str) -> None:
    ranking = Ranking(apex=apex)
    everything = Retrieval(ranking, ranking, Cones((float(np.float32(np.pi)),)), parents_at="candidate")
    exact = angle_of(e, ranking, task)
    for part, scores in retrieval_scores(e, e, everything, task=task):
        scores[np.arange(part.stop - part.start), np.arange(part.start, part.stop)] = -np.inf
        first = scores.argmax(axis=1)
        np.testing.assert_allclose(exact[np.arange(part.start, part.stop), first], exact[part].min(axis=1), atol=6 * TOLERANCE)
    index = Index(e, everything)
    for row in range(0, len(e), 7):
        found = getattr(index, task)(index.query(row), limit=5)
        best = found.rows[np.argsort(found.rank)]
        np.testing.assert_allclose(np.sort(exact[row, best]), np.sort(exact[row])[:5], atol=6 * TOLERANCE)
    for part, scores in index.scores(e, task=task, apex=apex):
        scores[np.arange(part.stop - part.start), np.arange(part.start, part.stop)] = -np.inf
        first = scores.argmax(axis=1)
        np.testing.assert_allclose(exact[np.arange(part.start, part.stop), first], exact[part].min(axis=1), atol=6 * TOLERANCE)


def test_cones_hold_by_the_true_angle(e: Embedding) -> None:
    retrieval = Retrieval(cones=Cones((1.0,)), parents_at="candidate")
    exact, ends = reference(e), (e.directions, e.directions)
    inside = members(e.directions @ e.directions.T, e.radii[:, None], e.radii, e, retrieval, task="children", ends=ends)
    clear = (np.abs(exact - 1.0) > 3 * TOLERANCE) & ~np.eye(len(e), dtype=bool)
    assert np.array_equal(inside[clear], (exact <= 1.0)[clear])
    above = members(e.directions @ e.directions.T, e.radii[:, None], e.radii, e, retrieval, task="parents", ends=ends)
    assert np.array_equal(above[clear.T], (exact.T <= 1.0)[clear.T])
    index = Index(e, retrieval)
    for row, held in enumerate(index.cones([index.query(row) for row in range(len(e))])):
        expected = np.flatnonzero((exact[row] <= 1.0) & clear[row])
        assert np.array_equal(held[clear[row, held]], expected)


def test_far_pairs_and_coinciding_items_stay_as_they_were() -> None:
    rng = np.random.default_rng(1)
    u = rng.standard_normal((40, 8))
    u = (u / np.linalg.norm(u, axis=1, keepdims=True)).astype(np.float32)
    e = Embedding(np.concatenate([u, u[:1]]), np.ones(41, np.float32), CURV)
    cosine = e.directions @ e.directions.T
    arguments = {"space": e, "task": "children"}
    plain = ranking_value(cosine, e.radii[:, None], e.radii[None], **arguments)  # type: ignore[arg-type]
    exact = ranking_value(cosine, e.radii[:, None], e.radii[None], ends=(e.directions, e.directions), **arguments)  # type: ignore[arg-type]
    assert np.array_equal(plain, exact)
    assert exact[0, 40] == np.float32(np.pi / 2)
    nothing = replace(e, geometry="cosine")
    both = [
        ranking_value(cosine, e.radii[:, None], e.radii, space=nothing, task="children", ends=ends) for ends in (None, (e.directions,) * 2)
    ]
    assert np.array_equal(*both)

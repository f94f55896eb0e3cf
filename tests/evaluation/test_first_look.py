"""The first look is judged on what the page lists, and a perfect embedding is told from a useless one."""

from __future__ import annotations

import numpy as np
import pytest

from hypviz.data.hierarchy import class_graph
from hypviz.errors import DataError
from hypviz.evaluation.first_look import CARDS, judge_first_look
from hypviz.explore.view import View
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Retrieval


def slow(view: View, omega: float) -> tuple[float, float, int]:
    """(own objects, fitting, fewest classes) from the answers that the page gets."""
    items, graph = view.items, class_graph(view.items, view.hierarchy)
    shares, fits, fewest = [], [], 99
    for scene in items.offsets[:-1].tolist():
        own = items.of_image(int(items.image[scene]))[1:]
        wanted = {int(items.label[row]) for row in own if view.hierarchy.depth[row] == 1}
        bands = [[card["class"] for card in band["classes"]] for band in view.select({"row": scene}, omega)["elsewhere"]["bands"]]
        weights = range(len(bands), 0, -1)
        taken = [min(len(band), CARDS * weight // sum(weights)) for band, weight in zip(bands, weights, strict=True)]
        for place, band in enumerate(bands):
            taken[place] += min(len(band) - taken[place], CARDS - sum(taken))
        shown = [label for band, count in zip(bands, taken, strict=True) for label in band[:count]]
        near = {int(items.label[row]) for row in own} | {int(b) for a in wanted for b in np.flatnonzero(graph[a])}
        shares.append(len(wanted & set(shown)) / len(wanted))
        fits.append(sum(label in near for label in shown) / max(len(shown), 1))
        fewest = min(fewest, len(set(shown)))
    return float(np.mean(shares)), float(np.mean(fits)), fewest


def test_what_is_judged_is_what_the_page_lists(tiny_view: View) -> None:
    for omega in (1.5, np.pi):
        found = judge_first_look(tiny_view.items, tiny_view.hierarchy, tiny_view.embedding, tiny_view.card.answers, omega=omega)
        own_objects, fitting, fewest = slow(tiny_view, omega)
        assert found.own_objects == pytest.approx(own_objects) and found.fitting == pytest.approx(fitting)
        assert found.fewest == fewest and found.scenes == len(tiny_view.items.images)
    assert own_objects > 0 and fitting > 0


def test_an_embedding_that_knows_the_classes_is_far_above_chance(tiny_view: View) -> None:
    """Scenes point to the mean of their classes' directions, boxes to their class's; depth sets the radius."""
    items, hierarchy = tiny_view.items, tiny_view.hierarchy
    rng = np.random.default_rng(0)
    of_class = rng.standard_normal((len(items.classes), 64))
    direction = np.where(items.is_scene[:, None], 0, of_class[items.label])
    for scene in items.offsets[:-1]:
        own = items.of_image(int(items.image[scene]))[1:]
        direction[scene] = direction[own[hierarchy.depth[own] == 1]].mean(axis=0)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    known = Embedding(direction.astype(np.float32), (0.05 + hierarchy.depth).astype(np.float32))
    found = judge_first_look(items, hierarchy, known, Retrieval.single(1.6, 1.6))
    assert found.own_objects > 2 * found.own_objects_chance
    shuffled = Embedding(known.directions[rng.permutation(len(items))], known.radii)
    assert judge_first_look(items, hierarchy, shuffled, Retrieval.single(1.6, 1.6)).own_objects < found.own_objects


def test_data_without_objects_is_refused(tiny_view: View) -> None:
    flat = tiny_view.hierarchy
    alone = type(flat)(flat.edges, np.zeros_like(flat.depth), flat.duplicate, flat.counts)
    with pytest.raises(DataError, match="scenes with objects"):
        judge_first_look(tiny_view.items, alone, tiny_view.embedding, Retrieval())

"""The best by each score, from general to specific."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hypviz.errors import SelectionError, SettingsError
from hypviz.evaluation import norm_ordered
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index
from tests.evaluation.worlds import FAST, SlowWorld, hierarchy_of, make_items, random_world, slow_angle


@pytest.mark.parametrize("apex", ["query", "candidate", "sum"])
def test_the_best_by_angle_are_those_of_plain_loops(apex: str) -> None:
    items, embedding = random_world()
    world = SlowWorld(items, embedding)
    for query in (0, world.objects[0], world.boxes[-1]):
        found = norm_ordered(items, world.hierarchy, embedding, query, settings=replace(FAST, apex=apex), limit=9)["angle"]
        best = world.ranked(query, list(range(len(items))), "children", apex)[:9]
        assert [best[rank - 1] for rank in found.rank] == found.rows.tolist()
        assert found.rows.tolist() == sorted(best, key=lambda row: (embedding.radii[row], row))
        np.testing.assert_array_equal(found.radius, embedding.radii[found.rows])
        if apex == "query":
            np.testing.assert_allclose(found.value, [slow_angle(embedding, query, row) for row in found.rows], atol=1e-4)


def test_relevance_is_by_class_and_a_scene_is_under_nothing() -> None:
    items, embedding = random_world()
    world = SlowWorld(items, embedding)
    for query in (0, world.objects[0]):
        found = norm_ordered(items, world.hierarchy, embedding, query, limit=10_000)
        assert set(found) == {"angle", "cosine", "distance"}
        below = set(world.scene_labels(query)) if items.is_scene[query] else set(np.flatnonzero(world.graph[world.label[query]]))
        for one in found.values():
            assert sorted(one.rows.tolist()) == [row for row in range(len(items)) if row != query]
            assert one.relevant.tolist() == [world.label[row] in below for row in one.rows]
            assert one.relevant.any() and not one.relevant.all()
            assert one.chance == pytest.approx(one.relevant.mean()), "of all others"


def test_it_shows_what_a_search_for_children_shows() -> None:
    items, embedding = random_world()
    index = Index(embedding)
    for query in range(0, len(items), 7):
        children = index.children(index.query(query), float(np.pi), limit=15)
        np.testing.assert_array_equal(norm_ordered(items, hierarchy_of(items), embedding, query, limit=15)["angle"].rows, children.rows)


def test_a_cosine_model_has_its_cosine_alone() -> None:
    items, embedding = random_world()
    found = norm_ordered(items, hierarchy_of(items), replace(embedding, geometry="cosine"), 0)
    assert set(found) == {"cosine"}


def test_a_lonely_item_finds_nothing_and_a_wrong_row_is_named() -> None:
    items = make_items([[]], ("a",))
    alone = Embedding(np.array([[1, 0]], np.float32), np.ones(1, np.float32))
    assert all(len(one.rows) == 0 for one in norm_ordered(items, hierarchy_of(items), alone, 0).values())
    with pytest.raises(SelectionError, match="No item in row 5: the data set has rows 0…0"):
        norm_ordered(items, hierarchy_of(items), alone, 5)
    with pytest.raises(SettingsError, match="limit must be between 1"):
        norm_ordered(items, hierarchy_of(items), alone, 0, limit=0)

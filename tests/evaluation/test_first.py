"""What a person sees first: against plain loops, and hubs against counting and against shuffled rankings."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from hypviz import metrics
from hypviz.config import HierarchySettings
from hypviz.data.hierarchy import build_hierarchy
from hypviz.evaluation import evaluate
from hypviz.evaluation.first import HubCount, hub_share_by_chance
from hypviz.search.embedding import Embedding
from tests.evaluation.worlds import FAST, SlowWorld, hierarchy_of, make_items, random_world, tree_world

K = 5
FIRST = replace(FAST, first_k=K)


@pytest.mark.parametrize("seed", range(3))
def test_the_first_children_are_counted_as_plain_loops_count_them(seed: int) -> None:
    items, embedding = random_world(seed=seed)
    world = SlowWorld(items, embedding)
    found = evaluate(items, world.hierarchy, embedding, FIRST)
    scenes = [row for row in range(len(items)) if items.is_scene[row]]
    for task, reading, queries in (("scene → contents", "class", scenes), ("object → parts", "instance", world.objects)):
        result = found.find(task, reading, "angle")
        assert result.rows.tolist() == queries
        for place, q in enumerate(queries):
            first = world.ranked(q, world.boxes, "children", "query")[:K]
            own = [b for b in world.boxes if items.image[b] == items.image[q]] if items.is_scene[q] else world.below[q]
            seen = {world.label[b] for b in first}
            objects = {world.label[b] for b in world.hierarchy.children_of(q)}
            wanted = {
                "own boxes": sum(b in own for b in first),
                "own classes": len(seen & {world.label[b] for b in own}) / len({world.label[b] for b in own}),
                "own objects": len(seen & objects) / len(objects),
                "distinct classes": len(seen),
            }
            for name, value in wanted.items():
                assert result.values[f"{name}@{K}"][place] == pytest.approx(value), (task, q, name)
        retrieved = Counter(b for q in queries for b in world.ranked(q, world.boxes, "children", "query")[:K])
        assert result.hubs is not None and result.hubs.k == K
        assert result.hubs.never == pytest.approx(1 - len(retrieved) / len(world.boxes))
        most = max(1, round(0.01 * len(world.boxes)))
        assert result.hubs.share == pytest.approx(sum(n for _, n in retrieved.most_common(most)) / retrieved.total())


@pytest.mark.parametrize("seed", range(3))
def test_other_pictures_are_counted_as_plain_loops_count_them(seed: int) -> None:
    items, embedding = random_world(seed=seed)
    world = SlowWorld(items, embedding)
    evaluation = evaluate(items, world.hierarchy, embedding, replace(FIRST, other_k=2))
    scenes = [row for row in range(len(items)) if items.is_scene[row]]
    for task, reading, direction, pool, right, k in (
        ("scene → contents", "class", "children", world.boxes, lambda q, c: world.label[c] in world.scene_labels(q), K),
        ("box → scene", "same class", "parents", scenes, lambda q, c: world.label[q] in world.scene_labels(c), 2),
        ("part → object", "instance", "parents", world.objects, lambda q, c: world.label[q] in {world.label[b] for b in world.below[c]}, 2),
    ):
        result = evaluation.find(task, reading, "angle")
        for place, q in enumerate(result.rows.tolist()):
            others = [c for c in world.ranked(q, pool, direction, "query") if items.image[c] != items.image[q]]
            hits = [right(q, c) for c in others]
            assert result.values[f"other pictures@{k}"][place] == pytest.approx(np.mean(hits[:k])), (task, q)
            assert result.chance[f"other pictures@{k}"][place] == pytest.approx(np.mean(hits)), (task, q)


def test_a_model_that_knows_only_which_picture_a_box_is_of_is_at_chance_in_other_pictures() -> None:
    items, embedding = tree_world(kinds=5, scenes=40)
    directions = np.random.default_rng(0).standard_normal(embedding.directions.shape).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    picture = items.offsets[items.image]
    lost = Embedding(directions[picture], embedding.radii, embedding.curv)  # each box right at its own picture
    result = evaluate(items, hierarchy_of(items), lost, FAST).find("scene → contents", "class", "cosine")
    chance = result.chance_of("other pictures@12")
    assert result.metrics["precision@12"].mean > 2 * result.chance_of("precision@12")
    assert result.metrics["other pictures@12"].mean == pytest.approx(chance, abs=0.08) and 0.1 < chance < 0.3


def test_a_query_with_no_other_picture_has_no_value() -> None:
    items = make_items([[((0, 0, 60, 60), 0), ((10, 10, 40, 40), 1)]], ("house", "door"))
    _, embedding = random_world()
    result = evaluate(items, hierarchy_of(items), embedding.take(np.arange(len(items))), FAST).find("scene → contents", "class", "angle")
    assert np.isnan(result.values["other pictures@12"]).all() and np.isnan(result.chance["other pictures@12"]).all()


def test_a_model_that_knows_the_tree_shows_what_is_there() -> None:
    items, embedding = tree_world()
    found = evaluate(items, hierarchy_of(items), embedding, FAST).find("scene → contents", "class", "angle")
    assert found.metrics["precision@12"].mean == 1.0 > 2 * found.chance_of("precision@12")
    # A box in every second class of the scene's nine; none of another kind of scene.
    assert found.metrics["distinct classes@12"].mean <= 9 < found.chance_of("distinct classes@12")


def test_a_pool_smaller_than_what_is_shown_is_seen_whole() -> None:
    items = make_items([[((0, 0, 60, 60), 0), ((10, 10, 40, 40), 1)], [((0, 0, 60, 60), 2)]], ("house", "door", "tree"))
    _, embedding = random_world()
    found = evaluate(items, hierarchy_of(items), embedding.take(np.arange(len(items))), FAST).find("scene → contents", "class", "angle")
    for name in ("own boxes@12", "own classes@12", "own objects@12", "distinct classes@12"):
        assert found.metrics[name].mean == pytest.approx(found.chance_of(name))
    assert (found.values["own boxes@12"].tolist(), found.metrics["distinct classes@12"].mean) == ([2, 1], 3)
    assert found.hubs is not None and found.hubs.never == pytest.approx(0) == pytest.approx(found.hubs.never_chance)


def test_a_scene_of_tiny_boxes_alone_has_no_objects_to_cover() -> None:
    items = make_items([[((0, 0, 6, 6), 0)], [((0, 0, 60, 60), 1), ((70, 70, 74, 74), 0)]], ("speck", "tree"))
    hierarchy = build_hierarchy(items, HierarchySettings(min_box_px=8))
    _, embedding = random_world()
    found = evaluate(items, hierarchy, embedding.take(np.arange(len(items))), FAST).find("scene → contents", "class", "angle")
    for values in (found.values, found.chance):
        assert np.isnan(values["own objects@12"]).tolist() == [True, False]
        assert values["own classes@12"] == pytest.approx([1, 1]) and values["own boxes@12"] == pytest.approx([1, 2])


def test_hubs_are_what_comes_for_everything() -> None:
    scores = np.zeros((50, 300), np.float32)
    scores[:, :3] = 1  # three items come for every query
    count = HubCount(300, 3)
    count.add(metrics.rank(scores))
    found = count.result()
    assert (found.share, found.never) == (1.0, 0.99)
    assert found.share_chance < 0.1 and found.never_chance == pytest.approx(0.99**50)


def test_hub_counts_do_not_depend_on_blocks_and_leave_out_what_is_outside() -> None:
    scores = np.random.default_rng(0).random((40, 25)).astype(np.float32)
    scores[np.arange(25), np.arange(25)] = -np.inf
    whole, parts = HubCount(25, 4), HubCount(25, 4)
    whole.add(metrics.rank(scores))
    for block in np.array_split(scores, 7):
        parts.add(metrics.rank(block, depth=9))
    assert whole.result() == parts.result()
    # An item is in the pools of 39 of the 40 queries, each of 24 items; 15 queries have all 25.
    assert whole.result().never_chance == pytest.approx((1 - 4 / 24) ** 24 * (1 - 4 / 25) ** 15)


def test_nothing_retrieved_has_no_hubs() -> None:
    count = HubCount(5, 3)
    count.add(metrics.rank(np.full((2, 5), -np.inf)))
    assert math.isnan(count.result().share) and math.isnan(count.result().never_chance)


@pytest.mark.parametrize(("queries", "pool", "k"), [(200, 1000, 12), (60, 5000, 12), (2000, 400, 5)])
def test_random_answers_make_hubs_of_the_size_that_chance_gives(queries: int, pool: int, k: int) -> None:
    rng = np.random.default_rng(1)
    shares, never = [], []
    for _ in range(30):
        count = HubCount(pool, k)
        count.add(metrics.rank(rng.random((queries, pool)), depth=k))
        shares.append(count.result().share)
        never.append(count.result().never)
    most = round(0.01 * pool)
    assert np.mean(shares) == pytest.approx(hub_share_by_chance(queries, queries * k, pool, most), rel=0.03)
    assert np.mean(never) == pytest.approx(count.result().never_chance, abs=0.006)

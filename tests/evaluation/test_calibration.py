"""Cones by level and rankings are the best there are: against a grid of thresholds, and where one ranking is plainly better."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from hypviz.data.hierarchy import class_graph
from hypviz.data.items import Items
from hypviz.errors import DataError
from hypviz.evaluation.membership import by_class, cone_blocks, membership_quality
from hypviz.evaluation.retrieval import calibrate_cones, calibrate_retrieval, choose_rankings, level_limits
from hypviz.evaluation.task_data import TaskData
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Cones, Ranking, Retrieval
from tests.evaluation.worlds import hierarchy_of, make_items, tree_world


def world_of(items: Items) -> TaskData:
    hierarchy = hierarchy_of(items)
    return TaskData(items, hierarchy, class_graph(items, hierarchy))


def shaken(e: Embedding, *, turn: float, shift: float, seed: int = 0) -> Embedding:
    """The embedding with noise on directions and radii."""
    rng = np.random.default_rng(seed)
    directions = e.directions + turn * rng.standard_normal(e.directions.shape)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    radii = np.abs(e.radii + shift * rng.standard_normal(len(e))) + 0.02
    return Embedding(directions.astype(np.float32), radii.astype(np.float32), e.curv)


def f1_of(world: TaskData, e: Embedding, cones: Cones) -> float:
    blocks = cone_blocks(e, cones.at(e.radii), outward=cones.outward)
    return membership_quality(blocks, by_class(world.items, world.hierarchy)).f1


# --- levels


def test_limits_part_levels_half_way() -> None:
    depth = np.repeat([0, 1, 2], 20)
    assert level_limits(depth, np.repeat([0.2, 0.6, 1.0], 20)) == pytest.approx((0.4, 0.8))
    assert level_limits(depth[::-1], np.repeat([1.0, 0.6, 0.2], 20)) == pytest.approx((0.4, 0.8))  # whatever the rows' order


def test_levels_that_no_radius_parts_have_no_limit() -> None:
    depth = np.repeat([0, 1, 2], 20)
    assert level_limits(depth, np.repeat([1.0, 0.6, 0.2], 20)) == ()  # scenes lie outermost
    assert level_limits(depth, np.repeat([0.2, 1.0, 0.6], 20)) == pytest.approx((0.4,))  # parts lie within the objects


def test_a_level_of_a_few_items_shares_that_of_the_next() -> None:
    depth = np.repeat([0, 1, 2], [5, 20, 20])
    assert level_limits(depth, np.repeat([0.2, 0.6, 1.0], [5, 20, 20])) == pytest.approx((0.8,))


# --- cones


@pytest.mark.parametrize("seed", range(3))
def test_no_thresholds_of_a_grid_agree_better_with_the_annotations(seed: int) -> None:
    items, clean = tree_world(kinds=2, scenes=5, objects=2, parts=2)
    world, e = world_of(items), shaken(clean, turn=0.12, shift=0.12, seed=seed)
    cones = calibrate_cones(world, e)
    assert len(cones.omegas) >= 2 and cones.outward
    found = f1_of(world, e, cones)
    grid = np.linspace(0.1, np.pi - 0.05, 9)
    best = max(f1_of(world, e, replace(cones, omegas=omegas)) for omegas in itertools.product(grid, repeat=len(cones.omegas)))
    assert 0.3 < best < 0.99  # neither hopeless nor easy
    assert found > best - 2e-3


def test_levels_of_their_own_agree_better_than_any_one_width() -> None:
    items, clean = tree_world()
    assert f1_of(world_of(items), clean, calibrate_cones(world_of(items), clean)) > 0.99
    world, e = world_of(items), shaken(clean, turn=0.1, shift=0.05)
    cones = calibrate_cones(world, e)
    single = max(f1_of(world, e, Cones((omega,), outward=True)) for omega in np.linspace(0.1, 3.1, 31))
    assert len(cones.omegas) == 3 and single < f1_of(world, e, cones) - 0.005


def test_a_sample_of_apexes_gives_nearly_the_same_cones() -> None:
    items, clean = tree_world(kinds=3, scenes=10)
    world, e = world_of(items), shaken(clean, turn=0.08, shift=0.08)
    few, every = calibrate_cones(world, e, max_queries=20, seed=1), calibrate_cones(world, e)
    assert few.limits == every.limits and few.omegas != every.omegas
    assert f1_of(world, e, few) > 0.9 * f1_of(world, e, every)


def test_radii_without_meaning_make_one_cone_for_all() -> None:
    items, clean = tree_world()
    cones = calibrate_cones(world_of(items), replace(clean, geometry="cosine", curv=1.0))
    assert len(cones.omegas) == 1 and not cones.outward


def test_a_set_without_boxes_cannot_be_calibrated_on() -> None:
    items = make_items([[], []], ())
    e = Embedding(np.eye(2, dtype=np.float32), np.ones(2, np.float32))
    with pytest.raises(DataError, match="needs at least one scene with a box"):
        calibrate_retrieval(items, hierarchy_of(items), e)


# --- rankings


ANGLE, COSINE = Ranking(), Ranking("cosine")


def test_the_cosine_is_chosen_where_radii_say_nothing_and_the_angle_where_they_do() -> None:
    items, good = tree_world()
    world, start = world_of(items), Retrieval(cones=Cones((np.pi - 0.01,)), parents_at="candidate")
    radii = np.random.default_rng(0).uniform(0.2, 3.0, len(good)).astype(np.float32)
    lost = Embedding(good.directions, radii, good.curv)
    found = choose_rankings([(world, lost)], start, rankings=(ANGLE, COSINE))
    assert found == replace(start, children=COSINE, parents=COSINE)
    kept = choose_rankings([(world, good)], start, rankings=(COSINE, ANGLE))
    assert kept.children == ANGLE


def test_parts_and_contents_are_ranked_each_by_what_is_best_for_them() -> None:
    """Radii that say nothing among boxes, and pictures in the innermost shell: the same rankings are judged on either."""
    items, good = tree_world()
    world, rng = world_of(items), np.random.default_rng(0)
    radii = np.where(items.is_scene, 0.1, rng.uniform(0.5, 3.0, len(good))).astype(np.float32)
    e = Embedding(good.directions, radii, good.curv)
    start = Retrieval(cones=Cones((np.pi - 0.01, np.pi - 0.01), (0.3,)), parents_at="candidate")
    found = choose_rankings([(world, e)], start, rankings=(ANGLE, COSINE))
    assert (found.children, found.contents) == (COSINE, ANGLE)
    again = choose_rankings(
        [(world, good)], replace(start, cones=Cones((3.0, 3.0), (float(good.radii[items.is_scene].max()) * 1.01,))), rankings=(ANGLE, ANGLE)
    )
    assert again.children == ANGLE and again.contents is None, "one that serves both is stated once"


def test_of_equals_the_first_is_taken() -> None:
    items, e = tree_world()
    same = Ranking("angle + cosine", "query", 0.0)
    for one, other in ((ANGLE, same), (same, ANGLE)):
        found = choose_rankings([(world_of(items), e)], Retrieval(cones=Cones((3.0,))), rankings=(one, other))
        assert found.children == found.parents == one


def test_a_retrieval_of_one_ranking_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    items, e = tree_world()
    monkeypatch.setattr("hypviz.evaluation.retrieval.choose_rankings", lambda *_, **__: pytest.fail("measured"))
    found = calibrate_retrieval(items, hierarchy_of(items), e, rankings=(COSINE,))
    assert found.children == found.parents == COSINE and found.parents_at == "candidate"

"""Cones that hold far too much of the pictures at hand are set by their boxes; all others are the card's."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hypviz.config import EncoderSettings
from hypviz.data.hierarchy import class_graph
from hypviz.data.items import Items
from hypviz.evaluation import admitted_by_level, break_even_cones, by_class, calibrate_retrieval, cone_blocks, membership_quality
from hypviz.evaluation.calibration import APEXES, BOXES, CHECKPOINT, IMAGES, MAX_ADMITTED, calibrated, calibration, image_sample
from hypviz.evaluation.task_data import TaskData
from hypviz.model.card import Card
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Cones, Retrieval
from tests.evaluation.worlds import hierarchy_of, make_items, tree_world

EVERYTHING = Retrieval(cones=Cones((math.pi,), outward=True))


def world_of(items: Items) -> TaskData:
    hierarchy = hierarchy_of(items)
    return TaskData(items, hierarchy, class_graph(items, hierarchy))


def blurred(e: Embedding, seed: int, amount: float) -> Embedding:
    """The same radii, with directions that noise has shaken."""
    noise = amount * np.random.default_rng(seed).standard_normal(e.directions.shape) / math.sqrt(e.directions.shape[1])
    directions = e.directions + noise.astype(np.float32)
    return Embedding(directions / np.linalg.norm(directions, axis=1, keepdims=True), e.radii, e.curv)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("amount", [0.5, 1.5, 4.0])
def test_at_the_break_even_point_precision_is_recall_whatever_the_model_is_worth(seed: int, amount: float) -> None:
    items, e = tree_world(kinds=5, scenes=12)
    e = blurred(e, seed, amount)
    cones = break_even_cones(world_of(items), e, max_queries=10**6)
    quality = membership_quality(cone_blocks(e, cones.at(e.radii), outward=True), by_class(items, hierarchy_of(items)))
    assert 0.85 <= quality.admitted <= 1.0 + 1e-9, "as many inside as belong there, or a step of ω less"
    assert quality.precision == pytest.approx(quality.recall, rel=0.18)


def test_what_cones_admit_is_counted_level_by_level() -> None:
    items, e = tree_world(kinds=5, scenes=12)
    world = world_of(items)
    limit = float(np.sort(e.radii)[len(world.scenes) - 1 : len(world.scenes) + 1].mean())
    cones = Cones((math.pi, math.pi), (limit,), outward=True)
    found = admitted_by_level(world, e, cones, max_queries=10**6)
    for level, inner in enumerate((e.radii < limit, e.radii >= limit)):
        rows = np.flatnonzero(inner)
        farther = e.radii[None, :] > e.radii[rows, None]
        belongs = by_class(items, hierarchy_of(items))(rows)
        belongs[np.arange(len(rows)), rows] = False
        assert found[level] == pytest.approx(farther.sum() / belongs.sum(), rel=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_cones_that_hold_everything_are_narrowed_by_the_boxes_and_the_rankings_stay(seed: int) -> None:
    items, e = tree_world(kinds=5, scenes=12)
    shaken = blurred(e, seed, 2.0)
    found = calibrated(items, hierarchy_of(items), shaken, EVERYTHING)
    assert found.source == BOXES and found.admitted is not None and found.admitted > MAX_ADMITTED
    assert (found.retrieval.children, found.retrieval.parents) == (EVERYTHING.children, EVERYTHING.parents)
    quality = membership_quality(
        cone_blocks(shaken, found.retrieval.cones.at(shaken.radii), outward=True), by_class(items, hierarchy_of(items))
    )
    assert quality.admitted <= 1.1
    assert f"{found.admitted:.1f} times as many" in found.sentence


def test_cones_that_suit_the_pictures_stay_as_the_card_says() -> None:
    items, e = tree_world(kinds=5, scenes=12)
    good = calibrate_retrieval(items, hierarchy_of(items), e)
    found = calibrated(items, hierarchy_of(items), e, good)
    assert found.source == CHECKPOINT and found.retrieval == good and "validated" in found.sentence
    assert found.admitted == pytest.approx(1.0, abs=0.1)


def test_without_anything_to_compare_with_the_card_is_kept() -> None:
    items, e = tree_world(kinds=5, scenes=12)
    workspace: Any = SimpleNamespace(items=items, hierarchy=hierarchy_of(items), vectors=None)
    card = Card("one", EncoderSettings(), retrieval=EVERYTHING)
    assert calibration(workspace, e, card).source == BOXES
    assert calibration(workspace, e, replace(card, retrieval=None)).source == CHECKPOINT, "cards without levels"
    workspace.vectors = "vectors.npy"
    assert calibration(workspace, e, card).source == CHECKPOINT, "own vectors have no checkpoint"
    bare = make_items([[], [], []], ("house",))
    flat = Embedding(np.eye(3, dtype=np.float32), np.ones(3, np.float32))
    assert calibrated(bare, hierarchy_of(bare), flat, EVERYTHING).retrieval == EVERYTHING
    few = make_items([[((0, 0, 60, 60), 0)]] * 3, ("house",))
    e_few = Embedding(np.eye(6, dtype=np.float32), np.ones(6, np.float32))
    assert calibrated(few, hierarchy_of(few), e_few, EVERYTHING).source == CHECKPOINT, "three cones say nothing"


def test_of_many_pictures_a_sample_is_looked_at_with_the_rows_that_belong_to_it() -> None:
    items, e = tree_world(kinds=5, scenes=12)
    part, hierarchy, vectors = image_sample(items, hierarchy_of(items), e, most=7, seed=0)
    assert len(part.images) == 7 and len(part) == len(vectors) == len(hierarchy.depth)
    for name in part.images.file_name.tolist():
        old = int(np.flatnonzero(items.images.file_name == name)[0])
        new = int(np.flatnonzero(part.images.file_name == name)[0])
        rows = items.of_image(old)
        np.testing.assert_array_equal(vectors.directions[part.of_image(new)], e.directions[rows])
    assert image_sample(items, hierarchy_of(items), e, most=IMAGES, seed=0)[0] is items
    assert APEXES > 0

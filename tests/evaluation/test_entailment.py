"""Entailment: AUC and AP against scikit-learn on every pair, one at a time."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from hypviz.evaluation import evaluate, paper_tables
from hypviz.metrics import ThresholdSweep
from hypviz.search.retrieval import Retrieval
from tests.evaluation.worlds import FAST, SlowWorld, hierarchy_of, make_items, random_world, slow_angle, tree_world


def pairs_of(world: SlowWorld) -> list[tuple[int, int, bool]]:
    """(x, y, entailed) of all pairs that are judged."""
    items, found = world.items, []
    twins = {frozenset(pair) for pair in world.hierarchy.duplicate.tolist()}
    for x in range(len(items)):
        under = set(world.scene_labels(x)) if items.is_scene[x] else set(np.flatnonzero(world.graph[world.label[x]]).tolist())
        for y in set(range(len(items))) - {x}:
            entailed = y in world.below[x]
            might_be = (not items.is_scene[y] and world.label[y] in under) or frozenset((x, y)) in twins
            if entailed or not might_be:
                found.append((x, y, entailed))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_auc_and_ap_are_those_of_scikit_learn(seed: int) -> None:
    items, embedding = random_world(seed=seed, pictures=8)
    world = SlowWorld(items, embedding)
    pairs = pairs_of(world)
    flags = [entailed for _, _, entailed in pairs]
    directions = embedding.directions.astype(float)
    values = {
        "angle": [-slow_angle(embedding, x, y) for x, y, _ in pairs],
        "cosine": [float(directions[x] @ directions[y]) for x, y, _ in pairs],
    }
    found = {one.score: one for one in evaluate(items, world.hierarchy, embedding, FAST).entailment}
    assert found.keys() == {"angle", "cosine", "distance"}
    for name, scores in values.items():
        assert found[name].auc == pytest.approx(roc_auc_score(flags, scores), abs=1e-4)
        assert found[name].average_precision == pytest.approx(average_precision_score(flags, scores), abs=1e-3)
        weight = np.where(flags, 1 / sum(flags), 1 / (len(flags) - sum(flags)))
        balanced = average_precision_score(flags, scores, sample_weight=weight)
        assert found[name].balanced_precision == pytest.approx(balanced, abs=1e-3)
        assert (found[name].pairs, found[name].entailed) == (len(pairs), sum(flags))
        assert found[name].base_rate == pytest.approx(sum(flags) / len(flags))


def test_duplicates_of_an_item_are_neither_entailed_nor_not() -> None:
    items = make_items([[((0, 0, 60, 60), 0), ((0, 0, 60, 59), 1), ((80, 80, 95, 95), 2)]], ("a", "b", "c"))
    hierarchy = hierarchy_of(items)
    assert len(hierarchy.duplicate) == 1
    _, embedding = random_world()
    found = evaluate(items, hierarchy, embedding.take(np.arange(len(items))), FAST).entailment[0]
    assert (found.entailed, found.pairs) == (3, 3 + 3 + 4)  # of each box the scene and the other boxes, but no twin


def test_a_model_that_knows_the_tree_separates_all_pairs_and_a_shuffled_one_none() -> None:
    items, embedding = tree_world()
    noise = np.random.default_rng(0).permutation(len(items))
    good, bad = (evaluate(items, hierarchy_of(items), e, FAST).entailment[0] for e in (embedding, embedding.take(noise)))
    assert good.auc > 0.99 and good.average_precision > 0.9
    assert bad.auc == pytest.approx(0.5, abs=0.12) and bad.balanced_precision == pytest.approx(0.5, abs=0.12)


def test_a_sample_of_apexes_is_stated() -> None:
    items, embedding = random_world()
    found = evaluate(items, hierarchy_of(items), embedding, replace(FAST, entailment_apexes=9))
    assert (found.entailment[0].apexes, found.entailment[0].apexes_available) == (9, len(items))
    assert f"of 9 of {len(items)} items as apex" in found.to_markdown()


def test_entailment_and_cones_can_be_left_out() -> None:
    items, embedding = random_world()
    found = evaluate(items, hierarchy_of(items), embedding, replace(FAST, entailment_apexes=0), retrieval=Retrieval.single(1.0, 1.0))
    assert found.entailment == () and found.cones == {} and "## Entailment" not in found.to_markdown()
    assert "Entailment" not in [table.title for table in paper_tables({"one": found})]


def test_equal_values_count_half() -> None:
    sweep = ThresholdSweep(1.0, bins=10)
    sweep.add([0.35, 0.35, 0.35, 0.35], [True, True, False, False])
    assert (sweep.auc(), sweep.average_precision(), sweep.base_rate()) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize("flags", [[True, True], [False, False]])
def test_one_kind_of_pair_alone_has_no_auc(flags: list[bool]) -> None:
    sweep = ThresholdSweep(1.0)
    sweep.add([0.2, 0.3], flags)
    assert math.isnan(sweep.auc())
    assert math.isnan(sweep.average_precision()) == (not flags[0])
    assert math.isnan(sweep.average_precision(balanced=True))
    assert math.isnan(ThresholdSweep(1.0).base_rate())


@pytest.mark.parametrize("seed", range(3))
def test_the_areas_under_a_sweep_are_those_of_its_bins(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bins = rng.integers(0, 20, 300)
    flags = rng.random(300) < 0.1 + 0.04 * (20 - bins)
    sweep = ThresholdSweep(20.0, bins=20)
    sweep.add(bins + 0.5, flags)
    assert sweep.auc() == pytest.approx(roc_auc_score(flags, -bins))
    assert sweep.average_precision() == pytest.approx(average_precision_score(flags, -bins))

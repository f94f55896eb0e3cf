"""Do cones hold what they should: known answers, a slow reference pair by pair, and cones from an embedding."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from hypviz.data.hierarchy import class_graph
from hypviz.errors import DataError
from hypviz.evaluation.membership import Block, by_class, by_instance, cone_blocks, membership_quality
from tests.evaluation.worlds import hierarchy_of, make_items, random_world, slow_angle, tree_world

# Row 0 is the scene, 1 a house with the door 2 in it, 3 a tree beside them; 4 is another scene with the tree 5.
ITEMS = make_items([[((0, 0, 60, 60), 0), ((10, 10, 40, 40), 1), ((70, 70, 90, 90), 2)], [((0, 0, 60, 60), 2)]], ("house", "door", "tree"))
BELOW = {0: {1, 2, 3, 5}, 1: {2}, 2: set(), 3: set(), 4: {3, 5}, 5: set()}
OWN = {0: {1, 2, 3}, 1: {2}, 2: set(), 3: set(), 4: {5}, 5: set()}


def as_matrix(below: dict[int, set[int]]) -> NDArray[np.bool_]:
    return np.array([[b in below[a] for b in range(len(below))] for a in range(len(below))])


def whole(inside: NDArray[np.bool_]) -> list[Block]:
    return [(np.arange(len(inside)), inside)]


def slow_quality(inside: NDArray[np.bool_], true: NDArray[np.bool_]) -> dict[str, float]:
    """The same figures, one pair at a time."""
    count = len(inside)
    tp = fp = fn = 0
    share_inside, share_true = [], []
    for a in range(count):
        others = [b for b in range(count) if b != a]
        tp += sum(1 for b in others if inside[a, b] and true[a, b])
        fp += sum(1 for b in others if inside[a, b] and not true[a, b])
        fn += sum(1 for b in others if not inside[a, b] and true[a, b])
        share_inside.append(sum(bool(inside[a, b]) for b in others) / len(others))
        share_true.append(sum(bool(true[a, b]) for b in others) / len(others))
    pairs, precision, recall = count * (count - 1), tp / (tp + fp), tp / (tp + fn)
    base, admitted = (tp + fn) / pairs, (tp + fp) / pairs
    return {
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / (precision + recall),
        "f1_everything": 2 * base / (1 + base),
        "f1_chance": 2 * base * admitted / (base + admitted),
        "median_share_inside": sorted(share_inside)[count // 2] / 2 + sorted(share_inside)[(count - 1) // 2] / 2,
        "median_share_true": sorted(share_true)[count // 2] / 2 + sorted(share_true)[(count - 1) // 2] / 2,
    }


def test_relations_by_class_and_by_instance_say_who_is_below_whom() -> None:
    rows = np.arange(len(ITEMS))
    np.testing.assert_array_equal(by_class(ITEMS, hierarchy_of(ITEMS))(rows), as_matrix(BELOW))
    np.testing.assert_array_equal(by_instance(hierarchy_of(ITEMS))(rows), as_matrix(OWN))
    np.testing.assert_array_equal(by_instance(hierarchy_of(ITEMS))(np.array([4, 1])), as_matrix(OWN)[[4, 1]])


def test_another_class_graph_can_say_what_lies_below() -> None:
    graph = np.zeros((3, 3), bool)
    graph[2, 0] = True
    assert np.argwhere(by_class(ITEMS, hierarchy_of(ITEMS), graph)(np.array([1, 3, 5]))).tolist() == [[1, 1], [2, 1]]


def test_cones_that_hold_just_what_they_should_are_right() -> None:
    found = membership_quality(whole(as_matrix(BELOW)), by_class(ITEMS, hierarchy_of(ITEMS)))
    assert (found.precision, found.recall, found.f1, found.admitted, found.cones) == (1, 1, 1, 1, 6)
    assert found.f1_everything == pytest.approx(2 * 7 / (30 + 7))
    assert found.median_share_inside == found.median_share_true == pytest.approx(0.1)  # 0, 0, 0, 1, 2 and 4 of 5


def test_cones_that_hold_everything_reach_only_what_admitting_everything_does() -> None:
    found = membership_quality(whole(np.ones((6, 6), bool)), by_class(ITEMS, hierarchy_of(ITEMS)))
    assert found.recall == 1 and found.median_share_inside == 1
    assert found.f1 == pytest.approx(found.f1_everything) == pytest.approx(found.f1_chance)
    assert found.admitted == pytest.approx(30 / 7)


def test_empty_cones_find_nothing() -> None:
    found = membership_quality(whole(np.zeros((6, 6), bool)), by_class(ITEMS, hierarchy_of(ITEMS)))
    assert math.isnan(found.precision) and found.recall == found.f1 == found.median_share_inside == found.admitted == 0


def test_where_nothing_belongs_below_anything_there_is_no_recall() -> None:
    found = membership_quality(whole(np.ones((6, 6), bool)), lambda rows: np.zeros((len(rows), 6), bool))
    assert math.isnan(found.recall) and math.isnan(found.admitted) and found.precision == found.f1 == found.f1_everything == 0


def test_an_apex_is_no_member_of_its_own_cone() -> None:
    items, _ = random_world(seed=4)
    relation = by_class(items, hierarchy_of(items))
    inside = np.random.default_rng(0).random((len(items), len(items))) < 0.3
    with_self, without = inside | np.eye(len(items), dtype=bool), inside & ~np.eye(len(items), dtype=bool)
    assert membership_quality(whole(with_self), relation) == membership_quality(whole(without), relation)


@pytest.mark.parametrize("seed", range(3))
def test_figures_equal_a_slow_reference_whatever_the_blocks(seed: int) -> None:
    items, _ = random_world(seed=seed)
    relation = by_class(items, hierarchy_of(items))
    inside = np.random.default_rng(seed).random((len(items), len(items))) < 0.4
    wanted = slow_quality(inside, relation(np.arange(len(items))))
    order = np.random.default_rng(1).permutation(len(items))
    for blocks in (whole(inside), [(rows, inside[rows]) for rows in np.array_split(order, 5)]):
        found = membership_quality(blocks, relation)
        assert {name: getattr(found, name) for name in wanted} == pytest.approx(wanted)


def test_random_cones_reach_the_f1_that_chance_gives() -> None:
    items, _ = random_world(pictures=40, seed=2)
    inside = np.random.default_rng(3).random((len(items), len(items))) < 0.25
    found = membership_quality(whole(inside), by_class(items, hierarchy_of(items)))
    assert found.f1 == pytest.approx(found.f1_chance, abs=0.01)


@pytest.mark.parametrize("outward", [True, False])
def test_cones_hold_the_items_within_their_threshold_and_farther_out(outward: bool) -> None:
    items, embedding = random_world(pictures=6, seed=1)
    omega = np.random.default_rng(0).uniform(0.2, 2.5, len(items))
    blocks = list(cone_blocks(embedding, omega, rows=np.array([7, 2, 11]), outward=outward))
    assert np.concatenate([rows for rows, _ in blocks]).tolist() == [7, 2, 11]
    for a, inside in zip([7, 2, 11], np.concatenate([block for _, block in blocks]), strict=True):
        for b in set(range(len(items))) - {a}:
            angle = slow_angle(embedding, a, b)
            assert abs(angle - omega[a]) > 1e-3  # no pair so close to the edge that rounding decides
            assert inside[b] == (angle <= omega[a] and (not outward or embedding.radii[b] > embedding.radii[a]))


def test_cones_of_all_items_come_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    items, embedding = random_world(pictures=6, seed=1)
    once = list(cone_blocks(embedding, 1.2))
    monkeypatch.setattr("hypviz.evaluation.membership.CELLS", 3 * len(items))
    small = list(cone_blocks(embedding, 1.2))
    assert len(once) == 1 and max(len(rows) for rows, _ in small) == 3
    np.testing.assert_array_equal(np.concatenate([block for _, block in small]), once[0][1])


def test_a_world_whose_cones_are_right_is_told_from_one_without_order() -> None:
    items, embedding = tree_world()
    relation = by_class(items, hierarchy_of(items), class_graph(items, hierarchy_of(items)))
    good = membership_quality(cone_blocks(embedding, 1.0), relation)
    shuffled = membership_quality(cone_blocks(embedding.take(np.random.default_rng(0).permutation(len(items))), 1.0), relation)
    assert good.f1 > 0.95 and good.median_share_inside <= 2 * good.median_share_true
    assert shuffled.f1 < 0.3


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([], "there is none to judge"),
        ([(np.array([0, 1]), np.ones((2, 4), bool))], r"2 cones needs the shape \(2, 6\), one column per item; got \(2, 4\)"),
    ],
)
def test_what_cannot_be_judged_is_refused(blocks: list[Block], message: str) -> None:
    with pytest.raises(DataError, match=message):
        membership_quality(blocks, by_class(ITEMS, hierarchy_of(ITEMS)))

"""Corrections by hand to the hierarchy of the boxes."""

from __future__ import annotations

import numpy as np
import pytest

from hypviz.config import HierarchySettings, PairSettings
from hypviz.data.corrections import Correction, Outcome, correct
from hypviz.data.hierarchy import Hierarchy, build_hierarchy, class_graph, subset_hierarchy
from hypviz.data.image_batches import ImageSampler
from hypviz.data.items import Items, subset_images
from hypviz.data.pairs import PairSampler
from hypviz.errors import SettingsError
from tests.data.box_worlds import make_items, random_items

SETTINGS = HierarchySettings()
STREET = [(0, 0, 0, 90, 90), (1, 5, 5, 60, 60), (2, 10, 10, 40, 40), (2, 70, 70, 98, 98)]
"""Rows 1 house ⊃ 2 wall ⊃ 3 window, and 4: a window that sticks out of the house."""


@pytest.fixture
def world() -> tuple[Items, Hierarchy]:
    """Two pictures of the same street: rows 0–4 and 5–9."""
    items = make_items([STREET, STREET], classes=4)
    return items, build_hierarchy(items, SETTINGS)


def fix(
    world: tuple[Items, Hierarchy], *made: tuple[str, str, int | str, int | str]
) -> tuple[set[tuple[int, int]], Hierarchy, list[Outcome]]:
    items = world[0]
    ids = [tuple(str(items.item_id[end]) if isinstance(end, int) else end for end in one) for one in made]
    hierarchy, outcomes = correct(*world, [Correction(*one) for one in ids])  # type: ignore[arg-type]
    return pairs(hierarchy), hierarchy, outcomes


def pairs(hierarchy: Hierarchy) -> set[tuple[int, int]]:
    return set(zip(hierarchy.edges.parent.tolist(), hierarchy.edges.child.tolist(), strict=True))


def check_sound(items: Items, hierarchy: Hierarchy) -> None:
    """Sorted, without circles, transitive but for duplicates, direct edges are its reduction, depths are longest paths."""
    edges = list(zip(hierarchy.edges.parent.tolist(), hierarchy.edges.child.tolist(), strict=True))
    assert edges == sorted(set(edges))
    known, twins = set(edges), {frozenset(pair) for pair in hierarchy.duplicate.tolist()}
    assert not any((b, a) in known for a, b in known)
    below: dict[int, set[int]] = {}
    for a, b in edges:
        below.setdefault(a, set()).add(b)
    for a, b in edges:
        for c in below.get(b, ()):
            assert (a, c) in known or frozenset((a, c)) in twins
    direct = {pair for pair, flag in zip(edges, hierarchy.edges.direct.tolist(), strict=True) if flag}
    assert direct == {(a, b) for a, b in edges if not any(b in below.get(c, ()) for c in below[a])}
    for a, b in edges:
        assert items.is_scene[a] or hierarchy.depth[b] > hierarchy.depth[a] >= 1


def test_a_pair_brings_all_that_is_above_and_below_it(world: tuple[Items, Hierarchy]) -> None:
    base = pairs(world[1])
    found, hierarchy, outcomes = fix(world, ("above", "item", 4, 2))  # the far window holds the wall, say
    assert found - base == {(4, 2), (4, 3)} and not base - found
    assert outcomes == [Outcome(added=2)]
    assert hierarchy.depth[:5].tolist() == [0, 1, 2, 3, 1]
    check_sound(world[0], hierarchy)


def test_two_items_of_different_pictures_can_be_a_pair(world: tuple[Items, Hierarchy]) -> None:
    found, hierarchy, _ = fix(world, ("above", "item", 1, 9))
    assert found - pairs(world[1]) == {(1, 9), (0, 9)}
    check_sound(world[0], hierarchy)


def test_what_is_no_child_moves_up_with_all_that_is_in_it(world: tuple[Items, Hierarchy]) -> None:
    found, hierarchy, outcomes = fix(world, ("not", "item", 1, 2))
    assert pairs(world[1]) - found == {(1, 2), (1, 3)} and not found - pairs(world[1])
    assert (0, 2) in found and outcomes == [Outcome(removed=2)]
    assert hierarchy.depth[:5].tolist() == [0, 1, 1, 2, 1]
    check_sound(world[0], hierarchy)


def test_what_is_no_child_of_its_scene_is_in_no_pair_of_it(world: tuple[Items, Hierarchy]) -> None:
    found, hierarchy, _ = fix(world, ("not", "item", 0, 4))
    assert pairs(world[1]) - found == {(0, 4)} and hierarchy.depth[4] == 1


def test_a_class_is_corrected_in_every_picture(world: tuple[Items, Hierarchy]) -> None:
    found, hierarchy, outcomes = fix(world, ("not", "class", "class 0", "class 1"))
    assert pairs(world[1]) - found == {(0 + 1, 2), (1, 3), (6, 7), (6, 8)}
    assert outcomes == [Outcome(removed=4)]
    check_sound(world[0], hierarchy)
    found, hierarchy, outcomes = fix(world, ("above", "class", "class 0", "class 2"))
    assert found - pairs(world[1]) == {(1, 4), (6, 9)}, "the window that only touches the house"
    assert outcomes == [Outcome(added=2)]


def test_contradictions_are_left_out_and_said_in_a_sentence(world: tuple[Items, Hierarchy]) -> None:
    cases = [
        ([("above", "item", 3, 1)], "“class 0” in 0.png is above “class 2” in 0.png by way of “class 1” in 0.png already, so the opposite"),
        ([("above", "class", "class 2", "class 0")], "would make a circle"),
        ([("not", "item", 1, 3)], "is inside “class 0” in 0.png by way of “class 1” in 0.png; say first"),
        ([("not", "item", 4, 1)], "is not a child of “class 2” in 0.png anyway"),
        ([("above", "item", 1, 2)], "is below “class 0” in 0.png already"),
        ([("above", "item", 1, 5)], "is a whole picture, and nothing is above a whole picture"),
        ([("above", "item", 2, 2)], "cannot be more general than itself"),
        ([("above", "class", "class 2", "class 2")], "cannot be more general than itself"),
        ([("above", "class", "class 0", "gone")], "no class 'gone'"),
        ([("not", "class", "class 1", "class 0")], "No box of class class 0 is a child of one of class class 1"),
        ([("not", "item", 1, 2), ("above", "item", 1, 2)], "was said not to be a child of"),
        ([("above", "item", 4, 2), ("not", "item", 4, 2)], "was said to be more general than"),
        ([("above", "item", 4, 2), ("not", "item", 1, 2), ("above", "item", 1, 4)], "That would put “class 1” in 0.png inside “class 0”"),
        ([("above", "item", 4, 9), ("above", "item", 9, 4)], "circle"),
    ]  # fmt: skip
    for made, sentence in cases:
        *before, _ = made
        kept = fix(world, *before)[0]
        found, _, outcomes = fix(world, *made)
        assert sentence in outcomes[-1].problem and outcomes[-1].problem.endswith("."), outcomes
        assert found == kept and not any(one.problem for one in outcomes[:-1])
    items = world[0]
    _, outcomes = correct(*world, [Correction("not", "item", str(items.item_id[0]), "gone")])
    assert "no longer in this data set" in outcomes[0].problem
    with pytest.raises(SettingsError, match="kind must be one of above, not"):
        Correction("below", "item", "a", "b")


def test_an_items_correction_outranks_that_of_its_class(world: tuple[Items, Hierarchy]) -> None:
    kept = fix(world, ("above", "item", 1, 4), ("not", "class", "class 0", "class 2"), ("not", "class", "class 0", "class 1"))
    assert "by way of" in kept[2][1].problem, "the wall is in the way"
    classes = ("not", "class", "class 0", "class 1"), ("above", "class", "class 0", "class 2")
    found, _, outcomes = fix(world, ("above", "item", 1, 4), classes[0], ("above", "item", 6, 7), classes[1])
    assert (1, 4) in found and (1, 2) not in found and (6, 7) in found
    assert [bool(one.problem) for one in outcomes] == [False] * 4


def test_a_duplicate_can_be_said_to_be_the_more_general_one() -> None:
    items = make_items([[(0, 10, 10, 50, 50), (1, 10, 10, 50, 49)]])
    base = build_hierarchy(items, SETTINGS)
    assert len(base.duplicate) == 1
    hierarchy, _ = correct(items, base, [Correction("above", "class", "class 1", "class 0")])
    assert pairs(hierarchy) - pairs(base) == {(2, 1)} and len(hierarchy.duplicate) == 0
    assert class_graph(items, hierarchy)[1, 0]


@pytest.mark.parametrize("seed", range(6))
def test_random_corrections_keep_the_hierarchy_sound(seed: int) -> None:
    items = random_items(seed, images=6, most_boxes=14)
    base = build_hierarchy(items, SETTINGS)
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(12):
        level = "item" if rng.random() < 0.7 else "class"
        ends = rng.choice(items.item_id, 2, replace=False) if level == "item" else [f"class {n}" for n in rng.choice(5, 2, replace=False)]
        made.append(Correction(str(rng.choice(["above", "not"])), level, *map(str, ends)))
    hierarchy, outcomes = correct(items, base, made)
    check_sound(items, hierarchy)
    assert any(one.added or one.removed for one in outcomes)
    rows = items.rows_by_id
    for one, outcome in zip(made, outcomes, strict=True):
        if one.level == "item" and not outcome.problem:
            pair = rows[one.a], rows[one.b]
            twins = {frozenset(two) for two in hierarchy.duplicate.tolist()}
            assert (pair in pairs(hierarchy)) == (one.kind == "above") or frozenset(pair) in twins


def test_corrections_become_training_pairs_within_the_images_in_use(world: tuple[Items, Hierarchy]) -> None:
    items, _ = world
    _, hierarchy, _ = fix(world, ("above", "item", 1, 9), ("above", "item", 4, 2), ("not", "item", 6, 7))
    settings = PairSettings(cross_image=0)
    sampler = PairSampler(items, hierarchy, settings, seed=0)
    batch = sampler.batch(0, len(sampler))
    drawn = set(zip(batch.parent.tolist(), batch.child.tolist(), strict=True))
    assert drawn == pairs(hierarchy) and {(4, 2), (1, 9)} <= drawn and (6, 7) not in drawn
    first = np.array([True, False])
    inside = {pair for pair in pairs(hierarchy) if max(pair) < 5}
    part = PairSampler(items, hierarchy, settings, seed=0, image_mask=first)
    batch = part.batch(0, len(part))
    assert set(zip(batch.parent.tolist(), batch.child.tolist(), strict=True)) == inside, "no picture that is held out slips in"
    assert not class_graph(items, hierarchy, first)[0, 3] and class_graph(items, hierarchy)[0, 2]
    images = ImageSampler(items, hierarchy, settings, seed=0, image_mask=first)
    assert images.counts["within_image"] == len(inside)
    whole = ImageSampler(items, hierarchy, settings, seed=0).batch(0, 1000)
    at = np.argwhere(whole.positive)
    assert {(int(whole.parent[i]), int(whole.child[j])) for i, j in at} == pairs(hierarchy)


def test_a_part_of_the_images_keeps_its_corrections(world: tuple[Items, Hierarchy]) -> None:
    items, _ = world
    rebuilt = random_items(3, images=9, most_boxes=12)
    mask = np.arange(9) % 2 == 0
    part, whole = subset_images(rebuilt, mask), build_hierarchy(rebuilt, SETTINGS)
    kept, direct = subset_hierarchy(whole, rebuilt, mask), build_hierarchy(part, SETTINGS)
    for name in ("parent", "child", "direct"):
        assert np.array_equal(getattr(kept.edges, name), getattr(direct.edges, name)), "without corrections it is that of the boxes"
    assert np.array_equal(kept.depth, direct.depth) and np.array_equal(kept.duplicate, direct.duplicate)
    _, hierarchy, _ = fix(world, ("above", "item", 9, 7), ("above", "item", 1, 9))
    second = subset_hierarchy(hierarchy, items, np.array([False, True]))
    assert pairs(second) == {(a - 5, b - 5) for a, b in pairs(hierarchy) if min(a, b) >= 5}

"""Pairs and their masks: against brute force, and the laws that training and resuming rest on."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from hypviz.config import HierarchySettings, PairSettings
from hypviz.data.hierarchy import Hierarchy, build_hierarchy, class_graph
from hypviz.data.items import Items
from hypviz.data.pairs import PairBatch, PairSampler
from hypviz.data.relations import Relations
from hypviz.errors import DataError
from tests.data.box_worlds import make_items, random_items

LOOSE = HierarchySettings(duplicate_iou=0.7)
"""Lets the random worlds hold many duplicates."""


def sampler_of(items: Items, *, seed: int = 0, ancestors: str = "all", cross_image: int = 1) -> PairSampler:
    return PairSampler(items, build_hierarchy(items, LOOSE), PairSettings(ancestors, cross_image), seed=seed)


def pairs_of(sampler: PairSampler, first: int, count: int) -> list[tuple[int, int]]:
    """`count` pairs of the stream from place `first`, one batch each."""
    batches = [sampler.batch(step, 1) for step in range(first, first + count)]
    return [(int(batch.parent[0]), int(batch.child[0])) for batch in batches]


def epoch_of(sampler: PairSampler, epoch: int = 0) -> list[tuple[int, int]]:
    """All pairs of one epoch, as one batch."""
    batch = sampler.batch(epoch, len(sampler))
    return list(zip(batch.parent.tolist(), batch.child.tolist(), strict=True))


@pytest.fixture(scope="module")
def world() -> tuple[Items, Hierarchy]:
    items = random_items(5, images=30, most_boxes=10, classes=6)
    return items, build_hierarchy(items, LOOSE)


# --- which pairs


@pytest.mark.parametrize("ancestors", ["all", "direct"])
def test_an_epoch_visits_every_pair_within_an_image_once(world: tuple[Items, Hierarchy], ancestors: str) -> None:
    items, built = world
    sampler = PairSampler(items, built, PairSettings(ancestors, cross_image=0), seed=3)
    used = built.edges.direct | (ancestors == "all")
    edges = list(zip(built.edges.parent[used].tolist(), built.edges.child[used].tolist(), strict=True))
    assert sorted(epoch_of(sampler)) == edges
    assert len(sampler) == len(edges) == sampler.counts["within_image"]


def test_an_epoch_in_batches_visits_what_it_visits_in_one(world: tuple[Items, Hierarchy]) -> None:
    items, built = world
    sampler = PairSampler(items, built, PairSettings(), seed=3)
    steps = sampler.epoch_steps(64)
    batches = [sampler.batch(step, 64) for step in range(steps)]
    seen = [pair for b in batches for pair in zip(b.parent.tolist(), b.child.tolist(), strict=True)]
    assert (steps - 1) * 64 < len(sampler) <= steps * 64
    assert seen[: len(sampler)] == epoch_of(sampler)


def test_cross_pairs_join_a_scene_with_a_box_of_another_image_whose_class_it_has(
    world: tuple[Items, Hierarchy],
) -> None:
    items, built = world
    sampler = PairSampler(items, built, PairSettings(cross_image=2), seed=1)
    cross = [(a, b) for a, b in epoch_of(sampler) if items.image[a] != items.image[b]]
    assert len(cross) == sampler.counts["cross_image"] == 2 * int((~items.is_scene).sum())
    for scene, box in cross:
        assert items.is_scene[scene] and not items.is_scene[box]
        assert items.label[box] in items.label[items.of_image(items.image[scene])]


def test_a_partner_is_paired_with_every_ancestor_of_its_box_when_asked(world: tuple[Items, Hierarchy]) -> None:
    items, built = world
    sampler = PairSampler(items, built, PairSettings(cross_image=2, cross_from="ancestors"), seed=1)
    cross = [(a, b) for a, b in epoch_of(sampler) if items.image[a] != items.image[b]]
    edges = list(zip(built.edges.parent.tolist(), built.edges.child.tolist(), strict=True))
    lonely = Counter(items.label[box] for box in np.flatnonzero(~items.is_scene))
    assert Counter(parent for parent, _ in cross) == Counter({p: 2 * n for p, n in Counter(p for p, _ in edges).items()})
    assert min(lonely.values()) > 2  # so every box has its two partners
    classes = {(parent, int(items.label[child])) for parent, child in edges}
    assert all((parent, int(items.label[box])) in classes for parent, box in cross)


def test_every_box_gives_its_scene_its_own_partners() -> None:
    boxes = [(0, 10, 10, 30, 30), (0, 50, 50, 80, 80), (1, 10, 60, 30, 80)]
    items = make_items([boxes, boxes[:2], boxes[2:], boxes[:1], boxes])
    wanted = {0: 3, 4: 2, 7: 1, 9: 1, 11: 3}  # scene row: boxes in it, all of classes that other images have
    cross = [pair for pair in epoch_of(sampler_of(items)) if items.image[pair[0]] != items.image[pair[1]]]
    assert Counter(scene for scene, _ in cross) == wanted


def test_partners_of_one_box_are_distinct_and_as_many_as_there_are() -> None:
    items = make_items([[(0, 10, 10, 30, 30)]] * 5)
    for wanted, given in ((3, 3), (4, 4), (9, 4)):
        cross = [pair for pair in epoch_of(sampler_of(items, cross_image=wanted)) if pair[1] - pair[0] != 1]
        assert len(set(cross)) == len(cross) == 5 * given


@pytest.mark.parametrize("partners", [1, 3])
def test_every_box_of_another_image_is_an_equally_likely_partner(partners: int) -> None:
    # Class 0: two boxes in image 0, one in each of the other three. Seen from image 1 there are four others.
    items = make_items([[(0, 10, 10, 30, 30), (0, 60, 60, 80, 80)], *[[(0, 10, 10, 30, 30)]] * 3])
    sampler = sampler_of(items, cross_image=partners)
    drawn = Counter(child for epoch in range(300) for parent, child in epoch_of(sampler, epoch) if parent == 3)
    drawn.pop(4)  # its own box, by the pair within the image
    assert set(drawn) == {1, 2, 6, 8}
    expected = 300 * partners / 4
    assert all(abs(count - expected) < 5 * np.sqrt(expected) for count in drawn.values())


def test_a_class_of_one_image_gives_no_cross_pair_and_is_counted() -> None:
    items = make_items([[(0, 10, 10, 30, 30), (1, 50, 50, 60, 60), (1, 70, 70, 90, 90)], [(0, 10, 10, 30, 30)]])
    sampler = sampler_of(items)
    assert sampler.counts == {
        "within_image": 4,
        "cross_image": 2,
        "boxes_without_partner": 2,
        "classes_in_one_image": 1,
    }
    assert sorted(pair for pair in epoch_of(sampler) if pair in {(0, 5), (4, 1)}) == [(0, 5), (4, 1)]


def test_boxes_that_are_too_small_are_in_no_pair_of_either_kind() -> None:
    items = make_items([[(0, 10, 10, 30, 30), (0, 50, 50, 55, 55)], [(0, 10, 10, 13, 30)], [(0, 10, 10, 30, 30)]])
    built = build_hierarchy(items, HierarchySettings(min_box_px=8))
    sampler = PairSampler(items, built, PairSettings(cross_image=5), seed=0)
    assert sorted(epoch_of(sampler)) == [(0, 1), (0, 6), (5, 1), (5, 6)]


# --- determinism


def same(a: PairBatch, b: PairBatch) -> bool:
    columns = ("parent", "child", "positive", "related", "never")
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in columns)


def test_resuming_at_any_step_equals_running_through(world: tuple[Items, Hierarchy]) -> None:
    items, built = world
    through = PairSampler(items, built, PairSettings(), seed=9)
    run = [through.batch(step, 100) for step in range(3 * through.epoch_steps(100))]
    for step in (0, len(run) // 2, len(run) - 1):
        assert same(PairSampler(items, built, PairSettings(), seed=9).batch(step, 100), run[step])
    assert all(same(through.batch(step, 100), run[step]) for step in (len(run) - 2, 3, len(run) - 1, 0))


def test_epochs_and_seeds_differ_in_order_and_in_partners(world: tuple[Items, Hierarchy]) -> None:
    items, built = world
    one, two = (PairSampler(items, built, PairSettings(), seed=seed) for seed in (1, 2))
    first, second, other = epoch_of(one), epoch_of(one, 1), epoch_of(two)
    for a, b in ((first, second), (first, other)):
        assert a != b
        assert sorted(a) != sorted(b)  # the partners
    within = [[pair for pair in epoch if items.image[pair[0]] == items.image[pair[1]]] for epoch in (first, second)]
    assert within[0] != within[1] and sorted(within[0]) == sorted(within[1])
    assert within[0] != sorted(within[0])


def test_a_batch_larger_than_an_epoch_runs_on_into_the_next() -> None:
    sampler = sampler_of(make_items([[(0, 10, 10, 30, 30)], [(0, 20, 20, 50, 50)], [(0, 5, 5, 9, 9)]]))
    assert len(sampler) == 6
    batch = sampler.batch(1, 20)  # places 20 … 39: the rest of epoch 3, epochs 4 and 5, the start of epoch 6
    assert list(zip(batch.parent.tolist(), batch.child.tolist(), strict=True)) == pairs_of(sampler, 20, 20)


# --- masks


def brute_force(
    items: Items, built: Hierarchy, graph: np.ndarray, parent: np.ndarray, child: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """positive, related and never, cell by cell, from the words of the definition."""
    twins = {frozenset(pair) for pair in built.duplicate.tolist()}
    sampled = set(zip(parent.tolist(), child.tolist(), strict=True))
    positive, related, never = np.zeros((3, len(parent), len(child)), dtype=bool)
    for i, p in enumerate(parent.tolist()):
        below, above = set(built.descendants_of(p).tolist()), set(built.ancestors_of(p).tolist())
        true = {p} | above | below | {b for a, b in sampled if a == p}
        classes = set(items.label[items.of_image(items.image[p])].tolist())
        for j, c in enumerate(child.tolist()):
            positive[i, j] = c in below or (p, c) in sampled
            twin = any(frozenset((c, other)) in twins for other in true)
            never[i, j] = not positive[i, j] and (c == p or c in above or twin)
            under = items.label[c] in classes if items.is_scene[p] else graph[items.label[p], items.label[c]]
            related[i, j] = under and not positive[i, j] and not never[i, j]
    return positive, related, never


@pytest.mark.parametrize("seed", range(5))
def test_the_masks_equal_brute_force(seed: int) -> None:
    items = random_items(seed, images=6, most_boxes=9, classes=10)
    built = build_hierarchy(items, LOOSE)
    sampler = PairSampler(items, built, PairSettings(cross_image=2), seed=seed)
    batch = sampler.batch(0, min(150, len(sampler)))
    wanted = brute_force(items, built, class_graph(items, built), batch.parent, batch.child)
    for mask, slow in zip((batch.positive, batch.related, batch.never), wanted, strict=True):
        assert np.array_equal(mask, slow)


def test_the_random_worlds_fill_every_mask(world: tuple[Items, Hierarchy]) -> None:
    batch = PairSampler(*world, PairSettings(), seed=0).batch(0, 400)
    masks = np.stack([batch.positive, batch.related, batch.never])
    assert masks.any(axis=(1, 2)).all() and not masks.any(axis=0).all()


def test_masks_are_disjoint_and_the_diagonal_is_positive(world: tuple[Items, Hierarchy]) -> None:
    sampler = PairSampler(*world, PairSettings(), seed=0)
    for step in range(4):
        batch = sampler.batch(step, 200)
        assert np.sum([batch.positive, batch.related, batch.never], axis=0).max() == 1
        assert batch.positive.diagonal().all()
        assert batch.positive.shape == batch.related.shape == batch.never.shape == (200, 200)


def test_no_scene_is_ever_a_child(world: tuple[Items, Hierarchy]) -> None:
    batch = PairSampler(*world, PairSettings(), seed=0).batch(0, 1000)
    assert not world[0].is_scene[batch.child].any()


def test_a_duplicate_of_a_sampled_partner_is_never_a_negative() -> None:
    twins = [(0, 10, 10, 50, 50), (1, 10, 10, 50, 49)]  # one object, labelled twice, with different classes
    items = make_items([[(0, 20, 20, 60, 60)], twins], classes=2)
    sampler = sampler_of(items)
    batch = sampler.batch(0, len(sampler))
    i = batch.parent.tolist().index(0)
    assert batch.positive[i, batch.child == 3].all()
    assert batch.never[i, batch.child == 4].all()


def test_a_duplicate_of_an_ancestor_or_of_a_descendant_is_never_a_negative() -> None:
    # Row 2 duplicates the house but does not hold its door; row 6 duplicates row 5 but hangs out of the wall.
    house, again, door, handle = (0, 0, 0, 40, 40), (1, 0, 0, 36, 40), (2, 31, 10, 39, 20), (3, 32, 12, 34, 14)
    lamp, lamp_too, wall, brick = (4, 60, 60, 70, 70), (4, 60, 60, 73, 70), (5, 50, 50, 70, 99), (6, 52, 80, 56, 90)
    items = make_items([[house, again, door, handle, lamp, lamp_too, wall, brick]])
    built = build_hierarchy(items, HierarchySettings(duplicate_iou=0.75))
    assert built.duplicate.tolist() == [[1, 2], [6, 5]]
    assert built.ancestors_of(3).tolist() == [0, 1] and built.descendants_of(7).tolist() == [5, 8]
    parent, child = np.array([0, 0, 3, 7, 0, 0]), np.array([1, 2, 4, 8, 6, 5])
    never = Relations(items, built, np.zeros((30, 30), dtype=bool)).masks(parent, child)[2]
    assert np.argwhere(never).tolist() == [[2, 0], [2, 1], [3, 4]]


def test_a_graph_given_from_outside_is_used() -> None:
    items = make_items([[(0, 10, 10, 50, 50), (1, 20, 20, 30, 30)], [(2, 10, 10, 50, 50)]], classes=3)
    graph = np.zeros((3, 3), dtype=bool)
    graph[0, 2] = True
    sampler = PairSampler(items, build_hierarchy(items, LOOSE), PairSettings(), seed=0, graph=graph)
    batch = sampler.batch(0, len(sampler))
    house, other = batch.parent.tolist().index(1), batch.child.tolist().index(4)
    assert batch.related[house, other]
    assert batch.related.sum() == 1


# --- a subset of the images


def test_a_mask_of_images_equals_a_data_set_of_those_images() -> None:
    items = random_items(2, images=12, most_boxes=8)
    built = build_hierarchy(items, LOOSE)
    mask = np.arange(12) % 3 != 1
    sampler = PairSampler(items, built, PairSettings(cross_image=2), seed=4, image_mask=mask)
    pairs = epoch_of(sampler)
    assert all(mask[items.image[row]] for pair in pairs for row in pair)
    edges = zip(built.edges.parent.tolist(), built.edges.child.tolist(), strict=True)
    within = [pair for pair in pairs if items.image[pair[0]] == items.image[pair[1]]]
    assert sorted(within) == [pair for pair in edges if mask[items.image[pair[0]]]]
    assert len(pairs) > len(within)
    graph = class_graph(items, built, mask)
    batch = sampler.batch(0, 200)
    assert np.array_equal(batch.related, brute_force(items, built, graph, batch.parent, batch.child)[1])


def test_the_class_graph_of_masked_images_is_not_consulted() -> None:
    items = make_items([[(0, 0, 0, 60, 60)], [(1, 0, 0, 60, 60)], [(0, 0, 0, 60, 60), (1, 9, 9, 40, 40)]], classes=2)
    built = build_hierarchy(items, LOOSE)
    masked = PairSampler(items, built, PairSettings(), seed=0, image_mask=np.array([True, True, False]))
    assert len(masked) == 2 and not masked.batch(0, 2).related.any()


# --- errors


def test_no_pair_at_all_is_an_error_with_the_reason() -> None:
    with pytest.raises(DataError, match="no pair"):
        sampler_of(make_items([[], []]))


@pytest.mark.parametrize("mask", [np.ones(3, dtype=bool), np.ones(2, dtype=int)])
def test_an_image_mask_of_another_shape_or_type_is_refused(mask: np.ndarray) -> None:
    items = make_items([[(0, 0, 0, 9, 9)], [(0, 0, 0, 9, 9)]])
    with pytest.raises(DataError, match=r"image_mask must be bool of shape \(2,\)"):
        PairSampler(items, build_hierarchy(items, LOOSE), PairSettings(), seed=0, image_mask=mask)


@pytest.mark.parametrize(("step", "size"), [(-1, 4), (0, 0)])
def test_steps_and_sizes_that_make_no_batch_are_refused(step: int, size: int) -> None:
    with pytest.raises(ValueError, match="step >= 0 and size >= 1"):
        sampler_of(make_items([[(0, 0, 0, 9, 9)]])).batch(step, size)

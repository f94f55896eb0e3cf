"""Batches of whole images: their masks against brute force, and the laws that training and resuming rest on."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from hypviz.config import HierarchySettings, PairSettings
from hypviz.data.hierarchy import Hierarchy, build_hierarchy, class_graph
from hypviz.data.image_batches import ImageSampler, repeat_factors, series_of
from hypviz.data.items import Items
from hypviz.data.pairs import PairBatch
from hypviz.errors import DataError
from tests.data.box_worlds import make_items, random_items

LOOSE = HierarchySettings(duplicate_iou=0.7)
"""Lets the random worlds hold many duplicates."""
WHOLE = PairSettings(batches="images")


@pytest.fixture(scope="module")
def world() -> tuple[Items, Hierarchy]:
    items = random_items(5, images=30, most_boxes=8, classes=6)
    return items, build_hierarchy(items, LOOSE)


def same(a: PairBatch, b: PairBatch) -> bool:
    columns = ("parent", "child", "positive", "related", "never")
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in columns)


def images_of(items: Items, batch: PairBatch) -> list[int]:
    return sorted(set(items.image[batch.parent].tolist()))


def crossed(items: Items, built: Hierarchy, batch: PairBatch) -> list[tuple[int, int]]:
    """The positives that no containment explains: (parent row, child row)."""
    edges = set(zip(built.edges.parent.tolist(), built.edges.child.tolist(), strict=True))
    found = [(int(batch.parent[i]), int(batch.child[j])) for i, j in np.argwhere(batch.positive)]
    return [pair for pair in found if pair not in edges]


# --- which images


def test_the_same_seed_and_step_give_the_same_batch_in_any_order(world: tuple[Items, Hierarchy]) -> None:
    items, built = world
    through = ImageSampler(items, built, WHOLE, seed=4)
    run = [through.batch(step, 30) for step in range(8)]
    assert all(same(ImageSampler(items, built, WHOLE, seed=4).batch(step, 30), run[step]) for step in (7, 0, 3))
    assert not same(ImageSampler(items, built, WHOLE, seed=5).batch(0, 30), run[0])
    assert not same(run[0], run[1])


@pytest.mark.parametrize("size", [4, 17, 40])
def test_every_image_with_pairs_comes_once_per_epoch(world: tuple[Items, Hierarchy], size: int) -> None:
    items, built = world
    sampler = ImageSampler(items, built, WHOLE, seed=1)
    with_pairs = set(items.image[built.edges.parent].tolist())
    assert sampler.counts == {"within_image": len(built.edges), "images": len(with_pairs)}
    count, per_step = len(with_pairs), sampler.images_per_step(size)
    for epoch in range(4):
        first, last = epoch * count / per_step, (epoch + 1) * count / per_step
        touching = range(math.floor(first), math.ceil(last))  # the steps at both ends reach into the neighbours
        within = range(math.ceil(first), math.floor(last))
        assert {m for step in touching for m in images_of(items, sampler.batch(step, size))} == with_pairs
        visits = Counter(m for step in within for m in images_of(items, sampler.batch(step, size)))
        assert len(visits) == len(within) * per_step
        assert set(visits.values()) <= {1}


def test_epochs_differ_in_order(world: tuple[Items, Hierarchy]) -> None:
    items, built = world
    sampler = ImageSampler(items, built, PairSettings(batches="images", cross_image=0), seed=1)
    count = sampler.counts["images"]
    size = next(size for size in range(1, 500) if count % sampler.images_per_step(size) == 0 and sampler.images_per_step(size) < count)
    steps = count // sampler.images_per_step(size)
    assert images_of(items, sampler.batch(0, size)) != images_of(items, sampler.batch(steps, size))


def test_a_batch_holds_about_as_many_crops_as_its_pairs_would_need() -> None:
    items = random_items(2, images=200, most_boxes=8)
    sampler = ImageSampler(items, build_hierarchy(items, LOOSE), WHOLE, seed=0)
    for size in (20, 50, 100):
        crops = [len(np.union1d(batch.parent, batch.child)) for batch in (sampler.batch(step, size) for step in range(12))]
        assert 1.6 * size < np.mean(crops) < 2.4 * size


def test_a_batch_has_two_images_at_least_and_all_at_most(world: tuple[Items, Hierarchy]) -> None:
    items, built = world
    sampler = ImageSampler(items, built, WHOLE, seed=0)
    assert len(images_of(items, sampler.batch(0, 2))) == 2
    assert len(images_of(items, sampler.batch(0, 10_000))) == sampler.counts["images"]


def test_all_parents_and_all_children_of_an_image_are_in_its_batch(world: tuple[Items, Hierarchy]) -> None:
    items, built = world
    batch = ImageSampler(items, built, WHOLE, seed=0).batch(3, 40)
    here = np.isin(items.image[built.edges.parent], images_of(items, batch))
    assert batch.parent.tolist() == np.unique(built.edges.parent[here]).tolist()
    assert batch.child.tolist() == np.unique(built.edges.child[here]).tolist()


def test_images_whose_boxes_are_too_small_for_pairs_make_no_batch() -> None:
    tiny, large = (0, 1, 1, 3, 3), (0, 10, 10, 60, 60)
    items = make_items([[tiny], [tiny, tiny], [large], [tiny], [large, tiny], []])
    sampler = ImageSampler(items, build_hierarchy(items, HierarchySettings(min_box_px=8)), WHOLE, seed=0)
    assert sampler.counts == {"within_image": 2, "images": 2}
    for step in range(6):
        batch = sampler.batch(step, 2)
        assert images_of(items, batch) == [2, 4]
        assert batch.positive.any()


def test_only_the_images_of_the_mask_take_part_in_pairs_and_class_graph(world: tuple[Items, Hierarchy]) -> None:
    items, built = world
    mask = np.arange(len(items.images)) % 2 == 0
    sampler = ImageSampler(items, built, WHOLE, seed=0, image_mask=mask)
    graph = class_graph(items, built, mask)
    given = ImageSampler(items, built, WHOLE, seed=0, image_mask=mask, graph=graph)
    for step in range(5):
        batch = sampler.batch(step, 20)
        assert mask[items.image[batch.parent]].all()
        assert mask[items.image[batch.child]].all()
        assert same(batch, given.batch(step, 20))
    assert sampler.counts["within_image"] == int(mask[items.image[built.edges.parent]].sum())


def test_no_pair_at_all_is_an_error_with_the_reason(world: tuple[Items, Hierarchy]) -> None:
    items, built = world
    with pytest.raises(DataError, match="hold no pair: they have no boxes, or only boxes that are too small"):
        ImageSampler(items, built, WHOLE, seed=0, image_mask=np.zeros(len(items.images), bool))


# --- cross-image partners


def test_partners_have_a_class_of_the_scene_and_lie_in_another_image(world: tuple[Items, Hierarchy]) -> None:
    items, built = world
    sampler = ImageSampler(items, built, WHOLE, seed=2)
    pairs = [pair for step in range(6) for pair in crossed(items, built, sampler.batch(step, 40))]
    assert len(pairs) > 30
    for scene, box in pairs:
        assert items.is_scene[scene] and not items.is_scene[box]
        assert items.image[scene] != items.image[box]
        assert items.label[box] in items.label[items.of_image(items.image[scene])]


def test_every_box_gives_its_scene_as_many_partners_as_there_are_up_to_k() -> None:
    items = make_items([[(0, 10, 10, 30, 30)], [(0, 5, 5, 50, 50)], [(0, 1, 1, 40, 40)], [(1, 2, 2, 30, 30)]])
    built = build_hierarchy(items, HierarchySettings())
    for wanted, given in ((0, 0), (1, 1), (2, 2), (9, 2)):
        sampler = ImageSampler(items, built, PairSettings(batches="images", cross_image=wanted), seed=0)
        batch = sampler.batch(0, 100)
        pairs = Counter(scene for scene, _ in crossed(items, built, batch))
        assert pairs == Counter({0: given, 2: given, 4: given} if given else {})


def test_partners_can_be_paired_with_all_that_holds_the_box(world: tuple[Items, Hierarchy]) -> None:
    items, built = world
    sampler = ImageSampler(items, built, PairSettings(batches="images", cross_from="ancestors"), seed=2)
    pairs = [pair for step in range(6) for pair in crossed(items, built, sampler.batch(step, 40))]
    above: dict[int, set[int]] = {}
    for parent, child in zip(built.edges.parent.tolist(), built.edges.child.tolist(), strict=True):
        above.setdefault(parent, set()).add(int(items.label[child]))
    assert sum(not items.is_scene[parent] for parent, _ in pairs) > 10
    for parent, box in pairs:
        assert items.image[parent] != items.image[box] and items.label[box] in above[parent]


def test_partners_are_drawn_anew_every_step() -> None:
    items = make_items([[(0, 10, 10, 30, 30)]] * 4)
    built = build_hierarchy(items, HierarchySettings())
    sampler = ImageSampler(items, built, WHOLE, seed=0)
    drawn = Counter(child for step in range(300) for scene, child in crossed(items, built, sampler.batch(step, 100)) if scene == 0)
    assert set(drawn) == {3, 5, 7}
    assert all(abs(count - 100) < 5 * 8.2 for count in drawn.values())  # binomial(300, 1/3): standard deviation 8.2


# --- masks


def brute_force(items: Items, built: Hierarchy, batch: PairBatch, sampled: set[tuple[int, int]]) -> tuple[np.ndarray, ...]:
    """positive, related and never, cell by cell, from the words of the definition."""
    graph = class_graph(items, built)
    twins = {frozenset(pair) for pair in built.duplicate.tolist()}
    positive, related, never = np.zeros((3, len(batch.parent), len(batch.child)), dtype=bool)
    for i, p in enumerate(batch.parent.tolist()):
        below, above = set(built.descendants_of(p).tolist()), set(built.ancestors_of(p).tolist())
        true = {p} | above | below | {b for a, b in sampled if a == p}
        classes = set(items.label[items.of_image(items.image[p])].tolist())
        for j, c in enumerate(batch.child.tolist()):
            positive[i, j] = c in below or (p, c) in sampled
            twin = any(frozenset((c, other)) in twins for other in true)
            never[i, j] = not positive[i, j] and (c == p or c in above or twin)
            under = items.label[c] in classes if items.is_scene[p] else graph[items.label[p], items.label[c]]
            related[i, j] = under and not positive[i, j] and not never[i, j]
    return positive, related, never


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("cross_image", [0, 2])
def test_the_masks_equal_brute_force(seed: int, cross_image: int) -> None:
    items = random_items(seed, images=8, most_boxes=8, classes=10)
    built = build_hierarchy(items, LOOSE)
    sampler = ImageSampler(items, built, PairSettings(batches="images", cross_image=cross_image), seed=seed)
    batch = sampler.batch(1, 30)
    sampled = set(crossed(items, built, batch))
    assert bool(sampled) == (cross_image > 0)
    for mask, slow in zip((batch.positive, batch.related, batch.never), brute_force(items, built, batch, sampled), strict=True):
        assert np.array_equal(mask, slow)
        assert mask.any()


# --- direct pairs only, and masks


def test_with_direct_pairs_a_grandchild_is_neither_positive_nor_negative(world: tuple[Items, Hierarchy]) -> None:
    items, built = world
    edges = built.edges
    direct = set(zip(edges.parent[edges.direct].tolist(), edges.child[edges.direct].tolist(), strict=True))
    indirect = set(zip(edges.parent[~edges.direct].tolist(), edges.child[~edges.direct].tolist(), strict=True))
    everything = ImageSampler(items, built, WHOLE, seed=1)
    sampler = ImageSampler(items, built, PairSettings(batches="images", ancestors="direct"), seed=1)
    assert sampler.counts["within_image"] == len(direct) < everything.counts["within_image"]
    spared = 0
    for step in range(4):
        batch, whole = sampler.batch(step, 60), everything.batch(step, 60)
        assert np.array_equal(batch.related, whole.related)
        for i, j in np.argwhere(whole.positive):
            pair = int(batch.parent[i]), int(batch.child[j])
            if pair in indirect:
                assert batch.never[i, j] and not batch.positive[i, j]
                spared += 1
            else:
                assert batch.positive[i, j]
    assert spared > 10


def test_an_image_mask_of_another_size_is_refused(world: tuple[Items, Hierarchy]) -> None:
    items, built = world
    with pytest.raises(DataError, match=r"image_mask must be bool of shape \(30,\)"):
        ImageSampler(items, built, WHOLE, seed=0, image_mask=np.ones(29, bool))


# --- series and rare classes


def test_a_series_is_a_folder_and_the_letters_a_name_begins_with() -> None:
    names = [f"a/img_{i}.jpg" for i in range(3)] + [f"b/img{i}.jpg" for i in range(3)] + ["a/cat1.jpg", "b/dog.jpg", "7.jpg"]
    assert sorted(rows.tolist() for rows in series_of(names, least=3)) == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert [rows.tolist() for rows in series_of(names, least=4)] == [list(range(9))]


def test_a_batch_of_series_is_of_one_series_and_all_take_turns() -> None:
    boxes = [(0, 10, 10, 60, 60), (1, 20, 20, 30, 30)]
    names = [f"many/img{i}.png" for i in range(80)] + [f"few/img{i}.png" for i in range(20)] + ["odd/x.png"]
    items = make_items([boxes] * 101, names=names)
    built = build_hierarchy(items, HierarchySettings())
    sampler = ImageSampler(items, built, replace(WHOLE, by_series=True), seed=2)
    visits: Counter[str] = Counter()
    for step in range(300):
        batch = sampler.batch(step, 6)
        (folder,) = {names[image].split("/")[0] for image in images_of(items, batch)}
        visits[folder] += 1
        assert len(images_of(items, batch)) == (4 if folder != "odd" else 1)
    assert set(visits) == {"many", "few", "odd"}
    assert visits["many"] / visits["few"] == pytest.approx(2, rel=0.3)  # by the root of 80 and of 20
    assert same(sampler.batch(7, 6), ImageSampler(items, built, replace(WHOLE, by_series=True), seed=2).batch(7, 6))


def test_a_picture_is_repeated_by_its_rarest_class() -> None:
    common, rare = (0, 10, 10, 60, 60), (1, 20, 20, 30, 30)
    items = make_items([[common, rare]] + [[common]] * 24 + [[]])
    factors = repeat_factors(items, np.arange(26), 0.16)
    assert factors.tolist() == pytest.approx([math.sqrt(0.16 * 26), *[1.0] * 25])
    assert repeat_factors(items, np.arange(26), 0.0).tolist() == [1.0] * 26
    assert repeat_factors(items, np.arange(5, 9), 0.5).tolist() == [1.0] * 4  # all of them hold the class: none is rare here


def test_rare_pictures_come_as_often_as_their_factor_and_no_other_is_left_out() -> None:
    common, rare = (0, 10, 10, 60, 60), (1, 20, 20, 30, 30)
    items = make_items([[common, rare]] * 2 + [[common]] * 48)
    sampler = ImageSampler(items, build_hierarchy(items, HierarchySettings()), replace(WHOLE, repeat_below=0.36), seed=0)
    visits: Counter[int] = Counter()
    for step in range(540):  # 10 epochs of 2 × 3 + 48 = 54 visits, each batch of one picture at least
        visits.update(images_of(items, sampler.batch(step, 1)))
    often, once = [visits[image] for image in (0, 1)], [visits[image] for image in range(2, 50)]
    assert min(once) > 0
    assert np.mean(often) / np.mean(once) == pytest.approx(3, rel=0.25)

"""Items are right by construction, and a subset of the images is a data set of its own."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypviz.config import HierarchySettings
from hypviz.data import items as module
from hypviz.data.hierarchy import build_hierarchy
from hypviz.data.items import SCENE, Items, item_ids, subset_images
from hypviz.errors import DataError, SelectionError
from tests.data.box_worlds import make_items, random_items

SMALL = make_items([[(0, 10, 10, 30, 30), (1, 12, 12, 20, 20)], [], [(1, 0, 0, 100, 100)]], classes=2, root=Path("pictures"))
"""Rows: scene, two boxes; scene; scene, box."""


# --- subsets


@pytest.mark.parametrize("mask", [[True, True, True], [True, False, True], [False, False, True], [False, True, False]])
def test_a_subset_keeps_the_items_of_its_images_and_numbers_them_anew(mask: list[bool]) -> None:
    some = subset_images(SMALL, np.array(mask))
    kept = [row for row in range(len(SMALL)) if mask[SMALL.image[row]]]
    assert some.item_id.tolist() == SMALL.item_id[kept].tolist()
    assert some.label.tolist() == SMALL.label[kept].tolist()
    assert some.xyxy.tolist() == SMALL.xyxy[kept].tolist()
    assert some.source.tolist() == SMALL.source[kept].tolist()
    assert (some.classes, some.root) == (SMALL.classes, SMALL.root)
    assert [some.path(row) for row in range(len(some))] == [SMALL.path(row) for row in kept]
    assert len(some.images) == sum(mask)
    assert some.image.dtype == SMALL.image.dtype


def test_all_images_are_the_same_data_and_fewer_are_not() -> None:
    assert subset_images(SMALL, np.ones(3, bool)).data_hash == SMALL.data_hash
    assert subset_images(SMALL, np.array([True, False, True])).data_hash != SMALL.data_hash


def test_the_hierarchy_of_a_subset_is_that_part_of_the_whole() -> None:
    items = random_items(3, images=12, most_boxes=8)
    mask = np.arange(12) % 3 != 1
    some = subset_images(items, mask)
    parts = build_hierarchy(some, HierarchySettings()).edges
    whole = build_hierarchy(items, HierarchySettings()).edges
    kept = mask[items.image[whole.parent]]
    assert some.item_id[parts.parent].tolist() == items.item_id[whole.parent[kept]].tolist()
    assert some.item_id[parts.child].tolist() == items.item_id[whole.child[kept]].tolist()


@pytest.mark.parametrize("mask", [np.ones(2, bool), np.ones(3, int), np.ones((3, 1), bool)], ids=["short", "int", "2-d"])
def test_a_mask_of_another_shape_or_type_is_refused(mask: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"The image mask must be bool \(3,\), got"):
        subset_images(SMALL, mask)


def test_no_image_at_all_is_refused() -> None:
    with pytest.raises(DataError, match="no items"):
        subset_images(SMALL, np.zeros(3, bool))


# --- construction


def changed(**columns: Any) -> Items:
    return replace(SMALL, **columns)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"label": SMALL.label[:-1]}, "Items.label has 5 rows, expected 6"),
        ({"xyxy": SMALL.xyxy[:, :3]}, r"Items.xyxy has shape \(6, 3\), expected \(6, 4\)"),
        ({"image": SMALL.image[::-1].copy()}, "must be grouped by image"),
        ({"label": np.array([0, SCENE, 1, SCENE, SCENE, 1], np.int32)}, "each image starting with its one scene"),
        ({"label": np.array([SCENE, SCENE, 1, SCENE, SCENE, 1], np.int32)}, "each image starting with its one scene"),
        ({"label": np.array([SCENE, 0, 2, SCENE, SCENE, 1], np.int32)}, r"Items.label must be in -1…1"),
        ({"item_id": np.array(list("abcdea"))}, "Items.item_id must be unique"),
    ],
)
def test_columns_that_do_not_belong_together_are_refused(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        changed(**columns)


@pytest.mark.parametrize("box", [(30, 10, 30, 30), (-1, 0, 5, 5), (0, 0, 101, 5), (5, 9, 20, 3), (np.nan, 0, 5, 5)])
def test_a_box_that_is_empty_or_outside_is_named(box: tuple[float, ...]) -> None:
    xyxy = SMALL.xyxy.copy()
    xyxy[2] = box
    with pytest.raises(DataError, match=rf"Item {SMALL.item_id[2]} of 0\.png has box .* empty or outside"):
        changed(xyxy=xyxy)


# --- looking things up


def test_an_image_and_its_boxes_are_one_slice() -> None:
    assert [SMALL.of_image(image).tolist() for image in range(3)] == [[0, 1, 2], [3], [4, 5]]
    assert np.flatnonzero(SMALL.is_scene).tolist() == [0, 3, 4]
    assert [SMALL.name(row) for row in (0, 1, 5)] == ["scene", "class 0", "class 1"]


def test_rows_are_found_by_id() -> None:
    assert [SMALL.row(str(name)) for name in SMALL.item_id] == list(range(6))
    with pytest.raises(SelectionError, match="No item 'nobody' in this data set of 6 items"):
        SMALL.row("nobody")


def test_the_hash_changes_with_every_column_an_embedding_depends_on() -> None:
    moved, label = SMALL.xyxy.copy(), SMALL.label.copy()
    moved[1, 0] += 1
    label[1] = 1
    others = [changed(xyxy=moved), changed(label=label), changed(classes=("class 0", "other")), changed(item_id=np.array(list("abcdef")))]
    assert len({each.data_hash for each in [SMALL, *others]}) == 5
    assert changed(root=Path("elsewhere")).data_hash == SMALL.data_hash


def test_ids_tell_pictures_boxes_repetitions_and_copies_apart() -> None:
    box = [1.0, 2.0, 3.0, 4.0]
    ids = [*item_ids("a", [box, box, [1, 2, 3, 5]]), *item_ids("b", [box]), *item_ids("a", [box], copy=1)]
    assert len(set(ids)) == 8
    assert item_ids("a", [box])[1] == ids[1]


# --- ids


@pytest.mark.parametrize("length", [1, 7])
def test_the_hash_of_the_data_does_not_know_of_blocks(monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    items = random_items(1, images=9, most_boxes=5)
    digest = hashlib.sha256("\n".join(items.item_id.tolist()).encode())
    for part in (items.xyxy.tobytes(), items.label.tobytes(), "\n".join(items.classes).encode()):
        digest.update(part)
    monkeypatch.setattr(module, "BLOCK", length)
    assert replace(items).data_hash == digest.hexdigest()[:16]


@pytest.mark.parametrize("width", [1, 8, 40])
def test_one_id_given_twice_is_found_wherever_it_is(width: int) -> None:
    rng = np.random.default_rng(width)
    words = np.array(sorted({"".join(word) for word in rng.choice(list("abcdefghijklmnopqrstuvwxyz0123456789é✓"), (30, width))}))
    rng.shuffle(words)
    assert module._all_differ(words) and module._all_differ(words[:1])
    assert not module._all_differ(np.append(words, words[rng.integers(len(words))]))


def test_ids_with_one_sum_of_letters_are_compared_letter_by_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    class Ones:
        def integers(self, *arguments: Any) -> np.ndarray:
            return np.ones(arguments[2], np.uint64)

    monkeypatch.setattr(module.np.random, "default_rng", lambda seed: Ones())
    assert module._all_differ(np.array(["ab", "ba", "cc"])) and not module._all_differ(np.array(["ab", "ba", "ab"]))

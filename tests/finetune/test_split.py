"""The honest split: by image, the same every time, rare classes on both sides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hypviz.data.items import SCENE, Images, Items
from hypviz.errors import DataError
from hypviz.finetune.split import split_images


def world(shows: list[list[int]], *, names: list[str] | None = None, contents: list[str] | None = None) -> Items:
    """Images with boxes of these classes."""
    count = len(shows)
    image = np.repeat(np.arange(count), [1 + len(labels) for labels in shows]).astype(np.int32)
    label = np.concatenate([[SCENE, *labels] for labels in shows]).astype(np.int32)
    xyxy = np.tile(np.array([1, 1, 9, 9], np.float32), (len(image), 1))
    xyxy[label == SCENE] = (0, 0, 10, 10)
    ten = np.full(count, 10, np.int32)
    images = Images(
        np.array(names or [f"{number}.jpg" for number in range(count)]), ten, ten,
        np.array(contents or [str(number) for number in range(count)]), np.full(count, ""),
    )  # fmt: skip
    ids = np.array([f"{row:016x}" for row in range(len(image))])
    classes = tuple(f"c{number}" for number in range(max(max(labels, default=0) for labels in shows) + 1))
    return Items(ids, image, xyxy, label, np.where(label == SCENE, "image", "annotation"), images, classes, Path())


def test_every_image_with_boxes_is_on_one_side_and_none_on_both() -> None:
    items = world([[0, 1]] * 30 + [[]] * 5)
    split = split_images(items, share=0.2)
    assert not (split.train & split.validation).any()
    assert (split.train | split.validation).tolist() == [True] * 30 + [False] * 5
    assert split.validation.sum() == 6 and "24 to learn from, 6 to validate on" in split.how and not split.missing


def test_the_same_seed_splits_alike_and_another_one_differently() -> None:
    items = world([[number % 3] for number in range(40)])
    first, again, other = (split_images(items, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(first.validation, again.validation) and not np.array_equal(first.validation, other.validation)


def test_rare_classes_are_on_both_sides_whatever_the_seed() -> None:
    rng = np.random.default_rng(0)
    shows = [sorted({0, int(rng.integers(1, 4))}) for _ in range(60)]
    for rare, places in ((4, (7, 31)), (5, (11, 12)), (6, (40, 59))):
        for place in places:
            shows[place] = [*shows[place], rare]
    items = world(shows)
    for seed in range(20):
        split = split_images(items, seed=seed)
        assert split.missing == () and split.validation.sum() == 15


def test_a_class_in_one_image_only_is_named() -> None:
    split = split_images(world([[0, 1]] * 9 + [[0, 2]]))
    assert split.missing == ("c2",) and split.to_json()["missing"] == ["c2"]


def test_each_class_gets_about_its_share() -> None:
    rng = np.random.default_rng(1)
    shows = [[0] if rng.random() < 0.8 else [1] for _ in range(200)]
    split = split_images(world(shows), share=0.25)
    ones = np.array([labels == [1] for labels in shows])
    assert abs(int((split.validation & ones).sum()) - ones.sum() / 4) <= 1


def test_copies_of_a_picture_stay_together() -> None:
    contents = [str(number // 4) for number in range(40)]
    split = split_images(world([[0]] * 40, contents=contents))
    assert all(len(set(split.validation[first : first + 4])) == 1 for first in range(0, 40, 4))


def test_folders_that_say_so_are_believed() -> None:
    names = [f"{folder}/{number}.jpg" for number in range(6) for folder in ("train", "valid", "test")]
    split = split_images(world([[0]] * 18, names=names))
    assert split.stated and split.train.sum() == 6 and split.validation.sum() == 6 and "folders say" in split.how
    assert not split.to_json()["stratified"]


def test_one_picture_cannot_be_split() -> None:
    with pytest.raises(DataError, match="fewer than two different pictures"):
        split_images(world([[0]] * 3, contents=["same"] * 3))
    assert split_images(world([[0], [1]])).validation.sum() == 1
    items = world([[0], [1], [0]])
    assert split_images(replace(items, images=items.images), share=0.5).train.any()

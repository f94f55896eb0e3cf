"""What counts how much in a batch, checked by hand and against a slow second way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hypviz.config import PairSettings
from hypviz.data.image_batches import ImageSampler
from hypviz.errors import SettingsError
from hypviz.explore.view import View

PLAIN = PairSettings(batches="images", cross_from="ancestors")
WEIGHTED = replace(PLAIN, class_balance=True, next_level=10.0, scene_weight=4.0)


def test_without_weights_a_batch_has_none(tiny_view: View) -> None:
    batch = ImageSampler(tiny_view.items, tiny_view.hierarchy, PLAIN, seed=0).batch(0, 64)
    assert batch.pair_weight is None and batch.parent_weight is None


def test_classes_count_alike_and_the_next_level_more(tiny_view: View) -> None:
    items, depth = tiny_view.items, tiny_view.hierarchy.depth
    batch = ImageSampler(items, tiny_view.hierarchy, WEIGHTED, seed=0).batch(0, 64)
    assert batch.pair_weight is not None and batch.parent_weight is not None
    crowded = 0
    for i, parent in enumerate(batch.parent):
        assert batch.parent_weight[i] == (4.0 if items.is_scene[parent] else 1.0)
        right = np.flatnonzero(batch.positive[i])
        for j in right:
            twins = [k for k in right if items.label[batch.child[k]] == items.label[batch.child[j]]]
            crowded += len(twins) > 1
            near = 10.0 if depth[batch.child[j]] == depth[parent] + 1 else 1.0
            assert batch.pair_weight[i, j] == pytest.approx(near / len(twins))
    assert crowded, "the batch has no class twice under one parent, so the test shows nothing"


def test_pairs_drawn_at_random_have_no_weights_to_set() -> None:
    for change in ({"class_balance": True}, {"next_level": 2.0}, {"scene_weight": 2.0}):
        with pytest.raises(SettingsError, match="whole-image batches"):
            PairSettings(**change)  # type: ignore[arg-type]

"""How much each positive of a batch counts for its parent, and each parent in the loss [R].

A scene with thirteen seats, a boat and a person has mostly parts below it. Where all of them count alike its direction is
that of seats, and the boat is not among what a person sees first. So classes can count alike, what lies right below more
than what lies deeper, and scenes more than boxes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypviz.config import PairSettings
from hypviz.data.items import Items

Rows = NDArray[np.int64]
Weights = NDArray[np.float32]


def pair_weights(
    items: Items, depth: NDArray[np.integer], parents: Rows, children: Rows, positive: NDArray[np.bool_], settings: PairSettings
) -> tuple[Weights, Weights] | tuple[None, None]:
    """(pair (P, C), parent (P,)) float32 > 0 of a batch as `PairBatch` describes them; None twice where the settings ask for none.

    depth: (N,) level of every item, 0 for scenes.  positive: (P, C) bool.  A child of another picture has the level it has there.
    """
    if not settings.weighted:
        return None, None
    pair = np.ones(positive.shape, np.float32)
    if settings.class_balance:
        _, label = np.unique(items.label[children], return_inverse=True)
        of_class = np.eye(int(label.max(initial=0)) + 1, dtype=np.float32)[label]  # (C, K)
        pair /= np.maximum(positive.astype(np.float32) @ of_class, 1)[:, label]
    level = np.asarray(depth, np.int64)
    pair[level[children][None, :] == level[parents][:, None] + 1] *= settings.next_level
    parent = np.where(items.is_scene[parents], settings.scene_weight, 1.0).astype(np.float32)
    return pair, parent

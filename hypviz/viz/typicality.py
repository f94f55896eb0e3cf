"""How far each item lies from the rest of its class: where a label is to be checked first."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypviz.search.embedding import Embedding

FAR = 2.5
"""Standardised distance from which an item counts as far from its class: about one of a hundred where nothing is wrong."""
FEWEST = 4
"""Members a class needs for its distances to be compared."""
BLOCK = 1 << 12
"""Directions held in float64 at once: what a processor's cache holds, for they are read by columns, too."""
STEPS = 16
"""Steps per unit of the standardised distance in a byte; 128 stands for 0."""


def class_distance(embedding: Embedding, label: NDArray[np.integer]) -> NDArray[np.float32]:
    """(N,) angle of each item's direction to the mean direction of the others of its class, standardised within the class.

    0 is the mean of the class, 1 one standard deviation farther. 0 too for items without a class (label −1), in a class
    of fewer than four, or in one whose members all lie equally far. Beyond the result some 40 bytes an item are held, and one block.
    """
    distances = np.zeros(len(embedding), np.float32)
    labelled = np.flatnonzero(np.asarray(label) >= 0)
    if not len(labelled):
        return distances
    _, member, count = np.unique(np.asarray(label)[labelled], return_inverse=True, return_counts=True)
    angle = _angles_to_others(embedding, labelled, member, len(count))
    mean = np.bincount(member, angle) / count
    spread = np.sqrt(np.bincount(member, (angle - mean[member]) ** 2) / count)
    comparable = (count >= FEWEST) & (spread > 1e-6)
    scaled = (angle - mean[member]) / np.where(comparable, spread, 1)[member]
    distances[labelled] = np.where(comparable[member], scaled, 0)
    return distances


def _angles_to_others(embedding: Embedding, rows: NDArray[np.int64], member: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """(n,) angle of each row's direction to the sum of those of the other rows of its class. member: (n,) the class of each."""
    parts = [slice(start, start + BLOCK) for start in range(0, len(rows), BLOCK)]
    total = np.zeros((classes, embedding.directions.shape[1]))
    for part in parts:
        columns = np.ascontiguousarray(embedding.directions[rows[part]].T, np.float64)
        total += np.stack([np.bincount(member[part], column, minlength=classes) for column in columns], axis=1)
    angle = np.empty(len(rows))
    for part in parts:
        directions = np.asarray(embedding.directions[rows[part]], np.float64)
        others = total[member[part]] - directions  # an outlier must not pull its own yardstick towards itself
        length = np.maximum(np.linalg.norm(others, axis=1), np.finfo(np.float64).tiny)
        angle[part] = np.arccos(np.clip((directions * others).sum(axis=1) / length, -1, 1))
    return angle


def as_bytes(distance: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Standardised distances in steps of 1/16, −8 to 7.9, as bytes around 128."""
    steps: NDArray[np.uint8] = np.clip(np.rint(distance * STEPS) + 128, 0, 255).astype(np.uint8)
    return steps

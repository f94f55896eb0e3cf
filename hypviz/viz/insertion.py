"""Where a new point goes among those that are drawn already, none of which moves."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hypviz.search.embedding import Embedding

TURN = 2 * np.pi


def one_turn(angles: NDArray[np.floating]) -> NDArray[np.float32]:
    """Angles as float32 in [0, 2π)."""
    turned = np.mod(angles, TURN).astype(np.float32)
    return np.where(turned >= np.float32(TURN), np.float32(0), turned)  # float32 rounds 2π − tiny up


def place(angles: NDArray[np.floating], embedding: Embedding, query: ArrayLike, *, neighbours: int = 12) -> NDArray[np.float32]:
    """Angles in [0, 2π) for new directions, (D,) or (B, D), among the drawn `angles` (N,) of `embedding`.

    The circular mean of the angles of the nearest directions, weighted by similarity above the last of them.
    """
    queries = np.atleast_2d(np.asarray(query, np.float32))
    similar = queries @ np.asarray(embedding.directions).T
    count = min(neighbours + 1, similar.shape[1])
    nearest = np.argpartition(-similar, count - 1, axis=1)[:, :count]
    score = np.take_along_axis(similar, nearest, axis=1).astype(np.float64)
    weight = score - score.min(axis=1, keepdims=True) + 1e-6
    mean = (weight * np.exp(1j * np.asarray(angles, np.float64)[nearest])).sum(axis=1)
    return one_turn(np.angle(mean)).reshape(np.shape(query)[:-1])


def carry_over(
    old_angles: NDArray[np.float32], old_ids: NDArray[np.bytes_], ids: NDArray[np.bytes_], embedding: Embedding
) -> NDArray[np.float32] | None:
    """Angles of a data set that has changed: an item that was there keeps its angle, a new one is placed among those.

    old_angles, old_ids: (M,), of the earlier state.  ids: (N,) item ids, unique.  embedding: N items.
    None when fewer than half of the items were there: then a new layout says more than an old one with much added.
    """
    order = np.argsort(old_ids)
    spot = np.minimum(np.searchsorted(old_ids, ids, sorter=order), len(old_ids) - 1)
    match = order[spot]
    known = np.asarray(old_ids[match] == ids)
    if 2 * np.count_nonzero(known) < len(ids):
        return None
    angles = old_angles[match].astype(np.float32)
    new = np.flatnonzero(~known)
    stay = embedding.take(np.flatnonzero(known))
    for part in np.array_split(new, len(new) // 500 + 1):
        angles[part] = place(angles[known], stay, np.asarray(embedding.directions[part])) if len(part) else 0
    return angles

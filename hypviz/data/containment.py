"""Which box holds which: the geometry of the hierarchy, from coordinates alone (method.md §1).

Boxes of one image are put in one total order, larger area first and ties by row. A box can only hold boxes after it,
so every relation found here is acyclic by construction and each pair of boxes is looked at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from hypviz.config import HierarchySettings
from hypviz.data.lookup import Rows, blocks, expand

PAIRS_AT_ONCE = 1 << 19
"""Box pairs whose overlap is computed in one go: what bounds the memory, however many boxes an image has."""

SHARE_SLACK = 1e-6
"""Box coordinates are float32: a share that is 0.8 on paper may come out as 0.7999997 and still counts."""


def box_areas(xyxy: NDArray[np.floating]) -> NDArray[np.float64]:
    """(n,) areas in square pixels of (n, 4) boxes."""
    x1, y1, x2, y2 = np.asarray(xyxy, dtype=np.float64).T
    area: NDArray[np.float64] = (x2 - x1) * (y2 - y1)
    return area


def find_pairs(xyxy: NDArray[np.float32], image: Rows, settings: HierarchySettings) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Containments and duplicates among boxes of the same image.

    xyxy: (n, 4) pixels; image: (n,) ascending. Returns (contains, duplicate), each (·, 2) indices into the boxes:
    `contains[k] = (larger, smaller)` where `area(∩)/area(smaller) >= min_overlap` and IoU < duplicate_iou;
    `duplicate[k]` where IoU >= duplicate_iou, in the same order (larger, smaller).
    """
    area = box_areas(xyxy)
    order = np.lexsort((np.arange(len(area)), -area, image))
    columns = np.ascontiguousarray(xyxy[order].T, dtype=np.float64)
    area, image = area[order], image[order]
    following = np.searchsorted(image, image, side="right") - np.arange(1, len(image) + 1)
    contains, duplicate = [np.empty((0, 2), np.int64)], [np.empty((0, 2), np.int64)]
    for first, last in blocks(following, PAIRS_AT_ONCE):
        owner, small = expand(np.arange(first + 1, last + 1), following[first:last])
        large = owner + first
        shared = _intersections(columns, large, small)
        union = area[large] + area[small] - shared
        same = shared >= (settings.duplicate_iou - SHARE_SLACK) * union
        inside = ~same & (shared >= (settings.min_overlap - SHARE_SLACK) * area[small])
        contains.append(np.stack([order[large[inside]], order[small[inside]]], axis=1))
        duplicate.append(np.stack([order[large[same]], order[small[same]]], axis=1))
    return np.concatenate(contains), np.concatenate(duplicate)


def _intersections(columns: NDArray[np.float64], a: Rows, b: Rows) -> NDArray[np.float64]:
    """(P,) shared areas of the boxes a and b; columns: (4, n) of x1, y1, x2, y2."""
    x1, y1, x2, y2 = columns
    width = np.minimum(x2[a], x2[b]) - np.maximum(x1[a], x1[b])
    height = np.minimum(y2[a], y2[b]) - np.maximum(y1[a], y1[b])
    shared: NDArray[np.float64] = np.maximum(width, 0.0) * np.maximum(height, 0.0)
    return shared


def transitive_closure(relation: csr_array) -> tuple[csr_array, csr_array]:
    """Closure of an acyclic boolean relation (n, n), and the part of it that is reached in two or more steps.

    By repeated squaring: log2(longest chain) + 1 sparse products.
    """
    closure = relation
    while True:
        longer = closure @ closure
        grown = closure + longer
        if grown.nnz == closure.nnz:
            return closure, longer
        closure = grown


def longest_chain(parent: Rows, child: Rows, count: int) -> NDArray[np.int16]:
    """(count,) number of edges on the longest path that ends at each node of an acyclic relation."""
    length = np.zeros(count, dtype=np.int16)
    while len(parent):
        longer = length.copy()
        np.maximum.at(longer, child, length[parent] + np.int16(1))
        if np.array_equal(longer, length):
            break
        length = longer
    return length

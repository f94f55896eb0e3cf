"""Some images of a data set with the hierarchy they have, corrections by hand included."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import Edges, Hierarchy
from hypviz.data.items import Items, subset_images


def subset(items: Items, hierarchy: Hierarchy, mask: NDArray[np.bool_]) -> tuple[Items, Hierarchy]:
    """The items and relations within the images of mask (M,) bool; a relation with an image outside is left out."""
    kept = mask[items.image]
    row = np.cumsum(kept) - 1
    edges = hierarchy.edges
    inside = kept[edges.parent] & kept[edges.child]
    twins = hierarchy.duplicate[kept[hierarchy.duplicate].all(axis=1)]
    found = Hierarchy(
        Edges(row[edges.parent[inside]].astype(np.int32), row[edges.child[inside]].astype(np.int32), edges.direct[inside]),
        hierarchy.depth[kept],
        row[twins].astype(np.int32).reshape(-1, 2),
        {"images": int(mask.sum()), "boxes": int((kept & ~items.is_scene).sum())},
    )
    return subset_images(items, mask), found

"""Annotated parent → child pairs for the disk: of whole pictures, as many as can be drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import Edges
from hypviz.errors import SelectionError
from hypviz.storage.json_types import Json

MAX_EDGES = 5000
"""More arcs than this are a fog and take longer than a frame to draw."""


def edges_to_draw(edges: Edges, image: NDArray[np.integer], *, budget: int = 1500, among: NDArray[np.integer] | None = None) -> Json:
    """Direct pairs as rows: {"pairs": [[parent, child]…], "total": of all, "how": chosen how}.

    image: (N,) picture of each item.  among: rows that are drawn, ascending; None for all.  When there are more pairs
    than `budget`, pictures are left out evenly over the data set, so that what is drawn of a picture is all of it.
    Raises SelectionError for a budget outside 1…MAX_EDGES.
    """
    if not 1 <= budget <= MAX_EDGES:
        raise SelectionError(f"A budget of edges is 1 to {MAX_EDGES:,}, got {budget:,}.")
    pairs = np.stack([edges.parent[edges.direct], edges.child[edges.direct]], axis=1)
    total = len(pairs)
    if among is not None:
        pairs = pairs[np.isin(pairs, among).all(axis=1)]
    chosen, counts = np.unique(image[pairs[:, 0]], return_counts=True)
    how = f"all {len(chosen):,} pictures"
    if len(pairs) > budget:
        order = np.argsort(np.arange(len(chosen)) * 0.6180339887498949 % 1, kind="stable")  # any few are spread evenly
        fits = max(1, int(np.searchsorted(np.cumsum(counts[order]), budget, side="right")))
        how = f"whole pictures, {fits:,} of {len(chosen):,}, evenly over the data"
        pairs = pairs[np.isin(image[pairs[:, 0]], chosen[order[:fits]])][:budget]
    return {"pairs": pairs.tolist(), "total": total, "how": how}


def edges_of_picture(edges: Edges, offsets: NDArray[np.integer], image: int | None) -> list[list[int]]:
    """The direct parent → child pairs of one picture's items, none for None. offsets: (M + 1,) first row of each picture."""
    if image is None:
        return []
    low, high = np.searchsorted(edges.parent, offsets[image : image + 2].astype(edges.parent.dtype))  # sorted by parent
    edge_rows = low + np.flatnonzero(edges.direct[low:high])
    pairs: list[list[int]] = np.stack([edges.parent[edge_rows], edges.child[edge_rows]], axis=1).tolist()
    return pairs

"""Scores of every item for every query, in blocks of whole queries: what figures are computed from, where a search lists a few."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hypviz.search.embedding import Embedding
from hypviz.search.products import Products
from hypviz.search.scoring import Floats, ranking_value, tiles, worst


def score_blocks(
    space: Embedding, products: Products, queries: Embedding, *, apex: str, task: str, cells: int, most: int
) -> Iterator[tuple[slice, Floats]]:
    """(slice of the queries, (b, N) float32 scores of the items of `space`, higher is better), see `Index.scores`.

    products: of the directions of `space`.  cells: pairs that are ranked at once.  most: cells of a block, one query at least.
    """
    height = max(1, most // len(space))
    item_radii = np.asarray(space.radii, np.float32)
    for start in range(0, len(queries), height):
        part = slice(start, min(start + height, len(queries)))
        directions = np.asarray(queries.directions[part], np.float32)
        radii = np.asarray(queries.radii[part], np.float32)[:, None]
        out = np.empty((len(directions), len(space)), np.float32)
        for column, cosine in products.blocks(directions, cells):
            out[:, column : column + cosine.shape[1]] = cosine
        for rows, columns in tiles(out.shape, cells):
            ends = directions[rows], space.directions[columns]
            query_radius, radius = radii[rows], item_radii[columns]
            value = ranking_value(out[rows, columns], query_radius, radius, space=space, task=task, apex=apex, ends=ends)
            out[rows, columns] = worst(task, apex) - value
        yield part, out

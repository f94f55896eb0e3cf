"""Items that the embedding puts where their annotation says they cannot be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Cones, as_cones
from hypviz.search.scoring import ranking_value

BLOCK = 1 << 16


def edge_angles(embedding: Embedding, parent: NDArray[np.integer], child: NDArray[np.integer]) -> NDArray[np.float32]:
    """ext(parent, child) in radians for pairs of rows, (E,) each, in blocks of bounded memory."""
    angles, radii = np.empty(len(parent), np.float32), np.asarray(embedding.radii, np.float32)
    for start in range(0, len(parent), BLOCK):
        part = slice(start, start + BLOCK)
        one, other = (np.asarray(embedding.directions[rows[part]], np.float32) for rows in (parent, child))
        cosine = np.einsum("nd,nd->n", one, other)
        inner, others = radii[parent[part]], radii[child[part]]
        angles[part] = ranking_value(cosine, inner, others, space=embedding, task="children", ends=(one, other))
    return angles


def outside_cone(
    embedding: Embedding, parent: NDArray[np.integer], child: NDArray[np.integer], *, omega: float | Cones
) -> NDArray[np.bool_]:
    """(N,) True for items outside the cone of one of their annotated parents.

    parent, child: (E,) rows of the annotated pairs, the direct ones.  omega: half-angle in radians, or the cones by level.
    """
    outside = np.zeros(len(embedding), np.bool_)
    angle, radii = edge_angles(embedding, parent, child), np.asarray(embedding.radii, np.float32)
    outside[child[~as_cones(omega).holds(angle, radii[parent], radii[child])]] = True
    return outside


def inverted(embedding: Embedding, parent: NDArray[np.integer], child: NDArray[np.integer]) -> NDArray[np.bool_]:
    """(N,) True for items that lie no farther from the root than one of their annotated parents."""
    mask, radii = np.zeros(len(embedding), np.bool_), np.asarray(embedding.radii, np.float32)
    mask[child[radii[child] <= radii[parent]]] = True
    return mask

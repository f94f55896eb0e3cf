"""Checks of an embedding against the hierarchy it should follow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import Hierarchy
from hypviz.errors import DataError
from hypviz.geometry.entailment import half_aperture
from hypviz.health.report import Check, Rows
from hypviz.health.settings import HealthSettings
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Cones
from hypviz.search.scoring import ranking_value

PAIRS = 1 << 14
"""Pairs whose directions are held at once."""


def entailment_violations(hierarchy: Hierarchy, embedding: Embedding, cones: Cones) -> Check:
    """Direct pairs with ext(parent, child) above ω of the parent's level: children outside the cone of their parent."""
    pairs = direct_pairs(hierarchy)
    angle = pair_angles(embedding, pairs)
    violating = np.flatnonzero(angle > cones.at(embedding.radii[pairs[:, 0]]))
    omegas = ", ".join(f"{omega:.3f}" for omega in cones.omegas)
    order = violating[np.argsort(-angle[violating], kind="stable")]
    return Check(
        "entailment", "Children outside the cone",
        f"The angle at the parent is above ω ({omegas}): a search for the parent's children does not find this child.",
        "warning", len(pairs), "direct pairs", pairs[order], angle[order], "angle",
    )  # fmt: skip


def norm_inversions(hierarchy: Hierarchy, embedding: Embedding) -> Check:
    """Direct pairs whose parent is not nearer to the root than the child."""
    pairs = direct_pairs(hierarchy)
    radius = embedding.radii.astype(np.float64)
    excess = radius[pairs[:, 0]] - radius[pairs[:, 1]]
    inverted = np.flatnonzero(excess >= 0)
    order = inverted[np.argsort(-excess[inverted], kind="stable")]
    return Check(
        "inversion", "Parents farther out than their children",
        "The radius should grow from general to specific; here it does not.",
        "warning", len(pairs), "direct pairs", pairs[order], excess[order], "radius of parent − child",
    )  # fmt: skip


def near_root(embedding: Embedding, settings: HealthSettings) -> Check:
    """Items so near to the root that their cone has no direction."""
    rows, values = _innermost(embedding, embedding.radii < settings.radius_floor)
    return Check(
        "near_root", "At the root",
        f"Closer to the root than {settings.radius_floor:g}: the angle at such a point is noise.",
        "warning", len(embedding), "items", rows, values, "radius",
    )  # fmt: skip


def saturated_cones(embedding: Embedding, settings: HealthSettings) -> Check:
    """Items whose Ganea/MERU cone is a half-space; hyperbolic geometry only."""
    aperture = half_aperture(embedding.radii, curv=embedding.curv, k=settings.aperture_k)
    rows, values = _innermost(embedding, aperture >= np.float32(np.pi / 2))
    return Check(
        "saturated", "Saturated cones",
        f"The half-aperture of Ganea's and MERU's cones, asin(2K / sinh √c r) with K = {settings.aperture_k:g}, is 90° here: by that"
        " cone, half the space lies inside. The cones of hypviz have the threshold ω instead, and are not affected.",
        "info", len(embedding), "items", rows, values, "radius",
    )  # fmt: skip


def direct_pairs(hierarchy: Hierarchy) -> Rows:
    """(E, 2) parent and child of every direct relation."""
    edges = hierarchy.edges
    return np.stack([edges.parent[edges.direct], edges.child[edges.direct]], axis=1).astype(np.int64)


def pair_angles(embedding: Embedding, pairs: Rows) -> NDArray[np.float64]:
    """(E,) ext(parent, child) in radians of pairs (E, 2), as a search measures it; DataError when one is no number."""
    angle = np.empty(len(pairs))
    for start in range(0, len(pairs), PAIRS):
        x, y = pairs[start : start + PAIRS].T
        cosine = np.einsum("pd,pd->p", *(np.asarray(embedding.directions[rows], np.float32) for rows in (x, y)))
        radii = embedding.radii[x], embedding.radii[y]
        angle[start : start + PAIRS] = ranking_value(cosine, *radii, space=embedding, task="children")
    if np.isnan(angle).any():
        raise DataError("An angle is NaN: the embedding holds directions that are not finite numbers.")
    return angle


def _innermost(embedding: Embedding, selected: NDArray[np.bool_]) -> tuple[Rows, NDArray[np.float64]]:
    """The selected rows and their radii, nearest to the root first."""
    rows = np.flatnonzero(selected)
    rows = rows[np.argsort(embedding.radii[rows], kind="stable")]
    return rows, embedding.radii[rows].astype(np.float64)

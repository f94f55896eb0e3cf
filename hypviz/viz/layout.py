"""Where on the disk: the angle of every point, by one of five layouts.

The radius of a point is never touched here: it is drawn from the true distance to the root
(`hypviz.viz.radius_scale`), so every layout is faithful to the norm. An angle on a plane cannot hold a direction in D
dimensions, so it is a projection; `hypviz.viz.honesty` says how good.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import DataError
from hypviz.progress import OnProgress
from hypviz.search.embedding import Embedding
from hypviz.viz.fitted import fitted_angles
from hypviz.viz.insertion import one_turn, place
from hypviz.viz.projections import pca_angles, umap_angles
from hypviz.viz.tree import Tree, branches
from hypviz.viz.wedges import wedge_angles

__all__ = ["DEFAULT", "LAYOUTS", "METHODS", "Layout", "Tree", "angles", "branches", "check_method", "place"]


@dataclass(frozen=True)
class Layout:
    """A way to choose angles, in words.  seconds: what 10,000 items of 128 dimensions take on two CPU cores."""

    title: str
    how: str
    seconds: float


LAYOUTS = {
    "hierarchy": Layout(
        "By class",
        "Each top-level class is a wedge, similar classes side by side; parts lie in the wedge of what holds them. "
        "The angle shows class first and direction second.",
        1,
    ),
    "pca": Layout(
        "Tangent PCA",
        "The angle in the plane of largest variance of the tangent vectors at the root. Linear; what lies off that plane is lost.",
        1,
    ),
    "cones": Layout(
        "Fitted to the cones",
        "The angles for which exterior angles as drawn come nearest to the true ones, for parents and children first of all. "
        "Classes are kept together only as far as their cones are.",
        10,
    ),
    "umap": Layout(
        "UMAP of directions",
        "The angle of a two-dimensional UMAP of the directions (cosine). Neighbours stay together; gaps and sizes mean little.",
        60,
    ),
    "hyperboloid": Layout(
        "UMAP on the hyperboloid",
        "UMAP of the true distances onto the hyperboloid. Of its result the angle about the middle is kept; the radius is "
        "replaced by the true distance to the root, as in every layout here.",
        60,
    ),
}
"""Layouts by name, the default first."""
METHODS = tuple(LAYOUTS)
DEFAULT = "hierarchy"


def check_method(method: str) -> str:
    """The name itself; DataError when no layout has it."""
    if not isinstance(method, str) or method not in LAYOUTS:
        raise DataError(f"Layout method must be one of {', '.join(METHODS)}, got {method!r:.80}.")
    return method


def angles(
    embedding: Embedding, tree: Tree | None = None, *, method: str = DEFAULT, seed: int = 0, on_progress: OnProgress | None = None
) -> NDArray[np.float32]:
    """(N,) float32 angles in [0, 2π), the same for the same input; "hierarchy" and "cones" fall back to "pca" without a tree.

    `on_progress` hears (items placed, N) in the UMAP layouts and in "cones"; the others take a second.
    """
    check_method(method)
    if method in ("umap", "hyperboloid"):
        theta = umap_angles(embedding, hyperboloid=method == "hyperboloid", seed=seed, on_progress=on_progress)
    elif method != "pca" and tree is not None and (tree.label >= 0).any():
        theta = wedge_angles(embedding, tree)
    else:
        theta = pca_angles(embedding)
    if method == "cones" and tree is not None:
        theta = fitted_angles(embedding, tree, theta, seed=seed, on_progress=on_progress)
    return one_turn(theta)

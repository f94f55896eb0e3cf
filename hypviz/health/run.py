"""The use case: every check that the data at hand allows."""

from __future__ import annotations

from hypviz.data.hierarchy import Hierarchy
from hypviz.data.items import Items
from hypviz.errors import DataError, SettingsError
from hypviz.health.annotations import annotation_checks
from hypviz.health.report import Health
from hypviz.health.settings import HealthSettings
from hypviz.health.vectors import entailment_violations, near_root, norm_inversions, saturated_cones
from hypviz.search.embedding import Embedding
from hypviz.search.retrieval import Cones, as_cones


def health_report(
    items: Items,
    hierarchy: Hierarchy,
    embedding: Embedding | None,
    *,
    omega: float | Cones | None = None,
    settings: HealthSettings | None = None,
) -> Health:
    """Check the annotations, and the embedding of `items` (row for row) if there is one.

    omega: threshold on ext(parent, child) in radians, in (0, π], or the cones of a checkpoint's card; needed with an
    embedding, unused without. Checks on radii are left out in `cosine` geometry, where radii mean nothing, and the aperture in all but the
    hyperbolic; the notes say so. DataError when sizes do not fit or a direction is not finite.
    """
    settings = settings or HealthSettings()
    annotated = annotation_checks(items, hierarchy, settings)
    if embedding is None:
        return Health(items, tuple(annotated), None, ("Vectors were not checked: no embedding was given.",))
    if len(embedding) != len(items):
        raise DataError(f"The embedding has {len(embedding)} rows for {len(items)} items: embed the data set again.")
    if omega is None:
        raise SettingsError("An embedding is checked at a cone threshold: give omega, such as the cones of the checkpoint's card.")
    cones = as_cones(omega)
    checks, notes = [entailment_violations(hierarchy, embedding, cones)], []
    if embedding.geometry == "cosine":
        notes.append("Radii were not checked: in a cosine embedding they mean nothing.")
    else:
        checks += [norm_inversions(hierarchy, embedding), near_root(embedding, settings)]
    if embedding.geometry == "hyperbolic":
        checks.append(saturated_cones(embedding, settings))
    elif embedding.geometry == "euclidean":
        notes.append("Saturated cones were not looked for: that aperture is defined in hyperbolic space.")
    return Health(items, (*checks, *annotated), cones.widest, tuple(notes))

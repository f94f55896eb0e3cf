"""How the distances to the root and the classes of some items are spread, beside those of all items: for two linked histograms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.data.items import SCENE
from hypviz.explore.selection import Selector
from hypviz.storage.json_types import Json

BINS = 40
ENDS = (0.005, 0.995)
"""Quantiles between which the bins are equally wide; the first and the last bin also take what lies beyond, however far out."""


def histograms(selector: Selector, criteria: Mapping[str, Any]) -> Json:
    """Counts of the items that pass a filter, and of all.

    "radius": {"edges" (B + 1,), "all" (B,), "found" (B,)}; a bin holds edge <= radius < next edge, the last one its upper edge
    too.  "classes": [{"value", "name", "all", "found"}], most found first, −1 for scenes.  Each of the two is counted under
    all of the filter but its own part, so that it says what choosing another part of it would bring.  "total": what passes all.
    """
    radii, label = np.asarray(selector.radii, np.float64), selector.columns.label
    edges = radius_edges(radii)
    place = np.searchsorted(edges[1:-1], radii, side="right")
    by_radius, by_class = (
        selector.find({key: value for key, value in criteria.items() if key != facet}) for facet in ("radius", "classes")
    )
    names = {SCENE: "scene"} | dict(enumerate(selector.columns.classes))
    every, passing = (np.bincount(label[part].astype(np.int64) - SCENE, minlength=len(names)) for part in (slice(None), by_class))
    order = np.lexsort((np.arange(len(every)), -every, -passing))
    classes = [
        {"value": int(one) + SCENE, "name": names[int(one) + SCENE], "all": int(every[one]), "found": int(passing[one])}
        for one in order if every[one]
    ]  # fmt: skip
    counts = {"all": np.bincount(place, minlength=len(edges) - 1), "found": np.bincount(place[by_radius], minlength=len(edges) - 1)}
    return {
        "radius": {"edges": edges.tolist(), **{name: count.tolist() for name, count in counts.items()}},
        "classes": classes,
        "total": int(np.count_nonzero(selector.find(criteria))),
    }


def radius_edges(radii: NDArray[np.floating]) -> NDArray[np.float64]:
    """(B + 1,) rising edges from the smallest radius to the largest; one bin where all radii are alike."""
    low, high = float(np.min(radii)), float(np.max(radii))
    start, end = (float(value) for value in np.quantile(radii, ENDS))
    if not low < high:
        return np.array([low, max(high, np.nextafter(low, np.inf))])
    if not start < end:
        start, end = low, high
    return np.unique(np.concatenate([[low], np.linspace(start, end, BINS + 1)[1:-1], [high]]))

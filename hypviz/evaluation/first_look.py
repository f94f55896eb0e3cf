"""What a person sees first of a scene's children, judged: do the first twelve cards say what the scene holds?

The cards are those of the page: found in other pictures only, in bands (`search.bands`), those like the scene's own boxes first. Chance
draws, from every band, as many of the classes that the data set has there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import Hierarchy, class_graph
from hypviz.data.items import Items, whole_pictures
from hypviz.errors import DataError
from hypviz.evaluation.task import choose_queries
from hypviz.search.bands import BandGroup, Bands, ClassGroup, by_class, first_cards, radius_bands
from hypviz.search.embedding import Embedding
from hypviz.search.index import Index
from hypviz.search.retrieval import Retrieval

Rows = NDArray[np.int64]
CARDS = 12
DRAWS = 20
"""Random draws per scene for the chance figures."""


@dataclass(frozen=True)
class FirstLook:
    """Means over scenes. own_objects: share of the scene's object classes among its first cards.  fitting: share of these cards
    whose class is in the picture or was seen under one of its objects.  distinct: classes among them; `fewest` is the least.
    scenes: how many were judged.  Each with what chance gives."""

    scenes: int
    own_objects: float
    own_objects_chance: float
    fitting: float
    fitting_chance: float
    distinct: float
    fewest: int

    def to_json(self) -> dict[str, float]:
        """The figures by name."""
        return asdict(self)


def judge_first_look(
    items: Items,
    hierarchy: Hierarchy,
    embedding: Embedding,
    retrieval: Retrieval,
    *,
    omega: float | None = None,
    cards: int = CARDS,
    graph: NDArray[np.bool_] | None = None,
    most: int | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    cones: Sequence[Rows] | None = None,
) -> FirstLook:
    """Judge the first `cards` cards of every scene that has objects, found as the checkpoint's retrieval does.

    omega: half-angle of the cone in radians, None for the calibrated one of the scene's level.  graph: (C, C) bool class graph, None
    for that of `items`.  most: at most this many scenes, drawn by `seed`; None judges all.  draws: random
    draws per scene for the chance figures; with 0 these are NaN.  cones: what `scene_cones` gives with the same arguments, where many
    rankings are judged; None finds them.

    DataError when no scene has a box that lies in nothing else.
    """
    radii, objects = np.asarray(embedding.radii, np.float32), ~items.is_scene & (hierarchy.depth == 1)
    scenes, whole, judged = _scenes(items, hierarchy, most, seed), whole_pictures(items), []
    bands = radius_bands(radii, hierarchy.depth, [str(level) for level in range(int(hierarchy.depth.max()) + 1)], whole=whole)
    graph = class_graph(items, hierarchy) if graph is None else graph
    index, rng = Index(embedding, retrieval), np.random.default_rng(seed)
    if cones is None:
        cones = index.cones([index.query(scene) for scene in scenes.tolist()], omega)
    for scene, members in zip(scenes.tolist(), cones, strict=True):
        picture_rows = items.of_image(int(items.image[scene]))
        rows = members[(items.image[members] != items.image[scene]) & ~whole[members]]
        values = index.values_of(index.query(scene), rows, hierarchy.descendants_of(scene).astype(np.int64))
        groups = by_class(rows, values, radii[rows], items.label[rows], bands)
        shown, object_classes = first_cards(groups, cards), np.unique(items.label[picture_rows[objects[picture_rows]]])
        near = graph[object_classes].any(axis=0)
        near[items.label[picture_rows[1:]]] = True
        labels, others = np.array([card.label for card in shown], np.int64), _everywhere(items, radii, bands, picture_rows) if draws else {}
        drawn = [_judge(_drawn(others, shown, groups, rng), object_classes, near) for _ in range(draws)]
        chance = np.mean(drawn, axis=0) if drawn else (np.nan, np.nan)
        judged.append((*_judge(labels, object_classes, near), *chance, len(np.unique(labels))))
    share, fitting, share_chance, fitting_chance, distinct = np.array(judged).T
    return FirstLook(
        len(scenes), float(share.mean()), float(share_chance.mean()), float(fitting.mean()), float(fitting_chance.mean()),
        float(distinct.mean()), int(distinct.min()),
    )  # fmt: skip


def scene_cones(
    items: Items,
    hierarchy: Hierarchy,
    embedding: Embedding,
    retrieval: Retrieval,
    *,
    omega: float | None = None,
    most: int | None = None,
    seed: int = 0,
) -> list[Rows]:
    """The rows inside the cone of every scene that `judge_first_look` judges with the same arguments; no ranking changes them."""
    index = Index(embedding, retrieval)
    return index.cones([index.query(scene) for scene in _scenes(items, hierarchy, most, seed).tolist()], omega)


def _scenes(items: Items, hierarchy: Hierarchy, most: int | None, seed: int) -> Rows:
    """Rows of the scenes that are judged; DataError when none has objects."""
    scenes = items.offsets[np.unique(items.image[~items.is_scene & (hierarchy.depth == 1)])]
    if not len(scenes):
        raise DataError("The first look is judged on scenes with objects, and this data has no box outside all others.")
    return choose_queries(scenes.astype(np.int64), most, seed)


def _judge(labels: NDArray[np.int64], object_classes: NDArray[np.integer], near: NDArray[np.bool_]) -> tuple[float, float]:
    """(share of the object classes among the labels, share of the labels that are near); labels of −1 are never near."""
    fits = near[labels] & (labels >= 0)
    return float(np.isin(object_classes, labels).mean()), float(fits.mean()) if len(labels) else 0.0


def _everywhere(items: Items, radii: NDArray[np.float32], bands: Bands, picture_rows: NDArray[np.int64]) -> dict[int, NDArray[np.int64]]:
    """Band → the classes that other pictures have in it."""
    other = np.ones(len(items), np.bool_)
    other[picture_rows] = False
    band = bands.of(radii)
    return {which: np.unique(items.label[other & (band == which)]).astype(np.int64) for which in range(len(bands.names))}


def _drawn(
    classes: dict[int, NDArray[np.int64]], shown: tuple[ClassGroup, ...], groups: tuple[BandGroup, ...], rng: np.random.Generator
) -> NDArray[np.int64]:
    """As many random classes of each band as are shown of it."""
    parts = [np.empty(0, np.int64)]
    for group in groups:
        count = sum(card in shown for card in group.classes)
        parts.append(rng.permutation(classes[group.band])[:count])
    return np.concatenate(parts)

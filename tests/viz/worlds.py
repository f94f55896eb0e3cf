"""A made-up data set of scenes, objects and parts, with directions that know their class and radii that know their depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hypviz.search.embedding import Embedding
from hypviz.viz.disk import RadiusScale, disk_payload
from hypviz.viz.layout import Tree, angles, branches, distortion

OBJECTS = ("house", "car", "boat", "tree", "bicycle", "cow", "table", "person", "sofa", "lamp", "crane", "bench")
PARTS = ("door", "window", "wheel", "handle", "sail", "leg", "roof", "head")


@dataclass(frozen=True)
class World:
    embedding: Embedding
    tree: Tree
    image: np.ndarray
    classes: tuple[str, ...]


def make_world(
    images: int = 60, *, radii: tuple[float, float, float] = (0.31, 0.36, 0.41), noise: float = 0.015, curv: float = 1.0, seed: int = 0
) -> World:
    """About 13 items per image."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(len(OBJECTS) + len(PARTS), 24))
    rows: list[tuple[int, int, int, int, np.ndarray]] = []  # image, parent, depth, label, direction
    for image in range(images):
        scene, start = rng.normal(size=24) * 0.3, len(rows)
        rows.append((image, -1, 0, -1, scene))
        for label in rng.integers(0, len(OBJECTS), 4):
            owner = len(rows)
            rows.append((image, start, 1, int(label), scene + centres[label]))
            for slot in rng.integers(0, 3, 2):
                part = len(OBJECTS) + (3 * int(label) + int(slot)) % len(PARTS)
                rows.append((image, owner, 2, part, scene + 0.6 * centres[label] + centres[part]))
    image, parent, depth, label = (np.array([row[i] for row in rows]) for i in range(4))
    direction = np.array([row[4] for row in rows]) + 0.2 * rng.normal(size=(len(rows), 24))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    radius = np.maximum(np.array(radii)[depth] + noise * rng.normal(size=len(rows)), 0.01)
    child = np.flatnonzero(parent >= 0)
    tree = Tree.from_edges(parent[child], child, depth=depth, label=label)
    return World(Embedding(direction.astype(np.float32), radius.astype(np.float32), curv), tree, image, OBJECTS + PARTS)


def make_payload(world: World, **changes: Any) -> bytes:
    """The world's disk; `changes` replace arguments of `disk_payload`."""
    index, names = branches(world.tree, world.classes)
    scale = RadiusScale.from_radii(world.embedding.radii)
    placed = angles(world.embedding, world.tree)
    settings: dict[str, Any] = {
        "angles": placed,
        "branch": index,
        "branch_names": names,
        "depth": world.tree.depth,
        "label": world.tree.label,
        "image": world.image,
        "classes": world.classes,
        "scale": scale,
        "distortion": distortion(world.embedding, placed, scale.drawn(world.embedding.radii)),
        "title": "made-up world",
    } | changes
    return disk_payload(world.embedding, **settings)

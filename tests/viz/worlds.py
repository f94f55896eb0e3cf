"""A made-up data set of scenes, objects and parts, with directions that know their class and radii that know their depth."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from hypviz.geometry import to_polar
from hypviz.search.embedding import Embedding
from hypviz.viz.disk import Columns, disk_payload
from hypviz.viz.honesty import plane_of, point_distortion, rank_correlation
from hypviz.viz.layout import Tree, angles, branches
from hypviz.viz.radius_scale import RadiusScale

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


def lorentz_tree(
    count: int, *, dim: int, curv: float, radii: tuple[float, ...], noise: float = 0.06, seed: int = 0
) -> tuple[Embedding, np.ndarray]:
    """A tree in the Lorentz model: each level about ten times as many points as the one before, near their parents.

    Points are made as Lorentz vectors at the given true radii (relative noise around them) and read back in polar form.
    Returns the embedding and the level of each point.
    """
    rng = np.random.default_rng(seed)
    shares = 10.0 ** np.arange(len(radii))
    sizes = np.floor(count * shares / shares.sum()).astype(int)
    sizes[-1] = count - sizes[:-1].sum()
    parent = rng.standard_normal((1, dim))
    parts = []
    for size, radius in zip(sizes, radii, strict=True):
        direction = parent[rng.integers(0, len(parent), size)] + 0.7 * rng.standard_normal((size, dim))
        parent = direction / np.linalg.norm(direction, axis=1, keepdims=True)
        true = radius * (1 + noise * rng.standard_normal(size))[:, None]
        parts.append(np.sinh(np.sqrt(curv) * true) / np.sqrt(curv) * parent)
        parent = parent * np.sqrt(dim)
    direction, radius = to_polar(np.concatenate(parts), curv=curv)
    level = np.repeat(np.arange(len(radii)), sizes)
    return Embedding(direction.astype(np.float32), radius.astype(np.float32), curv), level


def make_payload(world: World, **changes: Any) -> bytes:
    """The world's disk; `changes` replace arguments of `disk_payload`, or columns."""
    own = {name: changes.pop(name) for name in [field.name for field in fields(Columns)] if name in changes}
    scale = RadiusScale.from_radii(world.embedding.radii)
    placed = angles(world.embedding, world.tree)
    plane = plane_of(world.embedding, placed)
    settings: dict[str, Any] = {
        "angles": placed,
        "columns": make_columns(world, **own),
        "scale": scale,
        "distortion": rank_correlation(world.embedding, plane)[0],
        "chance": 0.25,
        "point_distortion": point_distortion(world.embedding, placed),
        "layout": "hierarchy",
        "title": "made-up world",
    } | changes
    return disk_payload(world.embedding, **settings)


def make_columns(world: World, **changes: Any) -> Columns:
    """The world's columns: every third image is for validation, every fifth item is flagged."""
    index, names = branches(world.tree, world.classes)
    count = len(world.embedding)
    settings: dict[str, Any] = {
        "branch": index,
        "depth": world.tree.depth,
        "label": world.tree.label,
        "image": world.image,
        "split": (world.image % 3 == 0).astype(np.uint8),
        "flags": (np.arange(count) % 5 == 0).astype(np.uint8),
        "branch_names": names,
        "classes": world.classes,
        "split_names": ("train", "validation"),
        "flag_names": {"outside_cone": "outside the cone of an annotated parent"},
    } | changes
    return Columns(**settings)

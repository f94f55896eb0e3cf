"""A made-up workspace of any size, in seconds: scenes, objects and parts with vectors and no pictures.

For measuring speed and for tests of large data. Directions know their class and radii their depth, with noise, so that
layouts and cones have something to show; nothing else is true of it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import Edges, Hierarchy
from hypviz.data.items import SCENE, Images, Items
from hypviz.errors import SettingsError
from hypviz.model.card import Card, checkpoint_hash, find_checkpoint, read_card
from hypviz.search.embedding import Embedding
from hypviz.workspace.store import Workspace

OBJECTS, PARTS = 4, 3
"""Objects in a scene, and parts of each object."""
PER_IMAGE = 1 + OBJECTS * (1 + PARTS)
CLASSES = (*(f"object {number}" for number in range(24)), *(f"part {number}" for number in range(40)))
WIDTH, HEIGHT = 640, 480
RADII = (0.5, 0.9, 1.3)
"""Mean true distance to the root by depth."""
SPREAD = 0.15
BLOCK = 1 << 16
"""Directions made at once."""


def make_workspace(folder: Path, count: int, *, checkpoint: str = "demo", seed: int = 0) -> Workspace:
    """A workspace of `count` items with an embedding as if by a checkpoint; about ten seconds for a million items.

    Raises SettingsError for fewer than one item. Thumbnails and pictures of it do not exist.
    """
    if count < 1:
        raise SettingsError(f"A made-up workspace needs at least one item, got {count}.")
    path = find_checkpoint(checkpoint)
    rng = np.random.default_rng(seed)
    items, hierarchy = make_items(count, rng)
    workspace = Workspace.create(folder, items, hierarchy, name=f"made-up, {count:,} items", pictures=False)
    workspace.write_embedding(checkpoint_hash(path), make_embedding(items, hierarchy, read_card(path), rng), extra={"synthetic": True})
    return workspace


def make_items(count: int, rng: np.random.Generator) -> tuple[Items, Hierarchy]:
    """Scenes of 17 items each, row by row: scene, object, its parts, next object…; the last scene may be cut short."""
    image, place = np.divmod(np.arange(count), PER_IMAGE)
    number, slot = np.divmod(place - 1, 1 + PARTS)  # object of the scene, and 0 for it, 1… for its parts
    depth = np.where(place == 0, 0, np.where(slot == 0, 1, 2)).astype(np.int16)
    images = int(image[-1]) + 1
    kind = rng.geometric(0.12, (images, OBJECTS)) % 24  # few classes are common, most are rare
    object_kind = kind[image, np.maximum(number, 0)]
    label = np.where(depth == 0, SCENE, np.where(depth == 1, object_kind, 24 + (3 * object_kind + slot) % 40)).astype(np.int32)
    items = Items(
        item_id=_hexadecimal(count),
        image=image.astype(np.int32),
        xyxy=_boxes(number, slot, depth),
        label=label,
        source=np.where(depth == 0, "image", "annotation"),
        images=Images(
            file_name=np.char.mod("%08d.jpg", np.arange(images)),
            width=np.full(images, WIDTH, np.int32),
            height=np.full(images, HEIGHT, np.int32),
            content=_hexadecimal(images),
            licence=np.full(images, "CC0-1.0"),
        ),
        classes=CLASSES,
        root=Path.cwd(),
    )
    return items, Hierarchy(_edges(count, images), depth, np.empty((0, 2), np.int32), {"images": images, "boxes": count - images})


def make_embedding(items: Items, hierarchy: Hierarchy, card: Card, rng: np.random.Generator) -> Embedding:
    """Directions near those of the class and the scene, radii near those of the depth, in the checkpoint's space."""
    dim = card.encoder.embed_dim
    centres = rng.standard_normal((len(CLASSES) + 1, dim), np.float32)
    centres[SCENE] = 0
    scenes = rng.standard_normal((len(items.images), dim), np.float32)
    directions = np.empty((len(items), dim), np.float32)
    for start in range(0, len(items), BLOCK):
        part = slice(start, start + BLOCK)
        block = 0.35 * rng.standard_normal(directions[part].shape, np.float32)
        block += centres[items.label[part]]
        block += 0.3 * scenes[items.image[part]]
        directions[part] = block / np.linalg.norm(block, axis=1, keepdims=True)
    radii = np.array(RADII)[hierarchy.depth] * np.exp(SPREAD * rng.standard_normal(len(items)))
    return Embedding(directions, radii.astype(np.float32), card.curv, card.encoder.geometry)


def _hexadecimal(count: int) -> NDArray[np.str_]:
    """(count,) the numbers from 0 on as 16 hexadecimal digits."""
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    letters = np.empty((count, 16), np.uint32)
    for place in range(16):
        letters[:, place] = digits[np.arange(count) >> (60 - 4 * place) & 15]
    text: NDArray[np.str_] = letters.view("U16")[:, 0]
    return text


def _boxes(number: NDArray[np.int64], slot: NDArray[np.int64], depth: NDArray[np.int16]) -> NDArray[np.float32]:
    """(N, 4) objects in the quarters of the picture, parts side by side in their object."""
    x, y = (number % 2) * WIDTH / 2, (number // 2) * HEIGHT / 2
    part = (WIDTH / 2 - 40) / PARTS
    left = np.where(depth == 1, x + 10, x + 20 + (slot - 1) * part)
    objects = np.stack([left, y + 10, left + np.where(depth == 1, WIDTH / 2 - 20, part - 5), y + HEIGHT / 2 - 20], axis=1)
    return np.where(depth[:, None] == 0, [0, 0, WIDTH, HEIGHT], objects).astype(np.float32)


def _edges(count: int, images: int) -> Edges:
    """One scene's pairs, sorted by parent and child, moved to every scene."""
    first = 1 + np.arange(OBJECTS) * (1 + PARTS)
    inside = np.arange(1, PER_IMAGE)
    parent = np.concatenate([np.zeros(len(inside), np.int64), np.repeat(first, PARTS)])
    child = np.concatenate([inside, (first[:, None] + 1 + np.arange(PARTS)).ravel()])
    direct = (parent > 0) | np.isin(child, first)
    start = PER_IMAGE * np.arange(images)[:, None]
    existing = (start + child).ravel() < count
    pairs = [(start + end).ravel()[existing].astype(np.int32) for end in (parent, child)]
    return Edges(pairs[0], pairs[1], np.tile(direct, images)[existing])

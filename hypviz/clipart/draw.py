"""Draws one scene from a seed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from . import (
    objects_beach,
    objects_building,
    objects_home,
    objects_life,
    objects_nature,
    objects_street,
    objects_vehicle,
    objects_water,
    objects_work,
)
from .canvas import DESIGN_WH, Canvas, DrawnBox
from .palette import EVENING, PALETTES, STYLE_WEIGHTS, STYLES
from .registry import DRAWABLES, Ink
from .scenes import INDOORS, SCENE_TYPES, SCENES
from .stage import WIDE, Stage

_DRAWINGS = (
    objects_beach,
    objects_building,
    objects_home,
    objects_life,
    objects_nature,
    objects_street,
    objects_vehicle,
    objects_water,
    objects_work,
)
OBJECT_CLASSES: tuple[str, ...] = tuple(sorted(DRAWABLES))

# A seed belongs to one split, and each split draws from random streams of its own.
SPLIT_SEEDS: dict[str, range] = {
    "train": range(1_000_000),
    "validation": range(1_000_000, 1_100_000),
    "test": range(2_000_000, 2_100_000),
}
MIN_SIDE = 96  # smallest picture that can be asked for, in pixels


@dataclass(frozen=True)
class DrawnScene:
    """A picture, (H, W, 3) uint8, and the boxes of everything on it that can be named."""

    pixels: np.ndarray = field(repr=False)
    boxes: tuple[DrawnBox, ...]
    scene_type: str
    seed: int


def split_of(seed: int) -> str:
    """Name of the split a seed belongs to; ValueError when it belongs to none."""
    for name, seeds in SPLIT_SEEDS.items():
        if seed in seeds:
            return name
    raise ValueError(f"seed must lie in one of the ranges {SPLIT_SEEDS}, got {seed}")


def scene_type_of(seed: int) -> str:
    """Type of the scene of a seed: each run of eight seeds shows every type once, shuffled."""
    block, place = divmod(seed, len(SCENE_TYPES))
    return SCENE_TYPES[int(np.random.default_rng((7, block)).permutation(len(SCENE_TYPES))[place])]


def draw_scene(seed: int, *, scene_type: str | None = None, size: tuple[int, int] = DESIGN_WH) -> DrawnScene:
    """Draw the scene of a seed.

    `size` is (width, height) in pixels; the composition does not depend on it. Sheets are 4:3, other
    proportions are stretched. Boxes with a side below `MIN_SIDE_PX` pixels are left out.
    Raises ValueError for an unknown scene type, a seed of no split, or a size below 96 pixels.
    """
    canvas, kind = paint(seed, scene_type=scene_type, size=size)
    return DrawnScene(canvas.pixels(), canvas.boxes(), kind, seed)


def paint(seed: int, *, scene_type: str | None = None, size: tuple[int, int] = DESIGN_WH, supersample: int = 3) -> tuple[Canvas, str]:
    """Canvas and type of the scene of a seed. Supersampling smooths the pixels; boxes do not depend on it."""
    split = tuple(SPLIT_SEEDS).index(split_of(seed))
    kind = scene_type_of(seed) if scene_type is None else scene_type
    if kind not in SCENES:
        raise ValueError(f"scene_type must be one of {', '.join(SCENE_TYPES)}, got {kind!r}")
    if min(size) < MIN_SIDE:
        raise ValueError(f"size must be at least {MIN_SIDE} x {MIN_SIDE} pixels, got {size}")
    rng = np.random.default_rng((split, seed))
    style = STYLES[int(rng.choice(len(STYLES), p=STYLE_WEIGHTS))]
    if style.night and kind in INDOORS:
        style = EVENING
    ink = Ink(rng, PALETTES[int(rng.integers(len(PALETTES)))], style)
    canvas = Canvas(size, style=style, supersample=supersample)
    mirrored = bool(rng.random() < 0.5)
    with canvas.frame(WIDE if mirrored else 0, 0, flip=mirrored):
        SCENES[kind](Stage(canvas, ink))
    return canvas, kind

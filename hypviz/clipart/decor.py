"""Small unlabelled things that fill a scene: hedges, fences, flowers, shells, tiles."""

from __future__ import annotations

import numpy as np

from .backdrop import FAR
from .palette import CREAM, WHITE, darker, lighter, mix, rgb
from .shapes import oval, petals
from .stage import HIGH, WIDE, Stage


def hedge(stage: Stage, y: float) -> None:
    """Low clipped hedge with gaps along a pavement."""
    c, ink = stage.canvas, stage.ink
    color = mix(ink.foliage(), c.style.sky[1], 0.18)
    x = ink.span(-60, 20)
    while x < WIDE:
        wide, high = ink.span(60, 150), ink.span(20, 30)
        c.rect(x, y - high, x + wide, y, color, (10, 10, 0, 0))
        c.rect(x + 4, y - high + 3, x + wide - 4, y - high + 8, lighter(color, 0.16), 3)
        c.rect(x, y - 9, x + wide, y, darker(color, 0.12))
        x += wide + ink.span(8, 90)


def fence(stage: Stage, y: float) -> None:
    """Wooden fence across the whole width."""
    c = stage.canvas
    wood = mix(stage.ink.wood(), CREAM, 0.35)
    for x in range(-20, WIDE + 20, 46):
        c.rect(x, y - 24, x + 6, y + 3, darker(wood, 0.1), 1.5)
    for top in (-20, -10):
        c.rect(-FAR, y + top, WIDE + FAR, y + top + 4, wood)


def meadow_flowers(stage: Stage, y: float) -> None:
    """Clumps of tiny flowers, larger towards the viewer."""
    c, ink = stage.canvas, stage.ink
    for _ in range(ink.count(3, 7)):
        x, fy = ink.span(0, WIDE), ink.span(y, HIGH - 6)
        size = 0.7 + 1.1 * (fy - y) / (HIGH - y)
        color = ink.pick([WHITE, rgb("ffe08a"), lighter(ink.accent(), 0.35)])
        for _ in range(ink.count(2, 4)):
            px, py = x + ink.span(-13, 13) * size, fy + ink.span(-4, 4) * size
            c.poly(petals(px, py, 5, 1.5 * size, 1.1 * size), color)
            c.oval(px, py, 0.8 * size, rgb("f0b93a"))


def shells(stage: Stage, y: float) -> None:
    """Starfish and shells on the sand."""
    c, ink = stage.canvas, stage.ink
    for _ in range(ink.count(2, 5)):
        x, sy, turn = ink.span(10, WIDE - 10), ink.span(y, HIGH - 8), ink.span(0, 1)
        if ink.chance(0.45):
            angle = np.linspace(0, 2 * np.pi, 11)[:-1] + turn * 6
            r = np.where(np.arange(10) % 2, 2.6, 6.5)
            c.poly(np.stack([x + r * np.cos(angle), sy + 0.7 * r * np.sin(angle)], axis=1), rgb("ee8f6a"))
        else:
            c.poly(oval(x, sy, 5, 4.4, start=0.5, end=1.0), rgb("fbeee0"))
            for dx in (-2, 0, 2):
                c.rect(x + dx - 0.3, sy - 3.4, x + dx + 0.3, sy, rgb("e3b9a0"))


def bollards(stage: Stage, y: float) -> None:
    """Iron posts along the edge of a quay."""
    c, ink = stage.canvas, stage.ink
    iron = rgb("58606f")
    for x in range(int(ink.span(20, 80)), WIDE, 150):
        c.shadow(x, y + 7, 12, 3)
        c.rect(x - 5, y - 8, x + 5, y + 7, iron, (1, 1, 2, 2))
        c.rect(x - 8, y - 12, x + 8, y - 6, lighter(iron, 0.12), 3)


def backsplash(stage: Stage, floor_y: float) -> None:
    """Band of wall tiles, in most kitchens."""
    c, ink = stage.canvas, stage.ink
    if ink.chance(0.7):
        color = mix(lighter(ink.accent(), 0.55), CREAM, 0.3)
        top = floor_y - 118
        c.rect(-FAR, top, WIDE + FAR, floor_y - 9, lighter(color, 0.35))
        for row in range(5):
            for column in range(-1, 24):
                x, y = column * 23 + 11.5 * (row % 2), top + 2 + row * 21.4
                c.rect(x, y, x + 21.4, y + 19.6, darker(color, 0.05) if (column * 7 + row * 3) % 5 == 0 else color, 1)
        c.rect(-FAR, top - 4, WIDE + FAR, top, darker(color, 0.18))


def mat(stage: Stage, y: float) -> None:
    """Rectangular mat on the floor, in perspective."""
    if not stage.ink.chance(0.5):
        return
    c, color = stage.canvas, lighter(stage.ink.accent(), 0.3)
    x, half = stage.ink.span(150, WIDE - 150), stage.ink.span(70, 110)
    for share, shade in ((1.0, color), (0.86, lighter(color, 0.35)), (0.78, color)):
        lean = (x - WIDE / 2) * 0.12
        high = 17 * share
        c.poly(
            [
                (x - half * 0.92 * share - lean, y - high),
                (x + half * 0.92 * share - lean, y - high),
                (x + half * 1.06 * share + lean, y + high),
                (x - half * 1.06 * share + lean, y + high),
            ],
            shade,
        )

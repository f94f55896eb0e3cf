"""Unlabelled rooms: walls, floors, rugs, and the view from a window."""

from __future__ import annotations

from .backdrop import FAR
from .palette import WHITE, Color, darker, lighter, mix, rgb
from .shapes import curve, rounded
from .stage import HIGH, WIDE, Stage


def room(stage: Stage, floor_y: float, wall: Color, *, tiles: bool = False) -> None:
    """Wall with paper, skirting board, and a floor of planks or tiles."""
    c, ink = stage.canvas, stage.ink
    c.gradient(0, floor_y, lighter(wall, 0.12), darker(wall, 0.03))
    _wallpaper(stage, floor_y, darker(wall, 0.045))
    floor = (
        ink.pick([rgb("d9b98c"), rgb("c79c6c"), rgb("b98a63"), rgb("cfc4b4")])
        if not tiles
        else ink.pick([rgb("dfd8cc"), rgb("c9d3d6"), rgb("d9cbb6")])
    )
    c.gradient(floor_y, HIGH, darker(floor, 0.1), lighter(floor, 0.08))
    line = darker(floor, 0.18)
    vanish = (WIDE / 2, floor_y - 170)
    for x in range(-420, WIDE + 421, 62 if tiles else 46):
        t = 170 / (HIGH - vanish[1])
        c.poly([(vanish[0] + (x - vanish[0]) * t, floor_y), (vanish[0] + (x + 2 - vanish[0]) * t, floor_y), (x + 2, HIGH), (x, HIGH)], line)
    if tiles:
        for y in (floor_y + 16, floor_y + 40, floor_y + 74):
            c.rect(-FAR, y, WIDE + FAR, y + 1.3, line)
    c.rect(-FAR, floor_y - 9, WIDE + FAR, floor_y, mix(wall, WHITE, 0.72))
    c.rect(-FAR, floor_y - 1.4, WIDE + FAR, floor_y + 1.2, darker(floor, 0.32))


def _wallpaper(stage: Stage, floor_y: float, color: Color) -> None:
    c, ink = stage.canvas, stage.ink
    kind = ink.count(0, 3)
    if kind == 0:
        for x in range(-8, WIDE, 38):
            c.rect(x, 0, x + 15, floor_y, color)
    elif kind == 1:
        for row, y in enumerate(range(10, int(floor_y), 30)):
            for x in range(-10 + 17 * (row % 2), WIDE + 10, 34):
                c.oval(x, y, 2.4, color)
    elif kind == 2:
        c.rect(-FAR, floor_y - 76, WIDE + FAR, floor_y, color)
        c.rect(-FAR, floor_y - 79, WIDE + FAR, floor_y - 74, darker(color, 0.1))
        for x in range(0, WIDE, 52):
            c.rect(x, floor_y - 74, x + 1.4, floor_y, darker(color, 0.08))


def rug(stage: Stage, x: float, y: float, half: float, color: Color) -> None:
    """Oval rug in two tones."""
    stage.canvas.oval(x, y, half, color, 17)
    stage.canvas.oval(x, y, half * 0.86, lighter(color, 0.3), 14)
    stage.canvas.oval(x, y, half * 0.78, color, 12.4)


def wall_window(stage: Stage, x: float, y: float, wide: float, high: float) -> None:
    """Window of a room with a view and curtains; it is labelled, as the only part that hangs free."""
    c, ink = stage.canvas, stage.ink
    top, bottom = c.style.sky
    green = mix(ink.foliage(), bottom, 0.25)
    with c.part("window"):
        c.rect(x, y, x + wide, y + high, WHITE, 2)
        c.rect(x + 5, y + 5, x + wide - 5, y + high - 5, mix(top, bottom, 0.6), line=False, lit=True)
        c.oval(x + wide * 0.7, y + high * 0.3, high * 0.09, rgb("fff0b8"), line=False, lit=True)
        hill = curve(
            [
                (x + 5, y + high * 0.72),
                (x + wide * 0.3, y + high * 0.58),
                (x + wide * 0.6, y + high * 0.76),
                (x + wide - 5, y + high * 0.62),
            ],
            6,
        )
        c.poly([*map(tuple, hill), (x + wide - 5, y + high - 5), (x + 5, y + high - 5)], green, line=False)
        c.rect(x + wide / 2 - 2, y + 4, x + wide / 2 + 2, y + high - 4, WHITE, line=False)
        c.poly(
            [(x + wide * 0.18, y + 5), (x + wide * 0.34, y + 5), (x + wide * 0.2, y + high - 5), (x + 5, y + high - 5)], WHITE, alpha=0.22
        )
        c.rect(x - 6, y + high - 2, x + wide + 6, y + high + 5, mix(WHITE, rgb("cfc4b4"), 0.4), 2)
    if ink.chance(0.6):
        _curtains(stage, x, y, wide, high)


def _curtains(stage: Stage, x: float, y: float, wide: float, high: float) -> None:
    c, color = stage.canvas, lighter(stage.ink.accent(), 0.25)
    c.rect(x - 18, y - 10, x + wide + 18, y - 7, rgb("8a6a4c"), 1.5)
    for side in (0, 1):
        edge = x - 14 if side == 0 else x + wide + 14
        sign = 1 if side == 0 else -1
        c.poly(rounded([(edge, y - 8), (edge + sign * 22, y - 8), (edge + sign * 15, y + high + 10), (edge, y + high + 10)], 2), color)
        for k in (5, 11):
            c.poly(
                [
                    (edge + sign * k, y - 6),
                    (edge + sign * (k + 2), y - 6),
                    (edge + sign * (k * 0.8 + 1.4), y + high + 9),
                    (edge + sign * k * 0.8, y + high + 9),
                ],
                darker(color, 0.12),
            )

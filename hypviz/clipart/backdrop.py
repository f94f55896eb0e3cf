"""Unlabelled scenery under the sky: hills, water, streets."""

from __future__ import annotations

import numpy as np

from .palette import CREAM, WHITE, Color, darker, lighter, mix, rgb
from .shapes import curve, oval, stroke
from .stage import HIGH, WIDE, Stage

FAR = 40  # scenery is drawn this far beyond the sheet


def sky(stage: Stage, horizon: float) -> None:
    """Gradient with sun or moon, clouds or stars."""
    c, ink = stage.canvas, stage.ink
    top, bottom = c.style.sky
    c.gradient(0, horizon + 2, top, bottom, graded=False)
    x, y = ink.span(60, WIDE - 60), ink.span(34, 70)
    if c.style.night:
        for _ in range(26):
            c.oval(ink.span(0, WIDE), ink.span(0, horizon * 0.8), ink.span(0.6, 1.3), WHITE, lit=True)
        c.glow(x, y, 44, CREAM, 0.07)
        c.oval(x, y, 17, rgb("fdf3cf"), lit=True)
        c.oval(x + 6, y - 4, 14, mix(top, rgb("fdf3cf"), 0.12), lit=True)
        return
    if ink.chance(0.55) or c.style.name == "sunset":
        low = horizon - 34 if c.style.name == "sunset" else y
        c.glow(x, low, 58, rgb("fff0b8"), 0.12)
        c.oval(x, low, 21, rgb("ffe08a") if c.style.name != "sunset" else rgb("ffd08a"), lit=True)
    for _ in range(ink.count(2, 4)):
        _cloud(stage, ink.span(0, WIDE), ink.span(24, horizon * 0.5), ink.span(0.6, 1.25), mix(bottom, WHITE, 0.75))
    for _ in range(ink.count(0, 3)):
        _far_bird(stage, ink.span(20, WIDE - 20), ink.span(20, horizon * 0.6), ink.span(5, 8))


def _far_bird(stage: Stage, x: float, y: float, size: float) -> None:
    wings = curve(
        [
            (x - size, y - size * 0.35),
            (x - size * 0.4, y - size * 0.45),
            (x, y),
            (x + size * 0.4, y - size * 0.45),
            (x + size, y - size * 0.35),
        ],
        4,
    )
    stage.canvas.poly(stroke(wings, 1.5), rgb("4a5a78"), alpha=0.6)


def _cloud(stage: Stage, x: float, y: float, size: float, color: Color) -> None:
    with stage.canvas.frame(x, y, scale=size):
        for dx, dy, r in ((-24, -5, 11), (-6, -13, 17), (16, -8, 13)):
            stage.canvas.oval(dx, dy, r, color, lit=True)
        stage.canvas.rect(-40, -11, 36, 4, color, 8, lit=True)


def ridge(stage: Stage, y: float, height: float, color: Color, *, bumps: int = 5) -> None:
    """Line of hills that rises up to `height` above y."""
    ink = stage.ink
    xs = np.linspace(-FAR, WIDE + FAR, bumps + 2)
    points = [(float(x), y - height * ink.span(0.15, 1.0)) for x in xs]
    stage.canvas.poly([*map(tuple, curve(points, 8)), (WIDE + FAR, y + 30), (-FAR, y + 30)], color)


def hills(stage: Stage, y: float, *, rows: int = 2) -> None:
    """Hills in paler and paler colours towards the horizon."""
    air, near = stage.canvas.style.sky[1], stage.ink.palette.ground
    for i in range(rows):
        share = 0.62 - 0.34 * i / max(rows - 1, 1)
        ridge(stage, y + i * 8, 62 - 26 * i, mix(darker(near, 0.12), air, share), bumps=4 + i)


def treeline(stage: Stage, y: float) -> None:
    """Row of distant trees."""
    c, ink = stage.canvas, stage.ink
    color = mix(ink.foliage(), c.style.sky[1], 0.42)
    x = -20.0
    while x < WIDE + 20:
        r = ink.span(13, 24)
        c.oval(x, y - r * 0.7, r, color if ink.chance(0.6) else darker(color, 0.05))
        x += r * ink.span(0.8, 1.3)
    c.rect(-FAR, y - 12, WIDE + FAR, y + 6, color)


def skyline(stage: Stage, y: float) -> None:
    """Distant town in two tones."""
    c, ink = stage.canvas, stage.ink
    top, air = c.style.sky
    for layer in range(2):
        color = mix(mix(rgb("6b83ac"), top, 0.35), air, 0.7 - 0.25 * layer)
        x = -10.0
        while x < WIDE:
            wide, high = ink.span(28, 60), ink.span(50, 130) * (1.15 - 0.4 * layer)
            c.rect(x, y - high, x + wide, y + 4, color)
            if ink.chance(0.3):
                c.poly([(x, y - high), (x + wide / 2, y - high - 14), (x + wide, y - high)], color)
            if layer:
                _far_windows(stage, x, y - high, wide, high, lighter(color, 0.22))
            x += wide + ink.span(-2, 14)


def _far_windows(stage: Stage, x: float, y: float, wide: float, high: float, color: Color) -> None:
    for row in range(int(high // 16)):
        for column in range(int(wide // 14)):
            if stage.ink.chance(0.55):
                left, top = x + 5 + column * 13, y + 7 + row * 15
                stage.canvas.rect(left, top, left + 5, top + 7, color)


def ground(stage: Stage, y: float, color: Color, *, tufts: int = 14) -> None:
    """Meadow from y down, with tufts of grass."""
    c, ink = stage.canvas, stage.ink
    c.gradient(y, HIGH, mix(color, CREAM, 0.12), darker(color, 0.12))
    for _ in range(tufts):
        x, ty = ink.span(0, WIDE), ink.span(y + 10, HIGH - 6)
        size, shade = 0.6 + 0.6 * (ty - y) / (HIGH - y), darker(color, ink.span(0.1, 0.22))
        for lean in (-3, 0, 3):
            c.poly([(x - 1.5 * size, ty), (x + 1.5 * size, ty), (x + lean * size, ty - 8 * size)], shade)


def path(stage: Stage, y: float, color: Color) -> None:
    """Winding footpath that comes towards the viewer."""
    x = stage.ink.span(140, WIDE - 140)
    bend = stage.ink.span(-120, 120)
    left = curve([(x - 8, y), (x + bend * 0.5 - 24, y + 40), (x + bend * 0.2 - 66, HIGH + 10)], 8)
    right = curve([(x + 8, y), (x + bend * 0.5 + 26, y + 40), (x + bend * 0.2 + 88, HIGH + 10)], 8)
    stage.canvas.poly([*map(tuple, left), *map(tuple, right[::-1])], color)


def road(stage: Stage, y: float) -> None:
    """Pavement, kerb and a road with a broken line."""
    c = stage.canvas
    c.gradient(y, y + 30, rgb("d9d4cc"), rgb("cbc6bf"))
    for x in range(-20, WIDE + 40, 44):
        c.poly([(x, y), (x + 1.4, y), (x - 10, y + 24), (x - 12, y + 24)], rgb("b9b3ab"))
    c.rect(-FAR, y + 24, WIDE + FAR, y + 31, rgb("b3aea8"))
    c.gradient(y + 31, HIGH, rgb("6f7686"), rgb("5c6373"))
    middle = (y + 31 + HIGH) / 2 + 14
    for x in range(-30, WIDE, 84):
        c.poly([(x + 6, middle), (x + 52, middle), (x + 46, middle + 7), (x, middle + 7)], rgb("f3eedd"))


def sea(stage: Stage, y0: float, y1: float, color: Color) -> None:
    """Water with a pale horizon and short waves."""
    c, ink = stage.canvas, stage.ink
    air = c.style.sky[1]
    c.gradient(y0, y1, mix(color, lighter(air, 0.1), 0.42), darker(color, 0.05))
    c.rect(-FAR, y0 - 0.6, WIDE + FAR, y0 + 1.2, mix(color, WHITE, 0.5), alpha=0.6)
    for _ in range(26):
        y = ink.span(y0 + 6, y1 - 3)
        near = (y - y0) / (y1 - y0)
        c.poly(oval(ink.span(0, WIDE), y, 8 + 18 * near, 0.8 + 1.0 * near), WHITE, alpha=0.34)


def sand(stage: Stage, y: float) -> None:
    """Beach with a wet edge, foam, pebbles and starfish-like specks."""
    c, ink = stage.canvas, stage.ink
    points = [(float(x), y + ink.span(-4, 4)) for x in np.linspace(-FAR, WIDE + FAR, 7)]
    shore = curve(points, 6)
    for lift, color in ((-5.0, WHITE), (0.0, rgb("d9b98a")), (6.0, rgb("f2d9a8"))):
        c.poly([*[(px, py + lift) for px, py in shore], (WIDE + FAR, HIGH + 20), (-FAR, HIGH + 20)], color)
    c.gradient(y + 60, HIGH, rgb("f2d9a8"), rgb("e9c98f"))
    for _ in range(34):
        c.oval(ink.span(0, WIDE), ink.span(y + 16, HIGH), ink.span(0.7, 1.8), rgb("d6b47c"))


def quay(stage: Stage, y: float) -> None:
    """Stone quay with bollards' shadows and planks."""
    c = stage.canvas
    c.rect(-FAR, y, WIDE + FAR, HIGH + 10, rgb("b9ab97"))
    c.rect(-FAR, y, WIDE + FAR, y + 9, rgb("d3c6b1"))
    c.rect(-FAR, y + 9, WIDE + FAR, y + 12, rgb("94876f"), alpha=0.6)
    for row, top in enumerate(range(int(y) + 12, HIGH + 10, 24)):
        c.rect(-FAR, top + 23, WIDE + FAR, top + 24.2, rgb("a39580"))
        for x in range(-30 + 30 * (row % 2), WIDE + 30, 62):
            c.rect(x, top, x + 1.3, top + 23, rgb("a39580"))

"""Things on wheels, seen from the side, driving to the right."""

from __future__ import annotations

from .canvas import Canvas
from .palette import CREAM, INK, RUBBER, STEEL, Color, darker, lighter, rgb
from .parts import furniture_leg, glass, handle, headlight, wheel
from .registry import Ink, drawable
from .shapes import curve, oval, ring, rounded, smooth


def _side_window(c: Canvas, ink: Ink, points: list[tuple[float, float]]) -> None:
    with c.part("window"):
        c.poly(rounded(points, 3), darker(CREAM, 0.08))
        cx, cy = sum(p[0] for p in points) / 4, sum(p[1] for p in points) / 4
        glass(c, ink, [(cx + (x - cx) * 0.86, cy + (y - cy) * 0.82) for x, y in points], lit=False)


def _bumpers(c: Canvas, left: float, right: float, y: float) -> None:
    c.rect(left - 2, y - 4, left + 14, y + 3, STEEL, 3)
    c.rect(right - 14, y - 4, right + 2, y + 3, STEEL, 3)


@drawable("car", 164, 68)
def car(c: Canvas, ink: Ink) -> None:
    """Hatchback, saloon or small van."""
    paint = ink.accent()
    back, top = ink.pick([(-76, -70), (-52, -64), (-58, -68)])
    cabin = [(back, -36), (back + 14, top), (24, top), (50, -36)]
    c.poly(rounded(cabin, 9), darker(paint, 0.06))
    c.poly(rounded([(-80, -12), (-80, -34), (-70, -41), (52, -41), (80, -32), (82, -12)], 9), paint)
    c.rect(-80, -21, 82, -12, darker(paint, 0.2), (0, 0, 5, 5), line=False)
    c.rect(-74, -39.5, 50, -37, lighter(paint, 0.35), 1, line=False)
    split = (back + 60) / 2 - 14
    _side_window(c, ink, [(back + 8, -40), (back + 18, top + 6), (split - 3, top + 6), (split - 3, -40)])
    with c.part("door"):
        c.poly(rounded([(split, -14), (split, -40), (split + 40, -40), (split + 36, -14)], 4), lighter(paint, 0.12))
        handle(c, split + 9, -33, color=CREAM, wide=11, high=6.5)
    _side_window(c, ink, [(split + 2, -42), (split + 2, top + 6), (21, top + 6), (42, -42)])
    _bumpers(c, -80, 82, -13)
    headlight(c, 77, -28, wide=8, high=11)
    c.rect(-80, -33, -75, -23, rgb("d8433b"), 2, line=False)
    for x in (-48, 50):
        c.poly(oval(x, -15, 19, start=0.5, end=1.0), darker(paint, 0.45), line=False)
        wheel(c, ink, x, -15, 15)


@drawable("bus", 214, 96)
def bus(c: Canvas, ink: Ink) -> None:
    """City bus with a row of windows and one door."""
    paint = ink.accent()
    c.rect(-106, -94, 106, -12, paint, (14, 16, 6, 6))
    c.rect(-106, -38, 106, -30, CREAM, line=False)
    c.rect(-106, -22, 106, -12, darker(paint, 0.22), (0, 0, 6, 6), line=False)
    c.rect(-92, -91.5, 88, -88, lighter(paint, 0.35), 1.5, line=False)
    number = 2
    wide = 138 / number
    for i in range(number):
        x = -98 + i * wide
        _side_window(c, ink, [(x, -44), (x, -80), (x + wide - 6, -80), (x + wide - 6, -44)])
    with c.part("door"):
        c.rect(44, -82, 74, -14, darker(paint, 0.32), 4)
        glass(c, ink, [(48, -77), (57, -77), (57, -32), (48, -32)], lit=False)
        glass(c, ink, [(61, -77), (70, -77), (70, -32), (61, -32)], lit=False)
        handle(c, 59, -24, color=CREAM, wide=7, high=12)
    glass(c, ink, [(80, -42), (80, -80), (101, -80), (104, -42)], lit=False)
    headlight(c, 101, -24, wide=9, high=10)
    c.rect(-107, -30, -102, -20, rgb("d8433b"), 2, line=False)
    for x in (-66, 16):
        c.poly(oval(x, -16, 21, start=0.5, end=1.0), darker(paint, 0.45), line=False)
        wheel(c, ink, x, -16, 16)


@drawable("truck", 200, 92)
def truck(c: Canvas, ink: Ink) -> None:
    """Delivery truck: box body behind, cabin in front."""
    paint, box = ink.accent(), ink.pick([CREAM, ink.accent(), lighter(ink.accent(), 0.5)])
    c.rect(-100, -22, 94, -13, darker(STEEL, 0.35), 2)
    c.rect(-100, -90, 32, -20, box, 4)
    c.rect(-100, -34, 32, -20, darker(box, 0.14), (0, 0, 4, 4), line=False)
    c.rect(-86, -76, 18, -46, paint, 5, line=False)
    c.oval(-34, -61, 11, CREAM, line=False)
    c.oval(-34, -61, 6, darker(paint, 0.15), line=False)
    with c.part("cabin"):
        c.poly(rounded([(37, -14), (37, -78), (72, -78), (86, -46), (98, -42), (98, -14)], 7), paint)
        c.rect(37, -24, 98, -14, darker(paint, 0.2), (0, 0, 4, 4), line=False)
        _side_window(c, ink, [(45, -46), (45, -70), (67, -70), (77, -46)])
        handle(c, 50, -37, color=CREAM, wide=12, high=6.5)
        headlight(c, 92, -29, wide=8, high=10)
    for x in (-64, 62):
        c.poly(oval(x, -16, 20, start=0.5, end=1.0), darker(INK, 0.1), line=False)
        wheel(c, ink, x, -16, 16)


def _spoked_wheel(c: Canvas, x: float, y: float, r: float, color: Color) -> None:
    with c.part("wheel"):
        for turn in range(4):
            with c.frame(x, y, turn=turn / 8):
                c.rect(-r * 0.9, -0.5, r * 0.9, 0.5, STEEL, line=False)
        c.poly(ring(x, y, r, r * 0.84), RUBBER)
        c.poly(ring(x, y, r * 0.85, r * 0.77), color, line=False)
        c.oval(x, y, max(4, r * 0.19), STEEL)
        c.oval(x, y, r * 0.08, darker(STEEL, 0.4), line=False)


@drawable("bicycle", 116, 74, shadow=0.46)
def bicycle(c: Canvas, ink: Ink) -> None:
    """City bicycle, sometimes with a basket."""
    paint = ink.accent()
    for x in (-35, 35):
        _spoked_wheel(c, x, -22, 22, lighter(paint, 0.45))
    with c.part("frame"):
        for a, b in (
            ((-35, -22), (-14, -52)),
            ((-35, -22), (-4, -22)),
            ((-4, -22), (-17, -58)),
            ((-4, -22), (26, -54)),
            ((-14, -50), (26, -54)),
            ((35, -22), (24, -62)),
        ):
            c.stroke([a, b], 3.6, paint)
    c.oval(-4, -22, 6, darker(STEEL, 0.3))
    c.rect(-6, -22, -2, -9, darker(STEEL, 0.5), 1.5)
    c.rect(-10, -10, 2, -7, RUBBER, 1.5)
    with c.part("saddle"):
        c.poly(rounded([(-31, -64), (-30, -58), (-12, -57), (-3, -61), (-10, -63)], 3), darker(ink.wood(), 0.3))
    with c.part("handlebar"):
        c.stroke(curve([(24, -62), (23, -72), (14, -76), (6, -74)]), 3.4, STEEL)
        c.rect(3, -77, 13, -71.5, RUBBER, 2.6)
    if ink.chance(0.5):
        with c.part("basket"):
            c.poly(rounded([(30, -68), (58, -68), (54, -48), (34, -48)], 3), rgb("c99a5f"))
            for x in (38, 44, 50):
                c.rect(x, -66, x + 1.5, -49, rgb("9d7140"), line=False)
            c.rect(29, -70, 59, -65, rgb("b5834c"), 2)


@drawable("tractor", 140, 100)
def tractor(c: Canvas, ink: Ink) -> None:
    """Tractor with a big wheel behind and a small one in front."""
    paint = ink.pick([rgb("d8433b"), rgb("3f9a5a"), rgb("3a7fc4"), ink.accent()])
    with c.part("exhaust"):
        c.rect(38, -88, 44.5, -52, darker(STEEL, 0.5), 2)
        c.rect(36.5, -92, 46, -84, darker(STEEL, 0.6), 2)
    with c.part("cabin"):
        c.poly(rounded([(-52, -40), (-46, -94), (6, -94), (14, -40)], 5), darker(paint, 0.1))
        _side_window(c, ink, [(-44, -50), (-40, -86), (1, -86), (8, -50)])
        c.rect(-16, -88, -12, -48, darker(paint, 0.1), line=False)
        c.rect(-56, -100, 12, -92, lighter(paint, 0.1), 4)
    c.poly(rounded([(-50, -22), (-50, -46), (10, -56), (60, -52), (66, -44), (66, -22)], 7), paint)
    c.rect(-40, -29, 66, -22, darker(paint, 0.25), 3, line=False)
    for x in (22, 30, 38):
        c.rect(x, -47, x + 4, -34, darker(paint, 0.3), 1.5, line=False)
    headlight(c, 62, -42, wide=8, high=9)
    c.poly(rounded(curve([(-72, -42), (-60, -64), (-36, -68), (-12, -52), (-8, -36)]), 2), darker(paint, 0.14))
    wheel(c, ink, -38, -29, 29, rim=rgb("f0c244"))
    wheel(c, ink, 48, -16, 16, rim=rgb("f0c244"))


@drawable("wheelbarrow", 104, 54, shadow=0.42)
def wheelbarrow(c: Canvas, ink: Ink) -> None:
    """Wheelbarrow full of earth and plants."""
    paint = ink.accent()
    c.poly(smooth([(-34, -44), (-16, -56), (4, -53), (24, -58), (40, -44), (0, -36)]), rgb("7a5a44"), line=False)
    for x, y in ((-14, -54), (6, -54), (24, -56)):
        c.oval(x, y, 6, ink.foliage(), line=False)
    with c.part("tray"):
        c.poly(rounded([(-44, -46), (48, -46), (28, -20), (-24, -20)], 5), paint)
        c.poly([(-35, -33), (-24, -20), (28, -20), (38, -33)], darker(paint, 0.14), line=False)
        c.rect(-46, -48, 50, -43, lighter(paint, 0.2), 2)
    with c.part("handle"):
        c.stroke([(-20, -22), (-62, -34)], 4.5, ink.wood())
        c.stroke([(-50, -31), (-64, -35)], 6.5, RUBBER)
    furniture_leg(c, -18, -22, darker(STEEL, 0.45), wide=5, lean=-3)
    c.stroke([(20, -22), (40, -13)], 4, darker(STEEL, 0.4))
    wheel(c, ink, 40, -14, 14)

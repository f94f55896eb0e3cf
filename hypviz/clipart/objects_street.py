"""Things that stand along streets and in parks."""

from __future__ import annotations

from .canvas import Canvas
from .palette import CREAM, LAMPLIGHT, STEEL, WHITE, darker, lighter, mix, rgb
from .parts import furniture_leg, handle, lamp_glow
from .registry import Ink, drawable
from .shapes import curve, oval, rounded, smooth

IRON = rgb("4b5263")


@drawable("street lamp", 44, 150, shadow=0.4)
def street_lamp(c: Canvas, ink: Ink) -> None:
    """Iron lamp with one or two heads."""
    with c.part("pole"):
        c.rect(-2.6, -122, 2.6, -4, IRON, 1)
        c.rect(-8, -10, 8, 0, IRON, 3)
        c.rect(-5, -40, 5, -35, IRON, 2)
    with c.part("lamp head"):
        c.rect(-11, -124, 11, -119, IRON, 2)
        with c.part("bulb"):
            c.poly(rounded([(-8, -124), (-13, -144), (13, -144), (8, -124)], 3), LAMPLIGHT, lit=c.style.night)
        c.poly(rounded([(-16, -143), (0, -154), (16, -143)], 3), IRON)
    lamp_glow(c, 0, -134, 56)


@drawable("traffic light", 34, 138, shadow=0.4)
def traffic_light(c: Canvas, ink: Ink) -> None:
    """Three lamps, one of them on."""
    on = ink.count(0, 2)
    with c.part("pole"):
        c.rect(-3, -84, 3, -2, darker(STEEL, 0.4), 1)
        c.rect(-9, -8, 9, 0, darker(STEEL, 0.55), 3)
    with c.part("lamp head"):
        c.rect(-16, -138, 16, -78, rgb("3a4152"), 7)
        for i, color in enumerate(("f0524a", "f7b93e", "43b86c")):
            y = -126 + i * 18
            shown = rgb(color) if i == on else mix(rgb(color), rgb("2a2f3d"), 0.62)
            with c.part("bulb"):
                c.oval(0, y, 7.2, shown, line=False, lit=i == on)
            if i == on:
                c.glow(0, y, 16, shown, 0.1)


@drawable("bench", 112, 56, shadow=0.5)
def bench(c: Canvas, ink: Ink) -> None:
    """Wooden bench on iron legs."""
    wood = ink.wood()
    for x in (-38, 38):
        furniture_leg(c, x, -26, IRON, wide=8)
    with c.part("backrest"):
        for x in (-38, 38):
            c.rect(x - 2.5, -56, x + 2.5, -24, IRON, 1)
        for y in (-56, -44):
            c.rect(-52, y, 52, y + 9, wood, 2.5)
            c.rect(-52, y + 6, 52, y + 9, darker(wood, 0.14), (0, 0, 2.5, 2.5), line=False)
    with c.part("seat"):
        c.rect(-56, -31, 56, -22, lighter(wood, 0.12), 3)
        c.rect(-56, -25, 56, -22, darker(wood, 0.2), (0, 0, 3, 3), line=False)


@drawable("mailbox", 40, 84, shadow=0.5)
def mailbox(c: Canvas, ink: Ink) -> None:
    """Round-topped letter box on a foot."""
    paint = ink.accent()
    with c.part("stand"):
        c.rect(-5, -32, 5, -3, IRON)
        c.rect(-13, -6, 13, 0, IRON, 3)
    c.rect(-19, -82, 19, -28, paint, (18, 18, 3, 3))
    c.rect(7, -76, 19, -28, darker(paint, 0.13), (0, 12, 3, 0), line=False)
    with c.part("paper"):
        c.poly([(-11, -71), (11, -74), (11, -63), (-11, -63)], WHITE)
    c.rect(-14, -65, 14, -60, darker(paint, 0.4), 2)
    with c.part("door"):
        c.rect(-12, -53, 12, -33, lighter(paint, 0.14), 3)
        handle(c, 0, -43, color=CREAM, wide=9, high=7)


@drawable("fountain", 132, 104, shadow=0.54)
def fountain(c: Canvas, ink: Ink) -> None:
    """Stone fountain with two basins and jets of water."""
    stone, water = ink.stone(), rgb("8fd3ee")
    with c.part("jet"):
        for side in (-1, 1):
            c.stroke(curve([(0, -66), (side * 8, -100), (side * 24, -96), (side * 31, -64)]), 4.5, water, 3, line=False)
        c.stroke(curve([(0, -64), (0, -86), (0, -104)]), 6, lighter(water, 0.4), 2, line=False)
    with c.part("basin"):
        c.poly(smooth([(-38, -66), (38, -66), (28, -52), (8, -46), (-8, -46), (-28, -52)]), stone)
        c.oval(0, -65, 38, lighter(stone, 0.3), 6)
        c.oval(0, -65, 33, water, 4, line=False)
    c.poly([(-7, -48), (7, -48), (10, -22), (-10, -22)], darker(stone, 0.1))
    with c.part("basin"):
        c.poly(rounded([(-66, -26), (66, -26), (58, 0), (-58, 0)], 6), darker(stone, 0.05))
        c.poly([(-62, -10), (62, -10), (58, 0), (-58, 0)], darker(stone, 0.18), line=False)
        c.oval(0, -26, 66, lighter(stone, 0.25), 9)
        c.oval(0, -26, 59, water, 6.5, line=False)
        c.poly(oval(-20, -26, 18, 2), WHITE, alpha=0.6)


@drawable("swing", 120, 118, shadow=0.0)
def swing(c: Canvas, ink: Ink) -> None:
    """Two-legged frame with one seat on ropes."""
    paint, seat = ink.accent(), ink.accent()
    for side in (-1, 1):
        with c.part("leg"):
            c.stroke([(side * 44, -112), (side * 58, 0)], 6, paint)
            c.stroke([(side * 44, -112), (side * 34, 0)], 6, darker(paint, 0.14))
    c.rect(-52, -118, 52, -109, paint, 4)
    lean = ink.span(-12, 12)
    for x in (-14, 14):
        c.stroke([(x, -110), (x + lean, -32)], 2, rgb("8a8f9c"))
    with c.part("seat"):
        c.rect(lean - 20, -35, lean + 20, -27, seat, 3)


@drawable("slide", 150, 106, shadow=0.5)
def slide(c: Canvas, ink: Ink) -> None:
    """Playground slide with a ladder and a little roof."""
    paint, ladder = ink.accent(), ink.accent()
    with c.part("ladder"):
        for x in (-58, -38):
            c.rect(x - 2.2, -76, x + 2.2, 0, ladder, 1.5)
        for y in range(-66, -4, 14):
            c.rect(-58, y, -38, y + 4, ladder, 1)
    c.rect(-34, -72, -28, 0, darker(ladder, 0.2), 1)
    c.poly(
        smooth([(-36, -74), (-14, -70), (22, -34), (48, -10), (72, -9), (72, -2), (44, -3), (12, -30), (-18, -60), (-36, -66)], 5), paint
    )
    c.poly(
        smooth([(-36, -78), (-12, -76), (26, -40), (50, -17), (72, -16), (72, -11), (48, -11), (22, -34), (-14, -70), (-36, -73)], 5),
        lighter(paint, 0.25),
    )
    c.rect(-60, -74, -28, -68, darker(paint, 0.2), 2)
    for x in (-58, -32):
        c.rect(x - 1.6, -98, x + 1.6, -72, ladder, line=False)
    with c.part("roof"):
        c.poly(rounded([(-68, -94), (-45, -116), (-22, -94)], 3), ink.accent())

"""Things of kitchens and offices."""

from __future__ import annotations

from .canvas import Canvas
from .palette import CREAM, RUBBER, STEEL, WHITE, darker, lighter, rgb
from .parts import drawer, handle
from .registry import Ink, drawable
from .shapes import curve, oval, rounded, smooth

DARK = rgb("3a4152")


@drawable("cabinet", 120, 88, shadow=0.52)
def cabinet(c: Canvas, ink: Ink) -> None:
    """Low cupboard: drawers above doors, a worktop on it."""
    paint = ink.pick([CREAM, lighter(ink.accent(), 0.35), ink.wood(), rgb("dfe6e8")])
    c.rect(-58, -80, 58, 0, darker(paint, 0.1))
    c.rect(-54, -6, 54, 0, darker(paint, 0.45), line=False)
    number = ink.pick([0, 1, 0])
    for i in range(2):
        x0, x1 = -55 + i * 56, -2 + i * 56
        if i < number:
            drawer(c, x0 + 1, -77, x1, -58, paint)
        with c.part("door"):
            c.rect(x0 + 1, -55 if i < number else -77, x1, -9, paint, 2)
            c.rect(x0 + 8, -48 if i < number else -70, x1 - 7, -16, darker(paint, 0.06), 2, line=False)
            handle(c, x1 - 6 if i == 0 else x0 + 7, -38, color=STEEL, wide=6.5, high=16)
    c.rect(-62, -88, 62, -79, ink.pick([rgb("8f5e38"), rgb("5d6577"), rgb("cf9d63")]), 2)


@drawable("fridge", 82, 166, shadow=0.52)
def fridge(c: Canvas, ink: Ink) -> None:
    """Fridge with a freezer door and notes on it."""
    paint = ink.pick([rgb("eef2f4"), lighter(ink.accent(), 0.3), ink.accent()])
    for x in (-30, 30):
        c.rect(x - 5, -6, x + 5, 0, DARK)
    c.rect(-40, -166, 40, -4, darker(paint, 0.14), 7)
    for y0, y1 in ((-163, -112), (-108, -8)):
        with c.part("door"):
            c.rect(-38, y0, 38, y1, paint, 5)
            c.rect(28, y0, 38, y1, darker(paint, 0.07), (0, 5, 5, 0), line=False)
            handle(c, -29, y1 - 24 if y1 < -50 else y0 + 26, color=STEEL, wide=7, high=32)
            if y1 > -50:
                for x, y in ink.some([(-4, -88), (14, -74), (-2, -62), (14, -94)], 2):
                    c.rect(x - 6, y - 6, x + 6, y + 7, ink.pick([rgb("fff1a8"), WHITE, lighter(ink.accent(), 0.4)]), 1, line=False)


@drawable("stove", 96, 96, shadow=0.52)
def stove(c: Canvas, ink: Ink) -> None:
    """Cooker with knobs and an oven door, usually with a pot or a kettle on it."""
    paint = ink.pick([rgb("eef2f4"), rgb("4b5263"), lighter(ink.accent(), 0.2)])
    if ink.chance(0.5):
        with c.frame(ink.pick([-20, 20]), -92):
            cooking_pot(c, ink)
    c.rect(-48, -92, 48, 0, paint, 4)
    c.rect(-48, -6, 48, 0, DARK, line=False)
    c.rect(-50, -95, 50, -88, DARK, 2)
    for x in (-30, 30):
        with c.part("knob"):
            c.oval(x, -76, 6, darker(STEEL, 0.25))
            c.rect(x - 1, -81, x + 1, -76, WHITE, line=False)
    with c.part("door"):
        c.rect(-41, -63, 41, -12, darker(paint, 0.12), 4)
        c.rect(-30, -46, 30, -19, rgb("2b3040"), 4, line=False)
        c.rect(-26, -42, 26, -23, rgb("f2a24b") if ink.chance(0.5) else rgb("566077"), 3, line=False)
        handle(c, 0, -55, color=STEEL, wide=56, high=6.5)


def cooking_pot(c: Canvas, ink: Ink) -> None:
    """Pot with two handles and a lid, as a part of a stove."""
    paint = ink.accent()
    with c.part("pot"):
        for side in (-1, 1):
            c.rect(min(side * 16, side * 24), -18, max(side * 16, side * 24), -12, DARK, 3)
        c.rect(-18, -24, 18, 0, paint, (2, 2, 5, 5))
        c.rect(8, -22, 18, -2, darker(paint, 0.16), (0, 0, 5, 0), line=False)
        with c.part("lid"):
            c.poly(oval(0, -24, 19, 9, start=0.5, end=1.0), lighter(paint, 0.25))
            c.oval(0, -34, 4, DARK)


@drawable("kettle", 66, 62, shadow=0.44)
def kettle(c: Canvas, ink: Ink) -> None:
    """Kettle or teapot with a spout, a lid and a handle."""
    paint = ink.accent()
    with c.part("handle"):
        c.stroke(curve([(-14, -34), (-34, -36), (-34, -12), (-16, -10)], 6), 5.5, darker(paint, 0.3))
    with c.part("spout"):
        c.poly(smooth([(14, -10), (24, -18), (28, -36), (36, -38), (34, -20), (22, -2)], 5), darker(paint, 0.12))
    c.poly(smooth([(-20, -2), (-23, -22), (-12, -39), (12, -39), (23, -22), (20, -2)]), paint)
    c.poly(oval(-9, -24, 5, 9), WHITE, alpha=0.35)
    with c.part("lid"):
        c.poly(oval(0, -37, 14, 9, start=0.5, end=1.0), darker(paint, 0.14))
        c.oval(0, -48, 4.5, DARK)


@drawable("desk", 184, 78, shadow=0.5)
def desk(c: Canvas, ink: Ink) -> None:
    """Desk with a block of drawers."""
    wood = ink.wood()
    for x in (-82, -68):
        c.rect(x, -68, x + 6, 0, darker(wood, 0.2))
    c.rect(22, -70, 86, 0, darker(wood, 0.1), 2)
    number = 2
    high = 60 / number
    for i in range(number):
        drawer(c, 26, -66 + i * high, 82, -66 + (i + 1) * high - 4, lighter(wood, 0.12))
    c.rect(-92, -78, 92, -68, lighter(wood, 0.18), 3)
    c.rect(-92, -71, 92, -68, darker(wood, 0.18), (0, 0, 3, 3), line=False)


@drawable("office chair", 72, 104, shadow=0.44)
def office_chair(c: Canvas, ink: Ink) -> None:
    """Swivel chair on castors."""
    cloth = ink.accent()
    with c.part("stand"):
        c.rect(-3.5, -42, 3.5, -14, darker(STEEL, 0.35))
        for side in (-1, 1):
            c.poly([(0, -22), (0, -14), (side * 28, -8), (side * 29, -13)], DARK)
    for x in (-27, 0, 27):
        castor(c, x)
    with c.part("backrest"):
        c.rect(-25, -104, 25, -50, cloth, 12)
        c.rect(-18, -97, 18, -62, darker(cloth, 0.1), 9, line=False)
    for side in (-1, 1):
        c.rect(min(side * 27, side * 36), -68, max(side * 27, side * 36), -61, DARK, 3)
        c.rect(min(side * 30, side * 33), -62, max(side * 30, side * 33), -44, DARK)
    with c.part("seat"):
        c.rect(-30, -53, 30, -39, lighter(cloth, 0.1), 6)
        c.rect(-30, -45, 30, -39, darker(cloth, 0.22), (0, 0, 6, 6), line=False)


def castor(c: Canvas, x: float) -> None:
    """Small wheel under a chair."""
    with c.part("wheel"):
        c.oval(x, -6.4, 6.4, RUBBER)
        c.oval(x, -6.4, 3.2, STEEL, line=False)


@drawable("computer", 92, 80, shadow=0.0)
def computer(c: Canvas, ink: Ink) -> None:
    """Screen on a stand with a keyboard before it."""
    shell = ink.pick([rgb("e6eaee"), DARK])
    with c.part("stand"):
        c.rect(-5, -24, 5, -6, darker(STEEL, 0.2))
        c.rect(-20, -9, 20, -4, darker(STEEL, 0.1), 2)
    with c.part("screen"):
        c.rect(-42, -80, 42, -22, shell, 4)
        c.rect(-37, -75, 37, -30, rgb("33415f"), 2, line=False, lit=c.style.night)
        c.rect(-33, -71, -8, -34, rgb("4f6a9a"), 2, line=False)
        for i in range(4):
            c.rect(-2, -69 + i * 9, 32 - 7 * (i % 3), -65 + i * 9, (ink.accent(), rgb("8fa3c9"))[i % 2], 1.5, line=False)
    with c.part("keyboard"):
        c.rect(-38, -8, 22, 0, rgb("f1f3f5"), 2)
        for x in range(-35, 20, 5):
            c.rect(x, -6.4, x + 3.4, -1.6, rgb("aab3c0"), 0.8, line=False)
    c.oval(32, -3.5, 6, rgb("f1f3f5"), 3.5)


@drawable("laptop", 84, 58, shadow=0.0)
def laptop(c: Canvas, ink: Ink) -> None:
    """Open laptop."""
    shell = ink.pick([rgb("c9d1da"), rgb("5a6275")])
    with c.part("screen"):
        c.rect(-32, -58, 32, -9, shell, 4)
        color = ink.accent()
        c.rect(-28, -54, 28, -13, lighter(color, 0.15), 2, line=False, lit=c.style.night)
        c.poly([(-28, -13), (-28, -28), (-6, -40), (12, -24), (28, -34), (28, -13)], darker(color, 0.2), line=False)
    with c.part("keyboard"):
        c.poly(rounded([(-34, -10), (34, -10), (42, 0), (-42, 0)], 2), lighter(shell, 0.2))
        c.poly([(-28, -8), (28, -8), (31, -4), (-31, -4)], darker(shell, 0.3), line=False)


@drawable("printer", 84, 62, shadow=0.0)
def printer(c: Canvas, ink: Ink) -> None:
    """Printer with paper above and a tray below."""
    shell = ink.pick([rgb("e9edf0"), rgb("5a6275")])
    with c.part("paper"):
        c.poly([(-22, -40), (-19, -64), (19, -64), (22, -40)], WHITE)
        for y in (-58, -53, -48):
            c.rect(-13, y, 13, y + 1.4, rgb("c3cad3"), line=False)
    c.rect(-40, -44, 40, -4, shell, 5)
    c.rect(-40, -20, 40, -4, darker(shell, 0.12), (0, 0, 5, 5), line=False)
    c.rect(-29, -22, 29, -14, DARK, 2, line=False)
    with c.part("tray"):
        c.poly([(-27, -15), (27, -15), (33, 0), (-33, 0)], darker(shell, 0.25))
        c.poly([(-21, -13), (21, -13), (24, -4), (-24, -4)], WHITE, line=False)
    for x, color in ((20, "43b86c"), (29, "f7b93e")):
        c.oval(x, -33, 3.7, rgb(color), line=False)


@drawable("whiteboard", 132, 92, shadow=0.0)
def whiteboard(c: Canvas, ink: Ink) -> None:
    """Whiteboard with a chart, notes and a pen tray."""
    c.rect(-66, -92, 66, -6, darker(STEEL, 0.12), 3)
    c.rect(-61, -87, 61, -11, rgb("fbfcfd"), 1, line=False)
    for i, high in enumerate((18, 34, 26, 46)):
        c.rect(-50 + i * 14, -20 - high, -40 + i * 14, -20, ink.accent(), 1, line=False)
    c.rect(-54, -20, 8, -18, rgb("8a93a3"), line=False)
    for x, y in ink.some([(20, -78), (40, -78), (20, -56), (40, -56), (30, -34)], ink.count(2, 3)):
        with c.part("paper"):
            c.rect(x - 2, y, x + 13, y + 15, ink.pick([rgb("ffe58a"), rgb("ffc2c9"), rgb("bde6cf")]), 0.5, line=False)
            c.rect(x + 1, y + 5, x + 10, y + 6.4, rgb("8a8f7a"), line=False)
            c.rect(x + 1, y + 9, x + 7, y + 10.4, rgb("8a8f7a"), line=False)
    with c.part("tray"):
        c.rect(-34, -7, 34, 0, darker(STEEL, 0.3), 2)

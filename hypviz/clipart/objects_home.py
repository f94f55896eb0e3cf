"""Furniture and things of a living room."""

from __future__ import annotations

from .canvas import Canvas
from .palette import CREAM, LAMPLIGHT, WHITE, darker, lighter, mix, rgb
from .parts import drawer, furniture_leg, lamp_glow
from .registry import Ink, drawable
from .shapes import curve, oval, rounded, smooth

DARK = rgb("3a4152")


@drawable("sofa", 190, 88, shadow=0.52)
def sofa(c: Canvas, ink: Ink) -> None:
    """Sofa with cushions."""
    cloth = ink.accent()
    for x in (-78, 78):
        c.poly([(x - 4, -14), (x + 4, -14), (x + 2.5, 0), (x - 2.5, 0)], rgb("74503a"))
    with c.part("backrest"):
        c.rect(-84, -86, 84, -28, darker(cloth, 0.1), 12)
        c.rect(-0.8, -80, 0.8, -40, darker(cloth, 0.24), line=False)
        for x in ink.some([-46, -18, 18, 46], ink.count(1, 2)):
            with c.part("cushion"), c.frame(x, -59, turn=ink.span(-0.03, 0.03)):
                c.rect(-17, -17, 17, 17, ink.accent(), 6)
                c.rect(-10, -10, 10, 10, WHITE, 4, alpha=0.25)
    c.rect(-76, -46, 76, -10, cloth, 6)
    c.rect(-76, -26, 76, -10, darker(cloth, 0.16), (0, 0, 6, 6), line=False)
    for side in (-1, 1):
        with c.part("armrest"):
            c.rect(min(side * 72, side * 95), -60, max(side * 72, side * 95), -10, lighter(cloth, 0.1), (11, 11, 4, 4))


@drawable("armchair", 100, 90, shadow=0.5)
def armchair(c: Canvas, ink: Ink) -> None:
    """Armchair with a high back."""
    cloth, wood = ink.accent(), ink.wood()
    for x in (-34, 34):
        c.poly([(x - 4, -16), (x + 4, -16), (x + 2.5, 0), (x - 2.5, 0)], wood)
    with c.part("backrest"):
        c.rect(-38, -90, 38, -28, darker(cloth, 0.1), 18)
        for x in (-14, 14):
            for y in (-72, -58):
                c.oval(x, y, 1.8, darker(cloth, 0.3), line=False)
    c.rect(-34, -48, 34, -13, cloth, 6)
    c.rect(-34, -28, 34, -13, darker(cloth, 0.15), (0, 0, 6, 6), line=False)
    for side in (-1, 1):
        with c.part("armrest"):
            c.rect(min(side * 30, side * 49), -60, max(side * 30, side * 49), -13, lighter(cloth, 0.1), (9, 9, 4, 4))


@drawable("table", 150, 72, shadow=0.5)
def table(c: Canvas, ink: Ink) -> None:
    """Wooden table, sometimes with a drawer."""
    wood = ink.wood()
    for x in (-60, 60):
        furniture_leg(c, x, -62, darker(wood, 0.14), wide=10)
    c.rect(-62, -62, 62, -44, darker(wood, 0.08))
    if ink.chance(0.6):
        drawer(c, -26, -61, 26, -45, lighter(wood, 0.1))
    c.rect(-75, -72, 75, -62, lighter(wood, 0.12), 3)
    c.rect(-75, -65, 75, -62, darker(wood, 0.2), (0, 0, 3, 3), line=False)


@drawable("chair", 56, 96, shadow=0.46)
def chair(c: Canvas, ink: Ink) -> None:
    """Wooden chair seen from the front."""
    wood, cloth = ink.wood(), ink.accent()
    with c.part("backrest"):
        for x in (-22, 16):
            c.rect(x, -94, x + 6, -44, wood, 2)
        for y in (-92, -76, -60):
            c.rect(-22, y, 22, y + 9, lighter(wood, 0.1), 3)
    for x in (-20, 20):
        furniture_leg(c, x, -40, darker(wood, 0.12), wide=7)
    with c.part("seat"):
        c.rect(-26, -48, 26, -37, cloth, 4)
        c.rect(-26, -41, 26, -37, darker(wood, 0.1), (0, 0, 3, 3), line=False)


@drawable("floor lamp", 56, 146, shadow=0.34)
def floor_lamp(c: Canvas, ink: Ink) -> None:
    """Lamp with a cloth shade on a pole."""
    color = ink.pick([CREAM, lighter(ink.accent(), 0.2)])
    with c.part("pole"):
        c.rect(-2, -112, 2, -4, DARK, 1)
        c.poly(oval(0, -3, 16, 5), DARK)
    with c.part("bulb"):
        c.oval(0, -106, 6, LAMPLIGHT, 7, lit=True)
    with c.part("shade"):
        c.poly(
            rounded([(-16, -146), (16, -146), (27, -109), (-27, -109)], 3),
            mix(color, LAMPLIGHT, 0.45 if c.style.night else 0.0),
            lit=c.style.night,
        )
        c.poly([(-27, -113), (27, -113), (27, -109), (-27, -109)], (60, 40, 20), alpha=0.14)
    lamp_glow(c, 0, -122, 66)


@drawable("clock", 52, 52, shadow=0.0)
def clock(c: Canvas, ink: Ink) -> None:
    """Round wall clock."""
    rim = ink.pick([DARK, ink.accent(), ink.wood()])
    c.oval(0, -26, 26, rim)
    with c.part("dial"):
        c.oval(0, -26, 20, WHITE, line=False)
        for i in range(12):
            with c.frame(0, -26, turn=i / 12):
                c.rect(-0.9, -18, 0.9, -14.5, rgb("8a8f9c"), line=False)
        hour = ink.span(0, 1)
        for turn, long in ((hour, 11), (hour * 12 % 1, 16)):
            with c.frame(0, -26, turn=turn):
                c.rect(-1.7, -long, 1.7, 3, rgb("2f3345"), 1.5, line=False)
        c.oval(0, -26, 2.4, rgb("d8433b"), line=False)


@drawable("picture", 78, 62, shadow=0.0)
def picture(c: Canvas, ink: Ink) -> None:
    """Framed landscape."""
    wood = ink.pick([ink.wood(), DARK, rgb("d9b45f")])
    half = ink.span(30, 38)
    c.rect(-half, -62, half, 0, wood, 2)
    c.rect(-half + 4, -58, half - 4, -4, WHITE, line=False)
    with c.part("canvas"):
        x0, x1 = -half + 9, half - 9
        c.rect(x0, -53, x1, -9, lighter(ink.accent(), 0.6), line=False)
        c.oval(x0 + 14, -42, 6, rgb("f7d56b"), line=False)
        color = ink.foliage()
        c.poly([(x0, -9), (x0, -22), (x0 + 14, -32), (x0 + 30, -14), (x0 + 34, -9)], color, line=False)
        c.poly([(x0 + 16, -9), (x1 - 10, -36), (x1, -26), (x1, -9)], darker(color, 0.18), line=False)


@drawable("television", 132, 112, shadow=0.5)
def television(c: Canvas, ink: Ink) -> None:
    """Television on a low board with two drawers."""
    wood = ink.wood()
    for x in (-54, 54):
        c.poly([(x - 4, -14), (x + 4, -14), (x + 2.5, 0), (x - 2.5, 0)], darker(wood, 0.2))
    c.rect(-66, -40, 66, -10, wood, 3)
    for x0, x1 in ((-62, -3), (3, 62)):
        drawer(c, x0, -36, x1, -14, lighter(wood, 0.12))
    with c.part("stand"):
        c.rect(-5, -52, 5, -42, DARK)
        c.rect(-22, -46, 22, -40, DARK, 2)
    with c.part("screen"):
        c.rect(-56, -112, 56, -48, rgb("2b3040"), 4)
        a, b = ink.accent(), ink.accent()
        c.rect(-52, -108, 52, -53, lighter(a, 0.2), 2, line=False, lit=c.style.night)
        dunes = curve([(-52, -72), (-22, -88), (6, -68), (30, -82), (52, -70)], 5)
        c.poly([*map(tuple, dunes), (52, -53), (-52, -53)], b, line=False)
        c.poly([(-10, -108), (20, -108), (-16, -53), (-46, -53)], WHITE, alpha=0.16)


def _books(c: Canvas, ink: Ink, x0: float, x1: float, y: float, high: float) -> None:
    x = x0
    while True:
        wide = ink.span(9.5, 13)
        if x + wide > x1:
            return
        tall = high * ink.span(0.68, 0.94)
        color = ink.accent()
        with c.part("book"):
            c.rect(x, y - tall, x + wide - 0.8, y, color, 1)
            c.rect(x, y - tall + 4, x + wide - 0.8, y - tall + 6.5, lighter(color, 0.6), line=False)
        x += wide


@drawable("bookshelf", 92, 160, shadow=0.52)
def bookshelf(c: Canvas, ink: Ink) -> None:
    """Shelves with books, boxes and a drawer at the foot."""
    wood = ink.wood()
    c.rect(-45, -160, 45, 0, wood, 2)
    full = ink.count(0, 2)
    for i in range(3):
        y = -116 + i * 40
        with c.part("shelf"):
            c.rect(-40, y - 36, 40, y, darker(wood, 0.4), line=False)
            c.rect(-40, y - 36, 40, y - 32, darker(wood, 0.5), line=False)
            if i == full:
                left = ink.span(-38, -12)
                _books(c, ink, left, left + ink.span(36, 48), y, 34)
            else:
                _ornament(c, ink, ink.span(-20, 20), y)
    drawer(c, -40, -31, 40, -5, lighter(wood, 0.1))


def _ornament(c: Canvas, ink: Ink, x: float, y: float) -> None:
    color = ink.accent()
    if ink.chance(0.5):
        c.rect(x - 16, y - 20, x + 16, y, lighter(color, 0.2), 2, line=False)
        c.rect(x - 18, y - 24, x + 18, y - 17, color, 2, line=False)
    else:
        c.poly(
            smooth(
                [
                    (x - 5, y - 26),
                    (x + 5, y - 26),
                    (x + 5, y - 20),
                    (x + 11, y - 10),
                    (x + 7, y),
                    (x - 7, y),
                    (x - 11, y - 10),
                    (x - 5, y - 20),
                ],
                4,
            ),
            color,
            line=False,
        )

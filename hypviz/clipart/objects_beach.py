"""Things people take to the beach."""

from __future__ import annotations

from .canvas import Canvas
from .palette import CREAM, WHITE, darker, lighter, rgb
from .parts import flag, furniture_leg
from .registry import Ink, drawable
from .shapes import curve, oval, rounded, smooth

SAND = rgb("e6bf7d")


@drawable("parasol", 132, 136, shadow=0.42)
def parasol(c: Canvas, ink: Ink) -> None:
    """Striped parasol on a leaning pole."""
    paint = ink.accent()
    with c.frame(0, 0, turn=ink.span(-0.02, 0.03)):
        with c.part("pole"):
            c.rect(-2.2, -108, 2.2, 0, rgb("d9c9b0"), 1)
        with c.part("canopy"):
            for i in range(6):
                a, b = -64 + i * 128 / 6, -64 + (i + 1) * 128 / 6
                color = (paint, CREAM)[i % 2]
                edge = [(a, -84), ((a + b) / 2, -88), (b, -84)]
                top = [
                    (x * t, -84 - 46 * (1 - t * t) ** 0.5)
                    for x, t in ((b, 1.0), (b, 0.8), (b, 0.55), (b, 0.25), (a, 0.25), (a, 0.55), (a, 0.8), (a, 1.0))
                ]
                c.poly(edge + top, color if i < 3 else darker(color, 0.08))
            c.oval(0, -131, 4.5, paint)


@drawable("deck chair", 100, 84, shadow=0.5)
def deck_chair(c: Canvas, ink: Ink) -> None:
    """Folding chair with striped cloth."""
    paint, wood = ink.accent(), ink.wood()
    c.stroke([(-10, -44), (-40, 0)], 5.5, darker(wood, 0.12))
    c.stroke([(-46, -80), (30, 0)], 5.5, wood)
    with c.part("seat"):
        cloth = curve([(-42, -80), (-24, -48), (2, -26), (42, -30)], 6)
        c.poly([*map(tuple, cloth), *[(x + 2, y + 8) for x, y in cloth[::-1]]], paint)
        for i in range(1, len(cloth) - 2, 5):
            a, b = cloth[i], cloth[min(i + 2, len(cloth) - 1)]
            c.poly([tuple(a), tuple(b), (b[0] + 2, b[1] + 8), (a[0] + 2, a[1] + 8)], CREAM, line=False)
    furniture_leg(c, 40, -34, darker(wood, 0.05), wide=6)


@drawable("sandcastle", 104, 78, shadow=0.5)
def sandcastle(c: Canvas, ink: Ink) -> None:
    """Castle of sand with towers, a gate and a flag."""
    c.rect(-1, -84, 1, -58, rgb("8f6a44"), line=False)
    flag(c, ink, 0.5, -84, wide=20, high=11)
    c.poly(rounded([(-50, 0), (-46, -10), (46, -10), (50, 0)], 3), darker(SAND, 0.12))
    c.rect(-30, -36, 30, -4, SAND)
    for x, top in ((-32, -52), (32, -52), (0, -62)):
        with c.part("tower"):
            c.poly([(x - 14, -4), (x - 12, top), (x + 12, top), (x + 14, -4)], lighter(SAND, 0.12))
            c.poly([(x + 4, -4), (x + 4, top), (x + 12, top), (x + 14, -4)], darker(SAND, 0.08), line=False)
            for dx in (-14, -4, 6):
                c.rect(x + dx, top - 7, x + dx + 8, top + 2, lighter(SAND, 0.06))
            if x:
                with c.part("window"):
                    c.rect(x - 4, top + 12, x + 4, top + 23, darker(SAND, 0.5), (4, 4, 0, 0), line=False)
            else:
                with c.part("door"):
                    c.rect(-8, -26, 8, -4, darker(SAND, 0.55), (8, 8, 0, 0), line=False)


@drawable("beach ball", 56, 56, shadow=0.44)
def beach_ball(c: Canvas, ink: Ink) -> None:
    """Ball of coloured segments: a whole thing without parts."""
    colors = [ink.accent(), WHITE, ink.accent(), WHITE, ink.accent(), WHITE]
    c.oval(0, -27, 27, WHITE)
    turn = ink.span(0, 1)
    for i, color in enumerate(colors):
        a = turn + i / 6
        rim = oval(0, -27, 27, start=a, end=a + 1 / 6)
        c.poly([(-5, -33), *map(tuple, rim)], color, line=False)
    c.oval(-5, -33, 4, CREAM, line=False)
    c.poly(oval(6, -18, 17, 15, start=0.0, end=0.4), (30, 30, 70), alpha=0.1)


@drawable("surfboard", 44, 138, shadow=0.4)
def surfboard(c: Canvas, ink: Ink) -> None:
    """Board stuck upright in the sand."""
    paint, band = ink.accent(), ink.accent()
    with c.part("fin"):
        c.poly(smooth([(12, -36), (28, -20), (26, -12), (12, -14)], 4), darker(band, 0.2))
    c.poly(smooth([(-10, 0), (-19, -36), (-19, -84), (-9, -122), (0, -138), (9, -122), (19, -84), (19, -36), (10, 0)]), paint)
    c.poly(smooth([(8, 0), (15, -36), (15, -84), (7, -122), (9, -122), (19, -84), (19, -36), (10, 0)]), darker(paint, 0.18), line=False)
    c.rect(-19, -84, 19, -72, band, line=False)
    c.rect(-19.4, -68, 19.4, -62, CREAM, line=False)


@drawable("bucket", 50, 58, shadow=0.46)
def bucket(c: Canvas, ink: Ink) -> None:
    """Bucket of sand with a handle."""
    paint = ink.accent()
    with c.part("handle"):
        c.stroke(curve([(-19, -38), (-14, -56), (0, -61), (14, -56), (19, -38)], 5), 4, lighter(paint, 0.4))
    c.poly(oval(0, -38, 17, 9, start=0.5, end=1.0), SAND, line=False)
    c.poly(rounded([(-21, -38), (21, -38), (15, 0), (-15, 0)], 3), paint)
    c.poly([(7, -36), (20, -36), (14.5, -1), (6, -1)], darker(paint, 0.14), line=False)
    c.rect(-23, -42, 23, -35, lighter(paint, 0.2), 3)

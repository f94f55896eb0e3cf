"""Plants."""

from __future__ import annotations

from .canvas import Canvas
from .palette import WHITE, Color, darker, lighter, rgb
from .parts import blossom, leaf_part
from .registry import Ink, drawable
from .shapes import curve, leaf, oval, petals, rounded, smooth


def _crown(c: Canvas, ink: Ink, y: float, color: Color) -> None:
    kind = ink.count(0, 2)
    if kind == 0:
        c.poly(petals(0, y, ink.count(7, 9), 40, 9), color)
        c.poly(petals(-9, y - 9, 7, 22, 6), lighter(color, 0.16), line=False)
    elif kind == 1:
        c.poly(smooth([(0, y - 58), (30, y - 40), (42, y), (32, y + 34), (0, y + 44), (-32, y + 34), (-42, y), (-30, y - 40)]), color)
        c.poly(
            smooth([(0, y - 58), (30, y - 40), (42, y), (32, y + 34), (6, y + 44), (20, y + 8), (14, y - 34)]),
            darker(color, 0.12),
            line=False,
        )
    else:
        for dx, dy, r in ((-22, 12, 27), (22, 12, 27), (0, -14, 32)):
            c.oval(dx, y + dy, r, color, line=False)
        c.oval(-8, y - 22, 17, lighter(color, 0.15), line=False)
        c.oval(24, y + 14, 15, darker(color, 0.09), line=False)


@drawable("tree", 96, 150, shadow=0.42)
def tree(c: Canvas, ink: Ink) -> None:
    """Broad-leaved tree, sometimes with fruit or a nest."""
    color, bark = ink.foliage(), darker(ink.wood(), 0.12)
    with c.part("trunk"):
        c.poly([(-9, 0), (-6, -62), (6, -62), (9, 0)], bark)
        c.poly([(2, 0), (1.5, -62), (6, -62), (9, 0)], darker(bark, 0.18), line=False)
        c.stroke([(0, -44), (20, -66)], 5, bark, 3, line=False)
    with c.part("crown"):
        _crown(c, ink, -98, color)
        if ink.chance(0.45):
            fruit = ink.pick([rgb("e4483f"), rgb("f2973d"), rgb("f2c94c")])
            for x, y in ink.some([(-20, -108), (6, -122), (22, -98), (-8, -86), (-26, -84), (14, -76)], 2):
                with c.part("fruit"):
                    c.oval(x, y, 5.6, fruit)
                    c.poly(oval(x - 1.7, y - 2, 1.6), WHITE, alpha=0.6)
        elif ink.chance(0.4):
            with c.part("nest"):
                c.poly(oval(6, -84, 14, 10, start=0.0, end=0.5), rgb("8a6239"))
                c.rect(-9, -86, 21, -82, rgb("a67a4a"), 2)
                for x in (1, 10):
                    c.poly(oval(x, -86, 4.6, 5.4, start=0.5, end=1.0), rgb("dff0f2"), line=False)


@drawable("pine", 84, 162, shadow=0.4)
def pine(c: Canvas, ink: Ink) -> None:
    """Fir of three tiers."""
    color, bark = darker(ink.foliage(), 0.14), darker(ink.wood(), 0.2)
    with c.part("trunk"):
        c.rect(-6, -44, 6, 0, bark)
        c.rect(1, -44, 6, 0, darker(bark, 0.2), line=False)
    with c.part("crown"):
        for y, half, high in ((-36, 42, 52), (-70, 34, 48), (-104, 26, 58)):
            c.poly(rounded([(-half, y), (0, y - high), (half, y)], 5), color)
            c.poly([(0, y - high + 3), (half - 4, y), (half * 0.2, y)], darker(color, 0.13), line=False)


@drawable("palm tree", 120, 168, shadow=0.36)
def palm_tree(c: Canvas, ink: Ink) -> None:
    """Leaning palm with coconuts."""
    color, bark = ink.foliage(), rgb("a57b4f")
    spine = curve([(-14, 0), (-6, -44), (4, -84), (14, -122)], 6)
    with c.part("trunk"):
        c.stroke(spine, 15, bark, 9)
        for x, y in spine[2::3]:
            c.poly(oval(float(x), float(y), 6, 1.6), darker(bark, 0.22), line=False)
    for turn, long in ((0.02, 54), (0.48, 54), (0.9, 52), (0.6, 52), (0.12, 46), (0.38, 46), (0.75, 40)):
        size, angle, tone = long * ink.span(0.94, 1.1), turn + ink.span(-0.02, 0.02), darker(color, 0.12 * (turn < 0.5))
        if 0.1 < turn < 0.4:
            c.poly(leaf(14, -124, size, 19, angle), darker(tone, 0.1))
        else:
            leaf_part(c, 14, -124, size, 19, angle, tone)
    for x, y in ((7, -115), (20, -114)):
        with c.part("fruit"):
            c.oval(x, y, 6, rgb("7a4f30"))
            c.poly(oval(x - 1.6, y - 2, 1.7), WHITE, alpha=0.35)


@drawable("sunflower", 46, 104, shadow=0.4)
def sunflower(c: Canvas, ink: Ink) -> None:
    """One tall flower with two leaves."""
    color = ink.foliage()
    with c.part("stem"):
        c.stroke(curve([(0, 0), (-3, -34), (2, -80)], 6), 5, darker(color, 0.1))
    leaf_part(c, -2, -28, 24, 13, 0.6, color)
    leaf_part(c, -1, -42, 24, 13, 0.9, lighter(color, 0.1))
    with c.part("flower"):
        c.poly(petals(2, -82, 13, 16, 7), rgb("f7c531"))
        c.oval(2, -82, 10.5, rgb("7a4a2a"), line=False)
        c.oval(0, -84, 6, rgb("96603a"), line=False)


@drawable("bush", 84, 50, shadow=0.5)
def bush(c: Canvas, ink: Ink) -> None:
    """Round bush in flower."""
    color, bloom = ink.foliage(), ink.accent()
    for x, y, r in ((-22, -17, 18), (22, -17, 18), (0, -26, 24)):
        c.oval(x, y, r, color, line=False)
    c.rect(-38, -16, 38, 0, color, 14, line=False)
    c.oval(-8, -32, 12, lighter(color, 0.15), line=False)
    for x, y in ink.some([(-24, -22), (-4, -36), (18, -28), (28, -14), (-10, -14), (8, -16)], 3):
        blossom(c, x, y, 5.6, bloom)


@drawable("potted plant", 60, 88, shadow=0.4)
def potted_plant(c: Canvas, ink: Ink) -> None:
    """Large leaves, or flowers on stems, in a pot."""
    color, pot = ink.foliage(), ink.accent()
    if ink.chance(0.7):
        for turn in (0.68, 0.82, 0.93, 0.57):
            c.poly(leaf(0, -34, ink.span(36, 44), 13, turn), darker(color, 0.22))
        for turn, long in ((0.75, 52), (0.61, 46), (0.89, 46)):
            leaf_part(c, 0, -34, long, 17, turn + ink.span(-0.02, 0.02), darker(color, ink.span(0, 0.16)))
    else:
        for x, y in ((0, -74), (-17, -62), (17, -60)):
            with c.part("stem"):
                c.stroke(curve([(x * 0.3, -32), (x * 0.5, -48), (x, y)], 5), 6, color, 3.4)
            blossom(c, x, y, 11, ink.accent())
        for turn in (0.6, 0.9):
            c.poly(leaf(0, -34, 26, 11, turn), darker(color, 0.1), line=False)
    with c.part("pot"):
        c.poly(rounded([(-18, -30), (18, -30), (13, 0), (-13, 0)], 3), pot)
        c.poly([(6, -28), (17, -28), (12.5, -1), (5, -1)], darker(pot, 0.15), line=False)
        c.rect(-21, -36, 21, -27, lighter(pot, 0.14), 2.5)

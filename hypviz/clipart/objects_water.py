"""Things that float, and what stands on a quay. Floating things sit on the water line at y = 0."""

from __future__ import annotations

from .canvas import Canvas
from .palette import CREAM, STEEL, WHITE, Color, darker, lighter, rgb
from .parts import flag, glass, lamp_glow, life_ring, porthole, window
from .registry import Ink, drawable
from .shapes import curve, oval, rounded

RIG = rgb("7d6248")


def _ripples(c: Canvas, half: float) -> None:
    for x, y, wide in ((-0.55, 5, 0.5), (0.1, 9, 0.7), (0.6, 4, 0.35)):
        c.poly(oval(half * x, y, half * wide, 1.6), WHITE, alpha=0.5)


def _hull(c: Canvas, ink: Ink, half: float, high: float, color: Color, *, ports: int = 0) -> None:
    with c.part("hull"):
        sheer = curve([(-half, -high), (-half * 0.3, -high * 0.8), (half * 0.4, -high * 0.84), (half * 1.08, -high * 1.25)], 5)
        keel = [(half * 0.74, 3.0), (-half * 0.86, 3.0)]
        c.poly([*map(tuple, sheer), *keel], color)
        band = [(x * 0.995, y + high * 0.18) for x, y in sheer]
        c.poly([*map(tuple, sheer), *band[::-1]], lighter(color, 0.65), line=False)
        c.poly(
            [(-half * 0.9, -high * 0.22), (half * 0.86, -high * 0.22), (half * 0.74, 3), (-half * 0.86, 3)], darker(color, 0.3), line=False
        )
        for i in range(ports):
            porthole(c, ink, -half * 0.45 + i * half * 0.36, -high * 0.46, max(4.2, high * 0.17))
        if not ports:
            life_ring(c, half * 0.08, -high * 0.47, 9)


@drawable("sailboat", 150, 176, shadow=0.0)
def sailboat(c: Canvas, ink: Ink) -> None:
    """Sloop with a main sail, usually a jib, and portholes in the hull."""
    paint, cloth = ink.accent(), ink.pick([CREAM, WHITE, lighter(ink.accent(), 0.35)])
    with c.part("mast"):
        c.rect(-2.2, -172, 2.2, -26, RIG, 1)
    with c.part("sail"):
        c.poly([(5, -162), *map(tuple, curve([(14, -120), (40, -72), (62, -42)], 5)), (5, -38)], cloth)
        c.poly([(5, -80), (38, -76), (62, -42), (5, -38)], darker(cloth, 0.09), line=False)
        if ink.chance(0.5):
            c.poly([(5, -116), (18, -116), (27, -98), (5, -98)], paint, line=False)
    if ink.chance(0.75):
        with c.part("jib"):
            c.poly([(-5, -152), (-5, -40), *map(tuple, curve([(-50, -38), (-38, -66), (-14, -120)], 5))], lighter(ink.accent(), 0.2))
            c.poly([(-5, -70), (-5, -40), (-50, -38), (-40, -62)], (30, 30, 60), alpha=0.1)
    c.rect(-6, -40, 66, -36, RIG, 2)
    if ink.chance(0.5):
        flag(c, ink, 2, -173, wide=22, high=11)
    _hull(c, ink, 66, 30, paint, ports=ink.count(1, 2))
    _ripples(c, 66)


@drawable("fishing boat", 170, 118, shadow=0.0)
def fishing_boat(c: Canvas, ink: Ink) -> None:
    """Small trawler: wheelhouse with windows, mast, life ring on the hull."""
    paint, house = ink.accent(), ink.pick([CREAM, WHITE, rgb("f3d9b1")])
    with c.part("mast"):
        c.rect(-34, -116, -29.5, -38, RIG, 1)
        c.stroke([(-31, -104), (-70, -48)], 2, RIG)
    if ink.chance(0.6):
        flag(c, ink, -30, -115, wide=24, high=13)
    with c.part("cabin"):
        c.poly(rounded([(-8, -28), (-8, -76), (40, -76), (46, -28)], 3), house)
        c.rect(32, -74, 42, -30, darker(house, 0.1), 2, line=False)
        c.rect(-14, -84, 50, -74, ink.accent(), 3)
        if ink.chance(0.5):
            window(c, ink, -2, -68, 16, -48, bars="")
            window(c, ink, 20, -68, 38, -48, bars="")
        else:
            porthole(c, ink, 5, -58, 8.5, rim=RIG)
            porthole(c, ink, 28, -58, 8.5, rim=RIG)
    _hull(c, ink, 78, 36, paint, ports=0)
    _ripples(c, 78)


@drawable("ferry", 220, 112, shadow=0.0)
def ferry(c: Canvas, ink: Ink) -> None:
    """Passenger ship with a deck house and a funnel."""
    paint = ink.accent()
    with c.part("chimney"):
        c.poly([(-34, -80), (-30, -112), (-8, -112), (-6, -80)], paint)
        c.poly([(-31, -104), (-30, -112), (-8, -112), (-7.5, -104)], rgb("3a3f4d"), line=False)
    with c.part("cabin"):
        c.rect(-64, -84, 34, -56, WHITE, (3, 8, 0, 0))
        c.rect(-84, -60, 62, -30, CREAM, (3, 10, 0, 0))
        c.rect(-84, -36, 62, -30, rgb("c9d2dc"), line=False)
        number = 2
        for i in range(number):
            x = -74 + i * 126 / number
            window(c, ink, x, -54, x + 126 / number - 14, -39, bars="")
        glass(c, ink, [(-54, -78), (26, -78), (30, -66), (-54, -66)])
    _hull(c, ink, 102, 36, darker(paint, 0.25), ports=ink.count(2, 3))
    _ripples(c, 102)


@drawable("buoy", 48, 74, shadow=0.0)
def buoy(c: Canvas, ink: Ink) -> None:
    """Channel buoy with a lantern."""
    paint = ink.pick([rgb("e4483f"), rgb("3d9a62"), rgb("f2b134")])
    with c.part("lantern"):
        c.rect(-6, -72, 6, -60, rgb("fff0b8"), 3, lit=c.style.night)
        c.rect(-8, -62, 8, -58, darker(paint, 0.4), 1)
    lamp_glow(c, 0, -66, 30)
    with c.part("tower"):
        c.poly([(-6, -59), (6, -59), (14, -16), (-14, -16)], paint)
        c.poly([(-9.5, -40), (9.5, -40), (12, -28), (-12, -28)], CREAM, line=False)
    c.poly(rounded([(-23, -18), (23, -18), (17, 4), (-17, 4)], 5), darker(paint, 0.12))
    c.poly([(-20, -5), (20, -5), (17, 4), (-17, 4)], darker(paint, 0.35), line=False)
    _ripples(c, 26)


@drawable("crane", 150, 200, shadow=0.34)
def crane(c: Canvas, ink: Ink) -> None:
    """Harbour crane with a cabin and a hook."""
    paint = ink.pick([rgb("f2b134"), rgb("e4572e"), ink.accent()])
    dark = darker(paint, 0.22)
    for side in (-1, 1):
        c.stroke([(side * 14, -84), (side * 30, 0)], 8, dark)
    c.rect(-26, -42, 26, -36, dark)
    c.poly([(-12, -84), (12, -84), (10, -124), (-10, -124)], dark)
    with c.part("arm"):
        c.poly([(-30, -128), (78, -196), (82, -190), (-26, -112)], paint)
        for i in range(6):
            x = -10 + i * 15
            c.stroke([(x, -124 - i * 9.6), (x + 9, -139 - i * 9.6)], 2, dark, line=False)
        c.rect(-50, -134, -22, -108, darker(STEEL, 0.45), 3)
    with c.part("cabin"):
        c.rect(-20, -112, 26, -76, paint, 5)
        c.rect(-20, -84, 26, -76, dark, (0, 0, 5, 5), line=False)
        window(c, ink, 0, -106, 20, -88, bars="", frame=dark)
    drop = ink.span(60, 90)
    c.rect(77.2, -192, 78.8, -192 + drop, rgb("4b5263"), line=False)
    with c.part("hook"):
        c.rect(72, -194 + drop, 84, -184 + drop, paint, 2)
        c.stroke(
            curve([(78, -184 + drop), (78, -176 + drop), (86, -171 + drop), (84, -163 + drop), (74, -163 + drop), (70, -170 + drop)]),
            4,
            rgb("4b5263"),
        )


@drawable("crate", 62, 52, shadow=0.56)
def crate(c: Canvas, ink: Ink) -> None:
    """Wooden crate full of fruit."""
    wood, fruit = ink.wood(), ink.pick([rgb("e4483f"), rgb("f2973d"), rgb("7fb84a"), rgb("f2c94c")])
    for x in (-18, 0, 18):
        with c.part("fruit"):
            c.oval(x, -38, 10, fruit)
            c.poly(oval(x - 3, -42, 3, 2.4), WHITE, alpha=0.5)
    for y in (-36, -24, -12):
        c.rect(-30, y, 30, y + 11, wood, 1.5)
        c.rect(-30, y + 8, 30, y + 11, darker(wood, 0.14), (0, 0, 1.5, 1.5), line=False)
    for x in (-28, 22):
        c.rect(x, -37, x + 6, -1, darker(wood, 0.22), 1)

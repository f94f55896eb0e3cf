"""People and animals."""

from __future__ import annotations

from .canvas import Canvas
from .palette import HAIRS, SKINS, WHITE, Color, darker, lighter, rgb
from .parts import eye, fur
from .registry import Ink, drawable
from .shapes import curve, oval, rounded, smooth

BEAK = rgb("f2a53b")


def _ear(c: Canvas, points: list[tuple[float, float]], color: Color, inner: Color | None = None) -> None:
    with c.part("ear"):
        c.poly(rounded(points, 3), color)
        if inner is not None:
            cx, cy = sum(p[0] for p in points) / len(points), sum(p[1] for p in points) / len(points)
            c.poly([(cx + (x - cx) * 0.5, cy + (y - cy) * 0.5) for x, y in points], inner, line=False)


def _face(c: Canvas, ink: Ink, skin: Color, hair: Color) -> None:
    with c.part("head"):
        long = ink.chance(0.45)
        if long:
            c.rect(-14.5, -112, 14.5, -80, hair, (14, 14, 6, 6))
        c.rect(-4, -90, 4, -80, darker(skin, 0.12), line=False)
        c.rect(-11.5, -108, 11.5, -84, skin, 11)
        if ink.chance(0.4):
            with c.part("hat"):
                color = ink.accent()
                c.rect(-12, -117, 12, -103, color, (11, 11, 0, 0))
                c.rect(-13 if long else -12, -105.5, 18, -101.5, darker(color, 0.2), 2)
        else:
            c.poly(
                smooth([(-13, -95), (-13, -108), (-4, -115), (8, -114), (13.5, -106), (13, -96), (9, -103), (-5, -105), (-10, -101)], 5),
                hair,
            )
        for x in (-3.5, 5.5):
            c.oval(x, -95.5, 1.35, rgb("2a2a38"), line=False)
        c.poly(oval(1, -91.5, 3.6, 2.4, start=0.05, end=0.45), rgb("b5483f"), line=False)


def _arm(c: Canvas, side: int, raised: bool, sleeve: Color, skin: Color) -> None:
    hand = (side * 29, -93) if raised else (side * 22, -42)
    elbow = (side * 24, -68) if raised else (side * 20.5, -60)
    with c.part("arm"):
        c.stroke(curve([(side * 12, -77), elbow, hand], 6), 8.4, sleeve, 6.4)
        c.oval(hand[0], hand[1], 4.6, skin)


@drawable("person", 54, 116, shadow=0.5)
def person(c: Canvas, ink: Ink) -> None:
    """Standing person, some waving, in trousers or a skirt."""
    skin, hair = ink.pick(SKINS), ink.pick(HAIRS)
    shirt, cloth = ink.accent(), ink.pick([rgb("3d4a6b"), rgb("5a4a44"), rgb("6b7a8f"), darker(ink.accent(), 0.2)])
    skirt = ink.chance(0.3)
    for x in (-6.5, 6.5):
        c.rect(x - 5, -46, x + 5, -3, skin if skirt else cloth, 2)
        c.rect(x - 5.5, -7, x + 8.5, 0, rgb("3a3440") if not skirt else darker(shirt, 0.4), (3, 5, 1, 1))
    if skirt:
        c.poly(rounded([(-11, -50), (11, -50), (18, -22), (-18, -22)], 3), cloth)
    _arm(c, -1, False, darker(shirt, 0.14), skin)
    c.poly(rounded([(-12, -82), (12, -82), (14, -74), (12, -40), (-12, -40), (-14, -74)], 5), shirt)
    if ink.chance(0.35):
        for y in (-72, -62, -52):
            c.rect(-12.4, y, 12.4, y + 4, lighter(shirt, 0.55), line=False)
    _face(c, ink, skin, hair)
    _arm(c, 1, ink.chance(0.4), darker(shirt, 0.05), skin)


def _paws(c: Canvas, xs: tuple[float, ...], top: float, color: Color, wide: float = 8) -> None:
    for i, x in enumerate(xs):
        shade = darker(color, 0.16) if i % 2 else color
        c.rect(x - wide / 2, top, x + wide / 2, 0, shade, (0, 0, wide * 0.35, wide * 0.35))


@drawable("dog", 92, 68, shadow=0.46)
def dog(c: Canvas, ink: Ink) -> None:
    """Dog in profile with a collar."""
    coat = fur(ink)
    with c.part("tail"):
        c.stroke(curve([(-32, -38), (-44, -50), (-42, -64)], 6), 8, coat, 5)
    _paws(c, (-28, -20, 18, 26), -24, coat)
    c.poly(smooth([(-36, -36), (-22, -46), (10, -45), (28, -48), (32, -34), (24, -20), (-8, -19), (-30, -18)]), coat)
    c.poly(smooth([(-14, -19), (4, -24), (20, -20), (8, -17)]), lighter(coat, 0.35), line=False)
    with c.part("head"):
        c.poly(smooth([(16, -52), (20, -68), (34, -70), (41, -60), (52, -56), (52, -47), (38, -43), (24, -42)]), coat)
        with c.part("muzzle"):
            c.poly(smooth([(38, -57), (53, -57), (53, -46), (40, -44)]), lighter(coat, 0.4), line=False)
            c.oval(52, -54, 3.4, rgb("2a2a38"), line=False)
        eye(c, 35, -60, 2)
        _ear(c, [(19, -69), (29, -68), (26, -48), (16, -50)], darker(coat, 0.3))
    c.rect(17, -46, 33, -41, ink.accent(), 2)


@drawable("cat", 74, 66, shadow=0.44)
def cat(c: Canvas, ink: Ink) -> None:
    """Sitting cat."""
    coat = ink.pick([rgb("e39a4f"), rgb("5a5560"), rgb("d9cfc0"), rgb("8a7a70")])
    with c.part("tail"):
        c.stroke(curve([(-10, -6), (-30, -8), (-36, -24), (-28, -36)], 6), 8, darker(coat, 0.12), 6)
    c.poly(smooth([(-20, -4), (-18, -28), (-4, -40), (12, -38), (18, -20), (18, -2), (0, 0)]), coat)
    for x in (2, 13):
        c.rect(x - 4, -22, x + 4, 0, lighter(coat, 0.12), (3, 3, 3, 3), line=False)
    with c.part("head"):
        for side in (-1, 1):
            x = 6 + side * 11
            _ear(c, [(x - 7, -52), (x + side * 3, -68), (x + 7, -52)], coat, rgb("f0a9a0"))
        c.oval(6, -46, 18, coat, 14.5)
        c.oval(6, -40, 8, lighter(coat, 0.55), 5.5, line=False)
        c.poly([(3.5, -43), (8.5, -43), (6, -40)], rgb("d97a72"), line=False)
        for pupil in (-1.5, 13.5):
            c.oval(pupil, -48, 3, rgb("f4e27a"), line=False)
            c.oval(pupil, -48, 1.6, rgb("2a2a38"), 2.8, line=False)


@drawable("cow", 136, 94, shadow=0.46)
def cow(c: Canvas, ink: Ink) -> None:
    """Spotted cow."""
    spot = ink.pick([rgb("3d3a44"), rgb("8a5a3c"), rgb("a8673e")])
    coat = rgb("f6f1e8")
    with c.part("tail"):
        c.stroke(curve([(-50, -60), (-60, -48), (-58, -28)], 6), 4, coat, 3)
        c.oval(-58, -24, 4.4, spot, 7)
    _paws(c, (-42, -30, 24, 36), -30, darker(coat, 0.05), 11)
    with c.part("udder"):
        c.rect(-28, -32, -10, -20, rgb("f2b0a8"), (2, 2, 8, 8))
    c.poly(rounded([(-54, -64), (44, -66), (48, -30), (-52, -27)], 15), coat)
    for points in (
        [(-44, -62), (-22, -64), (-18, -46), (-38, -42)],
        [(2, -64), (26, -66), (28, -48), (10, -42)],
        [(-14, -38), (0, -40), (2, -30), (-12, -29)],
    ):
        c.poly(smooth(points), spot, line=False)
    with c.part("head"):
        for x0, x1 in ((46, 41), (60, 66)):
            with c.part("horn"):
                c.stroke(curve([(x0, -86), ((x0 + x1) / 2 + (x1 - x0) * 0.4, -91), (x1, -99)], 4), 6, rgb("e6d5b0"), 2.6)
        for side in (-1, 1):
            c.poly(rounded([(53 + side * 9, -86), (53 + side * 24, -89), (53 + side * 21, -76), (53 + side * 9, -76)], 3), spot)
        c.poly(rounded([(42, -90), (64, -90), (66, -68), (62, -52), (44, -52), (40, -68)], 8), coat)
        c.poly(rounded([(42, -89), (52, -90), (50, -70), (41, -68)], 4), spot, line=False)
        with c.part("muzzle"):
            c.rect(38, -67, 68, -49, rgb("f2b0a8"), 8)
            for x in (47, 59):
                c.oval(x, -59, 2.2, rgb("b5655f"), line=False)
        for x in (47, 60):
            eye(c, x, -76, 2)


@drawable("sheep", 92, 72, shadow=0.46)
def sheep(c: Canvas, ink: Ink) -> None:
    """Woolly sheep."""
    wool, face = ink.pick([rgb("f7f2e8"), rgb("efe6d6")]), ink.pick([rgb("4a4450"), rgb("d9b48f")])
    _paws(c, (-22, -14, 12, 20), -22, darker(face, 0.1), 6.5)
    with c.part("tail"):
        c.oval(-38, -38, 8, wool, 6.5)
    spots = [(-24, -32, 16), (-10, -44, 17), (10, -44, 17), (24, -34, 15), (0, -28, 19), (-20, -24, 12), (16, -25, 13)]
    for x, y, r in spots:
        c.oval(x, y, r, wool, line=False)
    for x, y, r in spots[:3]:
        c.poly(oval(x, y, r * 0.55, start=0.55, end=0.9), darker(wool, 0.1), alpha=0.7)
    with c.part("head"):
        _ear(c, [(26, -58), (14, -54), (18, -47), (28, -50)], darker(face, 0.12))
        _ear(c, [(42, -58), (54, -54), (50, -47), (40, -50)], darker(face, 0.12))
        c.poly(smooth([(25, -58), (34, -62), (43, -58), (43, -42), (34, -34), (26, -42)]), face)
        for x, y, r in ((28, -60, 6), (35, -63, 7), (41, -60, 6)):
            c.oval(x, y, r, wool, line=False)
        for x in (30, 39):
            c.oval(x, -50, 2.2, WHITE, line=False)
            c.oval(x, -50, 1.3, rgb("2a2a38"), line=False)


def _bird_head(c: Canvas, x: float, y: float, r: float, color: Color, comb: bool) -> None:
    with c.part("head"):
        if comb:
            for dx in (-4, 1, 6):
                c.oval(x + dx - 1, y - r * 0.9, 4, rgb("d8433b"), line=False)
        c.oval(x, y, r, color)
        with c.part("beak"):
            c.poly(rounded([(x + r * 0.7, y - 4.5), (x + r * 0.7 + 11, y + 0.5), (x + r * 0.7, y + 5)], 1.5), BEAK)
        eye(c, x + r * 0.25, y - r * 0.2, 1.9)


@drawable("chicken", 64, 62, shadow=0.4)
def chicken(c: Canvas, ink: Ink) -> None:
    """Hen with a red comb."""
    coat = ink.pick([rgb("f7f0e2"), rgb("b5683c"), rgb("e0b070")])
    for x in (-4, 6):
        c.stroke([(x, -14), (x, 0), (x + 5, 0)], 2.6, BEAK, line=False)
    with c.part("tail"):
        c.poly(smooth([(-18, -24), (-34, -46), (-24, -50), (-16, -44), (-8, -34)]), darker(coat, 0.28))
    c.poly(smooth([(-22, -28), (-8, -32), (6, -38), (20, -34), (22, -20), (8, -10), (-10, -11)]), coat)
    with c.part("wing"):
        c.poly(smooth([(-14, -28), (4, -28), (8, -20), (-4, -14), (-14, -20)]), darker(coat, 0.16))
    _bird_head(c, 17, -46, 10.5, coat, comb=True)


@drawable("duck", 76, 56, shadow=0.42)
def duck(c: Canvas, ink: Ink) -> None:
    """Swimming or sitting duck."""
    coat, head = ink.pick([(rgb("f7e08a"), rgb("f7e08a")), (rgb("c9b497"), rgb("3d8a63")), (WHITE, WHITE)])
    with c.part("tail"):
        c.poly(smooth([(-26, -12), (-42, -28), (-32, -30), (-18, -22)]), darker(coat, 0.22))
    c.poly(smooth([(-32, -16), (-16, -24), (6, -22), (24, -26), (30, -12), (18, 1), (-18, 1)]), coat)
    with c.part("wing"):
        c.poly(smooth([(-22, -20), (2, -20), (8, -12), (-6, -5), (-20, -10)]), darker(coat, 0.15))
    _bird_head(c, 22, -38, 12.5, head, comb=False)


@drawable("seagull", 74, 52, shadow=0.36)
def seagull(c: Canvas, ink: Ink) -> None:
    """Standing gull."""
    coat = WHITE
    for x in (-4, 5):
        c.stroke([(x, -12), (x, 0), (x + 5, 0)], 2.4, BEAK, line=False)
    with c.part("tail"):
        c.poly(rounded([(-22, -22), (-44, -16), (-42, -10), (-18, -14)], 3), rgb("3d4252"))
    c.poly(smooth([(-30, -18), (-8, -30), (14, -34), (22, -22), (8, -10), (-14, -10)]), coat)
    with c.part("wing"):
        c.poly(smooth([(-30, -18), (-8, -27), (8, -26), (10, -18), (-8, -13)]), rgb("aab4c2"))
    _bird_head(c, 20, -39, 10, coat, comb=False)


@drawable("crab", 84, 46, shadow=0.44)
def crab(c: Canvas, ink: Ink) -> None:
    """Crab with raised claws."""
    color = ink.pick([rgb("e4573d"), rgb("f08a4b")])
    for side in (-1, 1):
        for i, x in enumerate((14, 20, 25)):
            c.stroke(curve([(side * x, -12), (side * (x + 9), -13 + i), (side * (x + 11), 0)], 4), 3.6, darker(color, 0.15), 2)
        c.stroke(curve([(side * 20, -18), (side * 32, -20), (side * 32, -30)], 4), 5, color)
        with c.part("claw"):
            c.poly(
                smooth([(side * 26, -30), (side * 28, -44), (side * 33, -37), (side * 40, -45), (side * 41, -32), (side * 33, -26)]), color
            )
    c.oval(0, -15, 26, color, 14)
    c.poly(oval(0, -11, 20, 7, start=0.0, end=0.5), lighter(color, 0.3), alpha=0.8)
    for x in (-8, 8):
        c.rect(x - 1.4, -36, x + 1.4, -24, color, line=False)
        c.oval(x, -37, 4.4, WHITE)
        c.oval(x + 0.6, -36.6, 2.1, rgb("2a2a38"), line=False)

"""Buildings, seen from the front."""

from __future__ import annotations

from .canvas import Canvas
from .palette import CREAM, LAMPLIGHT, STEEL, WHITE, Color, darker, lighter, mix, rgb
from .parts import door, flag, glass, lamp_glow, porthole, window
from .registry import Ink, drawable
from .shapes import oval, petals, rounded

ROOFS = (rgb("b5533c"), rgb("8a4b3f"), rgb("5d6b84"), rgb("4f5b66"), rgb("c9704a"))


def _wall(c: Canvas, x0: float, y0: float, x1: float, color: Color) -> None:
    c.rect(x0, y0, x1, 0, color)
    c.rect(x1 - (x1 - x0) * 0.14, y0, x1, 0, darker(color, 0.08), line=False)
    c.rect(x0, -7, x1, 0, darker(color, 0.22), line=False)


def _tiles(c: Canvas, x0: float, x1: float, y0: float, y1: float, color: Color) -> None:
    rows = max(2, round((y1 - y0) / 10))
    for i in range(1, rows):
        y, inset = y0 + (y1 - y0) * i / rows, (x1 - x0) * 0.06 * (1 - i / rows)
        c.rect(x0 + 8 + inset, y, x1 - 8 - inset, y + 1.4, color, line=False)


def _gable(c: Canvas, ink: Ink, half: float, y: float, high: float, color: Color) -> None:
    with c.part("roof"):
        if ink.chance(0.5):
            c.poly(rounded([(-half - 9, y + 4), (0, y - high), (half + 9, y + 4)], 4), color)
            c.poly([(0, y - high + 4), (half + 6, y + 4), (half * 0.35, y + 4)], darker(color, 0.12), line=False)
        else:
            c.poly(
                rounded([(-half - 8, y + 4), (-half * 0.72, y - high * 0.8), (half * 0.72, y - high * 0.8), (half + 8, y + 4)], 4), color
            )
            _tiles(c, -half, half, y - high * 0.8, y, darker(color, 0.14))
        c.rect(-half - 9, y, half + 9, y + 6, darker(color, 0.28), 2)


def _chimney(c: Canvas, x: float, y: float, high: float, color: Color) -> None:
    with c.part("chimney"):
        c.rect(x - 8, y - high, x + 8, y, color)
        c.rect(x + 3, y - high, x + 8, y, darker(color, 0.15), line=False)
        c.rect(x - 10.5, y - high - 5, x + 10.5, y - high + 2, darker(color, 0.25), 1.5)


def _flower_box(c: Canvas, ink: Ink, x0: float, x1: float, y: float) -> None:
    for i in range(3):
        x = x0 + (x1 - x0) * (i + 0.5) / 3
        c.oval(x, y - 2, 4.5, ink.foliage(), line=False)
    color = ink.accent()
    for i in range(3):
        x = x0 + (x1 - x0) * (i + 0.5) / 3
        c.poly(petals(x, y - 5, 5, 3, 1.8), color, line=False)
        c.oval(x, y - 5, 1.5, rgb("f7c948"), line=False)
    c.rect(x0 - 2, y - 1, x1 + 2, y + 7, ink.wood(), 1.5)


@drawable("house", 140, 190, shadow=0.54)
def house(c: Canvas, ink: Ink) -> None:
    """Cottage with a door and two or three windows."""
    wall, roof = ink.pick([ink.wall(), lighter(ink.accent(), 0.25)]), ink.pick(ROOFS)
    half, eaves = ink.span(54, 62), -ink.span(108, 126)
    if ink.chance(0.7):
        _chimney(c, half * 0.6, eaves - 12, ink.span(54, 60), mix(roof, rgb("9a6a55"), 0.5))
    _wall(c, -half, eaves, half, wall)
    _gable(c, ink, half, eaves, ink.span(46, 58), roof)
    frame = ink.pick([CREAM, WHITE, darker(roof, 0.1)])
    bars, left = ink.pick(["+", "|", "+"]), ink.chance(0.5)
    side = -1 if left else 1
    door(c, ink, side * 26 - 15, -58, side * 26 + 15, 0, color=ink.accent(), panes=ink.chance(0.6), radius=ink.pick([2.0, 12.0]))
    low = (-side * 26 - 17, -side * 26 + 17)
    window(c, ink, low[0], -56, low[1], -22, frame=frame, bars=bars)
    if ink.chance(0.3):
        _flower_box(c, ink, low[0], low[1], -20)
    if ink.chance(0.5):
        window(c, ink, -22, eaves + 14, 22, eaves + 44, frame=frame, bars=bars)
    else:
        for x in (-26, 26):
            window(c, ink, x - 14, eaves + 14, x + 14, eaves + 44, frame=frame, bars=bars)
    c.rect(side * 26 - 20, -4, side * 26 + 20, 0, rgb("b7bcc4"), 1)


@drawable("shop", 150, 156, shadow=0.54)
def shop(c: Canvas, ink: Ink) -> None:
    """Corner shop with a striped awning over a large window."""
    wall, paint = ink.wall(), ink.accent()
    _wall(c, -70, -146, 70, wall)
    c.rect(-76, -154, 76, -142, darker(wall, 0.25), 2)
    with c.part("window"):
        c.rect(-60, -70, 12, -14, CREAM, 2)
        glass(c, ink, [(-56, -66), (8, -66), (8, -18), (-56, -18)])
        for x in (-46, -27, -8):
            c.rect(x - 6, -30, x + 6, -18, ink.accent(), 2, line=False)
    door(c, ink, 26, -68, 58, 0, color=darker(paint, 0.15))
    middle = ink.pick([-30, 0, 30])
    window(c, ink, middle - 26, -134, middle + 26, -104, bars="|")
    with c.part("awning"):
        for i in range(8):
            left, color = -70 + i * 17.5, (paint, CREAM)[i % 2]
            c.poly([(left * 0.95, -96), ((left + 17.5) * 0.95, -96), (left + 17.5, -78), (left, -78)], color)
            c.poly(oval(left + 8.75, -78, 8.75, 8, start=0.0, end=0.5), darker(color, 0.1), line=False)
        c.rect(-67, -99, 67, -95, darker(paint, 0.25), 1)


@drawable("barn", 176, 150, shadow=0.53)
def barn(c: Canvas, ink: Ink) -> None:
    """Barn with a double door and a weathervane."""
    wall = ink.pick([rgb("b5483a"), rgb("c8553d"), rgb("8f5e38"), rgb("9a5148")])
    trim = CREAM
    with c.part("weathervane"):
        c.rect(-1.2, -166, 1.2, -140, darker(STEEL, 0.5), line=False)
        c.poly([(-14, -160), (8, -163), (8, -166), (15, -159), (8, -152), (8, -156), (-14, -157)], darker(STEEL, 0.5))
    shape = [(-80, 0), (-80, -82), (-52, -124), (0, -142), (52, -124), (80, -82), (80, 0)]
    c.poly(shape, wall)
    for x in range(-70, 80, 14):
        c.rect(x, -84, x + 1.2, 0, darker(wall, 0.14), line=False)
    with c.part("roof"):
        edge = [(-88, -76), (-58, -128), (0, -148), (58, -128), (88, -76), (78, -76), (52, -118), (0, -136), (-52, -118), (-78, -76)]
        c.poly(edge, darker(ink.pick(ROOFS), 0.1))
    with c.part("door"):
        c.rect(-36, -66, 36, 0, trim)
        for x0, x1 in ((-33, -1.5), (1.5, 33)):
            c.rect(x0, -63, x1, 0, darker(wall, 0.06), line=False)
            for a, b in (((x0, -63), (x1, 0)), ((x1, -63), (x0, 0))):
                c.stroke([a, b], 3, trim, line=False)
        with c.part("handle"):
            c.rect(-9, -38, -3, -24, INKY, 2)
            c.rect(3, -38, 9, -24, INKY, 2)
    for x in (-58, 58):
        window(c, ink, x - 13, -60, x + 13, -32, frame=trim)
    c.oval(0, -100, 12, trim)
    c.oval(0, -100, 8.5, darker(wall, 0.3), line=False)


INKY = rgb("3a3440")


@drawable("windmill", 150, 196, shadow=0.3)
def windmill(c: Canvas, ink: Ink) -> None:
    """Tower mill with four blades."""
    wall = ink.wall()
    c.poly([(-40, 0), (-26, -112), (26, -112), (40, 0)], wall)
    c.poly([(18, 0), (12, -112), (26, -112), (40, 0)], darker(wall, 0.1), line=False)
    with c.part("roof"):
        c.poly(rounded([(-32, -108), (-20, -134), (0, -144), (20, -134), (32, -108)], 8), ink.pick(ROOFS))
    door(c, ink, -15, -46, 15, 0, color=ink.accent(), panes=False, radius=13)
    window(c, ink, -11, -84, 11, -62)
    turn = ink.span(0.03, 0.22)
    for i in range(4):
        with c.part("blade"), c.frame(0, -124, turn=turn + i / 4):
            c.rect(0, -2, 70, 2, ink.wood())
            c.rect(18, 1, 68, 17, CREAM, 1)
            for x in range(28, 68, 10):
                c.rect(x, 2, x + 1.5, 16, rgb("c9b79a"), line=False)
            c.rect(18, 8, 68, 9.5, rgb("c9b79a"), line=False)
    c.oval(0, -124, 6, rgb("5c4a3c"))


@drawable("lighthouse", 78, 210, shadow=0.5)
def lighthouse(c: Canvas, ink: Ink) -> None:
    """Striped lighthouse with a gallery and a lantern."""
    paint = ink.pick([rgb("d8433b"), rgb("2f6da8"), ink.accent()])

    def side(y: float) -> float:
        return 18 + 16 * (1 + y / 150)

    for i in range(5):
        y0, y1 = -150 + i * 30, -120 + i * 30
        color = (paint, CREAM)[i % 2]
        c.poly([(-side(y0), y0), (side(y0), y0), (side(y1), y1), (-side(y1), y1)], color)
        c.poly([(side(y0) * 0.4, y0), (side(y0), y0), (side(y1), y1), (side(y1) * 0.4, y1)], darker(color, 0.14), line=False)
    with c.part("lantern"):
        c.rect(-14, -182, 14, -156, LAMPLIGHT, lit=c.style.night)
        for x in (-14, -5, 4, 12):
            c.rect(x, -182, x + 2, -156, INKY, line=False)
        c.poly(rounded([(-19, -181), (0, -204), (19, -181)], 3), paint)
        c.oval(0, -205, 3.4, INKY)
    lamp_glow(c, 0, -168, 60)
    c.rect(-25, -158, 25, -150, INKY, 2)
    for x in range(-24, 25, 8):
        c.rect(x - 0.8, -166, x + 0.8, -156, INKY, line=False)
    c.rect(-25, -168, 25, -166, INKY, line=False)
    door(c, ink, -13, -42, 13, 0, color=darker(paint, 0.3), panes=False, radius=12)
    window(c, ink, -9, -88, 9, -66, bars="-")
    window(c, ink, -8, -136, 8, -116, bars="-")


@drawable("beach hut", 92, 122, shadow=0.54)
def beach_hut(c: Canvas, ink: Ink) -> None:
    """Striped wooden hut on a low deck."""
    paint = ink.accent()
    c.rect(-46, -8, 46, 0, ink.wood(), 2)
    for i in range(8):
        x = -40 + i * 10
        c.rect(x, -84 + abs(i - 3.5) * 0.2, x + 10, -8, (paint, CREAM)[i % 2], line=False)
    c.poly([(-40, -82), (0, -112), (40, -82)], paint)
    with c.part("roof"):
        c.poly(rounded([(-50, -76), (0, -116), (50, -76), (46, -68), (0, -104), (-46, -68)], 2), darker(paint, 0.25))
    door(c, ink, -16, -64, 16, -8, color=lighter(paint, 0.35))
    if ink.chance(0.6):
        porthole(c, ink, 0, -84, 9)
    if ink.chance(0.5):
        c.rect(-1.2, -138, 1.2, -110, rgb("7d6a58"), line=False)
        flag(c, ink, 1, -137, wide=24, high=14)

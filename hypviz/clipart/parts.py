"""Parts that several objects share, drawn alike wherever they occur."""

from __future__ import annotations

from .canvas import Canvas
from .palette import CREAM, FURS, GLASS, LAMPLIGHT, RUBBER, STEEL, WHITE, Color, darker, lighter, mix, rgb
from .registry import Ink
from .shapes import curve, leaf, oval, petals, ring

PART_CLASSES = (
    "armrest", "arm", "awning", "backrest", "basin", "basket", "beak", "blade", "book", "bulb", "cabin",
    "canopy", "canvas", "chimney", "claw", "crown", "cushion", "dial", "door", "drawer", "ear", "exhaust", "fin",
    "flag", "flower", "frame", "fruit", "handle", "handlebar", "hat", "head", "headlight", "hook", "horn", "hubcap",
    "hull", "jet", "jib", "keyboard", "knob", "ladder", "lamp head", "lantern", "leaf", "leg", "lid", "life ring", "mast", "muzzle",
    "nest", "paper", "pole", "porthole", "pot", "roof", "sail", "saddle", "screen", "seat", "shade", "shelf", "spout",
    "stand", "stem", "tail", "tower", "tray", "trunk", "udder", "weathervane", "wheel", "window", "wing",
)  # fmt: skip


def wheel(c: Canvas, ink: Ink, x: float, y: float, r: float, *, rim: Color = STEEL) -> None:
    """Tyre with a hubcap."""
    with c.part("wheel"):
        c.oval(x, y, r, RUBBER)
        c.oval(x, y, r * 0.74, lighter(RUBBER, 0.1), line=False)
        with c.part("hubcap"):
            c.oval(x, y, r * 0.6, rim)
            c.oval(x, y, r * 0.42, lighter(rim, 0.35), line=False)
            c.oval(x, y, r * 0.17, darker(rim, 0.4), line=False)


def handle(c: Canvas, x: float, y: float, *, color: Color = LAMPLIGHT, wide: float = 8, high: float = 8) -> None:
    """Door knob or bar, centred on x, y."""
    with c.part("handle"):
        c.rect(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2, color, min(wide, high) / 2)
        c.rect(x - wide / 4, y - high / 2 + 1, x + wide / 4, y - high / 6, lighter(color, 0.5), 1, line=False)


def glass(c: Canvas, ink: Ink, shape: list[tuple[float, float]], *, lit: bool | None = None) -> None:
    """Pane with a glint, or with the light on at night."""
    shine = c.style.night and ink.chance(0.65) if lit is None else lit
    c.poly(shape, LAMPLIGHT if shine else GLASS, line=False, lit=shine)
    xs, ys = [p[0] for p in shape], [p[1] for p in shape]
    x0, x1, y0, y1 = min(xs), max(xs), min(ys), max(ys)
    wide, high = x1 - x0, y1 - y0
    if wide < 6 or len(shape) != 4:
        return
    glint = [(x0 + wide * 0.52, y0), (x0 + wide * 0.82, y0), (x0 + wide * 0.4, y1), (x0 + wide * 0.1, y1)]
    if high > 5:
        c.poly(glint, WHITE, alpha=0.4)


def window(
    c: Canvas, ink: Ink, x0: float, y0: float, x1: float, y1: float, *, frame: Color = CREAM, bars: str = "+", radius: float = 1.5
) -> None:
    """Framed pane; `bars` is "+", "|", "-" or nothing."""
    with c.part("window"):
        edge = max(1.8, min(x1 - x0, y1 - y0) * 0.09)
        c.rect(x0, y0, x1, y1, frame, radius)
        ax, ay, bx, by = x0 + edge, y0 + edge, x1 - edge, y1 - edge
        glass(c, ink, [(ax, ay), (bx, ay), (bx, by), (ax, by)])
        mx, my, half = (x0 + x1) / 2, (y0 + y1) / 2, edge * 0.4
        if bars in "+|" and bars:
            c.rect(mx - half, ay, mx + half, by, frame, line=False)
        if bars in "+-" and bars:
            c.rect(ax, my - half, bx, my + half, frame, line=False)


def porthole(c: Canvas, ink: Ink, x: float, y: float, r: float, *, rim: Color = CREAM) -> None:
    """Round window."""
    with c.part("porthole"):
        c.oval(x, y, r, rim)
        shine = c.style.night and ink.chance(0.7)
        c.oval(x, y, r * 0.68, LAMPLIGHT if shine else mix(GLASS, (70, 140, 190), 0.45), line=False, lit=shine)
        c.oval(x - r * 0.22, y - r * 0.25, r * 0.22, WHITE, alpha=0.6)


def door(c: Canvas, ink: Ink, x0: float, y0: float, x1: float, y1: float, *, color: Color, panes: bool = True, radius: float = 2.0) -> None:
    """House door with a frame and a handle."""
    with c.part("door"):
        c.rect(x0 - 2, y0 - 2, x1 + 2, y1, CREAM, (radius, radius, 0, 0))
        c.rect(x0, y0, x1, y1, color, (radius, radius, 0, 0), line=False)
        wide, high = x1 - x0, y1 - y0
        inner = darker(color, 0.16)
        if panes:
            glass(
                c,
                ink,
                [
                    (x0 + wide * 0.2, y0 + high * 0.1),
                    (x1 - wide * 0.2, y0 + high * 0.1),
                    (x1 - wide * 0.2, y0 + high * 0.38),
                    (x0 + wide * 0.2, y0 + high * 0.38),
                ],
            )
        else:
            c.rect(x0 + wide * 0.18, y0 + high * 0.1, x1 - wide * 0.18, y0 + high * 0.42, inner, 1, line=False)
        c.rect(x0 + wide * 0.18, y0 + high * 0.62, x1 - wide * 0.18, y0 + high * 0.9, inner, 1, line=False)
        handle(c, x1 - wide * 0.24, y0 + high * 0.52, wide=8, high=8)


def drawer(c: Canvas, x0: float, y0: float, x1: float, y1: float, color: Color) -> None:
    """Drawer front with a bar handle."""
    with c.part("drawer"):
        c.rect(x0, y0, x1, y1, color, 2)
        c.rect(x0, y1 - (y1 - y0) * 0.16, x1, y1, darker(color, 0.1), (0, 0, 2, 2), line=False)
        handle(c, (x0 + x1) / 2, (y0 + y1) / 2, color=STEEL, wide=min(20, (x1 - x0) * 0.4), high=7)


def furniture_leg(c: Canvas, x: float, top: float, color: Color, *, wide: float = 7, lean: float = 0.0) -> None:
    """Leg that stands on the ground line."""
    with c.part("leg"):
        c.poly([(x - wide / 2, top), (x + wide / 2, top), (x + lean + wide * 0.34, 0), (x + lean - wide * 0.34, 0)], color)


def headlight(c: Canvas, x: float, y: float, *, wide: float = 8, high: float = 9) -> None:
    """Front lamp of a vehicle."""
    with c.part("headlight"):
        c.rect(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2, rgb("fff0b8"), min(wide, high) / 2, lit=c.style.night)
    if c.style.night:
        c.glow(x + wide, y, 22, LAMPLIGHT, 0.08)


def flag(c: Canvas, ink: Ink, x: float, y: float, *, wide: float = 24, high: float = 14) -> None:
    """Waving flag whose hoist is at x, y (its top)."""
    color = ink.accent()
    wave = high * 0.18
    with c.part("flag"):
        top = curve([(x, y), (x + wide * 0.33, y - wave), (x + wide * 0.66, y + wave), (x + wide, y)], 4)
        c.poly([*map(tuple, top), *[(px, py + high) for px, py in top[::-1]]], color)
        third = [(px, py + high * 0.36) for px, py in top]
        low = [(px, py + high * 0.66) for px, py in top[::-1]]
        if ink.chance(0.6):
            c.poly(third + low, CREAM, line=False)


def life_ring(c: Canvas, x: float, y: float, r: float) -> None:
    """Red and white life ring."""
    with c.part("life ring"):
        c.poly(ring(x, y, r, r * 0.45), WHITE)
        for quarter in range(4):
            start = quarter / 4 + 0.06
            outer, inner = oval(x, y, r, start=start, end=start + 0.13), oval(x, y, r * 0.45, start=start, end=start + 0.13)
            c.poly([*map(tuple, outer), *map(tuple, inner[::-1])], rgb("e4483f"), line=False)


def blossom(c: Canvas, x: float, y: float, r: float, color: Color) -> None:
    """Flower seen from the front."""
    with c.part("flower"):
        c.poly(petals(x, y, 6, r * 0.66, r * 0.38), color)
        c.oval(x, y, r * 0.36, rgb("f7c948"), line=False)


def leaf_part(c: Canvas, x: float, y: float, length: float, width: float, turn: float, color: Color) -> None:
    """Leaf with a midrib, growing along `turn`."""
    with c.part("leaf"):
        c.poly(leaf(x, y, length, width, turn), color)
    c.poly(leaf(x, y, length * 0.9, width * 0.16, turn), lighter(color, 0.25), alpha=0.7)


def eye(c: Canvas, x: float, y: float, r: float = 1.7) -> None:
    """Dot eye; too small to be a part."""
    c.oval(x, y, r, rgb("2a2a38"), line=False)
    c.oval(x - r * 0.3, y - r * 0.35, r * 0.36, WHITE, line=False)


def lamp_glow(c: Canvas, x: float, y: float, radius: float) -> None:
    """Light that a lamp throws at night."""
    if c.style.night:
        c.glow(x, y, radius, LAMPLIGHT, 0.09)


def fur(ink: Ink) -> Color:
    """Coat of an animal."""
    return ink.pick(FURS)

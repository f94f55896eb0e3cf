"""Which part of a picture a card of an item shows: the box itself, or for a small one a square around it with the box outlined.

A box of a few pixels, enlarged to a card, is a blur that nobody can name; seen where it stands it can be named. This is about cards
only: what the encoder sees is the tight crop.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageDraw

Xyxy = tuple[float, float, float, float]

DRAWN = 2
"""Grows when cards come to be drawn otherwise: it is part of their addresses, for a browser keeps a card for ever."""
SMALL = 40.0
"""Pixels of the picture: a box whose shorter side is below this is shown in its surroundings. Chosen
by looking on 2026-11-30 at crops of photographs 256 pixels wide and of the drawn scenes, each beside its cut (docs/disk.md)."""
GROWTH = 1.5
"""Side of the square as a multiple of the box's longer side, to which MARGIN is added."""
MARGIN = 40.0
"""Pixels added to the square's side: the smaller the box, the more of what is around it is needed to name it."""
FILLS = 0.8
"""A box that takes at least this share of the cut in both directions needs no outline: the cut would show little else."""
LINE = "#ff6a00"
"""The page's colour of a chosen box (assets/shared/style.css)."""
UNDER = "#ffffff"
"""Beneath the line, so that it is seen on every ground."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A part x1, y1, x2, y2 of a picture in its pixels, and whether the box in it is outlined."""

    xyxy: Xyxy
    outlined: bool


def cut_of(xyxy: Xyxy, size: tuple[int, int]) -> Cut:
    """What the card of a box shows. xyxy: inside the picture.  size: its (width, height), pixels.

    The square is moved to lie inside the picture, and is no longer one where the picture is narrower than it.

    >>> cut_of((100, 100, 120, 110), (640, 480))
    Cut(xyxy=(75.0, 70.0, 145.0, 140.0), outlined=True)
    >>> cut_of((0, 0, 100, 90), (640, 480))
    Cut(xyxy=(0, 0, 100, 90), outlined=False)
    """
    x1, y1, x2, y2 = xyxy
    extents = x2 - x1, y2 - y1
    if min(extents) >= SMALL:
        return Cut(xyxy, outlined=False)
    side = GROWTH * max(extents) + MARGIN
    left, right = _span(x1, x2, side, size[0])
    top, bottom = _span(y1, y2, side, size[1])
    if extents[0] >= FILLS * (right - left) and extents[1] >= FILLS * (bottom - top):
        return Cut(xyxy, outlined=False)
    return Cut((left, top, right, bottom), outlined=True)


def outline(card: Image.Image, box: Xyxy) -> None:
    """Draw a box around x1, y1, x2, y2 of a card, in its pixels: outside what is in it, as far as the card reaches."""
    draw = ImageDraw.Draw(card)
    width = max(1, round(max(card.size) / 96))
    x1, y1, x2, y2 = (round(value) for value in box)
    for gap, colour in ((2 * width, UNDER), (width, LINE)):
        corners = max(0, x1 - gap), max(0, y1 - gap), min(card.width - 1, x2 + gap - 1), min(card.height - 1, y2 + gap - 1)
        draw.rectangle(corners, outline=colour, width=width)


def _span(low: float, high: float, side: float, limit: float) -> tuple[float, float]:
    """An interval of length `side` about low…high, moved into 0…limit; all of it where `side` is longer."""
    if side >= limit:
        return 0.0, float(limit)
    start = min(max((low + high - side) / 2, 0.0), limit - side)
    return start, start + side

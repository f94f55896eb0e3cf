"""Colours and styles: which colours go together, and how a style changes all of them.

A colour is an (r, g, b) tuple of ints, 0 to 255.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

Color = tuple[int, int, int]


def rgb(code: str) -> Color:
    """Colour of a six-digit hexadecimal code."""
    return (int(code[0:2], 16), int(code[2:4], 16), int(code[4:6], 16))


def mix(a: Color, b: Color, share: float) -> Color:
    """Colour that is `share` of the way from a to b."""
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


WHITE, BLACK = (255, 255, 255), (0, 0, 0)
NIGHT_BLUE = rgb("1b2a52")
INK = rgb("2f3345")
CREAM = rgb("fff8ec")
STEEL = rgb("b9c3cf")
RUBBER = rgb("3b3f4c")
GLASS = rgb("bfe3f2")
LAMPLIGHT = rgb("ffd97a")


def darker(color: Color, share: float = 0.16) -> Color:
    """Shadow side of a colour: towards a deep blue, which keeps it livelier than black does."""
    return mix(color, (30, 28, 66), share)


def lighter(color: Color, share: float = 0.25) -> Color:
    """Light side of a colour."""
    return mix(color, WHITE, share)


def _set(codes: str) -> tuple[Color, ...]:
    return tuple(rgb(code) for code in codes.split())


@dataclass(frozen=True)
class Palette:
    """Colours that go together in one picture."""

    name: str
    accents: tuple[Color, ...]
    walls: tuple[Color, ...]
    foliage: tuple[Color, ...]
    ground: Color


PALETTES = (
    Palette(
        "coast",
        _set("e4572e f4a259 2a9d8f 3d7ea6 e9c46a"),
        _set("fbf1df f3d9b1 dfe9e6 f2b5a0"),
        _set("4f9d69 6bb17b 3d8361"),
        rgb("9cc98a"),
    ),
    Palette(
        "berry",
        _set("e8476a ffb84d 17b890 2f88c0 8a67bd"),
        _set("fdf0e6 f6cfd2 d9e4f5 efe0f2"),
        _set("3fa37c 66bb8a 2f8a72"),
        rgb("95d0a0"),
    ),
    Palette(
        "retro",
        _set("c8553d edae49 5f9f86 2e7f9e 8d6b94"),
        _set("f6ead2 e9c99b d8d7c0 d98f6d"),
        _set("7a9e4b 5d8a4a 98b45a"),
        rgb("b9c583"),
    ),
    Palette(
        "nordic",
        _set("bf616a d98a6a e3bd6f 6f9f7b 5e81ac"),
        _set("eceff4 dfd8cc c9d6df d8b4a6"),
        _set("6d9b78 557f6b 8ab08a"),
        rgb("a9c3a0"),
    ),
    Palette(
        "citrus",
        _set("f25f5c ff9f45 ffd23f 3fb68b 3a86d8"),
        _set("fffaf0 ffe5bd d7f0ea ffd0c2"),
        _set("57b35a 7fc95f 3b9a5f"),
        rgb("a6db86"),
    ),
    Palette(
        "autumn",
        _set("b5483a de8a3b e6b450 6c8f7d 46657f"),
        _set("f7e9d5 e8c7a0 d9cfc1 c98d70"),
        _set("d98a35 c4612f 9a9a45"),
        rgb("c9bd7b"),
    ),
    Palette(
        "lagoon",
        _set("ff6f61 ffc15e 00a6a6 3066be 9b72cf"),
        _set("f4fbfa d2eeea ffe8d1 f7d0c8"),
        _set("39a27a 5fbd84 2c8a70"),
        rgb("8fd19a"),
    ),
)

WOODS = _set("b97a45 8f5e38 cf9d63 a0653f 74503a")
SKINS = _set("f7d3b4 eab98f d29a6a a76f45 7a4c30 5a3825")
HAIRS = _set("3a2a24 5b3a26 8a5a2e c98f3f 2a2c38 a33f2b d8d3cc")
FURS = _set("c98d55 8a5f3f e8d3b0 5a4a44 f1ece2 d9a25f")
STONES = _set("b7bcc4 a3a8b3 c9c2b6")


@dataclass(frozen=True)
class Style:
    """How every colour and outline of a picture is changed."""

    name: str
    outline: float = 0.0  # width of the dark contour in design units; 0 draws none
    drop: float = 0.0  # opacity of the paper-cut shadow under each shape
    shadow: float = 0.2  # opacity of shadows on the ground
    saturation: float = 1.0
    gain: float = 1.0
    tint: Color = WHITE
    tint_share: float = 0.0
    sky: tuple[Color, Color] = (rgb("8fd0f0"), rgb("e6f6fb"))
    night: bool = False

    def grade(self, color: Color) -> Color:
        """Colour as this style shows it."""
        h, lightness, s = colorsys.rgb_to_hls(*(v / 255 for v in color))
        r, g, b = colorsys.hls_to_rgb(h, lightness, min(1.0, s * self.saturation))
        bright = tuple(min(255, round(v * 255 * self.gain)) for v in (r, g, b))
        return mix((bright[0], bright[1], bright[2]), self.tint, self.tint_share)


def _sky(top: str, bottom: str) -> tuple[Color, Color]:
    return rgb(top), rgb(bottom)


STYLES = (
    Style("flat"),
    Style("clear", sky=_sky("58b4e8", "d3eefa"), saturation=1.06),
    Style("outlined", outline=1.3, sky=_sky("a9dcf2", "f3fafc")),
    Style("sketch", outline=1.7, saturation=0.85, tint=rgb("fff4df"), tint_share=0.1, sky=_sky("bfe0e2", "fdf3dd")),
    Style("papercut", drop=0.2, shadow=0.24, sky=_sky("9ad4e6", "eef8f4")),
    Style("pastel", saturation=0.8, tint=WHITE, tint_share=0.26, shadow=0.13, sky=_sky("c9dcf7", "fbeaf2")),
    Style("sunset", saturation=0.95, tint=rgb("ff9a6b"), tint_share=0.16, sky=_sky("7e79b8", "ffc489"), shadow=0.24),
    Style("retro", saturation=0.72, tint=rgb("f3dfb8"), tint_share=0.18, sky=_sky("a8cbc4", "f8ecd0")),
    Style("night", saturation=0.85, gain=0.8, tint=NIGHT_BLUE, tint_share=0.24, sky=_sky("2a3a78", "8c86c4"), night=True, shadow=0.3),
)
EVENING = Style(
    "evening", saturation=1.02, gain=0.9, tint=rgb("4b3a78"), tint_share=0.2, sky=_sky("2a3a78", "8c86c4"), night=True, shadow=0.26
)
STYLE_WEIGHTS = (0.2, 0.15, 0.14, 0.06, 0.11, 0.1, 0.09, 0.06, 0.09)

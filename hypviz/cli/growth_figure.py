"""The figure of `python -m hypviz bench growth`: seconds and memory against items, both axes logarithmic, as SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from itertools import cycle

Points = Sequence[tuple[float, float]]
WIDTH, HEIGHT, GAP = 330, 300, 190
"""Of a panel, and the room beside it for the names of its lines."""
LEFT, TOP, BOTTOM = 62, 34, 44
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#5b3fa0", "#555555")
APART = 13
"""Least distance between two names."""


def svg(seconds: Mapping[str, Points], memory: Mapping[str, Points]) -> str:
    """Two panels side by side: processor time in seconds and peak memory in bytes, each line with its name at its end."""
    across = LEFT + WIDTH + GAP
    panels = [
        _panel(seconds, "processor time", 0, _seconds),
        _panel(memory, "peak memory of the process, mapped files included", across, _bytes),
    ]
    size = 2 * across, TOP + HEIGHT + BOTTOM
    frame = f'width="{size[0]}" height="{size[1]}" viewBox="0 0 {size[0]} {size[1]}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {frame} font-family="sans-serif" font-size="11">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="#fff"/>', *(line for panel in panels for line in panel), "</svg>", ""])


def _panel(lines: Mapping[str, Points], title: str, left: float, unit: Callable[[int], str]) -> list[str]:
    """One panel whose upper left corner is at (left, 0)."""
    xs = _decades(x for points in lines.values() for x, _ in points)
    ys = _decades(y for points in lines.values() for _, y in points)

    def at(x: float, y: float) -> tuple[float, float]:
        share_x, share_y = ((math.log10(value) - ends[0]) / (ends[-1] - ends[0]) for value, ends in ((x, xs), (y, ys)))
        return left + LEFT + WIDTH * share_x, TOP + HEIGHT * (1 - share_y)

    parts = [_text(left + LEFT, TOP - 14, title, weight="bold")]
    for power in xs:
        x, bottom = at(10.0**power, 10.0 ** ys[0])
        parts += [_line(x, TOP, x, bottom), _text(x, bottom + 16, f"10{_raised(power)}", anchor="middle")]
    for power in ys:
        x, y = at(10.0 ** xs[0], 10.0**power)
        parts += [_line(x, y, x + WIDTH, y), _text(x - 6, y + 4, unit(power), anchor="end")]
    parts.append(_text(left + LEFT + WIDTH / 2, TOP + HEIGHT + 34, "items", anchor="middle"))
    ends = {name: at(*points[-1]) for name, points in lines.items()}
    heights = dict(zip(sorted(ends, key=lambda name: ends[name][1]), _spread(sorted(y for _, y in ends.values())), strict=True))
    for (name, points), colour in zip(lines.items(), cycle(COLOURS), strict=False):
        places = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in points))
        parts.append(f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{colour}"/>' for x, y in (at(*point) for point in points)]
        parts.append(_text(left + LEFT + WIDTH + 9, heights[name] + 4, name, colour=colour))
    return parts


def _decades(values: Iterable[float]) -> list[int]:
    """The powers of ten from below the smallest value to above the largest, two at least."""
    logs = [math.log10(value) for value in values] or [0.0]
    low = math.floor(min(logs) + 1e-9)
    return list(range(low, max(low + 1, math.ceil(max(logs) - 1e-9)) + 1))


def _spread(heights: Sequence[float]) -> list[float]:
    """The same heights, ascending, moved so that neighbours are `APART` at least and all stay within the panel where that can be."""
    moved: list[float] = []
    for height in heights:
        moved.append(max(height, moved[-1] + APART) if moved else height)
    limit = float(TOP + HEIGHT)
    for place in reversed(range(len(moved))):
        moved[place] = min(moved[place], limit)
        limit = moved[place] - APART
    return moved


def _seconds(power: int) -> str:
    return f"{10**power:,} s" if power >= 0 else f"{10 ** (power + 3):,} ms" if power >= -3 else f"{10 ** (power + 6):,} µs"


def _bytes(power: int) -> str:
    size, name = next((size, name) for size, name in ((12, "TB"), (9, "GB"), (6, "MB"), (3, "kB"), (0, "B")) if power >= size or not size)
    return f"{10 ** (power - size):,} {name}"


def _raised(power: int) -> str:
    return str(power).translate(str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"))


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, words: str, *, anchor: str = "start", weight: str = "normal", colour: str = "#222") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" fill="{colour}">{escape(words)}</text>'

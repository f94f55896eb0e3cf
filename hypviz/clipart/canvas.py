"""A supersampled canvas that remembers which part every pixel belongs to.

Drawing happens in design units on a 512 x 384 sheet, whatever the size of the picture, so a
scene has the same composition at every size. Beside the picture the canvas keeps an ID buffer
in which every opaque shape writes the number of its part. Parts are numbered in drawing order,
so a part and everything drawn inside it own one contiguous range of numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

from .palette import INK, Color, Style
from .shapes import Points, grown, oval, rect, stroke

DESIGN_WH = (512, 384)
DROP_OFFSET = np.array([1.2, 1.8])  # of the paper-cut shadow, in design units
MARGIN = 96  # the ID buffer reaches this far beyond the sheet, to know what the frame cuts off
ID_SCALE = 2  # ID pixels per design unit
MIN_SIDE_PX = 6.0  # smaller boxes are not emitted
MIN_VISIBLE = 0.5  # a box is kept when at least this share of its pixels can be seen


@dataclass(frozen=True)
class DrawnBox:
    """A labelled box: the tight box of the visible pixels of one thing and of all its parts.

    `parent` is the index of the box of the thing this is drawn on (None: of the scene itself),
    and `visible` the share of its pixels, in [0.5, 1], that nothing covers and no edge cuts off.
    """

    xyxy: tuple[float, float, float, float]
    label: str
    parent: int | None
    visible: float


@dataclass
class _Node:
    label: str
    parent: int | None
    first: int
    last: int = 0
    full: int = 0
    bounds: np.ndarray = field(default_factory=lambda: np.array([np.inf, np.inf, -np.inf, -np.inf]))


class Canvas:
    """Draws shapes in the current frame into the current part."""

    def __init__(self, size: tuple[int, int] = DESIGN_WH, *, style: Style, supersample: int = 3) -> None:
        self.size, self.style, self._supersample = size, style, supersample
        self._zoom = np.array([size[0] / DESIGN_WH[0], size[1] / DESIGN_WH[1]]) * supersample
        self._image = Image.new("RGB", (size[0] * supersample, size[1] * supersample))
        self._opaque = ImageDraw.Draw(self._image)
        self._blend = ImageDraw.Draw(self._image, "RGBA")
        wide, high = ((side + 2 * MARGIN) * ID_SCALE for side in DESIGN_WH)
        self._ids = Image.new("I", (wide, high))
        self._id_draw = ImageDraw.Draw(self._ids)
        self._nodes: list[_Node] = []
        self._open: list[int] = []
        self._axes, self._origin = np.eye(2), np.zeros(2)
        self._graded: dict[Color, Color] = {}

    # -- where to draw ------------------------------------------------------------------

    @contextmanager
    def frame(self, x: float, y: float, *, scale: float = 1.0, flip: bool = False, turn: float = 0.0) -> Iterator[None]:
        """Move the origin to x, y; scale, mirror and turn (in turns, clockwise) what is drawn."""
        saved = self._axes, self._origin
        cos, sin = np.cos(turn * 2 * np.pi), np.sin(turn * 2 * np.pi)
        turned = np.array([(cos, sin), (-sin, cos)]) * scale
        mirror = np.array([(-1.0 if flip else 1.0, 0.0), (0.0, 1.0)])
        self._origin = np.array([x, y]) @ self._axes + self._origin
        self._axes = mirror @ turned @ self._axes
        try:
            yield
        finally:
            self._axes, self._origin = saved

    @contextmanager
    def part(self, label: str) -> Iterator[None]:
        """Everything drawn inside belongs to a thing called `label`, and to what it is part of."""
        node = _Node(label, self._open[-1] if self._open else None, first=len(self._nodes) + 1)
        self._nodes.append(node)
        self._open.append(len(self._nodes) - 1)
        try:
            yield
        finally:
            self._open.pop()
            node.last = len(self._nodes)
            node.full = int(np.count_nonzero(self._owned(node, self._clipped(node.bounds))))
            if self._open:
                outer = self._nodes[self._open[-1]].bounds
                outer[:2], outer[2:] = np.minimum(outer[:2], node.bounds[:2]), np.maximum(outer[2:], node.bounds[2:])

    # -- what to draw -------------------------------------------------------------------

    def poly(self, points: Points, color: Color, *, alpha: float = 1.0, line: bool = True, lit: bool = False) -> None:
        """Filled polygon. See-through shapes (alpha < 1) are light and shade: they own no pixels.

        `line` allows the style's contour and paper-cut shadow, `lit` shines at night.
        """
        p = np.asarray(points, dtype=float) @ self._axes + self._origin
        fill = color if lit else self._grade(color)
        if alpha < 1:
            self._blend.polygon(self._pixels(p), fill=(*fill, round(255 * alpha)))
            return
        inside = bool(self._open)
        if inside and line and self.style.drop and np.ptp(p, axis=0).min() > 5:
            self._blend.polygon(self._pixels(p + DROP_OFFSET), fill=(24, 26, 60, round(255 * self.style.drop)))
        edge = p
        if inside and line and self.style.outline:
            edge = grown(p, self.style.outline)
            self._opaque.polygon(self._pixels(edge), fill=self._grade(INK))
        self._opaque.polygon(self._pixels(p), fill=fill)
        if self._nodes:  # scenery before the first thing covers nothing
            self._claim(edge)

    def rect(
        self,
        x0: float,
        y0: float,
        x1: float,
        y1: float,
        color: Color,
        radius: float | tuple[float, float, float, float] = 0.0,
        **how: float | bool,
    ) -> None:
        """Filled rectangle with rounded corners."""
        self.poly(rect(x0, y0, x1, y1, radius), color, **how)  # type: ignore[arg-type]

    def oval(self, cx: float, cy: float, rx: float, color: Color, ry: float | None = None, **how: float | bool) -> None:
        """Filled ellipse."""
        self.poly(oval(cx, cy, rx, ry), color, **how)  # type: ignore[arg-type]

    def stroke(self, points: Points, width: float, color: Color, end_width: float | None = None, **how: float | bool) -> None:
        """Line along the points."""
        self.poly(stroke(points, width, end_width), color, **how)  # type: ignore[arg-type]

    def shadow(self, cx: float, cy: float, rx: float, ry: float) -> None:
        """Soft shadow on the ground."""
        for share in (1.0, 0.84, 0.66):
            self.poly(oval(cx, cy, rx * share, ry * share), (22, 24, 58), alpha=self.style.shadow / 2.4)

    def glow(self, cx: float, cy: float, radius: float, color: Color, strength: float = 0.12) -> None:
        """Soft light round a lamp."""
        for share in (1.0, 0.75, 0.52, 0.32):
            self.poly(oval(cx, cy, radius * share), color, alpha=strength, lit=True)

    def gradient(self, y0: float, y1: float, top: Color, bottom: Color, *, graded: bool = True) -> None:
        """Fill the full width between two heights of the sheet, from `top` to `bottom`."""
        a, b = (self._grade(top), self._grade(bottom)) if graded else (top, bottom)
        first, last = round(y0 * self._zoom[1]), round(y1 * self._zoom[1])
        ramp = np.linspace(a, b, max(2, last - first)).round().astype(np.uint8)[:, None]
        self._image.paste(Image.fromarray(ramp).resize((self._image.width, len(ramp)), Image.Resampling.NEAREST), (0, first))

    def _grade(self, color: Color) -> Color:
        if color not in self._graded:
            self._graded[color] = self.style.grade(color)
        return self._graded[color]

    def _pixels(self, p: np.ndarray) -> list[float]:
        # Pillow counts from the middle of a pixel and fills both ends
        out: list[float] = (p * self._zoom - 0.5).ravel().tolist()
        return out

    def _claim(self, p: np.ndarray) -> None:
        on_ids = (p + MARGIN) * ID_SCALE - 0.5
        self._id_draw.polygon(on_ids.ravel().tolist(), fill=self._open[-1] + 1 if self._open else 0)
        if self._open:
            bounds = self._nodes[self._open[-1]].bounds
            bounds[:2] = np.minimum(bounds[:2], on_ids.min(axis=0))
            bounds[2:] = np.maximum(bounds[2:], on_ids.max(axis=0))

    # -- what came out ------------------------------------------------------------------

    def pixels(self) -> np.ndarray:
        """The picture, (H, W, 3) uint8."""
        return np.asarray(self._image.reduce(self._supersample))

    def boxes(self, *, min_side: float = MIN_SIDE_PX, min_visible: float = MIN_VISIBLE) -> tuple[DrawnBox, ...]:
        """Boxes of all parts that can be seen well enough, each after its parent, in pixels."""
        boxes: list[DrawnBox] = []
        index: dict[int, int | None] = {}
        for number, node in enumerate(self._nodes):
            parent = None if node.parent is None else index[node.parent]
            box = self._box(node, parent, min_visible)
            if box is None or min(box.xyxy[2] - box.xyxy[0], box.xyxy[3] - box.xyxy[1]) < min_side:
                index[number] = parent  # what is drawn on a dropped thing hangs on the next one up
                continue
            index[number] = len(boxes)
            boxes.append(box)
        return tuple(boxes)

    def _box(self, node: _Node, parent: int | None, min_visible: float) -> DrawnBox | None:
        x0, y0, x1, y1 = self._clipped(node.bounds, MARGIN * ID_SCALE)
        if x1 <= x0 or y1 <= y0:
            return None
        visible = self._owned(node, (x0, y0, x1, y1))
        share = np.count_nonzero(visible) / max(node.full, 1)
        if share < min_visible or not visible.any():
            return None
        columns, rows = np.flatnonzero(visible.any(axis=0)), np.flatnonzero(visible.any(axis=1))
        corners = np.array([x0 + columns[0], y0 + rows[0], x0 + columns[-1] + 1, y0 + rows[-1] + 1])
        on_sheet = corners / ID_SCALE - MARGIN
        xyxy = on_sheet * np.tile(np.divide(self.size, DESIGN_WH), 2)
        left, top, right, bottom = (round(float(v), 2) for v in xyxy)
        return DrawnBox((left, top, right, bottom), node.label, parent, round(min(float(share), 1.0), 4))

    def _clipped(self, bounds: np.ndarray, inset: int = 0) -> tuple[int, int, int, int]:
        if not np.isfinite(bounds).all():
            return (0, 0, 0, 0)
        low = np.maximum(np.floor(bounds[:2]) - 1, inset).astype(int)
        high = np.minimum(np.ceil(bounds[2:]) + 2, np.subtract(self._ids.size, inset)).astype(int)
        return (int(low[0]), int(low[1]), int(high[0]), int(high[1]))

    def _owned(self, node: _Node, window: tuple[int, int, int, int]) -> np.ndarray:
        if window[2] <= window[0] or window[3] <= window[1]:
            return np.zeros((0, 0), dtype=bool)
        ids = np.asarray(self._ids.crop(window))
        return (ids >= node.first) & (ids <= node.last)

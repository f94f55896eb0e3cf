"""Places objects on a scene: on the ground, in rows, on top of furniture, on the wall."""

from __future__ import annotations

from collections.abc import Sequence

from .canvas import DESIGN_WH, Canvas
from .registry import DRAWABLES, Ink

WIDE, HIGH = DESIGN_WH


class Stage:
    """Canvas and ink of one scene, and the ways to put objects on it."""

    def __init__(self, canvas: Canvas, ink: Ink) -> None:
        self.canvas, self.ink = canvas, ink

    def put(self, label: str, x: float, y: float, *, scale: float = 1.0, flip: bool | None = None, shadow: bool = True) -> None:
        """Draw an object that stands at x, y; mirrored by chance unless `flip` says."""
        entry = DRAWABLES[label]
        mirrored = self.ink.chance(0.5) if flip is None else flip
        with self.canvas.frame(x, y, scale=scale, flip=mirrored):
            if shadow and entry.shadow:
                half = entry.width * entry.shadow
                self.canvas.shadow(0, 0, half, min(9.0, 3 + half * 0.07))
            with self.canvas.part(label):
                entry.paint(self.canvas, self.ink)

    def row(
        self,
        labels: Sequence[str],
        y: float,
        *,
        scale: float = 1.0,
        low: float = 10,
        high: float = WIDE - 10,
        jitter: float = 4,
        gap: float = 8,
    ) -> dict[str, float]:
        """Stand objects side by side in random order with random gaps; what does not fit is left out.

        Returns where each one stands (x of its middle).
        """
        fitting: list[tuple[str, float]] = []
        free = high - low
        for label in labels:
            size = scale * self.ink.span(0.94, 1.08)
            wide = DRAWABLES[label].width * size + gap
            if wide <= free:
                fitting.append((label, size))
                free -= wide
        order = self.ink.some(fitting, len(fitting))
        cuts = self.ink.rng.dirichlet([1.6] * (len(order) + 1)) * max(free, 0)
        spots, x = {}, low
        for (label, size), space in zip(order, cuts, strict=False):
            half = (DRAWABLES[label].width * size + gap) / 2
            x += float(space) + half
            self.put(label, x, y + self.ink.span(-jitter, jitter), scale=size)
            spots[label] = x
            x += half
        return spots

    def hang(self, labels: Sequence[str], y: float, *, low: float = 30, high: float = WIDE - 30, scale: float = 1.0) -> None:
        """Hang things on the wall at one height, side by side."""
        self.row(labels, y, scale=scale, low=low, high=high, jitter=6, gap=22)

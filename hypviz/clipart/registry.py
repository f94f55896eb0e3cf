"""The table of objects that can be drawn, and the chance and colours they draw with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from .canvas import Canvas
from .palette import STONES, WOODS, Color, Palette, Style

T = TypeVar("T")


class Ink:
    """Random choices of one scene, and colours that suit it."""

    def __init__(self, rng: np.random.Generator, palette: Palette, style: Style) -> None:
        self.rng, self.palette, self.style = rng, palette, style
        self._bag: list[Color] = []

    def chance(self, share: float) -> bool:
        """True with the given probability."""
        return bool(self.rng.random() < share)

    def span(self, low: float, high: float) -> float:
        """Number between low and high."""
        return float(low + (high - low) * self.rng.random())

    def count(self, low: int, high: int) -> int:
        """Whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[int(self.rng.integers(len(options)))]

    def some(self, options: Sequence[T], number: int) -> list[T]:
        """Different options, in random order."""
        return [options[int(i)] for i in self.rng.permutation(len(options))[:number]]

    def accent(self) -> Color:
        """A strong colour; all of the palette come round before one comes back."""
        if not self._bag:
            self._bag = self.some(self.palette.accents, len(self.palette.accents))
        return self._bag.pop()

    def wall(self) -> Color:
        """A pale colour for a facade."""
        return self.pick(self.palette.walls)

    def foliage(self) -> Color:
        """The colour of leaves."""
        return self.pick(self.palette.foliage)

    def wood(self) -> Color:
        """The colour of wood."""
        return self.pick(WOODS)

    def stone(self) -> Color:
        """The colour of stone."""
        return self.pick(STONES)


Painter = Callable[[Canvas, Ink], None]


@dataclass(frozen=True)
class Drawable:
    """How to draw an object standing on the origin of the frame, and its usual size in design units."""

    label: str
    width: float
    height: float
    paint: Painter
    shadow: float  # width of the shadow on the ground as a share of the width; 0 for none


DRAWABLES: dict[str, Drawable] = {}


def drawable(label: str, width: float, height: float, *, shadow: float = 0.5) -> Callable[[Painter], Painter]:
    """Decorator that enters a drawing function in the table."""

    def enter(paint: Painter) -> Painter:
        if label in DRAWABLES:
            raise ValueError(f"two drawings are called {label!r}")
        DRAWABLES[label] = Drawable(label, width, height, paint, shadow)
        return paint

    return enter

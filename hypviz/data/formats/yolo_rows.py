"""The rows of YOLO label files: `class cx cy width height` in fractions, outlines, rotated boxes, keypoints.

Where no configuration says what long rows are, all of them together do: keypoints after a box lie inside that box in every row, and
all rows are equally long; the points of an outline lie so by chance at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypviz.data.formats.convention import CERTAIN, Numbers, Sample, as_corners, judge
from hypviz.data.formats.sniff_rows import is_number
from hypviz.data.raw import DropCounter

MOST = 2.0
"""A number beyond this is no fraction of a picture, however far a box sticks out."""
_FORMS = ("cxcywh", "xyxy", "xywh")


@dataclass(frozen=True, slots=True)
class RowForm:
    """What rows are: the form of their box, and how many numbers of keypoints follow it (0: long rows are outlines).

    first: the place of the box among the numbers, 1 where a confidence stands before it.  tracked: rows of six numbers are a box, a
    confidence and the number of a track, no outline of three points.
    """

    box: str = "cxcywh"
    keypoints: int = 0
    first: int = 0
    tracked: bool = False

    def box_in(self, row: Sequence[float]) -> Numbers | None:
        """The four numbers of the box in a row without its class; None for an outline."""
        count = len(row)
        if self.first and count == 5:
            return row[1], row[2], row[3], row[4]
        if count in (4, 5) or (self.keypoints and count == 4 + self.keypoints) or (self.tracked and count == 6):
            return row[0], row[1], row[2], row[3]
        return None


def row_form(rows: Sequence[Sequence[float]], stated: int, dropped: DropCounter) -> RowForm:
    """The form of rows without their class; stated: numbers of keypoints that a configuration names, 0 for none."""
    keypoints = stated or _keypoints([row for row in rows if len(row) > 5], dropped)
    form = RowForm(keypoints=keypoints, first=_first_place(rows, dropped), tracked=not keypoints and _are_tracked(rows))
    boxes = [box for row in rows if (box := form.box_in(row)) is not None and max(map(abs, box)) <= MOST]
    if len(boxes) < CERTAIN:
        return form
    return replace(form, box=judge([Sample(box, (1, 1)) for box in boxes], _FORMS, "YOLO label files", dropped).form)


def _first_place(rows: Sequence[Sequence[float]], dropped: DropCounter) -> int:
    """1 where five numbers are a confidence and a box, as some detectors write them, 0 where the confidence comes last or there is none."""
    five = [row for row in rows if len(row) == 5]
    inside = [sum(_is_inside(row[place : place + 4]) for row in five) for place in (0, 1)]
    if len(five) < 3 or inside[0] >= 0.95 * len(five) or inside[1] < 0.95 * len(five):
        return 0
    dropped.note("YOLO label files: the number after the class was read as a confidence, since the boxes are in the four after it")
    return 1


def _is_inside(numbers: Sequence[float]) -> bool:
    x1, y1, x2, y2 = as_corners(_first(numbers), "cxcywh")
    return x1 < x2 and y1 < y2 and min(x1, y1) >= -0.01 and max(x2, y2) <= 1.01


def _are_tracked(rows: Sequence[Sequence[float]]) -> bool:
    """Whether all rows of six numbers end with a confidence and a whole number."""
    six = [row for row in rows if len(row) == 6]
    return bool(six) and all(row[5].is_integer() and 0 <= row[4] <= 1 for row in six)


def _first(row: Sequence[float]) -> Numbers:
    return row[0], row[1], row[2], row[3]


def _keypoints(rows: Sequence[Sequence[float]], dropped: DropCounter) -> int:
    lengths = {len(row) for row in rows}
    if len(lengths) != 1 or len(rows) < 3:
        return 0
    extra = lengths.pop() - 4
    for step in (3, 2):
        if extra % step or extra < 2 * step or (step == 2 and extra == 4):  # four points are a rotated box
            continue
        if step == 3 and not all(row[at] in (0, 1, 2) for row in rows for at in range(6, len(row), 3)):
            continue
        if sum(_inside(row, step) for row in rows) >= 0.95 * len(rows):
            dropped.note(f"YOLO label files: rows of {extra + 5} numbers were read as a box and {extra // step} keypoints")
            return extra
    return 0


def _inside(row: Sequence[float], step: int) -> bool:
    """Whether all marked points of a row lie in its box."""
    x1, y1, x2, y2 = as_corners(_first(row), "cxcywh")
    points = [(row[at], row[at + 1]) for at in range(4, len(row) - 1, step)]
    marked = [(x, y) for x, y in points if x or y]
    return bool(marked) and all(x1 - 0.02 <= x <= x2 + 0.02 and y1 - 0.02 <= y <= y2 + 0.02 for x, y in marked)


def numbers_of(words: Sequence[str]) -> list[float] | None:
    """The numbers of a row, None when it is none."""
    if len(words) < 5 or not all(map(is_number, words)):
        return None
    return [float(word) for word in words]


def box_of(values: Sequence[float], form: RowForm) -> Numbers | None:
    """The box of a row (without its class): given as a box, or the extent of an outline; None when it is neither."""
    numbers = form.box_in(values)
    if numbers is not None:
        return as_corners(numbers, form.box)
    if len(values) < 6 or len(values) % 2:
        return None
    xs, ys = values[0::2], values[1::2]
    return min(xs), min(ys), max(xs), max(ys)

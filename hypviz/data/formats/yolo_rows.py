"""The rows of YOLO label files: `class cx cy width height` in fractions, outlines, rotated boxes, keypoints.

Where no configuration says what long rows are, all of them together do: keypoints after a box lie inside that box in every row, and
all rows are equally long; the points of an outline lie so by chance at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypviz.data.formats.convention import CERTAIN, Numbers, Sample, as_corners, judge
from hypviz.data.formats.sniff_rows import is_number
from hypviz.data.raw import DropCounter

MOST = 2.0
"""A number beyond this is no fraction of a picture, however far a box sticks out."""
_FORMS = ("cxcywh", "xyxy", "xywh")


@dataclass(frozen=True, slots=True)
class RowForm:
    """What rows are: the form of their box, and how many numbers of keypoints follow it (0: long rows are outlines)."""

    box: str = "cxcywh"
    keypoints: int = 0


def row_form(rows: Sequence[Sequence[float]], stated: int, dropped: DropCounter) -> RowForm:
    """The form of rows without their class; stated: numbers of keypoints that a configuration names, 0 for none."""
    keypoints = stated or _keypoints([row for row in rows if len(row) > 5], dropped)
    boxes = [row for row in rows if len(row) in (4, 5) or (keypoints and len(row) == 4 + keypoints)]
    samples = [Sample(_first(row), (1, 1)) for row in boxes if max(map(abs, row[:4])) <= MOST]
    if len(samples) < CERTAIN:
        return RowForm(keypoints=keypoints)
    return RowForm(judge(samples, _FORMS, "YOLO label files", dropped).form, keypoints)


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
    if len(values) in (4, 5) or (form.keypoints and len(values) == 4 + form.keypoints):
        return as_corners(_first(values), form.box)
    if len(values) < 6 or len(values) % 2:
        return None
    xs, ys = values[0::2], values[1::2]
    return min(xs), min(ys), max(xs), max(ys)

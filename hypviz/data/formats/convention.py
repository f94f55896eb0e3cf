"""What the four numbers of a box mean, told by all boxes of a file together.

Formats have a custom (COCO: x, y, width, height; tables: corners), and files break it. A reading is believed when the boxes fit their
pictures that way and, where areas are stated, when these agree. A break that is certain is read and noted; one that is not is refused
in a sentence, never guessed. Units are seen likewise: fractions by numbers that never pass 1, per cent by ones that never pass 100.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz.data.raw import DropCounter
from hypviz.errors import DataError

BOX_FORMATS = ("auto", "xywh", "xyxy", "cxcywh", "yxyx")
"""What a person may say of boxes."""
RARE = ("cxcywh", "yxyx")
"""Forms that are nobody's custom where corners or sizes are: thought of only where most boxes leave their pictures otherwise."""
AGREE = 0.95
"""Share of boxes that must lie inside their pictures for a reading to be believed."""
CERTAIN = 8
"""Boxes from which on a reading that alone fits is certain."""
LEAVING = 0.85
"""Share of boxes inside their pictures up to which the rare forms are thought of."""
_WORDS = {
    "xywh": "[x, y, width, height]",
    "xyxy": "corners [x1, y1, x2, y2]",
    "cxcywh": "[centre x, centre y, width, height]",
    "yxyx": "corners [y1, x1, y2, x2]",
}
Numbers = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Sample:
    """The four numbers of a box; the (width, height) of its picture and the stated area, where known."""

    numbers: Numbers
    size: tuple[int, int] | None = None
    area: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """form: of BOX_FORMATS but "auto".  unit: "pixels", "fractions" or "per cent" of the picture."""

    form: str
    unit: str = "pixels"

    def corners(self, numbers: Numbers, form: str = "") -> Numbers:
        """The corners of a box, in pixels or, when `normalised`, in fractions."""
        x1, y1, x2, y2 = as_corners(numbers, form or self.form)
        return (x1 / 100, y1 / 100, x2 / 100, y2 / 100) if self.unit == "per cent" else (x1, y1, x2, y2)

    @property
    def normalised(self) -> bool:
        """Whether corners are fractions of the picture."""
        return self.unit != "pixels"


def as_corners(numbers: Numbers, form: str) -> Numbers:
    """Four numbers in a form as x1, y1, x2, y2.

    >>> as_corners((10, 20, 4, 6), "xywh"), as_corners((10, 20, 4, 6), "cxcywh")
    ((10, 20, 14, 26), (8.0, 17.0, 12.0, 23.0))
    """
    a, b, c, d = numbers
    if form == "xyxy":
        return a, b, c, d
    if form == "yxyx":
        return b, a, d, c
    return (a, b, a + c, b + d) if form == "xywh" else (a - c / 2, b - d / 2, a + c / 2, b + d / 2)


def check_format(box_format: str) -> None:
    """DataError unless `box_format` is one of BOX_FORMATS."""
    if box_format not in BOX_FORMATS:
        raise DataError(f"The box format must be one of {', '.join(BOX_FORMATS)}; got {box_format!r}.")


def judge(samples: Sequence[Sample], forms: Sequence[str], source: str, dropped: DropCounter, *, box_format: str = "auto") -> Reading:
    """The reading of a file's boxes; `forms` are those that are possible, the custom first; `box_format`: a person's word.

    Raises DataError naming `source` when the custom cannot be meant and nothing else is certain.
    """
    numbers = np.array([sample.numbers for sample in samples], dtype=np.float64).reshape(-1, 4)
    sizes = np.array([sample.size or (np.nan, np.nan) for sample in samples], dtype=np.float64).reshape(-1, 2)
    areas = np.array([np.nan if sample.area is None else sample.area for sample in samples], dtype=np.float64)
    finite = np.isfinite(numbers).all(axis=1)
    numbers, sizes, areas = numbers[finite], sizes[finite], areas[finite]
    custom = box_format if box_format != "auto" else forms[0]
    if not len(numbers):
        return Reading(custom)
    unit = _unit(numbers, sizes, areas, forms, source, box_format)
    frame = {"fractions": 1.0, "per cent": 100.0}.get(unit)
    form = (
        custom
        if box_format != "auto"
        else _form(numbers, sizes if frame is None else np.full_like(sizes, frame), areas, forms, source, dropped)
    )
    if unit == "per cent":
        dropped.note(f"{source}: boxes were read as per cent of their pictures")
    return Reading(form, unit)


def _corners(numbers: NDArray[np.float64], form: str) -> NDArray[np.float64]:
    a, b, c, d = numbers.T
    return np.stack(as_corners((a, b, c, d), form), axis=1)


def _share_inside(numbers: NDArray[np.float64], sizes: NDArray[np.float64], form: str) -> float:
    """Share of boxes, of those whose picture's size is known, that are proper and within a pixel (or a hundredth) of it."""
    known = np.isfinite(sizes).all(axis=1)
    if not known.any():
        return 1.0
    corners, sizes = _corners(numbers[known], form), sizes[known]
    slack = np.where(sizes <= 1, 0.01, 0.01 * sizes + 1)
    proper = (corners[:, 2:] > corners[:, :2]).all(axis=1)
    inside = (corners[:, 2:] <= sizes + slack).all(axis=1) & (corners[:, :2] >= -slack).all(axis=1)
    return float((proper & inside).mean())


def _share_of_areas(numbers: NDArray[np.float64], areas: NDArray[np.float64], form: str, scale: NDArray[np.float64] | float = 1.0) -> float:
    corners = _corners(numbers, form)
    box_areas = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1]) * scale
    return float((np.abs(box_areas - areas) <= 0.02 * np.abs(areas) + 1e-9).mean())


def _with_area(areas: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.isfinite(areas) & (areas > 0)


def _unit(
    numbers: NDArray[np.float64], sizes: NDArray[np.float64], areas: NDArray[np.float64], forms: Sequence[str], source: str, box_format: str
) -> str:
    if (np.abs(numbers).max(axis=1) <= 1.001).mean() >= 0.98 and not np.all(numbers == np.round(numbers)):
        return "fractions"
    known = np.isfinite(sizes).all(axis=1)
    if box_format != "auto" or not known.all() or len(numbers) < CERTAIN or numbers.max() > 100.5 or numbers.min() < -0.5:
        return "pixels"
    hundred = np.full_like(sizes, 100.0)
    form = next((form for form in dict.fromkeys((*forms, *RARE)) if _share_inside(numbers, hundred, form) == 1.0), "")
    if not form:
        return "pixels"
    stated = _with_area(areas)
    if stated.sum() >= 3:
        shares = sizes[stated].prod(axis=1) / 1e4
        if _share_of_areas(numbers[stated], areas[stated], form, shares) >= AGREE and not np.allclose(shares, 1, rtol=0.03):
            return "per cent"
        if any(_share_of_areas(numbers[stated], areas[stated], each) >= AGREE for each in forms):
            return "pixels"
    reach = _corners(numbers, form)[:, 2:].max(axis=0)
    if (reach < 80).any() or sizes.mean(axis=0).min() < 110 or np.all(numbers == np.round(numbers)):
        return "pixels"
    if sizes.min() >= 200 and (reach >= 90).all():
        return "per cent"
    raise DataError(
        f"{source}: none of {len(numbers)} boxes passes 100, though the pictures are larger, so the numbers may be per cent; "
        "write pixels or fractions instead, or say that they are pixels by --boxes xywh or --boxes xyxy."
    )


def _form(
    numbers: NDArray[np.float64],
    sizes: NDArray[np.float64],
    areas: NDArray[np.float64],
    forms: Sequence[str],
    source: str,
    dropped: DropCounter,
) -> str:
    custom = forms[0]
    if len(forms) == 1:
        return custom
    usual, evidence = _by_area(numbers, areas, forms)
    fits = {form: _share_inside(numbers, sizes, form) for form in dict.fromkeys((*usual, *RARE))}
    lead = usual[0]
    others = [form for form in usual[1:] if fits[form] >= AGREE]
    if not others and fits[lead] <= LEAVING:
        same_area = {"xywh": ("cxcywh",), "xyxy": ("yxyx",)}.get(lead, RARE) if evidence else RARE
        others = [form for form in same_area if form != lead and fits[form] >= 0.99]
    if fits[lead] >= AGREE or not others:
        if lead != custom:
            dropped.note(f"{source}: boxes were read as {_WORDS[lead]}, since {evidence}")
        return lead
    best = max(others, key=lambda form: fits[form])
    leave = f"{100 * (1 - fits[lead]):.0f} % of {len(numbers)} boxes leave their pictures as {_WORDS[lead]}"
    if len(numbers) >= CERTAIN and fits[best] == 1.0 and fits[lead] <= 0.6 and len(others) == 1:
        dropped.note(f"{source}: boxes were read as {_WORDS[best]}: {leave}")
        return best
    if custom == lead == "xyxy" and len(numbers) < CERTAIN and fits[custom] > 0:  # few boxes in columns that say corners
        return custom
    raise DataError(
        f"{source}: {leave}, but {100 * fits[best]:.0f} % fit as {_WORDS[best]}; "
        f"convert them, or say which by --boxes {best} or --boxes {lead}."
    )


def _by_area(numbers: NDArray[np.float64], areas: NDArray[np.float64], forms: Sequence[str]) -> tuple[Sequence[str], str]:
    """The forms that stated areas leave possible, and the reason where these rule out the custom; all forms where they say nothing."""
    stated = _with_area(areas)
    if stated.sum() < 3:
        return forms, ""
    agree = {form: _share_of_areas(numbers[stated], areas[stated], form) for form in ("xywh", "xyxy") if form in forms}
    best = max(agree, key=lambda form: agree[form])
    if agree[best] >= AGREE and agree[best] - agree.get(forms[0], 0.0) >= 0.5:
        return (best,), "the stated areas are those of such boxes"
    return ((forms[0],), "the stated areas agree") if agree.get(forms[0], 0.0) >= AGREE else (forms, "")

"""Both sides of every limit by which the numbers of boxes are read: shares that fit, areas that agree, units, few and many boxes."""

from __future__ import annotations

from typing import Any

import pytest

from hypviz.data.formats.convention import Reading, Sample, judge
from hypviz.data.raw import DropCounter
from hypviz.errors import DataError

SIZE = (640, 480)
FORMS = ("xywh", "xyxy")


def told(
    boxes: Any, forms: tuple[str, ...] = FORMS, *, size: Any = SIZE, areas: Any = None, box_format: str = "auto"
) -> tuple[str, str, list[str]]:
    """Form, unit and notes."""
    dropped = DropCounter()
    samples = [Sample(tuple(map(float, box)), size, None if areas is None else areas[place]) for place, box in enumerate(boxes)]  # type: ignore[arg-type]
    reading = judge(samples, forms, "set.json", dropped, box_format=box_format)
    return reading.form, reading.unit, dropped.notes


INSIDE, LEAVES = (10, 10, 20, 20), (330, 250, 630, 470)
"""As sizes and as corners within 640 × 480; as corners alone."""
SIZED = (200, 200, 50, 60)
"""As sizes alone."""
CORNERS = "corners [x1, y1, x2, y2]"
SIZES = "[x, y, width, height]"


def mixed(inside: int, leaving: int, box: Any = LEAVES) -> list[Any]:
    return [INSIDE] * inside + [box] * leaving


def test_the_custom_is_read_where_nineteen_of_twenty_fit() -> None:
    assert told(mixed(19, 1)) == ("xywh", "pixels", [])
    with pytest.raises(
        DataError, match=r"^set\.json: 10 % of 20 boxes leave their pictures as \[x, y, width, height\], but 100 % fit as corners"
    ):
        told(mixed(18, 2))


def test_another_form_is_read_where_it_alone_fits_eight_boxes_all_and_the_custom_few() -> None:
    def note(share: int, count: int) -> list[str]:
        return [f"set.json: boxes were read as {CORNERS}: {share} % of {count} boxes leave their pictures as {SIZES}"]

    assert told(mixed(6, 4)) == ("xyxy", "pixels", note(40, 10)) and told(mixed(4, 4)) == ("xyxy", "pixels", note(50, 8))
    for boxes in (mixed(7, 4), mixed(3, 4)):
        with pytest.raises(DataError, match=r"; convert them, or say which by --boxes xyxy or --boxes xywh\.$"):
            told(boxes)
    with pytest.raises(DataError, match=r"but 95 % fit as corners"):
        told([*mixed(5, 14), (700, 10, 720, 20)])
    assert told([*mixed(5, 13), (700, 10, 720, 20)])[0] == "xywh", "where no form fits nearly all, the custom is as good"


def test_few_boxes_in_columns_of_corners_are_corners_where_one_fits() -> None:
    order = ("xyxy", "xywh")
    assert told([INSIDE, SIZED], order) == told([INSIDE] + [SIZED] * 6, order) == ("xyxy", "pixels", [])
    with pytest.raises(DataError, match=r"100 % of 2 boxes leave their pictures as corners .*--boxes xywh or --boxes xyxy\."):
        told([SIZED] * 2, order)
    assert told([INSIDE] + [SIZED] * 7, order)[0] == "xywh"
    with pytest.raises(DataError, match="leave their pictures"):
        told([INSIDE] * 5 + [SIZED] * 3, order)
    with pytest.raises(DataError, match="leave their pictures"):
        told([INSIDE, LEAVES], FORMS)


def test_a_box_may_stick_out_by_a_pixel_and_a_hundredth() -> None:
    def fits(box: Any, size: Any = (200, 100)) -> bool:
        try:
            return told([box] * 9, ("xywh", "xyxy"), size=size)[0] == "xyxy"
        except DataError:
            return False

    base = (150, 60, 190, 90)
    assert fits(base)
    for place, last, beyond in ((2, 203, 203.01), (3, 102, 102.01)):
        assert fits([last if at == place else each for at, each in enumerate(base)])
        assert not fits([beyond if at == place else each for at, each in enumerate(base)])
    wide, high = (-3, 60, 203, 90), (150, -2, 190, 102)
    assert told([wide] * 9, size=(200, 100))[0] == "xyxy" and told([high] * 9, size=(200, 100))[0] == "xyxy"
    assert not fits((150, 60, 150, 90)) and not fits((150, 60, 190, 60)), "a box has two sides"
    assert fits((-3, 60, 190, 90)) and not fits((-3.01, 60, 190, 90)) and fits((150, -2, 190, 90)) and not fits((150, -2.01, 190, 90))


def test_fractions_may_stick_out_by_a_hundredth() -> None:
    for box, form in (((0.5, 0.6, 1.001, 0.9), "xyxy"), ((-0.01, 0.6, 0.9, 0.9), "xyxy"), ((0.9, 0.9, 0.05, 0.05), "xywh")):
        assert told([box] * 9, ("xywh", "xyxy"))[:2] == (form, "fractions")


def test_numbers_that_never_pass_one_are_fractions_but_for_whole_ones() -> None:
    box, far = (0.1, 0.2, 0.3, 0.4), (0.1, 0.2, 0.3, 1.1)
    assert told([box] * 49 + [far], ("xyxy",))[1] == "fractions" and told([box] * 48 + [far], ("xyxy",))[1] == "pixels"
    assert told([(-0.5, 0.2, 1.001, 0.4)], ("xyxy",))[1] == "fractions" and told([(0.1, 0.2, 1.0011, 0.4)], ("xyxy",))[1] == "pixels"
    assert told([(-1.1, 0.2, 0.3, 0.4)], ("xyxy",))[1] == "pixels"
    assert told([(0, 0, 1, 1)] * 9, ("xyxy",))[1] == "pixels" and told([(0, 0, 1, 1)] * 9 + [box], ("xyxy",))[1] == "fractions"
    assert told([box], ("xyxy",), box_format="xywh") == ("xywh", "fractions", [])
    assert told([box], ("xyxy",), size=None)[1] == "fractions"
    nan = float("nan")
    assert told([box, (nan, 5, 6, 7), (1, 2, 3, float("inf"))], ("xyxy",))[1] == "fractions" and told([(nan, 1, 2, 3)], FORMS) == (
        "xywh",
        "pixels",
        [],
    )


HUNDRED = [(0.5, 0.5, 99.5, 95.25), *((n + 0.5, n, n + 20.5, n + 30.5) for n in range(1, 8))]
"""Eight boxes in per cent."""
PER_CENT = ["set.json: boxes were read as per cent of their pictures"]


def test_numbers_that_never_pass_a_hundred_in_large_pictures_are_per_cent() -> None:
    xyxy = ("xyxy",)
    assert told(HUNDRED, xyxy) == ("xyxy", "per cent", PER_CENT)
    assert told(HUNDRED[:7], xyxy)[1] == told(HUNDRED, xyxy, box_format="xyxy")[1] == told(HUNDRED, xyxy, size=None)[1] == "pixels"
    assert told([*HUNDRED[1:], (0.5, -0.5, 100.5, 100.5)], xyxy)[1] == "per cent"
    assert told([*HUNDRED[1:], (0.5, 0.5, 100.6, 95)], xyxy)[1] == told([*HUNDRED[1:], (-0.6, 0.5, 99, 95)], xyxy)[1] == "pixels"
    assert told([tuple(map(round, box)) for box in HUNDRED], xyxy)[1] == "pixels"
    assert told(HUNDRED, xyxy, size=(200, 200))[1] == "per cent"
    for size in ((199, 640), (640, 199), (110, 110)):
        with pytest.raises(DataError, match=r"^set\.json: none of 8 boxes passes 100, though the pictures are larger"):
            told(HUNDRED, xyxy, size=size)
    assert told(HUNDRED, xyxy, size=(109, 640))[1] == told(HUNDRED, xyxy, size=(640, 109))[1] == "pixels"
    reach = HUNDRED[1:]
    assert told([*reach, (0.5, 0.5, 90, 90)], xyxy)[1] == "per cent"
    for far in ((0.5, 0.5, 89.9, 90), (0.5, 0.5, 90, 89.9), (0.5, 0.5, 80, 80)):
        with pytest.raises(DataError, match="may be per cent"):
            told([*reach, far], xyxy)
    assert told([*reach, (0.5, 0.5, 79.9, 95)], xyxy)[1] == told([*reach, (0.5, 0.5, 95, 79.9)], xyxy)[1] == "pixels"
    assert told([*HUNDRED[1:], (90.5, 0.5, 60, 95)], xyxy)[1] == "pixels", "no form fits a hundred"


def test_per_cent_has_a_form_as_well() -> None:
    sized = [(a, b, c - a, d - b) for a, b, c, d in HUNDRED]
    assert told(sized)[:2] == ("xywh", "per cent") and told(HUNDRED, ("xyxy", "xywh"))[:2] == ("xyxy", "per cent")
    assert Reading("xywh", "per cent").corners((10, 20, 30, 40)) == (0.1, 0.2, 0.4, 0.6)


def test_stated_areas_say_whether_numbers_are_pixels_or_per_cent() -> None:
    pixels = [(c - a) * (d - b) for a, b, c, d in HUNDRED]
    shares = [area * 640 * 480 / 1e4 for area in pixels]
    xyxy = ("xyxy",)
    assert told(HUNDRED, xyxy, areas=shares)[1] == "per cent" and told(HUNDRED, xyxy, areas=pixels)[1] == "pixels"
    low = [tuple(each / 2 for each in box) for box in HUNDRED]
    half = [area / 4 for area in shares]
    assert told(low, xyxy, areas=half)[1] == "per cent", "however far they reach"
    assert (
        told(low, xyxy, areas=[*half[:3], *[None] * 5])[1] == "per cent" and told(low, xyxy, areas=[*half[:2], *[None] * 6])[1] == "pixels"
    )
    assert told(low, xyxy, areas=[*half[:2], 0, -1, *[None] * 4])[1] == "pixels", "no area is none"
    assert told(low, xyxy, areas=[*half[:7], 1.0])[1] == "pixels", "seven of eight do not agree enough"
    assert told([low[0]] * 19 + [low[1]], xyxy, areas=[half[0]] * 20)[1] == "per cent", "nineteen of twenty do"
    for off, unit in ((1.019, "per cent"), (0.981, "per cent"), (1.03, "pixels"), (0.97, "pixels")):
        assert told(low, xyxy, areas=[area * off for area in half])[1] == unit, off
    square = (100, 100)
    assert told(HUNDRED, xyxy, size=square, areas=pixels)[1] == "pixels", "there per cent are pixels"
    near = (102, 100)
    assert told(HUNDRED, xyxy, size=near, areas=[area * 1.02 for area in pixels])[1] == "pixels"


BOXES = [(n, n, n + 10, n + 20) for n in range(1, 13)]
AREAS = [200.0] * 12


def test_areas_of_three_boxes_rule_a_form_out() -> None:
    since = [f"set.json: boxes were read as {CORNERS}, since the stated areas are those of such boxes"]
    assert told(BOXES, areas=AREAS) == told(BOXES, areas=[200.0] * 3 + [None] * 9) == ("xyxy", "pixels", since)
    assert told(BOXES, areas=[200.0] * 2 + [None] * 10) == told(BOXES, areas=[200.0] * 2 + [0.0] * 10) == ("xywh", "pixels", [])
    assert told(BOXES, ("xyxy", "xywh"), areas=AREAS) == ("xyxy", "pixels", [])
    assert told(BOXES * 2, areas=[200.0] * 23 + [9.0]) == ("xyxy", "pixels", since) and told(BOXES, areas=[200.0] * 11 + [9.0])[0] == "xywh"
    assert told(BOXES, areas=[204.0] * 12)[0] == "xyxy" and told(BOXES, areas=[204.2] * 12)[0] == "xywh"
    assert told(BOXES, areas=[196.1] * 12)[0] == "xyxy" and told(BOXES, areas=[196.0] * 12)[0] == "xywh"
    same = [(0, 0, 10, 20)] * 6 + BOXES[:6]  # half of them are of that area either way
    assert told(same, areas=AREAS)[0] == "xyxy" and told([(0, 0, 10, 20)] * 7 + BOXES[:5], areas=AREAS)[0] == "xywh"


def test_where_areas_agree_with_the_custom_nothing_else_of_that_kind_is_thought_of() -> None:
    sized = [(480, 300, 300, 200)] * 9  # leaves to the right and below, as corners too
    assert told(sized, areas=[60000.0] * 9)[0] == "cxcywh"
    assert told([(600, 300, 300, 200)] * 9, areas=[60000.0] * 9) == ("xywh", "pixels", [])
    assert told([(400, 250, 630, 470)] * 9, areas=[630.0 * 470] * 9) == ("xywh", "pixels", []), "corners would fit, and the areas say no"


def test_centres_and_turned_corners_are_thought_of_where_many_boxes_leave() -> None:
    centred = (600, 440, 80, 80)
    assert told([centred] * 9) == (
        "cxcywh",
        "pixels",
        [f"set.json: boxes were read as [centre x, centre y, width, height]: 100 % of 9 boxes leave their pictures as {SIZES}"],
    )
    plain = (300, 200, 20, 20)
    with pytest.raises(DataError, match=r"but 100 % fit as \[centre x, centre y, width, height\]"):
        told([plain] * 17 + [centred] * 3)
    assert told([plain] * 18 + [centred] * 3) == ("xywh", "pixels", []), "six of seven fit"
    turned = (100, 500, 200, 600)
    assert told([turned] * 9, ("xyxy", "xywh"))[0] == "yxyx"
    with pytest.raises(DataError, match="--boxes yxyx or --boxes xyxy"):
        told([turned] * 7, ("xyxy", "xywh"))
    assert told([turned] * 9, ("xyxy",)) == ("xyxy", "pixels", []), "one form is no question"
    assert told([turned] * 9, ("xyxy", "xywh"), areas=[10000.0] * 9)[0] == "yxyx", "areas are those of turned corners as well"
    assert told([centred] * 9, areas=[6400.0] * 9)[0] == "cxcywh"

"""A box of a draft: where it is, what it is called, and the key it is known by while it is moved about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypviz.data.items import Items
from hypviz.data.raw import storable
from hypviz.errors import DataError, SelectionError
from hypviz.explore.query_points import checked_box

Json = dict[str, Any]
MAX_LABEL, MAX_KEY, MAX_BOXES = 100, 64, 20_000
"""Most characters of a label and of a key, most boxes of one picture."""
Known = dict[tuple[Any, ...], list["Box"]]
"""Boxes by key and corners."""
SOURCES = ("annotation", "proposal", "drawn")


@dataclass(frozen=True)
class Box:
    """key: the item's id, or a name of the browser's for a new box.  xyxy: pixels of the upright picture.  source: as `Items.source`."""

    key: str
    xyxy: tuple[float, float, float, float]
    label: str
    source: str

    def to_json(self) -> Json:
        """The box for the page."""
        return {"key": self.key, "xyxy": list(self.xyxy), "label": self.label, "source": self.source}


def boxes_of(items: Items, image: int) -> tuple[Box, ...]:
    """The boxes of a picture as the workspace has them."""
    rows = items.of_image(image)[1:].tolist()
    corners = items.xyxy[rows].tolist() if rows else []
    return tuple(
        Box(str(items.item_id[row]), (x1, y1, x2, y2), items.name(row), str(items.source[row]))
        for row, (x1, y1, x2, y2) in zip(rows, corners, strict=True)
    )


def checked_boxes(given: Any, former: Sequence[Box], size: tuple[int, int]) -> tuple[Box, ...]:
    """Boxes from outside on a picture of `size` (width, height), cut to it; DataError says what is wrong with which one.

    former: the boxes the picture has or had; one that is where it was is kept to the last digit.
    """
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        raise DataError("The boxes of a picture must be a list of objects with key, xyxy and label.")
    if len(given) > MAX_BOXES:
        raise DataError(f"A picture can have at most {MAX_BOXES:,} boxes, got {len(given):,}.")
    known: Known = {}
    for box in former:
        known.setdefault((box.key, *box.xyxy), []).append(box)
    boxes = tuple(_checked(one, known, size) for one in given)
    if len({box.key for box in boxes}) < len(boxes):
        raise DataError("Two boxes of this picture have the same key; load the picture again.")
    return boxes


def _checked(given: Mapping[str, Any], known: Known, size: tuple[int, int]) -> Box:
    key, label = given.get("key"), given.get("label")
    if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY:
        raise DataError(f"A box needs a key of 1 to {MAX_KEY} characters, got {str(key)[:80]!r}.")
    words = " ".join(storable(label).split()) if isinstance(label, str) else ""
    if not 0 < len(words) <= MAX_LABEL:
        raise DataError(f"A box needs a label of 1 to {MAX_LABEL} characters, got {str(label)[:80]!r}.")
    xyxy = given.get("xyxy")
    corners = tuple(xyxy) if isinstance(xyxy, list) and all(isinstance(value, int | float) for value in xyxy) else ()
    same = known.get((key, *corners), [])
    if same:
        return next((box for box in same if box.label == words), Box(key, same[0].xyxy, words, "drawn"))
    try:
        x1, y1, x2, y2 = checked_box(xyxy, *size)
    except SelectionError as error:
        raise DataError(str(error)) from None
    return Box(key, (round(x1, 2), round(y1, 2), round(x2, 2), round(y2, 2)), words, "drawn")

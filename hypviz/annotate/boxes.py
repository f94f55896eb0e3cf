"""A box of a draft: where it is, what it is called, and the key it is known by while it is moved about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from hypviz.data.items import Items
from hypviz.data.raw import storable
from hypviz.errors import DataError, SelectionError
from hypviz.explore.query_points import checked_box
from hypviz.storage.json_types import Json

MAX_LABEL, MAX_KEY, MAX_BOXES = 100, 64, 20_000
"""Most characters of a label and of a key, most boxes of one picture."""
Known = dict[tuple[Any, ...], list["Box"]]
"""Boxes by key and corners."""


class DrawnBox(TypedDict):
    """A box from the page.  key: of 1 to 64 characters.  xyxy: four corners in pixels.  label: of 1 to 100 characters."""

    key: str
    xyxy: list[float]
    label: str


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


def checked_boxes(drawn: Sequence[DrawnBox], former: Sequence[Box], size: tuple[int, int]) -> tuple[Box, ...]:
    """Drawn boxes on a picture of `size` (width, height), cut to it; DataError says what is wrong with which one.

    former: the boxes the picture has or had; one that is where it was is kept to the last digit.
    """
    if len(drawn) > MAX_BOXES:
        raise DataError(f"A picture can have at most {MAX_BOXES:,} boxes, got {len(drawn):,}.")
    known: Known = {}
    for box in former:
        known.setdefault((box.key, *box.xyxy), []).append(box)
    boxes = tuple(_checked(one, known, size) for one in drawn)
    if len({box.key for box in boxes}) < len(boxes):
        raise DataError("Two boxes of this picture have the same key; load the picture again.")
    return boxes


def _checked(drawn: DrawnBox, known: Known, size: tuple[int, int]) -> Box:
    key, words = drawn["key"], " ".join(storable(drawn["label"]).split())
    if not 0 < len(key) <= MAX_KEY:
        raise DataError(f"A box needs a key of 1 to {MAX_KEY} characters, got {key[:80]!r}.")
    if not 0 < len(words) <= MAX_LABEL:
        raise DataError(f"A box needs a label of 1 to {MAX_LABEL} characters, got {drawn['label'][:80]!r}.")
    same = known.get((key, *drawn["xyxy"]), [])
    if same:
        return next((box for box in same if box.label == words), Box(key, same[0].xyxy, words, "drawn"))
    try:
        x1, y1, x2, y2 = checked_box(drawn["xyxy"], *size)
    except SelectionError as error:
        raise DataError(str(error)) from None
    return Box(key, (round(x1, 2), round(y1, 2), round(x2, 2), round(y2, 2)), words, "drawn")

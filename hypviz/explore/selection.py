"""Choosing items by what they are, exactly and over all of them: filters, counts per facet, search by words.

A filter is a mapping, as it comes from the page; every key narrows it:

    classes [row of classes, −1 for scenes]   depths [0…]   splits [row]   branches [row]   flags ["inverted"…]
    violations true     outside a parent's cone, or not farther out than a parent
    radius [from, to]   true distances to the root, `from` included and `to` not; null for an open end
    tags [name…]        items with any of these tags (hypviz.explore.marks)
    same_image row      everything in the picture of that item
    text "words"        in a class name or a picture's name, in any case; or a whole item id
    rows [row…]   ids [id…]   members "base64"     these items only (see hypviz.explore.bitsets)

None, False, an empty text and an empty list of classes, depths, splits, branches, flags or tags narrow nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.data.items import SCENE, Items
from hypviz.errors import SelectionError
from hypviz.explore.bitsets import unpack_mask
from hypviz.explore.marks import Marks
from hypviz.storage.json_types import Json
from hypviz.viz.disk import Columns
from hypviz.viz.region import is_finite

Mask = NDArray[np.bool_]
VIOLATIONS = ("outside_cone", "inverted")
"""Flags that contradict the annotated hierarchy."""
MAX_TEXT = 200
GROUPS = ("classes", "depths", "splits", "branches", "flags", "tags")


class Selector:
    """Filters over the items of one view; keeps references only. radii: (N,) true distances.  marks: the tags."""

    def __init__(self, items: Items, columns: Columns, radii: NDArray[np.floating], marks: Marks) -> None:
        self.items, self.columns, self.radii, self.marks = items, columns, radii, marks
        self._ways: dict[str, Callable[[Any], Mask]] = {
            "classes": lambda criterion: self._is_in("classes", columns.label, criterion, low=SCENE, count=len(columns.classes)),
            "depths": lambda criterion: self._is_in("depths", columns.depth, criterion, low=0, count=256),
            "splits": lambda criterion: self._is_in("splits", columns.split, criterion, low=0, count=len(columns.split_names)),
            "branches": lambda criterion: self._is_in("branches", columns.branch, criterion, low=0, count=len(columns.branch_names)),
            "flags": self._flagged,
            "radius": self._within,
            "tags": self._tagged,
            "violations": self._violating,
            "same_image": lambda row: columns.image == columns.image[self.checked(row)],
            "text": self._worded,
            "rows": self._rows,
            "ids": self._ids,
            "members": lambda text: unpack_mask(text, len(items)),
        }

    def find(self, criteria: Mapping[str, Any]) -> Mask:
        """(N,) True for the items that pass the filter; SelectionError for a key or value it does not know."""
        return self._all(self._masks(criteria).values())

    def facets(self, criteria: Mapping[str, Any]) -> Json:
        """How many items there are of each class, depth, split, branch, flag and tag under the filter.

        A facet is counted under all other parts of the filter, not its own, so that it says what choosing more of it
        would bring. Groups without any item are left out, but for those that are chosen.
        """
        masks = self._masks(criteria)
        columns = self.columns
        names = {SCENE: "scene"} | dict(enumerate(columns.classes))
        levels = {depth: str(depth) for depth in range(256)}
        facets: Json = {"total": int(np.count_nonzero(self._all(masks.values())))}
        for key, column, words in (
            ("classes", columns.label, names),
            ("depths", columns.depth, levels),
            ("splits", columns.split, dict(enumerate(columns.split_names))),
            ("branches", columns.branch, dict(enumerate(columns.branch_names))),
        ):
            under = self._all(mask for name, mask in masks.items() if name != key)
            low = int(column.min())
            counts = np.bincount(column[under].astype(np.int64) - low, minlength=1)
            count_of = {value + low: int(count) for value, count in enumerate(counts) if count}
            count_of |= {value: 0 for value in criteria.get(key) or () if value not in count_of}
            order = sorted(count_of, key=lambda value: (-count_of[value], value)) if key == "classes" else sorted(count_of)
            facets[key] = [{"value": value, "name": words[value], "count": count_of[value]} for value in order]
        under = self._all(mask for name, mask in masks.items() if name not in ("flags", "violations"))
        facets["flags"] = [
            {"value": name, "name": title, "count": int(np.count_nonzero(self._flagged([name]) & under))}
            for name, title in columns.flag_names.items()
        ]
        facets["tags"] = self._tag_counts(criteria, self._all(mask for name, mask in masks.items() if name != "tags"))
        facets["violations"] = int(np.count_nonzero(self._violating(True) & under))
        return facets

    def checked(self, row: Any) -> int:
        """A row from outside, in 0…N − 1."""
        if isinstance(row, bool) or not isinstance(row, int) or not 0 <= row < len(self.items):
            raise SelectionError(f"No item {str(row)[:80]} in this data set; it has {len(self.items)}, counted from 0.")
        return row

    def _masks(self, criteria: Mapping[str, Any]) -> dict[str, Mask]:
        unknown = [str(key)[:40] for key in criteria if key not in self._ways]
        if unknown:
            raise SelectionError(f"A filter has no {unknown[0]!r}; it knows {', '.join(self._ways)}.")
        return {key: self._ways[key](value) for key, value in criteria.items() if not _says_nothing(key, value)}

    def _all(self, masks: Any) -> Mask:
        passing = np.ones(len(self.items), np.bool_)
        for mask in masks:
            passing &= mask
        return passing

    @staticmethod
    def _is_in(name: str, column: NDArray[np.integer], criterion: Any, *, low: int, count: int) -> Mask:
        values = criterion if isinstance(criterion, (list, tuple)) else [None]
        if not all(isinstance(value, int) and not isinstance(value, bool) and low <= value < count for value in values):
            raise SelectionError(f"A filter's {name} must be a list of whole numbers from {low} to {count - 1}.")
        return np.isin(column, np.array(values, np.int64))

    def _within(self, criterion: Any) -> Mask:
        ends = criterion if isinstance(criterion, (list, tuple)) and len(criterion) == 2 else [True]
        if not all(end is None or is_finite(end) for end in ends):
            raise SelectionError("A filter's radius must be [from, to]: two distances to the root, null for an open end.")
        low, high = (-np.inf if ends[0] is None else ends[0], np.inf if ends[1] is None else ends[1])
        radii = np.asarray(self.radii, np.float64)  # a number from outside is not rounded to float32
        return np.asarray((radii >= low) & (radii < high))

    def _tagged(self, criterion: Any) -> Mask:
        if not isinstance(criterion, (list, tuple)) or not all(isinstance(name, str) for name in criterion):
            raise SelectionError("A filter's tags must be a list of names.")
        tagged = np.zeros(len(self.items), np.bool_)
        for name in criterion:
            tagged |= self.marks.tagged(name)
        return tagged

    def _tag_counts(self, criteria: Mapping[str, Any], under: Mask) -> list[Json]:
        names = self.marks.names()
        return [{"value": name, "name": name, "count": int(np.count_nonzero(self._tagged([name]) & under))} for name in names]

    def _flagged(self, criterion: Any) -> Mask:
        names = list(self.columns.flag_names)
        if not isinstance(criterion, (list, tuple)) or not all(name in names for name in criterion):
            raise SelectionError(f"A filter's flags must be among {', '.join(names)}.")
        bits = np.asarray(self.columns.flags, np.int64) & sum(1 << names.index(name) for name in set(criterion))
        return np.asarray(bits, np.bool_)

    def _violating(self, criterion: Any) -> Mask:
        if criterion is not True:
            raise SelectionError('A filter\'s "violations" is true or false.')
        return self._flagged([name for name in VIOLATIONS if name in self.columns.flag_names])

    @cached_property
    def _lower(self) -> tuple[list[str], list[str]]:
        return [name.casefold() for name in (*self.columns.classes, "scene")], [name.casefold() for name in self.columns.image_names]

    def _worded(self, criterion: Any) -> Mask:
        if not isinstance(criterion, str) or len(criterion) > MAX_TEXT:
            raise SelectionError(f"A filter's text must be at most {MAX_TEXT} characters.")
        words = criterion.strip().casefold()
        by_class, by_image = (np.array([words in name for name in names], np.bool_) for names in self._lower)
        matches = by_class[self.columns.label] | by_image[self.columns.image]  # label −1 finds the last name, "scene"
        return np.asarray(matches | (self.items.item_id == criterion.strip()), np.bool_)

    def _rows(self, criterion: Any) -> Mask:
        if not isinstance(criterion, (list, tuple)):
            raise SelectionError("A filter's rows must be a list of whole numbers.")
        mask = np.zeros(len(self.items), np.bool_)
        mask[[self.checked(row) for row in criterion]] = True
        return mask

    def _ids(self, criterion: Any) -> Mask:
        if not isinstance(criterion, (list, tuple)) or not all(isinstance(name, str) for name in criterion):
            raise SelectionError("A filter's ids must be a list of item ids.")
        return self._rows([self.items.row(name) for name in criterion])


def _says_nothing(key: str, value: Any) -> bool:
    empty = (key == "text" and isinstance(value, str) and not value.strip()) or (key in GROUPS and value == [])
    return value is None or value is False or empty

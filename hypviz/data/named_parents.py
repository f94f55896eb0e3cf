"""Whom a box lies in, from the names that files give to boxes to rows of items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from hypviz.data.raw import RawBox

Parents = Mapping[int, Sequence[int]]
"""The rows of the boxes that a box lies in directly, by its row; a box that nothing was said of is not among the keys."""


def rows_of_parents(said: Mapping[int, RawBox], image: Sequence[int]) -> tuple[dict[int, tuple[int, ...]], int]:
    """The parents of the boxes that have a name, by row, and how many names among them mean no box or several.

    said: boxes by row.  image: of each row. A name means the box of the same picture, else the only one of all pictures.
    """
    by_name: dict[str, list[int]] = defaultdict(list)
    for row, box in said.items():
        by_name[box.name].append(row)
    found: dict[int, tuple[int, ...]] = {}
    unknown = 0
    for row, box in said.items():
        if box.parents is None:
            continue
        rows = []
        for name in box.parents:
            there = by_name.get(name, [])
            there = [each for each in there if image[each] == image[row]] or there
            if len(there) == 1 and there[0] != row:
                rows.append(there[0])
            else:
                unknown += 1
        found[row] = tuple(rows)
    return found, unknown

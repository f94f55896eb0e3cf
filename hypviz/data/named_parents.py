"""Whom a box lies in, from the names that files give to boxes to rows of items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from hypviz.data.raw import RawBox

Parents = Mapping[int, Sequence[int]]
"""The rows of the boxes that a box lies in directly, by its row; a box that nothing was said of is not among the keys."""


def rows_of_parents(boxes: Mapping[int, RawBox], image: Sequence[int]) -> tuple[dict[int, tuple[int, ...]], int]:
    """The parents of the boxes that have a name, by row, and how many names among them mean no box or several.

    boxes: by row.  image: of each row. A name means the box of the same picture, else the only one of all pictures.
    """
    by_name: dict[str, list[int]] = defaultdict(list)
    for row, box in boxes.items():
        by_name[box.name].append(row)
    parents: dict[int, tuple[int, ...]] = {}
    unknown = 0
    for row, box in boxes.items():
        if box.parents is None:
            continue
        rows = []
        for name in box.parents:
            candidates = by_name.get(name, [])
            candidates = [each for each in candidates if image[each] == image[row]] or candidates
            if len(candidates) == 1 and candidates[0] != row:
                rows.append(candidates[0])
            else:
                unknown += 1
        parents[row] = tuple(rows)
    return parents, unknown

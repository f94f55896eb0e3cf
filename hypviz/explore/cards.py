"""Items in words, as the page and the command line list them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import Hierarchy
from hypviz.data.items import Items
from hypviz.explore.marks import Marks
from hypviz.search.answers import Ranked
from hypviz.search.embedding import Embedding
from hypviz.storage.json_types import Json
from hypviz.viz.colours import branch_colours, depth_names
from hypviz.viz.disk import Columns


class Cards:
    """Makes the cards of one view's items; keeps references only. marks: the tags and views of the workspace."""

    def __init__(self, items: Items, hierarchy: Hierarchy, embedding: Embedding, columns: Columns, marks: Marks) -> None:
        self.marks = marks
        self.items, self.hierarchy, self.embedding, self.columns = items, hierarchy, embedding, columns
        self._colours = [light for light, _ in branch_colours(columns.branch_names)]
        self._levels = depth_names(int(hierarchy.depth.max(initial=0)))

    def of(self, row: int, angle: float | None = None) -> Json:
        """One item; angle in radians, None where the list is not ranked by one."""
        return {
            "row": row,
            "id": str(self.items.item_id[row]),
            "label": self.items.name(row),
            "depth_name": self._levels[int(self.hierarchy.depth[row])],
            "radius": float(self.embedding.radii[row]),
            "angle": angle,
            "file": str(self.items.images.file_name[self.items.image[row]]),
            "colour": self._colours[int(self.columns.branch[row])],
        }

    def ranked(self, answer: Ranked) -> list[Json]:
        """The items of a search, in its order."""
        return [self.of(int(row), float(angle)) for row, angle in zip(answer.rows, answer.angle, strict=True)]

    def listed(self, name: str, answer: Ranked) -> Json:
        """A list of a search under its name: its items, how many there were, whether that is proven and whether all were counted."""
        return {name: self.ranked(answer), f"{name}_total": answer.total, f"{name}_proof": answer.proof, f"{name}_counted": answer.counted}

    def plain(self, rows: NDArray[np.integer]) -> list[Json]:
        """The items of a list that is not ranked by an angle."""
        return [self.of(int(row)) for row in rows]

    def tags(self, rows: NDArray[np.integer]) -> list[list[str]]:
        """The tags of each of some items."""
        return self.marks.of_each(rows)

    def full(self, row: int) -> Json:
        """One item with all that is known of it: box, picture, split, tags, flags, parents and children by annotation."""
        images, image = self.items.images, int(self.items.image[row])
        flags = int(self.columns.flags[row])
        return self.of(row) | {
            "depth": int(self.hierarchy.depth[row]),
            "image": image,
            "xyxy": [float(value) for value in self.items.xyxy[row]],
            "source": str(self.items.source[row]),
            "split": self.columns.split_names[int(self.columns.split[row])],
            "licence": str(images.licence[image]),
            "tags": self.marks.of(row),
            "flags": [name for bit, name in enumerate(self.columns.flag_names) if flags >> bit & 1],
            "parents": self.hierarchy.parents_of(row).tolist(),
            "children": self.hierarchy.children_of(row).tolist(),
        }

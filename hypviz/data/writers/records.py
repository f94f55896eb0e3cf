"""What every writer is given: pictures with their boxes, numbered, with what hypviz knows besides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from hypviz.data.hierarchy import Hierarchy
from hypviz.data.items import Items
from hypviz.errors import DataError

Known = Mapping[str, Any]
"""What only hypviz has a word for, JSON-ready: item id, where a box is from…"""


@dataclass(frozen=True)
class WrittenBox:
    """xyxy: pixels of the upright picture.  number: its name in the file, from 1.  parents: the numbers of the boxes it lies in
    directly, as if those that are written were all; None where nobody has asked.  source: as `Items.source`.  extra: further keys of a
    COCO record.
    """

    number: int
    label: str
    xyxy: tuple[float, float, float, float]
    source: str = "annotation"
    parents: tuple[int, ...] | None = None
    known: Known = field(default_factory=dict)
    extra: Known = field(default_factory=dict)


@dataclass(frozen=True)
class Picture:
    """file_name: below the data's root, with / between folders.  width, height: pixels, upright.  extra: further keys of a COCO record."""

    number: int
    file_name: str
    width: int
    height: int
    boxes: tuple[WrittenBox, ...] = ()
    licence: str = ""
    known: Known = field(default_factory=dict)
    extra: Known = field(default_factory=dict)


@dataclass(frozen=True)
class AnnotatedSet:
    """classes: every class name with its number, in the order of the numbers.  about: where the set is from, JSON-ready."""

    name: str
    classes: Mapping[str, int]
    pictures: Sequence[Picture]
    about: Known = field(default_factory=dict)

    def files(self, ending: str) -> Iterator[tuple[Picture, str]]:
        """Each picture with the name of a file of its own for its annotations: its own name with another ending.

        DataError for pictures that differ by their ending alone: formats of a file per picture join the two by what is before it.
        """
        owners: dict[str, str] = {}
        for picture in self.pictures:
            name = str(PurePosixPath(picture.file_name).with_suffix(ending))
            other = owners.setdefault(name.casefold(), picture.file_name)
            if other != picture.file_name:
                raise DataError(
                    f"{other} and {picture.file_name} differ by their ending alone, so both would be annotated in {name}; "
                    "rename one of them, or write a format with one file for all: COCO, CVAT or Label Studio."
                )
            yield picture, name


def annotated_set(
    items: Items,
    hierarchy: Hierarchy,
    rows: NDArray[np.integer],
    *,
    name: str,
    known: Mapping[str, NDArray[Any]] | None = None,
    about: Known | None = None,
) -> AnnotatedSet:
    """The items `rows` (ascending) as records: their boxes, and the pictures of everything among them.

    Numbers are rows plus one, so two exports of one data set agree. known: further columns of length N, by name.
    """
    rows = np.asarray(rows, np.int64)
    boxes = rows[~items.is_scene[rows]]
    parents = _parents(hierarchy, boxes, len(items))
    columns = {"item_id": items.item_id, **(known or {}), "source": items.source}
    boxes_of: dict[int, list[WrittenBox]] = {}
    for row in boxes.tolist():
        x1, y1, x2, y2 = (float(value) for value in items.xyxy[row])
        one = WrittenBox(
            row + 1, items.name(row), (x1, y1, x2, y2), str(items.source[row]), tuple(parents.get(row, ())),
            {key: _plain(column[row]) for key, column in columns.items()},
        )  # fmt: skip
        boxes_of.setdefault(int(items.image[row]), []).append(one)
    images = items.images
    pictures = [
        Picture(
            image + 1, str(images.file_name[image]), int(images.width[image]), int(images.height[image]), tuple(boxes_of.get(image, ())),
            str(images.licence[image]),
            {key: _plain(column[items.offsets[image]]) for key, column in columns.items() if key in ("item_id", "radius")},
        )
        for image in np.unique(items.image[rows]).tolist()
    ]  # fmt: skip
    return AnnotatedSet(name, {label: number for number, label in enumerate(items.classes, start=1)}, pictures, about or {})


def _parents(hierarchy: Hierarchy, boxes: NDArray[np.int64], count: int) -> dict[int, list[int]]:
    """The numbers of the boxes among `boxes` that each of them lies in, with none of them between."""
    edges, among = hierarchy.edges, np.zeros(count, bool)
    among[boxes] = True
    within = np.flatnonzero(among[edges.parent] & among[edges.child])
    pairs = csr_array((np.ones(len(within), bool), (edges.parent[within], edges.child[within])), shape=(count, count))
    longer = (pairs @ pairs).tocsr()
    by_way = np.asarray(longer[edges.parent[within], edges.child[within]]).ravel() if len(within) else np.zeros(0, bool)
    within = within[edges.direct[within] | ~by_way.astype(bool)]
    parents: dict[int, list[int]] = {}
    for parent, child in zip(edges.parent[within].tolist(), edges.child[within].tolist(), strict=True):
        parents.setdefault(child, []).append(parent + 1)
    return parents


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value

"""Several data sets as one: for a model that is trained on all of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hypviz.data.items import SCENE, Images, Items
from hypviz.errors import DataError


def join_items(sets: Sequence[Items]) -> Items:
    """The items of all sets, in their order, under the folder that holds all their pictures.

    Classes of one name become one class. A picture that is in several sets, by its bytes, is taken from the first. Raises
    DataError without a set, or when the pictures have no folder in common.
    """
    if not sets:
        raise DataError("Joining data sets needs at least one.")
    root = _common_root([one.root.resolve() for one in sets])
    classes = tuple(dict.fromkeys(name for one in sets for name in one.classes))
    row_of = {name: row for row, name in enumerate(classes)}
    known: set[str] = set()
    parts = []
    for one in sets:
        content = one.images.content.tolist()
        new = np.array([key not in known for key in content])
        known |= set(content)
        parts.append((one, np.flatnonzero(new), np.flatnonzero(new[one.image]), np.array([row_of[name] for name in one.classes], np.int32)))
    names = [_below(root, one, images) for one, images, _, _ in parts]
    images = Images(np.concatenate(names), *(np.concatenate([getattr(one.images, column)[image_rows] for one, image_rows, _, _ in parts])
                    for column in ("width", "height", "content", "licence")))  # fmt: skip
    first = np.cumsum([0, *(len(image_rows) for _, image_rows, _, _ in parts)])
    image = [
        np.searchsorted(image_rows, one.image[rows]) + start for (one, image_rows, rows, _), start in zip(parts, first[:-1], strict=True)
    ]
    label = [np.where(one.label[rows] == SCENE, SCENE, to[one.label[rows]]) if len(to) else one.label[rows] for one, _, rows, to in parts]
    return Items(
        item_id=np.concatenate([one.item_id[rows] for one, _, rows, _ in parts]),
        image=np.concatenate(image).astype(np.int32),
        xyxy=np.concatenate([one.xyxy[rows] for one, _, rows, _ in parts]),
        label=np.concatenate(label).astype(np.int32),
        source=np.concatenate([one.source[rows] for one, _, rows, _ in parts]),
        images=images, classes=classes, root=root,
    )  # fmt: skip


def _common_root(roots: list[Path]) -> Path:
    try:
        return Path(os.path.commonpath(roots))
    except ValueError as error:
        raise DataError(f"The pictures of {', '.join(map(str, roots))} lie on different drives; put them under one folder.") from error


def _below(root: Path, one: Items, images: NDArray[np.int64]) -> NDArray[np.str_]:
    """File names of some images relative to a folder above the set's own."""
    inner = one.root.resolve().relative_to(root).as_posix()
    names = one.images.file_name[images].tolist()
    return np.array([name if inner == "." else f"{inner}/{name}" for name in names], dtype=np.str_)

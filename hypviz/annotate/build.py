"""Items from drawn boxes, with the same ids as an import of the same boxes would give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hypviz.annotate.boxes import Box
from hypviz.data.items import SCENE, Items, item_ids


def build_items(old: Items, drawn: Sequence[Sequence[Box]]) -> tuple[Items, dict[str, str]]:
    """The items of the boxes drawn on each of the pictures of `old`; and key → item id. Classes without a box are gone."""
    used = {box.label for boxes in drawn for box in boxes}
    names = dict.fromkeys([*old.classes, *(box.label for boxes in drawn for box in boxes)])
    classes = tuple(name for name in names if name in used)
    number = {name: label for label, name in enumerate(classes)}
    copies: Counter[str] = Counter()
    ids: list[str] = []
    image: list[int] = []
    xyxy: list[NDArray[np.float32]] = []
    label: list[int] = []
    source: list[str] = []
    known: dict[str, str] = {}
    for row, boxes in enumerate(drawn):
        content = str(old.images.content[row])
        corners = np.array([box.xyxy for box in boxes], np.float32).reshape(-1, 4)  # ids are of the corners as they are stored
        new_ids = item_ids(content, corners.tolist(), copy=copies[content])
        copies[content] += 1
        ids += new_ids
        known[new_ids[0]] = new_ids[0]
        known |= dict(zip((box.key for box in boxes), new_ids[1:], strict=True))
        image += [row] * (1 + len(boxes))
        xyxy += [np.array([[0, 0, old.images.width[row], old.images.height[row]]], np.float32), corners]
        label += [SCENE, *(number[box.label] for box in boxes)]
        source += ["image", *(box.source for box in boxes)]
    items = Items(
        item_id=np.array(ids),
        image=np.array(image, np.int32),
        xyxy=np.concatenate(xyxy),
        label=np.array(label, np.int32),
        source=np.array(source),
        images=old.images,
        classes=classes,
        root=old.root,
    )
    return items, known

"""Items: the nodes of the hierarchy. One item per whole image (a scene) and one per annotated box.

`Items` is columnar and validated once, at construction; everything after may trust it. The items of an image are
contiguous and the scene comes first, so a picture and its boxes are one slice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import DataError, SelectionError

SCENE = -1
"""The label of a whole image: it has no class."""
VECTOR = "vector"
"""The source of a whole image that is an own vector (`hypviz.vectors`): it may have a class."""
BLOCK = 1 << 16
"""Ids that are Python strings at once."""
NO_LABEL = "no label"
"""What an own vector without a class is called."""


@dataclass(frozen=True, eq=False)
class Images:
    """The pictures of a data set, one row per file.

    file_name: (M,) str, relative to the root.  width, height: (M,) int32, pixels of the upright picture (EXIF applied).
    content: (M,) str, hash of the file's bytes.  licence: (M,) str, "" when the annotations state none.
    """

    file_name: NDArray[np.str_]
    width: NDArray[np.int32]
    height: NDArray[np.int32]
    content: NDArray[np.str_]
    licence: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.file_name)


@dataclass(frozen=True, eq=False)
class Items:
    """All items of a data set, columns of length N.

    item_id: (N,) str, stable hash of image content and box.  image: (N,) int32, row in `images`.
    xyxy: (N, 4) float32, pixels, 0 <= x1 < x2 <= width, 0 <= y1 < y2 <= height; the full frame for a scene.
    label: (N,) int32, row in `classes`, `SCENE` for a whole image; one that is an own vector has a class.
    source: (N,) str, where the box is from ("annotation", "proposal", "drawn"; "image" for scenes, or `VECTOR`).
    """

    item_id: NDArray[np.str_]
    image: NDArray[np.int32]
    xyxy: NDArray[np.float32]
    label: NDArray[np.int32]
    source: NDArray[np.str_]
    images: Images
    classes: tuple[str, ...]
    root: Path

    def __post_init__(self) -> None:
        count = len(self.item_id)
        columns = {"image": self.image, "xyxy": self.xyxy, "label": self.label, "source": self.source}
        for name, column in columns.items():
            if len(column) != count:
                raise DataError(f"Items.{name} has {len(column)} rows, expected {count} (one per item).")
        if self.xyxy.shape != (count, 4):
            raise DataError(f"Items.xyxy has shape {self.xyxy.shape}, expected ({count}, 4).")
        if count == 0:
            raise DataError("The data set has no items: no readable image was found.")
        self._check_order()
        self._check_boxes()

    def _check_order(self) -> None:
        starts = self.offsets[:-1]
        in_order = (
            np.all(np.diff(self.image) >= 0)
            and np.array_equal(self.image[starts], np.arange(len(self.images)))
            and np.array_equal(np.flatnonzero((self.label == SCENE) | (self.source == VECTOR)), starts)
        )
        if not in_order:
            raise DataError("Items must be grouped by image, each image starting with its one scene item.")
        if self.label.max(initial=SCENE) >= len(self.classes) or self.label.min() < SCENE:
            raise DataError(f"Items.label must be in -1…{len(self.classes) - 1} (row of `classes`).")
        if not _all_differ(self.item_id):
            raise DataError("Items.item_id must be unique.")

    def _check_boxes(self) -> None:
        x1, y1, x2, y2 = self.xyxy.T
        inside = (x1 >= 0) & (y1 >= 0) & (x2 > x1) & (y2 > y1)
        inside &= (x2 <= self.images.width[self.image]) & (y2 <= self.images.height[self.image])
        if not inside.all():
            row = int(np.flatnonzero(~inside)[0])
            raise DataError(
                f"Item {self.item_id[row]} of {self.images.file_name[self.image[row]]} has box "
                f"{self.xyxy[row].tolist()}, which is empty or outside the picture."
            )

    def __len__(self) -> int:
        return len(self.item_id)

    @cached_property
    def offsets(self) -> NDArray[np.int64]:
        """(M + 1,) first item row of each image, then N: image m owns rows offsets[m]:offsets[m + 1]."""
        return np.searchsorted(self.image, np.arange(len(self.images) + 1)).astype(np.int64)

    @cached_property
    def is_scene(self) -> NDArray[np.bool_]:
        """(N,) True where the item is a whole image."""
        scene = np.zeros(len(self), np.bool_)
        scene[self.offsets[:-1]] = True
        return scene

    @cached_property
    def rows_by_id(self) -> dict[str, int]:
        """The row of every item id."""
        return {str(item): row for row, item in enumerate(self.item_id)}

    def row(self, item_id: str) -> int:
        """The row of an item id; SelectionError when there is none."""
        try:
            return self.rows_by_id[item_id]
        except KeyError:
            raise SelectionError(f"No item {item_id!r} in this data set of {len(self)} items.") from None

    def of_image(self, image: int) -> NDArray[np.int64]:
        """Rows of all items of one image, the scene first."""
        return np.arange(self.offsets[image], self.offsets[image + 1])

    def path(self, row: int) -> Path:
        """The picture file that item `row` belongs to."""
        return self.root / str(self.images.file_name[self.image[row]])

    def name(self, row: int) -> str:
        """The class name of an item, "scene" for a whole image, NO_LABEL for an own vector without one."""
        label = int(self.label[row])
        if label != SCENE:
            return self.classes[label]
        return NO_LABEL if self.source[row] == VECTOR else "scene"

    @cached_property
    def data_hash(self) -> str:
        """Hash of every id, box and label: what an embedding of these items depends on."""
        digest = hashlib.sha256()
        for start in range(0, len(self), BLOCK):  # a Python string for each of ten million ids would be a gigabyte
            digest.update(("\n" * (start > 0) + "\n".join(self.item_id[start : start + BLOCK].tolist())).encode())
        digest.update(np.ascontiguousarray(self.xyxy, dtype="<f4").tobytes())
        digest.update(np.ascontiguousarray(self.label, dtype="<i4").tobytes())
        digest.update("\n".join(self.classes).encode())
        return digest.hexdigest()[:16]


def _all_differ(words: NDArray[np.str_]) -> bool:
    """Whether no word is there twice. Different sums of their letters, each times a number of its place, prove it for nearly all data, in
    8 bytes a word; only where two sums are alike are the words themselves compared."""
    letters = np.ascontiguousarray(words).view(np.uint32).reshape(len(words), -1)
    total, factors = np.zeros(len(words), np.uint64), np.random.default_rng(0).integers(1, 1 << 63, letters.shape[1], np.uint64)
    for place, factor in enumerate(factors):
        total += letters[:, place] * factor  # modulo 2^64
    total.sort()
    return not (total[1:] == total[:-1]).any() or len(set(words.tolist())) == len(words)


MOST_MARKS = 20_000
"""Pictures that `picture_marks` names: more would make megabytes of a checkpoint's card."""


def picture_marks(items: Items, mask: NDArray[np.bool_] | None = None) -> list[str]:
    """The first eight hex digits of the content hash of each image of (M,) mask, None for all, once and in order: by these a picture is
    known again in another data set. Empty for more than MOST_MARKS."""
    content = np.unique(items.images.content if mask is None else items.images.content[mask])
    return [] if len(content) > MOST_MARKS else sorted({str(one)[:8] for one in content})


def content_hash(data: bytes) -> str:
    """Hash of a picture file's bytes, the image's part of every item id."""
    return hashlib.sha256(data).hexdigest()[:16]


def item_ids(content: str, boxes: Sequence[Sequence[float]], *, copy: int = 0) -> list[str]:
    """Stable ids of an image's scene and boxes: 16 hex digits from content and box.

    A box is rounded to 1/8 pixel. The k-th repetition of one box (two annotations on the same rectangle) and the
    `copy`-th file with the same bytes are told apart by their number.

    >>> ids = item_ids("ab", [[0, 0, 5, 5], [0, 0, 5, 5]])
    >>> len(ids), len(set(ids)), ids == item_ids("ab", [[0, 0, 5, 5], [0, 0, 5.01, 5]])
    (3, 3, True)
    """
    return ids_of_keys(content, [",".join(str(round(value * 8)) for value in box) for box in boxes], copy=copy)


def ids_of_keys(content: str, keys: Sequence[str], *, copy: int = 0) -> list[str]:
    """`item_ids` for boxes that are given as text already: "x1,y1,x2,y2" in eighths of a pixel."""
    counts: dict[str, int] = {}
    start = f"{content}|{copy}|"
    ids = []
    for key in ("scene", *keys):
        repeat = counts.get(key, 0)
        counts[key] = repeat + 1
        ids.append(hashlib.sha256(f"{start}{key}|{repeat}".encode()).hexdigest()[:16])
    return ids


def subset_images(items: Items, mask: NDArray[np.bool_]) -> Items:
    """The items of some images only; mask: (M,) bool. Ids, classes and root stay, rows are numbered anew."""
    if mask.shape != (len(items.images),) or mask.dtype != bool:
        raise DataError(f"The image mask must be bool ({len(items.images)},), got {mask.dtype} {mask.shape}.")
    keep = mask[items.image]
    old = items.images
    images = Images(old.file_name[mask], old.width[mask], old.height[mask], old.content[mask], old.licence[mask])
    return Items(
        item_id=items.item_id[keep],
        image=(np.cumsum(mask) - 1)[items.image[keep]].astype(np.int32),
        xyxy=items.xyxy[keep],
        label=items.label[keep],
        source=items.source[keep],
        images=images,
        classes=items.classes,
        root=items.root,
    )


def whole_pictures(items: Items) -> NDArray[np.bool_]:
    """(N,) True for whole pictures where the data has boxes too: a part of nothing, so never listed as a child. Where every item is
    a picture or an own vector, there is nothing else to list, and none counts as whole."""
    whole = items.is_scene & (items.source != VECTOR)
    return np.zeros(len(items), np.bool_) if whole.sum() == len(items) else whole


def only_pictures(items: Items) -> bool:
    """Whether every item is a whole picture, so that nothing says what contains what; False for own vectors."""
    return len(items) == len(items.images) and bool((items.source != VECTOR).all())

"""The pictures of a published page: a small one for each item, and each whole picture once."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hypviz.data.pictures import open_upright
from hypviz.errors import DataError
from hypviz.progress import OnProgress
from hypviz.viz.pictures import card_bytes
from hypviz.workspace.store import Workspace

Rows = NDArray[np.int64]
FOLDER_FILES = 1000
"""Small pictures in a folder, so that none gets too large for a host to list."""


class PublishedPictures:
    """Pictures of items `rows` of a workspace, in `thumbs` and `pictures` of `folder`; longest sides in pixels, 0 for none."""

    def __init__(self, workspace: Workspace, folder: Path, rows: Rows, *, thumb_size: int, picture_size: int) -> None:
        self.workspace, self.items, self.folder, self.rows = workspace, workspace.items, folder, rows
        self.thumb_size, self.picture_size = thumb_size, picture_size
        self._any = bool(workspace.meta.get("pictures", True))

    def shows(self, row: int) -> bool:
        """Whether the whole picture of an item is published."""
        return bool(self.picture_size and self._any and self.workspace.has_picture(row))

    def write(self, on_progress: OnProgress | None) -> tuple[NDArray[np.uint8], int]:
        """Write small and whole pictures; (n,) who has a small one, and how many whole ones there are."""
        pictured, whole = np.zeros(len(self.rows), np.uint8), 0
        if not (self.thumb_size or self.picture_size) or not self._any:
            return pictured, whole
        groups = list(_by_image(self.items.image[self.rows]))
        for number, (image, places) in enumerate(groups):
            picture = self._opened(places)
            if picture is not None:
                whole += self._whole_picture(image, picture)
                for place in places if self.thumb_size else ():
                    self._thumb(int(self.rows[place]), picture)
                    pictured[place] = 1
            if on_progress:
                on_progress(number + 1, len(groups))
        return pictured, whole

    def _opened(self, places: Rows) -> Image.Image | None:
        row = int(self.rows[places[0]])
        if not self.workspace.has_picture(row):
            return None
        try:
            return open_upright(self.items.path(row))
        except DataError:  # it was readable when it was imported; its items are shown without
            return None

    def _whole_picture(self, image: int, picture: Image.Image) -> int:
        if not self.picture_size:
            return 0
        small = picture.copy()
        small.thumbnail((self.picture_size,) * 2, Image.Resampling.LANCZOS)
        _write_picture(self.folder / f"pictures/{image // FOLDER_FILES:03d}/{image}.jpg", small, quality=82)
        return 1

    def _thumb(self, row: int, picture: Image.Image) -> None:
        x1, y1, x2, y2 = (float(value) for value in self.items.xyxy[row])
        crop = Image.open(io.BytesIO(card_bytes(picture, (x1, y1, x2, y2), self.thumb_size)))
        _write_picture(self.folder / f"thumbs/{row // FOLDER_FILES:03d}/{row}.jpg", crop, quality=76)


def _by_image(image: Sequence[int] | NDArray[np.integer]) -> Iterator[tuple[int, Rows]]:
    """Each picture with the places of its items, so that a file is opened once."""
    order = np.argsort(image, kind="stable")
    ordered = np.asarray(image)[order]
    starts = np.flatnonzero(np.append(True, np.diff(ordered) != 0))
    for places in np.split(order, starts[1:]):
        yield int(np.asarray(image)[places[0]]), places


def _write_picture(path: Path, picture: Image.Image, *, quality: int) -> None:
    path.parent.mkdir(exist_ok=True)
    picture.save(path, "JPEG", quality=quality, optimize=True)

"""A plain folder of pictures: every picture is a scene, there are no boxes yet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from hypviz.data.pictures import is_picture_name
from hypviz.data.raw import DropCounter, RawDataset, RawImage
from hypviz.errors import DataError

SKIPPED_FOLDERS = frozenset({"__MACOSX", "@eaDir"})
"""What archivers and network disks leave behind, beside hidden folders."""


def read_folder(folder: Path | str) -> RawDataset:
    """All pictures below `folder`, in the order of their names; hidden files and folders are skipped.

    Files that do not end like a picture are counted as "not named like a picture". Raises DataError when `folder` is
    none or holds no picture.
    """
    root = Path(folder)
    if not root.is_dir():
        raise DataError(f"{root}: there is no such folder.")
    dropped = DropCounter()
    names = []
    for name in _files_below(root):
        if is_picture_name(name):
            names.append(name)
        else:
            dropped.other("not named like a picture", name)
    if not names:
        raise DataError(f"{root}: no picture here, among {len(list(_files_below(root)))} files.")
    images = [RawImage(name, record=name) for name in names]
    return RawDataset(root, images, len(images), root.resolve().name, dropped)


def _files_below(root: Path) -> Iterator[str]:
    for folder, inner, files in os.walk(root):
        inner[:] = sorted(name for name in inner if not name.startswith(".") and name not in SKIPPED_FOLDERS)
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(folder, name).relative_to(root).as_posix()

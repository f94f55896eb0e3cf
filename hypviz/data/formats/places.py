"""Where the pictures of annotation files lie when a person names the files: beside them, or in a folder beside theirs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from hypviz.data.formats.drafts import Source
from hypviz.data.formats.names import PictureNames
from hypviz.data.formats.tree import Tree, read_tree
from hypviz.data.raw import DropCounter, storable
from hypviz.errors import DataError

ANNOTATION_FOLDERS = frozenset({"annotations", "annotation", "labels", "label", "anns", "ann", "xml", "xmls", "json", "jsons", "csv", "gt"})
"""Names of folders that hold annotations, beside the one with the pictures."""
_BESIDE = ("images", "JPEGImages", "image", "imgs", "img")
_LEVELS = 3
"""Levels of folders that are looked through above a single annotation file."""


def source_of(
    paths: Sequence[Path], images: Path | None, *, dropped: DropCounter | None = None, box_format: str = "auto"
) -> tuple[Source, list[str]]:
    """The source of single annotation files, and the files relative to it; DataError when `images` is no folder."""
    root = Path(os.path.commonpath([path.parent for path in paths]))
    dropped = dropped if dropped is not None else DropCounter()
    if images is not None:
        source = source_in(root, read_tree(root, depth=0), images, dropped, box_format)
    else:
        tree = read_tree(root)
        if root.name.lower() in ANNOTATION_FOLDERS:
            tree = _above(root, tree)
        source = source_in(tree.root, tree, None, dropped, box_format)
    return source, [path.relative_to(source.root).as_posix() for path in paths]


def _above(root: Path, tree: Tree) -> Tree:
    """The tree one step up, where pictures lie beside the folder of annotations."""
    parent = root.parent
    if parent == root or parent == Path(parent.anchor):
        return tree
    above = read_tree(parent, depth=_LEVELS)
    return above if above.pictures else tree


def source_in(root: Path, tree: Tree, images: Path | None, dropped: DropCounter, box_format: str = "auto") -> Source:
    """The source of annotations below `root`, with the pictures below `images`, below `root`, or else in a folder beside it."""
    if images is not None:
        images = images if images.is_dir() or not images.exists() else images.parent
        if not images.is_dir():
            raise DataError(f"there is no folder {images}; name the folder with the pictures by --images.")
        pictures = read_tree(images)
        return Source(root, tree, images, PictureNames(pictures.pictures, pictures.others), dropped, box_format)
    if not tree.pictures:
        for place in (root.absolute().parent / name for name in _BESIDE):
            beside = read_tree(place) if place.is_dir() and place != root.absolute() else None
            if beside is not None and beside.pictures:
                dropped.note(f"the pictures were taken from the folder {place.name} beside the data set")
                return Source(root, tree, place, PictureNames(beside.pictures, beside.others), dropped, box_format)
    return Source(root, tree, root, PictureNames(tree.pictures, tree.others), dropped, box_format)


def data_name(root: Path, paths: Sequence[Path] = ()) -> str:
    """A data set's name for people: that of its folder, of the parent for a mere `annotations` folder."""
    folder = Path(os.path.commonpath([path.parent for path in paths])) if paths else root
    folder = folder.resolve()
    return storable(folder.parent.name if folder.name.lower() in ANNOTATION_FOLDERS else folder.name)


def parent_of(file: str) -> str:
    """The folder of a relative file, "" on top."""
    parent = PurePosixPath(file).parent
    return "" if parent == PurePosixPath() else parent.as_posix()

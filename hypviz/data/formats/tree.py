"""Every file below a folder, links followed once: what a data set is made of, before anyone asks what it means."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hypviz.data.pictures import is_picture_name, starts_like_picture
from hypviz.data.raw import DropCounter, storable

_OF_PROGRAMS = (
    ".git",
    ".svn",
    ".hg",
    ".dvc",
    ".cache",
    ".idea",
    ".vscode",
    ".ipynb",
    ".trash",
    ".thumb",
    ".venv",
    ".config",
    ".huggingface",
)
"""How folders begin that programs keep beside data for themselves."""
SKIPPED_FOLDERS = frozenset({"__MACOSX", "@eaDir"})
"""What archivers and network disks leave behind, beside hidden folders."""


@dataclass
class Tree:
    """The files below `root`, relative to it with forward slashes, in the order of their names.

    Hidden files and folders are no part of it. A link to a folder is followed, unless the folder is in the tree anyway or holds
    it: `links` names those that were not.  shut: folders that could not be opened.  dead: links that lead nowhere.  hidden: folders
    with files in them whose names begin with a dot, but for those that programs keep to themselves. Files whose first bytes
    are those of a picture are pictures, whatever they are called.
    """

    root: Path
    pictures: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    shut: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)

    def count_losses(self, dropped: DropCounter) -> None:
        """Count what could not be walked."""
        for name in self.links:
            dropped.other("link to a folder not followed", storable(name))
        for name in self.dead:
            dropped.other("link that leads nowhere", storable(name))
        for name in self.hidden:
            dropped.other("hidden folder not read", storable(name))
        for name in self.shut:
            dropped.other("folder cannot be opened", storable(name))


def read_tree(root: Path, *, depth: int | None = None) -> Tree:
    """The tree of a folder; depth: how many levels of folders below it, None for all."""
    tree = Tree(root)
    for name in _walk(root, tree, depth):
        if is_picture_name(name):
            tree.pictures.append(name)
        else:
            _sort_other(tree, root / name, name)
    return tree


def _sort_other(tree: Tree, path: Path, name: str) -> None:
    """A file that is not named like a picture: a picture all the same, a link, or anything else."""
    if path.is_symlink() and not path.exists():
        tree.dead.append(name)
    elif _is_link_as_text(path):
        tree.links.append(name)
    elif path.suffix.lower() not in _TEXTS and starts_like_picture(path):
        tree.pictures.append(name)
    else:
        tree.others.append(name)


_TEXTS = frozenset({".json", ".txt", ".xml", ".csv", ".yaml", ".yml", ".md", ".jsonl", ".parquet", ".arrow", ".npy", ".npz", ".py"})
"""Endings of files that are surely no pictures, which spares a look into them."""


def _is_link_as_text(path: Path) -> bool:
    """Whether a file is a link to a folder as git and zip programs write it where links cannot be: its text is the way there.

    It is not followed: anyone can write such a file, and it may lead anywhere.
    """
    try:
        if path.suffix or not 0 < path.stat().st_size <= 1024:
            return False
        text = path.read_text(encoding="utf-8")
        return "/" in text and "\n" not in text.strip() and (path.parent / text.strip()).is_dir()
    except (OSError, ValueError):
        return False


def files_below(root: Path) -> Iterator[str]:
    """Every file below `root` as `read_tree` finds them."""
    return _walk(root, Tree(root), None)


def _walk(root: Path, tree: Tree, depth: int | None) -> Iterator[str]:
    top = os.path.realpath(root)
    followed: set[str] = set()

    def refused(error: OSError) -> None:
        tree.shut.append(Path(error.filename or root).relative_to(root).as_posix())

    for folder, inner, files in os.walk(root, followlinks=True, onerror=refused):
        relative = Path(folder).relative_to(root)
        level = len(relative.parts)
        tree.hidden += [(relative / name).as_posix() for name in sorted(inner) if _is_hidden(Path(folder, name))]
        inner[:] = sorted(name for name in inner if not name.startswith(".") and name not in SKIPPED_FOLDERS)
        for name in [name for name in inner if not _may_follow(Path(folder, name), top, followed)]:
            tree.links.append((relative / name).as_posix())
            inner.remove(name)
        if depth is not None and level >= depth:
            inner[:] = []
        for name in sorted(files):
            if not name.startswith("."):
                yield (relative / name).as_posix()


def _is_hidden(folder: Path) -> bool:
    """Whether a hidden folder may hold something of the data set."""
    if not folder.name.startswith(".") or folder.name.lower().startswith(_OF_PROGRAMS):
        return False
    try:
        return any(not each.name.startswith(".") for each in folder.iterdir())
    except OSError:
        return False


def _may_follow(folder: Path, top: str, followed: set[str]) -> bool:
    """Whether to go into a folder: always, unless it is a link to what is walked anyway, was walked, or holds the tree."""
    if not folder.is_symlink():
        return True
    target = os.path.realpath(folder)
    for walked in (top, *followed):
        if target == walked or _is_below(target, walked) or _is_below(walked, target):
            return False
    followed.add(target)
    return True


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip(os.sep) + os.sep)

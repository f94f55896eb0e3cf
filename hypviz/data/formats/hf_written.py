"""What this project's own Hugging Face folders (`hypviz.data.writers.hf_datasets`) say besides boxes: names of pictures, and which box
lies in which. Other sets may have columns of the same names that mean something else, so all of them have to be there.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from hypviz.data.pictures import is_picture_name

PICTURE_COLUMNS = ("file_name", "licence")
BOX_FIELDS = ("id", "parent", "parents", "source")
LONGEST_PART = 200
"""Bytes of a folder's or file's name that every file system takes."""


def is_written_here(features: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    """Whether a set has all columns, and its objects all fields, that this project writes besides the usual ones."""
    return all(name in features for name in PICTURE_COLUMNS) and all(name in fields for name in BOX_FIELDS)


def text_of(value: Any) -> str:
    """A cell of text; "" for anything else."""
    return value if isinstance(value, str) else ""


def relation_of(objects: Any, place: int) -> tuple[str, str, tuple[str, ...] | None]:
    """Source, name and parents of the box at a place of a row's objects, as `RawBox` has them.

    >>> objects = {"id": ["a", "b"], "parents": [[], ["a"]], "source": ["drawn", "x"]}
    >>> relation_of(objects, 0), relation_of(objects, 1), relation_of(objects, 2)
    (('drawn', 'a', ()), ('annotation', 'b', ('a',)), ('annotation', '', None))
    """
    identifier, parents, source = (_cell(objects, key, place) for key in ("id", "parents", "source"))
    kind = source if source in ("proposal", "drawn") else "annotation"
    if not isinstance(identifier, str) or not identifier or not isinstance(parents, list):
        return kind, "", None
    return kind, identifier, tuple(each for each in parents if isinstance(each, str))


def _cell(objects: Any, key: str, place: int) -> Any:
    listed = objects.get(key) if isinstance(objects, Mapping) else None
    return listed[place] if isinstance(listed, list) and place < len(listed) else None


class WrittenNames:
    """Names of pictures as a set states them, each once, and none that leads out of the folder or that a file system would refuse."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def first(self, *names: str) -> str:
        """The first of several names that can be taken; the last where none can."""
        return next((name for name in names if self.take(name)), names[-1])

    def take(self, name: str) -> str:
        r"""The name, or "" for one that cannot be taken: the picture then gets a number.

        >>> names = WrittenNames()
        >>> [names.take(name) for name in ("a/b.png", "A/B.png", "../c.png", "/d.png", "a", "e\\f.png", "a/b.png/c.png", "g.png")]
        ['a/b.png', '', '', '', '', '', '', 'g.png']
        """
        path = PurePosixPath(name)
        parts = path.parts
        folders = {"/".join(parts[:count]).casefold() for count in range(1, len(parts))}
        key = name.casefold()
        if path.is_absolute() or str(path) != name or not is_picture_name(name) or not all(map(_is_plain, parts)):
            return ""
        if key in self._files or key in self._folders or folders & self._files:
            return ""
        self._files.add(key)
        self._folders |= folders
        return name


def _is_plain(part: str) -> bool:
    """Whether a part of a path is a name that this system's files may have, and no hidden one."""
    forbidden = '\\:*?"<>|' if os.name == "nt" else "\\"
    plain = not any(sign in forbidden or ord(sign) < 32 or sign == "\x7f" for sign in part)
    return plain and not part.startswith(".") and len(part.encode("utf-8", "replace")) <= LONGEST_PART

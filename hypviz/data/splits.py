"""Which split of a data set a picture belongs to, as far as its folders say so."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

NOT_STATED = "not stated"
_WORDS = {
    "train": "train", "training": "train", "trainval": "train",
    "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
_FOLDER = re.compile(r"^([a-z]+)[-_]?\d*$")


def split_of(file_name: str) -> str:
    """The split named by a folder of a picture's path ("train2017" and "val_1" count), else "not stated".

    >>> split_of("images/train2017/1.jpg"), split_of("valid/a/2.png"), split_of("test.jpg")
    ('train', 'validation', 'not stated')
    """
    for folder in file_name.replace("\\", "/").lower().split("/")[:-1]:
        word = _FOLDER.match(folder)
        if word and word[1] in _WORDS:
            return _WORDS[word[1]]
    return NOT_STATED


def image_splits(file_names: Iterable[str]) -> tuple[NDArray[np.uint8], list[str]]:
    """(M,) row of the names, and the names that occur: train, validation, test, then "not stated"."""
    folders: dict[str, str] = {}
    splits = []
    for name in file_names:
        folder = name.rpartition("/")[0]
        if folder not in folders:
            folders[folder] = split_of(name)
        splits.append(folders[folder])
    names = [name for name in ("train", "validation", "test", NOT_STATED) if name in set(folders.values())] or [NOT_STATED]
    index = {name: number for number, name in enumerate(names)}
    return np.array([index[name] for name in splits], np.uint8), names

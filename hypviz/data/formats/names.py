"""Which picture a name in an annotation means: by its path, else by the longest tail of it that only one picture has.

Names come from other machines: absolute, with backslashes, percent signs or another case, in composed or decomposed Unicode. The
pictures are those below the data set's folder and nothing else, so no name leads out of it. Of several pictures that a name fits
equally well the nearest to its annotation is meant (same split, mirrored folder); where that does not decide, all are named.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, unquote_plus

SPLITS = {"train": "train", "training": "train", "trainval": "train", "val": "val", "valid": "val", "validation": "val"} | {
    "dev": "val",
    "test": "test",
    "testing": "test",
}
"""Names of folders (without the year that COCO adds) by the split they hold."""
PICTURE_FOLDERS = frozenset({"images", "image", "imgs", "img", "jpegimages", "pictures", "photos", "data", "rgb"})
MASK_FOLDERS = frozenset(
    {"masks", "mask", "segmentations", "segmentationclass", "segmentationobject", "panoptic", "semantic", "masks_machine", "masks_human"}
)
"""Folders of pictures that are annotations themselves."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a name was found to mean: a picture; or "" with the pictures it may mean, none when there is none."""

    picture: str
    rivals: tuple[str, ...] = ()


def fold(text: str) -> str:
    """A path in one case and one form of Unicode, for comparing."""
    return unicodedata.normalize("NFC", text).casefold()


def clean_name(name: str) -> str:
    r"""A file name with forward slashes, without leading "./".

    >>> clean_name(".\\train\\a.jpg"), clean_name("a//b/../c.jpg"), clean_name("file:///data/a.jpg")
    ('train/a.jpg', 'a/c.jpg', '/data/a.jpg')
    """
    name = re.sub(r"^file://(localhost)?", "", name.strip())
    return os.path.normpath(name.replace("\\", "/")) if name else ""


def spellings(name: str) -> list[str]:
    """A stated name and what it may have been before a program wrote it as part of an address.

    >>> spellings("a%20b.jpg"), spellings("/data/local-files/?d=set/a.jpg"), spellings("https://x.org/i/a.jpg?w=3")
    (['a%20b.jpg', 'a b.jpg'], ['/data/local-files/?d=set/a.jpg', 'set/a.jpg'], ['https:/x.org/i/a.jpg?w=3', 'i/a.jpg'])
    """
    candidates = [clean_name(name)]
    address = re.match(r"^[a-z][a-z0-9+]+://[^/]*/(.*)$", name.strip(), re.IGNORECASE)
    if "?d=" in name:
        candidates.append(clean_name(unquote(name.partition("?d=")[2].partition("&")[0])))
    elif address:
        candidates.append(clean_name(unquote(address[1].partition("?")[0].partition("#")[0])))
    elif "%" in name or "+" in name:
        candidates += [clean_name(unquote(name)), clean_name(unquote_plus(name))]
    return [each for each in dict.fromkeys(candidates) if each]


def splits_of(path: str) -> set[str]:
    """All splits that the folders of a path name.

    >>> sorted(splits_of("train/val2017/a.jpg")), splits_of("images/a.jpg")
    (['train', 'val'], set())
    """
    names = (SPLITS.get(part.lower().rstrip("0123456789-_")) for part in PurePosixPath(path).parts[:-1])
    return {name for name in names if name}


def split_of(path: str) -> str:
    """The split that the folders of a path name: "train", "val", "test", or "".

    >>> split_of("set/val2017/a.jpg"), split_of("train/images/a.jpg"), split_of("trains/a.jpg")
    ('val', 'train', '')
    """
    for part in reversed(PurePosixPath(path).parts[:-1]):
        name = SPLITS.get(part.lower().rstrip("0123456789-_"))
        if name:
            return name
    return ""


def is_mask_name(path: str) -> bool:
    """Whether a picture lies in a folder of masks."""
    return any(part.lower() in MASK_FOLDERS or part.lower().startswith("panoptic") for part in PurePosixPath(path).parts[:-1])


class PictureNames:
    """The pictures of a data set by every tail of their paths; `others`, files not named like one, by their whole path only."""

    def __init__(self, pictures: Iterable[str], others: Iterable[str] = ()) -> None:
        self.pictures = frozenset(pictures)
        self._others = frozenset(others)
        self._folded: dict[str, list[str]] = defaultdict(list)
        self._last: dict[str, list[str]] = defaultdict(list)
        self._stem: dict[str, list[str]] = defaultdict(list)
        for name in sorted(self.pictures):
            path = PurePosixPath(fold(name))
            self._folded[path.as_posix()].append(name)
            self._last[path.name].append(name)
            self._stem[path.stem].append(name)

    def find(self, stated: Sequence[str], *, folder: str = "", hint: str = "", any_ending: bool = False) -> Match:
        """The picture meant by one of the `stated` names, the likeliest name first.

        folder: that of the annotation file, relative to the data set ("" on top).  hint: words that may name the picture's
        folder, such as the stem of the annotation file.  any_ending: a picture with the stem of a name will do.
        """
        rivals: tuple[str, ...] = ()
        names = [spelling for name in stated for spelling in spellings(name)]
        for name in names:
            match = self._by_path(name, folder) or self._by_tail(name, self._last, folder, hint)
            if match is not None and match.picture:
                return match
            rivals = rivals or (match.rivals if match is not None else ())
        for name in names if any_ending and not rivals else ():
            match = self._by_tail(name, self._stem, folder, hint)
            if match is not None:
                return match
        return Match("", rivals)

    def _by_path(self, name: str, folder: str) -> Match | None:
        """By the path from the annotation's own folder, or from the top."""
        tries = list(dict.fromkeys(os.path.normpath(f"{place}/{name}") for place in (folder or ".", ".")))
        for path in tries:
            if path in self.pictures or path in self._others:
                return Match(path)
        for path in tries:
            same = self._folded.get(fold(path), [])
            if same:
                return Match(same[0]) if len(same) == 1 else Match("", tuple(same))
        return None

    def _by_tail(self, name: str, table: dict[str, list[str]], folder: str, hint: str) -> Match | None:
        """By as many parts from the end as agree; None when not even the last does."""
        path = PurePosixPath(name)
        keys = [path.name] if table is self._last else [path.name, path.stem]
        pictures = next((table[fold(key)] for key in keys if fold(key) in table), [])
        parts = tuple(fold(part) for part in path.parts[:-1])
        annotation_splits = splits_of(f"{folder}/x")
        if len(pictures) == 1 and not annotation_splits:
            return Match(pictures[0])
        candidates = []
        for picture in pictures:
            picture_splits = splits_of(picture)
            agree = _agreeing(parts, tuple(fold(part) for part in PurePosixPath(picture).parts[:-1]))
            # a name of another split's picture is another picture
            if agree or not annotation_splits or not picture_splits or annotation_splits & picture_splits:
                candidates.append(((agree, *_nearness(picture, name, folder, hint)), picture))
        if not candidates:
            return None
        best = max(score for score, _ in candidates)
        chosen = [picture for score, picture in candidates if score == best]
        return Match(chosen[0]) if len(chosen) == 1 else Match("", tuple(chosen))


def _agreeing(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many parts of two paths agree, from the end."""
    count = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if a != b:
            break
        count += 1
    return count


def _nearness(picture: str, name: str, folder: str, hint: str) -> tuple[int, ...]:
    """How near a picture is to an annotation in `folder`: mirrored folders, a common way, words of the hint, a usual folder."""
    path = PurePosixPath(picture)
    picture_folders = tuple(fold(part) for part in path.parts[:-1])
    annotation_folders = tuple(fold(part) for part in PurePosixPath(folder).parts)
    common = next(
        (place for place, (a, b) in enumerate(zip(annotation_folders, picture_folders, strict=False)) if a != b),
        min(len(annotation_folders), len(picture_folders)),
    )
    words = {word for word in re.split(r"[^0-9a-z]+", fold(hint)) if word}
    splits = {SPLITS.get(word.rstrip("0123456789")) for word in words} - {None}
    hinted = any(part in words for part in picture_folders) * 2 + (split_of(picture) in splits)
    numbers = {re.sub(r"\D", "", part) for part in annotation_folders} - {""}
    paired = any(re.sub(r"\D", "", part) in numbers for part in picture_folders)
    usual = any(part in PICTURE_FOLDERS for part in picture_folders) - is_mask_name(picture)
    return _agreeing(annotation_folders, picture_folders), common, hinted, paired, usual, path.name == PurePosixPath(name).name

"""Where the pictures of an annotation file lie: annotations name files, seldom their folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from hypviz.data.raw import leaves_root
from hypviz.errors import DataError

SAMPLE = 100
"""Names looked for per candidate folder: enough to choose the folder, cheap on a network disk."""


SKIPPED_FOLDERS = frozenset({"__MACOSX", "@eaDir"})
"""What archivers and network disks leave behind, beside hidden folders."""


def files_below(root: Path) -> Iterator[str]:
    """Every file below `root`, relative to it, in the order of their names; hidden files and folders are skipped."""
    for folder, inner, files in os.walk(root):
        inner[:] = sorted(name for name in inner if not name.startswith(".") and name not in SKIPPED_FOLDERS)
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(folder, name).relative_to(root).as_posix()


def locate_images(names: Sequence[str], candidates: Sequence[Path], *, source: Path) -> Path:
    """The candidate folder that holds most of `names` (the first of equals).

    `source` is the annotation file, for the message. Raises DataError saying what was looked for when no candidate
    holds any of them.
    """
    folders = [folder for folder in dict.fromkeys(candidates) if folder.is_dir()]
    if not folders:
        raise DataError(f"{source}: there is no folder {candidates[0]}; name the folder with the pictures by --images.")
    if not names:
        return folders[0]
    step = max(1, len(names) // SAMPLE)
    sample = names[::step][:SAMPLE]
    found = [sum(_is_there(folder, name) for name in sample) for folder in folders]
    best = max(range(len(folders)), key=lambda index: (found[index], -index))
    if found[best] == 0:
        tried = ", ".join(map(str, folders))
        raise DataError(
            f"{source} names {len(names)} pictures, but 0 of the {len(sample)} looked for were found in {tried} "
            f"(example: {folders[0] / sample[0]}); name the folder with the pictures by --images."
        )
    return folders[best]


def _is_there(folder: Path, name: str) -> bool:
    try:
        return not leaves_root(name) and (folder / name).is_file()
    except (OSError, ValueError):  # a name too long for the file system, or one that is not Unicode
        return False


def image_folders_near(annotations: Path, split: str = "") -> list[Path]:
    """Folders where the pictures of an annotation file (or folder) usually lie, the likeliest first.

    `split` ("train2017"…) names a subfolder that comes before its parent.
    """
    here = annotations if annotations.is_dir() else annotations.parent
    bases = [here, here / "images", here.parent / "JPEGImages", here.parent / "images", here.parent]
    return [*(base / split for base in bases if split), *bases]


def image_folders_in(images: Path, split: str = "") -> list[Path]:
    """Where the pictures lie when a person named the folder `images`: there, or one step below."""
    return [images, *(images / name for name in (split, "images", "JPEGImages") if name)]


def data_name(folder: Path) -> str:
    """A data set's name for people: that of its folder, of the parent for a mere `annotations` folder."""
    folder = folder.resolve()
    return folder.parent.name if folder.name.lower() == "annotations" else folder.name


def clean_name(name: str, root: Path | None = None) -> str:
    r"""A file name with forward slashes, without leading "./", relative to `root` where it is absolute and below it.

    >>> clean_name(".\\train\\a.jpg"), clean_name("/data/set/a.jpg", Path("/data/set"))
    ('train/a.jpg', 'a.jpg')
    """
    name = os.path.normpath(name.replace("\\", "/"))
    if root is not None and PurePosixPath(name).is_relative_to(root.as_posix()):
        name = PurePosixPath(name).relative_to(root.as_posix()).as_posix()
    return name

"""A plain folder of pictures: every picture is a scene. Sub-folders may be classes, as torchvision's ImageFolder has them.

A class says what the whole picture shows, and items get their class from a box: so each picture of a class folder has
one box, the whole picture. Nested folders give one class by its path ("animals/dog"), so that equal names in two places
stay two classes; folders called train, val… are no part of it.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from hypviz.data.formats.survey import is_class_tree
from hypviz.data.formats.tree import read_tree
from hypviz.data.raw import DropCounter, RawBox, RawDataset, RawImage, storable
from hypviz.errors import DataError

SPLIT_FOLDERS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing"})
"""Folders on top that part a data set; their names say nothing about a picture."""
PLAIN_FOLDERS = frozenset({"images", "image", "imgs", "img", "pictures", "photos", "jpegimages", "data", "raw", "dcim"})
"""Names that say nothing about a picture either."""


def read_folder(folder: Path | str) -> RawDataset:
    """All pictures below `folder`, in the order of their names, without boxes; hidden files and folders are skipped, links followed once.

    Files that do not end like a picture are counted as "not named like a picture". Raises DataError when `folder` is
    none or holds no picture.
    """
    return _read(Path(folder), classes=False)


def read_class_folders(folder: Path | str) -> RawDataset:
    """As `read_folder`, with a box of the whole picture whose class is the path of the sub-folder it lies in.

    A picture on top, or directly in a split's folder, has no class and no box. Raises DataError as `read_folder`, and
    when no picture lies in a sub-folder.
    """
    return _read(Path(folder), classes=True)


def class_of(name: str) -> str:
    """The class of a picture by its path relative to the data set; "" for none.

    >>> class_of("train/animals/dog/a.jpg"), class_of("dog/a.jpg"), class_of("train/a.jpg"), class_of("a.jpg")
    ('animals/dog', 'dog', '', '')
    """
    folders = PurePosixPath(name).parts[:-1]
    if folders and folders[0].lower() in SPLIT_FOLDERS:
        folders = folders[1:]
    return storable("/".join(folders))


def looks_like_class_folders(folder: Path) -> str:
    """Two of the classes, when all pictures of a folder lie in at least two sub-folders that may be classes; else ""."""
    classes: set[str] = set()
    for name in read_tree(folder).pictures:
        label = class_of(name)
        if not label or PurePosixPath(label).parts[0].lower() in PLAIN_FOLDERS:
            return ""
        classes.add(label)
    return " and ".join(sorted(classes)[:2]) if len(classes) > 1 else ""


def _read(root: Path, *, classes: bool) -> RawDataset:
    if not root.is_dir():
        raise DataError(f"{root}: there is no such folder.")
    dropped = DropCounter()
    tree = read_tree(root)
    for name in (one for one in tree.others if not is_class_tree(root, one)):
        dropped.other("not named like a picture", storable(name))
    tree.count_losses(dropped)
    names = tree.pictures
    if not names:
        unfollowed = f"; {len(tree.links)} links to folders were not followed (such as {tree.links[0]})" if tree.links else ""
        raise DataError(f"{root}: no picture here, among {len(tree.others)} files{unfollowed}.")
    if classes and not any(map(class_of, names)):
        raise DataError(f"{root}: none of {len(names)} pictures lies in a sub-folder, whose name would be its class.")
    if not classes:
        _note_classes(names, dropped)
    images = [_image(name, class_of(name) if classes else "") for name in names]
    return RawDataset(root, images, len(images), storable(root.resolve().name), dropped)


def _note_classes(names: list[str], dropped: DropCounter) -> None:
    """Say when folders look like classes and were not taken for such, since some pictures lie in none of them."""
    labels = [label for name in names if (label := class_of(name)) and PurePosixPath(label).parts[0].lower() not in PLAIN_FOLDERS]
    classes = sorted(set(labels))
    if len(classes) > 1 and 2 * len(labels) > len(names) > len(labels):
        some = " and ".join(classes[:2])
        dropped.note(f"folders such as {some} were not taken for classes, since {len(names) - len(labels)} pictures lie in none")


def _image(name: str, label: str) -> RawImage:
    whole = (RawBox((0.0, 0.0, 1.0, 1.0), label, name),) if label else ()
    return RawImage(name, whole, record=name, normalised=True)

"""Which label file belongs to which picture of a YOLO data set: by the path that the format defines, and only then by name.

`images/…/x.jpg` has `labels/…/x.txt`, else `x.txt` beside it. Where labels lie in a folder that mirrors none, the name decides if it
is the only one; a label file whose own folder has pictures of its own is never given to another's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from hypviz.data.formats.names import fold, splits_of
from hypviz.data.formats.places import parent_of

_LABEL_FOLDERS = ("labels", "label", "annotations", "labels_yolo", "yolo")
"""Sisters of a folder of pictures that hold its labels, in lower case."""
_PICTURE_FOLDERS = frozenset({"images", "image", "imgs", "img", "jpegimages"})


@dataclass
class Pairs:
    """The label file of each picture that has one; label files without a picture; those that may be of several, with these."""

    label: dict[str, str] = field(default_factory=dict)
    alone: list[str] = field(default_factory=list)
    unclear: list[tuple[str, list[str]]] = field(default_factory=list)


def pair(pictures: Sequence[str], labels: Sequence[str], texts: Sequence[str]) -> Pairs:
    """Pair pictures with text files. labels: files that are labels by their content.  texts: all that a path may lead to."""
    pairs = Pairs()
    by_path = {fold(name): name for name in texts}
    owner: dict[str, str] = {}
    claims: dict[str, list[str]] = defaultdict(list)
    for picture in pictures:
        label = next((by_path[path] for path in _mirrored(picture) if path in by_path), None)
        if label is not None:
            claims[label].append(picture)
            owner[label] = picture
    for label, claiming in claims.items():
        if len(claiming) == 1:
            pairs.label[claiming[0]] = label
        else:
            pairs.unclear.append((label, claiming))
    _by_name(pairs, pictures, [label for label in labels if label not in owner], owner)
    return pairs


def _mirrored(picture: str) -> list[str]:
    """The folded paths that the label file of a picture may have, the likeliest first."""
    path = PurePosixPath(fold(picture))
    name, folders = f"{path.stem}.txt", path.parts[:-1]
    paths = []
    for place in range(len(folders) - 1, -1, -1):
        if folders[place] in _PICTURE_FOLDERS:
            paths += ["/".join([*folders[:place], label, *folders[place + 1 :], name]) for label in _LABEL_FOLDERS]
            break
    return [*paths, "/".join([*folders, name])]


def _by_name(pairs: Pairs, pictures: Sequence[str], labels: Sequence[str], owner: dict[str, str]) -> None:
    """Give the label files that no path led to to pictures without one, where their name leaves no doubt."""
    settled = {parent_of(label) for label in owner}
    folders = {fold(parent_of(label)) for label in (*labels, *owner)}
    free: dict[str, list[str]] = defaultdict(list)
    for picture in pictures:
        if picture not in pairs.label and not any(parent_of(path) in folders for path in _mirrored(picture)[:-1]):
            free[fold(PurePosixPath(picture).stem)].append(picture)
    labels_by_picture: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        rivals = [] if parent_of(label) in settled else [each for each in free[fold(PurePosixPath(label).stem)] if _may_be(each, label)]
        best = _best(rivals, label)
        if len(best) == 1:
            labels_by_picture[best[0]].append(label)
        elif best:
            pairs.unclear.append((label, best))
        else:
            pairs.alone.append(label)
    for picture, claims in labels_by_picture.items():
        if len(claims) == 1:
            pairs.label[picture] = claims[0]
        else:
            pairs.unclear += [(label, [picture]) for label in claims]


def _may_be(picture: str, label: str) -> bool:
    """Whether a label file may be a picture's though no path says so: not of another split, nor of another folder that mirrors."""
    label_splits, picture_splits = splits_of(label), splits_of(picture)
    if label_splits and picture_splits and not label_splits & picture_splits:
        return False
    one, other = PurePosixPath(fold(picture)).parts[:-1], PurePosixPath(fold(label)).parts[:-1]
    for place in range(min(len(one), len(other))):
        if one[place] in _PICTURE_FOLDERS and other[place] in _LABEL_FOLDERS and one[:place] == other[:place]:
            return not other[place + 1 :] or not one[place + 1 :] or one[place + 1 :] == other[place + 1 :]
    return True


def _best(rivals: list[str], label: str) -> list[str]:
    """Those of the pictures whose folders agree best with the label's, from the end and from the start."""
    label_folders = PurePosixPath(fold(label)).parts[:-1]

    def score(picture: str) -> tuple[int, int]:
        picture_folders = PurePosixPath(fold(picture)).parts[:-1]
        ends = next(
            (n for n, (a, b) in enumerate(zip(reversed(label_folders), reversed(picture_folders), strict=False)) if a != b),
            min(len(label_folders), len(picture_folders)),
        )
        starts = next(
            (n for n, (a, b) in enumerate(zip(label_folders, picture_folders, strict=False)) if a != b),
            min(len(label_folders), len(picture_folders)),
        )
        return ends, starts

    best = max((score(picture) for picture in rivals), default=(0, 0))
    return [picture for picture in rivals if score(picture) == best]

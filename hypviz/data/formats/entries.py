"""What most readers find: annotated pictures under stated names; and how these become a data set of the pictures that are there.

Every entry ends as one picture read or as a count: missing, of an ambiguous name (with the pictures it may mean), or listed twice.
Entries of one picture are joined, so that no box is lost; a box that stands in both is one. Pictures that no entry names are counted.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from hypviz.data.formats.names import Match, PictureNames, clean_name, fold, is_mask_name
from hypviz.data.raw import DropCounter, RawBox, RawDataset, RawImage, leaves_root, storable
from hypviz.errors import DataError

Boxes = tuple[RawBox, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One annotated picture as a file states it.

    names: what it is called, the likeliest first.  file: the annotation file, relative to the data set.  boxes: its boxes, or what
    reads them when the picture's turn comes.  any_ending: a picture of that stem will do.  exact: `names[0]` is the picture's path.
    absent: the picture is known not to be there.
    """

    names: tuple[str, ...]
    file: str
    boxes: Boxes | Callable[[], Boxes] = ()
    record: str = ""
    size: tuple[int, int] | None = None
    licence: str = ""
    normalised: bool = False
    any_ending: bool = False
    exact: bool = False
    absent: bool = False

    def load(self) -> Boxes:
        """The boxes."""
        return self.boxes() if callable(self.boxes) else self.boxes


@dataclass
class ReaderResult:
    """What a reader made of its annotation files.

    files: those that were read.  listing: it names every picture it means, so that others below the folder are worth a word.
    unlisted: pictures that a configuration leaves out.
    """

    entries: list[Entry]
    files: set[str] = field(default_factory=set)
    listing: bool = True
    unlisted: tuple[str, ...] = ()


def build(
    result: ReaderResult, pictures: PictureNames, root: Path, *, name: str, dropped: DropCounter, source: Path | None = None
) -> RawDataset:
    """The data set of the entries of a reader, whose pictures are looked for among `pictures` below `root`.

    source: what to name in the message. Raises DataError when entries name pictures and none of them is there.
    """
    matches = [match_of(entry, pictures) for entry in result.entries]
    if result.entries and not any(match.picture or match.rivals for match in matches):
        matches = [match_of(replace(entry, any_ending=True), pictures) for entry in result.entries]
        if any(match.picture or match.rivals for match in matches):
            dropped.note(
                "the files name pictures with other endings than there are, or with none; they were found by the rest of their names"
            )
    if result.entries and not any(match.picture or match.rivals for match in matches):
        raise DataError(_none_found(result.entries, source or root, root, len(pictures.pictures)))
    matches = called_alike(result.entries, matches, pictures, dropped)
    strayed = strays(result.entries, matches)
    groups: dict[str, list[Entry]] = {}
    for number, (entry, match) in enumerate(zip(result.entries, matches, strict=True)):
        if match.rivals:
            rivals = " or ".join(storable(rival) for rival in match.rivals[:3])
            example = f"{entry.record}: {storable(entry.names[0])} may be {rivals}"
            dropped.image("ambiguous picture name", example, boxes=len(entry.load()))
        elif number in strayed:
            other = f"the only picture of that name is {storable(match.picture)}, apart from those of the other annotations here"
            dropped.image("missing", f"{entry.record}: {storable(entry.names[0])}, {other}", boxes=len(entry.load()))
        else:
            groups.setdefault(match.picture or f"{_ALONE}{number}", []).append(entry)
    below = _base({picture: entries for picture, entries in groups.items() if not picture.startswith(_ALONE)})
    if result.listing:
        _count_unnamed(pictures, groups, below, dropped)
    for picture in result.unlisted:
        dropped.other("picture in no split of the configuration", storable(picture))
    return RawDataset(root / below, _walk(groups, root, below, dropped), len(groups), name, dropped, len(result.files))


def called_alike(entries: Sequence[Entry], matches: list[Match], pictures: PictureNames, dropped: DropCounter) -> list[Match]:
    """The matches, but where several files of one picture each name the same picture, those that are called like another one get that.

    So copies of a file that still name the picture of the first are not taken for its own.
    """
    claims: dict[str, list[int]] = defaultdict(list)
    for number, match in enumerate(matches):
        claims[match.picture].append(number)
    moved = 0
    for picture, numbers in claims.items():
        stem = fold(PurePosixPath(picture).stem)
        for number in numbers if picture and len(numbers) > 1 else ():
            entry = entries[number]
            file_stem = PurePosixPath(entry.file).stem
            if entry.names[-1] != file_stem or fold(file_stem) == stem:
                continue
            other = match_of(replace(entry, names=(file_stem,)), pictures)
            if other.picture and other.picture not in claims:
                matches[number] = other
                moved += 1
    if moved:
        dropped.note(
            f"{moved} annotation files name a picture that another file is called like; they were given to those they are called like"
        )
    return matches


def strays(entries: Sequence[Entry], matches: Sequence[Match]) -> set[int]:
    """Entries that were given a picture of their name in a folder that belongs to others: where most annotations of a folder have their
    pictures nearer to it. Such an annotation is left over from a picture that is gone, and the picture is another one.
    """
    folders: dict[str, list[tuple[int, tuple[int, int]]]] = defaultdict(list)
    for number, (entry, match) in enumerate(zip(entries, matches, strict=True)):
        if match.picture and not entry.exact:
            folders[PurePosixPath(entry.file).parent.as_posix()].append((number, _closeness(entry, match.picture)))
    numbers: set[int] = set()
    for listed in folders.values():
        best = max(closeness for _, closeness in listed)
        near = sum(closeness == best for _, closeness in listed)
        if 2 * near > len(listed):
            far = [number for number, (common, alike) in listed if common <= best[0] and alike <= best[1] and (common, alike) != best]
            numbers |= {number for number in far if _is_bare(entries[number], matches[number].picture)}
    return numbers


def _closeness(entry: Entry, picture: str) -> tuple[int, int]:
    """How many folders an annotation and a picture have in common, from the top, and whether they lie in folders of one name."""
    entry_folders, picture_folders = PurePosixPath(fold(entry.file)).parent.parts, PurePosixPath(fold(picture)).parent.parts
    common = next(
        (place for place, (a, b) in enumerate(zip(entry_folders, picture_folders, strict=False)) if a != b),
        min(len(entry_folders), len(picture_folders)),
    )
    return common, int(entry_folders[-1:] == picture_folders[-1:])


def _is_bare(entry: Entry, picture: str) -> bool:
    """Whether no folder in the stated names speaks for the picture."""
    folder = PurePosixPath(fold(picture)).parent.name
    return not any(PurePosixPath(fold(clean_name(name))).parent.name == folder for name in entry.names)


_ALONE = "\0"
"""Start of the keys of entries without a picture, which no picture's path can begin with."""


def match_of(entry: Entry, pictures: PictureNames) -> Match:
    """The picture that an entry means."""
    if entry.exact or entry.absent:
        return Match(entry.names[0] if entry.exact else "")
    path = PurePosixPath(entry.file)
    folder = "" if path.parent == PurePosixPath() else path.parent.as_posix()
    return pictures.find(entry.names, folder=folder, hint=path.stem, any_ending=entry.any_ending)


def _none_found(entries: Sequence[Entry], source: Path, root: Path, picture_count: int) -> str:
    example = storable(clean_name(entries[0].names[0]))
    looked = f"0 of the {len(entries)} looked for were found among the {picture_count} pictures below {root}"
    advice = "put them beside the annotations, or name their folder by --images"
    return f"{source} names {len(entries)} pictures, but {looked} (example: {example}); {advice}."


def _base(groups: dict[str, list[Entry]]) -> str:
    """The folder, relative to the data set, that all names are relative to: as the entries state their names, where they agree."""
    bases = set()
    for picture, entries in groups.items():
        tail = len(PurePosixPath(clean_name(entries[0].names[0])).parts)
        parts = PurePosixPath(picture).parts
        stated = fold("/".join(parts[-tail:])) == fold(clean_name(entries[0].names[0])) and not entries[0].exact
        bases.add("/".join(parts[:-tail] if stated else () if entries[0].exact else parts[:-1]))
    common = os.path.commonpath(bases) if bases and "" not in bases else ""
    return common or "."


def _count_unnamed(pictures: PictureNames, groups: dict[str, list[Entry]], below: str, dropped: DropCounter) -> None:
    prefix = "" if below == "." else f"{below}/"
    for name in sorted(pictures.pictures - groups.keys()):
        shown = storable(name.removeprefix(prefix))
        dropped.other("mask of segments, no picture" if is_mask_name(name) else "picture without annotation", shown)


def _walk(groups: dict[str, list[Entry]], root: Path, below: str, dropped: DropCounter) -> Iterator[RawImage]:
    for picture, entries in groups.items():
        first = entries[0]
        if picture.startswith(_ALONE):
            yield from _missing(first, root / below, dropped)
            continue
        name = PurePosixPath(picture).relative_to(below).as_posix()
        boxes = first.load()
        for other in entries[1:]:
            boxes += _joined(boxes, first, other, name, dropped)
        yield RawImage(name, boxes, first.size, first.licence, first.record, first.normalised)


def _missing(entry: Entry, root: Path, dropped: DropCounter) -> Iterator[RawImage]:
    """An entry without a picture, for the importer to say what is wrong with its name."""
    name = clean_name(entry.names[0]) or entry.names[0]
    if not leaves_root(name) and _exists(root / name):  # a picture of another split, whose name it shares
        dropped.image("missing", f"{entry.record}: {name}, the file of that name belongs elsewhere", boxes=len(entry.load()))
    else:
        yield RawImage(name, entry.load(), entry.size, entry.licence, entry.record, entry.normalised)


def _joined(boxes: Boxes, first: Entry, other: Entry, name: str, dropped: DropCounter) -> Boxes:
    """The boxes that a second entry of a picture adds; its own record is counted."""
    more = other.load()
    example = f"{storable(name)} is listed twice, as {first.record} and as {other.record}"
    if (first.normalised, first.size or other.size) != (other.normalised, other.size or first.size):
        dropped.image("picture listed twice", f"{example}, of another size", boxes=len(more))
        return ()
    known = {(box.xyxy, box.label) for box in boxes}
    new = tuple(box for box in more if (box.xyxy, box.label) not in known)
    dropped.image("picture listed twice", example, boxes=len(more) - len(new))
    return new


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False

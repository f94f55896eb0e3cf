"""Annotated pictures whose boxes are numbers still: what the small readers make, before all boxes of a file settle what these mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from hypviz.data.formats.convention import Numbers, Reading, Sample, judge
from hypviz.data.formats.entries import Entry
from hypviz.data.formats.masks import as_float, is_number
from hypviz.data.formats.names import PictureNames
from hypviz.data.formats.text import load_json
from hypviz.data.formats.tree import Tree
from hypviz.data.pictures import PictureError, read_size
from hypviz.data.raw import MAX_SIDE, DropCounter, RawBox
from hypviz.errors import DataError

MEASURED = 200
"""Pictures whose header is read to learn their size, where a file does not state it."""


@dataclass
class Source:
    """What a reader reads from: annotation files below `root`, and the pictures below `picture_root` that they may mean.

    box_format: a person's word on what the numbers of a box mean, of `convention.BOX_FORMATS`.
    """

    root: Path
    tree: Tree
    picture_root: Path
    pictures: PictureNames
    dropped: DropCounter
    box_format: str = "auto"

    def path(self, file: str) -> Path:
        """The place of an annotation file."""
        return self.root / file

    def contents(
        self, files: Iterable[str], load: Callable[[Path, DropCounter], Any] = load_json, *, per_picture: bool = False
    ) -> Iterator[tuple[str, Any]]:
        """Each annotation file's name and what `load` reads from it; a file that cannot be read is counted and left out.

        per_picture: whether a file describes one picture, and so counts as one.
        """
        for file in files:
            try:
                content = load(self.path(file), self.dropped)
            except DataError as error:
                reason = str(error).partition(": ")[2]
                if per_picture:
                    self.dropped.image("unreadable annotation", f"{PurePosixPath(file).name}: {reason}", boxes=0)
                else:
                    self.dropped.file("unreadable annotation file", f"{file}: {reason}")
                continue
            yield file, content


@dataclass(frozen=True, slots=True)
class DraftBox:
    """Four numbers and a class.  form: what they are for certain, "" when all boxes together decide.  area: as stated.

    name, parents: as `RawBox` has them.
    """

    numbers: Numbers
    label: str
    record: str
    form: str = ""
    area: float | None = None
    source: str = "annotation"
    name: str = ""
    parents: tuple[str, ...] | None = None


@dataclass(slots=True)
class Draft:
    """An annotated picture; fields as `entries.Entry` has them.  unit: "pixels" or "fractions" where that is certain, else ""."""

    names: tuple[str, ...]
    file: str
    record: str
    boxes: list[DraftBox] = field(default_factory=list)
    size: tuple[int, int] | None = None
    licence: str = ""
    any_ending: bool = False
    unit: str = ""


def settle(drafts: Sequence[Draft], source: Source, where: str, forms: Sequence[str] = ("xyxy",)) -> list[Entry]:
    """Entries with boxes as corners; `where` names the file or files in messages, `forms` as `convention.judge` has them."""
    open_drafts = [draft for draft in drafts if not draft.unit]
    deciding = [(draft, box) for draft in open_drafts for box in draft.boxes if not box.form]
    if not deciding:
        deciding, forms = [(draft, box) for draft in open_drafts for box in draft.boxes if box.form == "xyxy"], ("xyxy",)
    sizes = _measured({id(draft): draft for draft, _ in deciding}, source)
    samples = [Sample(box.numbers, draft.size or sizes.get(id(draft)), box.area) for draft, box in deciding]
    reading = judge(samples, forms, where, source.dropped, box_format=source.box_format if len(forms) > 1 else "auto")
    return [_entry(draft, reading) for draft in drafts]


def _entry(draft: Draft, reading: Reading) -> Entry:
    if draft.unit:
        reading = Reading(reading.form, draft.unit)
    boxes = tuple(
        RawBox(reading.corners(box.numbers, box.form), box.label, box.record, box.source, box.name, box.parents) for box in draft.boxes
    )
    size = draft.size if not reading.normalised else None
    return Entry(
        draft.names,
        draft.file,
        boxes,
        draft.record,
        size,
        draft.licence,
        normalised=reading.normalised,
        any_ending=draft.any_ending,
    )


def _measured(drafts: dict[int, Draft], source: Source) -> dict[int, tuple[int, int]]:
    """The size of the first pictures that do not state it, by the draft's identity."""
    sizes: dict[int, tuple[int, int]] = {}
    for key, draft in islice(((key, draft) for key, draft in drafts.items() if draft.size is None), MEASURED):
        picture = source.pictures.find(draft.names, folder=str(Path(draft.file).parent), any_ending=draft.any_ending).picture
        try:
            if picture:
                sizes[key] = read_size(source.picture_root / picture)
        except PictureError:  # counted when its turn comes
            continue
    return sizes


def number(value: Any) -> float | None:
    """A number, or text that is one; None for anything else.

    >>> number(3), number("2.5"), number(None), number(True), number("x")
    (3.0, 2.5, None, None, None)
    """
    if is_number(value):
        return as_float(value)
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None


def angle(value: Any) -> float | None:
    """A stated angle, 0 where none is stated; None for what is no finite number."""
    degrees = number(value) if value not in (None, "") else 0.0
    return degrees if degrees is not None and math.isfinite(degrees) else None


def four_numbers(value: Any) -> Numbers | None:
    """A list of exactly four numbers; None for anything else."""
    if not isinstance(value, list | tuple) or len(value) != 4:
        return None
    a, b, c, d = map(number, value)
    return None if a is None or b is None or c is None or d is None else (a, b, c, d)


def extent(points: Any) -> Numbers | None:
    """x1, y1, x2, y2 around a list of [x, y] points, or of numbers x, y, x, y…; None when there is nothing to go around."""
    flat = points if isinstance(points, list | tuple) else ()
    pairs = flat if all(isinstance(each, list | tuple) for each in flat) else list(zip(flat[0::2], flat[1::2], strict=False))
    coordinates = [(number(pair[0]), number(pair[1])) for pair in pairs if len(pair) >= 2]
    xs = [x for x, y in coordinates if x is not None and y is not None]
    ys = [y for x, y in coordinates if x is not None and y is not None]
    return (min(xs), min(ys), max(xs), max(ys)) if len(xs) >= 2 else None


def stated_size(width: Any, height: Any) -> tuple[int, int] | None:
    """A stated (width, height) in pixels; None where it cannot be."""
    w, h = number(width), number(height)
    if w is None or h is None or not (1 <= w < MAX_SIDE and 1 <= h < MAX_SIDE):
        return None
    return int(w), int(h)

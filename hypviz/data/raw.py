"""What a format reader yields: pictures with boxes as annotated, not yet checked against the files.

Readers stream: `RawDataset.images` may be walked once and holds one picture at a time. What a reader itself must
leave out it counts in `RawDataset.dropped`; the importer goes on counting there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from hypviz.storage.json_types import Json

EXAMPLES_KEPT = 5
"""Examples remembered per reason: enough to find the pattern, few enough to print."""
MAX_SIDE = 1_000_000
"""A stated width or height of this many pixels or more is taken as not stated."""


@dataclass(frozen=True, slots=True)
class RawBox:
    """One annotated box: pixels of the annotated picture, 0-based, x2 and y2 exclusive; `record` names its origin.

    source: "annotation", or what else `Items.source` knows, when a data set says that its boxes were proposed or drawn.
    name: what the file calls the box, as others name it in `parents`, the boxes that it lies in; None where nothing is said of that.
    """

    xyxy: tuple[float, float, float, float]
    label: str
    record: str
    source: str = "annotation"
    name: str = ""
    parents: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class RawImage:
    """One annotated picture: `file_name` relative to the root, `size` (width, height) as annotated, if stated.

    normalised: boxes are fractions of the upright picture, not pixels; `size` then says nothing about them.
    """

    file_name: str
    boxes: tuple[RawBox, ...] = ()
    size: tuple[int, int] | None = None
    licence: str = ""
    record: str = ""
    normalised: bool = False


@dataclass
class Dropped:
    """How much was left out for one reason: records of any kind, and the pictures, boxes and annotation files among them."""

    count: int = 0
    images: int = 0
    boxes: int = 0
    files: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass
class DropCounter:
    """Counts by reason, with the first five examples each, in order of first appearance; and notes on what was assumed."""

    reasons: dict[str, Dropped] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        """Remember something that was assumed or changed and cost nothing; the same sentence once."""
        sentence = storable(sentence)
        if sentence not in self.notes:
            self.notes.append(sentence)

    def file(self, reason: str, example: str) -> None:
        """Count one annotation file that was set aside whole."""
        self._add(reason, example, images=0, boxes=0, files=1)

    def box(self, reason: str, example: str) -> None:
        """Count one box."""
        self._add(reason, example, images=0, boxes=1)

    def image(self, reason: str, example: str, *, boxes: int) -> None:
        """Count one picture together with its `boxes`."""
        self._add(reason, example, images=1, boxes=boxes)

    def other(self, reason: str, example: str, *, boxes: int = 0) -> None:
        """Count one record that is neither: a stray file, or the `boxes` of a picture that itself is kept."""
        self._add(reason, example, images=0, boxes=boxes)

    def many(self, reason: str, example: str, *, images: int = 0, boxes: int = 0) -> None:
        """Count many pictures or boxes at once, with one example of them."""
        self._add(reason, example, images=images, boxes=boxes, count=max(images, boxes, 1))

    def take(self, other: DropCounter) -> None:
        """Add the counts and notes of another counter."""
        for reason, entry in other.reasons.items():
            mine = self.reasons.setdefault(reason, Dropped())
            mine.count, mine.images = mine.count + entry.count, mine.images + entry.images
            mine.boxes, mine.files = mine.boxes + entry.boxes, mine.files + entry.files
            mine.examples += entry.examples[: EXAMPLES_KEPT - len(mine.examples)]
        for sentence in other.notes:
            self.note(sentence)

    def _add(self, reason: str, example: str, *, images: int, boxes: int, count: int = 1, files: int = 0) -> None:
        entry = self.reasons.setdefault(reason, Dropped())
        entry.count += count
        entry.files += files
        entry.images += images
        entry.boxes += boxes
        if len(entry.examples) < EXAMPLES_KEPT:
            entry.examples.append(storable(example))

    @property
    def images(self) -> int:
        """Pictures left out, all reasons together."""
        return sum(entry.images for entry in self.reasons.values())

    @property
    def boxes(self) -> int:
        """Boxes left out, all reasons together."""
        return sum(entry.boxes for entry in self.reasons.values())

    @property
    def files(self) -> int:
        """Annotation files left out, all reasons together."""
        return sum(entry.files for entry in self.reasons.values())

    def to_json(self) -> dict[str, Json]:
        """{reason: {"count", "images", "boxes", "examples"}}, and "files" where annotation files were left out."""
        return {
            reason: {
                "count": entry.count,
                "images": entry.images,
                "boxes": entry.boxes,
                **({"files": entry.files} if entry.files else {}),
                "examples": list(entry.examples),
            }
            for reason, entry in self.reasons.items()
        }


@dataclass(frozen=True)
class RawDataset:
    """A data set as its annotations describe it.

    root: folder that every `file_name` is relative to.  images: to be walked once.  count: how many, when known.
    name: for people.  dropped: shared with the reader, which fills it while `images` is walked.  files: annotation files
    that were read, not counting those in `dropped`.  class_tree: the file of a class tree that lies beside them.  origin: the address on a
    hub that it was fetched from, with its commit; "" for files that were here.
    """

    root: Path
    images: Iterable[RawImage]
    count: int | None
    name: str
    dropped: DropCounter = field(default_factory=DropCounter)
    files: int = 0
    origin: str = ""
    class_tree: Path | None = None


def leaves_root(name: str) -> bool:
    """Whether a file name points outside the folder it is relative to; such files are never opened.

    >>> leaves_root("../secret.png"), leaves_root("/etc/a.png"), leaves_root("..a/b.png")
    (True, True, False)
    """
    return PurePosixPath(name).is_absolute() or PurePosixPath(name).parts[:1] == ("..",)


def storable(text: str) -> str:
    r"""`text` as it can be written to a file: half a surrogate pair, which JSON allows, becomes a question mark.

    >>> storable("wheel \ud83d"), storable("Räder 🚗")
    ('wheel ?', 'Räder 🚗')
    """
    return text.encode("utf-8", "replace").decode("utf-8")

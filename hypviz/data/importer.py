"""From annotations to items: every picture decoded once, every box checked once; what is left out is counted.

A picture that cannot be shown is dropped with its boxes. A box that is not finite, empty or outside is dropped; one
that sticks out is clipped and kept. Boxes annotated in another frame are turned or scaled (`hypviz.data.frames`).
"""

from __future__ import annotations

import os
import unicodedata
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hypviz.data.class_tree import tree_beside
from hypviz.data.frames import KEPT, as_array, clip, from_fractions, to_upright
from hypviz.data.items import SCENE, Images, Items, item_ids
from hypviz.data.named_parents import Parents, rows_of_parents
from hypviz.data.pictures import PictureError, PictureInfo, inspect_picture
from hypviz.data.raw import RawBox, RawDataset, RawImage, leaves_root, storable
from hypviz.data.taxonomy import Taxonomy
from hypviz.errors import DataError
from hypviz.progress import OnProgress
from hypviz.storage.json_types import Json

MANY = 8
"""Boxes from which on their sizes say what their numbers are."""
"""Called with (pictures done, pictures in all or None when unknown)."""


@dataclass(frozen=True)
class ImportReport:
    """What became of a data set; read = kept + dropped holds for images and for boxes.

    images, boxes: kept.  clipped: boxes cut to the picture.  turned, scaled: images whose boxes were annotated in the
    stored (not upright) frame, or at another size.  dropped: {reason: {"count", "images", "boxes", "examples"}}.
    proposals: how many of `boxes` nobody annotated.  files: annotation files that were read, of `files_read` that were found.
    notes: sentences on what was assumed and cost nothing.  parents: the rows of the boxes that each box lies in as the files state it,
    by its row; empty where they state nothing. taxonomy: the class tree beside the annotations. Neither is part of
    the JSON object.  origin: as `RawDataset.origin`.
    """

    name: str
    images_read: int
    images: int
    boxes_read: int
    boxes: int
    clipped: int
    turned: int
    scaled: int
    classes: int
    dropped: dict[str, Json]
    proposals: int = 0
    files_read: int = 0
    files: int = 0
    notes: tuple[str, ...] = ()
    parents: Parents = field(default_factory=dict)
    taxonomy: Taxonomy | None = None
    origin: str = ""

    def to_json(self) -> Json:
        """JSON object; `images` and `boxes` are those read, `kept_images` and `kept_boxes` those that became items."""
        return {
            "name": self.name,
            "images": self.images_read,
            "boxes": self.boxes_read,
            "kept_images": self.images,
            "kept_boxes": self.boxes,
            "clipped": self.clipped,
            "turned": self.turned,
            "scaled": self.scaled,
            "classes": self.classes,
            "proposals": self.proposals,
            "files": self.files_read,
            "kept_files": self.files,
            "notes": list(self.notes),
            "origin": self.origin,
            "dropped": self.dropped,
        }

    def summary(self) -> str:
        """The report in one line for the terminal."""
        line = f"{self.name}: {self.images} of {self.images_read} images, {self.boxes} of {self.boxes_read} boxes"
        line += f", {self.classes} classes"
        done = {
            "boxes proposed, not annotated": self.proposals,
            "boxes clipped": self.clipped,
            "images turned": self.turned,
            "images scaled": self.scaled,
        }
        parts = [f"{count} {change}" for change, count in done.items() if count]
        parts += [f"left out: {entry['count']} × {reason}" for reason, entry in self.dropped.items()]
        return "; ".join([line, *parts])


def import_items(raw: RawDataset, *, on_progress: OnProgress | None = None) -> tuple[Items, ImportReport]:
    """Check every picture and box of `raw` and build the items, in the order of the annotations.

    Raises DataError when no picture is usable, or none of the boxes read, with the counts. `on_progress` may raise to stop the
    import.
    """
    columns = _Columns()
    done = 0
    for image, name, result in _inspected(raw):
        done += 1
        if isinstance(result, PictureError):
            raw.dropped.image(result.reason, f"{image.record}: {name}, {result.detail}", boxes=len(image.boxes))
        else:
            columns.add(replace(image, file_name=name), result, raw)
        if on_progress is not None:
            on_progress(done, raw.count)
    if not columns.file_name:
        raise DataError(_nothing_usable(raw, done))
    items = columns.items(raw.root.resolve())
    if raw.dropped.boxes and len(items) == len(items.images):
        counts = _counts(raw, boxes=True)
        raise DataError(
            f"{raw.name}: none of the {raw.dropped.boxes} boxes read can be used: {counts}; --format folder opens the pictures alone."
        )
    columns.check_sizes(raw)
    taxonomy, notes = tree_beside(raw.class_tree, items.classes)
    report = columns.report(raw, items)
    return items, replace(report, taxonomy=taxonomy, notes=(*report.notes, *notes))


def _nothing_usable(raw: RawDataset, read: int) -> str:
    return f"{raw.name}: none of {read} pictures below {raw.root} is usable: {_counts(raw) or 'there are none'}"


def _counts(raw: RawDataset, *, boxes: bool = False) -> str:
    """What was left out and why, with an example each; boxes: reasons that cost boxes only."""
    reasons = [(reason, entry) for reason, entry in raw.dropped.reasons.items() if entry.boxes or not boxes]
    return "; ".join(f"{entry.count} {reason} (e.g. {entry.examples[0]})" for reason, entry in reasons)


Inspected = tuple[RawImage, str, PictureInfo | PictureError]


def _inspected(raw: RawDataset) -> Iterator[Inspected]:
    """Each image with its file's name and info or error: decoded by a few threads, in order, a few files ahead."""
    workers = min(4, os.cpu_count() or 1)
    waiting: deque[Future[Inspected]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="import") as pool:
        for image in raw.images:
            waiting.append(pool.submit(_inspect, raw.root, image))
            if len(waiting) >= 4 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _inspect(root: Path, image: RawImage) -> Inspected:
    name = image.file_name
    if storable(name) != name:
        return image, name, PictureError(storable(name), "unreadable", "the file name is not valid Unicode")
    if leaves_root(name):
        return image, name, PictureError(name, "outside the folder", "the file lies outside the folder of the data set")
    try:
        # Archives from a Mac carry decomposed Unicode names, annotations mostly composed ones.
        forms = (name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name))
        name = next((form for form in forms if (root / form).exists()), name)
        return image, name, inspect_picture(root / name)
    except PictureError as error:
        return image, name, error
    except (OSError, ValueError) as error:  # a name too long for the file system, or with a NUL byte
        return image, name, PictureError(name[:80], "unreadable", f"the file cannot be read ({error})")


@dataclass
class _Columns:
    """The items' columns while they grow; the scene of an image comes first."""

    file_name: list[str] = field(default_factory=list)
    info: list[PictureInfo] = field(default_factory=list)
    licence: list[str] = field(default_factory=list)
    item_id: list[str] = field(default_factory=list)
    image: list[int] = field(default_factory=list)
    xyxy: list[NDArray[np.float32]] = field(default_factory=list)
    label: list[str | None] = field(default_factory=list)
    named_boxes: dict[int, RawBox] = field(default_factory=dict)
    source: list[str] = field(default_factory=list)
    copies: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    tiny: int = 0
    cut_away: int = 0
    outside: int = 0

    def add(self, image: RawImage, info: PictureInfo, raw: RawDataset) -> None:
        """One decoded image and its boxes; boxes that cannot be kept are counted in `raw.dropped`."""
        boxes, xyxy = self._boxes(image, info, raw)
        row = len(self.file_name)
        self.file_name.append(image.file_name)
        self.info.append(info)
        self.licence.append(image.licence)
        self.item_id += item_ids(info.content, xyxy.tolist(), copy=self.copies[info.content])
        self.copies[info.content] += 1
        self.named_boxes |= {len(self.image) + place: box for place, box in enumerate(boxes, start=1) if box.name}
        self.image += [row] * (1 + len(boxes))
        self.xyxy += [np.array([[0, 0, *info.size]], dtype=np.float32), xyxy]
        self.label += [None, *(unicodedata.normalize("NFC", box.label) for box in boxes)]
        self.source += ["image", *(box.source for box in boxes)]

    def _boxes(self, image: RawImage, info: PictureInfo, raw: RawDataset) -> tuple[list[RawBox], NDArray[np.float32]]:
        stated = as_array([box.xyxy for box in image.boxes])
        framed = (from_fractions(stated, info.size), ()) if image.normalised else to_upright(stated, image.size, info)
        if framed is None:
            example = f"{image.record}: annotated as {image.size}, but {image.file_name} is {info.size}"
            raw.dropped.other("annotated size differs", example, boxes=len(image.boxes))
            return [], as_array([]).astype(np.float32)
        xyxy, verdicts = clip(framed[0], info.size)
        self.done.update(framed[1])
        self._measure(framed[0], xyxy, verdicts)
        rows = []
        for row, (box, verdict) in enumerate(zip(image.boxes, verdicts, strict=True)):
            if verdict in KEPT:
                rows.append(row)
                self.done[verdict] += 1
            else:
                raw.dropped.box(verdict, f"{box.record}: {box.label} {list(box.xyxy)} in {image.file_name}")
        return [image.boxes[row] for row in rows], xyxy[rows]

    def _measure(self, stated: NDArray[np.float64], xyxy: NDArray[np.float32], verdicts: list[str]) -> None:
        """Count boxes below a pixel, and those of which most lay outside their picture."""
        accepted = np.isin(verdicts, KEPT)
        stated = np.where(accepted[:, None], stated, 0.0)
        sides = (xyxy[:, 2:] - xyxy[:, :2])[accepted].astype(np.float64)
        before = (stated[:, 2:] - stated[:, :2])[accepted]
        self.tiny += int((sides < 1).any(axis=1).sum())
        self.cut_away += int((sides.prod(axis=1) < 0.5 * before.prod(axis=1)).sum())
        self.outside += verdicts.count("outside the picture")

    def check_sizes(self, raw: RawDataset) -> None:
        """DataError when every one of several boxes is below a pixel, or most lie outside; notes when some are so."""
        boxes = len(self.label) - len(self.file_name)
        if boxes + self.outside >= MANY and 2 * (self.cut_away + self.outside) > boxes + self.outside:
            raise DataError(
                f"{raw.name}: {self.cut_away + self.outside} of {boxes + self.outside} boxes lie mostly outside their pictures, so their "
                "numbers are in another unit than pixels, or belong to other pictures; convert them to pixels."
            )
        if boxes >= 3 and self.tiny == boxes:
            raise DataError(
                f"{raw.name}: all {boxes} boxes are smaller than a pixel, so their numbers are no pixels; convert them to pixels."
            )
        if self.tiny:
            raw.dropped.note(f"{self.tiny} of {boxes} boxes are smaller than a pixel")
        if self.cut_away:
            raw.dropped.note(f"{self.cut_away} of {boxes} boxes lay mostly outside their pictures and were cut")

    def items(self, root: Path) -> Items:
        """The validated items; classes are those that occur, in alphabetical order."""
        classes = tuple(sorted({label for label in self.label if label is not None}))
        number: dict[str | None, int] = {name: index for index, name in enumerate(classes)} | {None: SCENE}
        sizes = np.array([info.size for info in self.info], dtype=np.int32)
        images = Images(
            file_name=np.array(self.file_name),
            width=sizes[:, 0],
            height=sizes[:, 1],
            content=np.array([info.content for info in self.info]),
            licence=np.array(self.licence),
        )
        return Items(
            item_id=np.array(self.item_id),
            image=np.array(self.image, dtype=np.int32),
            xyxy=np.concatenate(self.xyxy),
            label=np.array([number[label] for label in self.label], dtype=np.int32),
            source=np.array(self.source),
            images=images,
            classes=classes,
            root=root,
        )

    def report(self, raw: RawDataset, items: Items) -> ImportReport:
        """Counts of what was kept, changed and dropped."""
        images, boxes = len(items.images), len(items) - len(items.images)
        parents, unknown = rows_of_parents(self.named_boxes, self.image)
        if unknown:
            raw.dropped.note(f"{unknown} boxes are said to lie in boxes that are not there, or that cannot be told from others")
        return ImportReport(
            name=raw.name,
            images_read=images + raw.dropped.images,
            images=images,
            boxes_read=boxes + raw.dropped.boxes,
            boxes=boxes,
            clipped=self.done["clipped"],
            turned=self.done["turned"],
            scaled=self.done["scaled"],
            classes=len(items.classes),
            dropped=raw.dropped.to_json(),
            proposals=int((items.source == "proposal").sum()),
            files_read=raw.files + raw.dropped.files,
            files=raw.files,
            notes=tuple(raw.dropped.notes),
            parents=parents,
            origin=raw.origin,
        )

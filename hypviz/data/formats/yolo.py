"""YOLO labels: one text file per picture, `class cx cy width height` a line, in fractions of the picture.

Rows of more numbers are what Ultralytics reads (`yolo_rows`); which file belongs to which picture: `yolo_pairs`; what a configuration
says: `yolo_layout`. A picture without a label file is a picture without boxes (Ultralytics' "background"); a label file without a
picture is counted as missing. Fractions are of the upright picture, as Ultralytics reads them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from hypviz.data.formats.drafts import Source
from hypviz.data.formats.entries import Entry, ReaderResult, build
from hypviz.data.formats.names import is_mask_name
from hypviz.data.formats.places import data_name, parent_of, source_in
from hypviz.data.formats.sniff import sniff
from hypviz.data.formats.sniff_rows import NAME_STEMS
from hypviz.data.formats.text import read_text
from hypviz.data.formats.tree import read_tree
from hypviz.data.formats.yolo_layout import YoloLayout, read_config
from hypviz.data.formats.yolo_names import read_names, without_gaps
from hypviz.data.formats.yolo_pairs import Pairs, pair
from hypviz.data.formats.yolo_rows import MOST, RowForm, box_of, numbers_of, row_form
from hypviz.data.raw import DropCounter, RawBox, RawDataset, storable
from hypviz.errors import DataError

_LOOKED_AT = 500
"""Label files, evenly spread, that decide what the rows are."""


def read_yolo(source: Path | str, images: Path | str | None = None) -> RawDataset:
    """Read a YOLO folder, its `data.yaml` or its `obj.data`; `images` is the folder with the pictures, if elsewhere.

    Raises DataError when no picture has a label file, or a configuration cannot be read.
    """
    place = Path(source)
    root = place if place.is_dir() else place.parent
    tree = read_tree(root)
    reading = source_in(root, tree, None if images is None else Path(images), DropCounter())
    signs = {name: sniff(root / name).kind for name in tree.others}
    files = [name for name, kind in signs.items() if kind in ("yolo", "names")]
    if place.is_file():
        configs = [name for name in files if name.lower().endswith((".yaml", ".yml", ".data"))]
        files = [name for name in files if name not in configs] + [place.name]
    result = read_yolo_files(reading, files)
    return build(result, reading.pictures, reading.picture_root, name=data_name(root), dropped=reading.dropped, source=place)


def read_yolo_files(source: Source, files: Sequence[str]) -> ReaderResult:
    """The pictures of label files; files: configurations, files of class names and label files.

    Raises DataError when no picture has a label file, or the configuration cannot be read.
    """
    configs = [name for name in files if name.lower().endswith((".yaml", ".yml", ".data"))]
    names = [name for name in files if _is_names(name)]
    labels = [name for name in files if name not in configs and name not in names]
    layouts = _layouts(source, configs)
    pictures = sorted(name for name in source.pictures.pictures if not is_mask_name(name))
    texts = [name for name in source.tree.others if name.lower().endswith(".txt") and name not in names]
    pairs = pair(pictures, labels, texts)
    _count_unclear(source, pairs)
    if not pairs.label and pairs.unclear:
        label, rivals = pairs.unclear[0]
        raise DataError(
            f"{source.path(label)}: may be that of {' or '.join(map(storable, rivals[:3]))}, and no YOLO label file here belongs to one "
            "picture alone; keep one picture of each name."
        )
    if not pairs.label:
        raise DataError(_none(source, layouts, len(pictures), labels))
    reading = _Reading(source, layouts, names, pairs)
    entries = reading.entries(pictures)
    read = {*(layout.file for layout in layouts), *names, *labels, *pairs.label.values()}
    return ReaderResult(entries, read, listing=False, unlisted=tuple(reading.unlisted))


def _is_names(name: str) -> bool:
    return not name.lower().endswith((".yaml", ".yml", ".data")) and (
        name.lower().endswith((".names", ".labels", ".json")) or PurePosixPath(name).stem.lower() in NAME_STEMS
    )


def _layouts(source: Source, configs: Sequence[str]) -> list[YoloLayout]:
    """The configurations that are read: one a folder; a second one of a folder is counted."""
    layouts: list[YoloLayout] = []
    for file in sorted(configs, key=lambda name: (name.lower().endswith(".data"), name)):
        rival = next((layout for layout in layouts if parent_of(layout.file) == parent_of(file)), None)
        if rival is None:
            layouts.append(read_config(source, file))
        else:
            source.dropped.file("another configuration of the same folder", f"{file}, beside {rival.file}")
    return layouts


def _count_unclear(source: Source, pairs: Pairs) -> None:
    for label, pictures in pairs.unclear:
        boxes = len(_lines(source, label))
        example = f"{label} may be that of {' or '.join(map(storable, pictures[:3]))}"
        source.dropped.other("label file of several pictures", example, boxes=boxes)


def _none(source: Source, layouts: Sequence[YoloLayout], pictures: int, labels: Sequence[str]) -> str:
    where = source.path(layouts[0].file) if layouts else source.root
    absent = "".join(f", {name.partition(': ')[2]} was not found" for layout in layouts for name in layout.absent[:2])
    absent += f"; {storable(labels[0])} holds rows of numbers, but is called like none of them" if labels else ""
    return (
        f"{where}: none of {pictures} pictures has a YOLO label file; expected labels/NAME.txt beside images/, "
        f"or NAME.txt beside the picture{absent}; --format folder opens the pictures alone."
    )


def _lines(source: Source, label: str) -> list[list[str]]:
    """The rows of a label file, as words."""
    return [line.split() for line in read_text(source.path(label), source.dropped).splitlines() if line.strip()]


class _Reading:
    """One pass over the pictures of a data set with all that is known of its labels."""

    def __init__(self, source: Source, layouts: list[YoloLayout], names: Sequence[str], pairs: Pairs) -> None:
        self.source, self.pairs = source, pairs
        self.layouts = layouts
        self.unlisted: list[str] = []
        sample = self._sample()
        used = {int(row[0]) for row in sample if row[0].is_integer()}
        listed = {name: read_names(source, name) for name in sorted(names, key=lambda name: (name.endswith(".json"), name))}
        self.names = {name: without_gaps(each, used, name, source.dropped) for name, each in listed.items()}
        stated = next((layout.keypoints for layout in layouts if layout.keypoints), 0)
        self.form = row_form([row[1:] for row in sample], stated, source.dropped)
        if not any(layout.classes for layout in layouts) and not any(self.names.values()):
            source.dropped.note("there is no file of class names: YOLO classes are numbered")

    def entries(self, pictures: Sequence[str]) -> list[Entry]:
        """Pictures of the splits, or all; then label files without a picture."""
        order = self._order(pictures)
        entries = [self._entry(picture) for picture in order]
        gone = dict.fromkeys(name for layout in self.layouts for name in layout.missing)
        labels = [label for label in self.pairs.alone if self._is_full(label)]
        gone = {name: None for name in gone if not any(_stem(name) == _stem(label) for label in labels)}
        entries += [Entry((name,), "", record=name, normalised=True, absent=True) for name in gone]
        for label in labels:
            name = PurePosixPath(label).with_suffix(".jpg").as_posix()
            boxes = partial(self._boxes, label)
            entries.append(Entry((name,), label, boxes, PurePosixPath(label).name, normalised=True, absent=True))
        return entries

    def _order(self, pictures: Sequence[str]) -> list[str]:
        listed = [name for layout in self.layouts for name in layout.pictures or ()]
        for layout in self.layouts if listed else ():
            if layout.pictures is None:  # it names no split, so all of its folder is meant
                prefix = f"{parent_of(layout.file)}/".lstrip("/")
                listed += [name for name in pictures if name.startswith(prefix)]
        once = list(dict.fromkeys(listed))
        self._count_twice(listed)
        if not listed:
            return list(pictures)
        known, absent = set(once), any(layout.absent for layout in self.layouts)
        for name in pictures:
            if name not in known and absent and name in self.pairs.label:
                once.append(name)  # a split was not found, so what is labelled may be it
            elif name not in known:
                self.unlisted.append(name)
        if len(once) > len(known):
            self.source.dropped.note(
                f"{len(once) - len(known)} labelled pictures that no split names were read, since a split was not found"
            )
        return once

    def _count_twice(self, listed: list[str]) -> None:
        """A picture that two splits name, or one twice, is read once; whole splits that are one folder are a habit and only noted."""
        twice = [name for name, count in Counter(listed).items() for _ in range(count - 1)]
        if twice and len(twice) == len(set(listed)):
            self.source.dropped.note(f"{self.layouts[0].file} names every picture in more than one split")
            return
        for name in twice:
            self.source.dropped.other("picture listed twice", f"{self.layouts[0].file}: {storable(name)}")

    def _entry(self, picture: str) -> Entry:
        label = self.pairs.label.get(picture)
        if label is None:
            return Entry((picture,), "", record=picture, normalised=True, exact=True)
        return Entry((picture,), label, partial(self._boxes, label), PurePosixPath(label).name, normalised=True, exact=True)

    def _is_full(self, label: str) -> bool:
        path = self.source.path(label)
        return path.is_file() and path.stat().st_size > 0

    def _sample(self) -> list[list[float]]:
        labels = list(self.pairs.label.values())
        step = max(1, len(labels) // _LOOKED_AT)
        rows = [numbers_of(words) for label in labels[::step] for words in _lines(self.source, label)]
        return [row for row in rows if row is not None]

    def _classes(self, label: str) -> dict[int, str]:
        """The class names for a label file: of the configuration or the file of names nearest above it."""
        name_lists = [(layout.file, layout.classes) for layout in self.layouts if layout.classes] or list(self.names.items())
        return max(name_lists, key=lambda each: _common(each[0], label), default=("", {}))[1]

    def _boxes(self, label: str) -> tuple[RawBox, ...]:
        classes, dropped, boxes = self._classes(label), self.source.dropped, []
        for number, line in enumerate(read_text(self.source.path(label)).splitlines(), start=1):
            if line.strip():
                box = _row(line.split(), f"{PurePosixPath(label).name}: line {number}", classes, self.form, dropped)
                if box is not None:
                    boxes.append(box)
        return tuple(boxes)


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


def _common(file: str, label: str) -> int:
    """How many folders a file and a label have in common, minus those of the file's own."""
    one, other = PurePosixPath(file).parts[:-1], PurePosixPath(label).parts[:-1]
    same = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return 2 * same - len(one)


def _row(words: list[str], record: str, classes: dict[int, str], form: RowForm, dropped: DropCounter) -> RawBox | None:
    values = numbers_of(words)
    shown = " ".join(words)[:60]
    if values is None:
        dropped.box("no YOLO row", f"{record}: {shown!r}")
        return None
    whole = values[0].is_integer()
    label = classes.get(int(values[0]), "") if whole else ""
    label = f"class {int(values[0])}" if whole and not classes else label
    xyxy = box_of(values[1:], form)
    if xyxy is None:
        dropped.box("no YOLO row", f"{record}: {len(words)} numbers")
    elif not label:
        dropped.box("no such class", f"{record}: class {words[0]} of {len(classes)}")
    elif any(abs(value) > MOST for value in xyxy):
        dropped.box("not fractions of the picture", f"{record}: {shown}")
    else:
        return RawBox(xyxy, label, record)
    return None

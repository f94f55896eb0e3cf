"""YOLO labels: one text file per picture, `class cx cy width height` a line, in fractions of the picture.

Rows of more numbers are what Ultralytics reads: outlines (`class x y x y x y …`), rotated boxes (four corners) and, with
`kpt_shape` in the configuration, keypoints after the box; a sixth number is a confidence. An outline becomes its extent.
A picture without a label file is a picture without boxes (Ultralytics' "background"); a label file without a picture is
counted as missing. Fractions are of the upright picture, as Ultralytics reads them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from hypviz.data.formats.locate import data_name, files_below
from hypviz.data.formats.yolo_layout import NAME_FILES, YoloLayout, label_of, read_layout
from hypviz.data.raw import DropCounter, RawBox, RawDataset, RawImage
from hypviz.errors import DataError

MOST = 2.0
"""A number beyond this is no fraction of a picture, however far a box sticks out."""


def read_yolo(source: Path | str, images: Path | str | None = None) -> RawDataset:
    """Read a YOLO folder, its `data.yaml` or its `obj.data`; `images` is the folder with the pictures, if elsewhere.

    Raises DataError when no picture has a label file, or a configuration cannot be read.
    """
    source = Path(source)
    layout = read_layout(source, None if images is None else Path(images))
    pictures = list(dict.fromkeys(layout.pictures))
    dropped = DropCounter()
    for number in range(len(layout.pictures) - len(pictures)):
        dropped.other("picture listed twice", f"{layout.config}: {number + 1} of them")
    texts = _text_files(layout.root)
    labels = _labels(layout, pictures, texts)
    if not any(labels.values()):
        where = layout.config or layout.root
        raise DataError(
            f"{where}: none of {len(pictures)} pictures has a YOLO label file; expected labels/NAME.txt beside images/, "
            "or NAME.txt beside the picture."
        )
    pictures += _labels_alone(labels, texts)
    root = _common_root(layout.root, pictures)
    count = len(pictures)
    return RawDataset(root, _walk(root, layout, pictures, labels, dropped), count, data_name(layout.root), dropped)


def _labels(layout: YoloLayout, pictures: list[Path], texts: list[Path]) -> dict[Path, Path | None]:
    """The label file of each picture, None where there is none; of two pictures with one label file both have it."""
    by_stem = {path.stem: path for path in texts}
    count = Counter(picture.stem for picture in pictures)
    found: dict[Path, Path | None] = {}
    for picture in pictures:
        path: Path | None = label_of(picture)
        if path is not None and not path.is_file():
            # Pictures and labels in folders of other names: the stem decides, where it is the only one.
            path = by_stem.get(picture.stem) if count[picture.stem] == 1 else None
            path = path if path is not None and _begins_like_labels(path) else None
        found[picture] = path
    return found


def _text_files(root: Path) -> list[Path]:
    """Text files below `root` that are no lists of class names."""
    listed = {pattern for pattern in NAME_FILES if "*" not in pattern}
    return [root / name for name in files_below(root) if name.lower().endswith(".txt") and Path(name).name not in listed]


def _begins_like_labels(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            first = file.readline(4096).split()
        return not first or (len(first) >= 5 and all(map(_is_number, first)))
    except OSError:
        return False


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _labels_alone(labels: dict[Path, Path | None], texts: list[Path]) -> list[Path]:
    """Pictures that label files speak of and that are not there; `labels` learns of them."""
    used = set(labels.values())
    folders = {path.parent for path in used if path is not None}
    alone = [path for path in texts if path not in used and path.parent in folders and path.stat().st_size]
    missing = {path.with_suffix(".jpg"): path for path in alone if _begins_like_labels(path)}
    labels.update(missing)
    return list(missing)


def _common_root(root: Path, pictures: list[Path]) -> Path:
    """The data set's folder, or what it has in common with pictures that lie elsewhere."""
    outside = {picture.parent for picture in pictures if not picture.is_relative_to(root)}
    return Path(os.path.commonpath([root.resolve(), *(path.resolve() for path in outside)])) if outside else root


def _walk(
    root: Path, layout: YoloLayout, pictures: list[Path], labels: dict[Path, Path | None], dropped: DropCounter
) -> Iterator[RawImage]:
    whose: dict[Path, Path] = {}
    for picture in pictures:
        label = labels[picture]
        name = (picture if picture.is_relative_to(root) else picture.resolve()).relative_to(root).as_posix()
        if label is not None and whose.setdefault(label, picture) != picture:
            dropped.other("label file of two pictures", f"{name}: {label.name} is that of {whose[label].name}")
            label = None
        boxes = () if label is None else tuple(_boxes(label, layout, dropped))
        yield RawImage(name, boxes, record=label.name if label is not None else name, normalised=True)


def _boxes(path: Path, layout: YoloLayout, dropped: DropCounter) -> Iterator[RawBox]:
    for number, line in enumerate(path.read_text(encoding="utf-8-sig", errors="replace").splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        record = f"{path.name}: line {number}"
        if len(words) < 5 or not all(map(_is_number, words)):
            dropped.box("no YOLO row", f"{record}: {line[:60]!r}")
            continue
        values = [float(word) for word in words]
        xyxy = _xyxy(values[1:], layout.keypoints)
        label = layout.classes.get(int(values[0])) if values[0].is_integer() else None
        if not layout.classes and values[0].is_integer():
            label = f"class {int(values[0])}"
        if xyxy is None:
            dropped.box("no YOLO row", f"{record}: {len(words)} numbers")
        elif not label:
            dropped.box("no such class", f"{record}: class {words[0]} of {len(layout.classes)}")
        elif any(abs(value) > MOST for value in xyxy):
            dropped.box("not fractions of the picture", f"{record}: {line[:60]}")
        else:
            yield RawBox(xyxy, label, record)


def _xyxy(values: list[float], keypoints: int) -> tuple[float, float, float, float] | None:
    """The box of a row (without its class): given as a box, or the extent of an outline; None when it is neither."""
    if len(values) in (4, 5) or (keypoints and len(values) == 4 + keypoints):
        x, y, width, height = values[:4]
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2
    if len(values) < 6 or len(values) % 2:
        return None
    xs, ys = values[0::2], values[1::2]
    return min(xs), min(ys), max(xs), max(ys)

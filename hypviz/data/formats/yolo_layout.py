"""What the configuration of a YOLO data set says: Ultralytics' `data.yaml`, darknet's `obj.data`, or a bare file of class names.

Paths in these files are seldom right where a data set has been moved: `path: ../datasets/x`, `../train/images` (Roboflow),
`data/obj_train_data/x.jpg` (CVAT). They are looked for below the data set's folder only, as written and then with leading
folders taken away, in any case; those that are nowhere are counted. Pictures that lie elsewhere are named by `images`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from hypviz.data.formats.drafts import Source
from hypviz.data.formats.names import clean_name, fold
from hypviz.data.formats.places import parent_of
from hypviz.data.formats.text import class_name, read_text
from hypviz.data.formats.yaml_text import read_yaml
from hypviz.data.formats.yolo_names import read_names
from hypviz.errors import DataError

SPLITS = ("train", "val", "valid", "test")
"""Keys of a configuration that lead to pictures."""


@dataclass
class YoloLayout:
    """What a configuration says.

    file: the configuration, or the file of names, "" for none.  classes: name by number; empty when no names are given.
    pictures: of the splits, in order; None when it names no split.  missing: names in lists of pictures that no picture has.
    absent: splits that were not found.  keypoints: numbers per keypoint row (0 for boxes and outlines).
    """

    file: str = ""
    classes: dict[int, str] = field(default_factory=dict)
    pictures: list[str] | None = None
    missing: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    keypoints: int = 0


def read_config(source: Source, file: str) -> YoloLayout:
    """The layout of a `data.yaml` or an `obj.data`; DataError when it cannot be read."""
    layout = _from_darknet(source, file) if file.lower().endswith(".data") else _from_yaml(source, file)
    for name in layout.absent:
        source.dropped.other("split not found", name)
    return layout


def _from_yaml(source: Source, file: str) -> YoloLayout:
    path = source.path(file)
    content = read_yaml(path, source.dropped)
    names = content.get("names", {})
    if isinstance(names, str) and (place := _find(source, names, parent_of(file), files=True)) is not None:
        names = {str(number): name for number, name in read_names(source, place).items()}
    if not isinstance(names, list | dict):
        raise DataError(f"{path}: names must be a list or a mapping of class names, got {names!r:.60}.")
    pairs = list(enumerate(names) if isinstance(names, list) else names.items())
    wrong = next((name for _, name in pairs if not isinstance(name, str)), None)
    if wrong is not None:
        raise DataError(f"{path}: names must be a list or a mapping of class names, but one of them is a {type(wrong).__name__}.")
    try:
        classes = {int(number): class_name(name) for number, name in pairs}
    except ValueError:
        raise DataError(f"{path}: the keys of names must be whole numbers, got {[key for key, _ in pairs][:3]}.") from None
    layout = YoloLayout(file, classes, keypoints=_keypoints(content.get("kpt_shape")))
    base = _find(source, str(content.get("path", "")), parent_of(file)) if isinstance(content.get("path"), str) else None
    for split in SPLITS:
        for entry in _paths(content.get(split), split, str(path)):
            _take(source, layout, entry, base if base is not None else parent_of(file), f"{PurePosixPath(file).name}: {split}: {entry}")
    return layout


def _keypoints(shape: Any) -> int:
    try:
        return int(shape[0]) * int(shape[1]) if isinstance(shape, list) and len(shape) == 2 else 0
    except (TypeError, ValueError):
        return 0


def _paths(value: Any, split: str, where: str) -> Iterator[str]:
    for entry in value if isinstance(value, list) else [value]:
        if entry is None or entry in ("", "null", "~"):
            continue
        if not isinstance(entry, str):
            raise DataError(f"{where}: {split} must be a path or a list of paths, got {type(entry).__name__}.")
        yield entry


def _take(source: Source, layout: YoloLayout, entry: str, base: str, where: str) -> None:
    """Put the pictures of a folder, or of a list, into the layout."""
    place = _find(source, entry, base)
    place = place if place is not None else _find(source, entry, parent_of(layout.file))
    if place is None:
        layout.absent.append(where)
        return
    layout.pictures = layout.pictures if layout.pictures is not None else []
    if place.lower().endswith(".txt"):
        _listed(source, layout, place)
    else:
        prefix = f"{place}/" if place else ""
        layout.pictures += [name for name in sorted(source.pictures.pictures) if name.startswith(prefix)]


def _listed(source: Source, layout: YoloLayout, file: str) -> None:
    """The pictures of a list file."""
    pictures = layout.pictures if layout.pictures is not None else []
    for line in read_text(source.path(file), source.dropped).splitlines():
        if line.strip():
            match = source.pictures.find((line.strip(),), folder=parent_of(file))
            if match.picture:
                pictures.append(match.picture)
            else:
                layout.missing.append(_below(source, clean_name(line)))
    layout.pictures = pictures


def _below(source: Source, name: str) -> str:
    """A name of a list without the leading folders that are not there."""
    parts = [part for part in PurePosixPath(name).parts if part not in ("..", "/")]
    folders = {fold(PurePosixPath(each).parts[0]) for each in (*source.tree.pictures, *source.tree.others) if "/" in each}
    for skip in range(len(parts) - 1):
        if fold(parts[skip]) in folders:
            return "/".join(parts[skip:])
    return parts[-1] if parts else "."


def _from_darknet(source: Source, file: str) -> YoloLayout:
    settings = _settings(read_text(source.path(file), source.dropped))
    names = _find(source, settings.get("names", ""), parent_of(file), files=True)
    if names is None:
        listed = [name for name in source.tree.others if name.lower().endswith((".names", "classes.txt"))]
        if not listed:
            raise DataError(f"{source.path(file)}: there is no file {settings.get('names', '')} with the class names.")
        names = listed[0]
    layout = YoloLayout(file, read_names(source, names))
    for key in ("train", "valid", "test"):
        if settings.get(key):
            _take(source, layout, settings[key], parent_of(file), f"{PurePosixPath(file).name}: {key} = {settings[key]}")
    return layout


def _settings(text: str) -> dict[str, str]:
    """The `key = value` lines of a darknet file."""
    return {key.strip(): value.strip() for key, equals, value in (line.partition("=") for line in text.splitlines()) if equals}


def _find(source: Source, name: str, base: str, *, files: bool = False) -> str | None:
    """The folder or list below the data set that `name` leads to, from `base`; else as its last parts are found; None for none.

    Nothing outside the data set is looked at, wherever a file (perhaps a stranger's) points.
    """
    parts = [part for part in PurePosixPath(clean_name(name) or ".").parts if part not in ("..", "/", ".") and not part.endswith(":")]
    if not parts:
        return base if not files else None
    known = _known(source)
    base_has_pictures = base and any(name.startswith(f"{base}/") for name in source.pictures.pictures)
    for skip in range(len(parts)):
        for start in (base,) if base_has_pictures else dict.fromkeys((base, "")):
            path = "/".join([*([start] if start else []), *parts[skip:]])
            if fold(path) in known and (not files or "." in path):
                return known[fold(path)]
    return None


def _known(source: Source) -> dict[str, str]:
    """Every folder and text file of the data set by its folded path; of pictures that lie elsewhere, their folders."""
    known: dict[str, str] = {}
    for name in source.tree.others:
        known.setdefault(fold(name), name)
    for name in (*sorted(source.pictures.pictures), *source.tree.pictures, *source.tree.others):
        for folder in PurePosixPath(name).parents:
            path = folder.as_posix()
            if path != ".":
                known.setdefault(fold(path), path)
    return known

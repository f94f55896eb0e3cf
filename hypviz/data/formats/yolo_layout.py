"""Where a YOLO data set keeps its pictures and labels: Ultralytics' `data.yaml`, darknet's `obj.data`, or bare folders.

Paths in these files are seldom right where a data set has been moved: `path: ../datasets/x`, `../train/images` (Roboflow),
`data/obj_train_data/x.jpg` (CVAT). They are looked for below the data set's folder only, as written and then with leading
folders taken away; pictures that lie elsewhere are named by `images`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from hypviz.data.formats.locate import clean_name, files_below
from hypviz.data.pictures import is_picture_name
from hypviz.data.raw import storable
from hypviz.errors import DataError

SPLITS = ("train", "val", "valid", "test")
"""Keys of a configuration that lead to pictures."""
NAME_FILES = ("obj.names", "*.names", "classes.txt", "_darknet.labels")
"""Files with one class name a line, the likeliest first."""
_LABEL_FOLDERS = ("labels", "Annotations", "annotations")
"""Sisters of a folder of pictures that hold its labels."""


@dataclass(frozen=True)
class YoloLayout:
    """What a configuration says.

    classes: name by number; empty when no names are given.  pictures: absolute, in order, of a list or found in
    folders; those of a list need not exist.  keypoints: numbers per keypoint row (0 for boxes and outlines).
    """

    root: Path
    config: Path | None
    classes: dict[int, str]
    pictures: list[Path]
    keypoints: int = 0


def looks_like_yolo(folder: Path) -> str:
    """The file that marks a folder as YOLO, relative to it; "" for none."""
    found = _config_in(folder) or _names_in(folder)
    if found is not None:
        return found.relative_to(folder).as_posix()
    labels = next(iter(sorted(folder.glob("labels/**/*.txt"))), None)
    return labels.relative_to(folder).as_posix() if labels is not None and (folder / "images").is_dir() else ""


def read_layout(source: Path, images: Path | None = None) -> YoloLayout:
    """The layout of a folder, or of the folder that a `data.yaml` or `obj.data` is in.

    `images` stands for the folder of pictures, where it is elsewhere. Raises DataError when a configuration cannot be
    read.
    """
    folder = source if source.is_dir() else source.parent
    config = _config_in(folder) if source.is_dir() else source
    if config is not None and config.suffix in (".yaml", ".yml"):
        return _from_yaml(folder, config, images)
    if config is not None:
        return _from_darknet(folder, config, images)
    names = _names_in(folder)
    classes = _name_lines(names) if names is not None else {}
    return YoloLayout(folder, names, classes, _pictures_below(images or folder))


def label_of(picture: Path) -> Path:
    """The label file of a picture: beside it, or in the `labels` that mirrors `images`; the likeliest if there is none."""
    name = f"{picture.stem}.txt"
    likeliest = picture.with_name(name)
    for place in range(len(picture.parts) - 2, 0, -1):
        if picture.parts[place].lower() == "images":
            front, back = Path(*picture.parts[:place]), picture.parts[place + 1 : -1]
            mirrored = [front.joinpath(label, *back, name) for label in _LABEL_FOLDERS]
            return next((path for path in mirrored if path.is_file()), likeliest if likeliest.is_file() else mirrored[0])
    return likeliest


def _config_in(folder: Path) -> Path | None:
    for pattern in ("*.yaml", "*.yml"):
        for path in sorted(folder.glob(pattern)):
            if isinstance(_yaml(path, strict=False).get("names"), list | dict):
                return path
    return next((path for path in sorted(folder.glob("*.data")) if "names" in _settings(path)), None)


def _names_in(folder: Path) -> Path | None:
    for pattern in NAME_FILES:
        for path in [*sorted(folder.glob(pattern)), *sorted(folder.glob(f"labels/{pattern}"))]:
            if path.is_file():
                return path
    return None


def _from_yaml(folder: Path, config: Path, images: Path | None) -> YoloLayout:
    content = _yaml(config, strict=True)
    names = content.get("names")
    if isinstance(names, str):
        raise DataError(f"{config}: names must be a list or a mapping of class names, got {names!r:.60}.")
    pairs = enumerate(names) if isinstance(names, list) else (names or {}).items()
    try:
        classes = {int(number): storable(str(name).strip()) for number, name in pairs}
    except (TypeError, ValueError):
        raise DataError(f"{config}: the keys of names must be whole numbers, got {list(names or {})[:3]}.") from None
    shape = content.get("kpt_shape")
    keypoints = int(shape[0]) * int(shape[1]) if isinstance(shape, list) and len(shape) == 2 else 0
    base = _first_there(folder, str(content["path"])) or folder if content.get("path") else folder
    pictures = list(_entries(base, folder, content)) if images is None else _pictures_below(images)
    return YoloLayout(folder, config, classes, pictures or _pictures_below(folder), keypoints)


def _entries(base: Path, folder: Path, content: dict[str, Any]) -> Iterator[Path]:
    for split in SPLITS:
        value = content.get(split)
        for entry in value if isinstance(value, list) else [value]:
            place = _first_there(base, str(entry)) or _first_there(folder, str(entry)) if entry else None
            if place is None:
                continue
            yield from _listed(place, folder, None) if place.suffix == ".txt" else _pictures_below(place)


def _from_darknet(folder: Path, config: Path, images: Path | None) -> YoloLayout:
    settings = _settings(config)
    names = _first_there(folder, settings["names"]) or _names_in(folder)
    if names is None:
        raise DataError(f"{config}: there is no file {settings['names']} with the class names.")
    lists = [_first_there(folder, settings[key]) for key in ("train", "valid", "test") if key in settings]
    pictures = [picture for path in dict.fromkeys(lists) if path is not None for picture in _listed(path, folder, images)]
    return YoloLayout(folder, config, _name_lines(names), pictures or _pictures_below(images or folder))


def _listed(path: Path, folder: Path, images: Path | None) -> Iterator[Path]:
    """The pictures of a list file; those that are nowhere keep the place that the list gives them below `folder`."""
    for line in path.read_text(encoding="utf-8-sig", errors="replace").splitlines():
        if not line.strip():
            continue
        name = clean_name(line.strip())
        elsewhere = [base / PurePosixPath(name).name for base in (images, folder.parent / "images") if base is not None]
        found = _first_there(folder, name) or next((path for path in elsewhere if _is_file(path)), None)
        yield found or _below(folder, name)


def _below(folder: Path, name: str) -> Path:
    """Where a name of a list points to below `folder`: without the leading folders that are not there."""
    parts = [part for part in PurePosixPath(name).parts if part not in ("..", "/")]
    for skip in range(len(parts) - 1):
        if (folder / parts[skip]).is_dir():
            return folder.joinpath(*parts[skip:])
    return folder / parts[-1] if parts else folder


def _first_there(folder: Path, name: str) -> Path | None:
    """`name` below `folder`, or what is left of it without its leading folders, whichever exists first.

    Nothing outside `folder` is looked at, wherever a file (perhaps a stranger's) points.
    """
    parts = [part for part in PurePosixPath(clean_name(name)).parts if part not in ("..", "/")]
    if not parts:
        return folder
    tries = [folder.joinpath(*parts[skip:]) for skip in range(len(parts))]
    return next((each for each in tries if _exists(each)), None)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long for the file system, or with a NUL byte
        return False


def _is_file(path: Path) -> bool:
    return _exists(path) and path.is_file()


def _pictures_below(folder: Path) -> list[Path]:
    return [folder / name for name in files_below(folder) if is_picture_name(name)]


def _name_lines(path: Path) -> dict[int, str]:
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    return {number: line.strip() for number, line in enumerate(lines)}


def _settings(path: Path) -> dict[str, str]:
    """The `key = value` lines of a darknet file."""
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, equals, value in (line.partition("=") for line in lines) if equals}


def _yaml(path: Path, *, strict: bool) -> dict[str, Any]:
    """The mapping in a YAML file; where it is none, DataError if `strict`, else an empty one."""
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        if strict:
            raise DataError(f"{path}: not a YAML file ({' '.join(str(error).split())[:120]}).") from None
        return {}
    if not isinstance(content, dict):
        if strict:
            raise DataError(f"{path}: expected a mapping with names and train, got {type(content).__name__}.")
        return {}
    return content

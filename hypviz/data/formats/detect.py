"""Open a data set in whatever format it is: the one door that the command line and the page use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hypviz.data.formats.coco import looks_like_coco, read_coco
from hypviz.data.formats.folder import looks_like_class_folders, read_class_folders, read_folder
from hypviz.data.formats.hf_datasets import looks_like_hf, read_hf
from hypviz.data.formats.locate import SKIPPED_FOLDERS
from hypviz.data.formats.openimages import looks_like_openimages, read_openimages
from hypviz.data.formats.voc import read_voc
from hypviz.data.formats.yolo import read_yolo
from hypviz.data.formats.yolo_layout import looks_like_yolo
from hypviz.data.raw import RawDataset
from hypviz.errors import DataError

FORMATS = ("auto", "coco", "voc", "yolo", "openimages", "hf", "classes", "folder")


def open_dataset(
    path: Path | str,
    format: str = "auto",
    *,
    annotations: Path | str | None = None,
    images: Path | str | None = None,
    extract_to: Path | str | None = None,
    boxes: str = "auto",
) -> RawDataset:
    """Open a data folder, or an annotation file, for `importer.import_items`.

    path: the folder, or an annotation file.  format: of FORMATS.  annotations: the file or folder to use where the
    folder holds several.  images: the folder with the pictures, where it is not in the usual place.  extract_to: where
    pictures go that lie inside files; such a data set needs it.  boxes: of `hf_datasets.BOX_FORMATS`, for Hugging Face
    data. Raises DataError when there is nothing to open, or when more than one format fits.
    """
    if format not in FORMATS:
        raise DataError(f"format must be one of {', '.join(FORMATS)}; got {format!r}.")
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder.")
    source = path if annotations is None else Path(annotations)
    source, chosen = (_inner(source), detect_format(source)) if format == "auto" else (source, format)
    if chosen == "folder":
        return read_folder(images or path)
    if chosen == "classes":
        return read_class_folders(images or source)
    if chosen == "hf":
        if extract_to is None:
            raise DataError(f"{path}: its pictures lie inside its files; import it into a workspace, which writes them out.")
        return read_hf(source, extract_to, box_format=boxes)
    if chosen == "coco":
        return read_coco(_coco_files(source), images or _images_option(path, source))
    readers: dict[str, Callable[[Path, Path | str | None], RawDataset]] = {
        "voc": read_voc,
        "yolo": read_yolo,
        "openimages": read_openimages,
    }
    return readers[chosen](source, images or _images_option(path, source))


def detect_format(path: Path) -> str:
    """The format (of FORMATS) of a folder or an annotation file; "folder" for pictures without annotations.

    Raises DataError when several fit, or a file is none.
    """
    if path.is_file():
        return _format_of_file(path)
    path = _inner(path)
    signs = {name: sign for name, find in _SIGNS.items() if (sign := find(path))}
    if len(signs) > 1:
        found = " and ".join(f"{name} ({sign})" for name, sign in signs.items())
        raise DataError(f"{path}: holds annotations of several formats, {found}; choose by --format.")
    return next(iter(signs), "classes" if looks_like_class_folders(path) else "folder")


def _format_of_file(path: Path) -> str:
    if path.suffix.lower() in (".yaml", ".yml", ".data"):
        return "yolo"
    if path.suffix.lower() == ".csv":
        return "openimages"
    if looks_like_coco(path):
        return "coco"
    raise DataError(f"{path}: not a COCO annotation file; give the data's folder, or a format by --format.")


def _coco_sign(path: Path) -> str:
    return next((f"{path.name}/{file.relative_to(path)}" for file in _find_coco(path)), "")


def _voc_sign(path: Path) -> str:
    folder = path / "Annotations" if (path / "Annotations").is_dir() else path
    return next((f"{file.parent.name}/*.xml" for file in sorted(folder.glob("*.xml"))), "")


_SIGNS: dict[str, Callable[[Path], str]] = {
    "coco": _coco_sign,
    "voc": _voc_sign,
    "yolo": looks_like_yolo,
    "openimages": looks_like_openimages,
    "hf": looks_like_hf,
}
"""For each format with annotations, what shows that a folder holds it; "" when nothing does."""


def _inner(path: Path) -> Path:
    """The folder itself, or where it holds nothing but one folder (as an unpacked archive does) that one."""
    while path.is_dir():
        inside = [each for each in path.iterdir() if not each.name.startswith(".") and each.name not in SKIPPED_FOLDERS]
        if len(inside) != 1 or not inside[0].is_dir():
            break
        path = inside[0]
    return path


def _find_coco(folder: Path) -> list[Path]:
    """The folder's COCO files: on top, in `annotations/`, or one per split as Roboflow writes them."""
    for pattern in ("*.json", "annotations/*.json", "*/_annotations.coco.json"):
        files = [path for path in sorted(folder.glob(pattern)) if looks_like_coco(path)]
        if files:
            # COCO's own folder holds captions, keypoints and more of the same pictures; boxes are in these.
            return [path for path in files if path.name.startswith("instances")] or files
    return []


def _coco_files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    files = _find_coco(source) if source.is_dir() else []
    if not files:
        raise DataError(f"{source}: no COCO annotation file here (*.json, annotations/*.json); name it by --annotations.")
    return files


def _images_option(path: Path, source: Path) -> Path | None:
    """With `--annotations` elsewhere, the given folder is where the pictures are."""
    return path if path != source and path.is_dir() and not source.is_relative_to(path) else None

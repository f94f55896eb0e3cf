"""Open a data set in whatever format it is: the one door that the command line and the page use."""

from __future__ import annotations

from pathlib import Path

from hypviz.data.formats.coco import looks_like_coco, read_coco
from hypviz.data.formats.folder import read_folder
from hypviz.data.formats.voc import read_voc
from hypviz.data.raw import RawDataset
from hypviz.errors import DataError

FORMATS = ("auto", "coco", "voc", "folder")


def open_dataset(
    path: Path | str, format: str = "auto", *, annotations: Path | str | None = None, images: Path | str | None = None
) -> RawDataset:
    """Open a data folder, or a COCO file, for `importer.import_items`.

    path: the folder, or an annotation file.  format: of FORMATS.  annotations: the file or folder to use where the
    folder holds several.  images: the folder with the pictures, where it is not in the usual place. Raises DataError
    when there is nothing to open, or when more than one format fits.
    """
    if format not in FORMATS:
        raise DataError(f"format must be one of {', '.join(FORMATS)}; got {format!r}.")
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder.")
    source = path if annotations is None else Path(annotations)
    chosen = detect_format(source) if format == "auto" else format
    if chosen == "coco":
        return read_coco(_coco_files(source), images or _images_option(path, source))
    if chosen == "voc":
        return read_voc(source, images or _images_option(path, source))
    return read_folder(images or path)


def detect_format(path: Path) -> str:
    """ "coco", "voc" or "folder" (a folder of pictures without annotations); raises DataError when several fit."""
    if path.is_file():
        if looks_like_coco(path):
            return "coco"
        raise DataError(f"{path}: not a COCO annotation file; give the data's folder, or a format by --format.")
    found = [f"coco ({path.name}/{file.relative_to(path)})" for file in _find_coco(path)[:1]]
    folder = path / "Annotations" if (path / "Annotations").is_dir() else path
    found += [f"voc ({file.parent.name}/*.xml)" for file in sorted(folder.glob("*.xml"))[:1]]
    if len(found) > 1:
        raise DataError(f"{path}: holds annotations of several formats, {' and '.join(found)}; choose by --format.")
    return found[0].split()[0] if found else "folder"


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

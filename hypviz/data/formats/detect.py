"""Open a data set in whatever format it is: the one door that the command line and the page use."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path, PurePosixPath

from hypviz.data.formats.coco import read_coco_files
from hypviz.data.formats.convention import check_format
from hypviz.data.formats.createml import read_createml
from hypviz.data.formats.csv_boxes import read_csv_boxes
from hypviz.data.formats.cvat import read_cvat
from hypviz.data.formats.drafts import Source
from hypviz.data.formats.entries import Entry, ReaderResult, build, match_of
from hypviz.data.formats.fiftyone import read_fiftyone
from hypviz.data.formats.folder import looks_like_class_folders, read_class_folders, read_folder
from hypviz.data.formats.hf_datasets import read_hf
from hypviz.data.formats.kitti import read_kitti
from hypviz.data.formats.labelme import read_labelme
from hypviz.data.formats.labelstudio import read_labelstudio
from hypviz.data.formats.metadata import read_metadata
from hypviz.data.formats.openimages import read_openimages
from hypviz.data.formats.places import data_name, source_in, source_of
from hypviz.data.formats.supervisely import read_supervisely
from hypviz.data.formats.survey import Survey, class_tree_in, survey
from hypviz.data.formats.via import read_via
from hypviz.data.formats.voc import read_voc_files
from hypviz.data.formats.yolo import read_yolo_files
from hypviz.data.raw import DropCounter, RawDataset, storable
from hypviz.errors import DataError

Reader = Callable[[Source, list[str]], ReaderResult]
READERS: dict[str, Reader] = {
    "coco": read_coco_files,
    "voc": read_voc_files,
    "yolo": read_yolo_files,
    "cvat": read_cvat,
    "labelme": read_labelme,
    "labelstudio": read_labelstudio,
    "via": read_via,
    "supervisely": read_supervisely,
    "kitti": read_kitti,
    "csv": read_csv_boxes,
    "metadata": read_metadata,
    "createml": read_createml,
    "fiftyone": read_fiftyone,
}
"""Readers of annotation files beside pictures; several of them may read one folder, each its own pictures."""
FORMATS = ("auto", *READERS, "openimages", "hf", "classes", "folder")
_SUFFIXES = {"voc": (".xml",), "cvat": (".xml",), "yolo": (".txt", ".yaml", ".yml", ".data"), "kitti": (".txt",), "csv": (".csv", ".tsv")}
"""Endings of the files that a format is asked to read where a person chose it; of all others .json and .jsonl."""


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
    pictures go that lie inside files; such a data set needs it.  boxes: of `convention.BOX_FORMATS`: what the four numbers of a
    box mean. Raises DataError when there is nothing to open, when the annotations cannot be read, or when several formats fit. The class
    tree that lies in a folder, if any, comes along (`formats.taxonomy.FILE_NAMES`).
    """
    if format not in FORMATS:
        raise DataError(f"format must be one of {', '.join(FORMATS)}; got {format!r}.")
    check_format(boxes)
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder.")
    source = path if annotations is None else Path(annotations)
    if not source.exists():
        raise DataError(f"{source}: there is no such annotation file.")
    pictures = Path(images) if images else _images_option(path, source)
    raw = _open(path, source, format, pictures, extract_to, boxes)
    return replace(raw, class_tree=class_tree_in(path, raw.dropped) if path.is_dir() else None)


def _open(path: Path, source: Path, format: str, pictures: Path | None, extract_to: Path | str | None, boxes: str) -> RawDataset:
    if format == "folder":
        return read_folder(pictures or path)
    if format == "classes":
        return read_class_folders(pictures or source)
    if source.is_file():
        return _open_file(source, format, pictures, boxes)
    return _open_folder(source, format, pictures, extract_to, boxes)


def detect_format(path: Path) -> str:
    """The format (of FORMATS) of a folder or an annotation file; "folder" for pictures without annotations.

    Several formats are joined by " + ". Raises DataError when annotations are there and none of them can be read.
    """
    if path.is_file():
        return _format_of_file(path)
    overview = survey(path)
    formats = overview.formats(FORMATS)
    if not formats and overview.unknown:
        raise DataError(overview.refusal())
    return " + ".join(formats) or ("classes" if looks_like_class_folders(overview.root) else "folder")


def _images_option(path: Path, source: Path) -> Path | None:
    """With `--annotations` elsewhere, the given folder is where the pictures are."""
    return path if path != source and path.is_dir() and not source.is_relative_to(path) else None


def _format_of_file(path: Path) -> str:
    from hypviz.data.formats.sniff import sniff

    sign = sniff(path)
    if sign.kind in FORMATS and sign.kind:
        return sign.kind
    named = {
        ".yaml": "yolo",
        ".yml": "yolo",
        ".data": "yolo",
        ".csv": "csv",
        ".tsv": "csv",
        ".xml": "voc",
        ".json": "coco",
        ".jsonl": "metadata",
    }
    if path.suffix.lower() in named:
        return named[path.suffix.lower()]  # whose reader says what is wrong with it
    raise DataError(f"{path}: not an annotation file that can be read here; give the data's folder, or a format by --format.")


def _open_file(path: Path, format: str, images: Path | None, boxes: str) -> RawDataset:
    chosen = _format_of_file(path) if format == "auto" else format
    if chosen == "openimages":
        return read_openimages(path, images)
    if chosen not in READERS:
        raise DataError(f"{path}: a {chosen} data set is a folder; give the folder.")
    dropped = DropCounter()
    source, files = source_of([path], images, dropped=dropped, box_format=boxes)
    if chosen == "yolo" and path.suffix.lower() != ".txt":
        beside = survey(source.root, enter=False)
        files += [name for name, kind in beside.kinds.items() if kind in ("names", "yolo") and _is_label(name)]
        source = replace(source, tree=beside.tree)
    result = READERS[chosen](source, files)
    return build(result, source.pictures, source.picture_root, name=data_name(path.parent), dropped=dropped, source=path)


def _is_label(name: str) -> bool:
    return not name.lower().endswith((".yaml", ".yml", ".data"))


def _open_folder(folder: Path, format: str, images: Path | None, extract_to: Path | str | None, boxes: str) -> RawDataset:
    overview = survey(folder)
    formats = overview.formats(FORMATS) if format == "auto" else [format]
    if not formats and overview.unknown:
        raise DataError(overview.refusal())
    if not formats:
        plain = read_class_folders(images or overview.root) if looks_like_class_folders(overview.root) else read_folder(images or folder)
        for sentence in overview.notes():
            plain.dropped.note(sentence)
        return plain
    if formats == ["hf"] or formats == ["openimages"]:
        return _open_whole(overview, formats[0], images, extract_to, boxes)
    if "hf" in formats or "openimages" in formats:
        raise DataError(overview.several(formats))
    dropped = DropCounter()
    source = source_in(overview.root, overview.tree, images, dropped, boxes)
    files = {name: _files(overview, name, format != "auto") for name in formats}
    result = _read_all(source, overview, files)
    raw = build(result, source.pictures, source.picture_root, name=data_name(overview.root), dropped=dropped, source=overview.root)
    overview.count({*result.files, *(file for tried in files.values() for file in tried)}, dropped)
    return raw


def _open_whole(overview: Survey, format: str, images: Path | None, extract_to: Path | str | None, boxes: str) -> RawDataset:
    """A data set of a format that is read by its own library, or in blocks."""
    if format == "hf":
        if extract_to is None:
            raise DataError(f"{overview.root}: its pictures lie inside its files; import it into a workspace, which writes them out.")
        raw = read_hf(overview.root, extract_to, box_format=boxes)
    else:
        raw = read_openimages(overview.root, images)
    files = {name for name, kind in overview.kinds.items() if kind.startswith(format)}
    overview.count(files, raw.dropped)
    return replace(raw, files=len(files))


def _files(overview: Survey, name: str, chosen: bool) -> list[str]:
    """The files that a format's reader gets: those of its kind or, where a person chose it and there are none, all that may be."""
    files = overview.files(name)
    if chosen and not [file for file in files if overview.kinds[file] == name]:
        endings = _SUFFIXES.get(name, (".json", ".jsonl"))
        files += [file for file in overview.tree.others if file.lower().endswith(endings) and file not in files]
    if not files:
        raise DataError(f"{overview.root}: no {_NAMES.get(name, name)} annotation file here; name it by --annotations.")
    return files


def _read_all(source: Source, overview: Survey, files: dict[str, list[str]]) -> ReaderResult:
    """What all formats of a folder say; DataError when two of them speak of the same pictures."""
    parts: dict[str, ReaderResult] = {}
    problems: list[tuple[list[str], DataError]] = []
    for name, of_format in files.items():
        before = deepcopy(source.dropped)
        try:
            parts[name] = READERS[name](source, of_format)
        except DataError as error:
            problems.append((of_format, error))
            source.dropped.reasons, source.dropped.notes = before.reasons, before.notes
    if not parts:
        raise problems[0][1]
    for of_format, problem in problems:
        for file in of_format:
            source.dropped.file("annotation file not read", f"{storable(file)}: {str(problem).partition(': ')[2]}")
    return next(iter(parts.values())) if len(parts) == 1 else _joined(source, overview, parts)


_NAMES = {
    "coco": "COCO",
    "voc": "VOC",
    "yolo": "YOLO",
    "cvat": "CVAT",
    "csv": "CSV",
    "kitti": "KITTI",
    "via": "VIA",
    "createml": "CreateML",
}


def _joined(source: Source, overview: Survey, parts: dict[str, ReaderResult]) -> ReaderResult:
    owner: dict[str, str] = {}
    entries: list[Entry] = []
    for name, result in parts.items():
        for entry in result.entries:
            if name == "yolo" and entry.boxes == () and entry.exact:
                continue  # a background picture, unless another format speaks of it
            picture = match_of(entry, source.pictures).picture
            if picture and owner.setdefault(picture, name) != name:
                rivals = {owner[picture], name}
                raise DataError(overview.several([each for each in parts if each in rivals], PurePosixPath(picture).name))
            entries.append(entry)
    return ReaderResult(entries, set().union(*(result.files for result in parts.values())))

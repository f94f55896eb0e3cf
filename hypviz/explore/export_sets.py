"""A whole workspace as a data set of another tool's: CVAT, Label Studio, FiftyOne, Hugging Face `datasets`; `data import` reads all of
them back as the same pictures, boxes, classes and relations."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hypviz.data.items import VECTOR, Items
from hypviz.data.writers import AnnotatedSet, annotated_set, cvat_xml, labelstudio_tasks
from hypviz.data.writers.hf_datasets import write_hf_datasets
from hypviz.data.writers.labelstudio import LOCAL
from hypviz.errors import DataError, SettingsError
from hypviz.explore.export import FOLDERS, write_with_pictures
from hypviz.explore.export_layouts import fiftyone
from hypviz.progress import OnProgress
from hypviz.storage.files import write_file, write_folder
from hypviz.workspace.store import Workspace

if TYPE_CHECKING:
    from hypviz.explore.view import View

ENDINGS = {"cvat": ".xml", "labelstudio": ".json", "fiftyone": ".json"}
"""How a file of annotations alone ends."""


@dataclass(frozen=True)
class Exported:
    """How many pictures and boxes were written, and relations from a box to one inside it with none between."""

    pictures: int
    boxes: int
    relations: int


def whole_set(workspace: Workspace) -> AnnotatedSet:
    """All pictures and boxes of a workspace for the writers; DataError for a workspace of own vectors, which has neither."""
    items = workspace.items
    if (items.source == VECTOR).any():
        raise DataError(f"{workspace.folder} holds own vectors, which have no boxes; `export vectors` writes them.")
    known = {"depth": np.asarray(workspace.hierarchy.depth, np.int64)}
    name = str(workspace.meta.get("name") or workspace.folder.name)
    return annotated_set(items, workspace.hierarchy, np.arange(len(items)), name=name, known=known)


def export_cvat(workspace: Workspace, out: Path) -> Exported:
    """Write CVAT for images 1.1 to `out`, see `_write`: annotations.xml and images/."""
    annotated = whole_set(workspace)
    return _write(out, annotated, workspace.items, "cvat", {"annotations.xml": cvat_xml(annotated).encode()})


def export_labelstudio(workspace: Workspace, out: Path, *, address: str = LOCAL) -> Exported:
    """Write Label Studio's tasks to `out`, see `_write`: tasks.json and images/.  address: as `labelstudio_tasks` has it."""
    annotated = whole_set(workspace)
    return _write(out, annotated, workspace.items, "labelstudio", {"tasks.json": _json(labelstudio_tasks(annotated, address=address))})


def export_fiftyone(view: View, out: Path) -> Exported:
    """Write labels of FiftyOne's type FiftyOneImageDetectionDataset to `out`, see `_write`: labels.json and data/.

    Distance to the root, level and parents are fields of a detection. A file of labels alone names pictures by whole path.
    """
    annotated = whole_set(view.workspace)
    alone = out.suffix.lower() == ENDINGS["fiftyone"]
    rows = np.arange(len(view.items), dtype=np.int64)
    labels = fiftyone(view.cards, view.tree, rows, about=view.queries.about, in_folder=not alone)
    return _write(out, annotated, view.items, "fiftyone", {"labels.json": _json(labels)})


def export_datasets(workspace: Workspace, out: Path, *, on_progress: OnProgress | None = None) -> Exported:
    """Write a folder that Hugging Face `datasets` loads, see `hypviz.data.writers.hf_datasets`; SettingsError when `out` is in use."""
    annotated = whole_set(workspace)
    _check_free(out)
    with write_folder(out) as folder:
        write_hf_datasets(folder, annotated, workspace.items.root, on_progress=on_progress)
    return _counts(annotated)


def _write(out: Path, annotated: AnnotatedSet, items: Items, format: str, files: Mapping[str, bytes]) -> Exported:
    """Write annotations alone where `out` ends as ENDINGS say; with their pictures as a zip, or else as a new folder, whole or not at all.

    SettingsError when the folder is in use, DataError for a picture that cannot be read.
    """
    ending = out.suffix.lower()
    if out.is_dir():
        _check_free(out)
    if ending == ENDINGS[format]:
        (data,) = files.values()
        write_file(out, lambda part: part.write_bytes(data))
    elif ending == ".zip":
        write_file(out, lambda part: write_with_pictures(part, items, np.arange(len(items)), files, format))
    elif ending in (".xml", ".json", ".jsonl"):
        raise SettingsError(
            f"{out} does not end as a file of {format} does: {ENDINGS[format]}, .zip with the pictures, or a folder's name."
        )
    else:
        _check_free(out)
        with write_folder(out) as folder:
            _fill(folder, annotated, items, format, files)
    return _counts(annotated)


def _fill(folder: Path, annotated: AnnotatedSet, items: Items, format: str, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    for picture in annotated.pictures:
        target = folder / FOLDERS[format] / picture.file_name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(items.root / picture.file_name, target)
        except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
            raise DataError(f"{items.root / picture.file_name} cannot be read ({error.strerror}), so it cannot be packed.") from None


def _check_free(out: Path) -> None:
    """SettingsError for a file, or a folder that holds anything."""
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise SettingsError(f"{out} is there already; choose another place, or remove it first.")


def _counts(annotated: AnnotatedSet) -> Exported:
    boxes = [box for picture in annotated.pictures for box in picture.boxes]
    return Exported(len(annotated.pictures), len(boxes), sum(len(box.parents or ()) for box in boxes))


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False).encode()

"""A folder of OpenImages V4 to V7: official CSV files and whatever of its pictures is there.

Boxes are fractions of the picture; classes are MIDs, named by the class descriptions. A box marked IsGroupOf outlines
more than five objects, as a crowd does, and is left out; IsDepiction and IsInside boxes are kept. Image-level labels,
positive or negative, have no box and make no item.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from hypviz.data.formats import openimages_csv
from hypviz.data.formats.openimages_csv import BOX_COLUMNS, BoxTable, header_of, is_box_file, is_description_file, is_image_file
from hypviz.data.formats.places import data_name
from hypviz.data.formats.tree import files_below
from hypviz.data.pictures import is_picture_name
from hypviz.data.raw import DropCounter, RawBox, RawDataset, RawImage
from hypviz.errors import DataError

GROUPS = ("IsGroupOf",)
"""Flags of the boxes that are left out unless a person says otherwise."""
_NOT_PICTURES = frozenset({"masks", "segmentations"})


@dataclass(frozen=True)
class OpenImagesFiles:
    """The CSV files of a folder by what they hold."""

    boxes: list[Path]
    descriptions: list[Path]
    images: list[Path]


def find_files(source: Path) -> OpenImagesFiles:
    """The OpenImages files of a folder, or one box file with what lies beside it."""
    folder = source if source.is_dir() else source.parent
    names = sorted(files_below(folder), key=lambda name: (name.count("/"), name))
    headers = {folder / name: header_of(folder / name) for name in names if name.lower().endswith(".csv")}
    boxes = [path for path, header in headers.items() if is_box_file(header)] if source.is_dir() else [source]
    descriptions = [path for path, header in headers.items() if is_description_file(header)]
    return OpenImagesFiles(boxes, descriptions, [path for path, header in headers.items() if is_image_file(header)])


def read_openimages(
    source: Path | str,
    images: Path | str | None = None,
    *,
    leave_out: Sequence[str] = GROUPS,
    only: frozenset[str] | None = None,
) -> RawDataset:
    """Read a folder of CSV files, or one box file; `images` is the folder with the pictures, if elsewhere.

    leave_out: boxes with any of these flags (`openimages_csv.FLAGS`) are counted, not read.  only: image ids to read,
    None for all. Pictures without a box are scenes; those listed but not on disk are left alone unless they have boxes.
    Raises DataError when the files are another dialect or none of their pictures is found.
    """
    source = Path(source)
    files = find_files(source)
    if source.is_file() and not is_box_file(header_of(source)):
        columns = ", ".join(header_of(source))[:100] or "nothing"
        raise DataError(f"{source}: not an OpenImages box file: expected the columns {', '.join(BOX_COLUMNS)}; found {columns}.")
    root = Path(images) if images is not None else source if source.is_dir() else source.parent
    dropped = DropCounter()
    table = openimages_csv.read_boxes(files.boxes, dropped) if files.boxes else None
    with_boxes = [] if table is None else table.image_ids.tolist()
    file_names = _pictures_below(root)
    if not file_names or (with_boxes and file_names.keys().isdisjoint(with_boxes)):
        raise DataError(
            f"{source}: names {len(with_boxes)} pictures, but none of them was found below {root}; name the folder with the "
            "pictures by --images, or see python -m hypviz data openimages --help for downloading them."
        )
    image_ids = list(dict.fromkeys([*with_boxes, *file_names]))
    selected = [each for each in image_ids if only is None or each in only]
    licences = openimages_csv.read_licences(files.images, set(selected))
    names = openimages_csv.read_descriptions(files.descriptions)
    walk = _walk(table, selected, file_names, licences, names, leave_out, dropped)
    named = len(files.boxes) + len(files.descriptions) + len(files.images)
    return RawDataset(root, walk, len(selected), data_name(source if source.is_dir() else source.parent), dropped, named)


def _pictures_below(root: Path) -> dict[str, str]:
    """The file name of each picture by its image id; masks are none."""
    names = (name for name in files_below(root) if is_picture_name(name))
    return {PurePosixPath(name).stem: name for name in names if _NOT_PICTURES.isdisjoint(PurePosixPath(name).parts)}


def _walk(
    table: BoxTable | None,
    image_ids: list[str],
    file_names: dict[str, str],
    licences: dict[str, str],
    names: dict[str, str],
    leave_out: Sequence[str],
    dropped: DropCounter,
) -> Iterator[RawImage]:
    row_of = {} if table is None else {image_id: row for row, image_id in enumerate(table.image_ids.tolist())}
    for image_id in image_ids:
        boxes = () if table is None or image_id not in row_of else tuple(_boxes(table, row_of[image_id], names, leave_out, dropped))
        file_name = file_names.get(image_id, f"{image_id}.jpg")
        yield RawImage(file_name, boxes, licence=licences.get(image_id, ""), record=f"image {image_id}", normalised=True)


def _boxes(table: BoxTable, image: int, names: dict[str, str], leave_out: Sequence[str], dropped: DropCounter) -> Iterator[RawBox]:
    first, last = np.searchsorted(table.image, [image, image + 1])
    rows = slice(int(first), int(last))
    left_out = table.flagged(leave_out, rows)
    columns = zip(table.xyxy[rows].tolist(), table.label[rows].tolist(), left_out.tolist(), strict=True)
    for number, (xyxy, label, out) in enumerate(columns, start=1):
        mid = table.mids[label]
        record = f"{table.image_ids[image]}: box {number}"
        if out:
            dropped.box("group of objects" if tuple(leave_out) == GROUPS else f"marked {' or '.join(leave_out)}", f"{record}: {mid}")
        else:
            yield RawBox((xyxy[0], xyxy[1], xyxy[2], xyxy[3]), names.get(mid, mid), record)

"""OpenImages CSV files (V4 to V7, https://storage.googleapis.com/openimages/web/download_v7.html) as columns.

Which file is which shows in its header, not in its name: names changed with every version, and class descriptions had no
header before V6. The box files hold millions of rows, so they are read in blocks into arrays, about 30 bytes a box.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.data.formats.text import class_name, read_head, read_text
from hypviz.data.raw import DropCounter, storable
from hypviz.errors import DataError
from hypviz.progress import OnProgress

BOX_COLUMNS = ("ImageID", "LabelName", "XMin", "XMax", "YMin", "YMax")
FLAGS = ("IsOccluded", "IsTruncated", "IsGroupOf", "IsDepiction", "IsInside")
"""What annotators said of a box: 1 yes, 0 no, -1 not asked. Files of V4 to V7 have them all."""
BLOCK_BYTES = 1 << 24
"""Bytes of a file parsed at once."""
_SIDES = {"XMin": np.float32, "YMin": np.float32, "XMax": np.float32, "YMax": np.float32}


@dataclass(frozen=True, eq=False)
class BoxTable:
    """Boxes grouped by image, columns of length B.

    image: (B,) int32, ascending, row in `image_ids` (in order of first appearance).  label: (B,) int16, row in `mids`.
    xyxy: (B, 4) float32, fractions of the picture.  flags: (B,) uint8, bit k set where FLAGS[k] is 1.
    split: (M,) str, of each image: "train", "validation", "test" or "", from the name of its file.
    """

    image: NDArray[np.int32]
    label: NDArray[np.int16]
    xyxy: NDArray[np.float32]
    flags: NDArray[np.uint8]
    image_ids: NDArray[np.str_]
    split: NDArray[np.str_]
    mids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.image)

    def flagged(self, names: Iterable[str], rows: slice = slice(None)) -> NDArray[np.bool_]:
        """(rows,) True where any of these FLAGS is 1."""
        bits = sum(1 << FLAGS.index(name) for name in names)
        return np.asarray(self.flags[rows] & np.uint8(bits), dtype=bool)


def header_of(path: Path) -> list[str]:
    """The first row of a CSV file; empty when there is none."""
    try:
        head = read_head(path, 65536)
        return next(csv.reader(head.splitlines()[:1]), []) if "\0" not in head else []
    except csv.Error:
        return []


def is_box_file(header: list[str]) -> bool:
    """Whether a header is that of a box file."""
    return set(BOX_COLUMNS) <= set(header)


def is_description_file(header: list[str]) -> bool:
    """Whether a first row is that of class descriptions, with a header (V6 on) or without (before)."""
    return header[:2] == ["LabelName", "DisplayName"] or (len(header) == 2 and header[0].startswith("/"))


def is_image_file(header: list[str]) -> bool:
    """Whether a header is that of a list of images with their sources and licences."""
    return {"ImageID", "Subset"} <= set(header)


def read_descriptions(paths: Iterable[Path]) -> dict[str, str]:
    """Class name by MID; names that two MIDs share are told apart by the MID."""
    names: dict[str, str] = {}
    for path in paths:
        rows = csv.reader(io.StringIO(read_text(path), newline=""))
        names |= {row[0]: class_name(row[1]) or row[0] for row in rows if len(row) >= 2 and row[0].startswith("/")}
    first_mid: dict[str, str] = {}
    shared = {name for mid, name in names.items() if first_mid.setdefault(name, mid) != mid}
    return {mid: f"{name} ({mid})" if name in shared else name for mid, name in names.items()}


def read_licences(paths: Iterable[Path], image_ids: set[str]) -> dict[str, str]:
    """The licence of each of the image ids that a list of images knows."""
    licences: dict[str, str] = {}
    for path in paths:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            for row in csv.DictReader(file):
                if row.get("ImageID") in image_ids and row.get("License"):
                    licences[str(row["ImageID"])] = storable(str(row["License"]))
    return licences


def read_class_hierarchy(path: Path) -> list[tuple[str, str, str]]:
    """The class hierarchy JSON as (parent MID, child MID, "is a" or "part of"), each once, in the order of the file.

    Raises DataError when the file is not such a hierarchy.
    """
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: not a JSON file ({error}).") from None
    if not isinstance(content, dict) or "LabelName" not in content:
        raise DataError(f"{path}: not a class hierarchy; expected an object with LabelName and Subcategory.")
    relations: dict[tuple[str, str, str], None] = {}
    waiting: list[dict[str, Any]] = [content]
    while waiting:
        node = waiting.pop()
        for key, kind in (("Subcategory", "is a"), ("Part", "part of")):
            children = [child for child in node.get(key, []) if isinstance(child, dict) and "LabelName" in child]
            relations |= {(str(node["LabelName"]), str(child["LabelName"]), kind): None for child in children}
            waiting += children
    return list(relations)


def read_boxes(paths: Iterable[Path], dropped: DropCounter, *, on_progress: OnProgress | None = None) -> BoxTable:
    """All boxes of the files. Rows with too few or too many cells, and with sides that are no numbers, are counted in `dropped`;
    `on_progress` hears of boxes.

    Raises DataError naming the file when it is another dialect: decimal commas, class names where MIDs belong.
    """
    files = list(paths)
    ids, mids = _Codes(), _Codes()
    splits: list[str] = []
    done = 0
    image: list[NDArray[np.int32]] = []
    label: list[NDArray[np.int16]] = []
    xyxy: list[NDArray[np.float32]] = []
    flags: list[NDArray[np.uint8]] = []
    columns: tuple[list[Any], ...] = image, label, xyxy, flags
    for path in files:
        _check_dialect(path)
        before, start = done, [len(column) for column in columns]
        for strict in (True, False):
            counts = DropCounter()
            try:
                for block in _blocks(path, counts, strict=strict):
                    image.append(ids.of(block["ImageID"]))
                    label.append(mids.of(block["LabelName"]).astype(np.int16))
                    xyxy.append(np.stack([block[side].to_numpy(zero_copy_only=False) for side in _SIDES], axis=1))
                    flags.append(_flags(block))
                    if on_progress is not None:
                        done += len(image[-1])
                        on_progress(done, None)
            except _OddRowError:  # once more, more slowly, with its odd rows counted
                done = before
                for column, length in zip(columns, start, strict=True):
                    del column[length:]
                continue
            dropped.take(counts)
            break
        splits += [_split_of(path)] * (len(ids.names) - len(splits))
        _check_mids(path, mids.names)
    if not image:
        raise DataError(f"{' and '.join(map(str, files))}: there is no box; expected rows below the header.")
    rows, labels, boxes, bits = np.concatenate(image), np.concatenate(label), np.concatenate(xyxy), np.concatenate(flags)
    if np.any(np.diff(rows) < 0):
        order = np.argsort(rows, kind="stable")
        rows, labels, boxes, bits = rows[order], labels[order], boxes[order], bits[order]
    return BoxTable(rows, labels, boxes, bits, np.array(ids.names), np.array(splits), tuple(mids.names))


class _OddRowError(Exception):
    """Raised inside this module for a file in which a side of a box is no number."""


class _Codes:
    """Numbers for words in the order of their first appearance, over all blocks."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}

    @property
    def names(self) -> list[str]:
        return list(self._number)

    def of(self, column: Any) -> NDArray[np.int32]:
        """The numbers of a dictionary-encoded column."""
        words = column.dictionary.to_pylist()
        numbers = np.array([self._number.setdefault(word, len(self._number)) for word in words], dtype=np.int32)
        codes: NDArray[np.int32] = numbers[column.indices.to_numpy()]
        return codes


def _only_numbers(batch: Any, path: Path, dropped: DropCounter) -> Any:
    """The rows of a batch whose sides, given as text, are numbers; the others are counted."""
    import pyarrow as pa
    import pyarrow.compute as compute

    good = None
    for name in _SIDES:
        fits = compute.fill_null(compute.match_substring_regex(batch.column(name), r"^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$"), False)
        good = fits if good is None else compute.and_(good, fits)
    for row in batch.filter(compute.invert(good)).to_pylist():
        dropped.box("box is not four numbers", f"{path.name}: {row['ImageID']}: {', '.join(str(row[name]) for name in _SIDES)}")
    numeric = batch.filter(good)
    for name in _SIDES:
        place = numeric.schema.get_field_index(name)
        numeric = numeric.set_column(place, name, compute.cast(compute.utf8_trim_whitespace(numeric.column(name)), pa.float32()))
    return numeric


def _blocks(path: Path, dropped: DropCounter, *, strict: bool) -> Iterator[dict[str, Any]]:
    """Blocks of a box file's rows: arrow arrays by column, text dictionary-encoded; strict: every side is known to be a number."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    def refuse(row: Any) -> str:
        cells = f"{row.actual_columns} cells, not {row.expected_columns}"
        dropped.box("row of another length", f"{path.name}: {str(row.text)[:60]!r} has {cells}")
        return "skip"

    text = pa.dictionary(pa.int32(), pa.string())
    known = header_of(path)
    columns = [*BOX_COLUMNS, *(name for name in FLAGS if name in known)]
    types = {
        name: text if name in BOX_COLUMNS[:2] else (pa.float32() if strict else pa.string()) if name in _SIDES else pa.int8()
        for name in columns
    }
    try:
        reader = arrow_csv.open_csv(
            path,
            read_options=arrow_csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=True),
            parse_options=arrow_csv.ParseOptions(invalid_row_handler=refuse),
            convert_options=arrow_csv.ConvertOptions(include_columns=columns, column_types=types, strings_can_be_null=False),
        )
        for block in reader:
            batch = block if strict else _only_numbers(block, path, dropped)
            if strict and any(batch.column(name).null_count for name in _SIDES):
                raise _OddRowError
            yield {name: batch.column(name) for name in columns}
    except (pa.ArrowException, OSError) as error:
        if strict and "conversion error" in str(error):
            raise _OddRowError from None
        raise DataError(f"{path}: cannot be read as an OpenImages box file ({' '.join(str(error).split())[:160]}).") from None


def _flags(block: dict[str, Any]) -> NDArray[np.uint8]:
    bits = np.zeros(len(block["ImageID"]), dtype=np.uint8)
    for place, name in enumerate(FLAGS):
        if name in block:
            bits |= (np.nan_to_num(block[name].to_numpy(zero_copy_only=False)) == 1).astype(np.uint8) << np.uint8(place)
    return bits


def _check_dialect(path: Path) -> None:
    """DataError when the first row shows that the file only looks like OpenImages'."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        row = next(csv.DictReader(file), None)
    if row is None:
        return
    missing = [name for name in (*_SIDES, "LabelName", "ImageID") if name not in row]
    if missing:  # the header looked whole to a reader of single lines
        raise DataError(f"{path}: not the official OpenImages CSV: its header has no {', '.join(missing)}.")
    problems = []
    if any("," in (row[side] or "") for side in _SIDES):
        side = next(side for side in _SIDES if "," in (row[side] or ""))
        problems.append(f"{side} is {row[side]!r} with a decimal comma (expected a point)")
    if not (row["LabelName"] or "").startswith("/"):
        problems.append(f"LabelName is {row['LabelName']!r} (expected a MID such as /m/01g317)")
    if "." in (row["ImageID"] or ""):
        problems.append(f"ImageID is {row['ImageID']!r} (expected an id without an ending)")
    if problems:
        raise DataError(
            f"{path}: not the official OpenImages CSV: in its first row {', '.join(problems)}; "
            "convert the file, or import the data set from another of its formats."
        )


def _check_mids(path: Path, mids: list[str]) -> None:
    odd = [mid for mid in mids if not mid.startswith("/")]
    if odd:
        raise DataError(f"{path}: LabelName is {odd[0]!r} in some rows; expected MIDs such as /m/01g317.")


def _split_of(path: Path) -> str:
    return next((split for split in ("train", "validation", "test") if split in path.name.lower()), "")

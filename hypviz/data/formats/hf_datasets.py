"""A Hugging Face `datasets` folder on disk: what `save_to_disk` wrote, or a downloaded repository of Parquet files.

The `datasets` library reads it, so every version of its features is understood; nothing is fetched and no code is run.
Pictures lie inside the Arrow or Parquet files. A workspace shows pictures from files, so they are written out, byte for
byte, to a folder beside it.

Boxes are in a column of objects (`objects: {bbox, category}`, a dict of lists or a list of dicts) or in columns of their
own. COCO's [x, y, width, height] is the custom; where that cannot be meant, a person has to say so. Without boxes a
`label` says what the whole picture shows, as a class folder does.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from PIL import Image

from hypviz.data.formats.convention import Reading, Sample, check_format, judge
from hypviz.data.formats.drafts import four_numbers
from hypviz.data.formats.hf_columns import Columns, check_text, columns_of
from hypviz.data.formats.hf_written import PICTURE_COLUMNS, WrittenNames, relation_of, text_of
from hypviz.data.formats.limits import batch_rows
from hypviz.data.formats.names import split_of
from hypviz.data.formats.saved_arrow import check_saved
from hypviz.data.formats.text import class_name
from hypviz.data.formats.tree import files_below
from hypviz.data.pictures import FORMATS
from hypviz.data.raw import DropCounter, RawBox, RawDataset, RawImage, storable
from hypviz.errors import DataError
from hypviz.storage.files import write_file

LOOKED_AT = 100
"""Pictures with boxes that decide what the numbers of a box mean."""


def read_hf(source: Path | str, pictures: Path | str, *, box_format: str = "auto") -> RawDataset:
    """Read a `datasets` folder; its pictures are written below `pictures` while they are walked.

    box_format: "xywh", "xyxy" (corners), or "auto": [x, y, width, height] unless that cannot be. Raises DataError when
    the folder cannot be read, has no column of pictures, or has boxes of another kind.
    """
    check_format(box_format)
    source, pictures = Path(source), Path(pictures)
    splits = {name: _pictured(data) for name, data in _load(source).items()}
    columns = {name: columns_of(data.features, source) for name, data in splits.items()}
    for name, data in splits.items():
        if not columns[name].boxes:
            text = [key for key, feature in data.features.items() if str(getattr(feature, "dtype", "")) in ("string", "large_string")]
            for row in islice(_rows(data.select_columns(text), source), 20) if text else ():
                check_text(row, source)
    splits = {name: _undecoded(data, columns[name]) for name, data in splits.items()}
    dropped = DropCounter()
    reading = _judge(splits, columns, box_format, source, dropped)
    counts = [len(data) for data in splits.values() if hasattr(data, "__len__")]
    count = sum(counts) if len(counts) == len(splits) else None
    images = _walk(splits, columns, source, pictures, reading, dropped)
    return RawDataset(pictures, images, count, storable(source.resolve().name), dropped)


def _load(source: Path) -> dict[str, Any]:
    """The splits by name, on disk or streamed; nothing is decoded."""
    import datasets

    try:
        if (source / "dataset_dict.json").is_file() or (source / "state.json").is_file():
            check_saved(source)
            loaded = datasets.load_from_disk(str(source))
            return dict(loaded) if isinstance(loaded, Mapping) else {"": loaded}
        files: dict[str, list[str]] = {}
        for name in files_below(source):
            if name.lower().endswith(".parquet"):
                files.setdefault(_split_of(name), []).append(str(source / name))
        rows = batch_rows(file for one in files.values() for file in one)
        return dict(datasets.load_dataset("parquet", data_files=files, streaming=True, batch_size=rows))
    except DataError:
        raise
    except Exception as error:  # the library raises whatever its readers do: OSError, ArrowInvalid, KeyError…
        raise DataError(f"{source}: not a folder that the datasets library reads ({' '.join(str(error).split())[:160]}).") from None


def _split_of(name: str) -> str:
    """The split of "data/train-00000-of-00002.parquet", or of "default/train/0000.parquet" as the hub converts; a word for the library."""
    stem = Path(name).name.split("-")[0].split(".")[0]
    stem = split_of(name) or "train" if stem.isdigit() else stem
    return "".join(letter if letter.isalnum() or letter == "_" else "_" for letter in stem) or "train"


def _pictured(data: Any) -> Any:
    """The data set with its pictures marked as such, where its files lack what the library notes about columns."""
    import datasets

    features = data.features or {}
    if any(isinstance(feature, datasets.Image) for feature in features.values()):
        return data
    for name, feature in features.items():
        if isinstance(feature, Mapping) and "bytes" in feature and set(feature) <= {"bytes", "path"}:
            return data.cast_column(name, datasets.Image(decode=False))
        if name in ("image", "img", "picture") and getattr(feature, "dtype", "") in ("binary", "large_binary"):
            return data.cast_column(name, datasets.Image(decode=False))
    return data


def _undecoded(data: Any, columns: Columns) -> Any:
    """The data set with its pictures as bytes, without the columns nobody needs here."""
    import datasets

    more = PICTURE_COLUMNS if columns.written_here else ()
    useful = dict.fromkeys([columns.image, columns.objects, columns.boxes, columns.labels, *more])
    keep = [name for name in useful if name in data.features]
    return data.select_columns(keep).cast_column(columns.image, datasets.Image(decode=False))


def _judge(splits: dict[str, Any], columns: dict[str, Columns], box_format: str, source: Path, dropped: DropCounter) -> Reading:
    """What the numbers of a box mean; looks at the first pictures that have boxes."""
    if box_format == "auto" and all(each.written_here for each in columns.values()):
        return Reading("xywh", "pixels")
    samples: list[Sample] = []
    for name, data in splits.items():
        if columns[name].boxes:
            rows = (row for row in islice(_rows(data, source), 20 * LOOKED_AT) if _pairs(row, columns[name])[0])
            for row in islice(rows, LOOKED_AT):
                size = _size(_bytes(row[columns[name].image], source))
                boxes = map(four_numbers, _pairs(row, columns[name])[0])
                samples += [Sample(box, size) for box in boxes if size and box is not None]
    return judge(samples, ("xywh", "xyxy"), storable(source.resolve().name), dropped, box_format=box_format)


def _rows(data: Any, source: Path) -> Iterator[dict[str, Any]]:
    """The rows of a split; DataError where a damaged file ends them, or lacks a column that it says it has."""
    rows, columns = iter(data), set(data.features or ())
    for number in itertools.count():
        try:
            row = next(rows)
        except StopIteration:
            return
        except Exception as error:  # as in `_load`
            problem = " ".join(str(error).split())[:120]
            raise DataError(f"{source}: damaged after row {number} ({problem}); fetch or write that file again.") from None
        if columns - set(row):
            missing = ", ".join(sorted(columns - set(row)))
            raise DataError(f"{source}: row {number} lacks the column {missing} that its description has; fetch or write that file again.")
        yield row


def _size(data: bytes | None) -> tuple[int, int] | None:
    try:
        with Image.open(io.BytesIO(data or b""), formats=FORMATS) as image:
            return image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _pairs(row: Mapping[str, Any], columns: Columns) -> tuple[list[Any], list[Any]]:
    """The boxes and labels of a row, side by side; labels are None where there are none."""
    if not columns.boxes:
        return [], []
    cell: Any = row[columns.objects] if columns.objects else row
    if isinstance(cell, list):
        cell = {key: [each.get(key) for each in cell] for key in (columns.boxes, columns.labels) if key}
    boxes = list((cell or {}).get(columns.boxes) or [])
    if boxes and not isinstance(boxes[0], list | tuple):  # one box a row
        boxes = [boxes]
    labels = (cell or {}).get(columns.labels) if columns.labels else None
    labels = labels if isinstance(labels, list) else [labels] * len(boxes)
    return boxes, [*labels, *[None] * (len(boxes) - len(labels))][: len(boxes)]


def _walk(
    splits: dict[str, Any], columns: dict[str, Columns], source: Path, pictures: Path, reading: Reading, dropped: DropCounter
) -> Iterator[RawImage]:
    names = WrittenNames()
    for split, data in splits.items():
        written_here = columns[split].written_here
        for number, row in enumerate(_rows(data, source)):
            record = f"{split or 'row'} {number}"
            boxes = tuple(_boxes(row, columns[split], record, reading, dropped))
            data_of = _bytes(row[columns[split].image], source)
            if data_of is None:
                dropped.image("no picture in the row", record, boxes=len(boxes))
                continue
            name = f"{split}/{number:08d}{_ending(data_of)}".lstrip("/")
            if written_here:
                name = names.first(text_of(row["file_name"]), name, f"numbered/{name}")
            _write_once(pictures / name, data_of)
            whole = not columns[split].boxes
            licence = text_of(row["licence"]) if written_here else ""
            yield RawImage(name, boxes, licence=licence, record=record, normalised=reading.normalised or whole)


def _boxes(row: Mapping[str, Any], columns: Columns, record: str, reading: Reading, dropped: DropCounter) -> Iterator[RawBox]:
    if not columns.boxes:
        label = _label(row[columns.labels], columns.names) if columns.labels else ""
        if label:
            yield RawBox((0.0, 0.0, 1.0, 1.0), label, record)
        elif columns.labels and row[columns.labels] is not None:
            dropped.box("no such class", f"{record}: class {row[columns.labels]!r:.40}")
        return
    for index, (box, value) in enumerate(zip(*_pairs(row, columns), strict=True), start=1):
        where = f"{record}: box {index}"
        label = _label(value, columns.names) if columns.labels else "object"
        numbers = four_numbers(box)
        if numbers is None:
            dropped.box("box is not four numbers", f"{where}: {box!r:.60}")
        elif not label:
            dropped.box("no such class", f"{where}: class {value!r:.40}")
        else:
            if columns.names is None and columns.labels and not isinstance(value, str):
                dropped.note("the data set has no class names: its classes are numbered")
            relation = relation_of(row[columns.objects], index - 1) if columns.written_here else ()
            yield RawBox(reading.corners(numbers), label, where, *relation)


def _label(value: Any, names: list[str] | None) -> str:
    """The class name of a cell; "" when there is none."""
    if isinstance(value, str):
        return class_name(value)
    number = class_name(value)  # "" for null, NaN, true and false
    if not number.isdigit():
        return ""
    if names is None:
        return f"class {number}"
    return names[int(number)] if int(number) < len(names) else ""


def _bytes(cell: Any, source: Path) -> bytes | None:
    """The picture's bytes: inside the row, or in a file that the row names; nothing outside `source` is ever opened."""
    if not cell:
        return None
    if cell.get("bytes"):
        return bytes(cell["bytes"])
    try:
        path = (source / cell["path"]).resolve() if cell.get("path") else None
        return path.read_bytes() if path is not None and path.is_relative_to(source.resolve()) else None
    except (OSError, ValueError):  # ValueError: a NUL byte in the name
        return None


def _ending(data: bytes) -> str:
    """The file ending that belongs to a picture's first bytes; ".jpg" for what is no known picture."""
    kinds = {b"\x89PNG": ".png", b"GIF8": ".gif", b"BM": ".bmp", b"II*\0": ".tif", b"MM\0*": ".tif", b"RIFF": ".webp"}
    return next((ending for start, ending in kinds.items() if data.startswith(start)), ".jpg")


def _write_once(path: Path, data: bytes) -> None:
    if not path.is_file() or path.stat().st_size != len(data) or path.read_bytes() != data:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, lambda part: part.write_bytes(data))

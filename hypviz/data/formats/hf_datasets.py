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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from PIL import Image

from hypviz.data.raw import DropCounter, RawBox, RawDataset, RawImage, storable
from hypviz.errors import DataError
from hypviz.files import write_file

BOX_FORMATS = ("auto", "xywh", "xyxy")
BOX_KEYS = ("bbox", "bboxes", "box", "boxes")
LABEL_KEYS = ("category", "categories", "label", "labels", "class", "classes", "category_id", "class_id", "name", "names")
OBJECT_KEYS = ("objects", "annotations", "faces", "detections", "instances")
LOOKED_AT = 100
"""Pictures with boxes that decide whether boxes can be [x, y, width, height]."""
AGREE = 0.95
"""Share of boxes that must lie inside their pictures for a reading to be believed."""


@dataclass(frozen=True)
class _Columns:
    """Where a row keeps what: keys into the row; `objects` "" when boxes and labels are columns of their own."""

    image: str
    objects: str
    boxes: str
    labels: str
    names: list[str] | None


def looks_like_hf(folder: Path) -> str:
    """The file that marks a folder as a `datasets` folder, relative to it; "" for none."""
    if (folder / "meta.json").is_file():  # a workspace of this project has Parquet files, too
        return ""
    for name in ("dataset_dict.json", "state.json"):
        if (folder / name).is_file():
            return name
    files = [*sorted(folder.glob("*.parquet")), *sorted(folder.glob("data/*.parquet"))]
    return files[0].relative_to(folder).as_posix() if files else ""


def read_hf(source: Path | str, pictures: Path | str, *, box_format: str = "auto") -> RawDataset:
    """Read a `datasets` folder; its pictures are written below `pictures` while they are walked.

    box_format: "xywh", "xyxy" (corners), or "auto": [x, y, width, height] unless that cannot be. Raises DataError when
    the folder cannot be read, has no column of pictures, or has boxes of another kind.
    """
    if box_format not in BOX_FORMATS:
        raise DataError(f"The box format must be one of {', '.join(BOX_FORMATS)}; got {box_format!r}.")
    source, pictures = Path(source), Path(pictures)
    splits = _load(source)
    columns = _columns(next(iter(splits.values())).features, source)
    splits = {name: _undecoded(data, columns) for name, data in splits.items()}
    chosen, normalised = _judge(splits, columns, box_format, source)
    dropped = DropCounter()
    counts = [len(data) for data in splits.values() if hasattr(data, "__len__")]
    count = sum(counts) if len(counts) == len(splits) else None
    images = _walk(splits, columns, source, pictures, chosen, normalised, dropped)
    return RawDataset(pictures, images, count, source.resolve().name, dropped)


def _load(source: Path) -> dict[str, Any]:
    """The splits by name, on disk or streamed; nothing is decoded."""
    import datasets

    try:
        if (source / "dataset_dict.json").is_file() or (source / "state.json").is_file():
            found = datasets.load_from_disk(str(source))
            return dict(found) if isinstance(found, Mapping) else {"": found}
        files: dict[str, list[str]] = {}
        for path in [*sorted(source.glob("*.parquet")), *sorted(source.glob("data/*.parquet"))]:
            files.setdefault(_split_of(path), []).append(str(path))
        return dict(datasets.load_dataset("parquet", data_files=files, streaming=True))
    except Exception as error:  # the library raises whatever its readers do: OSError, ArrowInvalid, KeyError…
        raise DataError(f"{source}: not a folder that the datasets library reads ({' '.join(str(error).split())[:160]}).") from None


def _split_of(path: Path) -> str:
    """The split of "train-00000-of-00002.parquet", as a name that the library takes."""
    name = path.name.split("-")[0].split(".")[0]
    return "".join(letter if letter.isalnum() or letter == "_" else "_" for letter in name) or "train"


def _columns(features: Any, source: Path) -> _Columns:
    import datasets

    if not features:
        raise DataError(f"{source}: its files do not say what their columns are; expected a folder written by save_to_disk.")
    images = [name for name, feature in features.items() if isinstance(feature, datasets.Image)]
    if not images:
        raise DataError(f"{source}: no column holds pictures; it has {', '.join(features)}.")
    image = "image" if "image" in images else images[0]
    for objects in (*(key for key in OBJECT_KEYS if key in features), ""):
        inside = _inside(features[objects]) if objects else features
        boxes = next((key for key in BOX_KEYS if key in inside), "")
        if boxes:
            labels = next((key for key in LABEL_KEYS if key in inside), "")
            return _Columns(image, objects, boxes, labels, _names(inside.get(labels)))
    labels = next((key for key in ("label", "labels", "fine_label") if isinstance(features.get(key), datasets.ClassLabel)), "")
    return _Columns(image, "", "", labels, _names(features.get(labels)))


def _inside(feature: Any) -> Mapping[str, Any]:
    """The fields of a dict of lists, or of a list of dicts."""
    inner = getattr(feature, "feature", feature)
    return inner if isinstance(inner, Mapping) else {}


def _names(feature: Any) -> list[str] | None:
    """The class names behind numbers, where a ClassLabel has them."""
    while feature is not None and hasattr(feature, "feature"):
        feature = feature.feature
    names = getattr(feature, "names", None)
    return [storable(name) for name in names] if names else None


def _undecoded(data: Any, columns: _Columns) -> Any:
    """The data set with its pictures as bytes, without the columns nobody needs here."""
    import datasets

    keep = [name for name in dict.fromkeys([columns.image, columns.objects, columns.boxes, columns.labels]) if name in data.features]
    return data.select_columns(keep).cast_column(columns.image, datasets.Image(decode=False))


def _judge(splits: dict[str, Any], columns: _Columns, box_format: str, source: Path) -> tuple[str, bool]:
    """The format of the boxes and whether they are fractions; looks at the first pictures that have boxes."""
    if not columns.boxes:
        return "xyxy", True
    samples: list[tuple[Any, tuple[int, int]]] = []
    for data in splits.values():
        rows = (row for row in islice(data, 20 * LOOKED_AT) if _pairs(row, columns)[0])
        for row in islice(rows, LOOKED_AT - len(samples)):
            size = _size(_bytes(row[columns.image], source))
            samples += [(box, size) for box in _pairs(row, columns)[0] if size and _is_box(box)]
    if samples and all(0 <= value <= 1 for box, _ in samples for value in box):
        samples, normalised = [(box, (1, 1)) for box, _ in samples], True
    else:
        normalised = False
    fits = {form: _share_inside(samples, form) for form in ("xywh", "xyxy")}
    if box_format == "auto" and fits["xywh"] < AGREE <= fits["xyxy"]:
        raise DataError(
            f"{source}: {100 * (1 - fits['xywh']):.0f} % of {len(samples)} boxes leave their pictures as [x, y, width, height], "
            f"but {100 * fits['xyxy']:.0f} % fit as corners [x1, y1, x2, y2]; say which by --boxes xyxy or --boxes xywh."
        )
    return ("xyxy" if box_format == "xyxy" else "xywh"), normalised


def _share_inside(samples: list[tuple[Any, tuple[int, int]]], form: str) -> float:
    """Share of boxes that are proper and within a pixel (or a hundredth) of their picture in a format."""
    inside = 0
    for box, (width, height) in samples:
        x1, y1, x2, y2 = _corners(box, form)
        inside += x2 > x1 and y2 > y1 and x2 <= 1.01 * width + 1 and y2 <= 1.01 * height + 1
    return inside / len(samples) if samples else 1.0


def _size(data: bytes | None) -> tuple[int, int] | None:
    try:
        with Image.open(io.BytesIO(data or b"")) as image:
            return image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _pairs(row: Mapping[str, Any], columns: _Columns) -> tuple[list[Any], list[Any]]:
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


def _is_box(box: Any) -> bool:
    return isinstance(box, list | tuple) and len(box) == 4 and all(isinstance(value, int | float) for value in box)


def _corners(box: Any, form: str) -> tuple[float, float, float, float]:
    a, b, c, d = (float(value) for value in box)
    return (a, b, c, d) if form == "xyxy" else (a, b, a + c, b + d)


def _walk(
    splits: dict[str, Any], columns: _Columns, source: Path, pictures: Path, form: str, normalised: bool, dropped: DropCounter
) -> Iterator[RawImage]:
    for split, data in splits.items():
        for number, row in enumerate(data):
            record = f"{split or 'row'} {number}"
            boxes = tuple(_boxes(row, columns, record, form, dropped))
            data_of = _bytes(row[columns.image], source)
            if data_of is None:
                dropped.image("no picture in the row", record, boxes=len(boxes))
                continue
            name = f"{split}/{number:08d}{_ending(data_of)}".lstrip("/")
            _write_once(pictures / name, data_of)
            yield RawImage(name, boxes, record=record, normalised=normalised)


def _boxes(row: Mapping[str, Any], columns: _Columns, record: str, form: str, dropped: DropCounter) -> Iterator[RawBox]:
    if not columns.boxes:
        label = _label(row[columns.labels], columns.names) if columns.labels else ""
        if label:
            yield RawBox((0.0, 0.0, 1.0, 1.0), label, record)
        return
    for index, (box, value) in enumerate(zip(*_pairs(row, columns), strict=True), start=1):
        where = f"{record}: box {index}"
        label = _label(value, columns.names) if columns.labels else "object"
        if not _is_box(box):
            dropped.box("box is not four numbers", f"{where}: {box!r:.60}")
        elif not label:
            dropped.box("no such class", f"{where}: class {value!r:.40}")
        else:
            yield RawBox(_corners(box, form), label, where)


def _label(value: Any, names: list[str] | None) -> str:
    """The class name of a cell; "" when there is none."""
    if isinstance(value, str):
        return storable(value.strip())
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return ""
    if names is None:
        return f"class {value}"
    return names[value] if value < len(names) else ""


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

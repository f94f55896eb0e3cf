"""A folder for the Hugging Face `datasets` library: Parquet files with the pictures inside, and a README.md that says what is which split.

A row is a picture: `image`, `file_name`, `width`, `height`, `licence`, and `objects`, lists with an entry for each box: `id` (hypviz's item
id), `bbox` ([x, y, width, height] in pixels of the upright picture), `category` (a ClassLabel), `parent` (the place, in these lists, of
the smallest box that it lies in directly, −1 for none), `parents` (the ids of all boxes that it lies in directly) and `source`.
https://huggingface.co/docs/datasets/object_detection has image, bbox and category.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from hypviz.data.splits import NOT_STATED, image_splits
from hypviz.data.writers.records import AnnotatedSet, Picture, WrittenBox
from hypviz.errors import DataError
from hypviz.progress import OnProgress
from hypviz.storage.json_types import Json

GROUP_BYTES, GROUP_ROWS = 16 << 20, 100
"""Bytes of pictures, and rows, of a row group: what a reader holds at a time."""
SHARD_BYTES = 500 << 20
"""Bytes of pictures in one file, as the hub advises."""
UNSTATED = "unstated"
"""The split of pictures that state none, where others do."""


def write_hf_datasets(folder: Path, annotated: AnnotatedSet, root: Path, *, on_progress: OnProgress | None = None) -> None:
    """Write README.md and data/SPLIT-NUMBER.parquet into `folder`; a split is what a folder of the pictures' names says, else "train".

    root: where the pictures are, of which the files' own bytes are taken.  on_progress: hears (pictures done, all).
    DataError for a picture that cannot be read.
    """
    index, names = image_splits(picture.file_name for picture in annotated.pictures)
    names = [name if name != NOT_STATED else "train" if len(names) == 1 else UNSTATED for name in names]
    identifiers = {box.number: str(box.known["item_id"]) for picture in annotated.pictures for box in picture.boxes}
    schema = features_of(annotated).arrow_schema
    (folder / "data").mkdir(parents=True, exist_ok=True)
    writers = [_SplitWriter(folder / "data", name, schema) for name in names]
    with contextlib.ExitStack() as stack:
        for writer in writers:
            stack.callback(writer.close)
        for done, (picture, place) in enumerate(zip(annotated.pictures, index.tolist(), strict=True), start=1):
            writers[place].add(_row(picture, annotated, identifiers, root))
            if on_progress is not None:
                on_progress(done, len(annotated.pictures))
    (folder / "README.md").write_text(_readme(annotated, names), encoding="utf-8")


def features_of(annotated: AnnotatedSet) -> Any:
    """The `datasets.Features` of a row."""
    import datasets

    text, category = datasets.Value("string"), datasets.Value("string")
    if annotated.classes:
        category = datasets.ClassLabel(names=list(annotated.classes))
    objects = {
        "id": datasets.List(text),
        "bbox": datasets.List(datasets.List(datasets.Value("float64"), length=4)),
        "category": datasets.List(category),
        "parent": datasets.List(datasets.Value("int32")),
        "parents": datasets.List(datasets.List(text)),
        "source": datasets.List(text),
    }
    size = datasets.Value("int32")
    return datasets.Features(
        {"image": datasets.Image(), "file_name": text, "width": size, "height": size, "licence": text, "objects": objects}
    )


class _SplitWriter:
    """The Parquet files of a split: rows go into row groups, row groups into files of SHARD_BYTES at most."""

    def __init__(self, folder: Path, split: str, schema: Any) -> None:
        self._folder, self._split, self._schema = folder, split, schema
        self._writer: Any = None
        self._group: list[Json] = []
        self._group_bytes = self._shard_bytes = self._shard = 0

    def add(self, row: Json) -> None:
        """Take a row; it is written when its row group is full."""
        self._group.append(row)
        self._group_bytes += len(row["image"]["bytes"])
        if self._group_bytes >= GROUP_BYTES or len(self._group) >= GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        """Write what is left and close the file; without any row there is none."""
        if self._group:
            self._flush()
        self._close_shard()

    def _flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._writer is None:
            self._writer = pq.ParquetWriter(self._folder / f"{self._split}-{self._shard:05d}.parquet", self._schema)
        self._writer.write_table(pa.Table.from_pylist(self._group, schema=self._schema))
        self._shard_bytes += self._group_bytes
        self._group, self._group_bytes = [], 0
        if self._shard_bytes >= SHARD_BYTES:
            self._close_shard()
            self._shard, self._shard_bytes = self._shard + 1, 0

    def _close_shard(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _row(picture: Picture, annotated: AnnotatedSet, identifiers: dict[int, str], root: Path) -> Json:
    path = root / picture.file_name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}), so it cannot be packed.") from None
    corners = [box.xyxy for box in picture.boxes]
    objects = {
        "id": [identifiers[box.number] for box in picture.boxes],
        "bbox": [[x1, y1, x2 - x1, y2 - y1] for x1, y1, x2, y2 in corners],
        "category": [annotated.classes[box.label] - 1 for box in picture.boxes],
        "parent": [_place_of_parent(box, picture) for box in picture.boxes],
        "parents": [[identifiers[parent] for parent in box.parents or ()] for box in picture.boxes],
        "source": [box.source for box in picture.boxes],
    }
    return {
        "image": {"bytes": data, "path": picture.file_name.rpartition("/")[2]},
        "file_name": picture.file_name,
        "width": picture.width,
        "height": picture.height,
        "licence": picture.licence,
        "objects": objects,
    }


def _place_of_parent(box: WrittenBox, picture: Picture) -> int:
    """The place, among the picture's boxes, of the smallest that a box lies in directly; −1 where there is none."""
    areas = {
        place: (one.xyxy[2] - one.xyxy[0]) * (one.xyxy[3] - one.xyxy[1])
        for place, one in enumerate(picture.boxes)
        if one.number in (box.parents or ())
    }
    return min(areas, key=lambda place: (areas[place], place), default=-1)


def _readme(annotated: AnnotatedSet, splits: list[str]) -> str:
    """The card: which files are which split, for `load_dataset`, and what the columns are, for people."""
    lines = [f"  - split: {split}\n    path: {json.dumps(f'data/{split}-*.parquet')}" for split in splits]
    count = sum(len(picture.boxes) for picture in annotated.pictures)
    return "\n".join(
        [
            "---", "configs:", "- config_name: default", "  data_files:", *lines, "task_categories:", "- object-detection", "---", "",
            f"# {' '.join(annotated.name.split())}", "",
            f"{len(annotated.pictures):,} pictures, {count:,} boxes, {len(annotated.classes):,} classes, written by hypviz.", "",
            "`objects` holds for every box its `id`, `bbox` ([x, y, width, height], pixels of the upright picture), `category`,",
            "`parent` (the place in these lists of the smallest box that it lies in directly, -1 for none), `parents` (the ids of all",
            "boxes that it lies in directly) and `source` (annotation, drawn or proposal).", "",
        ]
    )  # fmt: skip

"""The tables of a folder of parts (`hypviz.workspace.parts`): the work that is to be done, and the rows of its result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.data.items import Items
from hypviz.search.embedding import Embedding
from hypviz.storage.json_types import Json
from hypviz.workspace.parts import PICTURES, Place


def write_work(place: Place, items: Items, *, rows_per_file: int) -> None:
    """The pictures of a data set with their boxes, in files of `rows_per_file` pictures: what is to be embedded."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    place.filesystem.create_dir(place.sub(PICTURES), recursive=True)
    names = np.array([*items.classes, ""])  # SCENE is -1: the last
    for number, start in enumerate(range(0, len(items.images), rows_per_file)):
        stop = min(start + rows_per_file, len(items.images))
        lengths = np.diff(items.offsets[start : stop + 1])
        rows = slice(int(items.offsets[start]), int(items.offsets[stop]))
        table = pa.table(
            {
                "picture": pa.array(items.item_id[items.offsets[start:stop]].tolist()),
                "file": pa.array(items.images.file_name[start:stop].tolist()),
                "item": _lists(pa.array(items.item_id[rows].tolist()), lengths),
                "box": _lists(pa.array(items.xyxy[rows].astype(np.float32).reshape(-1)), 4 * lengths),
                "label": _lists(pa.array(names[items.label[rows]].tolist()), lengths),
            }
        )
        pq.write_table(table, place.sub(f"{PICTURES}/{number:06d}.parquet"), filesystem=place.filesystem)


def work_files(place: Place) -> list[str]:
    """Paths of the files of work, in the order of the data set."""
    from pyarrow.fs import FileSelector

    return sorted(file.path for file in place.filesystem.get_file_info(FileSelector(place.sub(PICTURES))) if file.path.endswith(".parquet"))


def read_work_file(place: Place, path: str) -> list[Any]:
    """The table in a file of work, alone in a list."""
    import pyarrow.parquet as pq

    return [pq.read_table(path, filesystem=place.filesystem)]


def read_work(place: Place) -> Json:
    """The columns item, file, label (N,) and box (N, 4) of the work, a row an item, in the order of the data set."""
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    table = ds.dataset(place.sub(PICTURES), filesystem=place.filesystem, format="parquet").to_table()
    lengths = pc.list_value_length(table["item"]).to_numpy()
    return {
        "item": np.array(pc.list_flatten(table["item"]).to_pylist(), np.str_),
        "file": np.repeat(np.array(table["file"].to_pylist(), np.str_), lengths),
        "label": np.array(pc.list_flatten(table["label"]).to_pylist(), np.str_),
        "box": pc.list_flatten(table["box"]).to_numpy().reshape(-1, 4),
    }


def with_crops(work: Any, crops: Sequence[bytes]) -> Any:
    """A table of work with a column `crops` of bytes."""
    import pyarrow as pa

    return work.append_column("crops", pa.array(list(crops), pa.large_binary()))


def vector_table(pictures: Sequence[str], items: Sequence[Sequence[str]], embedding: Embedding) -> Any:
    """A table of results: the rows of `embedding` are the items of the pictures, in their order."""
    import pyarrow as pa

    lengths = np.array([len(of_picture) for of_picture in items])
    directions = np.asarray(embedding.directions, np.float16)
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(directions.reshape(-1)), directions.shape[1])
    return pa.table(
        {
            "picture": pa.array(list(pictures), pa.string()),
            "item": _lists(pa.array([item for of_picture in items for item in of_picture], pa.string()), lengths),
            "direction": _lists(vectors, lengths),
            "radius": _lists(pa.array(np.asarray(embedding.radii, np.float32)), lengths),
        }
    )


def _lists(values: Any, lengths: NDArray[np.integer]) -> Any:
    import pyarrow as pa

    return pa.ListArray.from_arrays(pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)), values)

"""An embedding as Parquet in parts, anywhere: what a cluster writes (`hypviz.inference.ray_engine`) and a workspace reads in place.

    OUT/hypviz.json            `About`: what the vectors belong to, and whether every picture is there
    OUT/pictures/*.parquet     the work: picture, file, item, box, label; a row a picture, its whole picture first among its items
    OUT/vectors/*.parquet      the result: picture, item (n), direction (n, D) float16, radius (n) float32; a row a picture, in any order

`picture` is the item id of the whole picture, which no other picture has. OUT is a folder or any address that Arrow or fsspec
opens: `file:///…`, `s3://bucket/…`, `gs://…`. A picture that stands in two parts, which a killed worker may leave, counts once.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import WorkspaceError
from hypviz.search.embedding import Embedding

SCHEMA = 1
ABOUT, PICTURES, VECTORS, PROGRESS = "hypviz.json", "pictures", "vectors", "progress"
READ_ROWS = 4096
"""Pictures of a part that are read at a time."""


@dataclass(frozen=True)
class About:
    """hypviz.json. checkpoint, data_hash: what the vectors belong to.  dim: D.  items, pictures: how many of each there are in all.
    root: the folder that the pictures' files are named from."""

    checkpoint: str
    data_hash: str
    curv: float
    geometry: str
    dim: int
    items: int
    pictures: int
    name: str = ""
    root: str = ""
    complete: bool = False
    schema: int = SCHEMA


@dataclass(frozen=True, eq=False)
class Place:
    """A folder of parts: `filesystem`, Arrow's, and the `path` in it; `url` as it was given."""

    url: str
    filesystem: Any
    path: str

    def sub(self, name: str) -> str:
        """The path of a file or folder in it."""
        return posixpath.join(self.path, name)

    def read_about(self) -> About | None:
        """What hypviz.json says; None when there is none. WorkspaceError when it is damaged or newer."""
        from pyarrow.fs import FileType

        if self.filesystem.get_file_info(self.sub(ABOUT)).type == FileType.NotFound:
            return None
        with self.filesystem.open_input_stream(self.sub(ABOUT)) as stream:
            data = stream.read()
        try:
            content = json.loads(data)
            if content["schema"] > SCHEMA:
                raise ValueError(f"schema {content['schema']}, this hypviz reads up to {SCHEMA}")
            return About(**content)
        except (ValueError, KeyError, TypeError) as error:
            raise WorkspaceError(f"{self.url}/{ABOUT} cannot be read ({error}); choose another place, or make it anew.") from None

    def write_about(self, about: About) -> None:
        """Write hypviz.json."""
        self.filesystem.create_dir(self.path, recursive=True)
        with self.filesystem.open_output_stream(self.sub(ABOUT)) as stream:
            stream.write(json.dumps(asdict(about), indent=1).encode())

    def clear(self, *names: str) -> None:
        """Remove files and folders of these names, where they are there."""
        from pyarrow.fs import FileType

        for name in names:
            kind = self.filesystem.get_file_info(self.sub(name)).type
            if kind == FileType.Directory:
                self.filesystem.delete_dir(self.sub(name))
            elif kind == FileType.File:
                self.filesystem.delete_file(self.sub(name))


def open_place(url: str | Path) -> Place:
    """The folder behind a path or an address, whether or not it is there; WorkspaceError for one that cannot be opened."""
    from pyarrow import ArrowException
    from pyarrow.fs import FileSystem, FSSpecHandler, LocalFileSystem, PyFileSystem

    text = str(url).rstrip("/")
    if "://" not in text:
        path = Path(text).resolve()
        return Place(path.as_uri(), LocalFileSystem(), path.as_posix())
    try:
        return Place(text, *FileSystem.from_uri(text))
    except (ArrowException, ValueError, OSError):  # not one of Arrow's own: fsspec knows many more
        pass
    try:
        from fsspec.core import url_to_fs

        filesystem, path = url_to_fs(text)
    except (ImportError, ValueError, OSError) as error:
        raise WorkspaceError(
            f"{text} cannot be opened ({error}); give a folder, file:///…, s3://…, or another address of fsspec."
        ) from None
    return Place(text, PyFileSystem(FSSpecHandler(filesystem)), path)


def count_pictures(place: Place) -> int:
    """How many different pictures stand in the parts."""
    import pyarrow.compute as pc

    pictures = _dataset(place).to_table(columns=["picture"])["picture"]
    return int(pc.count_distinct(pictures).as_py())


def count_rows(place: Place, known: dict[str, int]) -> int:
    """How many rows the parts have so far, those of killed workers too; `known` holds the rows of each part, so each is read once."""
    import pyarrow.parquet as pq
    from pyarrow.fs import FileSelector

    for file in place.filesystem.get_file_info(FileSelector(place.sub(VECTORS), allow_not_found=True)):
        if file.path.endswith(".parquet") and file.path not in known:
            try:
                known[file.path] = pq.read_metadata(file.path, filesystem=place.filesystem).num_rows
            except (OSError, ValueError):  # being written
                continue
    return sum(known.values())


def read_parts(url: str | Path, item_id: NDArray[np.str_], *, about: About | None = None) -> Embedding:
    """The embedding in a folder of parts, its rows in the order of `item_id`, directions of length 1 in float32.

    Held in memory as a whole: 4 (D + 1) bytes an item. WorkspaceError when it is not complete, or has not every item.
    """
    place = open_place(url)
    about = about or complete_about(place)
    directions = np.zeros((len(item_id), about.dim), np.float32)
    radii = np.full(len(item_id), np.nan, np.float32)
    order = np.argsort(item_id)
    for ids, some, radius in _batches(place):
        at = np.searchsorted(item_id, ids, sorter=order)
        rows = order[np.minimum(at, len(order) - 1)]
        known = item_id[rows] == ids
        directions[rows[known]], radii[rows[known]] = some[known], radius[known]
    missing = np.flatnonzero(np.isnan(radii))
    if len(missing):
        raise WorkspaceError(
            f"{place.url} has no vector of {len(missing):,} items, such as {item_id[missing[0]]}; embed again with --force."
        )
    return Embedding(directions, radii, about.curv, about.geometry)


def linked_parts(folder: Path) -> list[str]:
    """Where the embeddings of a workspace folder say that their vectors lie, of those that lie in parts."""
    links = []
    for path in folder.glob("embeddings/*/meta.json"):
        try:
            link = json.loads(path.read_bytes()).get("parts")
        except (OSError, ValueError, AttributeError):  # a damaged one is not read as an embedding either
            continue
        links += [str(link)] if link else []
    return links


def complete_about(place: Place) -> About:
    """What hypviz.json says of parts that are complete; WorkspaceError for others, and where nothing can be read."""
    try:
        about = place.read_about()
    except OSError as error:
        raise WorkspaceError(f"{place.url} cannot be read ({' '.join(str(error).split())}).") from None
    if about is None:
        raise WorkspaceError(f"{place.url} holds no vectors in parts: there is no {ABOUT}.")
    if not about.complete:
        raise WorkspaceError(f"{place.url} is not complete: its run was stopped; the same `embed --engine ray` goes on with it.")
    return about


def _dataset(place: Place) -> Any:
    import pyarrow.dataset as ds

    return ds.dataset(place.sub(VECTORS), filesystem=place.filesystem, format="parquet")


def _batches(place: Place) -> Iterator[tuple[NDArray[np.str_], NDArray[np.float32], NDArray[np.float32]]]:
    """(item ids (n,), directions (n, D) of length 1, radii (n,)) of some pictures at a time."""
    import pyarrow.compute as pc

    try:
        for batch in _dataset(place).to_batches(columns=["item", "direction", "radius"], batch_size=READ_ROWS):
            ids = np.array(pc.list_flatten(batch["item"]).to_pylist(), np.str_)
            if len(ids):
                values = pc.list_flatten(pc.list_flatten(batch["direction"])).to_numpy(zero_copy_only=False)
                some = values.astype(np.float32).reshape(len(ids), -1)
                length = np.linalg.norm(some, axis=1, keepdims=True)
                yield ids, some / np.where(length > 0, length, 1), pc.list_flatten(batch["radius"]).to_numpy(zero_copy_only=False)
    except OSError as error:
        raise WorkspaceError(f"{place.url} cannot be read ({' '.join(str(error).split())}).") from None

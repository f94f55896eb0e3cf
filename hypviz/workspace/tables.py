"""Items and hierarchy as Parquet tables and back: columns only, no loop over items. The one module that knows pyarrow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import Edges, Hierarchy
from hypviz.data.items import Images, Items
from hypviz.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

STAMP = b"hypviz_stamp"
"""Key of the writing's stamp in a table's metadata."""
KINDS = ("ancestor", "direct", "duplicate")
"""Kinds of row in the edge table; a duplicate's parent is the larger box."""

_IMAGES = ("file_name", "width", "height", "content", "licence")
_BOX = ("x1", "y1", "x2", "y2")


def table_writers(folder: Path, items: Items, hierarchy: Hierarchy, stamp: str) -> dict[Path, Callable[[Path], None]]:
    """One writer per table of a workspace, keyed by the file it is for."""
    tables = {
        "images": _table({name: getattr(items.images, name) for name in _IMAGES}, stamp),
        "items": _table(_item_columns(items, hierarchy), stamp),
        "edges": _table(_edge_columns(hierarchy), stamp),
    }
    return {folder / f"{name}.parquet": _writer(table) for name, table in tables.items()}


def read_tables(folder: Path, stamp: str, *, classes: tuple[str, ...], root: Path) -> tuple[Items, Hierarchy]:
    """Items and hierarchy (without its counts) of a workspace folder.

    Raises DataError when a table is missing, damaged, of another writing than `stamp`, or contradicts the others.
    """
    import pyarrow as pa

    read = _items_of(*(_read(folder / f"{name}.parquet", stamp) for name in ("images", "items", "edges")), classes=classes, root=root)
    pa.default_memory_pool().release_unused()  # else as much again as the columns stays with the process
    return read


def _items_of(images: pa.Table, rows: pa.Table, edges: pa.Table, *, classes: tuple[str, ...], root: Path) -> tuple[Items, Hierarchy]:
    items = Items(
        item_id=_text(rows["item_id"]),
        image=_numbers(rows["image"], np.int32),
        xyxy=np.stack([_numbers(rows[name], np.float32) for name in _BOX], axis=1),
        label=_numbers(rows["label"], np.int32),
        source=_text(rows["source"]),
        images=Images(
            file_name=_text(images["file_name"]),
            width=_numbers(images["width"], np.int32),
            height=_numbers(images["height"], np.int32),
            content=_text(images["content"]),
            licence=_text(images["licence"]),
        ),
        classes=classes,
        root=root,
    )
    return items, _hierarchy(edges, _numbers(rows["depth"], np.int16))


def read_names(folder: Path) -> NDArray[np.str_]:
    """The pictures' file names of a workspace folder, unchecked; DataError when the table is missing or damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return _text(pq.read_table(folder / "images.parquet", columns=["file_name"])["file_name"])
    except (OSError, KeyError, pa.ArrowException) as error:
        raise DataError(f"images.parquet cannot be read ({' '.join(str(error).split())[:120]})") from None


def parquet_bytes(columns: Mapping[str, NDArray[Any]], about: str) -> bytes:
    """Columns of one length as the content of a Parquet file; `about`, JSON, goes into its metadata under "hypviz"."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({name: pa.array(column) for name, column in columns.items()}, metadata={b"hypviz": about.encode()})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def _item_columns(items: Items, hierarchy: Hierarchy) -> dict[str, NDArray[Any]]:
    corners = dict(zip(_BOX, np.asarray(items.xyxy, dtype=np.float32).T, strict=True))
    ends = {"item_id": items.item_id, "image": items.image}
    return ends | corners | {"label": items.label, "depth": hierarchy.depth, "source": items.source}


def _edge_columns(hierarchy: Hierarchy) -> dict[str, Any]:
    import pyarrow as pa

    edges, twins = hierarchy.edges, hierarchy.duplicate
    kind = np.concatenate([edges.direct.astype(np.int8), np.full(len(twins), KINDS.index("duplicate"), np.int8)])
    return {
        "parent": np.concatenate([edges.parent, twins[:, 0]]),
        "child": np.concatenate([edges.child, twins[:, 1]]),
        "kind": pa.DictionaryArray.from_arrays(kind, list(KINDS)),  # a word for each of millions of edges would be gigabytes
    }


def _hierarchy(edges: pa.Table, depth: NDArray[np.int16]) -> Hierarchy:
    parent, child = _numbers(edges["parent"], np.int32), _numbers(edges["child"], np.int32)
    twin, direct = (_is(edges["kind"], word) for word in ("duplicate", "direct"))
    if len(parent) and not (min(parent.min(), child.min()) >= 0 and max(parent.max(), child.max()) < len(depth)):
        raise DataError(f"edges.parquet names items beyond the {len(depth)} there are")
    distinct = Edges(parent[~twin], child[~twin], direct[~twin])
    return Hierarchy(distinct, depth, np.stack([parent[twin], child[twin]], axis=1), {})


def _table(columns: dict[str, Any], stamp: str) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {name: pa.array(column) if isinstance(column, np.ndarray) else column for name, column in columns.items()},
        metadata={STAMP: stamp.encode()},
    )


def _writer(table: pa.Table) -> Callable[[Path], None]:
    import pyarrow.parquet as pq

    def write(path: Path) -> None:
        pq.write_table(table, path, compression="zstd")

    return write


def _read(path: Path, stamp: str) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Low-cardinality text comes back as codes and a short dictionary.
        table = pq.read_table(path, read_dictionary=["source", "kind", "licence"], memory_map=False)
    except FileNotFoundError:
        raise DataError(f"{path.name} is missing") from None
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path.name} cannot be read ({' '.join(str(error).split())[:120]})") from None
    if (table.schema.metadata or {}).get(STAMP) != stamp.encode():
        raise DataError(f"{path.name} and meta.json were not written together")
    return table


def _numbers(column: pa.ChunkedArray, dtype: Any) -> NDArray[Any]:
    if column.null_count:
        raise DataError("a column of numbers has gaps")
    return np.ascontiguousarray(column.to_numpy(), dtype=dtype)


def _text(column: pa.ChunkedArray) -> NDArray[np.str_]:
    return np.concatenate([np.empty(0, "U1"), *(_words(chunk) for chunk in column.chunks)])


def _is(column: pa.ChunkedArray, word: str) -> NDArray[np.bool_]:
    """(N,) where a column of text is this word, without a copy of the words."""
    import pyarrow as pa

    def of(chunk: pa.Array) -> NDArray[np.bool_]:
        if not isinstance(chunk, pa.DictionaryArray):
            alike: NDArray[np.bool_] = _words(chunk) == word
            return alike
        among: NDArray[np.bool_] = np.array([one == word for one in chunk.dictionary.to_pylist()] or [False])
        coded: NDArray[np.bool_] = among[chunk.indices.to_numpy()]
        return coded

    return np.concatenate([np.empty(0, np.bool_), *(of(chunk) for chunk in column.chunks)])


def _words(chunk: pa.Array) -> NDArray[np.str_]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(chunk, pa.DictionaryArray):
        few: NDArray[np.str_] = np.array(chunk.dictionary.to_pylist() or [""], dtype=np.str_)
        coded: NDArray[np.str_] = few[chunk.indices.to_numpy()]
        return coded
    plain = chunk.type == pa.string() and not chunk.null_count and pc.all(pc.string_is_ascii(chunk)).as_py()
    return _ascii(chunk) if plain else np.array(chunk.to_pylist(), dtype=np.str_)


def _ascii(chunk: pa.Array) -> NDArray[np.str_]:
    """A chunk of plain letters from its bytes, without a Python string for each of millions of words. The bytes of a word stand one after
    the other, and those of the next after them: in the order of the rows."""
    _, offsets, content = chunk.buffers()
    ends = np.frombuffer(offsets, np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
    lengths = np.diff(ends)
    letters = np.zeros((len(chunk), max(1, int(lengths.max(initial=0)))), np.uint32)  # NumPy's text is four bytes a letter
    if ends[-1] > ends[0]:
        letters[np.arange(letters.shape[1]) < lengths[:, None]] = np.frombuffer(content, np.uint8)[ends[0] : ends[-1]]
    text: NDArray[np.str_] = letters.view(f"U{letters.shape[1]}")[:, 0]
    return text

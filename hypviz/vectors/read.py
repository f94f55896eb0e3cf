"""Vector files: .npy, .npz, .parquet, .safetensors and .pt/.pth, with what lies in them or beside them.

A file of several arrays names them: `vectors` (N, D), and where they are known `labels` (N), `edges` (E, 2) parent → child rows,
`images` (N) paths, `ids` (N), `curv` and `model`. One matrix alone may have any name. NAME.json beside the file, as
`export vectors` writes it, says the same of a file that has no room for it. Nothing that is read can run code.
"""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import DataError
from hypviz.storage.files import read_limited
from hypviz.vectors.columns import read_lines, short, texts_of
from hypviz.vectors.edge_files import EdgeTable, edge_table, edges_of_mapping, read_edges
from hypviz.vectors.sizes import check_arrays, check_columns
from hypviz.vectors.states import checkpoint_parts, in_words

Column = NDArray[Any]
TEXTS = ("labels", "images", "ids")
ALIASES = {
    "embeddings": "vectors", "vector": "vectors", "embedding": "vectors", "x": "vectors", "features": "vectors",
    "label": "labels", "names": "labels", "words": "labels", "objects": "labels", "targets": "labels", "target": "labels",
    "image": "images", "paths": "images", "item_id": "ids", "id": "ids", "curvature": "curv", "c": "curv",
}  # fmt: skip
"""Other names that are understood. A curvature given as a negative number is meant as −curv."""
CLASSES = ("classes", "class_names", "idx_to_class")
"""Names of the classes that whole numbers as labels count through; labels themselves when there is one per vector."""
MAX_HEADER = 64 << 20
"""Bytes of a .safetensors header, and of the NAME.json beside a file, which may hold labels and edges."""
NAMED_UNUSED = 6
"""Entries without a use that a note names."""


@dataclass(frozen=True, eq=False)
class VectorTable:
    """What a file holds: vectors (N, D) as they are, and the columns that it names; None where it says nothing.

    labels, images, ids: (N,) text, "" where one has none.  edges: rows parent → child, or an array of them.  notes: what was read
    past or taken for something, a sentence each.
    """

    vectors: Column
    labels: Column | None = None
    edges: EdgeTable | Column | None = None
    images: Column | None = None
    ids: Column | None = None
    curv: float | None = None
    model: str | None = None
    images_root: Path | None = None
    notes: tuple[str, ...] = ()

    def with_files(self, **files: Path | None) -> VectorTable:
        """With columns from files of their own: labels, images, ids one a line; edges two columns."""
        read: dict[str, Any] = {
            name: read_edges(path) if name == "edges" else read_lines(path, name, len(self.vectors))
            for name, path in files.items()
            if path is not None
        }
        return replace(self, **read)

    def edge_table(self, where: str = "vectors") -> EdgeTable | None:
        """The edges as rows; DataError when they are none."""
        return None if self.edges is None else edge_table(self.edges, where)

    def content_hash(self) -> str:
        """A hash of all that is given."""
        digest = hashlib.sha256(f"{self.curv} {self.model} {self.images_root}".encode())
        edges = self.edge_table()
        columns = {"vectors": self.vectors, "labels": self.labels, "images": self.images, "ids": self.ids}
        for name, column in (columns | {"edges": None if edges is None else edges.ends}).items():
            if column is not None:
                digest.update(f"{name} {column.dtype} {column.shape}".encode() + np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()


def read_vectors(path: Path) -> VectorTable:
    """The vectors of a file; DataError says what is wrong with it."""
    if not path.is_file():
        raise DataError(f"There is no vector file {path}.")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path} is no vector file that is known; expected one of {', '.join(READERS)}.")
    try:
        entries = reader(path)
    except DataError:
        raise
    except pickle.UnpicklingError as error:
        raise DataError(f"{path} is damaged, or holds Python objects besides tensors, which are not run; save tensors alone.") from error
    except Exception as error:  # each library has its own errors for a damaged file
        reason = " ".join(str(error).split())[:160]
        raise DataError(f"{path} cannot be read as {path.suffix} ({type(error).__name__}: {reason}).") from error
    return _table_of(_beside(path) | entries, path)


def is_vector_file(path: Path) -> bool:
    """Whether a path names a file with an ending that `read_vectors` knows; checkpoints share .pt and .safetensors."""
    return path.suffix.lower() in READERS and path.is_file()


def _npy(path: Path) -> dict[str, Any]:
    return {"vectors": np.load(path, allow_pickle=False)}


def _npz(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as arrays:
        check_arrays(path)
        return {name: arrays[name] for name in arrays.files}


def _safetensors(path: Path) -> dict[str, Any]:
    from safetensors import safe_open

    _check_header(path)
    with safe_open(path, framework="numpy") as file:
        metadata = {name: _json_value(text) for name, text in (file.metadata() or {}).items()}
        return metadata | {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping, it only has keys()


def _torch(path: Path) -> dict[str, Any]:
    import torch

    loaded = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(loaded, Mapping):
        return {"vectors": _plain(loaded)}
    return checkpoint_parts({str(name): _plain(value) for name, value in loaded.items()})


def _plain(value: Any) -> Any:
    """Tensors as arrays, also one level down; half precision as float32."""
    import torch

    if isinstance(value, Mapping):
        return {str(name): part.detach().float().numpy() if isinstance(part, torch.Tensor) else part for name, part in value.items()}
    if not isinstance(value, torch.Tensor):
        return value
    short_floats = value.is_floating_point() and value.dtype != torch.float64
    array: Column = (value.detach().float() if short_floats else value.detach()).numpy()
    return array


def _parquet(path: Path) -> dict[str, Any]:
    """A column of lists, or one column of numbers per dimension; lists of values, None where one is missing, for the rest."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_columns(path)
    table = pq.read_table(path)
    metadata = json.loads((table.schema.metadata or {}).get(b"hypviz", b"{}"))
    entries: dict[str, Any] = dict(metadata) if isinstance(metadata, dict) else {}
    numbers = []
    for name in table.column_names:
        column = table[name].combine_chunks()
        kind, known = column.type, ALIASES.get(name.lower(), name.lower())
        if pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind):
            entries[name] = _lists(column, name)
        elif pa.types.is_floating(kind) and known not in TEXTS:
            numbers.append(column.to_numpy(zero_copy_only=False))
        else:
            entries[name] = column.to_pylist()
    if numbers and not any(np.ndim(value) == 2 for value in entries.values()):
        entries["vectors"] = np.stack(numbers, axis=1)
    return entries


def _lists(column: Any, name: str) -> Column:
    flat = np.asarray(column.flatten().to_numpy(zero_copy_only=False))
    if column.null_count:
        row = column.is_null().to_pylist().index(True)
        raise DataError(f"column {name!r} has no vector in row {row}; leave that row out.")
    if len(flat) % max(len(column), 1):
        raise DataError(f"column {name!r} has lists of different lengths; every vector needs the same number of dimensions.")
    widths = {len(value) for value in column.slice(0, 1000).to_pylist()}
    if len(widths) != 1 or widths != {len(flat) // len(column)}:
        raise DataError(f"column {name!r} has lists of different lengths; every vector needs the same number of dimensions.")
    return flat.reshape(len(column), -1)


READERS: dict[str, Callable[[Path], dict[str, Any]]] = {
    ".npy": _npy, ".npz": _npz, ".parquet": _parquet, ".safetensors": _safetensors, ".pt": _torch, ".pth": _torch,
}  # fmt: skip


def _check_header(path: Path) -> None:
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
    if size > MAX_HEADER:
        raise DataError(f"{path} is damaged or no safetensors file: its header would have {size:,} bytes; at most {MAX_HEADER:,} are read.")


def _json_value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _beside(path: Path) -> dict[str, Any]:
    """What NAME.json beside the file says of the vectors; nothing when it is not there or about something else."""
    beside = path.with_suffix(".json")
    try:
        sidecar = json.loads(read_limited(beside, MAX_HEADER))
    except (OSError, ValueError, RecursionError):
        return {}
    return (
        {name: sidecar[name] for name in ("curv", "model", "images_root", "edges", *TEXTS) if name in sidecar}
        if isinstance(sidecar, dict)
        else {}
    )


def _table_of(entries: Mapping[str, Any], path: Path) -> VectorTable:
    named: dict[str, Any] = {}
    for name, value in entries.items():
        named.setdefault(ALIASES.get(name.lower(), name.lower()), value)
    vectors, vectors_name = _vectors(named, path)
    columns: dict[str, Any] = {name: texts_of(named[name], name, path) for name in TEXTS if named.get(name) is not None}
    columns["labels"], class_key = _labels(columns.get("labels"), named, len(vectors), path)
    edges = edges_of_mapping(named, str(path))
    curv = None if named.get("curv") is None else _curv(named["curv"], path)
    root = Path(str(named["images_root"])) if named.get("images_root") else None
    used = {vectors_name, class_key, *TEXTS, "edges", "edge_index", "curv", "model", "images_root", *(("parent", "child") if edges else ())}
    unused = {name: value for name, value in named.items() if name not in used and not isinstance(value, str) and np.ndim(value)}
    notes = (f"not used: {in_words(unused, NAMED_UNUSED)}",) if unused else ()
    return VectorTable(vectors, **columns, edges=edges, curv=curv, model=_model(named.get("model"), path), images_root=root, notes=notes)


def _vectors(named: Mapping[str, Any], path: Path) -> tuple[Column, str]:
    """The matrix of vectors, and the name of its entry; DataError names what there is."""
    vectors = named.get("vectors")
    inside = vectors if isinstance(vectors, Mapping) else named  # a layer of its own, as torch saves one
    if vectors is not None and inside is named:
        if not hasattr(vectors, "dtype") or np.ndim(vectors) != 2:
            raise DataError(
                f"{path}: 'vectors' must be a matrix of at least 1 row and 2 columns (N, D), got {in_words({'vectors': vectors}, 1)}."
            )
        return np.asarray(vectors), "vectors"
    matrices = [name for name, value in inside.items() if isinstance(value, np.ndarray) and value.ndim == 2 and value.dtype.kind == "f"]
    if len(matrices) != 1:
        held = in_words(inside, NAMED_UNUSED) or "nothing"
        raise DataError(f"{path} holds {held}; expected a matrix called 'vectors', or a single matrix under any name.")
    return inside[matrices[0]], "vectors" if inside is vectors else matrices[0]


def _labels(labels: Column | None, named: Mapping[str, Any], count: int, path: Path) -> tuple[Column | None, str]:
    """One label per vector: as given, or whole numbers looked up in the names of the classes; and the entry that these were in."""
    key = next((name for name in CLASSES if named.get(name) is not None), "")
    if not key:
        return labels, ""
    classes = texts_of(named[key], key, path)
    if labels is None:
        return (classes, key) if len(classes) == count else (None, "")
    numbered = all(label.isdecimal() and int(label) < len(classes) for label in labels.tolist() if label)
    if not numbered or not len(classes):
        return labels, ""
    return np.array([str(classes[int(label)]) if label else "" for label in labels.tolist()], np.str_), key


def _model(value: Any, path: Path) -> str | None:
    if value is None:
        return None
    text = np.asarray(value).item() if np.ndim(value) == 0 and not isinstance(value, Mapping) else value
    if not isinstance(text, str):
        raise DataError(f"{path} says model {short(text)}; expected its name as text, such as 'poincare'.")
    return text.strip().lower()[:NAME]


NAME = 40
"""Characters kept of the name of a model."""


def _curv(value: Any, path: Path) -> float:
    number = np.asarray(value)
    if number.size != 1 or number.dtype.kind not in "fiu" or not np.isfinite(number).all() or not number.any():
        raise DataError(f"{path} says curv {short(value)}; expected one number other than 0.")
    return abs(float(number.reshape(-1)[0]))

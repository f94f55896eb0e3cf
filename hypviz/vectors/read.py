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

Column = NDArray[Any]
COLUMNS = ("labels", "edges", "images", "ids")
ALIASES = {
    "embeddings": "vectors", "vector": "vectors", "embedding": "vectors", "x": "vectors", "features": "vectors",
    "label": "labels", "classes": "labels", "image": "images", "paths": "images", "item_id": "ids", "id": "ids",
    "curvature": "curv", "c": "curv",
}  # fmt: skip
"""Other names that are understood. A curvature given as a negative number is meant as −curv."""


@dataclass(frozen=True, eq=False)
class Given:
    """What a file holds: vectors (N, D) as they are, and the columns that it names; None where it says nothing."""

    vectors: Column
    labels: Column | None = None
    edges: Column | None = None
    images: Column | None = None
    ids: Column | None = None
    curv: float | None = None
    model: str | None = None
    images_root: Path | None = None

    def with_files(self, **files: Path | None) -> Given:
        """With columns from files of their own: labels, images, ids one a line; edges two rows a line, or a .npy."""
        read: dict[str, Any] = {
            name: read_edges(path) if name == "edges" else read_lines(path) for name, path in files.items() if path is not None
        }
        return replace(self, **read)

    def content_hash(self) -> str:
        """A hash of all that is given."""
        digest = hashlib.sha256(f"{self.curv} {self.model} {self.images_root}".encode())
        for name in ("vectors", *COLUMNS):
            column = getattr(self, name)
            if column is not None:
                digest.update(f"{name} {column.dtype} {column.shape}".encode() + np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()


def read_vectors(path: Path) -> Given:
    """The vectors of a file; DataError says what is wrong with it."""
    if not path.is_file():
        raise DataError(f"There is no vector file {path}.")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path} is no vector file that is known; expected one of {', '.join(READERS)}.")
    try:
        found = reader(path)
    except DataError:
        raise
    except pickle.UnpicklingError as error:
        raise DataError(f"{path} is damaged, or holds Python objects besides tensors, which are not run; save tensors alone.") from error
    except Exception as error:  # each library has its own errors for a damaged file
        reason = " ".join(str(error).split())[:160]
        raise DataError(f"{path} cannot be read as {path.suffix} ({type(error).__name__}: {reason}).") from error
    return _given(_beside(path) | found, path)


def is_vector_file(path: Path) -> bool:
    """Whether a path names a file with an ending that `read_vectors` knows; checkpoints share .pt and .safetensors."""
    return path.suffix.lower() in READERS and path.is_file()


def read_lines(path: Path) -> Column:
    """(N,) texts, one a line, or the list of a .json file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        values = json.loads(text) if path.suffix.lower() == ".json" else text.splitlines()
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as text, one value a line ({error}).") from None
    if not isinstance(values, list):
        raise DataError(f"{path} must hold a list, one value per vector; got {type(values).__name__}.")
    return np.array([str(value) for value in values], np.str_)


def read_edges(path: Path) -> Column:
    """(E, 2) rows parent → child: a .npy, a .json list, or two numbers a line with a comma or a space between."""
    try:
        if path.suffix.lower() == ".npy":
            return np.asarray(np.load(path, allow_pickle=False))
        if path.suffix.lower() == ".json":
            return np.array(json.loads(path.read_text(encoding="utf-8")))
        lines = [line.replace(",", " ").split() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
        lines = lines[1:] if lines and not lines[0][0].isdigit() else lines  # a header
        return np.array([[int(value) for value in line] for line in lines], np.int64).reshape(-1, 2)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as pairs of rows, parent and child ({error}).") from None


def _npy(path: Path) -> dict[str, Any]:
    return {"vectors": np.load(path, allow_pickle=False)}


def _npz(path: Path) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _safetensors(path: Path) -> dict[str, Any]:
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        said = {name: _json_value(text) for name, text in (file.metadata() or {}).items()}
        return said | {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping, it only has keys()


def _torch(path: Path) -> dict[str, Any]:
    import torch

    loaded = torch.load(path, map_location="cpu", weights_only=True)
    named = loaded if isinstance(loaded, Mapping) else {"vectors": loaded}
    return {str(name): value.detach().float().numpy() if _is_real(torch, value) else _plain(value) for name, value in named.items()}


def _is_real(torch: Any, value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.is_floating_point() and value.dtype != torch.float64


def _plain(value: Any) -> Any:
    return value.detach().numpy() if hasattr(value, "detach") else value


def _parquet(path: Path) -> dict[str, Any]:
    """A column of lists, or one column of numbers per dimension; text columns for the rest."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    said = json.loads((table.schema.metadata or {}).get(b"hypviz", b"{}"))
    found: dict[str, Any] = dict(said) if isinstance(said, dict) else {}
    numbers = []
    for name in table.column_names:
        column = table[name].combine_chunks()
        kind = column.type
        if pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind) or pa.types.is_large_list(kind):
            found[name] = _lists(column, name)
        elif pa.types.is_floating(kind):
            numbers.append(column.to_numpy(zero_copy_only=False))
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind) or pa.types.is_dictionary(kind):
            found[name] = np.array([str(value) for value in column.to_pylist()], np.str_)
    if numbers and not any(np.ndim(value) == 2 for value in found.values()):
        found["vectors"] = np.stack(numbers, axis=1)
    return found


def _lists(column: Any, name: str) -> Column:
    flat = np.asarray(column.flatten().to_numpy(zero_copy_only=False))
    if column.null_count or len(flat) % max(len(column), 1):
        raise DataError(f"column {name!r} has lists of different lengths; every vector needs the same number of dimensions.")
    widths = {len(value) for value in column.slice(0, 1000).to_pylist()}
    if len(widths) != 1 or widths != {len(flat) // len(column)}:
        raise DataError(f"column {name!r} has lists of different lengths; every vector needs the same number of dimensions.")
    return flat.reshape(len(column), -1)


READERS: dict[str, Callable[[Path], dict[str, Any]]] = {
    ".npy": _npy, ".npz": _npz, ".parquet": _parquet, ".safetensors": _safetensors, ".pt": _torch, ".pth": _torch,
}  # fmt: skip


def _json_value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _beside(path: Path) -> dict[str, Any]:
    """What NAME.json beside the file says of the vectors; nothing when it is not there or about something else."""
    beside = path.with_suffix(".json")
    try:
        said = json.loads(beside.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: said[name] for name in ("curv", "model", "images_root", *COLUMNS) if name in said} if isinstance(said, dict) else {}


def _given(found: Mapping[str, Any], path: Path) -> Given:
    named: dict[str, Any] = {}
    for name, value in found.items():
        known = ALIASES.get(name.lower(), name.lower())
        named.setdefault(known, value)
    vectors = named.get("vectors")
    if vectors is None:
        matrices = {name: value for name, value in named.items() if np.ndim(value) == 2 and np.asarray(value).dtype.kind == "f"}
        if len(matrices) != 1:
            names = ", ".join(map(str, found)) or "nothing"
            raise DataError(f"{path} holds {names}; expected a matrix called 'vectors', or a single matrix under any name.")
        vectors = next(iter(matrices.values()))
    columns = {name: np.asarray(named[name]) for name in COLUMNS if named.get(name) is not None}
    curv = None if named.get("curv") is None else _curv(named["curv"], path)
    model = None if named.get("model") is None else str(named["model"])
    root = Path(str(named["images_root"])) if named.get("images_root") else None
    return Given(np.asarray(vectors), **columns, curv=curv, model=model, images_root=root)


def _curv(value: Any, path: Path) -> float:
    number = np.asarray(value)
    if number.size != 1 or number.dtype.kind not in "fiu" or not np.isfinite(number).all() or not number.any():
        raise DataError(f"{path} says curv {value!r}; expected one number other than 0.")
    return abs(float(number.reshape(-1)[0]))

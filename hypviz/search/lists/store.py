"""Lists on disk and opened: what a certified search knows of an embedding besides the vectors themselves.

FOLDER/lists.json      schema, the embedding they were made of, the error of the codes
FOLDER/lists.npz       centroids; per list: which, angles and radii between which its items lie, size; rows without a code; a sample
FOLDER/lists.codes     per list: a byte a dimension and item, and the items' rows; mapped
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import DataError
from hypviz.search.embedding import Embedding
from hypviz.search.lists import engine
from hypviz.search.lists.bounds import Spread
from hypviz.search.scoring import Floats
from hypviz.storage.files import write_file

SCHEMA = 1
ABOUT, ARRAYS, CODES = "lists.json", "lists.npz", "lists.codes"
LOOKED = 4096
"""Rows that are compared to tell whether lists were made of an embedding."""
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Lists:
    """The lists of one embedding.

    centroids: (K, D) float32, of unit length.  centroid: (L,) int64, that of each list.  spread: angles from it between which the items
    of each list lie.  low, high: (L,) float32, their radii.  sizes: (L,) int64.  odd: rows that are in no list.  sample: rows from
    which a first value to beat comes.  codes: what a byte stands for.  error: how far a direction can be from its code.  drift:
    |‖x‖ − 1| of all rows in lists, at most.  mark: names the embedding they were made of.  index: FAISS's, None until it is opened.
    """

    centroids: Floats
    centroid: Rows
    spread: Spread
    low: Floats
    high: Floats
    sizes: Rows
    odd: Rows
    sample: Rows
    codes: engine.Codes
    error: float
    drift: float
    mark: str
    index: Any = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def items(self) -> int:
        """How many items there are in all, those in no list included."""
        return int(self.sizes.sum()) + len(self.odd)

    def save(self, folder: Path) -> None:
        """Write what is not FAISS's into the folder, lists.json last."""
        arrays = {name: getattr(self, name) for name in ("centroids", "centroid", "low", "high", "sizes", "odd", "sample")}
        arrays |= {"inner": self.spread.inner, "outer": self.spread.outer, "ends": self.codes.ends}

        def write(path: Path) -> None:
            with path.open("wb") as file:
                np.savez(file, **arrays)

        about = {"schema": SCHEMA, "mark": self.mark, "error": self.error, "drift": self.drift}
        about |= {"lists": len(self), "items": self.items}
        write_file(folder / ARRAYS, write)
        write_file(folder / ABOUT, lambda path: path.write_bytes(json.dumps(about).encode()))


def open_lists(folder: Path, embedding: Embedding) -> Lists | None:
    """The lists in a folder; None where there are none, or they are those of another embedding.

    DataError for damaged ones, SettingsError where FAISS is not installed.
    """
    if not (folder / ABOUT).is_file():
        return None
    try:
        about = json.loads((folder / ABOUT).read_bytes())
        if about["schema"] != SCHEMA or about["mark"] != mark_of(embedding):
            return None
        with np.load(folder / ARRAYS) as arrays:
            parts = {name: arrays[name] for name in arrays.files}
        spread, codes = Spread(parts.pop("inner"), parts.pop("outer")), engine.Codes(*np.split(parts.pop("ends"), 2))
        lists = Lists(spread=spread, codes=codes, **parts, **{name: about[name] for name in ("error", "drift", "mark")})
        if lists.items != len(embedding) or lists.centroids.shape[1] != embedding.directions.shape[1]:
            raise ValueError(f"they hold {lists.items:,} of {len(embedding):,} items")
        return replace(lists, index=engine.open_index(folder / CODES, codes, lists.sizes))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"The lists in {folder} are damaged ({error}); make them anew by `index --overwrite`.") from None


def mark_of(embedding: Embedding) -> str:
    """Names an embedding by its size and by `LOOKED` of its rows, spread over all of it."""
    rows = np.unique(np.linspace(0, len(embedding) - 1, LOOKED).astype(np.int64))
    digest = hashlib.sha256(repr(embedding.directions.shape).encode())
    digest.update(np.ascontiguousarray(embedding.directions[rows], np.float32).tobytes())
    digest.update(np.ascontiguousarray(embedding.radii[rows], np.float32).tobytes())
    return digest.hexdigest()[:32]

"""What was embedded of a data set before a stop or a kill: kept in parts, so that the next run goes on from there."""

from __future__ import annotations

import logging
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hypviz.storage.files import write_file
from hypviz.storage.keeping import keep, places
from hypviz.workspace.store import Workspace

log = logging.getLogger(__name__)
FOLDER = "embedding-parts"
PART = 4096
"""Items of a part: about a minute of a processor core. A set of no more has nothing to go on from."""

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]


class EmbeddingParts:
    """Directions and radii as an encoder gives them, for a workspace as it is now and one checkpoint, in files beside its embeddings.

    They are told apart by the number format that the encoder computes in, since formats differ by more than rounding.
    """

    def __init__(self, workspace: Workspace, checkpoint_hash: str) -> None:
        self.folder, self.count = workspace.folder, len(workspace.items)
        self._checkpoint, self._name = checkpoint_hash, f"{checkpoint_hash}-{workspace.items.data_hash}"
        self._waiting: list[tuple[Rows, Floats, Floats]] = []

    def read(self, number_format: str, directions: Floats, radii: Floats) -> NDArray[np.bool_]:
        """Fill in what is kept; returns which rows (N,) are. directions: (N, D), radii: (N,), both changed in place."""
        done = np.zeros(self.count, np.bool_)
        for path in self._files(number_format):
            try:
                with np.load(path) as part:
                    rows, some, far = part["rows"], part["directions"], part["radii"]
                fits = some.shape == (len(rows), directions.shape[1]) and far.shape == rows.shape
                if not (fits and rows.min() >= 0 and rows.max() < self.count and np.isfinite(some).all() and np.isfinite(far).all()):
                    raise ValueError("its rows do not fit")
            except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
                log.warning("%s is damaged (%s): its items are embedded anew", path, error)
                continue
            directions[rows], radii[rows], done[rows] = some, far, True
        return done

    def add(self, number_format: str, rows: Rows, directions: Floats, radii: Floats) -> None:
        """Keep what was embedded and is not kept yet: (n,) rows, (n, D) and (n,). It is on disk once a part is full, or with `flush`."""
        self._waiting.append((rows, directions, radii))
        if sum(len(one[0]) for one in self._waiting) >= PART:
            self.flush(number_format)

    def flush(self, number_format: str) -> None:
        """Write what is not on disk yet."""
        waiting, self._waiting = [one for one in self._waiting if len(one[0])], []
        if waiting:
            rows, directions, radii = (np.concatenate(arrays) for arrays in zip(*waiting, strict=True))
            name = f"{FOLDER}/{self._name}/{number_format}-{rows.min()}.npz"
            keep(self.folder, name, lambda path: _write(path, rows, directions, radii))

    def forget(self) -> None:
        """Remove the parts, and those of the checkpoint that were kept of other states of the data: the embedding is there, whole."""
        self._waiting.clear()
        for place in places(self.folder):
            for old in (place / FOLDER).glob(f"{self._checkpoint}-*"):
                shutil.rmtree(old, ignore_errors=True)
            if (place / FOLDER).is_dir() and not any((place / FOLDER).iterdir()):
                (place / FOLDER).rmdir()

    def _files(self, number_format: str) -> Iterator[Path]:
        for place in places(self.folder):
            yield from sorted((place / FOLDER / self._name).glob(f"{number_format}-*.npz"))


def _write(path: Path, rows: Rows, directions: Floats, radii: Floats) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)

    def whole(part: Path) -> None:
        with part.open("wb") as file:
            np.savez(file, rows=rows, directions=directions, radii=radii)

    write_file(path, whole)

"""A folder of parts, as `embed --engine ray` writes it, as own vectors: for who has the result and not the workspace it was made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hypviz.errors import DataError
from hypviz.storage.json_types import Json
from hypviz.workspace.parts import ABOUT, VECTORS, complete_about, open_place, read_parts
from hypviz.workspace.work import read_work


def is_parts(path: Path) -> bool:
    """Whether a path is a folder of parts."""
    return (path / ABOUT).is_file() and (path / VECTORS).is_dir()


def parts_entries(path: Path) -> Json:
    """What a folder of parts holds, by the names of `hypviz.vectors.read`: tangent vectors, and of each its id, class, picture and box.

    DataError for vectors of no hyperbolic model, WorkspaceError for parts that are not complete.
    """
    place = open_place(path)
    about = complete_about(place)
    if about.geometry != "hyperbolic":
        raise DataError(f"{path} holds vectors of a {about.geometry} model; expected a hyperbolic one. Open the workspace it was made of.")
    work = read_work(place)
    embedding = read_parts(path, work["item"], about=about)
    return {
        "vectors": np.asarray(embedding.directions * embedding.radii[:, None], np.float32),
        "model": "tangent", "curv": about.curv, "ids": work["item"], "labels": work["label"],
        "images": work["file"], "images_root": about.root, "boxes": work["box"],
    }  # fmt: skip

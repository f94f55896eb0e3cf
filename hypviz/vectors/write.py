"""Vectors of a workspace as a .npy file, with NAME.json beside it that says all a reader needs; `read_vectors` reads both."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.data.hierarchy import Hierarchy
from hypviz.data.items import SCENE, VECTOR, Items
from hypviz.errors import SettingsError
from hypviz.search.embedding import Embedding
from hypviz.storage.files import write_files
from hypviz.storage.json_types import Json
from hypviz.vectors.models import MODELS, as_model

Rows = NDArray[np.integer]
EUCLIDEAN = "euclidean"
"""What the vectors of a Euclidean or cosine model are written as, whichever model is asked for."""


def write_vectors(
    path: Path,
    items: Items,
    hierarchy: Hierarchy,
    embedding: Embedding,
    rows: Rows,
    *,
    model: str = "lorentz",
    about: Mapping[str, Any] | None = None,
) -> Json:
    """Write the items `rows` to `path` (.npy) and NAME.json; returns what the JSON says. SettingsError for another ending."""
    if path.suffix.lower() != ".npy":
        raise SettingsError(f"Vectors are written as .npy with a .json beside it; {path} has another ending.")
    data, description = vectors_and_words(items, hierarchy, embedding, rows, model=model, about=about)
    text = json.dumps(description, ensure_ascii=False, indent=1)
    write_files(
        {path: lambda part: part.write_bytes(data), path.with_suffix(".json"): lambda part: part.write_text(text, encoding="utf-8")}
    )
    return description


def vectors_zip(items: Items, hierarchy: Hierarchy, embedding: Embedding, rows: Rows, *, about: Mapping[str, Any] | None = None) -> bytes:
    """vectors.npy and vectors.json of the items `rows` in one zip file: what the page hands out."""
    data, description = vectors_and_words(items, hierarchy, embedding, rows, about=about)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("vectors.npy", data)
        archive.writestr("vectors.json", json.dumps(description, ensure_ascii=False, indent=1))
    return stream.getvalue()


def vectors_and_words(
    items: Items, hierarchy: Hierarchy, embedding: Embedding, rows: Rows, *, model: str = "lorentz", about: Mapping[str, Any] | None = None
) -> tuple[bytes, Json]:
    """The .npy content, and what stands beside it: model, curv, geometry, and per vector its id, label, picture and box;
    `edges` are the direct annotated pairs among the items, as rows of this file."""
    some = embedding.take(rows)
    if embedding.geometry == "hyperbolic":
        vectors = as_model(some, model)
    else:
        if model not in MODELS:
            raise SettingsError(f"model must be one of {', '.join(MODELS)}; got {model!r}.")
        model, vectors = EUCLIDEAN, np.asarray(some.directions, np.float32) * np.asarray(some.radii, np.float32)[:, None]
    stream = io.BytesIO()
    np.save(stream, vectors, allow_pickle=False)
    place = np.full(len(items), -1, np.int64)
    place[rows] = np.arange(len(rows))
    edges = hierarchy.edges
    pairs = np.stack([place[edges.parent[edges.direct]], place[edges.child[edges.direct]]], axis=1)
    description = {
        "model": model,
        "curv": float(embedding.curv),
        "geometry": embedding.geometry,
        "count": len(rows),
        "dimension": int(vectors.shape[1]),
        "ids": items.item_id[rows].tolist(),
        "labels": [None if unlabelled else items.name(int(row)) for row, unlabelled in zip(rows, _unlabelled(items, rows), strict=True)],
        "images": np.where(items.images.content != "", items.images.file_name, "")[items.image[rows]].tolist(),
        "boxes": items.xyxy[rows].tolist(),
        "images_root": str(items.root),
        "edges": pairs[(pairs >= 0).all(axis=1)].tolist(),
        "about": dict(about or {}),
    }
    return stream.getvalue(), description


def _unlabelled(items: Items, rows: Rows) -> list[bool]:
    """Which of the items are own vectors without a label; a picture's scene is called so."""
    unlabelled: list[bool] = ((items.label[rows] == SCENE) & (items.source[rows] == VECTOR)).tolist()
    return unlabelled

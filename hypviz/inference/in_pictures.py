"""What is known of pictures and their boxes before anything is learned, put into an embedding of them.

A box is a part of its picture, and a picture is what its boxes show. An encoder sees a crop and nothing else: of a box of twenty
pixels it sees a blur, and of a room nothing of the cup on the table. So a box's direction can be drawn towards its picture's, a
picture's towards its boxes', and whole pictures can be kept nearer the root than all boxes. No class enters.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hypviz.config import EncoderSettings
from hypviz.data.items import Items
from hypviz.search.embedding import Embedding

Rows = NDArray[np.int64]
Floats = NDArray[np.float32]
CHUNK = 1 << 16
"""Rows whose directions are changed at once."""


def picture_rows(items: Items, rows: NDArray[np.integer] | None = None) -> Rows:
    """(n,) for each item of ascending `rows`, None for all, the place among these rows of its whole picture, which must be one of them."""
    pictures: Rows = items.offsets[items.image if rows is None else items.image[rows]].astype(np.int64)
    return pictures if rows is None else np.searchsorted(rows, pictures).astype(np.int64)


def in_pictures(embedding: Embedding, picture: Rows, settings: EncoderSettings) -> Embedding:
    """The embedding as its encoder's settings place pictures and boxes; as it is where they leave all as learned.

    picture: (N,) for each row that of its whole picture; a whole picture is its own.

    With `contents` w the direction of a picture that has boxes becomes that of u + w m, m the direction of the mean of its boxes'. With
    `context` g a box's then becomes that of u + g p, p its picture's. With `boxes_from` R a box's radius r becomes R + r, a whole
    picture's R / (1 + ln(1 + 1/r)): both kinds keep their order, and pictures that were nearly at the root can be told apart.
    In the geometry `cosine` radii mean nothing and stay.
    """
    whole = picture == np.arange(len(picture))
    directions, radii = embedding.directions, embedding.radii
    if settings.contents or settings.context:
        directions = _directions(np.array(directions, np.float32), picture, whole, settings)
    if settings.boxes_from and embedding.geometry != "cosine":
        radii = _radii(np.asarray(radii, np.float64), whole, settings.boxes_from)
    return Embedding(directions, radii, embedding.curv, embedding.geometry)


def _directions(directions: Floats, picture: Rows, whole: NDArray[np.bool_], settings: EncoderSettings) -> Floats:
    """Changed in place: first the pictures, then their boxes."""
    pictures, boxes = np.flatnonzero(whole), np.flatnonzero(~whole)
    if settings.contents:
        sums = np.zeros((len(pictures), directions.shape[1]), np.float32)
        for some in _chunks(len(boxes)):
            np.add.at(sums, np.searchsorted(pictures, picture[boxes[some]]), directions[boxes[some]])
        for some in _chunks(len(pictures)):
            directions[pictures[some]] = _towards(directions[pictures[some]], unit(sums[some]), settings.contents)
    if settings.context:
        for some in _chunks(len(boxes)):
            directions[boxes[some]] = _towards(directions[boxes[some]], directions[picture[boxes[some]]], settings.context)
    return directions


def _towards(directions: Floats, others: Floats, weight: float) -> Floats:
    """The directions of u + weight · v; u where that has no length."""
    mixed = unit(directions + np.float32(weight) * others)
    return np.where(np.any(mixed, axis=1, keepdims=True), mixed, directions)


def unit(vectors: Floats) -> Floats:
    """(n, D) of length 1; zeros where a vector has none to speak of."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(length > 1e-6, vectors / np.maximum(length, 1e-6), 0.0).astype(np.float32)


def _radii(radii: NDArray[np.float64], whole: NDArray[np.bool_], boxes_from: float) -> Floats:
    inner = boxes_from / (1 + np.log1p(1 / np.maximum(radii, np.finfo(np.float32).tiny)))
    return np.where(whole, inner, boxes_from + radii).astype(np.float32)


def _chunks(count: int) -> Iterator[slice]:
    return (slice(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK))

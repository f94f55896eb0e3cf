"""FAISS, as far as lists need it: centroids, codes of residuals, inverted lists in a mapped file, and a range search in some of them.

Codes are 8 bits a dimension of the residual from the list's centroid (`IVF…,SQ8`). Product quantisation takes less room, but its errors are
tens of degrees, with which nothing can be proven.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import DataError, SettingsError
from hypviz.search.scoring import Floats

Bytes = NDArray[np.uint8]
Rows = NDArray[np.int64]
ALIGNED = 8
"""Items of which a list has room for a multiple, so that its rows are aligned."""
ITERATIONS = 6
"""Of k-means."""
ABSENT = "Certified search needs FAISS, which is not installed: python -m pip install faiss-cpu."


def faiss() -> Any:
    """The library; SettingsError with what to install where it is not there."""
    logging.getLogger("faiss.loader").setLevel(logging.WARNING)  # it tells of every build of its own that it tries
    try:
        import faiss as library
    except ImportError:
        raise SettingsError(ABSENT) from None
    return library


def has_faiss() -> bool:
    """Whether FAISS is installed."""
    import importlib.util

    return importlib.util.find_spec("faiss") is not None


def centroids(directions: Floats, count: int, seed: int, most: int) -> Floats:
    """(count, D) unit centroids of directions (n, D), n >= count, by spherical k-means over at most `most` of them for each."""
    dims = directions.shape[1]
    clustering = faiss().Kmeans(
        dims, count, niter=ITERATIONS, spherical=True, seed=seed, min_points_per_centroid=1, max_points_per_centroid=most
    )
    clustering.train(directions)
    length = np.linalg.norm(clustering.centroids, axis=1, keepdims=True)
    fallback = np.eye(1, dims, dtype=np.float32)  # where all cancels out, any direction is a centroid
    unit: Floats = np.where(length > np.float32(1e-6), clustering.centroids / np.maximum(length, np.float32(1e-6)), fallback)
    return unit.astype(np.float32)


def closest(directions: Floats, among: Floats) -> Rows:
    """(n,) the centroid with the largest cosine for each direction."""
    flat = faiss().IndexFlatIP(among.shape[1])
    flat.add(among)
    nearest: Rows = flat.search(directions, 1)[1][:, 0]
    return nearest


class Codes:
    """Codes of residuals: one byte a dimension, between `low` and `low` + `width` of it, (D,) float32 each."""

    def __init__(self, low: Floats, width: Floats) -> None:
        self.low, self.width = low, width
        library = faiss()
        self._quantiser = library.ScalarQuantizer(len(low), library.ScalarQuantizer.QT_8bit)
        library.copy_array_to_vector(self.ends, self._quantiser.trained)

    @property
    def ends(self) -> Floats:
        """(2 D,) as FAISS holds them: the lower ends, then the widths."""
        return np.concatenate([self.low, self.width]).astype(np.float32)

    @property
    def reach(self) -> float:
        """|R| of `bounds`."""
        return float(np.linalg.norm(np.abs(self.low.astype(np.float64)) + np.abs(self.width.astype(np.float64))))

    def encode(self, residuals: Floats) -> Bytes:
        """(n, D) codes; what lies beyond the ends is put on them."""
        codes: Bytes = self._quantiser.compute_codes(np.ascontiguousarray(residuals, np.float32))
        return codes

    def decode(self, codes: Bytes) -> Floats:
        """(n, D) residuals that the codes stand for."""
        residuals: Floats = self._quantiser.decode(codes)
        return residuals


def offsets(sizes: Rows, dims: int) -> tuple[Rows, Rows]:
    """(L,) capacities and (L + 1,) places of lists in their file, in bytes: the codes of a list, its rows as int64, each with some room."""
    capacities = -(-sizes // ALIGNED) * ALIGNED
    return capacities, np.concatenate([[0], np.cumsum(capacities * (dims + 8))])


def write_list(file: IO[bytes], codes: Bytes, rows: Rows) -> None:
    """Add a list, codes (n, D) and rows (n,), to the file of all."""
    room = -len(rows) % ALIGNED
    file.write(np.ascontiguousarray(codes).tobytes() + bytes(room * codes.shape[1]))
    file.write(rows.astype("<i8").tobytes() + bytes(room * 8))


def open_index(path: Path, codes: Codes, sizes: Rows) -> Any:
    """An index of FAISS's over the file of all lists, which is mapped. It knows no centroids: `above` is told their products.  sizes: (L,).
    DataError when the file is not as long as they are."""
    library, dims = faiss(), len(codes.low)
    capacities, places = offsets(sizes, dims)
    if path.stat().st_size != places[-1]:
        raise DataError(f"{path.name} has {path.stat().st_size:,} bytes, {places[-1]:,} belong to its lists.")
    mapped = library.OnDiskInvertedLists(len(sizes), dims, str(path))
    mapped.lists.clear()
    for size, capacity, place in zip(sizes.tolist(), capacities.tolist(), places.tolist(), strict=False):
        one = library.OnDiskOneList()
        one.size, one.capacity, one.offset = size, capacity, place
        mapped.lists.push_back(one)
    mapped.read_only, mapped.totsize = True, int(places[-1])
    mapped.do_mmap()
    coarse = library.IndexFlatIP(dims)
    kind = library.ScalarQuantizer.QT_8bit, library.METRIC_INNER_PRODUCT
    index = library.IndexIVFScalarQuantizer(coarse, dims, len(sizes), *kind, True)
    library.copy_array_to_vector(codes.ends, index.sq.trained)
    index.replace_invlists(mapped, True)
    index.own_fields, index.is_trained, index.ntotal = True, True, int(sizes.sum())
    index.parallel_mode = 1  # one query is answered by all threads
    for part in (coarse, mapped):
        part.this.disown()  # the index frees them
    return index


def above(index: Any, query: Floats, lists: Rows, cosine: Floats, least: float) -> tuple[Rows, Floats]:
    """(n,) rows and inner products of the items in `lists` whose product with query (D,) is above `least`.  cosine: of the query and the
    lists' centroids. Safe to call from several threads."""
    library = faiss()
    query, cosine, lists = np.ascontiguousarray(query, np.float32), np.ascontiguousarray(cosine, np.float32), np.ascontiguousarray(lists)
    result, settings = library.RangeSearchResult(1), library.IVFSearchParameters(nprobe=len(lists))
    pointers = [library.swig_ptr(array) for array in (query, lists, cosine)]
    index.range_search_preassigned_c(1, pointers[0], float(least), pointers[1], pointers[2], result, False, settings)
    count = int(library.rev_swig_ptr(result.lims, 2)[1])
    values = library.rev_swig_ptr(result.distances, count).copy()
    return library.rev_swig_ptr(result.labels, count).copy(), values

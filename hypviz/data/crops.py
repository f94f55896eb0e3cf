"""Square crops of all items: every image is decoded once, memory is bounded, and a file can keep them.

Decoding is `hypviz.data.pictures.open_upright`, cutting and resizing `hypviz.data.square_crop.crop_square`. A crop file is
grown batch by batch under a temporary name and renamed when whole, so a file under its own name is complete; an
interrupted build goes on where it stopped.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from hypviz.config import check_choice, check_range
from hypviz.data.items import Items
from hypviz.data.square_crop import FITS, crop_square
from hypviz.errors import DataError, WorkspaceError
from hypviz.progress import OnCount
from hypviz.storage.locks import held

__all__ = ["FITS", "build_crop_cache", "crop_square", "iter_crops"]

TASK_CROPS = 64
"""Most crops a worker makes in one go, so that an image with thousands of boxes does not fill the memory."""


def iter_crops(
    items: Items,
    rows: ArrayLike,
    *,
    size: int,
    fit: str = "squash",
    batch: int = 256,
    workers: int = 0,
    on_progress: OnCount | None = None,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
    """Crops of item rows, in batches: (rows (n,), crops (n, size, size, 3) uint8), n = `batch` but for the last.

    rows: in any order, repetitions allowed. They come out grouped by image, and otherwise in the order given, so that
    each image is decoded once. workers: threads (Pillow lets go of the interpreter while it works); 0 does all in the
    calling thread. The result does not depend on it. At most 2 × workers × 64 crops wait in memory beside the batch.
    Raises DataError naming the file and the reason when a picture cannot be read.
    """
    check_choice("fit", fit, FITS)
    check_range("size", size, 1, 1 << 14)
    check_range("batch", batch, 1, 1 << 20)
    ordered = np.asarray(rows, dtype=np.int64)
    ordered = ordered[np.argsort(items.image[ordered], kind="stable")]
    parts = _in_order(_tasks(items, ordered, size=size, fit=fit), workers)
    return _batched(ordered, parts, size=size, batch=batch, on_progress=on_progress)


def _batched(
    rows: NDArray[np.int64],
    parts: Iterator[Sequence[NDArray[np.uint8]]],
    *,
    size: int,
    batch: int,
    on_progress: OnCount | None,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
    """Gather crops, that come in the order of `rows`, to batches."""
    crops = (crop for part in parts for crop in part)
    for first in range(0, len(rows), batch):
        batch_rows = rows[first : first + batch]
        out = np.empty((len(batch_rows), size, size, 3), dtype=np.uint8)
        for place in range(len(batch_rows)):
            out[place] = next(crops)
        if on_progress is not None:
            on_progress(first + len(batch_rows), len(rows))
        yield batch_rows, out


class _Picture:
    """A picture that the tasks of an image share: the first of them decodes it; it goes when they are gone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._image: Image.Image | None = None

    def open(self) -> Image.Image:
        from hypviz.data.pictures import open_upright

        with self._lock:
            if self._image is None:
                self._image = open_upright(self.path)
            return self._image


@dataclass(frozen=True, eq=False)
class _Task:
    """Some boxes (n, 4) of one picture."""

    picture: _Picture
    boxes: NDArray[np.float32]
    size: int
    fit: str

    def run(self) -> list[NDArray[np.uint8]]:
        image = self.picture.open()
        try:
            return [crop_square(image, box, self.size, fit=self.fit) for box in self.boxes]
        except DataError as error:
            raise DataError(f"{self.picture.path}: {error}") from None


def _tasks(items: Items, rows: NDArray[np.int64], *, size: int, fit: str) -> Iterator[_Task]:
    """The work in order; rows are grouped by image."""
    starts = np.flatnonzero(np.diff(items.image[rows], prepend=-1)).tolist()
    for first, last in pairwise([*starts, len(rows)]):
        picture = _Picture(items.path(int(rows[first])))
        for start in range(first, last, TASK_CROPS):
            yield _Task(picture, items.xyxy[rows[start : min(start + TASK_CROPS, last)]], size, fit)


def _in_order(tasks: Iterator[_Task], workers: int) -> Iterator[list[NDArray[np.uint8]]]:
    """Run tasks in a bounded pool; results in the order of the tasks. Leaving early drops what has not started."""
    if workers < 1:
        yield from (task.run() for task in tasks)
        return
    waiting: deque[Future[list[NDArray[np.uint8]]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="crops")
    try:
        for task in tasks:
            waiting.append(pool.submit(task.run))
            if len(waiting) >= 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def build_crop_cache(
    items: Items,
    folder: Path,
    *,
    size: int,
    fit: str = "squash",
    workers: int = 0,
    on_progress: OnCount | None = None,
) -> NDArray[np.uint8]:
    """Crops of all items: a read-only memory map (N, size, size, 3) uint8, row for row; built when not there yet.

    The file's name holds the hash of the data, the size and the fit, so stale crops are never read. While another
    process builds the same file it is waited for. Raises WorkspaceError when the disk is too small or the file cannot be written, and
    DataError when a picture is unreadable.
    """
    check_choice("fit", fit, FITS)
    path = folder / f"crops-{items.data_hash}-{size}-{fit}.npy"
    shape = (len(items), size, size, 3)
    if not _is_whole(path, shape):
        path.parent.mkdir(parents=True, exist_ok=True)
        with held(path.with_name(f".{path.name}.lock"), "", wait_s=-1):  # a second one waits for the first and finds them whole
            if not _is_whole(path, shape):
                _write(path, items, size=size, fit=fit, workers=workers, on_progress=on_progress)
    crops: NDArray[np.uint8] = np.load(path, mmap_mode="r")
    return crops


def _header(shape: tuple[int, ...]) -> bytes:
    """The header of a .npy file of these crops."""
    stream = BytesIO()
    form = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, form)
    return stream.getvalue()


def _is_whole(path: Path, shape: tuple[int, ...]) -> bool:
    header = _header(shape)
    if not path.is_file() or path.stat().st_size != len(header) + int(np.prod(shape)):
        return False
    with path.open("rb") as file:
        return file.read(len(header)) == header


def _write(path: Path, items: Items, *, size: int, fit: str, workers: int, on_progress: OnCount | None) -> None:
    """Go on with the half-written file, or begin one, and rename it when every crop is in it."""
    part = path.with_suffix(".npy.part")
    header, row_bytes = _header((len(items), size, size, 3)), size * size * 3
    done = min(_rows_done(part, header, row_bytes), len(items))
    _check_space(path.parent, (len(items) - done) * row_bytes)

    def report(fresh: int, _: int) -> None:
        if on_progress is not None:
            on_progress(done + fresh, len(items))

    try:
        with part.open("r+b" if done else "wb") as file:
            file.truncate(len(header) + done * row_bytes)
            file.write(header)
            file.seek(len(header) + done * row_bytes)
            rows = np.arange(done, len(items))
            for _, crops in iter_crops(items, rows, size=size, fit=fit, workers=workers, on_progress=report):
                file.write(crops.data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise WorkspaceError(f"The crops cannot be written to {part}: {error.strerror or error}.") from error


def _rows_done(part: Path, header: bytes, row_bytes: int) -> int:
    """Whole rows in a half-written file; 0 when there is none or it is of other crops."""
    if not part.is_file():
        return 0
    with part.open("rb") as file:
        if file.read(len(header)) != header:
            return 0
    return (part.stat().st_size - len(header)) // row_bytes


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise WorkspaceError(
            f"The crops need {needed:,} bytes in {folder}, where {free:,} are free; "
            "free some space, choose another folder or a smaller crop size."
        )

"""Files that are either the old or the new, never half: written beside their place, then renamed into it."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PART = ".part-"
"""In the name of everything unfinished; a leftover one means that its writer was killed."""


def read_limited(path: Path, limit: int) -> bytes:
    """The bytes of a file; ValueError, before it is read, when there are more than `limit`."""
    size = path.stat().st_size
    if size > limit:
        raise ValueError(f"{path.name} has {size:,} bytes, at most {limit:,} are read")
    return path.read_bytes()


def part_of(path: Path) -> Path:
    """A fresh name beside `path` for its unfinished version."""
    return path.with_name(f"{path.name}{PART}{uuid.uuid4().hex[:8]}")


def write_file(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file, then put it in the place of `path`; on any error `path` stays as it was."""
    write_files({path: write})


def write_files(writers: dict[Path, Callable[[Path], object]]) -> None:
    """As `write_file` for files that belong together: all are complete before the first is renamed, in dict order."""
    parts = {path: part_of(path) for path in writers}
    try:
        for path, write in writers.items():
            write(parts[path])
            _to_disk(parts[path])
        for path, part in parts.items():
            part.replace(path)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait until no other process or thread is in such a block for `path`, so that it can be read, changed and written as one step.

    A small file beside `path` is held meanwhile and stays. On a file system without locks the block runs all the same.
    """
    with path.with_name(f".{path.name}.lock").open("ab") as file:
        try:
            if os.name == "nt":
                import msvcrt

                getattr(msvcrt, "locking")(file.fileno(), getattr(msvcrt, "LK_LOCK"), 1)  # noqa: B009
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            pass
        yield  # closing the file lets go


@contextmanager
def write_folder(path: Path) -> Iterator[Path]:
    """A temporary folder to fill; it takes the place of `path` at the end of the block, or vanishes on an error.

    An existing `path` is replaced with all it holds: only for folders that are wholly ours.
    """
    part, old = part_of(path), part_of(path)
    part.mkdir(parents=True)
    try:
        yield part
        for file in part.rglob("*"):
            if file.is_file():
                _to_disk(file)
        if path.exists():
            path.rename(old)
        part.rename(path)
    except BaseException:
        if old.exists() and not path.exists():
            old.rename(path)
        raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())

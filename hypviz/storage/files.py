"""Files that are either the old or the new, never half: written beside their place, then renamed into it."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hypviz.errors import HypvizError
from hypviz.storage.home import home
from hypviz.storage.locks import held
from hypviz.storage.owners import owner, signed_in

log = logging.getLogger(__name__)
PART = ".part-"
"""In the name of everything unfinished, with the name of its writer (`owners`) behind it; see `sweep`."""
COMMIT = ".commit"
"""File of a folder that says which unfinished files go where, from when they are all there until they are."""
TRIES, PAUSE_S = 100, 0.02
PROBE_BYTES = 1 << 16
BUSY_S = 60.0
"""How long a change waits for that of another process to the same file."""


def read_limited(path: Path, limit: int) -> bytes:
    """The bytes of a file; ValueError, before it is read, when there are more than `limit`."""
    size = path.stat().st_size
    if size > limit:
        raise ValueError(f"{path.name} has {size:,} bytes, at most {limit:,} are read")
    return path.read_bytes()


def part_of(path: Path) -> Path:
    """A fresh name beside `path` for its unfinished version: PATH.part-WRITER-NUMBER."""
    inside = path.resolve().is_relative_to(home().resolve())  # only there anybody sweeps
    return path.with_name(f"{path.name}{PART}{signed_in() if inside else owner()}-{uuid.uuid4().hex[:8]}")


def write_file(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file, then put it in the place of `path`; on any error `path` stays as it was.

    What the disk refuses is an OSError that names the file and says why, whatever `write` raises for it.
    """
    write_files({path: write})


def write_files(writers: dict[Path, Callable[[Path], object]]) -> None:
    """As `write_file` for files of one folder that belong together: all take their places, or none does, whenever the process is killed.

    They are renamed in dict order; a reader in between sees some of them, see `settle`.
    """
    (folder,) = {path.parent for path in writers}
    settle(folder)
    parts = {path: part_of(path) for path in writers}
    agreed = False
    try:
        for path, write in writers.items():
            with _refusals(path, parts[path]):
                write(parts[path])
                _to_disk(parts[path])
        if len(parts) > 1:
            _agree(folder, {part.name: path.name for path, part in parts.items()})
            agreed = True
            _put(folder, {part.name: path.name for path, part in parts.items()})
            (folder / COMMIT).unlink(missing_ok=True)
        else:
            parts[path].replace(path)
    finally:
        if not agreed:
            for part in parts.values():
                part.unlink(missing_ok=True)


@contextmanager
def _refusals(path: Path, part: Path) -> Iterator[None]:
    """Turn what libraries raise on a full disk, in words and kinds of their own, into the system's refusal, with the file's name."""
    try:
        yield
    except Exception as error:
        if isinstance(error, HypvizError) or (isinstance(error, OSError) and error.filename and error.strerror):
            raise
        refusal = _refusal(part) or (error if isinstance(error, OSError) else _told_by_rust(error))
        if refusal is None:
            raise
        raise OSError(refusal.errno or errno.EIO, refusal.strerror or str(error), str(path)) from error


def _refusal(part: Path) -> OSError | None:
    """What the system says to a few more bytes of an unfinished file; None when it takes them."""
    try:
        with part.open("ab") as file:
            file.write(bytes(PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error
    return None


def _told_by_rust(error: Exception) -> OSError | None:
    """The system's refusal in the words of a library written in Rust, "… (os error 28)": when it takes its unfinished file back,
    as safetensors does, the disk has room for a few more bytes again."""
    code = re.search(r"\(os error (\d+)\)", str(error))
    return OSError(int(code[1]), os.strerror(int(code[1]))) if code else None


def settle(folder: Path) -> None:
    """Put in their places files that belong together and that a process was killed, or is still at it, to put there.

    Anyone may: they are whole, and each goes where it goes only once.
    """
    journal = folder / COMMIT
    try:
        stamp, places = file_stamp(journal), json.loads(journal.read_bytes())
        if not all(Path(name).name == name for pair in places.items() for name in pair):
            raise ValueError("it names files of other folders")
    except FileNotFoundError:
        return
    except (OSError, ValueError, AttributeError, TypeError) as error:
        log.warning("%s cannot be read (%s); remove it if no hypviz works there.", journal, error)
        return
    try:
        _put(folder, places)
        if file_stamp(journal) == stamp:  # not one that came after it
            journal.unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s cannot be settled (%s).", folder, error.strerror)


def _put(folder: Path, places: dict[str, str]) -> None:
    for part, name in places.items():
        with contextlib.suppress(FileNotFoundError):  # somebody has put it there
            (folder / part).replace(folder / name)


def _agree(folder: Path, places: dict[str, str]) -> None:
    """Say which file goes where: from here on all of them will. OSError when that cannot be said."""
    journal, part = folder / COMMIT, part_of(folder / COMMIT)
    try:
        part.write_text(json.dumps(places), encoding="utf-8")
        _to_disk(part)
        for _ in range(TRIES):
            if _first(part, journal):
                return
            settle(folder)  # that of another process
            time.sleep(PAUSE_S)
        raise OSError(errno.EBUSY, "is in the way and cannot be settled", str(journal))
    finally:
        part.unlink(missing_ok=True)


def _first(part: Path, path: Path) -> bool:
    """Put a file in a place where none is; False when there is one."""
    try:
        os.link(part, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        if path.exists():
            return False
        part.replace(path)
    return True


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait until no other process or thread is in such a block for `path`, so that it can be read, changed and written as one step.

    A small file beside `path` is held meanwhile and stays. BusyError when another one has been at it for a minute.
    """
    busy = f"{path.name} in {path.parent.name} has been changed by another hypviz for a minute; try again."
    with held(path.with_name(f".{path.name}.lock"), busy, wait_s=BUSY_S):
        yield


@contextmanager
def write_folder(path: Path) -> Iterator[Path]:
    """A temporary folder to fill; it takes the place of `path` at the end of the block, or vanishes on an error.

    An existing `path` is replaced with all it holds: only for folders that are wholly ours.
    """
    part, old = part_of(path), part_of(path)
    part.mkdir(parents=True)
    try:
        with _refusals(path, part / "room"):
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


def file_stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes whenever a file is written anew, even when its time does not; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size


def allocate(path: Path) -> None:
    """Have the disk set aside all of a file that was only given its length; OSError when there is no room for it."""
    if hasattr(os, "posix_fallocate"):
        with path.open("rb+") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, path.stat().st_size))


def _to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())

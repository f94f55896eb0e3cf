"""Files that one process or thread holds at a time; the system lets go of them when their holder ends, however it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from hypviz.errors import BusyError

POLL_S = 0.02
INSTANT_S = 2.0
"""A look at whether a file is held takes it for an instant, so taking it is tried again for as long as this."""


def lock_of(path: Path) -> FileLock:
    """A lock on the file, to be held at most once; the file is made when it is taken, and stays. Threads exclude each other, too.

    The object may be passed between threads. On a file system without locks a file that exists stands for a held one.
    """
    return FileLock(path, thread_local=False, poll_interval=POLL_S)


@contextmanager
def held(path: Path, busy: str, *, wait_s: float = INSTANT_S) -> Iterator[None]:
    """Hold the file during the block; BusyError with the sentence `busy` when another holds it for longer than wait_s seconds."""
    lock = lock_of(path)
    try:
        lock.acquire(timeout=wait_s)
    except Timeout:
        raise BusyError(busy) from None
    try:
        yield
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Whether some process or thread holds the file; one that is not there is not held."""
    if not path.exists():
        return False
    lock = lock_of(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False

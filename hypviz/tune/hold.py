"""A file that one process holds at a time; the system lets go of it when the process ends, however it ends."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from hypviz.errors import BusyError

TRIES, PAUSE_S = 20, 0.1
"""A look at whether it is held takes it for an instant, so taking it is tried again for a while."""


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the file during the block; BusyError when another process does."""
    with path.open("a+b") as file:
        for _ in range(TRIES):
            if _take(file):
                break
            time.sleep(PAUSE_S)
        else:
            raise BusyError("Another process works on this training already; wait for it or stop it.")
        yield


def is_held(path: Path) -> bool:
    """Whether some process holds the file."""
    try:
        with path.open("r+b") as file:
            return not _take(file)
    except FileNotFoundError:
        return False


def _take(file: IO[bytes]) -> bool:
    """Whether the file could be taken; closing it lets go."""
    try:
        if os.name == "nt":
            import msvcrt

            getattr(msvcrt, "locking")(file.fileno(), getattr(msvcrt, "LK_NBLCK"), 1)  # noqa: B009
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True

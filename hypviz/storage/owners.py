"""Who is at work in the home folder: every process that writes there has a name and holds a file of it while it lives.

What is unfinished carries the name of its writer, so whether it is left over is a question about a process and not about a clock: the
system lets go of the file when its process ends, however it ends, and on a shared disk other machines see that, too.

    HOME/.owners/NAME    held by the process of that name
"""

from __future__ import annotations

import atexit
import os
import threading
import uuid
from pathlib import Path

from filelock import BaseFileLock

from hypviz.storage.home import home
from hypviz.storage.locks import INSTANT_S, held, is_held, lock_of

FOLDER = ".owners"
_BUSY = "The list of processes in {} has been held for a minute by another one; end that, or remove the file if none is left."
_WAIT_S = 60.0
_mutex = threading.Lock()
_name = uuid.uuid4().hex[:12]
_locks: dict[Path, BaseFileLock] = {}


def owner() -> str:
    """This process's name, 12 hexadecimal digits: another one after a fork. Nobody else can tell whether it lives, see `signed_in`."""
    return _name


def signed_in(folder: Path | None = None) -> str:
    """This process's name, known to live in a home folder (None: the home) until it ends; OSError when that cannot be written."""
    folder = (folder or home()).resolve()
    with _mutex:
        if folder not in _locks or not (folder / FOLDER / _name).exists():
            (folder / FOLDER).mkdir(parents=True, exist_ok=True)
            with held(folder / FOLDER / "lock", _BUSY.format(folder), wait_s=_WAIT_S):
                lock = lock_of(folder / FOLDER / _name)
                lock.acquire(timeout=INSTANT_S)
            _locks[folder] = lock
    return _name


def is_alive(name: str, folder: Path | None = None) -> bool:
    """Whether the process of a name lives; only of one that has signed in to that home folder."""
    return name == _name or (name.isalnum() and is_held((folder or home()) / FOLDER / name))


def forget_dead(folder: Path | None = None) -> None:
    """Remove the files of processes that are gone."""
    folder = (folder or home()).resolve()
    if not (folder / FOLDER).is_dir():
        return
    with held(folder / FOLDER / "lock", _BUSY.format(folder), wait_s=_WAIT_S):
        for path in (folder / FOLDER).iterdir():
            if path.name not in ("lock", _name) and not is_held(path):
                path.unlink(missing_ok=True)


def _sign_out() -> None:
    for folder, lock in _locks.items():
        (folder / FOLDER / _name).unlink(missing_ok=True)
        lock.release()
    _locks.clear()


def _after_fork() -> None:
    """A child is a process of its own: it has no part in what its parent holds."""
    global _name, _mutex
    _name, _mutex = uuid.uuid4().hex[:12], threading.Lock()
    _locks.clear()


atexit.register(_sign_out)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

"""One server at a time on a home folder: two would each believe to know what is drawn, waits and runs there."""

from __future__ import annotations

import json
import logging
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, Timeout

from hypviz.errors import BusyError
from hypviz.storage.files import write_file
from hypviz.storage.home import home
from hypviz.storage.locks import INSTANT_S, lock_of
from hypviz.storage.sweep import sweep
from hypviz.workspace.meta import now

log = logging.getLogger(__name__)
LOCK, ABOUT = ".server.lock", ".server.json"
"""Held by the server of a home folder; and what it says of itself, for the sentence to the next one."""


@contextmanager
def claimed_home(address: str) -> Iterator[None]:
    """Be the server of the home folder during the block, at an address; what killed processes left there is removed first.

    BusyError says which other server has it. A home folder that cannot be written to is nobody's: nothing in it can be changed.
    """
    folder = home()
    lock = _lock(folder)
    if lock is None:
        yield
        return
    try:
        lock.acquire(timeout=INSTANT_S)
    except Timeout:
        raise BusyError(_sentence(folder)) from None
    try:
        _tell(folder, address)
        sweep()
        yield
    finally:
        (folder / ABOUT).unlink(missing_ok=True)
        lock.release()


def _lock(folder: Path) -> BaseFileLock | None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        return None
    return lock_of(folder / LOCK)


def _tell(folder: Path, address: str) -> None:
    about = {"process": os.getpid(), "machine": platform.node(), "address": address, "since": now()}
    try:
        write_file(folder / ABOUT, lambda part: part.write_text(json.dumps(about), encoding="utf-8"))
    except OSError as error:  # a full disk: the lock holds all the same
        log.warning("%s cannot be written (%s).", folder / ABOUT, error.strerror)


def _sentence(folder: Path) -> str:
    try:
        about: dict[str, Any] = json.loads((folder / ABOUT).read_bytes())
        who = f"process {about['process']} on {about['machine']}, at {about['address']}, since {about['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        who = "which did not say where"
    return (
        f"Another hypviz server works in {folder.resolve()} ({who}): open its page, or stop it, "
        "or set HYPVIZ_HOME to another folder for this one."
    )

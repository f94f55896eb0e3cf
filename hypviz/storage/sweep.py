"""What killed processes left unfinished in the home folder is removed; what a living one is at is left alone."""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from hypviz.storage.files import COMMIT, PART, settle
from hypviz.storage.home import home
from hypviz.storage.owners import forget_dead, is_alive

log = logging.getLogger(__name__)
STAGE = ".intake-"
"""Start of the names of folders that take in an uploaded set; the name of the process at it follows."""
_UNFINISHED = re.compile(rf"(?:{re.escape(PART)}|^{re.escape(STAGE)})(?:([0-9a-f]{{12}})-)?[0-9a-f-]+$")
_PICTURES = ".pictures"
"""Ending of folders of a set's pictures: large, and nothing in them is written twice."""


def writer_of(name: str) -> str | None:
    """The process that an unfinished file or folder is of; "" where an earlier hypviz did not say; None for a finished one.

    >>> writer_of("state.json.part-0123456789ab-01234567"), writer_of("a.npy.part-01234567"), writer_of("a.npy")
    ('0123456789ab', '', None)
    """
    match = _UNFINISHED.search(name)
    return None if match is None else match[1] or ""


def sweep() -> list[str]:
    """Remove what is unfinished in the home folder and of a process that is gone; returns the names.

    Parts that an earlier hypviz wrote carry no name of their writer and go, too: call this where that one cannot run any more.
    """
    lives = lru_cache(maxsize=None)(lambda name: bool(name) and is_alive(name))
    removed = []
    for path in _unfinished(home()):
        if not lives(writer_of(path.name) or ""):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
            removed.append(path.name)
    forget_dead()
    if removed:
        log.info("Removed %d unfinished files of processes that are gone, such as %s.", len(removed), removed[0])
    return removed


def _unfinished(folder: Path) -> Iterator[Path]:
    """What is unfinished in a folder, however deep; nothing inside of what is unfinished itself."""
    for place, folders, files in os.walk(folder):
        if COMMIT in files:
            settle(Path(place))
        for name in (*folders, *files):
            if writer_of(name) is not None:
                yield Path(place, name)
        folders[:] = [name for name in folders if writer_of(name) is None and not name.endswith(_PICTURES)]

"""Where what is computed of a workspace is kept: in it; where that cannot be, in the home folder; else until the program ends.

What is shipped stays as it was installed: all that is computed of the demo goes to the home folder. A workspace on a read-only disk, of
another user or on a full disk can be searched, judged and shown all the same. Each place that is used instead is said once.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hypviz.errors import WorkspaceError
from hypviz.paths import ASSETS
from hypviz.storage.home import home

log = logging.getLogger(__name__)
ELSEWHERE = ".kept"
"""Folder in the home folder for what workspaces elsewhere cannot keep themselves."""
SHIPPED = ASSETS
"""Folder of the shipped workspaces."""
_renewed: list[Path] = []
_lock = threading.RLock()
_temporary: list[Path] = []
_notices: dict[Path, str] = {}


def places(folder: Path) -> list[Path]:
    """The folders in which what is computed of a workspace may lie, in the order in which they are tried."""
    name = f"{folder.name}-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"
    return [folder, home() / ELSEWHERE / name, *(each / ELSEWHERE / name for each in _temporary)]


def find(folder: Path, relative: str, *, has: str = "") -> Path:
    """The first of the places that holds `relative` (and in it `has`); that in the workspace itself when none does."""
    for place in places(folder):
        if (place / relative / has).exists():
            return place / relative
    return folder / relative


def is_shipped(folder: Path) -> bool:
    """Whether a workspace came with the program and is not being renewed."""
    return folder.is_relative_to(SHIPPED) and folder not in _renewed


@contextmanager
def renewing(folder: Path) -> Iterator[None]:
    """During the block what is computed of a shipped workspace is kept in it, to be shipped too."""
    _renewed.append(folder)
    try:
        yield
    finally:
        _renewed.remove(folder)


def first_place(folder: Path) -> Path:
    """The folder in which what is computed of a workspace is kept, as long as it can be written to."""
    return places(folder)[int(is_shipped(folder))]


def keep(folder: Path, relative: str, write: Callable[[Path], None]) -> Path | None:
    """Let `write` make the file or folder `relative` in the first place that takes it; None, with a warning, when none does."""
    reason = ""
    for place in _places_to_write(folder):
        try:
            write(place / relative)
        except OSError as error:
            reason = reason or error.strerror or type(error).__name__
            continue
        if place != first_place(folder):
            _say(folder, f"{folder} cannot be written to ({reason}): what is computed of it is kept in {place}")
        return place / relative
    _say(folder, f"{folder} cannot be written to ({reason}), nor can any other place: all is computed anew next time")
    return None


def writable_home() -> Path:
    """The home folder, or in its place a temporary one, gone when the program ends, where it cannot be written to."""
    try:
        home().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home()):
            return home()
    except OSError as error:
        place = temporary()
        reason = error.strerror or type(error).__name__
        _say(home(), f"{home()} cannot be written to ({reason}): new data sets are kept in {place} until the program ends")
        return place


def notice(folder: Path) -> str:
    """What was said of a workspace, or of the home folder, that cannot be written to; "" for all others."""
    return _notices.get(folder, "")


def temporary() -> Path:
    """A folder that goes when the program ends; WorkspaceError where the system has none to give."""
    with _lock:
        if not _temporary or not _temporary[0].is_dir():
            try:
                _temporary[:] = [Path(tempfile.mkdtemp(prefix="hypviz-"))]
            except OSError as error:
                raise WorkspaceError(f"Neither {home()} nor a temporary folder can be written to ({error}); set HYPVIZ_HOME.") from None
            atexit.register(shutil.rmtree, _temporary[0], ignore_errors=True)
        return _temporary[0]


def _places_to_write(folder: Path) -> Iterator[Path]:
    """As `places`, with a temporary folder at the end, made when it comes to that."""
    yield from places(folder)[int(is_shipped(folder)) : 2]
    try:
        temporary()
    except WorkspaceError:
        return
    yield from places(folder)[2:]


def _say(folder: Path, sentence: str) -> None:
    with _lock:
        if _notices.get(folder) != sentence:
            _notices[folder] = sentence
            log.warning("%s.", sentence)

"""Gradio's own uploads (`gradio_client`'s handle_file): a folder of this server's, so many bytes and files, gone after an hour.

Gradio would keep them for ever, in a folder that all Gradio applications of a machine share.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from hypviz.access.visitors import visitor
from hypviz.server.edge.asgi import refuse
from hypviz.server.edge.rate import Attempts

log = logging.getLogger(__name__)
PREFIX = "hypviz-uploads-"
EXPIRY_S, SWEEP_S = 3600.0, 60.0
"""A file is removed so long after it came; how often that is looked for."""
MAX_BYTES, MAX_FILES = 1 << 30, 2000
"""Of all visitors together; beyond that uploads are refused until some have expired."""
PER_VISITOR = (32, 30.0)
"""Uploads a visitor may make in a row, and the seconds until the next."""
_folder: Path | None = None


def own_folder() -> Path:
    """This process's folder for Gradio's uploads, made at the first call and removed when the process ends.

    What killed servers of this user left behind is removed then.
    """
    global _folder
    if _folder is None or not _folder.is_dir():
        base = Path(tempfile.gettempdir())
        _sweep_dead(base)
        _folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=base))
        os.environ["GRADIO_TEMP_DIR"] = str(_folder)  # where Gradio looks
        atexit.register(shutil.rmtree, _folder, ignore_errors=True)
        threading.Thread(target=_keep_sweeping, args=(_folder,), name="hypviz uploads", daemon=True).start()
    return _folder


def sweep(folder: Path, *, older_than: float) -> int:
    """Remove the files that came more than so many seconds ago, and emptied folders; returns how many files went."""
    gone, before = 0, time.time() - older_than
    for path in sorted(folder.rglob("*"), reverse=True):  # what is inside before its folder
        try:
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            elif path.lstat().st_mtime < before:
                path.unlink()
                gone += 1
        except OSError:
            continue  # in use, not empty, or gone already
    return gone


class GradioFiles:
    """Refuses an upload where there is no room for it, or its visitor has made too many."""

    def __init__(self, app: ASGIApp, *, max_bytes: int = MAX_BYTES, max_files: int = MAX_FILES) -> None:
        self.app, self.max_bytes, self.max_files = app, max_bytes, max_files
        self._made = Attempts(*PER_VISITOR)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer 429 or 507."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"].rstrip("/") == "/gradio_api/upload":
            if wait := self._made.take(visitor.get().id):
                seconds = round(wait + 1)
                words = f"You sent many files just now; the next may come in {seconds} seconds."
                return await refuse(scope, receive, send, 429, words, {"retry-after": str(seconds)})
            if not self._has_room():
                return await refuse(scope, receive, send, 507, "The server holds as many files as it has room for; try again in an hour.")
        return await self.app(scope, receive, send)

    def _has_room(self) -> bool:
        held = 0
        for number, size in enumerate(_sizes(own_folder()), start=1):
            held += size
            if held > self.max_bytes or number >= self.max_files:
                return False
        return True


def _sizes(folder: Path) -> Iterator[int]:
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                yield (Path(root) / name).lstat().st_size
            except OSError:
                continue


def _keep_sweeping(folder: Path) -> None:
    while folder.is_dir():
        time.sleep(SWEEP_S)
        sweep(folder, older_than=EXPIRY_S)


def _sweep_dead(base: Path) -> None:
    """Remove folders of processes that are gone, of this user only."""
    user = getattr(os, "getuid", lambda: None)()
    for folder in base.glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        try:
            is_ours = folder.lstat().st_uid == user if user is not None else True
        except OSError:
            continue
        if is_ours and folder.is_dir() and not folder.is_symlink() and not (owner.isascii() and owner.isdigit() and _lives(int(owner))):
            shutil.rmtree(folder, ignore_errors=True)


def _lives(process: int) -> bool:
    """Whether a process of that id runs; on Windows, where asking would signal it, always."""
    if os.name == "nt":
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # it is somebody else's
    return True

"""Children that are killed: right before their n-th change to the disk, or at any moment."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate"}


def in_child(work: Callable[[], object]) -> int:
    """Start `work` in a child of its own; returns its process id. It exits with 0, or with 1 and a traceback when `work` raises."""
    sys.stdout.flush(), sys.stderr.flush()
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        work()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(status)


def killed_at(step: int, root: Path, work: Callable[[], object]) -> bool:
    """Run `work` in a child that is killed right before its `step`-th change to something in `root`; False when it has fewer.

    AssertionError when it ends in another way than by being killed or by coming to its end.
    """
    steps = itertools.count(1)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if _changes(event, arguments, str(root)) and next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched() -> None:
        sys.addaudithook(hook)
        work()

    _, status = os.waitpid(in_child(watched), 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert killed or status == 0, f"the child ended with {status}"
    return killed


def _changes(event: str, arguments: tuple[Any, ...], root: str) -> bool:
    if event == "open":
        path, mode, flags = arguments
        writes = set(mode or "") & set("wax+") or (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        return bool(writes) and str(path).startswith(root)
    return event in CHANGES and str(arguments[0]).startswith(root)

"""Progress on the terminal: a bar with rate and time left; plain lines where there is no terminal; silent for machines."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

log = logging.getLogger(__name__)
OnProgress = Callable[[int, "int | None"], None]
"""Called with (done, total) units of work; the total may be unknown."""
OnCount = Callable[[int, int], None]
"""Called with (done, total) units of work, where the total is known."""
OnShare = Callable[[float], None]
"""Called with the share of the work that is done, 0 … 1."""
OnStage = Callable[[float, str], None]
"""Called with the share of the work that is done, 0 … 1, and what is being done, in a word or two."""
LOG_EVERY_S = 20.0


class Report(Protocol):
    """What `progress_bar` yields: report(done, total, note)."""

    def __call__(self, done: int, total: int | None, note: str = "") -> None:
        """Report that `done` of `total` (None: unknown) units are through."""


@contextmanager
def progress_bar(text: str, *, quiet: bool = False) -> Iterator[Report]:
    """A bar on standard error while the block runs; in a log file a line every 20 seconds instead."""
    if quiet:
        yield lambda done, total, note="": None
    elif not sys.stderr.isatty():
        yield _lines(text)
    else:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, TextColumn("{task.fields[note]}"), console=Console(stderr=True)) as bar:
            task = bar.add_task(text, total=None, note="")
            yield lambda done, total, note="": bar.update(task, completed=done, total=total, note=note)


def _lines(text: str) -> Report:
    start = last = time.monotonic()

    def report(done: int, total: int | None, note: str = "") -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= LOG_EVERY_S:
            last = now
            left = f", {(now - start) / done * (total - done):.0f} s left" if total and done else ""
            log.info("%s: %s of %s%s %s", text, done, total or "?", left, note)

    return report

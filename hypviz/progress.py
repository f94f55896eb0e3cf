"""Progress on the terminal: a bar with rate and time left, silent when the output is for machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

OnProgress = Callable[[int, int], None]
"""Called with (done, total) units of work."""


@contextmanager
def progress_bar(text: str, *, quiet: bool = False) -> Iterator[OnProgress]:
    """A bar on standard error while the block runs; yields the function to report (done, total) to."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[note]}"), console=Console(stderr=True), disable=quiet) as bar:
        task = bar.add_task(text, total=None, note="")

        def report(done: int, total: int, note: str = "") -> None:
            bar.update(task, completed=done, total=total, note=note)

        yield report

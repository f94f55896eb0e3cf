"""Where a piece of long work stands: the names of its states, and what every page is told of it, whoever does the work.

An evaluation and an intake run in a thread of the server (`hypviz.jobs.thread`), a training in a process of its own that leaves its
state in files (`hypviz.finetune`); a page reads the same fields of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

QUEUED, RUNNING = "queued", "running"
DONE, FAILED, CANCELLED = "done", "failed", "cancelled"
STOPPED, INTERRUPTED = "stopped", "interrupted"
"""Ended by a person, or with its server, and able to go on."""
UNDER_WAY = (QUEUED, RUNNING)
"""States that end by themselves."""


@dataclass(frozen=True)
class JobProgress:
    """state: one of the names above.  share: 0…1.  activity: in a word or two.  error: one sentence, counts where it failed.

    seconds: of work so far.  seconds_left: None while nothing can be said, counts while it runs.
    """

    id: str
    title: str
    state: str
    share: float = 0.0
    activity: str = ""
    error: str = ""
    seconds: float = 0.0
    seconds_left: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The progress for a page.

        >>> JobProgress("a", "Judging", DONE, 0.97, seconds_left=2.0).to_json()["share"]
        1.0
        """
        return {
            "id": self.id,
            "title": self.title,
            "state": self.state,
            "share": 1.0 if self.state == DONE else round(self.share, 4),
            "what": self.activity,
            "error": self.error if self.state == FAILED else "",
            "seconds": self.seconds,
            "seconds_left": self.seconds_left if self.state == RUNNING else None,
        }

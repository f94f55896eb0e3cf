"""One piece of long work at a time, in a background thread, with progress, time left and cancel."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypviz.errors import BusyError, HypvizError, page_sentence, storage_sentence
from hypviz.progress import OnStage

log = logging.getLogger(__name__)
Work = Callable[[OnStage], None]
"""work(on_stage): what it calls raises `Cancelled` once the work is no longer wanted."""
TELLING_SHARE, TELLING_SECONDS = 0.02, 1.0
"""No guess at the time left before this much is done: it would jump about."""


class Cancelled(Exception):
    """Raised inside the work when a person stopped it; it never leaves this module."""


@dataclass(eq=False)
class Job:
    """state: "running", "done", "failed" or "cancelled".  share: 0…1.  error: one sentence, when it failed."""

    title: str
    wanted: Any
    """What it works on, to tell whether another person asks for the same."""
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    state: str = "running"
    share: float = 0.0
    what: str = "starting"
    error: str = ""
    started: float = field(default_factory=time.monotonic)
    ended: float | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    def report(self, share: float, activity: str) -> None:
        """What the work calls; raises Cancelled when it is to stop."""
        if self._stop.is_set():
            raise Cancelled
        self.share, self.what = max(self.share, min(share, 1.0)), activity  # a bar never runs backwards

    def describe(self) -> dict[str, Any]:
        """The job for the page; seconds_left None while nothing can be said."""
        seconds = (self.ended or time.monotonic()) - self.started
        telling = self.state == "running" and self.share >= TELLING_SHARE and seconds >= TELLING_SECONDS
        return {
            "id": self.id,
            "title": self.title,
            "state": self.state,
            "share": round(self.share, 4),
            "what": self.what,
            "error": self.error,
            "seconds": round(seconds, 1),
            "seconds_left": round(seconds / self.share * (1 - self.share), 1) if telling else None,
            "cancelling": self._stop.is_set() and self.state == "running",
        }


class Jobs:
    """Starts jobs, one at a time; safe to share between threads and browsers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.last: Job | None = None

    def start(self, title: str, purpose: Any, work: Work) -> Job:
        """Start the work, or join the running job that wants the same; BusyError when another one is running."""
        with self._lock:
            running = self.running
            if running is not None and running.wanted == purpose:
                return running
            if running is not None:
                raise BusyError(f"{running.title} is running; wait for it or cancel it, then start this one.")
            job = self.last = Job(title, purpose)
        threading.Thread(target=self._run, args=(job, work), name=f"hypviz {title}", daemon=True).start()
        return job

    @property
    def running(self) -> Job | None:
        """The job at work, if there is one."""
        return self.last if self.last is not None and self.last.state == "running" else None

    def cancel(self, job_id: str) -> None:
        """Ask a job to stop at its next report; one that has ended, or is not known, is left alone."""
        running = self.running
        if running is not None and running.id == job_id:
            running._stop.set()

    @staticmethod
    def _run(job: Job, work: Work) -> None:
        try:
            work(job.report)
            job.share, state = 1.0, "done"
        except Cancelled:
            state = "cancelled"
        except HypvizError as error:
            job.error, state = page_sentence(error), "failed"
        except OSError as error:
            log.exception("%s failed", job.title)
            job.error, state = storage_sentence(error)[0], "failed"
        except BaseException:  # also a library that ends its thread: a job that never ended would keep all others waiting
            log.exception("%s failed", job.title)
            job.error = f"{job.title} failed by a defect of the program; the log of the server says where. Please report it."
            state = "failed"
        job.ended = time.monotonic()
        job.state = state

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
from hypviz.jobs.progress import CANCELLED, DONE, FAILED, RUNNING, JobProgress
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
    """state: RUNNING, DONE, FAILED or CANCELLED.  share: 0…1.  error: one sentence, when it failed.

    subject: what it works on, to tell whether another person asks for the same.
    """

    title: str
    subject: Any
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    state: str = RUNNING
    share: float = 0.0
    activity: str = "starting"
    error: str = ""
    started: float = field(default_factory=time.monotonic)
    ended: float | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    def report(self, share: float, activity: str) -> None:
        """What the work calls; raises Cancelled when it is to stop."""
        if self._stop.is_set():
            raise Cancelled
        self.share, self.activity = max(self.share, min(share, 1.0)), activity  # a bar never runs backwards

    def describe(self) -> dict[str, Any]:
        """The job for the page: its progress, and whether it was asked to stop."""
        seconds = (self.ended or time.monotonic()) - self.started
        telling = self.share >= TELLING_SHARE and seconds >= TELLING_SECONDS
        left = round(seconds / self.share * (1 - self.share), 1) if telling else None
        progress = JobProgress(self.id, self.title, self.state, self.share, self.activity, self.error, round(seconds, 1), left)
        return progress.to_json() | {"cancelling": self._stop.is_set() and self.state == RUNNING}


class Jobs:
    """Starts jobs, one at a time; safe to share between threads and browsers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.last: Job | None = None

    def start(self, title: str, subject: Any, work: Work) -> Job:
        """Start the work, or join the running job that wants the same; BusyError when another one is running."""
        with self._lock:
            running = self.running
            if running is not None and running.subject == subject:
                return running
            if running is not None:
                raise BusyError(f"{running.title} is running; wait for it or cancel it, then start this one.")
            job = self.last = Job(title, subject)
        threading.Thread(target=self._run, args=(job, work), name=f"hypviz {title}", daemon=True).start()
        return job

    @property
    def running(self) -> Job | None:
        """The job at work, if there is one."""
        return self.last if self.last is not None and self.last.state == RUNNING else None

    def cancel(self, job_id: str) -> None:
        """Ask a job to stop at its next report; one that has ended, or is not known, is left alone."""
        running = self.running
        if running is not None and running.id == job_id:
            running._stop.set()

    @staticmethod
    def _run(job: Job, work: Work) -> None:
        try:
            work(job.report)
            job.share, state = 1.0, DONE
        except Cancelled:
            state = CANCELLED
        except HypvizError as error:
            job.error, state = page_sentence(error), FAILED
        except OSError as error:
            log.exception("%s failed", job.title)
            job.error, state = storage_sentence(error)[0], FAILED
        except BaseException:  # also a library that ends its thread: a job that never ended would keep all others waiting
            log.exception("%s failed", job.title)
            job.error = f"{job.title} failed by a defect of the program; the log of the server says where. Please report it."
            state = FAILED
        job.ended = time.monotonic()
        job.state = state

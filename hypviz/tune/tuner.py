"""The trainings of one server: a queue on disk, one process at a time, and what every browser sees of them.

The server keeps nothing that matters in memory. What it finds unfinished when it starts, of a server that was ended or
killed, it offers to resume and does not start by itself.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from hypviz.errors import BusyError, SelectionError, SettingsError, StorageError
from hypviz.home import own_checkpoints, trainings
from hypviz.tune.describe import describe
from hypviz.tune.folder import JobFolder
from hypviz.tune.hold import is_held
from hypviz.tune.job import TuneJob
from hypviz.tune.keep import checked_name, keep, take_back
from hypviz.tune.process import GRACE_S, Worker
from hypviz.workspace_meta import now

log = logging.getLogger(__name__)
Json = dict[str, Any]
POLL_S = 0.1
RESUMABLE = ("stopped", "interrupted", "failed")
"""States from which a training goes on."""
MAX_QUEUED = 20


class Tuner:
    """Fine-tunings, one at a time on `device`; safe to share between threads and browsers."""

    def __init__(self, *, device: str = "auto") -> None:
        self.device = device
        self._lock = threading.RLock()
        self._queue: list[str] = []
        self._running: tuple[str, Worker] | None = None
        self._wishes: dict[str, str] = {}
        self._thread: threading.Thread | None = None

    # what there is

    def jobs(self) -> list[Json]:
        """All trainings, newest first, without their course."""
        folders = sorted(trainings().glob("*/job.json"), key=lambda path: path.parent.stat().st_mtime, reverse=True)
        found = [self._described(JobFolder(path.parent), brief=True) for path in folders]
        return sorted(found, key=lambda job: str(job["created"]), reverse=True)

    def overview(self) -> Json:
        """The trainings with what runs, what waits and what could be resumed."""
        jobs = self.jobs()
        running = next((job["id"] for job in jobs if job["state"] == "running"), None)
        with self._lock:
            queue = list(self._queue)
        return {"jobs": jobs, "running": running, "queue": queue, "resumable": [job["id"] for job in jobs if job["resumable"]]}

    def job(self, name: str, *, since: int = 0) -> Json:
        """One training with its course, and the loss of every step after `since`; SelectionError when there is none."""
        return self._described(JobFolder.find(name), since=since)

    def state(self, folder: JobFolder) -> str:
        """Where a job stands: what its server said of it, unless that server is gone."""
        said = str(folder.read("state").get("state", "interrupted"))
        if said not in ("queued", "running"):
            return said
        with self._lock:
            if folder.id in self._queue:
                return "queued"
            if self._running and self._running[0] == folder.id:
                return "running"
        if self._runs_elsewhere(folder):
            return "running"
        # Its thread may have written the last word between the reading and the look at the queue.
        said = str(folder.read("state").get("state", "interrupted"))
        return "interrupted" if said in ("queued", "running") else said

    def _runs_elsewhere(self, folder: JobFolder) -> bool:
        """Whether the process of another server, or of one that was just killed, still works on it."""
        return is_held(folder.lock)

    def _described(self, folder: JobFolder, *, brief: bool = False, since: int = 0) -> Json:
        state = self.state(folder)
        with self._lock:
            place = self._queue.index(folder.id) + 1 if folder.id in self._queue else None
            wish = self._wishes.get(folder.id, "") if state == "running" else ""
        extra = {"queue_place": place, "ending": wish, "resumable": state in RESUMABLE}
        return describe(folder, state, brief=brief, since=since) | extra

    # what a person does

    def submit(self, job: TuneJob) -> str:
        """Queue a new training; returns its id."""
        with self._lock:
            if len(self._queue) >= MAX_QUEUED:
                raise BusyError(f"{len(self._queue)} trainings wait already; let some of them finish or cancel them.")
            folder = JobFolder(trainings() / uuid.uuid4().hex[:12])
            folder.create(job)
            self._say(folder, "queued", created=now())
            self._enqueue(folder)
        return folder.id

    def resume(self, name: str) -> None:
        """Queue a training again that was stopped, interrupted or failed; it goes on from its last epoch."""
        folder = JobFolder.find(name)
        with self._lock:
            state = self.state(folder)
            if state in ("queued", "running"):
                raise BusyError(f"This training is {state} already.")
            if state not in RESUMABLE:
                raise SettingsError(f"A training that is {state} cannot be resumed; start a new one.")
            self._say(folder, "queued", error="")
            self._enqueue(folder)

    def stop(self, name: str) -> None:
        """End a training now; the best so far is its result."""
        self._end(name, "finish")

    def pause(self, name: str) -> None:
        """Stop a training, or take it from the queue; it can be resumed."""
        self._end(name, "pause")

    def cancel(self, name: str) -> None:
        """Stop a training and drop what it learned, or take it from the queue."""
        folder = JobFolder.find(name)
        if self.state(folder) in RESUMABLE:
            self._drop(folder)
        else:
            self._end(name, "cancel")

    def _end(self, name: str, wish: str) -> None:
        folder = JobFolder.find(name)
        with self._lock:
            if name in self._queue:
                self._queue.remove(name)
                if wish == "cancel":
                    self._drop(folder)
                else:
                    self._say(folder, "stopped")
                return
            if self._running and self._running[0] == name:
                self._wishes[name] = wish
                self._running[1].stop(finish=wish == "finish")
                return
        raise SelectionError("This training is not running here; nothing was stopped.")

    def keep(self, name: str, *, called: str, licence: str, note: str) -> str:
        """Keep a finished training's result as a checkpoint; returns the checkpoint's name."""
        folder = JobFolder.find(name)
        with self._lock:
            earlier = folder.read("state").get("kept")
            if earlier:
                raise SettingsError(f"This training's result is kept as {earlier!r} already; undo that to give it another name.")
            target = own_checkpoints() / f"{checked_name(called)}.safetensors"
            keep(folder, target, licence, note)
            self._say(folder, self.state(folder), kept=target.stem)
        return target.stem

    def undo(self, name: str) -> str:
        """Take back what was kept of a training; returns the name of the checkpoint it started from."""
        folder = JobFolder.find(name)
        with self._lock:
            kept = folder.read("state").get("kept")
            if kept:
                take_back(str(kept))
                self._say(folder, self.state(folder), kept=None)
        return folder.job.start

    def remove(self, name: str) -> None:
        """Remove a training with all it learned; a kept checkpoint stays. BusyError while it runs or waits."""
        folder = JobFolder.find(name)
        with self._lock:
            if self.state(folder) in ("queued", "running"):
                raise BusyError("This training is not over; cancel it first.")
            (folder.path / "job.json").unlink()  # from here on it is not there
        shutil.rmtree(folder.path, ignore_errors=True)

    def close(self) -> None:
        """Stop what runs, its state saved, and start nothing more. A server that just ends does the same, only later: its
        trainings stop when they miss it."""
        with self._lock:
            self._queue.clear()
            running, thread = self._running, self._thread
        if running:
            running[1].stop()
            running[1].wait(GRACE_S)
        if running and thread:
            thread.join(5)  # it writes down how the training ended

    # the one that does the work

    def _enqueue(self, folder: JobFolder) -> None:
        self._queue.append(folder.id)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="hypviz trainings", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        """Run what is queued, one after the other, until nothing is."""
        while True:
            with self._lock:
                if not self._queue:
                    self._thread = None
                    return
                folder = JobFolder(trainings() / self._queue[0])
                try:
                    self._say(folder, "running", error="")
                    worker = Worker(folder, device=self.device, caches=trainings() / "cache")
                except OSError as error:
                    self._queue.pop(0)
                    log.warning("A training cannot be started: %s", error)
                    continue
                self._queue.pop(0)
                self._running = (folder.id, worker)
            try:
                self._attend(folder, worker)
            except OSError as error:  # a full disk: the folder then says what it said before, which reads as interrupted
                log.warning("How a training ended cannot be written: %s", error)
            with self._lock:
                self._running = None
                self._wishes.pop(folder.id, None)

    def _attend(self, folder: JobFolder, worker: Worker) -> None:
        """Wait for a training's end and write down how it ended."""
        asked: float | None = None
        while not worker.wait(POLL_S):
            if asked is None and folder.id in self._wishes:
                asked = time.monotonic()
            if asked is not None and self._wishes.get(folder.id) != "finish" and time.monotonic() - asked > GRACE_S:
                worker.end()
        outcome = worker.outcome()
        with self._lock:
            if self._wishes.get(folder.id) == "cancel":
                self._drop(folder)
            else:
                self._say(folder, outcome["state"], error=outcome["error"])

    def _say(self, folder: JobFolder, state: str, **more: Any) -> None:
        folder.write("state", folder.read("state") | {"state": state} | more)

    def _drop(self, folder: JobFolder) -> None:
        """Cancelled: what was learned goes, what was measured stays to be looked at."""
        for path in (*folder.path.glob("*.safetensors"), *folder.path.glob("*.pt"), folder.path / "best.json", folder.path / "start.json"):
            path.unlink(missing_ok=True)
        self._say(folder, "cancelled", error="")


def checked(folder: Path) -> None:
    """Raise StorageError unless trainings can be kept there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be written to ({error.strerror}); set HYPVIZ_HOME to a folder that can.") from None

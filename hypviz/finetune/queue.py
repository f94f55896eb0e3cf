"""The trainings of one server: a queue on disk, one process at a time, and what every browser sees of them.

The server keeps nothing that matters in memory. A training that waits or runs is of the server that says so in its folder, as long
as that one lives (`owners`): others see it, and what they ask for is left as a wish in the folder. What is unfinished of a server
that was ended or killed is offered to be resumed and does not start by itself.
"""

from __future__ import annotations

import contextlib
import logging
import math
import shutil
import threading
import time
import uuid
from typing import Any

from hypviz.errors import BusyError, SelectionError, SettingsError
from hypviz.finetune.describe import describe, sets_apart
from hypviz.finetune.folder import JobFolder
from hypviz.finetune.keep import checked_name, keep, kept_as, take_back, tidy
from hypviz.finetune.other_servers import is_elsewhere, leave_wish, take_wish, wish_of
from hypviz.finetune.request import FinetuneRequest
from hypviz.finetune.subprocess_main import BUSY
from hypviz.finetune.training_process import GRACE_S, TrainingProcess
from hypviz.jobs.progress import CANCELLED, FAILED, INTERRUPTED, QUEUED, RUNNING, STOPPED, UNDER_WAY
from hypviz.storage.files import exclusive, settle
from hypviz.storage.home import own_checkpoints, trainings
from hypviz.storage.json_types import Json
from hypviz.storage.locks import is_held
from hypviz.storage.owners import signed_in
from hypviz.workspace.meta import now

log = logging.getLogger(__name__)
POLL_S = 0.1
PATIENCE_S = {"cancel": 10.0, "pause": GRACE_S}
"""How long a process may take to end by itself, by what was asked for; a cancelled one has nothing to save."""
RESUMABLE = (STOPPED, INTERRUPTED, FAILED)
"""States from which a training goes on."""
MAX_QUEUED = 20


class TrainingQueue:
    """Fine-tunings, one at a time on `device`; safe to share between threads and browsers."""

    def __init__(self, *, device: str = "auto") -> None:
        self.device = device
        self._lock = threading.RLock()
        self._queue: list[str] = []
        self._running: tuple[str, TrainingProcess] | None = None
        self._wishes: dict[str, str] = {}
        self._thread: threading.Thread | None = None
        tidy()

    # what there is

    def jobs(self) -> list[Json]:
        """All trainings, newest first, without their course."""
        folders = sorted(trainings().glob("*/job.json"), key=lambda path: path.parent.stat().st_mtime, reverse=True)
        jobs = [JobFolder(path.parent) for path in folders]
        apart = sets_apart([job.job for job in jobs])
        described = [self._described(job, brief=True) | {"set_apart": words} for job, words in zip(jobs, apart, strict=True)]
        return sorted(described, key=lambda job: str(job["created"]), reverse=True)

    def overview(self) -> Json:
        """The trainings with what runs, what waits and what could be resumed."""
        jobs = self.jobs()
        running = next((job["id"] for job in jobs if job["state"] == RUNNING), None)
        with self._lock:
            queue = list(self._queue)
        return {"jobs": jobs, "running": running, "queue": queue, "resumable": [job["id"] for job in jobs if job["resumable"]]}

    def job(self, name: str, *, since: int = 0) -> Json:
        """One training with its course, and the loss of every step after `since`; SelectionError when there is none."""
        return self._described(JobFolder.find(name), since=since)

    def state(self, folder: JobFolder) -> str:
        """Where a job stands: what its server said of it, unless that server is gone."""
        state = str(folder.read("state").get("state", INTERRUPTED))
        if state not in UNDER_WAY:
            return state
        with self._lock:
            if folder.id in self._queue:
                return QUEUED
            if self._running and self._running[0] == folder.id:
                return RUNNING
        if is_held(folder.lock):  # of another server, or of one that was just killed
            return RUNNING
        if is_elsewhere(folder):
            return state
        # Its thread may have written the last word between the reading and the look at the queue.
        state = str(folder.read("state").get("state", INTERRUPTED))
        return INTERRUPTED if state in UNDER_WAY else state

    def _described(self, folder: JobFolder, *, brief: bool = False, since: int = 0) -> Json:
        state = self.state(folder)
        with self._lock:
            place = self._queue.index(folder.id) + 1 if folder.id in self._queue else None
            wish = self._wishes.get(folder.id, "") or wish_of(folder) if state == RUNNING else ""
        extra = {"queue_place": place, "ending": wish, "resumable": state in RESUMABLE}
        return describe(folder, state, brief=brief, since=since) | extra

    # what a person does

    def submit(self, job: FinetuneRequest) -> str:
        """Queue a new training; returns its id."""
        with self._lock:
            if len(self._queue) >= MAX_QUEUED:
                raise BusyError(f"{len(self._queue)} trainings wait already; let some of them finish or cancel them.")
            (folder := JobFolder(trainings() / uuid.uuid4().hex[:12])).create(job)
            self._say(folder, QUEUED, created=now())
            self._enqueue(folder)
        return folder.id

    def resume(self, name: str) -> None:
        """Queue a training again that was stopped, interrupted or failed; it goes on from its last epoch."""
        folder = JobFolder.find(name)
        with self._lock:
            state = self.state(folder)
            if state in UNDER_WAY:
                where = " at another hypviz server" if is_elsewhere(folder) else ""
                raise BusyError(f"This training is {state} already{where}.")
            if state not in RESUMABLE:
                raise SettingsError(f"A training that is {state} cannot be resumed; start a new one.")
            if is_held(folder.lock):
                raise BusyError(BUSY)
            self._say(folder, QUEUED, error="")
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
                    self._say(folder, STOPPED)
                return
            if self._running and self._running[0] == name:
                self._wishes[name] = wish
                self._running[1].stop(finish=wish == "finish")
                return
        if self.state(folder) not in UNDER_WAY:
            raise SelectionError("This training is not running here; nothing was stopped.")
        leave_wish(folder, wish)
        if not is_elsewhere(folder):  # its server is gone, and its process will notice
            threading.Thread(target=self._outlast, args=(folder, wish), name="hypviz wish", daemon=True).start()

    def _outlast(self, folder: JobFolder, wish: str) -> None:
        """Wait for a process without a server to end, and do what was asked for."""
        while is_held(folder.lock):
            time.sleep(POLL_S)
        with self._lock:
            take_wish(folder)
            if wish == "cancel" and self.state(folder) in RESUMABLE:
                self._drop(folder)

    def _hear(self) -> None:
        """What other servers wish for the trainings of this one."""
        with self._lock:
            names = [*self._queue, *([self._running[0]] if self._running else [])]
        for name in names:
            with contextlib.suppress(SelectionError, OSError):  # it has ended meanwhile, or the disk takes nothing
                if wish := take_wish(JobFolder(trainings() / name)):
                    self._end(name, wish)

    def keep(self, name: str, *, called: str, licence: str, note: str) -> str:
        """Keep a finished training's result as a checkpoint; returns the checkpoint's name."""
        folder = JobFolder.find(name)
        own_checkpoints().mkdir(parents=True, exist_ok=True)
        with self._lock, exclusive(own_checkpoints() / "names"):
            settle(own_checkpoints())
            earlier = kept_as(folder)
            if earlier:
                raise SettingsError(f"This training's result is kept as {earlier!r} already; undo that to give it another name.")
            target = own_checkpoints() / f"{checked_name(called)}.safetensors"
            self._say(folder, self.state(folder), keep_as=target.stem)  # first, and true once the checkpoint is there
            keep(folder, target, licence, note)
        return target.stem

    def undo(self, name: str) -> str:
        """Take back what was kept of a training; returns the name of the checkpoint it started from."""
        folder = JobFolder.find(name)
        with self._lock:
            settle(own_checkpoints())
            if checkpoint := kept_as(folder):
                take_back(checkpoint)
                self._say(folder, self.state(folder), kept=None, keep_as=None)
        return folder.job.start

    def remove(self, name: str) -> None:
        """Remove a training with all it learned; a kept checkpoint stays. BusyError while it runs or waits."""
        folder = JobFolder.find(name)
        with self._lock:
            if self.state(folder) in UNDER_WAY:
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
        take_wish(folder)  # for an earlier run
        self._queue.append(folder.id)
        if self._thread is None or not self._thread.is_alive():
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
                    self._say(folder, RUNNING, error="")
                    worker = TrainingProcess(folder, device=self.device, caches=trainings() / "cache")
                except Exception as error:
                    log.exception("A training cannot be started")
                    self._queue.pop(0)
                    self._fail(folder, f"The training's process cannot be started ({error}); try again.")
                    continue
                self._queue.pop(0)
                self._running = (folder.id, worker)
            try:
                self._attend(folder, worker)
            except Exception as error:
                log.exception("How a training ended cannot be said")
                worker.end()
                self._fail(folder, f"The server lost sight of the training's process ({error}); resume it.")
            with self._lock:
                self._running = None
                self._wishes.pop(folder.id, None)

    def _attend(self, folder: JobFolder, worker: TrainingProcess) -> None:
        """Wait for a training's end and write down how it ended."""
        wish_times: dict[str, float] = {}
        while not worker.wait(POLL_S):
            self._hear()
            wish = self._wishes.get(folder.id, "")
            since = wish_times.setdefault(wish, time.monotonic())
            if time.monotonic() - since > PATIENCE_S.get(wish, math.inf):
                worker.end()
        outcome = worker.outcome()
        with self._lock:
            if self._wishes.get(folder.id) == "cancel":
                self._drop(folder)
            else:
                self._say(folder, outcome["state"], error=outcome["error"])

    def _say(self, folder: JobFolder, state: str, **more: Any) -> None:
        server = signed_in() if state in UNDER_WAY else None
        folder.write("state", folder.read("state") | {"state": state, "server": server} | more)

    def _fail(self, folder: JobFolder, error: str) -> None:
        """Write down that a training failed; on a full disk the folder says what it said before, which reads as interrupted."""
        with contextlib.suppress(OSError):
            self._say(folder, FAILED, error=" ".join(error.split()))

    def _drop(self, folder: JobFolder) -> None:
        """Cancelled: what was learned goes, what was measured stays to be looked at."""
        for path in (*folder.path.glob("*.safetensors"), *folder.path.glob("*.pt"), folder.path / "best.json", folder.path / "start.json"):
            path.unlink(missing_ok=True)
        self._say(folder, CANCELLED, error="")

"""A training's process as its server sees it: started, told to stop, waited for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from hypviz.finetune.folder import JobFolder
from hypviz.finetune.subprocess_main import BUSY, NOT_WRITTEN, TAKEN
from hypviz.jobs.progress import DONE, FAILED, STOPPED
from hypviz.paths import ROOT

GRACE_S = 120.0
"""How long a stopping process may take to finish its step and save, before it is ended."""


class TrainingProcess:
    """The process that runs one job."""

    def __init__(self, folder: JobFolder, *, device: str, caches: Path) -> None:
        (folder.path / "outcome.json").unlink(missing_ok=True)
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
        with (folder.path / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "hypviz.finetune.subprocess_main", str(folder.path.resolve()), device, str(caches.resolve())],
                stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment,
            )  # fmt: skip
        self.folder = folder

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def stop(self, *, finish: bool = False) -> None:
        """Ask it to stop after its step; with `finish` to conclude with the best so far."""
        try:
            if self._process.stdin:
                self._process.stdin.write(b"finish\n" if finish else b"stop\n")
                self._process.stdin.flush()
        except OSError:
            pass  # it has ended

    def end(self) -> None:
        """End it at once; its last epoch is on disk."""
        self._process.kill()

    def wait(self, seconds: float) -> bool:
        """Whether it has ended within that time."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def outcome(self) -> dict[str, str]:
        """How it ended, once it has: {"state", "error"}; a process that could not say so has crashed."""
        if self._process.stdin:
            self._process.stdin.close()
        outcome = self.folder.read("outcome")
        if outcome.get("state") in (DONE, STOPPED, FAILED):
            return {"state": outcome["state"], "error": str(outcome.get("error", ""))}
        code = self._process.returncode
        if code == TAKEN:
            return {"state": FAILED, "error": BUSY}
        if code == NOT_WRITTEN:
            where = "The training could not write into its folder: the disk is full or read-only"
            return {"state": FAILED, "error": f"{where}; {self._left()}"}
        memory = " Most often the memory did not suffice: choose fewer pairs per step, or the head only." if code in (-9, 137) else ""
        return {"state": FAILED, "error": f"The training's process ended by itself ({how_ended(code)}); {self._left()}{memory}"}

    def _left(self) -> str:
        resumable = self.folder.resumable
        return "what it learned up to its last epoch is kept, resume it." if resumable else "it had not come to an epoch yet."


def how_ended(code: int) -> str:
    """An exit status in words. Signals of negative codes need not have a name: those of real time have none.

    >>> how_ended(3), how_ended(-9), how_ended(-35)
    ('code 3', 'signal 9, SIGKILL', 'signal 35')
    """
    if code >= 0:
        return f"code {code}"
    try:
        return f"signal {-code}, {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"

"""A training's process as its server sees it: started, told to stop, waited for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from hypviz.home import ROOT
from hypviz.tune.folder import JobFolder

GRACE_S = 120.0
"""How long a stopping process may take to finish its step and save, before it is ended."""


class Worker:
    """The process that runs one job."""

    def __init__(self, folder: JobFolder, *, device: str, caches: Path) -> None:
        (folder.path / "outcome.json").unlink(missing_ok=True)
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
        with (folder.path / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "hypviz.tune.worker", str(folder.path.resolve()), device, str(caches.resolve())],
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
        told = self.folder.read("outcome")
        if told.get("state") in ("done", "stopped", "failed"):
            return {"state": told["state"], "error": str(told.get("error", ""))}
        code = self._process.returncode
        why = f"signal {-code}, {signal.Signals(-code).name}" if code and code < 0 else f"code {code}"
        memory = " Most often the memory did not suffice: choose fewer pairs per step, or the head only." if code in (-9, 137) else ""
        kept = "what it learned up to its last epoch is kept, resume it." if self.folder.resumable else "it had not come to an epoch yet."
        return {"state": "failed", "error": f"The training's process ended by itself ({why}); {kept}{memory}"}

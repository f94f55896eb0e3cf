"""Runs side by side, each a process of its own: one that fails takes no other with it, and what it began is resumed."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

from hypviz.errors import HypvizError
from hypviz.experiments.work import Run, do
from hypviz.progress import Report

POLL_S = 0.2
GRACE_S = 60.0
"""How long stopped runs may take to save their state."""


@dataclass
class _Active:
    """A run under way. share: of its steps that are done; trouble: what it said went wrong."""

    run: Run
    process: SpawnProcess
    pipe: Connection
    share: float = 0.0
    trouble: str = ""

    def listen(self) -> None:
        """Take what the process has sent: shares of its steps, at last perhaps its trouble."""
        try:
            while self.pipe.poll():
                message = self.pipe.recv()
                if isinstance(message, str):
                    self.trouble = message
                else:
                    self.share = message
        except EOFError:
            pass


def do_all(runs: Sequence[Run], jobs: int, report: Report, title: str) -> None:
    """Do the runs that are not done yet, `jobs` at a time (0: one a core, on a GPU one); `report` hears hundredths of runs.

    Raises HypvizError naming the runs that failed, when all others are done.
    """
    unique = {run.key: run for run in runs}
    waiting = [run for run in unique.values() if not run.result.is_file()]
    done, total = len(unique) - len(waiting), len(unique)
    jobs = jobs or _default_jobs(runs)
    active: list[_Active] = []
    failed: dict[str, str] = {}
    try:
        while waiting or active:
            while len(active) < jobs and (following := _next(waiting, active)):
                waiting.remove(following)
                active.append(_start(following, jobs))
            time.sleep(POLL_S)
            for one in active:
                one.listen()
            for one in [one for one in active if not one.process.is_alive()]:
                one.listen()
                active.remove(one)
                done += 1
                if not one.run.result.is_file():
                    failed[one.run.key] = one.trouble or f"its process ended with code {one.process.exitcode}"
            steps = done + sum(one.share for one in active)
            report(int(100 * steps), 100 * total, f"{title}: {done} of {total} runs done")
    finally:
        _wait_for(active)
    if failed:
        reasons = "; ".join(f"{key}: {reason}" for key, reason in failed.items())
        raise HypvizError(f"{len(failed)} of {total} runs failed ({reasons}). The others are kept; the same command tries these again.")


def _next(waiting: Sequence[Run], active: Sequence[_Active]) -> Run | None:
    """The first waiting run whose training is not under way: of runs that share one the second finds its checkpoint."""
    busy = {one.run.trained_key for one in active}
    return next((run for run in waiting if run.trained_key not in busy), None)


def _start(run: Run, jobs: int) -> _Active:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    threads = max(1, (os.cpu_count() or 1) // jobs)
    process = context.Process(target=_work, args=(run, theirs, threads), daemon=True)
    process.start()
    theirs.close()  # so that its end is seen when the process ends
    return _Active(run, process, ours)


def _work(run: Run, pipe: Connection, threads: int) -> None:
    """The process of one run: a few threads, and an end as soon as its parent is gone."""
    import torch

    torch.set_num_threads(threads)
    stop, parent = threading.Event(), multiprocessing.parent_process()

    def on_step(step: int, steps: int) -> None:
        if parent is not None and not parent.is_alive():
            stop.set()
        elif step % 5 == 0:
            pipe.send(0.95 * step / steps)  # the rest is judging

    try:
        do(run, on_step=on_step, stop=stop)
    except KeyboardInterrupt:
        pass  # the parent hears it too, and says so
    except Exception as error:
        if not stop.is_set():
            pipe.send(str(error) or type(error).__name__)


def _wait_for(active: Sequence[_Active]) -> None:
    """After Ctrl-C, which the processes hear too, let them save what they have."""
    for one in active:
        one.process.join(GRACE_S)
        if one.process.is_alive():
            one.process.terminate()


def _default_jobs(runs: Sequence[Run]) -> int:
    from hypviz.model.device import pick_device

    on_cpu = all(pick_device(device).type == "cpu" for device in {run.device for run in runs})
    return (os.cpu_count() or 1) if on_cpu else 1

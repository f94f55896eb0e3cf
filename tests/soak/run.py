"""The order of a soak: each operation by each fault in turn, until the kills are done or the time is over."""

from __future__ import annotations

import itertools
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.soak import faults
from tests.soak.operations import OPERATIONS
from tests.soak.places import Place, load_all, make_place, note_modules

Tell = Callable[[str], object]
REFUSALS = {"files that may not grow": faults.small_files, "full disk": faults.full_disk, "read-only disk": faults.read_only_disk}
SHARE_OF_OTHERS = 0.35
"""Of the time, for what is no kill."""


def soak(*, kills: int, seconds: float, seed: int | None = None, tell: Tell = lambda text: None) -> dict[str, Any]:
    """Figures of a soak. broken: a sentence for each time that something did not hold; the folder is then left to be looked at."""
    seed = random.SystemRandom().randrange(1 << 32) if seed is None else seed
    rng, begun, place = random.Random(seed), time.monotonic(), make_place()
    figures = _Figures(place, tell)
    for operation in OPERATIONS:
        figures.timed(operation)
    load_all(place)  # otherwise most kills would meet imports of libraries
    times = {operation.name: figures.timed(operation) for operation in OPERATIONS}
    spent = lambda share: time.monotonic() - begun > share * seconds  # noqa: E731
    mounts = faults.can_mount()
    for number, operation in enumerate(itertools.cycle(OPERATIONS)):
        if number >= len(OPERATIONS) * max(1, kills // 40) or (number >= len(OPERATIONS) and spent(SHARE_OF_OTHERS)):
            break
        for name, fault in REFUSALS.items():
            if mounts or fault is faults.small_files:
                figures.count(name, operation.name, partial(fault, place, operation, 0.0, rng))
        figures.count("clock jumps", operation.name, partial(faults.jump, place, operation, times[operation.name], rng))
    figures.count("two servers", "annotate", lambda: faults.two_servers(place, min(20.0, seconds / 20), rng))
    for number, operation in enumerate(itertools.cycle(OPERATIONS)):
        if number >= kills or (number >= len(OPERATIONS) and spent(1.0)):
            break
        how = signal.SIGTERM if number // len(OPERATIONS) % 5 == 4 else signal.SIGKILL
        name = f"kill by {how.name}"
        figures.count(name, operation.name, partial(faults.kill, place, operation, times[operation.name], rng, with_signal=how))
    found = figures.to_json() | {"seed": seed, "seconds": round(time.monotonic() - begun), "seconds of each": times}
    if not mounts:
        found["left out"] = "full and read-only disk: no process may mount one here"
    if not figures.broken:
        shutil.rmtree(place.root, ignore_errors=True)
    return found


class _Figures:
    """Counts what became of each fault."""

    def __init__(self, place: Place, tell: Tell) -> None:
        self.place, self.tell = place, tell
        self.broken: list[str] = []
        self.counts: dict[str, Counter[str]] = {}

    def timed(self, operation: Any) -> float:
        """Seconds that an operation takes here when it is left alone."""
        self.place.begin()
        self.place.run(lambda: operation.prepare(self.place))
        start = time.monotonic()
        self.place.run(lambda: (operation.work(self.place), note_modules(self.place)))
        seconds = time.monotonic() - start
        self.place.run(lambda: (operation.check(self.place), note_modules(self.place)))
        return round(seconds, 2)

    def count(self, fault: str, operation: str, work: Callable[[], Any]) -> None:
        """Let a fault happen."""
        counter = self.counts.setdefault(fault, Counter())
        counter["times"] += 1
        try:
            outcome = work()
            counter.update(outcome if isinstance(outcome, dict) else {outcome: 1})
        except AssertionError as error:
            outcome = "BROKEN"
            self.broken.append(f"{fault}, {operation}: {error}")
        self.tell(f"{fault:<24}{operation:<12}{outcome}")

    def to_json(self) -> dict[str, Any]:
        """All counts."""
        return {"broken": self.broken} | {fault: dict(counter) for fault, counter in self.counts.items()}

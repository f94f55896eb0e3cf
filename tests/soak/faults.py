"""The ways in which an operation is interrupted or refused. Each returns what became of it, or raises AssertionError."""

from __future__ import annotations

import datetime
import os
import random
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Callable

from tests.soak.operations import Operation, annotate, annotated, tidy
from tests.soak.places import Place

TOLD = os.pipe()
"""From the child that is refused something to its parent."""


def kill(place: Place, operation: Operation, seconds: float, rng: random.Random, *, with_signal: int = signal.SIGKILL) -> str:
    """Interrupt an operation at any moment of the time that it takes, then look at what is there. "killed" or "was done"."""
    place.begin()
    place.run(lambda: operation.prepare(place))
    process = place.child(lambda: operation.work(place))
    time.sleep(rng.uniform(0.0, 1.1 * seconds))
    os.kill(process, with_signal)
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status) or status == 0, f"{operation.name} ended with {status}"
    place.run(lambda: (tidy(place), operation.check(place), tidy(place)))
    return "killed" if os.WIFSIGNALED(status) else "was done"


def jump(place: Place, operation: Operation, seconds: float, rng: random.Random) -> str:
    """As `kill`, with the files of any age and a clock that jumps by years, forwards and back, whenever it is read."""
    real, seed = time.time, rng.random()

    def work(place: Place) -> None:
        moments = random.Random(seed)
        wild = lambda: real() + moments.uniform(-3e8, 3e8)  # noqa: E731
        time.time = wild

        class Wild(datetime.datetime):
            @classmethod
            def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
                return cls.fromtimestamp(wild(), tz)

        import hypviz.workspace.meta

        hypviz.workspace.meta.datetime = Wild
        for path in place.home.rglob("*"):
            moment = wild()
            os.utime(path, (moment, moment))
        operation.work(place)

    jumping = Operation(operation.name, work, operation.check, operation.prepare)
    return kill(place, jumping, seconds, rng)


def small_files(place: Place, operation: Operation, seconds: float, rng: random.Random) -> str:
    """Let no file become longer than a random limit, as on a disk that is full: refused with a sentence, or done."""
    limit = int(10 ** rng.uniform(0, 6.3))

    def work() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        _refused(lambda: operation.work(place))

    place.begin()
    place.run(lambda: operation.prepare(place))
    place.run(work)
    told = os.read(TOLD[0], 8).decode()
    place.run(lambda: (tidy(place), operation.check(place), tidy(place)))
    return told


def full_disk(place: Place, operation: Operation, seconds: float, rng: random.Random) -> str:
    """The home on a disk of its own with little room left: refused with a sentence, or done; and whole once there is room again."""
    slack = int(10 ** rng.uniform(3, 6.5))
    return _mounted(place, operation, lambda: f"size={_size(place) + slack}", "size=512m")


def read_only_disk(place: Place, operation: Operation, seconds: float, rng: random.Random) -> str:
    """The home on a disk that becomes read-only: refused with a sentence, or done elsewhere; and whole once it can be written to."""
    return _mounted(place, operation, lambda: "ro", "rw")


def can_mount() -> bool:
    """Whether a process may have a disk of its own here."""
    return subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=False, capture_output=True).returncode == 0


def _mounted(place: Place, operation: Operation, during: Callable[[], str], after: str) -> str:
    def work() -> None:
        _unshare()
        _mount("--make-rprivate", "/")
        _mount("-t", "tmpfs", "-o", "size=512m", "tmpfs", str(place.home))
        subprocess.run(["cp", "-a", f"{place.template}/.", str(place.home)], check=True)
        place.run(lambda: operation.prepare(place))
        _mount("-o", f"remount,{during()}", str(place.home))
        place.run(lambda: _refused(lambda: operation.work(place)))
        _mount("-o", f"remount,{after}", str(place.home))
        place.run(lambda: (tidy(place), operation.check(place), tidy(place)))

    place.begin()
    place.run(work)
    return os.read(TOLD[0], 8).decode()


def _unshare() -> None:
    """Have mounts of one's own; os.unshare is of Python 3.12."""
    import ctypes

    if ctypes.CDLL(None, use_errno=True).unshare(0x00020000):
        raise OSError(ctypes.get_errno(), "unshare")


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def _size(place: Place) -> int:
    """Bytes that a disk needs for what is in the home now: whole pages, and one for each file."""
    return sum((path.stat().st_size // 4096 + 2) * 4096 for path in place.home.rglob("*"))


def _refused(work: Callable[[], object]) -> None:
    """Do it; an error that a person is told in a sentence is as good as its end. Which of them it was goes through a pipe, not a disk."""
    from hypviz.errors import HypvizError

    told = b"was done"
    try:
        work()
    except (HypvizError, OSError) as error:
        text = str(error)
        assert "defect" not in text and "\n" not in text, f"no sentence for a person: {text}"
        told = b"refused"
    os.write(TOLD[1], told)


def two_servers(place: Place, seconds: float, rng: random.Random) -> dict[str, int]:
    """Three servers draw on the same pictures, one of them is killed: every box that was told to be on disk is there, once."""
    place.begin()

    def server(name: str) -> Callable[[], None]:
        def work() -> None:
            over = threading.Event()
            threading.Timer(seconds, over.set).start()
            annotate(place, name, -1, over=over)

        return work

    processes = [place.child(server(name)) for name in "abc"]
    time.sleep(rng.uniform(0.3, 0.9) * seconds)
    os.kill(processes[0], signal.SIGKILL)
    ended = [os.waitpid(process, 0)[1] for process in processes]
    assert ended[1:] == [0, 0], f"servers ended with {ended}"
    place.run(lambda: (tidy(place), annotated(place)))
    lines = place.acks.read_text().splitlines()
    return {f"drawn by {name}": sum(line.split()[-1].startswith(name) for line in lines) for name in "abc"}

"""`python -m hypviz bench load`: many browsers on one server while it trains: answers to clicks, errors, memory, the trainer's share."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from hypviz.cli.output import AsJson, show

PATIENCE_S = 600.0
"""How long the server may take to open, and the training to begin."""
SAMPLE_S = 2.0
TRAINING = {"set": "demo", "checkpoint": "demo", "depth": "all", "settings": {"tune.epochs": 10_000, "train.patience": 10_000}}


def load(
    items: Annotated[int, typer.Option(min=100, help="Items of the made-up data.")] = 100_000,
    browsers: Annotated[int, typer.Option(min=1, help="Browsers that click.")] = 50,
    seconds: Annotated[float, typer.Option(min=1.0, help="How long they do.")] = 120.0,
    pace: Annotated[float, typer.Option(min=0.0, help="Mean seconds between two clicks of one browser; 0: none.")] = 5.0,
    train: Annotated[bool, typer.Option(help="Fine-tune the demo meanwhile.")] = True,
    as_json: AsJson = False,
) -> None:
    """Measure a server under load: each browser asks what a click asks (the answer, the disk around it, small pictures), looks, and
    clicks again. Browsers and server share this machine here; the figures say what each took of it."""
    with tempfile.TemporaryDirectory(prefix="hypviz-load-") as folder, _server(Path(folder), items) as (process, port, key):
        training = _start_training(port, Path(folder)) if train else None
        result = measure(port, key, items=items, browsers=browsers, seconds=seconds, pace=pace, server=process.pid, trainer=training)
    show(result, "\n".join(f"{name:<44}{_cell(value):>16}" for name, value in result.items()), as_json=as_json)


def measure(
    port: int, key: str, *, items: int, browsers: int, seconds: float, pace: float, server: int, trainer: int | None
) -> dict[str, Any]:
    """Let browsers click for a while; the figures. server, trainer: ids of their processes, whose share of all cores is told."""
    from hypviz.cli.load_clients import click_for

    before, began = {pid: _cpu_seconds(pid) for pid in (server, trainer, os.getpid()) if pid}, time.monotonic()
    memory: list[tuple[float, float]] = []

    def watch() -> None:
        if not memory or time.monotonic() - began - memory[-1][0] >= SAMPLE_S:
            memory.append((time.monotonic() - began, _resident_mib(server)))

    timings = click_for(port, key, items=items, browsers=browsers, seconds=seconds, pace=pace, meanwhile=watch)
    spent, cores = time.monotonic() - began, os.cpu_count() or 1
    share = {pid: (_cpu_seconds(pid) - used) / (spent * cores) for pid, used in before.items()}
    settled = [mib for moment, mib in memory if moment > spent / 3] or [memory[-1][1]]
    return {
        "items": items, "browsers": browsers, "seconds": round(spent, 1), "seconds between clicks": pace, "cores": cores,
        "server's processor time a click (ms)": round(1e3 * share[server] * spent * cores / max(1, len(timings.click)), 1),
        "load average": round(os.getloadavg()[0], 1), **timings.figures(spent),
        "server memory, MiB, at first": round(memory[0][1]), "after a third of the time": round(settled[0]),
        "at the end": round(settled[-1]), "at most": round(max(mib for _, mib in memory)),
        "share of all cores: server": round(share[server], 3), "share of all cores: browsers": round(share[os.getpid()], 3),
        "share of all cores: trainer": round(share[trainer], 3) if trainer else None,
    }  # fmt: skip


@contextmanager
def _server(folder: Path, items: int) -> Iterator[tuple[subprocess.Popen[bytes], int, str]]:
    """The application on made-up data in a home folder of its own: its process, its port, and the key of what it shows."""
    from hypviz.explore.library import Library
    from hypviz.paths import ROOT
    from hypviz.workspace.synthetic import make_workspace

    home, port = folder / "home", _free_port()
    workspace = make_workspace(home / "made-up", items)
    key = Library().open(str(workspace.folder), "demo").key
    command = [sys.executable, "-m", "hypviz", "app", "--no-browser", "--port", str(port)]
    command += ["--data", str(workspace.folder), "--checkpoint", "demo"]
    log = folder / "log.txt"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=file, env={**os.environ, "HYPVIZ_HOME": str(home)})
    try:
        _wait(lambda: process.poll() is not None or _listens(port), "the server did not open")
        if process.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text(errors='replace')[-2000:]}")
        yield process, port, key
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


def _start_training(port: int, folder: Path) -> int:
    """The process of a training that has begun to learn."""
    from hypviz.cli.load_clients import ask
    from hypviz.storage.home import trainings

    name = ask(port, "POST", "/hypviz/tune/jobs", TRAINING)["id"]
    os.environ["HYPVIZ_HOME"] = str(folder / "home")
    from hypviz.finetune.folder import JobFolder

    _wait(lambda: ask(port, "GET", f"/hypviz/tune/jobs/{name}")["step"] > 0, "the training did not begin")
    return int(JobFolder(trainings() / name).read("status")["process"])


def _wait(until: Any, failure: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not until():
        if time.monotonic() > end:
            raise RuntimeError(f"{failure} within {PATIENCE_S:.0f} s")
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _cpu_seconds(process: int) -> float:
    """Processor time of a process so far, from Linux's /proc; 0 where there is none."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_mib(process: int) -> float:
    """Memory that a process holds, MiB; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
    except OSError:
        return 0.0


def _cell(value: Any) -> str:
    return "–" if value is None else f"{value:,}"

"""Every command in the pages is run as it stands there, in a folder in which the files that it names lie, and does what it says.

A section's commands are run one after another, so that one finds what another before it made. What they are run on is small (`place.py`),
and steps, seeds and sizes are brought down by the commands' own options (`table.py`, with reasons).
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.commands import Done, Run, command_runner
from tests.docs_run.lines import Line, sections, to_run
from tests.docs_run.place import copy_place, make_place
from tests.docs_run.visited import free_port, visited
from tests.documented import ROOT
from tests.hub.local_hub import LocalHub
from tests.hub.repositories import add_data, add_model
from tests.worlds import TinyWorld

SECTIONS = sections()
SAYS = {
    "embed": "items embedded in",
    "search": "from the root",
    "evaluate": "## Child → parent",
    "health": "# Hierarchy health",
    "index": "lists of",
    "heads": "| untouched backbone, cosine |",
    "experiment": "hyp†: hyperbolic angle, cross-image pairs",
    "data import": "boxes",
    "doctor": "torch",
}
"""Words of a command's answer, where it is not JSON."""
Reader = Callable[[Line], Done]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Path:
    return make_place(tmp_path_factory.mktemp("place"), tmp_path_factory.mktemp("large"), shared_data)


@pytest.fixture
def folder(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the reader stands: own workspaces are in `workspaces`, as in a checkout."""
    copy = copy_place(place, tmp_path / "place")
    monkeypatch.chdir(copy)
    monkeypatch.setenv("HYPVIZ_HOME", str(copy / "workspaces"))
    monkeypatch.setenv("PATH", f"{copy / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # the processes that a command starts are in the checkout, too
    monkeypatch.setenv("PHOTO", str(copy / "photo.jpg"))
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    monkeypatch.delenv("DISPLAY", raising=False)
    yield copy
    monkeypatch.chdir(ROOT)
    shutil.rmtree(copy)


@pytest.fixture
def reader(
    folder: Path, hub: LocalHub, login: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Reader:
    """Runs a line of a page: in this process, or in those that torchrun starts."""
    world = TinyWorld(folder / "path" / "to" / "folder", folder / "WS", folder / "runs" / "mine")
    for repository in (add_model(hub, world, tmp_path / "cones"), add_data(hub, world)):
        repository.branches["v1"] = repository.branches["main"]
    run = command_runner(monkeypatch, capfd)
    written: set[str] = set()

    def read(line: Line) -> Done:
        for variable in line.variables:
            monkeypatch.setenv(*variable.split("=", 1))
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setattr("sys.stdin", io.StringIO("a password of ada's\n"))
        words = to_run(line, item=_first_item(folder / "workspaces" / "mine"))
        _make_room(folder, words, written)
        done = _torchrun(line, words) if line.torchrun else _app(run, words, monkeypatch) if words[0] == "app" else run(*words)
        assert done.status == 0, f"hypviz {line}\n{done.err[-2000:]}"
        _check(folder, words, done)
        if words[0] == "push":
            sent = any(name.endswith(words[2]) for name in hub.repositories)
            assert sent != ("--dry-run" in words), f"{words}: {sorted(hub.repositories)}"
        return done

    return read


def _first_item(workspace: Path) -> str:
    from hypviz.workspace.store import Workspace

    return str(Workspace.open(workspace).items.item_id[0])


def _make_room(folder: Path, words: list[str], written: set[str]) -> None:
    """What a section makes anew was not there before; and a page shows several ways to make one WS or OUT, each of which finds none."""
    if words[0] == "export" or words[:2] in (["data", "import"], ["data", "vectors"], ["data", "propose"]):
        name = _target(words)
        if name.isupper() or name not in written:
            target = folder / name
            shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)
        written.add(name)


def _target(words: list[str]) -> str:
    """What a command says that it writes; "" for none."""
    if "--out" in words:
        return words[words.index("--out") + 1]
    if words[0] == "publish":
        return words[1]
    return words[3] if words[0] == "export" else ""


def _torchrun(line: Line, words: list[str]) -> Done:
    """On one machine without a GPU, in one process, which meets itself; tests/training/test_distributed.py lets two train together."""
    here = ["--nnodes", "1", "--nproc-per-node", "1"]
    here += ["--rdzv-endpoint", f"localhost:{free_port()}"] if "--rdzv-endpoint" in line.torchrun else []
    command = [sys.executable, "-m", "torch.distributed.run", *line.torchrun, *here, "-m", "hypviz", *words, "--device", "cpu"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200)
    return Done(done.returncode, done.stdout, done.stderr)


def _app(run: Run, words: list[str], monkeypatch: pytest.MonkeyPatch) -> Done:
    """The page is served, asked for once, and its server is told to stop."""
    with visited(monkeypatch) as seen:
        done = run(*words, "--port", free_port())
    assert done.status == 0, done.err[-2000:]
    assert (seen.status, "Sign in first" in seen.body, "hypviz" in seen.body) == (
        (401, True, False) if "--auth" in words else (200, False, True)
    )
    for site in (value for option, value in pairwise(words) if option == "--frame-ancestors"):
        assert site in seen.policy
    return done


def _check(folder: Path, words: list[str], done: Done) -> None:
    """What a command says that it writes is there, and its answer is of the kind that it says."""
    if "--json" in words:
        json.loads(done.out)
    elif words[0] != "app":
        says = SAYS.get(" ".join(words[:2]), SAYS.get(words[0], ""))
        assert says in done.out, f"{words}: {done.out[-2000:]}"
    if target := _target(words):
        places = [folder / target, folder / f"{target}.safetensors", folder / "workspaces" / "checkpoints" / f"{target}.safetensors"]
        assert any(one.exists() for one in places), f"{words}: {target} is not there"
    if words[0] == "publish":
        assert (folder / target / "index.html").is_file() and (folder / target / "README.md").is_file() == ("--space" in words)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda one: " § ".join(one))
def test_the_commands_of_a_section_run_one_after_another(section: tuple[str, str], reader: Reader) -> None:
    for line in SECTIONS[section]:
        reader(line)

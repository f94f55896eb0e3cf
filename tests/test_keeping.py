"""A workspace or a home folder that cannot be written to: search, evaluation and the page work all the same, and say so."""

from __future__ import annotations

import builtins
import ctypes
import errno
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypviz.evaluation import EvaluateSettings
from hypviz.explore.library import DEMO, Library
from hypviz.explore.view import View
from hypviz.inference.embed import embed_workspace
from hypviz.model.card import checkpoint_hash
from hypviz.storage import keeping
from hypviz.training.pipeline import judge
from hypviz.workspace.store import Workspace
from tests.conftest import MakePicture
from tests.worlds import TinyWorld

Lock = Callable[[Path], None]
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def lock(monkeypatch: pytest.MonkeyPatch) -> Lock:
    """lock(folder): from now on nothing in it can be made or written, whoever asks, as on a read-only disk."""
    locked: list[str] = []

    def refuse(path: object) -> None:
        text = os.path.realpath(path) if isinstance(path, (str, os.PathLike)) else ""
        if any(text == folder or text.startswith(folder + os.sep) for folder in locked):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), text)

    def guarded(real: Callable[..., Any], writes: Callable[..., bool]) -> Callable[..., Any]:
        def call(path: Any, *rest: Any, **named: Any) -> Any:
            if writes(*rest, **named):
                refuse(path)
            return real(path, *rest, **named)

        return call

    def opens(mode: str = "r", *_: Any, **__: Any) -> bool:
        return any(letter in mode for letter in "wxa+")

    def flags(flag: int, *_: Any, **__: Any) -> bool:
        return bool(flag & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))

    for module in (builtins, io):
        monkeypatch.setattr(module, "open", guarded(module.open, opens))
    monkeypatch.setattr(os, "open", guarded(os.open, flags))
    for name in ("mkdir", "rename", "replace", "unlink", "rmdir"):
        monkeypatch.setattr(os, name, guarded(getattr(os, name), lambda *_, **__: True))
    return lambda folder: locked.append(os.path.realpath(folder))


@pytest.fixture
def fresh(tiny_world: TinyWorld, tmp_path: Path) -> Iterator[TinyWorld]:
    """A copy of the tiny world that was never embedded."""
    world = tiny_world.copy(tmp_path / "world")
    shutil.rmtree(world.workspace / "embeddings")
    keeping._notices.clear()
    yield world
    keeping._notices.clear()


def files(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def test_what_a_read_only_workspace_cannot_keep_goes_to_the_home_folder(
    fresh: TinyWorld, home: Path, lock: Lock, caplog: pytest.LogCaptureFixture
) -> None:
    lock(fresh.workspace)
    before = files(fresh.workspace)
    view = View(Workspace.open(fresh.workspace), fresh.checkpoint, device="cpu")
    drawn = view.points("pca")
    assert view.select({"row": 0}, 2.0)["row"] == 0
    judge(fresh.workspace, [str(fresh.checkpoint)], EvaluateSettings(max_queries=3, bootstrap=0), device="cpu")
    assert files(fresh.workspace) == before
    kept = {path.name for path in home.rglob("*.npy")}
    assert {"directions.npy", "radii.npy"} <= kept and any(name.startswith("layout-pca-") for name in kept)
    told = [record.message for record in caplog.records if "cannot be written to" in record.message]
    assert len(told) == 1 and str(fresh.workspace) in told[0] and "Read-only file system" in told[0] and str(home) in told[0]

    again = Workspace.open(fresh.workspace)  # the next visit finds it
    stored = again.embedding(checkpoint_hash(fresh.checkpoint))
    assert stored is not None and np.array_equal(stored.radii, view.embedding.radii)
    assert View(again, fresh.checkpoint, device="cpu").points("pca") == drawn


def test_without_any_home_all_lives_until_the_program_ends(fresh: TinyWorld, home: Path, lock: Lock, make_picture: MakePicture) -> None:
    make_picture(fresh.folder / "photos" / "a.png")
    home.mkdir()
    lock(fresh.workspace)
    lock(home)
    library = Library(device="cpu")
    for data in (fresh.workspace, fresh.folder / "photos"):
        name = library.add_data(str(data))
        view = library.open(name, str(fresh.checkpoint))
        assert view.points() and view.select({"row": 0}, 2.0)["row"] == 0
        assert library.open(name, str(fresh.checkpoint)).workspace.folder == view.workspace.folder
        assert view.workspace.embedding(checkpoint_hash(fresh.checkpoint)) is not None, "computed once"
    assert not files(home)
    assert "Read-only file system" in keeping.notice(home) and "until the program ends" in keeping.notice(home)


def test_nowhere_to_keep_anything_costs_only_the_time_to_compute_it(
    fresh: TinyWorld, home: Path, lock: Lock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def none(*_: Any, **__: Any) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "mkdtemp", none)
    monkeypatch.setattr(keeping, "_temporary", [])
    home.mkdir()
    lock(fresh.workspace)
    lock(home)
    workspace = Workspace.open(fresh.workspace)
    assert len(embed_workspace(workspace, fresh.checkpoint, device="cpu")) == len(workspace.items)
    assert "computed anew" in caplog.text


COMMANDS = """
import json, sys
from hypviz.cli import app
for command in json.loads(sys.argv[1]):
    app(command, standalone_mode=False)
"""


@pytest.fixture
def anyone() -> Iterator[Path]:
    """A folder whose modes may be anything; it goes at the end."""
    folder = Path(tempfile.mkdtemp(prefix="hypviz-test-"))
    yield folder
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder)


def as_anyone_else() -> None:
    """In a child of root: give up root's right to write where the modes forbid it (PR_CAPBSET_DROP of CAP_DAC_*)."""
    system = ctypes.CDLL(None, use_errno=True)
    for capability in (1, 2):
        system.prctl(24, capability, 0, 0, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="modes are those of POSIX")
def test_the_commands_work_for_a_user_who_may_write_nothing(tiny_world: TinyWorld, anyone: Path) -> None:
    world = tiny_world.copy(anyone / "world")
    shutil.rmtree(world.workspace / "embeddings")
    checkpoint = anyone / "tiny.safetensors"
    for ending in (".safetensors", ".json"):
        shutil.copy(world.checkpoint.with_suffix(ending), checkpoint.with_suffix(ending))
    for path in sorted(anyone.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
    anyone.chmod(0o555)
    place = ["--workspace", str(world.workspace), "--checkpoint", str(checkpoint), "--device", "cpu"]
    environment = {**os.environ, "HYPVIZ_HOME": str(anyone / "home"), "HOME": "/nonexistent", "PYTHONPATH": str(ROOT)}
    item = str(Workspace.open(world.workspace).items.item_id[0])
    commands = [
        ["search", *place, "--item", item, "--children", "--json"],
        ["evaluate", *place, "--max-queries", "3", "--json", "-"],
        ["health", *place, "--json"],
    ]
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS, json.dumps(commands)], capture_output=True, text=True, cwd="/", env=environment, check=False,
        preexec_fn=as_anyone_else if os.geteuid() == 0 else None,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == 3
    assert done.stderr.count("cannot be written to (Permission denied)") == 1
    assert not (anyone / "home").exists()


def test_what_needs_a_home_is_refused_in_one_sentence(fresh: TinyWorld, home: Path, lock: Lock) -> None:
    """Drawing on data that lie elsewhere makes a copy in the home folder; where there is none, the page says so."""
    from fastapi.testclient import TestClient

    from hypviz.server import routes

    home.mkdir()
    lock(home)
    library = Library(device="cpu", extra={"tiny": fresh.workspace})
    client = TestClient(routes.build_app(library), base_url="http://localhost/hypviz/annotate/")
    picture = client.get("picture/0", params={"data": "tiny"}).json()
    body = {"version": picture["version"], "boxes": []}
    answer = client.put("picture/0", params={"data": "tiny"}, json=body)
    assert answer.status_code == 507 and "read-only" in answer.json()["error"].lower(), answer.json()


def test_what_is_computed_of_the_shipped_demo_goes_to_the_home_folder(home: Path, tiny_world: TinyWorld) -> None:
    before = set(DEMO.rglob("*"))
    view = Library(device="cpu").open("demo", "demo")
    view.thumb(0)
    view.cards.marks.tag("seen", np.array([0]), on=True)
    view.workspace.write_array(checkpoint_hash(view.checkpoint), "layout-test", np.zeros(3, np.float32))
    assert set(DEMO.rglob("*")) == before
    kept = next((home / keeping.ELSEWHERE).iterdir())
    assert (kept / "thumbs" / f"{view.items.item_id[0]}.jpg").is_file() and (kept / "marks.json").is_file()
    assert view.workspace.read_array(checkpoint_hash(view.checkpoint), "layout-test").tolist() == [0, 0, 0]
    assert keeping.notice(DEMO) == ""  # it is no mishap


def test_a_shipped_workspace_that_is_renewed_keeps_what_is_shipped_with_it(
    monkeypatch: pytest.MonkeyPatch, tiny_world: TinyWorld, tmp_path: Path, home: Path
) -> None:
    world = tiny_world.copy(tmp_path / "shipped")
    monkeypatch.setattr(keeping, "SHIPPED", tmp_path / "shipped")
    with keeping.renewing(world.workspace):
        assert keeping.keep(world.workspace, "a.txt", lambda path: path.write_text("x")) == world.workspace / "a.txt"
    place = keeping.keep(world.workspace, "b/b.txt", lambda path: (path.parent.mkdir(parents=True), path.write_text("x"))[0])
    assert place is not None and place.is_relative_to(home) and keeping.find(world.workspace, "b/b.txt") == place

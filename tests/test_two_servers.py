"""Two servers on one home folder: the second one is refused with a sentence, and where both write all the same nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hypviz.annotate import DraftStore
from hypviz.data.corrections import Correction
from hypviz.errors import BusyError, ConflictError
from hypviz.explore.library import Library
from hypviz.server.claim import claimed_home
from hypviz.storage import owners
from hypviz.storage.files import exclusive, part_of, write_file
from hypviz.storage.owners import forget_dead, is_alive, owner, signed_in
from hypviz.storage.sweep import sweep
from hypviz.workspace.store import Workspace
from tests.worlds import TinyWorld

ROOT = Path(__file__).resolve().parents[1]
SERVER = """
import time
from hypviz.server.claim import claimed_home
from hypviz.storage.files import part_of
from hypviz.storage.home import home
with claimed_home("http://127.0.0.1:4711"):
    part = part_of(home() / "half.json")
    part.write_text("half")
    print(part.name, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def server(home: Path) -> Iterator[subprocess.Popen[str]]:
    """Another server of the home folder, in the middle of writing half.json; it is killed at the end."""
    process = subprocess.Popen([sys.executable, "-c", SERVER], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def stores(tiny_world: TinyWorld, home: Path, tmp_path: Path) -> tuple[DraftStore, DraftStore]:
    """What two servers have of one workspace, "mine"."""
    scenes = Workspace.open(tiny_world.copy(tmp_path / "world").workspace)
    Workspace.create(home / "mine", scenes.items, scenes.hierarchy, name="mine")
    one, other = DraftStore(Library(device="cpu")), DraftStore(Library(device="cpu"))
    one.describe("mine"), other.describe("mine")  # both have read it before anything is drawn
    return one, other


def draw(drafts: DraftStore, image: int, version: int, label: str) -> None:
    box = {"key": f"new {label}", "xyxy": [3.0, 4.0, 90.0, 80.0], "label": label}
    drafts.draw("mine", image, version, [*drafts.picture("mine", image)["boxes"], box])


def labels(drafts: DraftStore, image: int) -> list[str]:
    return [box["label"] for box in drafts.picture("mine", image)["boxes"]]


def test_what_one_server_drew_the_other_neither_overwrites_nor_misses(stores: tuple[DraftStore, DraftStore]) -> None:
    one, other = stores
    draw(one, 1, 0, "kite")
    draw(other, 2, 0, "gull")
    draw(one, 3, 0, "crab")
    for drafts in (*stores, DraftStore(Library(device="cpu"))):
        assert [label for image in (1, 2, 3) for label in labels(drafts, image) if label in ("kite", "gull", "crab")] == [
            "kite",
            "gull",
            "crab",
        ]
        assert drafts.describe("mine")["pending"] == 3


def test_the_second_of_two_changes_to_one_picture_is_a_clear_conflict(stores: tuple[DraftStore, DraftStore]) -> None:
    one, other = stores
    draw(one, 1, 0, "kite")
    with pytest.raises(ConflictError, match=r"\.jpg was changed in another window meanwhile; its boxes are shown as they are now\."):
        draw(other, 1, 0, "gull")
    assert "kite" in labels(other, 1)
    draw(other, 1, 1, "gull")
    with pytest.raises(ConflictError):
        draw(one, 1, 1, "crab")
    assert {"kite", "gull"} <= set(labels(one, 1)) and "crab" not in labels(one, 1)


def test_while_one_server_is_at_a_draft_the_other_waits_its_turn(
    stores: tuple[DraftStore, DraftStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hypviz.storage.files.BUSY_S", 0.1)
    one, other = stores
    with one.open("mine")[1].changing():
        for change in (lambda: draw(other, 2, 0, "gull"), lambda: other.apply("mine")):
            with pytest.raises(BusyError, match="changed by another hypviz"):
                change()
    draw(other, 2, 0, "gull")
    assert "gull" in labels(one, 2)


def test_corrections_of_both_servers_are_in_force_and_what_one_applied_the_other_goes_on_from(
    stores: tuple[DraftStore, DraftStore],
) -> None:
    one, other = stores
    workspace = one.open("mine")[1].workspace
    edges, ids = workspace.hierarchy.edges, workspace.items.item_id
    inside = [(str(ids[a]), str(ids[b])) for a, b in zip(edges.parent[edges.direct], edges.child[edges.direct], strict=True)]
    one.add("mine", Correction("not", "item", *inside[-1]))
    other.add("mine", Correction("not", "item", *inside[-2]))
    assert len(one.corrections("mine")["corrections"]) == 2
    draw(one, 1, 0, "kite")
    other.apply("mine")
    assert one.describe("mine")["pending"] == 0 and "kite" in labels(one, 1)
    with pytest.raises(ConflictError):
        draw(one, 1, 1, "gull")  # from before it was applied
    draw(one, 1, one.picture("mine", 1)["version"], "gull")
    one.apply("mine")
    assert {"kite", "gull"} <= set(other.open("mine")[1].workspace.items.classes)


def test_two_servers_make_one_copy_of_what_is_shipped(tiny_world: TinyWorld, home: Path) -> None:
    extra = {"shipped": tiny_world.workspace}
    one, other = (DraftStore(Library(device="cpu", extra=dict(extra))) for _ in range(2))
    first, _ = one.open_to_change("shipped")
    assert other.open_to_change("shipped")[0] == first and [path.name for path in home.glob("*/meta.json")] == ["meta.json"]


def test_a_second_server_on_a_home_folder_is_refused_and_told_where_the_first_is(server: subprocess.Popen[str], home: Path) -> None:
    assert server.stdout is not None
    half = home / server.stdout.readline().strip()
    with pytest.raises(BusyError) as refused, claimed_home("http://127.0.0.1:4712"):
        pass
    text = str(refused.value)
    assert f"(process {server.pid} on " in text and "at http://127.0.0.1:4711, since 20" in text
    assert text.endswith("open its page, or stop it, or set HYPVIZ_HOME to another folder for this one.") and "\n" not in text
    assert sweep() == [] and half.exists(), "it lives, whatever the clock says"
    os.utime(half, (0, 0))
    assert sweep() == [] and half.exists()

    server.send_signal(signal.SIGKILL)
    server.wait()
    os.utime(half, (4e9, 4e9))
    with claimed_home("http://127.0.0.1:4712"):
        assert not half.exists(), "what a killed process left is gone, whatever the clock says"
        with pytest.raises(BusyError, match=r"at http://127\.0\.0\.1:4712"), claimed_home("http://127.0.0.1:4713"):
            pass
    with claimed_home("http://127.0.0.1:4713"):
        pass


def test_a_home_folder_that_cannot_be_written_to_is_nobodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("HYPVIZ_HOME", str(tmp_path / "file" / "home"))
    with claimed_home("a"), claimed_home("b"):
        pass


def test_the_application_says_so_too(server: subprocess.Popen[str], home: Path) -> None:
    assert server.stdout is not None and server.stdout.readline()
    command = [sys.executable, "app.py", "--no-browser", "--port", "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=250)
    assert done.returncode == 1 and done.stderr.startswith("error: Another hypviz server works in ") and done.stderr.count("\n") == 1


def test_parts_carry_their_writer_and_a_child_is_a_writer_of_its_own(home: Path, tmp_path: Path) -> None:
    home.mkdir()
    assert f".part-{signed_in()}-" in part_of(home / "x").name and is_alive(owner())
    assert not (tmp_path / owners.FOLDER).exists() and f".part-{owner()}-" in part_of(tmp_path / "x").name
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, f"{signed_in()} {is_alive(owner())}".encode())
        time.sleep(600)
    try:
        name, alive = os.read(reader, 100).decode().split()
        assert name != owner() and alive == "True" and is_alive(name)
        part = home / f"x.part-{name}-01234567"
        part.write_text("x")
        assert sweep() == []
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert not is_alive(name) and sweep() == [part.name] and is_alive(owner())
    forget_dead()
    assert sorted(path.name for path in (home / owners.FOLDER).iterdir()) == sorted(["lock", owner()])


def test_parts_of_earlier_versions_go_and_names_that_only_look_alike_stay(home: Path) -> None:
    (home / "a" / "embeddings").mkdir(parents=True)
    (home / "a" / "embeddings" / "k.part-01234567").mkdir()
    (home / ".intake-4123-01234567").mkdir()
    write_file(home / "my.part-way.json", lambda part: part.write_text("{}"))
    (home / "a.pictures").mkdir()
    (home / "a.pictures" / "wheel.part-0123456789ab-01234567").write_text("a picture of somebody's")
    assert sorted(sweep()) == [".intake-4123-01234567", "k.part-01234567"]
    assert (home / "my.part-way.json").exists() and len(list((home / "a.pictures").iterdir())) == 1


def test_a_file_that_is_never_let_go_is_a_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    monkeypatch.setattr("hypviz.storage.files.BUSY_S", 0.1)
    refused = pytest.raises(BusyError, match=r"x\.json in home has been changed by another hypviz")
    with exclusive(home / "x.json"), refused, exclusive(home / "x.json"):
        pass

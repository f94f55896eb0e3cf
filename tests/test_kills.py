"""Killed right before each of its changes to the disk in turn, whatever changes several files does all of it or nothing."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hypviz.annotate import DraftStore
from hypviz.data.formats.coco import read_coco
from hypviz.errors import ConflictError
from hypviz.explore.library import Library
from hypviz.finetune.folder import JobFolder
from hypviz.finetune.queue import TrainingQueue
from hypviz.finetune.request import FinetuneRequest
from hypviz.model.card import find_checkpoint, list_checkpoints, read_card
from hypviz.storage.files import settle, write_files
from hypviz.storage.sweep import sweep
from hypviz.workspace.importing import import_workspace
from hypviz.workspace.store import Workspace, is_workspace
from tests.kills import killed_at
from tests.worlds import TinyWorld

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="children are made by fork")
BOX = {"key": "new 1", "xyxy": [3.0, 4.0, 90.0, 80.0], "label": "kite"}


def steps(home: Path, begin: Callable[[], object], work: Callable[[], object]) -> Iterator[bool]:
    """For every step at which `work` can be killed: begin anew, kill it there, hand over. At the end it is not killed, True."""
    for step in itertools.count(1):
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        begin()
        killed = killed_at(step, home, work)
        yield not killed
        if not killed:
            assert step > 3, "that was no change of several steps"
            return


def unfinished(home: Path) -> list[str]:
    """What is left of killed processes after a sweep."""
    sweep()
    return [path.name for path in home.rglob("*") if ".part-" in path.name or path.name.startswith((".commit", ".intake"))]


def finished_training(home: Path, checkpoint: Path) -> JobFolder:
    """The folder of a training whose result is there."""
    folder = JobFolder(home / "trainings" / "abc")
    folder.create(FinetuneRequest("nowhere", str(checkpoint), title="cars"))
    folder.write("state", {"state": "done", "created": "2026-01-01"})
    for file in (checkpoint, checkpoint.with_suffix(".json")):
        shutil.copyfile(file, folder.path / f"best{file.suffix}")
    return folder


def keep_it() -> None:
    TrainingQueue(device="cpu").keep("abc", called="mine", licence="CC0-1.0", note="")


def test_a_result_is_kept_or_not_and_can_be_taken_back_or_kept_again(tiny_world: TinyWorld, home: Path) -> None:
    seen = set()
    for whole in steps(home, lambda: finished_training(home, tiny_world.checkpoint), keep_it):
        assert unfinished(home) == []
        kept = TrainingQueue(device="cpu").job("abc")["kept"]
        seen.add(kept)
        if kept is None:
            assert not whole and "mine" not in list_checkpoints(home / "checkpoints")
            keep_it()
        assert read_card(find_checkpoint("mine")).name == "mine"
        TrainingQueue(device="cpu").undo("abc")
        assert TrainingQueue(device="cpu").job("abc")["kept"] is None and not list((home / "checkpoints").glob("mine.*"))
        keep_it()
    assert seen == {None, "mine"}


def test_taking_a_result_back_is_done_or_not(tiny_world: TinyWorld, home: Path) -> None:
    def begin() -> None:
        finished_training(home, tiny_world.checkpoint)
        keep_it()

    for _ in steps(home, begin, lambda: TrainingQueue(device="cpu").undo("abc")):
        kept = TrainingQueue(device="cpu").job("abc")["kept"]
        assert (kept == "mine") == ("mine" in list_checkpoints(home / "checkpoints"))
        TrainingQueue(device="cpu").undo("abc")
        assert not list((home / "checkpoints").glob("mine.*"))
        keep_it()


def test_a_result_of_the_same_name_is_not_taken_for_ones_own(tiny_world: TinyWorld, home: Path) -> None:
    folder = finished_training(home, tiny_world.checkpoint)
    other = JobFolder(folder.path.with_name("def"))
    shutil.copytree(folder.path, other.path)
    folder.write("state", folder.read("state") | {"keep_as": "mine"})  # and was killed before it came to that
    tuner = TrainingQueue(device="cpu")
    tuner.keep("def", called="mine", licence="", note="")
    assert tuner.job("abc")["kept"] is None and tuner.job("def")["kept"] == "mine"
    tuner.undo("abc")
    assert "mine" in list_checkpoints(home / "checkpoints")


@pytest.fixture
def scenes(tiny_world: TinyWorld, tmp_path: Path) -> Workspace:
    """The tiny world's workspace, in a folder of its own."""
    return Workspace.open(tiny_world.copy(tmp_path / "world").workspace)


def begin_with(scenes: Workspace, home: Path) -> Callable[[], None]:
    """A home folder with "mine", a workspace of these scenes."""

    def begin() -> None:
        Workspace.create(home / "mine", scenes.items, scenes.hierarchy, name="mine")

    return begin


def draw(version: int = 0) -> None:
    drafts = DraftStore(Library(device="cpu"))
    drafts.draw("mine", 1, version, [*drafts.picture("mine", 1)["boxes"], BOX])


def boxes(image: int = 1) -> list[str]:
    return [box["label"] for box in DraftStore(Library(device="cpu")).picture("mine", image)["boxes"]]


def test_a_drawn_box_is_there_or_not_and_can_be_drawn_again(scenes: Workspace, home: Path) -> None:
    for whole in steps(home, begin_with(scenes, home), draw):
        there = "kite" in boxes()
        assert there or not whole
        if there:
            with pytest.raises(ConflictError, match="in another window meanwhile"):
                draw()
        else:
            draw()
        assert boxes().count("kite") == 1 and unfinished(home) == []


def test_applying_loses_neither_the_workspace_nor_what_was_drawn(scenes: Workspace, home: Path) -> None:
    def begin() -> None:
        begin_with(scenes, home)()
        draw()

    for _ in steps(home, begin, lambda: DraftStore(Library(device="cpu")).apply("mine")):
        assert len(Workspace.open(home / "mine").items) - len(scenes.items) in (0, 1)
        assert boxes().count("kite") == 1
        DraftStore(Library(device="cpu")).apply("mine")
        made = Workspace.open(home / "mine").items
        assert len(made) == len(scenes.items) + 1 and "kite" in made.classes and boxes().count("kite") == 1
        assert unfinished(home) == [] and DraftStore(Library(device="cpu")).describe("mine")["pending"] == 0


def test_an_import_is_there_whole_or_not_at_all(tiny_world: TinyWorld, home: Path) -> None:
    def work() -> None:
        raw = read_coco(tiny_world.folder / "annotations.json", tiny_world.folder / "images")
        import_workspace(lambda items: home / "made", raw, name="made")

    for whole in steps(home, lambda: None, work):
        assert is_workspace(home / "made") or not whole
        work()
        assert len(Workspace.open(home / "made").items) and unfinished(home) == []


def test_files_that_belong_together_are_all_the_old_or_all_the_new(tmp_path: Path) -> None:
    home = tmp_path / "any"
    names = ("a.json", "b.bin", "c.txt")

    def write(text: str) -> None:
        write_files({home / name: lambda part: part.write_text(text) for name in names})

    seen = set()
    for _ in steps(home, lambda: write("old"), lambda: write("new")):
        settle(home)
        (content,) = {(home / name).read_text() for name in names}
        seen.add(content)
        write("newer")
        assert {(home / name).read_text() for name in names} == {"newer"}
    assert seen == {"old", "new"}


def test_a_note_of_where_files_go_cannot_reach_out_of_its_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x").write_text("planted")
    (tmp_path / "in" / ".commit").write_text('{"x": "../out"}')
    settle(tmp_path / "in")
    assert not (tmp_path / "out").exists() and "cannot be read (it names files of other folders)" in caplog.text

"""The class tree of a workspace: brought, seen, taken away, changed by two at once, and taken along by copies."""

from __future__ import annotations

from pathlib import Path

import pytest

from hypviz.data.formats.taxonomy import parse_taxonomy
from hypviz.data.taxonomy import Taxonomy, version_of
from hypviz.errors import ConflictError, WorkspaceError
from hypviz.evaluation import EvaluateSettings
from hypviz.evaluation.page.cache import ResultCache
from hypviz.evaluation.page.sources import Source
from hypviz.model.card import checkpoint_hash, read_card
from hypviz.storage import keeping
from hypviz.training.pipeline import judge
from hypviz.workspace.class_trees import FILE, read_taxonomy_of, text_of, write_taxonomy_of
from hypviz.workspace.importing import create_workspace
from hypviz.workspace.repository import data_repository
from hypviz.workspace.store import Workspace
from tests.commands import Run, command_runner
from tests.worlds import TinyWorld


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    return command_runner(monkeypatch, capfd)


@pytest.fixture
def world(tiny_world: TinyWorld, tmp_path: Path) -> TinyWorld:
    return tiny_world.copy(tmp_path / "world")


def tree_of(*classes: str) -> Taxonomy:
    return parse_taxonomy("all\n  one\n" + "".join(f"    {name}\n" for name in classes), "made")


def test_the_command_brings_shows_and_removes_a_tree(run: Run, world: TinyWorld, tmp_path: Path) -> None:
    first, second, *_ = Workspace.open(world.workspace).items.classes
    (tmp_path / "mine.json").write_text(f'{{"thing": ["{first.upper()}", "{second}"], "unheard": ["of"]}}')
    brought = run("data", "taxonomy", "--workspace", world.workspace, tmp_path / "mine.json", "--json").json()
    assert (brought["found"], brought["names"], brought["unknown"]["count"]) == (2, 5, 1)
    assert (world.workspace / FILE).read_text() == f"thing\n  {first.upper()}\n  {second}\nunheard\n  of\n"
    assert "  of" in run("data", "taxonomy", "--workspace", world.workspace).out
    run("data", "taxonomy", "--workspace", world.workspace, "--remove", "--json")
    assert read_taxonomy_of(world.workspace) is None
    assert "no class tree" in run("data", "taxonomy", "--workspace", world.workspace).out


def test_the_command_says_what_is_wrong_and_changes_nothing(run: Run, world: TinyWorld, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("nothing\n  of these\n")
    assert "none of the" in run("data", "taxonomy", "--workspace", world.workspace, tmp_path / "mine.txt").mistake()
    assert "not both" in run("data", "taxonomy", "--workspace", world.workspace, tmp_path / "mine.txt", "--remove").mistake()
    assert not (world.workspace / FILE).exists()


def test_of_two_who_change_it_at_once_the_second_is_told(tmp_path: Path) -> None:
    (tmp_path / "ws").mkdir()
    seen = version_of(text_of(tmp_path / "ws"))
    write_taxonomy_of(tmp_path / "ws", tree_of("a"), expected=seen)
    with pytest.raises(ConflictError, match="changed elsewhere"):
        write_taxonomy_of(tmp_path / "ws", tree_of("b"), expected=seen)
    assert read_taxonomy_of(tmp_path / "ws") == tree_of("a")
    write_taxonomy_of(tmp_path / "ws", None, expected=tree_of("a").version)
    assert read_taxonomy_of(tmp_path / "ws") is None


def test_a_spoilt_file_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("a\n    b\n  c")
    with pytest.raises(WorkspaceError, match=r"class tree of .* cannot be read: taxonomy.txt, line 3"):
        read_taxonomy_of(tmp_path)


def test_what_is_shipped_keeps_its_tree_in_the_home_folder(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    monkeypatch.setattr(keeping, "SHIPPED", shipped)
    write_taxonomy_of(shipped, tree_of("a"))
    assert not (shipped / FILE).exists() and read_taxonomy_of(shipped) == tree_of("a")
    write_taxonomy_of(shipped, None)
    assert read_taxonomy_of(shipped) is None


def test_a_renewed_workspace_keeps_its_tree_and_a_pushed_one_takes_it_along(world: TinyWorld) -> None:
    opened = Workspace.open(world.workspace)
    tree = tree_of(*opened.items.classes)
    write_taxonomy_of(world.workspace, tree)
    renewed = create_workspace(world.workspace, opened.items, name="again", overwrite=True)
    assert read_taxonomy_of(renewed.folder) == tree
    assert data_repository(renewed, "hf://datasets/a/b")[FILE] == tree.to_text().encode()


def test_an_evaluation_measures_in_the_tree_and_says_so(world: TinyWorld) -> None:
    settings = EvaluateSettings(bootstrap=0, max_queries=20, entailment_apexes=0)
    source = Source("tiny", checkpoint_hash(world.checkpoint), world.checkpoint, read_card(world.checkpoint))
    before = ResultCache(Workspace.open(world.workspace))._name(source, settings)
    (plain,) = judge(world.workspace, [str(world.checkpoint)], settings).values()
    write_taxonomy_of(world.workspace, tree_of(*Workspace.open(world.workspace).items.classes))
    (judged,) = judge(world.workspace, [str(world.checkpoint)], settings).values()
    metrics = judged.find("box → class", "nearest neighbour", "cosine").metrics
    assert "TIE@class tree" in metrics and "TIE" not in metrics
    assert "TIE" in plain.find("box → class", "nearest neighbour", "cosine").metrics
    assert any("measured in the class tree that was brought" in note for note in judged.notes) and not plain.notes
    accuracy = metrics["accuracy"].mean
    assert metrics["TIE@class tree"].mean == pytest.approx(2 * (1 - accuracy))  # all classes are siblings: two edges apart, or right
    assert metrics["LCA@class tree"].mean == pytest.approx(1 - accuracy)
    assert ResultCache(Workspace.open(world.workspace))._name(source, settings) != before

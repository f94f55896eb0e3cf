"""The library: data by name or by path, imported once, opened once; what is not there is named."""

from __future__ import annotations

import json
import shutil
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from hypviz.errors import CheckpointError, DataError, HypvizError, SelectionError, WorkspaceError
from hypviz.explore import library as module
from hypviz.explore import view
from hypviz.explore.library import DEMO, KEPT_VIEWS, Library
from tests.conftest import MakePicture
from tests.worlds import TinyWorld, make_checkpoint


@pytest.fixture
def library(home: Path) -> Library:
    return Library(device="cpu")


@pytest.fixture
def photos(tmp_path: Path, make_picture: MakePicture) -> Path:
    """A plain folder of two pictures."""
    for number in range(2):
        make_picture(tmp_path / "photos" / f"{number}.png", (64, 48), seed=number)
    return tmp_path / "photos"


@pytest.fixture
def imports(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts workspaces as they are made."""
    made: Counter[str] = Counter()
    create = module.Workspace.create

    def counted(folder: Path, *args: Any, **kwargs: Any) -> Any:
        made[folder.name] += 1
        return create(folder, *args, **kwargs)

    monkeypatch.setattr(module.Workspace, "create", counted)
    return made


def test_the_demo_comes_first_then_what_was_opened_then_own_workspaces(library: Library, tiny_world: TinyWorld, home: Path) -> None:
    tiny_world.copy(home / "z").workspace.rename(home / "mine")
    (home / "no workspace").mkdir()
    library.extra["given"] = tiny_world.workspace
    assert library.data_names() == ["demo", "given", "mine"]


def test_a_workspace_is_opened_by_path_and_by_name(library: Library, tiny_world: TinyWorld) -> None:
    by_path = library.open(str(tiny_world.workspace), str(tiny_world.checkpoint))
    names = library.add_data(str(tiny_world.workspace)), library.add_checkpoint(str(tiny_world.checkpoint))
    assert names == ("workspace", "tiny") and set(names) <= {*library.data_names(), *library.checkpoint_names()}
    assert library.open(*names) is by_path is library.view(by_path.key)


def test_a_view_that_is_open_is_neither_made_nor_measured_again(
    library: Library, tiny_world: TinyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: Counter[str] = Counter()
    for holder, name in ((module.View, "__init__"), (view, "notice")):
        original = getattr(holder, name)

        def counted(*args: Any, original: Any = original, name: str = name, **kwargs: Any) -> Any:
            done[name] += 1
            return original(*args, **kwargs)

        monkeypatch.setattr(holder, name, counted)
    opened = [library.open(str(tiny_world.workspace), str(tiny_world.checkpoint)) for _ in range(3)]
    told = [one.describe() for one in opened]
    assert opened[0] is opened[1] is opened[2] and told[0] == told[1] == told[2]
    assert done == {"__init__": 1, "notice": 1}, "every page that is opened asks for it"


def test_a_plain_folder_is_imported_once_and_its_workspace_used_again(
    library: Library, photos: Path, tiny_world: TinyWorld, home: Path, imports: Counter[str]
) -> None:
    heard: list[tuple[int, int | None]] = []
    view = library.open(str(photos), str(tiny_world.checkpoint), on_progress=lambda done, total: heard.append((done, total)))
    assert len(view.items) == 2 and view.workspace.folder.parent == home.resolve() and view.workspace.name == "photos"
    assert heard[-1] == (2, 2)
    assert library.open(str(photos), str(tiny_world.checkpoint)) is view
    later = Library(device="cpu").open(str(photos), str(tiny_world.checkpoint))  # another start of the program
    assert later.workspace.folder == view.workspace.folder and later.key == view.key
    assert sum(imports.values()) == 1
    assert view.workspace.folder.name in Library().data_names()


def test_a_folder_that_changed_is_imported_anew(
    library: Library, photos: Path, tiny_world: TinyWorld, make_picture: MakePicture, imports: Counter[str]
) -> None:
    library.open(str(photos), str(tiny_world.checkpoint))
    make_picture(photos / "more.png", seed=9)
    assert len(Library(device="cpu").open(str(photos), str(tiny_world.checkpoint)).items) == 3
    assert len(imports) == 2


def test_two_names_for_one_folder_are_one_view(library: Library, photos: Path, tiny_world: TinyWorld, imports: Counter[str]) -> None:
    (photos.parent / "link").symlink_to(photos)
    views = [library.open(name, str(tiny_world.checkpoint)) for name in (str(photos), f"{photos}/../photos", str(photos.parent / "link"))]
    assert views[0] is views[1] is views[2] and sum(imports.values()) == 1


def test_two_visitors_who_open_a_new_folder_at_once_share_one_import(
    library: Library, photos: Path, tiny_world: TinyWorld, imports: Counter[str]
) -> None:
    together, opened, failed = threading.Barrier(3), [], []

    def visit() -> None:
        together.wait()
        try:
            opened.append(library.open(str(photos), str(tiny_world.checkpoint)))
        except HypvizError as error:
            failed.append(error)

    threads = [threading.Thread(target=visit) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed and len({view.key for view in opened}) == 1 and sum(imports.values()) == 1


def test_a_folder_called_demo_is_not_the_demo(library: Library, tiny_world: TinyWorld, tmp_path: Path) -> None:
    tiny_world.copy(tmp_path / "z").workspace.rename(tmp_path / "z" / "demo")
    name = library.add_data(str(tmp_path / "z" / "demo"))
    assert name != "demo" and library.open(name, str(tiny_world.checkpoint)).workspace.folder == tmp_path / "z" / "demo"
    assert library.add_data(str(DEMO.parent / "workspace")) == "demo" if DEMO.exists() else True


def test_two_folders_of_one_name_stay_two(library: Library, tiny_world: TinyWorld, tmp_path: Path) -> None:
    copies = [tiny_world.copy(tmp_path / place).workspace for place in ("a", "b")]
    names = [library.add_data(str(folder)) for folder in copies]
    assert len(set(names)) == 2
    assert [library.open(name, str(tiny_world.checkpoint)).items.root for name in names] == [c.parent / "images" for c in copies]


@pytest.mark.parametrize("data", ["nothing", "/no/such/folder", "", "demo/../nothing"])
def test_data_that_is_not_there_is_named_with_what_there_is(library: Library, tiny_world: TinyWorld, data: str) -> None:
    library.extra["mine"] = tiny_world.workspace
    for attempt in (lambda: library.open(data, str(tiny_world.checkpoint)), lambda: library.add_data(data)):
        with pytest.raises(WorkspaceError, match=rf"^No data called '{data}': expected a folder or one of demo, mine\.$"):
            attempt()
    assert library.data_names() == ["demo", "mine"]


def test_a_folder_without_pictures_is_refused_and_leaves_nothing(library: Library, tmp_path: Path, home: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError):
        library.open(str(tmp_path / "empty"), "anything")
    assert not home.exists() or not list(home.iterdir())
    assert library.data_names() == ["demo"]


def test_an_unknown_checkpoint_is_named(library: Library, tiny_world: TinyWorld) -> None:
    with pytest.raises(CheckpointError, match="No checkpoint 'nothing'"):
        library.open(str(tiny_world.workspace), "nothing")
    with pytest.raises(CheckpointError, match="No checkpoint 'nothing'"):
        library.add_checkpoint("nothing")


def test_only_a_few_views_stay_open_and_a_closed_one_opens_again_as_long_as_its_data_are_the_same(
    library: Library, tiny_world: TinyWorld, tmp_path: Path
) -> None:
    world = tiny_world.copy(tmp_path / "data")
    opened = module.Workspace.open(world.workspace)
    files = [make_checkpoint(tmp_path / f"c{seed}", opened, seed=seed) for seed in range(KEPT_VIEWS + 1)]
    keys = [library.open(str(world.workspace), str(file)).key for file in files[:KEPT_VIEWS]]
    assert len(set(keys)) == KEPT_VIEWS
    library.view(keys[0])  # used, so the second is now the one unused longest
    library.open(str(world.workspace), str(files[-1]))
    assert len(library._views) == KEPT_VIEWS and keys[1] not in library._views
    assert [library.view(key).key for key in keys] == keys and len(library._views) == KEPT_VIEWS
    library.open(str(world.workspace), str(files[-1]))  # pushes out the first
    files[0].unlink()
    with pytest.raises(SelectionError, match="no longer open on the server; choose it again or reload the page"):
        library.view(keys[0])


def test_a_picker_shows_names_without_their_hashes_and_tells_those_of_one_name_apart(
    tiny_world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPVIZ_HOME", str(tmp_path))
    for name in ("cars-0a1b2c3d", "boats-0a1b2c3d", "boats-99998888", "plain"):
        shutil.copytree(tiny_world.workspace, tmp_path / name)
    written = {"boats-0a1b2c3d": "2026-11-02T10:00:00+00:00", "boats-99998888": "2026-11-30T10:00:00+00:00"}
    for name, created in written.items():
        meta = json.loads((tmp_path / name / "meta.json").read_text())
        (tmp_path / name / "meta.json").write_text(json.dumps(meta | {"created": created}))
    assert Library().data_choices() == [
        ("demo", "demo"),
        ("boats · imported 2026-11-02", "boats-0a1b2c3d"),
        ("boats · imported 2026-11-30", "boats-99998888"),
        ("cars", "cars-0a1b2c3d"),
        ("plain", "plain"),
    ]


def test_a_folder_whose_name_is_taken_is_called_by_its_name_and_told_apart_without_its_whole_path(
    library: Library, home: Path, tmp_path: Path, make_picture: MakePicture
) -> None:
    for owner in ("ada", "bob"):
        for number in range(2):
            make_picture(tmp_path / owner / "cars" / "images" / f"{number}.png", seed=number + 7 * (owner == "bob"))
    first, second = (library.add_data(str(tmp_path / owner / "cars")) for owner in ("ada", "bob"))
    assert (first, second) == ("cars", str(tmp_path / "bob" / "cars"))
    for name in (first, second):
        assert library.workspace(name).name == "cars"
    assert library.data_choices() == [("demo", "demo"), ("cars · from ada/cars", first), ("cars · from bob/cars", second)]
    assert (library.path_of(first), library.path_of(second), library.path_of("demo")) == ("", second, "")
    make_picture(tmp_path / "boats" / "0.png", seed=3)
    library.workspace(typed := str(tmp_path / "boats"))  # as one types it into the picker
    assert ("boats", typed) in library.data_choices()

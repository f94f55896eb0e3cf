"""Tags and saved views: kept in the workspace, merged when two browsers or two servers change them."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hypviz.errors import SelectionError, WorkspaceError
from hypviz.explore.bitsets import unpack_mask
from hypviz.explore.marks import FILE, MAX_NAME, Marks
from hypviz.storage import keeping

IDS = np.array([f"{number:016x}" for number in range(50)])


@pytest.fixture
def marks(tmp_path: Path) -> Marks:
    return Marks(tmp_path, IDS)


def rows(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def test_a_tag_is_given_and_taken_and_gone_with_its_last_item(marks: Marks) -> None:
    assert marks.tag("blurred", rows(3, 7, 7), on=True) == 2
    assert marks.tag("blurred", rows(7, 9), on=True) == 1, "one of them had it"
    assert np.flatnonzero(marks.tagged("blurred")).tolist() == [3, 7, 9]
    assert marks.of(7) == ["blurred"] and marks.of(8) == []
    assert marks.tag("blurred", rows(3, 8), on=False) == 1
    shown = marks.describe()["tags"][0]
    assert (shown["name"], shown["count"], shown["elsewhere"]) == ("blurred", 2, 0)
    assert np.flatnonzero(unpack_mask(shown["members"], 50)).tolist() == [7, 9]
    marks.tag("blurred", rows(7, 9), on=False)
    assert marks.names() == []
    with pytest.raises(SelectionError, match="No item has the tag 'blurred'; there are none so far"):
        marks.tagged("blurred")


def test_tags_outlive_a_new_import_by_the_ids_of_the_items(marks: Marks, tmp_path: Path) -> None:
    marks.tag("keep", rows(1, 2, 49), on=True)
    later = Marks(tmp_path, IDS[::-1][1:])
    assert np.flatnonzero(later.tagged("keep")).tolist() == [46, 47]
    assert later.describe()["tags"][0]["elsewhere"] == 1
    later.tag("keep", rows(0), on=True)
    assert np.flatnonzero(marks.tagged("keep")).tolist() == [1, 2, 48, 49], "the id that is not in the later data stays"


def test_two_browsers_change_the_same_tag_and_both_changes_stay(marks: Marks, tmp_path: Path) -> None:
    other = Marks(tmp_path, IDS)
    marks.tag("good", rows(1, 2), on=True)
    other.tag("good", rows(3), on=True)
    marks.tag("good", rows(1), on=False)
    assert np.flatnonzero(other.tagged("good")).tolist() == [2, 3]
    assert np.flatnonzero(marks.tagged("good")).tolist() == [2, 3]


def _tag_ten(folder: Path, start: int) -> None:
    own = Marks(folder, IDS)
    for number in range(start, start + 10):
        own.tag("many", np.array([number]), on=True)
        own.save_view("a view", f"#row={number}")


def test_two_servers_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_tag_ten, args=(tmp_path, start)) for start in (0, 20)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = Marks(tmp_path, IDS)
    assert np.flatnonzero(found.tagged("many")).tolist() == [*range(10), *range(20, 30)]
    assert len({view["name"] for view in found.describe()["views"]}) == 20


def test_a_tag_that_is_renamed_to_another_takes_its_items_up(marks: Marks) -> None:
    marks.tag("a", rows(1), on=True)
    marks.tag("b", rows(2), on=True)
    marks.rename_tag("a", "b")
    assert marks.names() == ["b"] and np.flatnonzero(marks.tagged("b")).tolist() == [1, 2]
    with pytest.raises(SelectionError, match="There is no tag 'a' any more"):
        marks.rename_tag("a", "c")
    marks.delete_tag("b")
    assert marks.names() == []


def test_a_saved_view_never_takes_the_place_of_another(marks: Marks) -> None:
    first, second = marks.save_view(" Boats ", "#item=1"), marks.save_view("boats", "#item=2")
    assert (first["name"], second["name"]) == ("Boats", "boats (2)")
    assert [view["link"] for view in marks.describe()["views"]] == ["#item=2", "#item=1"], "the newest first"
    assert marks.rename_view(second["id"], "Boats", expected_name="boats (2)")["name"] == "Boats (2)"


def test_a_view_that_was_changed_in_another_browser_is_not_changed_blindly(marks: Marks, tmp_path: Path) -> None:
    view, other = marks.save_view("One", "#a=1"), Marks(tmp_path, IDS)
    other.rename_view(view["id"], "Uno", expected_name="One")
    with pytest.raises(SelectionError, match="'One' was renamed to 'Uno' in another browser; nothing was changed"):
        marks.rename_view(view["id"], "Eins", expected_name="One")
    with pytest.raises(SelectionError, match="was renamed to 'Uno'"):
        marks.delete_view(view["id"], expected_name="One")
    marks.delete_view(view["id"], expected_name="Uno")
    other.delete_view(view["id"], expected_name="Uno")  # gone already: no error
    with pytest.raises(SelectionError, match="was deleted in another browser"):
        other.rename_view(view["id"], "Eins", expected_name="Uno")


@pytest.mark.parametrize("name", ["", "   ", "x" * (MAX_NAME + 1), "a\x00b", 7, None])
def test_names_that_cannot_be_shown_are_refused(marks: Marks, name: object) -> None:
    with pytest.raises(SelectionError, match="needs a name of 1 to 60 characters"):
        marks.tag(name, rows(1), on=True)  # type: ignore[arg-type]
    with pytest.raises(SelectionError, match="needs a name of 1 to 60 characters"):
        marks.save_view(name, "#x=1")  # type: ignore[arg-type]


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://elsewhere.org", "", "#a\nb", 5])
def test_only_links_within_the_page_are_kept(marks: Marks, link: object) -> None:
    with pytest.raises(SelectionError, match="A saved view is a link that begins with #"):
        marks.save_view("view", link)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content", ["{", '{"schema": 1}', '{"schema": 1, "tags": [], "views": []}', '{"schema": "x", "tags": {}, "views": []}']
)
def test_a_damaged_file_is_told_and_stays_as_it_is(marks: Marks, tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(WorkspaceError, match=r"is damaged .*; move it away"):
        marks.tag("a", rows(1), on=True)
    assert (tmp_path / FILE).read_text() == content
    with pytest.raises(WorkspaceError, match="is damaged"):
        marks.describe()


def test_a_file_of_a_later_version_is_not_written_over(marks: Marks, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(json.dumps({"schema": 2, "tags": {}, "views": []}))
    with pytest.raises(WorkspaceError, match="written by a newer hypviz"):
        marks.tag("a", rows(1), on=True)


def test_where_the_workspace_cannot_be_written_to_its_marks_lie_in_the_home_folder(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    marks = Marks(folder, IDS)
    marks.tag("before", rows(1), on=True)
    refuse(monkeypatch, folder)
    marks.tag("after", rows(2), on=True)
    assert not (folder / FILE).read_text().count("after")
    again = Marks(folder, IDS)
    assert again.names() == ["after", "before"], "what lay in the workspace is taken over"
    assert "cannot be written to" in keeping.notice(folder)
    again.tag("before", rows(1), on=False)
    assert again.names() == ["after"], "what is taken away stays away"
    monkeypatch.undo()
    monkeypatch.setenv("HYPVIZ_HOME", str(home))
    marks.tag("later", rows(3), on=True)
    assert json.loads((folder / FILE).read_text())["tags"].keys() == {"after", "before", "later"}, "merged back, nothing lost"
    assert again.names() == ["after", "before", "later"]


def refuse(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    real: Callable[..., object] = Path.open

    def opened(path: Path, mode: str = "r", *rest: object, **named: object) -> object:
        if path.parent == folder and any(letter in mode for letter in "wax+"):
            raise OSError(30, "Read-only file system", str(path))
        return real(path, mode, *rest, **named)

    monkeypatch.setattr(Path, "open", opened)

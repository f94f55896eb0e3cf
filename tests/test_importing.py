"""One place makes workspaces of data, and what is known of an import stays with them whatever is done to them later."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hypviz.annotate.draft_store import DraftStore
from hypviz.data.formats.detect import open_dataset
from hypviz.errors import WorkspaceError
from hypviz.explore.library import Library
from hypviz.inference.propose import PROPOSED, with_proposals
from hypviz.inference.proposed_workspace import _with_proposals
from hypviz.workspace.importing import create_workspace, import_workspace
from hypviz.workspace.store import Workspace
from tests.conftest import MakePicture
from tests.test_architecture import IMPORTS


def pictures(folder: Path, make_picture: MakePicture) -> Path:
    """Three pictures, one of them cut off."""
    for number in range(3):
        make_picture(folder / f"{number}.png", (96, 72), seed=number)
    (folder / "2.png").write_bytes((folder / "2.png").read_bytes()[:60])
    return folder


@pytest.fixture
def proposed(home: Path, tmp_path: Path, make_picture: MakePicture) -> Workspace:
    """A workspace in the home folder with three proposals, made of an import that left a picture out."""
    made, _ = import_workspace(tmp_path / "plain", open_dataset(pictures(tmp_path / "photos", make_picture)), name="photos")
    items = with_proposals(made.items, {0: np.array([[0.0, 0, 48, 36], [8, 8, 90, 70]]), 1: np.array([[4.0, 4, 60, 60]])})
    return create_workspace(home / "mine", items, name="photos", report=_with_proposals(made.meta["import"], made.items, items))


def test_proposals_and_the_report_survive_apply(proposed: Workspace, home: Path) -> None:
    drafts = DraftStore(Library(device="cpu"))
    picture = drafts.picture("mine", 1)
    drafts.draw("mine", 1, 0, [*picture["boxes"], {"key": "new", "xyxy": [10, 10, 30, 30], "label": "ark"}])
    drafts.apply("mine")
    again = Workspace.open(home / "mine")
    assert again.meta["import"] == proposed.meta["import"] and again.meta["import"]["proposals"] == 3
    assert (again.items.source == PROPOSED).sum() == 3 and (again.items.source == "drawn").sum() == 1


def test_a_report_with_words_of_a_newer_kind_survives_apply(proposed: Workspace, home: Path) -> None:
    said = {**proposed.meta["import"], "notes": ["annotations.json was read as cp1252"]}
    create_workspace(home / "mine", proposed.items, name="photos", report=said, overwrite=True)
    drafts = DraftStore(Library(device="cpu"))
    drafts.draw("mine", 0, 0, [])
    drafts.apply("mine")
    assert Workspace.open(home / "mine").meta["import"] == said


def test_a_copy_to_draw_on_keeps_the_report(proposed: Workspace, tmp_path: Path) -> None:
    library = Library(device="cpu", extra={"elsewhere": tmp_path / "plain"})
    name, draft = DraftStore(library).open_to_change("elsewhere")
    assert name != "elsewhere" and draft.workspace.meta["import"] == Workspace.open(tmp_path / "plain").meta["import"]


def test_proposals_are_counted_beside_what_the_import_left_out(proposed: Workspace) -> None:
    said = proposed.meta["import"]
    left = said["dropped"].values()
    assert (said["images"], said["kept_images"], said["boxes"], said["kept_boxes"]) == (3, 2, 3, 3)
    assert said["images"] == said["kept_images"] + sum(entry["images"] for entry in left)
    assert said["boxes"] == said["kept_boxes"] + sum(entry["boxes"] for entry in left)


def test_a_place_named_by_its_content_is_filled_once(tmp_path: Path, make_picture: MakePicture) -> None:
    folder = pictures(tmp_path / "photos", make_picture)
    first, report = import_workspace(lambda items: tmp_path / items.data_hash, open_dataset(folder), name="a")
    again, _ = import_workspace(lambda items: tmp_path / items.data_hash, open_dataset(folder), name="b")
    assert again.folder == first.folder and again.meta["stamp"] == first.meta["stamp"] and again.name == "a"
    assert first.meta["import"] == report.to_json()


def test_a_folder_that_is_taken_is_refused_before_any_picture_is_read(tmp_path: Path, make_picture: MakePicture) -> None:
    folder = pictures(tmp_path / "photos", make_picture)
    import_workspace(tmp_path / "ws", open_dataset(folder), name="a")
    heard: list[int] = []
    with pytest.raises(WorkspaceError, match="is a workspace already"):
        import_workspace(tmp_path / "ws", open_dataset(folder), name="a", on_progress=lambda done, total: heard.append(done))
    assert not heard


def test_only_one_module_builds_hierarchies_of_imported_data() -> None:
    both = {
        module
        for module, names in IMPORTS.items()
        if {"hypviz.data.importer.import_items", "hypviz.data.hierarchy.build_hierarchy"} <= names
    }
    assert both == {"hypviz.workspace.importing"}

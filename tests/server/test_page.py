"""Which checkpoint the page opens newly chosen data with."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from hypviz.clipart import OBJECT_CLASSES, PART_CLASSES
from hypviz.errors import WorkspaceError
from hypviz.explore import library as libraries
from hypviz.explore.library import Library
from hypviz.server.page import facts_html, suited_choice
from tests.worlds import TinyWorld

OPENED = {
    "demo": SimpleNamespace(vectors=None, items=SimpleNamespace(classes=sorted([*OBJECT_CLASSES, *PART_CLASSES]))),
    "photographs": SimpleNamespace(vectors=None, items=SimpleNamespace(classes=["car", "wheel"])),
    "vectors": SimpleNamespace(vectors=Path("own.npy"), items=SimpleNamespace(classes=["car", "wheel"])),
}


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    """Three kinds of data, both shipped checkpoints, and one that was given."""

    def workspace(self: Library, data: str, **_: object) -> SimpleNamespace:
        if data not in OPENED:
            raise WorkspaceError("not there")
        return OPENED[data]

    monkeypatch.setattr(Library, "workspace", workspace)
    monkeypatch.setattr(libraries, "list_checkpoints", lambda *folder: [] if folder else ["demo", "photos"])
    return Library(device="cpu", checkpoints={"own": Path("own.safetensors")})


@pytest.mark.parametrize(
    ("data", "before", "after"),
    [
        ("photographs", "demo", "photos"),
        ("demo", "photos", "demo"),
        ("demo", "demo", "demo"),
        ("vectors", "photos", "demo"),
        ("photographs", "own", "own"),
        ("demo", "own", "own"),
        ("nowhere", "demo", "demo"),
    ],
)
def test_a_shipped_checkpoint_gives_way_to_the_one_that_suits_and_any_other_stays(
    library: Library, data: str, before: str, after: str
) -> None:
    assert suited_choice(library, data, before) == after


def test_a_checkpoint_that_is_not_there_is_not_chosen(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "list_checkpoints", lambda *folder: [] if folder else ["demo"])
    assert suited_choice(library, "photographs", "demo") == "demo"


def test_a_set_that_goes_by_a_path_says_it_behind_the_sign_of_facts(tiny_world: TinyWorld) -> None:
    view = Library(device="cpu").open(str(tiny_world.workspace), str(tiny_world.checkpoint))
    assert " · from /srv/ada &amp; bob/cars</p>" in facts_html(view, "/srv/ada & bob/cars")
    assert " · from " not in facts_html(view)

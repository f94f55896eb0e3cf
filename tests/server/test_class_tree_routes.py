"""The class tree of a workspace over HTTP: checked, kept, seen by two, and opened at a level."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from hypviz.access.visitors import Visitor, visitor
from hypviz.errors import ForbiddenError
from hypviz.explore.library import Library
from hypviz.server.class_tree_routes import class_tree_router
from hypviz.server.edge.gate import QUESTIONS
from hypviz.server.routes import build_app
from hypviz.server.schemas.class_trees import TaxonomyBody
from hypviz.workspace.class_trees import read_taxonomy_of
from tests.server.small_site import refused
from tests.worlds import TinyWorld


@pytest.fixture
def site(tiny_world: TinyWorld, tmp_path: Path) -> tuple[TestClient, Library, str]:
    world = tiny_world.copy(tmp_path / "world")
    library = Library(device="cpu", extra={"data": world.workspace})
    view = library.open("data", str(tiny_world.checkpoint))
    return TestClient(build_app(library), base_url=f"http://localhost/hypviz/view/{view.key}/"), library, view.key


def tree_of(library: Library, key: str) -> str:
    return "all\n" + "".join(f"  group {place % 2}\n" + f"    {name}\n" for place, name in enumerate(library.view(key).items.classes[:2]))


def test_a_tree_is_checked_kept_and_opened_at_a_level(site: tuple[TestClient, Library, str]) -> None:
    client, library, key = site
    assert client.get("taxonomy").json() == {"sentences": [], "problem": "", "text": "", "version": "", "may_change": True}
    text = tree_of(library, key)
    checked = client.post("taxonomy/check", json={"text": text}).json()
    assert checked["text"] == text and checked["sentences"][0].startswith("2 of ")
    assert client.get("taxonomy").json()["text"] == "", "a check keeps nothing"
    described = client.post("taxonomy", json={"text": text, "seen": ""}).json()
    assert [one["level"] for one in described["tree"]["levels"]] == [1]
    shown = client.get("level/1").json()
    assert shown["key"].startswith(f"{key}~1-")
    found = client.post(f"http://localhost/hypviz/view/{shown['key']}/find", json={"filter": {}}).json()["facets"]["classes"]
    assert {"group 0", "group 1"} <= {one["name"] for one in found}
    assert client.get("level/0").json()["key"] == key
    assert "no level 7" in refused(client.get("level/7"), 422)


def test_the_second_of_two_is_told_and_nothing_is_lost(site: tuple[TestClient, Library, str]) -> None:
    client, library, key = site
    text = tree_of(library, key)
    assert client.post("taxonomy", json={"text": text, "seen": ""}).status_code == 200
    late = client.post("taxonomy", json={"text": text.replace("group", "kind"), "seen": ""})
    assert "changed elsewhere" in refused(late, 409)
    kept = client.get("taxonomy").json()
    assert kept["text"] == text
    assert client.post("taxonomy", json={"text": "", "seen": kept["version"]}).json()["tree"] is None


@pytest.mark.parametrize(
    ("text", "name", "sentence"),
    [
        ("a\n   b\n  c", "mine.txt", "mine.txt, line 3"),
        ("no\n  class", "", "class tree: none of the"),
        ('{"a"', "", "begins like JSON"),
        ("\n".join(f"{'x' * 190}{place}" for place in range(3)), "", "none of the"),
    ],
)
def test_what_cannot_be_used_is_answered_with_a_sentence(
    site: tuple[TestClient, Library, str], text: str, name: str, sentence: str
) -> None:
    client, library, key = site
    for path, more in (("taxonomy/check", {}), ("taxonomy", {"seen": ""})):
        assert sentence in refused(client.post(path, json={"text": text, "name": name, **more}), 422)
    assert read_taxonomy_of(library.view(key).workspace.folder) is None


def test_only_an_owner_or_an_admin_may_change_it(site: tuple[TestClient, Library, str]) -> None:
    _, library, key = site
    routes = {(route.path, *route.methods): route.endpoint for route in class_tree_router(library).routes if isinstance(route, APIRoute)}
    token = visitor.set(Visitor("a stranger", "a stranger"))
    try:
        assert routes["/view/{key}/taxonomy", "GET"](key)["may_change"] is False
        with pytest.raises(ForbiddenError, match="only its owner or an admin"):
            routes["/view/{key}/taxonomy", "POST"](key, TaxonomyBody(text=tree_of(library, key), seen=""))
    finally:
        visitor.reset(token)
    assert read_taxonomy_of(library.view(key).workspace.folder) is None


def test_a_read_only_server_checks_and_keeps_nothing() -> None:
    assert QUESTIONS.fullmatch("/hypviz/view/abc~1-00000000/taxonomy/check")
    assert not QUESTIONS.fullmatch("/hypviz/view/abc/taxonomy")

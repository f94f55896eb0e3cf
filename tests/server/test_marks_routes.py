"""Tags and saved views over HTTP: two browsers of one view see and keep what the other did."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from hypviz.explore.library import Library
from hypviz.server.routes import build_app
from tests.worlds import TinyWorld


@pytest.fixture
def address(tiny_world: TinyWorld, tmp_path: Path) -> tuple[TestClient, str]:
    folder = tmp_path / "world" / tiny_world.workspace.name
    shutil.copytree(tiny_world.workspace.parent, folder.parent)
    library = Library(device="cpu", extra={"data": folder})
    view = library.open("data", str(tiny_world.checkpoint))
    return TestClient(build_app(library), base_url="http://localhost"), f"/hypviz/view/{view.key}"


def test_tagged_items_are_found_filtered_counted_and_exported(address: tuple[TestClient, str]) -> None:
    client, base = address
    given = client.post(f"{base}/tag", json={"name": "blurred", "on": True, "rows": [3, 5, 8]}).json()
    assert given["changed"] == 3 and given["tags"][0]["count"] == 3
    found = client.post(f"{base}/find", json={"filter": {"tags": ["blurred"]}}).json()
    assert found["total"] == 3 and found["facets"]["tags"] == [{"value": "blurred", "name": "blurred", "count": 3}]
    listed = client.post(f"{base}/items", json={"filter": {"tags": ["blurred"]}}).json()["items"]
    assert [item["row"] for item in listed] == [3, 5, 8] and all(item["tags"] == ["blurred"] for item in listed)
    ids = client.post(f"{base}/export", json={"filter": {"tags": ["blurred"]}, "format": "ids"})
    assert ids.text.splitlines() == [item["id"] for item in listed] and ".ids.txt" in ids.headers["Content-Disposition"]
    lines = client.post(f"{base}/export", json={"rows": [3, 4], "format": "csv"}).text.splitlines()
    place = lines[0].split(",").index("tags")
    assert [line.split(",")[place] for line in lines[1:]] == ["blurred", ""]
    client.post(f"{base}/tag", json={"name": "blurred", "on": False, "ids": [listed[0]["id"]]})
    assert client.get(f"{base}/marks").json()["tags"][0]["count"] == 2
    assert client.post(f"{base}/tag/rename", json={"name": "blurred", "to": "dark"}).json()["tags"][0]["name"] == "dark"
    assert client.post(f"{base}/tag/delete", json={"name": "dark"}).json()["tags"] == []


def test_views_are_saved_renamed_and_deleted(address: tuple[TestClient, str]) -> None:
    client, base = address
    kept = client.post(f"{base}/saved", json={"name": "Boats", "link": "#data=data&item=1"}).json()["view"]
    again = client.post(f"{base}/saved", json={"name": "Boats", "link": "#data=data&item=2"}).json()
    assert [view["name"] for view in again["views"]] == ["Boats (2)", "Boats"]
    renamed = client.post(f"{base}/saved/rename", json={"id": kept["id"], "name": "Ships", "seen": "Boats"}).json()["view"]
    assert renamed["name"] == "Ships"
    late = client.post(f"{base}/saved/delete", json={"id": kept["id"], "seen": "Boats"})
    assert late.status_code == 404 and "renamed to 'Ships'" in late.json()["error"]
    left = client.post(f"{base}/saved/delete", json={"id": kept["id"], "seen": "Ships"}).json()["views"]
    assert [view["name"] for view in left] == ["Boats (2)"]


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("tag", {"name": "a"}, "Say which items are meant"),
        ("tag", {"rows": [1]}, "A tag needs a name"),
        ("tag", {"name": "a", "rows": [10**9]}, "No item"),
        ("saved", {"name": "a", "link": "javascript:1"}, "begins with #"),
        ("tag", {"name": "a", "rows": [1], "on": "no"}, "on of this request is not usable: expected true or false"),
        ("saved", {"name": "a"}, "link of this request is not usable: it is missing"),
        ("find", {"filter": {"tags": ["none"]}}, "No item has the tag"),
        ("find", {"filter": {"tags": "none"}}, "tags of this request is not usable: expected a list, got 'none'"),
        ("histograms", {"filter": {"radius": 3}}, "radius of this request is not usable: expected [from, to]"),
    ],
)
def test_what_cannot_be_used_is_answered_with_a_sentence(
    address: tuple[TestClient, str], path: str, body: dict[str, object], words: str
) -> None:
    client, base = address
    answer = client.post(f"{base}/{path}", json=body)
    assert answer.status_code in (404, 422) and words in answer.json()["error"]

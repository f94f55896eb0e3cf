"""The routes of the Evaluate tab: run, watch, read; every mistake is {"error": one sentence}."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from hypviz.explore.library import Library
from hypviz.explore.view import View
from hypviz.server import routes
from tests.worlds import TinyWorld

KEY = "task=box → scene&reading=same class&score=angle&metric=precision@5"


@pytest.fixture(scope="module")
def view_and_client(tiny_world: TinyWorld, tmp_path_factory: pytest.TempPathFactory) -> tuple[View, TestClient]:
    """A view of a copy of the tiny world, evaluated through the routes."""
    world = tiny_world.copy(tmp_path_factory.mktemp("routes") / "world")
    library = Library(device="cpu", extra={"tiny": world.workspace})
    view = library.open("tiny", str(tiny_world.checkpoint))
    client = TestClient(routes.build_app(library), base_url=f"http://localhost/hypviz/evaluate/{view.key}/")
    assert client.get("status").json()["state"] == "absent"
    assert "not there yet" in refused(client.get("report"), 404)
    assert client.post("run").json()["state"] in ("running", "ready")
    for _ in range(6000):
        if client.get("status").json()["state"] == "ready":
            return view, client
        time.sleep(0.02)
    raise AssertionError(client.get("status").text)


@pytest.fixture(scope="module")
def view(view_and_client: tuple[View, TestClient]) -> View:
    return view_and_client[0]


@pytest.fixture(scope="module")
def client(view_and_client: tuple[View, TestClient]) -> TestClient:
    return view_and_client[1]


def refused(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    content = answer.json()
    assert list(content) == ["error"] and "\n" not in content["error"] and content["error"].endswith(".")
    return str(content["error"])


def test_choices_name_the_data_the_checkpoint_and_what_to_compare_with(client: TestClient) -> None:
    choices = client.get("choices").json()
    assert (choices["checkpoint"], choices["data"], choices["untrained"]) == ("tiny", "tiny", "(untrained)")
    assert "demo" in choices["others"] and "tiny" not in choices["others"]


def test_a_report_and_all_that_hangs_on_it_answer(client: TestClient) -> None:
    report = client.get("report").json()
    assert report["tables"] and report["curves"] and report["radii"][0]["source"] == "tiny"
    assert client.get(f"classes?{KEY}").json()["rows"]
    answer = client.get(f"examples?source=tiny&{KEY}&limit=2&shown=3").json()
    assert len(answer["examples"]) == 2 and len(answer["examples"][0]["retrieved"]) == 3
    assert client.get("level?source=tiny&depth=0&limit=3").json()["total"] == 8
    wrong, right = (client.get(f"pairs?source=tiny&right={word}").json()["total"] for word in ("false", "true"))
    assert wrong + right > 0
    drawn = client.get("query?label=-1").json()
    assert drawn["count"] == 8
    ordered = client.get(f"ordered?source=tiny&row={drawn['row']}&limit=5").json()
    assert all([item["radius"] for item in row["items"]] == sorted(item["radius"] for item in row["items"]) for row in ordered["rows"])


def test_files_come_as_attachments(client: TestClient) -> None:
    for name in ("tables.md", "table-1.csv", "results.csv", "classes.csv", "results.json"):
        answer = client.get(f"download/{name}")
        assert (
            answer.status_code == 200
            and answer.headers["content-disposition"] == f'attachment; filename="{name}"'
            and len(answer.text) > 50
        )
    assert json.loads(client.get("download-health/health.json").text)["checks"]
    assert client.get("download-health/health.md").text.startswith("# Hierarchy health")
    assert "No file" in refused(client.get("download/x.csv"), 404)
    assert "No file" in refused(client.get("download-health/x.csv"), 404)


def test_health_needs_no_evaluation_and_pages_through_its_findings(client: TestClient) -> None:
    checks = client.get("health").json()["checks"]
    assert len({check["key"] for check in checks}) == len(checks) > 8
    some = next(check for check in checks if check["count"] > 2)
    first = client.get(f"health/{some['key']}?limit=1").json()
    second = client.get(f"health/{some['key']}?limit=1&offset=1").json()
    assert first["total"] == second["total"] == some["count"]
    assert first["pairs"][0]["cards"] != second["pairs"][0]["cards"]
    assert "No check 'x'" in refused(client.get("health/x"), 404)


def test_a_region_is_a_picture_of_its_shape(client: TestClient, view: View, tmp_path: Path) -> None:
    answer = client.get("region/1?box=10,20,110,70")
    (tmp_path / "a.jpg").write_bytes(answer.content)
    assert answer.headers["content-type"] == "image/jpeg" and Image.open(tmp_path / "a.jpg").size == (420, 210)
    assert "four numbers" in refused(client.get("region/1?box=10,20"), 404)
    assert f"it has {len(view.items.images)}" in refused(client.get("region/99?box=1,1,9,9"), 404)


@pytest.mark.parametrize(
    ("address", "status", "message"),
    [
        ("status?apex=top", 422, "apex must be one of"),
        ("status?scope=half", 422, "scope must be one of"),
        ("status?other=nowhere", 422, "No checkpoint 'nowhere'"),
        (f"examples?source=x&{KEY}", 404, "No 'x' in this review"),
        (f"examples?source=tiny&{KEY}&label=9999", 404, "No class 9999"),
        (f"examples?source=tiny&{KEY}&order=odd", 422, "order must be one of"),
        (f"examples?source=tiny&{KEY}&limit=0", 422, "limit"),
        (f"examples?source=tiny&{KEY}&shown=1000", 422, "shown"),
        ("examples?source=tiny", 422, "task"),
        ("classes?task=a&reading=b&score=c&metric=d", 404, "a/b/c"),
        ("level?source=tiny&depth=99", 404, "No items at depth 99"),
        ("level?source=tiny&depth=0&offset=-1", 422, "offset"),
        ("ordered?source=tiny&row=100000", 404, "No item 100000"),
        ("query?label=9999", 404, "No item of class 9999"),
        ("http://localhost/hypviz/evaluate/none/status", 404, "no longer open"),
    ],
)
def test_a_wrong_request_is_told_so_in_one_sentence(client: TestClient, address: str, status: int, message: str) -> None:
    assert message in refused(client.get(address), status)


def test_cancelling_what_does_not_run_is_no_mistake(client: TestClient) -> None:
    assert client.post("http://localhost/hypviz/evaluate/cancel/none").status_code == 200
    assert client.get("status").json()["state"] == "ready"

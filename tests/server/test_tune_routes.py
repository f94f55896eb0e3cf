"""The routes of fine-tuning: bring a set, plan, train, watch, keep, undo; every mistake is {"error": one sentence}."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from hypviz.explore.library import Library
from hypviz.finetune import upload as intake
from hypviz.server import routes
from hypviz.viz.disk import unpack
from tests.finetune.zips import coco_files, pack, relabelled
from tests.worlds import TinyWorld

QUICK = {"tune.epochs": 2, "train.batch_pairs": 16, "tune.views": 0}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("routes") / "home"
        patch.setenv("HYPVIZ_HOME", str(folder))
        yield folder


@pytest.fixture(scope="module")
def client(home: Path, tiny_world: TinyWorld) -> TestClient:
    library = Library(device="cpu", extra={"tiny": tiny_world.workspace}, checkpoints={"tiny": tiny_world.checkpoint})
    return TestClient(routes.build_app(library), base_url="http://localhost/hypviz/tune/")


def wait(ask: Callable[[], dict[str, Any]], *, running: tuple[str, ...]) -> dict[str, Any]:
    for _ in range(6000):
        answer = ask()
        if answer["state"] not in running:
            return answer
        time.sleep(0.05)
    raise AssertionError(answer)


def bring(client: TestClient, content: bytes, name: str = "cars.zip") -> dict[str, Any]:
    number = client.post("set", content=content, headers={"X-File-Name": name}).json()["intake"]
    return wait(lambda: client.get(f"intake/{number}").json(), running=("running",))


def refused(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    content = answer.json()
    assert list(content) == ["error"] and "\n" not in content["error"] and content["error"].endswith(".")
    return str(content["error"])


@pytest.fixture(scope="module")
def name(client: TestClient, tiny_world: TinyWorld, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An uploaded set."""
    made = pack(tmp_path_factory.mktemp("zip") / "a.zip", coco_files(tiny_world)).read_bytes()
    brought = bring(client, made)
    assert brought["state"] == "done" and brought["error"] == ""
    return str(brought["set"])


def test_a_set_is_described_and_listed_beside_the_workspaces(client: TestClient, name: str) -> None:
    listed = {one["name"]: one for one in client.get("sets").json()["sets"]}
    assert {"demo", "tiny", name} <= set(listed) and listed[name]["uploaded"] and not listed["demo"]["uploaded"]
    described = client.get(f"set/{name}").json()
    assert described["usable"] and described["images"] == 8 == described["report"]["kept_images"]
    counts = [one["count"] for one in described["classes"]]
    assert counts == sorted(counts, reverse=True) and sum(counts) == described["boxes"]


def test_a_bad_set_is_refused_and_leaves_nothing(
    client: TestClient, name: str, home: Path, tiny_world: TinyWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(home.iterdir())
    boxless = pack(tmp_path / "a.zip", relabelled(tiny_world, annotations=[])).read_bytes()
    failed = bring(client, boxless, "bare.zip")
    assert failed["state"] == "failed" and failed["set"] is None
    assert failed["error"].startswith("bare.zip has 8 pictures and no boxes") and failed["error"].endswith(".")
    assert bring(client, b"no zip", "x.zip")["error"].startswith("x.zip is no zip archive")
    assert "is empty" in refused(client.post("set", content=b""), 422)
    monkeypatch.setattr(intake, "MAX_UPLOAD", 1 << 10)
    assert "is larger than" in refused(client.post("set", content=bytes(1 << 12)), 422)
    for _ in range(100):  # the folder goes a moment after the last word
        if sorted(home.iterdir()) == before:
            break
        time.sleep(0.05)
    assert sorted(home.iterdir()) == before


def test_choices_and_a_plan_say_what_can_be_set_and_what_will_be(client: TestClient, name: str) -> None:
    choices = client.get("choices").json()
    assert [depth["name"] for depth in choices["depths"]] == ["head", "lora", "blocks", "all"]
    assert {"demo", "tiny"} <= {one["name"] for one in choices["checkpoints"]}
    plan = client.get("plan", params={"set": name, "checkpoint": "tiny", "depth": "head"}).json()
    assert set(plan["settings"]) == {setting["name"] for setting in choices["settings"]}
    assert plan["split"]["train"] == 6 and plan["steps"] == plan["epochs"] * plan["steps_per_epoch"]
    assert "few-pictures" in [warning["kind"] for warning in plan["warnings"]]


def test_a_training_from_asking_to_keeping_and_back(client: TestClient, name: str) -> None:
    asked = {"set": name, "checkpoint": "tiny", "depth": "head", "settings": QUICK}
    job = client.post("jobs", json=asked).json()
    number = job["id"]
    assert job["state"] in ("queued", "running") and client.get("jobs").json()["jobs"][0]["id"] == number
    ended = wait(lambda: client.get(f"jobs/{number}").json(), running=("queued", "running"))
    assert ended["state"] == "done", ended["error"]
    assert ended["settings"]["tune.epochs"] == 2 and len(ended["history"]) == 3 and not ended["error"]
    header, _ = unpack(client.get(f"jobs/{number}/disk").content)
    assert header["n"] > 8
    for epoch in ("1", "2", "best"):
        answer = client.get(f"jobs/{number}/disk/{epoch}")
        assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    assert "it has 3, from 0 on" in refused(client.get(f"jobs/{number}/disk/3"), 404)
    with zipfile.ZipFile(io.BytesIO(client.get(f"jobs/{number}/download").content)) as archive:
        assert sorted(archive.namelist()) == ["cars-head.json", "cars-head.safetensors"]
    assert client.get("name", params={"name": " my  cars "}).json() == {"name": "my cars"}
    kept = client.post(f"jobs/{number}/keep", json={"name": "my cars", "licence": "MIT"}).json()
    assert kept["checkpoint"] == kept["job"]["kept"] == "my cars"
    assert "called 'My Cars' already" in refused(client.get("name", params={"name": "My Cars"}), 422)
    assert client.post(f"jobs/{number}/undo").json()["job"]["kept"] is None
    assert "nothing was stopped" in refused(client.post(f"jobs/{number}/pause"), 404)
    assert client.delete(f"jobs/{number}").json() == {"removed": number}
    assert "no training" in refused(client.get(f"jobs/{number}"), 404)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"set": "nowhere", "checkpoint": "demo"}, "No workspace called 'nowhere'"),
        ({"set": "tiny", "checkpoint": "nowhere"}, "No checkpoint 'nowhere'"),
        ({"set": "tiny"}, "either a checkpoint"),
        ({"set": "tiny", "checkpoint": "tiny", "depth": "deep"}, "depth must be one of"),
        ({"set": "tiny", "checkpoint": "tiny", "settings": {"train.lr": -1}}, "lr must be between"),
        ({"set": "tiny", "checkpoint": "tiny", "settings": [1]}, "settings of this request is not usable: expected an object, got [1]"),
        ({"set": "tiny", "checkpoint": "tiny", "speed": 9}, "A training has no 'speed'"),
        ({"set": "tiny", "backbone": "timm:test_vit"}, "needs weights, a file or hub:TAG"),
    ],
)
def test_what_cannot_be_trained_is_told_at_once(client: TestClient, asked: dict[str, Any], message: str) -> None:
    assert message in refused(client.post("jobs", json=asked), 422)


@pytest.mark.parametrize(
    ("method", "address", "status", "message"),
    [
        ("GET", "jobs/nowhere", 404, "no training 'nowhere'"),
        ("GET", "jobs/..%2F..", 405, "."),
        ("POST", "jobs/nowhere/resume", 404, "no training"),
        ("POST", "jobs/nowhere/fly", 404, "cannot 'fly'"),
        ("GET", "intake/nowhere", 404, "no longer known"),
        ("DELETE", "set/tiny", 422, "was not uploaded here"),
        ("GET", "jobs/nowhere?since=-1", 422, "since"),
    ],
)
def test_a_wrong_request_is_told_so_in_one_sentence(client: TestClient, method: str, address: str, status: int, message: str) -> None:
    assert message in refused(client.request(method, address), status)


def test_an_uploaded_set_can_be_removed(client: TestClient, name: str, home: Path) -> None:
    assert client.delete(f"set/{name}").json() == {"removed": name}
    assert name not in [one["name"] for one in client.get("sets").json()["sets"]]
    assert not [path for path in home.iterdir() if path.name.startswith(name)]

"""Data and checkpoints that a question names by a path: outside the allowed folders nothing is shown, counted or known to be there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from hypviz.access.trust import Trust
from hypviz.errors import HypvizError, page_sentence
from hypviz.explore.library import Library
from hypviz.server import routes
from hypviz.server.api import Endpoints
from tests.worlds import TinyWorld

Ask = Callable[[TestClient, str], tuple[int, str]]


@pytest.fixture
def client(home: Path, tiny_world: TinyWorld) -> TestClient:
    """A server that allows no folder; its home holds "tiny" and what somebody planted among uploaded pictures."""
    shutil.copytree(tiny_world.workspace, home / "tiny")
    meta = json.loads((home / "tiny" / "meta.json").read_text()) | {"root": str(tiny_world.folder / "images")}
    (home / "tiny" / "meta.json").write_text(json.dumps(meta))
    shutil.copytree(home / "tiny", home / "tiny.pictures")
    library = Library(device="cpu", trust=Trust.of_server([], hub=False))
    return TestClient(routes.build_app(library), base_url="http://localhost/hypviz/")


def by(method: str, address: str, body: Any = None) -> Ask:
    """A request whose address has the path where it says {path}, or whose body has it as its set or checkpoint."""

    def ask(client: TestClient, path: str) -> tuple[int, str]:
        content = {key: path if value == "{path}" else value for key, value in body.items()} if isinstance(body, dict) else None
        answer = client.request(method, address.replace("{path}", quote(path, safe="")), json=content)
        return answer.status_code, answer.json()["error"] if answer.status_code >= 400 else "answered"

    return ask


def endpoint(name: str, **named: Any) -> Ask:
    """The same by one of the endpoints of `gradio_client`."""

    def ask(client: TestClient, path: str) -> tuple[int, str]:
        library = client.app.state.library  # type: ignore[attr-defined]
        values = {key: [path] if value == ["{path}"] else path if value == "{path}" else value for key, value in named.items()}
        try:
            getattr(Endpoints(library), name)(**values)
        except HypvizError as error:
            return 422, page_sentence(error)
        return 200, "answered"

    return ask


BOXES = {"version": 0, "boxes": []}
OF_DATA: dict[str, Ask] = {
    "annotate/set": by("GET", "annotate/set?data={path}"),
    "annotate/picture": by("GET", "annotate/picture/0?data={path}"),
    "annotate/image": by("GET", "annotate/image/0?data={path}"),
    "annotate/corrections": by("GET", "annotate/corrections?data={path}"),
    "annotate/export": by("GET", "annotate/export/annotations.json?data={path}"),
    "draw": by("PUT", "annotate/picture/0?data={path}", BOXES),
    "apply": by("POST", "annotate/apply?data={path}"),
    "tune/set": by("GET", "tune/set/{path}"),
    "remove a set": by("DELETE", "tune/set/{path}"),
    "tune/plan": by("GET", "tune/plan?checkpoint=demo&set={path}"),
    "tune/jobs": by("POST", "tune/jobs", {"set": "{path}", "checkpoint": "demo"}),
    "search": endpoint("search", data="{path}", checkpoint="demo", item="x"),
    "embed": endpoint("embed", data="{path}", checkpoint="demo"),
    "evaluate": endpoint("evaluate", data="{path}", checkpoints=["demo"]),
}
OF_CHECKPOINTS: dict[str, Ask] = {
    "tune/plan": by("GET", "tune/plan?set=tiny&checkpoint={path}"),
    "weights": by("GET", "tune/plan?set=tiny&backbone=timm:resnet18&weights={path}"),
    "tune/jobs": by("POST", "tune/jobs", {"set": "tiny", "checkpoint": "{path}"}),
    "search": endpoint("search", data="tiny", checkpoint="{path}", item="x"),
    "evaluate": endpoint("evaluate", data="tiny", checkpoints=["{path}"]),
}


def answers(ask: Ask, client: TestClient, paths: list[Path | str]) -> set[tuple[int, str]]:
    """The different answers to some paths, with the path taken out of them."""
    given = [(str(path), *ask(client, str(path))) for path in paths]
    return {(status, sentence.replace(repr(path), "…")) for path, status, sentence in given}


@pytest.mark.parametrize("way", OF_DATA)
def test_data_outside_the_allowed_folders_are_answered_as_what_is_not_there(
    client: TestClient, way: str, home: Path, tiny_world: TinyWorld, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    there = [tiny_world.workspace, tiny_world.folder, tmp_path / "empty", home / "tiny.pictures", home / "tiny", "/etc", "/etc/passwd"]
    told = answers(OF_DATA[way], client, [*there, tmp_path / "absent", "/no/such", "tiny.pictures", "../x"])
    assert len(told) == 1
    ((status, sentence),) = told
    assert status == 422 and sentence.startswith("… is no folder that this server opens: expected a name from the list")


@pytest.mark.parametrize("way", OF_CHECKPOINTS)
def test_checkpoints_outside_the_allowed_folders_are_answered_as_what_is_not_there(
    client: TestClient, way: str, tiny_world: TinyWorld, tmp_path: Path
) -> None:
    there = [tiny_world.checkpoint, tiny_world.checkpoint.with_suffix(""), tiny_world.folder, "/etc", "/etc/passwd"]
    told = answers(OF_CHECKPOINTS[way], client, [*there, tmp_path / "absent.safetensors", "/no/such", "../x"])
    assert len(told) == 1
    ((status, sentence),) = told
    assert status == 422 and "that this server opens: expected a name from the list" in sentence


def test_what_is_listed_is_answered(client: TestClient) -> None:
    """The questions above are in order, so it is the path that they are refused for."""
    for way in ("annotate/set", "annotate/picture", "annotate/corrections", "tune/set"):
        assert OF_DATA[way](client, "tiny") == (200, "answered"), way
    image = client.get("annotate/image/0?data=tiny")
    assert image.status_code == 200 and image.headers["content-type"] == "image/jpeg"

"""The routes over the tiny world, and what a refusal looks like; test files import what they use."""

from __future__ import annotations

import httpx
import pytest
from fastapi.testclient import TestClient

from hypviz.explore.library import Library
from hypviz.explore.view import View
from hypviz.server import routes
from tests.worlds import TinyWorld


@pytest.fixture(scope="module")
def library(tiny_world: TinyWorld) -> Library:
    return Library(device="cpu", extra={"tiny": tiny_world.workspace})


@pytest.fixture(scope="module")
def view(library: Library, tiny_world: TinyWorld) -> View:
    return library.open("tiny", str(tiny_world.checkpoint))


@pytest.fixture(scope="module")
def client(library: Library, view: View) -> TestClient:
    """Raises whatever the application does not turn into an answer."""
    return TestClient(routes.build_app(library), base_url=f"http://localhost/hypviz/view/{view.key}/")


def refused(answer: httpx.Response, status: int) -> str:
    """The one sentence of a refusal with this status."""
    assert answer.status_code == status, answer.text
    content = answer.json()
    assert list(content) == ["error"] and "\n" not in content["error"] and content["error"].endswith(".")
    assert "Traceback" not in content["error"] and len(content["error"]) < 400
    sentence: str = content["error"]
    return sentence

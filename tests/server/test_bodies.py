"""No body is read beyond its limit, whatever route it is for, and none is waited for without end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from hypviz.explore.library import Library
from hypviz.server.edge import bodies
from hypviz.server.edge.bodies import MAX_JSON, Bodies, limit_of
from hypviz.server.server import build_site
from tests.loops import run_to_end
from tests.server.every_route import every_route, filled
from tests.worlds import TinyWorld

GIGANTIC = str(1 << 40)


class Client:
    """A client that speaks ASGI: it says how much was taken of what it sends."""

    def __init__(self, app: Any, *, chunk: int = 1 << 20, chunks: int = 1 << 20) -> None:
        self.app, self.chunk, self.chunks, self.sent = app, chunk, chunks, 0
        self.status, self.body = 0, b""

    def send(self, method: str, path: str, headers: dict[str, str], *, stall: bool = False) -> int:
        scope = {
            "type": "http", "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"",
            "root_path": "", "scheme": "http", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 7860),
            "headers": [(b"host", b"localhost"), *((k.lower().encode(), v.encode()) for k, v in headers.items())],
        }  # fmt: skip

        async def receive() -> dict[str, Any]:
            if stall:
                await asyncio.sleep(60)
            if self.sent >= self.chunks:
                await asyncio.sleep(60)
            self.sent += 1
            return {"type": "http.request", "body": b" " * self.chunk, "more_body": self.sent < self.chunks}

        async def take(message: dict[str, Any]) -> None:
            self.status = message.get("status", self.status)
            self.body += message.get("body", b"")

        run_to_end(asyncio.wait_for(self.app(scope, receive, take), 30))
        return self.status


@pytest.fixture(scope="module")
def site(tiny_world: TinyWorld, tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HYPVIZ_HOME", str(tmp_path_factory.mktemp("bodies") / "home"))
        library = Library(device="cpu", extra={"tiny": tiny_world.workspace}, checkpoints={"tiny": tiny_world.checkpoint})
        yield build_site(library, "tiny", "tiny")


def test_a_body_that_says_it_is_too_large_is_refused_unread_on_every_route(site: Any) -> None:
    for method, path in every_route(site):
        client = Client(site)
        assert client.send(method, filled(path), {"Content-Length": GIGANTIC}) == 413, (method, path)
        assert client.sent == 0 and b"the most that is read here" in client.body


def test_a_body_that_does_not_say_is_read_up_to_its_limit_on_every_route(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    small = [(pattern, 3 << 20) for pattern, _ in bodies.LIMITS]
    monkeypatch.setattr(bodies, "LIMITS", small)
    monkeypatch.setattr(bodies, "MAX_JSON", 2 << 20)
    for method, path in every_route(site):
        if method in ("POST", "PUT", "DELETE"):
            client = Client(site)
            status = client.send(method, filled(path), {"Content-Type": "application/json", "Transfer-Encoding": "chunked"})
            assert client.sent <= 4, (method, path, client.sent)
            assert 400 <= status < 500 or client.sent == 0, (method, path, status, client.body)


@pytest.mark.parametrize("length", ["-1", "x", "1e9", "²", "9" * 30, "1, 5"])
def test_a_length_that_is_no_number_is_refused(site: Any, length: str) -> None:
    assert Client(site).send("POST", "/hypviz/tune/jobs", {"Content-Length": length}) in (400, 413)


def test_json_has_room_for_what_the_page_sends() -> None:
    assert limit_of("/hypviz/view/x/export") == MAX_JSON > 17 * 200_000  # ids of 16 letters with a comma
    assert limit_of("/hypviz/view/x/upload") == 64 << 20 and limit_of("/hypviz/tune/set") == 4 << 30


def test_whoever_stops_sending_is_told_so() -> None:
    app = FastAPI()
    app.add_middleware(Bodies, stall_s=0.2)

    @app.post("/")
    async def read(request: Request) -> int:
        return len(await request.body())

    client = Client(app)
    assert client.send("POST", "/", {"Content-Length": "10"}, stall=True) == 408 and b"0.2 seconds" in client.body
    assert Client(app, chunks=3, chunk=5).send("POST", "/", {}) == 200


def test_a_hundred_megabytes_of_json_are_not_read(site: Any) -> None:
    client = Client(site, chunks=100)
    assert client.send("POST", "/hypviz/tune/jobs", {"Content-Type": "application/json"}) == 413
    assert client.sent == 9  # 8 MiB and the one that is too much


def test_gradios_uploads_are_refused_beyond_a_picture(site: Any, tmp_path: Path) -> None:
    with TestClient(site, base_url="http://localhost") as client:
        taken = client.post("/gradio_api/upload", files={"files": ("a.png", bytes(1 << 20))})
        assert taken.status_code == 200, taken.text
        assert client.post("/gradio_api/upload", files={"files": ("a.png", bytes((64 << 20) + (1 << 17)))}).status_code == 413

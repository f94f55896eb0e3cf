"""Under load answers take turns, what a click waits for first; beyond a bound one is told so at once, and nobody waits for a slow line."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hypviz.errors import SelectionError
from hypviz.explore.library import Library
from hypviz.explore.view import View
from hypviz.server import pressure, routes
from hypviz.server.pressure import Gate, Pressure, slots_here
from hypviz.server.remembered import Remembered
from tests.loops import run_to_end
from tests.worlds import TinyWorld

Messages = list[dict[str, Any]]


class Server:
    """An application that answers when it is told to, and notes who is at work."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.most = self.now = 0
        self.go: dict[str, asyncio.Event] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        self.begun.append(scope["path"].rpartition("/k/")[2])
        self.now += 1
        self.most = max(self.most, self.now)
        await self.go.setdefault(self.begun[-1], asyncio.Event()).wait()
        self.now -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})


def ask(app: Pressure, what: str, sent: Messages, body: Callable[[], Any] | None = None) -> asyncio.Task[None]:
    """A question in the background."""

    async def receive() -> dict[str, Any]:
        if body is not None:
            await body()
        return {"type": "http.request", "body": b"{}"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    return asyncio.ensure_future(app({"type": "http", "path": f"/hypviz/view/k/{what}"}, receive, send))


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_answers_take_turns_and_what_a_click_waits_for_goes_first() -> None:
    async def play() -> None:
        server = Server()
        app, sent = Pressure(server, slots=1), []
        names = ["thumb/1", "thumb/2", "focus", "select", "row/x"]
        tasks = [ask(app, name, sent) for name in names]
        for expected in ["thumb/1", "select", "row/x", "focus", "thumb/2"]:
            await settle()
            assert server.begun[-1] == expected
            server.go[expected].set()
        await asyncio.gather(*tasks)
        assert server.most == 1 and [message["status"] for message in sent if "status" in message] == [200] * 5

    run_to_end(play())


def test_beyond_the_bound_one_sentence_comes_at_once() -> None:
    async def play() -> None:
        server = Server()
        app, sent, refused = Pressure(server, slots=1, waiting=2), [], []
        tasks = [ask(app, name, sent) for name in ("select", "focus", "items")]
        await settle()
        await ask(app, "find", refused)
        start, body = refused
        assert start["status"] == 503 and (b"retry-after", b"3") in start["headers"]
        assert json.loads(body["body"]) == {
            "error": "The server is busy: 2 other questions wait for their answer already; try again in a few seconds."
        }
        tune = asyncio.ensure_future(app({"type": "http", "path": "/hypviz/tune/k/jobs"}, _nothing, _swallow))
        await settle()
        assert server.begun[-1] == "jobs", "what needs no turn is not in the queue"
        for name in ("select", "focus", "items", "jobs"):
            server.go.setdefault(name, asyncio.Event()).set()
        await asyncio.gather(*tasks, tune)
        assert app.gate.slots == 1 and app.gate.queued == 0

    run_to_end(play())


def test_a_slow_line_an_answer_that_takes_long_and_one_that_fails_keep_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        monkeypatch.setattr(pressure, "LONG_S", 0.01)
        server, never = Server(), asyncio.Event()
        app, sent = Pressure(server, slots=1), []
        slow = ask(app, "select", sent, never.wait)  # its body does not come
        await settle()
        long = ask(app, "points", sent)
        await settle()
        assert server.begun == ["points"]
        more = ask(app, "honesty", sent)  # waits until the long one has had its time
        await asyncio.sleep(0.2)
        assert server.begun == ["points", "honesty"]
        third = ask(app, "focus", sent)
        await asyncio.sleep(0.2)
        assert server.begun[-1] == "focus"
        gone = ask(app, "items", sent)
        gone.cancel()
        for name in ("points", "honesty", "focus"):
            server.go[name].set()
        await asyncio.gather(long, more, third)
        slow.cancel()
        assert app.gate.slots == 1

        async def fail(scope: Any, receive: Any, send: Any) -> None:
            raise ZeroDivisionError

        broken = Pressure(fail, slots=1)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await ask(broken, "select", [])
        assert broken.gate.slots == 1

    run_to_end(play())


def test_one_who_goes_while_waiting_gives_the_turn_to_the_next() -> None:
    async def play() -> None:
        gate = Gate(1)
        assert await gate.enter(0)
        first, second = asyncio.ensure_future(gate.enter(0)), asyncio.ensure_future(gate.enter(1))
        await settle()
        first.cancel()
        await settle()
        gate.leave()
        assert await second and gate.slots == 0
        third = asyncio.ensure_future(gate.enter(0))
        await settle()
        gate.leave()
        third.cancel()  # in the very moment that it was let in
        await settle()
        assert gate.slots == 1

    run_to_end(play())


def test_at_least_two_answers_and_at_most_two_thirds_of_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, slots in ((1, 2), (2, 2), (4, 2), (9, 6), (64, 42)):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        assert slots_here() == slots


def test_the_same_question_is_answered_once_and_errors_are_not_remembered() -> None:
    remembered, calls, begun = Remembered(limit=2), [], threading.Event()

    def answer(name: str = "a") -> bytes:
        calls.append(name)
        begun.wait(10)
        return name.encode()

    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(remembered.get, "a", answer) for _ in range(4)]
        begun.set()
        assert {one.result() for one in answers} == {b"a"} and calls == ["a"]
    with pytest.raises(SelectionError, match="no such row"):
        remembered.get("b", lambda: _raise(SelectionError("no such row")))
    assert remembered.get("b", lambda: answer("b")) == b"b"
    remembered.get("c", lambda: answer("c"))
    remembered.get("a", answer)
    assert calls == ["a", "b", "c", "a"], "the one unused longest was let go"


def test_a_click_is_answered_from_memory_until_something_it_says_has_changed(tiny_world: TinyWorld, home: Path, tmp_path: Path) -> None:
    world = tiny_world.copy(tmp_path / "world")
    for stored in world.workspace.glob("embeddings/*/layout-*pca*"):
        stored.unlink()  # another test may have left it in the world that all share
    library = Library(device="cpu", extra={"tiny": world.workspace})
    view = library.open("tiny", str(world.checkpoint))
    client = TestClient(routes.build_app(library), base_url=f"http://localhost/hypviz/view/{view.key}/")
    before = client.post("select", json={"query": {"row": 3}}).json()
    assert (
        client.post("select", json={"query": {"row": 3}, "omega": None}).json() == before == json.loads(json.dumps(view.select({"row": 3})))
    )
    assert client.post("select", json={"query": {"row": 3}, "omega": 0.1}).json() != before
    assert client.post("select", json={"query": {"row": 10**6}}).status_code == 404
    client.get("points?layout=pca")
    after = client.post("select", json={"query": {"row": 3}}).json()
    assert "pca" in after["angles"] and "pca" not in before["angles"]


def test_many_browsers_at_once_get_what_one_would(tiny_world: TinyWorld, tiny_view: View, home: Path) -> None:
    from hypviz.cli.load_clients import click_for
    from hypviz.server.plain_page import serve_bare

    library = Library(device="cpu", extra={"tiny": tiny_world.workspace})
    view = library.open("tiny", str(tiny_world.checkpoint))
    with serve_bare(library) as address:
        port = int(address.rstrip("/").rpartition(":")[2])
        timings = click_for(port, view.key, items=len(view.items), browsers=20, seconds=2.0, pace=0.0)
    figures = timings.figures(2.0)
    assert set(timings.outcomes) == {"200"} and figures["errors"] == 0 and figures["clicks"] >= 20
    assert 0 < figures["click to children, p50 (ms)"] <= figures["click to children, p95 (ms)"]


async def _nothing() -> dict[str, Any]:
    return {"type": "http.request", "body": b""}


async def _swallow(message: dict[str, Any]) -> None:
    pass


def _raise(error: Exception) -> bytes:
    raise error

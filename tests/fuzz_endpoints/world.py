"""A whole site over a small world to send anything to, in this process and without a socket."""

from __future__ import annotations

import asyncio
import json
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from hypviz.explore.library import Library
from hypviz.server.server import build_site
from tests.worlds import TinyWorld, picture_bytes

ANSWER_S, ANSWER_BYTES, SENTENCE = 60.0, 64 << 20, 600
"""Limits of every answer: seconds (on a busy machine), bytes, and letters of a refusal."""
STREAM_S = 0.15
"""How long an answer without end is listened to."""
ENDLESS = ("/gradio_api/heartbeat/", "/gradio_api/queue/data", "/gradio_api/upload_progress", "/gradio_api/call/")


@dataclass(frozen=True)
class Request:
    """What is sent; `path` is decoded, as a server hands it on."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass
class Answer:
    """What came back; `defect`: the traceback of what escaped the application."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    seconds: float = 0.0
    defect: str = ""


class Site:
    """The application, a running event loop for it, and names that mean something in it."""

    def __init__(self, app: Any, names: dict[str, list[str]]) -> None:
        self.app, self.names, self.runner = app, names, asyncio.Runner()

    def send(self, request: Request) -> Answer:
        """Send one request, and wait for its whole answer or for a while of an endless one."""
        answer, begun = Answer(), time.perf_counter()
        try:
            self.runner.run(asyncio.wait_for(self._send(request, answer), ANSWER_S))
        except Exception:  # what escapes the application is what is looked for
            answer.defect = traceback.format_exc()
        answer.seconds = time.perf_counter() - begun
        return answer

    async def _send(self, request: Request, answer: Answer) -> None:
        over, sent = asyncio.Event(), False
        endless = request.method == "GET" and request.path.startswith(ENDLESS)

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if not sent:
                sent = True
                return {"type": "http.request", "body": request.body, "more_body": False}
            await over.wait()
            return {"type": "http.disconnect"}

        async def take(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in message["headers"]}
            answer.body += message.get("body", b"")

        running = asyncio.ensure_future(self.app(_scope(request), receive, take))
        if endless:
            await asyncio.wait([running], timeout=STREAM_S)
            over.set()
            await asyncio.wait([running], timeout=2)
            if not running.done():
                running.cancel()
                return
        await running


def _scope(request: Request) -> dict[str, Any]:
    given = [(key.lower().encode("latin-1", "replace"), value.encode("utf-8", "surrogateescape")) for key, value in request.headers]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "path": request.path.encode("utf-8", "replace").decode(),  # as a server reads it
        "raw_path": quote(request.path.encode("utf-8", "surrogatepass")).encode(),
        "query_string": request.query.encode("utf-8", "surrogatepass"),
        "root_path": "",
        "scheme": "http",
        "client": ("127.0.0.1", 9),
        "server": ("127.0.0.1", 7860),
        "state": {},
        "headers": [(b"host", b"localhost:7860"), (b"content-length", str(len(request.body)).encode()), *given],
    }


def faults(request: Request, answer: Answer) -> list[str]:
    """What is wrong with an answer: a defect, a 5xx, no sentence, too much or too late."""
    found = []
    silent = answer.status == 0 and not (request.method == "GET" and request.path.startswith(ENDLESS))  # those are left before they begin
    if answer.defect or answer.status >= 500 or silent:
        last = answer.defect.strip().splitlines()[-1:] or [bytes(answer.body[:200]).decode("utf-8", "replace")]
        found.append(f"{answer.status} {last[0]}")
    if len(answer.body) > ANSWER_BYTES:
        found.append(f"an answer of {len(answer.body) >> 20} MiB")
    if answer.seconds > ANSWER_S:
        found.append(f"an answer after {answer.seconds:.0f} s")
    if request.path.startswith("/hypviz/") and 400 <= answer.status < 500 and b'{"error":' in answer.body[:20]:
        text = json.loads(bytes(answer.body))["error"]
        if len(text) > SENTENCE or "Traceback" in text or "\n" in text or not text.endswith("."):
            found.append(f"no sentence: {text[:300]}")
    return found


class _Ended:
    """A training's process that has ended at once: what it does is not what is asked here."""

    def __init__(self, folder: Any, **_: Any) -> None:
        self.folder, self.is_alive = folder, False

    def wait(self, _seconds: float) -> bool:
        return True

    def stop(self, **_: Any) -> None:
        pass

    end = stop

    def outcome(self) -> dict[str, str]:
        return {"state": "stopped", "error": ""}


@contextmanager
def open_site(world: TinyWorld, home: Path) -> Iterator[Site]:
    """The site over a copy of a small world, in a home folder of its own; trainings end as soon as they start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HYPVIZ_HOME", str(home))
        patch.setattr("hypviz.finetune.queue.TrainingProcess", _Ended)
        own = world.copy(home.parent / "world")
        library = Library(device="cpu", extra={"tiny": own.workspace}, checkpoints={"tiny": own.checkpoint})
        view = library.open("tiny", "tiny")
        app = build_site(library, "tiny", "tiny")
        token = view.placer.uploads.add(picture_bytes(view_picture()), "own.png")
        names = {"key": [view.key], "view": [view.key], "token": [token], "item_id": [str(view.items.item_id[7])], "data": ["tiny"]}
        site = Site(app, names | {"api_name": ["search", "embed", "names"]})
        with site.runner:
            yield site


def view_picture() -> Any:
    """Some picture."""
    from tests.conftest import random_picture

    return random_picture((50, 40), seed=3)

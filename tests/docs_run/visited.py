"""A server of the page that somebody looks at once, and that ends then."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

PATIENCE_S = 120


@dataclass
class Seen:
    """What the page answered: its status, its text, and what its Content-Security-Policy says."""

    status: int = 0
    body: str = ""
    policy: str = ""


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def visited(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    """Until the end of the block, a server that is started answers one request and is told to stop when it has warmed up."""
    from hypviz.cli import serve
    from hypviz.server import server as module

    seen, warm = Seen(), threading.Event()
    make, run = module.make_server, module.run

    def made(app: Any, settings: Any) -> Any:
        server = make(app, settings)
        threading.Thread(target=_visit, args=(server, settings, seen, warm), daemon=True).start()
        return server

    def until_warm(*arguments: Any, then: Callable[[], None], **options: Any) -> None:
        def warmed() -> None:
            try:
                then()
            finally:
                warm.set()

        run(*arguments, then=warmed, **options)

    with monkeypatch.context() as patch:
        patch.setattr(module, "make_server", made)
        patch.setattr(module, "run", until_warm)
        patch.setattr(serve, "_set_up_log", lambda *_: None)
        yield seen


def _visit(server: Any, settings: Any, seen: Seen, warm: threading.Event) -> None:
    try:
        while not server.started and not server.should_exit:
            threading.Event().wait(0.02)
        answer = httpx.get(f"http://127.0.0.1:{settings.port}{settings.root_path}/", timeout=PATIENCE_S)
        seen.status, seen.body = answer.status_code, answer.text
        seen.policy = answer.headers.get("Content-Security-Policy", "")
        warm.wait(PATIENCE_S)
    finally:
        server.should_exit = True

"""Small things that every part of the edge needs."""

from __future__ import annotations

import json
from collections.abc import Mapping

from starlette.types import Message, Receive, Scope, Send

SAFE = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing."""


def header(scope: Scope, name: bytes) -> str:
    """A header of the request, "" when it is absent; several of one name count as none that can be trusted and are joined by commas."""
    return ",".join(value.decode("latin-1") for key, value in scope.get("headers", ()) if key == name)


def cookie(scope: Scope, name: str) -> str:
    """A cookie of the request, "" when it is absent."""
    for part in header(scope, b"cookie").replace(",", ";").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return ""


async def refuse(scope: Scope, receive: Receive, send: Send, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> None:
    """Answer {"error": sentence}; a web socket is closed instead."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": sentence[:120]})
        return
    await answer(send, status, json.dumps({"error": sentence}, ensure_ascii=False).encode(), headers)


async def answer(
    send: Send, status: int, body: bytes, headers: Mapping[str, str] | None = None, *, media: str = "application/json"
) -> None:
    """Send a whole answer."""
    every = {"content-type": media, "content-length": str(len(body)), "cache-control": "no-store"} | dict(headers or {})
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in every.items()]
    start: Message = {"type": "http.response.start", "status": status, "headers": raw}
    await send(start)
    await send({"type": "http.response.body", "body": body})

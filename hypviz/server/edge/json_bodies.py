"""JSON that Python reads and JSON has not: NaN, Infinity and halves of surrogate pairs are refused before any route meets them.

They pass `json.loads`, and then no answer that holds them can be written. Every other mistake in a body is left to the route.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hypviz.server.edge.asgi import SAFE, refuse
from hypviz.server.edge.bodies import MAX_JSON, limit_of

SUSPECT = re.compile(rb"NaN|Infinity|\\u[dD][89a-fA-F]|[eE]\+?\d\d\d")
"""What such a body has somewhere; 1e999 is infinite, too."""
WORDS = "The body of this request holds NaN, Infinity or half a character, which no JSON has."


class JsonBodies:
    """Around everything that takes no files."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer 422."""
        if scope["type"] != "http" or scope["method"] in SAFE or limit_of(scope["path"]) != MAX_JSON:
            return await self.app(scope, receive, send)
        body = await _whole(receive)
        if body is None:
            return None  # the client went
        if SUSPECT.search(body) and not _is_writable(body):
            return await refuse(scope, receive, send, 422, WORDS)
        return await self.app(scope, _again(body, receive), send)


async def _whole(receive: Receive) -> bytes | None:
    """The body, which has a limit (`bodies`)."""
    parts, more = [], True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """`receive` that gives a body once more."""
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _is_writable(body: bytes) -> bool:
    """Whether a body is no JSON at all, which its route says better, or JSON that can be written again."""
    try:
        content: Any = json.loads(body, parse_constant=_refuse)
    except _ConstantError:
        return False
    except (ValueError, RecursionError):
        return True
    try:
        json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return False
    return True


class _ConstantError(Exception):
    """NaN or Infinity."""


def _refuse(name: str) -> NoReturn:
    raise _ConstantError(name)

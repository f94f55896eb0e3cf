"""How much of a request is read, and how long it is waited for: every body has a limit, stated per address.

A body that says it is larger is refused unread; one that says nothing is counted while it arrives. Whatever the application answers
to the half it got, the client hears 413.
"""

from __future__ import annotations

import asyncio
import contextlib
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hypviz.explore.uploads import MAX_BYTES
from hypviz.finetune.upload import MAX_UPLOAD
from hypviz.server.edge.asgi import header, refuse

MAX_JSON = 8 << 20
"""Bytes of any body that is no file: the ids of 200,000 items, or 40 times the bits of a million."""
MAX_SIGN_IN = 4 << 10
FORM_ROOM = 64 << 10
"""What a multipart form has around a file."""
STALL_S = 60.0
"""A body of which nothing came for so long is given up."""
LIMITS = (
    (re.compile(r"/hypviz/login"), MAX_SIGN_IN),
    (re.compile(r"/hypviz/view/[^/]+/upload"), MAX_BYTES),
    (re.compile(r"/gradio_api/upload/?"), MAX_BYTES + FORM_ROOM),
    (re.compile(r"/hypviz/tune/set"), MAX_UPLOAD),
)
"""Addresses whose bodies have another limit than `MAX_JSON`."""


class BodyRefusedError(Exception):
    """Raised into whoever reads on; `Bodies` answers."""


class Bodies:
    """The limits, around everything that is served."""

    def __init__(self, app: ASGIApp, *, stall_s: float = STALL_S) -> None:
        self.app, self.stall_s = app, stall_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through with a body that ends, or answer 413 (too large), 408 (stalled), 400 (no such length)."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        limit, length = limit_of(scope["path"]), header(scope, b"content-length")
        if length and not (length.isascii() and length.isdigit() and len(length) < 19):
            return await refuse(scope, receive, send, 400, "The length that this request states is no number.")
        if length and int(length) > limit:
            return await refuse(scope, receive, send, 413, _too_large(limit))
        return await _Reading(limit, receive, send, self.stall_s).run(self.app, scope)


class _Reading:
    """One request whose body is counted; the answer is replaced where the body is refused before an answer began."""

    def __init__(self, limit: int, receive: Receive, send: Send, stall_s: float) -> None:
        self.limit, self.stall_s, self._receive, self._send = limit, stall_s, receive, send
        self.size, self.whole, self.begun = 0, False, False
        self.refusal: tuple[int, str] | None = None

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        with contextlib.suppress(BodyRefusedError):
            await app(scope, self.receive, self.send)
        if self.refusal and not self.begun:
            await refuse(scope, self._receive, self._send, *self.refusal)

    async def receive(self) -> Message:
        if self.whole:  # what comes now is the word that the client has gone, which may take as long as it likes
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), self.stall_s)
        except (TimeoutError, asyncio.TimeoutError):
            self.refusal = 408, f"Nothing of this request came for {self.stall_s:g} seconds; send it again."
            raise BodyRefusedError from None
        if message["type"] != "http.request":
            return message
        self.size += len(message.get("body", b""))
        self.whole = not message.get("more_body", False)
        if self.size > self.limit:
            self.refusal = 413, _too_large(self.limit)
            raise BodyRefusedError
        return message

    async def send(self, message: Message) -> None:
        if self.refusal and not self.begun:
            return  # what the application says of half a body
        self.begun = True
        await self._send(message)


def limit_of(path: str) -> int:
    """Bytes that a request to `path` may have."""
    return next((limit for pattern, limit in LIMITS if pattern.fullmatch(path)), MAX_JSON)


def _too_large(limit: int) -> str:
    size = f"{limit >> 20} MiB" if limit >= 1 << 20 else f"{limit >> 10} KiB"
    return f"This request is larger than {size}, the most that is read here; nothing of it was kept."

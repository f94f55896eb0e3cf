"""Around Gradio's routes: what Gradio stumbles over is a request it does not understand, and not an error of the server.

Gradio checks little of what it is sent by hand: bytes that are no text or a field it does not know end in a traceback of its own.
Its page sends none of these, so the answer is 400, with the traceback in the log.
"""

from __future__ import annotations

import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hypviz.server.edge.asgi import refuse
from hypviz.server.edge.bodies import BodyRefusedError

log = logging.getLogger(__name__)
OWN = ("/hypviz/", "/healthz")
QUERIES = ("/gradio_api/",)
"""Addresses whose query Gradio needs; of the page's own it reads names of files that only deep links have."""
WORDS = "The page's server does not understand this request."


class GradioGuard:
    """Around everything; leaves hypviz's own routes alone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer 400."""
        if scope["type"] != "http" or scope["path"].startswith(OWN):
            return await self.app(scope, receive, send)
        if not scope["path"].startswith(QUERIES):
            scope = {**scope, "query_string": b""}
        return await _Answer(send).run(self.app, scope, receive)


class _Answer:
    """One answer of Gradio's: its 500 becomes a 400, and one that breaks off just ends."""

    def __init__(self, send: Send) -> None:
        self._send, self.begun, self.failed, self.ended = send, False, False, False

    async def run(self, app: ASGIApp, scope: Scope, receive: Receive) -> None:
        try:
            await app(scope, receive, self.send)
        except BodyRefusedError:
            raise
        except Exception as error:
            log.warning("Gradio stumbled over %s %s", scope["method"], scope["path"], exc_info=error)
            self.failed = True
        if not self.failed or self.ended:
            return
        if self.begun:
            await self._send({"type": "http.response.body", "body": b""})
        else:
            await refuse(scope, receive, self._send, 400, WORDS)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 500:
            self.failed = True
        if self.failed:
            return
        self.begun = True
        self.ended = message["type"] == "http.response.body" and not message.get("more_body", False)
        await self._send(message)

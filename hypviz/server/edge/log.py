"""An id and a log line for every request, and the headers that every answer carries."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hypviz.access.logs import RequestTag, request_tag

log = logging.getLogger("hypviz.access")
REFUSED = (401, 403, 408, 413, 421, 429, 507)
"""Answers that whoever runs the server wants to know of."""
QUIET = ("/healthz",)


class Log:
    """Around everything; names each request, logs how it ended, adds `headers` to its answer.  every: log the ordinary ones too."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str], *, every: bool = False) -> None:
        self.app, self.every = app, every
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and what it raises."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        tag = RequestTag(str((scope.get("client") or ("?", 0))[0]), secrets.token_hex(4))
        token, begun = request_tag.set(tag), time.perf_counter()
        about = {"status": 500, "bytes": 0}

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                about["status"] = message["status"]
                present = {name.lower() for name, _ in message["headers"]}
                added = [one for one in self._headers if one[0] not in present]
                message = {**message, "headers": [*message["headers"], *added, (b"x-request-id", tag.id.encode())]}
            else:
                about["bytes"] += len(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            self._write(scope, about, time.perf_counter() - begun)
            request_tag.reset(token)

    def _write(self, scope: Scope, about: dict[str, int], seconds: float) -> None:
        status = about["status"]
        level = logging.ERROR if status == 500 else logging.WARNING if status in REFUSED else logging.DEBUG
        if self.every and level == logging.DEBUG and scope["path"] not in QUIET:
            level = logging.INFO
        fields = {"method": scope["method"], "path": scope["path"], "milliseconds": round(seconds * 1000, 1), **about}
        name = getattr(scope.get("hypviz.visitor"), "name", "")
        log.log(
            level, "%s %s → %d, %d bytes, %.0f ms%s", scope["method"], scope["path"], status, about["bytes"], seconds * 1000,
            f", {name}" if name and scope["hypviz.visitor"].id else "", extra={"fields": fields | ({"visitor": name} if name else {})},
        )  # fmt: skip

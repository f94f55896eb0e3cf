"""A small reverse proxy for tests: one prefix leads to a server, with the prefix stripped or kept, with the browser's name or its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.page.serving import serving

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "host", "content-length"}


@dataclass
class Proxy:
    """target: address of the server.  prefix: the path below which it is served.  strips: take the prefix off.  keeps_host: pass the
    browser's Host on, else the server's own.  breaks: path → an answer in place of the server's."""

    target: str
    prefix: str
    strips: bool
    keeps_host: bool = True
    breaks: Callable[[str], Response | None] = lambda path: None
    outside: list[str] = field(default_factory=list)
    """Paths that were asked for outside the prefix."""
    address: str = ""

    async def answer(self, request: Request) -> Response:
        path = request.url.path
        if not path.startswith(f"{self.prefix}/"):
            self.outside.append(path)
            return PlainTextResponse("another service of this host", 404)
        inner = path.removeprefix(self.prefix) if self.strips else path
        if (broken := self.breaks(path.removeprefix(self.prefix))) is not None:
            return broken
        headers = [(name, value) for name, value in request.headers.items() if name not in HOP_BY_HOP]
        if self.keeps_host:
            headers.append(("host", request.headers["host"]))
        client = httpx.AsyncClient(timeout=None)
        query = f"?{request.url.query}" if request.url.query else ""
        asked = client.build_request(request.method, self.target + inner + query, headers=headers, content=await request.body())
        got = await client.send(asked, stream=True)

        async def passed_on() -> AsyncIterator[bytes]:
            try:
                async for part in got.aiter_raw():
                    yield part
            finally:
                await got.aclose()
                await client.aclose()

        answer = StreamingResponse(passed_on(), got.status_code)
        answer.raw_headers = [(name.lower(), value) for name, value in got.headers.raw if name.decode().lower() not in HOP_BY_HOP]
        return answer


@contextmanager
def proxied(proxy: Proxy) -> Iterator[Proxy]:
    """The proxy at work."""
    app = Starlette(routes=[Route("/{path:path}", proxy.answer, methods=METHODS)])
    with serving(app) as address:
        proxy.address = address
        yield proxy

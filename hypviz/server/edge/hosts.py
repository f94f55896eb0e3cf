"""Host and Origin: a request must name this server, and what a browser sends must come from this server's own pages.

The Host check stops a foreign name that is made to lead here (DNS rebinding). The Origin check stops pages of other sites, those on
other ports of this machine too, from asking for anything: browsers say where a request comes from, in Origin or in Sec-Fetch-Site;
programs (curl, gradio_client) say neither and are let through. Starlette's TrustedHostMiddleware knows no rule for addresses.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from hypviz.server.edge.asgi import header, refuse
from hypviz.server.edge.settings import EdgeSettings

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:(?P<port>[0-9]{1,5}))?", re.IGNORECASE)
_OWN_FETCH = ("", "same-origin", "none")
"""What Sec-Fetch-Site says of the server's own pages and of addresses typed by hand; "" of programs and old browsers."""
FRAMED = ("/", "/hypviz/login")
"""What a page of another site may open in a frame where --frame-ancestors names one."""


class Hosts:
    """The check, around everything that is served, web sockets too."""

    def __init__(self, app: ASGIApp, settings: EdgeSettings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer 421 (not this server) or 403 (a foreign page)."""
        if scope["type"] in ("http", "websocket"):
            host = header(scope, b"host")
            parsed = _HOST.fullmatch(host)
            if parsed is None or not self.settings.answers_to(parsed["name"]):
                words = f"This server does not answer to the name {host[:80]!r}; whoever runs it can allow it by --allow-host."
                return await refuse(scope, receive, send, 421, words)
            if not self._is_own(scope, host):
                return await refuse(scope, receive, send, 403, "Pages of other sites may not use this server.")
        return await self.app(scope, receive, send)

    def _is_own(self, scope: Scope, host: str) -> bool:
        origin = header(scope, b"origin")
        if origin:
            return self.settings.is_own_origin(_netloc(origin), host)
        if header(scope, b"sec-fetch-site") in _OWN_FETCH:
            return True
        opened = scope.get("method") in ("GET", "HEAD") and header(scope, b"sec-fetch-mode") == "navigate"
        where = header(scope, b"sec-fetch-dest")
        if where in ("iframe", "frame"):  # only the page itself, and the browser shows it in none but those the policy names
            return opened and bool(self.settings.frame_ancestors) and scope["path"] in FRAMED
        return opened and where == "document"  # a link on another page that a person followed


def _netloc(origin: str) -> str:
    """Host and port of an Origin, "" for one that is none; the port that a scheme implies is left out, as in Host."""
    try:
        parts = urlsplit(origin)
        implied = {"http": 80, "https": 443}.get(parts.scheme)
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if implied is None or not name:
        return ""
    name = f"[{name}]" if ":" in name else name
    return name if port in (None, implied) else f"{name}:{port}"

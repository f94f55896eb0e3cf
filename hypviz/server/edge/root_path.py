"""A server below a path: `--root-path /proxy/7860` for proxies that serve several things from one address, such as JupyterHub.

Some proxies strip that path before they pass a request on and some keep it; both are answered, and everything further in sees the
path without it. So that neither can be taken for the other, the path may not begin like an address of the server itself.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from hypviz.errors import SettingsError
from hypviz.server.edge.asgi import SAFE, answer

OWN = ("hypviz", "healthz", "gradio_api", "assets", "static", "svelte", "config", "theme.css", "favicon.ico", "manifest.json", "robots.txt")
"""First parts of the server's own addresses."""
_SEGMENT = re.compile(r"[A-Za-z0-9._~!$&'()*+,=:@%-]+")
MAX_LENGTH = 500


def checked_root_path(text: str) -> str:
    """The path as browsers write it, without a slash at its end, "" for none; SettingsError for what is no path of a proxy.

    >>> checked_root_path("/user/ada/proxy/7860/"), checked_root_path("/"), checked_root_path("/user/a b")
    ('/user/ada/proxy/7860', '', '/user/a%20b')
    """
    path = text.rstrip("/")
    if not path:
        return ""
    segments = [unquote(segment) for segment in path.split("/")[1:]]
    plain = not any(sign in path for sign in "?#;\\")
    written = [quote(segment, safe="~!$&'()*+,=:@") for segment in segments]
    sound = (
        plain
        and path.startswith("/")
        and len(path) <= MAX_LENGTH
        and all(_SEGMENT.fullmatch(one) and one not in (".", "..") for one in written)
    )
    if not sound or any("/" in segment or not segment.isprintable() for segment in segments):
        raise SettingsError(f"--root-path is the path that a proxy serves this page below, such as /proxy/7860; got {text[:80]!r}.")
    if segments[0] in OWN:
        raise SettingsError(
            f"--root-path {path[:80]} begins like this server's own address /{segments[0]}, so that requests could not be told apart; "
            "give it another name, such as /viewer."
        )
    return "/" + "/".join(written)


class RootPath:
    """Takes the path of the proxy off every request that carries it.  root_path: as `checked_root_path` gives it, not empty."""

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self.app, self.written = app, root_path
        self.prefix, self.raw = unquote(root_path), root_path.encode("ascii")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on by its address without the path; the bare path itself leads to the page, whose addresses are relative."""
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        path = str(scope["path"])
        if path == self.prefix and scope.get("method") in SAFE:
            return await answer(send, 308, b"", {"location": f"{self.written}/"})
        if path.startswith(f"{self.prefix}/"):
            inner = path[len(self.prefix) :]
            raw = bytes(scope.get("raw_path") or b"")
            known = raw.startswith(self.raw + b"/")
            scope = {**scope, "path": inner, "raw_path": raw[len(self.raw) :] if known else quote(inner).encode("ascii")}
        return await self.app(scope, receive, send)

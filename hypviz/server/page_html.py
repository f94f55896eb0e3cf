"""The page's HTML as Gradio writes it, made to work wherever a browser finds it: below a proxy's path, on another port or name.

Gradio writes into it the address that it believes the server has, which behind a proxy is another than the browser's; then none of its
requests leads back here and the page stays empty. Here that address becomes "./", which browsers resolve against the page's own. A script
at its head says in one sentence what keeps the page from its server (`assets/shared/reach.js`).
"""

from __future__ import annotations

import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hypviz.paths import ASSETS

CONFIG = "window.gradio_config = "
HERE = '"./"'


class PageHtml:
    """Around Gradio; changes the answer to `GET /` and nothing else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        scope = {**scope, "headers": [one for one in scope["headers"] if one[0] != b"accept-encoding"]}  # it is read here
        started: Message = {}
        parts: list[bytes] = []

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
                return
            if message["type"] != "http.response.body":  # a test's client is told of templates
                return
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                body = b"".join(parts)
                body = at_its_own_address(body.decode()).encode() if started["status"] == 200 else body
                headers = [one for one in started["headers"] if one[0].lower() != b"content-length"]
                await send({**started, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
                await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, collect)


def at_its_own_address(page: str) -> str:
    """Gradio's HTML with every address relative to the page's own, and the script that says what keeps it from its server."""
    at = page.find(CONFIG)
    if at >= 0:
        config, _ = json.JSONDecoder().raw_decode(page, at + len(CONFIG))
        page = page.replace(_written(config["root"]), HERE)
    page = page.replace('href="/manifest.json"', 'href="./manifest.json"')
    script = (ASSETS / "shared/reach.js").read_text(encoding="utf-8")
    return page.replace("<head>", f'<head><script>{script}</script><link rel="icon" href="./favicon.ico">', 1)


def _written(text: str) -> str:
    """A text as JSON inside HTML, as Gradio writes it."""
    written = json.dumps(text, ensure_ascii=False)
    for sign in "<>&'":
        written = written.replace(sign, f"\\u{ord(sign):04x}")
    return written

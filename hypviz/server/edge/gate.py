"""The gate: finds out who asks, sends strangers to the sign-in page, keeps a read-only server as it is, hides what is not used."""

from __future__ import annotations

import re
import secrets

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hypviz.access.visitors import LOCAL, Visitor, visitor
from hypviz.server.edge.access import Access, TooManyError, stranger
from hypviz.server.edge.asgi import SAFE, answer, cookie, header, refuse

OPEN = ("/healthz", "/hypviz/login")
"""Answered to everybody."""
QUESTIONS = re.compile(
    r"/hypviz/view/[^/]+/(rows|more|cone|focus|common|find|histograms|select_region|items|export|select|class|words|upload|offline\.html"
    r"|taxonomy/check)"
    r"|/hypviz/(login|logout)"
    r"|/gradio_api/(queue/join|queue/join/|call/[\w-]+(/v2)?|call/v2/[\w-]+|cancel|reset|upload)/?"
)
"""Requests by other methods than GET that leave the disk as it is; a read-only server answers no others, so a new one is refused."""
PAGE = re.compile(
    r"/|/(config|theme\.css|favicon\.ico|manifest\.json|robots\.txt|openapi\.json)/?|/(assets|static|svelte)/.+"
    r"|/gradio_api/(info|app_id|startup-events|queue/(join|data|status)|heartbeat/[\w-]+|call/(v2/)?[\w-]+(/[\w-]+)?|cancel|reset"
    r"|upload|upload_progress)/?"
)
"""What of Gradio is served: the page, its queue and its named endpoints. The rest (fetching other addresses for a client, monitoring,
run histories, deep links) is not there."""


class Gate:
    """The gate, around everything that is served; `Access` says who is let in."""

    def __init__(self, app: ASGIApp, access: Access, *, page: bool) -> None:
        self.app, self.access, self.settings, self.page = app, access, access.settings, page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through as its visitor's, or answer 303 or 401 (sign in), 403 (read-only), 404, 429."""
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        path, method = str(scope["path"]), str(scope.get("method", "GET"))
        if self.page and not path.startswith(("/hypviz/", "/healthz")) and not PAGE.fullmatch(path):
            return await refuse(scope, receive, send, 404, "There is nothing at this address.")
        if self.settings.read_only and method not in SAFE and not QUESTIONS.fullmatch(path):
            return await refuse(scope, receive, send, 403, "This server is read-only: nothing on it can be changed.")
        try:
            asking = await self._visitor(scope)
        except TooManyError as error:
            return await refuse(scope, receive, send, 429, str(error), {"retry-after": str(error.seconds)})
        if asking is None and path not in OPEN:
            return await self._sign_in(scope, receive, send)
        token = visitor.set(asking or stranger("", _client(scope)))
        scope["hypviz.visitor"] = visitor.get()
        try:
            await self.app(scope, receive, self._with_cookie(scope, send))
        finally:
            visitor.reset(token)

    async def _visitor(self, scope: Scope) -> Visitor | None:
        """Whoever asks; None for a stranger at a server with passwords."""
        if self.settings.local:
            return LOCAL
        if self.access.users is None:
            return stranger(cookie(scope, f"{self.settings.cookie}-visitor"), _client(scope))
        signed_in = self.access.of_session(cookie(scope, f"{self.settings.cookie}-session"))
        if signed_in is not None or not (authorization := header(scope, b"authorization")):
            return signed_in
        return await run_in_threadpool(self.access.of_basic, authorization, _client(scope))

    async def _sign_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and "text/html" in header(scope, b"accept"):
            return await answer(send, 303, b"", {"location": f"{self.settings.root_path}/hypviz/login"})
        words = "Sign in first: open this server in a browser, or send name and password as HTTP Basic."
        return await refuse(scope, receive, send, 401, words)

    def _with_cookie(self, scope: Scope, send: Send) -> Send:
        """`send` that gives a browser without one its visitor's cookie, with the page."""
        name = f"{self.settings.cookie}-visitor"
        if self.settings.local or self.access.users is not None or scope["path"] != "/" or cookie(scope, name):
            return send

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                text = set_cookie(scope, name, secrets.token_hex(16), seconds=365 * 24 * 3600, path=self.settings.root_path)
                message = {**message, "headers": [*message["headers"], (b"set-cookie", text.encode())]}
            await send(message)

        return marked


def set_cookie(scope: Scope, name: str, value: str, *, seconds: int, path: str) -> str:
    """A Set-Cookie header: for this server alone, out of reach of scripts, not sent along from other sites' forms.

    path: that of the proxy in front, "" for none; what lies elsewhere at its address gets no cookie of this server.
    """
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    return f"{name}={value}; Path={path or '/'}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"


def _client(scope: Scope) -> str:
    return str((scope.get("client") or ("", 0))[0])

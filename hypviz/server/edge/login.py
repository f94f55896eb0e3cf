"""Sign in and out: a page with one form, for servers with passwords. A program sends HTTP Basic instead and needs neither."""

from __future__ import annotations

import html
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from hypviz.server.edge.access import Access, TooManyError
from hypviz.server.edge.asgi import cookie
from hypviz.server.edge.gate import set_cookie

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>hypviz: sign in</title><link rel="icon" href="../favicon.ico"><style>
body {{ font: 16px system-ui, "Segoe UI", Roboto, sans-serif; display: grid; place-items: center; min-height: 90vh; margin: 0;
  color-scheme: light dark; }}
form {{ display: grid; gap: 12px; width: min(20rem, 86vw); }}
h1 {{ font-size: 1.3rem; margin: 0 0 4px; }}
label {{ display: grid; gap: 4px; }}
input, button {{ font: inherit; padding: 8px 10px; border-radius: 6px; border: 1px solid #8886; }}
button {{ background: #c2410c; color: #fff; border: 0; cursor: pointer; }}
p {{ margin: 0; color: #c2410c; }}
</style></head><body><form method="post" action="login"
 onsubmit="this.action = 'login' + location.hash"><h1>hypviz</h1>{message}
<label>Name <input name="name" autocomplete="username" required autofocus maxlength="60"></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required maxlength="256"></label>
<button>Sign in</button></form></body></html>"""

_TEXT = {"type": "string"}
FORM = {
    "required": True,
    "content": {
        "application/x-www-form-urlencoded": {
            "schema": {"type": "object", "properties": {"name": _TEXT, "password": _TEXT}, "required": ["name", "password"]}
        }
    },
}
"""The OpenAPI description of the form."""


def login_router(access: Access) -> APIRouter:
    """GET and POST /hypviz/login, POST /hypviz/logout."""
    router = APIRouter(prefix="/hypviz")
    name, root = f"{access.settings.cookie}-session", access.settings.root_path

    @router.get("/login")
    def form() -> Response:
        return _page() if access.users is not None else RedirectResponse(f"{root}/", 303)

    @router.post("/login", openapi_extra={"requestBody": FORM})
    async def sign_in(request: Request) -> Response:
        if access.users is None:
            return RedirectResponse(f"{root}/", 303)
        try:
            fields = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=8)
        except ValueError:
            return _page("This is not the form of this page.", 400)
        credentials = [fields.get(key, [""])[0] for key in ("name", "password")]
        client = request.client.host if request.client else ""
        try:
            user = await run_in_threadpool(access.check, credentials[0], credentials[1], client)
        except TooManyError as error:
            return _page(str(error), 429, {"Retry-After": str(error.seconds)})
        if user is None:
            return _page("This name and password do not belong together.", 401)
        token = access.begin(user)
        text = set_cookie(request.scope, name, token, seconds=7 * 24 * 3600, path=root)
        return RedirectResponse(f"{root}/", 303, {"Set-Cookie": text, "Cache-Control": "no-store"})

    @router.post("/logout")
    def sign_out(request: Request) -> Response:
        access.end(cookie(request.scope, name))
        text = set_cookie(request.scope, name, "", seconds=0, path=root)
        return RedirectResponse(f"{root}/hypviz/login" if access.users is not None else f"{root}/", 303, {"Set-Cookie": text})

    return router


def _page(message: str = "", status: int = 200, headers: dict[str, str] | None = None) -> HTMLResponse:
    words = f"<p role=alert>{html.escape(message)}</p>" if message else ""
    return HTMLResponse(PAGE.format(message=words), status, {"Cache-Control": "no-store", **(headers or {})})

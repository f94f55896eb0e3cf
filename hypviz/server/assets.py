"""The page's files over HTTP: under the hash of their contents a browser keeps them for ever, under a plain name it asks again."""

from __future__ import annotations

import re

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from hypviz.paths import ASSETS
from hypviz.server import page_files

FOREVER = "public, max-age=31536000, immutable"
AGAIN = "no-cache"
_HASH = re.compile(r"[0-9a-f]{16}")


class PageFiles(StaticFiles):
    """`HASH/NAME` and `NAME` for every file of `assets`. Another hash is of another version of the page: 404, never another file."""

    def __init__(self) -> None:
        super().__init__(directory=ASSETS)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with how long a browser may keep it."""
        first, _, rest = path.partition("/")
        hashed = bool(rest) and _HASH.fullmatch(first) is not None
        if hashed and first != page_files.stamp():
            raise HTTPException(404)
        response = await super().get_response(rest if hashed else path, scope)
        response.headers["Cache-Control"] = FOREVER if hashed else AGAIN
        if path.endswith(".js"):  # a browser runs no module of another type, and a machine's own table may say one
            response.headers["Content-Type"] = "text/javascript; charset=utf-8"
        return response

"""Puts the edge around an application, in its order."""

from __future__ import annotations

from fastapi import FastAPI

from hypviz.server.edge.access import Access
from hypviz.server.edge.bodies import Bodies
from hypviz.server.edge.gate import Gate
from hypviz.server.edge.gradio_files import GradioFiles
from hypviz.server.edge.gradio_guard import GradioGuard
from hypviz.server.edge.hosts import Hosts
from hypviz.server.edge.json_bodies import JsonBodies
from hypviz.server.edge.log import Log
from hypviz.server.edge.login import login_router
from hypviz.server.edge.root_path import RootPath
from hypviz.server.edge.settings import EdgeSettings

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; connect-src 'self' blob: data:; worker-src 'self' blob:; "
    "frame-ancestors "
)
"""Offline first: the browser itself refuses every request that would leave the machine the page came from. After the last word come the
origins of the pages that may show this one in a frame."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def surround(app: FastAPI, settings: EdgeSettings, *, page: bool = False) -> Access:
    """Put the edge around all routes that `app` has or will have, what is mounted on it included; returns who is let in.

    page: Gradio is mounted, of which only what its page uses is served.
    """
    access = Access(settings)
    app.include_router(login_router(access))
    if page:  # the last one added is the outermost
        app.add_middleware(GradioGuard)
        app.add_middleware(GradioFiles)
    app.add_middleware(JsonBodies)
    app.add_middleware(Gate, access=access, page=page)
    app.add_middleware(Bodies)
    app.add_middleware(Hosts, settings=settings)
    if settings.root_path:
        app.add_middleware(RootPath, root_path=settings.root_path)
    app.add_middleware(Log, headers=headers_of(settings), every=settings.log_all)
    return access


def headers_of(settings: EdgeSettings) -> dict[str, str]:
    """What every answer carries."""
    return {"Content-Security-Policy": POLICY + " ".join(["'self'", *settings.frame_ancestors]), **HEADERS}

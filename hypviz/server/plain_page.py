"""The Explore tab on a bare page, served without Gradio: for measuring it in a browser."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi.responses import HTMLResponse

from hypviz.explore.library import Library
from hypviz.server import page_files, routes


@contextmanager
def serve_bare(library: Library) -> Iterator[str]:
    """Serve the routes of a library and a page with the explorer as `window.hypvizExplorer`; yields its address.

    The page opens nothing by itself: `hypvizExplorer.open(view.describe())` does.
    """
    import uvicorn

    content = (
        f'<!doctype html><html><head><meta charset="utf-8"><title>hypviz</title>{page_files.head()}</head><body><div id="root"></div>'
        f'{page_files.plotly_tag()}{page_files.module_tags(page_files.EXPLORE)}<script type="module">'
        'window.hypvizExplorer = await hypviz.mountExplorer(document.getElementById("root"));</script></body></html>'
    )
    app = routes.build_app(library)

    @app.get("/")
    def page() -> HTMLResponse:
        return HTMLResponse(content)

    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        thread.join()

"""The Explore tab without Gradio around it: hypviz's own routes over the shipped demo, and a bare page on top.

It starts in seconds where the whole page takes many. The points are drawn on a canvas, which needs no WebGL; the whole
page with WebGL is driven by test_explore.py.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser, Locator, Page

from hypviz.explore.library import DEMO, Library
from hypviz.explore.view import View
from hypviz.server import page_files, routes
from hypviz.viz.disk import unpack
from tests.page.browser import OpenPage, new_page

READY = ".hv-root[data-ready]"
THEME = """
:root { --border-color-primary: #e2e8f0; --background-fill-primary: #fff; --background-fill-secondary: #f8fafc; --body-text-color: #1e293b;
  --color-accent: #f97316; --button-secondary-background-fill: #f1f5f9; --button-primary-background-fill: #f97316;
  --button-primary-text-color: #fff; --input-background-fill: #fff; --link-text-color: #2563eb; color-scheme: light }
.dark { --border-color-primary: #334155; --background-fill-primary: #0f172a; --background-fill-secondary: #1e293b;
  --body-text-color: #f1f5f9; --button-secondary-background-fill: #334155; --input-background-fill: #1e293b; --link-text-color: #7dd3fc;
  color-scheme: dark }
body { margin: 0; padding: 16px; font-family: system-ui, sans-serif; background: var(--background-fill-primary);
  color: var(--body-text-color) }
"""
"""What Gradio's theme gives the real page."""


def bare_page(view: View, choice: tuple[str, str]) -> str:
    """HTML that mounts the explorer on a view."""
    described = json.dumps({**view.describe(), "choice": choice})
    return f"""<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
    {page_files.head()}<style>{THEME}</style>{page_files.module_tags(page_files.EXPLORE)}</head>
    <body><div class="hv-root"></div><script type="module">
      if (matchMedia("(prefers-color-scheme: dark)").matches) document.body.classList.add("dark");
      window.hypvizExplorer = await hypviz.mountExplorer(document.querySelector(".hv-root"));
      hypvizExplorer.open({described});
    </script></body></html>"""


@contextmanager
def serve_explorer(workspace: Path = DEMO, checkpoint: str = "demo") -> Iterator[tuple[str, View]]:
    """Serve the bare page over a workspace; yields its address and the view behind it."""
    library = Library(device="cpu", extra={"data": workspace})
    view = library.open("data", checkpoint)
    app = routes.build_app(library)

    @app.get("/")
    def page() -> HTMLResponse:
        return HTMLResponse(bare_page(view, ("data", checkpoint)))

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/", view
    finally:
        server.should_exit = True
        thread.join(timeout=10)


@dataclass
class ExplorerPage:
    """The page as a test sees it, and the view that the server answers from."""

    page: Page
    view: View

    def run(self, code: str, *values: Any) -> Any:
        """Evaluate JavaScript with `s` (the state), `disk` and `v` (the values) in scope; await what it gives."""
        wrapped = f"async (v) => {{ const s = hypvizExplorer.state(), disk = hypvizExplorer.disk(); return await ({code}); }}"
        return self.page.evaluate(wrapped, list(values))

    def until(self, condition: str, *values: Any) -> None:
        """Wait until JavaScript `condition` holds and the disk shows the present answer."""
        wrapped = f"(v) => {{ const s = hypvizExplorer.state(), disk = hypvizExplorer.disk(); return s.onDisk && ({condition}); }}"
        self.page.wait_for_function(wrapped, arg=list(values))

    def walk(self, row: int) -> None:
        """Select an item and wait for its answer to be on the screen."""
        self.run("hypvizExplorer.walk({row: v[0]})", row)
        self.until("s.answer.row === v[0] && s.disk.selected === v[0]", row)

    def menu(self, name: str) -> Locator:
        """Open a menu with the mouse; its content."""
        self.page.locator(".hv-bar .hv-menu > summary", has_text=name).click()
        return self.page.locator(".hv-menu[open] .hv-pop")

    def close_menu(self) -> None:
        self.page.keyboard.press("Escape")

    def pixel(self, row: int) -> tuple[float, float]:
        spot = self.run("disk.pixelOf(v[0])", int(row))
        return spot["x"], spot["y"]

    def points(self, layout: str = "hierarchy") -> dict[str, np.ndarray]:
        """The columns that the server sends."""
        return unpack(self.view.points(layout))[1]

    def exterior_angles(self, row: int) -> np.ndarray:
        """ext(row, every item) in radians, in float64 (method.md §2); at infinity the item itself, and what the checkpoint's
        cones leave out because it lies no farther out."""
        space = self.view.embedding
        u, r = np.asarray(space.directions, np.float64), np.sqrt(space.curv) * np.asarray(space.radii, np.float64)
        cosine = np.clip(u @ u[row] / np.linalg.norm(u, axis=1) / np.linalg.norm(u[row]), -1, 1)
        found = np.arctan2(np.sqrt(1 - cosine**2) / np.cosh(r[row]), cosine - np.tanh(r[row]) / np.tanh(r))
        found[row] = np.inf
        if self.view.card.answers.cones.outward:
            found[space.radii <= space.radii[row]] = np.inf
        return found

    def omega(self, row: int) -> float:
        """The calibrated half-angle of an item's cone."""
        return self.view.index.omega(self.view.index.query(row))

    def errors(self) -> list[str]:
        """What the page complains of."""
        return self.page.locator(".hv-error:not([hidden]) span").all_inner_texts()

    def lit(self) -> set[int]:
        """Rows drawn at full strength."""
        return set(self.run("disk.paint.points.groups.filter((g) => g.lit).flatMap((g) => Array.from(g.rows, (i) => disk.paint.rowAt(i)))"))


def open_explorer(open_page: OpenPage, site: tuple[str, View], link: str = "", **options: Any) -> ExplorerPage:
    """The explorer on a fresh page, ready; motion is left out unless it is asked for."""
    settings = {"viewport": {"width": 1280, "height": 1000}, "reduced_motion": "reduce"} | options
    page = open_page(site[0] + link, **settings)
    page.wait_for_selector(READY)
    explorer = ExplorerPage(page, site[1])
    assert explorer.run("s.disk.webgl") is False, "no plotly here: it takes as long as all the rest of the page"
    return explorer


@contextmanager
def explorer_on(browser: Browser, workspace: Path, checkpoint: str) -> Iterator[ExplorerPage]:
    """The bare page over a workspace in a window of its own, which must have had no script error when it is closed."""
    with serve_explorer(workspace, checkpoint) as (address, view):
        page, errors = new_page(browser, viewport={"width": 1280, "height": 1000}, reduced_motion="reduce")
        page.goto(address)
        page.wait_for_selector(READY)
        yield ExplorerPage(page, view)
        page.context.close()
        assert not errors, f"script errors on the page: {errors}"

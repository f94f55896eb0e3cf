"""One tab without Gradio around it: hypviz's own routes, and a bare page that mounts the tab. No view is opened first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi.responses import HTMLResponse

from hypviz.explore.library import Library
from hypviz.server import page_files, routes
from tests.page.explorer_page import THEME
from tests.page.serving import serving

TABS = {"annotate": ("mountAnnotator", page_files.ANNOTATE), "tune": ("mountTuner", page_files.TUNE)}


def tab_html(tab: str, choice: tuple[str, str]) -> str:
    """HTML that mounts a tab as `window.tab` and hands it data and checkpoint."""
    function, entry = TABS[tab]
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
    {page_files.head()}<style>{THEME}</style>{page_files.module_tags(entry)}</head><body><div class="hv-root"></div><script type="module">
      if (matchMedia("(prefers-color-scheme: dark)").matches) document.body.classList.add("dark");
      window.tab = await hypviz.{function}(document.querySelector(".hv-root"));
      window.opened = [];
      window.hypvizOpen = (...choice) => opened.push(choice);
      tab.open({{choice: {json.dumps(choice)}}});
    </script></body></html>"""


@contextmanager
def serve_tabs(library: Library, choice: tuple[str, str]) -> Iterator[str]:
    """Serve the tabs of a library at /annotate and /tune; yields the server's address."""
    app = routes.build_app(library)

    @app.get("/{tab}")
    def page(tab: str) -> HTMLResponse:
        return HTMLResponse(tab_html(tab, choice) if tab in TABS else "", status_code=200 if tab in TABS else 404)

    with serving(app) as address:
        yield address

"""A real browser for tests, and a tiny web server for what it opens. Without a browser these tests fail, never skip."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests.page.install_browser import NAMES

ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-quic",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",  # WebGL without a GPU
    *("--disable-gpu-compositing", "--disable-gpu-rasterization", "--disable-accelerated-2d-canvas"),
]
"""WebGL runs in software, and nothing else is painted by a GPU that is not there: Debian switches that on, and SwiftShader takes four times
as long for a page."""
PATIENCE_MS = 90_000
"""A busy machine is no reason to fail."""
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css", ".png": "image/png"}

OpenPage = Callable[..., Page]


def find_browser(playwright: Playwright) -> str | None:
    """The Chromium or Chrome to test with: $HYPVIZ_CHROMIUM, or the first found on the path; None for Playwright's own, if it is there."""
    found = os.environ.get("HYPVIZ_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if not Path(found or playwright.chromium.executable_path).is_file():
        pytest.fail(f"These tests need Chromium: install it, or set HYPVIZ_CHROMIUM to its path (now {found!r}).")
    return found


def launch(playwright: Playwright) -> Browser:
    """Start the browser headless, with an empty profile and WebGL in software."""
    return playwright.chromium.launch(executable_path=find_browser(playwright), args=ARGUMENTS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all page tests."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        started = launch(playwright)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """open_page(url, **context options): a page in a fresh profile; a script error on it fails the test."""
    opened: list[tuple[Page, list[str]]] = []

    def open_one(url: str, **options: Any) -> Page:
        page, errors = new_page(browser, **options)
        opened.append((page, errors))
        page.goto(url)
        return page

    yield open_one
    for page, errors in opened:
        page.context.close()
        assert not errors, f"script errors on the page: {errors}"


def new_page(browser: Browser, **options: Any) -> tuple[Page, list[str]]:
    """A page in a fresh profile, and the list its script errors will be added to."""
    page = browser.new_context(**options).new_page()
    page.set_default_timeout(PATIENCE_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    return page, errors


@contextmanager
def serve(files: Mapping[str, bytes | Path]) -> Iterator[str]:
    """Serve `files` (address → content or file) on a free local port; yields the address of the server."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.split("?")[0]
            content = files.get(name)
            if content is None:
                self.send_error(404)
                return
            body = content.read_bytes() if isinstance(content, Path) else content
            self.send_response(200)
            self.send_header("Content-Type", TYPES.get(Path(name).suffix or ".html", "application/octet-stream"))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

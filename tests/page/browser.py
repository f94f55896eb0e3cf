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
    "--process-per-site",  # pages of one window share what they have compiled
]
"""WebGL runs in software, and nothing else is painted by a GPU that is not there: Debian switches that on, and SwiftShader takes four times
as long for a page."""
PATIENCE_MS = 90_000
"""A busy machine is no reason to fail."""
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css", ".png": "image/png"}

WINDOWS = 4
"""Windows that are kept for the next test; each holds a process of the browser."""
STORED = "local_storage,indexeddb,cache_storage,service_workers,file_systems"

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


class Window:
    """A profile of the browser that one test after another opens pages in.

    Each test finds it without cookies, permissions and stored values, and opens pages of its own. What stays is what the browser
    has fetched and compiled: a page opens in half of the time.
    """

    def __init__(self, browser: Browser, options: Mapping[str, Any]) -> None:
        self.context = browser.new_context(**options)
        self.options = dict(options)
        self.errors: list[str] = []
        self.origins: set[str] = set()
        self.keeper = self.context.new_page()  # while it is open, the site's process lives on
        self.keeper.route("**", lambda route: route.fulfill(body=""))
        self.keeper.goto("http://127.0.0.1/")

    def open(self) -> Page:
        page = self.context.new_page()
        _watch(page, self.errors)
        page.on("framenavigated", lambda frame: self.origins.add("/".join(frame.url.split("/")[:3])))
        return page

    def clean(self) -> list[str]:
        """Close what was opened and forget what was stored; returns the script errors there were."""
        for page in self.context.pages:
            if page is not self.keeper:
                page.close()
        self.context.clear_cookies()
        self.context.clear_permissions()
        session = self.context.new_cdp_session(self.keeper)
        for origin in self.origins:
            if origin.startswith("http"):
                session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": STORED})
        session.detach()
        errors = list(self.errors)
        self.errors.clear()
        self.origins.clear()
        return errors


@pytest.fixture(scope="session")
def windows(browser: Browser) -> list[Window]:
    """Windows that no test has at the moment, the one used last at the end."""
    return []


@pytest.fixture
def open_page(browser: Browser, windows: list[Window]) -> Iterator[OpenPage]:
    """open_page(url, **context options): a page in a profile where nothing is stored; a script error on it fails the test. Two pages
    of one test are in two profiles."""
    taken: list[Window] = []

    def open_one(url: str, **options: Any) -> Page:
        window = next((window for window in reversed(windows) if window.options == options), None)
        if window:
            windows.remove(window)
        taken.append(window or Window(browser, options))
        page = taken[-1].open()
        page.goto(url)
        return page

    yield open_one
    errors = [error for window in taken for error in window.clean()]
    windows.extend(taken)
    while len(windows) > WINDOWS:
        windows.pop(0).context.close()
    assert not errors, f"script errors on the page: {errors}"


def new_page(browser: Browser, **options: Any) -> tuple[Page, list[str]]:
    """A page in a fresh profile, and the list its script errors will be added to."""
    page = browser.new_context(**options).new_page()
    errors: list[str] = []
    _watch(page, errors)
    return page, errors


def _watch(page: Page, errors: list[str]) -> None:
    page.set_default_timeout(PATIENCE_MS)
    page.on("pageerror", lambda error: errors.append(str(error)))


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

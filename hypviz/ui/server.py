"""Serve the page: Gradio mounted on hypviz's own routes, listening on one port."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hypviz.errors import SettingsError
from hypviz.library import Library

if TYPE_CHECKING:
    from fastapi import FastAPI

log = logging.getLogger(__name__)


def check_port(host: str, port: int) -> None:
    """Raise SettingsError when the port cannot be listened on, before any slow work is done."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise SettingsError(f"Cannot listen on {host}:{port} ({reason}); choose another with --port.") from None


def build_site(library: Library, data: str, checkpoint: str) -> FastAPI:
    """The whole site as one application: hypviz's own routes, and the Gradio page with its API on top."""
    import gradio as gr

    from hypviz.ui import page, routes

    site: FastAPI = gr.mount_gradio_app(
        routes.build_app(library),
        page.build_page(library, data=data, checkpoint=checkpoint),
        path="/",
        theme=page.theme(),
        head=routes.head(),
        footer_links=[],
        ssr_mode=False,
        favicon_path=Path(routes.ASSETS) / "favicon.svg",
    )
    return site


def run(library: Library, data: str, checkpoint: str, *, host: str, port: int, browser: bool, then: Callable[[], None]) -> None:
    """Serve until Ctrl-C; opens the page in the browser as soon as it answers, and only then calls `then` in the background."""
    import uvicorn

    app = build_site(library, data, checkpoint)
    address = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"
    server = uvicorn.Server(uvicorn.Config(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=2))
    threading.Thread(target=_announce, args=(server, address, browser, then), daemon=True).start()
    server.run()


def _announce(server: object, address: str, browser: bool, then: Callable[[], None]) -> None:
    while not getattr(server, "started", False):
        if getattr(server, "should_exit", False):
            return
        threading.Event().wait(0.05)
    log.info("hypviz is open at %s (Ctrl-C stops it)", address)
    if browser and _has_screen():
        webbrowser.open(address)
    then()


def _has_screen() -> bool:
    """Without a screen Python would look for a browser that runs in the terminal, and hand it ours."""
    return sys.platform != "linux" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))

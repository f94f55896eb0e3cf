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
from hypviz.explore.library import Library
from hypviz.paths import ASSETS
from hypviz.server.edge.settings import EdgeSettings, is_loopback

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

log = logging.getLogger(__name__)
MAX_CONNECTIONS = 1000
"""Further ones are told 503; a page holds two or three."""


def check_port(host: str, port: int) -> None:
    """Raise SettingsError when the port cannot be listened on, before any slow work is done."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise SettingsError(f"Cannot listen on {host}:{port} ({reason}); choose another with --port.") from None


def build_site(library: Library, data: str, checkpoint: str, settings: EdgeSettings | None = None) -> FastAPI:
    """The whole site as one application: hypviz's own routes, and the Gradio page with its API on top, all behind one edge."""
    import gradio as gr

    from hypviz.explore.uploads import MAX_BYTES
    from hypviz.server import page, page_files, routes
    from hypviz.server.edge.gradio_files import own_folder

    own_folder()  # before Gradio asks where its uploads go
    settings = settings or EdgeSettings()
    site: FastAPI = gr.mount_gradio_app(
        routes.build_app(library, settings, with_page=True),
        page.build_page(library, data=data, checkpoint=checkpoint, settings=settings),
        path="/",
        root_path=settings.root_path or None,
        theme=page.theme(),
        head=page_files.head(),
        footer_links=[],
        ssr_mode=False,
        favicon_path=Path(ASSETS) / "favicon.svg",
        max_file_size=MAX_BYTES,
        show_error=False,
        run_history=False,
    )
    return site


def run(library: Library, data: str, checkpoint: str, *, settings: EdgeSettings, browser: bool, then: Callable[[], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; opens the page in the browser as soon as it answers, and only then calls `then` in the background.

    At the end requests get two seconds, and a training as long as it needs to save its state; a second Ctrl-C does not wait for it.
    """
    server = make_server(build_site(library, data, checkpoint, settings), settings)
    threading.Thread(target=_announce, args=(server, settings, browser, then), daemon=True).start()
    server.run()


def make_server(app: FastAPI, settings: EdgeSettings) -> uvicorn.Server:
    """A server of `app` that logs through hypviz's own log and knows its limits."""
    import uvicorn

    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=2,
        # Only a proxy that is named there may say who asks.
        proxy_headers="FORWARDED_ALLOW_IPS" in os.environ,
    )
    server = uvicorn.Server(config)
    app.state.hurry = lambda: server.force_exit
    return server


def addresses(host: str, port: int) -> list[str]:
    """What to type into a browser: first on another machine, where others are let in, then on this one."""
    if host not in ("0.0.0.0", "::"):
        return [_address(host, port)]
    return [*(_address(address, port) for address in _machine_addresses()), _address("127.0.0.1", port)]


def _machine_addresses() -> list[str]:
    """The machine's address in its network, if it has one: that from which it would send to another network. Nothing is sent."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("10.254.254.254", 9))
            address = str(probe.getsockname()[0])
    except (OSError, RuntimeError):  # no network; RuntimeError: sockets are blocked in tests
        return []
    return [] if is_loopback(address) or address == "0.0.0.0" else [address]


def _address(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _announce(server: uvicorn.Server, settings: EdgeSettings, browser: bool, then: Callable[[], None]) -> None:
    while not server.started:
        if server.should_exit:
            return
        threading.Event().wait(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    places = [f"{one}{settings.root_path}/" if settings.root_path else one for one in addresses(settings.host, port)]
    others = f" (on this machine also {places[-1]})" if len(places) > 1 else ""
    log.info("hypviz is open at %s%s (Ctrl-C stops it)", places[0], others)
    if settings.no_auth:
        log.warning("Everybody who reaches this machine is let in, because of --no-auth.")
    if browser and _has_screen():
        webbrowser.open(places[-1])
    then()


def _has_screen() -> bool:
    """Without a screen Python would look for a browser that runs in the terminal, and hand it ours."""
    return sys.platform != "linux" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))

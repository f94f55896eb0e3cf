"""Whom a server lets in: where it listens, the names it answers to, passwords, read-only."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass, replace
from pathlib import Path

from hypviz.errors import SettingsError
from hypviz.server.edge.root_path import checked_root_path

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9._-]*[a-z0-9])?)(:[0-9]{1,5})?", re.IGNORECASE)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on `host`."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def is_address(host: str) -> bool:
    """Whether a Host header's name (without port) is an IP address; nobody can make one lead elsewhere."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class EdgeSettings:
    """host, port: where the server listens.

    allow_hosts: further names it answers to ("lab.example", or "lab.example:8443" where browsers use another port), such as that of
    a proxy in front.  auth: the file of users (`hypviz.server.edge.users`).  no_auth: everybody who reaches it is let in, none of them an
    admin.  read_only: nothing on the server's disk is changed by a request. log_all: a line for every request.
    root_path: the path that a proxy serves the page below, "" for none (`hypviz.server.edge.root_path`).  frame_ancestors: origins of
    other sites whose pages may show this one in a frame.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    allow_hosts: tuple[str, ...] = ()
    auth: Path | None = None
    no_auth: bool = False
    read_only: bool = False
    log_all: bool = False
    root_path: str = ""
    frame_ancestors: tuple[str, ...] = ()

    def checked(self) -> EdgeSettings:
        """Itself, its paths and origins as browsers write them; SettingsError when they are none, or when it would let other machines in
        without a word about passwords."""
        if self.auth is not None and self.no_auth:
            raise SettingsError("--auth and --no-auth contradict each other; give one of them.")
        if not is_loopback(self.host) and self.auth is None and not self.no_auth:
            raise SettingsError(
                f"--host {self.host} lets other machines in: give --auth FILE (make the file by `python -m hypviz user add NAME`), "
                "or --no-auth to let everybody in who reaches this machine."
            )
        origins = tuple(map(_checked_origin, self.frame_ancestors))
        return replace(self, root_path=checked_root_path(self.root_path), frame_ancestors=origins)

    @property
    def local(self) -> bool:
        """Whether it serves the person at this machine only, who may do everything: loopback, no passwords, not read-only."""
        return is_loopback(self.host) and self.auth is None and not self.no_auth and not self.read_only

    @property
    def cookie(self) -> str:
        """Name of its cookies' stem: browsers share cookies between the ports of a machine."""
        return f"hypviz-{self.port}"

    def answers_to(self, name: str) -> bool:
        """Whether a request may name this server so.  name: from a Host header, without the port."""
        name = name.lower()
        if name in LOOPBACK_NAMES or name in {_name_of(host) for host in self.allow_hosts}:
            return True
        if is_loopback(self.host):
            return is_address(name) and is_loopback(name)
        machine = socket.gethostname().lower()
        return is_address(name) or name in (self.host.lower(), machine, f"{machine}.local")

    def is_own_origin(self, netloc: str, host: str) -> bool:
        """Whether a page from `netloc` is this server's own.  netloc: host and port of an Origin.  host: the request's Host header."""
        netloc = netloc.lower()
        return netloc == host.lower() or netloc in {allowed.lower() for allowed in self.allow_hosts}


def _name_of(host: str) -> str:
    name, _, port = host.lower().rpartition(":")
    return name if name and port.isdigit() else host.lower()


def _checked_origin(text: str) -> str:
    origin = text.strip().rstrip("/")
    if not _ORIGIN.fullmatch(origin):
        raise SettingsError(
            f"--frame-ancestors names the site whose pages may show this one in a frame, such as https://lab.example or "
            f"http://localhost:8888, without a path; got {text[:80]!r}."
        )
    return origin.lower()

"""The local hub, for commands that name addresses on one."""

from __future__ import annotations

from tests.hub.conftest import cache, hub, login

__all__ = ["cache", "hub", "login"]

"""The routes to send to, with the fields that each of them names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.server.every_route import walk


@dataclass(frozen=True)
class Target:
    """A route with the names of its fields."""

    method: str
    path: str
    query: tuple[str, ...]
    body: tuple[str, ...]


def targets(app: Any) -> list[Target]:
    """Every route by every method that it knows."""
    found = {}
    for method, path, route in walk(app.routes):
        dependant = getattr(route, "dependant", None)
        query, body = (tuple(_fields(dependant, kind)) for kind in ("query_params", "body_params"))
        found[method, path] = Target(method, path, query, body)
    return [found[key] for key in sorted(found)]


def _fields(dependant: Any, kind: str) -> list[str]:
    if dependant is None:
        return []
    own = [field.alias for field in getattr(dependant, kind)]
    return own + [name for inner in dependant.dependencies for name in _fields(inner, kind)]

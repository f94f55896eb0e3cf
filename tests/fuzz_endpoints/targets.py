"""The routes to send to, with the fields that each of them names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

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
    """Names that a request uses for the fields, those of a model's in its place."""
    if dependant is None:
        return []
    fields: list[str] = []
    for field in getattr(dependant, kind):
        model = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            fields += [inner.alias or name for name, inner in model.model_fields.items()]
        else:
            fields.append(field.alias)
    return fields + [name for inner in dependant.dependencies for name in _fields(inner, kind)]

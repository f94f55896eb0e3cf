"""Every route of an application, whatever it is included or mounted by, so that a new one is tested without being listed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from starlette.routing import Mount

Route = tuple[str, str]
"""Method and path, with its parameters in braces."""


def every_route(app: Any, prefix: str = "") -> list[Route]:
    """Method and path of all routes, sorted; mounted folders of files as their GET."""
    return sorted({(method, path) for method, path, _ in walk(app.routes, prefix)})


def walk(routes: Any, prefix: str = "") -> Iterator[tuple[str, str, Any]]:
    """Method, path and route object of all routes."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from walk(included.routes, prefix + route.include_context.prefix)
        elif isinstance(route, Mount):
            inside = getattr(route.app, "routes", None)
            yield from walk(inside, prefix + route.path) if inside else [("GET", f"{prefix}{route.path}/{{path:path}}", route)]
        else:
            for method in sorted(getattr(route, "methods", None) or ()):
                yield method, prefix + route.path, route


def filled(path: str, /, **values: str) -> str:
    """A path with values for its parameters; "x" for those without."""
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda found: values.get(found[1], "x"), path)

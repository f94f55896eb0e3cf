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
    return sorted(set(_walk(app.routes, prefix)))


def _walk(routes: Any, prefix: str) -> Iterator[Route]:
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _walk(included.routes, prefix + route.include_context.prefix)
        elif isinstance(route, Mount):
            inside = getattr(route.app, "routes", None)
            yield from _walk(inside, prefix + route.path) if inside else [("GET", f"{prefix}{route.path}/{{path:path}}")]
        else:
            for method in sorted(getattr(route, "methods", None) or ()):
                yield method, prefix + route.path


def filled(path: str, **values: str) -> str:
    """A path with values for its parameters; "x" for those without."""
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda found: values.get(found[1], "x"), path)

"""hypviz: walk through pictures in hyperbolic space, from a scene to its objects and their parts.

Importing the package loads nothing heavy; each module loads what it needs when it is used. `hypviz.show(vectors)` draws
own vectors in a notebook (see `hypviz.notebook`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hypviz.notebook import show as show

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name != "show":
        raise AttributeError(f"module 'hypviz' has no attribute {name!r}")
    from hypviz.notebook import show

    return show

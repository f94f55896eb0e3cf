"""Who asks: the person or browser behind a request, and whose the sets and trainings in the home folder are.

On a loopback server without passwords everybody is `LOCAL`, who may do all. On a shared server the HTTP edge sets `visitor` for each
request; what a visitor brings or starts carries a small file with the visitor's id, and only that visitor or an admin may remove it.
"""

from __future__ import annotations

import json
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from hypviz.errors import ForbiddenError

FILE = "visitor.json"
"""In the folder of a set or training: whose it is."""


@dataclass(frozen=True)
class Visitor:
    """id: the same for all requests of one person or browser, never a secret.  name: for people.  admin: may change everything."""

    id: str
    name: str
    admin: bool = False


LOCAL = Visitor("", "this machine", admin=True)
"""Everybody at a server that only this machine reaches, and whoever works without a server."""
visitor: ContextVar[Visitor] = ContextVar("visitor", default=LOCAL)
"""Whose request is being answered."""


def claim(folder: Path, by: Visitor | None = None) -> None:
    """Write down that a folder belongs to the present visitor (or `by`); whoever came first keeps it. `LOCAL` claims nothing."""
    claimant = by or visitor.get()
    if claimant == LOCAL:
        return
    try:
        with (folder / FILE).open("x", encoding="utf-8") as file:
            json.dump({"id": claimant.id, "name": claimant.name}, file)
    except FileExistsError:
        pass


def owner_of(folder: Path) -> Visitor | None:
    """Whose a folder is; None when nobody claimed it."""
    try:
        content = json.loads((folder / FILE).read_bytes())
        return Visitor(str(content["id"]), str(content["name"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def may_change(folder: Path) -> bool:
    """Whether the present visitor may change or remove what is in a folder: an admin, or its owner."""
    asking, owner = visitor.get(), owner_of(folder)
    return asking.admin or (owner is not None and owner.id == asking.id)


def check_may_change(folder: Path, thing: str) -> None:
    """ForbiddenError unless the present visitor may change it.  thing: for the sentence, such as "This training"."""
    if not may_change(folder):
        owner = owner_of(folder)
        whose = f"belongs to {owner.name}" if owner else "is not yours"
        raise ForbiddenError(f"{thing} {whose}: only its owner or an admin may change or remove it.")

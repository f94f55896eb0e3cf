"""How much a visitor may bring to the home folder."""

from __future__ import annotations

from hypviz.access.visitors import owner_of, visitor
from hypviz.errors import QuotaError
from hypviz.storage.home import LOW_BYTES, free_bytes, home

MAX_SETS = 20
"""Sets and edited copies that a person who is no admin may have on a shared server."""


def check_room(size: int) -> None:
    """QuotaError unless a set of `size` bytes may come: for the disk, and for the visitor, whose sets are counted."""
    if free_bytes(home()) < LOW_BYTES + size:
        raise QuotaError("The disk of the server has not room enough for this set; whoever runs it has to make some.")
    asking = visitor.get()
    if not asking.admin:
        sets = sum(1 for folder in home().glob("*") if (one := owner_of(folder)) and one.id == asking.id)
        if sets >= MAX_SETS:
            raise QuotaError(f"You have {sets} sets on this server, the most one person may have; remove one first.")

"""Trainings of another server on the same home folder: whose they are, and what is wished for them, left in their folders."""

from __future__ import annotations

from hypviz.finetune.folder import JobFolder
from hypviz.storage.owners import is_alive, owner

WISH = "wish"


def is_elsewhere(folder: JobFolder) -> bool:
    """Whether another server, that lives, is in charge of a training."""
    server = str(folder.read("state").get("server") or "")
    return server not in ("", owner()) and is_alive(server)


def leave_wish(folder: JobFolder, wish: str) -> None:
    """Wish for something: "finish", "pause" or "cancel"."""
    folder.write(WISH, {"wish": wish})


def wish_of(folder: JobFolder) -> str:
    """What is wished for; "" for nothing."""
    return str(folder.read(WISH).get("wish", ""))


def take_wish(folder: JobFolder) -> str:
    """As `wish_of`, and the wish is no longer there."""
    if wish := wish_of(folder):
        folder.forget(WISH)
    return wish

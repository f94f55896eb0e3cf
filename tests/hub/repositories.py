"""Repositories for the local hub, made of the tiny world."""

from __future__ import annotations

from pathlib import Path

from tests.hub.local_hub import LocalHub, Repository
from tests.worlds import TinyWorld

MODEL, DATA = "hf://ada/cones", "hf://datasets/ada/streets"


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def add_model(hub: LocalHub, world: TinyWorld, folder: Path) -> Repository:
    """The world's checkpoint at `MODEL`, as `save_pretrained` writes it into a folder."""
    from hypviz.model.checkpoint import load_checkpoint

    load_checkpoint(world.checkpoint)[0].save_pretrained(folder)
    return hub.add("models/ada/cones", files_of(folder) | {".gitattributes": b""})


def add_data(hub: LocalHub, world: TinyWorld) -> Repository:
    """The world's pictures and annotations at `DATA`."""
    pictures = {f"images/{name}": data for name, data in files_of(world.folder / "images").items()}
    files = {".gitattributes": b"", "README.md": b"# Streets\n", "annotations.json": (world.folder / "annotations.json").read_bytes()}
    return hub.add("datasets/ada/streets", files | pictures)

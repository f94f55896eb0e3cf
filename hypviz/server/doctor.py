"""What an installation is, and whether it works: versions, devices, disk, and a walk through the shipped demo."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypviz import __version__
from hypviz.storage.home import LOW_BYTES, free_bytes, home

PACKAGES = ("torch", "numpy", "pillow", "pyarrow", "gradio", "fastapi", "starlette", "uvicorn", "open_clip_torch", "timm")


@dataclass(frozen=True)
class Finding:
    """What was looked at, what was found, and whether it is well."""

    about: str
    words: str
    well: bool = True


def examine() -> list[Finding]:
    """Everything, in the order to read it in; takes some seconds. A failing part is a finding, not an error."""
    parts: tuple[tuple[str, Callable[[], str]], ...] = (
        ("hypviz", lambda: f"{__version__}, Python {platform.python_version()}, {platform.platform(terse=True)}"),
        ("packages", _packages),
        ("devices", _devices),
        ("memory", _memory),
        ("home", _home),
        ("temporary", _temporary),
        ("demo", _demo),
        ("encoder", _encoder),
    )
    return [_found(about, look) for about, look in parts]


def _found(about: str, look: Callable[[], str]) -> Finding:
    begun = time.perf_counter()
    try:
        words = look()
    except Exception as error:  # what is looked for here is whatever does not work
        return Finding(about, f"{type(error).__name__}: {' '.join(str(error).split()) or 'without a word'}", well=False)
    seconds = time.perf_counter() - begun
    return Finding(about, f"{words} ({seconds:.1f} s)" if seconds > 0.5 else words)


def _packages() -> str:
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)


def _devices() -> str:
    import torch

    from hypviz.model.device import pick_device

    names = [f"cpu ({os.cpu_count()} cores)"]
    names += [f"cuda:{number} ({torch.cuda.get_device_name(number)})" for number in range(torch.cuda.device_count())]
    names += ["mps"] if torch.backends.mps.is_available() else []
    return f"{', '.join(names)}; auto takes {pick_device('auto')}"


def _memory() -> str:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return "not known here"
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.1f} GiB"


def _home() -> str:
    folder = home()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"x" * 4096)
        file.flush()
        os.fsync(file.fileno())
    return f"{folder}: written to, {_room(folder)}"


def _temporary() -> str:
    return f"{tempfile.gettempdir()}: {_room(Path(tempfile.gettempdir()))}"


def _room(folder: Path) -> str:
    free = free_bytes(folder)
    if free < LOW_BYTES:
        raise OSError(f"{folder} has only {free >> 20} MiB left")
    return f"{free / 2**30:.1f} GiB free of {shutil.disk_usage(folder).total / 2**30:.0f}"


def _demo() -> str:
    from hypviz.explore.library import Library

    view = Library(device="cpu").open("demo", "demo")
    answer = view.select({"row": view.describe()["start"]})
    if not answer["members_total"] or not view.thumb(0).startswith(b"\xff\xd8"):
        raise ValueError("the demo opens, yet its cones are empty or its pictures no JPEG")
    return f"{len(view.items):,} items opened, a cone of {answer['members_total']:,} members and a picture drawn"


def _encoder() -> str:
    import numpy as np

    from hypviz.data.pictures import open_upright
    from hypviz.explore.library import Library
    from hypviz.inference.embed import embed_picture

    view = Library(device="auto").open("demo", "demo")
    picture = open_upright(view.items.path(0))
    placed = embed_picture(view.encoder, picture, view.items.xyxy[view.items.of_image(0)].tolist())
    off = float(np.abs(placed.directions[0] - view.embedding.directions[0]).max())
    if not off < 0.05:
        raise ValueError(f"the encoder places the first picture {off:.3g} away from where it is stored")
    return f"embeds the first picture within {off:.1e} of its stored direction"

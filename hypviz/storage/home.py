"""Where own things are kept: workspaces, checkpoints made in the page, trainings.

$HYPVIZ_HOME, else `workspaces` in a checkout, else where the system keeps a user's data.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from platformdirs import user_data_path

from hypviz.paths import IS_CHECKOUT, ROOT


def home() -> Path:
    """The folder of own workspaces; it need not exist yet."""
    if configured := os.environ.get("HYPVIZ_HOME"):
        return Path(configured)
    return ROOT / "workspaces" if IS_CHECKOUT else user_data_path("hypviz", appauthor=False)


def own_checkpoints() -> Path:
    """The folder of the checkpoints that were trained and kept in the page."""
    return home() / "checkpoints"


def trainings() -> Path:
    """The folder of fine-tuning jobs, one folder each."""
    return home() / "trainings"


LOW_BYTES = 256 << 20
"""Less room than this is told by the health check, and no set is taken in any more."""


def free_bytes(folder: Path) -> int:
    """Room on the disk that a folder is on, or will be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def server_trouble() -> str:
    """What keeps the home folder from taking more, as a few words; "" when nothing does."""
    folder = home()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        return "the home folder cannot be written to"
    return "the disk is full" if free_bytes(folder) < LOW_BYTES else ""

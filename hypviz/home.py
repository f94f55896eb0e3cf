"""Where own things are kept: workspaces, checkpoints made in the page, trainings. $HYPVIZ_HOME, else `workspaces` here."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def home() -> Path:
    """The folder of own workspaces; it need not exist yet."""
    return Path(os.environ.get("HYPVIZ_HOME") or ROOT / "workspaces")


def own_checkpoints() -> Path:
    """The folder of the checkpoints that were trained and kept in the page."""
    return home() / "checkpoints"


def trainings() -> Path:
    """The folder of fine-tuning jobs, one folder each."""
    return home() / "trainings"

"""Where things that come with hypviz lie: beside the package in a checkout, inside it when it was installed."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parent
"""What must be on Python's path to import hypviz."""
IS_CHECKOUT = (ROOT / "pyproject.toml").is_file() and (ROOT / "assets").is_dir()
"""Whether this is a working copy, whose own workspaces lie in it."""
_BESIDE = ROOT if IS_CHECKOUT else PACKAGE / "shipped"
ASSETS = _BESIDE / "assets"
"""Scripts, styles, letters and the demo."""
CHECKPOINTS = _BESIDE / "checkpoints"
"""The shipped checkpoints."""

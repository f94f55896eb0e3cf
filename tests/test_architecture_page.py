"""docs/architecture.md speaks of what is there: every file, folder, function and class that it names in backticks."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMES = sorted(set(re.findall(r"`([\w./]+(?:\.(?:py|js|css)(?::\w+)?|/))`", PAGE)))


def place_of(name: str) -> Path | None:
    """The file or folder of a name, which may leave out `hypviz/` or `assets/`."""
    return next((place for start in ("", "hypviz", "assets") if (place := ROOT / start / name).exists()), None)


@pytest.mark.parametrize("name", NAMES)
def test_what_it_names_is_there(name: str) -> None:
    path, _, inside = name.partition(":")
    place = place_of(path)
    assert place is not None, f"there is no {path}"
    if inside:
        tree = ast.parse(place.read_text(encoding="utf-8"))
        assert inside in {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}


def test_it_names_enough_and_a_false_one_is_seen() -> None:
    assert len(NAMES) > 60 and place_of("explore/nothing.py") is None

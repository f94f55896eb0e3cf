"""Every script of the page is one that a browser can read: a slip is found in a second, not by a page that never opens."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable

ASSETS = Path(__file__).resolve().parents[1] / "assets"


@pytest.mark.parametrize("script", sorted(ASSETS.rglob("*.js")), ids=lambda path: path.relative_to(ASSETS).as_posix())
def test_it_parses(script: Path) -> None:
    node = compute_driver_executable()[0]  # the browser tests bring it
    done = subprocess.run([node, "--check", str(script)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_slip_is_seen(tmp_path: Path) -> None:
    broken = tmp_path / "broken.js"
    broken.write_text("(function () { const own = 1; const own = 2; })();", encoding="utf-8")
    assert subprocess.run([compute_driver_executable()[0], "--check", str(broken)], capture_output=True).returncode != 0

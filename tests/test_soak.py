"""A short soak: every operation once by each fault. `make soak` does it for long, and prints its figures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are made by fork")
@pytest.mark.timeout(900)
def test_nothing_is_lost_however_it_ends() -> None:
    # A process of its own: a child of one whose threads compute would wait for threads that it has not.
    command = [sys.executable, "-m", "tests.soak", "--kills", "14", "--seconds", "100", "--json"]
    done = subprocess.run(command, cwd=Path(__file__).resolve().parents[1], capture_output=True, text=True, timeout=880)
    assert done.stdout, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["broken"] == [] and done.returncode == 0
    assert found["kill by SIGKILL"]["times"] >= 7 and found["clock jumps"]["times"] == 7 and found["files that may not grow"]["times"] == 7
    assert found["two servers"]["drawn by b"] > 0 and found["two servers"]["drawn by c"] > 0

"""Freed memory is kept: fewer page faults, by the program's own doing as by the environment variables'."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

FAULTS = """
import resource
from hypviz.model.device import pick_device
if {call}:
    pick_device("cpu")
block = 96 << 20  # above every threshold that glibc would choose by itself
b"x" * block
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(6):
    b"x" * block
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(*, call: bool, **variables: str) -> int:
    """Page faults while a block of 96 MiB is made and freed six times."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")} | variables
    command = [sys.executable, "-c", FAULTS.format(call=call)]
    done = subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left as they are")
def test_a_device_picked_does_what_the_environment_variables_do() -> None:
    plain = faults(call=False)
    by_environment = faults(call=False, MALLOC_MMAP_THRESHOLD_="4294967296", MALLOC_TRIM_THRESHOLD_="8589934592")
    by_program = faults(call=True)
    assert by_program < plain / 10 and by_environment < plain / 10, (plain, by_environment, by_program)

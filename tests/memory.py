"""The most memory that a process has held, of its own and not of the one that started it."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path


def peak_mib() -> int:
    """MiB. On Linux `ru_maxrss` of a process begins with what the process that started it held, so that growth below that is not seen."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) >> 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> (20 if sys.platform == "darwin" else 10)


def plain_environment() -> dict[str, str]:
    """That of this process without settings of the allocator, by which freed memory would stay with a process and count on."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}

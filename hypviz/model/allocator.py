"""Memory that a network frees is kept for its next layer instead of going back to the system.

glibc gives large blocks back at once and asks for them anew: every layer's output is then thousands of fresh pages that the
system has to clear, and inference on a CPU spends most of its time there (EfficientNet-Lite0 in float32: half of it). Setting
these two thresholds is what MALLOC_MMAP_THRESHOLD_ and MALLOC_TRIM_THRESHOLD_ in the environment do, without asking a person
to. Other C libraries are left as they are.
"""

from __future__ import annotations

import ctypes
import platform
from functools import lru_cache

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_MMAP_MAX = -1, -3, -4
"""Parameters of mallopt(3), from glibc's malloc.h."""
LARGEST = 2**31 - 1
"""mallopt takes an int, so 2 GiB is where thresholds end; single blocks beyond are mapped as ever."""


@lru_cache(maxsize=1)
def keep_freed_memory() -> bool:
    """Let this process keep what it frees, up to 2 GiB; True when that is set. Done once, before large tensors are made.

    The peak of memory is the same; between peaks the process holds what it had.
    """
    if platform.system() != "Linux" or platform.libc_ver()[0] != "glibc":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    mallopt.argtypes, mallopt.restype = [ctypes.c_int, ctypes.c_int], ctypes.c_int
    # Before glibc 2.35 a threshold above 32 MiB is refused (0); then nothing is mapped at all.
    unmapped = mallopt(M_MMAP_THRESHOLD, LARGEST) or mallopt(M_MMAP_MAX, 0)
    return bool(mallopt(M_TRIM_THRESHOLD, LARGEST) and unmapped)

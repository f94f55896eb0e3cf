"""Where and in which number format to compute: CUDA, then Apple MPS, then CPU; out of memory halves the batch."""

from __future__ import annotations

import logging
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import torch

from hypviz.errors import DeviceError
from hypviz.model.allocator import keep_freed_memory

log = logging.getLogger(__name__)
T = TypeVar("T")
CPU_BATCH, GPU_BATCH = 32, 256
"""Crops looked at together. On a CPU the outputs of a layer should fit the caches; larger batches are slower, not faster."""


def hardware(device: torch.device) -> str:
    """The machine in words, for the card."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type}, {torch.get_num_threads()} threads, {platform.machine()}"


def inference_batch(device: torch.device) -> int:
    """How many crops to look at together on a device."""
    return CPU_BATCH if device.type == "cpu" else GPU_BATCH


def pick_device(name: str = "auto") -> torch.device:
    """The device called `name` ("auto", "cuda", "cuda:1", "mps", "cpu"); DeviceError when it is not there.

    Every command, the page and its worker ask here before they compute, so memory is told here to stay (`model.allocator`).
    """
    keep_freed_memory()
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise DeviceError(f"Unknown device {name!r}; use auto, cpu, cuda, cuda:N or mps.") from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        visible = torch.cuda.device_count()
        raise DeviceError(f"Device {name!r} was asked for but {visible} CUDA devices are visible; use --device auto or cpu.")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise DeviceError("Device 'mps' was asked for but this is no Apple GPU machine; use --device auto or cpu.")
    if device.type not in ("cpu", "cuda", "mps"):
        raise DeviceError(f"Device {name!r} is not supported; use auto, cpu, cuda, cuda:N or mps.")
    return device


def is_out_of_memory(error: BaseException) -> bool:
    """True for every way torch says that memory ran out, on a GPU or on the CPU."""
    text = str(error).lower()
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)
    )


def in_batches(work: Callable[[int, int], T], count: int, batch: int) -> Iterator[tuple[int, int, T]]:
    """Yield (start, stop, work(start, stop)) over range(count); out of memory halves the batch and goes on.

    A batch of one that still does not fit raises DeviceError.
    """
    start = 0
    while start < count:
        stop = min(start + batch, count)
        try:
            result = work(start, stop)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if stop - start == 1:
                raise DeviceError("One picture alone does not fit in memory; use a smaller backbone or --device cpu.") from error
            batch = max(1, (stop - start) // 2)
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            log.warning("Out of memory: going on with batches of %d.", batch)
            continue
        yield start, stop, result
        start = stop


def peak_memory_mib() -> float | None:
    """The most memory this process has held, in MiB; None where the system does not tell."""
    status = Path("/proc/self/status")
    if status.is_file():  # on Linux ru_maxrss begins with what the process held that started this one: a server with all its views
        line = next((line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:")), "")
        return round(int(line.split()[1]) / (1 << 10), 1) if line else None
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)

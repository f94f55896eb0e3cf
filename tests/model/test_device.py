"""Devices by name, and work in batches that shrink when memory runs out."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from hypviz.errors import DeviceError
from hypviz.model.device import in_batches, is_out_of_memory, pick_device


def machine(monkeypatch: pytest.MonkeyPatch, *, cuda: int = 0, mps: bool = False) -> None:
    """Pretend that this machine has so many CUDA devices, or an Apple GPU."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(("cuda", "mps", "picked"), [(0, False, "cpu"), (0, True, "mps"), (2, False, "cuda"), (1, True, "cuda")])
def test_auto_takes_cuda_then_mps_then_the_cpu(monkeypatch: pytest.MonkeyPatch, cuda: int, mps: bool, picked: str) -> None:
    machine(monkeypatch, cuda=cuda, mps=mps)
    assert pick_device().type == picked


@pytest.mark.parametrize(
    ("name", "cuda", "message"),
    [
        ("cuda", 0, "'cuda' was asked for but 0 CUDA devices are visible; use --device auto or cpu"),
        ("cuda:2", 2, "'cuda:2' was asked for but 2 CUDA devices are visible"),
        ("mps", 1, "'mps' was asked for but this is no Apple GPU machine"),
        ("gpu", 1, "Unknown device 'gpu'; use auto, cpu, cuda, cuda:N or mps"),
        ("", 0, "Unknown device ''"),
        ("meta", 0, "'meta' is not supported"),
    ],
)
def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, cuda: int, message: str) -> None:
    machine(monkeypatch, cuda=cuda)
    with pytest.raises(DeviceError, match=message):
        pick_device(name)


def test_a_device_that_is_there_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, cuda=2, mps=True)
    assert [str(pick_device(name)) for name in ("cpu", "cuda", "cuda:1", "mps")] == ["cpu", "cuda", "cuda:1", "mps"]


class Memory:
    """Work that fits only so many rows; keeps the sizes it was asked for."""

    def __init__(self, fits: int, error: BaseException) -> None:
        self.fits, self.error, self.asked = fits, error, list[int]()

    def __call__(self, start: int, stop: int) -> list[int]:
        self.asked.append(stop - start)
        if stop - start > self.fits:
            raise self.error
        return list(range(start, stop))


OUT_OF_MEMORY = [torch.OutOfMemoryError("CUDA out of memory."), MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")]


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(("count", "batch", "fits"), [(100, 64, 10), (7, 3, 3), (5, 100, 1), (1, 1, 1), (0, 8, 1)])
def test_every_row_is_done_once_whatever_fits(error: BaseException, count: int, batch: int, fits: int) -> None:
    parts = list(in_batches(Memory(fits, error), count, batch))
    assert [row for _, _, rows in parts for row in rows] == list(range(count))
    assert all(rows == list(range(start, stop)) for start, stop, rows in parts)


def test_the_batch_is_halved_until_it_fits_and_stays_so() -> None:
    work = Memory(10, OUT_OF_MEMORY[0])
    list(in_batches(work, 40, 32))
    assert work.asked == [32, 16, 8, 8, 8, 8, 8]


def test_a_single_row_that_does_not_fit_is_a_device_error() -> None:
    with pytest.raises(DeviceError, match="One picture alone does not fit in memory"):
        list(in_batches(Memory(0, OUT_OF_MEMORY[0]), 6, 4))


@pytest.mark.parametrize("error", [RuntimeError("shapes cannot be multiplied"), ValueError("out of memory"), KeyboardInterrupt()])
def test_other_errors_pass_through_untried(error: BaseException) -> None:
    assert not is_out_of_memory(error)
    work = Memory(1, error)
    with pytest.raises(type(error)):
        list(in_batches(work, 6, 4))
    assert work.asked == [4]


def test_the_peak_of_memory_is_not_that_of_the_process_that_started_this_one() -> None:
    held = np.ones(100 << 20)  # 800 MiB, as a server with its views may hold
    code = "from hypviz.model.device import peak_memory_mib; print(peak_memory_mib())"
    own = float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=250).stdout)
    assert 10 < own < held.nbytes / (1 << 20)

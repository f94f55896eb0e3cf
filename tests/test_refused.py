"""A disk that is full refuses with the file's name and a reason, whichever library was writing, and what was there stays."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hypviz.errors import DataError, os_sentence
from hypviz.storage.files import allocate, write_file, write_folder
from tests.kills import in_child

resource = pytest.importorskip("resource", reason="the system cannot limit the size of files")
MANY = np.random.default_rng(0).random(100_000)


def torch_state(part: Path) -> None:
    import torch

    torch.save({"weights": torch.from_numpy(MANY)}, part)


def safetensors(part: Path) -> None:
    import torch
    from safetensors.torch import save_file

    save_file({"weights": torch.from_numpy(MANY)}, part)


def parquet(part: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": MANY}), part)


def array(part: Path) -> None:
    with part.open("wb") as file:
        np.save(file, MANY)


def memory_map(part: Path) -> None:
    values = np.lib.format.open_memmap(part, mode="w+", dtype=np.float64, shape=MANY.shape)
    allocate(part)
    values[:] = MANY


def refused(work: Callable[[], object]) -> str:
    """What an OSError of `work` says in a process whose files may have 50 kB; "" when it raises none."""
    reader, writer = os.pipe()

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        try:
            work()
        except OSError as error:
            os.write(writer, (os_sentence(error) or f"no sentence: {error!r}").encode())

    _, status = os.waitpid(in_child(limited), 0)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        text = file.read().decode()
    assert status == 0
    return text


@pytest.mark.parametrize("write", [torch_state, safetensors, parquet, array, memory_map])
def test_a_file_that_finds_no_room_is_refused_by_name(tmp_path: Path, write: Callable[[Path], object]) -> None:
    path = tmp_path / "x.bin"
    path.write_text("as it was")
    assert refused(lambda: write_file(path, write)) == f"{path}: File too large."
    assert path.read_text() == "as it was" and [each.name for each in tmp_path.iterdir()] == ["x.bin"]
    write_file(path, write)
    assert path.stat().st_size > 50_000


def test_a_folder_that_finds_no_room_is_refused_by_name(tmp_path: Path) -> None:
    def work() -> None:
        with write_folder(tmp_path / "f") as part:
            np.save(part / "a.npy", MANY)

    assert refused(work).startswith(f"{tmp_path / 'f'}: ") and not list(tmp_path.iterdir())
    work()
    assert len(np.load(tmp_path / "f" / "a.npy")) == len(MANY)


def test_a_mistake_of_the_program_is_not_taken_for_the_disks(tmp_path: Path) -> None:
    def fail(error: Exception) -> Callable[[Path], object]:
        def write(part: Path) -> None:
            part.write_text("half")
            raise error

        return write

    for error in (ZeroDivisionError("no"), DataError("bad data."), FileNotFoundError(2, "No such file", "other")):
        with pytest.raises(type(error)) as raised:
            write_file(tmp_path / "x.json", fail(error))
        assert raised.value is error
    with pytest.raises(TypeError):
        write_file(tmp_path / "x.json", lambda part: part.write_text(json.dumps({1, 2})))
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_one_though_the_library_took_its_unfinished_file_back(tmp_path: Path) -> None:
    """As safetensors does: when the disk is asked, there is room again."""
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"old")

    def write(part: Path) -> None:
        part.unlink(missing_ok=True)
        raise RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)")

    with pytest.raises(OSError, match="No space left") as refusal:
        write_file(path, write)
    assert (refusal.value.errno, refusal.value.filename) == (28, str(path)) and path.read_bytes() == b"old"
    with pytest.raises(RuntimeError, match="another fault"):
        write_file(path, lambda part: (_ for _ in ()).throw(RuntimeError("another fault")))

"""A saved Arrow folder is looked through before it is mapped: damaged offsets and names that lead elsewhere are refused."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from hypviz.data.formats.detect import open_dataset
from hypviz.data.formats.saved_arrow import check_saved
from hypviz.data.importer import import_items
from hypviz.errors import DataError
from tests.fuzz.seeds import write_set


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    write_set("hf", tmp_path / "set")
    return next(path.parent for path in (tmp_path / "set").rglob("state.json"))


def test_a_sound_folder_passes(saved: Path) -> None:
    check_saved(saved)


@pytest.mark.parametrize("begin", [pa.ipc.new_stream, pa.ipc.new_file])
def test_every_batch_of_a_stream_and_of_a_file_is_looked_at(tmp_path: Path, begin: Any) -> None:
    """The last of three batches has an offset that points out of its text."""
    for wrong, middle in ((False, 3), (True, 60)):
        text = pa.StringArray.from_buffers(2, pa.py_buffer(struct.pack("<3i", 0, middle, 6)), pa.py_buffer(b"abcdef"))
        schema = pa.schema([("text", pa.string())])
        with begin(str(tmp_path / "data.arrow"), schema) as writer:
            for array in (pa.array(["a", "b"]), pa.array(["c"]), text):
                writer.write_batch(pa.record_batch([array], schema=schema))
        if not wrong:
            check_saved(tmp_path)
        else:
            with pytest.raises(DataError, match=r"data\.arrow is a damaged Arrow file"):
                check_saved(tmp_path)


@pytest.mark.parametrize("name", ["../other/data.arrow", "/etc/passwd", "file:///etc/passwd", 3, None, "a\0b"])
def test_a_folder_that_names_files_elsewhere_is_refused(saved: Path, name: object) -> None:
    state = json.loads((saved / "state.json").read_text())
    (saved / "state.json").write_text(json.dumps(state | {"_data_files": [{"filename": name}]}))
    with pytest.raises(DataError, match="expected a file of its own folder"):
        check_saved(saved)
    (saved / "state.json").write_text(json.dumps(state))
    (saved / "dataset_dict.json").write_text(json.dumps({"splits": ["../elsewhere"]}))
    with pytest.raises(DataError, match="expected a file of its own folder"):
        check_saved(saved)


@pytest.mark.parametrize("content", [{}, [], {"_data_files": 3}])
def test_a_folder_that_lists_nothing_is_refused(saved: Path, content: object) -> None:
    (saved / "state.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match="lists no files"):
        check_saved(saved)


def test_offsets_that_point_out_of_the_file_are_refused_not_followed(saved: Path, tmp_path: Path) -> None:
    """Any 8 bytes turned: read or refused, and never a crash of the process, which following an offset would be."""
    (file,) = saved.glob("*.arrow")
    sound = file.read_bytes()
    refused = 0
    for place in range(0, len(sound), max(8, len(sound) // 60)):
        file.write_bytes(sound[:place] + b"\xff\xff\xff\x7f" * 2 + sound[place + 8 :])
        try:
            import_items(open_dataset(tmp_path / "set", extract_to=tmp_path / f"out{place}"))
        except DataError:
            refused += 1
    assert refused > 5

"""A folder as the datasets library saves it, looked through before that library maps it into memory.

It takes file names as the folder's own JSON states them, wherever they lead, and reads Arrow columns without a look at their offsets,
which in a damaged file point anywhere in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

from hypviz.data.formats.text import load_json
from hypviz.data.formats.tree import files_below
from hypviz.errors import DataError


def check_saved(source: Path) -> None:
    """DataError for a saved folder that names files outside itself, or whose Arrow files are damaged."""
    for name in files_below(source):
        path = source / name
        if path.name in ("state.json", "dataset_dict.json"):
            _check_names(path)
        elif path.suffix.lower() == ".arrow":
            _check_columns(path)


def _check_names(path: Path) -> None:
    for name in _named(load_json(path), path):
        place = PurePath(name) if isinstance(name, str) else PurePath("/")
        if place.is_absolute() or ".." in place.parts or ":" in str(name) or "\0" in str(name):
            raise DataError(f"{path} names {str(name)[:80]!r}; expected a file of its own folder.")


def _named(content: Any, path: Path) -> Iterator[Any]:
    """The files of a state.json, or the splits of a dataset_dict.json."""
    listed = content.get("_data_files", content.get("splits")) if isinstance(content, dict) else None
    if not isinstance(listed, list):
        raise DataError(f"{path} lists no files; save the data set again with save_to_disk.")
    for one in listed:
        yield one.get("filename") if isinstance(one, dict) else one


def _check_columns(path: Path) -> None:
    import pyarrow as pa

    try:
        with pa.memory_map(str(path)) as file:
            for batch in _batches(file):
                batch.validate(full=True)
    except (OSError, ValueError, pa.ArrowException, MemoryError) as error:
        raise DataError(f"{path} is a damaged Arrow file ({' '.join(str(error).split())[:120]}).") from None


def _batches(file: Any) -> Iterator[Any]:
    """The batches of a stream, or of a file, which begins with its name."""
    import pyarrow as pa

    head = file.read(6)
    file.seek(0)
    if head == b"ARROW1":
        reader = pa.ipc.open_file(file)
        yield from (reader.get_batch(number) for number in range(reader.num_record_batches))
    else:
        yield from pa.ipc.open_stream(file)

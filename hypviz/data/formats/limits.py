"""What reading a stranger's file may cost, seen before it is parsed: a few bytes of JSON, XML or Parquet can name a great deal of memory.

The figures are upper bounds of what CPython takes for what a sign begins: a number or text with its place in a list, an object, an
element. They are deliberately coarse; real annotation files stay far below.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from hypviz.data.pictures import is_picture_name
from hypviz.errors import DataError

MAX_FILE = 256 << 20
"""Bytes of one file beside the pictures of an uploaded set."""
MAX_MEMORY = 2 << 30
"""Bytes that reading all of them may come to: two million boxes. An upload has 12,000 pictures at most."""
MAX_COLUMN = 2 << 30
"""Bytes of one column in one row group of a Parquet file, unpacked."""
BATCH_MEMORY = 256 << 20
"""Bytes of the rows of a Parquet file that are read at a time."""
MAX_BATCH = 1000
_COLUMNS = (".parquet", ".arrow")
"""Endings of files that are read a few rows at a time."""
_JSON = {b"{": 64, b"[": 56, b":": 60, b",": 40, b'"': 30}
_XML = {b"<": 120, b"=": 160}
_TABLE = {b",": 60, b";": 60, b"\t": 60, b"|": 60, b"\n": 600}
"""A line of a table is a box."""


def parsing_memory(data: bytes) -> int:
    """Bytes that the content of a text file may take once it is read, whichever format it turns out to be.

    >>> parsing_memory(b"[" + b"[]," * 1000 + b"[]]") // 1000
    108
    """
    nested = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
    forms = (_JSON, _XML) if nested else (_JSON, _XML, _TABLE)
    return max(sum(size * data.count(sign) for sign, size in form.items()) for form in forms) + 4 * len(data)


def check_files(folder: Path) -> None:
    """DataError when the files of an uploaded set that are no pictures would take too much memory to read."""
    memory = 0
    for place, _, names in os.walk(folder):
        for name in names:
            if not is_picture_name(name) and not name.lower().endswith(_COLUMNS):
                memory += _memory(Path(place) / name)
    if memory > MAX_MEMORY:
        raise DataError(
            f"Reading the annotations of {folder} could take {memory / 1e9:.1f} GB of memory, at most {MAX_MEMORY / 1e9:.1f} GB are given "
            "to an upload; import a larger set with `python -m hypviz data import`, it can then be chosen as it is."
        )


def _memory(path: Path) -> int:
    size = path.stat().st_size
    if size > MAX_FILE:
        raise DataError(f"{path}: the file has {size:,} bytes; at most {MAX_FILE:,} are read of a file beside the pictures of an upload.")
    return parsing_memory(path.read_bytes())


def batch_rows(files: Iterable[str]) -> int:
    """Rows of these Parquet files to read at a time, so that even a picture repeated in every row stays within BATCH_MEMORY.

    Raises DataError for columns of more than MAX_COLUMN, OSError or ArrowException for what is no Parquet.
    """
    import pyarrow.parquet as parquet

    largest = 1
    for file in files:
        about = parquet.read_metadata(file)
        groups = (about.row_group(number) for number in range(about.num_row_groups))
        sizes = (group.column(column).total_uncompressed_size for group in groups for column in range(group.num_columns))
        largest = max([largest, *sizes])
        if largest > MAX_COLUMN:
            raise DataError(
                f"{file}: a column has {largest:,} bytes in one row group; at most {MAX_COLUMN:,} are read, write smaller ones."
            )
    return min(max(1, BATCH_MEMORY // largest), MAX_BATCH)

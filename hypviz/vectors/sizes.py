"""How much memory a file of arrays or columns would take, by what it says of itself, before it is read."""

from __future__ import annotations

import zipfile
from pathlib import Path

from hypviz.errors import DataError

MAX_ARRAYS = 64 << 30
"""Bytes of the arrays of one file: 30 million vectors of 512 numbers."""
MAX_GROWTH = 32
"""Times that a packed file may grow; float32 vectors hardly shrink."""
GROWN_FROM = 64 << 20
MAX_CELLS = 1 << 34
"""Rows times columns of a Parquet file, whose runs may repeat one value without end."""


def check_arrays(path: Path) -> None:
    """DataError for an .npz that would take more than MAX_ARRAYS, or grows as only a bomb does."""
    with zipfile.ZipFile(path) as archive:
        grown = sum(info.file_size for info in archive.infolist())
    packed = path.stat().st_size
    if grown > MAX_ARRAYS or (grown > GROWN_FROM and grown > MAX_GROWTH * packed):
        raise DataError(f"{path} would grow from {packed:,} to {grown:,} bytes; save the arrays with numpy.savez, unpacked.")


def check_columns(path: Path) -> None:
    """DataError for a Parquet file of more cells than any machine holds, or of columns that grow as only a bomb does."""
    import pyarrow.parquet as pq

    about = pq.read_metadata(path)
    grown = sum(about.row_group(number).total_byte_size for number in range(about.num_row_groups))
    cells = max(about.num_rows, 1) * max(about.num_columns, 1)
    packed = path.stat().st_size
    if cells > MAX_CELLS or grown > MAX_ARRAYS or (8 * cells > GROWN_FROM and 8 * cells > 64 * MAX_GROWTH * packed):
        raise DataError(f"{path} has {packed:,} bytes and says it holds {cells:,} values; such a file is not read.")

"""Bytes of a stranger's file as text: one rule for every reader, under limits.

A byte-order mark decides (UTF-8, UTF-16, UTF-32). Without one, a file with a NUL in every other byte is UTF-16; else it is
UTF-8, and what is no UTF-8 is what `encodings` sees in it (Windows-1252, GBK, Shift-JIS), which is noted by the file's name, or is
refused. Class names are composed Unicode (NFC), so that a name typed on a Mac and on Windows is one class.
"""

from __future__ import annotations

import codecs
import json
import math
import unicodedata
from pathlib import Path
from typing import Any

from hypviz.data.formats.encodings import legacy_encoding
from hypviz.data.raw import DropCounter, storable
from hypviz.errors import DataError

MAX_TEXT = 2 << 30
"""Bytes of an annotation file: the largest published ones (LVIS, Objects365) have about 1.5 GB."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LEGACY = {"cp1252": "Windows-1252", "gbk": "GBK (Chinese)", "cp932": "Shift-JIS (Japanese)"}
NO_NAME = frozenset({"", "nan", "null", "none", "<na>", "n/a"})
"""What tables write where there is no class, in lower case."""


def encoding_of(data: bytes) -> str:
    """The encoding of text by its bytes; of those that are no UTF-8 what `encodings.legacy_encoding` sees, "" when that cannot be told.

    >>> encoding_of("Löwe".encode()), encoding_of("Löwe".encode("cp1252")), encoding_of("Löwe".encode("utf-16-le"))
    ('utf-8', 'cp1252', 'utf-16-le')
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    head = data[:4096]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if len(head) >= 4 and max(even, odd) >= 0.3 * len(head) / 2 and min(even, odd) <= 0.1 * max(even, odd):
        return "utf-16-be" if even > odd else "utf-16-le"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return legacy_encoding(data)
    return "utf-8"


def decode(data: bytes, name: str, dropped: DropCounter | None = None) -> str:
    """Text of a file's bytes; an encoding that was told from the bytes is noted in `dropped` under the file's `name`.

    Bytes that the encoding does not know become U+FFFD, as half a UTF-16 pair at the end of a cut file. DataError when the bytes are
    no UTF-8 and cannot be told to be anything else.
    """
    encoding = encoding_of(data)
    if not encoding:
        raise DataError(f"{storable(name)}: not UTF-8, nor Windows-1252, GBK or Shift-JIS as far as its bytes tell; save it as UTF-8.")
    if encoding in _LEGACY and dropped is not None:
        dropped.note(f"{storable(name)} is not UTF-8 and was read as {_LEGACY[encoding]}")
    return data.decode(encoding, "replace").removeprefix("\ufeff")


def read_text(path: Path, dropped: DropCounter | None = None, *, limit: int = MAX_TEXT) -> str:
    """The text of a file; DataError when it is not there, cannot be read or is above `limit` bytes."""
    return decode(read_raw(path, limit=limit), path.name, dropped)


def read_raw(path: Path, *, limit: int = MAX_TEXT) -> bytes:
    """The bytes of an annotation file; DataError as `read_text`."""
    try:
        size = path.stat().st_size
        if size > limit:
            raise DataError(f"{path}: the file has {size:,} bytes; at most {limit:,} are read.")
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such annotation file.") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from None


def read_head(path: Path, size: int = 8192) -> str:
    """The first `size` bytes of a file as text, to see what it is; "" when it cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(size)
    except OSError:
        return ""
    encoding = _encoding_of_cut(data) if len(data) == size else encoding_of(data)
    return data.decode(encoding or "cp1252", "replace").removeprefix("\ufeff")


def _encoding_of_cut(data: bytes) -> str:
    """As `encoding_of`, of bytes that may end within a letter, which has four at most."""
    encodings = [encoding_of(data[: len(data) - cut]) for cut in range(4)]
    return "utf-8" if "utf-8" in encodings else next(filter(None, encodings), "")


def load_json(path: Path, dropped: DropCounter | None = None) -> Any:
    """The content of a JSON file in any of the encodings; DataError when it is none."""
    text = decode(read_raw(path), path.name, dropped)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not a JSON file ({error}).") from None


def class_name(value: Any) -> str:
    """A class as composed text without spaces around it; "" for null, NaN, true, false and what is no name.

    >>> class_name(" Ba\\u0308r "), class_name(None), class_name(float("nan")), class_name(12), class_name(3.0)
    ('Bär', '', '', '12', '3')
    """
    if isinstance(value, str):
        return unicodedata.normalize("NFC", storable(value)).strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # of any size: a float holds 308 digits only
    if not isinstance(value, float) or not math.isfinite(value):
        return ""
    return str(int(value)) if value == int(value) else str(value)


def cell_name(text: str) -> str:
    """The class in a cell of a table, where "nan" and "null" are how programs write nothing."""
    name = class_name(text)
    return "" if name.lower() in NO_NAME else name

"""Columns that stand beside vectors: texts in a list, an array or a file. What is missing is "", whatever the file calls missing."""

from __future__ import annotations

import csv
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import DataError
from hypviz.storage.files import read_limited

Texts = NDArray[np.str_]
MAX_TEXT = 2 << 30
"""Bytes of a text file beside vectors."""
SHORT = 60
"""Characters of a value that a sentence quotes."""
HEADINGS = {
    "labels": ("label", "labels", "class", "classes", "name", "names", "category", "species"),
    "images": ("image", "images", "path", "paths", "file", "filename", "file_name"),
    "ids": ("id", "ids", "item_id"),
}
"""What the heading of each column may be called in a table."""
_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))


def short(value: Any) -> str:
    """A value for a sentence: at most SHORT characters, in one line.

    >>> short("a b"), len(short(list(range(1000))))
    ("'a b'", 61)
    """
    text = " ".join(repr(value[: SHORT + 1] if isinstance(value, (str, bytes, list)) else value).split())
    return text if len(text) <= SHORT else f"{text[:SHORT]}…"


def as_texts(values: Iterable[Any]) -> Texts:
    """(N,) texts, composed Unicode; "" for None, NaN and blanks; whole numbers without a fraction.

    >>> as_texts(["é", None, float("nan"), 2.0, 1.5, " "]).tolist()
    ['é', '', '', '2', '1.5', '']
    """
    return np.array([_text(value) for value in values], np.str_)


def _text(value: Any) -> str:
    if hasattr(value, "item"):  # a number of NumPy's or a tensor of one
        value = value.item()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = unicodedata.normalize("NFC", str(value))
    return text if text.strip() else ""


def texts_of(values: Any, name: str, where: object) -> Texts:
    """(N,) texts of a column that a file holds as a list or array; DataError for anything with rows and columns."""
    array = values if isinstance(values, np.ndarray) else _as_array(values, name, where)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(f"{where}: {name} must be one value per vector, got the shape {array.shape}.")
    return as_texts(array.tolist())


def _as_array(values: Any, name: str, where: object) -> NDArray[Any]:
    if not isinstance(values, (list, tuple)):
        raise DataError(f"{where}: {name} must be a list, one value per vector, got {type(values).__name__}.")
    array = np.empty(len(values), object)
    array[:] = values
    nested = next((value for value in values if isinstance(value, (list, tuple, dict))), None)
    if nested is not None:
        raise DataError(f"{where}: {name} must be one value per vector, got {short(nested)}.")
    return array


def read_text(path: Path) -> str:
    """A text file by its byte-order mark, else UTF-8; DataError for other encodings."""
    try:
        data = read_limited(path, MAX_TEXT)
        return data.decode(next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no UTF-8 text ({short(str(error))}); save it as UTF-8.") from None
    except ValueError as error:
        raise DataError(f"{path} cannot be read ({error}).") from None


def read_lines(path: Path, name: str = "labels", count: int | None = None) -> Texts:
    """(N,) texts of a file: a line each, the list of a .json or .npy file, or the fitting column of a .csv or .tsv table.

    name: the column, for its heading. count: how many are wanted: blank lines at the end beyond it, and a heading above it, are
    no values. DataError when no column of a table is called so.
    """
    ending = path.suffix.lower()
    if ending == ".json":
        return texts_of(read_json(path), name, path)
    if ending == ".npy":
        return texts_of(np.load(path, allow_pickle=False), name, path)
    lines = read_text(path).splitlines()
    if ending in (".csv", ".tsv"):
        lines = _column(lines, name, path, "\t" if ending == ".tsv" else ",")
    while lines and not lines[-1].strip() and len(lines) > (count or 0):
        lines.pop()
    if count is not None and len(lines) == count + 1 and lines[0].strip().lower() in HEADINGS[name]:
        lines = lines[1:]
    return as_texts(lines)


def read_json(path: Path) -> Any:
    """The content of a JSON file; DataError when it is none."""
    try:
        return json.loads(read_text(path))
    except DataError:
        raise
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is no JSON ({short(str(error))}).") from None


def _column(lines: Sequence[str], name: str, path: Path, delimiter: str) -> list[str]:
    """One column of a table: that with a fitting heading, or the only one."""
    rows = list(csv.reader(lines, delimiter=delimiter))
    widths = {len(row) for row in rows if row}
    if widths <= {1}:
        return [row[0] if row else "" for row in rows]
    heads = [cell.strip().lower() for cell in rows[0]]
    named = [place for place, head in enumerate(heads) if head in HEADINGS[name]]
    if len(named) != 1 or len(widths) != 1:
        first = ", ".join(cell.strip() for cell in rows[0])
        raise DataError(f"{path} has {max(widths)} columns ({first:.{SHORT}}); call the one with the {name} {HEADINGS[name][0]!r}.")
    return [row[named[0]] for row in rows[1:] if row]


@dataclass(frozen=True)
class Table:
    """Rows of cells as text, all of one width. lines: where each stands in the file, counted from 1. heads: () without a heading."""

    rows: list[list[str]]
    lines: list[int]
    heads: tuple[str, ...] = ()


_ATTRIBUTES = re.compile(r"\s*\{[^{}]*\}\s*$")
"""What networkx writes at the end of an edge's line."""


def read_cells(path: Path) -> Table:
    """The rows of a text file of at least two columns: tabs, semicolons or commas between them in every line, else commas or blanks.

    Blank lines and lines of comment (# or %) are no rows.
    """
    numbered = [(number, _ATTRIBUTES.sub("", line)) for number, line in enumerate(read_text(path).splitlines(), start=1)]
    data_lines = [(number, line) for number, line in numbered if line.strip() and line.lstrip()[0] not in "#%"]
    lines = [line for _, line in data_lines]
    delimiter = next((sign for sign in "\t;," if lines and all(sign in line for line in lines)), None)
    if delimiter:
        rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter, skipinitialspace=True)]
    else:
        rows = [line.replace(",", " ").split() for line in lines]
    return Table(rows, [number for number, _ in data_lines])

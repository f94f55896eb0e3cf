"""A table of text, whatever parts its cells: its header and rows, with what programs put before the header passed over."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypviz.data.formats.text import read_text
from hypviz.data.raw import DropCounter
from hypviz.errors import DataError

_BEFORE = re.compile(r"^(?:(?:sep=.[^\S\n]*|#[^\n]*|[^\S\n]*)\r?\n)+", re.IGNORECASE)
"""What may stand before a header: Excel's `sep=;`, comments, empty lines."""
_LONGEST_CELL = 1 << 24
"""Letters of a cell; a cell may hold the boxes of a picture as JSON."""


@dataclass(frozen=True)
class Table:
    """text: from the header on.  delimiter: between cells.  first: the line of the file that the header stands on, from 1."""

    text: str
    delimiter: str
    first: int

    def rows(self) -> Iterator[list[str]]:
        """The header, then each row, as cells; csv.Error for what is no table."""
        csv.field_size_limit(_LONGEST_CELL)
        return csv.reader(io.StringIO(self.text, newline=""), delimiter=self.delimiter)

    def records(self, count: int | None = None) -> Iterator[dict[str, Any]]:
        """Rows as {column: content}, JSON in cells parsed; at most `count`."""
        rows = self.rows()
        header = next(rows, [])
        for number, cells in enumerate(rows):
            if count is not None and number >= count:
                return
            if any(cell.strip() for cell in cells):
                yield {name: parsed(cell) for name, cell in zip(header, cells, strict=False) if name}


def table_of(text: str) -> Table:
    """The table in a text.

    >>> table_of("sep=;\\n# made by hand\\na;b\\n1;2\\n")
    Table(text='a;b\\n1;2\\n', delimiter=';', first=3)
    """
    before = _BEFORE.match(text)
    rest = text[before.end() :] if before else text
    first = rest.partition("\n")[0]
    return Table(rest, max(",;\t|", key=first.count), 1 + (before[0].count("\n") if before else 0))


def parsed(cell: str) -> Any:
    """The list or object that a cell holds as JSON or as Python writes it; else the text itself.

    >>> parsed("[1, 2]"), parsed("{'x': None}"), parsed("[no"), parsed("3")
    ([1, 2], {'x': None}, '[no', '3')
    """
    text = cell.strip()
    if text[:1] not in ("[", "{"):
        return cell
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
    return cell


def is_nested(content: Any) -> bool:
    """Whether a cell's content is an object, or a list with objects or lists in it.

    >>> is_nested({"x": 1}), is_nested([[1, 2, 3, 4]]), is_nested([1, 2, 3, 4]), is_nested("x")
    (True, True, False, False)
    """
    return isinstance(content, dict) or (isinstance(content, list) and any(isinstance(each, dict | list) for each in content))


def load_rows(path: Path, dropped: DropCounter) -> list[tuple[int, Any]]:
    """The rows of a JSON list, of JSON lines, or of a table, each with its number or its line; a single object is one row.

    A line that cannot be parsed is None. DataError for what is none of these.
    """
    text = read_text(path, dropped)
    if text.lstrip()[:1] not in ("[", "{"):
        table = table_of(text)
        try:
            return list(enumerate(table.records(), start=table.first + 1))
        except csv.Error as error:
            raise DataError(f"{path}: not a table ({error}).") from None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        rows = [(number, _line(line)) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
        if not rows or rows[0][1] is None:
            raise DataError(f"{path}: not a JSON file ({error}).") from None
        return rows
    return list(enumerate(content if isinstance(content, list) else [content], start=1))


def _line(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None

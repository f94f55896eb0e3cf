"""Tables of boxes as Kaggle and object detectors have them: a row per box, columns by what they are called.

A picture's name (or its id, the name without an ending), a class, and corners, or x, y, width and height, or a centre, or one cell
"[x, y, width, height]". A table without boxes gives whole pictures their class. A row of a picture without a box is a picture
without boxes; an empty class, "nan" and "null" are no class. Numbers may have decimal commas where another sign parts the cells.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

from hypviz.data.formats.convention import Numbers
from hypviz.data.formats.drafts import Draft, DraftBox, Source, four_numbers, settle, stated_size
from hypviz.data.formats.entries import Entry, ReaderResult
from hypviz.data.formats.sniff_rows import CLASS_COLUMNS, FILE_COLUMNS, box_columns, column_of, looks_headless, strange_columns
from hypviz.data.formats.table import table_of
from hypviz.data.formats.text import cell_name, read_text
from hypviz.errors import DataError

_HEADLESS = ("image", "x1", "y1", "x2", "y2", "class")
_FORMS = {"xyxy": ("xyxy", "xywh"), "xywh": ("xywh", "xyxy"), "list": ("xywh", "xyxy"), "cxcywh": ("cxcywh",), "": ("xyxy",)}
WHOLE = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class _Columns:
    """Names of the columns; form as `sniff_rows.box_columns` has it."""

    picture: str
    label: str
    form: str
    box: tuple[str, ...]
    size: tuple[str, str]


def read_csv_boxes(source: Source, files: list[str]) -> ReaderResult:
    """The pictures of tables of boxes; a table without columns for pictures is refused when it is the only one, else counted."""
    entries: list[Entry] = []
    read = set()
    for file in files:
        try:
            entries += _table(source, file)
            read.add(file)
        except DataError as error:
            if len(files) == 1:
                raise
            source.dropped.file("unreadable annotation file", f"{file}: {str(error).partition(': ')[2]}")
    return ReaderResult(entries, read)


def _table(source: Source, file: str) -> list[Entry]:
    path = source.path(file)
    text = read_text(path, source.dropped)
    if "\0" in text:
        raise DataError(f"{path}: not a table of boxes; it holds bytes that are no text.")
    table = table_of(text)
    drafts: dict[str, Draft] = {}
    try:
        rows = table.rows()
        header = next(rows, [])
        first = table.first + 1
        if looks_headless(header):
            rows, header, first = table.rows(), list(_HEADLESS), table.first
        columns = _columns(header, str(path))
        if not columns.form:
            _check_whole(columns, header, list(islice(table.rows(), 1, 20)), str(path))
        for number, cells in enumerate(rows, start=first):
            if any(cell.strip() for cell in cells[len(header) :]):
                source.dropped.box("row of another length", f"{path.name}: row {number} has {len(cells)} cells, not {len(header)}")
            elif any(cell.strip() for cell in cells):
                _row(dict(zip(header, cells, strict=False)), columns, drafts, file, number, source, table.delimiter != ",")
    except csv.Error as error:
        raise DataError(f"{path}: not a table of boxes ({error}).") from None
    return settle(list(drafts.values()), source, file, _FORMS[columns.form])


def _check_whole(columns: _Columns, header: Sequence[str], rows: Sequence[Sequence[str]], where: str) -> None:
    """DataError for a table without boxes whose other columns look like some: its classes are not those of whole pictures."""
    rest = [place for place, column in enumerate(header) if column not in (columns.picture, columns.label)]
    strange = strange_columns([header[place] for place in rest], [[row[place] for place in rest if place < len(row)] for row in rows])
    if strange:
        raise DataError(
            f"{where}: the columns {', '.join(strange)[:120]} look like boxes; expected xmin, ymin, xmax, ymax or x, y, width, height."
        )


def _columns(header: Sequence[str], where: str) -> _Columns:
    picture = column_of(header, FILE_COLUMNS)
    form, box = box_columns(header)
    label = column_of([column for column in header if column != picture and column not in box], CLASS_COLUMNS)
    if not picture or not (form or label):
        columns = ", ".join(header)[:120] or "nothing"
        raise DataError(
            f"{where}: expected columns for the picture, the class and the box (filename, class, xmin, ymin, xmax, ymax); found {columns}."
        )
    free = [column for column in header if column not in box]
    size = column_of(free, ("width", "imagewidth", "imgwidth")), column_of(free, ("height", "imageheight", "imgheight"))
    return _Columns(picture, label, form, box, size)


def _row(
    row: dict[str, str], columns: _Columns, drafts: dict[str, Draft], file: str, number: int, source: Source, decimal_commas: bool
) -> None:
    record = f"{PurePosixPath(file).name}: row {number}"
    name = row.get(columns.picture, "").strip()
    if not name:
        source.dropped.box("no picture in the record", record)
        return
    width, height = (row.get(column) if column else None for column in columns.size)
    draft = drafts.setdefault(name, Draft((name,), file, record, size=stated_size(width, height), any_ending=True))
    if not columns.form:
        _whole(draft, cell_name(row.get(columns.label, "")), record, source)
        return
    cells = [row.get(column, "").strip() for column in columns.box]
    if not any(cells):
        return  # a picture without boxes
    numbers = _numbers(cells, decimal_commas)
    label = cell_name(row.get(columns.label, "")) if columns.label else "object"
    if numbers is None:
        source.dropped.box("box is not four numbers", f"{record}: {', '.join(cells)[:60]}")
    elif not label:
        source.dropped.box("no class name", record)
    else:
        draft.boxes.append(DraftBox(numbers, label, record, "cxcywh" if columns.form == "cxcywh" else ""))


def _whole(draft: Draft, label: str, record: str, source: Source) -> None:
    draft.unit, draft.size = "fractions", None
    if label:
        draft.boxes.append(DraftBox(WHOLE, label, record, "xyxy"))
    else:
        source.dropped.box("no class name", record)


def _numbers(cells: Sequence[str], decimal_commas: bool) -> Numbers | None:
    if len(cells) == 1:
        inside = cells[0].strip("[](){} ").replace(",", " ").split()
        return four_numbers(inside)
    return four_numbers([cell.replace(",", ".") if decimal_commas else cell for cell in cells])

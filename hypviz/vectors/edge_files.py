"""Edges of own vectors as files and arrays give them: two columns, parent and child.

Two columns are an edge. A third is a weight, which is read past and said; any other column is refused by name. Nothing is reshaped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import DataError
from hypviz.vectors.columns import Table, as_texts, read_cells, read_json, short
from hypviz.vectors.sizes import check_arrays, check_columns

Pairs = NDArray[np.int64]
PARENTS = ("parent", "parents", "parent_id", "source", "src", "from", "u", "hypernym", "ancestor", "superclass")
CHILDREN = ("child", "children", "child_id", "target", "dst", "to", "v", "hyponym", "descendant", "subclass")
WEIGHTS = ("weight", "weights", "w", "count", "freq", "frequency", "score", "value")
HOW = "expected two columns, parent and child"


@dataclass(frozen=True, eq=False)
class EdgeTable:
    """Edges as they were given. ends: (E, 2) row numbers, or names as text.  lines: (E,) where each stands in `where`, for sentences.
    unit: what `lines` counts.  notes: what was read past, a sentence each."""

    ends: NDArray[Any]
    lines: NDArray[np.int64]
    where: str
    unit: str = "line"
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ends)

    def place(self, row: int) -> str:
        """Where an edge stands, for a sentence."""
        return f"{self.where}, {self.unit} {self.lines[row]}"


def read_edges(path: Path) -> EdgeTable:
    """The edges of a file: text of two columns, .json, .npy, .npz or .parquet; DataError says what is wrong, and in which row."""
    if not path.is_file():
        raise DataError(f"There is no file of edges {path}.")
    try:
        edges = _READERS.get(path.suffix.lower(), _from_text)(path)
    except DataError:
        raise
    except Exception as error:  # each library has its own errors for a damaged file
        raise DataError(
            f"{path} cannot be read as pairs of rows, parent and child ({type(error).__name__}: {short(str(error))})."
        ) from None
    if not len(edges):
        raise DataError(f"{path} holds no edges; {HOW}, a row each.")
    return edges


def edge_table(values: Any, where: str) -> EdgeTable:
    """Edges given as an array or a list of rows, of two columns or with a weight as the third; objects with parent and child too."""
    if isinstance(values, EdgeTable):
        return values
    if isinstance(values, np.ndarray) or hasattr(values, "dtype"):
        return _from_array(np.asarray(values), where)
    if not isinstance(values, (list, tuple)):
        raise DataError(f"{where}: edges must be rows of parent and child, got {short(values)}.")
    if values and all(isinstance(row, Mapping) for row in values):
        heads = tuple(dict.fromkeys(str(name) for row in values for name in row))
        rows = [[_cell(row.get(head)) for head in heads] for row in values]
        return _table(Table(rows, list(range(len(rows))), heads), where, "row")
    odd = next((number for number, row in enumerate(values) if not isinstance(row, (list, tuple)) or len(row) != len(values[0])), None)
    if odd is not None:
        raise DataError(f"{where}, row {odd} of the edges is {short(values[odd])}; {HOW}, in every row.")
    return _table(Table([[_cell(cell) for cell in row] for row in values], list(range(len(values)))), where, "row")


def _from_text(path: Path) -> EdgeTable:
    table = read_cells(path)
    odd = next((row for row, cells in enumerate(table.rows) if len(cells) != len(table.rows[0])), None)
    if odd is not None:
        cells = " ".join(table.rows[odd])
        raise DataError(
            f"{path} cannot be read as pairs of rows: line {table.lines[odd]} ({short(cells)}) has {len(table.rows[odd])} columns, "
            f"the first row {len(table.rows[0])}; {HOW}, in every row."
        )
    if table.rows and _is_heading(table.rows):
        table = Table(table.rows[1:], table.lines[1:], tuple(table.rows[0]))
    return _table(table, str(path), "line")


def _is_heading(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns: by words that are known, or as the only one without numbers."""
    first = {cell.lower() for cell in rows[0]}
    if first & {*PARENTS[:3], "id1", "hypernym"} or (first & set(PARENTS) and first & set(CHILDREN)):
        return True
    numeric = [all(is_number(cell) for cell in row[:2]) for row in rows]
    return len(rows) > 1 and not numeric[0] and all(numeric[1:])


def _from_json(path: Path) -> EdgeTable:
    content = read_json(path)
    return edge_table(content.get("edges", content) if isinstance(content, Mapping) else content, str(path))


def _from_npy(path: Path) -> EdgeTable:
    return _from_array(np.load(path, allow_pickle=False), str(path))


def _from_npz(path: Path) -> EdgeTable:
    check_arrays(path)
    with np.load(path, allow_pickle=False) as arrays:
        named_arrays = {name.lower(): arrays[name] for name in arrays.files}
    return edges_of_mapping(named_arrays, str(path)) or _from_array(_only(named_arrays, path), str(path))


def _only(named_arrays: Mapping[str, NDArray[Any]], path: Path) -> NDArray[Any]:
    if len(named_arrays) != 1:
        raise DataError(f"{path} holds {', '.join(named_arrays) or 'nothing'}; expected one array called 'edges'.")
    return next(iter(named_arrays.values()))


def edges_of_mapping(entries: Mapping[str, Any], where: str) -> EdgeTable | None:
    """Edges among named arrays: `edges`, `edge_index` (2, E), or one array for each end; None without any."""
    if entries.get("edges") is not None:
        return edge_table(entries["edges"], where)
    if entries.get("edge_index") is not None:
        index = np.asarray(entries["edge_index"])
        if index.ndim != 2 or index.shape[0] != 2:
            raise DataError(f"{where}: edge_index must have the shape (2, E), parents above children, got {index.shape}.")
        return _from_array(np.ascontiguousarray(index.T), where, transposed=True)
    ends = [next((entries[name] for name in names if entries.get(name) is not None), None) for names in (PARENTS[:1], CHILDREN[:1])]
    if ends[0] is None or ends[1] is None or np.shape(ends[0]) != np.shape(ends[1]) or np.ndim(ends[0]) != 1:
        return None
    return _from_array(np.stack([np.asarray(end) for end in ends], axis=1), where)


def _from_parquet(path: Path) -> EdgeTable:
    import pyarrow.parquet as pq

    check_columns(path)
    table = pq.read_table(path)
    columns = [[_cell(value) for value in table[name].to_pylist()] for name in table.column_names]
    rows = [list(row) for row in zip(*columns, strict=True)]
    return _table(Table(rows, list(range(len(rows))), tuple(table.column_names)), str(path), "row")


_READERS: dict[str, Callable[[Path], EdgeTable]] = {
    ".json": _from_json, ".npy": _from_npy, ".npz": _from_npz, ".parquet": _from_parquet,
}  # fmt: skip


def _from_array(array: NDArray[Any], where: str, *, transposed: bool = False) -> EdgeTable:
    if array.size == 0:
        return EdgeTable(np.empty((0, 2), np.int64), np.empty(0, np.int64), where, "row")
    if array.ndim != 2 or array.dtype.kind not in "iufUSO":
        raise DataError(f"{where}: edges must be rows of parent and child, got {array.dtype} of the shape {array.shape}.")
    if array.shape[0] == 2 and array.shape[1] > 2 and not transposed:
        raise DataError(
            f"{where}: edges of the shape {array.shape} could be two rows with a third column, or {array.shape[1]} edges written across; "
            "give an array of two columns, parent and child."
        )
    if array.shape[1] == 2 and array.dtype.kind in "iuf":  # as millions of edges come
        lines = np.arange(len(array))
        return EdgeTable(_whole(array, lines, where, "row"), lines, where, "row")
    rows = [[_cell(cell) for cell in row] for row in array.tolist()]
    return _table(Table(rows, list(range(len(rows)))), where, "row")


def _table(table: Table, where: str, unit: str) -> EdgeTable:
    """The two columns that are parent and child, as numbers where all of them are."""
    (parent, child), notes = _ends(table, where, unit)
    lines = np.array(table.lines, np.int64)
    names = [[row[parent], row[child]] for row in table.rows]
    blank = next((number for number, both in enumerate(names) if not all(both)), None)
    if blank is not None:
        raise DataError(f"{where}, {unit} {lines[blank]}: an edge needs a parent and a child, got {short(names[blank])}.")
    if not all(is_number(end) for both in names for end in both):
        return EdgeTable(as_texts(end for both in names for end in both).reshape(-1, 2), lines, where, unit, notes)
    numbers = np.array([[float(end) for end in both] for both in names], np.float64).reshape(-1, 2)
    return EdgeTable(_whole(numbers, lines, where, unit), lines, where, unit, notes)


def _whole(numbers: NDArray[Any], lines: NDArray[np.int64], where: str, unit: str) -> Pairs:
    """(E, 2) numbers as row numbers; DataError for the first that is negative, a fraction or not finite."""
    odd = np.flatnonzero(~(np.isfinite(numbers) & (numbers == np.floor(numbers)) & (numbers >= 0)).all(axis=1))
    if len(odd):
        ends = ", ".join(f"{end:g}" for end in numbers[odd[0]].tolist())
        raise DataError(f"{where}, {unit} {lines[odd[0]]}: {ends} cannot be an edge; its ends are whole row numbers, counted from 0.")
    return numbers.astype(np.int64)


def _ends(table: Table, where: str, unit: str) -> tuple[tuple[int, int], tuple[str, ...]]:
    """Which columns are parent and child, and what is said of the others; DataError where that is not clear."""
    if not table.rows:
        return (0, 0), ()
    width, heads = len(table.rows[0]), [head.strip().lower() for head in table.heads]
    shown = ", ".join(table.heads) or ", ".join(table.rows[0])
    if {"id1", "id2"} <= set(heads):
        raise DataError(
            f"{where}: the columns {shown:.60} do not say which is the parent; call them parent and child (in the files of "
            "poincare-embeddings id1 is the child)."
        )
    end_columns = [[place for place, head in enumerate(heads) if head in names] for names in (PARENTS, CHILDREN)]
    if len(end_columns[0]) == len(end_columns[1]) == 1:
        ends = end_columns[0][0], end_columns[1][0]
        others = [head for place, head in enumerate(table.heads) if place not in ends and head.strip()]
        return ends, (f"not used: the column {', '.join(others)}",) if others else ()
    third = [row[2] for row in table.rows] if width == 3 else []
    if third and all(is_number(cell) for cell in third) and (not heads or heads[2] in WEIGHTS):
        return (0, 1), (f"not used: the third column ({table.heads[2] if heads else 'without a name'}), taken for weights",)
    if width != 2:
        first = f"{unit} {table.lines[0]} has {width} columns ({shown:.60})"
        raise DataError(f"{where}, {first}; {HOW}, or a heading that calls two of them so.")
    return (0, 1), (f"the columns {shown:.60} were taken for parent and child",) if heads else ()


def _cell(value: Any) -> str:
    """A cell as text, "" where it is missing."""
    return str(as_texts([value])[0]).strip()


def is_number(text: str) -> bool:
    """Whether a cell is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text  # Python's own way to group digits

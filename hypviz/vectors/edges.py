"""Edges of own vectors as pairs of rows, parent → child: by row number, or by the names that the vectors go by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hypviz.errors import DataError
from hypviz.storage.json_types import Json
from hypviz.vectors.columns import Texts, short
from hypviz.vectors.edge_files import EdgeTable, Pairs, is_number

EXAMPLES = 5


@dataclass
class EdgeCount:
    """What became of the edges; read = accepted + dropped. dropped: {reason: {"count", "examples"}}."""

    read: int = 0
    accepted: int = 0
    dropped: dict[str, Json] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def drop(self, reason: str, examples: Sequence[str]) -> None:
        """Count edges that are left out, one example each."""
        if examples:
            self.dropped[reason] = {"count": len(examples), "examples": list(examples[:EXAMPLES])}


def edge_pairs(table: EdgeTable | None, count: int, *, ids: Texts | None, labels: Texts | None) -> tuple[Pairs, EdgeCount]:
    """(E, 2) rows of the vectors, parent → child, each pair once, and what became of the edges.

    Names are looked up among the ids, then among the labels; those that are there never or more than once are counted. DataError
    for row numbers that are not there, for numbers that could be rows or ids, and when no edge is left.
    """
    if table is None or not len(table):
        return np.empty((0, 2), np.int64), EdgeCount()
    counted = EdgeCount(read=len(table), notes=table.notes)
    if table.ends.dtype.kind == "U":
        pairs, rows = _named(table, ids, labels, counted)
    else:
        pairs, rows = _numbered(table, count, ids), np.arange(len(table))
    itself = pairs[:, 0] == pairs[:, 1]
    counted.drop("from an item to itself", [table.place(int(row)) for row in rows[itself]])
    pairs, rows = pairs[~itself], rows[~itself]
    once, first = np.unique(pairs, axis=0, return_index=True)
    again = np.setdiff1d(np.arange(len(pairs)), first)
    counted.drop("given before", [table.place(int(row)) for row in rows[again]])
    if not len(once):
        reasons = "; ".join(f"{entry['count']:,} {reason} ({entry['examples'][0]})" for reason, entry in counted.dropped.items())
        raise DataError(f"{table.where}: none of {len(table):,} edges can be used: {reasons}.")
    counted.accepted = len(once)
    return once, counted


def _numbered(table: EdgeTable, count: int, ids: Texts | None) -> Pairs:
    """Row numbers, checked; where they can only be ids, looked up."""
    pairs = table.ends.astype(np.int64)
    outside = np.flatnonzero(((pairs < 0) | (pairs >= count)).any(axis=1))
    known = {name: row for row, name in enumerate(ids.tolist())} if ids is not None else {}
    by_id = np.array([known.get(str(end), -1) for end in pairs.ravel().tolist()], np.int64).reshape(-1, 2) if known else None
    if by_id is not None and (by_id >= 0).all():
        if len(outside):
            return by_id
        if not np.array_equal(by_id, pairs):
            raise DataError(
                f"{table.where}: the edges could name rows or ids, since the ids are numbers too "
                f"({table.place(0)}: {pairs[0].tolist()}); give ids that are no row numbers."
            )
    if len(outside):
        row = int(outside[0])
        from_one = " They seem to be counted from 1." if pairs.min() >= 1 and pairs.max() == count else ""
        raise DataError(
            f"{table.place(row)}: the edge is {pairs[row].tolist()}, but the vectors are rows 0…{count - 1}, counted from 0.{from_one}"
        )
    return pairs


def _named(table: EdgeTable, ids: Texts | None, labels: Texts | None, counted: EdgeCount) -> tuple[Pairs, Pairs]:
    """The rows of named ends, and which edges these are."""
    if ids is None and labels is None:
        number, end = next((row, end) for row, both in enumerate(table.ends.tolist()) for end in both if not is_number(end))
        raise DataError(f"{table.place(number)}: {short(end)} is no row number, and the vectors have no ids or labels that it could name.")
    several, known = _lookup(ids, labels)
    rows = np.array([known.get(end, -1) for end in table.ends.ravel().tolist()], np.int64).reshape(-1, 2)
    good = (rows >= 0).all(axis=1)
    unclear = np.array([any(end in several and end not in known for end in both) for both in table.ends.tolist()])
    for reason, mask in (("with the name of several vectors", ~good & unclear), ("with a name that no vector has", ~good & ~unclear)):
        examples = [f"{table.place(int(row))}: {' → '.join(table.ends[row].tolist())}" for row in np.flatnonzero(mask)]
        counted.drop(reason, examples)
    return rows[good], np.flatnonzero(good)


def _lookup(ids: Texts | None, labels: Texts | None) -> tuple[set[str], dict[str, int]]:
    """Labels of several vectors, and the row of every id and of every label that one vector has; ids go first."""
    rows: dict[str, int] = {}
    several: set[str] = set()
    for row, name in enumerate([] if labels is None else labels.tolist()):
        several |= {name} & rows.keys()
        rows[name] = row
    known = {name: row for name, row in rows.items() if name and name not in several}
    return several, known | {name: row for row, name in enumerate([] if ids is None else ids.tolist())}

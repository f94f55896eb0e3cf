"""A table of figures: cells that know where they are from, in Markdown and CSV."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from hypviz.evaluation.report import csv_text
from hypviz.evaluation.units import in_words

CHANCE = "chance"
"""Source of the row that every table ends with: what a random ranking is worth."""
ARROWS = {"higher": " ↑", "lower": " ↓", "": ""}


@dataclass(frozen=True)
class Cell:
    """text: the number as printed, shares in %.  value, low, high: as measured, with its 95 % interval; NaN where there is
    none.  task, reading, score, metric: where it is from.  best: whether no other row of its column is better.  pictures:
    whether single queries or items stand behind the number, so that it can be clicked."""

    text: str
    value: float
    low: float
    high: float
    task: str
    reading: str
    score: str
    metric: str
    best: bool = False
    pictures: bool = True


@dataclass(frozen=True)
class Column:
    """better: "higher", "lower", or "" where neither is."""

    name: str
    better: str


@dataclass(frozen=True)
class Row:
    """source: the checkpoint, as named to `paper_tables`, or `CHANCE`.  score: "" where the row has none.  cells: one per
    column.  chance: whether this is the row of what luck is worth, which no picture is behind."""

    source: str
    score: str
    cells: tuple[Cell, ...]
    chance: bool = False


@dataclass(frozen=True)
class Table:
    """title, note: what is measured, and how to read it."""

    title: str
    note: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def to_markdown(self) -> str:
        """The table as Markdown, the best of each column in bold."""
        names = ["checkpoint", "score", *(column.name + ARROWS[column.better] for column in self.columns)]
        lines = [[f"*{row.source}*" if row.chance else row.source, row.score or "–", *map(_cell_markdown, row.cells)] for row in self.rows]
        body = ["| " + " | ".join(entry.replace("|", "\\|") for entry in line) + " |" for line in [names, *lines]]
        return "\n".join([f"## {self.title}", "", self.note, "", body[0], "|---" * len(names) + "|", *body[1:], ""])

    def to_csv(self) -> str:
        """The table as measured: a column per value, and its interval beside it."""
        names = [f"{column.name}{end}" for column in self.columns for end in ("", " low", " high")]
        lines = [[row.source, row.score, *(n for cell in row.cells for n in (cell.value, cell.low, cell.high))] for row in self.rows]
        return csv_text(("checkpoint", "score", *names), lines)


def mark_best(table: Table) -> Table:
    """The same table with the best of each column marked, where there is something to compare."""
    best: list[float] = []
    for number, column in enumerate(table.columns):
        values = [row.cells[number].value for row in table.rows if not row.chance and not math.isnan(row.cells[number].value)]
        pick = {"higher": max, "lower": min}.get(column.better)
        best.append(pick(values) if pick and len(values) > 1 else float("nan"))
    rows = [
        replace(
            row, cells=tuple(replace(cell, best=not row.chance and cell.value == top) for cell, top in zip(row.cells, best, strict=True))
        )
        for row in table.rows
    ]
    return replace(table, rows=tuple(rows))


def _cell_markdown(cell: Cell) -> str:
    number = f"**{cell.text}**" if cell.best else cell.text
    if math.isnan(cell.low):
        return number
    return f"{number} [{in_words(cell.metric, cell.low)}, {in_words(cell.metric, cell.high)}]"

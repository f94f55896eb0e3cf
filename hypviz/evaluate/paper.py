"""Evaluations of several checkpoints side by side, in the layout of the paper's tables (Wang et al., ICCV 2025).

One row per checkpoint and score. Every cell carries where its number is from, so that a click can find its examples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from hypviz.evaluate.examples import lower_is_better
from hypviz.evaluate.report import Evaluation, TaskResult, csv_text
from hypviz.search.metrics import Estimate

RADII = "radii"
"""The task of cells about radii; their metric is "direct", "ancestors", "spearman" or "depth N"."""
ARROWS = {"higher": " ↑", "lower": " ↓", "": ""}


@dataclass(frozen=True)
class Cell:
    """text: the number as printed, shares in %.  value, low, high: as measured, with its 95 % interval; NaN where there is
    none.  task, reading, score, metric: where it is from.  best: whether no other row of its column is better."""

    text: str
    value: float
    low: float
    high: float
    task: str
    reading: str
    score: str
    metric: str
    best: bool = False


@dataclass(frozen=True)
class Column:
    """better: "higher", "lower", or "" where neither is."""

    name: str
    better: str


@dataclass(frozen=True)
class Row:
    """source: the checkpoint, as named to `paper_tables`.  score: "" where the row has none.  cells: one per column."""

    source: str
    score: str
    cells: tuple[Cell, ...]


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
        lines = [[row.source, row.score or "–", *map(_cell_markdown, row.cells)] for row in self.rows]
        body = ["| " + " | ".join(entry.replace("|", "\\|") for entry in line) + " |" for line in [names, *lines]]
        return "\n".join([f"## {self.title}", "", self.note, "", body[0], "|---" * len(names) + "|", *body[1:], ""])

    def to_csv(self) -> str:
        """The table as measured: a column per value, and its interval beside it."""
        names = [f"{column.name}{end}" for column in self.columns for end in ("", " low", " high")]
        lines = [[row.source, row.score, *(n for cell in row.cells for n in (cell.value, cell.low, cell.high))] for row in self.rows]
        return csv_text(("checkpoint", "score", *names), lines)


@dataclass(frozen=True)
class _Part:
    """Some columns of a table: the metrics of one reading that `wanted` says yes to, and their names as columns."""

    task: str
    reading: str
    wanted: Callable[[str], bool]
    rename: Callable[[str], str] = str


def _starts(*names: str) -> Callable[[str], bool]:
    return lambda metric: metric.split("@")[0] in names


def _of_the_pool(metric: str) -> bool:
    return metric.endswith(("%", "@R")) or metric == "mAP"


LAYOUT: tuple[tuple[str, str, tuple[_Part, ...]], ...] = (
    (
        "Child → parent, same class",
        "A box finds scenes that show its class: precision among the first k, in %.",
        (_Part("box → scene", "same class", _starts("precision"), lambda metric: metric.replace("precision@", "Top-")),),
    ),
    (
        "Child → parent, same image",
        "A box finds its own scene among the first k, in %.",
        (_Part("box → scene", "same image", _starts("hit rate")),),
    ),
    (
        "Parent → child",
        "A scene finds boxes of the classes it shows, at depths of a share of the pool and of R, as many as are relevant. OT: class"
        " steps, classes in alphabetical order; TV: its order-free twin. All but OT in %.",
        (_Part("scene → contents", "class", _of_the_pool, lambda metric: metric.replace("precision@R", "recall@R")),),
    ),
    (
        "Part → object",
        "A box inside a box finds objects that hold its class (instance), or whose class may hold it (class): precision, in %.",
        (
            _Part("part → object", "instance", _starts("precision"), lambda metric: f"{metric}, instance"),
            _Part("part → object", "class", _starts("precision"), lambda metric: f"{metric}, class"),
        ),
    ),
    (
        "Object → parts",
        "A box that holds boxes finds boxes of the classes under its own (class), or inside itself (instance), in %.",
        (
            _Part("object → parts", "class", _of_the_pool, lambda metric: f"{metric}, class"),
            _Part("object → parts", "instance", _of_the_pool, lambda metric: f"{metric}, instance"),
        ),
    ),
    (
        "Recognition",
        "The class of a box by its nearest box of another image, or by the nearest prototype made without its image: accuracy, in %.",
        (
            _Part("box → class", "nearest neighbour", _starts("accuracy"), lambda metric: "nearest neighbour"),
            _Part("box → class", "prototype", _starts("accuracy"), lambda metric: "prototype"),
        ),
    ),
)  # fmt: skip


def paper_tables(evaluations: Mapping[str, Evaluation]) -> list[Table]:
    """The tables of some evaluations, by the name each is to have; those without a single number are left out.

    Columns are those that any of the evaluations measured; a row that lacks one has "–" there.
    """
    made = [_retrieval_table(title, note, parts, evaluations) for title, note, parts in LAYOUT]
    return [_mark_best(table) for table in [*made, _radii_table(evaluations)] if table.rows and table.columns]


def _retrieval_table(title: str, note: str, parts: tuple[_Part, ...], evaluations: Mapping[str, Evaluation]) -> Table:
    columns: dict[tuple[_Part, str], Column] = {}
    found: dict[tuple[str, str], dict[tuple[_Part, str], tuple[TaskResult, Estimate]]] = {}
    for part in parts:
        for source, evaluation in evaluations.items():
            for result in evaluation.results:
                if (result.task, result.reading) == (part.task, part.reading):
                    row = found.setdefault((source, result.score), {})
                    for metric in filter(part.wanted, result.metrics):
                        better = "lower" if lower_is_better(metric) else "higher"
                        columns.setdefault((part, metric), Column(part.rename(metric), better))
                        row[part, metric] = result, result.metrics[metric]
    rows = [Row(source, score, tuple(_cell(row.get(key), score, *key) for key in columns)) for (source, score), row in found.items()]
    order = list(evaluations)
    used = dict.fromkeys(
        f" {result.queries:,} of {result.queries_available:,} queries, pool of {result.pool:,}."
        for row in found.values()
        for result, _ in row.values()
    )
    return Table(title, note + "".join(used), tuple(columns.values()), tuple(sorted(rows, key=lambda row: order.index(row.source))))


def _cell(found: tuple[TaskResult, Estimate] | None, score: str, part: _Part, metric: str) -> Cell:
    nan = float("nan")
    mean, low, high = (found[1].mean, found[1].low, found[1].high) if found else (nan, nan, nan)
    text = _number(mean, "{:.2f}") if metric.startswith("OT@") else _number(100 * mean, "{:.1f}")
    return Cell(text, mean, low, high, part.task, part.reading, score, metric)


def _radii_table(evaluations: Mapping[str, Evaluation]) -> Table:
    depths = sorted({level for evaluation in evaluations.values() for level, _, _ in evaluation.radii.by_depth})
    columns = [
        Column("P(r_parent < r_child), direct", "higher"),
        Column("all ancestors", "higher"),
        Column("Spearman(depth, radius)", "higher"),
    ]
    columns += [Column(f"radius at depth {depth}", "") for depth in depths]
    nan, rows = float("nan"), []
    for source, evaluation in evaluations.items():
        if evaluation.geometry == "cosine":
            continue  # its radii mean nothing
        radii = evaluation.radii
        means = {level: mean for level, _, mean in radii.by_depth}
        cells = [
            Cell(_number(100 * radii.direct, "{:.1f}"), radii.direct, *radii.direct_interval, RADII, "", "", "direct"),
            Cell(_number(100 * radii.ancestors, "{:.1f}"), radii.ancestors, *radii.ancestors_interval, RADII, "", "", "ancestors"),
            Cell(_number(radii.spearman, "{:.3f}"), radii.spearman, nan, nan, RADII, "", "", "spearman"),
        ]
        for depth in depths:
            mean = means.get(depth, nan)
            cells.append(Cell(_number(mean, "{:.3f}"), mean, nan, nan, RADII, "", "", f"depth {depth}"))
        rows.append(Row(source, "", tuple(cells)))
    note = "Is a parent nearer to the root than its child? Over direct pairs, over all pairs, in %; and the mean radius at each depth."
    return Table("Radial order and radius by depth", note, tuple(columns), tuple(rows))


def _mark_best(table: Table) -> Table:
    """The same table with the best of each column marked, where there is something to compare."""
    best: list[float] = []
    for number, column in enumerate(table.columns):
        values = [row.cells[number].value for row in table.rows if not math.isnan(row.cells[number].value)]
        pick = {"higher": max, "lower": min}.get(column.better)
        best.append(pick(values) if pick and len(values) > 1 else float("nan"))
    rows = [
        replace(row, cells=tuple(replace(cell, best=cell.value == top) for cell, top in zip(row.cells, best, strict=True)))
        for row in table.rows
    ]
    return replace(table, rows=tuple(rows))


def _number(value: float, form: str) -> str:
    return "–" if math.isnan(value) else form.format(value)


def _cell_markdown(cell: Cell) -> str:
    number = f"**{cell.text}**" if cell.best else cell.text
    if math.isnan(cell.low):
        return number
    scale, form = (1, "{:.2f}") if cell.metric.startswith("OT@") else (100, "{:.1f}")
    return f"{number} [{form.format(scale * cell.low)}, {form.format(scale * cell.high)}]"

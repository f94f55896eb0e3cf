"""A table of an experiment: mean and interval over seeds for every row, and the paired difference from the reference.

The interval is Student's, 95 %, over seeds: it says how much another seed would change the mean. What another choice of
test images would change is in each run's JSON (images resampled).
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hypviz.experiments.plan import Plan, Row
from hypviz.experiments.schedule import Results
from hypviz.experiments.work import figure
from hypviz.storage.json_types import Json


@dataclass(frozen=True)
class Column:
    """A figure of the table. key: (task, reading, metric), or a field of the evaluation's radii.  better: "↑" or "↓"."""

    title: str
    key: tuple[str, str, str] | str
    better: str = "↑"

    def value(self, evaluation: Json, score: str) -> float:
        """The figure in one evaluation; NaN where it was not measured."""
        if isinstance(self.key, str):
            number = evaluation["radii"].get(self.key)
        else:
            task, reading, metric = self.key
            number = figure(evaluation, task, reading, score, metric)
        return math.nan if number is None else float(number)


OURS = (
    Column("part → object P@5", ("part → object", "instance", "precision@5")),
    Column("object → parts mAP", ("object → parts", "class", "mAP")),
    Column("scene → contents mAP", ("scene → contents", "class", "mAP")),
    Column("P(r_parent < r_child)", "direct"),
    Column("Spearman(depth, radius)", "spearman"),
)
PAPER = (
    Column("Top-5", ("box → scene", "same class", "precision@5")),
    Column("Top-10", ("box → scene", "same class", "precision@10")),
    Column("Top-50", ("box → scene", "same class", "precision@50")),
    Column("Top-100", ("box → scene", "same class", "precision@100")),
    Column("R@39%", ("scene → contents", "class", "recall@39%")),
    Column("R@65%", ("scene → contents", "class", "recall@65%")),
    Column("OT@39%", ("scene → contents", "class", "OT@39%"), "↓"),
    Column("OT@65%", ("scene → contents", "class", "OT@65%"), "↓"),
    Column("TV@R", ("scene → contents", "class", "TV@R"), "↓"),
)
COLUMNS = OURS + PAPER


@dataclass(frozen=True)
class Cell:
    """Mean over the seeds and half the width of its 95 % interval (NaN with one seed), and the seeds' values."""

    mean: float
    half: float
    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Sequence[float]) -> Cell:
        """Student's interval of the mean of the values that are numbers."""
        from scipy import stats

        numbers = np.array([value for value in values if not math.isnan(value)])
        if not len(numbers):
            return cls(math.nan, math.nan, tuple(values))
        spread = (
            float(stats.t.ppf(0.975, len(numbers) - 1) * numbers.std(ddof=1) / math.sqrt(len(numbers))) if len(numbers) > 1 else math.nan
        )
        return cls(float(numbers.mean()), spread, tuple(values))

    def __str__(self) -> str:
        if math.isnan(self.mean):
            return "–"
        return f"{self.mean:.3f}" if math.isnan(self.half) else f"{self.mean:.3f} ± {self.half:.3f}"


Lines = dict[str, dict[str, Cell]]
"""Row name → column title → cell."""


def lines(plan: Plan, results: Results, *, score: str | None = None) -> Lines:
    """Every row by every column, ranked by its own score, or by `score` for all."""
    return {
        row.name: {
            column.title: Cell.of([column.value(run["evaluation"], score or row.score) for run in results[row.name]]) for column in COLUMNS
        }
        for row in plan.rows
    }


def differences(plan: Plan, results: Results) -> Lines:
    """Reference minus every other row, paired by seed: positive where the reference is larger."""
    rows = {row.name: row for row in plan.rows}

    def values(row: Row, column: Column) -> list[float]:
        return [column.value(run["evaluation"], row.score) for run in results[row.name]]

    return {
        row.name: {
            column.title: Cell.of([a - b for a, b in zip(values(rows[plan.reference], column), values(row, column), strict=True)])
            for column in COLUMNS
        }
        for row in plan.rows
        if row.name != plan.reference
    }


def to_markdown(plan: Plan, results: Results, temperatures: dict[str, float], *, tuned: bool = True) -> str:
    """The table's page: our tasks, the paper's tasks, every score of every model, differences, temperatures, time."""
    titles = {row.name: row.title for row in plan.rows}
    first = next(run for runs in results.values() for run in runs)
    judged = first["judged"]
    seconds = sum(run["cpu_seconds"] for runs in results.values() for run in runs)
    scores, minus = lines(plan, results), differences(plan, results)
    page = [
        f"# {plan.title}", "",
        f"{judged['images']:,} unseen images, {judged['items']:,} items; seeds {', '.join(map(str, plan.seeds))}. "
        "Mean ± half the 95 % interval over seeds (Student). Each row ranks by its own score; the best mean of a column is bold.", "",
        *_markdown(scores, OURS, titles), "", "The paper's tasks (child → parent: box → scenes; parent → child: scene → boxes):", "",
        *_markdown(scores, PAPER, titles), "",
        f"{plan.reference} minus the row, paired by seed:", "", *_markdown(minus, OURS, titles, bold=False), "",
    ]  # fmt: skip
    for score in ("angle", "cosine", "distance"):
        same = _markdown(lines(plan, results, score=score), OURS[:3], titles)
        page += [f"All ranked by {score}, whatever they were trained for:", "", *same, ""]
    tried = ", ".join(f"{start:g}" for start in plan.temperatures)
    chosen = ", ".join(f"{family} {start:g}" for family, start in temperatures.items())
    how = f"the best of {tried} on validation" if tuned else "not tuned"
    page += [f"Temperature each family starts from, {how}: {chosen}.", ""]
    return "\n".join([*page, f"The rows took {seconds / 60:.0f} minutes of processor time, training and judging.", ""])


def _markdown(table: Lines, columns: Sequence[Column], titles: dict[str, str], *, bold: bool = True) -> list[str]:
    best = {column.title: _best(table, column) if bold else None for column in columns}
    head = "| | " + " | ".join(f"{column.title} {column.better}" for column in columns) + " |"
    body = []
    for name, cells in table.items():
        texts = [f"**{cells[c.title]}**" if best[c.title] == name else str(cells[c.title]) for c in columns]
        body.append(f"| {titles[name]} | {' | '.join(texts)} |")
    return [head, "|---" * (len(columns) + 1) + "|", *body]


def _best(table: Lines, column: Column) -> str | None:
    means = {name: cells[column.title].mean for name, cells in table.items() if not math.isnan(cells[column.title].mean)}
    if not means:
        return None
    return (max if column.better == "↑" else min)(means, key=lambda name: means[name])


def to_csv(plan: Plan, results: Results) -> str:
    """One line per row, seed and figure, with the interval over images of that run."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["row", "seed", "score", "figure", "value"])
    for row in plan.rows:
        for seed, run in zip(plan.seeds, results[row.name], strict=True):
            for column in COLUMNS:
                writer.writerow([row.name, seed, row.score, column.title, column.value(run["evaluation"], row.score)])
    return out.getvalue()


def to_json(plan: Plan, results: Results, temperatures: dict[str, float]) -> Json:
    """Everything the page shows, and where each run's own result lies."""

    def plain(table: Lines) -> Json:
        return {name: {title: {"mean": _plain(c.mean), "half": _plain(c.half), "values": [_plain(v) for v in c.values]}
                       for title, c in cells.items()} for name, cells in table.items()}  # fmt: skip

    return {"plan": plan.name, "reference": plan.reference, "seeds": plan.seeds, "temperatures": temperatures,
            "rows": plain(lines(plan, results)), "differences": plain(differences(plan, results)),
            "cpu_seconds": sum(run["cpu_seconds"] for runs in results.values() for run in runs)}  # fmt: skip


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None

"""The result of an evaluation, and its forms: JSON for machines, CSV for tables, Markdown for people."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.config import to_mapping
from hypviz.evaluate.settings import EvaluateSettings
from hypviz.search.metrics import Curve, Estimate

SCHEMA = 1
APEX_WORDS = {
    "query": "the query (β1 for contents, α2 for parents)",
    "candidate": "the candidate (α2 for contents, β1 for parents)",
    "sum": "each of the two, summed (β1 + α2)",
}
LEGEND = """\
Means over queries with 95 % intervals (images resampled). The query itself is never a candidate. Score *angle*: the
exterior angle of the cones with its apex at {apex}; *cosine* and *distance*: baselines from the same vectors. R: as
many as are relevant. Relevance by class uses the class graph of the annotations. OT: 1-D Wasserstein distance of label
histograms, classes in alphabetical order, so it depends on that order; TV: total variation, which does not. Equal
scores rank by row; a depth beyond the pool means the whole pool; a query without a relevant item is left out and
counted."""

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
CSV_COLUMNS = ("task", "reading", "score", "metric", "mean", "low", "high", "count", "skipped")


@dataclass(frozen=True, eq=False)
class TaskResult:
    """One task under one reading of "correct" and one score.

    queries of queries_available were used; pool: candidates.  metrics: name → estimate.  curve: precision and recall
    over the threshold on the angle (or distance), None where not swept.  best: (threshold, F1) of the largest F1.
    rows: (Q,) int64, the item row of each query.  values: name → (Q,) float64, the metric of each query that the
    estimate is the mean of, NaN where the query was left out.
    """

    task: str
    reading: str
    score: str
    queries: int
    queries_available: int
    pool: int
    metrics: dict[str, Estimate]
    curve: Curve | None
    best: tuple[float, float] | None
    rows: NDArray[np.int64]
    values: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Radii:
    """direct, ancestors: P(r_parent < r_child) over direct and over all `pairs`.  spearman: of depth and radius.
    by_depth: (depth, items, mean radius).  direct_interval, ancestors_interval: 95 % (low, high), images resampled.
    quantiles: (depth, the `QUANTILES` of its radii)."""

    direct: float
    ancestors: float
    pairs: int
    spearman: float
    by_depth: tuple[tuple[int, int, float], ...]
    direct_interval: tuple[float, float]
    ancestors_interval: tuple[float, float]
    quantiles: tuple[tuple[int, tuple[float, ...]], ...]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Everything one evaluation measured."""

    settings: EvaluateSettings
    geometry: str
    curv: float
    items: int
    images: int
    results: tuple[TaskResult, ...]
    radii: Radii
    notes: tuple[str, ...] = ()

    def find(self, task: str, reading: str, score: str) -> TaskResult:
        """The result of that name; KeyError naming what there is."""
        for result in self.results:
            if (result.task, result.reading, result.score) == (task, reading, score):
                return result
        known = ", ".join(f"{r.task}/{r.reading}/{r.score}" for r in self.results)
        raise KeyError(f"No result {task}/{reading}/{score}; there is {known}.")

    def to_json(self) -> dict[str, Any]:
        """A dict that `json.dumps` takes; NaN (nothing to measure) becomes None."""
        report = {
            "schema": SCHEMA,
            "settings": to_mapping(self.settings),
            "geometry": self.geometry,
            "curv": self.curv,
            "items": self.items,
            "images": self.images,
            "tasks": [_task_json(result) for result in self.results],
            "radii": asdict(self.radii),
            "notes": self.notes,
        }
        return {key: plain(value) for key, value in report.items()}

    def to_csv(self) -> str:
        """Long form, one line per metric, under a header of `CSV_COLUMNS`; an empty field where there is no number."""
        return csv_text(CSV_COLUMNS, self.csv_rows())

    def csv_rows(self) -> list[tuple[object, ...]]:
        """The lines of `to_csv`, to be joined with those of other checkpoints."""
        return [
            (result.task, result.reading, result.score, name, e.mean, e.low, e.high, e.count, e.skipped)
            for result in self.results
            for name, e in result.metrics.items()
        ]

    def to_markdown(self) -> str:
        """A page with one table per task and reading."""
        lines = [
            "# Evaluation", "",
            f"{self.items:,} items of {self.images:,} images; geometry {self.geometry}, c = {self.curv:.4g}.", "",
        ]  # fmt: skip
        for key in dict.fromkeys((r.task, r.reading) for r in self.results):
            lines += _table([r for r in self.results if (r.task, r.reading) == key])
        lines += _radii_lines(self.radii) + [f"- {note}" for note in self.notes]
        return "\n".join([*lines, "", LEGEND.format(apex=APEX_WORDS[self.settings.apex]), ""])


def csv_text(columns: tuple[str, ...], rows: Iterable[Iterable[object]]) -> str:
    """Comma-separated text with a header line; NaN becomes an empty field, numbers keep their full precision."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if isinstance(value, float) and math.isnan(value) else value for value in row] for row in rows)
    return stream.getvalue()


def _task_json(result: TaskResult) -> dict[str, Any]:
    curve, best = result.curve, result.best
    return {
        "task": result.task,
        "reading": result.reading,
        "score": result.score,
        "queries": result.queries,
        "queries_available": result.queries_available,
        "pool": result.pool,
        "metrics": {name: asdict(estimate) for name, estimate in result.metrics.items()},
        "curve": curve and {"threshold": curve.threshold, "precision": curve.precision, "recall": curve.recall},
        "best": best and {"threshold": best[0], "f1": best[1]},
    }


def plain(value: Any) -> Any:
    """Python numbers, lists and dicts only, from arrays, tuples and NumPy scalars too, and None for what JSON cannot say."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _table(results: list[TaskResult]) -> list[str]:
    first = results[0]
    names = list(first.metrics)
    used = f"{first.queries:,} of {first.queries_available:,} queries, pool of {first.pool:,}"
    skipped = max((estimate.skipped for estimate in first.metrics.values()), default=0)
    without = f"; {skipped:,} queries without a relevant item left out" if skipped else ""
    rows = [
        f"| {result.score} | " + " | ".join(_cell(result.metrics[name]) for name in names) + f" | {_best(result)} |" for result in results
    ]
    return [
        f"## {first.task}, correct by {first.reading}", "", f"{used}{without}.", "",
        "| score | " + " | ".join(names) + " | best F1 (at) |", "|---" * (len(names) + 2) + "|", *rows, "",
    ]  # fmt: skip


def _cell(estimate: Estimate) -> str:
    if math.isnan(estimate.mean):
        return "–"
    interval = "" if math.isnan(estimate.low) else f" [{estimate.low:.3f}, {estimate.high:.3f}]"
    return f"{estimate.mean:.3f}{interval}"


def _best(result: TaskResult) -> str:
    if result.best is None or math.isnan(result.best[0]):
        return "–"
    return f"{result.best[1]:.3f} ({result.best[0]:.3f})"


def _radii_lines(radii: Radii) -> list[str]:
    levels = " | ".join(f"{mean:.3f} ({count:,})" for _, count, mean in radii.by_depth)
    header = " | ".join(f"depth {depth}" for depth, _, _ in radii.by_depth)
    return [
        "## Radii", "",
        f"P(r_parent < r_child): {radii.direct:.4f} over direct pairs, {radii.ancestors:.4f} over all "
        f"{radii.pairs:,} ancestor pairs. Spearman(depth, radius): {radii.spearman:.3f}.", "",
        f"| mean radius (items) | {header} |", "|---" * (len(radii.by_depth) + 1) + "|", f"| | {levels} |", "",
    ]  # fmt: skip

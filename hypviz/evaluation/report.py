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
from hypviz.evaluation.entailment import Entailment
from hypviz.evaluation.first import Hubs
from hypviz.evaluation.membership import MembershipQuality
from hypviz.evaluation.radii import Radii
from hypviz.evaluation.settings import EvaluateSettings
from hypviz.metrics import Curve, Estimate, mean_of

SCHEMA = 2
APEX_WORDS = {
    "query": "the query (β1 for contents, α2 for parents)",
    "candidate": "the candidate (α2 for contents, β1 for parents)",
    "sum": "each of the two, summed (β1 + α2)",
}
LEGEND = """\
Means over queries with 95 % intervals (images resampled). The query itself is never a candidate. Score *angle*: the
exterior angle of the cones with its apex at {apex}; *cosine* and *distance*: baselines from the same vectors. R: as
many as are relevant. *chance*: the expectation when every query's pool is ranked at random. Relevance by class uses
the class graph of the annotations. hubs: share of all first answers that 1 % of the pool holds; never: share of the pool
in no first answers. OT: 1-D Wasserstein distance of label
histograms, classes in alphabetical order, so it depends on that order; TV: total variation, which does not. Equal
scores rank by row; a depth beyond the pool means the whole pool; a query without a relevant item is left out and
counted."""

HUB_FIELDS = {"hubs": "share", "never": "never"}
"""Figures of `Hubs` by the name that tables give them."""
CSV_COLUMNS = ("task", "reading", "score", "metric", "mean", "low", "high", "count", "skipped", "chance")


@dataclass(frozen=True, eq=False)
class TaskResult:
    """One task under one reading of "correct" and one score.

    queries of queries_available were used; pool: candidates.  metrics: name → estimate.  curve: precision and recall
    over the threshold on the angle (or distance), None where not swept.  best: (threshold, F1) of the largest F1.
    rows: (Q,) int64, the item row of each query.  values: name → (Q,) float64, the metric of each query that the
    estimate is the mean of, NaN where the query was left out.  chance: the same of a random ranking, expected.
    base_rate: share of the decisions (query, candidate) that are relevant.  hubs: how the first answers are spread, None
    for recognition.
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
    chance: dict[str, NDArray[np.float64]]
    base_rate: float
    hubs: Hubs | None

    def chance_of(self, metric: str) -> float:
        """What the metric's mean is when every pool is ranked at random."""
        return mean_of(self.chance[metric])

    def figures(self) -> dict[str, tuple[Estimate, float]]:
        """Every number with its chance, that of the hubs included, which is over all queries and has no interval."""
        figures = {name: (estimate, self.chance_of(name)) for name, estimate in self.metrics.items()}
        if self.hubs is not None:
            for name in ("hubs", "never"):
                value, chance = getattr(self.hubs, HUB_FIELDS[name]), getattr(self.hubs, f"{HUB_FIELDS[name]}_chance")
                figures[f"{name}@{self.hubs.k}"] = Estimate(value, float("nan"), float("nan"), self.queries, 0), chance
        return figures


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Everything one evaluation measured. mean_direction: norm of the mean of all directions, 1 when they are one.
    cones: by reading, "class" and "instance"; empty where no ω was given."""

    settings: EvaluateSettings
    geometry: str
    curv: float
    items: int
    images: int
    results: tuple[TaskResult, ...]
    radii: Radii
    mean_direction: float
    entailment: tuple[Entailment, ...]
    cones: dict[str, MembershipQuality]
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
            "mean_direction": self.mean_direction,
            "entailment": [asdict(one) for one in self.entailment],
            "cones": {reading: asdict(one) for reading, one in self.cones.items()},
            "notes": self.notes,
        }
        return {key: plain(value) for key, value in report.items()}

    def to_csv(self) -> str:
        """Long form, one line per metric, under a header of `CSV_COLUMNS`; an empty field where there is no number."""
        return csv_text(CSV_COLUMNS, self.csv_rows())

    def csv_rows(self) -> list[tuple[object, ...]]:
        """The lines of `to_csv`, to be joined with those of other checkpoints."""
        return [
            (result.task, result.reading, result.score, name, e.mean, e.low, e.high, e.count, e.skipped, chance)
            for result in self.results
            for name, (e, chance) in result.figures().items()
        ]

    def to_markdown(self) -> str:
        """A page with one table per task and reading."""
        lines = [
            "# Evaluation", "",
            f"{self.items:,} items of {self.images:,} images; geometry {self.geometry}, c = {self.curv:.4g}.", "",
        ]  # fmt: skip
        for key in dict.fromkeys((r.task, r.reading) for r in self.results):
            lines += _table([r for r in self.results if (r.task, r.reading) == key])
        lines += [*_radii_lines(self), *_entailment_lines(self.entailment), *_cone_lines(self.cones)]
        lines += [f"- {note}" for note in self.notes]
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
        "metrics": {name: asdict(estimate) | {"chance": result.chance_of(name)} for name, estimate in result.metrics.items()},
        "base_rate": result.base_rate,
        "hubs": result.hubs and asdict(result.hubs),
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
    figures = [result.figures() for result in results]
    names = list(figures[0])
    used = f"{first.queries:,} of {first.queries_available:,} queries, pool of {first.pool:,}"
    skipped = max((estimate.skipped for estimate in first.metrics.values()), default=0)
    without = f"; {skipped:,} queries without a relevant item left out" if skipped else ""
    rows = [
        f"| {result.score} | " + " | ".join(_cell(each[name][0]) for name in names) + f" | {_best(result)} |"
        for result, each in zip(results, figures, strict=True)
    ]
    everything = _number(2 * first.base_rate / (1 + first.base_rate)) if first.best else "–"
    rows.append("| *chance* | " + " | ".join(_number(figures[0][name][1]) for name in names) + f" | {everything} |")
    return [
        f"## {first.task}, correct by {first.reading}", "", f"{used}{without}.", "",
        "| score | " + " | ".join(names) + " | best F1 (at) |", "|---" * (len(names) + 2) + "|", *rows, "",
    ]  # fmt: skip


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _cell(estimate: Estimate) -> str:
    interval = "" if math.isnan(estimate.low) else f" [{estimate.low:.3f}, {estimate.high:.3f}]"
    return _number(estimate.mean) + interval


def _best(result: TaskResult) -> str:
    if result.best is None or math.isnan(result.best[0]):
        return "–"
    return f"{result.best[1]:.3f} ({result.best[0]:.3f})"


def _radii_lines(evaluation: Evaluation) -> list[str]:
    radii = evaluation.radii
    levels = " | ".join(f"{mean:.3f} ({count:,})" for _, count, mean in radii.by_depth)
    header = " | ".join(f"depth {depth}" for depth, _, _ in radii.by_depth)
    return [
        "## Radii and directions", "",
        f"P(r_parent < r_child): {radii.direct:.4f} over direct pairs, {radii.ancestors:.4f} over all "
        f"{radii.pairs:,} ancestor pairs (chance 0.5). Spearman(depth, radius): {radii.spearman:.3f} (chance 0). Norm of the mean "
        f"direction: {evaluation.mean_direction:.3f} (1: all directions are one; random ones: {evaluation.items ** -0.5:.3f}).", "",
        f"| mean radius (items) | {header} |", "|---" * (len(radii.by_depth) + 1) + "|", f"| | {levels} |", "",
    ]  # fmt: skip


def _entailment_lines(entailment: tuple[Entailment, ...]) -> list[str]:
    if not entailment:
        return []
    first = entailment[0]
    rows = [f"| {one.score} | {_number(one.auc)} | {_number(one.balanced_precision)} | {one.average_precision:.6f} |" for one in entailment]
    return [
        "## Entailment", "",
        f"{first.entailed:,} entailed pairs among {first.pairs:,}, of {first.apexes:,} of {first.apexes_available:,} items as apex.", "",
        "| score | AUC | AP, balanced | AP |", "|---|---|---|---|", *rows, f"| *chance* | 0.500 | 0.500 | {first.base_rate:.6f} |", "",
    ]  # fmt: skip


def _cone_lines(cones: dict[str, MembershipQuality]) -> list[str]:
    if not cones:
        return []
    names = ("f1", "f1_everything", "f1_chance", "precision", "recall", "median_share_inside", "median_share_true")
    rows = [f"| {reading} | " + " | ".join(_number(getattr(one, name)) for name in names) + " |" for reading, one in cones.items()]
    return [
        "## Cones", "", f"What {next(iter(cones.values())).cones:,} cones hold, against what belongs below their apex.", "",
        "| correct by | F1 | F1, everything inside | F1, as many by chance | precision | recall | median share inside | of it true |",
        "|---" * 8 + "|", *rows, "",
    ]  # fmt: skip

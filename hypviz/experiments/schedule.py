"""All runs of a table: temperatures first, then rows × seeds. Each run is kept when done, so a killed table goes on."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

from hypviz.experiments.data import Parts
from hypviz.experiments.plan import Plan, Recipe, Row, merged
from hypviz.experiments.processes import do_all
from hypviz.experiments.work import Run, crops_of, quality
from hypviz.progress import Report
from hypviz.storage.json_types import Json

log = logging.getLogger(__name__)
Results = dict[str, list[Json]]
"""Row name → one result per seed."""
PAPER_TEMPERATURE = 0.07


@dataclass(frozen=True)
class Setup:
    """Where and on what a plan runs. jobs: processes side by side, 0 for one a core (one on a GPU).  tune: whether every
    family's temperature is chosen on validation; else all start at the paper's 0.07.  changes: to the recipe of all rows."""

    home: Path
    parts: Parts
    device: str = "auto"
    jobs: int = 0
    tune: bool = True
    init: str | None = None
    changes: Recipe = field(default_factory=dict)


def run_plan(plan: Plan, setup: Setup, report: Report) -> tuple[Results, dict[str, float]]:
    """Results of every row and the temperature of every family. Raises HypvizError naming the runs that failed, when
    all others are done."""
    families = tuning_runs(plan, setup) if setup.tune else {}
    _prepare(plan, setup)
    if setup.tune:
        do_all([run for runs in families.values() for run in runs.values()], setup.jobs, report, "temperatures")
    chosen = dict.fromkeys((row.family for row in plan.rows), PAPER_TEMPERATURE)
    chosen |= {family: _best(plan, family, runs) for family, runs in families.items()}
    rows = {row.name: row_runs(plan, row, setup, chosen) for row in plan.rows}
    do_all([run for runs in rows.values() for run in runs], setup.jobs, report, "rows")
    return {name: [run.read() or {} for run in runs] for name, runs in rows.items()}, chosen


def tuning_runs(plan: Plan, setup: Setup) -> dict[str, dict[float, Run]]:
    """Family → temperature → the run that tries it: the family's first trained row, shortened."""
    first = {row.family: row for row in reversed(plan.rows) if row.trained}
    # The row that the others of its family vary is the one to tune on.
    first |= {row.family: row for row in plan.rows if row.name == plan.reference}
    steps = min(plan.tuning_steps, merged(plan.base, setup.changes)["train"]["steps"])
    short: Recipe = {"train": {"steps": steps, "seed": plan.tuning_seed}}
    tried: dict[str, dict[float, Run]] = {}
    for family, row in first.items():
        for start in plan.temperatures:
            recipe = merged(plan.base, row.recipe, setup.changes, short, {"encoder": {"temperature_init": start}})
            run = Run(recipe, setup.parts.train, setup.parts.validation, setup.home, tuning=True, device=setup.device, init=setup.init)
            tried.setdefault(family, {})[start] = run
    return tried


def row_runs(plan: Plan, row: Row, setup: Setup, temperatures: dict[str, float]) -> list[Run]:
    """The runs of a row, one per seed."""
    tuned: Recipe = {"encoder": {"temperature_init": temperatures[row.family]}}
    return [
        Run(
            merged(plan.base, row.recipe, setup.changes, tuned, {"train": {"seed": seed}}),
            setup.parts.train, setup.parts.test, setup.home,
            trained=row.trained, apex=row.apex, device=setup.device, init=setup.init,
        )
        for seed in plan.seeds
    ]  # fmt: skip


def _best(plan: Plan, family: str, runs: dict[float, Run]) -> float:
    score = next(row.score for row in plan.rows if row.family == family)
    quality_of = {start: quality((run.read() or {})["evaluation"], score) for start, run in runs.items()}
    best = max(quality_of, key=lambda start: quality_of[start])
    log.info("%s: τ starts at %g (validation: %s)", family, best, ", ".join(f"{k:g} → {v:.3f}" for k, v in quality_of.items()))
    return best


def _prepare(plan: Plan, setup: Setup) -> None:
    """Cut the crops that all runs share, so that no two processes do."""
    sizes = {merged(plan.base, row.recipe, setup.changes)["encoder"]["image_size"] for row in plan.rows}
    for part in (setup.parts.train, setup.parts.validation, setup.parts.test):
        for size in sizes:
            crops_of(part.load()[0], setup.home, size)

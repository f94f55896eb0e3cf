"""`python -m hypviz experiment NAME`: a whole table of trainings, resumable."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from hypviz.cli.output import Device, fetched
from hypviz.errors import SettingsError
from hypviz.progress import progress_bar

if TYPE_CHECKING:
    from hypviz.experiments.data import Parts

SCENES = {"train": 4000, "validation": 200, "test": 1000}


def experiment(
    name: Annotated[str, typer.Argument(help="The experiment: paper-small, switches-small or dimensions-small.")],
    out: Annotated[Path, typer.Option(help="Folder for scenes, crops, runs and tables.")] = Path("build/experiments"),
    workspace: Annotated[Optional[Path], typer.Option(help="A workspace to split by image; the clipart world by default.")] = None,
    test_on: Annotated[Optional[Path], typer.Option(help="Judge on this whole workspace, out of domain.")] = None,
    rows: Annotated[Optional[str], typer.Option(help="Only these rows, separated by commas; the reference is always one.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds per row.")] = 3,
    steps: Annotated[Optional[int], typer.Option(min=1, help="Steps per run, instead of the experiment's own.")] = None,
    tune: Annotated[bool, typer.Option(help="Choose each family's temperature on validation; else 0.07 for all.")] = True,
    init: Annotated[
        Optional[str], typer.Option(help="Checkpoint that every trained row starts from, of its own encoder.", callback=fetched)
    ] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Runs side by side; 0 is one a core, on a GPU one.")] = 0,
    device: Device = "auto",
) -> None:
    """Run a table of trainings and write it as Markdown, CSV and JSON. Stop it at any time; the same command goes on."""
    from hypviz.experiments import table
    from hypviz.experiments.data import Part, Parts
    from hypviz.experiments.plan import find_plan
    from hypviz.experiments.schedule import Setup, run_plan

    plan = find_plan(name)
    plan = replace(plan, seeds=tuple(range(seeds)))
    if rows is not None:
        row_names = [row.strip() for row in rows.split(",")]
        known = {row.name for row in plan.rows}
        if unknown := [row for row in row_names if row not in known]:
            raise SettingsError(f"{name} has no row {', '.join(map(repr, unknown))}; it has {', '.join(row.name for row in plan.rows)}.")
        plan = replace(plan, rows=tuple(row for row in plan.rows if row.name in (*row_names, plan.reference)))
    start = time.perf_counter()
    if workspace is None:
        parts = _clipart(out / "clipart")
        home = out
    else:
        parts = Parts.split(workspace)
        home = out / workspace.resolve().name
    if test_on is not None:
        parts = replace(parts, test=Part(test_on))
    changes = {"train": {"steps": steps}} if steps else {}
    setup = Setup(home, parts, device, jobs, tune, init, changes)
    with progress_bar(plan.title) as report:
        results, temperatures = run_plan(plan, setup, report)
    target = home / (name if test_on is None else f"{name}-on-{test_on.resolve().name}")
    page, summary = table.to_markdown(plan, results, temperatures, tuned=tune), table.to_json(plan, results, temperatures)
    for suffix, text in {"md": page, "csv": table.to_csv(plan, results), "json": json.dumps(summary, indent=1)}.items():
        target.with_name(f"{target.name}.{suffix}").write_text(text, encoding="utf-8")
    typer.echo(page)
    typer.echo(f"wrote {target}.md, .csv and .json; {(time.perf_counter() - start) / 60:.0f} min for what was not there yet")


def _clipart(folder: Path) -> Parts:
    from hypviz.experiments.data import Part, Parts
    from hypviz.workspace.clipart_workspace import clipart_workspace

    return Parts(**{split: Part(clipart_workspace(folder / split, split, count)) for split, count in SCENES.items()})

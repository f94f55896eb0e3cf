"""`python -m hypviz heads`: objectives compared on the cached features of one backbone, in seconds a run."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path
from typing import Annotated, Optional

import typer

from hypviz.cli.output import WorkspaceFolder
from hypviz.errors import SettingsError
from hypviz.progress import progress_bar


def heads(
    workspace: WorkspaceFolder,
    out: Annotated[Path, typer.Option(help="Folder for crops, features, runs and the table.")] = Path("build/heads"),
    backbone: Annotated[str, typer.Option(help="As in `finetune`, with weights of its own.")] = "pretrained:efficientnet_lite0+classes",
    rows: Annotated[Optional[str], typer.Option(help="Only these rows, separated by commas.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds per row.")] = 5,
    steps: Annotated[int, typer.Option(min=1, help="Steps per run; half and twice as many are tried, too.")] = 300,
    dimension: Annotated[
        Optional[int], typer.Option(min=2, help="Dimensions of the heads' space; those of a fresh head by default.")
    ] = None,
    leave_out: Annotated[
        str, typer.Option(help="Judge on the pictures whose file names begin so, and learn from all others, instead of a split by picture.")
    ] = "",
) -> None:
    """Compare cosine, distance and angle objectives, hyperbolic and Euclidean, as heads on one backbone. Each run is kept."""
    from hypviz.experiments import heads as table

    known = {row.name: row for row in table.ROWS}
    row_names = [name.strip() for name in rows.split(",")] if rows else list(known)
    if unknown := [name for name in row_names if name not in known]:
        raise SettingsError(f"There is no row {', '.join(map(repr, unknown))}; there is {', '.join(known)}.")
    start = time.perf_counter()
    folder = out / workspace.resolve().name
    folder.mkdir(parents=True, exist_ok=True)
    with progress_bar("Features") as report:
        ground = table.prepare(
            workspace.resolve(), backbone, folder, dimension=dimension, leave_out=leave_out,
            on_share=lambda share: report(round(100 * share), 100, "features"),
        )  # fmt: skip
    runs_file = folder / "runs.json"
    runs: dict[str, dict[str, float]] = json.loads(runs_file.read_text(encoding="utf-8")) if runs_file.is_file() else {}

    def run(name: str, seed: int, temperature: float, steps: int, dropout: float) -> dict[str, float]:
        key = f"{name} · {ground.encoder.embed_dim} d · {steps} steps · τ {temperature:g} · seed {seed} · {ground.items.data_hash}"
        key += f" · context {ground.encoder.context:g} · contents {ground.encoder.contents:g} · boxes from {ground.encoder.boxes_from:g}"
        key += f" · judged on {leave_out}" if leave_out else ""
        key += f" · dropout {dropout:g}" if dropout else ""
        if key not in runs:
            judged, chosen = table.run_row(ground, known[name], seed=seed, steps=steps, temperature=temperature, dropout=dropout)
            runs[key] = judged | {"validation": chosen}
            runs_file.write_text(json.dumps(runs, indent=1), encoding="utf-8")
        return runs[key]

    runs_of: dict[str, list[dict[str, float]]] = {}
    with progress_bar("Runs") as report:
        for number, name in enumerate(row_names):
            validation = partial(lambda row, *settings: run(row, 0, *settings)["validation"], name)
            tau, length, dropout = table.chosen(validation, steps)
            hidden = f", dropout {dropout:g}" if dropout else ""
            results = runs_of[f"{name}, τ {tau:g}, {length} steps{hidden}"] = []
            for seed in range(seeds):
                report(number * seeds + seed, len(row_names) * seeds, f"{name}, seed {seed}")
                results.append(run(name, seed, tau, length, dropout))
    backbone_rows = {name: table.untouched(ground, together=together) for name, together in table.BACKBONE_ROWS.items()}
    page = table.page(table.chance(ground), backbone_rows, runs_of)
    (folder / f"heads-{ground.encoder.embed_dim}{leave_out and f'-{leave_out}'}.md").write_text(page + "\n", encoding="utf-8")
    typer.echo(page)
    typer.echo(
        f"{int(ground.judge.sum())} test pictures, {seeds} seeds; {(time.perf_counter() - start) / 60:.0f} min for what was not there yet"
    )

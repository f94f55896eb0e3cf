"""`python -m hypviz train | embed | evaluate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from hypviz.cli.output import AsJson, Checkpoint, Device, Track, WorkspaceFolder, fetched, say_licence, show, suited
from hypviz.config import TrainSettings
from hypviz.errors import SettingsError
from hypviz.progress import progress_bar

if TYPE_CHECKING:
    from hypviz.training.distributed import Ranks
    from hypviz.training.pipeline import FitJob

DEFAULTS = TrainSettings()


def train(
    workspace: WorkspaceFolder,
    out: Annotated[Path, typer.Option(help="The checkpoint to write, such as runs/mine; its folder keeps the state.")],
    validation: Annotated[Optional[Path], typer.Option(help="Workspace to validate on; else a tenth of the images.")] = None,
    init: Annotated[Optional[str], typer.Option(help="Checkpoint to go on from.", callback=fetched)] = None,
    backbone: Annotated[str, typer.Option(help="demo, pretrained:efficientnet_lite0, open_clip:NAME or timm:NAME.")] = "demo",
    weights: Annotated[Optional[str], typer.Option(help="Backbone weights: a file, or hub:TAG; pretrained: brings its own.")] = None,
    steps: Annotated[int, typer.Option(min=1)] = DEFAULTS.steps,
    batch_pairs: Annotated[int, typer.Option(min=2, help="Pairs per step.")] = DEFAULTS.batch_pairs,
    lr: Annotated[float, typer.Option(help="Peak learning rate.")] = DEFAULTS.lr,
    seed: Annotated[int, typer.Option()] = DEFAULTS.seed,
    settings: Annotated[
        Optional[str],
        typer.Option(help='Any other setting as JSON: {"encoder": …, "train": …, "pairs": …, "loss": …}.'),
    ] = None,
    licence: Annotated[str, typer.Option(help="Licence to state in the card.")] = "not stated",
    resume: Annotated[bool, typer.Option(help="Go on from the state of an interrupted run.")] = True,
    track: Track = "none",
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Train an encoder with the angle loss. Ctrl-C saves a state; the same command resumes it.

    On several GPUs or machines: torchrun --nproc-per-node N -m hypviz train … (docs/scaling.md).
    """
    from hypviz.model.offers import offered_licence
    from hypviz.training.distributed import joined_ranks
    from hypviz.training.pipeline import FitJob

    overrides = _json_option("--settings", settings)
    flags = {"steps": steps, "batch_pairs": batch_pairs, "lr": lr, "seed": seed}
    recipe = {**overrides, "train": {**flags, **overrides.get("train", {})}}
    recipe["encoder"] = {"backbone": backbone, **overrides.get("encoder", {})}
    chosen = str(recipe["encoder"]["backbone"])
    with joined_ranks(device) as (ranks, device_name):
        if ranks.leads and init is None and (of_weights := offered_licence(chosen, weights or "")):
            typer.echo(f"{chosen}: weights licensed {of_weights}", err=True)
        job = FitJob(workspace, out, validation, recipe, init, weights, licence, device_name, resume, track=track)
        _fit(job, ranks, as_json=as_json)


def _fit(job: FitJob, ranks: Ranks, *, as_json: bool) -> None:
    """Do the job with a bar, and say what came of it; the leader says it."""
    from hypviz.training.pipeline import fit

    with progress_bar("Training", quiet=as_json or not ranks.leads) as report:

        def on_progress(p: Any) -> None:
            report(p.step, p.steps, f"loss {p.loss:.3f} · {p.crops_per_second:.0f} crops/s · {p.seconds_left / 60:.1f} min left")

        path, card = fit(job, on_progress=on_progress, ranks=ranks)
    if not ranks.leads:
        return
    result = {"checkpoint": str(path), "metrics": card.metrics, "seconds": card.training.get("seconds")}
    show(result, f"wrote {path}\n{json.dumps(card.metrics, indent=2)}", as_json=as_json)


def _json_option(name: str, text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        content = json.loads(Path(text).read_text() if text.endswith(".json") else text)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{name} must be a JSON object or a .json file ({error}).") from None
    if not isinstance(content, dict):
        raise SettingsError(f"{name} must be a JSON object, got {type(content).__name__}.")
    for part, values in content.items():
        if not isinstance(values, dict):
            raise SettingsError(f"{name}: {part!r} must be a JSON object of settings, got {values!r}.")
    return content


def embed(
    workspace: WorkspaceFolder,
    checkpoint: Checkpoint = "",
    force: Annotated[bool, typer.Option(help="Embed again even when a fresh embedding is there.")] = False,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Embed every item of a workspace with a checkpoint."""
    import time

    from hypviz.inference.embed import embed_workspace
    from hypviz.workspace.store import Workspace

    opened = Workspace.open(workspace)
    checkpoint = suited(checkpoint, workspace)
    say_licence(checkpoint)
    start = time.perf_counter()
    with progress_bar("Embedding", quiet=as_json) as report:
        embedding = embed_workspace(opened, checkpoint, device=device, force=force, on_progress=report)
    seconds = time.perf_counter() - start
    result: dict[str, Any] = {"items": len(embedding), "dimension": int(embedding.directions.shape[1]), "curv": embedding.curv}
    result |= {"geometry": embedding.geometry, "seconds": round(seconds, 2), "workspace": str(workspace)}
    text = f"{len(embedding)} items embedded in {embedding.directions.shape[1]} dimensions ({seconds:.1f} s)"
    show(result, text, as_json=as_json)


def evaluate(
    workspace: WorkspaceFolder,
    more: Annotated[Optional[list[str]], typer.Argument(metavar="[CHECKPOINT]...", help="More checkpoints.", callback=fetched)] = None,
    checkpoint: Annotated[
        Optional[list[str]],
        typer.Option("--checkpoint", callback=fetched, help="A checkpoint; give several to compare.  [default: the one that suits]"),
    ] = None,
    untrained: Annotated[bool, typer.Option("--untrained", help="Also judge the untrained encoder of the first checkpoint.")] = False,
    max_queries: Annotated[Optional[int], typer.Option(min=1, help="At most this many queries per task.")] = None,
    apex: Annotated[str, typer.Option(help="Apex of the scoring angle: query, candidate or sum.")] = "query",
    graph_from: Annotated[Optional[Path], typer.Option(help="Workspace whose class graph to judge by, such as the training set.")] = None,
    json_file: Annotated[Optional[Path], typer.Option("--json", help="Write all results here as JSON; - prints them.")] = None,
    csv_file: Annotated[Optional[Path], typer.Option("--csv", help="Write every metric here, a line each.")] = None,
    class_csv: Annotated[Optional[Path], typer.Option(help="Write every metric by class here, a line each.")] = None,
    markdown_file: Annotated[Optional[Path], typer.Option("--markdown", help="Write all tables here.")] = None,
    device: Device = "auto",
) -> None:
    """Judge checkpoints on a workspace: the paper's tasks, with baselines and intervals, in tables like the paper's."""
    from hypviz.evaluation import EvaluateSettings, paper_tables
    from hypviz.training.pipeline import judge

    settings = EvaluateSettings(apex=apex, max_queries=max_queries)
    quiet = json_file is not None and str(json_file) == "-"
    files = {"--json": None if quiet else json_file, "--csv": csv_file, "--class-csv": class_csv, "--markdown": markdown_file}
    _check_writable(files)
    names = [*(checkpoint or []), *(more or [])] or [suited("", workspace)]
    say_licence(*names)
    with progress_bar("Judging", quiet=quiet) as report:
        results = judge(
            workspace, names, settings, untrained=untrained, graph_of=graph_from, device=device, on_progress=report,
            on_stage=lambda share, stage: report(round(100 * share), 100, stage),
        )  # fmt: skip
    tables = "\n".join(table.to_markdown() for table in paper_tables(results))
    content = {name: evaluation.to_json() for name, evaluation in results.items()}
    if json_file is not None and not quiet:
        json_file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if csv_file is not None:
        csv_file.write_text(_long_csv(results), encoding="utf-8")
    if class_csv is not None:
        class_csv.write_text(_class_csv(results, workspace), encoding="utf-8")
    if markdown_file is not None:
        pages = [f"# {name}\n\n{evaluation.to_markdown()}" for name, evaluation in results.items()]
        markdown_file.write_text("\n".join([tables, *pages]), encoding="utf-8")
    typer.echo(json.dumps(content) if quiet else tables)


def _check_writable(files: dict[str, Path | None]) -> None:
    """SettingsError for a file in a folder that is not there: before the work, not after it."""
    for name, file in files.items():
        if file is not None and not file.absolute().parent.is_dir():
            raise SettingsError(f"{name} cannot write {file}: there is no folder {file.absolute().parent}.")


def _long_csv(results: dict[str, Any]) -> str:
    from hypviz.evaluation.report import CSV_COLUMNS, csv_text

    return csv_text(("checkpoint", *CSV_COLUMNS), [(name, *row) for name, one in results.items() for row in one.csv_rows()])


def _class_csv(results: dict[str, Any], workspace: Path) -> str:
    from hypviz.evaluation.classes import CLASS_COLUMNS, per_class_rows
    from hypviz.evaluation.report import csv_text
    from hypviz.workspace.store import Workspace

    items = Workspace.open(workspace).items
    return csv_text(("checkpoint", *CLASS_COLUMNS), [(name, *row) for name, one in results.items() for row in per_class_rows(items, one)])

"""`python -m hypviz finetune`: the page's fine-tuning, by the same code, in this process."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from hypviz.cli.output import AsJson, Device, Track, WorkspaceFolder, fetched, show, suited
from hypviz.errors import SettingsError
from hypviz.progress import progress_bar

if TYPE_CHECKING:
    from hypviz.finetune.folder import JobFolder
    from hypviz.finetune.request import FinetuneRequest


def finetune(
    workspace: WorkspaceFolder,
    out: Annotated[str, typer.Option(help="A name: kept among your own checkpoints, known to the page. Or a path, runs/mine.")],
    checkpoint: Annotated[
        str, typer.Option(callback=fetched, help="What to start from: a name, a file, or hf://OWNER/MODEL.  [default: the one that suits]")
    ] = "",
    backbone: Annotated[str, typer.Option(help="Instead: a backbone, as in `train`; it gets a hyperbolic head.")] = "",
    weights: Annotated[str, typer.Option(help="The backbone's weights: a file, or hub:TAG; pretrained: brings its own.")] = "",
    depth: Annotated[str, typer.Option(help="head, lora (adapters in the last blocks), blocks or all.")] = "head",
    settings: Annotated[Optional[str], typer.Option(help='Settings to change, as JSON or a .json file: {"train.lr": 0.001}.')] = None,
    licence: Annotated[str, typer.Option(help="Licence to state in the card.")] = "not stated",
    note: Annotated[str, typer.Option(help="A note for the card.")] = "",
    resume: Annotated[bool, typer.Option(help="Go on from the state of an interrupted run.")] = True,
    track: Track = "none",
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Fine-tune a checkpoint on a small set and keep the best epoch. Ctrl-C saves a state; the same command resumes it."""
    from hypviz.finetune.keep import keep, target_of
    from hypviz.finetune.request import FinetuneRequest
    from hypviz.finetune.run import FinetuneRun
    from hypviz.finetune.subprocess_main import BUSY
    from hypviz.storage.locks import held

    start = checkpoint or ("" if backbone else suited("", workspace))
    job = FinetuneRequest(str(workspace.resolve()), start, backbone, weights, depth, _object(settings))
    target = target_of(out)
    folder = _folder(job, target, resume)
    with held(folder.lock, BUSY), progress_bar("Fine-tuning", quiet=as_json) as report:
        FinetuneRun(folder, lambda status: report(round(1000 * status["share"]), 1000, _words(status)), device=device, track=track).run()
    keep(folder, target, licence, note)
    before, after, status = folder.read("before"), folder.read("after"), folder.read("status")
    result = {"checkpoint": str(target), "before": before, "after": after, "split": folder.read("plan")["split"]}
    result |= {"seconds": status.get("seconds"), "peak_memory_mib": status.get("peak_memory_mib"), "run": str(folder.path)}
    show(result, f"wrote {target}\n{_table(before['metrics'], after['metrics'])}", as_json=as_json)


def _folder(job: FinetuneRequest, target: Path, resume: bool) -> JobFolder:
    """The run's folder beside the checkpoint to be; that of an earlier run of the same job is gone on with."""
    import shutil

    from hypviz.finetune.folder import JobFolder

    key = hashlib.sha256(json.dumps(asdict(job), sort_keys=True).encode()).hexdigest()[:8]
    folder = JobFolder(target.parent / f"{target.stem}.run-{key}")
    if folder.path.is_dir() and not (resume and folder.read("job")):
        shutil.rmtree(folder.path)
    if not folder.path.is_dir():
        folder.create(job)
    return folder


def _object(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        content = json.loads(Path(text).read_text(encoding="utf-8") if text.endswith(".json") else text)
    except (OSError, ValueError) as error:
        raise SettingsError(f"--settings must be a JSON object or a .json file ({error}).") from None
    if not isinstance(content, dict):
        raise SettingsError(f"--settings must be a JSON object of names and values, got {type(content).__name__}.")
    return content


def _words(status: dict[str, Any]) -> str:
    loss = f" · loss {status['loss']:.3f}" if status.get("loss") is not None else ""
    return f"{status['what']}{loss}"


def _table(before: dict[str, float], after: dict[str, float]) -> str:
    """The metrics before and after, a line each."""
    width = max(map(len, after))
    return "\n".join(f"{name:{width}}  {before.get(name, float('nan')):.3f} → {value:.3f}" for name, value in after.items())

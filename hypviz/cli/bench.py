"""`python -m hypviz bench`: how fast the parts are on this machine. Speed is measured here, never asserted in a test."""

from __future__ import annotations

import platform
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import typer

from hypviz.cli.bench_approximate import approximate
from hypviz.cli.bench_disk import disk
from hypviz.cli.bench_embed import embed
from hypviz.cli.bench_first_look import first_look
from hypviz.cli.bench_growth import growth
from hypviz.cli.bench_load import load
from hypviz.cli.bench_openimages import openimages
from hypviz.cli.bench_search import search
from hypviz.cli.bench_training import training
from hypviz.cli.output import AsJson, Checkpoint, Device, show

app = typer.Typer(invoke_without_command=True, help="Measure speed on this machine.")
app.command("disk")(disk)
app.command("first-look")(first_look)
app.command("openimages")(openimages)
app.command("load")(load)
app.command("search")(search)
app.command("approximate")(approximate)
app.command("embed")(embed)
app.command("training")(training)
app.command("growth")(growth)


@app.callback()
def bench(
    context: typer.Context,
    checkpoint: Checkpoint = "demo",
    items: Annotated[int, typer.Option(min=100, help="Size of the index to search.")] = 100_000,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Measure start-up, drawing, encoding, search and the disk's payload; medians of a few runs.

    `bench disk` and `bench openimages` measure those alone, `bench first-look` judges what is listed, `bench load`
    lets many browsers click at a server that trains, `bench search` holds exact search against FAISS, `bench approximate`
    certified search against both, `bench embed` holds embedding against the bare network and a plain script, `bench training` the loss
    against a pairwise one, `bench growth` how time and memory grow with the data.
    """
    if context.invoked_subcommand is not None:
        return
    result: dict[str, Any] = {"machine": platform.machine(), "python": platform.python_version(), "items": items}
    result["import hypviz (s)"] = _command("import hypviz")
    result["python -m hypviz --help (s)"] = _command(
        "import sys; sys.argv = ['hypviz', '--help']; import hypviz.cli as c; c.app(standalone_mode=False)"
    )
    result["draw a 384x288 scene (ms)"] = 1e3 * _median(_draw())
    result["encode crops (per s)"] = _encode(checkpoint, device)
    result |= _search(items)
    text = "\n".join(
        f"{name:<34}{value:>12.4g}" if isinstance(value, float) else f"{name:<34}{value:>12}" for name, value in result.items()
    )
    show(result, text, as_json=as_json)


def _median(work: Callable[[], Any], runs: int = 5) -> float:
    work()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def _command(code: str) -> float:
    return _median(lambda: subprocess.run([sys.executable, "-c", code], check=True, capture_output=True), runs=3)


def _draw() -> Callable[[], Any]:
    from hypviz.clipart import SPLIT_SEEDS, draw_scene

    seeds = iter(SPLIT_SEEDS["test"])
    return lambda: draw_scene(next(seeds), size=(384, 288))


def _encode(checkpoint: str, device: str) -> float:
    from hypviz.inference.embed import encode
    from hypviz.model.checkpoint import load_checkpoint
    from hypviz.model.device import pick_device

    encoder, _ = load_checkpoint(checkpoint)
    encoder.to(pick_device(device))
    crops = np.random.default_rng(0).integers(0, 255, (256, encoder.image_size, encoder.image_size, 3), np.uint8)
    return 256 / _median(lambda: encode(encoder, crops), runs=3)


def _search(count: int) -> dict[str, float]:
    from hypviz.search.embedding import Embedding
    from hypviz.search.index import Index
    from hypviz.viz import layout
    from hypviz.viz.disk import Columns, disk_payload

    rng = np.random.default_rng(0)
    directions = rng.standard_normal((count, 128), np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    embedding = Embedding(directions, rng.uniform(0.2, 2.0, count).astype(np.float32), 0.7)
    index = Index(embedding)
    query = index.query(0)
    zeros = np.zeros(count, np.int64)
    angles = layout.angles(embedding, method="pca")
    payload = disk_payload(embedding, angles, Columns(zeros, zeros, zeros, zeros, zeros, zeros, branch_names=["other"]))
    return {
        "children of one item (ms)": 1e3 * _median(lambda: index.children(query, 1.2)),
        "path to the root (ms)": 1e3 * _median(lambda: index.path_to_root(query)),
        "pca layout (s)": _median(lambda: layout.angles(embedding, method="pca"), runs=3),
        "disk payload (bytes per item)": len(payload) / count,
    }

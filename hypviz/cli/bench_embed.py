"""`python -m hypviz bench embed`: pictures and their boxes, end to end, beside the bare network and beside a plain script."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import numpy as np
import typer

from hypviz.cli.output import AsJson, Device, show
from hypviz.errors import DataError

if TYPE_CHECKING:
    from hypviz.data.items import Items
    from hypviz.model.encoder import HyperbolicEncoder

BACKBONES = ("pretrained:efficientnet_lite0", "open_clip:ViT-B-32")
PLAIN_BATCHES = (1, 8, 64)
PLAIN_CROPS = 64
"""Crops that the plain script is given of each batch's run, at least a batch."""
TARGETS = {"times the bare network": 0.9, "times the plain script": 6.0}
Seconds = tuple[float, float]
"""By the clock, and of the processor."""


def embed(
    folder: Annotated[Optional[Path], typer.Option(help="Folder of JPEG pictures.  [default: drawn ones of 640 × 480]")] = None,
    pictures: Annotated[int, typer.Option(min=1, help="How many of them.")] = 64,
    boxes: Annotated[int, typer.Option(min=1, help="Boxes of each, drawn by chance.")] = 8,
    backbone: Annotated[Optional[list[str]], typer.Option(help="Backbones, with random weights unless the name brings some.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Repetitions, one of each kind in turn; medians are given.")] = 3,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Measure embedding pictures and boxes from their files, beside the bare network in the same number format on crops that are ready in
    memory, and beside a script of a process of its own that opens, cuts and resizes every crop by itself and looks at it in float32.
    """
    result: dict[str, Any] = {"pictures": pictures, "boxes": boxes, "rounds": rounds, "targets": TARGETS}
    with tempfile.TemporaryDirectory(prefix="hypviz-embed-") as scratch:
        items = made_up(folder or drawn(Path(scratch), pictures), pictures=pictures, boxes=boxes)
        result["crops"] = len(items)
        for name in backbone or BACKBONES:
            result[name] = measured(items, name, rounds=rounds, device=device, scratch=Path(scratch))
    show(result, table(result), as_json=as_json)


def drawn(folder: Path, count: int) -> Path:
    """A folder of drawn scenes of 640 × 480 as JPEG."""
    from PIL import Image

    from hypviz.clipart import SPLIT_SEEDS, draw_scene

    for seed in SPLIT_SEEDS["test"][:count]:
        Image.fromarray(draw_scene(seed, size=(640, 480)).pixels).save(folder / f"{seed}.jpg", quality=90)
    return folder


def made_up(folder: Path, *, pictures: int, boxes: int) -> Items:
    """The first pictures of a folder, each with so many boxes, whose sides are a tenth to the whole of the picture's."""
    from hypviz.data.items import SCENE, Images, Items
    from hypviz.data.pictures import read_size

    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))[:pictures]
    if not paths:
        raise DataError(f"{folder} holds no JPEG pictures; name a folder that does, or none.")
    rng = np.random.default_rng(0)
    sizes = np.array([read_size(path) for path in paths], np.int32)
    count = len(paths) * (boxes + 1)
    image = np.repeat(np.arange(len(paths), dtype=np.int32), boxes + 1)
    shares = rng.uniform(0.1, 1.0, (count, 2))
    corners = rng.uniform(0, 1, (count, 2)) * (1 - shares)
    xyxy = np.concatenate([corners, corners + shares], axis=1)
    xyxy[:: boxes + 1] = 0, 0, 1, 1
    xyxy = np.minimum(xyxy, 1).astype(np.float32) * np.tile(sizes[image], 2)
    label = np.zeros(count, np.int32)
    label[:: boxes + 1] = SCENE
    names = np.array([path.relative_to(folder).as_posix() for path in paths])
    files = Images(names, sizes[:, 0], sizes[:, 1], names, np.full(len(paths), ""))
    ids = np.array([f"{row:016x}" for row in range(count)])
    return Items(ids, image, xyxy, label, np.where(label == SCENE, "image", "annotation"), files, ("thing",), folder)


def measured(items: Items, backbone: str, *, rounds: int, device: str, scratch: Path) -> dict[str, Any]:
    """Crops per second of each way, by the clock and of processor time, and their ratios: medians of interleaved rounds."""
    import torch

    from hypviz.config import EncoderSettings
    from hypviz.inference.embed import embed_items
    from hypviz.model.device import pick_device
    from hypviz.model.encoder import build_encoder

    torch.manual_seed(0)
    encoder = build_encoder(EncoderSettings(backbone)).to(pick_device(device)).eval()
    bare, form = bare_network(items, encoder)
    count = len(items)
    with plain_script(items, backbone, str(encoder.mean.device), scratch) as plain:
        works: dict[str, Callable[[], tuple[int, Seconds]]] = {
            "hypviz": lambda: (count, timed(lambda: embed_items(items, encoder))),
            "bare network": lambda: (count, timed(bare)),
        }
        works |= {f"plain script, batch {size}": lambda size=size: plain(size) for size in PLAIN_BATCHES}  # type: ignore[misc]
        works["hypviz"]()  # what is measured once and kept, and the kernels
        rates: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
        for _ in range(rounds):
            for name, work in works.items():
                crops, (clock, processor) = work()
                rates[name].append((crops / clock, crops / processor))
    medians = {name: np.median(np.array(rate), axis=0) for name, rate in rates.items()}
    best = max((name for name in medians if name.startswith("plain")), key=lambda name: float(medians[name][0]))
    ratios = {
        "times the bare network": medians["hypviz"] / medians["bare network"],
        "times the plain script": medians["hypviz"] / medians[best],
    }
    both = {name: {"by the clock": float(two[0]), "of processor time": float(two[1])} for name, two in (medians | ratios).items()}
    return {
        "number format": form,
        "device": str(encoder.mean.device),
        "threads": torch.get_num_threads(),
        "best plain script": best,
        **both,
    }


def timed(work: Callable[[], Any]) -> Seconds:
    """Seconds of a piece of work, with what a GPU still has to do of it."""
    import torch

    def wait() -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    wait()
    clock, processor = time.perf_counter(), time.process_time()
    work()
    wait()
    return time.perf_counter() - clock, time.process_time() - processor


def bare_network(items: Items, encoder: HyperbolicEncoder) -> tuple[Callable[[], Any], str]:
    """The network on all crops, normalised and in memory before, in the number format that is chosen for so many; and that format."""
    import torch

    from hypviz.data.crops import iter_crops
    from hypviz.inference.embed import GATHERED, in_fastest_dtype
    from hypviz.model.device import inference_batch

    crops = np.concatenate([some for _, some in iter_crops(items, np.arange(len(items)), size=encoder.image_size, workers=2)])
    quick = in_fastest_dtype(encoder, crops[:GATHERED], count=len(items))
    size = inference_batch(encoder.mean.device)
    with torch.inference_mode():
        ready = [quick.normalise(crops[start : start + size]) for start in range(0, len(crops), size)]

    def work() -> None:
        with torch.inference_mode():
            for batch in ready:
                quick.backbone(batch)

    dtype = str(next(quick.backbone.parameters()).dtype).removeprefix("torch.")
    return work, dtype if quick is encoder or dtype != "float32" else "float32, folded"


@contextmanager
def plain_script(items: Items, backbone: str, device: str, scratch: Path) -> Iterator[Callable[[int], tuple[int, Seconds]]]:
    """plain(batch) → crops looked at, and the seconds for them, in a process without anything of ours but the network's weights."""
    work = [[str(items.path(row)), items.xyxy[row].tolist()] for row in range(min(len(items), max(PLAIN_CROPS, *PLAIN_BATCHES)))]
    (scratch / "work.json").write_text(json.dumps(work), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    command = [sys.executable, "-m", "hypviz.cli.plain_embedding", str(scratch / "work.json"), backbone, device]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdin is not None and process.stdout is not None

        def plain(batch: int) -> tuple[int, Seconds]:
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(f"{batch}\n")
            process.stdin.flush()
            crops, clock, processor = json.loads(process.stdout.readline())
            return crops, (clock, processor)

        try:
            plain(PLAIN_BATCHES[0])
            yield plain
        finally:
            process.stdin.close()


def table(result: dict[str, Any]) -> str:
    """The same for people."""
    lines = [f"{result['crops']} crops of {result['pictures']} pictures, medians of {result['rounds']}"]
    for name, values in result.items():
        if isinstance(values, dict) and "number format" in values:
            lines.append(f"{name}, {values['number format']}, {values['device']}, {values['threads']} threads")
            for way, two in values.items():
                if isinstance(two, dict):
                    unit = "" if way.startswith("times") else " crops/s"
                    lines.append(f"  {way:<26}{two['by the clock']:>9.2f}{unit}, {two['of processor time']:.2f}{unit} of processor time")
    return "\n".join(lines)

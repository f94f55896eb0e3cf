"""`python -m hypviz objectness FOLDER…`: learn which windows of a picture frame an object, for `data propose`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Optional

import typer

from hypviz.cli.output import AsJson, Device, show
from hypviz.errors import DataError
from hypviz.progress import progress_bar


def objectness(
    folders: Annotated[list[Path], typer.Argument(help="Data sets to learn from: folders of pictures with boxes, in any format.")],
    judge: Annotated[
        Optional[list[Path]], typer.Option(help="Data sets to judge on; without any, a fifth of the pictures, which is not learned from.")
    ] = None,
    out: Annotated[Optional[Path], typer.Option(help="File to write; without one, what is learned is judged alone.")] = None,
    backbone: Annotated[str, typer.Option(help="As in `finetune`, with weights of its own.")] = "pretrained:efficientnet_lite0+classes",
    pictures: Annotated[int, typer.Option(min=2, help="Pictures of each set, drawn at random.")] = 120,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Learn what frames an object from annotated boxes, judge it on pictures it has not seen, beside chance, and write it."""
    import numpy as np

    from hypviz.config import EncoderSettings
    from hypviz.data.formats.detect import open_dataset
    from hypviz.data.importer import import_items
    from hypviz.experiments import objectness as objects
    from hypviz.inference.objectness import Objectness
    from hypviz.model.device import pick_device
    from hypviz.model.encoder import backbone_hash, build_encoder

    encoder = build_encoder(EncoderSettings(backbone)).eval().to(pick_device(device))
    learned, held, sources = [], {}, []
    with TemporaryDirectory() as room:
        for number, folder in enumerate([*folders, *(judge or ())]):
            items = import_items(open_dataset(folder, extract_to=Path(room) / str(number)))[0]
            boxed = np.flatnonzero(np.diff(items.offsets) > 1)
            images = np.random.default_rng(0).permutation(boxed)[:pictures].tolist()
            if not images:
                raise DataError(f"{folder} has no picture with boxes; objects are learned from, and judged by, annotated boxes.")
            to_learn, to_judge = (images, []) if judge else (images[len(images) // 5 :], images[: len(images) // 5])
            if number >= len(folders):
                to_learn, to_judge = [], images
            with progress_bar(f"Looking at {folder.name}", quiet=as_json) as report:
                learned += objects.look(items, encoder, to_learn, sample=objects.BACKGROUND, seed=number, on_progress=report)
                if to_judge:
                    held[folder.name] = objects.look(items, encoder, to_judge, on_progress=report)
            if to_learn:
                sources.append({"name": folder.name, "pictures": len(to_learn)})
    weights = objects.learn(learned)
    judged = {name: objects.judged_beside_chance(looked, weights) for name, looked in held.items() if looked}
    if out is not None:
        Objectness(backbone_hash(encoder), weights, {"name": backbone, "learned_from": sources, "judged": judged}).write(out)
    lines = [
        f"{name}, {way}: " + ", ".join(f"{figure} {100 * value:.1f} %" for figure, value in figures.items())
        for name, ways in judged.items()
        for way, figures in ways.items()
    ]
    show({"learned_from": sources, "judged": judged, "out": str(out or "")}, "\n".join(lines), as_json=as_json)

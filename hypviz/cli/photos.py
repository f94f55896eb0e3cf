"""`python -m hypviz photos FOLDER…`: train the shipped checkpoint for photographs anew, from folders of pictures with boxes."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from hypviz.cli.output import AsJson, Device, show
from hypviz.progress import progress_bar

LICENCE = "Apache-2.0"
DESCRIPTION = (
    "For photographs of anything: EfficientNet-Lite0 with ImageNet weights (Apache-2.0), and a polar head trained on photographs of "
    "streets, people, rooms, facades, clothes and cars with boxes. The weights are licensed Apache-2.0, as the backbone's; "
    "the photographs they were learned from are not part of them and have the licences listed in the card."
)


def photos(
    folders: Annotated[list[Path], typer.Argument(help="Data sets: folders of pictures with boxes, in any format that is read.")],
    out: Annotated[Path, typer.Option(help="Checkpoint to write.")] = Path("checkpoints/photos.safetensors"),
    build: Annotated[Path, typer.Option(help="Folder for the joined data set, the features and the training.")] = Path("build/photos"),
    leave_out: Annotated[
        str, typer.Option(help="Make no checkpoint, but judge the recipe on pictures it has not seen: those whose file names begin so.")
    ] = "",
    parts: Annotated[int, typer.Option(min=2, help="With --leave-out: parts to leave out in turn.")] = 2,
    seeds: Annotated[int, typer.Option(min=1, help="With --leave-out: seeds for each part.")] = 3,
    settings: Annotated[str, typer.Option(help='Settings to change, as JSON: {"loss.anchor": 0.3}.')] = "{}",
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Join data sets, train a head on the features of EfficientNet-Lite0 and write the checkpoint with its card."""
    from hypviz.experiments.photos import BACKBONE, RECIPE, place_boxes
    from hypviz.finetune.folder import JobFolder
    from hypviz.finetune.keep import keep
    from hypviz.finetune.request import FinetuneRequest
    from hypviz.finetune.run import FinetuneRun
    from hypviz.model.card import read_card, weights_path, write_card

    workspace, sources = _joined(folders, build)
    if leave_out:
        _judge_unseen(workspace, build, leave_out, parts, seeds, json.loads(settings), as_json)
        return
    job = FinetuneRequest(
        str(workspace.resolve()), backbone=BACKBONE, depth="head", settings=RECIPE | json.loads(settings), title="photographs"
    )
    folder = JobFolder(build / "training")
    if not folder.path.is_dir():
        folder.create(job)
    with progress_bar("Training", quiet=as_json) as report:
        tell = lambda status: report(round(1000 * status["share"]), 1000, status["what"])  # noqa: E731
        tuning = FinetuneRun(folder, tell, device=device, caches=build / "cache")
        tuning.run()
    target = weights_path(out.absolute())
    keep(folder, target, LICENCE, "", overwrite=True)
    assert tuning.features is not None, "a head is trained on features"
    after = place_boxes(target, tuning.held_items, tuning.held, tuning.features.values[:1, tuning.held_rows])
    card = read_card(target)
    write_card(target, replace(card, description=DESCRIPTION, training={**card.training, "sources": sources}))
    lines = [f"{name}: {value:.3f} (chance {after['chance'].get(name, float('nan')):.3f})" for name, value in after["metrics"].items()]
    show({"checkpoint": str(target), **after}, "\n".join([f"wrote {target}", *lines]), as_json=as_json)


def _judge_unseen(workspace: Path, build: Path, beginning: str, parts: int, seeds: int, settings: dict[str, Any], as_json: bool) -> None:
    """Leave parts of a series out in turn, and print what the recipe is worth on them; the runs are kept in `build`."""
    from hypviz.experiments import unseen
    from hypviz.experiments.photos import RECIPE
    from hypviz.workspace.store import Workspace

    opened = Workspace.open(workspace)
    masks = unseen.series_parts(opened.items, beginning, parts)
    with progress_bar("Features", quiet=as_json) as report:
        views = int({**RECIPE, **settings}["tune.views"])
        tell = lambda share: report(round(100 * share), 100, "features")  # noqa: E731
        photographs = unseen.load_photographs(opened.items, opened.hierarchy, build / "cache", views=views, on_share=tell)
    runs: list[dict[str, dict[str, float]]] = []
    with progress_bar("Runs", quiet=as_json) as report:
        for number, mask in enumerate(masks):
            for seed in range(seeds):
                report(number * seeds + seed, len(masks) * seeds, f"part {number + 1}, seed {seed}")
                runs.append(unseen.judge_without(photographs, mask, seed, settings))
    (build / "unseen.json").write_text(json.dumps(runs, indent=1), encoding="utf-8")
    pictures = ", ".join(str(int(mask.sum())) for mask in masks)
    heading = f"{parts} parts of {pictures} pictures left out in turn, {seeds} seeds each:"
    show({"runs": runs}, f"{heading}\n\n{unseen.table(runs)}", as_json=as_json)


def _joined(folders: list[Path], build: Path) -> tuple[Path, list[dict[str, Any]]]:
    """The workspace of all data sets together, and what each is: its name, pictures, boxes, and pictures by licence."""
    from hypviz.data.formats.detect import open_dataset
    from hypviz.data.importer import import_items
    from hypviz.data.join import join_items
    from hypviz.workspace.importing import create_workspace

    sets = []
    for folder in folders:
        with progress_bar(f"Reading {folder.name}") as report:
            sets.append(import_items(open_dataset(folder, extract_to=build / f"{folder.name}-pictures"), on_progress=report)[0])
    create_workspace(build / "workspace", join_items(sets), name="photographs", overwrite=True)
    sources = [
        {
            "name": folder.name,
            "images": len(one.images),
            "boxes": int((~one.is_scene).sum()),
            "licences": dict(Counter(str(licence) or "none stated" for licence in one.images.licence.tolist()).most_common()),
        }
        for folder, one in zip(folders, sets, strict=True)
    ]
    return build / "workspace", sources

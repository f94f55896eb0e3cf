"""`python -m hypviz photos FOLDER…`: train the shipped checkpoint for photographs anew, from folders of pictures with boxes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from hypviz.cli.output import Device, Json, show
from hypviz.progress import progress_bar
from hypviz.search.retrieval import Ranking

BACKBONE = "pretrained:efficientnet_lite0+classes"
RECIPE: dict[str, Any] = {
    "tune.epochs": 16,
    "tune.validation_share": 0.1,
    "tune.views": 1,
    "train.batch_pairs": 256,
    "train.patience": 0,
    "pairs.by_series": True,
    "loss.anchor": 0.5,
}
"""What differs from the defaults of a fine-tuning (docs/results.md says what each gave)."""
CHILDREN, PARENTS = Ranking("cosine"), Ranking("angle + cosine", "sum", 3.0)
"""What answers are ranked by. On pictures of a kind the head was trained on, the angle is best; on others it throws away what the
backbone knows. So these were chosen on COCO pictures left out of training, in two halves (docs/results.md)."""
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
    settings: Annotated[str, typer.Option(help='Settings to change, as JSON: {"loss.anchor": 0.3}.')] = "{}",
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Join data sets, train a head on the features of EfficientNet-Lite0 and write the checkpoint with its card."""
    import json

    from hypviz.model.card import read_card, weights_path, write_card
    from hypviz.tune.folder import JobFolder
    from hypviz.tune.job import TuneJob
    from hypviz.tune.keep import keep
    from hypviz.tune.work import Tuning

    workspace, sources = _joined(folders, build)
    job = TuneJob(str(workspace.resolve()), backbone=BACKBONE, depth="head", settings=RECIPE | json.loads(settings), title="photographs")
    folder = JobFolder(build / "training")
    if not folder.path.is_dir():
        folder.create(job)
    with progress_bar("Training", quiet=as_json) as report:
        tell = lambda status: report(round(1000 * status["share"]), 1000, status["what"])  # noqa: E731
        Tuning(folder, tell, device=device, caches=build / "cache").run()
    target = weights_path(out.absolute())
    keep(folder, target, LICENCE, "")
    card = read_card(target)
    retrieval = replace(card.answers, children=CHILDREN, parents=PARENTS)
    write_card(target, replace(card, description=DESCRIPTION, retrieval=retrieval, training={**card.training, "sources": sources}))
    after = folder.read("after")
    lines = [f"{name}: {value:.3f} (chance {after['chance'].get(name, float('nan')):.3f})" for name, value in after["metrics"].items()]
    show({"checkpoint": str(target), **after}, "\n".join([f"wrote {target}", *lines]), as_json=as_json)


def _joined(folders: list[Path], build: Path) -> tuple[Path, list[dict[str, Any]]]:
    """The workspace of all data sets together, and what each is: its name, pictures, boxes, and pictures by licence."""
    from hypviz.data.formats.detect import open_dataset
    from hypviz.data.importer import import_items
    from hypviz.data.join import join_items
    from hypviz.importing import create_workspace

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

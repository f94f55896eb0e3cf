"""A small world for the tests above the data: eight drawn scenes in a workspace, and a checkpoint that was never trained."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class TinyWorld:
    """folder: the COCO data set (images/, annotations.json).  workspace: beside it, embedded by `checkpoint`."""

    folder: Path
    workspace: Path
    checkpoint: Path

    def coco(self) -> dict[str, Any]:
        return json.loads((self.folder / "annotations.json").read_text())

    def copy(self, target: Path) -> TinyWorld:
        """The world once more, free to be changed; the checkpoint is shared."""
        shutil.copytree(self.folder, target)
        return TinyWorld(target, target / "workspace", self.checkpoint)


def make_tiny_world(folder: Path) -> TinyWorld:
    from hypviz.clipart import SPLIT_SEEDS, write_dataset
    from hypviz.data.formats.coco import read_coco
    from hypviz.inference.embed import embed_workspace
    from hypviz.workspace.importing import import_workspace

    data = folder / "data"
    annotations = write_dataset(data, SPLIT_SEEDS["test"][:8], size=(192, 144), workers=1)
    made, _ = import_workspace(data / "workspace", read_coco(annotations, data / "images"), name="tiny")
    checkpoint = make_checkpoint(folder / "checkpoints" / "tiny", made)
    embed_workspace(made, checkpoint, device="cpu")
    return TinyWorld(data, made.folder, checkpoint)


@dataclass(frozen=True)
class MeruWorld:
    """Photographs in a workspace, embedded by `checkpoint`, a MERU file with random weights."""

    workspace: Path
    checkpoint: Path


def make_meru_world(folder: Path, shared: Path) -> MeruWorld:
    from hypviz.data.formats.coco import read_coco
    from hypviz.inference.embed import embed_workspace
    from hypviz.workspace.importing import import_workspace

    wanted = {Path(name).name for name in json.loads((shared / "meru_random" / "meta.json").read_text())["images"]}
    content = json.loads((shared / "photos" / "annotations.json").read_text())
    content["images"] = [image for image in content["images"] if Path(image["file_name"]).name in wanted]
    kept = {image["id"] for image in content["images"]}
    content["annotations"] = [box for box in content["annotations"] if box["image_id"] in kept]
    (folder / "eight.json").write_text(json.dumps(content))
    made, _ = import_workspace(folder / "photos", read_coco(folder / "eight.json", shared / "photos" / "images"), name="eight photos")
    checkpoint = shared / "meru_random" / "checkpoint.pth"
    embed_workspace(made, checkpoint, device="cpu")
    return MeruWorld(made.folder, checkpoint)


def make_checkpoint(path: Path, workspace: Any, *, seed: int = 0, **card: Any) -> Path:
    """Random weights, but with the statistics of this data in the normalisation, so directions point everywhere."""
    import torch

    from hypviz.config import EncoderSettings
    from hypviz.data.crops import iter_crops
    from hypviz.model.card import Card
    from hypviz.model.checkpoint import save_checkpoint
    from hypviz.model.encoder import build_encoder

    encoder = build_encoder(EncoderSettings(embed_dim=16), seed=seed)
    for module in encoder.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.momentum = 1.0
    _, crops = next(iter_crops(workspace.items, np.arange(len(workspace.items)), size=encoder.image_size))
    with torch.no_grad():
        encoder.train()(encoder.normalise(crops))
    filled = {"omega_children": 2.15, "omega_parents": 0.5, "licence": "CC0-1.0", "description": "Never trained."} | card
    return save_checkpoint(path, encoder.eval(), Card(path.name, encoder.settings, encoder.curv.item(), **filled))


def picture_bytes(picture: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    from io import BytesIO

    stream = BytesIO()
    picture.save(stream, format, **options)
    return stream.getvalue()

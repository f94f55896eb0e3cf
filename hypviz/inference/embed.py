"""Embed the items of a data set with an encoder: directions and radii, one row per item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hypviz.data.crops import crop_square, iter_crops
from hypviz.data.items import Items
from hypviz.inference.embedding_parts import EmbeddingParts
from hypviz.inference.in_pictures import in_pictures, picture_rows
from hypviz.progress import OnProgress
from hypviz.search.embedding import Embedding

if TYPE_CHECKING:
    import torch
    from PIL import Image

    from hypviz.config import EncoderSettings
    from hypviz.model.encoder import HyperbolicEncoder
    from hypviz.workspace.store import Workspace

SHIPPED = ("demo", "photos")
"""The checkpoints that come with hypviz: for the drawn world, and for photographs."""
DRAWN_CLASSES = 30
"""Classes from which on a data set whose names are all of the drawn world is taken for it; photographs may share a few."""
GATHERED = 256
"""Crops decoded ahead, of which the first are a sample to choose the number format by."""
NORM_CROPS = 1024
"""Crops that an untrained encoder's batch normalisation is adapted to."""


def encode(
    encoder: HyperbolicEncoder, crops: NDArray[np.uint8], *, batch: int | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """uint8 crops (n, S, S, 3) → directions (n, D) and radii (n,), on the encoder's device, out of memory halving the batch.

    batch: crops looked at together; None for what suits the device. The result depends on it by rounding only.
    """
    import torch

    from hypviz.model.device import in_batches, inference_batch

    def work(start: int, stop: int) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.inference_mode():
            direction, radius = encoder(encoder.normalise(np.array(crops[start:stop])))  # a copy: a memory map cannot be written
            return direction.cpu(), radius.cpu()

    parts = [result for _, _, result in in_batches(work, len(crops), batch or inference_batch(encoder.mean.device))]
    return torch.cat([d for d, _ in parts]).numpy(), torch.cat([r for _, r in parts]).numpy()


def features_of(encoder: HyperbolicEncoder, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """uint8 crops (n, S, S, 3) → features of the backbone (n, F), as `encode` sees them."""
    import torch

    from hypviz.model.device import in_batches, inference_batch

    def work(start: int, stop: int) -> torch.Tensor:
        with torch.inference_mode():
            values: torch.Tensor = encoder.backbone(encoder.normalise(np.array(crops[start:stop])))  # a copy, as in `encode`
            return values.float().cpu()

    parts = [part for _, _, part in in_batches(work, len(crops), inference_batch(encoder.mean.device))]
    features: NDArray[np.float32] = torch.cat(parts).numpy()
    return features


def projected(encoder: HyperbolicEncoder, features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Features of the backbone (n, F) → directions (n, D) and radii (n,), by the head."""
    import torch

    with torch.inference_mode():
        directions, radii = encoder.project(torch.from_numpy(features).to(encoder.mean.device))
    return directions.cpu().numpy(), radii.cpu().numpy()


def embed_items(
    items: Items,
    encoder: HyperbolicEncoder,
    *,
    batch: int | None = None,
    workers: int = 2,
    parts: EmbeddingParts | None = None,
    on_progress: OnProgress | None = None,
) -> Embedding:
    """Embed every item; each picture is decoded once, by `workers` threads ahead of the network.

    parts: what an earlier run kept is taken from them, and what is embedded is kept in them. on_progress may raise to stop.
    """
    count, dimension, quick, form, seen = len(items), encoder.settings.embed_dim, encoder, "", 0
    directions, radii, done = np.empty((count, dimension), np.float32), np.empty(count, np.float32), np.zeros(count, np.bool_)
    try:
        for chosen in (np.arange(min(GATHERED, count)), np.arange(GATHERED, count)):  # the first, to choose the number format by
            for rows, crops in iter_crops(items, chosen[~done[chosen]], size=encoder.image_size, batch=batch or GATHERED, workers=workers):
                if not form:
                    quick = in_fastest_dtype(encoder, crops, count=count)
                    form = str(next(quick.backbone.parameters()).dtype).removeprefix("torch.")
                    done = parts.read(form, directions, radii) if parts else done
                    seen = int(np.count_nonzero(done))
                directions[rows], radii[rows] = encode(quick, crops, batch=batch)
                new, done[rows] = rows[~done[rows]], True
                seen += len(new)
                if parts:
                    parts.add(form, new, directions[new], radii[new])
                if on_progress:
                    on_progress(seen, count)
    except BaseException:
        if parts:
            parts.flush(form)
        raise
    embedding = Embedding(directions, radii, encoder.curv.item(), encoder.settings.geometry)
    return in_pictures(embedding, picture_rows(items), encoder.settings)


def embed_untrained(items: Items, settings: EncoderSettings, *, device: str = "auto", on_progress: OnProgress | None = None) -> Embedding:
    """Embed every item with an encoder of these settings before any training: what the architecture is worth by itself.

    Batch normalisation that has seen no pictures takes its statistics from up to `NORM_CROPS` of the items, drawn with a
    fixed seed. Left as it is, a deep network of random weights sees one point everywhere, and the floor is unfairly low.
    """
    from hypviz.model.device import pick_device
    from hypviz.model.encoder import build_encoder
    from hypviz.model.norms import adapt_norms, has_fresh_norms

    encoder = build_encoder(settings).to(pick_device(device)).eval()
    if has_fresh_norms(encoder):
        rows = norm_sample(len(items))
        crops = np.concatenate([crops for _, crops in iter_crops(items, rows, size=encoder.image_size, workers=2)])
        adapt_norms(encoder, crops, on_share=lambda share: None)
    return embed_items(items, encoder, on_progress=on_progress)


def norm_sample(count: int) -> NDArray[np.int64]:
    """Rows of the items that an untrained encoder's batch normalisation is adapted to."""
    return np.sort(np.random.default_rng(0).permutation(count)[:NORM_CROPS])


def embed_crops(encoder: HyperbolicEncoder, crops: NDArray[np.uint8], picture: NDArray[np.int64], *, batch: int | None = None) -> Embedding:
    """Embed crops (N, S, S, 3) that are kept already, such as a crop cache; rows as they come. picture: (N,) as in `in_pictures`."""
    directions, radii = encode(in_fastest_dtype(encoder, crops, count=len(crops)), crops, batch=batch)
    embedding = Embedding(directions, radii, encoder.curv.item(), encoder.settings.geometry)
    return in_pictures(embedding, picture, encoder.settings)


def in_fastest_dtype(encoder: HyperbolicEncoder, crops: NDArray[np.uint8], *, count: int) -> HyperbolicEncoder:
    """The encoder, or its copy in the number format that is fastest here and exact enough; see `model.fastest`."""
    from hypviz.model.fastest import in_fastest_dtype as choose

    return choose(encoder, crops, count=count)


def embed_picture(
    encoder: HyperbolicEncoder,
    picture: Image.Image,
    boxes: Sequence[Sequence[float]],
    *,
    whole: NDArray[np.float32] | None = None,
) -> Embedding:
    """Embed crops of one open picture, boxes as xyxy pixels: for uploads and boxes drawn by hand.

    A box that is all of the picture counts as the whole picture, with the others as its contents. whole: (D,) the direction of the
    whole picture where it is known and none of the boxes; None embeds it without contents for the others to be seen in.
    """
    settings, frame = encoder.settings, tuple(map(float, (0, 0, *picture.size)))
    is_whole = np.array([tuple(map(float, box)) == frame for box in boxes])
    alone = bool(settings.context) and not is_whole.any()
    seen = [*boxes, *([frame] if alone and whole is None else [])]
    directions, radii = encode(encoder, np.stack([crop_square(picture, box, encoder.image_size) for box in seen]))
    if alone and whole is not None:
        directions, radii = np.concatenate([directions, whole[None]]), np.append(radii, np.float32(0))
    rows = np.where(np.append(is_whole, [True] * alone), np.arange(len(radii)), is_whole.argmax() if is_whole.any() else len(radii) - 1)
    embedding = Embedding(directions, radii, encoder.curv.item(), settings.geometry)
    return in_pictures(embedding, rows, replace(settings, contents=0.0) if alone else settings).take(np.arange(len(boxes)))


def checkpoint_for(workspace: Workspace, checkpoint: str | Path) -> Path:
    """Path of the checkpoint, or of the workspace's own vectors. checkpoint: a name or a file; "" for the shipped one that suits."""
    from hypviz.model.card import find_checkpoint

    return workspace.vectors or find_checkpoint(checkpoint or suited_checkpoint(workspace.items.classes))


def suited_checkpoint(classes: Sequence[str]) -> str:
    """Name of the shipped checkpoint for a data set with these classes: "demo" for the drawn world, "photos" for anything else.

    >>> suited_checkpoint(["cat", "tail"])
    'photos'
    """
    from hypviz.clipart import OBJECT_CLASSES, PART_CLASSES

    drawn = len(classes) >= DRAWN_CLASSES and {*OBJECT_CLASSES, *PART_CLASSES}.issuperset(classes)
    return "demo" if drawn else "photos"


def embed_workspace(
    workspace: Workspace, checkpoint: str | Path, *, device: str = "auto", force: bool = False, on_progress: OnProgress | None = None
) -> Embedding:
    """The workspace's embedding by a checkpoint, from its store when it is fresh, else made and stored. on_progress may raise to stop: what
    was embedded until then, or until the process was killed, is kept in parts, and the next call goes on from there.

    A workspace of own vectors has its own, whatever the checkpoint.
    """
    from hypviz.model.card import checkpoint_hash, origin_of

    path = checkpoint_for(workspace, checkpoint)
    key = checkpoint_hash(path)
    stored = None if force else workspace.embedding(key)
    if stored is not None:
        return stored
    if workspace.vectors is not None:
        from hypviz.vectors.workspace import own_embedding

        workspace.write_embedding(key, embedding := own_embedding(workspace), extra={"vectors": workspace.name})
        return embedding
    from hypviz.model.checkpoint import load_checkpoint
    from hypviz.model.device import pick_device

    encoder, card = load_checkpoint(path)
    parts = EmbeddingParts(workspace, key)
    if force:
        parts.forget()
    embedding = embed_items(workspace.items, encoder.to(pick_device(device)), parts=parts, on_progress=on_progress)
    workspace.write_embedding(key, embedding, extra={"checkpoint": card.name, "origin": origin_of(path)})
    parts.forget()
    return embedding

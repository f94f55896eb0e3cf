"""The encoder a training starts from: a checkpoint, or a backbone that gets a head without training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hypviz.config import EncoderSettings
from hypviz.data.crops import build_crop_cache
from hypviz.data.items import Items
from hypviz.errors import SettingsError
from hypviz.finetune.request import FinetuneRequest
from hypviz.model.backbone import check_known, hub_tag
from hypviz.model.card import Card, find_checkpoint, read_card
from hypviz.model.checkpoint import load_checkpoint
from hypviz.model.device import pick_device
from hypviz.model.encoder import HyperbolicEncoder, build_encoder
from hypviz.model.fresh_head import with_polar_head
from hypviz.model.norms import adapt_norms, has_batch_norm
from hypviz.model.offers import offered_licence
from hypviz.model.packaged import find_packaged, weights_file
from hypviz.progress import OnShare

FRESH_DIM = 256
"""Dimension of the space for a backbone that has none yet: twice the paper's, whose encoders are trained whole, while here the
directions have to hold what the backbone knows (docs/results.md) [M]."""
CONTEXT = 0.5
"""`context` and `contents` of a backbone that has no card yet: on unseen photographs of streets, rooms, clothes and cars 0.3 … 0.75 are
alike, and better than none (docs/results.md) [M]."""
BOXES_FROM = 1e-3
"""`boxes_from` of a backbone that has no card yet: so small that no angle between boxes changes by it. From 0.03 on the parts of cars are
found less well (docs/results.md) [M]."""
TEMPERATURE = 0.07
"""τ that a head alone begins with on a bare backbone, the paper's [P]. Encoders that learn whole run outwards from there and begin at
0.2; a head that begins at the principal components of fixed features does not, and finds more (docs/results.md) [M]."""
MAX_FRESH = 20_000
"""Crops that a training-free head is fitted to at most, evenly spaced."""


def start_settings(job: FinetuneRequest) -> EncoderSettings:
    """The encoder's settings, without loading any weights; CheckpointError or SettingsError when there is no such start."""
    if job.checkpoint:
        return read_card(find_checkpoint(job.checkpoint)).encoder
    check_known(job.backbone)
    family, _, name = job.backbone.partition(":")
    if family == "pretrained" and not job.weights:
        weights_file(find_packaged(name))
    elif not job.weights:
        raise SettingsError(
            f"{job.backbone} needs weights, a file or hub:TAG: a backbone with random weights has nothing to tune; "
            "pretrained:efficientnet_lite0 brings its own."
        )
    elif not hub_tag(job.weights) and not Path(job.weights).is_file():
        raise SettingsError(f"There is no weights file {job.weights!r} on the machine that hypviz runs on.")
    power = 0.5 if job.backbone.startswith("pretrained:") else 1.0
    settings = with_polar_head(
        EncoderSettings(
            job.backbone, embed_dim=FRESH_DIM, published=hub_tag(job.weights), feature_power=power,
            boxes_from=BOXES_FROM, context=CONTEXT, contents=CONTEXT,
        )
    )  # fmt: skip
    return replace(settings, temperature_init=TEMPERATURE) if job.depth == "head" else settings


def start_licence(job: FinetuneRequest) -> str:
    """The licence of what it starts from, which binds the result too; "" where nobody stated one."""
    licence = read_card(find_checkpoint(job.checkpoint)).licence if job.checkpoint else offered_licence(job.backbone, job.weights)
    return "" if licence == "not stated" else licence


def load_start(
    job: FinetuneRequest, items: Items, train_rows: NDArray[np.int64], *, crops: Path, device: str, adapt: bool, on_share: OnShare
) -> tuple[HyperbolicEncoder, Card]:
    """The encoder a training starts from, in eval mode on its device, with its card; a bare backbone's head is not set yet.

    train_rows: items that may be learned from.  crops: folder of the crop cache.  adapt: whether batch normalisation first
    takes its statistics from those items.
    """
    encoder, card = _load(job)
    encoder = encoder.to(pick_device(device)).eval()
    if adapt and has_batch_norm(encoder):
        cache = build_crop_cache(items, crops, size=encoder.image_size, workers=2)
        mixed = np.random.default_rng(0).permutation(spaced(train_rows))  # a batch of one kind of crop would have odd statistics
        adapt_norms(encoder, cache[mixed], on_share=on_share)
    return encoder, card


def spaced(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """At most `MAX_FRESH` of the rows, evenly spaced."""
    return rows[:: max(1, -(-len(rows) // MAX_FRESH))]


def rarity_weights(label: NDArray[np.integer]) -> NDArray[np.float64]:
    """(n,) weights of items by class (−1: a scene): one over the root of the class's count, so that a class of thousands does
    not set the directions alone."""
    _, place, count = np.unique(label, return_inverse=True, return_counts=True)
    weights: NDArray[np.float64] = count[place] ** -0.5
    return weights


def _load(job: FinetuneRequest) -> tuple[HyperbolicEncoder, Card]:
    if job.checkpoint:
        return load_checkpoint(find_checkpoint(job.checkpoint))
    settings = start_settings(job)
    encoder = build_encoder(settings, weights=job.weights or None)
    description = "Training-free polar head: directions along the principal components, all radii alike."
    licence = start_licence(job) or "not stated"
    return encoder, Card("start", settings, encoder.curv.item(), licence=licence, description=description)

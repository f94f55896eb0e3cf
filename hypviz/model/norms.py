"""Batch normalisation on new pictures: its statistics taken from them, nothing else changed (Li et al., 2016, AdaBN)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from hypviz.model.device import in_batches
from hypviz.model.encoder import HyperbolicEncoder
from hypviz.progress import OnShare


def has_batch_norm(encoder: HyperbolicEncoder) -> bool:
    """Whether the backbone normalises by statistics of its training pictures."""
    return any(isinstance(module, _BatchNorm) for module in encoder.backbone.modules())


def has_fresh_norms(encoder: HyperbolicEncoder) -> bool:
    """Whether batch normalisation has never seen a picture: its means are all 0 and its variances all 1."""
    states = [
        (norm.running_mean, norm.running_var)
        for norm in encoder.backbone.modules()
        if isinstance(norm, _BatchNorm) and norm.running_mean is not None and norm.running_var is not None
    ]
    return bool(states) and all(not mean.any() and bool((variance == 1).all()) for mean, variance in states)


def training_norms(module: nn.Module) -> list[_BatchNorm]:
    """The batch normalisations of a module that are in training mode: they normalise by their batch, and learn from it."""
    return [norm for norm in module.modules() if isinstance(norm, _BatchNorm) and norm.training]


def synchronise_norms(encoder: HyperbolicEncoder) -> None:
    """Let batch normalisation of the backbone use the statistics of all processes' batches together, in training; on GPUs only.

    Weights and statistics stay the very tensors they were, under their names. timm's layers keep the activation that is part of them.
    """
    from timm.layers import convert_sync_batchnorm

    encoder.backbone = convert_sync_batchnorm(encoder.backbone)


@torch.no_grad()
def adapt_norms(encoder: HyperbolicEncoder, crops: NDArray[np.uint8], *, on_share: OnShare) -> None:
    """Replace the statistics of every batch normalisation by those of `crops` (N, S, S, 3), in one pass; leaves eval mode on.

    The batches' means and variances are averaged. `on_share` hears the share done and may raise: then they are half new.
    """
    norms = [module for module in encoder.backbone.modules() if isinstance(module, _BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain average over the batches
    encoder.backbone.train()
    for _, stop, _ in in_batches(lambda a, b: encoder.backbone(encoder.normalise(np.array(crops[a:b]))), len(crops), 256):
        on_share(stop / len(crops))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    encoder.eval()

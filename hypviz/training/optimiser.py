"""AdamW with weight decay on matrices only, and the learning rate's course: warm-up, then a cosine to zero."""

from __future__ import annotations

import math

import torch

from hypviz.config import TrainSettings
from hypviz.model.blocks import freeze_all_but_last
from hypviz.model.encoder import HyperbolicEncoder


def build_optimiser(encoder: HyperbolicEncoder, settings: TrainSettings) -> torch.optim.AdamW:
    """Groups by part (backbone, a polar head's directions, all else) and by decay (matrices and filters, or not).

    Each group keeps its own peak learning rate as `peak`. A backbone with rate 0 is frozen, and so is all of it but the
    last blocks where `last_blocks` is set; one that has adapters was frozen when it got them.
    """
    if settings.last_blocks and not settings.lora_rank:
        freeze_all_but_last(encoder.backbone, settings.last_blocks)
    groups: dict[tuple[float, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in encoder.named_parameters():
        scale = _rate_of(name, settings)
        if scale == 0:
            parameter.requires_grad_(False)
        if parameter.requires_grad:
            groups.setdefault((scale, parameter.ndim >= 2), []).append(parameter)
    described = [
        {
            "params": parameters,
            "peak": settings.lr * scale,
            "weight_decay": settings.weight_decay if is_matrix else 0.0,
        }
        for (scale, is_matrix), parameters in groups.items()
    ]
    return torch.optim.AdamW(described, lr=settings.lr, betas=settings.betas)


def _rate_of(parameter: str, settings: TrainSettings) -> float:
    """Learning rate of a parameter relative to the peak."""
    if parameter.startswith("backbone."):
        return settings.backbone_lr_scale
    return settings.direction_lr_scale if parameter.startswith(("head.direction.", "head.direction_net.")) else 1.0


def learning_rate(step: int, settings: TrainSettings) -> float:
    """Share of the peak learning rate at a step: linear warm-up over `warmup` of the steps, then half a cosine to 0."""
    warm = max(1, round(settings.warmup * settings.steps))
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, settings.steps - warm)))

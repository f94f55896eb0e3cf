"""Batch normalisation folded into the convolution before it: the same function in eval mode, with a pass over memory less per layer."""

from __future__ import annotations

import copy
from itertools import pairwise

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights


def folded(tower: nn.Module) -> nn.Module | None:
    """A copy of an image tower in which every convolution has taken in the batch normalisation defined right after it.

    None where there is no such pair. What is defined after a convolution nearly always is what follows it, yet nothing says so:
    the caller compares the two towers' outputs before it trusts the copy. Only for inference.
    """
    made = copy.deepcopy(tower).eval()
    return made.to(memory_format=torch.channels_last) if _fold(made) else None


def _fold(module: nn.Module) -> int:
    """Fold all pairs below a module, in place; how many there were."""
    children = list(module.named_children())
    count = sum(_fold(child) for _, child in children)
    for (_, convolution), (name, norm) in pairwise(children):
        if not isinstance(convolution, nn.Conv2d) or not isinstance(norm, nn.BatchNorm2d):
            continue
        if norm.running_mean is None or norm.running_var is None or norm.num_features != convolution.out_channels:
            continue
        convolution.weight, bias = fuse_conv_bn_weights(
            convolution.weight, convolution.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
        )
        convolution.bias = bias
        act = getattr(norm, "act", None)  # timm's normalisations bring the activation that follows them
        setattr(module, name, act if isinstance(act, nn.Module) else nn.Identity())
        count += 1
    return count

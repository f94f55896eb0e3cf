"""The same function in eval mode with fewer passes over memory: for inference on a CPU.

Batch normalisation is folded into the convolution before it. Convolutions with TensorFlow's "same" padding, one more row at the end
than at the beginning, copy their input to pad it; of the turned picture they need one more at the beginning, which is what an
ordinary padding gives.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeGuard

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_weights


def folded(tower: nn.Module) -> nn.Module | None:
    """A copy of an image tower in which every convolution has taken in the batch normalisation defined right after it.

    None where there is no such pair. What is defined after a convolution nearly always is what follows it, yet nothing says so:
    the caller compares the two towers' outputs before it trusts the copy. Only for inference.
    """
    tower_copy = copy.deepcopy(tower).eval()
    return tower_copy.to(memory_format=torch.channels_last) if _fold(tower_copy) else None


class Mirrored(nn.Module):
    """A tower that sees every picture (B, 3, S, S) turned by 180°."""

    def __init__(self, tower: nn.Module) -> None:
        super().__init__()
        self.tower = tower

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """The tower's features of the turned pictures."""
        features: torch.Tensor = self.tower(pixels.flip(2, 3))
        return features


def mirrored(tower: nn.Module) -> nn.Module | None:
    """A copy of a tower with all kernels turned by 180°, which turns its input, so that no convolution has to copy its own to pad it.

    None where no convolution does that, or one with an even kernel. The same function when strides are at most 2 and everything else
    treats both ends of a picture alike; the caller compares the outputs before it trusts the copy. Only for inference.
    """
    padded = [one for one in tower.modules() if _pads_at_end(one)]
    if not padded or any(size % 2 == 0 for one in padded for size in one.kernel_size):
        return None
    tower_copy = copy.deepcopy(tower).eval()
    for module in list(tower_copy.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Conv2d):
                setattr(module, name, _turned(child))
    return Mirrored(tower_copy).to(memory_format=torch.channels_last)


def _pads_at_end(module: nn.Module) -> TypeGuard[nn.Conv2d]:
    return isinstance(module, nn.Conv2d) and type(module).__name__ == "Conv2dSame" and type(module).__module__.startswith("timm.")


def _turned(convolution: nn.Conv2d) -> nn.Conv2d:
    """An ordinary convolution of the turned picture; what was padded as "same" gets as many rows on both sides as one side needed."""
    kernel, stride, dilation = (_pair(one) for one in (convolution.kernel_size, convolution.stride, convolution.dilation))
    padding = convolution.padding if isinstance(convolution.padding, str) else _pair(convolution.padding)
    if _pads_at_end(convolution):
        needed = [step * (size - 1) + 1 - jump for step, size, jump in zip(dilation, kernel, stride, strict=True)]
        padding = _pair([(rows + 1) // 2 for rows in needed])
    turned = nn.Conv2d(
        convolution.in_channels, convolution.out_channels, kernel, stride, padding, dilation, convolution.groups,
        convolution.bias is not None,
    )  # fmt: skip
    turned.weight = nn.Parameter(convolution.weight.detach().flip(2, 3))
    turned.bias = convolution.bias
    return turned.eval()


def _pair(values: Sequence[int]) -> tuple[int, int]:
    return values[0], values[1]


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

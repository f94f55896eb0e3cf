"""The mean over an anchor's positives of −log softmax, with slopes written by hand: what torch's operations give, in fewer passes.

For an anchor with similarities s to its candidates, their scale t and weights w ≥ 0 of its positives, which sum to W,

    loss = −Σ_j w_j/W log softmax(t s)_j = log Σ_k exp(t s_k) − t Σ_j w_j s_j / W,        ∂loss/∂s_j = t (softmax(t s)_j − w_j/W)

Left to autograd, scale, masks, softmax and mean keep and read some eight arrays of anchors × candidates. Here one is kept beside the
similarities and the mask.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def mean_log_share(similarity: Tensor, scale: Tensor, absent: Tensor, weight: Tensor) -> Tensor:
    """(A, K) similarities, their scale (), bool whether a candidate is left out, and which are positives → (A,) at least 0.

    weight: of the positives, 0 for all others, or bool for all alike. An anchor without a positive gets 0. What is left out gets no
    slope. Slopes can be taken once only.
    """
    losses: Tensor = _MeanLogShare.apply(similarity, scale, absent, weight)
    return losses


def as_numbers(weight: Tensor, dtype: torch.dtype) -> Tensor:
    """A mask as 1 and 0, by its bytes: torch turns those into numbers five times as fast as truth values. Numbers as they are."""
    return weight.view(torch.int8).to(dtype) if weight.dtype == torch.bool else weight


class _MeanLogShare(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, similarity: Tensor, scale: Tensor, absent: Tensor, weight: Tensor) -> Tensor:
        """See `mean_log_share`."""
        # A least number is added and not filled in, since a processor guesses wrong which way a mask goes; unlike −inf it leaves an anchor
        # of nothing else finite.
        least = as_numbers(absent, similarity.dtype).mul_(torch.finfo(similarity.dtype).min)
        shifted = torch.addcmul(least, similarity, scale, out=least)
        shifted -= shifted.amax(dim=1, keepdim=True)
        shares = as_numbers(weight, similarity.dtype)
        total = shares.sum(dim=1)
        anchors = total > 0
        total = torch.where(anchors, total, 1)  # guards 0/0
        mean = (shifted * shares).sum(dim=1) / total
        mass = shifted.exp_().sum(dim=1)
        ctx.save_for_backward(similarity, scale, shifted, weight, torch.where(anchors, 1 / mass, 0), 1 / total)
        return torch.where(anchors, mass.log() - mean, 0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, Tensor | None, None, None]:
        """The slopes of similarities and scale."""
        similarity, scale, exps, weight, of_mass, of_weight = ctx.saved_tensors
        slopes = exps * (slope * of_mass * scale)[:, None]
        slopes.addcmul_(as_numbers(weight, slopes.dtype), (slope * of_weight * scale)[:, None], value=-1)
        of_scale = (slopes * similarity).sum() / scale if ctx.needs_input_grad[1] else None
        return slopes, of_scale, None, None

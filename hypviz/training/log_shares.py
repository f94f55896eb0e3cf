"""The mean over an anchor's positives of −log softmax, with slopes written by hand: what torch's operations give, in fewer passes.

For an anchor with logits s over its candidates and weights w ≥ 0 of its positives, which sum to W,

    −Σ_j w_j/W log softmax(s)_j = log Σ_k exp(s_k) − Σ_j w_j s_j / W,        its slope by s_j: softmax(s)_j − w_j/W

Left to autograd, masks, softmax and mean keep and read an array of anchors × candidates each. Here two are kept.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def mean_log_share(logits: Tensor, absent: Tensor, weight: Tensor) -> Tensor:
    """(A, K) logits, bool whether a candidate is left out, and weights of the positives, 0 for all others → (A,) at least 0.

    An anchor without a positive gets 0. What is left out gets no slope. The slope can be taken once only.
    """
    losses: Tensor = _MeanLogShare.apply(logits, absent, weight)
    return losses


class _MeanLogShare(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, absent: Tensor, weight: Tensor) -> Tensor:
        """See `mean_log_share`."""
        # Added and not filled in: a processor guesses wrong at every other step of a mask. Unlike −inf it leaves a row of nothing else finite.
        shifted = torch.add(logits, absent.to(logits.dtype), alpha=torch.finfo(logits.dtype).min)
        shifted -= shifted.amax(dim=1, keepdim=True)
        total = weight.sum(dim=1)
        anchors = total > 0
        total = torch.where(anchors, total, 1)  # guards 0/0
        mean = (shifted * weight).sum(dim=1) / total
        mass = shifted.exp_().sum(dim=1)
        ctx.save_for_backward(shifted, weight, torch.where(anchors, 1 / mass, 0), 1 / total)
        return torch.where(anchors, mass.log() - mean, 0)

    @staticmethod
    @once_differentiable  # type: ignore[untyped-decorator]
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None, None]:
        """The slopes of the logits."""
        exps, weight, of_mass, of_weight = ctx.saved_tensors
        slopes = exps * (slope * of_mass)[:, None]
        return slopes.addcmul_(weight, (slope * of_weight)[:, None], value=-1), None, None

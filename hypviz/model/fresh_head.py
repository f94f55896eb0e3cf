"""A hyperbolic head without training, for a backbone that never had one: the mean embedding at the root, median radius 1.

The directions are the leading principal components of the backbone's features, so nothing of their variance is lost that
`embed_dim` components can hold; only the one scale and the origin are chosen [R].
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hypviz.config import EncoderSettings
from hypviz.errors import DataError
from hypviz.model.encoder import HyperbolicEncoder
from hypviz.model.heads import PolarHead

WHITENING = 0.5
"""Power of the standard deviation that the components of a polar head are divided by; 0 keeps them, 1 makes all alike [M]."""


def with_head_bias(settings: EncoderSettings) -> EncoderSettings:
    """The settings of an encoder that `fit_head` can be applied to."""
    return replace(settings, head_bias=True)


def with_polar_head(settings: EncoderSettings) -> EncoderSettings:
    """The settings with a polar head, curvature and temperature where its training has gradients [R]."""
    return replace(settings, head="polar", head_bias=False, curv_init=0.5, temperature_init=0.2)


@torch.no_grad()
def fit_head(encoder: HyperbolicEncoder, features: NDArray[np.floating], weights: NDArray[np.floating] | None = None) -> None:
    """Set the head from features (N, F) of a data set, N >= 2, without training.

    A linear head: the mean of the tangent vectors of these features is 0 afterwards and the median of their radii 1. A polar
    head: directions are the principal components, each scaled by the inverse square root of its standard deviation, so that
    a few strong ones do not speak for all; radii stay as they begin. Where the features vary along fewer components than there
    are dimensions the rest starts at zero. weights: (N,) > 0, how much each counts; None for all alike. Raises DataError when all features
    are the same or not finite.
    """
    values = torch.as_tensor(np.asarray(features, np.float64))
    if isinstance(encoder.head, PolarHead):
        values = encoder.head.tempered(values.to(encoder.mean.device)).double().cpu()
    share = torch.ones(len(values), dtype=torch.float64) if weights is None else torch.as_tensor(np.asarray(weights, np.float64))
    share = (share / share.sum()).unsqueeze(1)
    mean = (share * values).sum(dim=0)
    centred = values - mean
    spread = float(centred.norm(dim=1).quantile(0.5)) if torch.isfinite(values).all() else 0.0
    if len(values) < 2 or spread <= 0:
        raise DataError("The backbone gives every picture the same features; its weights are not usable as a start.")
    variance, directions = _components(share.sqrt() * centred, encoder.settings.embed_dim)
    if isinstance(encoder.head, PolarHead):
        _fit_polar(encoder.head, mean, variance, directions)
        return
    weight = torch.zeros_like(encoder.head.weight, dtype=torch.float64)
    weight[: len(directions)] = directions
    radius = (centred @ weight.T).norm(dim=1).quantile(0.5) * encoder.log_alpha.double().exp().cpu()
    weight /= radius
    encoder.head.weight.copy_(weight)
    encoder.head.bias.copy_(-(weight @ mean))


def _components(values: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """Variances (k,), descending, and principal components (k, F) of centred, weighted features (N, F); k is at most N, F, `most`."""
    if 2 * len(values) < values.shape[1]:  # a hundred photographs have some thousand boxes, a backbone some thousand features
        _, scale, vectors = torch.linalg.svd(values, full_matrices=False)
        return scale[:most].square(), vectors[:most]
    variance, vectors = torch.linalg.eigh(values.T @ values)  # ascending
    return variance.flip(0)[:most], vectors.flip(1).T[:most]


def _fit_polar(head: PolarHead, mean: Tensor, variance: Tensor, directions: Tensor) -> None:
    """Centre and scale the features and begin the directions at their components (k, F), of that variance (k,) descending."""
    head.centre.copy_(mean)
    head.spread.copy_((variance.sum() / len(mean)).sqrt())
    variance = variance.clamp_min(0.0)  # of components that nothing varies along it is 0 but for rounding
    share, least = variance / variance[0], torch.finfo(torch.float32).eps
    boost = torch.where(share > least, share.clamp_min(least).pow(-WHITENING / 2), 0.0)  # what never varied is no direction to start from
    weight = torch.zeros_like(head.weight, dtype=torch.float64)
    weight[: len(directions)] = directions * boost.unsqueeze(1)
    weight /= (weight @ (directions.T * variance.sqrt())).norm() / float(head.spread)  # scaled features give vectors of about length 1
    head.direction.weight.copy_(weight)
    head.direction.bias.zero_()

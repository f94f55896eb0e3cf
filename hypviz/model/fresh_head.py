"""A hyperbolic head without training, for a backbone that never had one: the mean embedding at the root, median radius 1.

The directions are the leading principal components of the backbone's features, so nothing of their variance is lost that
`embed_dim` components can hold; only the one scale and the origin are chosen [R].
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from hypviz.config import EncoderSettings
from hypviz.errors import DataError
from hypviz.model.encoder import HyperbolicEncoder


def with_head_bias(settings: EncoderSettings) -> EncoderSettings:
    """The settings of an encoder that `fit_head` can be applied to."""
    return replace(settings, head_bias=True)


@torch.no_grad()
def fit_head(encoder: HyperbolicEncoder, features: NDArray[np.floating]) -> None:
    """Set the head from features (N, F) of a data set, N >= 2, without training.

    Afterwards the mean of the tangent vectors of these features is 0 and the median of their radii is 1. Where there are
    fewer components than dimensions the rest starts at zero. Raises DataError
    when all features are the same or not finite.
    """
    values = torch.as_tensor(np.asarray(features, np.float64))
    mean = values.mean(dim=0)
    centred = values - mean
    spread = float(centred.norm(dim=1).quantile(0.5)) if torch.isfinite(values).all() else 0.0
    if len(values) < 2 or spread <= 0:
        raise DataError("The backbone gives every picture the same features; its weights are not usable as a start.")
    covariance = centred.T @ centred / len(centred)
    _, vectors = torch.linalg.eigh(covariance)  # ascending
    directions = vectors.flip(1).T[: encoder.settings.embed_dim]  # (≤ D, F)
    weight = torch.zeros_like(encoder.head.weight, dtype=torch.float64)
    weight[: len(directions)] = directions
    radius = (centred @ weight.T).norm(dim=1).quantile(0.5) * encoder.log_alpha.double().exp().cpu()
    weight /= radius
    encoder.head.weight.copy_(weight)
    encoder.head.bias.copy_(-(weight @ mean))

"""A classifier's word beside its features: a tower that also tells how probable each class it was trained on is.

The pooled features of an ImageNet tower say much of texture and setting; what a small crop is of, its own classifier reads
from them by a softmax, which no linear head can. Both together rank unseen photographs better than either (docs/results.md).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

MASS = 110.0
"""What the class probabilities of a picture sum to here: under a power of 0.5 they then vary about as much as the pooled
features of EfficientNet-Lite0, whose centred square roots have a median norm of 10.7 on photographs [M]."""


class FeaturesAndClasses(nn.Module):
    """timm's EfficientNet with its classifier: pictures (B, 3, S, S) → (B, F + C), pooled features, then probabilities × `MASS`."""

    def __init__(self, tower: Any) -> None:
        super().__init__()
        self.tower = tower
        self.num_features = tower.classifier.in_features + tower.classifier.out_features

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        features: Tensor = self.tower.forward_head(self.tower.forward_features(pixels), pre_logits=True)
        logits: Tensor = self.tower.classifier(features)
        return torch.cat([features.float(), MASS * logits.float().softmax(dim=-1)], dim=-1)

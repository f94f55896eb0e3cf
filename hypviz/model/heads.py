"""A head that learns direction and radius apart (the polar head), beside the paper's one linear layer.

A linear head gives one tangent vector, so whatever turns a direction also moves a radius, and on photographs the loss
buys the order of the radii with the directions that the backbone knew, or the other way round. Here the direction is a
normalised linear map of the features, begun at their principal components, and the radius a small network of its own [R].
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

KNEE = 1e-3
"""Where the power of a feature turns linear, so that its gradient stays finite at 0; features of a backbone are of order 1."""


class PolarHead(nn.Module):
    """Features (B, F) → directions (B, D) of unit length and radii (B,) > 0, both float32.

    hidden: width of the radius network, F → hidden → 1.  direction_hidden: of one that is added to the map of the directions, F →
    direction_hidden → D, 0 for none.  radius: what every radius begins at, > 0, in true units.  power: in
    (0, 1], of every feature, its sign kept; 1 leaves them as they are.
    `centre` (F,) and `spread`, both fixed from data by `model.fresh_head`, bring the features of any backbone to one scale.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, features: int, dim: int, *, hidden: int, radius: float, power: float = 1.0, direction_hidden: int = 0) -> None:
        super().__init__()
        self.power = power
        self.direction = nn.Linear(features, dim)
        nn.init.normal_(self.direction.weight, std=features**-0.5)
        nn.init.zeros_(self.direction.bias)
        last = nn.Linear(hidden, 1)
        nn.init.normal_(last.weight, std=0.1 * hidden**-0.5)  # all radii nearly equal: no order before it is learned
        nn.init.constant_(last.bias, math.log(math.expm1(radius)))  # the inverse of softplus
        self.radius = nn.Sequential(nn.Linear(features, hidden), nn.GELU(), last)
        self.direction_net: nn.Sequential | None = None
        if direction_hidden:
            bend = nn.Linear(direction_hidden, dim)
            nn.init.normal_(bend.weight, std=0.1 * direction_hidden**-0.5)  # nearly the linear map alone, where it begins
            nn.init.zeros_(bend.bias)
            self.direction_net = nn.Sequential(nn.Linear(features, direction_hidden), nn.GELU(), bend)
        self.register_buffer("centre", torch.zeros(features))
        self.register_buffer("spread", torch.ones(()))

    @property
    def in_features(self) -> int:
        """F, the width of the features."""
        return self.direction.in_features

    @property
    def weight(self) -> Tensor:
        """(D, F), the map of the directions."""
        return self.direction.weight

    def tempered(self, features: Tensor) -> Tensor:
        """Features (B, F) to the power, float32; their slope is bounded at 0."""
        features = features.float()
        if self.power == 1.0:
            return features
        tempered: Tensor = features.sign() * ((features.abs() + KNEE) ** self.power - KNEE**self.power)
        return tempered

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(B, F) → unit directions (B, D) and radii (B,)."""
        scaled = ((self.tempered(features) - self.centre.float()) / self.spread.float()).to(self.weight.dtype)
        towards = self.direction(scaled).float()
        if self.direction_net is not None:
            towards = towards + self.direction_net(scaled).float()
        direction = functional.normalize(towards, dim=-1)
        radius: Tensor = functional.softplus(self.radius(scaled).float()).squeeze(-1)
        # softplus underflows far below 0; a radius of exactly 0 has no cone.
        return direction, radius.clamp_min(torch.finfo(torch.float32).eps)

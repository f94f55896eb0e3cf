"""The hyperbolic encoder: backbone → head → unit direction and radius. The paper's head is one linear layer, whose output is
a tangent vector at the origin; the polar head (`model.heads`) gives the two apart.

Learnable scalars follow MERU and ACCEPT [A]: log α (feature scale, init d^-1/2, clamp <= 1), log c (curvature,
clamp c₀/10…10 c₀, at least 0.1…10) and log 1/τ (clamp <= 100). A published model may bring a text tower (`model.text`) into the same space.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hypviz.config import EncoderSettings
from hypviz.errors import CheckpointError
from hypviz.model.backbone import RANDOM, Backbone, build_backbone, hub_tag
from hypviz.model.blocks import frozen_parts
from hypviz.model.card import Card, find_checkpoint, read_card
from hypviz.model.heads import PolarHead
from hypviz.model.pretrained import located
from hypviz.model.repository import write_model
from hypviz.model.restore import restore
from hypviz.model.text import TextTower, build_text_tower

CURV_RANGE = (0.1, 10.0)
"""Of c at least; MERU's clamp is a tenth of its start to ten times it, which is the range where a start lies elsewhere."""
MAX_SCALE = 100.0


def _exp_within(log: Tensor, low: float, high: float) -> Tensor:
    """exp(log), kept in low…high, with the gradient of exp alone.

    torch's clamp has no gradient on the edge of its range (torch 2.15; up to rounding before), so that a scalar which
    `clamp_scalars` put there would never leave it.
    """
    log = log.float()
    fixed = log.detach()
    return (log + (fixed.clamp(math.log(low) if low else None, math.log(high)) - fixed)).exp()


class HyperbolicEncoder(nn.Module):
    """Images (B, 3, S, S), normalised → directions (B, D) of unit length and radii (B,), both float32."""

    mean: Tensor
    std: Tensor
    card: Card | None = None
    """Of the checkpoint that it was loaded from."""

    def __init__(self, settings: EncoderSettings, backbone: Backbone, text: TextTower | None = None) -> None:
        super().__init__()
        self.settings = settings
        self.image_size = backbone.size
        self.backbone = backbone.tower
        self.head = _build_head(settings, backbone.features)
        self.log_alpha = nn.Parameter(torch.tensor(math.log(settings.embed_dim**-0.5)))
        self.log_curv = nn.Parameter(torch.tensor(math.log(settings.curv_init)), requires_grad=settings.learn_curv)
        self.log_scale = nn.Parameter(torch.tensor(-math.log(settings.temperature_init)))
        self.text = text
        mean, std = settings.pixel_mean or backbone.mean, settings.pixel_std or backbone.std
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    @classmethod
    def from_pretrained(cls, name: str | Path, *, revision: str | None = None) -> HyperbolicEncoder:
        """The encoder of a checkpoint, in eval mode on the CPU, with its card as `card`.

        name: a folder that `save_pretrained` wrote, a file, a checkpoint's name, or hf://OWNER/MODEL[@REVISION]; with a revision
        (a branch, tag or commit) also OWNER/MODEL, for only a hub has revisions. Raises CheckpointError when there is none, or its
        files are damaged; HubUnreachableError when the hub cannot be reached or refuses.
        """
        path = find_checkpoint(located(name, revision))
        card = read_card(path)
        encoder = restore(build_encoder(card.encoder, weights=RANDOM), path)
        encoder.card = card
        return encoder.eval()

    def save_pretrained(self, folder: str | Path, *, card: Card | None = None) -> Path:
        """Write model.safetensors, config.json and README.md into a folder, as a repository of a hub has them; returns the weights file.

        card: what config.json says; that of the checkpoint it was loaded from by default, else one of the settings alone.
        """
        known = card or self.card or Card(Path(folder).name, self.settings, self.curv.item(), 1.0 / self.scale.item())
        return write_model(Path(folder), self.state_dict(), known)

    @property
    def curv(self) -> Tensor:
        """c > 0; the space has curvature −c."""
        return _exp_within(self.log_curv, *self._curv_range)

    @property
    def _curv_range(self) -> tuple[float, float]:
        start = self.settings.curv_init
        return min(CURV_RANGE[0], start / 10), max(CURV_RANGE[1], 10 * start)

    @property
    def scale(self) -> Tensor:
        """1/τ, at most 100."""
        return _exp_within(self.log_scale, 0.0, MAX_SCALE)

    @torch.no_grad()
    def clamp_scalars(self) -> None:
        """Keep the learnable scalars inside their ranges after an optimiser step, so that none gets stuck outside."""
        self.log_alpha.clamp_(max=0.0)
        low, high = self._curv_range
        self.log_curv.clamp_(math.log(low), math.log(high))
        self.log_scale.clamp_(max=math.log(MAX_SCALE))

    def train(self, mode: bool = True) -> HyperbolicEncoder:
        """As ever, but what is frozen of the backbone stays in eval mode: its batch statistics are as frozen as its weights."""
        super().train(mode)
        for module in frozen_parts(self.backbone):
            module.eval()
        return self

    def to_bfloat16(self) -> HyperbolicEncoder:
        """Turn the backbone to bfloat16; the head, which costs nothing, and the numbers that every embedding shares stay exact."""
        self.backbone.to(torch.bfloat16)
        return self

    def normalise(self, crops: NDArray[np.uint8] | Tensor) -> Tensor:
        """uint8 crops (B, S, S, 3) → network input (B, 3, S, S) on the encoder's device and in its dtype.

        The numbers of `standardise`, bit by bit. Rows of pixels are worked on in place as they lie, channels last: three numbers at a time,
        as a mean for each channel would have it, take a processor four times as long.
        """
        pixels = torch.as_tensor(crops).to(self.mean.device)
        count, height, width, channels = pixels.shape
        mean, std = (each.float().flatten().repeat(width) for each in (self.mean, self.std))
        rows = (pixels.reshape(count, height, width * channels) / 255.0).sub_(mean).div_(std)
        scaled = rows.view(pixels.shape).permute(0, 3, 1, 2)
        return scaled.to(next(self.backbone.parameters()).dtype).contiguous(memory_format=torch.channels_last)

    def standardise(self, pixels: Tensor) -> Tensor:
        """(B, 3, S, S) in 0…1 → the backbone's input."""
        scaled = (pixels - self.mean.float()) / self.std.float()
        return scaled.to(next(self.backbone.parameters()).dtype).contiguous(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, S, S), standardised → directions (B, D) and radii (B,)."""
        return self.project(self.backbone(images))

    def project(self, features: Tensor, *, head: nn.Module | None = None) -> tuple[Tensor, Tensor]:
        """Features of the backbone (B, F) → directions (B, D) and radii (B,): the head alone, or another in its place."""
        head = head or self.head
        if isinstance(head, PolarHead):
            polar: tuple[Tensor, Tensor] = head(features)
            return polar
        return _polar(head(features.float()).float() * _exp_within(self.log_alpha, 0.0, 1.0))

    def encode_texts(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """n texts → directions (n, D) and radii (n,) in the space of the pictures; CheckpointError without a text tower."""
        if self.text is None:
            raise CheckpointError(
                "This checkpoint has no text tower: it was trained on pictures alone, so words have no place in its space."
            )
        return _polar(self.text(texts) * _exp_within(self.text.log_alpha, 0.0, 1.0))


def _build_head(settings: EncoderSettings, features: int) -> PolarHead | nn.Linear:
    if settings.head == "polar":
        return PolarHead(
            features,
            settings.embed_dim,
            hidden=settings.radius_hidden,
            radius=settings.radius_init,
            power=settings.feature_power,
            direction_hidden=settings.direction_hidden,
        )
    head = nn.Linear(features, settings.embed_dim, bias=settings.head_bias)
    nn.init.normal_(head.weight, std=features**-0.5)
    if settings.head_bias:
        nn.init.zeros_(head.bias)
    return head


def _polar(tangent: Tensor) -> tuple[Tensor, Tensor]:
    """(B, D) tangent vectors at the origin → unit directions (B, D) and radii (B,)."""
    # ‖v‖ has no gradient at 0 and v/‖v‖ none below it: the floor only guards an exactly vanishing feature.
    radius = tangent.norm(dim=-1).clamp_min(torch.finfo(torch.float32).eps)
    return tangent / radius.unsqueeze(-1), radius


def backbone_hash(encoder: HyperbolicEncoder) -> str:
    """Names what features depend on: the backbone's weights, the input size and its normalisation. 16 hexadecimal digits."""
    digest = hashlib.sha256(f"{encoder.settings.backbone} {encoder.image_size}".encode())
    for tensor in (encoder.mean, encoder.std, *encoder.backbone.state_dict().values()):
        digest.update(tensor.detach().cpu().float().numpy().tobytes())
    return digest.hexdigest()[:16]


def build_encoder(settings: EncoderSettings, *, weights: str | None = None, seed: int = 0) -> HyperbolicEncoder:
    """A new encoder with seeded weights, its backbone from `weights` (see `build_backbone`) when given."""
    settings = replace(settings, published=hub_tag(weights) or settings.published)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        backbone = build_backbone(settings.backbone, weights=weights, image_size=settings.image_size, published=settings.published)
        encoder = HyperbolicEncoder(settings, backbone, build_text_tower(settings))
    return encoder.to(memory_format=torch.channels_last)

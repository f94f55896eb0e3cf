"""One step of training: pairs → unique crops → encoder → loss of the joint batch → gradients → AdamW."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from hypviz.config import TrainSettings
from hypviz.data.image_batches import ImageSampler
from hypviz.data.pairs import PairBatch, PairSampler
from hypviz.errors import HypvizError
from hypviz.model.encoder import HyperbolicEncoder
from hypviz.model.similarity import Geometry
from hypviz.training.distributed import Ranks
from hypviz.training.look import Look
from hypviz.training.losses import LossOutput, LossSettings, pair_loss, regularised
from hypviz.training.optimiser import learning_rate
from hypviz.training.state import Recipe
from hypviz.training.vitals import Vitals, vitals_of


@dataclass(frozen=True, eq=False)
class Stepper:
    """Takes the steps of a run, the same at every rank.

    look: rows of the joint batch → features of this rank's share of them.  first_head: as it was at the start, for an anchor; else None.
    """

    encoder: HyperbolicEncoder
    optimiser: torch.optim.Optimizer
    sampler: PairSampler | ImageSampler
    recipe: Recipe
    look: Look
    ranks: Ranks
    first_head: nn.Module | None = None

    def take(self, step: int) -> tuple[float, Vitals | None, int]:
        """Step number `step`: the loss, the vitals and the number of different items of its batch.

        HypvizError when loss or gradient is no finite number, before the weights take harm.
        """
        settings = self.recipe.train
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * learning_rate(step, settings)
        loss, vitals, crops = self.gradients(step)
        norm = torch.nn.utils.clip_grad_norm_(self.encoder.parameters(), settings.clip_norm)
        value = _finite(loss, norm)
        self.optimiser.step()
        self.encoder.clamp_scalars()
        return value, vitals, crops

    def gradients(self, step: int) -> tuple[LossOutput, Vitals | None, int]:
        """Put the gradients of a step in their places, the same at every rank: the loss, the vitals and the number of items."""
        encoder, ranks = self.encoder, self.ranks
        device = encoder.mean.device
        batch = self.sampler.batch(step, self.recipe.train.batch_pairs)
        rows, where = np.unique(np.concatenate([batch.parent, batch.child]), return_inverse=True)
        places = torch.from_numpy(where).to(device)
        with _mixed_precision(device, self.recipe.train):
            features = self.look(encoder, rows, step)  # (n, F): each item once, at one rank
            share = encoder.project(features)  # (n, D), (n,)
        points = ranks.gather(share[0], len(rows)), ranks.gather(share[1], len(rows))  # (U, D), (U,)
        then = ranks.gather(_directions(encoder, self.first_head, features), len(rows)) if self.first_head else None
        loss = batch_loss(encoder, points, places, batch, self.recipe.loss, start=then)
        points[1].retain_grad()
        share[1].retain_grad()
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss.total)
        if not ranks.alone and share[1].grad is not None:  # with what comes through directions, which a linear head divides by radii
            points[1].grad = ranks.gather(share[1].grad, len(rows)) / ranks.size
        ranks.average_gradients(encoder.parameters())
        return loss, vitals_of(encoder, points, places, batch), len(rows)


def batch_loss(
    encoder: HyperbolicEncoder,
    points: tuple[Tensor, Tensor],
    where: Tensor,
    batch: PairBatch,
    settings: LossSettings,
    *,
    start: Tensor | None = None,
) -> LossOutput:
    """The loss of one batch: `where` (P + C,) maps its parents and children to rows of directions (U, D) and radii (U,).

    start: (U, D) directions to stay near, see `LossSettings.anchor`.
    """
    directions, radii = points
    parent, child = where[: len(batch.parent)], where[len(batch.parent) :]
    positive, related, never = (torch.from_numpy(m).to(radii.device) for m in (batch.positive, batch.related, batch.never))
    settings = replace(settings, geometry=cast(Geometry, encoder.settings.geometry))
    pairs, parents = (None if w is None else torch.from_numpy(w).to(radii.device) for w in (batch.pair_weight, batch.parent_weight))
    loss = pair_loss(
        (directions[parent], radii[parent]),
        (directions[child], radii[child]),
        positive=positive,
        related=related,
        never=never,
        curv=encoder.curv,
        scale=encoder.scale,
        settings=settings,
        pair_weight=pairs,
        parent_weight=parents,
    )
    return regularised(loss, (directions, radii), curv=encoder.curv, settings=settings, start=start)


def _directions(encoder: HyperbolicEncoder, head: nn.Module, features: Tensor) -> Tensor:
    """Features (U, F) → directions (U, D) by a head that does not learn."""
    with torch.no_grad():
        return encoder.project(features.detach(), head=head)[0]


def _mixed_precision(device: torch.device, settings: TrainSettings) -> torch.autocast:
    """bfloat16 on a GPU; on the CPU autocast is slower than float32, so it is used there only when asked for by name."""
    enabled = settings.precision == "bfloat16" or (settings.precision == "auto" and device.type == "cuda")
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled)


def _finite(loss: LossOutput, norm: Tensor) -> float:
    """The loss as a number; HypvizError when it or its gradient, of that norm, is none."""
    value, slope = torch.stack([loss.total.detach(), norm.detach()]).tolist()  # one wait for the device, not two
    if not np.isfinite([value, slope]).all():
        quantity = "loss" if not np.isfinite(value) else "gradient of the loss"
        raise HypvizError(f"The {quantity} is no longer a finite number; lower lr or clip_norm, and start again with --no-resume.")
    return float(value)

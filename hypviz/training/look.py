"""How an encoder sees items in training: their crops, augmented anew at every step, or whatever a caller has in their place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hypviz.config import TrainSettings
from hypviz.data.crops import build_crop_cache
from hypviz.data.items import Items
from hypviz.model.encoder import HyperbolicEncoder
from hypviz.training.augment import augment
from hypviz.training.distributed import Ranks

Look = Callable[[HyperbolicEncoder, NDArray[np.int64], int], Tensor]
"""look(encoder, item rows (U,), step) → features (U, F): what the head is given of items at a step."""


class CropLook:
    """Item rows of a batch (U,) → features (n, F) of this rank's share of them, all where it is alone, from their augmented crops.

    shuffled: whether boxes show one another's pictures, for the control. How an item is augmented does not depend on the number of ranks.
    """

    def __init__(self, items: Items, folder: Path, settings: TrainSettings, *, size: int, shuffled: bool, ranks: Ranks) -> None:
        self.settings, self.ranks = settings, ranks
        self.crops = build_crop_cache(items, folder, size=size)
        self.shown = shuffled_rows(items, settings.seed) if shuffled else np.arange(len(items))

    def __call__(self, encoder: HyperbolicEncoder, rows: NDArray[np.int64], step: int) -> Tensor:
        """See the class."""
        share = self.ranks.share(len(rows))
        crops = torch.from_numpy(self.crops[self.shown[rows[share]]])
        pixels = crops.to(encoder.mean.device).permute(0, 3, 1, 2).float() / 255.0
        pixels = augment(pixels, self.settings, step=step, among=len(rows), share=share)
        features: Tensor = encoder.backbone(encoder.standardise(pixels))
        return features


def shuffled_rows(items: Items, seed: int) -> NDArray[np.int64]:
    """(N,) whose picture each item shows in the shuffled control: scenes their own, boxes that of a random box."""
    shown, boxes = np.arange(len(items)), np.flatnonzero(~items.is_scene)
    shown[boxes] = np.random.default_rng([seed, 2]).permutation(boxes)
    return shown


def share_of(look: Look, ranks: Ranks) -> Look:
    """A look that gives the features of a rank's share of a batch. The other looks at the whole batch: what it draws may depend on it."""
    return lambda encoder, rows, step: look(encoder, rows, step)[ranks.share(len(rows))]

"""Features of a frozen backbone, computed once: a head is then trained on them in seconds.

Each item has several views, the plain one first and then augmented ones, drawn from anew at every step: without them a
head of a few ten thousand weights learns a small set by heart.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hypviz.config import TrainSettings
from hypviz.inference.embed import projected
from hypviz.model.device import in_batches, inference_batch
from hypviz.model.encoder import HyperbolicEncoder
from hypviz.progress import OnShare
from hypviz.search.embedding import Embedding
from hypviz.storage.files import allocate, write_file
from hypviz.training.augment import augment

MAX_BYTES = 1 << 30
"""Features kept at most; beyond, there are fewer views."""
KEPT_FILES = 4
"""Files of features, and of crops, that a folder of caches holds; the oldest goes when another comes."""


def affordable_views(views: int, items: int, features: int) -> int:
    """As many augmented views as `MAX_BYTES` leave room for, at most `views`."""
    return int(np.clip(MAX_BYTES // max(4 * items * features, 1) - 1, 0, views))


class Features:
    """values: (1 + views, N, F) float32, memory-mapped; the plain view is row 0.  seed: of the draws at each step.  dropout: share of
    the features that are hidden at each step, see `hidden`."""

    def __init__(self, values: NDArray[np.float32], *, seed: int, dropout: float = 0.0) -> None:
        self.values, self.seed, self.dropout = values, seed, dropout

    def __call__(self, encoder: HyperbolicEncoder, rows: NDArray[np.int64], step: int) -> Tensor:
        """Features of items, each of a view drawn by (seed, step); see `training.look.Look`."""
        draw = np.random.default_rng([self.seed, 3, step])
        view = draw.integers(len(self.values), size=len(rows))
        features = hidden(self.values[view, rows], self.dropout, draw)
        return torch.from_numpy(features).to(encoder.mean.device)

    def embedding(self, encoder: HyperbolicEncoder, rows: NDArray[np.int64]) -> Embedding:
        """The plain views of some items, embedded."""
        return Embedding(*projected(encoder, self.values[0, rows]), encoder.curv.item(), encoder.settings.geometry)


def hidden(features: NDArray[np.float32], share: float, draw: np.random.Generator) -> NDArray[np.float32]:
    """Features (n, F) of which a share, in [0, 1), is the mean of the n items instead, another one for each item (dropout, Srivastava et
    al., JMLR 2014); what is left of an item's deviation from the mean is made larger by 1 / (1 - share), so that its expectation stays."""
    if not share:
        return features
    mean = features.mean(axis=0)
    seen = draw.random(features.shape, np.float32) >= share
    left: NDArray[np.float32] = mean + (features - mean) * (seen / np.float32(1 - share))
    return left


def build_features(
    encoder: HyperbolicEncoder,
    crops: NDArray[np.uint8],
    path: Path,
    settings: TrainSettings,
    *,
    views: int,
    dropout: float = 0.0,
    on_share: OnShare,
) -> Features:
    """The features of all crops (N, S, S, 3), from `path` when they are there, else computed and written whole.

    `on_share` hears the share that is done and may raise to stop. `settings` says how views are augmented; dropout: see `Features`.
    """
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        make_room(path.parent, "features-*.npy")
        write_file(path, lambda part: _write(part, encoder, crops, settings, views, on_share))
    return Features(np.load(path, mmap_mode="r"), seed=settings.seed, dropout=dropout)


def make_room(folder: Path, pattern: str) -> None:
    """Remove the oldest files of a pattern but the last few; they are quickly made again."""
    files = sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime)
    for path in files[: -(KEPT_FILES - 1)]:
        path.unlink(missing_ok=True)


def plain_features(encoder: HyperbolicEncoder, crops: NDArray[np.uint8], *, on_share: OnShare) -> NDArray[np.float32]:
    """(N, F) features of crops as they are, for a training-free head."""
    parts = []
    for _, stop, values in in_batches(lambda a, b: _of(encoder, crops[a:b], None, 0), len(crops), inference_batch(encoder.mean.device)):
        parts.append(values)
        on_share(stop / len(crops))
    return np.concatenate(parts)


def _write(
    part: Path, encoder: HyperbolicEncoder, crops: NDArray[np.uint8], settings: TrainSettings, views: int, on_share: OnShare
) -> None:
    shape = (1 + views, len(crops), encoder.head.in_features)
    values = np.lib.format.open_memmap(part, mode="w+", dtype=np.float32, shape=shape)
    allocate(part)  # a full disk refuses here, and not by a signal when a page is written to
    for view in range(1 + views):
        changes = settings if view else None
        work = lambda a, b: _of(encoder, crops[a:b], changes, view * len(crops) + a)  # noqa: E731, B023
        for start, stop, features in in_batches(work, len(crops), inference_batch(encoder.mean.device)):
            values[view, start:stop] = features
            on_share((view * len(crops) + stop) / ((1 + views) * len(crops)))
    values.flush()


@torch.inference_mode()
def _of(encoder: HyperbolicEncoder, crops: NDArray[np.uint8], changes: TrainSettings | None, seed: int) -> NDArray[np.float32]:
    pixels = torch.from_numpy(np.array(crops)).to(encoder.mean.device).permute(0, 3, 1, 2).float() / 255.0
    if changes is not None:
        pixels = augment(pixels, changes, step=changes.steps + seed)  # beyond the steps: at full size whatever `early_size` is
    features: NDArray[np.float32] = encoder.backbone(encoder.standardise(pixels)).float().cpu().numpy()
    return features

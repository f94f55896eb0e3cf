"""What an experiment is trained, tuned and judged on: three parts that share no image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hypviz.config import HierarchySettings, from_mapping
from hypviz.data.hierarchy import Hierarchy, build_hierarchy
from hypviz.data.items import Items, subset_images
from hypviz.errors import DataError
from hypviz.workspace.store import Workspace

SPLIT_SEED = 0
SHARES = {"train": (0.0, 0.65), "validation": (0.65, 0.75), "test": (0.75, 1.0)}
"""Of the images of one workspace, in an order drawn by `SPLIT_SEED`."""


@dataclass(frozen=True)
class Part:
    """Images of a workspace: those between two shares (low, high) of a fixed random order; (0, 1) is all of them."""

    folder: Path
    low: float = 0.0
    high: float = 1.0

    def load(self) -> tuple[Items, Hierarchy]:
        """The part's items and their hierarchy; DataError when it has no image."""
        workspace = Workspace.open(self.folder)
        if (self.low, self.high) == (0.0, 1.0):
            return workspace.items, workspace.hierarchy
        count = len(workspace.items.images)
        first, last = round(self.low * count), round(self.high * count)
        if first == last:
            raise DataError(f"{self.folder} has {count} pictures, too few to split into training, validation and test.")
        mask = np.zeros(count, np.bool_)
        mask[np.random.default_rng(SPLIT_SEED).permutation(count)[first:last]] = True
        items = subset_images(workspace.items, mask)
        settings = from_mapping(HierarchySettings, workspace.meta["hierarchy"]["settings"])
        return items, build_hierarchy(items, settings)


@dataclass(frozen=True)
class Parts:
    """The three parts of an experiment."""

    train: Part
    validation: Part
    test: Part

    @classmethod
    def split(cls, folder: Path) -> Parts:
        """One workspace split by image, by `SHARES`."""
        return cls(**{name: Part(folder, *share) for name, share in SHARES.items()})

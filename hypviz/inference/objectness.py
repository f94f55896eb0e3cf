"""How likely a window of a picture frames a whole object: a line through a frozen backbone's features and the window's place [R].

A model of cones does not say it: farthest from the root lie fragments, nearest to it whatever resembles a whole picture (docs/data.md).
What frames an object was learned from annotated boxes, for one backbone, by `python -m hypviz objectness`; any head on it may use that.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import CheckpointError
from hypviz.paths import ASSETS
from hypviz.storage.files import write_file
from hypviz.storage.json_types import Json

if TYPE_CHECKING:
    from hypviz.model.card import Card
    from hypviz.model.encoder import HyperbolicEncoder

SHIPPED = ASSETS / "objectness.json"
"""What was learned for the backbone of the shipped checkpoint for photographs."""
Boxes = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Objectness:
    """backbone: its `backbone_hash`.  weights: (F + 10,) of `describe`'s columns.  facts: what it was learned from, and its figures."""

    backbone: str
    weights: NDArray[np.float64]
    facts: Json

    def scores(self, features: NDArray[np.floating], boxes: Boxes, size: tuple[float, float]) -> NDArray[np.float64]:
        """(n,) how much each window (n, 4) of a picture of `size` (width, height) looks like an object, from its features (n, F); higher is
        likelier, and only the order means something."""
        scores: NDArray[np.float64] = describe(features, boxes, size) @ self.weights
        return scores

    def write(self, path: Path) -> None:
        """As JSON, six digits a weight."""
        content = {"backbone": self.backbone, **self.facts, "weights": [float(f"{value:.6g}") for value in self.weights]}
        write_file(path, lambda part: part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8"))


def read_objectness(path: Path) -> Objectness:
    """The inverse of `write`; CheckpointError for another file."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        weights = np.asarray(content.pop("weights"), np.float64)
        backbone = str(content.pop("backbone"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{path} is no file of `python -m hypviz objectness`: {error}.") from error
    if weights.ndim != 1 or not np.isfinite(weights).all():
        raise CheckpointError(f"{path}: weights must be a list of finite numbers; write it anew by `python -m hypviz objectness`.")
    return Objectness(backbone, weights, content)


@cache
def _shipped() -> Objectness | None:
    return read_objectness(SHIPPED) if SHIPPED.is_file() else None


def shipped_objectness(encoder: HyperbolicEncoder) -> Objectness | None:
    """What was learned for the encoder's backbone, None where nothing was: another backbone, or one that was trained on."""
    from hypviz.model.encoder import backbone_hash

    shipped = _shipped()
    return shipped if shipped is not None and shipped.backbone == backbone_hash(encoder) else None


def is_learned_for(card: Card) -> bool:
    """Whether `shipped_objectness` is of a checkpoint's backbone, as far as its card tells without its weights."""
    shipped = _shipped()
    train = card.training.get("recipe", {}).get("train", {})
    return shipped is not None and shipped.facts.get("name") == card.encoder.backbone and train.get("backbone_lr_scale") == 0


def describe(features: NDArray[np.floating], boxes: Boxes, size: tuple[float, float]) -> NDArray[np.float64]:
    """(n, F + 10) columns that are weighted: square roots of the features (with their sign), then the window's `place`."""
    values = np.asarray(features, np.float64)
    return np.concatenate([np.sign(values) * np.sqrt(np.abs(values)), place(boxes, size)], axis=1)


def place(boxes: Boxes, size: tuple[float, float]) -> NDArray[np.float64]:
    """(n, 10): logarithms of width and height as shares of the picture's, their squares, distance of the middle from the picture's across
    and down, and whether the window touches its left, upper, right and lower edge.

    >>> place(np.array([[0.0, 0, 50, 100]]), (100, 100)).round(2).tolist()
    [[-0.69, 0.0, 0.48, 0.0, 0.25, 0.0, 1.0, 1.0, 0.0, 1.0]]
    """
    shares = np.asarray(boxes, np.float64).reshape(-1, 4) / [*size, *size]
    sides = np.log(np.maximum(shares[:, 2:] - shares[:, :2], math.exp(-10)))
    middle = np.abs((shares[:, 2:] + shares[:, :2]) / 2 - 0.5)
    edges = np.concatenate([shares[:, :2] < 0.01, shares[:, 2:] > 0.99], axis=1)
    return np.concatenate([sides, sides**2, middle, edges], axis=1)

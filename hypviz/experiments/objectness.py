"""Learning what frames an object from annotated boxes, and judging proposals by boxes that were not learned from.

A window is an object when its intersection over union with an annotated box is at least `FRAMED`, and none below `APART`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hypviz.data.crops import crop_square
from hypviz.data.items import Items
from hypviz.data.pictures import open_upright
from hypviz.errors import DataError
from hypviz.inference.embed import features_of, in_fastest_dtype
from hypviz.inference.objectness import describe
from hypviz.inference.propose import ProposalSettings, voted, windows
from hypviz.progress import OnProgress

if TYPE_CHECKING:
    from hypviz.model.encoder import HyperbolicEncoder

Boxes = NDArray[np.float64]
FRAMED, APART, NEAR = 0.5, 0.4, 0.3
BACKGROUND = 40
"""Windows without an object that are learned from in each picture."""
PENALTY = 0.3
"""On the squares of the weights of standardised columns, chosen among 0.003, 0.03, 0.3."""
FIRST = (6, 12)
"""How many proposals of a picture are judged."""
DRAWS = 20
"""Random orders that chance is the mean of."""


@dataclass(frozen=True, eq=False)
class Looked:
    """A picture's windows: boxes (n, 4), their IoU with each of its annotated boxes (n, b), and `describe`'s columns (n, F + 10).
    annotated: (b, 4)."""

    boxes: Boxes
    framed: NDArray[np.float64]
    columns: NDArray[np.float64]
    annotated: Boxes


def intersection_over_union(first: Boxes, second: Boxes) -> NDArray[np.float64]:
    """(n, b) of every box of `first` (n, 4) with every one of `second` (b, 4)."""
    import torch
    from torchvision.ops import box_iou

    overlaps = box_iou(*(torch.from_numpy(np.asarray(one, np.float64)) for one in (first, second)))
    return np.asarray(overlaps.numpy(), np.float64)


def look(
    items: Items,
    encoder: HyperbolicEncoder,
    images: Sequence[int],
    *,
    sample: int | None = None,
    seed: int = 0,
    on_progress: OnProgress | None = None,
) -> list[Looked]:
    """The windows of pictures that have boxes; sample: of those without an object only so many a picture, and none in between."""
    draw, quick, looked = np.random.default_rng(seed), None, []
    for done, image in enumerate(images, start=1):
        rows = items.of_image(image)
        size = (float(items.images.width[image]), float(items.images.height[image]))
        boxes = windows((int(size[0]), int(size[1])), ProposalSettings())
        if len(rows) > 1 and len(boxes):
            annotated = np.asarray(items.xyxy[rows[1:]], np.float64)
            framed = intersection_over_union(boxes, annotated)
            if sample is not None:
                best = framed.max(axis=1)
                chosen = np.union1d(np.flatnonzero(best >= FRAMED), draw.permutation(np.flatnonzero(best < APART))[:sample])
                boxes, framed = boxes[chosen], framed[chosen]
            picture = open_upright(items.path(int(rows[0])))
            crops = np.stack([crop_square(picture, box, encoder.image_size) for box in boxes.tolist()])
            quick = quick or in_fastest_dtype(encoder, crops, count=len(crops) * len(images))
            looked.append(Looked(boxes, framed, describe(features_of(quick, crops), boxes, size), annotated))
        if on_progress is not None:
            on_progress(done, len(images))
    return looked


def learn(looked: Sequence[Looked], *, penalty: float = PENALTY) -> NDArray[np.float64]:
    """(F + 10,) weights of a logistic regression in which both kinds of windows weigh the same. DataError without either kind."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    columns = torch.from_numpy(np.concatenate([one.columns for one in looked])) if looked else torch.zeros(0, 1)
    right = torch.from_numpy(np.concatenate([one.framed.max(axis=1) >= FRAMED for one in looked])).double() if looked else torch.zeros(0)
    if not 0 < right.sum() < len(right):
        raise DataError("No window of these pictures frames an annotated box, or all do; objects are learned from pictures with boxes.")
    mean, spread = columns.mean(dim=0), columns.std(dim=0).clamp_min(1e-3)
    scaled = (columns - mean) / spread
    weights = torch.zeros(columns.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    descent = torch.optim.LBFGS([weights], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        descent.zero_grad()
        value = binary_cross_entropy_with_logits(scaled @ weights[1:] + weights[0], right, pos_weight=(1 - right).sum() / right.sum())
        value = value + penalty * weights[1:].square().sum() / 2
        value.backward()  # type: ignore[no-untyped-call]
        return value

    descent.step(loss)  # type: ignore[no-untyped-call]
    line: NDArray[np.float64] = (weights.detach()[1:] / spread).numpy()
    return line


def judge(
    looked: Sequence[Looked],
    score: Callable[[Looked], NDArray[np.floating]],
    *,
    voting: bool = False,
    settings: ProposalSettings | None = None,
) -> dict[str, float]:
    """Over all pictures: of the first 6 and 12 proposals by a score the share that frames an annotated box ("precision@6"), the share of
    boxes that the first 6 frame ("recall@6"), and of the first 6 near an annotated box (IoU ≥ `NEAR`) the share that is near one that
    another is nearest to already ("again@6").

    voting: the windows around a kept one move it, see `voted`; scores are log odds then.  settings: of what is kept.
    """
    settings = replace(settings or ProposalSettings(), most=max(FIRST))
    right, objects, near, kinds = [], [], 0, 0
    for one in looked:
        scores = score(one)
        rows = settings.selected(one.boxes, scores, learned=True)
        framed = intersection_over_union(voted(one.boxes, rows, scores), one.annotated) if voting else one.framed[rows]
        right.append(framed.max(axis=1) >= FRAMED)
        objects.append(framed[: min(FIRST)].max(axis=0) >= FRAMED)
        close = framed[: min(FIRST)].max(axis=1) >= NEAR
        near, kinds = near + int(close.sum()), kinds + len(np.unique(framed[: min(FIRST)].argmax(axis=1)[close]))
    return {f"precision@{k}": float(np.concatenate([each[:k] for each in right]).mean()) for k in FIRST} | {
        f"recall@{min(FIRST)}": float(np.concatenate(objects).mean()),
        f"again@{min(FIRST)}": 1 - kinds / max(near, 1),
    }


def judged_beside_chance(looked: Sequence[Looked], weights: NDArray[np.float64], *, seed: int = 0) -> dict[str, dict[str, float]]:
    """`judge` of what was learned, of chance (windows in random order), of the largest windows first, and of those that overlap most with
    an annotated box first, which no other choice beats by far."""
    draw = np.random.default_rng(seed)
    drawn = [judge(looked, lambda one: draw.random(len(one.boxes))) for _ in range(DRAWS)]
    return {
        "learned": judge(looked, lambda one: one.columns @ weights, voting=True),
        "chance": {name: float(np.mean([each[name] for each in drawn])) for name in drawn[0]},
        "largest first": judge(looked, lambda one: np.prod(one.boxes[:, 2:] - one.boxes[:, :2], axis=1)),
        "by the answer": judge(looked, lambda one: one.framed.max(axis=1)),
    }

"""Batches of whole images: every crop that is encoded takes part in all of its relations [R].

A batch of random pairs encodes two crops per pair; here some twenty images give as many crops and all pairs among them.
Like `PairSampler` a pure function of (seed, step).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hypviz.config import PairSettings
from hypviz.data.hierarchy import Hierarchy, class_graph, scene_classes
from hypviz.data.items import Items
from hypviz.data.lookup import Lookup, Rows
from hypviz.data.pair_weights import pair_weights
from hypviz.data.pairs import PairBatch, images_in_use
from hypviz.data.relations import Relations, mark
from hypviz.errors import DataError

log = logging.getLogger(__name__)


class ImageSampler:
    """Batches of whole images in an endless stream, each epoch in an order of its own; arguments as `PairSampler`.

    Cross-image pairs (`PairSettings.cross_from` → boxes of the same class) are drawn among the images of the batch. Raises DataError when
    there is no pair at all.
    """

    def __init__(
        self,
        items: Items,
        hierarchy: Hierarchy,
        settings: PairSettings,
        *,
        seed: int,
        graph: NDArray[np.bool_] | None = None,
        image_mask: NDArray[np.bool_] | None = None,
    ) -> None:
        self._items, self._hierarchy, self._settings, self._seed = items, hierarchy, settings, seed
        used = images_in_use(image_mask, items)
        edges = hierarchy.edges
        above, below = items.image[edges.parent], items.image[edges.child]
        within = used[above] & used[below]
        far = np.unique(np.stack([above, below], axis=1)[within & (above != below)], axis=0)
        self._far = Lookup.sort(far[:, 0], far[:, 1])  # pictures that a correction joined: a batch takes both
        self._direct = Lookup.sort(edges.parent[edges.direct], edges.child[edges.direct]) if settings.ancestors == "direct" else None
        self._within = int((within & edges.direct if self._direct else within).sum())
        if self._within == 0:
            raise DataError("The images to train on hold no pair: they have no boxes, or only boxes that are too small.")
        self._holds = np.zeros(len(items), bool)
        self._holds[hierarchy.edges.parent] = True
        self._inside = np.zeros(len(items), bool)
        self._inside[hierarchy.edges.child] = True
        has_pair = np.zeros(len(items.images), bool)  # an image of boxes too small for pairs would make an empty batch
        has_pair[above] = True
        self._images = np.flatnonzero(used & has_pair)
        self._repeats = repeat_factors(items, self._images, settings.repeat_below)
        names = items.images.file_name[self._images].tolist()
        self._series = [self._images[rows] for rows in series_of(names)] if settings.by_series else []
        graph = class_graph(items, hierarchy, used) if graph is None else graph
        self._relations = Relations(items, hierarchy, graph)
        log.info("image batches: %s", ", ".join(f"{name} {count:,}" for name, count in self.counts.items()))

    @property
    def counts(self) -> dict[str, int]:
        """Pairs within the images in use, and those images."""
        return {"within_image": self._within, "images": len(self._images)}

    def images_per_step(self, size: int) -> int:
        """Images in a batch: as many as hold about 2 · `size` items, the crops that `size` pairs would need."""
        mean = float(np.diff(self._items.offsets)[self._images].mean())
        return min(len(self._images), max(2, round(2 * size / mean)))

    def batch(self, step: int, size: int) -> PairBatch:
        """All parents and children of the step's images with their masks; about 2 · `size` crops."""
        images = self._of_one_series(step, size) if self._series else self._in_turn(step, size)
        images = np.union1d(images, self._far.of(images)[1])
        rows = np.concatenate([self._items.of_image(int(image)) for image in images])
        parents, children = rows[self._holds[rows]], rows[self._inside[rows]]
        sampled = self._cross(parents, children, np.random.default_rng([self._seed, 1, step]))
        positive, related, never = self._relations.between(parents, children, sampled=sampled)
        if self._direct is not None:  # a grandchild is neither a positive nor a negative then
            direct = np.zeros_like(positive)
            owner, child = self._direct.of(parents)
            column = Lookup.sort(children, np.arange(len(children)))
            mark(direct, column, owner, child)
            mark(direct, column, *sampled)
            never |= positive & ~direct
            positive = direct
        weights = pair_weights(self._items, self._hierarchy.depth, parents, children, positive, self._settings)
        return PairBatch(parents, children, positive, related, never, *weights)

    def _of_one_series(self, step: int, size: int) -> NDArray[np.int64]:
        """Images of one series, drawn by the root of their number, as many as hold about 2 · `size` items."""
        rng = np.random.default_rng([self._seed, 4, step])
        weight = np.sqrt([len(images) for images in self._series])
        images = self._series[int(rng.choice(len(weight), p=weight / weight.sum()))]
        mean = float(np.diff(self._items.offsets)[images].mean())
        return np.sort(rng.choice(images, min(len(images), max(2, round(2 * size / mean))), replace=False))

    def _in_turn(self, step: int, size: int) -> NDArray[np.int64]:
        """The images of a step, epoch after epoch."""
        count = self.images_per_step(size)
        per_epoch = max(1, round(float(self._repeats.sum())))
        places = np.arange(step * count, (step + 1) * count)
        return np.unique(np.concatenate([self._order(int(e), per_epoch)[places[places // per_epoch == e] % per_epoch]
                                         for e in np.unique(places // per_epoch)]))  # fmt: skip

    def _order(self, epoch: int, count: int) -> NDArray[np.int64]:
        """The `count` images of an epoch in its order: each as often as its factor, rounded by chance so that the sum is kept."""
        rng = np.random.default_rng([self._seed, 0, epoch])
        if count == len(self._images):
            return rng.permutation(self._images)
        ends = np.cumsum(self._repeats) * (count / self._repeats.sum())
        position = np.searchsorted(ends, np.arange(count) + rng.random(), side="right")  # evenly spaced over the factors
        return rng.permutation(self._images[np.minimum(position, len(self._images) - 1)])

    def _cross(self, parents: Rows, children: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:
        """For every child up to K children of its class in other images, paired with the child's own scene or ancestors."""
        items, k = self._items, self._settings.cross_image
        label, image = items.label[children], items.image[children]
        other = (label[:, None] == label[None, :]) & (image[:, None] != image[None, :])
        chance = np.where(other, rng.random(other.shape), -1.0)
        best = np.argsort(-chance, axis=1, kind="stable")[:, :k]
        owner, place = np.nonzero(np.take_along_axis(other, best, axis=1))
        partner = children[best[owner, place]]
        which, anchor = self._anchors(children[owner])
        present = np.isin(anchor, parents)  # a correction may name a parent in a picture that is not in use
        return np.searchsorted(parents, anchor[present]), partner[which[present]]

    def _anchors(self, boxes: Rows) -> tuple[Rows, Rows]:
        """What the partners of boxes are paired with: (index into boxes, item row of the parent)."""
        if self._settings.cross_from == "scene":
            return np.arange(len(boxes)), self._items.offsets[self._items.image[boxes]].astype(np.int64)
        return self._hierarchy.above.of(boxes)


SERIES = 20
"""Images that make a series of their own; fewer join those of no series."""


def series_of(names: Sequence[str], *, least: int = SERIES) -> list[NDArray[np.int64]]:
    """Rows of pictures by series: the folder and the letters that the file's name begins with; those of less than `least` together.

    >>> [rows.tolist() for rows in series_of([f"a/img_{i}.jpg" for i in range(20)] + ["b/cat1.jpg", "b/dog1.jpg"])][1]
    [20, 21]
    """
    keys = [re.sub(r"[^/]*$", lambda last: re.match(r"[^\W\d_]*", last[0])[0], name) for name in names]  # type: ignore[index]
    _, place, count = np.unique(np.array(keys, dtype=np.str_), return_inverse=True, return_counts=True)
    place = np.where(count[place] >= least, place, -1)
    return [np.flatnonzero(place == key) for key in np.unique(place)[::-1]]


def repeat_factors(items: Items, images: NDArray[np.int64], below: float) -> NDArray[np.float64]:
    """(m,) how often each of some images is shown in an epoch, at least 1: √(below / share of the images with its rarest class).

    Repeat factor sampling (Gupta et al., LVIS, CVPR 2019). below: in [0, 1]; 0 shows all once.
    """
    present = scene_classes(items)[images]
    share = np.asarray(present.sum(axis=0)).ravel() / max(len(images), 1)
    factor = np.where(share > 0, np.sqrt(np.maximum(below / np.maximum(share, 1e-12), 1.0)), 1.0)
    owner, label = present.nonzero()
    repeats = np.ones(len(images))
    np.maximum.at(repeats, owner, factor[label])
    return repeats

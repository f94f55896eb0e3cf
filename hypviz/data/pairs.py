"""Parent → child pairs for training: a pure function of (seed, step), so that a resumed run continues identically.

Two kinds of pairs (method.md §1): ancestor → descendant within an image, and, for every box, `cross_image` boxes of the
same class from other images, each paired with this box's full scene [P: the † models], or with all that holds this box
(`PairSettings.cross_from`). The partners of the second kind are drawn anew every epoch; only one epoch's draw is held.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz.config import PairSettings
from hypviz.data.hierarchy import Hierarchy, class_graph
from hypviz.data.items import Items
from hypviz.data.lookup import Lookup, Rows, expand
from hypviz.data.relations import Relations
from hypviz.errors import DataError

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class PairBatch:
    """P parents, C children, and what every parent is to every child; P = C and pair i is (i, i) in a batch of pairs.

    parent (P,), child (C,): int64, item rows.  positive, related, never: (P, C) bool, disjoint; [i, j] is about parent_i
    and child_j. positive: a true pair. related: an unsampled positive by the class graph. never: must not be a negative
    (itself, an ancestor, a duplicate). All else is a negative. See `Relations.masks`.
    pair_weight (P, C), parent_weight (P,): float32 > 0, how much each positive counts for its parent, and each parent in the
    loss; None for all alike. See `data.pair_weights`.
    """

    parent: NDArray[np.int64]
    child: NDArray[np.int64]
    positive: NDArray[np.bool_]
    related: NDArray[np.bool_]
    never: NDArray[np.bool_]
    pair_weight: NDArray[np.float32] | None = None
    parent_weight: NDArray[np.float32] | None = None


class PairSampler:
    """Batches of pairs in an endless stream: epoch after epoch, each visiting every pair once in an order of its own.

    graph: (C, C) bool, the class graph for `related`; None builds it from the images in use.
    image_mask: (M,) bool, the images whose pairs, partners and class graph count (a training split); None for all.
    Raises DataError when there is no pair at all.
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
        self._seed = seed
        used = images_in_use(image_mask, items)
        edges = hierarchy.edges
        within = used[items.image[edges.parent]] & used[items.image[edges.child]]  # a correction may join two pictures
        if settings.ancestors == "direct":
            within &= edges.direct
        self._parent, self._child = edges.parent[within], edges.child[within]
        boxes = np.unique(edges.child[used[items.image[edges.child]]])
        above = hierarchy.above if settings.cross_from == "ancestors" else None
        self._cross = _CrossImage(items, boxes, settings.cross_image, above, used)
        graph = class_graph(items, hierarchy, used) if graph is None else graph
        self._relations = Relations(items, hierarchy, graph)
        self._epochs: dict[int, tuple[Rows, Rows]] = {}
        if len(self) == 0:
            raise DataError("The images to train on hold no pair: they have no boxes, or only boxes that are too small.")
        log.info("pairs: %s", ", ".join(f"{name} {count:,}" for name, count in self.counts.items()))

    def __len__(self) -> int:
        """Pairs in one epoch."""
        return len(self._parent) + len(self._cross.parent)

    @property
    def counts(self) -> dict[str, int]:
        """Pairs of each kind in one epoch, and what has no partner in another image."""
        return {
            "within_image": len(self._parent),
            "cross_image": len(self._cross.parent),
            "boxes_without_partner": self._cross.lonely_boxes,
            "classes_in_one_image": self._cross.lonely_classes,
        }

    def epoch_steps(self, size: int) -> int:
        """Steps of `size` pairs after which every pair of an epoch was visited; the last may reach into the next."""
        return -(-len(self) // size)

    def batch(self, step: int, size: int) -> PairBatch:
        """Pairs step * size … of the stream with their masks; the same for the same (seed, step, size), always."""
        if step < 0 or size < 1:
            raise ValueError(f"batch needs step >= 0 and size >= 1, got step {step} and size {size}.")
        epoch, place = np.divmod(np.arange(step * size, (step + 1) * size), len(self))
        parent, child = np.empty(size, np.int64), np.empty(size, np.int64)
        for number in range(int(epoch[0]), int(epoch[-1]) + 1):
            in_epoch = epoch == number
            parent[in_epoch], child[in_epoch] = self._pairs(number, place[in_epoch])
        return PairBatch(parent, child, *self._relations.masks(parent, child))

    def _pairs(self, epoch: int, place: Rows) -> tuple[Rows, Rows]:
        """Parents and children at these places of an epoch."""
        order, partner = self._epoch(epoch)
        pair = order[place].astype(np.int64)
        within = pair < len(self._parent)
        parent, child = np.empty(len(pair), np.int64), np.empty(len(pair), np.int64)
        parent[within], child[within] = self._parent[pair[within]], self._child[pair[within]]
        cross = pair[~within] - len(self._parent)
        parent[~within], child[~within] = self._cross.parent[cross], partner[cross]
        return parent, child

    def _epoch(self, epoch: int) -> tuple[Rows, Rows]:
        """The order of an epoch's pairs and its cross-image partners; the last two epochs are kept."""
        if epoch not in self._epochs:
            rng = np.random.default_rng([self._seed, epoch])
            order: Rows = np.arange(len(self), dtype=np.int32 if len(self) < 2**31 else np.int64)
            rng.shuffle(order)
            drawn: tuple[Rows, Rows] = order, self._cross.draw(rng)
            self._epochs = dict([*self._epochs.items(), (epoch, drawn)][-2:])  # a new dict: threads may read the old
            return drawn
        return self._epochs[epoch]


class _CrossImage:
    """Scene → box of another image, for `partners` boxes of the class of every box (fewer where fewer exist).

    above: box → ancestors, of which all those in images in use take the scene's place; None for the scene.
    parent: (X,) int32, of each pair.  lonely_boxes, lonely_classes: those seen in one image only.
    """

    def __init__(self, items: Items, boxes: Rows, partners: int, above: Lookup | None, used: NDArray[np.bool_]) -> None:
        self._boxes = boxes[np.lexsort((boxes, items.label[boxes]))]  # by class, in it by image: both contiguous
        label, image = items.label[self._boxes].astype(np.int64), items.image[self._boxes]
        group = label * len(items.images) + image
        self._first = np.searchsorted(label, label)
        self._image_start = np.searchsorted(group, group) - self._first  # where the boxes of its own image start …
        self._skip = np.searchsorted(group, group, side="right") - self._first - self._image_start  # … and how many they are
        self._others = np.searchsorted(label, label, side="right") - self._first - self._skip
        self._counts = np.minimum(self._others, partners)
        self._owner, self._number = expand(np.zeros(len(boxes), np.int64), self._counts)
        if above is None:
            self._drawn, parent = np.arange(len(self._owner)), items.offsets[image[self._owner]]
        else:
            self._drawn, parent = above.of(self._boxes[self._owner])
            known = used[items.image[parent]]
            self._drawn, parent = self._drawn[known], parent[known]
        self.parent = parent.astype(np.int32)
        self.lonely_boxes = int((self._others == 0).sum())
        self.lonely_classes = len(np.unique(label[self._others == 0]))

    def draw(self, rng: np.random.Generator) -> NDArray[np.int32]:
        """(X,) item rows: partners of every box, distinct, each box of another image equally likely; shared by its ancestors.

        The other boxes are cut into as many even stretches as partners are wanted and one is drawn from each; a random
        rotation per box makes all of them equally likely.
        """
        owner, others, count = self._owner, self._others[self._owner], self._counts[self._owner]
        low, high = self._number * others // count, (self._number + 1) * others // count
        turn = rng.integers(0, np.maximum(self._others, 1))  # for lonely boxes too, which have no other
        choice = (rng.integers(low, high) + turn[owner]) % others
        choice += np.where(choice >= self._image_start[owner], self._skip[owner], 0)
        partner: NDArray[np.int32] = self._boxes[self._first[owner] + choice].astype(np.int32)
        return partner[self._drawn]


def images_in_use(image_mask: NDArray[np.bool_] | None, items: Items) -> NDArray[np.bool_]:
    """The mask (M,) bool as given, all images for None; DataError when it does not fit the items."""
    if image_mask is None:
        return np.ones(len(items.images), dtype=bool)
    if image_mask.shape != (len(items.images),) or image_mask.dtype != bool:
        raise DataError(
            f"image_mask must be bool of shape ({len(items.images)},), one per image; got {image_mask.dtype} of shape {image_mask.shape}."
        )
    return image_mask

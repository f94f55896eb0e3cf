"""Bands of radius, and what a retrieval found in them, one entry a class: from general to specific, as the paper's Fig. 5 reads.

The deepest items lie closest to every cone's axis, so a list by angle alone shows parts and nothing else. The page, the
commands, the API and the evaluation therefore read an answer band by band: objects, parts, parts of parts. The limits come
from the data set itself: midway between the median radii of neighbouring levels of its hierarchy.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import DataError

Rows = NDArray[np.int64]
RARE = 0.005
"""Share of the items below which a level has no band of its own: three boxes of depth 4 would move every limit."""
THIRDS = ("nearest the root", "in the middle", "farthest from the root")


@dataclass(frozen=True)
class Bands:
    """limits: B − 1 ascending radii between the bands.  names: B, from the root outwards.  levels: whether they are names of levels.
    first: where they are, the least depth that each is named after; deeper items up to the next one's are of its levels."""

    limits: tuple[float, ...]
    names: tuple[str, ...]
    levels: bool = True
    first: tuple[int, ...] = ()

    def of(self, radii: NDArray[np.floating]) -> NDArray[np.int64]:
        """(N,) the band of each radius, 0 … B − 1; a radius at a limit belongs to the outer band."""
        return np.searchsorted(np.asarray(self.limits), np.asarray(radii, float), side="right")

    def of_depth(self, depth: NDArray[np.integer]) -> NDArray[np.int64]:
        """(N,) the band that is named after the level of each item, wherever it lies; −1 for what is above all of them."""
        return np.searchsorted(np.asarray(self.first), np.asarray(depth), side="right") - 1

    def within(self, band: int) -> str:
        """A band by its limits, which are true of whatever lies in it: "radius 1.21 to 1.43"."""
        low, high = (None, *self.limits, None)[band : band + 2]
        if low is None:
            return "any radius" if high is None else f"radius up to {high:.3g}"
        return f"radius from {low:.3g}" if high is None else f"radius {low:.3g} to {high:.3g}"


@dataclass(frozen=True)
class ClassGroup:
    """One class in one band. label: the class, −1 for none.  best: row of its best item.  score: that item's.  count: its items."""

    label: int
    best: int
    score: float
    count: int


@dataclass(frozen=True)
class BandGroup:
    """What was found in one band: `classes` by the score of their best item, `count` items in all."""

    band: int
    count: int
    classes: tuple[ClassGroup, ...]


def radius_bands(
    radii: NDArray[np.floating], depth: NDArray[np.integer], names: Sequence[str], *, whole: NDArray[np.bool_] | None = None
) -> Bands:
    """The bands of a data set. radii: (N,) distances to the root.  depth: (N,) levels of its hierarchy.  names: of the levels.

    Levels whose medians do not grow with depth share a band, rare ones (`RARE`) go with the level above. A data set with one
    level only has thirds of equal size, and where all radii are alike there is one band. whole: (N,) items that are never listed as
    children, such as whole pictures: they have no band, unless there is nothing else.
    """
    if not len(radii) or radii.shape != depth.shape:
        raise DataError(f"Bands need one radius and one level per item, got {radii.shape} and {depth.shape}.")
    if whole is not None and not whole.all():
        radii, depth = radii[~whole], depth[~whole]
    common = _common(depth)
    groups = _ascending([(radii[depth == level], names[level], level) for level in common])
    if len(groups) == 1:
        return _thirds(radii)
    medians = [float(np.median(values)) for values, _, _ in groups]
    limits = tuple((low + high) / 2 for low, high in itertools.pairwise(medians))
    return Bands(limits, tuple(name for _, name, _ in groups), first=tuple(level for _, _, level in groups))


def by_class(
    rows: Rows, score: NDArray[np.floating], radius: NDArray[np.floating], label: NDArray[np.integer], bands: Bands
) -> tuple[BandGroup, ...]:
    """Group what a retrieval found. rows: (k,) distinct items.  score: (k,) smaller is better.  radius, label: (k,), label −1 for
    items without a class.  Bands without an item are left out; within one the classes come by their best score, ties by row.
    """
    width = int(label.max(initial=-1)) + 2
    group = bands.of(radius) * width + label + 1
    size = len(bands.names) * width
    counts, best = np.bincount(group, minlength=size), np.full(size, np.inf)
    np.minimum.at(best, group, np.asarray(score, float))
    leading = np.flatnonzero(np.asarray(score, float) == best[group])
    order = leading[np.lexsort((rows[leading], group[leading]))]
    keys, first = np.unique(group[order], return_index=True)
    chosen = rows[order[first]]
    place = np.lexsort((chosen, best[keys]))
    by_band: list[list[ClassGroup]] = [[] for _ in bands.names]
    for key, row in zip(keys[place].tolist(), chosen[place].tolist(), strict=True):
        by_band[key // width].append(ClassGroup(key % width - 1, row, float(best[key]), int(counts[key])))
    return tuple(BandGroup(band, sum(one.count for one in classes), tuple(classes)) for band, classes in enumerate(by_band) if classes)


def first_cards(groups: Sequence[BandGroup], count: int = 12) -> tuple[ClassGroup, ...]:
    """The `count` cards that are seen first, general → specific: of B bands the first gets B shares, the next B − 1, … and
    what a band cannot fill goes to the others, the general ones first."""
    left = [len(group.classes) for group in groups]
    weights = range(len(groups), 0, -1)
    total = sum(weights)
    shares = [min(have, count * weight // total) for have, weight in zip(left, weights, strict=True)]
    for band, have in enumerate(left):
        shares[band] += min(have - shares[band], count - sum(shares))
    return tuple(card for group, some in zip(groups, shares, strict=True) for card in group.classes[:some])


def _common(depth: NDArray[np.integer]) -> list[int]:
    """Levels that are not rare, ascending; the most common one where all are."""
    counts = np.bincount(depth)
    common = np.flatnonzero(counts >= max(1, RARE * len(depth))).tolist()
    return common or [int(counts.argmax())]


def _ascending(levels: list[tuple[NDArray[np.floating], str, int]]) -> list[tuple[NDArray[np.floating], str, int]]:
    """Pool neighbouring levels until their medians strictly ascend (pool adjacent violators). Each with its name and least depth."""
    pooled: list[tuple[NDArray[np.floating], str, int]] = []
    for values, name, level in levels:
        pooled.append((values, name, level))
        while len(pooled) > 1 and np.median(pooled[-2][0]) >= np.median(pooled[-1][0]):
            (outer, below, _), (inner, above, first) = pooled.pop(), pooled.pop()
            pooled.append((np.concatenate([inner, outer]), f"{above} and {below}", first))
    return pooled


def _thirds(radii: NDArray[np.floating]) -> Bands:
    low, high = (float(value) for value in np.quantile(radii, (1 / 3, 2 / 3)))
    if not radii.min() < low < high:
        return Bands((), ("at one distance from the root",), levels=False)
    return Bands((low, high), THIRDS, levels=False)

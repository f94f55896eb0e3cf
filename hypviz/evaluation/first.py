"""What a person sees first: the first k children of an item, and whether a few items come for everything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypviz import metrics
from hypviz.evaluation.measures import Candidates, Named, Values
from hypviz.evaluation.task_data import Rows, TaskData, dense
from hypviz.metrics import chance

HUB_SHARE = 0.01
"""The share of the pool whose part of all answers is reported."""


@dataclass(frozen=True, eq=False)
class FirstSeen:
    """Of the first k boxes found for a scene or a box [R]:

    "own boxes": how many are inside this very item.  "own classes": the share of the classes of its boxes, and "own
    objects": of the classes of its direct children, that some of the first k have.  "distinct classes": of how many
    classes they are.  A share has no value where there is no class to cover.
    """

    data: TaskData
    pool: Rows
    k: int

    def values(self, rows: Rows, order: metrics.Order, hits: metrics.Hits) -> Named:
        """See `Measure.values`."""
        position = order.position[:, : self.k]
        query, rank = np.nonzero(np.arange(position.shape[1]) < order.pool[:, None])
        first = self.pool[position[query, rank]]
        presence = np.zeros((len(rows), len(self.data.items.classes)), bool)
        presence[query, self.data.label[first]] = True
        count = np.bincount(query[self.data.is_own(rows[query], first)], minlength=len(rows))
        return self._named(rows, count.astype(float), presence)

    def chance(self, rows: Rows, candidates: Candidates) -> Named:
        """See `Measure.chance`."""
        counts = candidates.class_counts(self.data.label[self.pool], len(self.data.items.classes))
        drawn = np.minimum(self.k, candidates.pool)
        own_count = drawn * self.data.own_boxes(rows) / np.maximum(candidates.pool, 1)
        return self._named(rows, own_count.astype(float), chance.chance_of_any(candidates.pool[:, None], counts, self.k))

    def _named(self, rows: Rows, own_count: Values, presence: NDArray[np.floating | np.bool_]) -> Named:
        """own_count: (b,) own boxes among the first k.  presence: (b, C) whether, or how probably, a class is among them."""
        held, direct = dense(self.data.held[rows]), dense(self.data.held_directly[rows])
        figures = {
            "own boxes": own_count,
            "own classes": _covered(presence, held),
            "own objects": _covered(presence, direct),
            "distinct classes": presence.sum(axis=1, dtype=float),
        }
        return {f"{name}@{self.k}": value for name, value in figures.items()}


def _covered(presence: NDArray[np.floating | np.bool_], relevant: NDArray[np.bool_]) -> Values:
    """(b,) the share of the relevant classes (b, C) that are present, NaN where none is relevant."""
    count = relevant.sum(axis=1)
    return np.where(count > 0, (presence * relevant).sum(axis=1) / np.maximum(count, 1), np.nan)


@dataclass(frozen=True, eq=False)
class OtherPictures:
    """ "other pictures@k": of the first k that lie in other pictures than the query, how many are relevant [R].

    What lies in the query's own picture is known, and a model that draws boxes towards their pictures (`EncoderSettings.context`) ranks it
    first without knowing what any of it is. A query whose class no other picture has counts as 0, as its chance does.
    """

    data: TaskData
    pool: Rows
    depths: tuple[int, ...]

    @property
    def reach(self) -> int:
        """Ranks within which the first max(depths) of other pictures lie, whatever of its own a query ranks first."""
        return max(self.depths) + int(np.bincount(self.data.items.image[self.pool]).max(initial=0))

    def values(self, rows: Rows, order: metrics.Order, hits: metrics.Hits) -> Named:
        """See `Measure.values`."""
        image, position = self.data.items.image, order.position
        other = image[self.pool[position]] != image[rows][:, None]
        other &= np.arange(position.shape[1]) < order.pool[:, None]
        place = np.cumsum(other, axis=1)
        return {f"other pictures@{k}": _share(hits.flags, other & (place <= k)) for k in self.depths}

    def chance(self, rows: Rows, candidates: Candidates) -> Named:
        """See `Measure.chance`."""
        image = self.data.items.image
        other = candidates.inside & (image[self.pool] != image[rows][:, None])
        return {f"other pictures@{k}": _share(candidates.relevant, other) for k in self.depths}


def _share(relevant: NDArray[np.bool_], among: NDArray[np.bool_]) -> Values:
    """(b,) the share of what is `among` that is relevant, NaN where nothing is."""
    count = among.sum(axis=1)
    return np.where(count > 0, (relevant & among).sum(axis=1) / np.maximum(count, 1), np.nan)


@dataclass(frozen=True)
class Hubs:
    """How the answers of all queries, their first k each, are spread over the pool [R].

    share: of all answers, what the 1 % most retrieved items hold (at least one item).  never: share of the pool that no
    query retrieves.  share_chance, never_chance: both when each query draws its k at random.
    """

    k: int
    share: float
    never: float
    share_chance: float
    never_chance: float


class HubCount:
    """Gathers `Hubs` while the rankings stream by."""

    def __init__(self, pool: int, k: int) -> None:
        self._k, self._queries = k, 0
        self._answers = np.zeros(pool, np.int64)
        self._missed, self._outside = [np.zeros(0)], [np.zeros((2, 0), np.int64)]

    def add(self, order: metrics.Order) -> None:
        """Count the first k of a block of rankings."""
        position = order.position[:, : self._k]
        depth = np.minimum(self._k, order.pool)
        self._answers += np.bincount(position[np.arange(position.shape[1]) < depth[:, None]], minlength=len(self._answers))
        # The log of the probability that a query does not draw an item of its pool; one that draws all of it misses none.
        self._missed.append(np.log(np.maximum(1 - depth / np.maximum(order.pool, 1), np.finfo(float).tiny)))
        query, column = order.outside
        self._outside.append(np.stack([query + self._queries, column]))
        self._queries += len(depth)

    def result(self) -> Hubs:
        """The counts as shares; NaN when nothing was retrieved."""
        size, answers = len(self._answers), int(self._answers.sum())
        if not answers:
            return Hubs(self._k, *(float("nan"),) * 4)
        most = max(1, round(HUB_SHARE * size))
        missed, (query, column) = np.concatenate(self._missed), np.concatenate(self._outside, axis=1)
        never = np.exp(missed.sum() - np.bincount(column, weights=missed[query], minlength=size))
        return Hubs(
            self._k,
            share=int(np.sort(self._answers)[-most:].sum()) / answers,
            never=float((self._answers == 0).mean()),
            share_chance=hub_share_by_chance(self._queries, answers, size, most),
            never_chance=float(never.mean()),
        )


def hub_share_by_chance(queries: int, answers: int, pool: int, most: int) -> float:
    """Share of all answers that the `most` most retrieved of a pool hold when every query draws at random.

    An item's count is binomial; the sum of the largest `most` counts is Σ_j min(most, items with a count of at least j),
    taken with the expected number of such items. That leaves out how that number varies: a part in a hundred for small
    pools, nothing for large ones.
    """
    from scipy.special import bdtrc

    fewer = np.arange(queries)
    at_least = pool * bdtrc(fewer, queries, answers / (queries * pool))  # pool · P(count > fewer)
    return float(np.minimum(most, at_least).sum() / answers)

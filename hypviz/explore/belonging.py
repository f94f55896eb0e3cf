"""How much of what is listed around an item belongs there by its class, beside what chance would list.

Under a whole picture belong boxes of the classes that it shows, under a box those of classes that were seen in one of its class;
over a box lie the pictures that show its class, and boxes of a class that was seen around one. What is in the item's own picture
does not count: it is known, not found.

Chance draws for every item that is listed another of its kind, a whole picture for a picture and a box for a box: nearly every picture
shows some classes, so that a list of pictures looks good beside boxes drawn at random, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array
from scipy.special import gammaln, xlog1py, xlogy

from hypviz.data.hierarchy import Hierarchy, class_graph, scene_classes
from hypviz.data.items import Items, whole_pictures
from hypviz.storage.json_types import Json

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

LEAST_GAIN = 0.05
"""Share of the way from chance to perfect below which something does hardly better than chance."""
NO_GAIN, LEAST_LIFT = 0.01, 1.5
"""The share of that way that is none at all; and from how many times as often as by chance on something rare is not found hardly better,
though it be short of LEAST_GAIN."""
SURE = 0.05
"""Chance does as well at most so often where something does better than chance."""
FEWEST_PICTURES = 6
"""Pictures without which nothing does better than chance: boxes of one picture lie together, so that the picture is what counts, and were
each of five on the right side, a sign test would still call it luck (p = 2 · 2⁻⁵ = 0.06; of six 0.03)."""


class Belonging:
    """Judges lists by the classes of one data set; safe to share between threads."""

    def __init__(self, items: Items, hierarchy: Hierarchy) -> None:
        self.items, self.hierarchy = items, hierarchy

    def under(self, row: int, rows: Rows) -> Json | None:
        """Of the boxes among rows (k,) outside the picture of an item: {"share": of those that belong under it, "chance": of as many boxes
        drawn there, both 0…1, "of": how many they are, "verdict": see `verdict`, or "empty" where no class belongs under the item}. None
        where no box is among them, where there is one class, and among own vectors, whose hierarchy is not one of classes."""
        below = self._classes_under(row)
        if below is None:
            return None
        shares = self._shares(row, rows[~self.items.is_scene[rows]], lambda chosen: below[self.items.label[chosen]])
        return shares and (shares if below.any() else shares | {"verdict": "empty"})

    def over(self, row: int, rows: Rows) -> Json | None:
        """Of the items among rows (k,) outside the picture of a box, as `under`: the share of those that lie over one of its class, beside
        as many pictures and boxes drawn at random. None for what is no box with a class, and where no class was seen around one."""
        label = int(self.items.label[row])
        if self.items.is_scene[row] or len(self.items.classes) < 2:
            return None
        around, shown = self._graph[:, label], self._showing(label)
        others = shown.copy()
        others[self.items.image[row]] = False
        if not (around.any() or others.any()):
            return None

        def lies_over(chosen: Rows) -> Mask:
            scene = self.items.is_scene[chosen]
            return np.where(scene, shown[self.items.image[chosen]], around[np.where(scene, 0, self.items.label[chosen])])

        return self._shares(row, rows, lies_over)

    def tables(self, rows: Rows) -> Json | None:
        """What a page without a server judges by: {"inside": of each class the classes seen in boxes of it, "shown": the classes of each
        picture among the items `rows` (k,), by the row of the image as text, "few": whether the data have fewer than
        FEWEST_PICTURES}. None where `under` and `over` say nothing of any item."""
        if len(self.items.classes) < 2 or self.items.is_scene.all():
            return None
        shown = scene_classes(self.items)
        classes = {
            str(one): shown.indices[slice(*shown.indptr[one : one + 2])].tolist() for one in np.unique(self.items.image[rows]).tolist()
        }
        few = len(self.items.images) < FEWEST_PICTURES
        return {"inside": [np.flatnonzero(seen).tolist() for seen in self._graph], "shown": classes, "few": few}

    def _shares(self, row: int, rows: Rows, belongs: Callable[[Rows], Mask]) -> Json | None:
        image, scene = self.items.image, self.items.is_scene
        apart = rows[image[rows] != image[row]]
        if not len(apart):
            return None
        drawn = []
        for kind in (scene, ~scene):
            count, others = int(kind[apart].sum()), np.flatnonzero(kind & (image != image[row]))
            drawn += [(count, float(belongs(others).mean()))] if count else []
        belonging, chance = int(belongs(apart).sum()), sum(count * rate for count, rate in drawn) / len(apart)
        verdict_word = verdict(belonging, drawn)
        if verdict_word == "better" and len(self.items.images) < FEWEST_PICTURES:
            verdict_word = "few"
        return {"share": belonging / len(apart), "chance": chance, "of": len(apart), "verdict": verdict_word}

    def _classes_under(self, row: int) -> Mask | None:
        """(C,) classes that belong under an item, see `under`."""
        below = np.zeros(len(self.items.classes), np.bool_)
        if len(below) < 2 or (self.items.is_scene[row] and not self._whole[row]):
            return None
        if self._whole[row]:
            below[self.items.label[self.items.of_image(int(self.items.image[row]))[1:]]] = True
        else:
            below |= self._graph[self.items.label[row]]
        return below

    @cached_property
    def _whole(self) -> Mask:
        return whole_pictures(self.items)

    @cached_property
    def _graph(self) -> Mask:
        return class_graph(self.items, self.hierarchy)

    def _showing(self, label: int) -> Mask:
        """(M,) which images show a class."""
        shown = np.zeros(len(self.items.images), np.bool_)
        start, stop = self._images_by_class.indptr[label : label + 2]
        shown[self._images_by_class.indices[start:stop]] = True
        return shown

    @cached_property
    def _images_by_class(self) -> csc_array:
        return scene_classes(self.items).tocsc()


def verdict(belonging: int, drawn: Sequence[tuple[int, float]]) -> str:
    """What as many items that belong say beside chance, which draws count of each kind, of which a share rate belongs: "better"; "none",
    no more than chance finds (NO_GAIN); "hardly" more (LEAST_GAIN, LEAST_LIFT); "few", more, but chance does as well more often than
    SURE."""
    total = sum(count for count, _ in drawn)
    by_chance = sum(count * rate for count, rate in drawn)
    gain = (belonging - by_chance) / max(total - by_chance, 1e-9)
    if gain < NO_GAIN:
        return "none"
    if gain < LEAST_GAIN and belonging < LEAST_LIFT * by_chance:
        return "hardly"
    odds = np.ones(1)
    for count, rate in drawn:
        odds = np.convolve(odds, _binomial(count, rate))
    return "better" if odds[belonging:].sum() < SURE else "few"


def _binomial(count: int, rate: float) -> NDArray[np.float64]:
    """(count + 1,) how likely each number of hits is in independent trials. (scipy.stats takes a second to load, before the first page.)"""
    hits = np.arange(count + 1)
    ways = gammaln(count + 1) - gammaln(hits + 1) - gammaln(count - hits + 1)
    return np.asarray(np.exp(ways + xlogy(hits, rate) + xlog1py(count - hits, -rate)), np.float64)

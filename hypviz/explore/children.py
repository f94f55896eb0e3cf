"""What is listed around a place: its own boxes, nested; the rest of the data by band and class; what it lies in.

Three ways to find the rest, so that they can be held against each other: "entailment", the members of the cone, "nearest",
the items at the smallest geodesic distance, and "cosine", those at the smallest angle between directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hypviz.config import check_choice
from hypviz.data.items import SCENE, whole_pictures
from hypviz.errors import SelectionError
from hypviz.explore.belonging import Belonging
from hypviz.explore.cards import Cards
from hypviz.search.answers import Query, Ranked
from hypviz.search.bands import BandGroup, Bands, by_class, radius_bands
from hypviz.search.index import Index
from hypviz.search.scoring import Floats, ranking_value
from hypviz.storage.json_types import Json
from hypviz.viz.colours import depth_names

Rows = NDArray[np.int64]
WAYS = ("entailment", "nearest", "cosine")
NEAREST = 40
"""Items that "nearest" and "cosine" find: they have no cone that ends by itself."""
FEWEST = 6
"""Of a small set without cones a quarter of the items, and so many at least, are called similar: all would say nothing."""
MAX_LISTED = 200
MOSTLY = 2 / 3
"""Share of a band's items, and of its cards, that are of a level by the annotation, from which on the band is called "mostly" that."""
ONE_BAND = Bands((), ("all",), levels=False)
"""Where no cone says what contains what."""
PLURAL = {"part of a part": "parts of parts"}


@dataclass(frozen=True)
class Surroundings:
    """What lies around a place: the 40 best children and parents, the rows of its cone's members and, where it has none, the
    angle in radians of the closest item; candidates: rows outside its picture and what ranks them, by the way `by`."""

    by: str
    children: Ranked
    parents: Ranked
    members: Rows
    closest: float | None
    candidates: tuple[Rows, Floats]


class Children:
    """Lists around the places of one view; keeps references only. vectors: the items are own vectors, of no scene or object."""

    def __init__(self, cards: Cards, index: Index, *, vectors: bool = False) -> None:
        self.cards, self.items, self.hierarchy, self.index, self._vectors = cards, cards.items, cards.hierarchy, index, vectors

    @cached_property
    def belonging(self) -> Belonging:
        """What says how much of a list belongs where it is listed."""
        return Belonging(self.items, self.hierarchy)

    @cached_property
    def bands(self) -> Bands:
        """The bands of radius of this data set."""
        depth = self.hierarchy.depth
        names = depth_names(int(depth.max(initial=0)))
        plural = [f"level {k}" if self._vectors else PLURAL.get(name, f"{name}s") for k, name in enumerate(names)]
        return radius_bands(self._radii, depth, plural, whole=self._whole)

    @cached_property
    def _by_direction(self) -> Index:
        return self.index.by_direction()

    def around(self, query: Query, omega: float | None, *, by: str, image: int | None, cones: bool = True) -> Surroundings:
        """Everything around a place. cones False: no cone says what it contains, so that it has no parents, and similarity takes the
        place of entailment."""
        by = way(by, cones)
        if not cones:
            children = self.closest(query, by, limit=self._similar)
            listed = self.candidates(query, by, omega, image, cones=False)
            return Surroundings(by, children, Ranked.none(), np.sort(children.rows), None, listed)
        around = self.index.around(query, omega, contents=self._contents(query))
        if by == "entailment":
            children, candidates = around.children, self.outside(around.members, around.scores, image)
        else:
            children, candidates = self.closest(query, by), self.candidates(query, by, omega, image)
        closest = None if len(around.members) else around.closest
        return Surroundings(by, children, around.parents, around.members, closest, candidates)

    def candidates(self, query: Query, by: str, omega: float | None, image: int | None, *, cones: bool = True) -> tuple[Rows, Floats]:
        """(k,) rows that a way finds outside a picture, and (k,) what ranks them, smaller is better: radians, or distances."""
        if way(by) == "entailment":
            around = self.index.around(query, omega, limit=1, contents=self._contents(query))
            return self.outside(around.members, around.scores, image)
        ranked = self.closest(query, by, more=0 if image is None else len(self.items.of_image(image)))
        rows, scores = self.outside(ranked.rows, ranked.angle, image, whole=True)
        most = NEAREST if cones else self._similar
        return rows[:most], scores[:most]

    def closest(self, query: Query, by: str, *, more: int = 0, limit: int = NEAREST) -> Ranked:
        """The `limit` + `more` best by a way without a cone, "nearest" or "cosine", best first."""
        return (self._by_direction if by == "cosine" else self.index).nearest(query, limit=limit + more)

    def listable(self, image: int | None) -> int:
        """How many items outside a picture a cone may list: all but whole pictures."""
        return int((~self._whole).sum()) - (0 if image is None else int((~self._whole[self.items.of_image(image)]).sum()))

    def outside(self, rows: Rows, scores: Floats, image: int | None, *, whole: bool = False) -> tuple[Rows, Floats]:
        """Those that are not in a picture; None leaves all.  whole: whether whole pictures count, which are parts of nothing."""
        apart = np.ones(len(rows), np.bool_) if image is None else self.items.image[rows] != image
        if not whole:
            apart &= ~self._whole[rows]
        return rows[apart], scores[apart]

    def _contents(self, query: Query) -> Rows | None:
        """What is annotated inside an item: classes like it are listed first. None where there are no classes to list."""
        return None if query.row is None or len(self.items.classes) < 2 else self.hierarchy.descendants_of(query.row).astype(np.int64)

    @property
    def _similar(self) -> int:
        """How many items count as similar where there are no cones."""
        return int(np.clip(len(self.items) // 4, FEWEST, NEAREST))

    @cached_property
    def _whole(self) -> NDArray[np.bool_]:
        return whole_pictures(self.items)

    def elsewhere(self, rows: Rows, scores: Floats, *, by: str, cones: bool = True, of: int | None = None) -> Json:
        """What was found, to be read: {"by", "total", "belong", "bands": [{"band", "name", "levels", "level", "of_level", "low", "high",
        "total", "classes": cards with "class", "count" and "score", "items": cards or None}]}.

        name: that of a level of the annotation where all its items are of it, "mostly …" from MOSTLY on, elsewhere its radii.  levels:
        whether it is named after a level.  of_level, level: share of its items that are, 0…1, and the level's name, None where the bands
        are of no levels.  low, high: limits of the radius, None where there is none.
        items: where items have no class, the best of them.  cones False: similarity knows no bands, all are in one.  of: the item
        around which it was found, which "belong" is about, see `Belonging.under`.
        """
        bands = self.bands if cones else ONE_BAND
        groups = by_class(rows, scores, self._radii[rows], self.items.label[rows], bands)
        belong = None if of is None else self.belonging.under(of, rows)
        return {"by": by, "total": len(rows), "belong": belong, "bands": [self._band(bands, group, rows, scores) for group in groups]}

    def of_class(
        self, candidates: tuple[Rows, Floats], *, band: int, label: int, offset: int = 0, limit: int = NEAREST, cones: bool = True
    ) -> Json:
        """All items behind one card, best first: {"total", "offset", "items"}; SelectionError for a stretch that cannot be."""
        if not (offset >= 0 and 1 <= limit <= MAX_LISTED):
            raise SelectionError(f"A list starts at 0 or later and has 1 to {MAX_LISTED} items; got {offset} and {limit}.")
        rows, scores = candidates
        inside = ((self.bands if cones else ONE_BAND).of(self._radii[rows]) == band) & (self.items.label[rows] == label)
        best = self._best(rows[inside], scores[inside])
        return {"total": len(best), "offset": offset, "items": self.cards.plain(best[offset : offset + limit])}

    def nested_boxes(self, row: int | None) -> list[Json]:
        """The boxes annotated right inside an item, the largest first, each with "inside", one card a class of what is right
        inside it, with "count" and "rows". Empty for a place that is no item."""
        if row is None:
            return []
        children = self._by_size(self.hierarchy.children_of(row))
        return [self.cards.of(int(child)) | {"inside": self._nested(int(child))} for child in children]

    def named(
        self, kind: str, query: Query, omega: float | None, *, limit: int, image: int | None, cones: bool, each: bool = False
    ) -> Json:
        """A list by its name, under that name: "children", "parents", "nearest", "path", or "bands" outside the picture `image`.

        cones False: what is similar takes the place of children, and nothing is a parent or on the way to the root.  each: as children
        the best of each class only.
        """
        if kind == "path":
            return {kind: self.path_to_root(query, omega) if cones else []}
        if kind == "bands":
            by = way("entailment", cones)
            return {kind: self.elsewhere(*self.candidates(query, by, omega, image, cones=cones), by=by, cones=cones)["bands"]}
        return self.cards.listed(kind, self._ranked(kind, query, omega, limit=limit, cones=cones, each=each))

    def _ranked(self, kind: str, query: Query, omega: float | None, *, limit: int, cones: bool, each: bool) -> Ranked:
        if kind == "nearest":
            return self.index.nearest(query, limit=limit)
        if not cones:
            return self.closest(query, "cosine", limit=limit) if kind == "children" else Ranked.none()
        if kind == "parents":
            return self.index.parents(query, omega, limit=limit)
        if each:
            return self.index.one_of_each(query, omega, self.items.label - SCENE, limit=limit)
        return self.index.children(query, omega, limit=limit)

    def path_to_root(self, query: Query, omega: float | None) -> list[Json]:
        """The path to the root, cut after the last item whose cone holds the place; "holds" says which do.

        Beyond that one lies nothing but what is similar and more general, which no cone relates to the place.
        """
        path = self.index.path_to_root(query)
        holds = self._holds(query, path, omega)
        last = int(np.flatnonzero(holds).max(initial=-1 if query.row is None else 0))
        ancestors = zip(self.cards.plain(path[: last + 1]), holds[: last + 1].tolist(), strict=True)
        return [card | {"holds": held} for card, held in ancestors]

    def _holds(self, query: Query, rows: Rows, omega: float | None) -> NDArray[np.bool_]:
        """Which of the rows have the place in their cone; none has a whole picture."""
        if query.row is not None and self._whole[query.row]:
            return np.zeros(len(rows), np.bool_)
        space, radii, query_radius = self.index.embedding, self._radii[rows], np.full(1, query.radius, np.float32)
        ends = np.asarray(query.direction, np.float32), np.asarray(space.directions[rows], np.float32)
        angle = ranking_value(ends[1] @ ends[0], query_radius, radii, space=space, task="parents", apex="candidate", ends=ends)
        held = self.index.retrieval.cones.holds(angle, radii, query_radius, omega=omega)
        return np.asarray(held & (rows != (-1 if query.row is None else query.row)))

    @property
    def _radii(self) -> Floats:
        return np.asarray(self.index.embedding.radii, np.float32)

    def _band(self, bands: Bands, group: BandGroup, rows: Rows, scores: Floats) -> Json:
        limits = (None, *bands.limits, None)
        inside = bands.of(self._radii[rows]) == group.band
        classless = [one.label for one in group.classes] == [SCENE] or len(self.items.classes) < 2
        items = self._best(rows[inside], scores[inside])[:NEAREST] if classless else None
        cards = items if items is not None else np.array([one.best for one in group.classes], np.int64)
        return {
            "band": group.band,
            **self._band_name(bands, group.band, rows[inside], cards),
            "low": limits[group.band],
            "high": limits[group.band + 1],
            "total": group.count,
            "classes": [self.cards.of(one.best) | {"class": one.label, "count": one.count, "score": one.score} for one in group.classes],
            "items": None if items is None else self.cards.plain(items),
        }

    def _band_name(self, bands: Bands, band: int, rows: Rows, cards: Rows) -> Json:
        """What a band of items (k,) is called that is read by its cards (c,): by a level only where that is true of them."""
        name = bands.names[band]
        if not bands.levels:
            return {"name": name, "levels": False, "level": None, "of_level": None}
        of_level, shown = (float((bands.of_depth(self.hierarchy.depth[some]) == band).mean()) for some in (rows, cards))
        named = min(of_level, shown) >= MOSTLY
        words = name if of_level == 1 else f"mostly {name}" if named else bands.within(band)
        return {"name": words, "levels": named and not self._vectors, "level": name, "of_level": of_level}

    @staticmethod
    def _best(rows: Rows, scores: Floats) -> Rows:
        return rows[np.lexsort((rows, scores))]

    def _by_size(self, rows: NDArray[np.integer]) -> NDArray[np.integer]:
        x1, y1, x2, y2 = self.items.xyxy[rows].T
        return rows[np.lexsort((rows, -(x2 - x1) * (y2 - y1)))]

    def _nested(self, row: int) -> list[Json]:
        inside = self._by_size(self.hierarchy.children_of(row))
        groups: dict[int, list[int]] = {}
        for child in inside.tolist():
            groups.setdefault(int(self.items.label[child]), []).append(child)
        return [self.cards.of(rows[0]) | {"count": len(rows), "rows": rows} for rows in groups.values()]


def way(by: str, cones: bool = True) -> str:
    """A way to find the rest, checked; without cones similarity takes the place of entailment."""
    check_choice("by", by, WAYS)
    return "cosine" if by == "entailment" and not cones else by


def listed_rows(boxes: Sequence[Json], elsewhere: Json) -> list[int]:
    """The rows of all cards of two lists, in their order: what a disk marks."""
    nested = [row for card in boxes for row in (card["row"], *(part["row"] for part in card["inside"]))]
    others = [card["row"] for band in elsewhere["bands"] for card in band["items"] or band["classes"]]
    return list(dict.fromkeys([*nested, *others]))

"""Questions about many items of a view: cones and what they share, filters and counts, regions, lists, exports.

Answers are JSON-ready and exact over all items, drawn or not. Sets of rows travel as bits (`hypviz.explore.bitsets`); a place is
named as everywhere (`hypviz.explore.view`), a set of items by a filter (`hypviz.explore.selection`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.config import check_choice
from hypviz.errors import SelectionError
from hypviz.explore.bitsets import pack_mask, pack_rows, unpack_mask
from hypviz.explore.cards import Cards
from hypviz.explore.cone_sets import common, half_angle
from hypviz.explore.disks import Disks
from hypviz.explore.export import PICTURES, Export, annotation_files, write_export, write_with_pictures, written_set
from hypviz.explore.histograms import histograms
from hypviz.explore.query_points import QueryResolver
from hypviz.explore.selection import Selector
from hypviz.search.answers import Query
from hypviz.search.near import refined_cosines
from hypviz.search.orders import near_duplicates
from hypviz.storage.json_types import Json
from hypviz.viz import layout
from hypviz.viz.focus import Focus, focus, focus_payload, sides
from hypviz.viz.radius_scale import RadiusScale
from hypviz.viz.region import checked_centre, checked_polygon, in_polygon, in_window, is_finite

Mask = NDArray[np.bool_]
ORDERS = ("row", "radius", "label", "image", "distortion", "class_distance", "twins")
MAX_LISTED = 500
MAX_CONES = 16
"""Cones held against each other at once: one pass over the items each."""


class ViewQueries:
    """Answers such questions for one view; keeps references only. about: facts that go into every export."""

    def __init__(self, disks: Disks, placer: QueryResolver, cards: Cards, *, about: Json) -> None:
        self.disks, self.placer, self.cards, self.about = disks, placer, cards, about
        self.selector = Selector(placer.items, disks.columns, disks.embedding.radii, cards.marks)
        self._paired = np.empty(0, np.int64), np.empty(0, np.int64)

    # ---- cones -----------------------------------------------------------------------------------------------------

    def cone(self, query: Mapping[str, Any], omega: float | None = None, kind: str = "angle") -> Json:
        """The cone of one place: its half-angle (for drawing, too), members as bits, and where its apex is drawn.

        omega: radians, None for the calibrated one, used when kind is "angle"; kind "aperture" has the half-angle of the place's
        own radius.
        """
        place = self.placer.resolve(query)
        angle = half_angle(self.placer.index, place.query, kind=kind, omega=omega)
        rows = self.placer.index.cone_members(place.query, angle)
        return {
            "kind": kind,
            "omega": angle,
            "row": place.query.row,
            "label": place.picture["title"],
            "thumb": place.thumb,
            "radius": float(place.query.radius),
            "angles": self.disks.angle_of(place.query.direction, place.query.row),
            "members": pack_rows(rows, len(self.placer.items)),
            "members_total": len(rows),
        }

    def focus(
        self,
        query: Mapping[str, Any],
        omega: float | None = None,
        kind: str = "angle",
        *,
        rows: str | None = None,
        scale: str | None = None,
    ) -> bytes:
        """The layout around one place (`viz.focus`) as a file, for the items in `rows` (bits, None for all) in their order.

        omega, kind: as in `cone`.  scale: which radius scale the disk is drawn with, see `Layouts.radius_scale`.
        """
        place = self.placer.resolve(query).query
        radii = self.disks.radius_scale(scale)
        chosen = None if rows is None else np.flatnonzero(unpack_mask(rows, len(self.placer.items)))
        return focus_payload(self._focus(place, half_angle(self.placer.index, place, kind=kind, omega=omega), radii, chosen))

    def _focus(self, place: Query, omega: float, radii: RadiusScale, rows: NDArray[np.int64] | None) -> Focus:
        index, disks = self.placer.index, self.disks
        member = np.zeros(len(index), np.bool_)
        member[index.cone_members(place, omega)] = True
        apex_angle = disks.families[place.row] if place.row is not None else layout.place(disks.angles(), disks.embedding, place.direction)
        cosine = refined_cosines(index.cosines(place), place.direction, disks.embedding)
        return focus(
            disks.embedding, cosine, sides(disks.families, float(apex_angle)), radius=float(place.radius), omega=omega,
            member=member, radii=radii, rows=rows, apex_row=place.row,
            min_radius=float(place.radius) if index.retrieval.cones.outward else None,
        )  # fmt: skip

    def common(self, queries: Sequence[Mapping[str, Any]], omega: float | None = None, kind: str = "angle", *, limit: int = 40) -> Json:
        """What lies inside all of the queries' cones: cards of the best by summed angle, their number, all as bits.

        A card's `angle` is the sum of its angles at the apexes, in radians.
        """
        if not 1 <= len(queries) <= MAX_CONES:
            raise SelectionError(f"Choose 1 to {MAX_CONES} items to see what they have in common, got {len(queries)}.")
        places = [self.placer.resolve(query).query for query in queries]
        angles = [half_angle(self.placer.index, place, kind=kind, omega=omega) for place in places]
        ranked, rows = common(self.placer.index, places, angles, limit=limit)
        return {
            "items": self.cards.ranked(ranked),
            "total": ranked.total,
            "omegas": angles,
            "members": pack_rows(rows, len(self.placer.items)),
        }

    # ---- sets of items ---------------------------------------------------------------------------------------------

    def find(self, criteria: Mapping[str, Any]) -> Json:
        """The items that pass a filter, as bits, with the counts of every facet under it."""
        return self._as_set(self.selector.find(criteria)) | {"facets": self.selector.facets(criteria)}

    def histograms(self, criteria: Mapping[str, Any]) -> Json:
        """How the radii and the classes of the items that pass a filter are spread, beside all items; see `hypviz.explore.histograms`."""
        return histograms(self.selector, criteria)

    def region(self, region: Mapping[str, Any]) -> Json:
        """The items in a region of the disk (see `region_mask`), as bits."""
        return self._as_set(self.region_mask(region))

    def region_mask(self, region: Mapping[str, Any]) -> Mask:
        """(N,) True in a region: {"layout", "polygon": [[x, y]…], "view": {"centre": [x, y]}} or {"layout", "window"}.

        The polygon is in the frame of the view, zoom undone; window as in `viz.region.in_window`. {"focus": {"query", "at"}}
        means the layout around a place drawn at the angle `at`, in radians, and "scale" names the radius scale.
        """
        radii, scale = self.disks.embedding.radii, self.disks.radius_scale(region.get("scale"))
        placed, drawn = self._placed(region, scale)
        if region.get("window") is not None:
            return in_window(placed, radii, region["window"])
        polygon = checked_polygon(region.get("polygon"))
        frame = region.get("view") or {}
        if not isinstance(frame, Mapping):
            raise SelectionError(f"A region's view needs a centre [x, y] inside the disk, got {frame!r:.80}.")
        centre = checked_centre(frame.get("centre", [0, 0]))
        return in_polygon(placed, drawn, polygon, centre=centre)

    def _placed(self, region: Mapping[str, Any], scale: RadiusScale) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
        """(N,) angles and (N,) radii as drawn: of a layout, or around a place."""
        around = region.get("focus")
        if around is None:
            placed = self.disks.angles(layout.check_method(region.get("layout") or layout.DEFAULT))
            return placed, scale.drawn(self.disks.embedding.radii)
        if not isinstance(around, Mapping) or not isinstance(around.get("query"), Mapping) or not is_finite(around.get("at")):
            raise SelectionError('A region\'s focus needs a "query" and "at", the angle in radians that its place is drawn at.')
        place = self.placer.resolve(around["query"]).query
        focused = self._focus(place, np.pi / 2, scale, None)
        return focused.angle + float(around["at"]), focused.drawn

    def listing(self, criteria: Mapping[str, Any], *, offset: int = 0, limit: int = 100, order: str = "row", down: bool = False) -> Json:
        """A stretch of the items that pass a filter, as cards, in some order; `total` is all that pass.

        order: "row" (as in the data), "radius", "label", "image" (name), "distortion" (of the default layout), "class_distance"
        (how far from its class) or "twins" (near-duplicates side by side, closest pairs first).
        """
        check_choice("order", order, ORDERS)
        if not (offset >= 0 and 1 <= limit <= MAX_LISTED):
            raise SelectionError(f"A list starts at 0 or later and has 1 to {MAX_LISTED} items; got {offset} and {limit}.")
        rows = np.flatnonzero(self.selector.find(criteria))
        places = self._twins(rows) if order == "twins" else self._order(rows, order, down)
        shown = rows[places][offset : offset + limit]
        return {"total": len(rows), "offset": offset, "items": [self.cards.full(int(row)) for row in shown]}

    def rows(self, criteria: Mapping[str, Any]) -> NDArray[np.int64]:
        """The rows of the items that pass a filter, ascending; SelectionError when none does."""
        rows = np.flatnonzero(self.selector.find(criteria))
        if not len(rows):
            raise SelectionError("Nothing is selected, so there is nothing to export.")
        return rows

    def export(self, criteria: Mapping[str, Any], format: str) -> Export:
        """The items that pass a filter as a file, see `hypviz.explore.export`; SelectionError when none does."""
        return write_export(self.cards, self.disks.tree, self.rows(criteria), format, about=self.about)

    def pack(self, criteria: Mapping[str, Any], format: str, path: Path) -> int:
        """As `export` of annotations, with the pictures they are about, as a zip file at `path`; returns how many items.

        DataError for a picture that cannot be read, SettingsError for a format that is none of annotations.
        """
        check_choice("a format to pack pictures with", format, tuple(PICTURES))
        rows = self.rows(criteria)
        files = annotation_files(written_set(self.cards, self.disks.tree, rows, about=self.about), format)
        write_with_pictures(path, self.cards.items, rows, files, format)
        return len(rows)

    def _twins(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Places of the rows with near-duplicates side by side; the last answer is kept, as a list is read in stretches."""
        key, order = self._paired
        if not np.array_equal(key, rows):
            order = near_duplicates(self.disks.embedding, rows)[0]
            self._paired = rows, order  # one assignment: threads see the old pair or the new one
        return order

    def _order(self, rows: NDArray[np.int64], order: str, down: bool) -> NDArray[np.int64]:
        items, key = self.placer.items, rows.astype(np.float64)
        if order == "radius":
            key = self.disks.embedding.radii[rows].astype(np.float64)
        elif order == "label":
            key = self._rank(("scene", *items.classes))[items.label[rows] + 1]
        elif order == "image":
            key = self._rank(self.disks.columns.image_names)[items.image[rows]]
        elif order == "distortion":
            key = self.disks.distortion(rows).astype(np.float64)
        elif order == "class_distance":
            key = self.disks.class_distance[rows].astype(np.float64)
        return np.lexsort((rows, -key if down else key))

    @staticmethod
    def _rank(names: Sequence[str]) -> NDArray[np.float64]:
        """Place of each name in alphabetical order."""
        return np.argsort(np.argsort(np.array(names), kind="stable"), kind="stable").astype(np.float64)

    @staticmethod
    def _as_set(mask: Mask) -> Json:
        return {"members": pack_mask(mask), "total": int(np.count_nonzero(mask))}

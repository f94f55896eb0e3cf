"""Routes of the disk: points and layouts, cones, selections, exports. All under /hypviz/view/{key}/.

    GET  points?layout=&budget=&focus=12,15   the points of a layout, the overview when none is named, binary (hypviz.viz.disk)
    POST rows       {layout, rows: [row…]}    the points of certain rows, same format
    POST more       {layout, polygon|window, view, budget}    further points of a region, same format
    GET  layouts                              the layouts to choose from, with progress
    GET  honesty?layout=                      how well a layout keeps neighbours, distances and cones
    GET  edges?budget=                        annotated parent → child pairs to draw (hypviz.explore.edges)
    GET  item/{row}                           one item with all that is known of it
    POST cone       {query, omega, kind}      members of one cone, as bits, and its half-angle
    POST focus      {query, omega, kind, rows, scale}    the layout around one place, binary (hypviz.viz.focus)
    POST common     {queries, omega, kind}    what lies inside several cones
    POST find       {filter}                  items that pass a filter, as bits, and counts per facet
    POST histograms {filter}                  how their radii and classes are spread, beside all (hypviz.explore.histograms)
    POST select_region {layout, view, polygon|window}    items in a region, as bits
    POST items      {filter, offset, limit, order, down}    a stretch of the items that pass a filter
    POST export     {filter | rows | ids | members, format}    those items as a file

A filter is described in hypviz.explore.selection, sets of rows as bits in hypviz.explore.bitsets.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from hypviz.explore.edges import edges_to_draw
from hypviz.explore.library import Library
from hypviz.explore.view import View
from hypviz.server.schemas.filters import ExportBody, FilterBody, ListingBody
from hypviz.server.schemas.questions import CommonBody, ConeBody, FocusBody, PointsQuery, RowsBody
from hypviz.server.schemas.regions import MoreBody, Region
from hypviz.storage.json_types import Json
from hypviz.viz.layout import DEFAULT


def disk_router(library: Library) -> APIRouter:
    """The routes over the views that a library holds open."""
    router = APIRouter(prefix="/view/{key}")
    _add_points(router, library)
    _add_questions(router, library)
    return router


def _add_points(router: APIRouter, library: Library) -> None:
    @router.get("/points")
    def points(key: str, query: Annotated[PointsQuery, Query()]) -> Response:
        view = library.view(key)
        return _binary(view.points(query.layout or view.disks.overview, budget=query.budget, focus=query.families()))

    @router.post("/rows")
    def rows(key: str, body: RowsBody) -> Response:
        return _binary(library.view(key).disks.some(body.layout, body.rows))

    @router.post("/more")
    def more(key: str, body: MoreBody) -> Response:
        view = library.view(key)
        mask = view.queries.region_mask(body.place())
        return _binary(view.disks.more(body.layout or DEFAULT, mask, budget=body.budget))

    @router.get("/edges")
    def edges(key: str, budget: int = 1500) -> Json:
        view = library.view(key)
        return edges_to_draw(view.hierarchy.edges, view.items.image, budget=budget, among=view.disks.sent())

    @router.get("/layouts")
    def layouts(key: str) -> list[Json]:
        return library.view(key).layouts()

    @router.get("/honesty")
    def honesty(key: str, layout: str = DEFAULT) -> Json:
        return library.view(key).honesty(layout)


def _add_questions(router: APIRouter, library: Library) -> None:
    @router.get("/item/{row}")
    def item(key: str, row: int) -> Json:
        view = library.view(key)
        return view.cards.full(view.queries.selector.checked(row))

    @router.post("/cone")
    def cone(key: str, body: ConeBody) -> Json:
        return library.view(key).queries.cone(body.query.stated(), body.omega, body.kind)

    @router.post("/focus")
    def focus(key: str, body: FocusBody) -> Response:
        queries = library.view(key).queries
        return _binary(queries.focus(body.query.stated(), body.omega, body.kind, rows=body.rows, scale=body.scale))

    @router.post("/common")
    def common(key: str, body: CommonBody) -> Json:
        return library.view(key).queries.common([query.stated() for query in body.queries], body.omega, body.kind)

    @router.post("/find")
    def find(key: str, body: FilterBody) -> Json:
        return library.view(key).queries.find(body.filter.stated())

    @router.post("/histograms")
    def histograms(key: str, body: FilterBody) -> Json:
        return library.view(key).queries.histograms(body.filter.stated())

    @router.post("/select_region")
    def select_region(key: str, region: Region) -> Json:
        return library.view(key).queries.region(region.place())

    @router.post("/items")
    def items(key: str, body: ListingBody) -> Json:
        queries = library.view(key).queries
        return queries.listing(body.filter.stated(), offset=body.offset, limit=body.limit, order=body.order, down=body.down)

    @router.post("/export")
    def export(key: str, body: ExportBody) -> Response:
        view = library.view(key)
        file = view.queries.export(body.chosen(), body.format)
        return Response(file.data, media_type=file.media_type, headers={"Content-Disposition": attachment(view, file.ending)})


def attachment(view: View, ending: str) -> str:
    """The header that names a download after the data set: letters, digits, - and _ of its name."""
    name = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in view.workspace.name).strip("-") or "selection"
    return f'attachment; filename="{name[:60]}.{ending}"'


def _binary(data: bytes) -> Response:
    return Response(data, media_type="application/octet-stream", headers={"Cache-Control": "no-cache"})

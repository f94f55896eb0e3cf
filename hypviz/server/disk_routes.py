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

from typing import Annotated, Any

from fastapi import APIRouter, Body
from fastapi.responses import Response

from hypviz.errors import SelectionError
from hypviz.explore.edges import edges_to_draw
from hypviz.explore.library import Library
from hypviz.explore.view import View
from hypviz.viz.layout import DEFAULT

Json = dict[str, Any]
MAX_FOCUS = 64
"""Rows whose families are put among the points at once."""


def disk_router(library: Library) -> APIRouter:
    """The routes over the views that a library holds open."""
    router = APIRouter(prefix="/view/{key}")
    _add_points(router, library)
    _add_questions(router, library)
    return router


def _add_points(router: APIRouter, library: Library) -> None:
    @router.get("/points")
    def points(key: str, layout: str = "", budget: int | None = None, focus: str = "") -> Response:
        view = library.view(key)
        return _binary(view.points(layout or view.disks.overview, budget=budget, focus=_rows(focus)))

    @router.post("/rows")
    def rows(key: str, rows: Annotated[list[int], Body()], layout: Annotated[str, Body()] = DEFAULT) -> Response:
        return _binary(library.view(key).disks.some(layout, rows))

    @router.post("/more")
    def more(key: str, region: Annotated[Json, Body()]) -> Response:
        view = library.view(key)
        mask = view.queries.region_mask(region)
        return _binary(view.disks.more(region.get("layout") or DEFAULT, mask, budget=region.get("budget")))

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
    def cone(
        key: str, query: Annotated[Json, Body()], omega: Annotated[float | None, Body()] = None, kind: Annotated[str, Body()] = "angle"
    ) -> Json:
        return library.view(key).queries.cone(query, omega, kind)

    @router.post("/focus")
    def focus(
        key: str,
        query: Annotated[Json, Body()],
        omega: Annotated[float | None, Body()] = None,
        kind: Annotated[str, Body()] = "angle",
        rows: Annotated[str | None, Body()] = None,
        scale: Annotated[str | None, Body()] = None,
    ) -> Response:
        return _binary(library.view(key).queries.focus(query, omega, kind, rows=rows, scale=scale))

    @router.post("/common")
    def common(
        key: str,
        queries: Annotated[list[Json], Body()],
        omega: Annotated[float | None, Body()] = None,
        kind: Annotated[str, Body()] = "angle",
    ) -> Json:
        return library.view(key).queries.common(queries, omega, kind)

    @router.post("/find")
    def find(key: str, wanted: Annotated[Json, Body(alias="filter", embed=True)]) -> Json:
        return library.view(key).queries.find(wanted)

    @router.post("/histograms")
    def histograms(key: str, wanted: Annotated[Json, Body(alias="filter", embed=True)]) -> Json:
        return library.view(key).queries.histograms(wanted)

    @router.post("/select_region")
    def select_region(key: str, region: Annotated[Json, Body()]) -> Json:
        return library.view(key).queries.region(region)

    @router.post("/items")
    def items(
        key: str,
        wanted: Annotated[Json, Body(alias="filter")],
        offset: Annotated[int, Body()] = 0,
        limit: Annotated[int, Body()] = 100,
        order: Annotated[str, Body()] = "row",
        down: Annotated[bool, Body()] = False,
    ) -> Json:
        return library.view(key).queries.listing(wanted, offset=offset, limit=limit, order=order, down=down)

    @router.post("/export")
    def export(key: str, body: Annotated[Json, Body()]) -> Response:
        view = library.view(key)
        made = view.queries.export(filter_of(body), str(body.get("format", "csv")))
        return Response(made.data, media_type=made.media_type, headers={"Content-Disposition": attachment(view, made.ending)})


def attachment(view: View, ending: str) -> str:
    """The header that names a download after the data set: letters, digits, - and _ of its name."""
    name = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in view.workspace.name).strip("-") or "selection"
    return f'attachment; filename="{name[:60]}.{ending}"'


def filter_of(body: Json) -> Json:
    """The filter of a request, or what it names itself: rows, ids or members."""
    given = body.get("filter", {name: body[name] for name in ("rows", "ids", "members") if name in body})
    if not isinstance(given, dict) or not given:
        raise SelectionError("Say which items are meant: a filter, rows, ids or members.")
    return given


def _binary(data: bytes) -> Response:
    return Response(data, media_type="application/octet-stream", headers={"Cache-Control": "no-cache"})


def _rows(text: str) -> list[int]:
    """Rows given as "12,15"; SelectionError when they are no numbers or too many."""
    parts = [part for part in text.split(",") if part.strip()]
    if len(parts) > MAX_FOCUS or not all(part.strip().isascii() and part.strip().isdigit() and len(part) < 12 for part in parts):
        raise SelectionError(f"focus must be at most {MAX_FOCUS} row numbers with commas between them.")
    return [int(part) for part in parts]

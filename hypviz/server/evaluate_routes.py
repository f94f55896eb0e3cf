"""Routes of the Evaluate tab, under /hypviz/evaluate: run, watch and cancel evaluations, and ask about finished ones.

A review is named by a view's key and its options in the query (?other=&apex=query&scope=quick), so every address can be
opened again, by another browser too.
"""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes, and some are made on the spot.
from collections import OrderedDict
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from hypviz.access.visitors import Visitor, visitor
from hypviz.errors import ForbiddenError
from hypviz.evaluation.page import EvaluationOptions, EvaluationResult, EvaluationService
from hypviz.evaluation.page.pictures import region_jpeg
from hypviz.explore.library import Library
from hypviz.server.schemas.evaluate import (
    ExamplesQuery,
    FindingsQuery,
    LevelQuery,
    MetricQuery,
    OrderedQuery,
    PairsQuery,
    PartQuery,
    ReviewQuery,
)
from hypviz.storage.json_types import Json

KEPT_JOBS = 64
"""Evaluations whose starter is remembered."""
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def evaluate_router(library: Library) -> APIRouter:
    """The routes over one library; they share one service, so there is one evaluation at a time on this server."""
    router, service = APIRouter(prefix="/evaluate"), EvaluationService(library)
    started: OrderedDict[str, Visitor] = OrderedDict()

    def options(query: Annotated[ReviewQuery, Query()]) -> EvaluationOptions:
        return query.options()

    Options = Annotated[EvaluationOptions, Depends(options)]

    def review(view: str, chosen: Options) -> EvaluationResult:
        return service.review(view, chosen)

    Reviewed = Annotated[EvaluationResult, Depends(review)]

    @router.get("/{view}/choices")
    def choices(view: str) -> Json:
        return service.choices(view)

    @router.get("/{view}/status")
    def status(view: str, chosen: Options) -> Json:
        return service.status(view, chosen)

    @router.post("/{view}/run")
    def run(view: str, chosen: Options) -> Json:
        started.setdefault(service.run(view, chosen).id, visitor.get())
        while len(started) > KEPT_JOBS:
            started.popitem(last=False)
        return service.status(view, chosen)

    @router.post("/cancel/{job}")
    def cancel(job: str) -> Json:
        asking, owner = visitor.get(), started.get(job)
        if owner is not None and not asking.admin and owner.id != asking.id:
            raise ForbiddenError(f"This evaluation was started by {owner.name}: only they or an admin may stop it.")
        service.jobs.cancel(job)
        return {"cancelled": job}

    @router.get("/{view}/report")
    def report(reviewed: Reviewed) -> Json:
        return reviewed.report()

    @router.get("/{view}/classes")
    def classes(reviewed: Reviewed, query: Annotated[MetricQuery, Query()]) -> Json:
        return reviewed.classes(**query.model_dump())

    @router.get("/{view}/examples")
    def examples(reviewed: Reviewed, query: Annotated[ExamplesQuery, Query()]) -> Json:
        return reviewed.examples(**query.model_dump())

    @router.get("/{view}/level")
    def level(reviewed: Reviewed, query: Annotated[LevelQuery, Query()]) -> Json:
        return reviewed.level(**query.model_dump())

    @router.get("/{view}/pairs")
    def pairs(reviewed: Reviewed, query: Annotated[PairsQuery, Query()]) -> Json:
        return reviewed.pairs(**query.model_dump())

    @router.get("/{view}/ordered")
    def ordered(reviewed: Reviewed, query: Annotated[OrderedQuery, Query()]) -> Json:
        return reviewed.ordered(**query.model_dump())

    @router.get("/{view}/query")
    def query(reviewed: Reviewed, label: int | None = None) -> Json:
        return reviewed.draw_query(label)

    @router.get("/{view}/download/{name}")
    def save(reviewed: Reviewed, name: str) -> Response:
        return _file(name, *reviewed.download(name))

    @router.get("/{view}/health")
    def health(view: str) -> Json:
        return service.health_check(view).summary()

    @router.get("/{view}/health/{key}")
    def findings(view: str, key: str, query: Annotated[FindingsQuery, Query()]) -> Json:
        return service.health_check(view).findings(key, offset=query.offset, limit=query.limit)

    @router.get("/{view}/download-health/{name}")
    def save_health(view: str, name: str) -> Response:
        return _file(name, *service.health_check(view).download(name))

    @router.get("/{view}/region/{image}")
    def region(view: str, image: int, query: Annotated[PartQuery, Query()]) -> Response:
        return Response(region_jpeg(library.view(view), image, query.corners()), media_type="image/jpeg", headers=FOREVER)

    return router


def _file(name: str, text: str, media: str) -> Response:
    """A text for the person's downloads."""
    return Response(text, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'})

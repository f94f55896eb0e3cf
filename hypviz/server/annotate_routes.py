"""Routes of the annotator, under /hypviz/annotate; `data` in the query names what is drawn on (hypviz.annotate).

    GET    set?data=                    pictures, classes, and what is not in the workspace yet
    GET    picture/{image}?data=        one picture with its boxes
    PUT    picture/{image}?data=        {version, boxes: [{key, xyxy, label}]}: its boxes from now on, on disk when answered
    GET    image/{image}?data=          the picture itself
    GET    corrections?data=            corrections of the hierarchy, with what they do
    POST   corrections?data=            {kind, level, a, b}: one more, see hypviz.data.corrections
    DELETE corrections/{id}?data=       undo one
    POST   apply?data=                  make all this the workspace's
    GET    export/{file}?data=          annotations.json (COCO), corrections.json, corrections.csv

Answers name the `data` to go on with: what is shipped, or lies elsewhere, is changed in a copy.
"""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from hypviz.annotate import DraftStore
from hypviz.data.corrections import Correction
from hypviz.explore.library import Library
from hypviz.server.schemas.annotate import CorrectionBody, PictureBody
from hypviz.storage.json_types import Json


def annotate_router(library: Library) -> APIRouter:
    """The routes over one library; they share one store of drafts."""
    router, drafts = APIRouter(prefix="/annotate"), DraftStore(library)

    @router.get("/set")
    def whole(data: str) -> Json:
        return drafts.describe(data)

    @router.get("/picture/{image}")
    def picture(image: int, data: str) -> Json:
        return drafts.picture(data, image)

    @router.put("/picture/{image}")
    def draw(image: int, data: str, body: PictureBody) -> Json:
        return drafts.draw(data, image, body.version, [box.drawn() for box in body.boxes])

    @router.get("/image/{image}")
    def image(image: int, data: str) -> Response:
        return Response(drafts.jpeg(data, image), media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})

    @router.get("/corrections")
    def corrections(data: str) -> Json:
        return drafts.corrections(data)

    @router.post("/corrections")
    def correct(data: str, body: CorrectionBody) -> Json:
        return drafts.add(data, Correction(body.kind, body.level, body.a, body.b))

    @router.delete("/corrections/{correction}")
    def undo(correction: str, data: str) -> Json:
        return drafts.remove(data, correction)

    @router.post("/apply")
    def apply(data: str) -> Json:
        return drafts.apply(data)

    @router.get("/export/{file}")
    def export(file: str, data: str) -> Response:
        text, media = drafts.export(data, file)
        return Response(text, media_type=media, headers={"Content-Disposition": f'attachment; filename="{file}"'})

    return router

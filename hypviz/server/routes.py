"""Plain HTTP beside Gradio: points as one binary file, pictures, and the answers to clicks as JSON.

Everything that is large or frequent travels here and not through Gradio's queue. Errors a person can cause come back
as {"error": one sentence} with a fitting status.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

from fastapi import APIRouter, FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, JSONResponse, Response

from hypviz import __version__
from hypviz.errors import DataError
from hypviz.explore.library import Library
from hypviz.explore.query_points import WORDS_SIZE
from hypviz.explore.text_search import checked_text
from hypviz.explore.uploads import MAX_BYTES
from hypviz.finetune.queue import TrainingQueue
from hypviz.server.annotate_routes import annotate_router
from hypviz.server.assets import PageFiles
from hypviz.server.class_tree_routes import class_tree_router
from hypviz.server.disk_routes import attachment, disk_router
from hypviz.server.edge import EdgeSettings, surround
from hypviz.server.edge.answers import add_answers
from hypviz.server.evaluate_routes import evaluate_router
from hypviz.server.marks_routes import marks_router
from hypviz.server.offline import offline_page
from hypviz.server.page_files import offline_files, plotly_js
from hypviz.server.page_html import PageHtml
from hypviz.server.pressure import Pressure
from hypviz.server.propose_routes import propose_router
from hypviz.server.remembered import Remembered
from hypviz.server.schemas.base import FILE_BODY
from hypviz.server.schemas.offline import OfflineState
from hypviz.server.schemas.questions import ClassBody, SelectBody, WordsBody
from hypviz.server.tune_routes import tune_router
from hypviz.storage.home import server_trouble
from hypviz.viz.pictures import placeholder
from hypviz.workspace.import_report import report_of

log = logging.getLogger(__name__)
MAX_NAME = 200
"""Characters kept of an own picture's name."""
OPENAPI = "/hypviz/openapi.json"
"""Where all routes are described."""


def build_app(library: Library, settings: EdgeSettings | None = None, *, with_page: bool = False) -> FastAPI:
    """The FastAPI application behind its edge, that the Gradio page is then mounted on.

    settings: whom it lets in; this machine only unless said.  with_page: Gradio will be mounted on it, of which only what the page uses
    is served. When the server ends, it waits until the training that runs has saved its state, unless `app.state.hurry()`.
    """
    settings = settings or EdgeSettings()
    app = FastAPI(title="hypviz", version=__version__, docs_url=None, redoc_url=None, openapi_url=OPENAPI, lifespan=_until_saved)
    app.state.library, app.state.tuner, app.state.hurry = library, TrainingQueue(device=library.device), lambda: False
    app.include_router(_router(library), prefix="/hypviz")
    app.include_router(disk_router(library), prefix="/hypviz")
    app.include_router(marks_router(library), prefix="/hypviz")
    app.include_router(class_tree_router(library), prefix="/hypviz")
    app.include_router(evaluate_router(library), prefix="/hypviz")
    app.include_router(annotate_router(library), prefix="/hypviz")
    app.include_router(propose_router(library, read_only=settings.read_only), prefix="/hypviz")
    app.include_router(tune_router(library, app.state.tuner), prefix="/hypviz")
    app.mount("/hypviz/assets", PageFiles())
    app.add_middleware(Pressure)  # innermost: what the edge refuses takes no turn
    if with_page:
        app.add_middleware(PageHtml)
    add_answers(app)

    @app.get("/healthz")
    def healthz() -> JSONResponse:
        trouble = server_trouble()
        return JSONResponse({"status": trouble or "ok", "version": __version__}, 503 if trouble else 200)

    app.state.access = surround(app, settings, page=with_page)
    return app


@asynccontextmanager
async def _until_saved(app: FastAPI) -> AsyncIterator[None]:
    """At the end of the server let the training that runs save its state, so that it can be resumed from where it was."""
    yield
    closing = threading.Thread(target=app.state.tuner.close, name="hypviz closes", daemon=True)
    closing.start()
    await asyncio.sleep(0.05)
    if closing.is_alive():
        log.info("Waiting for the training to save its state; Ctrl-C ends at once")
    while closing.is_alive() and not app.state.hurry():
        await asyncio.sleep(0.05)


def _router(library: Library) -> APIRouter:
    router, remembered = APIRouter(), Remembered()
    forever = {"Cache-Control": "public, max-age=31536000, immutable"}

    @router.get("/plotly.min.js")
    def plotly() -> FileResponse:
        return FileResponse(plotly_js(), media_type="text/javascript", headers=forever)

    @router.get("/view/{key}/thumb/{row}")
    def thumb(key: str, row: int) -> Response:
        return Response(library.view(key).thumb(row), media_type="image/jpeg", headers=forever)

    @router.get("/view/{key}/image/{image}")
    def image(key: str, image: int) -> Response:
        return Response(library.view(key).picture(image), media_type="image/jpeg", headers=forever)

    @router.get("/view/{key}/report")
    def report(key: str) -> dict[str, Any]:
        return dict(report_of(library.view(key).workspace))

    @router.post("/view/{key}/offline.html")
    def offline(key: str, state: OfflineState) -> Response:
        view = library.view(key)
        inside, styles = offline_files()
        page = offline_page(view, state, scripts=inside, styles=styles)
        return Response(page, media_type="text/html", headers={"Content-Disposition": attachment(view, "html")})

    @router.get("/view/{key}/row/{item_id}")
    def row(key: str, item_id: str) -> dict[str, int]:
        return {"row": library.view(key).row_of(item_id)}

    @router.post("/view/{key}/select")
    def select(key: str, body: SelectBody) -> Response:
        view, query = library.view(key), body.query.stated()

        def answer() -> bytes:
            return bytes(JSONResponse(view.select(query, body.omega, by=body.by)).body)

        if "upload" in query:  # its boxes are drawn on and on
            return Response(answer(), media_type="application/json")
        ready = [one["name"] for one in view.layouts() if one["ready"]]  # it says where it is drawn in each
        question = json.dumps([key, query, body.omega, body.by, ready], sort_keys=True)
        return Response(remembered.get(question, answer), media_type="application/json")

    @router.post("/view/{key}/class")
    def of_class(key: str, body: ClassBody) -> dict[str, Any]:
        query = body.query.stated()
        return library.view(key).of_class(query, body.omega, by=body.by, band=body.band, label=body.label, offset=body.offset)

    @router.get("/view/{key}/words.jpg")
    def words_card(key: str, text: str) -> Response:
        library.view(key)
        return Response(placeholder(checked_text(text), "words", size=WORDS_SIZE), media_type="image/jpeg", headers=forever)

    @router.post("/view/{key}/words")
    def words(key: str, body: WordsBody) -> dict[str, Any]:
        return library.view(key).to_root(body.query.stated(), body.words)

    @router.post("/view/{key}/upload", openapi_extra=FILE_BODY)
    async def upload(key: str, request: Request) -> dict[str, str]:
        name = " ".join(unquote(request.headers.get("X-File-Name", "")).split())[:MAX_NAME] or "the picture"
        data = await _body(request, name)
        return {"upload": await run_in_threadpool(library.view(key).placer.uploads.add, data, name)}

    @router.get("/view/{key}/upload/{token}")
    def uploaded(key: str, token: str) -> Response:
        return Response(library.view(key).placer.uploads.get(token).jpeg, media_type="image/jpeg", headers=forever)

    return router


async def _body(request: Request, name: str) -> bytes:
    """The request's body, refused as soon as it is larger than a picture may be."""
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > MAX_BYTES:
            raise DataError(f"{name} is larger than {MAX_BYTES >> 20} MiB, the most a picture may have.")
    return bytes(data)

"""Routes of fine-tuning, under /hypviz/tune: bring a set, plan, queue, watch, stop, resume, keep and undo trainings.

All state is on disk or in one `TrainingQueue`, so every browser sees the same. Watching is plain polling with a cursor: answers
are small, and a reload or a server's restart loses nothing.
"""

# No `from __future__ import annotations` here: FastAPI reads the annotations of the routes, and some are made on the spot.
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, Response

from hypviz.access.visitors import check_may_change, claim
from hypviz.errors import DataError, SelectionError
from hypviz.explore.library import Library
from hypviz.finetune import archive
from hypviz.finetune import upload as intake
from hypviz.finetune.folder import JobFolder, check_writable
from hypviz.finetune.keep import checked_name, kept_as, packed
from hypviz.finetune.queue import TrainingQueue
from hypviz.finetune.request import DEPTHS
from hypviz.finetune.training_sets import TrainingSets
from hypviz.inference.embed import SHIPPED
from hypviz.model.card import read_card
from hypviz.model.offers import OFFERS
from hypviz.server.quota import check_room
from hypviz.server.schemas.base import FILE_BODY
from hypviz.server.schemas.tune import KeepBody, PlanQuery, TrainingBody
from hypviz.storage.home import home
from hypviz.storage.json_types import Json

MAX_NAME = 200
LICENCES = ("not stated", "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "Apache-2.0", "MIT")
"""Offered, not demanded: a licence is free text."""
NO_STORE = {"Cache-Control": "no-store"}


def tune_router(library: Library, tuner: TrainingQueue) -> APIRouter:
    """The routes over one library; they share one tuner, so there is one training at a time on this server."""
    router, sets = APIRouter(prefix="/tune"), TrainingSets(library)
    router.include_router(_set_routes(sets))
    router.include_router(_job_routes(sets, tuner))

    @router.get("/choices")
    def choices() -> Json:
        from hypviz.finetune.explain import SETTINGS  # loads torch, which opening the page does not wait for

        cards = [(name, read_card(library.checkpoint(name))) for name in library.checkpoint_names()]
        described = [
            {
                "name": name,
                "backbone": card.encoder.backbone,
                "licence": card.licence,
                "description": card.description,
                "dimension": card.encoder.embed_dim,
            }
            for name, card in cards
        ]
        return {
            "checkpoints": described,
            "shipped": list(SHIPPED),
            "backbones": [offer.to_json() for offer in OFFERS if library.trust.hub or not offer.weights],
            "depths": [{"name": name, "title": title, "how": how} for name, (title, how) in DEPTHS.items()],
            "settings": [setting.to_json() for setting in SETTINGS],
            "device": library.device,
            "limits": {"zip_bytes": intake.MAX_UPLOAD, "files": archive.MAX_FILES, "unpacked_bytes": archive.MAX_UNPACKED},
            "licences": list(LICENCES),
        }

    return router


def _set_routes(sets: TrainingSets) -> APIRouter:
    router = APIRouter()

    @router.post("/set", openapi_extra=FILE_BODY)
    async def bring(request: Request, to_draw: bool = False) -> Json:
        name = " ".join(unquote(request.headers.get("X-File-Name", "")).split())[:MAX_NAME] or "the archive"
        check_writable(home())
        check_room(2 * int(request.headers.get("content-length") or 0))  # unpacked, too
        staging = intake.staging()
        stage = staging.__enter__()
        try:
            await _receive(request, stage / "upload.zip", name)
            number = sets.begin(stage / "upload.zip", stage, name=name, done=lambda: staging.__exit__(None, None, None), to_draw=to_draw)
        except BaseException:
            staging.__exit__(None, None, None)
            raise
        return {"intake": number}

    @router.get("/intake/{name}")
    def taking_in(name: str) -> Json:
        return sets.intake(name)

    @router.post("/intake/{name}/cancel")
    def cancel_intake(name: str) -> Json:
        sets.cancel(name)
        return sets.intake(name)

    @router.get("/sets")
    def names() -> Json:
        return {"sets": sets.names()}

    @router.get("/set/{name:path}")
    def described(name: str) -> Json:
        return sets.describe(name)

    @router.delete("/set/{name:path}")
    def remove_set(name: str) -> Json:
        sets.remove(name)
        return {"removed": name}

    @router.get("/plan")
    def plan(query: Annotated[PlanQuery, Query()]) -> Json:
        return sets.plan(**query.model_dump())

    return router


def _job_routes(sets: TrainingSets, tuner: TrainingQueue) -> APIRouter:
    router = APIRouter()

    @router.post("/jobs")
    def submit(body: TrainingBody) -> Json:
        job = sets.checked_job(**body.named())
        check_writable(home())
        number = tuner.submit(job)
        claim(JobFolder.find(number).path)
        return tuner.job(number)

    @router.get("/jobs")
    def jobs() -> Json:
        return tuner.overview()

    @router.get("/jobs/{name}")
    def watched(name: str, since: Annotated[int, Query(ge=0)] = 0) -> Json:
        return tuner.job(name, since=since)

    @router.post("/jobs/{name}/keep")
    def keep(name: str, body: KeepBody) -> Json:
        _check_job(name)
        checkpoint = tuner.keep(name, called=body.name, licence=body.licence, note=body.note)
        return {"checkpoint": checkpoint, "job": tuner.job(name)}

    @router.post("/jobs/{name}/undo")
    def undo(name: str) -> Json:
        _check_job(name)
        return {"checkpoint": tuner.undo(name), "job": tuner.job(name)}

    @router.get("/jobs/{name}/disk")
    def disk(name: str) -> Response:
        return _frame(JobFolder.find(name), "0")

    @router.get("/jobs/{name}/disk/{epoch}")
    def frame(name: str, epoch: str) -> Response:
        return _frame(JobFolder.find(name), epoch)

    @router.get("/jobs/{name}/download")
    def download(name: str) -> FileResponse:
        folder = JobFolder.find(name)
        called = kept_as(folder) or f"{intake.title_of(folder.job.title)}-{folder.job.depth}"
        return FileResponse(packed(folder, called), media_type="application/zip", filename=f"{called}.zip", headers=NO_STORE)

    @router.post("/jobs/{name}/{act}")
    def act(name: str, act: str) -> Json:
        acts = {"stop": tuner.stop, "pause": tuner.pause, "resume": tuner.resume, "cancel": tuner.cancel}
        if act not in acts:
            raise SelectionError(f"A training cannot {act!r}; it can {', '.join(acts)}, keep and undo.")
        _check_job(name)
        acts[act](name)
        return tuner.job(name)

    @router.delete("/jobs/{name}")
    def remove(name: str) -> Json:
        _check_job(name)
        tuner.remove(name)
        return {"removed": name}

    @router.get("/name")
    def free_name(name: str) -> Json:
        return {"name": checked_name(name)}

    return router


def _check_job(name: str) -> None:
    """ForbiddenError unless the visitor may end, keep or remove this training."""
    check_may_change(JobFolder.find(name).path, "This training")


def _frame(folder: JobFolder, epoch: str) -> Response:
    """The binary file of one epoch's disk; "best" is that of the best one."""
    if epoch == "best":
        best = next((str(row["epoch"]) for row in folder.history() if row.get("best")), "0")
        epoch = best
    path = folder.frame(int(epoch)) if epoch.isascii() and epoch.isdigit() and len(epoch) < 7 else None
    if path is None or not path.is_file():
        raise SelectionError(f"This training has no disk of epoch {epoch!r}; it has {folder.frames()}, from 0 on.")
    return Response(path.read_bytes(), media_type="application/octet-stream", headers=NO_STORE)


async def _receive(request: Request, path: Path, name: str) -> None:
    """Stream the request's body to a file, refused as soon as it is larger than an archive may be."""
    size = 0
    with path.open("wb") as file:
        async for part in request.stream():
            size += len(part)
            if size > intake.MAX_UPLOAD:
                raise DataError(f"{name} is larger than {intake.MAX_UPLOAD >> 30} GiB, the most an uploaded set may have.")
            await run_in_threadpool(file.write, part)
    if size == 0:
        raise DataError(f"{name} is empty: expected a zip of pictures with their boxes.")

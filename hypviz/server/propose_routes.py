"""Routes of proposing boxes for a set of pictures without any (`hypviz.explore.proposing`), under /hypviz/propose.

GET  {view}/status     where it stands, what it does, costs and is worth; "read-only" on a server that changes nothing
POST {view}/run        start it, or join what runs; at once "ready" where the new set is there
POST cancel/{job}      stop it: the pictures that were looked at are kept, and the next run goes on from there
"""

from __future__ import annotations

from fastapi import APIRouter

from hypviz.explore.library import Library
from hypviz.explore.proposing import BYTES, Proposing
from hypviz.finetune.folder import check_writable
from hypviz.server.quota import check_room
from hypviz.storage.home import home
from hypviz.storage.json_types import Json


def propose_router(library: Library, *, read_only: bool = False) -> APIRouter:
    """The routes over one library; they share one service, so proposals for one set are made at a time on this server."""
    router, service = APIRouter(prefix="/propose"), Proposing(library)

    @router.get("/{view}/status")
    def status(view: str) -> Json:
        state = service.status(view)
        return state | {"state": "read-only"} if read_only and state["state"] != "ready" else state

    @router.post("/{view}/run")
    def run(view: str) -> Json:
        if service.status(view)["state"] not in ("ready", "running"):
            check_writable(home())
            check_room(BYTES * len(library.view(view).items.images))
        service.run(view)
        return service.status(view)

    @router.post("/cancel/{job}")
    def cancel(job: str) -> Json:
        service.cancel(job)
        return {"cancelled": job}

    return router

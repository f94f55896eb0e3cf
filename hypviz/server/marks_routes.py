"""Routes of tags and saved views (`hypviz.explore.marks`). All under /hypviz/view/{key}/; each answers with all of them as they then are.

GET  marks                                tags with their items as bits, views the newest first
POST tag            {name, on, filter | rows | ids | members}    give a tag to items, or take it; "changed": how many
POST tag/rename     {name, to}            one that exists already takes the items up
POST tag/delete     {name}
POST saved          {name, link}          keep a view; "view" is as it was kept, with a number where the name was taken
POST saved/rename   {id, name, seen}      seen: the name as the person saw it
POST saved/delete   {id, seen}
"""

from __future__ import annotations

import numpy as np
from fastapi import APIRouter

from hypviz.explore.library import Library
from hypviz.server.schemas.marks import SavedViewBody, SavedViewNameBody, SavedViewRenameBody, TagBody, TagNameBody, TagRenameBody
from hypviz.storage.json_types import Json


def marks_router(library: Library) -> APIRouter:
    """The routes over the views that a library holds open."""
    router = APIRouter(prefix="/view/{key}")

    @router.get("/marks")
    def marks(key: str) -> Json:
        return library.view(key).cards.marks.describe()

    @router.post("/tag")
    def tag(key: str, body: TagBody) -> Json:
        view = library.view(key)
        rows = np.flatnonzero(view.queries.selector.find(body.chosen()))
        changed = view.cards.marks.tag(body.name, rows, on=body.on is not False)
        return {**view.cards.marks.describe(), "changed": changed}

    @router.post("/tag/rename")
    def rename_tag(key: str, body: TagRenameBody) -> Json:
        library.view(key).cards.marks.rename_tag(body.name, body.to)
        return marks(key)

    @router.post("/tag/delete")
    def delete_tag(key: str, body: TagNameBody) -> Json:
        library.view(key).cards.marks.delete_tag(body.name)
        return marks(key)

    @router.post("/saved")
    def save(key: str, body: SavedViewBody) -> Json:
        view = library.view(key).cards.marks.save_view(body.name, body.link)
        return {**marks(key), "view": view}

    @router.post("/saved/rename")
    def rename(key: str, body: SavedViewRenameBody) -> Json:
        view = library.view(key).cards.marks.rename_view(body.view_id, body.name, expected_name=body.shown_name)
        return {**marks(key), "view": view}

    @router.post("/saved/delete")
    def delete(key: str, body: SavedViewNameBody) -> Json:
        library.view(key).cards.marks.delete_view(body.view_id, expected_name=body.shown_name)
        return marks(key)

    return router

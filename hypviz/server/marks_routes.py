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

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Body

from hypviz.explore.library import Library
from hypviz.server.disk_routes import filter_of

Json = dict[str, Any]
Text = Annotated[str, Body()]
Name = Annotated[str, Body(embed=True)]


def marks_router(library: Library) -> APIRouter:
    """The routes over the views that a library holds open."""
    router = APIRouter(prefix="/view/{key}")

    @router.get("/marks")
    def marks(key: str) -> Json:
        return library.view(key).cards.marks.describe()

    @router.post("/tag")
    def tag(key: str, body: Annotated[Json, Body()]) -> Json:
        view = library.view(key)
        rows = np.flatnonzero(view.queries.selector.find(filter_of(body)))
        changed = view.cards.marks.tag(body.get("name", ""), rows, on=body.get("on") is not False)
        return {**view.cards.marks.describe(), "changed": changed}

    @router.post("/tag/rename")
    def rename_tag(key: str, name: Text, to: Text) -> Json:
        library.view(key).cards.marks.rename_tag(name, to)
        return marks(key)

    @router.post("/tag/delete")
    def delete_tag(key: str, name: Name) -> Json:
        library.view(key).cards.marks.delete_tag(name)
        return marks(key)

    @router.post("/saved")
    def save(key: str, name: Text, link: Text) -> Json:
        view = library.view(key).cards.marks.save_view(name, link)
        return {**marks(key), "view": view}

    @router.post("/saved/rename")
    def rename(key: str, view_id: Annotated[str, Body(alias="id")], name: Text, seen: Text) -> Json:
        view = library.view(key).cards.marks.rename_view(view_id, name, expected_name=seen)
        return {**marks(key), "view": view}

    @router.post("/saved/delete")
    def delete(key: str, view_id: Annotated[str, Body(alias="id")], seen: Text) -> Json:
        library.view(key).cards.marks.delete_view(view_id, expected_name=seen)
        return marks(key)

    return router

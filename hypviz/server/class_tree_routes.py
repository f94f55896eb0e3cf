"""Routes of the class tree of a workspace (`hypviz.explore.class_trees`). All under /hypviz/view/{key}/.

GET  level/{level}     the view at a level of its class tree, 0 for the classes as they are: what the page opens, with a key of its own
GET  taxonomy          the class tree as indented text, its version, what it says of the classes, and whether the visitor may change it
POST taxonomy/check    {text, name}          what a text would say of the classes, with it as indented text; nothing is kept
POST taxonomy          {text, name, seen}    keep it in place of the one of the version `seen`, "" for none; an empty text takes it away
"""

from __future__ import annotations

from fastapi import APIRouter

from hypviz.access.visitors import check_may_change, may_change
from hypviz.data.class_tree import ClassTree, sentences_of
from hypviz.data.taxonomy import version_of
from hypviz.errors import DataError, page_sentence
from hypviz.explore.class_trees import checked_tree, replace_tree, shown_text
from hypviz.explore.level_view import at_level
from hypviz.explore.library import Library
from hypviz.server.schemas.class_trees import TaxonomyBody, TaxonomyText
from hypviz.storage.json_types import Json


def class_tree_router(library: Library) -> APIRouter:
    """The routes over the views that a library holds open."""
    router = APIRouter(prefix="/view/{key}")

    @router.get("/level/{level}")
    def level(key: str, level: int) -> Json:
        return at_level(library.view(key), level).describe()

    @router.get("/taxonomy")
    def taxonomy(key: str) -> Json:
        workspace = library.view(key).workspace
        text = shown_text(workspace)
        said: Json = {"sentences": [], "problem": ""}
        try:
            said = _said(*checked_tree(workspace, text)) if text.strip() else said
        except DataError as error:
            said["problem"] = page_sentence(error)
        return {**said, "text": text, "version": version_of(text), "may_change": may_change(workspace.folder)}

    @router.post("/taxonomy/check")
    def check(key: str, body: TaxonomyText) -> Json:
        return _said(*checked_tree(library.view(key).workspace, body.text, body.name))

    @router.post("/taxonomy")
    def keep(key: str, body: TaxonomyBody) -> Json:
        view = library.view(key).finest
        check_may_change(view.workspace.folder, f"The class tree of {view.workspace.name}")
        replace_tree(view.workspace, body.text, body.name, seen=body.seen)
        return view.describe()

    return router


def _said(tree: ClassTree, notes: list[str]) -> Json:
    """A class tree as text, and what it says of the classes in sentences."""
    return {"text": tree.taxonomy.to_text(), "sentences": [*notes, *sentences_of(tree.report())], "problem": ""}

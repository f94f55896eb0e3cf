"""From a draft to the workspace: items and hierarchy made anew from the drawn boxes, and written in the place of the old."""

from __future__ import annotations

from hypviz.annotate.draft import Draft
from hypviz.workspace.store import Workspace


def apply(draft: Draft) -> Workspace:
    """Renew the draft's workspace with its boxes and corrections, when there are any it does not hold; the draft then goes on from there.

    A crash in between loses nothing: the draft's file still says what was changed.
    """
    with draft.changing():
        if not draft.pending:
            return draft.workspace
        items, ids, _ = draft.built()
        hierarchy, _ = draft.corrected(draft.records)
        old = draft.workspace
        workspace = Workspace.create(
            old.folder, items, hierarchy, name=old.name, report=old.meta.get("import"), settings=draft.settings, overwrite=True
        )  # fmt: skip
        draft.renew(workspace, ids)
        return workspace

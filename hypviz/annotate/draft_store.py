"""Open drafts by the name of their data, in a copy where the data must stay as they are."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypviz.access.visitors import check_may_change, claim, may_change, visitor
from hypviz.annotate.apply import apply
from hypviz.annotate.boxes import DrawnBox
from hypviz.annotate.draft import Draft
from hypviz.data.corrections import Correction
from hypviz.errors import SelectionError
from hypviz.explore.library import DEMO, Library
from hypviz.storage.files import exclusive
from hypviz.storage.home import home
from hypviz.storage.json_types import Json
from hypviz.viz.pictures import shown_picture
from hypviz.workspace import class_trees
from hypviz.workspace.meta import read_meta
from hypviz.workspace.store import Workspace, is_workspace

KEPT_DRAFTS = 4
"""Drafts held in memory; any other is read from its file again."""
COLUMNS = ("kind", "level", "a", "b", "a_words", "b_words", "added", "removed", "problem", "made")


class DraftStore:
    """Drafts over one library; safe to share between threads and browsers.

    Data outside the home folder (the shipped demo, a workspace opened by path) and what belongs to another visitor of a shared server
    are never changed: the first change makes a copy in the home folder, and from then on the copy is what is drawn on.
    """

    def __init__(self, library: Library) -> None:
        self.library = library
        self._drafts: OrderedDict[Path, Draft] = OrderedDict()
        self._lock = threading.RLock()

    def open(self, data: str) -> tuple[str, Draft]:
        """The draft of some data, and the name of what it is of: the copy, where there is one."""
        with self._lock:
            folder = self.library.workspace_folder(data).resolve()
            if not _is_own(folder):
                copy = self.copy_name(folder)
                if is_workspace(home() / copy):
                    data, folder = copy, (home() / copy).resolve()
            return data, self._draft(folder)

    def open_to_change(self, data: str) -> tuple[str, Draft]:
        """As `open`, of something that may be changed: a copy is made when there is none yet."""
        with self._lock:
            name, draft = self.open(data)
            if _is_own(draft.workspace.folder):
                return name, draft
            copy = self.copy_name(draft.workspace.folder)
            home().mkdir(parents=True, exist_ok=True)
            with exclusive(home() / copy):
                if not is_workspace(home() / copy):  # another server may have made it meanwhile
                    _copy(draft, home() / copy)
            return copy, self._draft((home() / copy).resolve())

    def describe(self, data: str) -> Json:
        """What the page needs to start drawing on some data."""
        name, draft = self.open(data)
        with draft.lock:
            return {
                "data": name,
                "title": draft.workspace.name,
                "copy": self._copy_to_come(draft),
                "names": draft.workspace.items.images.file_name.tolist(),
                "counts": [len(boxes) for boxes in draft.boxes],
                "changed": sorted(draft.changed),
                "classes": draft.classes(),
                "pending": draft.pending,
            }

    def draw(self, data: str, image: int, version: int, boxes: Sequence[DrawnBox]) -> Json:
        """Replace a picture's boxes, see `Draft.draw`."""
        self.open(data)[1].check_boxes(image, version, boxes)
        name, draft = self.open_to_change(data)
        picture = draft.draw(image, version, boxes)
        return {"data": name, "picture": picture, "classes": draft.classes(), "pending": draft.pending}

    def picture(self, data: str, image: int) -> Json:
        """A picture with its boxes."""
        name, draft = self.open(data)
        return {"data": name, **draft.picture(image)}

    def jpeg(self, data: str, image: int) -> bytes:
        """A picture for the page; DataError when it cannot be read."""
        _, draft = self.open(data)
        draft.picture(image)
        items = draft.workspace.items
        return shown_picture(items.path(int(items.offsets[image])))

    def corrections(self, data: str) -> Json:
        """The corrections of some data and what they do."""
        name, draft = self.open(data)
        return {
            "data": name,
            "copy": self._copy_to_come(draft),
            "corrections": draft.corrections(),
            "classes": [one["name"] for one in draft.classes()],
            "pending": draft.pending,
        }

    def add(self, data: str, correction: Correction) -> Json:
        """Make a correction, see `Draft.add`."""
        self.open(data)[1].check(correction)  # nothing is copied for what is refused
        name, draft = self.open_to_change(data)
        draft.add(correction)
        return self.corrections(name)

    def remove(self, data: str, correction_id: str) -> Json:
        """Undo a correction."""
        name, draft = self.open(data)
        check_may_change(draft.workspace.folder, f"The draft of {draft.workspace.name}")
        draft.remove(correction_id)
        return self.corrections(name)

    def apply(self, data: str) -> Json:
        """Make the drawn boxes and the corrections those of the workspace, for every tab."""
        name, draft = self.open(data)
        if draft.pending:
            check_may_change(draft.workspace.folder, f"The draft of {draft.workspace.name}")
        workspace = apply(draft)
        counts = {"images": len(workspace.items.images), "boxes": len(workspace.items) - len(workspace.items.images)}
        return {"data": name, **counts, "pairs": len(workspace.hierarchy.edges)}

    def export(self, data: str, file: str) -> tuple[str, str]:
        """A file for people: "annotations.json" (COCO), "corrections.json" or "corrections.csv". Returns its text and media type."""
        draft = self.open(data)[1]
        if file == "annotations.json":
            with draft.lock:
                return json.dumps(draft.coco(), ensure_ascii=False), "application/json"
        rows = draft.corrections()
        if file == "corrections.json":
            return json.dumps({"data": draft.workspace.name, "corrections": rows}, ensure_ascii=False, indent=2), "application/json"
        if file != "corrections.csv":
            raise SelectionError(f"No file {file!r:.60}; there are annotations.json, corrections.json and corrections.csv.")
        stream = io.StringIO()
        writer = csv.DictWriter(stream, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows({name: _plain(value) for name, value in row.items()} for row in rows)
        return stream.getvalue(), "text/csv"

    def _copy_to_come(self, draft: Draft) -> str | None:
        """The copy that the first change will make; None where the data themselves are changed."""
        return None if _is_own(draft.workspace.folder) else self.copy_name(draft.workspace.folder)

    @staticmethod
    def copy_name(folder: Path) -> str:
        """The name of the copy that changes to a workspace go into which are not the visitor's to make in place: one per visitor, an
        admin's as on a machine of one's own."""
        asking = visitor.get()
        whose = "" if asking.admin else asking.id
        if folder == DEMO and not whose:
            return "demo-edited"
        safe = "demo" if folder == DEMO else re.sub(r"[^A-Za-z0-9_-]+", "-", str(read_meta(folder)["name"])).strip("-")[:60] or "data"
        return f"{safe}-edited-{hashlib.sha256(f'{folder}{whose}'.encode()).hexdigest()[:6]}"

    def _draft(self, folder: Path) -> Draft:
        """The draft of a workspace, as it is on disk now."""
        known = self._drafts.get(folder)
        if known is None:
            known = self._drafts[folder] = Draft(Workspace.open(folder))
        else:
            known.refresh()
        self._drafts.move_to_end(folder)
        while len(self._drafts) > KEPT_DRAFTS:
            self._drafts.popitem(last=False)
        return known


def _copy(draft: Draft, target: Path) -> None:
    """A workspace like the draft's, with its embeddings."""
    old = draft.workspace
    copy = Workspace.create(
        target, old.items, old.hierarchy, name=f"{old.name}, edited", report=old.meta.get("import"), settings=draft.settings,
        corrections=old.meta.get("corrections") or (),
    )  # fmt: skip
    if (old.folder / "embeddings").is_dir():
        shutil.copytree(old.folder / "embeddings", copy.folder / "embeddings", dirs_exist_ok=True)
    if text := class_trees.text_of(old.folder):
        (copy.folder / class_trees.FILE).write_text(text, encoding="utf-8")
    if draft.path.is_file():  # of another visitor's set: what is drawn on it is what was seen
        shutil.copyfile(draft.path, copy.folder / draft.path.name)
    claim(copy.folder)


def _is_own(folder: Path) -> bool:
    return folder.parent == home().resolve() and may_change(folder)


def _plain(value: Any) -> Any:
    """A text that a spreadsheet does not take for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@" and value else value

"""What people note about a workspace: tags on its items, and saved views. One file in the workspace, `marks.json`.

    {"schema": 1, "tags": {name: [item id…]}, "views": [{"id", "name", "link", "saved"}…]}

Every change names only what it changes (these ids in, that view renamed) and is made to the file as it then is, under a lock. So two
browsers, and two servers, never undo what the other did. Item ids name the picture's bytes and the box: tags outlive a new import.
A workspace that cannot be written to has its marks where `keeping` says.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import SelectionError, WorkspaceError
from hypviz.explore.bitsets import pack_mask
from hypviz.storage.files import exclusive, write_file
from hypviz.storage.json_types import Json
from hypviz.storage.keeping import keep, places
from hypviz.workspace.meta import now, write_json

T = TypeVar("T")
FILE = "marks.json"
SCHEMA = 1
MAX_NAME = 60
MAX_TAGS, MAX_VIEWS = 200, 500
MAX_LINK = 400_000
"""Characters of a view's link; a selected set of half a million items has about as many."""


class Marks:
    """Tags and views of one workspace; safe to share between threads. ids: (N,) item ids of the data as they are now."""

    def __init__(self, folder: Path, ids: NDArray[np.str_]) -> None:
        self.folder, self.ids = folder, ids
        self._lock = threading.RLock()
        self._state: tuple[tuple[str, int, int] | None, Json, dict[str, NDArray[np.bool_]]] = (None, _empty(), {})

    # ---- reading ---------------------------------------------------------------------------------------------------

    def describe(self) -> Json:
        """What a page shows: tags with the items that carry them (as bits), how many these are and how many ids are of no item of the
        data; views, the newest first."""
        content, masks = self._read()
        counts = {name: int(np.count_nonzero(mask)) for name, mask in masks.items()}
        tags = [
            {"name": name, "count": counts[name], "elsewhere": len(ids) - counts[name], "members": pack_mask(masks[name])}
            for name, ids in content["tags"].items()
        ]
        return {"tags": tags, "views": content["views"][::-1]}

    def tagged(self, name: str) -> NDArray[np.bool_]:
        """(N,) True for the items with a tag, by its name with or without space around it; SelectionError for one that nobody has given."""
        name, masks = checked_name(name, "tag"), self._read()[1]
        if name not in masks:
            raise SelectionError(f"No item has the tag {name!r}; there are {', '.join(masks) or 'none so far'}.")
        return masks[name]

    def names(self) -> list[str]:
        """All tags, by name."""
        return list(self._read()[1])

    def of(self, row: int) -> list[str]:
        """The tags of one item."""
        return [name for name, mask in self._read()[1].items() if mask[row]]

    def of_each(self, rows: NDArray[np.integer]) -> list[list[str]]:
        """The tags of each of some items."""
        masks = {name: mask[rows].tolist() for name, mask in self._read()[1].items()}
        return [[name for name, mask in masks.items() if mask[place]] for place in range(len(rows))]

    # ---- changing --------------------------------------------------------------------------------------------------

    def tag(self, name: str, rows: NDArray[np.integer], *, on: bool) -> int:
        """Give a tag to some items, or take it from them; returns how many that changed. A tag without any item is gone."""
        name, chosen = checked_name(name, "tag"), set(self.ids[rows].tolist())

        def change(content: Json) -> int:
            before = set(content["tags"].get(name, ()))
            after = before | chosen if on else before - chosen
            if on and name not in content["tags"] and len(content["tags"]) >= MAX_TAGS:
                raise SelectionError(f"There are {MAX_TAGS} tags already; delete one first.")
            content["tags"][name] = sorted(after)
            return len(before ^ after)

        return self._change(change)

    def rename_tag(self, name: str, to: str) -> None:
        """Another name for a tag; one that exists already takes the items up. SelectionError when there is none of that name."""
        to = checked_name(to, "tag")

        def change(content: Json) -> None:
            if name not in content["tags"]:
                raise SelectionError(f"There is no tag {name!r} any more; it was renamed or deleted in another browser.")
            ids = content["tags"].pop(name)
            content["tags"][to] = sorted({*content["tags"].get(to, ()), *ids})

        self._change(change)

    def delete_tag(self, name: str) -> None:
        """Take a tag from all items, also from those that are not in the data as they are now."""
        self._change(lambda content: content["tags"].pop(name, None))

    def save_view(self, name: str, link: str) -> Json:
        """Keep a link under a name. A name that is taken gets a number behind it: nothing is written over."""
        name = checked_name(name, "view")
        if not isinstance(link, str) or not link.startswith("#") or len(link) > MAX_LINK or not link.isprintable():
            raise SelectionError(f"A saved view is a link that begins with # and has at most {MAX_LINK:,} characters.")

        def change(content: Json) -> Json:
            if len(content["views"]) >= MAX_VIEWS:
                raise SelectionError(f"There are {MAX_VIEWS} saved views already; delete one first.")
            view = {"id": uuid.uuid4().hex[:12], "name": _free(name, content["views"]), "link": link, "saved": now()}
            content["views"].append(view)
            return view

        return self._change(change)

    def rename_view(self, view_id: str, name: str, *, expected_name: str) -> Json:
        """Another name for a view. expected_name: the one that the person saw; SelectionError when it has another by now."""
        name = checked_name(name, "view")

        def change(content: Json) -> Json:
            view = _view(content, view_id, expected_name)
            view["name"] = _free(name, [other for other in content["views"] if other is not view])
            return view

        return self._change(change)

    def delete_view(self, view_id: str, *, expected_name: str) -> None:
        """Forget a view. expected_name: as in `rename_view`; one that is gone already is no error."""

        def change(content: Json) -> None:
            if any(view["id"] == view_id for view in content["views"]):
                content["views"].remove(_view(content, view_id, expected_name))

        self._change(change)

    # ---- the file --------------------------------------------------------------------------------------------------

    def _read(self) -> tuple[Json, dict[str, NDArray[np.bool_]]]:
        """The content and the items of each tag; the file is read again only when it is another one."""
        path = self._path
        with self._lock:
            stamp = _stamp(path)
            if stamp is None or stamp != self._state[0]:
                content = _load(path)
                masks = {name: np.isin(self.ids, np.array(ids, np.str_)) for name, ids in content["tags"].items()}
                self._state = stamp, content, masks
            return self._state[1], self._state[2]

    @property
    def _path(self) -> Path:
        """The file as it counts: one outside the workspace was begun from the one inside, when that could not be written to."""
        return next((place / FILE for place in places(self.folder)[1:] if (place / FILE).exists()), self.folder / FILE)

    def _change(self, change: Callable[[Json], T]) -> T:
        """Apply a change to the file as it is now, and write it; WorkspaceError when it can be kept nowhere."""
        answers: list[T] = []

        def write(path: Path) -> None:
            path.parent.mkdir(parents=True, exist_ok=True)
            with exclusive(path):
                content, forked = _load(self._path), self._path
                if path != forked and path.exists():
                    content = _joined(_load(path), content)
                answer = change(content)
                content["tags"] = {
                    name: content["tags"][name] for name in sorted(content["tags"], key=str.casefold) if content["tags"][name]
                }
                write_file(path, lambda part: write_json(part, content))
                if path == self.folder / FILE and forked != path:
                    forked.unlink(missing_ok=True)  # it is in the workspace again
                answers[:] = [answer]

        with self._lock:
            if keep(self.folder, FILE, write) is None:
                raise WorkspaceError(f"Tags and views of {self.folder} cannot be kept anywhere; set HYPVIZ_HOME to a folder with room.")
            return answers[0]


def checked_name(name: Any, kind: str) -> str:
    """A name from outside, without space around it; SelectionError unless it has 1 to 60 printable characters."""
    text = " ".join(name.split()) if isinstance(name, str) else ""
    if not 1 <= len(text) <= MAX_NAME or not text.isprintable():
        raise SelectionError(f"A {kind} needs a name of 1 to {MAX_NAME} characters, got {str(name)[:80]!r}.")
    return text


def _empty() -> Json:
    return {"schema": SCHEMA, "tags": {}, "views": []}


def _joined(one: Json, other: Json) -> Json:
    """All tags and views of two files; of a view that is in both the other's."""
    names = {*one["tags"], *other["tags"]}
    tags = {name: sorted({*one["tags"].get(name, ()), *other["tags"].get(name, ())}) for name in names}
    known = {view["id"] for view in other["views"]}
    return {"schema": SCHEMA, "tags": tags, "views": [view for view in one["views"] if view["id"] not in known] + other["views"]}


def _load(path: Path) -> Json:
    """The content of a file, empty when there is none; WorkspaceError when it is no such file."""
    try:
        content = json.loads(path.read_bytes())
        tags = {str(name): [str(one) for one in ids] for name, ids in content["tags"].items()}
        views = [{key: str(view[key]) for key in ("id", "name", "link", "saved")} for view in content["views"]]
        newer = content["schema"] > SCHEMA
    except FileNotFoundError:
        return _empty()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WorkspaceError(f"{path} is damaged ({error}); move it away to begin with new tags and views.") from None
    if newer:
        raise WorkspaceError(f"{path} was written by a newer hypviz; update this one to read its tags and views.")
    return {"schema": SCHEMA, "tags": tags, "views": views}


def _stamp(path: Path) -> tuple[str, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return str(path), stat.st_mtime_ns, stat.st_ino


def _view(content: Json, view_id: str, expected_name: str) -> Json:
    for view in content["views"]:
        if view["id"] == view_id:
            if view["name"] != expected_name:
                raise SelectionError(f"The view {expected_name!r} was renamed to {view['name']!r} in another browser; nothing was changed.")
            entry: Json = view
            return entry
    raise SelectionError(f"The view {expected_name!r} was deleted in another browser; save it again if it is still needed.")


def _free(name: str, views: Iterable[Json]) -> str:
    """The name, with a number behind it where it is taken."""
    used_names, number, free = {view["name"].casefold() for view in views}, 1, name
    while free.casefold() in used_names:
        number += 1
        free = f"{name[: MAX_NAME - 6]} ({number})"
    return free

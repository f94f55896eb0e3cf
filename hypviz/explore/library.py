"""The library: which data and checkpoints can be opened, and the views that are open.

Own workspaces live in one folder ($HYPVIZ_HOME, else `workspaces` beside the application); the demo is shipped.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypviz.access.trust import Trust, is_made_here, is_uploaded
from hypviz.data.formats.detect import open_dataset
from hypviz.errors import CheckpointError, HypvizError, SelectionError, WorkspaceError
from hypviz.explore.level_view import SEPARATOR, by_key
from hypviz.explore.set_labels import SetFacts, told_apart
from hypviz.explore.uploads import Uploads
from hypviz.explore.view import View, view_key
from hypviz.hub.address import address_of, is_hub_address
from hypviz.inference.embed import SHIPPED, checkpoint_for, suited_checkpoint
from hypviz.model.card import find_checkpoint, list_checkpoints, origin_of, read_card
from hypviz.model.hub_checkpoint import WEIGHTS
from hypviz.paths import ASSETS, CHECKPOINTS
from hypviz.progress import OnProgress
from hypviz.storage.home import home, own_checkpoints
from hypviz.storage.keeping import writable_home
from hypviz.vectors.read import is_vector_file, read_vectors
from hypviz.vectors.workspace import make_vectors_workspace
from hypviz.workspace.hub_data import fetch_data, with_origin
from hypviz.workspace.importing import import_workspace
from hypviz.workspace.meta import read_meta
from hypviz.workspace.store import Workspace, is_workspace

DEMO = ASSETS / "demo" / "workspace"
_PLAIN = re.compile(r"-[0-9a-f]{8}$")
KEPT_VIEWS = 4
"""Views kept open; the one unused longest is closed when another is opened, and opened again when it is asked for."""
KEPT_CLOSED = 256
"""Closed views that can be opened again by their key."""


def _import_vectors(file: Path, trust: Trust) -> Path:
    """The workspace, in the home folder, of a file of own vectors and what is said of them beside it."""
    vectors = read_vectors(file)
    trust.check_names(vectors.images_root or file.resolve().parent, [] if vectors.images is None else vectors.images.tolist())
    target = writable_home() / f"{file.stem}-{vectors.content_hash()[:8]}"
    if not is_workspace(target):
        make_vectors_workspace(target, vectors, name=file.stem, images_root=vectors.images_root or file.resolve().parent, where=file.name)
    return target


@dataclass
class Library:
    """Opens views and finds them again by key; safe to share between threads."""

    device: str = "auto"
    extra: dict[str, Path] = field(default_factory=dict)
    """Workspaces opened by path, by name."""
    sources: dict[str, Path] = field(default_factory=dict)
    """What was named to open them, by name: pictures may lie in a folder of it, and the workspace elsewhere."""
    checkpoints: dict[str, Path] = field(default_factory=dict)
    """Checkpoints opened by path, by name."""
    trust: Trust = field(default_factory=Trust)
    """What may be named besides what is listed: anything, unless a server says otherwise."""
    uploads: Uploads = field(default_factory=Uploads)
    """Own pictures, of all views: they stay when a view is closed."""
    _closed: OrderedDict[str, tuple[str, str]] = field(default_factory=OrderedDict)
    _views: OrderedDict[str, View] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _importing: threading.Lock = field(default_factory=threading.Lock)
    _reopening: threading.RLock = field(default_factory=threading.RLock)

    def data_names(self) -> list[str]:
        """Names of the workspaces that can be opened, the demo first."""
        shown = set(self.extra.values())
        home_names = sorted(folder.name for folder in home().glob("*") if is_made_here(folder) and folder not in shown)
        return list(dict.fromkeys(["demo", *self.extra, *home_names]))

    def data_choices(self) -> list[tuple[str, str]]:
        """(what a picker shows, name) of the workspaces: without the hash in their names, folders by their own name and not by their path,
        same-named ones told apart by `told_apart`."""
        names = self.data_names()
        plain = [self._title(name) for name in names]
        folded = [short.casefold() for short in plain]
        facts = [
            self.set_facts(name, short) if folded.count(short.casefold()) > 1 else SetFacts(short)
            for name, short in zip(names, plain, strict=True)
        ]
        return [
            (f"{one.title} · {apart}" if apart else one.title, name)
            for one, apart, name in zip(facts, told_apart(facts), names, strict=True)
        ]

    def path_of(self, name: str) -> str:
        """The whole path of data that go by one, "" for those that have a name."""
        return str(self.sources[name]) if name in self.sources and Path(name).name != name else ""

    def _title(self, name: str) -> str:
        return self.sources[name].name or name if self.path_of(name) else _PLAIN.sub("", name) or name

    def set_facts(self, name: str, title: str) -> SetFacts:
        """What tells data from others of that title."""
        try:
            folder = self.workspace_folder(name)
            facts = SetFacts.of(title, read_meta(folder), folder)
        except WorkspaceError:  # a folder that was not imported yet, or a damaged one, which says so when it is opened
            facts = SetFacts(title)
        return replace(facts, folder=str(self.sources[name])) if name in self.sources else facts

    def checkpoint_names(self) -> list[str]:
        """Names of the checkpoints that can be opened: the shipped ones, those given by path, and those kept in the page."""
        return list(dict.fromkeys([*list_checkpoints(), *self.checkpoints, *list_checkpoints(own_checkpoints())]))

    def checkpoint_choices(self) -> list[tuple[str, str]]:
        """(what a picker shows, name) of the checkpoints: a licence that has to be noted stands beside the name."""
        return [(self._with_licence(name), name) for name in self.checkpoint_names()]

    def _with_licence(self, name: str) -> str:
        try:
            card = read_card(self.checkpoint(name))
        except CheckpointError:  # a damaged one says so when it is opened
            return name
        return f"{name} · {card.licence_to_note}" if card.licence_to_note else name

    def open(self, data: str, checkpoint: str, *, on_progress: OnProgress | None = None) -> View:
        """The view of a workspace (a name, or a folder of any kind) through a checkpoint (a name or a file).

        A folder that is no workspace yet is imported into one first. Embeds when the stored embedding is absent or
        stale; `on_progress` then hears (done, total). One that is open already is not made again.
        """
        workspace = self.workspace(data, on_progress=on_progress)
        through = self.checkpoint(checkpoint) if checkpoint and workspace.vectors is None else ""
        view = self._open_view(view_key(workspace, checkpoint_for(workspace, through)))
        view = view or View(workspace, through, device=self.device, on_progress=on_progress, uploads=self.uploads)
        with self._lock:
            opened = self._views.setdefault(view.key, view)
            self._views.move_to_end(view.key)
            self._closed[view.key] = data, checkpoint
            self._closed.move_to_end(view.key)
            while len(self._views) > KEPT_VIEWS:
                self._views.popitem(last=False)
            while len(self._closed) > KEPT_CLOSED:
                self._closed.popitem(last=False)
        return opened

    def view(self, key: str) -> View:
        """A view by its key, at a level of its class tree too (`level_view`), opened again where others' views pushed it out;
        SelectionError when its data are not the same any more."""
        plain, _, added = key.partition(SEPARATOR)
        view = self._open_view(plain)
        if view is None and plain in self._closed:
            with self._reopening:  # a page asks for many things at once
                view = self._open_view(plain) or self._reopened(plain)
        if view is None:
            raise SelectionError("This data set is no longer open on the server; choose it again or reload the page.")
        return by_key(view, added) if added else view

    def _open_view(self, key: str) -> View | None:
        with self._lock:
            if key in self._views:
                self._views.move_to_end(key)
            return self._views.get(key)

    def _reopened(self, key: str) -> View | None:
        try:
            view = self.open(*self._closed[key])
        except (HypvizError, KeyError):
            return None
        return view if view.key == key else None

    def workspace(self, data: str, *, on_progress: OnProgress | None = None) -> Workspace:
        """The workspace of a name, or of a folder of any kind, without a checkpoint; imported first where it must be."""
        folder = self._folder(data, fetch=True)
        if self._is_workspace(folder):
            return Workspace.open(folder)
        if not data or not folder.exists():
            raise WorkspaceError(f"No data called {data!r}: expected a folder or one of {', '.join(self.data_names())}.")
        with self._importing:  # a second visitor waits for the first one's import and finds it done
            self.extra[data] = self._import(folder, on_progress)
            if not is_hub_address(data):
                self.sources.setdefault(data, folder.resolve())
        return Workspace.open(self.extra[data])

    def suited(self, data: str, *, on_progress: OnProgress | None = None) -> str:
        """Name of the shipped checkpoint that suits a workspace; own vectors need none, and get the first as what a picker shows."""
        workspace = self.workspace(data, on_progress=on_progress)
        return SHIPPED[0] if workspace.vectors is not None else suited_checkpoint(workspace.items.classes)

    def checkpoint(self, name: str) -> Path:
        """The weights file of a checkpoint's name in the picker, or of a path that may be named; CheckpointError for any other."""
        if name in self.checkpoints:
            return self.checkpoints[name]
        for folder in (CHECKPOINTS, own_checkpoints()):
            if name in list_checkpoints(folder):
                return find_checkpoint(name, folder=folder)
        try:
            if is_hub_address(name):
                self.trust.check_hub(name)
                return find_checkpoint(name)
            return find_checkpoint(self.trust.checked(name, "checkpoint"))
        except WorkspaceError as error:
            raise CheckpointError(str(error)) from None

    def _folder(self, data: str, *, fetch: bool = False) -> Path:
        """Where some data are, whether or not there are any; WorkspaceError for a path that may not be named. fetch: from a hub, too."""
        if data == "demo":
            return DEMO
        home_folder = home() / data
        if data in self.extra or (Path(data).name == data and is_made_here(home_folder)):
            return self.extra.get(data) or home_folder
        if fetch and is_hub_address(data):
            self.trust.check_hub(data)
            return fetch_data(data).folder
        return self.trust.checked(data)

    def _is_workspace(self, folder: Path) -> bool:
        """Whether a folder is a workspace to open as it is; WorkspaceError for one that points to pictures it may not show."""
        if is_uploaded(folder) or address_of(folder) is not None or not is_workspace(folder):
            return False
        if folder != DEMO and folder not in self.extra.values() and not is_made_here(folder):
            self.trust.check_workspace(folder)
        return True

    def _import(self, folder: Path, on_progress: OnProgress | None) -> Path:
        """The workspace, in the home folder, of a plain data set or a file of vectors; an older one of the same is used again."""
        if is_vector_file(folder):
            return _import_vectors(folder, Trust() if folder in self.extra.values() else self.trust)
        address = address_of(folder)
        name = folder.resolve().name if address is None else address.name
        place = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]
        into = writable_home()
        raw = with_origin(open_dataset(folder, extract_to=into / f"{name}-pictures-{place}"), folder)
        workspace, _ = import_workspace(lambda items: into / f"{name}-{items.data_hash[:8]}", raw, name=name, on_progress=on_progress)
        return workspace.folder

    def workspace_folder(self, name: str) -> Path:
        """The folder of a workspace by its name in the picker; WorkspaceError when there is none, or it was not opened yet."""
        folder = self._folder(name)
        if not name or not self._is_workspace(folder):
            raise WorkspaceError(f"No workspace called {name!r}: expected one of {', '.join(self.data_names())}.")
        return folder

    def add_data(self, source: str) -> str:
        """Make what the command line names choosable: a known name, or a folder; returns its name in the picker.

        Raises WorkspaceError when there is no such thing. A folder whose name is taken goes by its whole path.
        """
        if source in self.data_names():
            return source
        if is_hub_address(source):
            snapshot = fetch_data(source)
            self.extra[str(snapshot.address)] = snapshot.folder
            return str(snapshot.address)
        folder = Path(source).resolve()
        if not source or not folder.exists():
            raise WorkspaceError(f"No data called {source!r}: expected a folder or one of {', '.join(self.data_names())}.")
        if folder == DEMO:
            return "demo"
        if folder.parent == home().resolve() and is_workspace(folder) and not is_uploaded(folder):
            return folder.name
        name = folder.name if folder.name and folder.name not in self.data_names() else str(folder)
        self.extra[name] = self.sources[name] = folder
        return name

    def add_checkpoint(self, name: str) -> str:
        """Make a checkpoint given by name or file choosable; returns its name in the picker."""
        path = find_checkpoint(name)
        if path.parent in (CHECKPOINTS, own_checkpoints()):
            return path.stem
        label = origin_of(path) or (path.parent.name if path.name == WEIGHTS else path.stem)
        self.checkpoints[label] = path
        return label

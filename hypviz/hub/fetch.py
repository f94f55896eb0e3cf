"""Fetch files of a repository into the cache of the hub's own client, at one commit for as long as the process lives."""

from __future__ import annotations

import glob
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from hypviz.errors import HubError
from hypviz.hub.address import HubAddress
from hypviz.hub.client import hub_api, refusals
from hypviz.progress import OnProgress
from hypviz.storage.home import LOW_BYTES, free_bytes

if TYPE_CHECKING:
    from huggingface_hub import HfApi

Choose = Callable[[Sequence[str]], Sequence[str]]
"""From the names of a repository's files to those that are wanted; HubError where there are none."""


@dataclass(frozen=True)
class Snapshot:
    """address: at the commit that was fetched.  folder: in the client's cache.  files: those that were wanted, relative to it."""

    address: HubAddress
    folder: Path
    files: tuple[str, ...]


_snapshots: dict[tuple[str, ...], Snapshot] = {}
_lock = threading.Lock()


def fetch(address: HubAddress, choose: Choose, *, on_progress: OnProgress | None = None) -> Snapshot:
    """The chosen files of a repository. A revision is resolved to a commit once in a process; what the cache has is not fetched again.

    Without a network, or where HF_HUB_OFFLINE forbids one, the cache answers if it has all of the files. on_progress hears of bytes.
    Raises HubError, one sentence, when the files cannot be had.
    """
    api = hub_api(str(address))
    from huggingface_hub import constants

    cache = Path(constants.HF_HUB_CACHE)
    place = (str(cache), str(api.endpoint))
    with _lock:  # who asks for the same meanwhile finds it here
        snapshot = _snapshots.get((*place, str(address)))
        if snapshot is None or not all((snapshot.folder / name).is_file() for name in snapshot.files):
            with refusals(address, "fetched"):
                snapshot = _fetch(api, address, choose, cache, on_progress)
            for key in (address, snapshot.address):
                _snapshots[(*place, str(key))] = snapshot
    return snapshot


def _fetch(api: HfApi, address: HubAddress, choose: Choose, cache: Path, on_progress: OnProgress | None) -> Snapshot:
    resolved = api.resolve_revision(address.repo, repo_type=address.kind, revision=address.revision or None)
    pinned = address.at(resolved.resolved)
    sizes = _sizes(api, pinned)
    strange = [name for name in sizes if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts]
    if strange:
        raise HubError(f"{address} has a file called {strange[0][:80]!r}, which would lie outside its folder; nothing of it is fetched.")
    files = tuple(choose(sorted(sizes)))
    _check_room(pinned, {name: sizes[name] for name in files}, cache)
    folder = api.snapshot_download(
        pinned.repo,
        repo_type=pinned.kind,
        revision=pinned.revision,
        allow_patterns=[glob.escape(name) for name in files],
        tqdm_class=_bar_class(on_progress),
    )
    return Snapshot(pinned, Path(folder), files)


def _sizes(api: HfApi, pinned: HubAddress) -> dict[str, int]:
    """Bytes of every file at a commit: as the cache remembers, else as the hub lists them."""
    from huggingface_hub import get_cached_repo_tree
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    try:
        entries: Any = get_cached_repo_tree(pinned.repo, repo_type=pinned.kind, revision=pinned.revision)
    except CachedRepoTreeNotFoundError:
        entries = api.list_repo_tree(pinned.repo, repo_type=pinned.kind, revision=pinned.revision, recursive=True)
    return {entry.path: int(entry.size) for entry in entries if hasattr(entry, "size")}


def _check_room(pinned: HubAddress, sizes: Mapping[str, int], cache: Path) -> None:
    """HubError where the disk has no room for the files that the cache has not."""
    from huggingface_hub import try_to_load_from_cache

    def is_here(name: str) -> bool:
        return isinstance(try_to_load_from_cache(pinned.repo, name, cache, pinned.revision, pinned.kind), str)

    needed = sum(size for name, size in sizes.items() if not is_here(name))
    room = max(0, free_bytes(cache) - LOW_BYTES)
    if needed > room:
        raise HubError(
            f"{pinned} has {needed:,} bytes to fetch, and the disk of the cache {cache} has room for {room:,}; make room, or set HF_HOME "
            "to a folder on another disk."
        )


def _bar_class(on_progress: OnProgress | None) -> type[Any]:
    """What stands in for the client's several bars: it draws none, and tells `on_progress` of the bytes that came."""
    from tqdm.std import tqdm

    bars: list[Any] = []

    class Bar(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": True})
            self.arrived = 0
            if kwargs.get("unit") == "B":
                bars.append(self)

        def update(self, n: float | None = 1) -> bool | None:
            self.arrived += int(n or 0)
            if on_progress is not None and self in bars:
                # one bar counts bytes from the network, one those on disk, and which of them moves depends on the transfer
                on_progress(max(bar.arrived for bar in bars), max(int(bar.total or 0) for bar in bars) or None)
            return None

    return Bar

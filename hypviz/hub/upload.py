"""Write a repository: its files into a folder, or on to a hub as one commit."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypviz.errors import HubError
from hypviz.hub.address import HubAddress
from hypviz.hub.client import hub_api, refusals
from hypviz.progress import OnProgress
from hypviz.storage.files import write_folder

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd

Files = Mapping[str, "bytes | Path"]
"""The files of a repository by name, with / between folders: their content, or the file that holds it."""
BATCH_FILES, BATCH_BYTES = 64, 256 << 20
"""Files, and bytes, that are handed to the client at a time; the bar moves after each."""


def sizes_of(files: Files) -> dict[str, int]:
    """Bytes of every file."""
    return {name: content.stat().st_size if isinstance(content, Path) else len(content) for name, content in files.items()}


def write_repository(folder: Path, files: Files) -> None:
    """Copy the files into a new folder, all or none; HubError where there is something already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise HubError(f"{folder} is there already; choose a new or empty folder.")
    if folder.is_dir():
        folder.rmdir()  # empty: makes room for the rename
    with write_folder(folder) as part:
        for name, content in files.items():
            target = part / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                shutil.copyfile(content, target)
            else:
                target.write_bytes(content)


def upload(address: HubAddress, files: Files, *, private: bool = False, on_progress: OnProgress | None = None) -> str:
    """Put the files into a repository as one commit, and make the repository where there is none; returns the commit's address.

    private: whether a new repository is one; an older one stays what it is. Files of the same name are replaced, others stay.
    on_progress hears of bytes. Raises HubError, one sentence, when the hub cannot be reached or refuses; then nothing has changed
    but that the repository may have been made.
    """
    api = hub_api(f"Writing {address}")
    from huggingface_hub import CommitOperationAdd
    from huggingface_hub.utils.tqdm import disable_progress_bars

    sizes = sizes_of(files)
    done, total = 0, sum(sizes.values())
    with refusals(address, "written"), disable_progress_bars():
        api.create_repo(address.repo, repo_type=address.kind, private=private, exist_ok=True)
        additions = [CommitOperationAdd(name, str(content) if isinstance(content, Path) else content) for name, content in files.items()]
        for batch in _batches(additions, sizes):
            api.preupload_lfs_files(address.repo, batch, repo_type=address.kind, free_memory=False)
            done += sum(sizes[one.path_in_repo] for one in batch)
            if on_progress is not None:
                on_progress(done, total)
        commit: Any = api.create_commit(address.repo, additions, repo_type=address.kind, commit_message="Written by hypviz push")
    return str(address.at(str(commit.oid)))


def _batches(additions: list[CommitOperationAdd], sizes: Mapping[str, int]) -> Iterator[list[CommitOperationAdd]]:
    batch: list[CommitOperationAdd] = []
    for one in additions:
        batch.append(one)
        if len(batch) >= BATCH_FILES or sum(sizes[each.path_in_repo] for each in batch) >= BATCH_BYTES:
            yield batch
            batch = []
    if batch:
        yield batch

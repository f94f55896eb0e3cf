"""Addresses of repositories: hf://OWNER/MODEL[@REVISION] and hf://datasets/OWNER/NAME[@REVISION]."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from hypviz.errors import HubError

SCHEME = "hf://"
MODEL, DATASET = "model", "dataset"
FORMS = {MODEL: "hf://OWNER/MODEL[@REVISION]", DATASET: "hf://datasets/OWNER/NAME[@REVISION]"}
"""How an address of each kind is written."""
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_REPO = re.compile(rf"{_NAME}/{_NAME}")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_FOLDERS = {"models": MODEL, "datasets": DATASET}


@dataclass(frozen=True)
class HubAddress:
    """kind: MODEL or DATASET.  repo: OWNER/NAME.  revision: a branch, tag or commit; "" for the repository's main branch."""

    kind: str
    repo: str
    revision: str = ""

    def __str__(self) -> str:
        place = f"datasets/{self.repo}" if self.kind == DATASET else self.repo
        return f"{SCHEME}{place}{f'@{self.revision}' if self.revision else ''}"

    @property
    def name(self) -> str:
        """The repository's name without its owner."""
        return self.repo.partition("/")[2]

    @property
    def is_pinned(self) -> bool:
        """Whether the revision is a commit, which never changes."""
        return _COMMIT.fullmatch(self.revision) is not None

    def at(self, revision: str) -> HubAddress:
        """The same repository at another revision."""
        return replace(self, revision=revision)


def is_hub_address(name: str | Path) -> bool:
    """Whether a name is meant as an address on a hub; nothing else ever leads there.

    >>> is_hub_address("hf://ada/cones"), is_hub_address("ada/cones"), is_hub_address(Path("hf:/ada"))
    (True, False, False)
    """
    return str(name).startswith(SCHEME)


def parse_address(text: str, kind: str) -> HubAddress:
    """The address that a text names, of one kind; HubError for any other text.

    >>> parse_address("hf://ada/cones@v1", MODEL)
    HubAddress(kind='model', repo='ada/cones', revision='v1')
    >>> str(parse_address("hf://datasets/ada/streets", DATASET).at("main"))
    'hf://datasets/ada/streets@main'
    """
    place, at, revision = text.removeprefix(SCHEME).partition("@")
    as_data = place.startswith("datasets/")
    repo = place.removeprefix("datasets/")
    fits = text.startswith(SCHEME) and as_data == (kind == DATASET) and ".." not in text
    if not fits or not _REPO.fullmatch(repo) or (at and not _REVISION.fullmatch(revision)):
        raise HubError(f"{text[:200]!r} is no {_WHAT[kind]} on a hub: expected {FORMS[kind]}, of letters, digits, - _ and . alone.")
    return HubAddress(kind, repo, revision)


_WHAT = {MODEL: "model", DATASET: "data set"}


def address_of(path: Path) -> HubAddress | None:
    """The address, at its commit, of a file or folder in a cache of the hub's client; None for any other place.

    >>> str(address_of(Path("/c/hub/models--ada--cones/snapshots") / ("0" * 40) / "model.safetensors"))[:20]
    'hf://ada/cones@00000'
    >>> address_of(Path("/data/cones"))
    """
    parts = path.absolute().parts
    for place in range(len(parts) - 2):
        folder, middle, commit = parts[place : place + 3]
        kind, _, repo = folder.partition("--")
        if middle == "snapshots" and kind in _FOLDERS and _COMMIT.fullmatch(commit):
            owner, _, name = repo.partition("--")
            return HubAddress(_FOLDERS[kind], f"{owner}/{name}", commit)
    return None

"""A data set that is named by its address on a hub: where its files are, and how an import remembers where they came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hypviz.data.raw import RawDataset
from hypviz.errors import HubError
from hypviz.hub.address import DATASET, address_of, parse_address
from hypviz.hub.fetch import Snapshot, fetch
from hypviz.progress import OnProgress


def fetch_data(name: str, *, on_progress: OnProgress | None = None) -> Snapshot:
    """The files of hf://datasets/OWNER/NAME[@REVISION], in a folder that is read like any other; see `hub.fetch`.

    HubError when they cannot be had. on_progress hears of bytes.
    """
    return fetch(parse_address(name, DATASET), data_files, on_progress=on_progress)


def data_files(names: Sequence[str]) -> tuple[str, ...]:
    """All files of a repository but the hidden ones, which are of git and of the hub; HubError where there are no others.

    >>> data_files([".gitattributes", "README.md", "images/a.jpg", "images/.cache/x"])
    ('README.md', 'images/a.jpg')
    """
    files = tuple(name for name in names if not any(part.startswith(".") for part in name.split("/")))
    if not files:
        raise HubError("The repository holds no files: expected pictures and annotations, or Parquet.")
    return files


def with_origin(raw: RawDataset, folder: Path) -> RawDataset:
    """The data set that was read from a folder; of a hub's, with its own name, and with its address at the commit as `origin`."""
    address = address_of(folder)
    return raw if address is None else replace(raw, name=address.name, origin=str(address))

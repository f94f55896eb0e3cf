"""The workspace on disk: a folder of plain files, each of them complete or absent.

    WS/meta.json          schema, name, root of the pictures, classes, hashes, hierarchy settings, import report
    WS/images.parquet     file_name, width, height, content, licence
    WS/items.parquet      item_id, image, x1, y1, x2, y2, label, depth, source
    WS/edges.parquet      parent, child, kind: "direct", "ancestor", or "duplicate" (the larger box first)
    WS/embeddings/KEY/    directions.npy, radii.npy, layout-METHOD.npy…, meta.json, lists/; KEY = checkpoint hash-data hash
    WS/embedding-parts/   what was embedded before a stop or a kill (`hypviz.inference.embedding_parts`); gone when it is whole
    WS/taxonomy.txt       the class tree, in a workspace that has one (`hypviz.workspace.class_trees`)
    WS/thumbs/            small pictures, made when needed
    WS/vectors.npy        in a workspace of own vectors (`hypviz.vectors`): they stand where a checkpoint would; vectors.json, their card

The tables (`hypviz.workspace.tables`) and meta.json carry one stamp: files of two writings are never taken for one workspace. An
embedding belongs to one checkpoint and one state of the data; with either changed it is not found, so it is made again.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.config import HierarchySettings, to_mapping
from hypviz.data.hierarchy import Hierarchy
from hypviz.data.importer import ImportReport
from hypviz.data.items import Items
from hypviz.data.taxonomy import Taxonomy
from hypviz.errors import DataError, WorkspaceError
from hypviz.search.embedding import Embedding
from hypviz.storage.files import settle, write_file, write_files, write_folder
from hypviz.storage.json_types import Json
from hypviz.storage.keeping import find, first_place, keep, places
from hypviz.workspace import class_trees
from hypviz.workspace.meta import SCHEMA, damaged, describe, is_workspace, may_renew, now, read_meta, write_json
from hypviz.workspace.tables import read_tables, table_writers

__all__ = ["Workspace", "is_workspace"]

log = logging.getLogger(__name__)

VECTORS = "vectors.npy"
TRIES, PAUSE_S = 20, 0.05
"""How often, and how long apart, a workspace is read that is renewed meanwhile."""
_SAMPLE = 16
"""Pictures looked for when a workspace is opened."""


@dataclass(frozen=True, eq=False)
class Workspace:
    """An open workspace: items and hierarchy in memory, embeddings on demand. `meta` is meta.json as written."""

    folder: Path
    items: Items
    hierarchy: Hierarchy
    meta: Mapping[str, Any]

    @classmethod
    def create(
        cls,
        folder: Path | str,
        items: Items,
        hierarchy: Hierarchy,
        *,
        name: str,
        report: ImportReport | Mapping[str, Any] | None = None,
        settings: HierarchySettings | None = None,
        overwrite: bool = False,
        pictures: bool = True,
        vectors: bool = False,
        corrections: Sequence[Mapping[str, str]] = (),
    ) -> Workspace:
        """Write a new workspace; with `overwrite` renew an existing one, whose other files and embeddings stay.

        report: what became of the data that were read, or what an earlier meta.json says of it. settings: those the hierarchy
        was built with, for the record. pictures: False for a workspace without any, whose
        pictures nobody will look for. vectors: True for own vectors, whose file the caller writes. corrections: those that lead
        from the boxes alone to the hierarchy, for a draft to begin with: kind, level, a, b of `data.corrections.Correction`.
        Raises WorkspaceError when `folder` holds
        anything but a workspace, or holds one and `overwrite` is not set. Fails without a trace.
        """
        folder = Path(folder).resolve()
        renew, taxonomy = may_renew(folder, overwrite), report.taxonomy if isinstance(report, ImportReport) else None
        meta = describe(folder, items, name=name) | {
            "hierarchy": {"settings": to_mapping(settings or HierarchySettings()), "counts": hierarchy.counts},
            "import": report.to_json() if isinstance(report, ImportReport) else None if report is None else dict(report),
            "pictures": pictures,
            "vectors": vectors,
            "corrections": [dict(one) for one in corrections],
        }
        if renew:
            _write_workspace(folder, items, hierarchy, meta, taxonomy)
        else:
            if folder.is_dir():
                folder.rmdir()  # empty: makes room for the rename
            with write_folder(folder) as part:
                _write_workspace(part, items, hierarchy, meta, taxonomy)
        return cls(folder, items, hierarchy, meta)

    @classmethod
    def open(cls, folder: Path | str, *, root: Path | str | None = None) -> Workspace:
        """Open a workspace. `root` is where its pictures are now, if they were moved.

        Raises WorkspaceError when the folder is no workspace, half-written, damaged, of a newer schema, or without
        its pictures.
        """
        folder = Path(folder).resolve()
        for _ in range(TRIES):
            settle(folder)
            meta = read_meta(folder)
            try:
                return cls._read(folder, meta, root)
            except WorkspaceError:
                settle(folder)
                if read_meta(folder)["stamp"] == meta["stamp"]:
                    raise
                time.sleep(PAUSE_S)  # it was renewed in between
        raise damaged(folder, "its files change all the time")

    @classmethod
    def _read(cls, folder: Path, meta: Json, root: Path | str | None) -> Workspace:
        where = (folder / meta["root"] if root is None else Path(root)).resolve()
        try:
            items, hierarchy = read_tables(folder, meta["stamp"], classes=tuple(meta["classes"]), root=where)
            counts = dict(meta["hierarchy"]["counts"])
        except (DataError, OSError, KeyError, TypeError, IndexError, ValueError) as error:
            raise damaged(folder, " ".join(str(error).split()) or type(error).__name__) from None
        if items.data_hash != meta["data_hash"]:
            raise damaged(folder, "items.parquet is not the one it was written with")
        if meta.get("vectors") and not ((folder / VECTORS).is_file() and (folder / VECTORS).with_suffix(".json").is_file()):
            raise damaged(folder, f"{VECTORS} or its card is missing")
        if meta.get("pictures", True):
            _check_pictures(folder, items)
        return cls(folder, items, replace(hierarchy, counts=counts), meta)

    @property
    def name(self) -> str:
        """The workspace's name for people."""
        return str(self.meta["name"])

    @property
    def vectors(self) -> Path | None:
        """The file of own vectors that this workspace was made of, to be taken in place of any checkpoint; None for others."""
        return self.folder / VECTORS if self.meta.get("vectors") else None

    def has_picture(self, row: int) -> bool:
        """Whether an item has a picture: own vectors may come without."""
        return bool(self.meta.get("pictures", True)) and bool(self.items.images.content[self.items.image[row]])

    @property
    def thumbs(self) -> Path:
        """Where small pictures go; made by whoever writes the first."""
        return first_place(self.folder) / "thumbs"

    def embedding_folder(self, checkpoint_hash: str) -> Path:
        """Where the embedding by this checkpoint of the data as it is now lies, or would lie; see `keeping` for workspaces that cannot
        be written to."""
        return find(self.folder, self._embedding_name(checkpoint_hash), has="meta.json")

    def _embedding_name(self, checkpoint_hash: str) -> str:
        if not checkpoint_hash or not checkpoint_hash.replace("-", "").replace("_", "").isalnum():
            raise WorkspaceError(f"A checkpoint hash has letters, digits, - and _ only, got {checkpoint_hash!r}.")
        return f"embeddings/{checkpoint_hash}-{self.items.data_hash}"

    def embedding(self, checkpoint_hash: str) -> Embedding | None:
        """The embedding by this checkpoint, directions memory-mapped; None when it is absent, stale or damaged."""
        folder = self.embedding_folder(checkpoint_hash)
        if not folder.is_dir():
            return None
        try:
            meta = json.loads((folder / "meta.json").read_bytes())
            directions = np.load(folder / "directions.npy", mmap_mode="r")
            embedding = Embedding(directions, np.load(folder / "radii.npy"), meta["curv"], meta["geometry"])
            if meta.get("schema", 1) > SCHEMA:
                raise ValueError(f"it is of schema {meta['schema']}, this hypviz reads up to {SCHEMA}")
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s is damaged (%s): the embedding has to be made again", folder, error)
            return None
        return embedding if len(embedding) == len(self.items) else None

    def lists_folder(self, checkpoint_hash: str) -> Path:
        """Where the lists of `search.lists` of an embedding lie, or would lie: they go when the embedding is renewed."""
        return self.embedding_folder(checkpoint_hash) / "lists"

    def embedding_meta(self, checkpoint_hash: str) -> Json:
        """What was written beside an embedding, with `extra` under "extra"; WorkspaceError when there is none."""
        try:
            meta = json.loads((self.embedding_folder(checkpoint_hash) / "meta.json").read_bytes())
        except (OSError, ValueError):
            raise WorkspaceError(f"{self.folder} has no embedding by checkpoint {checkpoint_hash}.") from None
        return dict(meta)

    def write_embedding(self, checkpoint_hash: str, embedding: Embedding, *, extra: Mapping[str, Any] | None = None) -> None:
        """Store an embedding of all items in place of an older one and its arrays; `extra` must be JSON-ready. What cannot be written
        anywhere is left out with a warning."""
        if len(embedding) != len(self.items):
            raise WorkspaceError(f"The embedding has {len(embedding)} rows, the workspace {len(self.items)} items.")
        meta = {
            "schema": SCHEMA,
            "checkpoint": checkpoint_hash,
            "data_hash": self.items.data_hash,
            "geometry": embedding.geometry,
            "curv": float(embedding.curv),
            "count": len(embedding),
            "dim": embedding.directions.shape[1],
            "created": now(),
            "extra": dict(extra or {}),
        }

        def write(folder: Path) -> None:
            with write_folder(folder) as part:
                np.save(part / "directions.npy", np.asarray(embedding.directions, dtype=np.float32))
                np.save(part / "radii.npy", np.asarray(embedding.radii, dtype=np.float32))
                write_json(part / "meta.json", meta)

        keep(self.folder, self._embedding_name(checkpoint_hash), write)

    def read_array(self, checkpoint_hash: str, name: str) -> NDArray[Any] | None:
        """An array kept with an embedding ("layout-pca"…); None when it is absent or damaged."""
        path = self._array_path(checkpoint_hash, name)
        try:
            array: NDArray[Any] = np.load(path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            log.warning("%s is damaged (%s): it has to be made again", path, error)
            return None
        return array

    def write_array(self, checkpoint_hash: str, name: str, array: NDArray[Any]) -> None:
        """Keep an array with an embedding, which must be there: it goes when the embedding is renewed."""
        relative = self._array_name(checkpoint_hash, name)
        if not self.embedding_folder(checkpoint_hash).is_dir():
            raise WorkspaceError(f"{self.folder} has no embedding by checkpoint {checkpoint_hash} to keep {name} with.")

        def write(path: Path) -> None:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, lambda part: _save(part, array))

        keep(self.folder, relative, write)

    def has_array(self, checkpoint_hash: str, name: str) -> bool:
        """Whether an array is kept with an embedding."""
        return self._array_path(checkpoint_hash, name).is_file()

    def former_embeddings(self, checkpoint_hash: str) -> list[Path]:
        """Folders of the embeddings by this checkpoint of earlier states of the data, the newest first."""
        now_in = Path(self._embedding_name(checkpoint_hash))
        candidates = [path for place in places(self.folder) for path in (place / now_in.parent).glob(f"{checkpoint_hash}-*")]
        folders = [path for path in candidates if path.is_dir() and path.name != now_in.name]
        return sorted(folders, key=lambda path: path.stat().st_mtime, reverse=True)

    def _array_path(self, checkpoint_hash: str, name: str) -> Path:
        return find(self.folder, self._array_name(checkpoint_hash, name))

    def _array_name(self, checkpoint_hash: str, name: str) -> str:
        if not name.replace("-", "").replace("_", "").isalnum() or name in ("directions", "radii"):
            raise WorkspaceError(f"An array's name has letters, digits, - and _ only, got {name!r}.")
        return f"{self._embedding_name(checkpoint_hash)}/{name}.npy"


def _write_workspace(folder: Path, items: Items, hierarchy: Hierarchy, meta: Json, taxonomy: Taxonomy | None) -> None:
    writers = table_writers(folder, items, hierarchy, meta["stamp"])
    if taxonomy is not None:
        writers[folder / class_trees.FILE] = lambda part: class_trees.write_text(part, taxonomy)
    write_files(writers | {folder / "meta.json": lambda part: write_json(part, meta)})


def _check_pictures(folder: Path, items: Items) -> None:
    """WorkspaceError when none of a few pictures spread over the data is in its place."""
    named = items.images.file_name[items.images.content != ""]
    names = named[:: max(1, len(named) // _SAMPLE)]
    if not any((items.root / str(name)).is_file() for name in names):
        raise WorkspaceError(
            f"{folder}: its pictures are no longer in {items.root} (example: {names[0]}); "
            "move them back, or open the workspace with the folder where they are now."
        )


def _save(path: Path, array: NDArray[Any]) -> None:
    with path.open("wb") as file:  # np.save would append .npy to a name that has another ending
        np.save(file, array, allow_pickle=False)

"""Makes lists: every item goes to the centroid nearest to it, in shards that a broken-off run leaves for the next one; in the end the
items of each centroid are cut into lists by their radii.

In memory are the radii, a block of vectors, the codes of one shard and the sample that centroids are made from; the vectors themselves
stay in their mapped file.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import DataError
from hypviz.progress import OnProgress
from hypviz.search.embedding import Embedding
from hypviz.search.lists import engine
from hypviz.search.lists.cut import Cut
from hypviz.search.lists.plan import Plan, make_plan
from hypviz.search.lists.store import CODES, Lists, mark_of, open_lists
from hypviz.search.scoring import Floats
from hypviz.search.shells import ODD
from hypviz.storage.files import exclusive, write_file, write_files, write_folder

BLOCK = 1 << 16
"""Vectors held in memory at once."""
SHARD = 1 << 20
"""Items of a shard: what a run that is broken off loses at most."""
ODD_SHARE = 0.05
"""Share of the items that may be in no list."""
BUILDING = ".building"
Rows = NDArray[np.int64]


def build_lists(
    embedding: Embedding, folder: Path, *, overwrite: bool = False, seed: int = 0, on_progress: OnProgress | None = None, shard: int = SHARD
) -> Lists:
    """Make the lists of an embedding in `folder`, whole or not at all; those that are there already are taken as they are unless
    `overwrite`. A run that was broken off goes on from its last shard.

    on_progress: told of the items that have a code.  shard: items of a shard.  DataError where too many directions are no unit
    vectors, SettingsError without FAISS.
    """
    engine.faiss()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(folder):
        ready = None if overwrite else open_lists(folder, embedding)
        if ready is not None:
            return ready
        work, shards = folder.with_name(folder.name + BUILDING), []
        plan = _plan(embedding, work, seed)
        for start in range(0, len(embedding), shard):
            stop = min(start + shard, len(embedding))
            shards.append(_Shard.written(embedding, plan, work, start, stop))
            if on_progress:
                on_progress(stop, len(embedding))
        with write_folder(folder) as part:
            _joined(embedding, plan, shards, part / CODES).save(part)
        shutil.rmtree(work)
        ready = open_lists(folder, embedding)
        if ready is None:
            raise DataError(f"The vectors changed while their lists were made in {folder}; make them anew.")
        return ready


def _plan(embedding: Embedding, work: Path, seed: int) -> Plan:
    """The plan of a run that was broken off, where it is of these vectors; a fresh one otherwise."""
    mark, path = mark_of(embedding), work / "plan.npz"
    if path.is_file():
        plan = Plan.read(path)
        if plan.mark == mark:
            return plan
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    plan = make_plan(embedding, mark, seed)
    write_file(path, plan.write)
    return plan


@dataclass(frozen=True, eq=False)
class _Shard:
    """Some of the items, in the order of their centroids.  codes, rows, angles: (n, D) uint8, (n,) int64, (n,) float32 angle from the
    centroid; mapped.  ends: (K + 1,) where the items of each centroid begin.  odd: rows without a code.  most: the largest error of
    a code, and of a norm."""

    codes: NDArray[np.uint8]
    rows: Rows
    angles: Floats
    ends: Rows
    odd: Rows
    most: NDArray[np.float64]

    @classmethod
    def written(cls, embedding: Embedding, plan: Plan, work: Path, start: int, stop: int) -> _Shard:
        """The shard of items [start, stop), as it lies on disk or made and put there."""
        names = ("codes", "rows", "angles", "facts")
        paths = {name: work / f"{start}-{stop}.{name}.npy" for name in names}
        if not all(path.is_file() for path in paths.values()):
            arrays = _coded(embedding, plan, start, stop)
            write_files({paths[name]: _saving(arrays[name]) for name in names})
        codes, rows, angles = (np.load(paths[name], mmap_mode="r") for name in names[:3])
        facts = np.load(paths["facts"])
        count = len(plan.centroids)
        return cls(
            codes, rows, angles, facts[: count + 1].astype(np.int64), facts[count + 3 :].astype(np.int64), facts[count + 1 : count + 3]
        )

    def of(self, centroid: int) -> slice:
        """Where the items of a centroid lie."""
        return slice(int(self.ends[centroid]), int(self.ends[centroid + 1]))


def _saving(array: NDArray[Any]) -> Any:
    def save(path: Path) -> None:
        with path.open("wb") as file:
            np.save(file, array, allow_pickle=False)

    return save


def _coded(embedding: Embedding, plan: Plan, start: int, stop: int) -> dict[str, NDArray[Any]]:
    """The arrays of a shard; "facts" holds what is no number a item, in float64, which is exact for rows."""
    odd: list[Rows] = []
    blocks = list(_blocks(embedding, plan, odd, start, stop))
    centroid, rows, angles, codes, most = (np.concatenate(part) for part in zip(*blocks, strict=True))
    order = np.argsort(centroid)
    ends = np.concatenate([[0], np.cumsum(np.bincount(centroid, minlength=len(plan.centroids)))])
    facts = np.concatenate([ends, most.max(axis=0), np.concatenate(odd)]).astype(np.float64)
    return {"codes": codes[order], "rows": rows[order], "angles": angles[order], "facts": facts}


def _blocks(embedding: Embedding, plan: Plan, odd: list[Rows], start: int, stop: int) -> Iterator[tuple[NDArray[Any], ...]]:
    """(centroids, rows, angles, codes, largest errors) block by block; rows without a code are added to `odd`."""
    for low in range(start, stop, BLOCK):
        x = np.asarray(embedding.directions[low : min(low + BLOCK, stop)], np.float32)
        rows, norm = np.arange(low, low + len(x)), np.linalg.norm(x.astype(np.float64), axis=1)
        unit = np.abs(norm - 1) <= ODD  # false where it is no number
        odd.append(rows[~unit])
        x, rows, norm = x[unit], rows[unit], norm[unit]
        centroid = engine.closest(x, plan.centroids)
        nearest = plan.centroids[centroid]
        codes = plan.codes.encode(x - nearest)
        x, nearest = x.astype(np.float64), nearest.astype(np.float64)
        error = np.linalg.norm(x - nearest - plan.codes.decode(codes), axis=1)
        close = error <= plan.error
        odd.append(rows[~close])
        angle = np.arccos(np.clip(np.vecdot(x, nearest) / (norm * np.linalg.norm(nearest, axis=1)), -1, 1)).astype(np.float32)
        most = np.array([[error[close].max(initial=0.0), np.abs(norm[close] - 1).max(initial=0.0)]])
        yield centroid[close], rows[close], angle[close], codes[close], most


def _joined(embedding: Embedding, plan: Plan, shards: list[_Shard], path: Path) -> Lists:
    """Write the codes of all lists to `path`, and say what is true of each."""
    odd = np.sort(np.concatenate([shard.odd for shard in shards]))
    if len(odd) > max(ODD_SHARE * len(embedding), BLOCK) or len(odd) == len(embedding):
        raise DataError(f"{len(odd):,} of {len(embedding):,} directions are no unit vectors, or unlike all others: lists would not help.")
    radii, cut = np.asarray(embedding.radii, np.float32), Cut()
    with path.open("wb") as file:
        for centroid in range(len(plan.centroids)):
            slices = [(shard, shard.of(centroid)) for shard in shards]
            rows = np.concatenate([shard.rows[part] for shard, part in slices])
            codes = np.concatenate([shard.codes[part] for shard, part in slices])
            angles = np.concatenate([shard.angles[part] for shard, part in slices])
            order = np.lexsort((rows, radii[rows]))
            for part in cut.by_radius(centroid, radii[rows[order]], angles[order]):
                engine.write_list(file, codes[order[part]], rows[order[part]])
    most = np.max([shard.most for shard in shards], axis=0)
    return cut.lists(plan, odd=odd, error=float(most[0]), drift=float(most[1]), items=len(embedding))

"""`python -m hypviz bench approximate`: certified search by lists beside exact search and beside FAISS's shortlist alone."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import numpy as np
import typer
from numpy.typing import NDArray

from hypviz.cli.bench_search import BLOCK, embedding, orders, own_memory, retrieval, table
from hypviz.cli.output import AsJson, show

if TYPE_CHECKING:
    from hypviz.search.answers import Query
    from hypviz.search.best import Shortlist
    from hypviz.search.embedding import Embedding
    from hypviz.search.index import Index
    from hypviz.search.lists.store import Lists
    from hypviz.search.retrieval import Ranking

PER_CLUSTER = 300
PROBED, SHORTLIST = 64, 4000
"""Centroids whose lists FAISS alone reads, and how many of the largest cosines are ranked then."""
MEDIAN, SIGMA = 0.11, 1.0
"""Of the logarithms of the radii: those of the demo's items."""
Vectors = tuple[NDArray[np.float32], NDArray[np.float32]]


def approximate(
    items: Annotated[int, typer.Option(min=100, help="Vectors to search in.")] = 1_000_000,
    dims: Annotated[int, typer.Option(min=2, help="Dimensions.")] = 128,
    limit: Annotated[int, typer.Option(min=1, help="Length of a list.")] = 100,
    queries: Annotated[int, typer.Option(min=1, help="Queries of every order.")] = 20,
    spread: Annotated[
        float, typer.Option(min=0.0, help="Tangent of the clusters' angular radius; 0: no clusters, random directions.")
    ] = 0.5,
    share: Annotated[float, typer.Option(min=0.0, max=1.0, help="Second budget: a share of the items.")] = 0.01,
    folder: Annotated[Optional[Path], typer.Option(help="Where vectors and lists are kept, and used again.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure recall, the share of certified lists, time and memory of search by lists, from a mapped file of made-up vectors.

    Processes of their own make the lists, and search in them, so that the memory of each is known.
    """
    from hypviz.search.lists.engine import faiss
    from hypviz.search.scan import workers

    faiss()
    with tempfile.TemporaryDirectory(prefix="hypviz-lists-") as temporary:
        where = folder or Path(temporary)
        where.mkdir(parents=True, exist_ok=True)
        vectors = clustered(where / f"{items}x{dims}-{spread:g}", items, dims, spread)
        result: dict[str, Any] = {"items": items, "dims": dims, "limit": limit, "queries": queries, "spread": spread}
        result |= {"threads": workers(), "load": _load()}
        arguments = [str(where / f"{items}x{dims}-{spread:g}"), items, dims, spread]
        result |= _apart("synthesis", arguments) | _apart("searched", [*arguments, limit])
        result |= compared(vectors, where / f"{items}x{dims}-{spread:g}.lists", limit=limit, count=queries, share=share)
        result["load after"] = _load()
    show(result, _text(result), as_json=as_json)


def clustered(path: Path, count: int, dims: int, spread: float) -> Vectors:
    """Directions around random centres, (N, D), in a mapped file that is written block by block, and log-normal radii, (N,)."""
    rng = np.random.default_rng(0)
    radii = rng.lognormal(np.log(MEDIAN), SIGMA, count).astype(np.float32)
    file = path.with_suffix(path.suffix + ".npy")
    if not file.is_file():
        centres = rng.standard_normal((max(1, count // PER_CLUSTER), dims), np.float32)
        centres /= np.linalg.norm(centres, axis=1, keepdims=True)
        part = file.with_suffix(".part")
        directions = np.lib.format.open_memmap(part, "w+", np.float32, (count, dims))
        for start in range(0, count, BLOCK):
            block = rng.standard_normal((min(BLOCK, count - start), dims), np.float32)
            if spread:
                block = centres[rng.integers(0, len(centres), len(block))] + np.float32(spread / dims**0.5) * block
            directions[start : start + BLOCK] = block / np.linalg.norm(block, axis=1, keepdims=True)
        directions.flush()
        part.rename(file)
    return np.load(file, mmap_mode="r"), radii


def compared(vectors: Vectors, folder: Path, *, limit: int, count: int, share: float) -> dict[str, Any]:
    """For every order: medians in ms, recall, the share that is certified and that of the codes that are read."""
    from hypviz.search.approximate import ApproximateIndex
    from hypviz.search.index import Index

    class Counting(ApproximateIndex):
        """Notes how many codes are read for every answer."""

        def __init__(self, *arguments: Any, **more: Any) -> None:
            super().__init__(*arguments, **more)
            self.read: list[int] = []

        def _scanned(self, *arguments: Any, **more: Any) -> list[Shortlist]:
            answers = super()._scanned(*arguments, **more)
            self.read += [answer.read for answer in answers]
            return answers

    space, lists = embedding(vectors), _lists(vectors, folder)
    exact, whole = Index(space, retrieval()), Counting(space, lists, retrieval())
    part = ApproximateIndex(space, lists, retrieval(), budget=max(1, int(share * len(space))))
    some = [exact.query(int(row)) for row in np.random.default_rng(1).integers(0, len(space), count)]
    return {name: _order(work, exact, (whole, part), some, alone) for name, work, alone in _works(lists, space, limit)}


Work = Callable[["Index", "Query"], Any]


def _works(lists: Lists, space: Embedding, limit: int) -> list[tuple[str, Work, Callable[[Query], NDArray[np.int64]] | None]]:
    """(name, work of an index, the same by FAISS's shortlist alone where there is such a thing)."""

    def best(ranking: Ranking, task: str) -> Work:
        return lambda index, query: index.best([query], ranking, task=task, limit=limit)[0]

    works: list[Any] = [
        (name, best(ranking, task), lambda query, r=ranking, t=task: _shortlisted(lists, space, query, r, t, limit))
        for name, ranking, task in orders()
    ]
    works.append(("children in the cone, as listed", lambda index, query: index.children(query, limit=limit), None))
    works.append(("parents by their cones, as listed", lambda index, query: index.parents(query, limit=limit), None))
    return works


def _order(
    work: Work,
    exact: Index,
    by_lists: tuple[Any, Any],
    queries: list[Query],
    alone: Callable[[Query], NDArray[np.int64]] | None,
) -> dict[str, Any]:
    for index in (exact, *by_lists):
        work(index, queries[0])  # what is prepared once
    by_lists[0].read.clear()
    spent: dict[str, list[tuple[float, float]]] = {"exact": [], "lists": [], "within the budget": [], "FAISS alone": []}
    recall: dict[str, list[float]] = {"lists": [], "within the budget": [], "FAISS alone": []}
    certified: dict[str, list[bool]] = {"lists": [], "within the budget": []}
    for query in queries:
        expected, took = _timed(work, exact, query)
        spent["exact"].append(took)
        for name, index in zip(certified, by_lists, strict=True):
            ranked, took = _timed(work, index, query)
            spent[name].append(took)
            certified[name].append(ranked.proof != "approximate" and ranked.counted)
            recall[name].append(_recall(ranked.rows, expected.rows))
        if alone is not None:
            rows, took = _timed(alone, query)
            spent["FAISS alone"].append(took)
            recall["FAISS alone"].append(_recall(rows, expected.rows))
    medians = {name: np.median(values, axis=0).tolist() for name, values in spent.items() if values}
    figures = {f"{name} (ms)": each[0] for name, each in medians.items()} | {
        f"{name} (processor ms)": each[1] for name, each in medians.items()
    }
    figures["lists: codes read"] = sum(by_lists[0].read) / len(by_lists[0].read) / len(exact)
    figures |= {f"{name}: recall": float(np.mean(values)) for name, values in recall.items() if values}
    return figures | {f"{name}: certified": float(np.mean(values)) for name, values in certified.items()}


def _timed(work: Callable[..., Any], *arguments: Any) -> tuple[Any, tuple[float, float]]:
    """The answer, and ms by the clock and of processor time, of all threads."""
    start, busy = time.perf_counter(), time.process_time()
    answer = work(*arguments)
    return answer, (1e3 * (time.perf_counter() - start), 1e3 * (time.process_time() - busy))


def _recall(rows: NDArray[np.int64], expected: NDArray[np.int64]) -> float:
    return float(np.isin(expected, rows).mean()) if len(expected) else 1.0


def _shortlisted(lists: Lists, space: Embedding, query: Query, ranking: Ranking, task: str, limit: int) -> NDArray[np.int64]:
    """What an inverted file does without a proof: the largest cosines of the nearest lists, ranked."""
    from hypviz.search.lists.engine import above
    from hypviz.search.rules import Order, pairs_of

    cosine = lists.centroids @ query.direction
    nearest = np.argpartition(-cosine, min(PROBED, len(cosine)) - 1)[:PROBED]
    which = np.flatnonzero(np.isin(lists.centroid, nearest))
    rows, values = above(lists.index, query.direction, which, cosine[lists.centroid[which]], -np.inf)
    rows, values = rows[rows != query.row], values[rows != query.row]
    if len(rows) > SHORTLIST:
        rows = rows[np.argpartition(-values, SHORTLIST)[:SHORTLIST]]
    pairs = pairs_of(query, space, rows)
    value = Order(ranking, task).exactly(pairs, pairs.cosine())
    best: NDArray[np.int64] = rows[np.lexsort((rows, value))[:limit]]
    return best


def _lists(vectors: Vectors, folder: Path) -> Lists:
    from hypviz.search.lists.build import build_lists

    return build_lists(embedding(vectors), folder)


def _apart(name: str, arguments: list[Any]) -> dict[str, Any]:
    """What `synthesis` or `searched` prints in a process of its own."""
    code = f"from hypviz.cli.bench_approximate import {name}; {name}(*{arguments!r})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def synthesis(path: str, items: int, dims: int, spread: float) -> None:
    """Make the lists, and print how long that took and the most memory that was held: all, and without mapped files at the end."""
    start = time.perf_counter()
    lists = _lists(clustered(Path(path), items, dims, spread), Path(f"{path}.lists"))
    seconds, size = time.perf_counter() - start, sum(each.stat().st_size for each in Path(f"{path}.lists").iterdir())
    figures = {"making the lists (s)": seconds, "processor time of it (s)": time.process_time(), "lists": len(lists)}
    figures |= {"lists on disk (bytes)": size, "vectors on disk (bytes)": 4 * items * dims, "error of a code": lists.error}
    print(json.dumps(figures | {"peak memory, making (bytes)": own_memory("VmHWM")}))


def searched(path: str, items: int, dims: int, spread: float, limit: int) -> None:
    """Search the lists alone by every order, and print the most memory that was held, mapped files included."""
    from hypviz.search.approximate import ApproximateIndex

    vectors = clustered(Path(path), items, dims, spread)
    lists = _lists(vectors, Path(f"{path}.lists"))
    index = ApproximateIndex(embedding(vectors), lists, retrieval())
    for row in np.random.default_rng(3).integers(0, items, 5):
        for _, work, _ in _works(lists, index.embedding, limit):
            work(index, index.query(int(row)))
    print(json.dumps({"peak memory, searching (bytes)": own_memory("VmHWM"), "of it without mapped files (bytes)": own_memory()}))


def _text(result: dict[str, Any]) -> str:
    """The figures, then a line an order: processor ms exactly, by lists, within the budget and by FAISS alone; recall; shares that are
    certified, and of the codes that are read."""
    rows = {name: value for name, value in result.items() if isinstance(value, dict)}
    heading = f"{'':<48}{'exact':>9}{'lists':>9}{'budget':>9}{'FAISS':>9}{'recall of the three':>24}{'certified':>14}{'read':>7}"
    lines = [table({name: value for name, value in result.items() if name not in rows}), "", heading]
    for name, row in rows.items():
        names = ("exact", "lists", "within the budget", "FAISS alone")
        times = "".join(f"{row.get(f'{one} (processor ms)', float('nan')):>9.4g}" for one in names)
        recalls = "".join(f"{row.get(f'{one}: recall', float('nan')):>8.3f}" for one in names[1:])
        certified = "".join(f"{row[f'{one}: certified']:>7.2f}" for one in names[1:3])
        lines.append(f"{name:<48}{times}{recalls}{certified}{row['lists: codes read']:>7.3f}")
    return "\n".join(lines)


def _load() -> float | None:
    """Programs that wanted a core in the last minute."""
    import os

    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None

"""`python -m hypviz bench search`: exact lists beside FAISS's flat index, over the same vectors with the same threads."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from hypviz.cli.output import AsJson, show

if TYPE_CHECKING:
    from hypviz.search.answers import Query
    from hypviz.search.index import Index
    from hypviz.search.retrieval import Ranking

CURV, OMEGA = 0.7, 1.2
BLOCK = 1 << 16
ABSENT = "FAISS is not installed (python -m pip install -r requirements-dev.txt), so nothing is measured beside it."
Vectors = tuple[NDArray[np.float32], NDArray[np.float32]]


def search(
    items: Annotated[int, typer.Option(min=1, help="Vectors to search in.")] = 1_000_000,
    dims: Annotated[int, typer.Option(min=2, help="Dimensions.")] = 128,
    limit: Annotated[int, typer.Option(min=1, help="Length of a list.")] = 100,
    rounds: Annotated[int, typer.Option(min=1, help="Repetitions, one of each kind in turn; medians are given.")] = 9,
    mapped: Annotated[bool, typer.Option("--mapped", help="The vectors lie in a file and are mapped, and FAISS is left out.")] = False,
    as_json: AsJson = False,
) -> None:
    """Measure exact search by every order of a list, for one query and for 16 at once, beside FAISS's flat inner product.

    Every round asks other queries. Lists are compared with a float64 ranking of all items; the peak memory is that of a
    process of its own which holds the vectors and searches.
    """
    from hypviz.search.scan import workers

    result: dict[str, Any] = {"items": items, "dims": dims, "limit": limit, "rounds": rounds, "threads": workers(), "mapped": mapped}
    with tempfile.TemporaryDirectory(prefix="hypviz-search-") as folder:
        path = Path(folder) / "directions.npy" if mapped else None
        vectors = made_up(items, dims, path)
        result |= measured(vectors, limit=limit, rounds=rounds, beside=not mapped)
        result |= _memory(items, dims, limit, path)
    show(result, table(result), as_json=as_json)


def made_up(count: int, dims: int, path: Path | None = None) -> Vectors:
    """Random unit directions, (N, D), and radii between 0.2 and 2, (N,); in a file, mapped, where a path is given."""
    rng = np.random.default_rng(0)
    shape = (count, dims)
    if path is not None and path.is_file():
        return np.load(path, mmap_mode="r"), rng.uniform(0.2, 2.0, count).astype(np.float32)
    radii = rng.uniform(0.2, 2.0, count).astype(np.float32)
    directions = np.empty(shape, np.float32) if path is None else np.lib.format.open_memmap(path, "w+", np.float32, shape)
    for start in range(0, count, BLOCK):
        block = rng.standard_normal((min(BLOCK, count - start), dims), np.float32)
        directions[start : start + BLOCK] = block / np.linalg.norm(block, axis=1, keepdims=True)
    return directions, radii


def measured(vectors: Vectors, *, limit: int, rounds: int, beside: bool) -> dict[str, Any]:
    """Milliseconds of every order for one and for 16 queries, their ratios to FAISS's, and how the lists agree with float64."""
    from hypviz.search.index import Index

    index = Index(embedding(vectors), retrieval())
    start = time.perf_counter()
    index.best([index.query(0)], limit=1)
    result: dict[str, Any] = {"first search, with what is prepared once (ms)": 1e3 * (time.perf_counter() - start)}
    flat = _faiss(vectors[0]) if beside else None
    if beside and flat is None:
        result["faiss"] = ABSENT
    picked = np.random.default_rng(1)
    for count in (1, 16):
        works = _works(index, limit) | ({"faiss": lambda queries: flat(queries, limit)} if flat else {})
        seconds: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(rounds):
            for name, work in works.items():
                queries = [index.query(int(row)) for row in picked.integers(0, len(index), count)]
                start = time.perf_counter()
                work(queries)
                seconds[name].append(time.perf_counter() - start)
        medians = {name: float(np.median(all_of)) for name, all_of in seconds.items()}
        result[f"{count} at once (ms)"] = {name: 1e3 * value for name, value in medians.items()}
        if flat:
            result[f"{count} at once, times FAISS"] = {name: value / medians["faiss"] for name, value in medians.items() if name != "faiss"}
    return result | {"beside float64": agreement(index, limit)}


def embedding(vectors: Vectors) -> Any:
    """The vectors as an embedding."""
    from hypviz.search.embedding import Embedding

    return Embedding(*vectors, CURV)


def retrieval() -> Any:
    """Cones of one width, parents by their own."""
    from hypviz.search.retrieval import Cones, Retrieval

    return Retrieval(cones=Cones((OMEGA,), outward=True), parents_at="candidate")


def orders() -> Iterator[tuple[str, Ranking, str]]:
    """What lists are ordered by: (in words, ranking, task)."""
    from hypviz.search.retrieval import Ranking

    for task in ("children", "parents"):
        for ranking in (Ranking(), Ranking(apex="candidate"), Ranking(apex="sum"), Ranking("angle + cosine", "sum", 3.0)):
            yield f"{task}, {ranking.describe()}", ranking, task
    yield "nearest", Ranking(by="distance"), "children"


def _works(index: Index, limit: int) -> dict[str, Callable[[list[Query]], Any]]:
    def by(ranking: Ranking, task: str) -> Callable[[list[Query]], Any]:
        return lambda queries: index.best(queries, ranking, task=task, limit=limit)

    works = {name: by(ranking, task) for name, ranking, task in orders()}
    works["children in the cone, as listed"] = lambda queries: index.children_of(queries, limit=limit)
    works["parents by their cones, as listed"] = lambda queries: index.parents_of(queries, limit=limit)
    return works


def _faiss(directions: NDArray[np.float32]) -> Callable[[list[Query], int], Any] | None:
    """A search in FAISS's flat index of inner products; None where FAISS is not installed."""
    try:
        import faiss
    except ImportError:
        return None
    from hypviz.search.scan import workers

    faiss.omp_set_num_threads(workers())
    index = faiss.IndexFlatIP(directions.shape[1])
    index.add(directions)
    return lambda queries, limit: index.search(np.stack([query.direction for query in queries]), min(limit, len(directions)))


def agreement(index: Index, limit: int, queries: int = 4) -> dict[str, Any]:
    """The largest difference, rank by rank, between a list's values in float64 and the smallest of all items', over a few queries."""
    space, worst, alike, compared = index.embedding, 0.0, 0, 0
    chosen = [index.query(int(row)) for row in np.random.default_rng(2).integers(0, len(index), queries)]
    every = list(orders())
    lists = {name: index.best(chosen, ranking, task=task, limit=limit) for name, ranking, task in every}
    for number, query in enumerate(chosen):
        cosine = _cosines64(space.directions, query.direction)
        for name, ranking, task in every:
            value = _value64(cosine, float(np.float32(query.radius)), space.radii.astype(np.float64), ranking, task)
            value[query.row] = np.inf
            first = np.lexsort((np.arange(len(value)), value))[: min(limit, len(value) - 1)]
            rows = lists[name][number].rows
            worst = max(worst, float(np.abs(value[rows] - value[first]).max(initial=0.0)))
            alike, compared = alike + int((rows == first).sum()), compared + len(first)
    return {"lists": len(every) * queries, "largest difference at a rank": worst, "same row at a rank": alike / max(compared, 1)}


def _cosines64(directions: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.float64]:
    out, unit = np.empty(len(directions)), query.astype(np.float64)
    unit /= np.linalg.norm(unit)
    for start in range(0, len(out), BLOCK):
        block = directions[start : start + BLOCK].astype(np.float64)
        out[start : start + BLOCK] = block @ unit / np.linalg.norm(block, axis=1)
    return out


def _value64(
    cosine: NDArray[np.float64], query_radius: float, radius: NDArray[np.float64], ranking: Ranking, task: str
) -> NDArray[np.float64]:
    """What a list is ordered by, from the law of cosines and the sides of the triangle alone: none of `search`'s formulas."""
    q, r = CURV**0.5 * query_radius, CURV**0.5 * radius
    cosh = np.cosh(q) * np.cosh(r) - np.sinh(q) * np.sinh(r) * cosine
    sinh = np.sqrt(np.maximum(cosh * cosh - 1, 1e-300))
    if ranking.by == "distance":
        distance: NDArray[np.float64] = np.arccosh(np.maximum(cosh, 1.0)) / CURV**0.5
        return distance
    at_query = np.arccos(np.clip((np.cosh(q) * cosh - np.cosh(r)) / (np.sinh(q) * sinh), -1, 1))
    at_item = np.arccos(np.clip((np.cosh(r) * cosh - np.cosh(q)) / (np.sinh(r) * sinh), -1, 1))
    one, other = (np.pi - at_query, at_item) if task == "children" else (at_query, np.pi - at_item)
    angle = {"query": one, "candidate": other, "sum": one + other}[ranking.apex]
    value: NDArray[np.float64] = angle - ranking.weight * cosine
    return value


def _memory(items: int, dims: int, limit: int, path: Path | None) -> dict[str, Any]:
    """What a process of its own holds while it searches, in bytes, beside the bytes of the vectors."""
    arguments = [items, dims, limit, str(path) if path else None]
    code = f"from hypviz.cli.bench_search import held; held(*{arguments!r})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    memory: dict[str, Any] = json.loads(done.stdout)
    return memory | {"peak memory, times the vectors": memory["peak memory (bytes)"] / (4 * items * dims)}


def held(items: int, dims: int, limit: int, path: str | None) -> None:
    """Search by every order and print the most memory that this process has held, mapped files apart."""
    from hypviz.search.index import Index

    index = Index(embedding(made_up(items, dims, Path(path) if path else None)), retrieval())
    most = own_memory()
    for count in (1, 16):
        queries = [index.query(int(row)) for row in np.random.default_rng(3).integers(0, items, count)]
        for work in _works(index, limit).values():
            work(queries)
            most = max(most, own_memory())
    print(json.dumps({"peak memory (bytes)": most if path else own_memory("VmHWM")}))


def own_memory(name: str = "RssAnon") -> int:
    """Bytes that the system states for this process: without mapped files now (RssAnon), or the most of all so far (VmHWM)."""
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="ascii").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    import resource

    # Elsewhere the peak stands for both; on Linux it would be that of the process that started this one, too.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def table(result: dict[str, Any]) -> str:
    """Figures and groups of figures as lines."""
    lines = []
    for name, value in result.items():
        if isinstance(value, dict):
            lines += [name] + [f"  {one:<52}{number:>12.4g}" for one, number in value.items()]
        else:
            lines.append(f"{name:<54}{value:>12.4g}" if isinstance(value, float) else f"{name:<54}{value!s:>12}")
    return "\n".join(lines)

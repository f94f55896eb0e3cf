"""What `python -m hypviz bench growth` measures, each part by a process of its own, so that its peak memory is its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hypviz.cli.bench_search import agreement, embedding, own_memory, retrieval

if TYPE_CHECKING:
    from hypviz.explore.library import Library
    from hypviz.explore.view import View
    from hypviz.search.embedding import Embedding
    from hypviz.search.index import Index

LIMIT = 100
"""Length of a list."""
LOOKS_S = 0.02
"""Between two looks at the memory that is not mapped."""
LISTS = ("children by the angle", "nearest")
Figures = dict[str, Any]


def apart(part: str, *arguments: object, memory: float | None = None) -> Figures:
    """What a function of this module gives in a process of its own, with that process's peak memory; RuntimeError with its last words
    where it ends otherwise, such as for want of memory. memory: GiB that it may have besides mapped files, None for no limit."""
    code = f"from hypviz.cli import growth_parts; growth_parts.tell(growth_parts.{part}, *{arguments!r}, memory={memory!r})"
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=said, text=True)
        if done.returncode:
            said.seek(0)
            lines = said.read().strip().splitlines()[-1:]
            raise RuntimeError(f"{part} ended with {done.returncode}: {' '.join(lines) or 'no word'}")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def tell(part: Callable[..., Figures], *arguments: object, memory: float | None) -> None:
    """Print the figures of a part, and the most memory that this process held."""
    if memory is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (int(memory * 2**30), resource.RLIM_INFINITY))
    most = [own_memory()]
    end = threading.Event()

    def look() -> None:
        while not end.wait(LOOKS_S):
            most.append(max(most.pop(), own_memory()))

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    held: Figures = {}

    def settle() -> None:
        """What is done after it is not counted."""
        if not held:
            held.update({"peak memory (bytes)": own_memory("VmHWM"), "of it not mapped (bytes)": max(most[-1], own_memory())})

    figures = part(*arguments, settle)
    settle()
    end.set()
    watching.join()
    print(json.dumps(figures | held))


def synthesis(folder: str, items: int, checkpoint: str, settle: Callable[[], None]) -> Figures:
    """A made-up workspace with an embedding, in files."""
    from hypviz.workspace.synthetic import make_workspace

    figures = timed(lambda: make_workspace(Path(folder), items, checkpoint=checkpoint))[1]
    return figures | {"on disk (bytes)": sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())}


def searched(folder: str, checkpoint: str, queries: int, settle: Callable[[], None]) -> Figures:
    """Exact lists of the vectors in their mapped file, and how they agree with a ranking of all items in float64."""
    from hypviz.search.index import Index

    figures = _lists(Index(space := _vectors(folder, checkpoint), retrieval()), queries)
    settle()
    return figures | {"beside float64": agreement(Index(space, retrieval()), LIMIT, queries=1)}


def indexed(folder: str, checkpoint: str, settle: Callable[[], None]) -> Figures:
    """The lists of certified search, made beside the vectors."""
    from hypviz.search.lists.build import build_lists

    space, place = _vectors(folder, checkpoint), _place(folder, checkpoint)
    figures = timed(lambda: build_lists(space, place))[1]
    return figures | {"on disk (bytes)": sum(path.stat().st_size for path in place.iterdir())}


def certified(folder: str, checkpoint: str, queries: int, settle: Callable[[], None]) -> Figures:
    """The lists that `searched` finds, by way of those that `indexed` made."""
    from hypviz.search.approximate import ApproximateIndex
    from hypviz.search.lists.store import open_lists

    space = _vectors(folder, checkpoint)
    lists = open_lists(_place(folder, checkpoint), space)
    if lists is None:
        raise RuntimeError("the lists are of another embedding")
    return _lists(ApproximateIndex(space, lists, retrieval()), queries)


def opened(folder: str, checkpoint: str, clicks: int, in_browser: bool, settle: Callable[[], None]) -> Figures:
    """From the workspace's files to what a page shows first: the points of the default layout and the answer for the place that is
    selected first; then the layout around a selection, and the whole of it in a browser."""
    from hypviz.explore.library import Library

    library = Library()
    name, begun = library.add_data(folder), (time.perf_counter(), time.process_time())
    view, opening = timed(lambda: library.open(name, checkpoint))
    figures: Figures = {"view": opening, "layout": timed(lambda: view.angles)[1]}
    payload, figures["points"] = timed(view.points)
    described, figures["description"] = timed(view.describe)
    figures["first answer"] = timed(lambda: view.select({"row": described["start"]}))[1]
    figures["in all"] = _since(begun)
    rows = _scenes(view, clicks)
    figures["answer to a click"] = _median([timed(lambda row=row: view.select({"row": row}))[1] for row in rows])  # type: ignore[misc]
    shown = _shown(view)
    around = [timed(lambda row=row: view.queries.focus({"row": row}, rows=shown))[1] for row in [rows[0], *rows]]  # type: ignore[misc]
    figures["layout around a selection"] = _median(around[1:])  # the first prepares what is kept
    figures["payload (bytes)"] = len(payload)
    settle()
    return figures | (_in_browser(library, view) if in_browser else {})


def embedded(folder: str, pictures: int, boxes: int, backbone: str, settle: Callable[[], None]) -> Figures:
    """Pictures of a folder with boxes of them through a network of random weights."""
    import torch

    from hypviz.cli.bench_embed import made_up
    from hypviz.config import EncoderSettings
    from hypviz.inference.embed import embed_items
    from hypviz.model.device import pick_device
    from hypviz.model.encoder import build_encoder

    torch.manual_seed(0)
    encoder = build_encoder(EncoderSettings(backbone)).to(pick_device("cpu")).eval()
    items = made_up(Path(folder), pictures=pictures, boxes=boxes)
    embed_items(made_up(Path(folder), pictures=1, boxes=boxes), encoder)  # the kernels
    figures = timed(lambda: embed_items(items, encoder))[1]
    return figures | {"crops": len(items), "dims": encoder.settings.embed_dim, "threads": torch.get_num_threads()}


def timed(work: Callable[[], Any]) -> tuple[Any, Figures]:
    """The answer, and seconds by the clock and of the processor, of all threads."""
    begun = time.perf_counter(), time.process_time()
    return work(), _since(begun)


def _since(begun: tuple[float, float]) -> Figures:
    return {"s": time.perf_counter() - begun[0], "processor s": time.process_time() - begun[1]}


def _median(figures: list[Figures]) -> Figures:
    return {name: float(np.median([one[name] for one in figures])) for name in figures[0]}


def _vectors(folder: str, checkpoint: str) -> Embedding:
    """The vectors of the workspace, mapped, in the space that `bench search` knows the float64 answers of."""
    place = _place(folder, checkpoint).parent
    space: Embedding = embedding((np.load(place / "directions.npy", mmap_mode="r"), np.load(place / "radii.npy")))
    return space


def _place(folder: str, checkpoint: str) -> Path:
    """Where the lists of the workspace's embedding lie, or would lie, without reading its tables."""
    from hypviz.model.card import checkpoint_hash, find_checkpoint

    (place,) = Path(folder).glob(f"embeddings/{checkpoint_hash(find_checkpoint(checkpoint))}-*")
    return place / "lists"


def _lists(index: Index, queries: int) -> Figures:
    """Medians for one query of each list, the rows found, and what is prepared once."""
    some = [index.query(int(row)) for row in np.random.default_rng(1).integers(0, len(index), queries)]
    works = (lambda query: index.best([query], limit=LIMIT)[0], lambda query: index.nearest(query, limit=LIMIT))
    figures: Figures = {"first, with what is prepared once": timed(lambda: works[0](some[0]))[1], "rows": {}}
    works[1](some[0])
    for name, work in zip(LISTS, works, strict=True):
        answers = [timed(lambda query=query, work=work: work(query)) for query in some]  # type: ignore[misc]
        figures[name] = _median([spent for _, spent in answers])
        figures["rows"][name] = [np.sort(answer.rows).tolist() for answer, _ in answers]
        figures["shortest list"] = min(figures.get("shortest list", LIMIT), *(len(answer.rows) for answer, _ in answers))
        figures[name]["proven"] = all(answer.proof != "approximate" for answer, _ in answers)
    return figures


def _scenes(view: View, count: int) -> list[int]:
    """Whole pictures, evenly over the data."""
    scenes = np.flatnonzero(view.items.is_scene)
    return [int(row) for row in scenes[np.linspace(0, len(scenes) - 1, count + 2).astype(int)[1:-1]]]


def _shown(view: View) -> str | None:
    """The points that a page has, as it names them; None for all."""
    from hypviz.explore.bitsets import pack_rows

    sent = view.disks.sent()
    return None if sent is None else pack_rows(sent, len(view.items))


def _in_browser(library: Library, view: View) -> Figures:
    from hypviz.cli.bench_disk import OPEN, page_of
    from hypviz.server.plain_page import serve_bare

    with serve_bare(library) as address, page_of(address) as page:
        first, ready = page.evaluate(OPEN, view.describe())
    return {"first draw in the browser": {"s": first / 1e3}, "page ready in the browser": {"s": ready / 1e3}}

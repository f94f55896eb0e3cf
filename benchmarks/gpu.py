"""What one accelerator does: embedding, the loss beside a step, training, search. Prints a Markdown table, and writes it with --out.

    python benchmarks/gpu.py --out gpu.md          on a machine with a GPU: some eight minutes
    python benchmarks/gpu.py --small               the same on a CPU with small networks and little data, to see that it runs: a minute

Needs nothing but hypviz; backbones have random weights, pictures are drawn. Medians of interleaved repetitions.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import torch  # noqa: E402

from hypviz.cli import bench_embed, bench_search, bench_training  # noqa: E402
from hypviz.model.device import hardware, pick_device  # noqa: E402

LIMIT = 100
"""Length of a list of search."""


@dataclass(frozen=True)
class Size:
    """How much is measured. backbones: those that are embedded with; the last is the one whose step is timed."""

    backbones: tuple[str, ...] = ("pretrained:efficientnet_lite0", "open_clip:ViT-B-16")
    pictures: int = 256
    rounds: int = 5
    pairs: int = 640
    step_crops: tuple[int, ...] = (64, 256)
    vectors: int = 1_000_000


SMALL = Size(("demo-small",), pictures=2, rounds=1, pairs=16, step_crops=(8,), vectors=2000)
Row = tuple[str, str, str]
"""What was measured, its value with the unit, and what it is held against."""


def embedding(size: Size, device: torch.device) -> Iterator[Row]:
    """Pictures with eight boxes each, from their files."""
    with tempfile.TemporaryDirectory(prefix="hypviz-gpu-") as scratch:
        items = bench_embed.made_up(bench_embed.drawn(Path(scratch), size.pictures), pictures=size.pictures, boxes=8)
        for backbone in size.backbones:
            found = bench_embed.measured(items, backbone, rounds=size.rounds, device=str(device), scratch=Path(scratch))
            rate = {name: of["by the clock"] for name, of in found.items() if isinstance(of, dict)}
            beside = (
                f"{rate['times the bare network']:.2f} × bare network, {rate['times the plain script']:.1f} × {found['best plain script']}"
            )
            yield f"embedding, {backbone}, {found['number format']}", f"{rate['hypviz']:,.0f} crops/s", beside


def training(size: Size, device: torch.device) -> Iterator[Row]:
    """The loss alone, and steps of the network with AdamW."""
    found = bench_training.compared(size.pairs, 128, 10 * size.rounds, device)
    ours = found["ours (ms)"]["by the clock"]
    pairwise = found["times pairwise, one product"]["by the clock"]
    yield f"loss and gradients, {size.pairs} pairs × 128", f"{ours:.2f} ms", f"{pairwise:.2f} × MERU's formulas by one product"
    for crops in size.step_crops:
        seconds = bench_training.step_seconds(size.backbones[-1], crops, device, rounds=size.rounds)
        joint = 1e3 * seconds * 2 * size.pairs / crops
        yield (
            f"step of {size.backbones[-1]}, {crops} crops",
            f"{1e3 * seconds:,.0f} ms, {crops / seconds:,.0f} crops/s",
            f"the loss is {100 * ours / joint:.2f} % of so many steps as {size.pairs} pairs need (at most {2 * size.pairs} crops)",
        )


def search(size: Size, device: torch.device) -> Iterator[Row]:
    """Exact lists of children, which hypviz makes on the CPU, and a bare product with its best on the device."""
    from hypviz.search.index import Index
    from hypviz.search.retrieval import Ranking

    vectors = bench_search.made_up(size.vectors, 128)
    index = Index(bench_search.embedding(vectors), bench_search.retrieval())
    directions = torch.from_numpy(vectors[0]).to(device)
    index.best([index.query(0)], limit=1)
    for count in (1, 16):
        seconds: dict[str, list[float]] = {"list": [], "product": []}
        for number in range(size.rounds + 1):
            queries = [index.query(number * 16 + row) for row in range(count)]
            asked = torch.from_numpy(np.stack([query.direction for query in queries])).to(device)
            one = bench_embed.timed(lambda queries=queries: index.best(queries, Ranking(), task="children", limit=LIMIT))[0]  # type: ignore[misc]
            other = bench_embed.timed(lambda asked=asked: (directions @ asked.T).topk(min(LIMIT, size.vectors), dim=0))[0]  # type: ignore[misc]
            if number:
                seconds["list"].append(one)
                seconds["product"].append(other)
        lists, product = (1e3 * float(np.median(of)) for of in seconds.values())
        yield f"search, {size.vectors:,} × 128, best {LIMIT} of {count} at once, exact, on the CPU", f"{lists:.1f} ms", ""
        yield f"the same {count} by a bare inner product on {device.type}", f"{product:.2f} ms", f"{lists / product:.1f} times quicker"


def table(size: Size, device: torch.device) -> str:
    """All of it, as Markdown."""
    rows = [*embedding(size, device), *training(size, device), *search(size, device)]
    head = f"{hardware(device)}, torch {torch.__version__}, {platform.machine()}, medians of {size.rounds} rounds in turn"
    return "\n".join([head, "", "| | | beside it |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows), ""])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure embedding, loss, training and search on one device.")
    parser.add_argument("--small", action="store_true", help="small networks and little data, also for a CPU")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, help="a Markdown file to write, too")
    options = parser.parse_args()
    text = table(SMALL if options.small else Size(), pick_device(options.device))
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""`python -m hypviz bench growth`: time and memory against the number of items, for search, layouts, opening a page and embedding."""

from __future__ import annotations

import math
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from hypviz.cli.bench_embed import drawn
from hypviz.cli.growth_parts import LISTS, Figures, apart
from hypviz.cli.output import AsJson, Checkpoint, show

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
LISTS_FROM = 100_000
"""Items from which lists of certified search are made here; page and commands use them above a million."""
PICTURES, BOXES = (64, 256, 1024), 8
BACKBONE = "pretrained:efficientnet_lite0"
PARTS = {
    "synthesis": "making the data up",
    "opened": "opening, the first time",
    "searched": "exact search",
    "indexed": "making lists",
    "certified": "certified search",
    "reopened": "opening again",
}
"""What each part of a size measures, in the order in which they run."""
DRAWN = {
    "opened: in all": "open, first time",
    "reopened: in all": "open again",
    "opened: layout": "default layout",
    "opened: layout around a selection": "layout around a selection",
    "opened: answer to a click": "answer to a click",
    f"searched: {LISTS[0]}": "exact list",
    f"certified: {LISTS[0]}": "certified list",
    "indexed": "making lists",
}
"""What the figure shows of the processor's seconds, and how it is called there."""


def growth(
    items: Annotated[Optional[list[int]], typer.Option(min=100, help="Items; may be given several times.  [default: 10⁴ … 10⁷]")] = None,
    pictures: Annotated[Optional[list[int]], typer.Option(min=1, help="Pictures to embed; may be given several times.")] = None,
    checkpoint: Checkpoint = "demo",
    backbone: Annotated[str, typer.Option(help="Backbone that embeds, with random weights unless the name brings some.")] = BACKBONE,
    queries: Annotated[int, typer.Option(min=1, help="Queries of every list and clicks on the page; medians are given.")] = 5,
    memory: Annotated[
        Optional[float], typer.Option(min=0.1, help="GiB that a process may have besides mapped files; what needs more is said to break.")
    ] = None,
    browser: Annotated[bool, typer.Option(help="Measure the first draw in a headless browser, too.")] = True,
    figure: Annotated[Optional[Path], typer.Option(help="An SVG file for the figures by size, both axes logarithmic.")] = None,
    folder: Annotated[
        Optional[Path], typer.Option(help="Where made-up data lie meanwhile.  [default: the system's temporary folder]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure how time and memory grow with the number of items N, from made-up data in files: exact and certified lists, the default
    layout and the one around a selection, and opening a page for the first time and again.

    Every part is a process of its own, whose peak memory is told. Beside the figures stand exponents: b of N^b, over all sizes and from the
    last but one to the last. Pictures are embedded in small numbers; what more of them take is computed from the largest.
    """
    from hypviz.cli.bench_disk import browser_missing

    missing = browser_missing() if browser else "left out with --no-browser"
    sizes, load = sorted(set(items or SIZES)), _load()
    result: dict[str, Any] = {"machine": platform.machine(), "cores": os.cpu_count(), "load": load, "browser": missing or "measured"}
    with tempfile.TemporaryDirectory(prefix="hypviz-growth-", dir=folder) as scratch:
        result["sizes"] = [
            one_size(Path(scratch) / "made-up", count, checkpoint, queries=queries, memory=memory, in_browser=not missing)
            for count in sizes
        ]
        result["embedding"] = embedding(Path(scratch), sorted(set(pictures or PICTURES)), backbone, memory)
    result["computed"] = [computed(result["embedding"], count) for count in sizes]
    result |= {"load after": _load(), "exponents": exponents(sizes, [flat(size) for size in result["sizes"]])}
    if figure is not None:
        from hypviz.cli.growth_figure import svg

        figure.write_text(svg(*series(result["sizes"])), encoding="utf-8")
    show(result, text(result), as_json=as_json)


def one_size(folder: Path, count: int, checkpoint: str, *, queries: int, memory: float | None, in_browser: bool) -> Figures:
    """The figures of every part, by part; "broke" holds the last words of one that did not end well."""
    arguments: dict[str, tuple[Any, ...]] = {
        "synthesis": (count, checkpoint),
        "opened": (checkpoint, queries, False),
        "searched": (checkpoint, queries),
        "reopened": (checkpoint, queries, in_browser),
    }
    if count >= LISTS_FROM and _has_faiss():
        arguments |= {"indexed": (checkpoint,), "certified": (checkpoint, queries)}
    figures: Figures = {"items": count}
    for part in (name for name in PARTS if name in arguments):
        typer.echo(f"{count:,} items: {PARTS[part]} …", err=True)
        try:
            figures[part] = apart("opened" if part == "reopened" else part, str(folder), *arguments[part], memory=memory)
        except RuntimeError as error:
            figures[part] = {"broke": str(error)}
            if part == "synthesis":
                break
    shutil.rmtree(folder, ignore_errors=True)
    exact, lists = (figures.get(part, {}).pop("rows", None) for part in ("searched", "certified"))
    if exact and lists:
        figures["certified"]["recall"] = recall(exact, lists)
    return figures


def recall(exact: dict[str, list[list[int]]], lists: dict[str, list[list[int]]]) -> float:
    """The share of the rows of exact lists that the others hold, over all lists and queries; 1 where all are empty."""
    pairs = [(set(one), set(other)) for name in exact for one, other in zip(exact[name], lists[name], strict=True)]
    return sum(len(one & other) for one, other in pairs) / max(1, sum(len(one) for one, _ in pairs)) if any(map(any, pairs)) else 1.0


def embedding(folder: Path, pictures: Sequence[int], backbone: str, memory: float | None) -> list[Figures]:
    """Embedding so many drawn pictures with boxes, each number by a process of its own."""
    where = folder / "pictures"
    where.mkdir()
    drawn(where, max(pictures))
    rows = []
    for count in pictures:
        typer.echo(f"embedding {count:,} pictures …", err=True)
        rows.append({"pictures": count} | apart("embedded", str(where), count, BOXES, backbone, memory=memory))
    return rows


def computed(measured: Sequence[Figures], pictures: int) -> Figures:
    """What so many pictures would take by the rate of the largest number that was measured: not measured itself."""
    last = measured[-1]
    crops = pictures * (BOXES + 1)
    hours = {
        f"core-hours, {name}": crops * last[key] / last["crops"] / 3600
        for name, key in (("by the clock", "s"), ("of processor time", "processor s"))
    }
    return {"pictures": pictures, "crops": crops, **hours, "vectors and radii (bytes)": 4 * crops * (last["dims"] + 1)}


def flat(size: Figures) -> dict[str, float]:
    """The numbers of one size by "part: name", those of seconds by the processor; "by the clock" holds the others."""
    return dict(_flat(size))


def _flat(size: Figures) -> Iterator[tuple[str, float]]:
    for part, figures in size.items():
        if not isinstance(figures, dict):
            continue
        for name, value in {"": figures, **figures}.items():
            where = f"{part}: {name}" if name else part
            if isinstance(value, dict) and "s" in value:
                yield f"{where} (s)", value["s"]
                if "processor s" in value:
                    yield f"{where} (processor s)", value["processor s"]
            elif isinstance(value, (int, float)) and name.endswith("(bytes)"):
                yield where, value


def exponents(sizes: Sequence[int], figures: Sequence[dict[str, float]]) -> dict[str, Figures]:
    """Of every figure: b of N^b over all sizes ("all") and from the last but one to the last ("last"), None for fewer than two."""
    names = dict.fromkeys(name for size in figures for name in size)
    measured = {}
    for name in names:
        points = [(count, size[name]) for count, size in zip(sizes, figures, strict=True) if size.get(name, 0) > 0]
        measured[name] = {"all": exponent(points), "last": exponent(points[-2:])}
    return measured


def exponent(points: Sequence[tuple[float, float]]) -> float | None:
    """The slope of log y against log x by least squares; None for fewer than two different x."""
    if len({x for x, _ in points}) < 2:
        return None
    logs = [(math.log(x), math.log(y)) for x, y in points]
    middle, level = (sum(column) / len(logs) for column in zip(*logs, strict=True))
    return float(sum((x - middle) * (y - level) for x, y in logs) / sum((x - middle) ** 2 for x, _ in logs))


def series(sizes: Sequence[Figures]) -> tuple[dict[str, list[tuple[float, float]]], dict[str, list[tuple[float, float]]]]:
    """What the figure shows, as points (N, y) by name: seconds of the processor, and peak memory in bytes."""
    figures = [(size["items"], flat(size)) for size in sizes]

    def points(name: str) -> list[tuple[float, float]]:
        return [(count, each[name]) for count, each in figures if each.get(name, 0) > 0]

    seconds = {title: points(f"{name} (processor s)") for name, title in DRAWN.items()}
    memory = {title: points(f"{part}: peak memory (bytes)") for part, title in PARTS.items()}
    return ({name: each for name, each in kind.items() if each} for kind in (seconds, memory))  # type: ignore[return-value]


def text(result: dict[str, Any]) -> str:
    """The same for people: a line a figure, a column a size, and the exponents."""
    sizes = result["sizes"]
    figures = [flat(size) for size in sizes]
    lines = [f"{'':<58}" + "".join(f"{size['items']:>12,}" for size in sizes) + f"{'exponent':>10}{'at last':>9}"]
    for name, slope in result["exponents"].items():
        lines.append(
            f"{name:<58}" + "".join(_cell(each.get(name)) for each in figures) + _slope(slope["all"], 10) + _slope(slope["last"], 9)
        )
    for size in sizes:
        for part, each in size.items():
            if isinstance(each, dict):
                lines += [
                    f"{size['items']:,} items, {PARTS[part]}: {each[name]}"
                    for name in ("broke", "recall", "beside float64")
                    if name in each
                ]
    lines += ["", "embedding: measured"] + ["  " + _words(one) for one in result["embedding"]]
    lines += ["embedding: computed from the last of these, not measured"] + ["  " + _words(one) for one in result["computed"]]
    return "\n".join([*lines, f"load {result['load']}, then {result['load after']}; browser: {result['browser']}"])


def _cell(value: float | None) -> str:
    if value is None:
        return f"{'–':>12}"
    return f"{value / 1e6:>9,.0f} MB" if value >= 1e5 else f"{value:>12.3g}"


def _slope(value: float | None, width: int) -> str:
    return f"{'–' if value is None else format(value, '.2f'):>{width}}"


def _words(figures: Figures) -> str:
    return ", ".join(f"{name} {value:,.4g}" if isinstance(value, float) else f"{name} {value:,}" for name, value in figures.items())


def _has_faiss() -> bool:
    import importlib.util

    return importlib.util.find_spec("faiss") is not None


def _load() -> float | None:
    """Programs that wanted a core in the last minute."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None

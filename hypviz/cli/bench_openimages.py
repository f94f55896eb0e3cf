"""`python -m hypviz bench openimages`: OpenImages' CSV files, made up in full size and schema, to items, edges and pairs."""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from hypviz.cli.output import AsJson, show
from hypviz.progress import progress_bar


def openimages(
    boxes: Annotated[int, typer.Option(min=100, help="How many boxes; OpenImages' training split has 14,610,229.")] = 14_610_229,
    folder: Annotated[Optional[Path], typer.Option(help="Where to write the files, which then stay; a temporary folder else.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure how long building HierOpenImages takes, step by step, and the most memory that was held."""
    from hypviz.openimages.synthetic import write_world

    place = folder or Path(tempfile.mkdtemp(prefix="hypviz-openimages-"))
    try:
        with progress_bar("Writing files", quiet=as_json) as report:
            path = place / "oidv6-train-annotations-bbox.csv"
            if not path.is_file():
                path = write_world(place, boxes, on_progress=report)
        before, spent = _peak(), _processor_seconds()
        result = {"boxes in files": boxes, "bytes of files": path.stat().st_size, **_steps(place)}
        result |= {"processor time, all cores (s)": _processor_seconds() - spent}
        result |= {"most memory (GiB)": _peak(), "most memory before (GiB)": before}
    finally:
        if folder is None:
            shutil.rmtree(place, ignore_errors=True)
    lines = [f"{name:<32}{value:>16,.2f}" if isinstance(value, float) else f"{name:<32}{value:>16,}" for name, value in result.items()]
    show(result, "\n".join(lines), as_json=as_json)


def _steps(place: Path) -> dict[str, Any]:
    """Seconds of each step, and what came of it."""
    from hypviz.config import PairSettings
    from hypviz.data.formats.openimages import find_files
    from hypviz.data.formats.openimages_csv import read_boxes, read_descriptions
    from hypviz.data.pairs import PairSampler
    from hypviz.data.raw import DropCounter
    from hypviz.openimages.hier_openimages import build
    from hypviz.workspace.store import Workspace

    start = time.perf_counter()
    files, dropped = find_files(place), DropCounter()
    table = read_boxes(files.boxes, dropped)
    read = time.perf_counter()
    data_set = build(table, read_descriptions(files.descriptions), place / "images", dropped=dropped)
    del table
    built = time.perf_counter()
    Workspace.create(place / "plan", data_set.items, data_set.hierarchy, name="made-up OpenImages", overwrite=True, pictures=False)
    written = time.perf_counter()
    sampler = PairSampler(data_set.items, data_set.hierarchy, PairSettings(), seed=0)
    sampler.batch(0, 640)
    end = time.perf_counter()
    return {
        "read the CSV files (s)": read - start,
        "items and edges (s)": built - read,
        "write the workspace (s)": written - built,
        "pairs, first batch (s)": end - written,
        "together (s)": end - start,
        "images": len(data_set.items.images),
        "boxes": len(data_set.items) - len(data_set.items.images),
        "edges": len(data_set.hierarchy.edges),
        "pairs in an epoch": len(sampler),
    }


def _processor_seconds() -> float:
    """Seconds that this process and its finished children have computed: what a busy machine does not change much."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _peak() -> float:
    """The most memory this process ever held, in GiB; the two that make ids hold a few hundred MB beside it."""
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return kilobytes / (1 << 20)

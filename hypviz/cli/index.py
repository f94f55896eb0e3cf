"""`python -m hypviz index`: lists for certified search in an embedding of a million items and more."""

from __future__ import annotations

from typing import Annotated

import typer

from hypviz.cli.output import AsJson, Checkpoint, Device, WorkspaceFolder, say_licence, show, suited


def index(
    workspace: WorkspaceFolder,
    checkpoint: Checkpoint = "",
    overwrite: Annotated[bool, typer.Option(help="Make them anew even where there are some.")] = False,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Make the lists of an embedding, by which page and commands search more than a million items; embeds first when that was not done.

    They lie beside the vectors and take a quarter of their room and 8 bytes an item. A run that was stopped goes on where it was.
    """
    import time

    from hypviz.inference.embed import checkpoint_for, embed_workspace
    from hypviz.model.card import checkpoint_hash
    from hypviz.progress import progress_bar
    from hypviz.search.approximate import WORTHWHILE
    from hypviz.search.lists.build import build_lists
    from hypviz.search.lists.engine import faiss
    from hypviz.workspace.store import Workspace

    faiss()  # nothing is embedded in vain
    opened = Workspace.open(workspace)
    checkpoint = suited(checkpoint, workspace)
    say_licence(checkpoint)
    with progress_bar("Embedding", quiet=as_json) as report:
        embedding = embed_workspace(opened, checkpoint, device=device, on_progress=report)
    folder, start = opened.lists_folder(checkpoint_hash(checkpoint_for(opened, checkpoint))), time.perf_counter()
    with progress_bar("Coding", quiet=as_json) as report:
        lists = build_lists(embedding, folder, overwrite=overwrite, on_progress=report)
    size = sum(path.stat().st_size for path in folder.iterdir())
    seconds, used = time.perf_counter() - start, len(embedding) > WORTHWHILE
    result = {"items": len(embedding), "lists": len(lists), "bytes": size, "seconds": seconds, "folder": str(folder), "used": used}
    text = f"{folder}: {len(lists):,} lists of {len(embedding):,} items, {size / 1e6:,.1f} MB"
    show(result, text if used else f"{text}; used above {WORTHWHILE:,} items, below all are scanned", as_json=as_json)

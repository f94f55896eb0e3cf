"""A workspace as a data set of a hub: the pictures as they are, annotations.json (COCO, with the hierarchy), and README.md."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from hypviz import __version__
from hypviz.data.writers import annotated_set, coco_document
from hypviz.errors import HubError
from hypviz.hub.readme import NOT_STATED, licence_header, readme, table
from hypviz.hub.upload import Files
from hypviz.workspace.class_trees import FILE, text_of
from hypviz.workspace.store import Workspace

ANNOTATIONS, PICTURES = "annotations.json", "images"
_SIZES = (1_000, 10_000, 100_000, 1_000_000)
_WORDS = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "n>1M")
MOST_CLASSES = 30
"""Classes that README.md lists."""


def data_repository(workspace: Workspace, address: str) -> Files:
    """The files of the repository by name; an import of them gives the same items and the same hierarchy.

    address: what README.md tells people to open it by. HubError for a workspace of vectors, and where a picture is not in its place.
    """
    if workspace.vectors is not None or not workspace.meta.get("pictures", True):
        raise HubError(f"{workspace.folder} holds vectors and no data set of pictures; export them by `hypviz export vectors`.")
    items = workspace.items
    files: dict[str, bytes | Path] = {"README.md": data_readme(workspace, address), ANNOTATIONS: _annotations(workspace)}
    if tree := text_of(workspace.folder):
        files[FILE] = tree.encode()
    for name in items.images.file_name.tolist():
        picture = items.root / name
        if not picture.is_file():
            raise HubError(f"{workspace.folder}: its picture {picture} is not there; move it back, or import the data again.")
        if any(part.startswith(".") for part in PurePosixPath(name).parts):
            raise HubError(f"{workspace.folder}: its picture {name} is hidden, and hidden files of a repository are not read; rename it.")
        files[f"{PICTURES}/{name}"] = picture
    return files


def _annotations(workspace: Workspace) -> bytes:
    items = workspace.items
    written = annotated_set(items, workspace.hierarchy, np.arange(len(items)), name=workspace.name)
    document = coco_document(written, description=workspace.name)
    return json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False).encode()


def data_readme(workspace: Workspace, address: str) -> bytes:
    """README.md: a header that hubs read, what there is of what under which licences, and how to open it."""
    items = workspace.items
    pictures, boxes = len(items.images), len(items) - len(items.images)
    licences = {str(name) or NOT_STATED: int(count) for name, count in workspace.meta.get("licences", {}).items()}
    header: dict[str, Any] = {
        **licence_header(_one_licence(licences)),
        "pretty_name": workspace.name,
        "size_categories": [_WORDS[sum(pictures >= size for size in _SIZES)]],
        "task_categories": ["object-detection", "image-feature-extraction"],
        "tags": ["hypviz", "visual-hierarchy", "coco"],
    }
    levels = int(workspace.hierarchy.depth.max(initial=0)) + 1
    counts = np.bincount(items.label[~items.is_scene], minlength=len(items.classes))
    order = np.argsort(-counts, kind="stable")[:MOST_CLASSES]
    rest = len(items.classes) - len(order)
    parts = [
        f"# {workspace.name}",
        f"{pictures:,} pictures with {boxes:,} boxes of {len(items.classes):,} classes, on {levels} "
        f"levels: a picture holds its boxes, and a box the smaller ones inside it. `{ANNOTATIONS}` is COCO; which boxes each lies in "
        'directly stands in it under `"hypviz"`, as `parents`.',
        "## Licences\n\n" + table(("licence", "pictures"), [(name, f"{count:,}") for name, count in licences.items()]),
        _classes([(items.classes[row], f"{counts[row]:,}") for row in order], rest),
        f"## How to open it\n\n    hypviz app --data {address}\n    hypviz data import {address} --out WORKSPACE",
        f"Written by hypviz {__version__}.",
    ]
    return readme(header, "\n\n".join(part for part in parts if part))


def _one_licence(licences: dict[str, int]) -> str:
    """The licence of all pictures, or words for several."""
    known = list(licences)
    if len(known) == 1:
        return known[0]
    return "several, listed below" if set(known) - {NOT_STATED} else NOT_STATED


def _classes(rows: list[tuple[str, ...]], rest: int) -> str:
    if not rows:
        return ""
    more = f"\n\nand {rest:,} more classes." if rest > 0 else ""
    return f"## Classes\n\n{table(('class', 'boxes'), rows)}{more}"

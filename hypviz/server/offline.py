"""The current disk as one HTML file that works without a server and without a network: for a paper's supplement, a mail.

Inside are plotly.js, the disk's own scripts, the points, their directions (16 bits a component, so that cones are found
in all dimensions, exact to about 1e-4 rad), annotated edges and small pictures. A Content-Security-Policy in the file
forbids every request.
"""

from __future__ import annotations

import base64
import html
import io
import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hypviz.data.items import only_pictures, whole_pictures
from hypviz.data.pictures import open_upright
from hypviz.errors import DataError
from hypviz.explore.view import View
from hypviz.server.page_files import script_text
from hypviz.server.schemas.offline import OfflineState, OfflineView
from hypviz.storage.json_types import Json
from hypviz.viz import layout
from hypviz.viz.disk import unpack
from hypviz.viz.pictures import card_bytes
from hypviz.viz.region import checked_centre

Rows = NDArray[np.int64]
MAX_POINTS = 10_000
MAX_DIRECTION_BYTES = 8 << 20
MAX_PICTURES = 1000
PICTURE_SIZE = 88
"""Longest side in pixels: 44 on a dense screen."""
POLICY = (
    "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval' blob:; "
    "worker-src blob:; font-src data:"
)
GOLDEN = 0.6180339887498949


def offline_page(view: View, state: OfflineState, *, scripts: Sequence[Path], styles: Sequence[Path]) -> bytes:
    """The file.  state: what it shows first.  scripts, styles: files to put inside, in order.

    Raises SelectionError for a state that names what is not there.
    """
    shown = _resolved(view, state)
    data = _content(view, shown)
    title = html.escape(f"{view.workspace.name} · hypviz")
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        f'<meta name="viewport" content="width=device-width"><meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        *(f"<style>{path.read_text(encoding='utf-8')}</style>" for path in styles),
        '</head><body><div id="hv-offline"></div>',
        f'<script type="application/json" id="hv-data">{_inert(data)}</script>',
        *(f"<script>{_closed(script_text(path))}</script>" for path in scripts),
        "</body></html>",
    ]
    return "\n".join(parts).encode()


def _resolved(view: View, state: OfflineState) -> Json:
    """The state with everything in it known to be there."""
    look, omega = state.view or OfflineView(), state.omega
    centre = checked_centre(look.centre)
    return {
        "layout": layout.check_method(state.layout or layout.DEFAULT),
        "view": {"centre": [centre.real, centre.imag], "zoom": min(max(look.zoom, 1.0), 60.0)},
        "colour": (state.colour or "branch")[:40],
        "row": None if state.row is None else view.queries.selector.checked(state.row),
        "pins": [view.queries.selector.checked(pin) for pin in state.pins or []],
        "omega": None if omega is None else min(max(omega, 0.0), float(np.pi)),
        "kind": "aperture" if state.kind == "aperture" else "angle",
    }


def _content(view: View, state: Json) -> Json:
    """Everything the page's script reads, JSON-ready."""
    focus = [row for row in (state["row"], *state["pins"]) if row is not None]
    dim = view.embedding.directions.shape[1]
    budget = min(MAX_POINTS, max(1000, MAX_DIRECTION_BYTES // (2 * dim)))
    payload = view.points(state["layout"], budget=budget, focus=focus)
    header, arrays = unpack(payload)
    rows = np.asarray(arrays["row"] if "row" in arrays else np.arange(header["n"]), np.int64)
    edges = view.hierarchy.edges
    shown = np.zeros(len(view.items), np.bool_)
    shown[rows] = True
    drawn = edges.direct & shown[edges.parent] & shown[edges.child]
    steps = np.rint(np.asarray(view.embedding.directions[rows], np.float32) * 32767).astype("<i2")
    return {
        "state": state,
        "facts": view.facts(),
        "answers": asdict(view.answers),
        "points": _text(payload),
        "directions": {"dim": dim, "values": _text(steps.tobytes())},
        "edges": np.stack([edges.parent[drawn], edges.child[drawn]], axis=1).tolist(),
        "whole": _text(whole_pictures(view.items)[rows].astype(np.uint8).tobytes()),
        "cones": not only_pictures(view.items),
        "classes": view.lists.belonging.tables(rows),
        "pictures": {str(row): _text(data) for row, data in _pictures(view, _telling(view, rows, focus)).items()},
    }


def _telling(view: View, rows: Rows, focus: list[int]) -> Rows:
    """Rows whose pictures are worth their bytes: the selection and what is around it, then general before specific.

    Within a level spread by the golden ratio, the order in which the disk takes pictures (assets/disk/thumbs.js).
    """
    around: list[int] = []
    for row in focus:
        answer = view.select({"row": row})
        around += [row, *(card["row"] for kind in ("children", "parents", "path") for card in answer[kind])]
    depth = np.asarray(view.hierarchy.depth[rows])
    levels = [rows[depth == level] for level in range(int(depth.max(initial=0)) + 1)]
    spread = [level[np.argsort(np.arange(len(level)) * GOLDEN % 1, kind="stable")] for level in levels]
    ordered = np.concatenate([np.array(around, np.int64), *spread])
    _, first = np.unique(ordered, return_index=True)
    return ordered[np.sort(first)][:MAX_PICTURES]


def _pictures(view: View, rows: Rows) -> dict[int, bytes]:
    """JPEG crops by row, each picture file opened once; what cannot be read is left out."""
    crops: dict[int, bytes] = {}
    if not view.workspace.meta.get("pictures", True):
        return crops
    opened: tuple[int, Image.Image | None] = (-1, None)
    for row in rows[np.argsort(view.items.image[rows], kind="stable")].tolist():
        if not view.workspace.has_picture(row):
            continue
        image = int(view.items.image[row])
        if opened[0] != image:
            try:
                opened = image, open_upright(view.items.path(row))
            except DataError:
                opened = image, None
        if opened[1] is not None:
            x1, y1, x2, y2 = (float(value) for value in view.items.xyxy[row])
            crops[row] = _small(card_bytes(opened[1], (x1, y1, x2, y2), PICTURE_SIZE))
    return crops


def _small(jpeg: bytes) -> bytes:
    stream = io.BytesIO()
    Image.open(io.BytesIO(jpeg)).save(stream, "JPEG", quality=72, optimize=True)
    return stream.getvalue()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _inert(content: Json) -> str:
    """JSON that no HTML parser takes for the end of its element."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def _closed(script: str) -> str:
    """A script without what would end its element; the same to JavaScript, where `<\\/` is `</` in every literal."""
    return re.sub(r"</(script)", r"<\\/\1", script, flags=re.IGNORECASE).replace("<!--", "<\\!--")

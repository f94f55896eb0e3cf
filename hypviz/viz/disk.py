"""What the browser needs to draw the Poincaré disk, as one binary file: points in columns, legend, rings, radius scale.

The drawn radius is one strictly monotone function of the true distance to the root (`hypviz.viz.radius_scale`), the
same for every point, so depth can be read off the disk. Only the angle is a projection (`hypviz.viz.layout`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypviz.errors import DataError
from hypviz.search.embedding import Embedding
from hypviz.viz.colours import DEPTH_COLOURS, Colours, branch_colours, depth_names, split_colours
from hypviz.viz.radius_scale import NARROW, RadiusScale, spread
from hypviz.viz.typicality import as_bytes

PAYLOAD_VERSION = 1
IMAGE_NAME_BYTES = 256 << 10
"""The names of the pictures travel with the points while they need no more than this; beyond, the page asks for one."""


@dataclass(frozen=True, eq=False)
class Columns:
    """What is known of all N items of a data set besides where they lie.

    branch: (N,) colour group, row of `branch_names`.  depth: (N,) >= 0.  label: (N,) row of `classes`, −1 for a scene.
    image: (N,) row of `image_names`.  split: (N,) row of `split_names`.  flags: (N,) bits; `flag_names` says in words
    what each means, by name, from the lowest bit on.  far: (N,) standardised distance from the item's class, see
    `viz.typicality`; None where nothing is known of it.
    """

    branch: NDArray[np.integer]
    depth: NDArray[np.integer]
    label: NDArray[np.integer]
    image: NDArray[np.integer]
    split: NDArray[np.integer]
    flags: NDArray[np.integer]
    branch_names: Sequence[str]
    classes: Sequence[str] = ()
    image_names: Sequence[str] = ()
    split_names: Sequence[str] = ("not stated",)
    flag_names: Mapping[str, str] = field(default_factory=dict)
    far: NDArray[np.floating] | None = None

    def __post_init__(self) -> None:
        for name in [column.name for column in fields(self)[:6]]:
            column = getattr(self, name)
            if column.shape != self.depth.shape:
                raise DataError(f"Columns.{name} has shape {column.shape}, expected {self.depth.shape}.")

    def __len__(self) -> int:
        return len(self.depth)


def disk_payload(
    embedding: Embedding,
    angles: NDArray[np.floating],
    columns: Columns,
    *,
    rows: NDArray[np.integer] | None = None,
    scale: RadiusScale | None = None,
    distortion: float | None = None,
    chance: float | None = None,
    point_distortion: NDArray[np.floating] | None = None,
    layout: str = "",
    title: str = "",
    how: str = "",
) -> bytes:
    """The disk as one binary file: uint32 LE header length, UTF-8 JSON header, raw little-endian arrays.

    embedding, angles, columns: all N items.  rows: (n,) those to send, with a column "row" that names them; None for
    all, whose place is their row.  scale: keeps the radii comparable over two payloads (before and after training).
    distortion, chance: rank correlation of the layout and what it would be by luck, for the caption.
    point_distortion: (n,) in [0, 1], sent in 1/255.  how: one sentence on how the rows were chosen.

    The header ends on a multiple of 4 bytes and lists each array's name, type, offset (from the header's end) and
    length. Its groups count all N items (`count`) and those sent (`shown`). 25 bytes per point,
    4 more with `rows`, 1 more with `columns.far`.
    """
    scale, linear = scale or RadiusScale.from_radii(embedding.radii), RadiusScale.linear(embedding.radii)
    if len(columns) != len(embedding) or np.shape(angles) != (len(embedding),):
        raise DataError(
            f"disk_payload: {len(embedding)} points need as many angles and columns, got {np.shape(angles)} and {len(columns)}."
        )
    chosen = slice(None) if rows is None else np.asarray(rows, np.int64)
    radii = np.asarray(embedding.radii[chosen], np.float32)
    arrays: dict[str, NDArray[Any]] = {
        "angle": np.asarray(angles[chosen], "<f4"),
        "radius": np.asarray(radii, "<f4"),
        "drawn": np.asarray(scale.drawn(radii), "<f4"),
        "label": np.asarray(columns.label[chosen], "<i4"),
        "image": np.asarray(columns.image[chosen], "<i4"),
        **({} if rows is None else {"row": np.asarray(rows, "<i4")}),
        **{name: np.asarray(getattr(columns, name)[chosen], "<u1") for name in ("branch", "depth", "split", "flags")},
        **({} if columns.far is None else {"far": as_bytes(columns.far[chosen])}),
        "distortion": _bytes(np.zeros(len(radii)) if point_distortion is None else point_distortion, len(radii)),
    }
    header = {
        "version": PAYLOAD_VERSION,
        "title": title,
        "layout": layout,
        "n": len(radii),
        "total": len(embedding),
        "how": how,
        "curv": float(embedding.curv),
        "geometry": embedding.geometry,
        "scale": scale.table(),
        "rings": [ring._asdict() for ring in scale.rings()],
        "linear": {"scale": linear.table(), "rings": [ring._asdict() for ring in linear.rings()]},
        "narrow": _narrow(embedding),
        **_legend(columns, arrays),
        "classes": list(columns.classes),
        **_image_names(columns.image_names),
        "distortion": distortion,
        "chance": chance,
    }
    return pack(header, arrays)


def pack(header: Mapping[str, Any], columns: Mapping[str, NDArray[Any]]) -> bytes:
    """Header and arrays as one file; see `disk_payload` for the format."""
    listed, offset, blobs = [], 0, []
    for name, column in columns.items():
        blob = np.ascontiguousarray(column).tobytes()
        listed.append({"name": name, "dtype": column.dtype.str.lstrip("<|"), "offset": offset, "length": len(column)})
        blobs.append(blob + b"\0" * (-len(blob) % 4))
        offset += len(blobs[-1])
    text = json.dumps({**header, "arrays": listed}, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    return len(text).to_bytes(4, "little") + text + b"".join(blobs)


def unpack(payload: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The inverse of `pack`: the header and its arrays by name."""
    length = int.from_bytes(payload[:4], "little")
    header = json.loads(payload[4 : 4 + length])
    arrays = {
        entry["name"]: np.frombuffer(payload, "<" + entry["dtype"], entry["length"], 4 + length + entry["offset"])
        for entry in header["arrays"]
    }
    return header, arrays


def _narrow(embedding: Embedding) -> float | None:
    """The spread of the radii where it is so small that a stretched scale misleads, None otherwise."""
    share = spread(embedding.radii)
    return share if share < NARROW and embedding.geometry != "cosine" else None


def _bytes(share: NDArray[np.floating], count: int) -> NDArray[np.uint8]:
    """Shares in [0, 1] in steps of 1/255."""
    if np.shape(share) != (count,):
        raise DataError(f"disk_payload: point_distortion has shape {np.shape(share)}, expected ({count},).")
    steps: NDArray[np.uint8] = np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
    return steps


def _legend(columns: Columns, sent: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """The groups that points are coloured by, and the flags, with counts."""
    levels = depth_names(int(np.max(columns.depth, initial=0)))
    flags = [
        {"bit": bit, "name": name, "title": title, "count": int(np.count_nonzero(np.asarray(columns.flags) >> bit & 1))}
        for bit, (name, title) in enumerate(columns.flag_names.items())
    ]
    return {
        "branches": _groups(columns.branch, sent["branch"], columns.branch_names, branch_colours(columns.branch_names)),
        "depths": _groups(columns.depth, sent["depth"], levels, DEPTH_COLOURS),
        "splits": _groups(columns.split, sent["split"], columns.split_names, split_colours(columns.split_names)),
        "flags": flags,
    }


def _groups(every: NDArray[np.integer], sent: NDArray[np.integer], names: Sequence[str], colours: Colours) -> list[dict[str, Any]]:
    counts, shown = (np.bincount(np.asarray(index, np.int64), minlength=len(names)) for index in (every, sent))
    return [
        {"name": name, "colour": colours[min(row, len(colours) - 1)][0], "dark": colours[min(row, len(colours) - 1)][1],
         "count": int(counts[row]), "shown": int(shown[row])}
        for row, name in enumerate(names)
    ]  # fmt: skip


def _image_names(names: Sequence[str]) -> dict[str, Any]:
    size = sum(len(name) + 3 for name in names)
    return {"images": list(names) if size <= IMAGE_NAME_BYTES else [], "image_count": len(names)}
